//! The one log stream on the screen.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::engine::Engine;
use crate::fleet::{Fleet, Observation};
use crate::follow::{Batch, Feed, Follow, FollowOptions, Pressure, Subject};

/// Running through the list opens nothing: a stream is opened for the row one stays on. The first
/// one is opened at once.
const SETTLE: Duration = Duration::from_millis(120);

/// What is followed, and what is to be.
pub(super) struct Following {
    engine: Arc<dyn Engine>,
    outside: Handle,
    lines: mpsc::Sender<(u64, Batch)>,
    tail: u64,
    asked: Option<Asked>,
    last: Option<Instant>,
    running: Option<(Feed, AbortHandle)>,
}

struct Asked {
    number: u64,
    subject: Subject,
    previous: bool,
    due: Instant,
}

impl Following {
    /// Nothing is followed yet; `tail` lines of history are fetched when a log is opened.
    pub(super) fn new(
        engine: Arc<dyn Engine>,
        outside: Handle,
        lines: mpsc::Sender<(u64, Batch)>,
        tail: u64,
    ) -> Self {
        Self { engine, outside, lines, tail, asked: None, last: None, running: None }
    }

    /// Follow this instead.
    pub(super) fn ask(&mut self, number: u64, subject: Subject, previous: bool) {
        self.end();
        let now = Instant::now();
        let busy = self.last.is_some_and(|last| now.duration_since(last) < SETTLE);
        self.last = Some(now);
        self.asked = Some(Asked { number, subject, previous, due: if busy { now + SETTLE } else { now } });
    }

    /// Follow nothing.
    pub(super) fn end(&mut self) {
        self.asked = None;
        if let Some((_, task)) = self.running.take() {
            task.abort();
        }
    }

    /// When something is to be opened.
    pub(super) fn due(&self) -> Option<Instant> {
        self.asked.as_ref().map(|a| a.due)
    }

    /// Open what is due.
    pub(super) fn start_due(&mut self, fleet: &Fleet) {
        let Some(asked) = self.asked.take_if(|a| a.due <= Instant::now()) else { return };
        let replicas = fleet
            .services()
            .flat_map(|s| fleet.replicas_of(&s.id))
            .filter(|r| asked.subject.covers(r))
            .cloned()
            .collect();
        let options = FollowOptions {
            tail: Some(self.tail),
            follow: !asked.previous,
            previous: asked.previous,
            starts: crate::follow::starts(fleet),
            pressure: Pressure::Newest,
            ..FollowOptions::default()
        };
        let here = self.outside.enter();
        let mut follow = Follow::start(self.engine.clone(), asked.subject, options, replicas);
        drop(here);
        let feed = follow.feed();
        let (lines, number) = (self.lines.clone(), asked.number);
        let task = self.outside.spawn(async move {
            while let Some(batch) = follow.next().await {
                if lines.send((number, batch)).await.is_err() {
                    return;
                }
            }
        });
        self.running = Some((feed, task.abort_handle()));
    }

    /// Tell the follow what happens in the fleet.
    pub(super) fn observe(&self, observation: &Observation) {
        if let Some((feed, _)) = &self.running {
            feed.observe(observation);
        }
    }
}
