//! Everything that is told of the fleet, joined into one stream of observations: what the engine
//! says, what our own probes say of what it runs, what that says of itself, and who has the ports
//! that are wanted in vain.
//!
//! Owns: who is told of what. Must not: change an observation, or hold one back for another's sake.
//! Where nothing is to be asked, it is the engine's own stream and costs nothing more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, Stream};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{mpsc, watch};

use crate::config::Settings;
use crate::engine::{Engine, EngineError};
use crate::fleet::Observation;
use crate::metrics;
use crate::probe::{self, Asks, Roster, Targets, Tools, Try};

mod holders;

use holders::Holders;

/// Facts on their way.
const QUEUE: usize = 64;

/// Everything that happens, for ever. Poll it inside a runtime.
pub fn watch(engine: &Arc<dyn Engine>, settings: &Settings) -> BoxStream<'static, Observation> {
    steered(engine, settings).0
}

/// The same, and what changes while it goes on what services are asked for.
pub fn steered(engine: &Arc<dyn Engine>, settings: &Settings) -> (BoxStream<'static, Observation>, Steering) {
    let tools = Tools::new(engine.clone());
    let (sender, changes) = mpsc::unbounded_channel();
    let joined = Joined {
        source: engine.clone(),
        engine: engine.watch(),
        changes,
        change: None,
        probing: probing(probe::Rules::new(&settings.probes), tools.clone()),
        scraping: scraping(metrics::Rules::new(&settings.metrics), tools),
        holders: Holders::new(engine.clone()),
        turn: 0,
    };
    (joined.boxed(), Steering(sender))
}

/// Changes what services are asked for while a stream of [`steered`] goes on.
#[derive(Debug)]
pub struct Steering(mpsc::UnboundedSender<Wishes>);

impl Steering {
    /// Probes and metrics of these settings from here on. What was asked before and is not any more
    /// is told to be no more.
    pub fn ask(&self, settings: &Settings) {
        // Nobody watches any more: nothing is asked either.
        let _ = self.0.send((probe::Rules::new(&settings.probes), metrics::Rules::new(&settings.metrics)));
    }
}

/// What is to be asked.
type Wishes = (probe::Rules, metrics::Rules);

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
        if let Some(targets) = self.roster.observe(observation) {
            self.set(targets);
        }
    }

    fn set(&mut self, targets: Targets<A::Target>) {
        if let Some(running) = &self.running {
            // Who asks ends only after us.
            let _ = running.targets.send(targets);
            return;
        }
        if targets.is_empty() {
            return;
        }
        let (tell, told) = mpsc::channel(QUEUE);
        let (sender, receiver) = watch::channel(targets);
        tokio::spawn(probe::run(self.attempt.clone(), receiver, tell));
        self.running = Some(Running { targets: sender, told });
    }

    /// Other rules from here on, for what `told` says there is.
    fn replace<'a>(&mut self, rules: A, told: impl IntoIterator<Item = &'a Observation>) {
        self.roster = self.roster.anew(rules);
        let targets = told.into_iter().filter_map(|told| self.roster.observe(told)).last();
        self.set(targets.unwrap_or_default());
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
type Doing<A> = BoxFuture<'static, <<A as Asks>::Target as probe::Work>::Done>;

/// Other things are to be asked, as soon as it is known of whom: nothing is kept of who is asked
/// nothing, so the engine has to say once more what there is.
struct Change {
    wishes: Wishes,
    list: BoxFuture<'static, Result<Vec<Observation>, EngineError>>,
    /// What the engine told since it was asked for the list.
    since: Vec<Observation>,
}

/// How many streams there are.
const SOURCES: usize = 4;

/// All streams as one; ends when the engine's does.
struct Joined {
    source: Arc<dyn Engine>,
    changes: mpsc::UnboundedReceiver<Wishes>,
    change: Option<Change>,
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
            if let Some(change) = self.change.as_mut().filter(|_| !observation.is_figure()) {
                change.since.push(observation.clone());
            }
        }
        polled
    }

    fn poll_change(&mut self, cx: &mut Context<'_>) {
        // Of several that come at once the last counts.
        while let Poll::Ready(Some(wishes)) = self.changes.poll_recv(cx) {
            self.change = Some(Change { wishes, list: self.source.list(false), since: Vec::new() });
        }
        let Some(list) = self.change.as_mut().map(|change| &mut change.list) else { return };
        let Poll::Ready(listed) = list.poll_unpin(cx) else { return };
        let Some(Change { wishes: (probes, metrics), since, .. }) = self.change.take() else { return };
        let listed = listed.unwrap_or_else(|why| {
            tracing::warn!(%why, "new probes and metrics wait until the engine answers again");
            Vec::new()
        });
        let told = || listed.iter().chain(&since);
        self.probing.replace(probes, told());
        self.scraping.replace(metrics, told());
    }
}

impl Stream for Joined {
    type Item = Observation;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Observation>> {
        self.poll_change(cx);
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
