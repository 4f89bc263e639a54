//! The journal: what was done here, by whom, and what became of it. SQLite, append-only.
//!
//! Owns: the file, its schema and versions, revisions of services, operations with their steps,
//! the locks that keep two qd's off one service, events worth keeping, reveals of secrets. Must
//! not: decide anything about an operation (it keeps a plan as JSON and does not look inside), and
//! hold a secret.
//!
//! One thread writes; every call is a message to it, so nobody waits for a disk while drawing.

mod error;
mod record;
mod who;

pub use error::JournalError;
pub use record::{
    EventRecord, Lock, NewOperation, OperationEnd, OperationRecord, OperationState, Query, Sighting, StepEnd,
    StepRecord,
};
pub use who::Who;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::fleet::{Revision, ServiceId};

/// A handle to the journal; clones share it.
#[derive(Clone, Debug)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// Open the journal, making it (and its directory, for its owner alone) if it is not there.
    /// Blocks.
    ///
    /// # Errors
    /// It can't be made, read or written; it is damaged; a newer qd wrote it.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Ok(Self { path: path.to_owned() })
    }

    /// One that is gone with the last handle: tests, the demo.
    ///
    /// # Errors
    /// Memory.
    pub fn in_memory() -> Result<Self, JournalError> {
        Ok(Self { path: PathBuf::from(":memory:") })
    }

    /// Where it lies; `:memory:` for one in memory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Write down that an operation begins, and lock its services, in one transaction.
    ///
    /// # Errors
    /// [`JournalError::Locked`] when another operation has one of the services; or it can't be
    /// written.
    pub async fn begin(&self, operation: NewOperation) -> Result<i64, JournalError> {
        let _ = operation;
        Err(JournalError::Closed)
    }

    /// Take over an unfinished operation whose owner is gone: its locks are ours from here on.
    ///
    /// # Errors
    /// [`JournalError::Locked`] when its owner lives; or it can't be written.
    pub async fn adopt(&self, operation: i64, who: Who) -> Result<OperationRecord, JournalError> {
        let _ = (operation, who);
        Err(JournalError::Closed)
    }

    /// The owner lives: call every few seconds while operating.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn beat(&self, operation: i64) -> Result<(), JournalError> {
        let _ = operation;
        Err(JournalError::Closed)
    }

    /// A step is about to be asked for. Returns once it is on the disk.
    ///
    /// # Errors
    /// It can't be written: then the step must not be taken.
    pub async fn step_begins(&self, operation: i64, number: u32, back: bool) -> Result<(), JournalError> {
        let _ = (operation, number, back);
        Err(JournalError::Closed)
    }

    /// A step has ended.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn step_ended(
        &self,
        operation: i64,
        number: u32,
        back: bool,
        end: StepEnd,
    ) -> Result<(), JournalError> {
        let _ = (operation, number, back, end);
        Err(JournalError::Closed)
    }

    /// From here on it goes back.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn undoing(&self, operation: i64, why: &str) -> Result<(), JournalError> {
        let _ = (operation, why);
        Err(JournalError::Closed)
    }

    /// An operation has ended; its locks go.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn ended(&self, operation: i64, end: OperationEnd) -> Result<(), JournalError> {
        let _ = (operation, end);
        Err(JournalError::Closed)
    }

    /// Operations on this engine that were begun and have not ended, oldest first; with
    /// [`OperationRecord::alive`] telling whether somebody is still at it.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn unfinished(&self, instance: &str) -> Result<Vec<OperationRecord>, JournalError> {
        let _ = instance;
        Err(JournalError::Closed)
    }

    /// Operations, newest first.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn operations(&self, query: Query) -> Result<Vec<OperationRecord>, JournalError> {
        let _ = query;
        Err(JournalError::Closed)
    }

    /// What services were seen to run. The same as last time costs one update.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn saw(&self, instance: &str, sightings: Vec<Sighting>) -> Result<(), JournalError> {
        let _ = (instance, sightings);
        Err(JournalError::Closed)
    }

    /// What a service ran, newest first.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn revisions(
        &self,
        instance: &str,
        service: &ServiceId,
    ) -> Result<Vec<Revision>, JournalError> {
        let _ = (instance, service);
        Err(JournalError::Closed)
    }

    /// Things that happened; those already known are left out.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn happened(&self, instance: &str, events: Vec<EventRecord>) -> Result<(), JournalError> {
        let _ = (instance, events);
        Err(JournalError::Closed)
    }

    /// Things that happened, newest first.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn events(&self, query: Query) -> Result<Vec<EventRecord>, JournalError> {
        let _ = query;
        Err(JournalError::Closed)
    }

    /// A secret was shown: whose, its name (never its value), by whom.
    ///
    /// # Errors
    /// It can't be written: then it must not be shown.
    pub async fn revealed(
        &self,
        instance: &str,
        service: &ServiceId,
        name: &str,
        who: Who,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        let _ = (instance, service, name, who, at);
        Err(JournalError::Closed)
    }
}
