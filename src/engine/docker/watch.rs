//! Watching the engine for ever: connect, list, live from events, re-sync, reconnect.
//!
//! First names come from the list alone; inspects fill in the rest in the background. An event
//! changes what it says at once, and an inspect soon after brings what it does not say.

use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::Shared;
use super::api::{Entry, Info, Inspected};
use super::events::Events;
use super::failure;
use super::inspects::Inspects;
use super::known::{Id, Known};
use super::usage::{self, Source};
use super::wire::SOON;
use crate::engine::EngineError;
use crate::fleet::{EngineInfo, Link, Observation};
use crate::text::sanitize::label;

/// How long an inspect waits after an event, so that a storm of events costs one.
const DEBOUNCE: Duration = Duration::from_millis(20);
/// How long after an inspect failed for a reason of its own it is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// Time between whole lists, in case an event was lost.
const RESYNC: Duration = Duration::from_mins(1);
/// Silence after which the engine is asked whether it is there.
const QUIET: Duration = Duration::from_secs(5);
/// Time it has to say so.
const PONG: Duration = Duration::from_secs(3);
/// Observations that may wait for a slow reader.
const WAITING: usize = 256;

/// Everything that happens, for ever; see [`crate::engine::Engine::watch`].
pub(super) fn watch(shared: Arc<Shared>) -> BoxStream<'static, Observation> {
    let run = async move {
        let (tell, mut told) = mpsc::channel(WAITING);
        let task = AbortOnDropHandle::new(tokio::spawn(Watch::new(shared, tell).run()));
        stream::poll_fn(move |cx| {
            let _keep = &task;
            told.poll_recv(cx)
        })
    };
    stream::once(run).flatten().boxed()
}

/// The reader is gone, or the connection is.
enum End {
    Unheard,
    Lost(EngineError),
}

impl From<EngineError> for End {
    fn from(error: EngineError) -> Self {
        Self::Lost(error)
    }
}

struct Watch {
    shared: Arc<Shared>,
    tell: mpsc::Sender<Observation>,
    known: Known,
    engine: EngineInfo,
}

impl Watch {
    fn new(shared: Arc<Shared>, tell: mpsc::Sender<Observation>) -> Self {
        let known = Known::new(shared.id.clone());
        Self { shared, tell, known, engine: EngineInfo::default() }
    }

    /// Until nobody listens.
    async fn run(mut self) {
        // A unix socket costs nothing to try; a remote host is spared.
        let longest = if self.shared.wire.is_socket() { 1 } else { 5 };
        let backoff = backon::ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(100))
            .with_factor(1.4)
            .with_max_delay(Duration::from_secs(longest))
            .without_max_times();
        let mut delays = backoff.build();
        let _sampler =
            AbortOnDropHandle::new(tokio::spawn(usage::sample(self.shared.clone(), self.tell.clone())));
        let mut last = None;
        loop {
            let (was_live, end) = self.session().await;
            let End::Lost(error) = end else { return };
            if was_live {
                delays = backoff.build();
                last = None;
            }
            let retry_in = delays.next().unwrap_or(Duration::from_secs(longest));
            let lost = Link::Lost { why: error.to_string(), remedy: error.remedy(), retry_in };
            // Once in the log is enough while it stays the same.
            if last.as_ref() != Some(&error) {
                tracing::warn!(target: "quarterdeck::link", %error, "the engine can't be reached");
                last = Some(error);
            }
            if self.say(Observation::Link(lost)).await.is_err() {
                return;
            }
            sleep(retry_in).await;
        }
    }

    /// From connecting to losing the connection; and whether it ever was live.
    async fn session(&mut self) -> (bool, End) {
        let (mut events, listed) = match self.begin().await {
            Ok(begun) => begun,
            Err(end) => return (false, end),
        };
        let end = match self.live(&mut events, listed).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        // What was read from cgroups so far stays true; nothing new is known to run.
        self.shared.roster.send_replace(Arc::default());
        (true, end)
    }

    /// Connect, open the events, list, and tell.
    async fn begin(&mut self) -> Result<(Events, Vec<Id>), End> {
        let wire = &self.shared.wire;
        wire.forget();
        let greeting = wire.greeting().await?;
        let events = Events::open(wire).await?;
        self.known.begin_list();
        let entries: Vec<Entry> = wire.get("/containers/json?all=1", "the engine").await?;
        self.engine = EngineInfo {
            kind: if greeting.podman { "podman" } else { "docker" }.into(),
            version: greeting.version,
            api: format!("{}.{}", greeting.api.0, greeting.api.1),
            endpoint: wire.shown(),
            // Another engine may stand behind the address now; it will say.
            instance: String::new(),
            ..std::mem::take(&mut self.engine)
        };
        let at = Timestamp::now();
        let (replicas, wanted) = self.known.list(&entries, true);
        self.say(Observation::Engine(self.engine.clone())).await?;
        self.say(Observation::Synced { at, engine: self.shared.id.clone(), replicas }).await?;
        self.say(Observation::Link(Link::Live)).await?;
        self.publish_roster();
        Ok((events, wanted))
    }

    /// Live from events until the connection is lost.
    async fn live(&mut self, events: &mut Events, wanted: Vec<Id>) -> Result<std::convert::Infallible, End> {
        let mut inspects = Inspects::new(self.shared.clone());
        for id in wanted {
            inspects.want(id, Duration::ZERO);
        }
        let mut info = Some(fetch_info(self.shared.clone()));
        let mut list: Option<BoxFuture<'static, Result<Vec<Entry>, EngineError>>> = None;
        let mut ping: Option<BoxFuture<'static, Result<(), EngineError>>> = None;
        let mut resync = Instant::now() + RESYNC;
        let mut quiet = Instant::now() + QUIET;
        loop {
            self.publish_roster();
            let due = inspects.start_due();
            tokio::select! {
                message = events.next() => {
                    quiet = Instant::now() + QUIET;
                    let step = self.known.event(&message?, Timestamp::now());
                    for observation in step.tell {
                        self.say(observation).await?;
                    }
                    if let Some(id) = &step.destroyed {
                        inspects.forget(id);
                    }
                    if let Some(id) = step.inspect {
                        inspects.want(id, if step.unknown { Duration::ZERO } else { DEBOUNCE });
                    }
                }
                (id, result) = inspects.next() => self.inspected(&mut inspects, &mut quiet, id, result).await?,
                found = pending(&mut info), if info.is_some() => {
                    info = None;
                    self.learn(found).await?;
                }
                entries = pending(&mut list), if list.is_some() => {
                    list = None;
                    let (replicas, wanted) = self.known.list(&entries?, false);
                    let (at, engine) = (Timestamp::now(), self.shared.id.clone());
                    self.say(Observation::Synced { at, engine, replicas }).await?;
                    for id in wanted {
                        inspects.want(id, Duration::ZERO);
                    }
                }
                pong = pending(&mut ping), if ping.is_some() => {
                    ping = None;
                    pong?;
                    quiet = Instant::now() + QUIET;
                }
                () = sleep_until(due) => {}
                () = sleep_until(resync), if list.is_none() => {
                    resync = Instant::now() + RESYNC;
                    self.known.begin_list();
                    let shared = self.shared.clone();
                    list = Some(async move { shared.wire.get("/containers/json?all=1", "the engine").await }.boxed());
                }
                () = sleep_until(quiet), if ping.is_none() => ping = Some(knock(self.shared.clone())),
            }
        }
    }

    async fn inspected(
        &mut self,
        inspects: &mut Inspects,
        quiet: &mut Instant,
        id: Id,
        result: Result<Inspected, EngineError>,
    ) -> Result<(), End> {
        // Events that came while it ran are newer than what it says.
        if !inspects.done(&id) {
            return Ok(());
        }
        let at = Timestamp::now();
        match result {
            Ok(it) => {
                if let Some(replica) = self.known.inspect(&it) {
                    self.say(Observation::Applied { at, replica: Box::new(replica) }).await?;
                }
            }
            Err(EngineError::Gone { .. }) => {
                if let Some(id) = self.known.gone(&id) {
                    self.say(Observation::Removed { at, id }).await?;
                }
            }
            // One container may be stuck in an engine that is well: whether the engine is, a ping tells.
            Err(error) => {
                tracing::warn!(%error, container = %id, "inspect failed");
                if error.is_unreachable() {
                    *quiet = Instant::now();
                }
                inspects.want(id, AGAIN);
            }
        }
        Ok(())
    }

    /// What the engine's machine is; `None` when it did not say.
    async fn learn(&mut self, info: Option<Info>) -> Result<(), End> {
        let told = info.is_some();
        let info = info.unwrap_or_default();
        let roster = self.shared.roster.borrow().clone();
        let local = usage::is_local(&self.shared.wire, &info, &roster);
        let source = if local { Source::Here(usage::disk(&info)) } else { Source::Engine };
        self.shared.source.send_if_modified(|known| {
            let changed = known.as_ref() != Some(&source);
            if changed {
                *known = Some(source);
            }
            changed
        });
        if told {
            self.engine.host = label(info.name.as_deref().unwrap_or_default(), 80).to_string();
            self.engine.instance = label(info.id.as_deref().unwrap_or_default(), 80).to_string();
            self.engine.cpus = info.cpus;
            self.engine.memory = info.mem_total;
        }
        self.engine.local = local;
        self.say(Observation::Engine(self.engine.clone())).await
    }

    fn publish_roster(&mut self) {
        if let Some(roster) = self.known.roster() {
            self.shared.roster.send_replace(roster.into());
        }
    }

    async fn say(&self, observation: Observation) -> Result<(), End> {
        self.tell.send(observation).await.map_err(|_| End::Unheard)
    }
}

/// The future in `slot`; never called while there is none.
async fn pending<T>(slot: &mut Option<BoxFuture<'static, T>>) -> T {
    match slot {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

/// Whether the engine still answers.
fn knock(shared: Arc<Shared>) -> BoxFuture<'static, Result<(), EngineError>> {
    let knock = async move {
        let wire = &shared.wire;
        let answer = wire.call_at("/_ping", http::Method::GET, None, PONG, "a ping").await?;
        if answer.status.is_success() {
            Ok(())
        } else {
            Err(failure::refused(answer.status, &answer.body, "the engine", &wire.shown()))
        }
    };
    knock.boxed()
}

/// What the engine says of its machine.
fn fetch_info(shared: Arc<Shared>) -> BoxFuture<'static, Option<Info>> {
    let fetch = async move {
        let asked = shared.wire.get::<Info>("/info", "the engine");
        match timeout(SOON, asked).await {
            Ok(Ok(info)) => Some(info),
            Ok(Err(error)) => {
                tracing::info!(%error, "the engine does not tell about its machine");
                None
            }
            Err(_) => None,
        }
    };
    fetch.boxed()
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
