//! Changes beyond the verbs: making replicas, renaming them, their policy and limits.
//!
//! Each may be asked for twice; the second time there is nothing left to do.

use std::sync::Arc;

use super::birth::{Birth, spec_hash};
use super::life::{Then, What};
use super::perform::Answer;
use super::{World, gone};
use crate::engine::{Create, Done, EngineError, Place};
use crate::fleet::{EventKind, Limits, ReplicaId, Side, SpareName, State};

/// Milliseconds a small change takes.
const SMALL: i64 = 25;
/// Milliseconds it takes to make a container.
const MAKING: i64 = 160;

impl World {
    /// Make a container like another one; it is there, and not started, at once.
    pub(super) fn create(&mut self, step: &Create) -> Answer {
        let Some(like) = self.slot(&step.like) else { return (SMALL, Err(gone(&step.like))) };
        let image = match self.image_for(&step.image) {
            Ok(image) => image,
            Err(error) => return (SMALL, Err(error)),
        };
        let unit = &self.units[like];
        let (spec, limits) = (unit.spec, step.limits.unwrap_or(unit.replica.limits));
        if let Some(there) = self.named_slot(&step.name) {
            let other = &self.units[there];
            // A successor's name is an operation's own; others may have been given by anybody.
            let successor = SpareName::parse(&step.name).is_some_and(|spare| spare.side == Side::New);
            let same = other.spec == spec
                && other.replica.image.id == image.id
                && (successor || other.replica.limits == limits)
                && other.replica.state != State::Removing;
            let id = other.replica.id.clone();
            return (SMALL, if same { Ok(Done::Made(id)) } else { Err(taken(&step.name, &id)) });
        }
        let birth = Birth {
            number: step.number.or(unit.replica.number).unwrap_or(1),
            created: self.now,
            name: Some(step.name.clone()),
            fate: self.fate_from(&self.specs[spec], &image.id),
            image,
            limits,
            policy: unit.policy.clone(),
        };
        let beside = step.place == Place::Beside;
        let slot = self.bear(spec, birth);
        if beside {
            self.choose_ports(slot);
        }
        self.tell(slot, EventKind::Created);
        self.show(slot);
        (MAKING, Ok(Done::Made(self.units[slot].replica.id.clone())))
    }

    /// Give a container another name.
    pub(super) fn rename(&mut self, of: &ReplicaId, from: &str, to: &Arc<str>) -> Answer {
        let Some(slot) = self.slot(of) else { return (SMALL, Err(gone(of))) };
        let name = self.units[slot].replica.name.clone();
        if name == *to {
            return (SMALL, Ok(Done::Unchanged));
        }
        if *name != *from {
            let why = format!("its name is {name}, not {from}: somebody renamed it");
            return (SMALL, Err(EngineError::Changed { what: format!("container {}", of.short()), why }));
        }
        if let Some(other) = self.named_slot(to) {
            return (SMALL, Err(taken(to, &self.units[other].replica.id)));
        }
        let (service, role) = self.belongs(&self.specs[self.units[slot].spec], to);
        let replica = &mut self.units[slot].replica;
        replica.name = to.clone();
        replica.service = service;
        replica.role = role;
        self.tell(slot, EventKind::Renamed(name.to_string()));
        self.show(slot);
        (SMALL, Ok(Done::Changed))
    }

    /// Change whether the engine keeps it up.
    pub(super) fn policy(&mut self, of: &ReplicaId, from: &str, to: &str) -> Answer {
        let Some(slot) = self.slot(of) else { return (SMALL, Err(gone(of))) };
        let unit = &self.units[slot];
        if unit.policy == to {
            return (SMALL, Ok(Done::Unchanged));
        }
        if unit.policy != from {
            let why = format!("its restart policy is {}, not {from}", unit.policy);
            return (SMALL, Err(EngineError::Changed { what: unit.replica.name.to_string(), why }));
        }
        let known = matches!(to, "no" | "always" | "unless-stopped" | "on-failure")
            || to.strip_prefix("on-failure:").is_some_and(|most| most.parse::<u32>().is_ok());
        if !known {
            let why = format!("invalid restart policy: unknown policy '{to}'");
            return (SMALL, Err(EngineError::Failed { status: 400, why }));
        }
        self.units[slot].obey(to);
        self.updated(slot)
    }

    /// Change its limits.
    pub(super) fn limit(&mut self, of: &ReplicaId, from: Limits, to: Limits) -> Answer {
        let Some(slot) = self.slot(of) else { return (SMALL, Err(gone(of))) };
        let now = self.units[slot].replica.limits;
        let expected = changed(now, to, from);
        let to = changed(now, from, to);
        if now == to {
            return (SMALL, Ok(Done::Unchanged));
        }
        if now != expected {
            let what = self.units[slot].replica.name.to_string();
            let why = "somebody gave it other limits".to_owned();
            return (SMALL, Err(EngineError::Changed { what, why }));
        }
        if (now.cpus.is_some() && to.cpus.is_none()) || (now.memory.is_some() && to.memory.is_none()) {
            let why = "the engine can't take a limit away from a container, only change it".to_owned();
            let remedy = "Give a higher limit, or have the container made anew without it.".to_owned();
            return (SMALL, Err(EngineError::Unsupported { why, remedy }));
        }
        let least = 6 * 1024 * 1024;
        if to.memory.is_some_and(|memory| memory < least) {
            let why = "Minimum memory limit allowed is 6MB".to_owned();
            return (SMALL, Err(EngineError::Failed { status: 400, why }));
        }
        let cores = self.cores();
        if to.cpus.is_some_and(|cpus| !(0.01..=f64::from(cores)).contains(&cpus)) {
            let why =
                format!("range of CPUs is from 0.01 to {cores}.00, as there are only {cores} CPUs available");
            return (SMALL, Err(EngineError::Failed { status: 400, why }));
        }
        let hash = spec_hash(&self.specs[self.units[slot].spec], to);
        let replica = &mut self.units[slot].replica;
        replica.limits = to;
        replica.spec = Some(hash);
        self.updated(slot)
    }

    fn updated(&mut self, slot: usize) -> Answer {
        self.tell(slot, EventKind::Updated);
        self.show(slot);
        (SMALL, Ok(Done::Changed))
    }

    /// Remove the container of that name, if it can only be what an operation left behind.
    pub(super) fn discard(&mut self, name: &str, made: Option<&ReplicaId>) -> Answer {
        let Some(slot) = self.named_slot(name) else { return (SMALL, Ok(Done::Unchanged)) };
        let successor = SpareName::parse(name).is_some_and(|spare| spare.side == Side::New);
        let replica = &self.units[slot].replica;
        let known = made == Some(&replica.id);
        if !successor && !known && replica.started.is_some() {
            let why = "it has run, so it is more than what this operation left behind".to_owned();
            return (SMALL, Err(EngineError::Changed { what: name.to_owned(), why }));
        }
        self.remove_by_force(slot)
    }

    /// Kill it, if it runs, and remove it.
    pub(super) fn remove_by_force(&mut self, slot: usize) -> Answer {
        if !self.units[slot].replica.is_up() {
            return self.soon(slot, 80, What::Remove);
        }
        self.forget_plans(slot);
        self.units[slot].replica.state = State::Removing;
        self.tell(slot, EventKind::Killed("9".into()));
        self.show(slot);
        self.soon(slot, 140, What::Ended { code: 137, then: Then::Remove })
    }

    /// The container of that name.
    pub(super) fn named_slot(&self, name: &str) -> Option<usize> {
        self.units.iter().position(|unit| !unit.gone && *unit.replica.name == *name)
    }
}

/// Limits with what differs between `from` and `to` changed to `to`.
fn changed(now: Limits, from: Limits, to: Limits) -> Limits {
    Limits {
        cpus: if from.cpus == to.cpus { now.cpus } else { to.cpus },
        memory: if from.memory == to.memory { now.memory } else { to.memory },
        pids: if from.pids == to.pids { now.pids } else { to.pids },
    }
}

fn taken(name: &str, by: &ReplicaId) -> EngineError {
    let why = format!(
        "the container name \"/{name}\" is already in use by container \"{}\": remove or rename that container to \
         be able to reuse the name",
        by.short()
    );
    EngineError::Conflict { why }
}
