//! Everything there is to be found about a death: asked of the engine, the log and the journal.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use super::sight::ended;
use super::{Cause, Check, CheckResult, LogLine, Record, Sight, Signal, Subject, history};
use crate::engine::{Details, Engine};
use crate::fleet::{EventKind, Exit, ServiceId};
use crate::follow::{Follow, FollowOptions, Subject as Whose};
use crate::journal::{Journal, JournalError, Query};
use crate::logs::{Level, Line, Stream};
use crate::text::{human, mask, sanitize};

/// Lines of its log.
const LINES: usize = 200;
/// Lines asked for: some may be of the run after.
const ASKED: u64 = 400;
/// Columns kept of a line.
const COLUMNS: usize = 2000;
/// How long each question may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// An end's event and its time in facts differ by no more.
const SAME: SignedDuration = SignedDuration::from_secs(2);
/// The same event told twice.
const TWICE: SignedDuration = SignedDuration::from_millis(60);
/// A stop is told this long after the end it brings, at most.
const TOLD_AFTER: SignedDuration = SignedDuration::from_secs(3);
/// Deaths further apart are no spell.
const SPELL: SignedDuration = SignedDuration::from_mins(10);
/// What nobody knows of a death nobody saw.
pub(super) const UNSEEN: &str =
    "usage and the machine before: quarterdeck was not looking on (the console and qd watch do)";
/// How far back things are told.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Collect it. What can't be found out is named in the record. `first` is what the engine said right
/// after the death, where somebody asked: a restart makes it forget.
pub async fn collect(
    engine: &Arc<dyn Engine>,
    journal: Option<&Journal>,
    sight: &Sight,
    first: Option<Details>,
) -> Record {
    let (replica, at) = (&sight.replica, sight.at);
    let compose = replica.compose.as_ref();
    let mut it = Record {
        host: sight.host.clone(),
        of: Subject {
            engine: replica.service.engine.to_string(),
            service: replica.service.path(),
            replica: replica.name.to_string(),
            id: replica.id.id.to_string(),
            image: replica.image.reference.to_string(),
            image_id: replica.image.id.to_string(),
            config_hash: compose.and_then(|it| it.config_hash.as_deref()).map(str::to_owned),
            created: Some(replica.created),
        },
        at,
        usage: sight.usage.clone(),
        machine: sight.machine,
        probes: sight.probes.clone(),
        outage: sight.outage,
        limit: replica.limits.memory,
        restarts: replica.restarts,
        witnessed: sight.witnessed,
        first: at,
        times: 1,
        ..Record::default()
    };
    let events = events(engine, sight, &mut it).await;
    inspect(engine, sight, first, &mut it).await;
    death(sight, &events, &mut it);
    it.log = log(engine, sight, &events, &mut it.unknown).await;
    if let Some(journal) = journal
        && let Err(error) = history::tell(journal, sight, &mut it).await
    {
        it.unknown.push(format!("what was done and changed before: {error}"));
    } else if journal.is_none() {
        it.unknown.push("what was done and changed before: there is no journal".into());
    }
    if it.usage.is_empty() && !it.witnessed {
        let why =
            "usage and the machine before: quarterdeck was not looking on (the console and qd watch do)";
        it.unknown.push(why.into());
    }
    it
}

/// What the engine told of it while somebody looked on, and what it remembers besides.
async fn events(engine: &Arc<dyn Engine>, sight: &Sight, it: &mut Record) -> Vec<(Timestamp, EventKind)> {
    let mut events = sight.events.clone();
    match timeout(PATIENCE, engine.remembered(&sight.replica.id, sight.at - HOUR)).await {
        Ok(Ok(remembered)) => {
            for (at, kind) in remembered {
                let known = events.iter().any(|(then, same)| {
                    at.duration_since(*then).abs() <= TWICE
                        && std::mem::discriminant(same) == std::mem::discriminant(&kind)
                });
                if !known {
                    events.push((at, kind));
                }
            }
        }
        Ok(Err(error)) => it.unknown.push(format!("what the engine remembers: {error}")),
        Err(_) => it.unknown.push("what the engine remembers: it did not answer in time".into()),
    }
    events.sort_by_key(|(at, _)| *at);
    events
}

async fn inspect(engine: &Arc<dyn Engine>, sight: &Sight, first: Option<Details>, it: &mut Record) {
    let details = match first {
        Some(details) => details,
        None => match timeout(PATIENCE, engine.inspect(&sight.replica.id)).await {
            Ok(Ok(details)) => details,
            Ok(Err(error)) => return it.unknown.push(format!("what the engine knows of it: {error}")),
            Err(_) => {
                return it.unknown.push("what the engine knows of it: it did not answer in time".into());
            }
        },
    };
    let replica = &details.replica;
    it.policy.clone_from(&details.restart_policy);
    it.restarts = replica.restarts.or(it.restarts);
    it.limit = replica.limits.memory.or(it.limit);
    let of_this = ended(replica).is_some_and(|end| end.duration_since(it.at).abs() <= SAME);
    if of_this && !replica.is_up() {
        (it.exit, it.oom) = replica.exit.map_or((None, false), |exit| (Some(exit.code), exit.oom));
        it.error.clone_from(&details.error);
        it.started = replica.started.filter(|started| *started <= it.at);
    }
    let results = details.health_log.iter().filter(|result| result.start <= it.at);
    let results: Vec<CheckResult> = results
        .map(|result| CheckResult { at: result.start, exit: result.exit, output: result.output.clone() })
        .collect();
    it.check = details.health.filter(|_| !results.is_empty()).map(|spec| {
        let failed = results.iter().rev().take_while(|result| result.exit != 0).count();
        let streak = if of_this { details.failing_streak } else { 0 };
        let streak = streak.max(u32::try_from(failed).unwrap_or(u32::MAX));
        Check { test: spec.test.join(" "), streak, results }
    });
}

/// How it died, and how often, as the engine told it.
fn death(sight: &Sight, events: &[(Timestamp, EventKind)], it: &mut Record) {
    let at = it.at;
    let near = |then: Timestamp| then.duration_since(at).abs() <= SAME;
    let told = events.iter().filter(|(then, kind)| near(*then) && matches!(kind, EventKind::Died(_)));
    let told = told.min_by_key(|(then, _)| then.duration_since(at).abs());
    it.told = told.is_some();
    let exit = sight.exit.or(match told {
        Some((_, EventKind::Died(exit))) => Some(*exit),
        _ => None,
    });
    if let Some(Exit { code, oom }) = exit {
        it.exit = Some(code);
        it.oom |= oom;
    }
    let began = events.iter().filter(|(then, kind)| *then <= at && *kind == EventKind::Started);
    let began = began.map(|(then, _)| *then).max();
    // What began long ago nobody has to remember.
    let young = |started: Timestamp| at.duration_since(started) <= HOUR;
    it.start_told = began.is_some() || it.witnessed;
    it.started = began.max(it.started).or(sight.replica.started.filter(|started| *started <= at));
    it.start_told |= it.started.is_some_and(|started| !young(started));
    let in_run = |then: Timestamp| then <= at + TWICE && it.started.is_none_or(|began| then >= began);
    it.oom_at =
        events.iter().filter(|(then, kind)| in_run(*then) && *kind == EventKind::Oom).map(|e| e.0).max();
    it.oom |= it.oom_at.is_some_and(|oom| at.duration_since(oom) <= SignedDuration::from_secs(10));
    it.signals = events
        .iter()
        .filter_map(|(then, kind)| match kind {
            EventKind::Killed(signal) if in_run(*then) => Some(Signal { at: *then, signal: signal.clone() }),
            _ => None,
        })
        .collect();
    it.stopped = was_stopped(events, at);
    it.ends = spell(events, at);
    if !it.told && sight.replica.restarts.is_some_and(|n| n > 1) {
        // Nobody remembers each of them; all of them fall into its short life.
        let young = at.duration_since(sight.replica.created) <= HOUR;
        if young {
            it.times = sight.replica.restarts.unwrap_or(1);
            it.first = sight.replica.created;
        }
    }
    it.tidy();
}

/// Whether the end at that time was a stop (or a restart) somebody asked for.
fn was_stopped(events: &[(Timestamp, EventKind)], at: Timestamp) -> bool {
    events.iter().any(|(then, kind)| {
        let after = then.duration_since(at);
        *kind == EventKind::Stopped && after >= -TWICE && after <= TOLD_AFTER
    })
}

/// Its deaths that nobody asked for, back to the last calm; the newest is the one at that time.
fn spell(events: &[(Timestamp, EventKind)], at: Timestamp) -> Vec<Timestamp> {
    let mut ends = vec![at];
    let deaths =
        events.iter().rev().filter(|(then, kind)| *then < at - TWICE && matches!(kind, EventKind::Died(_)));
    for (then, _) in deaths {
        let last = ends.last().copied().unwrap_or(at);
        if last.duration_since(*then) > SPELL || was_stopped(events, *then) {
            break;
        }
        ends.push(*then);
    }
    ends
}

/// The last lines it logged before it died.
async fn log(
    engine: &Arc<dyn Engine>,
    sight: &Sight,
    events: &[(Timestamp, EventKind)],
    unknown: &mut Vec<String>,
) -> Vec<LogLine> {
    let at = sight.at;
    let next = events.iter().find(|(then, kind)| *then > at && *kind == EventKind::Started);
    let until = next.map_or(at + SignedDuration::from_secs(1), |(then, _)| *then);
    let options = FollowOptions { tail: Some(ASKED), until: Some(until), ..FollowOptions::default() };
    let whose = Whose::Replica(sight.replica.id.clone());
    let mut follow = Follow::start(engine.clone(), whose, options, vec![sight.replica.clone()]);
    let mut lines = Vec::new();
    let read = async {
        while let Some(batch) = follow.next().await {
            for (_, error) in &batch.errors {
                unknown.push(format!("its log: {error}"));
            }
            let before =
                |line: &&Line| line.stream != Stream::Marker && i128::from(line.at) < until.as_nanosecond();
            lines.extend(batch.lines.iter().filter(before).map(kept));
        }
    };
    if timeout(PATIENCE, read).await.is_err() {
        unknown.push("its log: the engine did not send it in time".into());
    }
    lines.drain(..lines.len().saturating_sub(LINES));
    lines
}

fn kept(line: &Line) -> LogLine {
    let level = if line.level == Level::Unknown { "" } else { line.level.word() };
    LogLine {
        at: (line.at > 0).then(|| Timestamp::from_nanosecond(line.at.into()).ok()).flatten(),
        stderr: line.stream == Stream::Stderr,
        level: level.to_owned(),
        // Masked before it is cut: half a secret is not seen to be one.
        text: sanitize::fit(&mask::text(&line.text), COLUMNS).into_owned(),
    }
}

/// A post-mortem that was found or put together.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its number in the journal; `None`: it was put together now.
    pub id: Option<i64>,
    /// What is known.
    pub record: Record,
    /// What else is to be said: one sentence.
    pub note: Option<String>,
}

/// The newest post-mortem of a service: what the journal has of its last death, else what can still
/// be found out. `last` is what is known of that death ([`Sight::newest`]). `None`: nothing of it has
/// died, as far as anybody knows.
///
/// # Errors
/// The journal can't be read.
pub async fn find(
    engine: &Arc<dyn Engine>,
    journal: Option<&Journal>,
    instance: &str,
    service: &ServiceId,
    last: Option<Sight>,
) -> Result<Option<Found>, JournalError> {
    let instance = Some(instance.to_owned());
    let query = Query { instance, service: Some(service.clone()), limit: Some(1), ..Query::default() };
    let kept = match journal {
        Some(journal) => journal.post_mortems(query).await?.into_iter().next(),
        None => None,
    };
    let is_newer = |sight: &Sight| kept.as_ref().is_none_or(|kept| sight.at.duration_since(kept.last) > SAME);
    let newer = match last.filter(is_newer) {
        Some(sight) => Some(collect(engine, journal, &sight, None).await),
        None => None,
    };
    let (Some(kept), Some(journal)) = (kept, journal) else {
        return Ok(newer.map(|record| Found { id: None, record, note: None }));
    };
    let Some(whole) = journal.post_mortem(kept.id).await? else { return Ok(None) };
    let (id, known) = (Some(whole.id), read(&whole.record));
    let Some(record) = newer else { return Ok(Some(Found { id, record: known, note: None })) };
    let cause = Cause::of(&record);
    if cause.kind.is_wanted() {
        let later = human::duration(human::elapsed(kept.last, record.at));
        let note = Some(format!("since then, {later} later: {}", cause.sentence()));
        return Ok(Some(Found { id, record: known, note }));
    }
    // Of the same once more: whoever looks on has not come to write that down yet.
    let same = cause.kind.word() == kept.kind && record.at.duration_since(kept.last) <= SPELL;
    Ok(Some(match same && record.of.id == known.of.id {
        true => Found { id, record: record.after(&known), note: None },
        false => Found { id: None, record, note: None },
    }))
}

/// A record as the journal has it. One that can't be read says so.
pub fn read(json: &str) -> Record {
    serde_json::from_str(json).unwrap_or_else(|error| Record {
        unknown: vec![format!("this record can't be read by this qd: {error}")],
        ..Record::default()
    })
}
