//! The fleet: observations folded into what screens and commands ask for.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::{
    EngineInfo, Event, Health, History, HostUsage, Limits, Link, Observation, Port, Replica, ReplicaId,
    Service, ServiceId, Since, Usage, Verbs,
};

/// Everything known, folded from observations. Cheap to query every frame.
#[derive(Debug, Default)]
pub struct Fleet {
    replicas: HashMap<ReplicaId, Replica>,
    services: BTreeMap<ServiceId, Service>,
}

/// What one `apply` changed, so that callers redo only what depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Rows appeared, vanished or moved between services.
    pub rows: bool,
    /// A row's state, health, ports, image, … changed.
    pub facts: bool,
    /// Usage figures changed.
    pub usage: bool,
    /// Host figures, engine info or link changed.
    pub header: bool,
}

/// What a row shows, for a service (its replicas summed) or one replica.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The verdict, since when, and why.
    pub health: Since,
    /// Replicas that are up (running and not failing their check).
    pub up: u32,
    /// Replicas there are, or that should be (whichever is more); jobs not counted.
    pub total: u32,
    /// Restarts of all replicas; `None` until known.
    pub restarts: Option<u32>,
    /// All ports, deduplicated, sorted.
    pub ports: Vec<Port>,
    /// Usage summed over replicas; a metric is `None` when no replica has it.
    pub usage: Usage,
    /// Limits summed over replicas; `None` when any replica is unlimited.
    pub limits: Limits,
    /// The image tag; `1.4.2 +1` style when replicas differ.
    pub revision: String,
    /// When the oldest running replica started, else when the newest ended.
    pub since: Option<Timestamp>,
    /// Verbs that make sense for at least one replica.
    pub can: Verbs,
}

/// How many services stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All services (jobs not counted).
    pub services: u32,
    /// All replicas.
    pub replicas: u32,
    /// Services that are healthy or run without a check.
    pub well: u32,
    /// Starting, degraded, paused.
    pub ailing: u32,
    /// Unhealthy or down.
    pub broken: u32,
    /// Stopped on purpose.
    pub stopped: u32,
}

/// The one sentence that answers "what is wrong and what changed", worst first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// The worst verdict in it (for its colour).
    pub worst: Health,
    /// The sentence, sanitised.
    pub text: String,
}

impl Fleet {
    /// Nothing known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Fold one observation in.
    pub fn apply(&mut self, _observation: Observation) -> Changes {
        Changes::default()
    }

    /// All services in order: projects by name (lone containers last), services by name.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    /// One service.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.services.get(id)
    }

    /// One replica.
    pub fn replica(&self, id: &ReplicaId) -> Option<&Replica> {
        self.replicas.get(id)
    }

    /// A service's replicas and jobs, in order.
    pub fn replicas_of(&self, id: &ServiceId) -> impl Iterator<Item = &Replica> {
        self.services.get(id).into_iter().flat_map(|s| &s.replicas).filter_map(|r| self.replicas.get(r))
    }

    /// What a service's row shows at `now`.
    pub fn summary(&self, _id: &ServiceId, _now: Timestamp) -> Option<Summary> {
        None
    }

    /// What a replica's row shows at `now`.
    pub fn replica_summary(&self, _id: &ReplicaId, _now: Timestamp) -> Option<Summary> {
        None
    }

    /// A replica's usage history.
    pub fn history(&self, _id: &ReplicaId) -> Option<&History> {
        None
    }

    /// A service's usage history, its replicas summed.
    pub fn service_history(&self, _id: &ServiceId) -> Option<History> {
        None
    }

    /// How many stand how.
    pub fn counts(&self, _now: Timestamp) -> Counts {
        Counts::default()
    }

    /// What is wrong and what changed.
    pub fn situation(&self, _now: Timestamp) -> Situation {
        Situation { worst: Health::Running, text: String::new() }
    }

    /// The engine, once it answered.
    pub fn engine(&self) -> Option<&EngineInfo> {
        None
    }

    /// The machine.
    pub fn host(&self) -> Option<&HostUsage> {
        None
    }

    /// How the connection stands; `None` before the first word.
    pub fn link(&self) -> Option<&Link> {
        None
    }

    /// When what is known was last known to be true.
    pub fn as_of(&self) -> Option<Timestamp> {
        None
    }

    /// Recent events, oldest first, bounded.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        std::iter::empty()
    }
}
