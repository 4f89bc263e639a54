//! Live events, kept events and operations as one list.

use std::collections::HashSet;

use jiff::Timestamp;

use super::super::{Scene, Target, scope, words};
use crate::config::Role;
use crate::console::History;
use crate::console::widget::text;
use crate::fleet::ServiceId;
use crate::journal::{EventRecord, OperationRecord, OperationState, PostMortem};
use crate::text::human;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// When.
    pub(super) at: Timestamp,
    /// To what: a replica, or the service an operation was about.
    pub(super) name: String,
    /// What.
    pub(super) what: String,
    /// How it looks.
    pub(super) role: Role,
    /// The operation that caused it, in words; `None` = nobody planned it.
    pub(super) planned: Option<String>,
}

impl Entry {
    /// All of it, to be searched.
    pub(super) fn text(&self) -> String {
        let planned = self.planned.as_deref().map(|by| format!(" planned: {by}")).unwrap_or_default();
        format!("{} {}{planned}", self.name, self.what)
    }
}

/// Everything about the scene's target, newest first.
pub(super) fn merged(scene: &Scene<'_>, history: &History) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut known: HashSet<(i64, ServiceId, String)> = HashSet::new();
    for event in scene.fleet.events() {
        let mine = match scene.target {
            Target::Project(project) => event.service.project == *project,
            Target::Service(id) => event.service == *id,
            Target::Replica(id) => event.replica == *id,
        };
        if !mine {
            continue;
        }
        let (what, role) = words::event(&event.kind);
        let name = scene.fleet.replica(&event.replica);
        let name = name.map_or_else(|| event.service.name.to_string(), |r| short(&r.name, &event.service));
        known.insert((event.at.as_microsecond(), event.service.clone(), what.clone()));
        let planned = cause(history, &event.service, event.at);
        entries.push(Entry { at: event.at, name, what, role, planned });
    }
    let service = scope::service_of(scene.fleet, scene.target);
    let about = |id: &ServiceId| match scene.target {
        Target::Project(project) => id.project == *project,
        Target::Service(_) | Target::Replica(_) => service.as_ref() == Some(id),
    };
    let replica = match scene.target {
        Target::Replica(id) => scene.fleet.replica(id).map(|r| r.name.to_string()),
        _ => None,
    };
    for event in history.events.iter().filter(|e| about(&e.service)) {
        let (what, role) = kept(event);
        let here = replica.as_ref().is_none_or(|name| *name == event.replica);
        if !here || known.contains(&(event.at.as_microsecond(), event.service.clone(), what.clone())) {
            continue;
        }
        let by = event.planned.and_then(|n| history.operations.iter().find(|o| o.id == n)).map(by);
        let planned = by
            .or_else(|| event.planned.map(|n| format!("operation {n}")))
            .or_else(|| cause(history, &event.service, event.at));
        entries.push(Entry {
            at: event.at,
            name: short(&event.replica, &event.service),
            what,
            role,
            planned,
        });
    }
    let operations = history.operations.iter().filter(|o| o.begun.services.iter().any(about));
    entries.extend(operations.flat_map(operation));
    entries.extend(history.post_mortems.iter().filter(|it| about(&it.service)).map(post_mortem));
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    entries
}

/// A name without its project's: the row the tab is about says which.
fn short(name: &str, service: &ServiceId) -> String {
    text::without_project(name, service.project.as_deref()).to_owned()
}

/// The operation that was at a service at that time.
fn cause(history: &History, service: &ServiceId, at: Timestamp) -> Option<String> {
    let within = |o: &&OperationRecord| {
        o.begun.services.contains(service) && o.at <= at && o.ended.is_none_or(|ended| at <= ended)
    };
    history.operations.iter().find(within).map(by)
}

/// `deploy by ada (operation 12)`.
fn by(operation: &OperationRecord) -> String {
    format!("{} by {} (operation {})", operation.begun.change, operation.begun.who.user, operation.id)
}

/// An operation's begin and, where it has ended, what became of it.
fn operation(record: &OperationRecord) -> Vec<Entry> {
    let name = match record.begun.services.as_slice() {
        [only] => only.name.to_string(),
        several => format!("{} services", several.len()),
    };
    let begun =
        format!("{} by {} (operation {})", record.begun.sentence, record.begun.who.words(), record.id);
    let entry = |at, what, role| Entry { at, name: name.clone(), what, role, planned: None };
    let mut entries = vec![entry(record.at, begun, Role::Marker)];
    for adoption in &record.adoptions {
        let what = format!("operation {} taken over by {}", record.id, adoption.who.words());
        entries.push(entry(adoption.at, what, Role::Marker));
    }
    if let Some(at) = record.ended {
        let role = match record.state {
            OperationState::Done => Role::Ok,
            OperationState::Refused | OperationState::Undone => Role::Warn,
            OperationState::Failed => Role::Bad,
            OperationState::Running | OperationState::Undoing => Role::Info,
        };
        let took = record.took.map(|t| format!(" after {}", human::duration(t))).unwrap_or_default();
        let why = if record.sentence.is_empty() { String::new() } else { format!(": {}", record.sentence) };
        let what = format!("operation {} {}{took}{why}", record.id, record.state.word());
        entries.push(entry(at, what, role));
    }
    entries
}

/// What died is there already; this is why.
fn post_mortem(it: &PostMortem) -> Entry {
    Entry {
        at: it.last,
        name: it.service.name.to_string(),
        what: format!("post-mortem {}: {}", it.id, it.sentence),
        role: Role::Marker,
        planned: None,
    }
}

/// A kept event in the words a live one would have.
fn kept(event: &EventRecord) -> (String, Role) {
    let note = &event.note;
    let and = |head: &str| if note.is_empty() { head.to_owned() } else { format!("{head}: {note}") };
    match event.kind.as_str() {
        "created" => ("created".into(), Role::Text),
        "started" => ("started".into(), Role::Ok),
        "died" if note == "exit 0" => ("died: exit 0".into(), Role::Stopped),
        "died" => (and("died").replace(", out of memory", ", OOM"), Role::Bad),
        "killed" => (format!("got signal {note}"), Role::Warn),
        "oom" => ("out of memory: the kernel killed a process of it".into(), Role::Bad),
        "stopped" => ("stopped on request".into(), Role::Stopped),
        "restarted" => ("restarted on request".into(), Role::Ok),
        "paused" => ("paused".into(), Role::Warn),
        "unpaused" => ("unpaused".into(), Role::Ok),
        "healthy" => ("became healthy".into(), Role::Ok),
        "unhealthy" => ("became unhealthy".into(), Role::Bad),
        "destroyed" => ("removed".into(), Role::Stopped),
        "revealed" => (and("a secret was shown"), Role::Warn),
        other => (and(other), Role::Text),
    }
}
