//! What the journal keeps, as data.

use std::time::Duration;

use jiff::Timestamp;

use super::Who;
use crate::fleet::{Image, ServiceId, SpecHash};

/// An operation about to begin.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOperation {
    /// Which engine: [`crate::fleet::EngineInfo::instance`].
    pub instance: String,
    /// The engine's host, for humans.
    pub host: String,
    /// Where the engine is reached, credentials masked.
    pub endpoint: String,
    /// The services it changes; all are locked.
    pub services: Vec<ServiceId>,
    /// What is done: `deploy`, `scale`, ….
    pub change: String,
    /// The plan in one line, for lists: `deploy shop/api 1.3.9 → 1.4.2`.
    pub sentence: String,
    /// The whole plan, as JSON. The journal does not look inside.
    pub plan: String,
    /// Images before → after.
    pub images: Vec<(ServiceId, Image, Image)>,
    /// Who.
    pub who: Who,
}

/// How an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationState {
    /// Under way, or left in the middle.
    Running,
    /// On its way back, or left in the middle of that.
    Undoing,
    /// As wanted.
    Done,
    /// Nothing was touched.
    Refused,
    /// Everything is as it was.
    Undone,
    /// Failed and not undone.
    Failed,
}

impl OperationState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Undoing, Self::Done, Self::Refused, Self::Undone, Self::Failed];

    /// One lower-case word, as the file and JSON have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Undoing => "undoing",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Undone => "undone",
            Self::Failed => "failed",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// Whether it has ended.
    pub fn ended(self) -> bool {
        !matches!(self, Self::Running | Self::Undoing)
    }
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationEnd {
    /// One that [`OperationState::ended`].
    pub state: OperationState,
    /// What became of it, one sentence, sanitised and masked.
    pub sentence: String,
    /// How long it took.
    pub took: Duration,
}

/// An operation as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationRecord {
    /// Its number, from 1.
    pub id: i64,
    /// What it was begun with.
    pub begun: NewOperation,
    /// When.
    pub at: Timestamp,
    /// How it stands.
    pub state: OperationState,
    /// Why it went back or was left, or what became of it; empty while it runs.
    pub sentence: String,
    /// How long it took; `None` while it has not ended.
    pub took: Option<Duration>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Who took it over after its owner was gone, in order.
    pub adoptions: Vec<Adoption>,
    /// Its steps as they were taken, in order. A step asked for again after an interruption is in
    /// it again: the later one counts.
    pub steps: Vec<StepRecord>,
    /// Not ended, and its owner lives.
    pub alive: bool,
}

/// Somebody took an unfinished operation over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Who,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepEnd {
    /// Whether it succeeded.
    pub ok: bool,
    /// What it led to, as JSON (ids of what was made); the journal does not look inside. Empty
    /// where it failed.
    pub done: String,
    /// What is to be read about it: the error, what the health check said; sanitised and masked.
    pub note: String,
}

/// A step as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRecord {
    /// Its number in the plan.
    pub number: u32,
    /// Whether it was taken back.
    pub back: bool,
    /// When it was begun.
    pub began: Timestamp,
    /// When and how it ended; `None`: nobody knows whether it happened.
    pub ended: Option<(Timestamp, StepEnd)>,
}

/// Who has a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The service.
    pub service: ServiceId,
    /// The operation's number.
    pub operation: i64,
    /// What it does.
    pub change: String,
    /// Who.
    pub who: Who,
    /// Since when.
    pub since: Timestamp,
    /// Whether its owner still lives.
    pub alive: bool,
}

impl Lock {
    /// What is in the way.
    pub fn sentence(&self) -> String {
        let who = self.who.words();
        let what = self.service.path();
        if self.alive {
            format!("{what} is being changed: operation {} ({}) by {who}", self.operation, self.change)
        } else {
            format!(
                "{what} was left in the middle of operation {} ({}) by {who}",
                self.operation, self.change
            )
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        if self.alive {
            "Wait until it has ended.".into()
        } else {
            format!("Say how it shall end: qd finish {0}, or qd undo {0}.", self.operation)
        }
    }
}

/// What a service was seen to run. All sightings of one service in one call are one picture: what
/// ran of it at that moment, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Which service.
    pub service: ServiceId,
    /// Its image, id and reference.
    pub image: Image,
    /// Its settings, where they were seen.
    pub spec: Option<SpecHash>,
    /// When.
    pub at: Timestamp,
    /// The operation that made it run this; `None` = somebody else, or it ran before.
    pub by: Option<i64>,
}

/// Something that happened, worth keeping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// When, by the engine's clock.
    pub at: Timestamp,
    /// To which service.
    pub service: ServiceId,
    /// To which replica, by name (or short id).
    pub replica: String,
    /// What: `died`, `oom`, `started`, `unhealthy`, `revealed`, ….
    pub kind: String,
    /// The rest in words: `exit 1`; sanitised.
    pub note: String,
    /// The operation that caused it; `None` = nobody planned it.
    pub planned: Option<i64>,
}

/// Secrets that were shown, together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevealRecord {
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub service: ServiceId,
    /// Their names; never their values.
    pub names: Vec<String>,
    /// To whom.
    pub who: Who,
}

/// An engine that something is on record of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineRecord {
    /// Its own id: [`crate::fleet::EngineInfo::instance`].
    pub instance: String,
    /// Its host, as it was called last; empty = not known.
    pub host: String,
}

/// What to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Which engine; `None` = all.
    pub instance: Option<String>,
    /// Which service; `None` = all.
    pub service: Option<ServiceId>,
    /// What happened before is left out; an operation that ended after it, or has not, is in.
    pub since: Option<Timestamp>,
    /// At most so many; `None` = all.
    pub limit: Option<u32>,
}
