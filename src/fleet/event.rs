//! What happened, and when.

use jiff::Timestamp;

use super::{Exit, HealthCheck, ReplicaId, Role, ServiceId};

/// One thing that happened to a replica, told by the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it happened, by the engine's clock.
    pub at: Timestamp,
    /// To which replica.
    pub replica: ReplicaId,
    /// Of which service.
    pub service: ServiceId,
    /// Whether that is a replica of the service or a job beside it.
    pub role: Role,
    /// What.
    pub kind: EventKind,
}

/// What can happen to a replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Made.
    Created,
    /// Started (also by a restart policy).
    Started,
    /// Its first process ended.
    Died(Exit),
    /// A signal was sent to it, by number or name as the engine says.
    Killed(String),
    /// The kernel killed a process of it for memory.
    Oom,
    /// Stopped on request.
    Stopped,
    /// Restarted on request.
    Restarted,
    /// Frozen.
    Paused,
    /// Thawed.
    Unpaused,
    /// Given another name; this is the old one.
    Renamed(String),
    /// Its health check changed its mind.
    Health(HealthCheck),
    /// Its limits or restart policy changed.
    Updated,
    /// Removed.
    Destroyed,
}
