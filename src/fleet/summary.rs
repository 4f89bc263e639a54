//! What a row shows: facts of its replicas summed up, the verdict, usage.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::probing::Probes;
use super::store::Known;
use super::{Declared, Health, Latency, Limits, Port, Replica, Role, Since, State, Usage, Verbs, verdict};

/// What a row shows, for a service (its replicas summed) or one replica.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The verdict, since when, and why.
    pub health: Since,
    /// Replicas that are up (running and not failing their check).
    pub up: u32,
    /// Replicas there are, or that should be (whichever is more); jobs and spares not counted. Zero
    /// for a service that is meant to have none.
    pub total: u32,
    /// How many replicas its engine is told to keep; `None` where nobody tells it.
    pub desired: Option<u32>,
    /// Restarts of all replicas; `None` until known.
    pub restarts: Option<u32>,
    /// All ports, deduplicated, sorted. Shared, so that a summary is cheap to make every frame.
    pub ports: Arc<[Port]>,
    /// Usage summed over replicas; a metric is `None` when no replica has it.
    pub usage: Usage,
    /// Limits summed over replicas; `None` when any replica is unlimited.
    pub limits: Limits,
    /// The image tag; `1.4.2 +1` style when replicas differ.
    pub revision: Arc<str>,
    /// When the oldest running replica started, else when the newest ended.
    pub since: Option<Timestamp>,
    /// Of a hundred answers, 95 took no longer: as measured in it, else as its probes find it over five
    /// minutes.
    pub p95: Option<Duration>,
    /// Failed requests, 0–1: as measured in it, else the attempts of its probes over five minutes.
    pub error_rate: Option<f64>,
    /// Verbs that make sense for at least one replica.
    pub can: Verbs,
}

impl Summary {
    /// Of one replica (or job, or spare), without figures.
    pub(super) fn of_replica(known: &Known, probes: Option<&Probes>, now: Timestamp) -> Self {
        let mut summary = Self::of(std::iter::once(&known.replica));
        summary.health = verdict(known, probes, now);
        summary.up =
            u32::from(verdict::is_up(summary.health.health) && known.replica.state != State::Created);
        summary.total = 1;
        summary
    }

    /// Of a service from its replicas, jobs and spares, without figures. Jobs and spares count only
    /// where there is nothing else, and even then they can't make the service sick.
    pub(super) fn of_service<'a>(
        members: impl Iterator<Item = &'a Known> + Clone,
        declared: Option<&Declared>,
        probes: Option<&Probes>,
        now: Timestamp,
    ) -> Self {
        let replicas = members.clone().filter(|known| known.replica.role == Role::Replica);
        let judged = Judged::of(members.clone(), declared, probes, now);
        let mut summary = if judged.by_replicas {
            Self::of(replicas.clone().map(|known| &known.replica))
        } else {
            Self::of(members.map(|known| &known.replica))
        };
        summary.total = (replicas.count() as u32).max(declared.map_or(0, |it| it.desired));
        judged.write(&mut summary);
        if let Some(declared) = declared {
            summary.declare(declared);
        }
        summary
    }

    /// How quickly and how well it answers: as measured in it, which sees all its users; else as its
    /// probes find it.
    pub(super) fn answer(&mut self, measured: impl Fn(&str) -> Option<f64>, probed: Option<Latency>) {
        let seconds = measured("p95_response_time").and_then(|s| Duration::try_from_secs_f64(s).ok());
        self.p95 = seconds.or_else(|| Some(probed?.took?.p95));
        let share = measured("error_rate").or(probed.map(|probed| probed.error_rate));
        self.error_rate = share.map(|share| share.clamp(0.0, 1.0));
    }

    /// What the service itself says, whichever replicas it has.
    fn declare(&mut self, declared: &Declared) {
        self.desired = Some(declared.desired);
        if !declared.ports.is_empty() {
            let all = self.ports.iter().chain(&declared.ports).cloned().collect::<BTreeSet<Port>>();
            self.ports = all.into_iter().collect();
        }
        if self.revision.is_empty() {
            self.revision = declared.image.tag().into();
        }
    }

    fn of<'a>(replicas: impl Iterator<Item = &'a Replica> + Clone) -> Self {
        Self {
            health: Since { health: Health::Stopped, at: None, why: String::new() },
            up: 0,
            total: 0,
            desired: None,
            restarts: replicas.clone().filter_map(|r| r.restarts).reduce(u32::saturating_add),
            ports: ports(replicas.clone()),
            usage: Usage::default(),
            limits: limits(replicas.clone()),
            revision: revision(replicas.clone()),
            since: since(replicas.clone()),
            p95: None,
            error_rate: None,
            can: replicas.fold(Verbs::NONE, |can, replica| can.or(replica.can())),
        }
    }
}

/// What follows for a service from its members' verdicts: all of a summary that changes with time
/// alone.
pub(super) struct Judged {
    pub(super) health: Since,
    up: u32,
    /// Whether there are replicas to judge (or should be), and not only jobs and spares.
    by_replicas: bool,
}

impl Judged {
    /// See [`Summary::of_service`].
    pub(super) fn of<'a>(
        members: impl Iterator<Item = &'a Known> + Clone,
        declared: Option<&Declared>,
        probes: Option<&Probes>,
        now: Timestamp,
    ) -> Self {
        let replicas = members.clone().filter(|known| known.replica.role == Role::Replica);
        let verdicts: Vec<Since> = replicas.clone().map(|known| verdict(known, probes, now)).collect();
        // What is only on its way does not serve yet.
        let serves = |(known, since): &(&Known, &Since)| {
            verdict::is_up(since.health) && known.replica.state != State::Created
        };
        let up = replicas.zip(&verdicts).filter(serves).count() as u32;
        let of_replicas = verdict::of_service(&verdicts).map(|health| match probes {
            Some(probes) => verdict::with_probes(health, probes.whole(), now),
            None => health,
        });
        let health = match declared {
            Some(declared) => Some(verdict::of_declared(of_replicas, verdicts.len(), declared)),
            None => of_replicas,
        };
        let by_replicas = health.is_some();
        Self { health: health.unwrap_or_else(|| of_others(members)), up, by_replicas }
    }

    /// Into a summary of the same service.
    pub(super) fn write(self, summary: &mut Summary) {
        summary.health = self.health;
        summary.up = self.up;
    }
}

/// The verdict on a replica and what its own probes say.
fn verdict(known: &Known, probes: Option<&Probes>, now: Timestamp) -> Since {
    let health = known.verdict(now);
    match probes {
        Some(probes) => verdict::with_probes(health, probes.of(&known.replica.id), now),
        None => health,
    }
}

/// A service of which only one-off jobs, or what an operation set aside, are left.
fn of_others<'a>(others: impl Iterator<Item = &'a Known> + Clone) -> Since {
    let runs = others.clone().any(|other| other.replica.is_up());
    let health = if runs { Health::Running } else { Health::Stopped };
    let spares = others.clone().filter(|other| other.replica.role == Role::Spare).count();
    let why = match (spares, others.clone().count()) {
        (0, 1) => "one-off job".to_owned(),
        (0, n) => format!("{n} one-off jobs"),
        // What else is left does not serve either; this is what has to be looked at.
        _ => "only what an operation set aside is left".to_owned(),
    };
    Since { health, at: since(others.map(|other| &other.replica)), why }
}

fn ports<'a>(replicas: impl Iterator<Item = &'a Replica> + Clone) -> Arc<[Port]> {
    let mut ports: Vec<Port> = replicas.flat_map(|replica| &replica.ports).cloned().collect();
    ports.sort_unstable();
    ports.dedup();
    ports.into()
}

/// The limits of what runs (else of all): usage is compared with them, and what has ended uses none.
fn limits<'a>(replicas: impl Iterator<Item = &'a Replica> + Clone) -> Limits {
    let any_up = replicas.clone().any(Replica::is_up);
    let counted = replicas.filter(|replica| replica.is_up() || !any_up).map(|replica| replica.limits);
    counted
        .reduce(|a, b| Limits {
            cpus: a.cpus.zip(b.cpus).map(|(a, b)| a + b),
            memory: a.memory.zip(b.memory).map(|(a, b)| a.saturating_add(b)),
            pids: a.pids.zip(b.pids).map(|(a, b)| a.saturating_add(b)),
        })
        .unwrap_or_default()
}

/// The tag of the first replica, and how many other tags there are beside it.
fn revision<'a>(replicas: impl Iterator<Item = &'a Replica> + Clone) -> Arc<str> {
    let mut tags: Vec<&str> = Vec::new();
    for replica in replicas {
        let tag = replica.image.tag();
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    match tags.as_slice() {
        [] => "".into(),
        [tag] => (*tag).into(),
        [tag, others @ ..] => format!("{tag} +{}", others.len()).into(),
    }
}

fn since<'a>(replicas: impl Iterator<Item = &'a Replica> + Clone) -> Option<Timestamp> {
    let up = replicas.clone().filter(|replica| replica.is_up());
    up.filter_map(|replica| replica.started)
        .min()
        .or_else(|| replicas.filter(|replica| !replica.is_up()).filter_map(|replica| replica.finished).max())
}
