//! The task behind a follow: first what is there, then what comes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::merge::{Window, history};
use super::outlet::{Outlet, Unheard};
use super::reader::{Item, Range, Reader, Then};
use super::roster::{Change, Roster, Standing};
use super::{FollowOptions, Pressure, Subject, marker};
use crate::engine::Engine;
use crate::fleet::{Observation, Replica, ReplicaId};
use crate::logs::{Level, Source};

/// Streams open at once: each is a connection, and descriptors are limited (often to 1024).
const MAX_STREAMS: usize = 256;
/// Small tails read at once.
const TAILS: usize = 16;
/// Replicas whose history is read in full; with more of them each gives less.
const FULL_TAILS: u64 = 16;
/// What each replica gives at least, lines.
const MIN_TAIL: u64 = 50;
/// A console does not wait longer for one log before it shows the others.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Groups of lines a reader may be ahead: bounds memory, and makes engines wait for a slow pipe.
const AHEAD: usize = 2;
/// Groups of live lines of all readers together.
const LIVE: usize = 64;
/// Groups taken at once before anything else is looked at.
const SWEEP: usize = 32;

/// Everything a follow was asked for.
pub(super) struct Order {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) subject: Subject,
    pub(super) options: FollowOptions,
    pub(super) replicas: Vec<Replica>,
    pub(super) feed: mpsc::UnboundedReceiver<Observation>,
    pub(super) out: mpsc::Sender<super::Batch>,
}

/// Runs a follow to its end: everything handed out, or nobody reads any more.
pub(super) async fn run(order: Order) {
    let Order { engine, subject, options, mut replicas, feed, out } = order;
    replicas.retain(|replica| subject.covers(replica));
    // Should there be too many: those that run first, the newest first.
    replicas.sort_by_key(|replica| (!replica.is_up(), std::cmp::Reverse(replica.created)));
    let mut roster = Roster::new(subject, engine.id());
    let (live, lines) = mpsc::channel(LIVE);
    let outlet = Outlet::new(out, options.pressure);
    let mut desk = Desk {
        engine,
        options,
        permits: Arc::new(Semaphore::new(TAILS)),
        tasks: JoinSet::new(),
        standings: HashMap::new(),
        live,
        outlet,
        window: Window::default(),
        refused: 0,
        ranges: HashMap::new(),
    };
    // Ends when nobody reads: the desk then drops its tasks, and they their streams.
    let _ = desk.work(&mut roster, replicas, feed, lines).await;
}

struct Desk {
    engine: Arc<dyn Engine>,
    options: FollowOptions,
    permits: Arc<Semaphore>,
    tasks: JoinSet<()>,
    /// How each member stands, as its reader sees it. Dropping one ends its reader.
    standings: HashMap<ReplicaId, watch::Sender<Standing>>,
    live: mpsc::Sender<Item>,
    outlet: Outlet,
    window: Window,
    /// Members whose stream was not opened because there are too many.
    refused: usize,
    /// Bounds of the previous run, by member.
    ranges: HashMap<ReplicaId, Range>,
}

impl Desk {
    async fn work(
        &mut self,
        roster: &mut Roster,
        replicas: Vec<Replica>,
        feed: mpsc::UnboundedReceiver<Observation>,
        lines: mpsc::Receiver<Item>,
    ) -> Result<(), Unheard> {
        if self.options.previous {
            self.ranges = replicas.iter().map(|r| (r.id.clone(), previous(r, &self.options))).collect();
        }
        let tail = self.tail(replicas.len() as u64);
        let mut logs = Vec::new();
        for change in roster.begin(&replicas) {
            if let Change::Open { id, source, standing, .. } = change {
                let (tx, rx) = mpsc::channel(AHEAD);
                let range = self.ranges.get(&id).copied().unwrap_or(Range { tail, ..self.range() });
                if self.open(id, source, standing, range, Some(tx)) {
                    logs.push(rx);
                }
            }
        }
        self.tell_refused(roster);
        let follow = self.options.follow && !self.options.previous;
        let patience = (follow || self.options.pressure == Pressure::Newest).then_some(PATIENCE);
        let late = history(logs, patience, &mut self.outlet).await?;
        for mut log in late {
            let live = self.live.clone();
            self.tasks.spawn(async move {
                while let Some(item) = log.recv().await {
                    if live.send(item).await.is_err() {
                        return;
                    }
                }
            });
        }
        if follow { self.follow(roster, feed, lines).await } else { self.drain(lines).await }
    }

    /// Waits for the logs that were late, when nothing is followed.
    async fn drain(&mut self, mut lines: mpsc::Receiver<Item>) -> Result<(), Unheard> {
        // Only the tasks may keep the channel open now.
        let (closed, _) = mpsc::channel(1);
        self.live = closed;
        while let Some(item) = lines.recv().await {
            self.take(item, Instant::now());
            self.window.release(Instant::now(), &mut self.outlet);
            self.outlet.hand().await?;
        }
        self.window.release(Instant::now() + Duration::from_hours(1), &mut self.outlet);
        self.outlet.finish().await
    }

    async fn follow(
        &mut self,
        roster: &mut Roster,
        mut feed: mpsc::UnboundedReceiver<Observation>,
        mut lines: mpsc::Receiver<Item>,
    ) -> Result<(), Unheard> {
        self.outlet.live = true;
        let closed = self.outlet.closed();
        tokio::pin!(closed);
        loop {
            let wake = self.window.due().into_iter().chain(self.outlet.due()).min();
            tokio::select! {
                () = &mut closed => return Err(Unheard),
                Some(observation) = feed.recv() => {
                    for change in roster.apply(observation, Timestamp::now()) {
                        self.change(change);
                    }
                    self.tell_refused(roster);
                }
                Some(item) = lines.recv() => {
                    let now = Instant::now();
                    self.take(item, now);
                    for _ in 0..SWEEP {
                        if self.outlet.is_heavy() {
                            break;
                        }
                        let Ok(item) = lines.try_recv() else { break };
                        self.take(item, now);
                    }
                }
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
            self.window.release(Instant::now(), &mut self.outlet);
            self.outlet.hand().await?;
            while self.tasks.try_join_next().is_some() {}
        }
    }

    fn take(&mut self, item: Item, came: Instant) {
        match item {
            Item::Failed(source, error) => self.outlet.fail(source, error),
            // A lone stream waits for nobody, unless a marker does.
            Item::Lines(lines) if self.standings.len() <= 1 && self.window.is_empty() => {
                self.outlet.extend(lines);
            }
            Item::Lines(lines) => self.window.extend(came, lines),
        }
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Open { id, source, standing, fresh } => {
                let tail = if fresh { None } else { self.tail(1) };
                self.open(id, source, standing, Range { tail, ..self.range() }, None);
            }
            Change::Stands(id, standing) => {
                if let Some(known) = self.standings.get(&id) {
                    known.send_replace(standing);
                }
            }
            Change::Close(id) => {
                self.standings.remove(&id);
            }
            Change::Mark(line) => self.window.push(Instant::now(), line),
        }
    }

    /// Starts a member's reader: what is there into `history` (if given), then what comes.
    fn open(
        &mut self,
        id: ReplicaId,
        source: Arc<Source>,
        standing: Standing,
        range: Range,
        history: Option<mpsc::Sender<Item>>,
    ) -> bool {
        if self.standings.len() >= MAX_STREAMS {
            self.refused += 1;
            return false;
        }
        let (tx, rx) = watch::channel(standing);
        let mut reader = Reader::new(Arc::clone(&self.engine), id.clone(), source, range);
        let (permits, live) = (Arc::clone(&self.permits), self.live.clone());
        let follow = self.options.follow && !self.options.previous;
        self.tasks.spawn(async move {
            let then = match history {
                Some(history) => reader.history(&permits, history, follow).await,
                None => Then::Follow,
            };
            if follow {
                reader.follow(rx, live, then).await;
            }
        });
        self.standings.insert(id, tx);
        true
    }

    fn tell_refused(&mut self, roster: &Roster) {
        if self.refused > 0 {
            let text = format!(
                "{} more replicas are not followed: at most {MAX_STREAMS} are; choose a project or a service",
                self.refused
            );
            self.window
                .push(Instant::now(), marker::line(roster.ourselves(), Timestamp::now(), Level::Warn, &text));
            self.refused = 0;
        }
    }

    fn range(&self) -> Range {
        let FollowOptions { tail, since, until, .. } = self.options;
        Range { tail, since, until }
    }

    /// How much history each of that many replicas gives.
    fn tail(&self, replicas: u64) -> Option<u64> {
        let tail = self.options.tail?;
        if self.options.pressure == Pressure::Wait || replicas <= FULL_TAILS {
            return Some(tail);
        }
        Some((tail * FULL_TAILS / replicas).max(MIN_TAIL.min(tail)))
    }
}

/// The bounds of a replica's run before its last restart. An engine keeps all runs of a replica in
/// one log; only times tell them apart. Of a replica that is not up, its last run.
fn previous(replica: &Replica, options: &FollowOptions) -> Range {
    let tail = options.tail;
    // A start is noted a little after the first line of the run.
    let slack = Duration::from_millis(50);
    let started = replica.started;
    if !replica.is_up() {
        let since = started.and_then(|at| at.checked_sub(slack).ok());
        return Range { tail, since, until: None };
    }
    let until = match (replica.finished, started) {
        // Between the end of one run and the start of the next.
        (Some(finished), Some(started)) if finished < started => {
            let half = started.duration_since(finished) / 2;
            finished.checked_add(half).ok()
        }
        _ => started,
    };
    let starts = options.starts.iter().filter(|(id, at)| *id == replica.id && until.is_none_or(|u| *at < u));
    let since = starts.map(|(_, at)| *at).max().and_then(|at| at.checked_sub(slack).ok());
    Range { tail, since, until }
}
