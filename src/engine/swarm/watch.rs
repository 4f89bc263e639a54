//! Watching Docker and the swarm behind it as one, for ever.
//!
//! The swarm is looked at when something says that it changed — its own events, or Docker's about
//! the container of a task — and now and then in case nothing did: tasks on other nodes have no
//! events here.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::Swarm;
use super::fold::{Fold, Role};
use super::look::{Blind, Look};
use crate::engine::docker::api::Message;
use crate::engine::docker::events::Events;
use crate::engine::{Docker, Engine, EngineError};
use crate::fleet::{Link, Observation};

/// How long a look waits after a reason for it, so that a storm of reasons costs one.
const DEBOUNCE: Duration = Duration::from_millis(120);
/// Time between looks while something is on its way.
const BUSY: Duration = Duration::from_secs(1);
/// Time between looks else.
const CALM: Duration = Duration::from_secs(5);
/// Time between looks for a swarm where there is none.
const NONE: Duration = Duration::from_secs(30);
/// How long the first list waits to learn who tells of tasks.
const FIRST: Duration = Duration::from_secs(2);
/// Observations that may wait for a slow reader.
const WAITING: usize = 256;
/// What changes a service or a node; what changes a task comes with its container.
const FILTER: &str = r#"{"type":["service","node"]}"#;

/// Everything that happens; see [`Engine::watch`].
pub(in crate::engine) fn watch(docker: &Docker, swarm: Arc<Swarm>) -> BoxStream<'static, Observation> {
    let docker = docker.watch();
    let run = async move {
        let (tell, mut told) = mpsc::channel(WAITING);
        let task = AbortOnDropHandle::new(tokio::spawn(Watch::new(swarm, tell).run(docker)));
        stream::poll_fn(move |cx| {
            let _keep = &task;
            told.poll_recv(cx)
        })
    };
    stream::once(run).flatten().boxed()
}

/// Nobody listens any more.
struct Unheard;

/// What a look brings, and the swarm's events if they had to be opened.
type Looked = (Result<Look, Blind>, Option<Events>);

struct Watch {
    swarm: Arc<Swarm>,
    tell: mpsc::Sender<Observation>,
    fold: Fold,
    look: Option<BoxFuture<'static, Looked>>,
    events: Option<Events>,
    /// When to look next; `None` while there is nothing to be looked at.
    due: Option<Instant>,
    /// The last look tried to open the events.
    opened: bool,
}

impl Watch {
    fn new(swarm: Arc<Swarm>, tell: mpsc::Sender<Observation>) -> Self {
        let fold = Fold::new(swarm.id.clone());
        Self { swarm, tell, fold, look: None, events: None, due: None, opened: false }
    }

    async fn run(mut self, mut docker: BoxStream<'static, Observation>) {
        loop {
            let far = Instant::now() + NONE;
            let heard = tokio::select! {
                biased;
                observation = docker.next() => match observation {
                    Some(observation) => self.observed(observation).await,
                    None => return,
                },
                looked = pending(&mut self.look), if self.look.is_some() => {
                    self.look = None;
                    let tell = self.learn(looked);
                    self.say(tell).await
                }
                message = next(&mut self.events), if self.events.is_some() => {
                    match message {
                        Ok(_) => self.soon(),
                        // Docker's own stream says when the engine is gone; this one is opened again.
                        Err(_) => self.events = None,
                    }
                    Ok(())
                }
                () = sleep_until(self.due.unwrap_or(far)), if self.look.is_none() && self.due.is_some() => {
                    self.due = None;
                    self.begin_look();
                    Ok(())
                }
            };
            if heard.is_err() {
                return;
            }
        }
    }

    fn soon(&mut self) {
        self.within(DEBOUNCE);
    }

    /// Look after this time, or when it was meant to anyway, if that is sooner.
    fn within(&mut self, time: Duration) {
        let at = Instant::now() + time;
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    fn begin_look(&mut self) {
        let wire = self.swarm.wire.clone();
        let open = self.events.is_none() && self.fold.role() == Role::Manager;
        self.opened = open;
        let look = async move {
            // Before the look, so that nothing between the two is missed.
            let events = if open { Events::of(&wire, FILTER).await.ok() } else { None };
            (Look::take(&wire).await, events)
        };
        self.look = Some(look.boxed());
    }

    async fn observed(&mut self, observation: Observation) -> Result<(), Unheard> {
        let mut first = Vec::new();
        match &observation {
            Observation::Link(Link::Lost { .. }) => {
                self.look = None;
                self.events = None;
                self.due = None;
            }
            Observation::Synced { .. } if self.fold.role() == Role::Unknown => {
                // Who tells of tasks must be known before they are told: one short call.
                self.begin_look();
                if let Some(look) = self.look.take() {
                    let looked = timeout(FIRST, look).await;
                    first = self.learn(looked.unwrap_or((Err(Blind::NotHere), None)));
                }
            }
            _ => {}
        }
        let (tell, news) = self.fold.docker(observation, Timestamp::now());
        if news {
            self.soon();
        }
        self.swarm.found(self.fold.containers());
        self.say(tell).await?;
        self.say(first).await
    }

    /// What a look teaches, and when to look again.
    fn learn(&mut self, (look, events): Looked) -> Vec<Observation> {
        let now = Timestamp::now();
        self.events = self.events.take().or(events);
        let (tell, next) = match look {
            Ok(look) => {
                let tell = self.fold.looked(look, now);
                (tell, Some(if self.fold.is_busy() { BUSY } else { CALM }))
            }
            Err(Blind::NotHere) => (self.fold.no_swarm(now), Some(NONE)),
            Err(Blind::Never) => (self.fold.no_swarm(now), None),
            Err(Blind::Ailing(why)) => (self.fold.ailing(why, now), Some(CALM)),
            // Docker's stream tells of it, and when it is back.
            Err(Blind::Lost(error)) => {
                tracing::debug!(%error, "no look at the swarm");
                (Vec::new(), Some(CALM))
            }
        };
        if let Some(next) = next {
            self.within(next);
        }
        if self.fold.role() == Role::Manager && self.events.is_none() && !self.opened {
            // They are opened with the next look.
            self.soon();
        }
        tell
    }

    async fn say(&mut self, observations: Vec<Observation>) -> Result<(), Unheard> {
        for observation in observations {
            self.tell.send(observation).await.map_err(|_| Unheard)?;
        }
        Ok(())
    }
}

/// The future in `slot`; never called while there is none.
async fn pending(slot: &mut Option<BoxFuture<'static, Looked>>) -> Looked {
    match slot {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

/// The next event; never called while there are none.
async fn next(events: &mut Option<Events>) -> Result<Message, EngineError> {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}
