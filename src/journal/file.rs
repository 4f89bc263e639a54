//! The file: making it for its owner alone, opening it, and never overwriting what is not ours.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::JournalError;
use super::fault::Fault;
use super::schema;

/// How long to wait for another qd that is writing.
const BUSY: Duration = Duration::from_secs(5);
/// Between two tries of what does not wait by itself.
const PAUSE: Duration = Duration::from_millis(10);

/// Open the file to write, making it and its directory if they are missing, with the newest schema.
pub(super) fn to_write(path: &Path) -> Result<Connection, JournalError> {
    make(path)?;
    peek(path)?;
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
    let known = fs::metadata(path).map_err(|e| unopened(path, &e))?;
    if !known.is_file() {
        return Err(not_a_file(path));
    }
    peek(path)?;
    match reading(path, "") {
        // Reading takes a note beside the file. Where we can't put it and nobody else has (who
        // writes, has), the file is whole, and is read as it is.
        Err(Fault::Sql(error))
            if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::SystemIoFailure)
            ) && !has_log(path) =>
        {
            reading(path, "?immutable=1")
        }
        result => result,
    }
    .map_err(|fault| fault.of(path))
}

/// Whether beside the file lies what was written and is not in it yet.
fn has_log(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    fs::metadata(Path::new(&name)).is_ok_and(|known| known.len() > 0)
}

/// Look at the file without `SQLite`, which would put files beside it even to say no.
fn peek(path: &Path) -> Result<(), JournalError> {
    if has_log(path) {
        // What is in there is newer than what the file itself says.
        return Ok(());
    }
    let mut head = [0; schema::HEAD];
    let mut file = fs::File::open(path).map_err(|e| unopened(path, &e))?;
    match file.read_exact(&mut head) {
        Ok(()) => schema::check_head(&head).map_err(|fault| fault.of(path)),
        // Empty, or not even that long: SQLite knows what to say.
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        Err(e) => Err(unopened(path, &e)),
    }
}

fn reading(path: &Path, how: &str) -> Result<Connection, Fault> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = if how.is_empty() {
        Connection::open_with_flags(path, flags.difference(OpenFlags::SQLITE_OPEN_URI))?
    } else {
        Connection::open_with_flags(format!("{}{how}", uri(path)), flags)?
    };
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    schema::check(&connection)?;
    Ok(connection)
}

/// The path as `SQLite` takes it with options behind.
fn uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            uri.push(byte.into());
        } else {
            let _ = write!(uri, "%{byte:02x}");
        }
    }
    uri
}

/// Which file a path names: so that one moved away is noticed, and not written to where nobody
/// will look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

impl Identity {
    /// Of the file that is there now; `None` where the system does not tell.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let known = fs::metadata(path).ok()?;
        Some(Self(known.dev(), known.ino()))
    }

    /// Of the file that is there now; `None` where the system does not tell.
    #[cfg(not(unix))]
    pub(super) fn of(_: &Path) -> Option<Self> {
        None
    }
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
        schema::check_writable(connection)?;
        write_ahead(connection)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "synchronous", "full")?;
        schema::migrate(connection, schema::MIGRATIONS)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        Ok(())
    };
    steps().map_err(|fault| fault.of(path))
}

/// Where WAL is not to be had (network disks) `SQLite` stays with its older way, which is as safe and
/// only slower. While others have the file open, changing the way is refused without any waiting.
fn write_ahead(connection: &Connection) -> Result<(), Fault> {
    let end = Instant::now() + BUSY;
    loop {
        let busy = [Some(ErrorCode::DatabaseBusy), Some(ErrorCode::DatabaseLocked)];
        match connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())) {
            Err(e) if busy.contains(&e.sqlite_error_code()) && Instant::now() < end => {
                std::thread::sleep(PAUSE);
            }
            result => return Ok(result?),
        }
    }
}

/// Make the file and its directory, readable for their owner alone. What is there stays as it is:
/// a file shared by a group has the permissions somebody gave it.
fn make(path: &Path) -> Result<(), JournalError> {
    match fs::metadata(path) {
        Ok(known) if known.is_file() => return Ok(()),
        Ok(_) => return Err(not_a_file(path)),
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

fn not_a_file(path: &Path) -> JournalError {
    JournalError::Unopened { path: path.to_owned(), why: "it is not a file".into() }
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
