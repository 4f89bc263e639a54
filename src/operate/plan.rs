//! From a verb and targets to a plan: which replicas, in which order, and what to know before.
//!
//! Pure: reads only the fleet it is given.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Change, Expect, Gap, ImageChange, Intent, Phase, PlannedStep, Target, Unit, Work, warn, words};
use crate::config::{GateSettings, Level, Protection};
use crate::engine::{Act, Query, Step, Survey};
use crate::fleet::{Fleet, Replica, ReplicaId, Role, ServiceId, State, Verb};

/// How a change is to be made; the config's and the command line's part of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What tells the names this operation uses from those of any other: 3–12 of `a`–`z`, `0`–`9`,
    /// made anew for every plan with [`super::token()`].
    pub token: String,
    /// Wait until what is started is well, before the next step; `--no-wait` is possible only for
    /// what is never undone (start, restart, up, scale).
    pub wait: bool,
    /// Seconds a graceful stop may take (stop, restart); `None` = each container's own.
    pub timeout: Option<u32>,
    /// The signal to send (kill); `None` = `SIGKILL`.
    pub signal: Option<String>,
    /// Remove also what runs; replace also what runs that very image already.
    pub force: bool,
    /// Who may change what.
    pub protection: Protection,
    /// When a changed replica counts as well.
    pub gate: GateSettings,
    /// Where the user sits.
    pub seat: Seat,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: "plan".into(),
            wait: true,
            timeout: None,
            signal: None,
            force: false,
            protection: Protection::default(),
            gate: GateSettings::default(),
            seat: Seat::default(),
        }
    }
}

/// Where the user sits: what must not be sawn off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seat {
    /// The local port of the SSH session qd runs in.
    pub ssh_port: Option<u16>,
    /// The port on this host that the engine is reached by (`tcp://127.0.0.1:2375`).
    pub engine_port: Option<u16>,
    /// The container qd itself runs in, by id or host name.
    pub container: Option<String>,
}

/// How sure the user must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confirm {
    /// Not asked at all: all targets are `open`.
    Open,
    /// A yes is enough.
    Yes,
    /// Something protected would end: the user must type this word.
    Typed(Arc<str>),
}

/// What will be done, and what to know before: shown before every change, and all that
/// `--dry-run` prints. The journal keeps it, so that what was begun can be finished or undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What was asked for.
    pub intent: Intent,
    /// The services it is about, in the order of their first step.
    pub services: Vec<ServiceId>,
    /// What will be done, in order: see [`PlannedStep::number`].
    pub steps: Vec<PlannedStep>,
    /// What must be as it was when this was planned; else nothing is touched.
    pub expects: Vec<Expect>,
    /// Images before → after.
    #[serde(default)]
    pub images: Vec<ImageChange>,
    /// Who is away meanwhile, and why.
    #[serde(default)]
    pub gaps: Vec<Gap>,
    /// What will be left alone, and why.
    #[serde(default)]
    pub skipped: Vec<Skipped>,
    /// It begins with asking the registry: where that has nothing newer than what runs (no id of
    /// `images` would change), it ends there, done, with nothing touched.
    #[serde(default)]
    pub only_newer: bool,
    /// Sentences worth reading before saying yes, most important first.
    pub warnings: Vec<String>,
    /// How sure the user must be.
    pub confirm: Confirm,
}

/// A replica that was aimed at and is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Which.
    pub replica: ReplicaId,
    /// Its service.
    pub service: ServiceId,
    /// Its name.
    pub name: Arc<str>,
    /// What it is doing.
    pub state: State,
    /// Why it is left alone, e.g. `already running`.
    pub why: String,
}

/// One row of a plan as a table or JSON prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanRow {
    /// `project/service`.
    pub service: String,
    /// The replica's name.
    pub replica: String,
    /// The engine's own id.
    pub id: String,
    /// The state it is in now.
    pub state: &'static str,
    /// What will be done to it: the verb, or `skip`.
    pub action: &'static str,
    /// Which wave it belongs to, from 1; 0 for what is skipped.
    pub wave: u16,
    /// Why it is skipped, or how it is done.
    pub note: String,
}

/// A change that is not made, and why. Nothing was touched.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Refusal {
    /// Nothing was aimed at.
    #[error("nothing to {verb}: nothing is chosen")]
    NoTarget {
        /// What was asked.
        verb: Change,
    },
    /// What was aimed at is not there (any more).
    #[error("nothing to {verb}: {what} is gone")]
    Gone {
        /// What was asked.
        verb: Change,
        /// What is missing.
        what: String,
    },
    /// No replica is in a state in which the verb makes sense, or everything is so already.
    #[error("nothing to {verb}: {why}")]
    Nothing {
        /// What was asked.
        verb: Change,
        /// The replicas' states.
        why: String,
        /// What to do instead; empty where there is nothing special.
        remedy: String,
    },
    /// It can't be done to this service, by its nature.
    #[error("can't {verb} {what}: {why}")]
    Impossible {
        /// What was asked.
        verb: Change,
        /// The service or replica.
        what: String,
        /// Why not.
        why: String,
        /// What to change so that it can.
        remedy: String,
    },
    /// The config says that it is read-only.
    #[error("refused: {what} is read-only (protected by the config), nothing was done")]
    Protected {
        /// The service.
        what: String,
    },
}

impl Refusal {
    /// What to do about it, one sentence.
    pub fn remedy(&self) -> &str {
        match self {
            Self::Impossible { remedy, .. } => remedy,
            Self::Nothing { remedy, .. } if !remedy.is_empty() => remedy,
            Self::Protected { .. } => "Change its level under [[protect]] in the config, if you may.",
            Self::NoTarget { .. } | Self::Gone { .. } | Self::Nothing { .. } => {
                "See qd status --all for the state of everything."
            }
        }
    }
}

/// What has to be looked at before [`plan()`] can plan this. Empty: nothing.
///
/// # Errors
/// A [`Refusal`] when nothing is left to be done, with the reason.
pub fn query(intent: &Intent, fleet: &Fleet) -> Result<Query, Refusal> {
    if intent.targets.is_empty() {
        return Err(Refusal::NoTarget { verb: intent.change.clone() });
    }
    let resolved = resolve(&intent.change, &intent.targets, fleet)?;
    Ok(Query { replicas: resolved.replicas.iter().map(|r| r.id.clone()).collect(), ..Query::default() })
}

/// Resolve an intent to a plan.
///
/// A project or service stands for its replicas; one-off jobs are touched only when they are named
/// themselves. Replicas in a state in which the change is senseless are skipped and listed.
///
/// # Errors
/// A [`Refusal`] when nothing is left to be done or it can't be done, with the reason.
pub fn plan(intent: &Intent, fleet: &Fleet, _survey: &Survey, options: &Options) -> Result<Plan, Refusal> {
    let Intent { change, targets } = intent;
    if targets.is_empty() {
        return Err(Refusal::NoTarget { verb: change.clone() });
    }
    let verb = match change {
        Change::Act(verb) => *verb,
        _ => {
            let why = "not built yet".to_owned();
            return Err(Refusal::Nothing { verb: change.clone(), why, remedy: String::new() });
        }
    };
    let Resolved { replicas, jobs_passed_over } = resolve(change, targets, fleet)?;
    let (mut steps, mut skipped, mut expects) = (Vec::new(), Vec::new(), Vec::new());
    for replica in replicas {
        match senseless(verb, replica.state, options.force) {
            Some(why) => skipped.push(Skipped {
                replica: replica.id.clone(),
                service: replica.service.clone(),
                name: replica.name.clone(),
                state: replica.state,
                why: why.to_owned(),
            }),
            None => {
                let act = Act {
                    replica: Unit::Is(replica.id.clone()),
                    verb,
                    timeout: options.timeout.filter(|_| matches!(verb, Verb::Stop | Verb::Restart)),
                    signal: options.signal.clone().filter(|_| verb == Verb::Kill),
                    force: options.force && verb == Verb::Remove,
                };
                expects.push(Expect {
                    replica: replica.id.clone(),
                    service: replica.service.clone(),
                    name: replica.name.clone(),
                    image: replica.image.id.clone(),
                    state: replica.state,
                });
                steps.push(PlannedStep {
                    number: 0,
                    note: words::how(&act),
                    work: Work::Step(Step::Act(act)),
                    service: replica.service.clone(),
                    name: replica.name.clone(),
                    state: replica.state,
                    wave: 0,
                    lane: 0,
                    phase: Phase::Forward,
                });
            }
        }
    }
    if steps.is_empty() {
        let why = words::nothing_left(&skipped, jobs_passed_over);
        return Err(Refusal::Nothing { verb: change.clone(), why, remedy: String::new() });
    }
    let services = distinct_services(&steps);
    order(verb, &mut steps, &services, fleet);
    lanes(verb, &mut steps);
    let services = distinct_services(&steps);
    let warnings = warn::warnings(verb, &steps, &services, fleet, options);
    let confirm = confirm(change, &services, targets, fleet, &options.protection)?;
    Ok(Plan {
        intent: intent.clone(),
        services,
        steps,
        expects,
        images: Vec::new(),
        gaps: Vec::new(),
        skipped,
        only_newer: false,
        warnings,
        confirm,
    })
}

/// Number the steps, and say what may go side by side: for a restart, one lane a service, so that
/// a service with several replicas is never away as a whole; else every step for itself.
fn lanes(verb: Verb, steps: &mut [PlannedStep]) {
    let mut services: Vec<ServiceId> = Vec::new();
    for (i, step) in steps.iter_mut().enumerate() {
        step.number = u32::try_from(i + 1).unwrap_or(u32::MAX);
        let lane = if verb == Verb::Restart {
            let known = services.iter().position(|id| *id == step.service);
            known.unwrap_or_else(|| {
                services.push(step.service.clone());
                services.len() - 1
            })
        } else {
            i
        };
        step.lane = u16::try_from(lane).unwrap_or(u16::MAX);
    }
}

/// The replicas aimed at, each once, in fleet order within a target.
struct Resolved<'a> {
    replicas: Vec<&'a Replica>,
    jobs_passed_over: usize,
}

fn resolve<'a>(change: &Change, targets: &[Target], fleet: &'a Fleet) -> Result<Resolved<'a>, Refusal> {
    let gone = |what: String| Refusal::Gone { verb: change.clone(), what };
    let mut seen: HashSet<&ReplicaId> = HashSet::new();
    let mut replicas: Vec<&Replica> = Vec::new();
    let mut jobs_passed_over = 0;
    // What is gone is an error only when nothing else was aimed at: of ten marked rows, one may
    // vanish while the user thinks.
    let mut missing = None;
    for target in targets {
        let before = replicas.len() + jobs_passed_over;
        let services: Vec<&ServiceId> = match target {
            Target::Replica(id) => {
                match fleet.replica(id) {
                    Some(replica) if seen.insert(&replica.id) => replicas.push(replica),
                    Some(_) => {}
                    None => missing = Some(format!("container {}", id.short())),
                }
                continue;
            }
            Target::Service(id) => vec![id],
            Target::Project(project) => {
                fleet.services().map(|s| &s.id).filter(|id| id.project == *project).collect()
            }
        };
        for replica in services.into_iter().flat_map(|id| fleet.replicas_of(id)) {
            match replica.role {
                Role::Job => jobs_passed_over += 1,
                Role::Replica if seen.insert(&replica.id) => replicas.push(replica),
                // A spare is its operation's.
                Role::Replica | Role::Spare => {}
            }
        }
        let known = match target {
            Target::Service(id) => fleet.service(id).is_some(),
            _ => replicas.len() + jobs_passed_over > before,
        };
        if !known {
            missing = Some(match target {
                Target::Service(id) => id.path(),
                Target::Project(Some(project)) => format!("project {project}"),
                Target::Project(None) | Target::Replica(_) => "every lone container".to_owned(),
            });
        }
    }
    match missing {
        Some(what) if replicas.is_empty() && jobs_passed_over == 0 => Err(gone(what)),
        _ => Ok(Resolved { replicas, jobs_passed_over }),
    }
}

/// Why the verb makes no sense in this state; `None` when it does.
fn senseless(verb: Verb, state: State, force: bool) -> Option<&'static str> {
    let up = matches!(state, State::Running | State::Paused | State::Restarting);
    if verb == Verb::Remove && up && !force {
        return Some("running: stop it first, or force the removal");
    }
    if state.verbs().has(verb) {
        return None;
    }
    Some(match (verb, state) {
        (_, State::Removing) => "already being removed",
        (_, State::Dead) => "dead: only removal is left",
        (Verb::Start, State::Running) => "already running",
        (Verb::Start, State::Paused) => "paused: unpause it instead",
        (Verb::Start | Verb::Pause, State::Restarting) => "restarting by itself",
        (Verb::Pause, State::Paused) => "already paused",
        (Verb::Unpause, State::Running | State::Restarting) => "not paused",
        (Verb::Stop, _) => "already stopped",
        _ => "not running",
    })
}

fn distinct_services(steps: &[PlannedStep]) -> Vec<ServiceId> {
    let mut seen = HashSet::new();
    steps.iter().map(|s| &s.service).filter(|id| seen.insert(*id)).cloned().collect()
}

/// Put steps in waves by the services' own `depends_on`: start what is depended on first, stop it
/// last. Other verbs, and services that say nothing, all go in one wave.
fn order(verb: Verb, steps: &mut [PlannedStep], services: &[ServiceId], fleet: &Fleet) {
    if !matches!(verb, Verb::Start | Verb::Stop) || services.len() < 2 {
        return;
    }
    let depths = depths(services, fleet);
    let deepest = depths.values().copied().max().unwrap_or(0);
    for step in steps.iter_mut() {
        let depth = depths.get(&step.service).copied().unwrap_or(0);
        step.wave = if verb == Verb::Stop { deepest - depth } else { depth };
    }
    // Stable, so replicas keep their numbers' order within a wave.
    steps.sort_by_key(|s| s.wave);
}

/// How many services of `services` stand below each one. A cycle (compose refuses them, labels
/// may lie) ends the count instead of running for ever.
fn depths(services: &[ServiceId], fleet: &Fleet) -> HashMap<ServiceId, u16> {
    let among: BTreeSet<&ServiceId> = services.iter().collect();
    let mut depth: HashMap<ServiceId, u16> = services.iter().map(|id| (id.clone(), 0)).collect();
    for _ in 0..services.len() {
        let mut moved = false;
        for id in services {
            let below = depends_on(id, fleet)
                .filter(|below| among.contains(below) && below != id)
                .filter_map(|below| depth.get(&below).copied())
                .max();
            let own = depth.get(id).copied().unwrap_or(0);
            if let Some(below) = below
                && own <= below
                && usize::from(below) + 1 < services.len()
            {
                depth.insert(id.clone(), below + 1);
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    depth
}

/// The services a service says it depends on, in its own project.
pub(super) fn depends_on(id: &ServiceId, fleet: &Fleet) -> impl Iterator<Item = ServiceId> {
    let compose = fleet.replicas_of(id).find_map(|r| r.compose.clone());
    let names = compose.map(|c| c.depends_on.clone()).unwrap_or_default();
    let id = id.clone();
    names.into_iter().map(move |name| ServiceId { name, ..id.clone() })
}

/// How sure the user must be: the strictest level of all services. The word to type is the
/// project's when a project was aimed at (or several services of it), else the service's. Several
/// projects: the first protected one's, the dialog lists them all.
fn confirm(
    change: &Change,
    services: &[ServiceId],
    targets: &[Target],
    fleet: &Fleet,
    protection: &Protection,
) -> Result<Confirm, Refusal> {
    let host = fleet.engine().map(|e| e.host.as_str()).unwrap_or_default();
    let ends = change.dangerous();
    let level = |id: &ServiceId| protection.level(host, id.project.as_deref(), &id.name, ends);
    if let Some(closed) = services.iter().find(|id| level(id) == Level::ReadOnly) {
        return Err(Refusal::Protected { what: closed.path() });
    }
    let mut protected = services.iter().filter(|id| level(id) == Level::Typed);
    let Some(first) = protected.next() else {
        let open = services.iter().all(|id| level(id) == Level::Open);
        return Ok(if open { Confirm::Open } else { Confirm::Yes });
    };
    let whole_project = targets.iter().any(|t| matches!(t, Target::Project(p) if *p == first.project));
    let several = protected.any(|id| id.project == first.project);
    Ok(match &first.project {
        Some(project) if whole_project || several => Confirm::Typed(project.clone()),
        _ => Confirm::Typed(first.name.clone()),
    })
}

impl Plan {
    /// Every step and every skipped replica as rows, steps first.
    pub fn rows(&self) -> Vec<PlanRow> {
        let steps = self.steps.iter().map(|s| PlanRow {
            service: s.service.path(),
            replica: s.name.to_string(),
            id: s.replica().map(ToString::to_string).unwrap_or_default(),
            state: s.state.word(),
            action: s.verb().map_or("", Verb::word),
            wave: s.wave + 1,
            note: s.note.clone(),
        });
        let skipped = self.skipped.iter().map(|s| PlanRow {
            service: s.service.path(),
            replica: s.name.to_string(),
            id: s.replica.to_string(),
            state: s.state.word(),
            action: "skip",
            wave: 0,
            note: s.why.clone(),
        });
        steps.chain(skipped).collect()
    }

    /// The question to ask before: `Restart order-service (3 replicas)?`
    pub fn question(&self) -> String {
        words::question(self)
    }
}
