//! Which events are kept, and in which words.

use std::collections::HashMap;

use super::super::EventRecord;
use crate::fleet::{Event, EventKind, HealthCheck, ReplicaId, Role};

/// Whether an event is kept. `checks` is what each replica's health check said last: only its
/// changes of mind are news.
pub(super) fn worth(event: &Event, checks: &mut HashMap<ReplicaId, HealthCheck>) -> bool {
    if let EventKind::Health(check) = event.kind {
        let before = checks.insert(event.replica.clone(), check);
        let verdict = matches!(check, HealthCheck::Healthy | HealthCheck::Unhealthy);
        return verdict && before != Some(check) && event.role == Role::Replica;
    }
    let trouble = match &event.kind {
        EventKind::Died(exit) => exit.code != 0 || exit.oom,
        EventKind::Oom => true,
        _ => false,
    };
    match event.role {
        Role::Replica => !matches!(event.kind, EventKind::Renamed(_) | EventKind::Updated),
        // Jobs come and go, and of spares the operation tells.
        Role::Job | Role::Spare => trouble,
    }
}

/// The event as it is kept; of a replica of that name.
pub(super) fn record(event: &Event, name: &str) -> EventRecord {
    let (kind, note) = match &event.kind {
        EventKind::Created => ("created", String::new()),
        EventKind::Started => ("started", String::new()),
        EventKind::Died(exit) if exit.oom => ("died", format!("exit {}, out of memory", exit.code)),
        EventKind::Died(exit) => ("died", format!("exit {}", exit.code)),
        EventKind::Killed(signal) => ("killed", signal.clone()),
        EventKind::Oom => ("oom", String::new()),
        EventKind::Stopped => ("stopped", String::new()),
        EventKind::Restarted => ("restarted", String::new()),
        EventKind::Paused => ("paused", String::new()),
        EventKind::Unpaused => ("unpaused", String::new()),
        EventKind::Renamed(before) => ("renamed", format!("was {before}")),
        EventKind::Health(HealthCheck::Healthy) => ("healthy", String::new()),
        EventKind::Health(HealthCheck::Unhealthy) => ("unhealthy", String::new()),
        EventKind::Health(HealthCheck::Starting | HealthCheck::None) => ("unchecked", String::new()),
        EventKind::Updated => ("updated", String::new()),
        EventKind::Destroyed => ("destroyed", String::new()),
    };
    EventRecord {
        at: event.at,
        service: event.service.clone(),
        replica: name.to_owned(),
        kind: kind.to_owned(),
        note,
        planned: None,
    }
}
