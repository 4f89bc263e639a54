//! What happens to a replica, as lines among its own.

use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::EngineError;
use crate::fleet::{EngineId, EventKind, Exit, HealthCheck, ReplicaId, ServiceId};
use crate::logs::{Level, Line, Source, Stream};
use crate::text::{human, sanitize};

/// A marker line.
pub(super) fn line(source: &Arc<Source>, at: Timestamp, level: Level, text: &str) -> Line {
    let clean = sanitize::line(text.as_bytes());
    Line {
        source: Arc::clone(source),
        at: i64::try_from(at.as_nanosecond()).unwrap_or(0),
        stream: Stream::Marker,
        level,
        text: clean.text,
        spans: Box::default(),
        cut: clean.cut,
    }
}

/// The words for what happened to the replica `tag`; `None` for what says nothing in a log.
pub(super) fn event(
    tag: &str,
    kind: &EventKind,
    started: Option<Timestamp>,
    at: Timestamp,
) -> Option<(Level, String)> {
    Some(match kind {
        EventKind::Started => (Level::Info, format!("{tag} started")),
        EventKind::Died(exit) => died(tag, *exit, started, at),
        EventKind::Oom => (Level::Error, format!("{tag}: the kernel killed a process of it for memory")),
        EventKind::Paused => (Level::Warn, format!("{tag} paused")),
        EventKind::Unpaused => (Level::Info, format!("{tag} unpaused")),
        EventKind::Renamed(old) => (Level::Info, format!("{tag} was called {old} until now")),
        EventKind::Health(HealthCheck::Unhealthy) => (Level::Error, format!("{tag} is unhealthy")),
        EventKind::Health(HealthCheck::Healthy) => (Level::Info, format!("{tag} is healthy")),
        EventKind::Destroyed => (Level::Info, format!("{tag} removed")),
        // What leads to one of those, or changes nothing in what the replica prints.
        EventKind::Created
        | EventKind::Killed(_)
        | EventKind::Stopped
        | EventKind::Restarted
        | EventKind::Health(_)
        | EventKind::Updated => return None,
    })
}

/// `api-1 died: exit 1 after 2.1 s`.
pub(super) fn died(tag: &str, exit: Exit, started: Option<Timestamp>, at: Timestamp) -> (Level, String) {
    let after = started
        .filter(|started| *started <= at)
        .map_or(String::new(), |started| format!(" after {}", human::duration(human::elapsed(started, at))));
    match exit {
        Exit { oom: true, code } => (Level::Error, format!("{tag} died: OOM-killed (exit {code}){after}")),
        Exit { code: 0, .. } => (Level::Info, format!("{tag} ended: exit 0{after}")),
        Exit { code, .. } => (Level::Error, format!("{tag} died: exit {code}{after}")),
    }
}

/// `logs of api-1 can't be read: …`, with the remedy.
pub(super) fn unreadable(source: &Source, error: &EngineError) -> String {
    format!("logs of {} can't be read: {error}. {}", source.tag, error.remedy())
}

/// Who speaks when it is about no replica.
pub(super) fn ourselves(engine: &EngineId) -> Arc<Source> {
    Arc::new(Source {
        replica: ReplicaId { engine: engine.clone(), id: "".into() },
        service: ServiceId { engine: engine.clone(), project: None, name: "quarterdeck".into() },
        tag: "".into(),
    })
}
