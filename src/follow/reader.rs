//! One replica's log: opened, cut, sanitised, opened again from where it was.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, timeout};

use super::cutter::{Cutter, Raw};
use super::roster::Standing;
use crate::engine::{Engine, EngineError, LogChunk, LogQuery};
use crate::fleet::ReplicaId;
use crate::logs::{Level, Line, Source, Stream, level};
use crate::text::sanitize;

/// Chunks taken at once when they are there: lines travel in such groups, never one by one.
const CHUNKS: usize = 256;
/// Text in one group after which it is sent on, bytes.
const GROUP_BYTES: usize = 128 * 1024;
/// After this long without more, the part of a line that came is shown.
const IDLE: Duration = Duration::from_millis(250);
/// A progress bar without a line end is shown this often.
const PROGRESS: Duration = Duration::from_secs(2);
/// Back-off between tries to open a log again.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// A tail of at most so many lines is read whole before it is merged.
const SMALL_TAIL: u64 = 20_000;

/// What readers send.
#[derive(Debug)]
pub(super) enum Item {
    /// Lines of one replica, in its order.
    Lines(Vec<Line>),
    /// A replica whose log can't be read.
    Failed(Arc<Source>, EngineError),
}

/// Which of the lines that are already there are read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Range {
    pub(super) tail: Option<u64>,
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

/// How reading a stream ended.
enum End {
    /// The engine closed it.
    Closed,
    /// It broke.
    Failed(EngineError),
    /// The last line wanted has been read.
    Enough,
    /// Nobody listens any more.
    Unheard,
}

/// What to do after reading what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Go on with what comes.
    Follow,
    /// Not readable now: the next run may be.
    NextRun,
    /// Nothing more is wanted.
    Stop,
}

/// Reads one replica's log.
pub(super) struct Reader {
    engine: Arc<dyn Engine>,
    id: ReplicaId,
    source: Arc<Source>,
    range: Range,
    /// `range.since` and `range.until` as lines carry their time.
    since: i64,
    until: i64,
    cutter: Cutter,
    /// The time of the newest line read, and how many lines of that time were: where to go on.
    /// Engines that stamp by the second have many.
    last: Option<(i64, u64)>,
    /// How many lines of time `last` come again after opening anew.
    again: u64,
    /// The level of the line before, per stream, for the lines of a stack trace.
    before: [Level; 2],
}

impl Reader {
    pub(super) fn new(engine: Arc<dyn Engine>, id: ReplicaId, source: Arc<Source>, range: Range) -> Self {
        let ns = |at: Option<Timestamp>| at.and_then(|at| i64::try_from(at.as_nanosecond()).ok());
        Self {
            engine,
            id,
            source,
            range,
            since: ns(range.since).unwrap_or(i64::MIN),
            until: ns(range.until).unwrap_or(i64::MAX),
            cutter: Cutter::default(),
            last: None,
            again: 0,
            before: [Level::Unknown; 2],
        }
    }

    /// Reads what is already there into `to`. A small tail is read whole first, under one of
    /// `permits`, so that opening many logs neither floods the engine nor waits for itself.
    /// With `follow`, an engine that can't be reached is no failure: the log is tried again.
    pub(super) async fn history(
        &mut self,
        permits: &Semaphore,
        to: mpsc::Sender<Item>,
        follow: bool,
    ) -> Then {
        let Range { tail, since, until } = self.range;
        if tail == Some(0) {
            return Then::Follow;
        }
        // Engines count the tail from the end of the log, whatever `until` says: count here.
        let kept = tail.filter(|n| until.is_some() || *n <= SMALL_TAIL);
        let query = LogQuery { follow: false, tail: tail.filter(|_| until.is_none()), since, until };
        let end = match kept {
            None => self.stream(&query, &to).await,
            Some(n) => {
                let permit = permits.acquire().await;
                let (collect, collected) = mpsc::channel(2);
                let (end, lines) = tokio::join!(
                    async {
                        let end = self.stream(&query, &collect).await;
                        drop(collect);
                        end
                    },
                    newest(collected, usize::try_from(n).unwrap_or(usize::MAX))
                );
                drop(permit);
                if !lines.is_empty() && to.send(Item::Lines(lines)).await.is_err() {
                    return Then::Stop;
                }
                end
            }
        };
        match end {
            End::Closed => Then::Follow,
            End::Enough | End::Unheard => Then::Stop,
            // That the engine can't be reached is told once for all.
            End::Failed(error) if follow && error.is_unreachable() => Then::Follow,
            End::Failed(error) => match to.send(Item::Failed(Arc::clone(&self.source), error)).await {
                Ok(()) => Then::NextRun,
                Err(_) => Then::Stop,
            },
        }
    }

    /// Reads what comes, through restarts, until the member is gone or nobody listens.
    pub(super) async fn follow(
        &mut self,
        mut standing: watch::Receiver<Standing>,
        to: mpsc::Sender<Item>,
        then: Then,
    ) {
        let run = standing.borrow().run;
        if then == Then::Stop || (then == Then::NextRun && standing.wait_for(|s| s.run != run).await.is_err())
        {
            return;
        }
        let mut wait = RETRY.0;
        loop {
            let opened = *standing.borrow_and_update();
            let query = self.resume(opened);
            let before = self.last;
            match self.stream(&query, &to).await {
                End::Unheard | End::Enough => return,
                End::Closed => {}
                End::Failed(error) if error.is_unreachable() => {}
                End::Failed(error) => {
                    let gone = matches!(error, EngineError::Gone { .. });
                    if !gone && to.send(Item::Failed(Arc::clone(&self.source), error)).await.is_err() {
                        return;
                    }
                    // Not readable now: the next run may be.
                    if gone || standing.wait_for(|s| s.run != opened.run).await.is_err() {
                        return;
                    }
                    continue;
                }
            }
            if self.last != before {
                wait = RETRY.0;
            }
            // Ended with its run: wait for the next. Ended though it runs: try again before long.
            loop {
                let now = *standing.borrow();
                if now.run != opened.run {
                    break;
                }
                let change = timeout(wait, standing.changed()).await;
                match change {
                    Ok(Ok(())) => {}
                    // Gone for good.
                    Ok(Err(_)) => return,
                    Err(_) if standing.borrow().up => {
                        wait = (wait * 2).min(RETRY.1);
                        break;
                    }
                    Err(_) => {
                        if standing.changed().await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }

    /// The query that goes on where reading stopped.
    fn resume(&mut self, standing: Standing) -> LogQuery {
        let Range { tail, since, .. } = self.range;
        let query = LogQuery { follow: true, ..LogQuery::default() };
        match self.last {
            Some((at, count)) => {
                self.again = count;
                let since = Timestamp::from_nanosecond(at.into()).ok();
                LogQuery { since, ..query }
            }
            // Nothing read, because there was nothing or nothing was wanted. What a later run
            // writes is wanted, and a start is noted a little after the first line.
            None if standing.run == 0 => LogQuery { tail, since, ..query },
            None if tail == Some(0) => {
                let started = standing.started.and_then(|at| at.checked_sub(Duration::from_secs(1)).ok());
                LogQuery { since: since.max(started), ..query }
            }
            None => LogQuery { since, ..query },
        }
    }

    /// Reads one stream of the engine to its end.
    async fn stream(&mut self, query: &LogQuery, to: &mpsc::Sender<Item>) -> End {
        self.cutter.reset();
        let mut chunks = self.engine.logs(&self.id, query).ready_chunks(CHUNKS);
        let mut group = Vec::new();
        let mut pending_since: Option<Instant> = None;
        loop {
            let next = if self.cutter.is_pending() {
                timeout(IDLE, chunks.next()).await
            } else {
                pending_since = None;
                Ok(chunks.next().await)
            };
            let end = match next {
                Ok(Some(chunks)) => self.take(chunks, &mut group, to).await,
                Ok(None) => {
                    self.flush(&mut group);
                    Some(End::Closed)
                }
                Err(_) => {
                    self.flush(&mut group);
                    None
                }
            };
            if self.cutter.is_pending() {
                let since = *pending_since.get_or_insert_with(Instant::now);
                if self.cutter.is_progress() && since.elapsed() >= PROGRESS {
                    self.flush(&mut group);
                    pending_since = None;
                }
            }
            if !group.is_empty() && to.send(Item::Lines(std::mem::take(&mut group))).await.is_err() {
                return End::Unheard;
            }
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Turns chunks into lines; `Some` when that was the end.
    async fn take(
        &mut self,
        chunks: Vec<Result<LogChunk, EngineError>>,
        group: &mut Vec<Line>,
        to: &mpsc::Sender<Item>,
    ) -> Option<End> {
        let mut bytes = 0;
        group.reserve(chunks.len());
        for chunk in chunks {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    self.flush(group);
                    return Some(End::Failed(error));
                }
            };
            bytes += chunk.bytes.len();
            let mut enough = false;
            let mut cutter = std::mem::take(&mut self.cutter);
            cutter.push(chunk.stream, &chunk.bytes, |raw| enough |= !self.line(&raw, group));
            self.cutter = cutter;
            if enough {
                return Some(End::Enough);
            }
            if bytes >= GROUP_BYTES && !group.is_empty() {
                bytes = 0;
                if to.send(Item::Lines(std::mem::take(group))).await.is_err() {
                    return Some(End::Unheard);
                }
            }
        }
        None
    }

    fn flush(&mut self, group: &mut Vec<Line>) {
        let mut cutter = std::mem::take(&mut self.cutter);
        cutter.flush(|raw| {
            self.line(&raw, group);
        });
        self.cutter = cutter;
    }

    /// Makes a line of what was cut, unless it was read before. `false` once no more is wanted.
    fn line(&mut self, raw: &Raw<'_>, group: &mut Vec<Line>) -> bool {
        if raw.at != 0 && raw.at >= self.until {
            return false;
        }
        if raw.at != 0 && raw.at < self.since {
            return true;
        }
        match &mut self.last {
            Some((last, _)) if self.again > 0 && raw.at < *last => return true,
            Some((last, _)) if self.again > 0 && raw.at == *last => {
                self.again -= u64::from(raw.complete);
                return true;
            }
            Some((last, count)) if raw.at == *last => *count += u64::from(raw.complete),
            Some((last, _)) if raw.at < *last => self.again = 0,
            _ => {
                self.again = 0;
                self.last = Some((raw.at, u64::from(raw.complete)));
            }
        }
        let clean = sanitize::line(raw.text);
        let stream = usize::from(raw.stream == Stream::Stderr);
        let mut found = level::detect(&clean.text);
        if let Some(before) = self.before.get_mut(stream) {
            if found == Level::Unknown && level::continues(&clean.text) {
                found = *before;
            }
            *before = found;
        }
        group.push(Line {
            source: Arc::clone(&self.source),
            at: raw.at,
            stream: raw.stream,
            level: found,
            text: clean.text,
            spans: clean.spans,
            cut: raw.cut | clean.cut,
        });
        true
    }
}

/// Collects the newest `n` lines.
async fn newest(mut from: mpsc::Receiver<Item>, n: usize) -> Vec<Line> {
    let mut kept = VecDeque::new();
    while let Some(item) = from.recv().await {
        if let Item::Lines(lines) = item {
            kept.extend(lines);
            let surplus = kept.len().saturating_sub(n);
            kept.drain(..surplus);
        }
    }
    kept.into()
}
