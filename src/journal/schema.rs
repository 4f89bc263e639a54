//! The tables, and how an older file becomes a newer one.
//!
//! What is written is history: triggers keep it from being changed. Open are only the ends of
//! what has not ended, the times something was last seen, and who has an operation.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::JournalError;
use super::fault::Fault;

/// `QDJ` and a digit: says that an SQLite file is a journal of ours.
const APPLICATION: i64 = 0x5144_4a31;

/// How each version comes from the one before; the first from nothing. Only ever add to it.
pub(super) const MIGRATIONS: &[&str] = &[include_str!("schema/1.sql")];

/// The version and whether there are tables.
fn found(connection: &Connection) -> Result<(i64, i64, bool), Fault> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let version = number("user_version")?;
    let application = number("application_id")?;
    let empty = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get::<_, i64>(0))? == 0;
    Ok((version, application, empty))
}

/// Whether the file may be written: it is empty or a journal, and not a newer one.
pub(super) fn check_writable(connection: &Connection, path: &Path) -> Result<(), Fault> {
    let known = MIGRATIONS.len() as i64;
    match found(connection)? {
        (0, 0, true) => Ok(()),
        (_, application, _) if application != APPLICATION => {
            Err(Fault::Nonsense("it is a database of another program".into()))
        }
        (version, ..) if version > known => {
            Err(JournalError::Newer { path: path.to_owned(), found: version, known }.into())
        }
        _ => Ok(()),
    }
}

/// Whether the file can be read as it is.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), Fault> {
    check_writable(connection, path)?;
    let (version, ..) = found(connection)?;
    if version < MIGRATIONS.len() as i64 {
        let why = "an older quarterdeck wrote it, and this one may not bring it up to date".into();
        return Err(JournalError::Unwritable { path: path.to_owned(), why }.into());
    }
    Ok(())
}

/// Bring the file up to the last of these versions, or leave it as it is.
pub(super) fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), Fault> {
    if found(connection)?.0 >= migrations.len() as i64 {
        return Ok(());
    }
    let step = Transaction::new(connection, TransactionBehavior::Immediate)?;
    // Asked again: another qd may have done it while we waited for the file.
    let version = found(&step)?.0;
    for sql in migrations.iter().skip(usize::try_from(version).unwrap_or(0)) {
        step.execute_batch(sql)?;
    }
    step.pragma_update(None, "application_id", APPLICATION)?;
    step.pragma_update(None, "user_version", migrations.len().max(version.max(0) as usize) as i64)?;
    step.execute(
        "INSERT OR REPLACE INTO meta (key, value) VALUES ('written_by', ?1)",
        [concat!("quarterdeck ", env!("CARGO_PKG_VERSION"))],
    )?;
    step.commit()?;
    Ok(())
}
