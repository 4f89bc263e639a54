//! Everything that is told of the fleet, joined into one stream of observations: what the engine
//! says, and what our own probes say of what it runs.
//!
//! Owns: who is told of what. Must not: change an observation, or hold one back for another's sake.
//! Where nothing is to be probed, it is the engine's own stream and costs nothing more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::{BoxStream, Stream};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{mpsc, watch};

use crate::config::Settings;
use crate::engine::Engine;
use crate::fleet::Observation;
use crate::probe::{self, Roster, Rules, Targets, Tools};

/// Facts of probes on their way.
const QUEUE: usize = 64;

/// Everything that happens, for ever. Poll it inside a runtime.
pub fn watch(engine: &Arc<dyn Engine>, settings: &Settings) -> BoxStream<'static, Observation> {
    let probing = Probing {
        roster: Roster::new(Rules::new(&settings.probes)),
        tools: Tools::new(engine.clone()),
        running: None,
    };
    Joined { engine: engine.watch(), probing, turn: false }.boxed()
}

/// The probes, begun once there is something to probe.
struct Probing {
    roster: Roster,
    tools: Tools,
    running: Option<Running>,
}

struct Running {
    targets: watch::Sender<Targets>,
    told: mpsc::Receiver<Observation>,
}

impl Probing {
    /// The engine says this: there may be other things to probe now.
    fn observe(&mut self, observation: &Observation) {
        let Some(targets) = self.roster.observe(observation) else { return };
        if let Some(running) = &self.running {
            // The prober ends only after us.
            let _ = running.targets.send(targets);
            return;
        }
        let (tell, told) = mpsc::channel(QUEUE);
        let (sender, receiver) = watch::channel(targets);
        let tools = self.tools.clone();
        let attempt = Arc::new(move |target: Arc<probe::Target>| {
            let tools = tools.clone();
            async move { probe::attempt(&tools, &target).await }.boxed()
        });
        tokio::spawn(probe::run(attempt, receiver, tell));
        self.running = Some(Running { targets: sender, told });
    }
}

/// Both streams as one; ends when the engine's does.
struct Joined {
    engine: BoxStream<'static, Observation>,
    probing: Probing,
    /// Whose turn it is to be asked first: neither can drown the other.
    turn: bool,
}

impl Joined {
    fn poll_engine(&mut self, cx: &mut Context<'_>) -> Poll<Option<Observation>> {
        let polled = self.engine.poll_next_unpin(cx);
        if let Poll::Ready(Some(observation)) = &polled {
            self.probing.observe(observation);
        }
        polled
    }

    fn poll_probes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Observation>> {
        match &mut self.probing.running {
            // A prober that is gone tells nothing any more, which does not end the engine's stream.
            Some(running) => match running.told.poll_recv(cx) {
                Poll::Ready(None) => Poll::Pending,
                polled => polled,
            },
            None => Poll::Pending,
        }
    }
}

impl Stream for Joined {
    type Item = Observation;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Observation>> {
        self.turn = !self.turn;
        let first = self.turn;
        for probes in [first, !first] {
            let polled = if probes { self.poll_probes(cx) } else { self.poll_engine(cx) };
            if polled.is_ready() {
                return polled;
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
