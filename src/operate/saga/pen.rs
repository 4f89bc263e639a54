//! Writing an operation down: in the journal, or nowhere.

use crate::journal::{Journal, JournalError, NewOperation, OperationEnd, Sighting, StepEnd, StepRecord, Who};
use crate::operate::Direction;

#[cfg(test)]
use super::tests::Notes;

/// Where operations are written down.
#[derive(Clone)]
pub(super) enum Book {
    /// Nowhere: `--no-journal`.
    Nowhere,
    /// In the journal.
    Journal(Journal),
    /// In memory, without threads.
    #[cfg(test)]
    Notes(Notes),
}

/// A book opened at one operation.
#[derive(Clone)]
pub(super) struct Pen {
    book: Book,
    operation: i64,
    /// Which engine it is about.
    instance: String,
}

/// What is left of an operation that was taken over.
pub(super) struct Leftover {
    /// Which engine it is about.
    pub(super) instance: String,
    /// Its plan, as it was written.
    pub(super) plan: String,
    /// Its steps as they were taken.
    pub(super) steps: Vec<StepRecord>,
}

impl Book {
    /// Write down that an operation begins; `None` where nothing is written down.
    pub(super) async fn begin(&self, new: NewOperation) -> Result<Pen, JournalError> {
        let instance = new.instance.clone();
        let operation = match self {
            Self::Nowhere => 0,
            Self::Journal(journal) => journal.begin(new).await?,
            #[cfg(test)]
            Self::Notes(notes) => notes.begin(new)?,
        };
        Ok(Pen { book: self.clone(), operation, instance })
    }

    /// Take an unfinished operation over.
    pub(super) async fn adopt(&self, operation: i64, who: Who) -> Result<(Pen, Leftover), JournalError> {
        let left = match self {
            Self::Nowhere => return Err(JournalError::Missing { what: format!("operation {operation}") }),
            Self::Journal(journal) => {
                let record = journal.adopt(operation, who).await?;
                let begun = record.begun;
                Leftover { instance: begun.instance, plan: begun.plan, steps: record.steps }
            }
            #[cfg(test)]
            Self::Notes(notes) => notes.adopt(operation)?,
        };
        Ok((Pen { book: self.clone(), operation, instance: left.instance.clone() }, left))
    }
}

impl Pen {
    /// One that writes nowhere.
    pub(super) fn nowhere() -> Self {
        Self { book: Book::Nowhere, operation: 0, instance: String::new() }
    }

    /// The journal's number; `None` where nothing is written down.
    pub(super) fn operation(&self) -> Option<i64> {
        (!matches!(self.book, Book::Nowhere)).then_some(self.operation)
    }

    pub(super) async fn beat(&self) -> Result<(), JournalError> {
        match &self.book {
            Book::Nowhere => Ok(()),
            Book::Journal(journal) => journal.beat(self.operation).await,
            #[cfg(test)]
            Book::Notes(notes) => notes.beat(self.operation),
        }
    }

    pub(super) async fn begins(&self, number: u32, direction: Direction) -> Result<(), JournalError> {
        let back = direction == Direction::Back;
        match &self.book {
            Book::Nowhere => Ok(()),
            Book::Journal(journal) => journal.step_begins(self.operation, number, back).await,
            #[cfg(test)]
            Book::Notes(notes) => notes.step_begins(self.operation, number, back),
        }
    }

    pub(super) async fn ends(
        &self,
        number: u32,
        direction: Direction,
        end: StepEnd,
    ) -> Result<(), JournalError> {
        let back = direction == Direction::Back;
        match &self.book {
            Book::Nowhere => Ok(()),
            Book::Journal(journal) => journal.step_ended(self.operation, number, back, end).await,
            #[cfg(test)]
            Book::Notes(notes) => notes.step_ended(self.operation, number, back, end),
        }
    }

    pub(super) async fn undoing(&self, why: &str) -> Result<(), JournalError> {
        match &self.book {
            Book::Nowhere => Ok(()),
            Book::Journal(journal) => journal.undoing(self.operation, why).await,
            #[cfg(test)]
            Book::Notes(notes) => notes.undoing(self.operation),
        }
    }

    pub(super) async fn ended(&self, end: OperationEnd) -> Result<(), JournalError> {
        match &self.book {
            Book::Nowhere => Ok(()),
            Book::Journal(journal) => journal.ended(self.operation, end).await,
            #[cfg(test)]
            Book::Notes(notes) => notes.ended(self.operation, &end),
        }
    }

    /// What services run from now on. Worth no failure.
    pub(super) async fn saw(&self, sightings: Vec<Sighting>) {
        if let Book::Journal(journal) = &self.book
            && let Err(error) = journal.saw(&self.instance, sightings).await
        {
            tracing::warn!(%error, "the journal");
        }
    }

    /// It is left in the middle: anybody may take it over.
    pub(super) async fn left(&self, why: &str) -> Result<(), JournalError> {
        match &self.book {
            Book::Nowhere => Ok(()),
            Book::Journal(journal) => journal.left(self.operation, why).await,
            #[cfg(test)]
            Book::Notes(notes) => notes.left(self.operation),
        }
    }
}

/// Whether an operation is somebody else's by now.
pub(super) fn lost(error: &JournalError) -> bool {
    matches!(error, JournalError::Lost { .. })
}
