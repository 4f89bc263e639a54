//! From `SQLite`'s codes to the journal's own errors.

use std::path::Path;

use rusqlite::ErrorCode;

use super::JournalError;
use crate::text::sanitize;

/// The longest word of `SQLite` shown, columns.
const WORDS: usize = 300;

/// What went wrong on the way to the file, before it has the file's name.
#[derive(Debug)]
pub(super) enum Fault {
    /// `SQLite` says no.
    Sql(rusqlite::Error),
    /// A newer qd wrote the file.
    Newer {
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// An older qd wrote the file, and we may not bring it up to date.
    Older,
    /// What is in the file makes no sense.
    Nonsense(String),
    /// The journal itself says no.
    Said(JournalError),
    /// The thread is gone.
    Closed,
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<JournalError> for Fault {
    fn from(error: JournalError) -> Self {
        Self::Said(error)
    }
}

impl Fault {
    /// With the file's name.
    pub(super) fn of(self, path: &Path) -> JournalError {
        let path = path.to_owned();
        match self {
            Self::Said(error) => error,
            Self::Closed => JournalError::Closed,
            Self::Newer { found, known } => JournalError::Newer { path, found, known },
            Self::Older => JournalError::Unwritable {
                path,
                why: "an older quarterdeck wrote it, and only one that may write can bring it up to date"
                    .into(),
            },
            Self::Nonsense(why) => JournalError::Corrupt { path, why: words(&why) },
            Self::Sql(error) => {
                let why = words(&error.to_string());
                match error.sqlite_error_code() {
                    Some(ErrorCode::DiskFull) => JournalError::Full { path },
                    Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                        JournalError::Unwritable { path, why }
                    }
                    Some(ErrorCode::CannotOpen) => JournalError::Unopened { path, why },
                    Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => JournalError::Busy { path },
                    // The files beside it could not be made as large as they have to be.
                    Some(ErrorCode::SystemIoFailure) if is_full(&path) => JournalError::Full { path },
                    // No table, no column, a value of another type: it is a database, and not
                    // this journal.
                    None
                    | Some(
                        ErrorCode::DatabaseCorrupt
                        | ErrorCode::NotADatabase
                        | ErrorCode::Unknown
                        | ErrorCode::TypeMismatch,
                    ) => JournalError::Corrupt { path, why },
                    Some(_) => JournalError::Failed { path, why },
                }
            }
        }
    }
}

/// Whether the disk a file lies on has no room for another of its pages and those beside it.
#[cfg(unix)]
fn is_full(path: &Path) -> bool {
    /// What `SQLite` puts beside a file before it writes to it, bytes.
    const BESIDE: u64 = 64 * 1024;
    let disk = path.parent().map(rustix::fs::statvfs);
    disk.is_some_and(|disk| disk.is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < BESIDE))
}

#[cfg(not(unix))]
fn is_full(_: &Path) -> bool {
    false
}

fn words(raw: &str) -> String {
    sanitize::label(raw, WORDS).to_string()
}
