//! What the journal says that the screen must know: whether anything is recorded, what was left in
//! the middle, what others are at. Pure.

use jiff::{SignedDuration, Timestamp};

use super::job;
use super::model::Job;
use crate::fleet::ServiceId;
use crate::journal::{EventRecord, OperationRecord, PostMortem};

/// How often the journal is asked what is unfinished.
const AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// Whether what is done is written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// It is.
    On,
    /// It is not, as asked for.
    #[default]
    Unwanted,
    /// It can't be.
    Broken {
        /// Why, one sentence.
        why: String,
        /// What to do, one sentence.
        remedy: String,
    },
}

/// What the journal has about something: each newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Operations.
    pub operations: Vec<OperationRecord>,
    /// What happened.
    pub events: Vec<EventRecord>,
    /// What died, and why; without their records.
    pub post_mortems: Vec<PostMortem>,
}

/// What the journal says.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Whether what is done is written down.
    pub recording: Recording,
    /// Operations nobody is at any more that have not ended, oldest first.
    pub left: Vec<OperationRecord>,
    /// Operations somebody else is at.
    pub others: Vec<OperationRecord>,
    /// Which of them were offered already: once is enough, the badge stays.
    pub(super) offered: Vec<i64>,
    /// When the journal was last asked.
    pub(super) asked: Option<Timestamp>,
}

impl Ledger {
    /// Whether it is time to ask the journal (again); notes that it is asked.
    pub(super) fn due(&mut self, now: Timestamp) -> bool {
        let due = self.recording == Recording::On
            && self.asked.is_none_or(|asked| now.duration_since(asked).abs() >= AGAIN);
        if due {
            self.asked = Some(now);
        }
        due
    }

    /// Take in what is unfinished; says whether anything changed.
    pub(super) fn learn(&mut self, records: Vec<OperationRecord>, ours: &[Job]) -> bool {
        let mine = |id: i64| ours.iter().any(|job| job.operation == Some(id));
        let (others, left): (Vec<_>, Vec<_>) =
            records.into_iter().filter(|r| !mine(r.id)).partition(|r| r.alive);
        let changed = others != self.others || left != self.left;
        (self.others, self.left) = (others, left);
        changed
    }

    /// What somebody else does to a service: `deploying (ada)`.
    pub fn label(&self, service: &ServiceId) -> Option<String> {
        let record = self.others.iter().find(|r| r.begun.services.contains(service))?;
        Some(format!("{} ({})", job::doing(&record.begun.change), record.begun.who.user))
    }
}
