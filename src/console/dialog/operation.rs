//! The small dialogs around operations: waiting for a look at things, choosing a revision, one
//! more question, what was left in the middle. Pure.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use tui_input::Input as Line;

use crate::fleet::{ReplicaId, Revision, ServiceId};
use crate::journal::OperationRecord;
use crate::operate::{Intent, JobId, Resume};

/// The engine (or the journal) is being looked at; what is planned depends on it.
pub struct Looking {
    /// Its number: an answer with another one is not for it.
    pub number: u64,
    /// What is to be done, in words.
    pub what: String,
    /// Since when.
    pub since: Timestamp,
    /// What the answer is for.
    pub then: Then,
}

/// What an answer is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Then {
    /// Plan this; `force`: what runs is removed too.
    Plan(Intent),
    /// Read why something of a service died.
    PostMortem(ServiceId),
    /// Roll a service back: to that revision, else to one that is chosen.
    Revisions(ServiceId, Option<u32>),
}

/// A row of a service's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// What it ran.
    pub revision: Revision,
    /// Who made it run that, in words; empty = not by quarterdeck.
    pub by: String,
}

/// Choose what to roll back to.
pub struct Revisions {
    /// Whose.
    pub service: ServiceId,
    /// What it ran, newest first.
    pub rows: Vec<Past>,
    /// Which one is chosen.
    pub selected: usize,
}

/// One more question about an operation.
pub struct Sure {
    /// Its title.
    pub title: String,
    /// What is asked.
    pub question: String,
    /// What to know.
    pub text: Vec<String>,
    /// What yes does, one verb.
    pub verb: &'static str,
    /// The word to type; `None` where a yes is enough.
    pub word: Option<Arc<str>>,
    /// What was typed so far.
    pub typed: Line,
    /// What yes leads to.
    pub yes: Yes,
}

/// What a yes leads to.
pub enum Yes {
    /// The job goes back.
    Cancel(JobId),
    /// The masked values of that replica are shown.
    Reveal(ReplicaId, ServiceId),
    /// What was left in the middle is brought to an end.
    Resume(Box<OperationRecord>, Resume),
}

/// What was left in the middle, and how it shall end.
pub struct Unfinished {
    /// Which operations, oldest first.
    pub records: Vec<OperationRecord>,
    /// Which one is chosen.
    pub selected: usize,
}

impl Unfinished {
    /// Rows said about the chosen one.
    pub fn facts(&self) -> usize {
        self.chosen().map_or(3, |record| if record.sentence.is_empty() { 3 } else { 4 })
    }

    /// The chosen one.
    pub fn chosen(&self) -> Option<&OperationRecord> {
        self.records.get(self.selected)
    }
}

/// `4 of 9 steps done, 1 under way when it stopped`: how far a record got.
pub fn how_far(record: &OperationRecord) -> String {
    let all = serde_json::from_str::<crate::operate::Plan>(&record.begun.plan).map(|p| p.steps.len()).ok();
    let done =
        record.steps.iter().filter(|s| matches!(&s.ended, Some((_, end)) if end.ok) && !s.back).count();
    let back = record.steps.iter().filter(|s| s.ended.is_some() && s.back).count();
    let open = record.steps.iter().filter(|s| s.ended.is_none()).count();
    let mut words = match all {
        Some(all) => format!("{done} of {all} steps done"),
        None => format!("{done} steps done"),
    };
    if back > 0 {
        let _ = write!(words, ", {back} taken back");
    }
    if open > 0 {
        let _ = write!(words, ", {open} under way when it stopped");
    }
    words
}
