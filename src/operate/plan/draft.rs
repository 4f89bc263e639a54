//! A plan in the making: steps by wave and lane, numbered only at the end.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use super::super::{Change, Expect, Gap, Gate, ImageChange, Phase, PlannedStep, Refusal, Unit, Work};
use super::Skipped;
use crate::engine::Step;
use crate::fleet::{Replica, ServiceId, State};

/// Getting images comes before everything.
pub(super) const PULL: u16 = 0;
/// What stands at the bottom of all layers; layers above it follow.
pub(super) const FIRST: u16 = 1;
/// The last look at everything, before the point of no return.
pub(super) const SETTLE: u16 = u16::MAX - 1;
/// Clearing up.
pub(super) const COMMIT: u16 = u16::MAX;

/// Where a step stands. Waves here are only an order; [`Draft::finish`] numbers them.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub wave: u16,
    pub lane: u16,
    pub phase: Phase,
}

impl At {
    /// A step that can be taken back.
    pub fn forward(wave: u16, lane: usize) -> Self {
        Self { wave, lane: u16::try_from(lane).unwrap_or(u16::MAX), phase: Phase::Forward }
    }

    /// A step that can't, or must not.
    pub fn commit(wave: u16, lane: usize) -> Self {
        Self { phase: Phase::Commit, ..Self::forward(wave, lane) }
    }
}

/// Whom a step is about, for words.
#[derive(Clone)]
pub(super) struct Whom {
    pub service: ServiceId,
    pub name: Arc<str>,
    pub state: State,
}

impl From<&Replica> for Whom {
    fn from(replica: &Replica) -> Self {
        let Replica { service, name, state, .. } = replica;
        Self { service: service.clone(), name: name.clone(), state: *state }
    }
}

/// Warnings in the order of their weight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Weight {
    /// The user's own access hangs on it.
    Seat,
    /// Data may be lost or changed for good.
    Data,
    /// Something will not work, or others suffer.
    Others,
    /// Good to know.
    Note,
}

/// A plan in the making.
#[derive(Default)]
pub(in super::super) struct Draft {
    steps: Vec<PlannedStep>,
    pub expects: Vec<Expect>,
    pub images: Vec<ImageChange>,
    pub gaps: Vec<Gap>,
    pub skipped: Vec<Skipped>,
    pub only_newer: bool,
    warnings: Vec<(Weight, String)>,
    nothing: Option<Refusal>,
    lanes: usize,
}

impl Draft {
    /// A lane nobody has yet.
    pub fn lane(&mut self) -> usize {
        self.lanes += 1;
        self.lanes - 1
    }

    /// Ask the engine for something. The answer names what it makes, for [`Unit::Made`].
    pub(super) fn step(
        &mut self,
        at: At,
        whom: &Whom,
        step: impl Into<Step<Unit>>,
        note: impl Into<String>,
    ) -> u32 {
        self.push(at, whom, Work::Step(step.into()), note.into())
    }

    /// Wait for something.
    pub(super) fn gate(&mut self, at: At, whom: &Whom, gate: Gate, note: impl Into<String>) {
        self.push(at, whom, Work::Gate(gate), note.into());
    }

    fn push(&mut self, at: At, whom: &Whom, work: Work, note: String) -> u32 {
        let number = u32::try_from(self.steps.len() + 1).unwrap_or(u32::MAX);
        self.steps.push(PlannedStep {
            number,
            wave: at.wave,
            lane: at.lane,
            service: whom.service.clone(),
            name: whom.name.clone(),
            state: whom.state,
            work,
            phase: at.phase,
            note,
        });
        number
    }

    /// What must be so when it begins.
    pub fn expect(&mut self, replica: &Replica) {
        if self.expects.iter().any(|e| e.replica == replica.id) {
            return;
        }
        self.expects.push(Expect {
            replica: replica.id.clone(),
            service: replica.service.clone(),
            name: replica.name.clone(),
            image: replica.image.id.clone(),
            state: replica.state,
        });
    }

    /// It is left alone.
    pub fn skip(&mut self, replica: &Replica, why: impl Into<String>) {
        self.skipped.push(Skipped {
            replica: replica.id.clone(),
            service: replica.service.clone(),
            name: replica.name.clone(),
            state: replica.state,
            why: why.into(),
        });
    }

    /// What to know before; said once.
    pub fn warn(&mut self, weight: Weight, words: impl Into<String>) {
        let words = words.into();
        if !self.warnings.iter().any(|(_, known)| *known == words) {
            self.warnings.push((weight, words));
        }
    }

    /// A service is so already: the reason, should it be so for all of them.
    pub fn nothing(&mut self, verb: &Change, why: String, remedy: &str) {
        let refusal = Refusal::Nothing { verb: verb.clone(), why, remedy: remedy.to_owned() };
        self.nothing.get_or_insert(refusal);
    }

    /// Why there is nothing to do, where a service said so.
    pub fn said_nothing(&mut self) -> Option<Refusal> {
        self.nothing.take()
    }

    /// The warnings, most important first.
    pub fn warnings(&self) -> Vec<String> {
        let mut all: Vec<&(Weight, String)> = self.warnings.iter().collect();
        all.sort_by_key(|(weight, _)| *weight);
        all.into_iter().map(|(_, words)| words.clone()).collect()
    }

    /// The steps in order, numbered from 1, waves from 0.
    pub fn finish(&mut self) -> Vec<PlannedStep> {
        let mut steps = std::mem::take(&mut self.steps);
        // Stable: within a wave, steps stay as they were put down.
        steps.sort_by_key(|step| step.wave);
        let (mut numbers, mut last, mut wave) = (HashMap::new(), None, 0);
        for (i, step) in steps.iter_mut().enumerate() {
            if last.is_some_and(|last| last != step.wave) {
                wave += 1;
            }
            last = Some(step.wave);
            step.wave = wave;
            let number = u32::try_from(i + 1).unwrap_or(u32::MAX);
            numbers.insert(step.number, number);
            step.number = number;
        }
        let renamed = |unit: Unit| match unit {
            Unit::Made(old) => Unit::Made(numbers.get(&old).copied().unwrap_or(old)),
            is @ Unit::Is(_) => is,
        };
        steps
            .into_iter()
            .map(|step| {
                let work = match step.work {
                    Work::Gate(gate) => Work::Gate(Gate { unit: gate.unit.map(&renamed), ..gate }),
                    Work::Step(work) => {
                        let Ok(work) = work.named(|unit| Ok::<_, Infallible>(renamed(unit)));
                        Work::Step(work)
                    }
                };
                PlannedStep { work, ..step }
            })
            .collect()
    }
}
