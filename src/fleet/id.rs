//! Names that stay valid while rows move: everything that outlives a frame holds one of these.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Which engine a thing belongs to, e.g. `docker`, `demo`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EngineId(Arc<str>);

impl EngineId {
    /// An engine id from its short, lower-case name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EngineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A service: engine + project + name. The same name in two projects is two services.
///
/// Ordered as rows are: by engine, then projects by name with lone containers last, then by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServiceId {
    /// The engine that runs it.
    pub engine: EngineId,
    /// The compose project, stack or namespace; `None` for a lone container.
    pub project: Option<Arc<str>>,
    /// The service's name, sanitised; for a lone container, the container's name (a spare's:
    /// that of the replica whose place it has).
    pub name: Arc<str>,
}

impl ServiceId {
    /// `project/name`, or `name` for a lone container: how commands take and print it.
    pub fn path(&self) -> String {
        match &self.project {
            Some(project) => format!("{project}/{}", self.name),
            None => self.name.to_string(),
        }
    }
}

impl Ord for ServiceId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.engine
            .cmp(&other.engine)
            .then_with(|| match (&self.project, &other.project) {
                (Some(a), Some(b)) => a.cmp(b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            })
            .then_with(|| self.name.cmp(&other.name))
    }
}

impl PartialOrd for ServiceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// One replica: engine + the engine's own full id (for Docker the 64-digit container id).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReplicaId {
    /// The engine that runs it.
    pub engine: EngineId,
    /// The engine's own id, in full.
    pub id: Arc<str>,
}

impl ReplicaId {
    /// The first 12 characters, as `docker ps` shows them.
    pub fn short(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }
}

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}
