//! What runs things, behind one trait: Docker (and Podman's Docker API) with the swarm it may be a
//! manager of, and the demo fleet.
//!
//! Owns: every call to an engine. Must not: know about screens or commands. Everything that
//! leaves this room is sanitised and masked.

pub mod demo;
mod details;
pub mod docker;
mod error;
mod guard;
mod joined;
mod secrets;
mod step;
mod storage;
mod survey;
mod swarm;
mod wants;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};

pub use details::{Details, HealthLog, HealthSpec, Mount, NetworkLink};
use docker::Docker;
pub use error::EngineError;
pub use guard::Guard;
pub use secrets::Secrets;
pub use step::{Act, Consent, Course, Create, Done, Order, Place, Step};
pub use storage::{Disk, DiskUse, Holding, Pile, Storage};
pub use survey::{Blueprint, ImageFacts, Managed, Needs, Query, Survey, UpdateState, UpdateStatus};

use crate::config::{EngineSettings, Protection};
use crate::fleet::{EngineId, EventKind, Listener, Observation, ReplicaId};
use crate::logs::Stream;

/// Which log lines to read.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LogQuery {
    /// Go on with new lines until dropped (or the replica ends).
    pub follow: bool,
    /// Only the last n lines that are already there; `None` = all.
    pub tail: Option<u64>,
    /// Only lines at or after this time.
    pub since: Option<Timestamp>,
    /// Only lines before this time.
    pub until: Option<Timestamp>,
}

/// A piece of a log as the engine sends it: part of a line, a line, or several. **Not yet
/// sanitised** — [`crate::follow`] cuts it into lines and sanitises them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChunk {
    /// stdout or stderr.
    pub stream: Stream,
    /// Raw bytes. Every line in them starts with an RFC 3339 time stamp and a blank, which is the
    /// engine's (`timestamps=true`).
    pub bytes: Bytes,
}

/// The size of a terminal, columns × rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermSize {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

/// A shell (or any command with a terminal) inside a replica.
pub struct Shell {
    /// What it prints, raw.
    pub output: Box<dyn AsyncRead + Send + Unpin>,
    /// What is typed into it.
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    /// Tells it that the terminal changed its size.
    pub resize: Arc<dyn Fn(TermSize) -> BoxFuture<'static, ()> + Send + Sync>,
    /// Its exit code, once `output` has ended.
    pub exit: BoxFuture<'static, Option<i64>>,
}

/// What a command in a replica came to.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Output {
    /// Its exit code.
    pub code: i64,
    /// What it printed: the first 64 KiB, raw. **Not yet sanitised.**
    pub stdout: Bytes,
    /// The same of stderr.
    pub stderr: Bytes,
}

/// A simulated replica's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status; for what speaks something else, below 400 = well.
    pub status: u16,
    /// What it says.
    pub body: String,
    /// How long it takes to say it.
    pub took: Duration,
}

/// Something that runs services. All methods may be called at any time, from any task; none
/// blocks, and dropping a stream or a future cancels the call behind it.
pub trait Engine: Send + Sync + 'static {
    /// Its id, the `engine` of every id it hands out.
    fn id(&self) -> &EngineId;

    /// Where it is reached, for humans, credentials masked.
    fn endpoint(&self) -> String;

    /// Everything that happens, for ever: [`Observation::Engine`], then `Synced`, then changes;
    /// `Link(Lost)` with a reason while it can't be reached (retrying with back-off), and
    /// `Engine`, `Synced`, `Link(Live)` again after. Usage and host figures come in it too. Where
    /// several engines stand behind one connection, the first of them tells `Engine` and `Link`,
    /// and each has a `Synced` of its own.
    fn watch(&self) -> BoxStream<'static, Observation>;

    /// Which replicas are on screen, most important first: where reading usage costs calls,
    /// these are read first and most often. A hint; may be ignored.
    fn focus(&self, visible: &[ReplicaId]);

    /// One snapshot without following: for headless commands. Inspects every replica it returns,
    /// so `restarts`, `limits`, `exit` and `started` are filled in. With `usage` it takes the time
    /// (about 200 ms) to read usage too, where that costs the engine nothing; where it does,
    /// [`Engine::watch`] brings it.
    fn list(&self, usage: bool) -> BoxFuture<'static, Result<Vec<Observation>, EngineError>>;

    /// Log chunks of one replica, oldest first.
    fn logs(&self, of: &ReplicaId, query: &LogQuery) -> BoxStream<'static, Result<LogChunk, EngineError>>;

    /// What planning a change must know of these beyond what [`Engine::watch`] tells.
    fn survey(&self, query: &Query) -> BoxFuture<'static, Result<Survey, EngineError>>;

    /// Perform one step. Ends when the engine says it is done. Asking again is safe; see [`Step`].
    fn perform(&self, order: Order) -> BoxFuture<'static, Result<Done, EngineError>>;

    /// Everything about one replica, secrets masked.
    fn inspect(&self, of: &ReplicaId) -> BoxFuture<'static, Result<Details, EngineError>>;

    /// What [`Engine::inspect`] masks in the environment of one replica, as it is. Whoever asks
    /// writes that down before it shows anything.
    fn reveal(&self, of: &ReplicaId) -> BoxFuture<'static, Result<Secrets, EngineError>>;

    /// Run `argv` (empty: the best shell there is) in the replica, with a terminal.
    fn shell(
        &self,
        of: &ReplicaId,
        argv: &[String],
        size: TermSize,
    ) -> BoxFuture<'static, Result<Shell, EngineError>>;

    /// Run `argv` in the replica, without a terminal and with nothing to read, and wait until it
    /// ends. For probes and measurements: it is taken to change nothing, and allowed to whoever may
    /// look. What does not end within `limit` is [`EngineError::Overran`], and may be left running:
    /// engines can't end it.
    fn exec(
        &self,
        of: &ReplicaId,
        argv: &[String],
        limit: Duration,
    ) -> BoxFuture<'static, Result<Output, EngineError>>;

    /// What the engine itself still remembers to have happened to one replica since then, oldest
    /// first: for whoever was not there. Engines remember little, and some nothing.
    fn remembered(
        &self,
        _of: &ReplicaId,
        _since: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<(Timestamp, EventKind)>, EngineError>> {
        std::future::ready(Ok(Vec::new())).boxed()
    }

    /// Every socket of the engine's machine that waits for connections, and who has it open as far as
    /// we may see. [`EngineError::Unsupported`] where that machine can't be looked into from here.
    fn listeners(&self) -> BoxFuture<'static, Result<Vec<Listener>, EngineError>> {
        ready(Err(dark("its sockets"))).boxed()
    }

    /// The file systems of the engine's machine that its data, volumes and mounted directories lie
    /// on, and the machine's own. Fails as [`Engine::listeners`] does.
    fn storage(&self) -> BoxFuture<'static, Result<Storage, EngineError>> {
        ready(Err(dark("its file systems"))).boxed()
    }

    /// What the engine's own objects take on its disk. May take minutes and keeps the engine busy
    /// meanwhile: only when somebody asks.
    fn disk_use(&self) -> BoxFuture<'static, Result<DiskUse, EngineError>> {
        ready(Err(dark("its disk use"))).boxed()
    }

    /// How a simulated replica answers a client at a port (and a path, where it speaks HTTP);
    /// `None`: it does not. Only engines of the kind `demo` have such replicas: those of others are
    /// asked over the network.
    fn simulated(&self, _of: &ReplicaId, _port: u16, _path: Option<&str>) -> Option<Answer> {
        None
    }
}

fn dark(what: &str) -> EngineError {
    EngineError::Unsupported {
        why: format!("this engine does not tell {what}"),
        remedy: "Ask one of the kind docker.".to_owned(),
    }
}

/// The engine the settings and the environment mean, behind the rules of who may change what.
/// Only resolves: an engine that is not there shows in [`Engine::watch`] and in every call.
///
/// # Errors
/// [`EngineError::Settings`]: a bad address, a context that does not exist, ….
pub fn open(settings: &EngineSettings, protection: Protection) -> Result<Arc<dyn Engine>, EngineError> {
    let engine: Arc<dyn Engine> = Arc::new(joined::Joined::new(docker::Docker::new(settings)?));
    Ok(Arc::new(Guard::new(engine, protection)))
}
