//! How containers come to be: at the world's beginning, and one-off jobs later.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::details::plain_env;
use super::life::What;
use super::probe::labels as probe_labels;
use super::{PRELUDE, Run, Unit, World};
use crate::engine::demo::platform::{Fate, Spec};
use crate::engine::demo::random::{Rng, hash, named};
use crate::engine::wants::wants;
use crate::fleet::{
    Compose, Event, EventKind, Exit, HealthCheck, Image, Joined, Limits, Port, Protocol, Replica, ReplicaId,
    Role, ServiceId, SpareName, SpecHash, State, Ties,
};

/// Milliseconds from a container's creation to its first start.
const CREATE_TO_START: i64 = 400;

/// What a container is made with.
pub(super) struct Birth {
    pub(super) number: u32,
    pub(super) created: i64,
    /// `None`: as compose would name it.
    pub(super) name: Option<Arc<str>>,
    pub(super) image: Image,
    pub(super) fate: Fate,
    pub(super) limits: Limits,
    pub(super) policy: String,
}

impl Birth {
    /// As the platform's data has it.
    pub(super) fn first(spec: &Spec, number: u32, created: i64) -> Self {
        Self {
            number,
            created,
            name: None,
            image: spec.first_image(),
            fate: spec.fate,
            limits: Limits { cpus: spec.cpus, memory: spec.memory, pids: None },
            policy: spec.restart.to_owned(),
        }
    }
}

impl World {
    /// Make every container as it was when the prelude began.
    pub(super) fn populate(&mut self) {
        for (index, spec) in self.specs.iter().enumerate() {
            if spec.role == Role::Replica {
                self.by_name.insert((spec.project.clone(), spec.name.clone()), index);
            }
        }
        for spec in 0..self.specs.len() {
            if let Fate::Recurring { every, .. } = self.specs[spec].fate {
                // Not every job at the same second.
                let offset =
                    (named(self.seed, &self.specs[spec].name) % every.unsigned_abs().max(1)).cast_signed();
                self.plan(offset * 1_000 - PRELUDE, spec, 0, What::Spawn);
                continue;
            }
            for number in 1..=self.specs[spec].replicas {
                self.settle(spec, number);
            }
        }
    }

    /// One replica in the state its fate gives it.
    fn settle(&mut self, spec_index: usize, number: u32) {
        let spec = &self.specs[spec_index];
        let fate = spec.fate;
        let chance = hash(named(self.seed, &spec.name), i64::from(number));
        let days = 86_400 * (1 + (chance % 11).cast_signed()) + (chance % 40_000).cast_signed();
        let age = spec.age.unwrap_or(days) * 1_000;
        let created = match fate {
            Fate::CrashLoop { since, .. } => -since * 1_000 - CREATE_TO_START,
            Fate::Ended { ago, runs_ms, .. } => -ago * 1_000 - runs_ms - CREATE_TO_START,
            Fate::Paused { ago } | Fate::PortTaken { ago } => -ago * 1_000 - age.max(3_600_000),
            Fate::NeverStarted { ago } => -ago * 1_000,
            _ => -age - CREATE_TO_START,
        };
        let slot = self.bear(spec_index, Birth::first(spec, number, created));
        let has_check = self.specs[spec_index].check.is_some();
        match fate {
            Fate::CrashLoop { since, .. } => {
                let epoch = self.units[slot].epoch;
                self.plan((-since * 1_000).max(-PRELUDE), slot, epoch, What::Up { restarted: false });
            }
            Fate::NeverStarted { .. } => {}
            Fate::Ended { ago, code, runs_ms } => {
                let oom = false;
                self.past_run(slot, -ago * 1_000 - runs_ms, Some((-ago * 1_000, Exit { code, oom })));
            }
            Fate::PortTaken { ago } => {
                // It ran until somebody restarted it; meanwhile another had taken its port.
                let ended = -ago * 1_000;
                self.past_run(slot, created + CREATE_TO_START, Some((ended, Exit { code: 143, oom: false })));
                let error = self.port_words(slot, self.specs[spec_index].ports.iter().find_map(|p| p.1));
                let unit = &mut self.units[slot];
                unit.replica.refused = Some(error.as_str().into());
                unit.error = Some(error);
                unit.replica.exit = Some(Exit { code: 128, oom: false });
            }
            Fate::Paused { ago } => {
                self.past_run(slot, created + CREATE_TO_START, None);
                let unit = &mut self.units[slot];
                unit.replica.state = State::Paused;
                unit.replica.check = if has_check { HealthCheck::Healthy } else { HealthCheck::None };
                if let Some(run) = unit.current() {
                    run.pauses.push((-ago * 1_000, None));
                }
                self.remember(slot, -ago * 1_000, EventKind::Paused);
            }
            _ => {
                self.past_run(slot, created + CREATE_TO_START, None);
                let unit = &mut self.units[slot];
                unit.replica.check = match fate {
                    _ if !has_check => HealthCheck::None,
                    Fate::Sick { since, .. } => {
                        unit.streak = u32::try_from(since / 10).unwrap_or(u32::MAX);
                        HealthCheck::Unhealthy
                    }
                    _ => HealthCheck::Healthy,
                };
                if let (true, Fate::Sick { since, .. }) = (has_check, fate) {
                    self.remember(slot, -since * 1_000, EventKind::Health(HealthCheck::Unhealthy));
                }
                self.plan_life(slot);
            }
        }
    }

    /// Something that happened before the world began, for those who ask since when.
    fn remember(&mut self, slot: usize, at: i64, kind: EventKind) {
        let replica = &self.units[slot].replica;
        let (id, service, role) = (replica.id.clone(), replica.service.clone(), replica.role);
        let event = Event { at: self.stamp(at), replica: id, service, role, kind };
        let place = self.events.partition_point(|earlier| earlier.at <= event.at);
        self.events.insert(place, event);
    }

    /// Note a run that began before the world, and perhaps ended.
    fn past_run(&mut self, slot: usize, from: i64, ended: Option<(i64, Exit)>) {
        let (started, finished) = (self.stamp(from), ended.map(|(to, _)| self.stamp(to)));
        let unit = &mut self.units[slot];
        let mut run = Run::new(from);
        run.original = true;
        run.to = ended.map(|(to, _)| to);
        run.exit = ended.map(|(_, exit)| exit);
        if unit.replica.role == Role::Replica {
            run.asked = ended.filter(|(_, exit)| matches!(exit.code, 0 | 143)).map(|(to, _)| to - 700);
        }
        unit.begin(run);
        unit.replica.started = Some(started);
        unit.replica.finished = finished;
        unit.replica.exit = ended.map(|(_, exit)| exit);
        unit.replica.state = if ended.is_some() { State::Exited } else { State::Running };
        unit.replica.pid = if ended.is_some() { None } else { Some(process_id(unit.seed, from)) };
    }

    /// Make a container of a service; it is created and not started.
    pub(super) fn bear(&mut self, spec_index: usize, birth: Birth) -> usize {
        self.born += 1;
        let spec = &self.specs[spec_index];
        let seed = named(self.seed ^ self.born, &spec.name);
        let Birth { fate, ref policy, .. } = birth;
        let policy = policy.clone();
        let replica = self.replica(spec, seed, birth);
        let id = replica.id.id.clone();
        let unit = Unit {
            spec: spec_index,
            replica,
            seed,
            fate,
            make: 0,
            policy,
            epoch: 0,
            runs: VecDeque::new(),
            quick_ends: 0,
            streak: 0,
            error: None,
            gone: false,
        };
        let slot = if let Some(slot) = self.free.pop() {
            let epoch = self.units[slot].epoch + 1;
            self.units[slot] = Unit { epoch, ..unit };
            slot
        } else {
            self.units.push(unit);
            self.units.len() - 1
        };
        self.units_of[spec_index].push(slot);
        self.by_id.insert(id, slot);
        slot
    }

    /// The service of a spec.
    pub(super) fn service_of(&self, spec: &Spec) -> ServiceId {
        ServiceId { engine: self.engine.clone(), project: spec.project.clone(), name: spec.name.clone() }
    }

    /// Which service a container of that name belongs to, and as what: a lone container's service
    /// is called as it is.
    pub(super) fn belongs(&self, spec: &Spec, name: &str) -> (ServiceId, Role) {
        let spare = SpareName::parse(name).filter(|_| spec.role == Role::Replica);
        let own = spare.map_or(name, |spare| spare.base);
        let mut service = self.service_of(spec);
        if spec.project.is_none() {
            service.name = own.into();
        }
        (service, if spare.is_some() { Role::Spare } else { spec.role })
    }

    fn replica(&self, spec: &Spec, seed: u64, birth: Birth) -> Replica {
        let Birth { number, created, name, image, limits, policy, .. } = birth;
        let mut rng = Rng::new(seed);
        let id: Arc<str> = rng.hex(64).into();
        let task = if spec.managed { rng.hex(25) } else { String::new() };
        let name: Arc<str> = name.unwrap_or_else(|| match (spec.container_name, &spec.project, spec.role) {
            (_, Some(project), Role::Job) => format!("{project}-{}-run-{}", spec.name, rng.hex(12)).into(),
            (Some(name), ..) => name.into(),
            (None, Some(project), _) if spec.managed => {
                format!("{project}_{}.{number}.{task}", spec.name).into()
            }
            (None, Some(project), _) => format!("{project}-{}-{number}", spec.name).into(),
            (None, None, _) => spec.name.clone(),
        });
        let (service, role) = self.belongs(spec, &name);
        let mut needs: Vec<Arc<str>> = spec.needs.iter().map(|&n| n.into()).collect();
        needs.sort();
        let compose = spec.project.as_ref().filter(|_| !spec.managed).map(|project| {
            Arc::new(Compose {
                config_files: Some(format!("/srv/{project}/docker-compose.yml").into()),
                working_dir: Some(format!("/srv/{project}").into()),
                depends_on: needs,
                completes: Vec::new(),
                config_hash: Some(Rng::new(named(self.seed, &spec.name)).hex(64).into()),
            })
        });
        Replica {
            id: ReplicaId { engine: self.engine.clone(), id },
            service,
            name,
            number: spec.project.is_some().then_some(number),
            role,
            state: State::Created,
            check: HealthCheck::None,
            image,
            ports: ports(spec, number),
            addresses: Vec::new(),
            labels: probe_labels(spec),
            created: self.stamp(created),
            started: None,
            finished: None,
            exit: None,
            refused: None,
            restarts: Some(0),
            limits,
            pid: None,
            tty: Some(false),
            kept_up: matches!(policy.as_str(), "always" | "unless-stopped"),
            spec: Some(spec_hash(spec, limits)),
            placed: Self::placed(spec, &task),
            ties: (!spec.managed).then(|| Arc::new(ties(spec))),
            compose,
        }
    }
}

/// A process id on the demo's host.
pub(super) fn process_id(seed: u64, from: i64) -> u32 {
    2_000 + (hash(seed, from) % 60_000) as u32
}

/// A hash of what a container is made with beside image, number and name. No value of its
/// environment goes in, as some are secret.
pub(super) fn spec_hash(spec: &Spec, limits: Limits) -> SpecHash {
    let env: Vec<&str> = spec.env.iter().map(|(name, _)| *name).collect();
    let all = format!(
        "{:?}{}{env:?}{:?}{:?}{:?}{:?}{limits:?}",
        spec.project, spec.name, spec.ports, spec.mounts, spec.args, spec.calls
    );
    SpecHash(named(0, &all))
}

/// Whom its environment names, and what it is called on its project's network.
pub(super) fn ties(spec: &Spec) -> Ties {
    let env: Vec<String> =
        plain_env(spec).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let network = |project: &Arc<str>| Joined {
        network: format!("{project}_default").into(),
        names: vec![spec.name.clone()],
    };
    Ties {
        wants: wants(env.iter().map(String::as_str)),
        networks: spec.project.iter().map(network).collect(),
        within: None,
        on_host: false,
    }
}

fn ports(spec: &Spec, number: u32) -> Vec<Port> {
    if spec.role == Role::Job {
        return Vec::new();
    }
    let mut ports: Vec<Port> = spec
        .ports
        .iter()
        .map(|&(container, host)| Port {
            container,
            protocol: Protocol::Tcp,
            host: host.map(|host| (IpAddr::V4(Ipv4Addr::UNSPECIFIED), Spec::host_port(host, number))),
        })
        .collect();
    ports.sort();
    ports
}
