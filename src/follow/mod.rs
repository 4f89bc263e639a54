//! Log streams of a *subject*, which live through restart and recreate.
//!
//! Owns: which replicas' streams are open, cutting chunks into lines, merging by time, markers,
//! lag and drops. Must not: draw, or hold the lines (that is [`crate::logs`]).

mod cutter;
mod marker;
mod merge;
mod options;
mod outlet;
mod reader;
mod roster;
mod run;
mod stamp;
mod subject;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures_util::StreamExt;
use tokio::sync::mpsc;

use crate::engine::Engine;
use crate::fleet::{Observation, Replica};

pub use options::{FollowOptions, Pressure, starts};
pub use subject::{Batch, Subject};

/// Batches that may wait for the reader: few, so that what a slow one gets is new.
const BATCHES: usize = 2;

/// A running follow. Dropping it ends every stream behind it.
pub struct Follow {
    batches: mpsc::Receiver<Batch>,
    feed: Feed,
}

/// Tells a follow what happens in the fleet; cheap to clone.
#[derive(Clone)]
pub struct Feed {
    tx: mpsc::UnboundedSender<Observation>,
}

impl Feed {
    /// Passes an observation on, if it can matter to logs (figures are not even copied).
    /// Never waits. Observations of replicas that are not the follow's are fine.
    pub fn observe(&self, observation: &Observation) {
        if !observation.is_figure() {
            let _ = self.tx.send(observation.clone());
        }
    }
}

impl Follow {
    /// Opens the streams of the `replicas` that the subject covers (others are ignored). Must be
    /// called within a tokio runtime.
    ///
    /// With `options.follow`, feed it every observation from then on ([`Self::feed`], or
    /// [`Self::watch`]): replicas that come, restart or go are learnt only from there.
    pub fn start(
        engine: Arc<dyn Engine>,
        subject: Subject,
        options: FollowOptions,
        replicas: Vec<Replica>,
    ) -> Self {
        let (out, batches) = mpsc::channel(BATCHES);
        let (tx, feed) = mpsc::unbounded_channel();
        tokio::spawn(run::run(run::Order { engine, subject, options, replicas, feed, out }));
        Self { batches, feed: Feed { tx } }
    }

    /// Feeds it from the engine itself, until it is dropped: for callers who watch nothing
    /// themselves.
    pub fn watch(&self, engine: &Arc<dyn Engine>) {
        let (feed, mut observations) = (self.feed(), engine.watch());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = feed.tx.closed() => return,
                    next = observations.next() => match next {
                        Some(observation) => feed.observe(&observation),
                        None => return,
                    },
                }
            }
        });
    }

    /// Where to tell it what happens in the fleet.
    pub fn feed(&self) -> Feed {
        self.feed.clone()
    }

    /// The next lines; at most about 30 ms of them, at most a few thousand. `None` once everything
    /// asked for has been handed out, which with `follow` never happens. Cancel-safe.
    pub async fn next(&mut self) -> Option<Batch> {
        self.batches.recv().await
    }
}
