//! Protection, enforced where effects become engine calls: no screen or command can forget it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::{BoxFuture, ready};
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;

use super::{
    Act, Answer, Consent, Details, DiskUse, Done, Engine, EngineError, LogChunk, LogQuery, Order, Output,
    Query, Secrets, Shell, Step, Storage, Survey, TermSize,
};
use crate::config::{Level, Protection};
use crate::fleet::{EngineId, EventKind, Listener, Observation, ReplicaId, Verb};

/// An engine behind the rules of who may change what: a step that is not allowed, or not meant
/// surely enough, never reaches the engine.
pub struct Guard {
    engine: Arc<dyn Engine>,
    protection: Protection,
    /// The engine's host, once it has told; rules may name it.
    host: Arc<OnceLock<String>>,
}

impl Guard {
    /// The engine behind these rules.
    pub fn new(engine: Arc<dyn Engine>, protection: Protection) -> Self {
        Self { engine, protection, host: Arc::default() }
    }

    fn allows(&self, order: &Order) -> Result<(), EngineError> {
        if self.protection.read_only {
            return Err(EngineError::ReadOnly);
        }
        let host = self.host.get().map(String::as_str).unwrap_or_default();
        let service = &order.service;
        let ends = ends(&order.step);
        let level = self.protection.level(host, service.project.as_deref(), &service.name, ends);
        let enough = match level {
            Level::Open => true,
            Level::Confirm => order.consent >= Consent::Yes,
            Level::Typed => order.consent >= Consent::Typed,
            Level::ReadOnly => false,
        };
        if enough {
            return Ok(());
        }
        Err(EngineError::Protected { what: service.path(), level: level.word() })
    }
}

/// Whether a step takes something away.
fn ends(step: &Step) -> bool {
    matches!(step, Step::Act(Act { verb: Verb::Stop | Verb::Kill | Verb::Remove, .. }))
}

fn note(host: &OnceLock<String>, observation: &Observation) {
    if let Observation::Engine(engine) = observation
        && !engine.host.is_empty()
    {
        // The first word stands: one engine does not change its host.
        let _ = host.set(engine.host.clone());
    }
}

impl Engine for Guard {
    fn id(&self) -> &EngineId {
        self.engine.id()
    }

    fn endpoint(&self) -> String {
        self.engine.endpoint()
    }

    fn watch(&self) -> BoxStream<'static, Observation> {
        let host = self.host.clone();
        self.engine.watch().inspect(move |observation| note(&host, observation)).boxed()
    }

    fn focus(&self, visible: &[ReplicaId]) {
        self.engine.focus(visible);
    }

    fn list(&self, usage: bool) -> BoxFuture<'static, Result<Vec<Observation>, EngineError>> {
        let (host, list) = (self.host.clone(), self.engine.list(usage));
        async move {
            let all = list.await?;
            for observation in &all {
                note(&host, observation);
            }
            Ok(all)
        }
        .boxed()
    }

    fn logs(&self, of: &ReplicaId, query: &LogQuery) -> BoxStream<'static, Result<LogChunk, EngineError>> {
        self.engine.logs(of, query)
    }

    fn survey(&self, query: &Query) -> BoxFuture<'static, Result<Survey, EngineError>> {
        self.engine.survey(query)
    }

    fn perform(&self, order: Order) -> BoxFuture<'static, Result<Done, EngineError>> {
        match self.allows(&order) {
            Ok(()) => self.engine.perform(order),
            Err(error) => ready(Err(error)).boxed(),
        }
    }

    fn inspect(&self, of: &ReplicaId) -> BoxFuture<'static, Result<Details, EngineError>> {
        self.engine.inspect(of)
    }

    fn remembered(
        &self,
        of: &ReplicaId,
        since: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<(Timestamp, EventKind)>, EngineError>> {
        self.engine.remembered(of, since)
    }

    fn reveal(&self, of: &ReplicaId) -> BoxFuture<'static, Result<Secrets, EngineError>> {
        // Looking changes nothing, whatever may be changed.
        self.engine.reveal(of)
    }

    fn shell(
        &self,
        of: &ReplicaId,
        argv: &[String],
        size: TermSize,
    ) -> BoxFuture<'static, Result<Shell, EngineError>> {
        if self.protection.read_only {
            return ready(Err(EngineError::ReadOnly)).boxed();
        }
        self.engine.shell(of, argv, size)
    }

    fn simulated(&self, of: &ReplicaId, port: u16, path: Option<&str>) -> Option<Answer> {
        self.engine.simulated(of, port, path)
    }

    /// Looks only: what it runs comes from the config, never from what is looked at.
    fn exec(
        &self,
        of: &ReplicaId,
        argv: &[String],
        limit: Duration,
    ) -> BoxFuture<'static, Result<Output, EngineError>> {
        self.engine.exec(of, argv, limit)
    }

    fn listeners(&self) -> BoxFuture<'static, Result<Vec<Listener>, EngineError>> {
        self.engine.listeners()
    }

    fn storage(&self) -> BoxFuture<'static, Result<Storage, EngineError>> {
        self.engine.storage()
    }

    fn disk_use(&self) -> BoxFuture<'static, Result<DiskUse, EngineError>> {
        self.engine.disk_use()
    }
}
