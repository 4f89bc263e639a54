//! The way out: lines gathered to batches, handed to a reader who may be slow.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::time::Instant;

use super::{Batch, Pressure, marker};
use crate::engine::EngineError;
use crate::logs::{Level, Line, Source};

/// Batches are handed out this far apart at least: a reader that draws can't use them faster.
const PACE: Duration = Duration::from_millis(30);
/// Lines in one batch at most, about.
const BATCH: usize = 2048;
/// Lines kept for a slow reader who wants the newest.
const BACKLOG: usize = 20_000;
/// Text kept for them, bytes.
const BACKLOG_BYTES: usize = 16 * 1024 * 1024;

/// Nobody reads any more.
pub(super) struct Unheard;

/// Gathers lines and hands them out.
pub(super) struct Outlet {
    tx: mpsc::Sender<Batch>,
    pressure: Pressure,
    batch: Batch,
    bytes: usize,
    /// When the next batch may go.
    due: Instant,
    /// The reader had no room the last time.
    full: bool,
    /// Whether lines are new: then their age is the lag.
    pub(super) live: bool,
}

impl Outlet {
    pub(super) fn new(tx: mpsc::Sender<Batch>, pressure: Pressure) -> Self {
        Self {
            tx,
            pressure,
            batch: Batch::default(),
            bytes: 0,
            due: Instant::now(),
            full: false,
            live: false,
        }
    }

    /// Resolves when nobody reads any more.
    pub(super) fn closed(&self) -> impl Future<Output = ()> + use<> {
        let tx = self.tx.clone();
        async move { tx.closed().await }
    }

    pub(super) fn push(&mut self, line: Line) {
        self.bytes += line.text.len();
        self.batch.lines.push(line);
    }

    pub(super) fn extend(&mut self, lines: impl IntoIterator<Item = Line>) {
        for line in lines {
            self.push(line);
        }
    }

    /// Notes that a log can't be read, with a marker.
    pub(super) fn fail(&mut self, source: Arc<Source>, error: EngineError) {
        let text = marker::unreadable(&source, &error);
        self.push(marker::line(&source, Timestamp::now(), Level::Error, &text));
        self.batch.errors.push((source, error));
    }

    /// Whether so much waits that it should be offered before more is taken.
    pub(super) fn is_heavy(&self) -> bool {
        self.batch.lines.len() >= BACKLOG / 2 || self.bytes >= BACKLOG_BYTES / 2
    }

    /// When something waits to be handed out: when it may.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.is_empty()).then_some(self.due)
    }

    fn is_empty(&self) -> bool {
        self.batch.lines.is_empty() && self.batch.dropped == 0 && self.batch.errors.is_empty()
    }

    /// Hands out what is there, if it is time or enough. History always waits for the reader.
    pub(super) async fn hand(&mut self) -> Result<(), Unheard> {
        let enough = self.batch.lines.len() >= BATCH && !self.full;
        if self.is_empty() || !(enough || Instant::now() >= self.due) {
            self.trim();
            return Ok(());
        }
        if self.live && self.pressure == Pressure::Newest { self.offer() } else { self.finish().await }
    }

    /// Hands out what is there, waiting for the reader.
    pub(super) async fn finish(&mut self) -> Result<(), Unheard> {
        if self.is_empty() {
            return Ok(());
        }
        let batch = self.take();
        self.tx.send(batch).await.map_err(|_| Unheard)
    }

    /// Hands it to a reader who is ready; else keeps the newest.
    fn offer(&mut self) -> Result<(), Unheard> {
        self.trim();
        let batch = self.take();
        self.full = false;
        if let Err(error) = self.tx.try_send(batch) {
            let TrySendError::Full(batch) = error else { return Err(Unheard) };
            self.full = true;
            self.bytes = batch.lines.iter().map(|l| l.text.len()).sum();
            self.batch = batch;
        }
        Ok(())
    }

    fn take(&mut self) -> Batch {
        self.due = Instant::now() + PACE;
        self.bytes = 0;
        let mut batch = std::mem::take(&mut self.batch);
        batch.lag_ms = batch.lines.last().filter(|line| self.live && line.at != 0).map(|line| {
            let now = i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX);
            u64::try_from((now - line.at) / 1_000_000).unwrap_or(0)
        });
        batch
    }

    /// Drops the oldest lines beyond what is kept for a slow reader who wants the newest.
    fn trim(&mut self) {
        if !self.live || self.pressure == Pressure::Wait {
            return;
        }
        let lines = &mut self.batch.lines;
        let mut surplus = 0;
        while let Some(line) = lines.get(surplus)
            && (lines.len() - surplus > BACKLOG || self.bytes > BACKLOG_BYTES)
        {
            self.bytes -= line.text.len();
            surplus += 1;
        }
        lines.drain(..surplus);
        self.batch.dropped += surplus as u64;
    }
}
