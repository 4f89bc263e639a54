//! The row: one workload with 0..n replicas.

use super::{ReplicaId, ServiceId};

/// One workload and which replicas it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Which one.
    pub id: ServiceId,
    /// How many replicas it should have, where the engine knows (Swarm, Kubernetes); compose and
    /// lone containers do not say.
    pub desired: Option<u32>,
    /// Its replicas, by number and then by name; then jobs, then spares.
    pub replicas: Vec<ReplicaId>,
}
