//! Docker's observations and looks at the swarm → one stream of observations. Pure.
//!
//! On a manager, the containers of tasks are the swarm's to tell: they leave Docker's list and
//! come back as tasks, with what Docker knows of them. Everywhere else they stay Docker's.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::api::Task;
use super::look::Look;
use super::map::{self, Local};
use super::slots::Memory;
use crate::engine::docker::map::time;
use crate::fleet::{
    Declared, EngineId, Event, EventKind, Exit, HealthCheck, Observation, Replica, ReplicaId, ServiceId,
    UpdateState,
};

/// Who tells of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Not known yet.
    Unknown,
    /// The swarm: this node is one of its managers.
    Manager,
    /// Docker: this node is a worker, or in no swarm, or its swarm never answered.
    Other,
}

/// See the module.
pub(super) struct Fold {
    engine: EngineId,
    role: Role,
    /// Containers of tasks on this node, as Docker tells them.
    local: HashMap<ReplicaId, Replica>,
    look: Look,
    memory: Memory,
    told: HashMap<ReplicaId, Replica>,
    declared: Vec<Declared>,
    /// The next list is told whole: the connection is new.
    fresh: bool,
    trouble: Option<String>,
}

impl Fold {
    pub(super) fn new(engine: EngineId) -> Self {
        Self {
            engine,
            role: Role::Unknown,
            local: HashMap::new(),
            look: Look::default(),
            memory: Memory::default(),
            told: HashMap::new(),
            declared: Vec::new(),
            fresh: true,
            trouble: None,
        }
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    /// Something is on its way: look again soon.
    pub(super) fn is_busy(&self) -> bool {
        let moving = |it: &Declared| {
            let update = it.update.as_ref().map(|update| update.state);
            let under_way = matches!(update, Some(UpdateState::Updating | UpdateState::RollingBack));
            let up = self.told.values().filter(|r| r.service == it.service && r.is_up()).count();
            under_way || up != it.desired as usize
        };
        self.role == Role::Manager && self.declared.iter().any(moving)
    }

    /// The containers of tasks on this node, by task.
    pub(super) fn containers(&self) -> HashMap<Arc<str>, ReplicaId> {
        let pairs = self.local.values().filter_map(|it| Some((task_of(it)?.clone(), it.id.clone())));
        pairs.collect()
    }

    /// What an observation of Docker's becomes, and whether it is a reason to look at the swarm.
    pub(super) fn docker(&mut self, observation: Observation, now: Timestamp) -> (Vec<Observation>, bool) {
        let manager = self.role == Role::Manager;
        match observation {
            Observation::Engine(_) => {
                self.fresh = true;
                (vec![observation], false)
            }
            Observation::Synced { at, engine, replicas } => {
                let (tasks, rest): (Vec<_>, Vec<_>) =
                    replicas.into_iter().partition(|it| task_of(it).is_some());
                let all = if manager { rest } else { [rest, tasks.clone()].concat() };
                let mut before = std::mem::take(&mut self.local);
                let with = |it: Replica| (it.id.clone(), remember(before.remove(&it.id), it));
                self.local = tasks.into_iter().map(with).collect();
                let mut tell = vec![Observation::Synced { at, engine, replicas: all }];
                tell.extend(self.merge(now));
                (tell, manager || !self.local.is_empty())
            }
            Observation::Applied { ref replica, .. } if task_of(replica).is_some() => {
                let known = self.local.remove(&replica.id);
                let news = known.as_ref().is_none_or(|known| known.state != replica.state);
                self.local.insert(replica.id.clone(), remember(known, (**replica).clone()));
                (if manager { self.merge(now) } else { vec![observation] }, news)
            }
            Observation::Removed { ref id, .. } => {
                let was_task = self.local.remove(id).is_some();
                (if was_task && manager { self.merge(now) } else { vec![observation] }, was_task)
            }
            Observation::Happened(event) if manager => (self.happened(event).into_iter().collect(), false),
            Observation::Sampled { at, usages } if manager => {
                let of_task = |id: ReplicaId| match self.local.get(&id) {
                    Some(container) => self.as_task(container),
                    None => Some(id),
                };
                let usages = usages.into_iter().filter_map(|(id, usage)| Some((of_task(id)?, usage)));
                (vec![Observation::Sampled { at, usages: usages.collect() }], false)
            }
            other => (vec![other], false),
        }
    }

    /// The swarm answered.
    pub(super) fn looked(&mut self, look: Look, now: Timestamp) -> Vec<Observation> {
        let mut tell: Vec<Observation> = Vec::new();
        if self.trouble.take().is_some() {
            tell.push(Observation::Blind { at: now, engine: self.engine.clone(), why: None });
        }
        self.memory.note(&look.tasks, now);
        let before = std::mem::replace(&mut self.look, look);
        match std::mem::replace(&mut self.role, Role::Manager) {
            // Docker's list, which is to come, brings what the swarm tells with it.
            Role::Unknown => return tell,
            Role::Other => {
                // They were Docker's until now.
                let ids = self.local.keys().cloned();
                tell.extend(ids.map(|id| Observation::Removed { at: now, id }));
                self.fresh = true;
            }
            Role::Manager => tell.extend(self.elsewhere(&before)),
        }
        tell.extend(self.merge(now));
        tell
    }

    /// There is no swarm to be asked on this node.
    pub(super) fn no_swarm(&mut self, now: Timestamp) -> Vec<Observation> {
        let mut tell: Vec<Observation> = Vec::new();
        if self.trouble.take().is_some() {
            tell.push(Observation::Blind { at: now, engine: self.engine.clone(), why: None });
        }
        let was = std::mem::replace(&mut self.role, Role::Other);
        if was == Role::Manager {
            self.look = Look::default();
            self.memory = Memory::default();
            self.told.clear();
            self.declared.clear();
            let engine = self.engine.clone();
            tell.push(Observation::Synced { at: now, engine: engine.clone(), replicas: Vec::new() });
            tell.push(Observation::Declared { at: now, engine, services: Vec::new() });
            let plain = |it: &Replica| Replica {
                check: if it.is_up() { it.check } else { HealthCheck::None },
                ..it.clone()
            };
            let back: Vec<_> = self.local.values().map(|it| Box::new(plain(it))).collect();
            tell.extend(back.into_iter().map(|replica| Observation::Applied { at: now, replica }));
        }
        tell
    }

    /// There is a swarm that can't answer: what it told before stays, and grows old.
    pub(super) fn ailing(&mut self, why: String, now: Timestamp) -> Vec<Observation> {
        if self.role == Role::Unknown {
            self.role = Role::Other;
        }
        if self.trouble.as_ref() == Some(&why) {
            return Vec::new();
        }
        self.trouble = Some(why.clone());
        vec![Observation::Blind { at: now, engine: self.engine.clone(), why: Some(why) }]
    }

    /// What changed by what is known now.
    fn merge(&mut self, now: Timestamp) -> Vec<Observation> {
        if self.role != Role::Manager {
            return Vec::new();
        }
        let (declared, replicas) = map::told(&self.engine, &self.look, &self.facts(), &self.memory);
        let fresh = std::mem::take(&mut self.fresh);
        let mut tell = Vec::new();
        if fresh {
            let (engine, replicas) = (self.engine.clone(), replicas.clone());
            tell.push(Observation::Synced { at: now, engine, replicas });
        }
        let mut before = std::mem::take(&mut self.told);
        for replica in replicas {
            if before.remove(&replica.id).as_ref() != Some(&replica) && !fresh {
                tell.push(Observation::Applied { at: now, replica: Box::new(replica.clone()) });
            }
            self.told.insert(replica.id.clone(), replica);
        }
        if !fresh {
            tell.extend(before.into_keys().map(|id| Observation::Removed { at: now, id }));
        }
        if fresh || declared != self.declared {
            let (engine, services) = (self.engine.clone(), declared.clone());
            tell.push(Observation::Declared { at: now, engine, services });
            self.declared = declared;
        }
        tell
    }

    fn facts(&self) -> Local {
        self.local.values().filter_map(|it| Some((task_of(it)?.clone(), it.clone()))).collect()
    }

    /// The id a container's task was told of by.
    fn as_task(&self, container: &Replica) -> Option<ReplicaId> {
        let id = map::task_id(&self.engine, task_of(container)?);
        self.told.contains_key(&id).then_some(id)
    }

    /// An event of Docker's, of the task where it is about one.
    fn happened(&self, mut event: Event) -> Option<Observation> {
        if let Some(container) = self.local.get(&event.replica) {
            let id = self.as_task(container)?;
            event.service = self.told.get(&id)?.service.clone();
            event.replica = id;
        } else {
            // Nothing is known yet of a container that is just being made, but its service is.
            let of_swarm = ServiceId { engine: self.engine.clone(), ..event.service.clone() };
            if self.declared.iter().any(|it| it.service == of_swarm) && event.kind == EventKind::Created {
                return None;
            }
        }
        Some(Observation::Happened(event))
    }

    /// What happened to tasks on other nodes, where no engine's events come from.
    fn elsewhere(&self, before: &Look) -> Vec<Observation> {
        let before: HashMap<&str, &Task> = before.tasks.iter().map(|it| (it.id.as_str(), it)).collect();
        let state = |task: &Task| task.status.state.clone().unwrap_or_default();
        let mut tell = Vec::new();
        for task in &self.look.tasks {
            let id = map::task_id(&self.engine, &task.id);
            let told = self.told.get(&id).filter(|it| it.placed.as_ref().is_some_and(|it| !it.here));
            let (Some(told), Some(was)) = (told, before.get(task.id.as_str())) else { continue };
            let kind = match (state(was).as_str(), state(task).as_str()) {
                (was, "running") if was != "running" => EventKind::Started,
                ("running" | "starting", "failed" | "complete") => {
                    EventKind::Died(Exit { code: map::exit_code(task).unwrap_or(0), oom: false })
                }
                ("running", "shutdown") => EventKind::Stopped,
                _ => continue,
            };
            let Some(at) = time(task.status.timestamp.as_deref()) else { continue };
            let (service, role) = (told.service.clone(), told.role);
            tell.push(Observation::Happened(Event { at, replica: id, service, role, kind }));
        }
        tell
    }
}

/// A container as it is, with the health it had last once it ended: that may be why.
fn remember(before: Option<Replica>, mut now: Replica) -> Replica {
    if !now.is_up() && before.as_ref().is_some_and(map::is_sick) {
        now.check = HealthCheck::Unhealthy;
    }
    now
}

/// The task behind a container.
fn task_of(container: &Replica) -> Option<&Arc<str>> {
    container.placed.as_ref().map(|placed| &placed.task).filter(|task| !task.is_empty())
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
