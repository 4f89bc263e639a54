//! Read-only, enforced where effects become engine calls: no screen or command can forget it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use super::{Details, Done, Engine, EngineError, LogChunk, LogQuery, Shell, Step, TermSize};
use crate::fleet::{EngineId, Observation, ReplicaId};

/// An engine that can be looked at and not touched: every step and every shell is refused.
pub struct ReadOnly(pub Arc<dyn Engine>);

impl Engine for ReadOnly {
    fn id(&self) -> &EngineId {
        self.0.id()
    }

    fn endpoint(&self) -> String {
        self.0.endpoint()
    }

    fn watch(&self) -> BoxStream<'static, Observation> {
        self.0.watch()
    }

    fn focus(&self, visible: &[ReplicaId]) {
        self.0.focus(visible);
    }

    fn list(&self, usage: bool) -> BoxFuture<'static, Result<Vec<Observation>, EngineError>> {
        self.0.list(usage)
    }

    fn logs(&self, of: &ReplicaId, query: &LogQuery) -> BoxStream<'static, Result<LogChunk, EngineError>> {
        self.0.logs(of, query)
    }

    fn perform(&self, _step: Step) -> BoxFuture<'static, Result<Done, EngineError>> {
        Box::pin(std::future::ready(Err(EngineError::ReadOnly)))
    }

    fn inspect(&self, of: &ReplicaId) -> BoxFuture<'static, Result<Details, EngineError>> {
        self.0.inspect(of)
    }

    fn shell(
        &self,
        _of: &ReplicaId,
        _argv: &[String],
        _size: TermSize,
    ) -> BoxFuture<'static, Result<Shell, EngineError>> {
        Box::pin(std::future::ready(Err(EngineError::ReadOnly)))
    }
}
