//! What can go wrong with the journal, each with its own sentence and remedy.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Lock;

/// The journal can't do what it was asked. All text in it is sanitised.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JournalError {
    /// There is no place for it.
    #[error("no journal: this user has no home")]
    Homeless,
    /// It can't be made or opened.
    #[error("the journal {} can't be opened: {why}", path.display())]
    Unopened {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// It can be read and not written.
    #[error("the journal {} can't be written: {why}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// The disk is full.
    #[error("the journal {} can't be written: the disk is full", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// It is damaged, or no journal at all.
    #[error("the journal {} is damaged: {why}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// Another process keeps it locked for longer than we wait.
    #[error("the journal {} is kept busy by another process", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The system failed us.
    #[error("the journal {} can't be used: {why}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// A newer qd wrote it.
    #[error("the journal {} was written by a newer quarterdeck (version {found}, this one knows {known})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Another operation has a service.
    #[error("{}", .0.sentence())]
    Locked(Box<Lock>),
    /// An operation is somebody else's by now.
    #[error("operation {operation} was taken over by somebody else")]
    Lost {
        /// Its number.
        operation: i64,
    },
    /// What was asked for is not in it.
    #[error("the journal has no {what}")]
    Missing {
        /// What.
        what: String,
    },
    /// Its writer has ended.
    #[error("the journal is closed")]
    Closed,
}

impl JournalError {
    /// The file, where the trouble is only that it can't be written: it may be read still.
    pub fn readable(&self) -> Option<&Path> {
        match self {
            Self::Unwritable { path, .. } | Self::Unopened { path, .. } | Self::Full { path } => Some(path),
            _ => None,
        }
    }

    /// What the user can do about it: one sentence.
    pub fn remedy(&self) -> String {
        match self {
            Self::Homeless => "Set QD_STATE_DIR, or journal.path in the config.".into(),
            Self::Unopened { .. } | Self::Unwritable { .. } => {
                "Fix the permissions of the file and its directory, or name another one by journal.path in the config.".into()
            }
            Self::Full { .. } => "Make room on that disk; until then --no-journal operates without record, undo after a crash, or lock.".into(),
            Self::Corrupt { path, .. } => format!(
                "Move it away (mv {0} {0}.damaged); a new one is begun. What was recorded stays in the moved file.",
                path.display()
            ),
            Self::Busy { path } => format!("Try again; see who has it open: fuser -v {}", path.display()),
            Self::Failed { .. } => "Look at the disk it lies on (dmesg), or name another file by journal.path in the config.".into(),
            Self::Newer { .. } => "Update this qd, or name another file by journal.path in the config.".into(),
            Self::Locked(lock) => lock.remedy(),
            Self::Lost { operation } => format!("See who has it: qd journal {operation}."),
            Self::Missing { what } if what.contains("incident") => "See qd incidents for what there is.".into(),
            Self::Missing { what } if what.contains("silence") => "See qd silence for what there is.".into(),
            Self::Missing { .. } => "See qd journal for what there is.".into(),
            Self::Closed => "This is a fault of quarterdeck; see its log.".into(),
        }
    }
}
