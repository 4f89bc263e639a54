//! An operation as data: what is wanted, the steps that bring it about, how it moves on and ends.
//!
//! A [`Plan`](super::Plan) with its steps is written to the journal as JSON, so what is here is a
//! file format too: add fields with defaults, don't rename.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Target;
use crate::engine::{Done, EngineError, Step};
use crate::fleet::{HealthCheck, Image, Limits, ReplicaId, ServiceId, State, Verb};

/// Numbers jobs within one run of qd, from 1. (The journal numbers operations for ever.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// What the user wants, of what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// What.
    pub change: Change,
    /// Of what.
    pub targets: Vec<Target>,
}

/// A change the user can want.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// A lifecycle verb. A restart rolls over the replicas of a service, each behind its gate.
    Act(Verb),
    /// So many replicas.
    Scale {
        /// How many.
        to: u32,
    },
    /// Another image, or the same reference gone to get anew.
    Deploy {
        /// The new reference; `None` = the one it has, whatever that stands for now.
        image: Option<Arc<str>>,
        /// Ask the registry.
        pull: Pull,
    },
    /// The same image and settings in a new replica.
    Recreate,
    /// An image it ran before.
    Rollback {
        /// Which.
        to: Image,
        /// Its revision's number in the journal, for words.
        revision: Option<u32>,
    },
    /// Other limits. A field that is `None` stays as it is.
    Limit {
        /// CPU, in cores; 0 = unlimited.
        cpus: Option<f64>,
        /// Memory, bytes; 0 = unlimited.
        memory: Option<u64>,
    },
    /// Start a project in dependency order, each layer ready before the next.
    Up,
    /// Stop a project in reverse dependency order.
    Down,
}

/// Whether a deploy asks the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pull {
    /// Only when the image is not here.
    #[default]
    Missing,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Change {
    /// The verb in a sentence: `restart`, `roll back`, `bring up`, …
    pub fn word(&self) -> &'static str {
        match self {
            Self::Act(verb) => verb.word(),
            Self::Scale { .. } => "scale",
            Self::Deploy { .. } => "deploy",
            Self::Recreate => "recreate",
            Self::Rollback { .. } => "roll back",
            Self::Limit { .. } => "limit",
            Self::Up => "bring up",
            Self::Down => "bring down",
        }
    }

    /// The change as a thing, for outcomes: `deploy of shop/api failed`.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Act(Verb::Remove) => "removal",
            Self::Act(verb) => verb.word(),
            Self::Scale { .. } => "scaling",
            Self::Deploy { .. } => "deploy",
            Self::Recreate => "recreation",
            Self::Rollback { .. } => "rollback",
            Self::Limit { .. } => "limiting",
            Self::Up => "start",
            Self::Down => "stop",
        }
    }

    /// The command's name, as the journal and JSON have it: `restart`, `rollback`, `up`, ….
    pub fn command(&self) -> &'static str {
        match self {
            Self::Rollback { .. } => "rollback",
            Self::Up => "up",
            Self::Down => "down",
            other => other.word(),
        }
    }

    /// Whether it may be made only where it can be written down: what is left in the middle of it
    /// could not be finished or undone otherwise.
    pub fn needs_journal(&self) -> bool {
        match self {
            Self::Act(verb) => *verb == Verb::Restart,
            Self::Scale { .. }
            | Self::Deploy { .. }
            | Self::Recreate
            | Self::Rollback { .. }
            | Self::Limit { .. }
            | Self::Up
            | Self::Down => true,
        }
    }

    /// The past participle, for outcomes.
    pub fn done(&self) -> &'static str {
        match self {
            Self::Act(verb) => verb.done(),
            Self::Scale { .. } => "scaled",
            Self::Deploy { .. } => "deployed",
            Self::Recreate => "recreated",
            Self::Rollback { .. } => "rolled back",
            Self::Limit { .. } => "limited",
            Self::Up => "brought up",
            Self::Down => "brought down",
        }
    }

    /// The lifecycle verb, if it is no more than one.
    pub fn verb(&self) -> Option<Verb> {
        match self {
            Self::Act(verb) => Some(*verb),
            _ => None,
        }
    }

    /// Whether service or data can be lost by it.
    pub fn dangerous(&self) -> bool {
        matches!(self, Self::Act(Verb::Stop | Verb::Kill | Verb::Remove) | Self::Down)
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// Names a replica in a plan: one that is there, or the one a step will make.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// It is there.
    Is(ReplicaId),
    /// Step number n makes it.
    Made(u32),
}

impl Unit {
    /// The replica, if it is there already.
    pub fn is(&self) -> Option<&ReplicaId> {
        match self {
            Self::Is(id) => Some(id),
            Self::Made(_) => None,
        }
    }
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its number, from 1, in the order of the plan; the journal's name for it.
    pub number: u32,
    /// Steps of a wave begin when the wave before has ended.
    pub wave: u16,
    /// Within a wave, steps of one lane go one after the other, lanes side by side.
    pub lane: u16,
    /// The service it is about.
    pub service: ServiceId,
    /// The replica's name, for words.
    pub name: Arc<str>,
    /// What the replica was doing when this was planned.
    pub state: State,
    /// What is done.
    pub work: Work,
    /// Whether it can be taken back.
    pub phase: Phase,
    /// One short remark for the plan, e.g. `killed after 10 s`; empty when there is none.
    #[serde(default)]
    pub note: String,
}

impl PlannedStep {
    /// The replica it is about, if that is there already.
    pub fn replica(&self) -> Option<&ReplicaId> {
        match &self.work {
            Work::Step(step) => step.replica()?.is(),
            Work::Gate(gate) => gate.unit.as_ref()?.is(),
        }
    }

    /// The lifecycle verb, if it is no more than one.
    pub fn verb(&self) -> Option<Verb> {
        match &self.work {
            Work::Step(Step::Act(act)) => Some(act.verb),
            _ => None,
        }
    }
}

/// What one step of a plan does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// Ask the engine for something.
    Step(Step<Unit>),
    /// Wait until something is well.
    Gate(Gate),
}

/// Whether a step can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It can: until the last of these has ended, failing means going back.
    #[default]
    Forward,
    /// It can't, or must not be: what is left is only clearing up, and is gone on with.
    Commit,
}

/// What has to be true before the next step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Which replica; `None` = the service as the engine itself looks after it.
    pub unit: Option<Unit>,
    /// What has to be true.
    pub rule: Rule,
    /// How long it may take, from the gate's begin.
    pub deadline: Duration,
}

/// What a gate waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Its HEALTHCHECK passes; it does not restart or die meanwhile.
    Healthy,
    /// It has no HEALTHCHECK: it runs for so long without restart.
    Stays(Duration),
    /// It has been well (by one of the rules above) for so long since it became so, at the end of
    /// the operation: what dies a moment after it was well is not well.
    Settles(Duration),
    /// It ended, with exit code 0 (a dependency that has to complete).
    Completes,
    /// The engine says its own update is complete and so many replicas run.
    Converged,
}

/// What must still be true of a replica when the operation begins, and what nobody else may have
/// touched: checked again before each step that names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expect {
    /// Which.
    pub replica: ReplicaId,
    /// Of which service.
    pub service: ServiceId,
    /// Its name.
    pub name: Arc<str>,
    /// Its image's id.
    pub image: Arc<str>,
    /// What it was doing.
    pub state: State,
}

/// Which way an operation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Towards what was wanted.
    Forward,
    /// Back.
    Back,
}

/// How an operation moves on.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// It is written down, under this number of the journal (`None`: without a journal).
    Recorded {
        /// Which job.
        job: JobId,
        /// The journal's number.
        operation: Option<i64>,
    },
    /// A step began.
    Began {
        /// Which job.
        job: JobId,
        /// The step's number.
        number: u32,
        /// Which way.
        direction: Direction,
        /// The replica's name.
        name: Arc<str>,
    },
    /// What a gate sees; a few times a second while it waits.
    Waiting {
        /// Which job.
        job: JobId,
        /// The gate's number.
        number: u32,
        /// What it sees.
        seen: Seen,
    },
    /// A step ended, or will not be begun any more.
    Ended {
        /// Which job.
        job: JobId,
        /// How.
        outcome: StepOutcome,
    },
    /// Something failed or it was cancelled: from here on it goes back.
    Undoing {
        /// Which job.
        job: JobId,
        /// Why, one sentence.
        why: String,
    },
    /// The job ended: exactly one of these per job, after all others.
    Finished {
        /// Which job.
        job: JobId,
        /// How.
        outcome: Outcome,
    },
}

impl Progress {
    /// The job it is about.
    pub fn job(&self) -> JobId {
        match self {
            Self::Recorded { job, .. }
            | Self::Began { job, .. }
            | Self::Waiting { job, .. }
            | Self::Ended { job, .. }
            | Self::Undoing { job, .. }
            | Self::Finished { job, .. } => *job,
        }
    }
}

/// What a gate sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The replica's name, or the service's.
    pub name: Arc<str>,
    /// What the replica is doing; `None` for a service.
    pub state: Option<State>,
    /// What its check says.
    pub check: HealthCheck,
    /// What the check printed last, or the engine's words about an update; sanitised, one line.
    pub output: String,
    /// How long it has left.
    pub remaining: Duration,
}

/// How one step ended.
#[derive(Clone, Debug, PartialEq)]
pub struct StepOutcome {
    /// The step's number.
    pub number: u32,
    /// Which way.
    pub direction: Direction,
    /// The step as planned.
    pub step: PlannedStep,
    /// How it ended.
    pub result: Result<Done, EngineError>,
}

impl StepOutcome {
    /// The replica's name.
    pub fn name(&self) -> &Arc<str> {
        &self.step.name
    }
}

/// How an operation ended. [`Outcome::sentence`] says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What was asked.
    pub intent: Intent,
    /// The services it was about.
    pub services: Vec<ServiceId>,
    /// How it ended.
    pub end: End,
    /// How each step ended, in the order they ended.
    pub steps: Vec<StepOutcome>,
    /// The plan's images, before → after.
    pub images: Vec<ImageChange>,
    /// Where it did not end as wanted: what state each replica is in and what to type, a line each.
    pub advice: Vec<String>,
    /// The journal's number; `None` without a journal.
    pub operation: Option<i64>,
    /// From the first step's begin to the last one's end.
    pub took: Duration,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// As wanted. Exit code 0.
    Done,
    /// Nothing was touched: what was planned on is no longer so, somebody else is at it, it can't
    /// be written down, or protection forbids it. Exit code 4.
    Refused {
        /// Why.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// It failed (or was cancelled), and everything is again as it was. Exit code 5.
    Undone {
        /// Why, one sentence.
        why: String,
    },
    /// It failed at least in part and was not undone: there was nothing to take back, or taking
    /// back failed too. Exit code 1.
    Failed {
        /// Why, one sentence.
        why: String,
    },
    /// It was left in the middle; the journal knows, `finish` and `undo` both work. Exit code 6.
    Interrupted {
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// Whether it ended as wanted.
    pub fn ok(&self) -> bool {
        self.end == End::Done
    }

    /// The steps that did not succeed.
    pub fn failed(&self) -> impl Iterator<Item = (&StepOutcome, &EngineError)> {
        self.steps.iter().filter_map(|s| s.result.as_ref().err().map(|e| (s, e)))
    }
}

/// What images change, for the plan: before → after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageChange {
    /// Of which service.
    pub service: ServiceId,
    /// What it runs.
    pub from: Image,
    /// What it will run; an empty id: not known before it is pulled.
    pub to: Image,
}

/// Whether a service is away while it is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Which service.
    pub service: ServiceId,
    /// For how long it is away as a whole, about; `None` = it is not.
    pub lasts: Option<Duration>,
    /// Why (not), one sentence.
    pub why: String,
}

/// New limits on top of old ones; see [`Change::Limit`].
pub fn limited(old: Limits, cpus: Option<f64>, memory: Option<u64>) -> Limits {
    Limits {
        cpus: cpus.map_or(old.cpus, |c| (c > 0.0).then_some(c)),
        memory: memory.map_or(old.memory, |m| (m > 0).then_some(m)),
        ..old
    }
}
