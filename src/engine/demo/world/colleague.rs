//! The first minute: a colleague deploys a release that does not get healthy, and it comes back.
//!
//! She does it as quarterdeck does it: successor beside, predecessor parked, a gate, and the way
//! back. Whoever changes her service before she begins has it for himself; if somebody comes between
//! while she is at it, she does what is left to do and ignores what no longer can be done.

use std::sync::Arc;

use super::World;
use super::life::{Then, What};
use crate::engine::demo::platform::{Spec, split};
use crate::engine::{Create, Done, Place, Step};
use crate::fleet::{Image, ReplicaId, Role, Side, SpareName, State};

/// When she begins, milliseconds.
const BEGINS: i64 = 15_000;
/// How long she waits for it to get healthy.
const GATE: i64 = 20_400;
/// Her operation's token.
const TOKEN: &str = "ada7k";

/// What she is at.
#[derive(Clone, Debug)]
pub(super) struct Colleague {
    spec: usize,
    tag: &'static str,
    /// What she works on, once she has begun.
    work: Option<Work>,
}

#[derive(Clone, Debug)]
struct Work {
    name: Arc<str>,
    old: ReplicaId,
    new: ReplicaId,
    policy: String,
    /// Both can run at once: there is no host port to be had by one only.
    overlap: bool,
}

/// What she does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Move {
    Make,
    Replace,
    Swap,
    GiveUp,
    Restore,
}

impl World {
    /// Plan the colleague's morning.
    pub(super) fn invite(&mut self) {
        let (name, tag) = self.platform.deployed_badly();
        let is_hers = |spec: &Spec| *spec.name == *name && spec.role == Role::Replica;
        let Some(spec) = self.specs.iter().position(is_hers) else { return };
        self.colleague = Some(Colleague { spec, tag, work: None });
        self.plan(BEGINS, 0, 0, What::Colleague(Move::Make));
    }

    /// Somebody else changes something: she leaves him that service, unless she has begun.
    pub(super) fn give_way(&mut self, step: &Step) {
        let Some(Colleague { spec, work: None, .. }) = self.colleague else { return };
        let slot = match step {
            Step::Discard { name, .. } => self.named_slot(name),
            step => step.replica().and_then(|id| self.slot(id)),
        };
        if slot.is_some_and(|slot| self.units[slot].spec == spec) {
            self.colleague = None;
        }
    }

    pub(super) fn colleague_moves(&mut self, now: Move) {
        let Some(colleague) = self.colleague.clone() else { return };
        let next = match (now, &colleague.work) {
            (Move::Make, _) => self.make(&colleague).map(|wait| (wait, Move::Replace)),
            (Move::Replace, Some(work)) => Some(self.replace(work)),
            (Move::Swap, Some(work)) => Some(self.swap(work)),
            (Move::GiveUp, Some(work)) => {
                let takes = self.slot(&work.new).map_or(0, |slot| self.remove_by_force(slot).0);
                Some((takes + 60, Move::Restore))
            }
            (Move::Restore, Some(work)) => {
                self.restore(work);
                None
            }
            _ => None,
        };
        match next {
            Some((wait, next)) => self.plan(self.now + wait, 0, 0, What::Colleague(next)),
            None => self.colleague = None,
        }
    }

    fn make(&mut self, colleague: &Colleague) -> Option<i64> {
        let Colleague { spec, tag, .. } = *colleague;
        let &[slot] = self.units_of[spec].as_slice() else { return None };
        let unit = &self.units[slot];
        if unit.replica.state != State::Running {
            return None;
        }
        let (repository, _) = split(&self.specs[spec].image);
        let reference: Arc<str> = format!("{repository}:{tag}").into();
        let (old, name, policy) = (unit.replica.id.clone(), unit.replica.name.clone(), unit.policy.clone());
        let overlap = unit.replica.ports.iter().all(|port| port.host.is_none());
        let id = self.in_registry(&reference).ok()?;
        // She had pulled it before.
        self.arrive(reference.clone(), id.clone());
        let successor = SpareName::of(&name, TOKEN, Side::New).into();
        let (_, made) = self.create(&Create {
            like: old.clone(),
            image: Image { reference, id },
            name: successor,
            number: None,
            place: Place::Instead,
            limits: None,
        });
        let Ok(Done::Made(new)) = made else { return None };
        let work = Work { name, old, new, policy, overlap };
        self.colleague = Some(Colleague { work: Some(work), ..colleague.clone() });
        Some(400)
    }

    fn replace(&mut self, work: &Work) -> (i64, Move) {
        if work.overlap {
            self.set_going(&work.new);
            return (GATE, Move::GiveUp);
        }
        let _ = self.policy(&work.old, &work.policy, "no");
        let takes = match self.slot(&work.old) {
            Some(slot) => self.stop(slot, None, Then::Stopped).0,
            None => 0,
        };
        (takes + 60, Move::Swap)
    }

    fn swap(&mut self, work: &Work) -> (i64, Move) {
        let parked = SpareName::of(&work.name, TOKEN, Side::Old).into();
        let _ = self.rename(&work.old, &work.name, &parked);
        let successor = SpareName::of(&work.name, TOKEN, Side::New);
        let _ = self.rename(&work.new, &successor, &work.name);
        self.set_going(&work.new);
        (GATE, Move::GiveUp)
    }

    fn restore(&mut self, work: &Work) {
        if work.overlap {
            return;
        }
        let parked = SpareName::of(&work.name, TOKEN, Side::Old);
        let _ = self.rename(&work.old, &parked, &work.name);
        let _ = self.policy(&work.old, "no", &work.policy);
        self.set_going(&work.old);
    }

    fn set_going(&mut self, id: &ReplicaId) {
        let idle = |state| matches!(state, State::Created | State::Exited);
        if let Some(slot) = self.slot(id).filter(|&slot| idle(self.units[slot].replica.state)) {
            let _ = self.start(slot, false);
        }
    }
}
