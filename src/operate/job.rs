//! An intent, and what became of it.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Done, EngineError, Step};
use crate::fleet::{ServiceId, State, Verb};

/// Numbers jobs within one run of qd, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// What the user wants, resolved to replicas. Made by [`super::plan()`], carried out by
/// [`super::run()`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// What.
    pub verb: Verb,
    /// The services it is about, in the order of their first step.
    pub services: Vec<ServiceId>,
    /// One step a replica, in the order they are begun.
    pub steps: Vec<PlannedStep>,
}

/// One step, with what is needed to order it and to speak of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedStep {
    /// What the engine will be asked.
    pub step: Step,
    /// The replica's service.
    pub service: ServiceId,
    /// The replica's name.
    pub name: Arc<str>,
    /// What it was doing when this was planned.
    pub state: State,
    /// Steps of a wave begin when the wave before has ended (what is depended on first).
    pub wave: u16,
}

/// How one step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepOutcome {
    /// The step.
    pub step: Step,
    /// The replica's service.
    pub service: ServiceId,
    /// The replica's name, for words.
    pub name: Arc<str>,
    /// How it ended.
    pub result: Result<Done, EngineError>,
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A step began.
    Began {
        /// Which job.
        job: JobId,
        /// The replica's name.
        name: Arc<str>,
    },
    /// A step ended, or will not be begun any more.
    Ended {
        /// Which job.
        job: JobId,
        /// How.
        outcome: StepOutcome,
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
            Self::Began { job, .. } | Self::Ended { job, .. } | Self::Finished { job, .. } => *job,
        }
    }
}

/// How a job ended. [`Outcome::sentence`] says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was asked.
    pub verb: Verb,
    /// The services it was about.
    pub services: Vec<ServiceId>,
    /// How each step ended, in the order they ended; one for every planned step.
    pub steps: Vec<StepOutcome>,
    /// From the first step's begin to the last one's end.
    pub took: Duration,
}

impl Outcome {
    /// Whether every step succeeded.
    pub fn ok(&self) -> bool {
        self.steps.iter().all(|s| s.result.is_ok())
    }

    /// The steps that did not succeed.
    pub fn failed(&self) -> impl Iterator<Item = (&StepOutcome, &EngineError)> {
        self.steps.iter().filter_map(|s| s.result.as_ref().err().map(|e| (s, e)))
    }
}
