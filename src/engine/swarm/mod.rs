//! Docker Swarm, as a manager sees it: services with as many tasks as they are told to have, on
//! whichever node.
//!
//! It stands behind the same connection as Docker and never without it (`engine::joined` makes
//! one engine of both).
//!
//! - `api`, `look`: the swarm's answers, and what it means when there are none.
//! - `slots`, `map`, `update`, `spec`: answers → declared services and replicas. Pure.
//! - `fold`: Docker's observations and looks → one stream. Pure. `watch`: when to look.
//! - `survey`, `steer`, `task`: the other calls of [`super::Engine`].

mod api;
#[cfg(test)]
mod fixture;
mod fold;
mod look;
mod map;
mod slots;
mod spec;
mod steer;
mod survey;
pub(super) mod task;
mod update;
pub(super) mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use self::fold::Fold;
use self::look::{Blind, Look};
use super::docker::wire::Wire;
use super::{Act, Course, Docker, Done, EngineError, Managed, Order, Step};
use crate::fleet::{EngineId, Observation, ReplicaId, ServiceId, Verb};

/// The swarm that Docker's node may be a manager of.
pub(super) struct Swarm {
    id: EngineId,
    wire: Arc<Wire>,
    /// Containers of tasks on this node, by task, told by whoever watches.
    containers: Mutex<HashMap<Arc<str>, ReplicaId>>,
}

impl Swarm {
    /// The swarm behind this connection, if there is one.
    pub(super) fn new(wire: Arc<Wire>) -> Self {
        Self { id: EngineId::new("swarm"), wire, containers: Mutex::default() }
    }

    /// The `engine` of its services and tasks.
    pub(super) fn id(&self) -> &EngineId {
        &self.id
    }

    /// The container of a task on this node, as far as a watch has told.
    pub(super) fn container(&self, of: &ReplicaId) -> Option<ReplicaId> {
        self.lock().get(&of.id).cloned()
    }

    fn found(&self, containers: HashMap<Arc<str>, ReplicaId>) {
        let mut known = self.lock();
        if *known != containers {
            *known = containers;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, ReplicaId>> {
        // Nothing can panic half-way in it, so a poisoned one is as good as any.
        self.containers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One snapshot: Docker's, with what the swarm makes of it.
    pub(super) async fn list(&self, docker: Vec<Observation>) -> Vec<Observation> {
        let mut fold = Fold::new(self.id.clone());
        let now = Timestamp::now();
        let mut after = match Look::take(&self.wire).await {
            Ok(look) => fold.looked(look, now),
            Err(Blind::Ailing(why)) => fold.ailing(why, now),
            Err(Blind::NotHere | Blind::Never | Blind::Lost(_)) => fold.no_swarm(now),
        };
        let mut all: Vec<Observation> = docker.into_iter().flat_map(|it| fold.docker(it, now).0).collect();
        all.append(&mut after);
        self.found(fold.containers());
        all
    }

    /// What the swarm says of these services.
    pub(super) async fn managed(
        &self,
        docker: &Docker,
        of: &[ServiceId],
    ) -> Result<Vec<Managed>, EngineError> {
        survey::managed(docker, &self.id, of).await
    }

    /// Perform a step.
    pub(super) async fn perform(&self, docker: &Docker, order: Order) -> Result<Done, EngineError> {
        let Order { service, step, .. } = order;
        match step {
            Step::Steer { service, from, to } => steer::steer(docker, &self.id, &service, &from, &to).await,
            Step::Act(Act { verb: Verb::Restart, .. }) => {
                let now = survey::managed(docker, &self.id, std::slice::from_ref(&service)).await?;
                let force = now.first().map(|it| it.force).ok_or_else(|| steer::gone(&service))?;
                let course = |force| Course { force: Some(force), ..Course::default() };
                let (from, to) = (course(force), course(force + 1));
                steer::steer(docker, &self.id, &service, &from, &to).await
            }
            Step::Act(act) => Err(steer::undone(act.verb, &service)),
            _ => Err(EngineError::unsupported_step()),
        }
    }
}
