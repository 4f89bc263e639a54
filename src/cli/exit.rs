//! How a command ends: exit codes, and errors that carry theirs and a remedy.

use std::io;
use std::process::ExitCode;

use thiserror::Error;

use crate::config::Problems;
use crate::engine::EngineError;
use crate::journal::JournalError;

/// The exit codes, part of the interface scripts rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Tried, failed (at least in part), and not undone.
    Failed = 1,
    /// The command line or the configuration makes no sense.
    Usage = 2,
    /// The engine can't be reached.
    Unreachable = 3,
    /// Refused: read-only, protected, not confirmed, or impossible. Nothing was touched.
    Refused = 4,
    /// Tried, failed (or cancelled), and everything is again as it was.
    Undone = 5,
    /// Left in the middle: `qd finish` and `qd undo` both work.
    Interrupted = 6,
}

impl Exit {
    /// All of them with their meaning, for help and README.
    pub const TABLE: [(Self, &'static str); 7] = [
        (Self::Done, "done"),
        (Self::Failed, "tried, failed at least in part, and was not undone"),
        (Self::Usage, "the command line, the configuration or the terminal makes no sense for this"),
        (Self::Unreachable, "the engine cannot be reached"),
        (Self::Refused, "refused: read-only, protected, not confirmed, or impossible; nothing was done"),
        (Self::Undone, "tried, failed or cancelled, and undone: everything is as it was"),
        (Self::Interrupted, "interrupted, resumable: qd finish or qd undo says how it shall end"),
    ];

    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command ended early. `Display` is one plain sentence, sanitised.
#[derive(Debug, Error)]
pub enum CliError {
    /// The engine.
    #[error("{0}")]
    Engine(#[from] EngineError),
    /// The journal.
    #[error("{0}")]
    Journal(#[from] JournalError),
    /// The command line or the configuration.
    #[error("{what}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// Refused before anything was done.
    #[error("{what}")]
    Refused {
        /// Why.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// Tried and failed.
    #[error("{what}")]
    Failed {
        /// What.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// Standard output can't be written.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    /// The reader of our output went away, as `head` does: not an error, only the end.
    #[error("the reader of standard output is gone")]
    ReaderGone,
}

impl CliError {
    /// A [`CliError::Usage`].
    pub fn usage(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Usage { what: what.into(), remedy: remedy.into() }
    }

    /// A [`CliError::Refused`].
    pub fn refused(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Refused { what: what.into(), remedy: remedy.into() }
    }

    /// A [`CliError::Failed`].
    pub fn failed(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), remedy: remedy.into() }
    }

    /// Mistakes in the user's files; each says its own remedy.
    pub fn config(problems: &Problems) -> Self {
        Self::usage(problems.to_string(), "")
    }

    /// The exit code it ends with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Engine(EngineError::ReadOnly)
            | Self::Journal(JournalError::Locked(_))
            | Self::Refused { .. } => Exit::Refused,
            Self::Engine(EngineError::Settings { .. })
            | Self::Journal(JournalError::Missing { .. })
            | Self::Usage { .. } => Exit::Usage,
            Self::Engine(error) if error.is_unreachable() => Exit::Unreachable,
            Self::Engine(_) | Self::Journal(_) | Self::Failed { .. } | Self::Output(_) => Exit::Failed,
            Self::ReaderGone => Exit::Done,
        }
    }

    /// What the user can do about it; empty when there is nothing to say.
    pub fn remedy(&self) -> String {
        match self {
            Self::Engine(error) => error.remedy(),
            Self::Journal(error) => error.remedy(),
            Self::Usage { remedy, .. } | Self::Refused { remedy, .. } | Self::Failed { remedy, .. } => {
                remedy.clone()
            }
            Self::Output(_) => "Is the disk full, or the file closed?".into(),
            Self::ReaderGone => String::new(),
        }
    }
}

impl From<io::Error> for CliError {
    /// Only writing to standard output yields bare IO errors in this room; everything else is
    /// given words where it happens.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::ReaderGone } else { Self::Output(error) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_code() {
        let engine = |e| CliError::Engine(e).exit();
        assert_eq!(engine(EngineError::NoSocket { endpoint: "unix:///x".into() }), Exit::Unreachable);
        assert_eq!(engine(EngineError::ReadOnly), Exit::Refused);
        assert_eq!(engine(EngineError::Settings { why: "bad".into(), remedy: "mend".into() }), Exit::Usage);
        assert_eq!(engine(EngineError::Gone { what: "api".into() }), Exit::Failed);
        assert_eq!(CliError::from(io::Error::from(io::ErrorKind::BrokenPipe)).exit(), Exit::Done);
        assert_eq!(CliError::from(io::Error::from(io::ErrorKind::StorageFull)).exit(), Exit::Failed);
    }

    #[test]
    fn the_table_counts_from_zero() {
        for (i, (exit, _)) in Exit::TABLE.iter().enumerate() {
            assert_eq!(usize::from(exit.code()), i);
        }
    }
}
