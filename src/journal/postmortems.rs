//! Post-mortems in SQL. The journal keeps a record as JSON and does not look inside.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::Query;
use super::fault::Fault;
use super::operations::exclusive;
use super::rows::{key, line, micros, service, time};
use crate::fleet::ServiceId;

/// How many are kept of an engine, those that died last.
const KEPT: i64 = 200;
/// Deaths further apart are no spell.
const SPELL: SignedDuration = SignedDuration::from_mins(10);
/// Two times of one death, told by several, differ by less.
const SAME: SignedDuration = SignedDuration::from_secs(1);

/// A post-mortem as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostMortem {
    /// Its number, from 1; 0 before it is written.
    pub id: i64,
    /// Which service it is about.
    pub service: ServiceId,
    /// The replica, by id; of what is made anew for every run, the service.
    pub subject: String,
    /// The kind of death, one word. Deaths of one kind that come soon after each other are one.
    pub kind: String,
    /// The first of its deaths.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
    /// How many.
    pub times: u32,
    /// The cause in one sentence, sanitised.
    pub sentence: String,
    /// Everything, as JSON; empty in lists.
    pub record: String,
}

/// Puts a later death of a spell (the second) together with what is written of it.
pub type Merge = fn(&PostMortem, PostMortem) -> PostMortem;

const COLUMNS: &str = "id, service, subject, kind, first, last, times, sentence";

/// See [`Journal::died`](super::Journal::died).
pub(super) fn keep(
    connection: &mut Connection,
    instance: &str,
    new: PostMortem,
    merge: Merge,
) -> Result<i64, Fault> {
    let step = exclusive(connection)?;
    let known = newest(&step, instance, &new.subject)?;
    if let Some(known) = known {
        if new.last <= known.last + SAME {
            return Ok(known.id);
        }
        if known.kind == new.kind && new.last.duration_since(known.last) <= SPELL {
            let id = known.id;
            let merged = merge(&known, new);
            step.prepare_cached(
                "UPDATE postmortems SET first = min(first, ?2), last = ?3, times = max(times, ?4),
                    sentence = ?5, record = ?6 WHERE id = ?1",
            )?
            .execute(params![
                id,
                micros(merged.first),
                micros(merged.last),
                merged.times,
                merged.sentence,
                merged.record
            ])?;
            step.commit()?;
            return Ok(id);
        }
    }
    step.prepare_cached(
        "INSERT INTO postmortems (instance, service, subject, kind, first, last, times, sentence, record)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        instance,
        key(&new.service),
        new.subject,
        new.kind,
        micros(new.first),
        micros(new.last),
        new.times,
        new.sentence,
        new.record
    ])?;
    let id = step.last_insert_rowid();
    step.execute(
        "DELETE FROM postmortems WHERE instance = ?1 AND id NOT IN
            (SELECT id FROM postmortems WHERE instance = ?1 ORDER BY last DESC, id DESC LIMIT ?2)",
        params![instance, KEPT],
    )?;
    step.commit()?;
    Ok(id)
}

fn newest(step: &Connection, instance: &str, subject: &str) -> Result<Option<PostMortem>, Fault> {
    step.prepare_cached(&format!(
        "SELECT {COLUMNS}, record FROM postmortems WHERE instance = ?1 AND subject = ?2
         ORDER BY last DESC LIMIT 1"
    ))?
    .query_row(params![instance, subject], |row| Ok(one(row, true)))
    .optional()?
    .transpose()
}

/// See [`Journal::post_mortem`](super::Journal::post_mortem).
pub(super) fn by_number(connection: &Connection, id: i64) -> Result<Option<PostMortem>, Fault> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS}, record FROM postmortems WHERE id = ?1"))?
        .query_row([id], |row| Ok(one(row, true)))
        .optional()?
        .transpose()
}

/// See [`Journal::post_mortems`](super::Journal::post_mortems).
pub(super) fn all(connection: &Connection, query: &Query) -> Result<Vec<PostMortem>, Fault> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM postmortems
         WHERE (?1 IS NULL OR instance = ?1) AND (?2 IS NULL OR service = ?2) AND (?3 IS NULL OR last >= ?3)
         ORDER BY last DESC, id DESC LIMIT ?4"
    ))?;
    let (service, since) = (query.service.as_ref().map(key), query.since.map(micros));
    let limit = query.limit.map_or(-1, i64::from);
    let mut rows = statement.query(params![query.instance, service, since, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(one(row, false)?);
    }
    Ok(found)
}

fn one(row: &Row<'_>, whole: bool) -> Result<PostMortem, Fault> {
    let text = |at: usize| row.get::<_, String>(at);
    Ok(PostMortem {
        id: row.get(0)?,
        service: service(&text(1)?)?,
        subject: line(&text(2)?),
        kind: line(&text(3)?),
        first: time(row.get(4)?)?,
        last: time(row.get(5)?)?,
        times: row.get(6)?,
        sentence: line(&text(7)?),
        record: if whole { text(8)? } else { String::new() },
    })
}
