//! What a change is aimed at, before it is resolved to replicas.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fleet::{ReplicaId, ServiceId};

/// What a grid row or a command's argument names. An id, never a row number, so nothing that
/// moves on the screen can move the aim.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// A project; `None` = the lone containers.
    Project(Option<Arc<str>>),
    /// A service.
    Service(ServiceId),
    /// A replica, or a one-off job.
    Replica(ReplicaId),
}
