//! The world in real time, behind [`Engine`].
//!
//! One task keeps time: it sleeps until something is due, lets the world live until then, and
//! hands what happened to every watcher. The world sits behind a mutex that is held only while it
//! moves; nobody waits for anything while holding it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::clock::Clock;
use super::platform::Platform;
use super::shell;
use super::world::{LogLine, PastOperation, World};
use crate::engine::{
    Answer, Details, DiskUse, Done, Engine, EngineError, LogChunk, LogQuery, Order, Output, Query, Secrets,
    Shell, Storage, Survey, TermSize,
};
use crate::fleet::{EngineId, Link, Listener, Observation, ReplicaId, Revision, State};
use crate::logs::Stream;
use crate::text::human;

/// Observations a watcher may lie behind; then it gets the whole truth anew.
const BACKLOG: usize = 1_024;
/// How long adding up disk use takes.
const ADDING_UP: Duration = Duration::from_millis(1_500);
/// Bytes of a log chunk, about.
const CHUNK: usize = 16 * 1024;

/// Which demo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DemoOptions {
    /// The platform to simulate.
    pub platform: Platform,
    /// Cut or fill it to so many services; `None` = as its guide has it.
    pub services: Option<usize>,
    /// The same seed lives the same life.
    pub seed: u64,
}

/// A simulated engine. Clearly labelled: its kind is `demo`.
pub struct Demo {
    id: EngineId,
    endpoint: String,
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    inner: Mutex<Inner>,
    /// Goes up whenever a replica changed: log readers and shells look whether theirs is still up.
    changed: watch::Sender<u64>,
    /// Wakes the timekeeper: something new was planned.
    planned: tokio::sync::Notify,
}

struct Inner {
    world: World,
    watchers: Vec<Watcher>,
    ticking: bool,
}

struct Watcher {
    tell: mpsc::Sender<Observation>,
    /// It could not keep up: it needs the whole truth before anything else.
    behind: bool,
}

impl Demo {
    /// A demo that starts now.
    pub fn new(options: DemoOptions) -> Self {
        Self::starting_at(options, Timestamp::now())
    }

    /// A demo whose clock shows `start` now and goes on as tokio's does: under a paused tokio
    /// clock, a test owns the time.
    pub fn starting_at(options: DemoOptions, start: Timestamp) -> Self {
        let world = World::new(options.platform, options.services, options.seed, start);
        let inner = Inner { world, watchers: Vec::new(), ticking: false };
        Self {
            id: inner.world.engine().clone(),
            endpoint: inner.world.endpoint(),
            shared: Arc::new(Shared {
                clock: Clock::starting_at(start),
                inner: Mutex::new(inner),
                changed: watch::Sender::new(0),
                planned: tokio::sync::Notify::new(),
            }),
        }
    }
}

impl Demo {
    /// What each service ran up to the demo's beginning, a service's revisions oldest first: what a
    /// journal should know when the demo starts.
    pub fn history(&self) -> Vec<Revision> {
        self.shared.lock().world.history()
    }

    /// What was done before the demo's beginning, oldest first.
    pub fn past_operations(&self) -> Vec<PastOperation> {
        self.shared.lock().world.past_operations()
    }
}

impl Shared {
    /// Nothing in here panics while it holds the lock; a poisoned one is as good as before.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Let the world live until now and hand out what happened; then look at it.
    fn turn<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.lock();
        let happened = inner.world.advance(self.clock.now());
        let changed = happened.iter().any(|o| {
            matches!(
                o,
                Observation::Applied { .. } | Observation::Removed { .. } | Observation::Synced { .. }
            )
        });
        inner.hand_out(&happened);
        let seen = look(&mut inner);
        drop(inner);
        if changed {
            self.changed.send_modify(|n| *n = n.wrapping_add(1));
        }
        seen
    }

    /// Start the timekeeper, once, and only while somebody watches. Called inside a runtime.
    fn tick(self: &Arc<Self>) {
        let mut inner = self.lock();
        if std::mem::replace(&mut inner.ticking, true) {
            return;
        }
        drop(inner);
        let shared = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                let Some(shared) = shared.upgrade() else { return };
                let next = shared.turn(|inner| {
                    inner.watchers.retain(|watcher| !watcher.tell.is_closed());
                    // Nobody watches: keep time no longer. Whoever comes next starts it again.
                    inner.ticking = !inner.watchers.is_empty();
                    inner.ticking.then(|| inner.world.next())
                });
                let Some(next) = next else { return };
                let due = tokio::time::sleep_until(shared.clock.instant(next));
                tokio::select! {
                    () = due => {}
                    () = shared.planned.notified() => {}
                }
            }
        });
    }

    /// Log lines of a replica after `after` up to now, and whether it has ended.
    fn new_lines(
        &self,
        of: &ReplicaId,
        after: Timestamp,
    ) -> (Result<Vec<LogLine>, EngineError>, Timestamp, bool) {
        self.turn(|inner| {
            let world = &inner.world;
            (world.logs_after(of, after), world.now(), !world.is_up(of))
        })
    }
}

impl Inner {
    fn hand_out(&mut self, happened: &[Observation]) {
        let Self { world, watchers, .. } = self;
        for watcher in watchers.iter_mut() {
            watcher.hand_out(world, happened);
        }
    }
}

impl Watcher {
    fn hand_out(&mut self, world: &World, happened: &[Observation]) {
        if self.behind {
            let truth = world.synced();
            if self.tell.try_send(truth).is_err() {
                return;
            }
            let declared = world.declared();
            self.behind = declared.is_some_and(|declared| self.tell.try_send(declared).is_err());
            return;
        }
        for observation in happened {
            if self.tell.try_send(observation.clone()).is_err() {
                self.behind = true;
                return;
            }
        }
    }
}

impl Engine for Demo {
    fn id(&self) -> &EngineId {
        &self.id
    }

    fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    fn watch(&self) -> BoxStream<'static, Observation> {
        let shared = Arc::clone(&self.shared);
        // Begun when first polled, so that nothing is missed between asking and listening, and
        // the timekeeper is started inside the runtime.
        let begin = async move {
            let (tell, told) = mpsc::channel(BACKLOG);
            let first = shared.turn(|inner| {
                let world = &inner.world;
                let mut first =
                    vec![Observation::Engine(world.info()), world.synced(), Observation::Link(Link::Live)];
                first.extend(world.past());
                inner.watchers.push(Watcher { tell, behind: false });
                first
            });
            shared.tick();
            // The stream keeps the world alive, not only the engine that made it.
            let live = stream::unfold((told, shared), |(mut told, shared)| async move {
                told.recv().await.map(|observation| (observation, (told, shared)))
            });
            stream::iter(first).chain(live)
        };
        begin.flatten_stream().boxed()
    }

    fn focus(&self, _visible: &[ReplicaId]) {}

    fn list(&self, _usage: bool) -> BoxFuture<'static, Result<Vec<Observation>, EngineError>> {
        let shared = Arc::clone(&self.shared);
        async move {
            Ok(shared.turn(|inner| {
                let world = &inner.world;
                let mut out = vec![Observation::Engine(world.info()), world.synced()];
                out.extend(world.present());
                out
            }))
        }
        .boxed()
    }

    fn logs(&self, of: &ReplicaId, query: &LogQuery) -> BoxStream<'static, Result<LogChunk, EngineError>> {
        let (shared, of, query) = (Arc::clone(&self.shared), of.clone(), query.clone());
        let begin = async move {
            let (lines, now) = shared.turn(|inner| (inner.world.logs(&of, &query), inner.world.now()));
            let lines = match lines {
                Ok(lines) => lines,
                Err(error) => return stream::iter([Err(error)]).boxed(),
            };
            let past = stream::iter(chunks(&lines).into_iter().map(Ok));
            if query.follow && query.until.is_none_or(|until| until > now) {
                past.chain(follow(shared, of, now, query.until)).boxed()
            } else {
                past.boxed()
            }
        };
        begin.flatten_stream().boxed()
    }

    fn survey(&self, query: &Query) -> BoxFuture<'static, Result<Survey, EngineError>> {
        let (shared, query) = (Arc::clone(&self.shared), query.clone());
        async move { Ok(shared.turn(|inner| inner.world.survey(&query))) }.boxed()
    }

    fn perform(&self, order: Order) -> BoxFuture<'static, Result<Done, EngineError>> {
        let step = order.step;
        let shared = Arc::clone(&self.shared);
        async move {
            let performed = shared.turn(|inner| {
                let now = inner.world.now();
                inner.world.perform(&step, now)
            });
            shared.planned.notify_one();
            tokio::time::sleep_until(shared.clock.instant(performed.ready)).await;
            // By the time the answer is out, its effect has been told.
            shared.turn(|_| ());
            performed.result
        }
        .boxed()
    }

    fn inspect(&self, of: &ReplicaId) -> BoxFuture<'static, Result<Details, EngineError>> {
        let (shared, of) = (Arc::clone(&self.shared), of.clone());
        async move { shared.turn(|inner| inner.world.inspect(&of)) }.boxed()
    }

    fn reveal(&self, of: &ReplicaId) -> BoxFuture<'static, Result<Secrets, EngineError>> {
        let (shared, of) = (Arc::clone(&self.shared), of.clone());
        async move { shared.turn(|inner| inner.world.reveal(&of)) }.boxed()
    }

    fn shell(
        &self,
        of: &ReplicaId,
        argv: &[String],
        size: TermSize,
    ) -> BoxFuture<'static, Result<Shell, EngineError>> {
        let (shared, of, argv) = (Arc::clone(&self.shared), of.clone(), argv.to_vec());
        async move {
            let details = running(&shared, &of, "a shell")?;
            let ended = ended(Arc::clone(&shared), of);
            Ok(shell::open(details, argv, size, ended.boxed()))
        }
        .boxed()
    }

    fn listeners(&self) -> BoxFuture<'static, Result<Vec<Listener>, EngineError>> {
        let shared = Arc::clone(&self.shared);
        async move { Ok(shared.turn(|inner| inner.world.listeners())) }.boxed()
    }

    fn storage(&self) -> BoxFuture<'static, Result<Storage, EngineError>> {
        let shared = Arc::clone(&self.shared);
        async move { Ok(shared.turn(|inner| inner.world.storage())) }.boxed()
    }

    fn disk_use(&self) -> BoxFuture<'static, Result<DiskUse, EngineError>> {
        let shared = Arc::clone(&self.shared);
        async move {
            // As it is with real ones: they walk through everything they have.
            tokio::time::sleep(ADDING_UP).await;
            Ok(shared.turn(|inner| inner.world.disk_use()))
        }
        .boxed()
    }

    fn simulated(&self, of: &ReplicaId, port: u16, path: Option<&str>) -> Option<Answer> {
        self.shared.turn(|inner| inner.world.answer(of, port, path))
    }

    fn exec(
        &self,
        of: &ReplicaId,
        argv: &[String],
        limit: Duration,
    ) -> BoxFuture<'static, Result<Output, EngineError>> {
        let (shared, of, argv) = (Arc::clone(&self.shared), of.clone(), argv.to_vec());
        async move {
            let details = running(&shared, &of, "a command")?;
            let name = details.replica.name.clone();
            if let Some(output) = shell::run(details, &argv, limit).await {
                return Ok(output);
            }
            let program = argv.first().map_or("a shell", String::as_str);
            Err(EngineError::Overran { what: format!("{program} in {name}"), limit: human::duration(limit) })
        }
        .boxed()
    }
}

/// Everything about a replica in which `what` is to be run.
fn running(shared: &Shared, of: &ReplicaId, what: &str) -> Result<Details, EngineError> {
    let details = shared.turn(|inner| inner.world.inspect(of))?;
    if details.replica.state == State::Running {
        return Ok(details);
    }
    let (name, state) = (&details.replica.name, details.replica.state.word());
    Err(EngineError::Conflict { why: format!("container {name} is {state}, {what} needs it running") })
}

/// Ends when a replica is up no longer.
async fn ended(shared: Arc<Shared>, of: ReplicaId) {
    let mut changed = shared.changed.subscribe();
    while shared.lock().world.is_up(&of) {
        if changed.changed().await.is_err() {
            return;
        }
    }
}

/// New lines as they are written, until the replica ends or `until` has come.
fn follow(
    shared: Arc<Shared>,
    of: ReplicaId,
    from: Timestamp,
    until: Option<Timestamp>,
) -> BoxStream<'static, Result<LogChunk, EngineError>> {
    struct At {
        shared: Arc<Shared>,
        of: ReplicaId,
        after: Timestamp,
        changed: watch::Receiver<u64>,
        over: bool,
    }
    let changed = shared.changed.subscribe();
    let at = At { shared, of, after: from, changed, over: false };
    stream::unfold(at, move |mut at| async move {
        loop {
            if at.over {
                return None;
            }
            let next = at.shared.lock().world.next_line(&at.of);
            // Ended already: one more look for what it said last.
            if let Some(next) = next.map(|next| until.map_or(next, |until| next.min(until))) {
                let due = tokio::time::sleep_until(at.shared.clock.instant(next));
                tokio::pin!(due);
                loop {
                    tokio::select! {
                        () = &mut due => break,
                        _ = at.changed.changed() => {}
                    }
                    // Something changed somewhere; does it concern this one?
                    if at.shared.lock().world.next_line(&at.of) != Some(next) {
                        break;
                    }
                }
            }
            let (lines, now, ended) = at.shared.new_lines(&at.of, at.after);
            at.over = ended || until.is_some_and(|until| now >= until);
            at.after = now;
            let mut lines = match lines {
                Ok(lines) => lines,
                // Removed while followed: its log went with it. The end of the stream says so.
                Err(EngineError::Gone { .. }) => return None,
                Err(error) => {
                    at.over = true;
                    return Some((vec![Err(error)], at));
                }
            };
            lines.retain(|line| until.is_none_or(|until| line.at < until));
            if !lines.is_empty() {
                return Some((chunks(&lines).into_iter().map(Ok).collect(), at));
            }
        }
    })
    .flat_map(stream::iter)
    .boxed()
}

/// Lines as an engine sends them: chunks of one stream each, every line behind its time stamp.
fn chunks(lines: &[LogLine]) -> Vec<LogChunk> {
    let mut out = Vec::new();
    let mut lines = lines.iter().peekable();
    while let Some(first) = lines.next() {
        let stream = if first.stderr { Stream::Stderr } else { Stream::Stdout };
        let mut text = String::new();
        push(&mut text, first);
        while let Some(line) = lines.next_if(|l| l.stderr == first.stderr && text.len() < CHUNK) {
            push(&mut text, line);
        }
        out.push(LogChunk { stream, bytes: Bytes::from(text) });
    }
    out
}

fn push(out: &mut String, line: &LogLine) {
    use std::fmt::Write as _;
    // Writing to a string can't fail.
    let _ = writeln!(out, "{:.9} {}", line.at, line.text);
}
