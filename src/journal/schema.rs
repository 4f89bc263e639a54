//! The tables, and how an older file becomes a newer one.
//!
//! What is written is history: triggers keep it from being changed. Open are only the ends of
//! what has not ended, the times something was last seen, and who has an operation.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::fault::Fault;

/// `QDJ` and a digit: says that an `SQLite` file is a journal of ours.
const APPLICATION: i64 = 0x5144_4a31;

/// How much of the file [`check_head`] looks at.
pub(super) const HEAD: usize = 108;

/// How each version comes from the one before; the first from nothing. Only ever add to it.
pub(super) const MIGRATIONS: &[&str] =
    &[include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

/// The version that list of migrations leads to.
fn version(migrations: &[&str]) -> i64 {
    i64::try_from(migrations.len()).unwrap_or(i64::MAX)
}

/// The version of the file.
fn found(connection: &Connection) -> Result<i64, Fault> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Whether a file with these numbers may be written: it is a journal, and not a newer one.
fn judge(found: i64, application: i64) -> Result<(), Fault> {
    let known = version(MIGRATIONS);
    if application != APPLICATION {
        return Err(Fault::Nonsense("it is a database of another program".into()));
    }
    if found > known { Err(Fault::Newer { found, known }) } else { Ok(()) }
}

/// What the first bytes of the file say: that it is a database, whose, and how new. One with nothing
/// in it is being made by another qd right now.
pub(super) fn check_head(head: &[u8; HEAD]) -> Result<(), Fault> {
    let number = |at: usize| {
        let bytes = head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
        i64::from(u32::from_be_bytes(bytes))
    };
    if !head.starts_with(b"SQLite format 3\0") {
        return Err(Fault::Nonsense("it is not a database".into()));
    }
    // Its first page is the table of what is in it; the number of entries is at 103.
    let is_empty = head.get(103..105) == Some(&[0, 0]);
    if (number(60), number(68), is_empty) == (0, 0, true) {
        return Ok(());
    }
    judge(number(60), number(68))
}

/// Whether the file may be written: it is empty or a journal, and not a newer one.
pub(super) fn check_writable(connection: &Connection) -> Result<(), Fault> {
    // In one go: another qd may be making it right now, and half of what was with half of what is
    // looks like somebody else's.
    let all = "SELECT (SELECT user_version FROM pragma_user_version),
                      (SELECT application_id FROM pragma_application_id),
                      (SELECT count(*) FROM sqlite_schema)";
    match connection.query_row(all, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))? {
        (0, 0, 0) => Ok(()),
        (found, application, _) => judge(found, application),
    }
}

/// Whether the file can be read as it is.
pub(super) fn check(connection: &Connection) -> Result<(), Fault> {
    check_writable(connection)?;
    if found(connection)? < version(MIGRATIONS) { Err(Fault::Older) } else { Ok(()) }
}

/// Bring the file up to the last of these versions, or leave it as it is.
pub(super) fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), Fault> {
    let wanted = version(migrations);
    if found(connection)? >= wanted {
        return Ok(());
    }
    let step = Transaction::new(connection, TransactionBehavior::Immediate)?;
    // Asked again: another qd may have done it while we waited for the file.
    let have = found(&step)?;
    if have >= wanted {
        return Ok(());
    }
    for sql in migrations.iter().skip(usize::try_from(have).unwrap_or(0)) {
        step.execute_batch(sql)?;
    }
    step.pragma_update(None, "application_id", APPLICATION)?;
    step.pragma_update(None, "user_version", wanted)?;
    step.execute(
        "INSERT OR REPLACE INTO meta (key, value) VALUES ('written_by', ?1)",
        [concat!("quarterdeck ", env!("CARGO_PKG_VERSION"))],
    )?;
    step.commit()?;
    Ok(())
}
