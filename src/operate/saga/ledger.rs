//! What became of every step, as far as anybody knows: kept while the operation runs, and made
//! again from the journal when it is resumed. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::{Create, Done, Step};
use crate::fleet::ReplicaId;
use crate::journal::StepRecord;
use crate::operate::undo::undo;
use crate::operate::{Direction, Phase, Plan, PlannedStep, Unit, Work};

/// What the journal keeps as `done` of a step that failed and may have happened all the same.
const MAYBE: &str = "maybe";

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Not begun, or begun and for sure without effect, or taken back.
    Fresh,
    /// Begun; nobody knows whether it happened.
    Open,
    /// It happened.
    Did(Done),
    /// It is being taken back, and nobody knows how far that got. What it had done, if known.
    Returning(Option<Done>),
}

/// How an attempt at a step ended, as far as the ledger is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// It happened.
    Did(Done),
    /// It failed, and may have happened all the same.
    Maybe,
    /// It failed, and changed nothing.
    Nothing,
}

impl Attempt {
    /// As the journal keeps it: whether it succeeded, and what it led to.
    pub(super) fn written(&self) -> (bool, String) {
        match self {
            Self::Did(done) => (true, serde_json::to_string(done).unwrap_or_default()),
            Self::Maybe => (false, MAYBE.to_owned()),
            Self::Nothing => (false, String::new()),
        }
    }

    fn read(ok: bool, done: &str) -> Self {
        match (ok, done) {
            (true, done) => serde_json::from_str(done).map_or(Self::Maybe, Self::Did),
            (false, "") => Self::Nothing,
            (false, _) => Self::Maybe,
        }
    }
}

/// What became of every step of a plan.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    /// In the order of the plan's steps.
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    mark: Mark,
    /// What it was before its last attempt.
    prior: Mark,
    /// It was begun at any time, this time or before.
    ever: bool,
}

impl Ledger {
    /// Nothing has begun.
    pub(super) fn new(plan: &Plan) -> Self {
        let fresh = Entry { mark: Mark::Fresh, prior: Mark::Fresh, ever: false };
        Self { entries: vec![fresh; plan.steps.len()] }
    }

    /// What the journal knows.
    pub(super) fn read(plan: &Plan, records: &[StepRecord]) -> Self {
        let mut ledger = Self::new(plan);
        let at: HashMap<u32, usize> = plan.steps.iter().enumerate().map(|(i, s)| (s.number, i)).collect();
        for record in records {
            let Some(&at) = at.get(&record.number) else { continue };
            let direction = if record.back { Direction::Back } else { Direction::Forward };
            ledger.begins(at, direction);
            if let Some((_, end)) = &record.ended {
                ledger.ends(at, direction, &Attempt::read(end.ok, &end.done));
            }
        }
        ledger
    }

    /// What became of a step.
    pub(super) fn mark(&self, at: usize) -> &Mark {
        self.entries.get(at).map_or(&Mark::Fresh, |entry| &entry.mark)
    }

    /// Whether it was begun at any time.
    pub(super) fn ever(&self, at: usize) -> bool {
        self.entries.get(at).is_some_and(|entry| entry.ever)
    }

    /// A step begins.
    pub(super) fn begins(&mut self, at: usize, direction: Direction) {
        let Some(Entry { mark, prior, ever }) = self.entries.get_mut(at) else { return };
        *prior = mark.clone();
        *ever = true;
        *mark = match direction {
            Direction::Forward => Mark::Open,
            Direction::Back => Mark::Returning(match mark {
                Mark::Did(done) => Some(done.clone()),
                Mark::Returning(done) => done.take(),
                Mark::Fresh | Mark::Open => None,
            }),
        };
    }

    /// It ended.
    pub(super) fn ends(&mut self, at: usize, direction: Direction, attempt: &Attempt) {
        let Some(Entry { mark, prior, .. }) = self.entries.get_mut(at) else { return };
        match (direction, attempt) {
            (Direction::Forward, Attempt::Did(done)) => *mark = Mark::Did(done.clone()),
            (Direction::Forward, Attempt::Maybe) => *mark = Mark::Open,
            // It was refused; but an earlier attempt may have got through.
            (Direction::Forward, Attempt::Nothing) => *mark = prior.clone(),
            (Direction::Back, Attempt::Did(_)) => *mark = Mark::Fresh,
            (Direction::Back, Attempt::Maybe | Attempt::Nothing) => {}
        }
    }

    /// Whether an earlier attempt at it may have had an effect.
    pub(super) fn tried(&self, at: usize) -> bool {
        *self.mark(at) != Mark::Fresh
    }

    /// Whether it happened, and is not being taken back.
    pub(super) fn did(&self, at: usize) -> bool {
        matches!(self.mark(at), Mark::Did(_))
    }

    /// The step that takes this one back; `None`: there is nothing to take back.
    pub(super) fn back(&self, at: usize, step: &PlannedStep) -> Option<Step<Unit>> {
        match self.mark(at) {
            Mark::Fresh => None,
            Mark::Open | Mark::Returning(None) => undo(step, None),
            Mark::Did(done) | Mark::Returning(Some(done)) => undo(step, Some(done)),
        }
    }

    /// Whether anything at all may have been changed that an undo would have to take back.
    pub(super) fn touched(&self, plan: &Plan) -> bool {
        let mut steps = plan.steps.iter().enumerate();
        steps.any(|(at, step)| step.phase == Phase::Forward && self.back(at, step).is_some())
    }

    /// The replica a unit stands for, once that is made.
    pub(super) fn resolve(&self, plan: &Plan, unit: &Unit) -> Option<ReplicaId> {
        let number = match unit {
            Unit::Is(id) => return Some(id.clone()),
            Unit::Made(number) => *number,
        };
        let at = plan.steps.iter().position(|s| s.number == number)?;
        match self.mark(at) {
            Mark::Did(Done::Made(id)) | Mark::Returning(Some(Done::Made(id))) => Some(id.clone()),
            _ => None,
        }
    }

    /// The names a replica may have now: one, where everything is known.
    pub(super) fn names(&self, plan: &Plan, unit: &Unit) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = match unit {
            Unit::Is(id) => {
                plan.expects.iter().filter(|e| e.replica == *id).map(|e| e.name.clone()).collect()
            }
            Unit::Made(number) => plan
                .steps
                .iter()
                .filter(|s| s.number == *number)
                .filter_map(|s| match &s.work {
                    Work::Step(Step::Create(Create { name, .. })) => Some(name.clone()),
                    _ => None,
                })
                .collect(),
        };
        for (at, step) in plan.steps.iter().enumerate() {
            let Work::Step(Step::Rename { replica, to, .. }) = &step.work else { continue };
            if replica != unit {
                continue;
            }
            match self.mark(at) {
                Mark::Fresh => {}
                Mark::Did(_) => names = vec![to.clone()],
                Mark::Open | Mark::Returning(_) => names.push(to.clone()),
            }
        }
        names
    }

    /// The image id a reference was found to stand for.
    pub(super) fn pulled(&self, plan: &Plan, wanted: &str) -> Option<Arc<str>> {
        plan.steps.iter().enumerate().find_map(|(at, step)| match (&step.work, self.mark(at)) {
            (Work::Step(Step::Pull { reference }), Mark::Did(Done::Pulled { id }))
                if **reference == *wanted =>
            {
                Some(id.clone())
            }
            _ => None,
        })
    }
}
