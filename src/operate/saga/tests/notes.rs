//! A notebook instead of the journal: in memory, on no thread, so that a paused clock stays in order.

use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;

use super::super::pen::Leftover;
use crate::journal::{JournalError, NewOperation, OperationEnd, OperationState, StepEnd, StepRecord};

/// A notebook; clones share it.
#[derive(Clone, Default)]
pub(in super::super) struct Notes {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    operations: Vec<Entry>,
    /// So many more writes get through.
    room: Option<usize>,
    taken_over: bool,
}

struct Entry {
    begun: NewOperation,
    steps: Vec<StepRecord>,
    state: OperationState,
    sentence: String,
    beats: usize,
}

impl Notes {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// The disk is full after so many more writes; `None`: it is not.
    pub(super) fn room(&self, writes: Option<usize>) {
        self.inner().room = writes;
    }

    /// Somebody else takes it over.
    pub(super) fn take_over(&self) {
        self.inner().taken_over = true;
    }

    fn write(&self) -> Result<MutexGuard<'_, Inner>, JournalError> {
        let mut inner = self.inner();
        if inner.taken_over {
            return Err(JournalError::Lost { operation: 1 });
        }
        match &mut inner.room {
            Some(0) => return Err(JournalError::Full { path: "notes".into() }),
            Some(room) => *room -= 1,
            None => {}
        }
        Ok(inner)
    }

    pub(in super::super) fn begin(&self, begun: NewOperation) -> Result<i64, JournalError> {
        let mut inner = self.write()?;
        let state = OperationState::Running;
        inner.operations.push(Entry { begun, steps: Vec::new(), state, sentence: String::new(), beats: 0 });
        Ok(i64::try_from(inner.operations.len()).unwrap())
    }

    pub(in super::super) fn adopt(&self, operation: i64) -> Result<Leftover, JournalError> {
        let inner = self.write()?;
        let entry = &inner.operations[usize::try_from(operation).unwrap() - 1];
        assert!(!entry.state.ended(), "only what has not ended is taken over");
        Ok(Leftover {
            instance: entry.begun.instance.clone(),
            plan: entry.begun.plan.clone(),
            steps: entry.steps.clone(),
        })
    }

    fn entry(&self, operation: i64, change: impl FnOnce(&mut Entry)) -> Result<(), JournalError> {
        let mut inner = self.write()?;
        let entry = &mut inner.operations[usize::try_from(operation).unwrap() - 1];
        assert!(!entry.state.ended(), "nothing is written to what has ended");
        change(entry);
        Ok(())
    }

    pub(in super::super) fn beat(&self, operation: i64) -> Result<(), JournalError> {
        self.entry(operation, |e| e.beats += 1)
    }

    pub(in super::super) fn step_begins(
        &self,
        operation: i64,
        number: u32,
        back: bool,
    ) -> Result<(), JournalError> {
        let began = Timestamp::UNIX_EPOCH;
        self.entry(operation, |e| e.steps.push(StepRecord { number, back, began, ended: None }))
    }

    pub(in super::super) fn step_ended(
        &self,
        operation: i64,
        number: u32,
        back: bool,
        end: StepEnd,
    ) -> Result<(), JournalError> {
        self.entry(operation, |e| {
            let open =
                e.steps.iter_mut().rfind(|s| s.number == number && s.back == back && s.ended.is_none());
            open.expect("it was begun").ended = Some((Timestamp::UNIX_EPOCH, end));
        })
    }

    pub(in super::super) fn undoing(&self, operation: i64) -> Result<(), JournalError> {
        self.entry(operation, |e| e.state = OperationState::Undoing)
    }

    pub(in super::super) fn ended(&self, operation: i64, end: &OperationEnd) -> Result<(), JournalError> {
        self.entry(operation, |e| {
            e.state = end.state;
            e.sentence.clone_from(&end.sentence);
        })
    }

    pub(in super::super) fn left(&self, operation: i64) -> Result<(), JournalError> {
        self.entry(operation, |_| {})
    }

    /// How the only operation stands.
    pub(super) fn state(&self) -> OperationState {
        let inner = self.inner();
        assert_eq!(inner.operations.len(), 1);
        inner.operations[0].state
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.inner().operations.len()
    }

    pub(super) fn beats(&self) -> usize {
        self.inner().operations[0].beats
    }

    /// The steps of the only operation: `3`, `3 back`, in order; `?` where the end is missing, `!`
    /// where it failed.
    pub(super) fn steps(&self) -> Vec<String> {
        let words = |s: &StepRecord| {
            let end = match &s.ended {
                None => "?",
                Some((_, end)) if !end.ok => "!",
                Some(_) => "",
            };
            format!("{}{}{end}", s.number, if s.back { " back" } else { "" })
        };
        self.inner().operations[0].steps.iter().map(words).collect()
    }
}
