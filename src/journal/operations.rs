//! Operations, their steps and locks, in SQL.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use super::fault::Fault;
use super::process::lives;
use super::record::Adoption;
use super::rows::{self, images_of, key, length, line, micros, person, service, time, took};
use super::{
    JournalError, Lock, NewOperation, OperationEnd, OperationRecord, OperationState, Query, StepEnd,
    StepRecord, Who,
};
use crate::fleet::ServiceId;

/// A transaction that has the file for itself from the start: no reader becomes a writer half-way.
pub(super) fn exclusive(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    Transaction::new(connection, TransactionBehavior::Immediate)
}

/// Whether a commit waits for the disk. Process crashes lose nothing either way; without it a power
/// failure may take the last moments, which is why [`Journal`](super::Journal) says each time why
/// that is enough.
pub(super) fn durable(connection: &Connection, durable: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", if durable { "full" } else { "normal" })
}

/// See [`Journal::begin`](super::Journal::begin).
pub(super) fn begin(connection: &mut Connection, new: &NewOperation, at: Timestamp) -> Result<i64, Fault> {
    let step = exclusive(connection)?;
    for wanted in &new.services {
        if let Some(lock) = lock_of(&step, &new.instance, wanted)? {
            return Err(JournalError::Locked(Box::new(lock)).into());
        }
    }
    let who = person(&new.who);
    step.prepare_cached(
        "INSERT INTO operations
            (at, instance, host, endpoint, change, sentence, plan, images, who, owner, beat)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?1)",
    )?
    .execute(params![
        micros(at),
        new.instance,
        new.host,
        new.endpoint,
        new.change,
        new.sentence,
        new.plan,
        rows::images(&new.images),
        who,
    ])?;
    let id = step.last_insert_rowid();
    let mut locked: Vec<&ServiceId> = Vec::new();
    for (place, wanted) in (0_i64..).zip(&new.services) {
        if locked.contains(&wanted) {
            continue;
        }
        locked.push(wanted);
        step.prepare_cached(
            "INSERT INTO locks (operation, instance, service, place) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![id, new.instance, key(wanted), place])?;
    }
    step.commit()?;
    Ok(id)
}

/// Who has a service.
fn lock_of(connection: &Connection, instance: &str, wanted: &ServiceId) -> Result<Option<Lock>, Fault> {
    let found = connection
        .prepare_cached(
            "SELECT o.id, o.change, o.at, o.who, o.owner, o.beat FROM locks l JOIN operations o ON o.id = l.operation
             WHERE l.instance = ?1 AND l.service = ?2 AND l.held = 1",
        )?
        .query_row(params![instance, key(wanted)], |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?, owner(row, 4)?))
        })
        .optional()?;
    let Some((operation, change, since, begun, owner)) = found else { return Ok(None) };
    lock(wanted.clone(), operation, &change, since, begun, owner).map(Some)
}

fn lock(
    service: ServiceId,
    operation: i64,
    change: &str,
    since: i64,
    begun: String,
    owner: Owner,
) -> Result<Lock, Fault> {
    let alive = owner.alive()?;
    let who = rows::who(&owner.who.unwrap_or(begun))?;
    Ok(Lock { service, operation, change: line(change), who, since: time(since)?, alive })
}

/// Who has an operation, as the file has it.
struct Owner {
    who: Option<String>,
    beat: i64,
}

fn owner(row: &Row<'_>, at: usize) -> rusqlite::Result<Owner> {
    Ok(Owner { who: row.get(at)?, beat: row.get(at + 1)? })
}

impl Owner {
    fn alive(&self) -> Result<bool, Fault> {
        let Some(who) = &self.who else { return Ok(false) };
        Ok(lives(&rows::who(who)?, time(self.beat)?, Timestamp::now()))
    }
}

/// See [`Journal::adopt`](super::Journal::adopt). Returns the new claim.
pub(super) fn adopt(
    connection: &mut Connection,
    operation: i64,
    who: &Who,
    at: Timestamp,
) -> Result<(OperationRecord, i64), Fault> {
    let step = exclusive(connection)?;
    let found = step
        .query_row(
            "SELECT owner, beat, change, at, who FROM operations WHERE id = ?1 AND ended IS NULL",
            [operation],
            |row| Ok((owner(row, 0)?, row.get::<_, String>(2)?, row.get(3)?, row.get(4)?)),
        )
        .optional()?;
    let Some((owner, change, since, begun)) = found else {
        return Err(missing(&format!("unfinished operation {operation}")));
    };
    if owner.alive()? {
        let first = services(&step, operation)?.into_iter().next();
        let service = first.unwrap_or_else(|| ServiceId {
            engine: crate::fleet::EngineId::new(""),
            project: None,
            name: format!("operation {operation}").into(),
        });
        let lock = lock(service, operation, &change, since, begun, owner)?;
        return Err(JournalError::Locked(Box::new(lock)).into());
    }
    let text = person(who);
    step.execute(
        "UPDATE operations SET owner = ?2, claim = claim + 1, beat = ?3 WHERE id = ?1",
        params![operation, text, micros(at)],
    )?;
    step.execute(
        "INSERT INTO adoptions (operation, at, who) VALUES (?1, ?2, ?3)",
        params![operation, micros(at), text],
    )?;
    let claim = step.query_row("SELECT claim FROM operations WHERE id = ?1", [operation], |r| r.get(0))?;
    step.commit()?;
    let record = one(connection, operation)?.ok_or_else(|| missing(&format!("operation {operation}")))?;
    Ok((record, claim))
}

/// That there is no such thing.
pub(super) fn missing(what: &str) -> Fault {
    JournalError::Missing { what: what.to_owned() }.into()
}

/// Our claim on an operation: `(operation, claim)`. Every write of an owner names it, so that one
/// who was believed dead can't write into what somebody else took over.
pub(super) type Claim = (i64, i64);

fn ours(changed: usize, (operation, _): Claim) -> Result<(), Fault> {
    if changed == 0 { Err(JournalError::Lost { operation }.into()) } else { Ok(()) }
}

/// See [`Journal::beat`](super::Journal::beat).
pub(super) fn beat(connection: &Connection, claim: Claim, at: Timestamp) -> Result<(), Fault> {
    let changed = connection
        .prepare_cached("UPDATE operations SET beat = ?3 WHERE id = ?1 AND claim = ?2 AND ended IS NULL")?
        .execute(params![claim.0, claim.1, micros(at)])?;
    ours(changed, claim)
}

/// See [`Journal::left`](super::Journal::left).
pub(super) fn left(connection: &Connection, claim: Claim, why: &str) -> Result<(), Fault> {
    let changed = connection.execute(
        "UPDATE operations SET owner = NULL, note = ?3 WHERE id = ?1 AND claim = ?2 AND ended IS NULL",
        params![claim.0, claim.1, why],
    )?;
    ours(changed, claim)
}

/// See [`Journal::undoing`](super::Journal::undoing).
pub(super) fn undoing(connection: &Connection, claim: Claim, why: &str) -> Result<(), Fault> {
    let changed = connection.execute(
        "UPDATE operations SET state = 'undoing', note = ?3 WHERE id = ?1 AND claim = ?2 AND ended IS NULL",
        params![claim.0, claim.1, why],
    )?;
    ours(changed, claim)
}

/// See [`Journal::step_begins`](super::Journal::step_begins).
pub(super) fn step_begins(
    connection: &Connection,
    claim: Claim,
    number: u32,
    back: bool,
    at: Timestamp,
) -> Result<(), Fault> {
    let changed = connection
        .prepare_cached(
            "INSERT INTO steps (operation, number, back, began)
             SELECT id, ?3, ?4, ?5 FROM operations WHERE id = ?1 AND claim = ?2 AND ended IS NULL",
        )?
        .execute(params![claim.0, claim.1, number, back, micros(at)])?;
    ours(changed, claim)
}

/// See [`Journal::step_ended`](super::Journal::step_ended).
pub(super) fn step_ended(
    connection: &mut Connection,
    claim: Claim,
    number: u32,
    back: bool,
    end: &StepEnd,
    at: Timestamp,
) -> Result<(), Fault> {
    let step = exclusive(connection)?;
    let open: i64 = step
        .prepare_cached("SELECT count(*) FROM operations WHERE id = ?1 AND claim = ?2 AND ended IS NULL")?
        .query_row(params![claim.0, claim.1], |row| row.get(0))?;
    ours(open as usize, claim)?;
    let changed = step
        .prepare_cached(
            "UPDATE steps SET ended = ?4, ok = ?5, done = ?6, note = ?7 WHERE id =
                (SELECT max(id) FROM steps WHERE operation = ?1 AND number = ?2 AND back = ?3 AND ended IS NULL)",
        )?
        .execute(params![claim.0, number, back, micros(at), end.ok, end.done, end.note])?;
    if changed == 0 {
        return Err(missing(&format!("step {number} of operation {} under way", claim.0)));
    }
    step.commit()?;
    Ok(())
}

/// See [`Journal::ended`](super::Journal::ended).
pub(super) fn ended(
    connection: &mut Connection,
    claim: Claim,
    end: &OperationEnd,
    at: Timestamp,
) -> Result<(), Fault> {
    let step = exclusive(connection)?;
    let changed = step.execute(
        "UPDATE operations SET state = ?3, note = ?4, took = ?5, ended = ?6, owner = NULL
         WHERE id = ?1 AND claim = ?2 AND ended IS NULL",
        params![claim.0, claim.1, end.state.word(), end.sentence, length(end.took), micros(at)],
    )?;
    ours(changed, claim)?;
    step.execute("UPDATE locks SET held = 0 WHERE operation = ?1", [claim.0])?;
    step.commit()?;
    Ok(())
}

const COLUMNS: &str = "o.id, o.at, o.instance, o.host, o.endpoint, o.change, o.sentence, o.plan, o.images, \
                       o.who, o.state, o.note, o.took, o.ended, o.owner, o.beat";

/// Operations that have not ended, oldest first.
pub(super) fn unfinished(connection: &Connection, instance: &str) -> Result<Vec<OperationRecord>, Fault> {
    let sql =
        format!("SELECT {COLUMNS} FROM operations o WHERE o.instance = ?1 AND o.ended IS NULL ORDER BY o.id");
    many(connection, &sql, params![instance])
}

/// One operation.
pub(super) fn one(connection: &Connection, operation: i64) -> Result<Option<OperationRecord>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM operations o WHERE o.id = ?1");
    Ok(many(connection, &sql, params![operation])?.pop())
}

/// Operations, newest first.
pub(super) fn all(connection: &Connection, query: &Query) -> Result<Vec<OperationRecord>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM operations o
         WHERE (?1 IS NULL OR o.instance = ?1)
           AND (?2 IS NULL OR EXISTS (SELECT 1 FROM locks l WHERE l.operation = o.id AND l.service = ?2))
           AND (?3 IS NULL OR o.ended IS NULL OR o.ended >= ?3)
         ORDER BY o.id DESC LIMIT ?4"
    );
    let limit = query.limit.map_or(-1, i64::from);
    let service = query.service.as_ref().map(key);
    many(connection, &sql, params![query.instance, service, query.since.map(micros), limit])
}

fn many(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<OperationRecord>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(operation(connection, row)?);
    }
    Ok(found)
}

fn operation(connection: &Connection, row: &Row<'_>) -> Result<OperationRecord, Fault> {
    let text = |at: usize| row.get::<_, String>(at);
    let id = row.get(0)?;
    let begun = NewOperation {
        instance: text(2)?,
        host: line(&text(3)?),
        endpoint: line(&text(4)?),
        services: services(connection, id)?,
        change: line(&text(5)?),
        sentence: line(&text(6)?),
        plan: text(7)?,
        images: images_of(&text(8)?)?,
        who: rows::who(&text(9)?)?,
    };
    let state = text(10)?;
    let state = OperationState::from_word(&state)
        .ok_or_else(|| Fault::Nonsense(format!("operation {id} is {state}")))?;
    let ended: Option<i64> = row.get(13)?;
    Ok(OperationRecord {
        id,
        begun,
        at: time(row.get(1)?)?,
        state,
        sentence: line(&text(11)?),
        took: row.get::<_, Option<i64>>(12)?.map(took),
        ended: ended.map(time).transpose()?,
        adoptions: adoptions(connection, id)?,
        steps: steps(connection, id)?,
        alive: ended.is_none() && owner(row, 14)?.alive()?,
    })
}

fn services(connection: &Connection, operation: i64) -> Result<Vec<ServiceId>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT service FROM locks WHERE operation = ?1 ORDER BY place")?;
    let keys = statement.query_map([operation], |row| row.get::<_, String>(0))?;
    keys.map(|key| service(&key?)).collect()
}

fn adoptions(connection: &Connection, operation: i64) -> Result<Vec<Adoption>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT at, who FROM adoptions WHERE operation = ?1 ORDER BY id")?;
    let found = statement.query_map([operation], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    found
        .map(|found| {
            let (at, who) = found?;
            Ok(Adoption { at: time(at)?, who: rows::who(&who)? })
        })
        .collect()
}

fn steps(connection: &Connection, operation: i64) -> Result<Vec<StepRecord>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT number, back, began, ended, ok, done, note FROM steps WHERE operation = ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([operation])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let ended = match row.get::<_, Option<i64>>(3)? {
            None => None,
            Some(at) => {
                let end =
                    StepEnd { ok: row.get(4)?, done: row.get(5)?, note: line(&row.get::<_, String>(6)?) };
                Some((time(at)?, end))
            }
        };
        found.push(StepRecord { number: row.get(0)?, back: row.get(1)?, began: time(row.get(2)?)?, ended });
    }
    Ok(found)
}

/// How long after an operation's end (or its last sign of life) what happens to its services may
/// still be its doing: engines tell late, and by their own clock.
const ECHO: Duration = Duration::from_secs(2);

/// The operation that changed a service at that time.
pub(super) fn cause(
    connection: &Connection,
    instance: &str,
    service: &str,
    at: i64,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT o.id FROM locks l JOIN operations o ON o.id = l.operation
             WHERE l.service = ?2 AND l.instance = ?1 AND o.at <= ?3
               AND coalesce(o.ended, o.beat + ?5) + ?4 >= ?3
             ORDER BY o.id DESC LIMIT 1",
        )?
        .query_row(params![instance, service, at, length(ECHO), length(super::process::SILENCE)], |row| {
            row.get(0)
        })
        .optional()
}
