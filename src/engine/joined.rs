//! One engine of Docker and the swarm its node may be a manager of.
//!
//! Everything goes to the one that owns the id it is about. What is watched and listed comes from
//! both as one stream, in which a task is told once: by the swarm where that answers, else as
//! Docker's container.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::Timestamp;

use super::docker::Docker;
use super::swarm::{self, Swarm};
use super::{
    Details, DiskUse, Done, Engine, EngineError, LogChunk, LogQuery, Order, Output, Query, Secrets, Shell,
    Step, Storage, Survey, TermSize,
};
use crate::fleet::{EngineId, EventKind, Listener, Observation, ReplicaId};

/// See the module.
pub(super) struct Joined {
    docker: Arc<Docker>,
    swarm: Arc<Swarm>,
}

impl Joined {
    /// Docker, and the swarm behind the same connection.
    pub(super) fn new(docker: Docker) -> Self {
        let swarm = Arc::new(Swarm::new(docker.wire()));
        Self { docker: Arc::new(docker), swarm }
    }

    fn is_task(&self, id: &ReplicaId) -> bool {
        id.engine == *self.swarm.id()
    }
}

impl Engine for Joined {
    fn id(&self) -> &EngineId {
        self.docker.id()
    }

    fn endpoint(&self) -> String {
        self.docker.endpoint()
    }

    fn watch(&self) -> BoxStream<'static, Observation> {
        swarm::watch::watch(&self.docker, self.swarm.clone())
    }

    fn focus(&self, visible: &[ReplicaId]) {
        let seen =
            |id: &ReplicaId| if self.is_task(id) { self.swarm.container(id) } else { Some(id.clone()) };
        let visible: Vec<ReplicaId> = visible.iter().filter_map(seen).collect();
        self.docker.focus(&visible);
    }

    fn list(&self, usage: bool) -> BoxFuture<'static, Result<Vec<Observation>, EngineError>> {
        let (docker, swarm) = (self.docker.list(usage), self.swarm.clone());
        async move { Ok(swarm.list(docker.await?).await) }.boxed()
    }

    fn logs(&self, of: &ReplicaId, query: &LogQuery) -> BoxStream<'static, Result<LogChunk, EngineError>> {
        if self.is_task(of) {
            swarm::task::logs(self.docker.clone(), self.swarm.clone(), of.clone(), query.clone())
        } else {
            self.docker.logs(of, query)
        }
    }

    fn survey(&self, query: &Query) -> BoxFuture<'static, Result<Survey, EngineError>> {
        let (docker, swarm) = (self.docker.clone(), self.swarm.clone());
        let Query { replicas, services, images } = query.clone();
        async move {
            // Tasks have no blueprint: what is to be known of them, their service says.
            let replicas = replicas.into_iter().filter(|id| id.engine == *docker.id()).collect();
            let (of_swarm, services) =
                services.into_iter().partition::<Vec<_>, _>(|id| id.engine == *swarm.id());
            let managed = swarm.managed(&docker, &of_swarm).await?;
            let survey = docker.survey(&Query { replicas, services, images }).await?;
            Ok(Survey { managed, ..survey })
        }
        .boxed()
    }

    fn perform(&self, order: Order) -> BoxFuture<'static, Result<Done, EngineError>> {
        // An image is got by Docker, for whomever; on other nodes the swarm gets it.
        let of_swarm = order.service.engine == *self.swarm.id() && !matches!(order.step, Step::Pull { .. });
        if !of_swarm {
            return self.docker.perform(order);
        }
        let (docker, swarm) = (self.docker.clone(), self.swarm.clone());
        async move { swarm.perform(&docker, order).await }.boxed()
    }

    fn inspect(&self, of: &ReplicaId) -> BoxFuture<'static, Result<Details, EngineError>> {
        if !self.is_task(of) {
            return self.docker.inspect(of);
        }
        let (docker, swarm, of) = (self.docker.clone(), self.swarm.clone(), of.clone());
        async move { swarm::task::details(&docker, &swarm, &of).await }.boxed()
    }

    fn remembered(
        &self,
        of: &ReplicaId,
        since: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<(Timestamp, EventKind)>, EngineError>> {
        let container = if self.is_task(of) { self.swarm.container(of) } else { Some(of.clone()) };
        match container {
            Some(container) => self.docker.remembered(&container, since),
            // It runs elsewhere.
            None => std::future::ready(Ok(Vec::new())).boxed(),
        }
    }

    fn reveal(&self, of: &ReplicaId) -> BoxFuture<'static, Result<Secrets, EngineError>> {
        if !self.is_task(of) {
            return self.docker.reveal(of);
        }
        let (docker, swarm, of) = (self.docker.clone(), self.swarm.clone(), of.clone());
        async move { swarm::task::secrets(&docker, &swarm, &of).await }.boxed()
    }

    fn shell(
        &self,
        of: &ReplicaId,
        argv: &[String],
        size: TermSize,
    ) -> BoxFuture<'static, Result<Shell, EngineError>> {
        if !self.is_task(of) {
            return self.docker.shell(of, argv, size);
        }
        let (docker, swarm, of, argv) = (self.docker.clone(), self.swarm.clone(), of.clone(), argv.to_vec());
        async move { swarm::task::shell(&docker, &swarm, &of, &argv, size).await }.boxed()
    }

    fn exec(
        &self,
        of: &ReplicaId,
        argv: &[String],
        limit: Duration,
    ) -> BoxFuture<'static, Result<Output, EngineError>> {
        if !self.is_task(of) {
            return self.docker.exec(of, argv, limit);
        }
        let (docker, swarm, of, argv) = (self.docker.clone(), self.swarm.clone(), of.clone(), argv.to_vec());
        async move { swarm::task::exec(&docker, &swarm, &of, &argv, limit).await }.boxed()
    }

    // Of this node: a swarm tells nothing of the machines of others.

    fn listeners(&self) -> BoxFuture<'static, Result<Vec<Listener>, EngineError>> {
        self.docker.listeners()
    }

    fn storage(&self) -> BoxFuture<'static, Result<Storage, EngineError>> {
        self.docker.storage()
    }

    fn disk_use(&self) -> BoxFuture<'static, Result<DiskUse, EngineError>> {
        self.docker.disk_use()
    }
}
