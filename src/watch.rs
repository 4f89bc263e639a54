//! Everything that is told of the fleet, joined into one stream of observations: what the engine
//! says, what our own probes say of what it runs, what that says of itself, and who has the ports
//! that are wanted in vain.
//!
//! Owns: who is told of what. Must not: change an observation, or hold one back for another's sake.
//! Where nothing is to be asked, it is the engine's own stream and costs nothing more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::{BoxStream, Stream};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{mpsc, watch};

use crate::config::Settings;
use crate::engine::Engine;
use crate::fleet::Observation;
use crate::metrics;
use crate::probe::{self, Asks, Roster, Targets, Tools, Try};

mod holders;

use holders::Holders;

/// Facts on their way.
const QUEUE: usize = 64;

/// Everything that happens, for ever. Poll it inside a runtime.
pub fn watch(engine: &Arc<dyn Engine>, settings: &Settings) -> BoxStream<'static, Observation> {
    let tools = Tools::new(engine.clone());
    Joined {
        engine: engine.watch(),
        probing: probing(probe::Rules::new(&settings.probes), tools.clone()),
        scraping: scraping(metrics::Rules::new(&settings.metrics), tools),
        holders: Holders::new(engine.clone()),
        turn: 0,
    }
    .boxed()
}

fn probing(rules: probe::Rules, tools: Tools) -> Asking<probe::Rules> {
    Asking::new(rules, move |target: Arc<probe::Target>| {
        let tools = tools.clone();
        async move { probe::attempt(&tools, &target).await }.boxed()
    })
}

fn scraping(rules: metrics::Rules, tools: Tools) -> Asking<metrics::Rules> {
    Asking::new(rules, move |target: Arc<metrics::Target>| {
        let tools = tools.clone();
        async move { metrics::scrape(&tools, &target).await }.boxed()
    })
}

/// What is asked of replicas again and again, begun once there is something to ask.
struct Asking<A: Asks> {
    roster: Roster<A>,
    attempt: Try<A::Target>,
    running: Option<Running<A::Target>>,
}

struct Running<W> {
    targets: watch::Sender<Targets<W>>,
    told: mpsc::Receiver<Observation>,
}

impl<A: Asks> Asking<A> {
    fn new(rules: A, attempt: impl Fn(Arc<A::Target>) -> Doing<A> + Send + Sync + 'static) -> Self {
        Self { roster: Roster::new(rules), attempt: Arc::new(attempt), running: None }
    }

    /// The engine says this: there may be other things to ask now.
    fn observe(&mut self, observation: &Observation) {
        let Some(targets) = self.roster.observe(observation) else { return };
        if let Some(running) = &self.running {
            // Who asks ends only after us.
            let _ = running.targets.send(targets);
            return;
        }
        let (tell, told) = mpsc::channel(QUEUE);
        let (sender, receiver) = watch::channel(targets);
        tokio::spawn(probe::run(self.attempt.clone(), receiver, tell));
        self.running = Some(Running { targets: sender, told });
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Observation>> {
        match &mut self.running {
            // Who is gone tells nothing any more, which does not end the engine's stream.
            Some(running) => match running.told.poll_recv(cx) {
                Poll::Ready(None) => Poll::Pending,
                polled => polled,
            },
            None => Poll::Pending,
        }
    }
}

/// One asking under way.
type Doing<A> = futures_util::future::BoxFuture<'static, <<A as Asks>::Target as probe::Work>::Done>;

/// How many streams there are.
const SOURCES: usize = 4;

/// All streams as one; ends when the engine's does.
struct Joined {
    engine: BoxStream<'static, Observation>,
    probing: Asking<probe::Rules>,
    scraping: Asking<metrics::Rules>,
    holders: Holders,
    /// Whose turn it is to be asked first: none can drown the others.
    turn: usize,
}

impl Joined {
    fn poll_engine(&mut self, cx: &mut Context<'_>) -> Poll<Option<Observation>> {
        let polled = self.engine.poll_next_unpin(cx);
        if let Poll::Ready(Some(observation)) = &polled {
            self.probing.observe(observation);
            self.scraping.observe(observation);
            self.holders.observe(observation);
        }
        polled
    }
}

impl Stream for Joined {
    type Item = Observation;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Observation>> {
        self.turn = (self.turn + 1) % SOURCES;
        for who in self.turn..self.turn + SOURCES {
            let polled = match who % SOURCES {
                0 => self.poll_engine(cx),
                1 => self.probing.poll(cx),
                2 => self.scraping.poll(cx),
                _ => self.holders.poll(cx),
            };
            if polled.is_ready() {
                return polled;
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
