#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Batch, Follow, FollowOptions, Pressure, Subject};
use crate::engine::{
    Details, Done, Engine, EngineError, LogChunk, LogQuery, Order, Query, Secrets, Shell, Survey, TermSize,
};
use crate::fleet::testing::running;
use crate::fleet::{
    EngineId, Event, EventKind, Exit, Image, Link, Observation, Replica, ReplicaId, Role, ServiceId, State,
};
use crate::logs::{Level, Stream};

/// An engine that keeps logs as Docker does: one per replica over all its runs; a followed stream
/// ends with the run; `since` and `until` are only as fine as a second; `tail` counts from the end
/// whatever `until` says.
struct Fake {
    id: EngineId,
    logs: Mutex<HashMap<String, watch::Sender<Log>>>,
    queries: Mutex<Vec<(String, LogQuery)>>,
}

#[derive(Clone, Default)]
struct Log {
    /// Time in milliseconds since the epoch of these tests, and the raw line with its end.
    lines: Vec<(i64, String)>,
    up: bool,
    error: Option<EngineError>,
    hangs: bool,
}

const EPOCH: i64 = 1_700_000_000_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(EPOCH + ms).unwrap()
}

impl Fake {
    fn new() -> Arc<Self> {
        Arc::new(Self { id: EngineId::new("fake"), logs: Mutex::default(), queries: Mutex::default() })
    }

    fn edit(&self, id: &str, edit: impl FnOnce(&mut Log)) {
        let mut logs = self.logs.lock().unwrap();
        logs.entry(id.into()).or_insert_with(|| watch::channel(Log::default()).0).send_modify(edit);
    }

    fn print(&self, id: &str, lines: &[(i64, &str)]) {
        self.edit(id, |log| {
            log.up = true;
            log.lines.extend(lines.iter().map(|(at, text)| (*at, format!("{text}\n"))));
        });
    }
}

fn chunk(ms: i64, text: &str) -> LogChunk {
    let stream = if text.starts_with("err") { Stream::Stderr } else { Stream::Stdout };
    LogChunk { stream, bytes: Bytes::from(format!("{:.9} {text}", at(ms))) }
}

impl Engine for Fake {
    fn id(&self) -> &EngineId {
        &self.id
    }
    fn endpoint(&self) -> String {
        "fake://".into()
    }
    fn watch(&self) -> BoxStream<'static, Observation> {
        stream::pending().boxed()
    }
    fn focus(&self, _visible: &[ReplicaId]) {}
    fn list(&self, _usage: bool) -> BoxFuture<'static, Result<Vec<Observation>, EngineError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
    fn logs(&self, of: &ReplicaId, query: &LogQuery) -> BoxStream<'static, Result<LogChunk, EngineError>> {
        self.queries.lock().unwrap().push((of.id.to_string(), query.clone()));
        let mut log = self
            .logs
            .lock()
            .unwrap()
            .entry(of.id.to_string())
            .or_insert_with(|| watch::channel(Log::default()).0)
            .subscribe();
        let now = log.borrow_and_update().clone();
        if let Some(error) = now.error {
            return stream::iter([Err(error)]).boxed();
        }
        if now.hangs {
            return stream::pending().boxed();
        }
        let whole = |at: Timestamp| at.as_second() * 1000 - EPOCH;
        let since = query.since.map_or(i64::MIN, whole);
        let until = query.until.map_or(i64::MAX, |at| whole(at) + 1000);
        let skipped = query.tail.map_or(0, |n| now.lines.len().saturating_sub(n as usize));
        let wanted = move |at: i64| at >= since && at < until;
        let old: Vec<_> = now
            .lines
            .iter()
            .skip(skipped)
            .filter(|(at, _)| wanted(*at))
            .map(|(at, t)| Ok(chunk(*at, t)))
            .collect();
        let old = stream::iter(old);
        if !query.follow {
            return old.boxed();
        }
        let seen = now.lines.len();
        let new = stream::unfold((log, seen), |(mut log, seen)| async move {
            loop {
                let state = log.borrow_and_update().clone();
                if let Some((at, text)) = state.lines.get(seen) {
                    return Some((Ok(chunk(*at, text)), (log, seen + 1)));
                }
                if !state.up {
                    return None;
                }
                log.changed().await.ok()?;
            }
        });
        old.chain(new).boxed()
    }
    fn survey(&self, _: &Query) -> BoxFuture<'static, Result<Survey, EngineError>> {
        Box::pin(std::future::ready(Ok(Survey::default())))
    }
    fn perform(&self, _: Order) -> BoxFuture<'static, Result<Done, EngineError>> {
        Box::pin(std::future::ready(Ok(Done::Unchanged)))
    }
    fn inspect(&self, _of: &ReplicaId) -> BoxFuture<'static, Result<Details, EngineError>> {
        Box::pin(std::future::ready(Err(EngineError::ReadOnly)))
    }
    fn reveal(&self, _of: &ReplicaId) -> BoxFuture<'static, Result<Secrets, EngineError>> {
        Box::pin(std::future::ready(Err(EngineError::ReadOnly)))
    }
    fn shell(
        &self,
        _of: &ReplicaId,
        _argv: &[String],
        _size: TermSize,
    ) -> BoxFuture<'static, Result<Shell, EngineError>> {
        Box::pin(std::future::ready(Err(EngineError::ReadOnly)))
    }

    fn exec(
        &self,
        _: &ReplicaId,
        _: &[String],
        _: Duration,
    ) -> BoxFuture<'static, Result<crate::engine::Output, EngineError>> {
        unimplemented!("not asked here")
    }
}

fn replica_id(id: &str) -> ReplicaId {
    ReplicaId { engine: EngineId::new("fake"), id: id.into() }
}

fn service() -> ServiceId {
    ServiceId { engine: EngineId::new("fake"), project: Some("shop".into()), name: "api".into() }
}

fn replica(id: &str, number: u32) -> Replica {
    Replica {
        id: replica_id(id),
        service: service(),
        created: at(0),
        started: Some(at(0)),
        image: Image { reference: "api:1.0".into(), id: "".into() },
        tty: None,
        ..running("shop", "api", &format!("shop-api-{number}"))
    }
}

fn happened(id: &str, ms: i64, kind: EventKind) -> Observation {
    Observation::Happened(Event {
        at: at(ms),
        replica: replica_id(id),
        service: service(),
        role: Role::Replica,
        kind,
    })
}

fn started(engine: &Arc<Fake>, options: FollowOptions, replicas: Vec<Replica>) -> Follow {
    Follow::start(engine.clone(), Subject::Service(service()), options, replicas)
}

/// Everything until the end, or until nothing came for ten seconds (of paused time).
async fn all(follow: &mut Follow) -> Batch {
    let mut whole = Batch::default();
    while let Ok(Some(batch)) = timeout(Duration::from_secs(10), follow.next()).await {
        whole.lines.extend(batch.lines);
        whole.dropped += batch.dropped;
        whole.errors.extend(batch.errors);
    }
    whole
}

/// Lines as `tag text`, markers as `# text`.
fn words(batch: &Batch) -> Vec<String> {
    batch
        .lines
        .iter()
        .map(|line| match line.stream {
            Stream::Marker => format!("# {}", line.text),
            _ => format!("{} {}", line.source.tag, line.text),
        })
        .collect()
}

const FOLLOW: FollowOptions = FollowOptions {
    tail: Some(100),
    since: None,
    until: None,
    follow: true,
    previous: false,
    starts: Vec::new(),
    pressure: Pressure::Wait,
};
const READ: FollowOptions = FollowOptions {
    tail: None,
    since: None,
    until: None,
    follow: false,
    previous: false,
    starts: Vec::new(),
    pressure: Pressure::Wait,
};

#[tokio::test(start_paused = true)]
async fn history_of_several_replicas_is_merged_by_time_and_ends() {
    let engine = Fake::new();
    engine.print("a", &[(1000, "one"), (3000, "ERROR three"), (3001, "  at stack"), (5000, "five")]);
    engine.print("b", &[(2000, "two"), (4000, "err four")]);
    for options in [READ, FollowOptions { tail: Some(100), ..READ }] {
        let mut follow = started(&engine, options, vec![replica("a", 1), replica("b", 2)]);
        let got = all(&mut follow).await;
        assert_eq!(
            words(&got),
            [
                "api-1 one",
                "api-2 two",
                "api-1 ERROR three",
                "api-1   at stack",
                "api-2 err four",
                "api-1 five"
            ]
        );
        assert_eq!(got.lines[0].at, (EPOCH + 1000) * 1_000_000);
        assert_eq!((got.lines[2].level, got.lines[3].level), (Level::Error, Level::Error));
        assert_eq!(got.lines[4].stream, Stream::Stderr);
        assert!(follow.next().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn tail_since_and_until_hold_to_the_millisecond() {
    let engine = Fake::new();
    engine.print("a", &[(1000, "1"), (2000, "2"), (2400, "2.4"), (2600, "2.6"), (3000, "3")]);
    for (tail, since, until, want) in [
        (Some(2), None, None, &["2.6", "3"][..]),
        (None, Some(2400), None, &["2.4", "2.6", "3"]),
        (None, None, Some(2600), &["1", "2", "2.4"]),
        (Some(2), None, Some(2600), &["2", "2.4"]),
        (Some(0), None, None, &[]),
    ] {
        let options = FollowOptions { tail, since: since.map(at), until: until.map(at), ..READ };
        let got = all(&mut started(&engine, options, vec![replica("a", 1)])).await;
        let texts: Vec<&str> = got.lines.iter().map(|l| &*l.text).collect();
        assert_eq!(texts, want, "{tail:?} {since:?} {until:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_loses_nothing_and_repeats_nothing() {
    let engine = Fake::new();
    engine.print("a", &[(1000, "old")]);
    let mut follow = started(&engine, FOLLOW, vec![replica("a", 1)]);
    let feed = follow.feed();
    assert_eq!(words(&all(&mut follow).await), ["api-1 old"]);
    // Three lines of one instant, as engines that stamp by the second have.
    engine.print("a", &[(2000, "same"), (2000, "same"), (2000, "same")]);
    assert_eq!(words(&all(&mut follow).await).len(), 3);
    engine.edit("a", |log| log.up = false);
    feed.observe(&happened("a", 2100, EventKind::Died(Exit { code: 1, oom: false })));
    assert_eq!(words(&all(&mut follow).await), ["# api-1 died: exit 1 after 2.1 s"]);
    engine.print("a", &[(2000, "late"), (3000, "new")]);
    feed.observe(&happened("a", 2900, EventKind::Started));
    let got = all(&mut follow).await;
    let mut got = words(&got);
    got.sort();
    assert_eq!(got, ["# api-1 started", "api-1 late", "api-1 new"]);
    // The replica itself tells the same start again: no news.
    let mut same = replica("a", 1);
    same.started = Some(at(2950));
    feed.observe(&Observation::Applied { at: at(3000), replica: Box::new(same) });
    engine.print("a", &[(4000, "end")]);
    assert_eq!(words(&all(&mut follow).await), ["api-1 end"]);
}

#[tokio::test(start_paused = true)]
async fn what_goes_after_its_successor_came_is_not_taken_for_the_latest() {
    let engine = Fake::new();
    engine.print("a", &[]);
    let mut follow = started(&engine, FOLLOW, vec![replica("a", 1)]);
    let feed = follow.feed();
    for (old, new) in [("a", "b"), ("b", "c")] {
        engine.print(new, &[]);
        let mut next = replica(new, 1);
        next.image.reference = format!("api:{new}").into();
        feed.observe(&Observation::Applied { at: at(2000), replica: Box::new(next) });
        feed.observe(&Observation::Removed { at: at(2100), id: replica_id(old) });
    }
    let got = all(&mut follow).await;
    let recreated: Vec<String> = words(&got).into_iter().filter(|it| it.contains("recreated")).collect();
    assert_eq!(recreated, ["# api-1 recreated: 1.0 → b", "# api-1 recreated: b → c"]);
}

#[tokio::test(start_paused = true)]
async fn a_recreated_replica_is_picked_up() {
    let engine = Fake::new();
    engine.print("a", &[(1000, "old")]);
    let mut follow = started(&engine, FOLLOW, vec![replica("a", 1)]);
    let feed = follow.feed();
    all(&mut follow).await;
    engine.edit("a", |log| log.up = false);
    feed.observe(&happened("a", 1500, EventKind::Died(Exit { code: 137, oom: true })));
    feed.observe(&happened("a", 1600, EventKind::Destroyed));
    feed.observe(&Observation::Removed { at: at(1600), id: replica_id("a") });
    engine.print("b", &[(2000, "hello")]);
    let mut new = replica("b", 1);
    new.image.reference = "api:1.1".into();
    new.created = Timestamp::now();
    new.started = None;
    feed.observe(&Observation::Applied { at: at(2000), replica: Box::new(new) });
    // Of another service: none of ours.
    let mut other = replica("c", 1);
    other.service.name = "web".into();
    engine.print("c", &[(2000, "not ours")]);
    feed.observe(&Observation::Applied { at: at(2000), replica: Box::new(other) });
    let got = all(&mut follow).await;
    let mut got = words(&got);
    got.sort();
    assert_eq!(
        got,
        [
            "# api-1 died: OOM-killed (exit 137) after 1.5 s",
            "# api-1 recreated: 1.0 → 1.1",
            "# api-1 removed",
            "api-1 hello"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_log_is_told_for_that_replica_alone() {
    let engine = Fake::new();
    let error = EngineError::Unsupported {
        why: "the log driver `none` keeps no logs".into(),
        remedy: "Use another.".into(),
    };
    engine.edit("a", |log| log.error = Some(error.clone()));
    engine.print("b", &[(1000, "fine")]);
    for options in [READ, FOLLOW] {
        let mut follow = started(&engine, options, vec![replica("a", 1), replica("b", 2)]);
        let got = all(&mut follow).await;
        assert_eq!(got.errors.len(), 1);
        assert_eq!((&*got.errors[0].0.tag, &got.errors[0].1), ("api-1", &error));
        let mut got = words(&got);
        got.sort();
        assert_eq!(got.len(), 2, "{got:?}");
        assert_eq!(
            got[0],
            "# logs of api-1 can't be read: the log driver `none` keeps no logs. Use another."
        );
        assert_eq!(got[1], "api-2 fine");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hanging_log_does_not_hold_up_the_others() {
    let engine = Fake::new();
    engine.edit("a", |log| log.hangs = true);
    engine.print("b", &[(1000, "fine")]);
    let mut follow = started(&engine, FOLLOW, vec![replica("a", 1), replica("b", 2)]);
    assert_eq!(words(&all(&mut follow).await), ["api-2 fine"]);
    engine.print("b", &[(2000, "still")]);
    assert_eq!(words(&all(&mut follow).await), ["api-2 still"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_engine_is_told_once_and_the_log_goes_on() {
    let engine = Fake::new();
    engine.print("a", &[(1000, "before")]);
    let mut follow = started(&engine, FOLLOW, vec![replica("a", 1)]);
    let feed = follow.feed();
    all(&mut follow).await;
    engine.edit("a", |log| {
        log.up = false;
        log.error = Some(EngineError::Disconnected { why: "broken pipe".into() });
    });
    for _ in 0..3 {
        let retry_in = Duration::from_secs(1);
        feed.observe(&Observation::Link(Link::Lost {
            why: "no answer".into(),
            remedy: String::new(),
            retry_in,
        }));
    }
    assert_eq!(words(&all(&mut follow).await), ["# connection to the engine lost: no answer"]);
    engine.edit("a", |log| log.error = None);
    engine.print("a", &[(2000, "after")]);
    feed.observe(&Observation::Link(Link::Live));
    let mut got = words(&all(&mut follow).await);
    got.sort();
    assert_eq!(got, ["# connection to the engine is back", "api-1 after"]);
}

#[tokio::test(start_paused = true)]
async fn live_lines_of_several_replicas_are_put_in_order() {
    let engine = Fake::new();
    engine.print("a", &[]);
    engine.print("b", &[]);
    let mut follow = started(&engine, FOLLOW, vec![replica("a", 1), replica("b", 2)]);
    assert!(all(&mut follow).await.lines.is_empty());
    engine.print("a", &[(1000, "1"), (1040, "3")]);
    tokio::time::sleep(Duration::from_millis(20)).await;
    engine.print("b", &[(1020, "2"), (1060, "4")]);
    assert_eq!(words(&all(&mut follow).await), ["api-1 1", "api-2 2", "api-1 3", "api-2 4"]);
}

#[tokio::test(start_paused = true)]
async fn a_line_without_end_is_shown_after_a_while() {
    let engine = Fake::new();
    engine.print("a", &[(1000, "first")]);
    let mut follow = started(&engine, FOLLOW, vec![replica("a", 1)]);
    all(&mut follow).await;
    engine.edit("a", |log| log.lines.push((2000, "Password: ".into())));
    let before = tokio::time::Instant::now();
    let batch = follow.next().await.unwrap();
    assert_eq!(words(&batch), ["api-1 Password: "]);
    let waited = before.elapsed();
    assert!(waited >= Duration::from_millis(250) && waited < Duration::from_millis(500), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pipe_gets_every_line_and_a_console_the_newest() {
    const LINES: i64 = 200_000;
    for pressure in [Pressure::Wait, Pressure::Newest] {
        let engine = Fake::new();
        engine.print("a", &[(0, "first")]);
        let mut follow = started(&engine, FollowOptions { pressure, ..FOLLOW }, vec![replica("a", 1)]);
        all(&mut follow).await;
        engine.edit("a", |log| {
            for n in 1..=LINES / 100 {
                // A hundred lines in a chunk, to keep the test fast.
                let mut text = String::new();
                for i in 0..100 {
                    let _ = if i == 0 { writeln!(text, "x") } else { writeln!(text, "{:.9} x", at(n)) };
                }
                log.lines.push((n, text));
            }
        });
        // A reader who comes late.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let got = all(&mut follow).await;
        assert_eq!(got.lines.len() as u64 + got.dropped, LINES as u64, "{pressure:?}");
        assert_eq!(got.lines.last().unwrap().at, (EPOCH + LINES / 100) * 1_000_000, "the newest arrives");
        match pressure {
            Pressure::Wait => assert_eq!(got.dropped, 0),
            Pressure::Newest => assert!(got.dropped > 0 && got.lines.len() <= 60_000, "{}", got.lines.len()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_run_before_the_restart() {
    let engine = Fake::new();
    engine.print("a", &[(500, "first run"), (1000, "crash"), (5000, "again")]);
    let mut up = replica("a", 1);
    (up.finished, up.started) = (Some(at(2000)), Some(at(4990)));
    let options = FollowOptions { previous: true, ..FOLLOW };
    let got = all(&mut started(&engine, options.clone(), vec![up.clone()])).await;
    assert_eq!(words(&got), ["api-1 first run", "api-1 crash"], "nobody saw when the run began");
    let starts = [-500, 950, 4990].map(|ms| (replica_id("a"), at(ms))).to_vec();
    let seen = FollowOptions { starts, ..options.clone() };
    assert_eq!(words(&all(&mut started(&engine, seen, vec![up])).await), ["api-1 crash"]);
    let mut down = replica("a", 1);
    (down.state, down.started, down.finished) = (State::Exited, Some(at(4990)), Some(at(6000)));
    assert_eq!(words(&all(&mut started(&engine, options, vec![down])).await), ["api-1 again"]);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_follow_ends_its_streams() {
    let engine = Fake::new();
    engine.print("a", &[(1000, "x")]);
    let mut follow = started(&engine, FOLLOW, vec![replica("a", 1)]);
    all(&mut follow).await;
    let open = |engine: &Fake| engine.logs.lock().unwrap()["a"].receiver_count();
    assert_eq!(open(&engine), 1);
    drop(follow);
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(open(&engine), 0);
}
