//! Whose logs are followed, and what following hands out.

use std::sync::Arc;

use crate::fleet::{ReplicaId, ServiceId};
use crate::logs::Line;

/// Whose logs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// One replica.
    Replica(ReplicaId),
    /// All replicas of a service, now and later.
    Service(ServiceId),
    /// All services of a project; `None` = the lone containers.
    Project(Option<Arc<str>>),
    /// Everything.
    All,
}

/// What following hands out: lines in time order, and how far behind it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// New lines, merged by time as far as the streams allow.
    pub lines: Vec<Line>,
    /// Lines that had to be thrown away since the last batch because the reader was too slow.
    pub dropped: u64,
    /// Age of the newest line when it was handed out, milliseconds; `None` for old lines.
    pub lag_ms: Option<u64>,
}
