//! What an operation works with, and how it is told to turn back or to stop.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::journal::{Journal, Who};
use crate::probe::Examiner;

/// What operations work with.
#[derive(Clone)]
pub struct Bridge {
    /// The engine, behind its guard.
    pub engine: Arc<dyn Engine>,
    /// Which engine that is, for the journal: [`crate::fleet::EngineInfo::instance`].
    pub instance: String,
    /// The engine's host, for humans.
    pub host: String,
    /// Where it is written down; `None`: nowhere (`--no-journal`).
    pub journal: Option<Journal>,
    /// Who is at it.
    pub who: Who,
    /// Who asks replicas whether they answer as they should; `None`: nobody, and a gate believes the
    /// engine alone.
    pub examiner: Option<Examiner>,
}

/// How an operation under way is stopped. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Control {
    /// Go back: what can be taken back is, then it ends as [`super::End::Undone`]. Where nothing
    /// can be taken back (a start, a kill, clearing up), what has not begun is left undone.
    pub cancel: CancellationToken,
    /// Finish the step under way, write it down and stop: [`super::End::Interrupted`]. Later
    /// [`super::resume()`] finishes or undoes it. Wins over `cancel`.
    pub abandon: CancellationToken,
}

impl From<CancellationToken> for Control {
    /// One that can only be told to go back.
    fn from(cancel: CancellationToken) -> Self {
        Self { cancel, abandon: CancellationToken::new() }
    }
}

/// How an operation that was left in the middle shall end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resume {
    /// As it was wanted.
    Finish,
    /// As it was before.
    Undo,
}

impl Resume {
    /// The command's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Finish => "finish",
            Self::Undo => "undo",
        }
    }
}
