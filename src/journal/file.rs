//! The file: making it for its owner alone, opening it, and never overwriting what is not ours.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::JournalError;
use super::fault::Fault;
use super::schema;

/// How long to wait for another qd that is writing.
const BUSY: Duration = Duration::from_secs(5);

/// Open the file to write, making it and its directory if they are missing, with the newest schema.
pub(super) fn to_write(path: &Path) -> Result<Connection, JournalError> {
    make(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(|e| Fault::from(e).of(path))?;
    if connection.is_readonly("main").unwrap_or(false) {
        // SQLite opens what it may not write for reading, without a word.
        return Err(JournalError::Unwritable { path: path.to_owned(), why: "permission denied".into() });
    }
    prepare(&mut connection, path)?;
    Ok(connection)
}

/// Open the file to read what is there; it has to be there and of our version.
pub(super) fn to_read(path: &Path) -> Result<Connection, JournalError> {
    let open = || -> Result<Connection, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "query_only", true)?;
        schema::check(&connection, path)?;
        Ok(connection)
    };
    open().map_err(|fault| fault.of(path))
}

/// One without a file.
pub(super) fn in_memory() -> Result<Connection, JournalError> {
    let path = Path::new(":memory:");
    let mut connection = Connection::open_in_memory().map_err(|e| Fault::from(e).of(path))?;
    prepare(&mut connection, path)?;
    Ok(connection)
}

fn prepare(connection: &mut Connection, path: &Path) -> Result<(), JournalError> {
    let mut steps = || -> Result<(), Fault> {
        connection.busy_timeout(BUSY)?;
        // Until we know that it is ours, closing it must not tidy it up either.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        schema::check_writable(connection, path)?;
        // Where WAL is not to be had (network disks) SQLite stays with its older way, which is as
        // safe and only slower.
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "synchronous", "full")?;
        schema::migrate(connection, schema::MIGRATIONS)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        Ok(())
    };
    steps().map_err(|fault| fault.of(path))
}

/// Make the file and its directory, readable for their owner alone. What is there stays as it is:
/// a file shared by a group has the permissions somebody gave it.
fn make(path: &Path) -> Result<(), JournalError> {
    match fs::metadata(path) {
        Ok(known) if known.is_file() => return Ok(()),
        Ok(_) => {
            return Err(JournalError::Unopened { path: path.to_owned(), why: "it is not a file".into() });
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(unopened(path, &e)),
    }
    if let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(directory).map_err(|e| unmade(path, &e))?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // SQLite gives the files beside it the same permissions.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        // Another qd was faster.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(unmade(path, &e)),
    }
}

fn unopened(path: &Path, error: &io::Error) -> JournalError {
    JournalError::Unopened { path: path.to_owned(), why: error.to_string() }
}

fn unmade(path: &Path, error: &io::Error) -> JournalError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            JournalError::Full { path: path.to_owned() }
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            JournalError::Unwritable { path: path.to_owned(), why: error.to_string() }
        }
        _ => unopened(path, error),
    }
}
