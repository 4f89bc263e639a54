//! Things that happened, and secrets that were shown, in SQL.

use rusqlite::{Connection, params};

use super::fault::Fault;
use super::operations::{cause, exclusive};
use super::record::RevealRecord;
use super::rows::{self, key, line, micros, person, service, time};
use super::{EventRecord, Query};

/// How many events are kept, the newest.
pub(super) const KEPT: i64 = 100_000;

/// See [`Journal::happened`](super::Journal::happened).
pub(super) fn happened(
    connection: &mut Connection,
    instance: &str,
    events: &[EventRecord],
) -> Result<(), Fault> {
    let step = exclusive(connection)?;
    for event in events {
        let (service, at) = (key(&event.service), micros(event.at));
        let planned = match event.planned {
            Some(planned) => Some(planned),
            // Another qd may be at it.
            None => cause(&step, instance, &service, at)?,
        };
        step.prepare_cached(
            "INSERT OR IGNORE INTO events (instance, at, service, replica, kind, note, operation)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![instance, at, service, event.replica, event.kind, event.note, planned])?;
    }
    prune(&step, KEPT)?;
    step.commit()?;
    Ok(())
}

/// Keep that many, those that happened last. Rarely: only when a tenth more has come together.
pub(super) fn prune(step: &Connection, keep: i64) -> Result<(), Fault> {
    // Numbers are given out in order and only the oldest go: the span is the count, without counting.
    let span: i64 =
        step.query_row("SELECT coalesce(max(id) - min(id) + 1, 0) FROM events", [], |row| row.get(0))?;
    if span > keep + keep / 10 {
        step.execute(
            "DELETE FROM events WHERE id <= (SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?1)",
            [keep],
        )?;
    }
    Ok(())
}

/// Things that happened, newest first.
pub(super) fn all(connection: &Connection, query: &Query) -> Result<Vec<EventRecord>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT at, service, replica, kind, note, operation FROM events
         WHERE (?1 IS NULL OR instance = ?1) AND (?2 IS NULL OR service = ?2) AND (?3 IS NULL OR at >= ?3)
         ORDER BY at DESC, id DESC LIMIT ?4",
    )?;
    let (key, since, limit) = bounds(query);
    let mut rows = statement.query(params![query.instance, key, since, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |at: usize| row.get::<_, String>(at);
        found.push(EventRecord {
            at: time(row.get(0)?)?,
            service: service(&text(1)?)?,
            replica: line(&text(2)?),
            kind: line(&text(3)?),
            note: line(&text(4)?),
            planned: row.get(5)?,
        });
    }
    Ok(found)
}

fn bounds(query: &Query) -> (Option<String>, Option<i64>, i64) {
    (query.service.as_ref().map(key), query.since.map(micros), query.limit.map_or(-1, i64::from))
}

/// See [`Journal::revealed`](super::Journal::revealed).
pub(super) fn revealed(
    connection: &mut Connection,
    instance: &str,
    reveal: &RevealRecord,
) -> Result<(), Fault> {
    let step = exclusive(connection)?;
    for name in &reveal.names {
        step.execute(
            "INSERT INTO reveals (instance, at, service, name, who) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![instance, micros(reveal.at), key(&reveal.service), name, person(&reveal.who)],
        )?;
    }
    step.commit()?;
    Ok(())
}

/// Secrets that were shown, newest first; those that were shown together are one.
pub(super) fn reveals(connection: &Connection, query: &Query) -> Result<Vec<RevealRecord>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT at, service, name, who FROM reveals
         WHERE (?1 IS NULL OR instance = ?1) AND (?2 IS NULL OR service = ?2) AND (?3 IS NULL OR at >= ?3)
         ORDER BY at DESC, service, who, id",
    )?;
    let (key, since, _) = bounds(query);
    let mut rows = statement.query(params![query.instance, key, since])?;
    let mut found: Vec<RevealRecord> = Vec::new();
    while let Some(row) = rows.next()? {
        let (at, service) = (time(row.get(0)?)?, service(&row.get::<_, String>(1)?)?);
        let (name, who) = (line(&row.get::<_, String>(2)?), rows::who(&row.get::<_, String>(3)?)?);
        let full = query.limit.is_some_and(|limit| found.len() >= limit as usize);
        match found.last_mut() {
            Some(last) if last.at == at && last.service == service && last.who == who => {
                last.names.push(name);
            }
            _ if full => break,
            _ => found.push(RevealRecord { at, service, names: vec![name], who }),
        }
    }
    Ok(found)
}
