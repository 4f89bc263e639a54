//! What services ran, in SQL.
//!
//! All sightings of one service in one call are **one picture**: what ran of it at that moment. A
//! revision is *current* from the first picture that shows it until one that does not, and in
//! between every picture moves only its `last_seen`. So:
//!
//! - two images side by side (replicas replaced one after the other, a canary) are two current
//!   revisions that do not take turns in the history;
//! - an image that comes back after it was gone is a new revision: numbers are history, not
//!   identity, and v1, v2, v1 are three rows;
//! - a picture older than the last one says nothing (two consoles may tell the same story, one of
//!   them late).

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::Sighting;
use super::fault::Fault;
use super::operations::{cause, exclusive};
use super::rows::{self, key, micros, time};
use crate::fleet::{Revision, ServiceId};

/// How many are kept over all services; hosts that run throw-away containers see many. Far more
/// than anybody rolls back through.
pub(super) const KEPT: i64 = 100_000;

/// How far ahead of our clock what others saw may be, microseconds.
const AHEAD: i64 = 60_000_000;

/// A current revision.
struct Current {
    id: i64,
    image: String,
    reference: String,
    spec: Option<String>,
}

impl Current {
    /// Whether that is what was seen. What is not known on either side does not tell them apart.
    fn is(&self, seen: &Sighting) -> bool {
        let unknown = self.image.is_empty() || seen.image.id.is_empty();
        let spec = seen.spec.map(|s| s.to_string());
        (unknown || *seen.image.id == self.image)
            && *seen.image.reference == self.reference
            && (spec.is_none() || self.spec.is_none() || spec == self.spec)
    }

    /// With what this sighting tells and was not known.
    fn with(mut self, seen: &Sighting) -> Self {
        if self.image.is_empty() {
            self.image = seen.image.id.to_string();
        }
        self.spec = self.spec.or_else(|| seen.spec.map(|s| s.to_string()));
        self
    }
}

/// See [`Journal::saw`](super::Journal::saw).
pub(super) fn saw(
    connection: &mut Connection,
    instance: &str,
    sightings: &[Sighting],
    now: Timestamp,
) -> Result<(), Fault> {
    let mut pictures: BTreeMap<String, Vec<&Sighting>> = BTreeMap::new();
    for sighting in sightings {
        pictures.entry(key(&sighting.service)).or_default().push(sighting);
    }
    let step = exclusive(connection)?;
    let mut grown = false;
    for (service, picture) in &pictures {
        grown |= see(&step, instance, service, picture, micros(now))?;
    }
    if grown {
        prune(&step, KEPT)?;
    }
    step.commit()?;
    Ok(())
}

/// One picture of one service; whether something is new.
fn see(
    step: &Transaction<'_>,
    instance: &str,
    service: &str,
    picture: &[&Sighting],
    now: i64,
) -> Result<bool, Fault> {
    let (newest, last): (i64, Option<i64>) = step
        .prepare_cached(
            "SELECT coalesce(max(number), 0), max(last_seen) FROM revisions WHERE instance = ?1 AND service = ?2",
        )?
        .query_row(params![instance, service], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let at = picture.iter().map(|s| micros(s.at)).max().unwrap_or(0);
    // A clock that was wrong once must not stop history until that time comes.
    if last.is_some_and(|last| at < last && last <= now + AHEAD) {
        return Ok(false);
    }
    let mut gone = current(step, instance, service)?;
    let mut kept: Vec<Current> = Vec::new();
    let mut number = newest;
    // Those that are fully known choose first; what could be several of them is all of them, so
    // that an engine that tells little at first does not end what goes on.
    let (known, vague): (Vec<&Sighting>, Vec<_>) =
        picture.iter().copied().partition(|s| s.spec.is_some() && !s.image.id.is_empty());
    for seen in known.into_iter().chain(vague) {
        let one = seen.spec.is_some() && !seen.image.id.is_empty();
        let mut again = kept.iter().any(|c| c.is(seen));
        while let Some(at_once) = gone.iter().position(|c| c.is(seen)).filter(|_| !(one && again)) {
            let current = gone.swap_remove(at_once);
            refresh(step, current.id, at, seen)?;
            kept.push(current.with(seen));
            again = true;
        }
        if !again {
            number += 1;
            kept.push(add(step, instance, service, number, at, seen)?);
        }
    }
    for old in gone {
        step.prepare_cached("UPDATE revisions SET current = 0 WHERE id = ?1")?.execute([old.id])?;
    }
    Ok(number > newest)
}

/// A new revision. Where the caller does not say which operation made it, the one that was at this
/// service did: another qd may have seen it first.
fn add(
    step: &Transaction<'_>,
    instance: &str,
    service: &str,
    number: i64,
    at: i64,
    seen: &Sighting,
) -> Result<Current, Fault> {
    let by = match seen.by {
        Some(by) => Some(by),
        None => cause(step, instance, service, at)?,
    };
    let new =
        Current { id: 0, image: String::new(), reference: seen.image.reference.to_string(), spec: None }
            .with(seen);
    step.prepare_cached(
        "INSERT INTO revisions
            (instance, service, number, image, reference, spec, first_seen, last_seen, operation)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)",
    )?
    .execute(params![instance, service, number, new.image, new.reference, new.spec, at, by])?;
    Ok(Current { id: step.last_insert_rowid(), ..new })
}

fn current(step: &Transaction<'_>, instance: &str, service: &str) -> Result<Vec<Current>, Fault> {
    let mut statement = step.prepare_cached(
        "SELECT id, image, reference, spec FROM revisions
         WHERE instance = ?1 AND service = ?2 AND current = 1 ORDER BY number DESC",
    )?;
    let found = statement.query_map(params![instance, service], |row| {
        Ok(Current { id: row.get(0)?, image: row.get(1)?, reference: row.get(2)?, spec: row.get(3)? })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Seen again; with what was not known of it before. An operation is its cause only if it was
/// under way when the revision was first seen.
fn refresh(step: &Transaction<'_>, id: i64, at: i64, seen: &Sighting) -> Result<(), Fault> {
    step.prepare_cached(
        "UPDATE revisions SET last_seen = max(last_seen, ?2),
            spec = coalesce(spec, ?3),
            image = CASE image WHEN '' THEN ?4 ELSE image END,
            operation = coalesce(operation,
                (SELECT o.id FROM operations o WHERE o.id = ?5 AND o.at <= revisions.first_seen))
         WHERE id = ?1",
    )?
    .execute(params![id, at, seen.spec.map(|s| s.to_string()), &*seen.image.id, seen.by])?;
    Ok(())
}

/// Keep that many, those last seen latest.
pub(super) fn prune(step: &Connection, keep: i64) -> Result<(), Fault> {
    let rows: i64 = step.query_row("SELECT count(*) FROM revisions", [], |row| row.get(0))?;
    if rows > keep + keep / 10 {
        step.execute(
            "DELETE FROM revisions WHERE id IN (SELECT id FROM revisions ORDER BY last_seen, id LIMIT ?1)",
            [rows - keep],
        )?;
    }
    Ok(())
}

/// See [`Journal::revisions`](super::Journal::revisions).
pub(super) fn of(
    connection: &Connection,
    instance: &str,
    service: &ServiceId,
) -> Result<Vec<Revision>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT number, reference, image, spec, first_seen, last_seen, operation, current FROM revisions
         WHERE instance = ?1 AND service = ?2 ORDER BY number DESC",
    )?;
    let mut rows = statement.query(params![instance, key(service)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let spec: Option<String> = row.get(3)?;
        found.push(Revision {
            service: service.clone(),
            number: row.get(0)?,
            image: rows::image(&row.get::<_, String>(1)?, &row.get::<_, String>(2)?),
            spec: spec.as_deref().map(rows::spec).transpose()?,
            first_seen: time(row.get(4)?)?,
            last_seen: time(row.get(5)?)?,
            by: row.get(6)?,
            current: row.get(7)?,
        });
    }
    Ok(found)
}
