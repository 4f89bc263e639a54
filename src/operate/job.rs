//! An intent, and what became of it.

use crate::engine::{Done, EngineError, Step};
use crate::fleet::{ServiceId, Verb};

/// Numbers jobs within one run of qd, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// What the user wants, resolved to replicas at confirm time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// What.
    pub verb: Verb,
    /// The services it is about, for words.
    pub services: Vec<ServiceId>,
    /// One step a replica.
    pub steps: Vec<Step>,
}

/// How one step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepOutcome {
    /// The step.
    pub step: Step,
    /// The replica's name, for words.
    pub name: String,
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
        name: String,
    },
    /// A step ended.
    Ended {
        /// Which job.
        job: JobId,
        /// How.
        outcome: StepOutcome,
    },
    /// The job ended: exactly one of these per job.
    Finished {
        /// Which job.
        job: JobId,
        /// How.
        outcome: Outcome,
    },
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was asked.
    pub verb: Verb,
    /// How each step ended, in the order they ended.
    pub steps: Vec<StepOutcome>,
}

impl Outcome {
    /// Whether every step succeeded.
    pub fn ok(&self) -> bool {
        self.steps.iter().all(|s| s.result.is_ok())
    }
}
