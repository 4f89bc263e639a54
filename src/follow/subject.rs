//! Whose logs are followed, and what following hands out.

use std::sync::Arc;

use crate::engine::EngineError;
use crate::fleet::{Replica, ReplicaId, Role, ServiceId};
use crate::logs::{Line, Source};
use crate::text::sanitize;

/// Columns of a tag at most.
const MAX_TAG: usize = 32;

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

impl Subject {
    /// Whether a replica's lines belong to it. One-off jobs count in a project and in everything,
    /// not in a service; an operation's spares do, because what a successor says while it comes up
    /// is what one wants to read.
    pub fn covers(&self, replica: &Replica) -> bool {
        match self {
            Self::Replica(id) => replica.id == *id,
            Self::Service(id) => replica.service == *id && replica.role != Role::Job,
            Self::Project(name) => replica.service.project == *name,
            Self::All => true,
        }
    }

    /// What to show in front of a replica's lines: `api-2`, or the container's own name where it
    /// has no number; with the project in front where several projects are followed.
    pub(super) fn source(&self, replica: &Replica) -> Arc<Source> {
        let name = match (&replica.service.project, replica.number) {
            (Some(_), Some(number)) => format!("{}-{number}", replica.service.name),
            _ => replica.name.to_string(),
        };
        let tag = match (&replica.service.project, self) {
            (Some(project), Self::All) => sanitize::label(&format!("{project}/{name}"), MAX_TAG),
            _ => sanitize::label(&name, MAX_TAG),
        };
        Arc::new(Source { replica: replica.id.clone(), service: replica.service.clone(), tag })
    }
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
    /// Logs that could not be read since the last batch. Each has a marker in `lines` too; this
    /// is for who must tell failure from success.
    pub errors: Vec<(Arc<Source>, EngineError)>,
}
