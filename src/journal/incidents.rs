//! Incidents, silences, and who was told, in SQL.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::fault::Fault;
use super::operations::{exclusive, missing};
use super::process::lives;
use super::rows::{self, key, line, micros, person, service, time};
use super::{IncidentQuery, Notice, NoticeCounts, NoticeEnd, Query, Who};
use crate::alert::{Acknowledged, End, Incident, Key, Occasion, Severity, Silence};

/// What is read of an incident.
const COLUMNS: &str = "i.id, i.rule, i.service, i.severity, i.condition, i.description, i.figures, \
                       i.since, i.opened, i.times, i.closed, i.ended, a.at, a.who, a.note, i.instance, i.told";
/// Each with its newest acknowledgement.
const JOINED: &str = "incidents i LEFT JOIN acknowledgements a ON a.id =
    (SELECT max(id) FROM acknowledgements WHERE incident = i.id)";

/// See [`Journal::incident_opened`](super::Journal::incident_opened).
pub(super) fn opened(
    connection: &mut Connection,
    instance: &str,
    incident: &Incident,
) -> Result<Incident, Fault> {
    let step = exclusive(connection)?;
    let service = incident.key.service.as_ref().map(key);
    let known = |step: &Connection| -> Result<Option<Incident>, Fault> {
        let mut statement = step.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM {JOINED}
             WHERE i.instance = ?1 AND i.rule = ?2 AND ifnull(i.service, '') = ifnull(?3, '') AND i.closed IS NULL"
        ))?;
        let mut rows = statement.query(params![instance, &*incident.key.rule, service])?;
        rows.next()?.map(|row| one(row).map(|(_, incident)| incident)).transpose()
    };
    // Asked first: a number that is not used would be missed.
    if let Some(known) = known(&step)? {
        return Ok(known);
    }
    step.prepare_cached(
        "INSERT INTO incidents
            (instance, rule, service, severity, condition, description, figures, since, opened, times, told)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        instance,
        &*incident.key.rule,
        service,
        incident.severity.word(),
        &*incident.condition,
        &*incident.description,
        &*incident.figures,
        micros(incident.since),
        micros(incident.opened),
        incident.times,
        incident.told,
    ])?;
    let made = known(&step)?.ok_or_else(|| missing("incident just written"))?;
    step.commit()?;
    Ok(made)
}

/// See [`Journal::incident_told`](super::Journal::incident_told).
pub(super) fn told(connection: &Connection, id: i64) -> Result<(), Fault> {
    connection
        .prepare_cached("UPDATE incidents SET told = 1 WHERE id = ?1 AND closed IS NULL AND told = 0")?
        .execute([id])?;
    Ok(())
}

/// See [`Journal::incident_closed`](super::Journal::incident_closed).
pub(super) fn closed(connection: &Connection, id: i64, incident: &Incident) -> Result<bool, Fault> {
    let Some((at, end)) = incident.closed else { return Ok(false) };
    let changed = connection
        .prepare_cached(
            "UPDATE incidents SET closed = ?2, ended = ?3, figures = ?4, times = max(times, ?5)
             WHERE id = ?1 AND closed IS NULL",
        )?
        .execute(params![id, micros(at), end.word(), &*incident.figures, incident.times])?;
    Ok(changed > 0)
}

/// See [`Journal::acknowledge`](super::Journal::acknowledge).
pub(super) fn acknowledge(
    connection: &mut Connection,
    id: i64,
    who: &Who,
    note: &str,
    at: Timestamp,
) -> Result<Incident, Fault> {
    let step = exclusive(connection)?;
    let there: Option<Option<i64>> =
        step.query_row("SELECT closed FROM incidents WHERE id = ?1", [id], |row| row.get(0)).optional()?;
    if there != Some(None) {
        return Err(missing(&format!("open incident {id}")));
    }
    step.execute(
        "INSERT INTO acknowledgements (incident, at, who, note) VALUES (?1, ?2, ?3, ?4)",
        params![id, micros(at), person(who), note],
    )?;
    let found = by_number(&step, id)?;
    step.commit()?;
    found.ok_or_else(|| missing(&format!("incident {id}")))
}

/// One of them.
pub(super) fn by_number(connection: &Connection, id: i64) -> Result<Option<Incident>, Fault> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM {JOINED} WHERE i.id = ?1"))?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(|row| one(row).map(|(_, incident)| incident)).transpose()
}

/// See [`Journal::incidents`](super::Journal::incidents).
pub(super) fn all(connection: &Connection, query: &IncidentQuery) -> Result<Vec<(String, Incident)>, Fault> {
    let Query { instance, service, since, limit } = &query.of;
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {JOINED}
         WHERE (?1 IS NULL OR i.instance = ?1) AND (?2 IS NULL OR i.service = ?2)
            AND (?3 IS NULL OR i.closed IS NULL OR i.closed >= ?3) AND (?4 = 0 OR i.closed IS NULL)
         ORDER BY i.opened DESC, i.id DESC LIMIT ?5"
    ))?;
    let limit = limit.map_or(-1, i64::from);
    let key = service.as_ref().map(key);
    let mut rows = statement.query(params![instance, key, since.map(micros), query.open, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(one(row)?);
    }
    Ok(found)
}

fn one(row: &Row<'_>) -> Result<(String, Incident), Fault> {
    let text = |at: usize| row.get::<_, String>(at);
    let label = |at: usize| Ok::<Arc<str>, rusqlite::Error>(line(&text(at)?).into());
    let of: Option<String> = row.get(2)?;
    let severity = text(3)?;
    let closed: Option<i64> = row.get(10)?;
    let end = match row.get::<_, Option<String>>(11)? {
        Some(word) => End::ALL.into_iter().find(|end| end.word() == word),
        None => None,
    };
    let seen: Option<i64> = row.get(12)?;
    let acknowledged = match seen {
        Some(at) => {
            Some(Acknowledged { at: time(at)?, who: rows::who(&text(13)?)?.words().into(), note: label(14)? })
        }
        None => None,
    };
    let incident = Incident {
        id: Some(row.get(0)?),
        key: Key { rule: label(1)?, service: of.as_deref().map(service).transpose()? },
        severity: Severity::from_word(&severity)
            .ok_or_else(|| Fault::Nonsense(format!("no severity: {severity}")))?,
        condition: label(4)?,
        description: label(5)?,
        figures: label(6)?,
        since: time(row.get(7)?)?,
        opened: time(row.get(8)?)?,
        times: row.get(9)?,
        closed: closed.map(|at| Ok::<_, Fault>((time(at)?, end.unwrap_or(End::Over)))).transpose()?,
        muted: None,
        acknowledged,
        told: row.get(16)?,
    };
    Ok((text(15)?, incident))
}

/// See [`Journal::silence`](super::Journal::silence).
pub(super) fn silence(
    connection: &Connection,
    instance: &str,
    silence: &Silence,
    who: &Who,
) -> Result<i64, Fault> {
    connection.execute(
        "INSERT INTO silences (instance, target, at, until, who, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            instance,
            &*silence.target,
            micros(silence.at),
            micros(silence.until),
            person(who),
            &*silence.reason
        ],
    )?;
    Ok(connection.last_insert_rowid())
}

/// See [`Journal::lift`](super::Journal::lift).
pub(super) fn lift(connection: &Connection, id: i64, at: Timestamp) -> Result<(), Fault> {
    let changed = connection.execute(
        "UPDATE silences SET lifted = ?2 WHERE id = ?1 AND lifted IS NULL AND until > ?2",
        params![id, micros(at)],
    )?;
    if changed == 0 { Err(missing(&format!("silence {id} in force"))) } else { Ok(()) }
}

/// See [`Journal::silences`](super::Journal::silences).
pub(super) fn silences(
    connection: &Connection,
    instance: &str,
    at: Timestamp,
) -> Result<Vec<Silence>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT id, target, at, until, who, reason FROM silences
         WHERE instance = ?1 AND until > ?2 AND lifted IS NULL ORDER BY until",
    )?;
    let mut rows = statement.query(params![instance, micros(at)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |at: usize| row.get::<_, String>(at);
        found.push(Silence {
            id: row.get(0)?,
            target: line(&text(1)?).into(),
            at: time(row.get(2)?)?,
            until: time(row.get(3)?)?,
            who: rows::who(&text(4)?)?.words().into(),
            reason: line(&text(5)?).into(),
        });
    }
    Ok(found)
}

/// See [`Journal::promise`](super::Journal::promise).
pub(super) fn promise(
    connection: &mut Connection,
    incident: i64,
    what: Occasion,
    targets: &[String],
    who: &Who,
    at: Timestamp,
) -> Result<Vec<Notice>, Fault> {
    let step = exclusive(connection)?;
    let mut made = Vec::new();
    for target in targets {
        let changed = step
            .prepare_cached(
                "INSERT OR IGNORE INTO notices (incident, what, target, at, owner, beat)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?4)",
            )?
            .execute(params![incident, what.word(), target, micros(at), person(who)])?;
        if changed > 0 {
            made.push(Notice { id: step.last_insert_rowid(), incident, what, target: target.clone(), at });
        }
    }
    step.commit()?;
    Ok(made)
}

/// See [`Journal::settle`](super::Journal::settle).
pub(super) fn settle(connection: &Connection, id: i64, end: &NoticeEnd, at: Timestamp) -> Result<(), Fault> {
    let (state, note) = match end {
        NoticeEnd::Sent => ("sent", ""),
        NoticeEnd::Dropped(why) => ("dropped", why.as_str()),
    };
    connection
        .prepare_cached(
            "UPDATE notices SET state = ?2, note = ?3, settled = ?4 WHERE id = ?1 AND state = 'promised'",
        )?
        .execute(params![id, state, note, micros(at)])?;
    Ok(())
}

/// See [`Journal::inherit`](super::Journal::inherit).
pub(super) fn inherit(
    connection: &mut Connection,
    instance: &str,
    who: &Who,
    ours: &[i64],
    at: Timestamp,
) -> Result<Vec<(Notice, Incident)>, Fault> {
    let step = exclusive(connection)?;
    let mut left = Vec::new();
    {
        let mut statement = step.prepare_cached(
            "SELECT n.id, n.incident, n.what, n.target, n.at, n.owner, n.beat FROM notices n
             JOIN incidents i ON i.id = n.incident
             WHERE n.state = 'promised' AND i.instance = ?1 ORDER BY n.id",
        )?;
        let mut rows = statement.query([instance])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let owner = rows::who(&row.get::<_, String>(5)?)?;
            let own = person(&owner) == person(who);
            let free = if own { !ours.contains(&id) } else { !lives(&owner, time(row.get(6)?)?, at) };
            let Some(what) = Occasion::from_word(&row.get::<_, String>(2)?) else { continue };
            if free {
                let target = line(&row.get::<_, String>(3)?);
                left.push(Notice { id, incident: row.get(1)?, what, target, at: time(row.get(4)?)? });
            }
        }
        let mut beat =
            step.prepare_cached("UPDATE notices SET beat = ?2 WHERE id = ?1 AND state = 'promised'")?;
        for id in ours {
            beat.execute(params![id, micros(at)])?;
        }
    }
    let mut found = Vec::new();
    for notice in left {
        step.execute(
            "UPDATE notices SET owner = ?2, beat = ?3 WHERE id = ?1",
            params![notice.id, person(who), micros(at)],
        )?;
        if let Some(incident) = by_number(&step, notice.incident)? {
            found.push((notice, incident));
        }
    }
    step.commit()?;
    Ok(found)
}

/// See [`Journal::notices`](super::Journal::notices).
pub(super) fn counts(connection: &Connection, instance: &str) -> Result<NoticeCounts, Fault> {
    let count = |state: &str| {
        connection
            .prepare_cached(
                "SELECT count(*) FROM notices n JOIN incidents i ON i.id = n.incident
                 WHERE i.instance = ?1 AND n.state = ?2",
            )?
            .query_row(params![instance, state], |row| row.get::<_, i64>(0))
    };
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    Ok(NoticeCounts { promised: number(count("promised")?), dropped: number(count("dropped")?) })
}
