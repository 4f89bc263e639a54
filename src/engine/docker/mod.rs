//! Docker (20.10 and newer), and Podman's Docker API.
//!
//! - `connect`, `context`, `endpoint`: which engine is meant, as the docker CLI decides it.
//! - `wire`, `gather`, `tls`, `failure`: calls to it, and what can go wrong with one.
//! - `api`, `map`, `task`, `known`: its answers and events → replicas. All but `api` are pure.
//! - `watch`, `events`, `inspects`, `usage`, `stats`: the stream of observations.
//! - `disk`: sockets and file systems of its machine, and what it keeps on them.
//! - `step` (with `act`): changes.
//! - `inspect`, `memory`, `list`, `logs` (with `demux`), `shell`, `exec`: the other calls of [`Engine`].
//! - `survey` (with `blueprint` and `talks`, pure), `images`: what a change has to know.
//! - `spec`: settings, told from their image's defaults, compared and copied. Pure.

pub(super) mod api;
mod blueprint;
mod connect;
mod context;
mod demux;
mod disk;
mod endpoint;
pub(super) mod events;
mod exec;
pub(super) mod failure;
#[cfg(test)]
mod fake;
mod gather;
mod images;
pub(super) mod inspect;
mod inspects;
mod known;
mod list;
pub(super) mod logs;
pub(super) mod map;
mod memory;
mod shell;
pub(super) mod spec;
mod stats;
mod step;
mod survey;
pub(super) mod task;
mod ties;
mod tls;
mod usage;
mod watch;
pub(super) mod wire;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::Timestamp;

use self::wire::Wire;
use super::{
    Details, DiskUse, Done, Engine, EngineError, LogChunk, LogQuery, Order, Output, Query, Secrets, Shell,
    Storage, Survey, TermSize,
};
use crate::config::EngineSettings;
use crate::fleet::{EngineId, EventKind, Listener, Observation, ReplicaId};

/// What runs, with the host pid where it is known.
type Roster = Arc<[(ReplicaId, Option<u32>)]>;

/// What the calls share.
struct Shared {
    id: EngineId,
    wire: Arc<Wire>,
    /// What runs now, told by whoever watches.
    roster: tokio::sync::watch::Sender<Roster>,
    /// What is on screen, most important first.
    focus: tokio::sync::watch::Sender<Arc<[ReplicaId]>>,
    /// How usage can be had; `None` until it is known.
    source: tokio::sync::watch::Sender<Option<usage::Source>>,
    /// The defaults of images that containers were made from.
    images: images::Images,
}

/// A Docker engine.
pub struct Docker {
    shared: Arc<Shared>,
}

impl Docker {
    /// The engine the settings and the environment mean. Only resolves; connects when it must.
    ///
    /// # Errors
    /// [`EngineError::Settings`] when they mean none: a bad address, an unknown context, ….
    pub fn new(settings: &EngineSettings) -> Result<Self, EngineError> {
        let endpoint = connect::resolve(settings, &connect::Process)?;
        Ok(Self { shared: Arc::new(Shared::new(Arc::new(Wire::new(endpoint)))) })
    }
}

impl Docker {
    /// The way to the engine, for another engine that stands behind the same connection.
    pub(super) fn wire(&self) -> Arc<Wire> {
        self.shared.wire.clone()
    }
}

impl Shared {
    fn new(wire: Arc<Wire>) -> Self {
        Self {
            id: EngineId::new("docker"),
            wire,
            roster: tokio::sync::watch::Sender::new(Arc::default()),
            focus: tokio::sync::watch::Sender::new(Arc::default()),
            source: tokio::sync::watch::Sender::new(None),
            images: images::Images::default(),
        }
    }
}

impl Engine for Docker {
    fn id(&self) -> &EngineId {
        &self.shared.id
    }

    fn endpoint(&self) -> String {
        self.shared.wire.shown()
    }

    fn watch(&self) -> BoxStream<'static, Observation> {
        watch::watch(self.shared.clone())
    }

    fn focus(&self, visible: &[ReplicaId]) {
        self.shared.focus.send_if_modified(|focus| {
            let changed = **focus != *visible;
            if changed {
                *focus = visible.into();
            }
            changed
        });
    }

    fn list(&self, usage: bool) -> BoxFuture<'static, Result<Vec<Observation>, EngineError>> {
        list::list(self.shared.clone(), usage).boxed()
    }

    fn logs(&self, of: &ReplicaId, query: &LogQuery) -> BoxStream<'static, Result<LogChunk, EngineError>> {
        logs::logs(self.shared.wire.clone(), of.clone(), query.clone())
    }

    fn survey(&self, query: &Query) -> BoxFuture<'static, Result<Survey, EngineError>> {
        survey::survey(self.shared.clone(), query.clone()).boxed()
    }

    fn perform(&self, order: Order) -> BoxFuture<'static, Result<Done, EngineError>> {
        step::perform(self.shared.clone(), order.step).boxed()
    }

    fn inspect(&self, of: &ReplicaId) -> BoxFuture<'static, Result<Details, EngineError>> {
        inspect::details(self.shared.clone(), of.clone()).boxed()
    }

    fn remembered(
        &self,
        of: &ReplicaId,
        since: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<(Timestamp, EventKind)>, EngineError>> {
        memory::of(self.shared.clone(), of.clone(), since).boxed()
    }

    fn reveal(&self, of: &ReplicaId) -> BoxFuture<'static, Result<Secrets, EngineError>> {
        inspect::secrets(self.shared.clone(), of.clone()).boxed()
    }

    fn shell(
        &self,
        of: &ReplicaId,
        argv: &[String],
        size: TermSize,
    ) -> BoxFuture<'static, Result<Shell, EngineError>> {
        shell::open(self.shared.wire.clone(), of.clone(), argv.to_vec(), size).boxed()
    }

    fn exec(
        &self,
        of: &ReplicaId,
        argv: &[String],
        limit: Duration,
    ) -> BoxFuture<'static, Result<Output, EngineError>> {
        exec::exec(self.shared.wire.clone(), of.clone(), argv.to_vec(), limit).boxed()
    }

    fn listeners(&self) -> BoxFuture<'static, Result<Vec<Listener>, EngineError>> {
        disk::listeners(self.shared.clone()).boxed()
    }

    fn storage(&self) -> BoxFuture<'static, Result<Storage, EngineError>> {
        disk::storage(self.shared.clone()).boxed()
    }

    fn disk_use(&self) -> BoxFuture<'static, Result<DiskUse, EngineError>> {
        disk::disk_use(self.shared.clone()).boxed()
    }
}
