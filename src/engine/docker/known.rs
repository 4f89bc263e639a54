//! What is known of the containers, and how lists, inspects and events change it. Pure: times come
//! in, observations go out.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::api::{Entry, Inspected, Message};
use super::map;
use crate::fleet::{
    EngineId, Event, EventKind, Exit, HealthCheck, Observation, Replica, ReplicaId, Role, ServiceId, State,
};
use crate::text::sanitize::label;

/// A container's id in full.
pub(super) type Id = Arc<str>;

/// Every container the engine has, as far as it has told.
pub(super) struct Known {
    engine: EngineId,
    rows: HashMap<Id, Row>,
    /// Whether which replicas run, or their pids, changed since it was last asked.
    roster_changed: bool,
    /// How many lists were asked for.
    lists: u64,
}

struct Row {
    replica: Replica,
    /// Whether the facts only an inspect tells are of its present run.
    inspected: bool,
    /// The engine said `oom` since it started.
    oom: bool,
    /// After how many lists were asked for an event or an inspect last told of it.
    told: u64,
}

/// What one event led to.
#[derive(Default)]
pub(super) struct Step {
    /// To be told, in this order.
    pub(super) tell: Vec<Observation>,
    /// To be inspected, because the event does not tell all.
    pub(super) inspect: Option<Id>,
    /// Whether nothing was known of it, so that the inspect should not wait.
    pub(super) unknown: bool,
    /// It is no more.
    pub(super) destroyed: Option<Id>,
}

impl Known {
    pub(super) fn new(engine: EngineId) -> Self {
        Self { engine, rows: HashMap::new(), roster_changed: false, lists: 0 }
    }

    /// A list is being asked for. What is told from now on is newer than it.
    pub(super) fn begin_list(&mut self) {
        self.lists += 1;
    }

    /// Take a whole list. Returns every replica, and what to inspect, most telling first.
    /// `fresh`: nothing known before is trusted to be of the same run (after a reconnect).
    pub(super) fn list(&mut self, entries: &[Entry], fresh: bool) -> (Vec<Replica>, Vec<Id>) {
        let mut old = std::mem::take(&mut self.rows);
        let mut wanted: Vec<(u8, Id)> = Vec::new();
        let mut replicas = Vec::with_capacity(entries.len());
        for entry in entries.iter().filter(|e| !e.id.is_empty()) {
            let told = map::from_entry(&self.engine, entry);
            let id = told.id.id.clone();
            let row = match old.remove(&id) {
                // What came while the list was on its way is newer; what is true now, an inspect tells.
                Some(known) if !fresh && known.told == self.lists => Row { inspected: false, ..known },
                Some(known) => {
                    let keep = known.inspected && !fresh && !map::differs(&told, &known.replica);
                    let mut replica = map::with_known(told, &known.replica);
                    if fresh {
                        replica.pid = None;
                    }
                    Row { replica, inspected: keep, ..known }
                }
                None => Row { replica: told, inspected: false, oom: false, told: 0 },
            };
            if !row.inspected {
                wanted.push((urgency(&row.replica), id.clone()));
            }
            replicas.push(row.replica.clone());
            self.rows.insert(id, row);
        }
        // Made while the list was on its way.
        for (id, row) in old.into_iter().filter(|(_, row)| !fresh && row.told == self.lists) {
            replicas.push(row.replica.clone());
            wanted.push((urgency(&row.replica), id.clone()));
            self.rows.insert(id, row);
        }
        self.roster_changed = true;
        wanted.sort_by_key(|(urgency, _)| *urgency);
        (replicas, wanted.into_iter().map(|(_, id)| id).collect())
    }

    /// Take an inspect. `None` when it tells nothing new.
    pub(super) fn inspect(&mut self, it: &Inspected) -> Option<Replica> {
        let replica = map::from_inspected(&self.engine, it);
        let id = replica.id.id.clone();
        let before = self.rows.get(&id);
        let told = before.is_none_or(|row| row.replica != replica);
        let oom = before.is_some_and(|row| row.oom);
        let alive = |r: &Replica| (r.is_up(), r.pid);
        self.roster_changed |= before.is_none_or(|row| alive(&row.replica) != alive(&replica));
        self.rows.insert(id, Row { replica: replica.clone(), inspected: true, oom, told: self.lists });
        told.then_some(replica)
    }

    /// It is not there any more. `None` when that was known.
    pub(super) fn gone(&mut self, id: &str) -> Option<ReplicaId> {
        let row = self.rows.remove(id)?;
        self.roster_changed = true;
        Some(row.replica.id)
    }

    /// Which replicas have processes, with the host pid where it is known; `None` when that did
    /// not change since the last time.
    pub(super) fn roster(&mut self) -> Option<Vec<(ReplicaId, Option<u32>)>> {
        std::mem::take(&mut self.roster_changed).then(|| {
            let up = self.rows.values().map(|row| &row.replica).filter(|r| r.is_up());
            up.map(|r| (r.id.clone(), r.pid)).collect()
        })
    }

    /// Take an event. What it says by itself holds at once. Facts are dated `now`, by our clock as
    /// lists and inspections are (the engine's may differ); only the event itself has its own time,
    /// for which `now` stands in where it is missing.
    pub(super) fn event(&mut self, message: &Message, now: Timestamp) -> Step {
        let mut step = Step::default();
        let raw = message.action.as_deref().filter(|a| !a.is_empty()).or(message.status.as_deref());
        if message.about.as_deref() == Some("network") {
            step.inspect = self.failed_to_start(raw, message);
            return step;
        }
        let Some(mut kind) = raw.and_then(|action| kind(action, message)) else { return step };
        if message.actor.id.is_empty() {
            return step;
        }
        let at = event_time(message).unwrap_or(now);
        let replica = map::id(&self.engine, &message.actor.id);
        let id = replica.id.clone();
        let changed = match self.rows.get_mut(&id) {
            Some(row) => {
                row.told = self.lists;
                let was = (row.replica.is_up(), row.replica.pid);
                let changed = fold(row, &kind, message, at, &self.engine);
                self.roster_changed |= was != (row.replica.is_up(), row.replica.pid);
                changed
            }
            None => false,
        };
        let row = self.rows.get(&id);
        if let (true, Some(row)) = (changed, row) {
            step.tell.push(Observation::Applied { at: now, replica: Box::new(row.replica.clone()) });
        }
        let (service, role) = match row {
            Some(row) => (row.replica.service.clone(), row.replica.role),
            None => self.told_by_labels(message, &replica),
        };
        // The event does not say why; an `oom` just before it did.
        if let (EventKind::Died(exit), Some(known)) = (&mut kind, row.and_then(|row| row.replica.exit)) {
            *exit = known;
        }
        let destroyed = kind == EventKind::Destroyed;
        if asks_inspect(&kind) {
            step.unknown = row.is_none();
            step.inspect = Some(id.clone());
        }
        step.tell.push(Observation::Happened(Event { at, replica, service, role, kind }));
        if destroyed {
            step.tell.extend(self.gone(&id).map(|id| Observation::Removed { at: now, id }));
            step.destroyed = Some(id);
        }
        step
    }

    /// Who leaves a network without having run: most likely it was to be started, and could not.
    fn failed_to_start(&self, action: Option<&str>, message: &Message) -> Option<Id> {
        let id = attribute(message, "container").filter(|_| action == Some("disconnect"))?;
        let (id, row) = self.rows.get_key_value(id)?;
        (!row.replica.is_up()).then(|| id.clone())
    }

    /// Service and role of what an event is about, from the labels it carries.
    fn told_by_labels(&self, message: &Message, id: &ReplicaId) -> (ServiceId, Role) {
        let none = std::collections::BTreeMap::new();
        let attributes = message.actor.attributes.as_ref().unwrap_or(&none);
        let name = map::name(attribute(message, "name").unwrap_or_default(), id);
        (map::service(&self.engine, attributes, &name), map::role(attributes, &name))
    }
}

/// Lower is more telling: what may be broken first, then what runs, then what was stopped.
fn urgency(replica: &Replica) -> u8 {
    match (replica.state, replica.check, replica.exit) {
        (State::Restarting | State::Dead, ..) | (_, HealthCheck::Unhealthy, _) => 0,
        (State::Exited, _, Some(exit)) if exit.code != 0 => 1,
        (State::Running | State::Paused, ..) => 2,
        _ => 3,
    }
}

/// Change the row as the event alone says. Whether it changed.
fn fold(row: &mut Row, kind: &EventKind, message: &Message, at: Timestamp, engine: &EngineId) -> bool {
    let it = &mut row.replica;
    match kind {
        EventKind::Started => {
            it.state = State::Running;
            it.started = Some(at);
            it.exit = None;
            it.pid = None;
            it.addresses.clear();
            if it.check != HealthCheck::None {
                it.check = HealthCheck::Starting;
            }
            row.inspected = false;
            row.oom = false;
        }
        EventKind::Died(exit) => {
            it.state = State::Exited;
            it.finished = Some(at);
            it.exit = Some(Exit { code: exit.code, oom: exit.oom || row.oom });
            it.pid = None;
            it.addresses.clear();
            it.check = HealthCheck::None;
            row.inspected = false;
        }
        EventKind::Oom => {
            row.oom = true;
            return false;
        }
        EventKind::Paused => it.state = State::Paused,
        EventKind::Unpaused => it.state = State::Running,
        EventKind::Health(check) => it.check = *check,
        EventKind::Renamed(_) => {
            let Some(name) = attribute(message, "name") else { return false };
            let name = map::name(name, &it.id);
            // A lone container's service bears its name.
            if it.service.project.is_none() && it.service.name == map::lone(&it.name) {
                it.service = ServiceId { engine: engine.clone(), project: None, name: map::lone(&name) };
            }
            if it.role != Role::Job {
                it.role = map::role_by_name(&name);
            }
            it.name = name;
        }
        EventKind::Created
        | EventKind::Killed(_)
        | EventKind::Stopped
        | EventKind::Restarted
        | EventKind::Updated
        | EventKind::Destroyed => return false,
    }
    true
}

/// Whether an event leaves something that only an inspect can tell.
fn asks_inspect(kind: &EventKind) -> bool {
    !matches!(kind, EventKind::Destroyed | EventKind::Killed(_) | EventKind::Oom)
}

/// What an event tells of the container it is about, and when; `None` for what we do not ask for.
pub(super) fn told(message: &Message) -> Option<(Timestamp, EventKind)> {
    let action = message.action.as_deref().filter(|a| !a.is_empty()).or(message.status.as_deref())?;
    Some((event_time(message)?, kind(action, message)?))
}

/// Which kind an action's word is; `None` for what we did not ask for.
fn kind(action: &str, message: &Message) -> Option<EventKind> {
    let word = |key| attribute(message, key);
    // Podman's own words stand beside Docker's.
    Some(match action {
        "create" => EventKind::Created,
        "start" => EventKind::Started,
        "die" | "died" => {
            let code = word("exitCode").or_else(|| word("containerExitCode"));
            EventKind::Died(Exit { code: code.and_then(|c| c.parse().ok()).unwrap_or_default(), oom: false })
        }
        "kill" => EventKind::Killed(label(word("signal").unwrap_or_default(), 32).to_string()),
        "oom" => EventKind::Oom,
        "stop" => EventKind::Stopped,
        "restart" => EventKind::Restarted,
        "pause" => EventKind::Paused,
        "unpause" => EventKind::Unpaused,
        "rename" => {
            let old = word("oldName").unwrap_or_default();
            EventKind::Renamed(label(old.strip_prefix('/').unwrap_or(old), map::NAME).to_string())
        }
        "update" => EventKind::Updated,
        "destroy" | "remove" => EventKind::Destroyed,
        "health_status" => EventKind::Health(map::check(word("health_status")?)),
        other => match other.strip_prefix("health_status:")?.trim() {
            word @ ("healthy" | "unhealthy" | "starting") => EventKind::Health(map::check(word)),
            _ => return None,
        },
    })
}

fn attribute<'m>(message: &'m Message, key: &str) -> Option<&'m str> {
    message.actor.attributes.as_ref()?.get(key)?.as_deref()
}

fn event_time(message: &Message) -> Option<Timestamp> {
    let nanos = message.time_nano.filter(|n| *n > 0);
    nanos
        .and_then(|n| Timestamp::from_nanosecond(n.into()).ok())
        .or_else(|| message.time.filter(|s| *s > 0).and_then(|s| Timestamp::from_second(s).ok()))
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;
