//! Looking after services in the engine's own care: one step nearer to what each should be, again
//! and again until it is.

use super::birth::Birth;
use super::life::{Then, What};
use super::managed::{Charge, Make};
use super::{Unit, World};
use crate::engine::UpdateState;
use crate::fleet::{EventKind, HealthCheck, Role, State};

/// Milliseconds between two looks at a service that is not yet as it should be.
const LOOK: i64 = 400;
/// Milliseconds after which what died is made anew.
const AGAIN: i64 = 2_000;
/// Milliseconds a new replica has to be well before the one it replaces goes.
const MONITOR: i64 = 2_000;
/// Milliseconds a replica without a check must run to be taken for well.
const STEADY: i64 = 1_000;

impl World {
    /// Something happened to a unit: if the engine looks after its service, it will look.
    pub(super) fn mind(&mut self, spec: usize) {
        if self.charges.contains_key(&spec) {
            self.look_soon(spec, 50);
        }
    }

    pub(super) fn look_soon(&mut self, spec: usize, wait: i64) {
        if let Some(it) = self.charges.get_mut(&spec)
            && !std::mem::replace(&mut it.looking, true)
        {
            self.plan(self.now + wait, spec, 0, What::Look);
        }
    }

    /// Bring a service one step nearer to what it should be.
    pub(super) fn look(&mut self, spec: usize) {
        let Some(it) = self.charges.get_mut(&spec) else { return };
        it.looking = false;
        let it = it.clone();
        if self.fails(spec, &it) {
            self.go_back(spec);
            return self.look_soon(spec, LOOK);
        }
        let mut settled = true;
        for slot in self.units_of[spec].clone() {
            if self.units[slot].replica.number.unwrap_or(0) > it.desired {
                self.dismiss(slot);
                settled = false;
            }
        }
        // One is replaced at a time.
        let mut turn = true;
        for number in 1..=it.desired {
            let (fresh, stale) = self.of_number(spec, number, it.now.number);
            let is_well = fresh.is_some_and(|slot| self.is_well(&self.units[slot]));
            if is_well && stale.is_none() && !self.is_leaving(spec, number) {
                continue;
            }
            settled = false;
            match (fresh, stale) {
                (Some(new), Some(old)) if is_well && self.is_sure(&self.units[new]) => self.dismiss(old),
                (None, Some(_)) if turn => self.make_one(spec, number, &it.now),
                (None, None) if self.may_try_again(spec, number) => self.make_one(spec, number, &it.now),
                _ => {}
            }
            turn = false;
        }
        if settled {
            self.settle_update(spec);
        } else {
            self.look_soon(spec, LOOK);
        }
    }

    /// Whether an update under way has failed: what it made died, or is not healthy.
    fn fails(&self, spec: usize, it: &Charge) -> bool {
        let updating = it.update.as_ref().is_some_and(|update| update.state == UpdateState::Updating);
        let units = self.units_of[spec].iter().map(|&slot| &self.units[slot]);
        updating
            && units.filter(|unit| unit.make == it.now.number).any(|unit| {
                let asked = unit.runs.back().is_some_and(|run| run.asked.is_some());
                !asked
                    && (unit.replica.state == State::Exited || unit.replica.check == HealthCheck::Unhealthy)
            })
    }

    fn go_back(&mut self, spec: usize) {
        let failed = self.units_of[spec].iter().map(|&slot| &self.units[slot]);
        let Some(it) = self.charges.get(&spec) else { return };
        let failed = failed.filter(|unit| unit.make == it.now.number).find(|unit| !self.is_well(unit));
        let task = failed.and_then(|unit| unit.replica.placed.clone()).map(|placed| placed.task.clone());
        let message = format!(
            "update rolled back due to failure or early termination of task {}",
            task.as_deref().unwrap_or("unknown")
        );
        let status = self.status(UpdateState::RollingBack, &message);
        if let Some(it) = self.charges.get_mut(&spec)
            && let Some(before) = it.before.take()
        {
            it.now = before;
            it.update = Some(status);
        }
        self.declare();
    }

    /// All is as it should be: an update is over.
    fn settle_update(&mut self, spec: usize) {
        let Some(update) = self.charges.get(&spec).and_then(|it| it.update.clone()) else { return };
        let over = match update.state {
            UpdateState::Updating => self.status(UpdateState::Completed, "update completed"),
            UpdateState::RollingBack => self.status(UpdateState::RolledBack, &update.message),
            _ => return,
        };
        if let Some(it) = self.charges.get_mut(&spec) {
            it.update = Some(over);
        }
        self.declare();
    }

    /// Of a number, the unit made as it should be and one made otherwise; not those that go.
    fn of_number(&self, spec: usize, number: u32, make: u32) -> (Option<usize>, Option<usize>) {
        let stays = |unit: &Unit| {
            let asked = unit.runs.back().is_some_and(|run| run.asked.is_some() || run.to.is_some());
            unit.replica.number == Some(number) && unit.replica.state != State::Removing && !asked
        };
        let here = self.units_of[spec].iter().copied().filter(|&slot| stays(&self.units[slot]));
        let (fresh, stale): (Vec<usize>, Vec<usize>) = here.partition(|&slot| self.units[slot].make == make);
        (fresh.first().copied(), stale.first().copied())
    }

    /// Whether a unit of a number is on its way out.
    fn is_leaving(&self, spec: usize, number: u32) -> bool {
        let units = self.units_of[spec].iter().map(|&slot| &self.units[slot]);
        let leaves =
            |unit: &Unit| unit.runs.back().is_some_and(|run| run.asked.is_some() && run.to.is_none());
        units.filter(|unit| unit.replica.number == Some(number)).any(leaves)
    }

    pub(super) fn is_well(&self, unit: &Unit) -> bool {
        let runs = unit.runs.back().filter(|run| run.to.is_none() && run.asked.is_none());
        let age = runs.map_or(0, |run| self.now - run.from);
        match unit.replica.check {
            HealthCheck::Healthy => age > 0,
            HealthCheck::None => age >= STEADY && unit.replica.state == State::Running,
            _ => false,
        }
    }

    /// Whether it is long enough well to take another one's place.
    fn is_sure(&self, unit: &Unit) -> bool {
        let spec = &self.specs[unit.spec];
        let boot = spec.program.profile().boot_ms;
        let well = spec.check.as_ref().map_or(STEADY, |check| check.first_after(boot));
        unit.runs.back().is_some_and(|run| self.now - run.from >= well + MONITOR)
    }

    /// What died is not made anew at once.
    fn may_try_again(&self, spec: usize, number: u32) -> bool {
        let units = self.units_of[spec].iter().map(|&slot| &self.units[slot]);
        let ended =
            units.filter(|unit| unit.replica.number == Some(number)).filter_map(|unit| unit.runs.back()?.to);
        ended.max().is_none_or(|at| self.now >= at + AGAIN)
    }

    fn make_one(&mut self, spec: usize, number: u32, make: &Make) {
        // Of what ended before, the engine keeps one for the record.
        let ended = |unit: &Unit| unit.replica.number == Some(number) && unit.replica.state == State::Exited;
        let old: Vec<usize> =
            self.units_of[spec].iter().copied().filter(|&slot| ended(&self.units[slot])).collect();
        for &slot in old.iter().rev().skip(1) {
            self.remove(slot);
        }
        let birth = Birth {
            image: make.image.clone(),
            fate: self.fate_from(&self.specs[spec], &make.image.id),
            limits: make.limits,
            ..Birth::first(&self.specs[spec], number, self.now)
        };
        let slot = self.bear(spec, birth);
        self.units[slot].make = make.number;
        self.tell(slot, EventKind::Created);
        self.show(slot);
        // A port that is taken shows in the unit; the engine tries again.
        let _ = self.start(slot, false);
    }

    /// Let one go that is no longer wanted.
    fn dismiss(&mut self, slot: usize) {
        let unit = &self.units[slot];
        let asked = unit.runs.back().is_some_and(|run| run.asked.is_some() && run.to.is_none());
        match unit.replica.state {
            State::Running if asked => {}
            State::Running | State::Paused => {
                let _ = self.stop(slot, None, Then::Remove);
            }
            State::Removing => {}
            _ => self.remove(slot),
        }
    }

    /// It ended, and the engine will not start it again but make another one: it is history.
    pub(super) fn retire(&mut self, slot: usize) {
        let spec = self.units[slot].spec;
        if self.charges.contains_key(&spec) {
            self.units[slot].replica.role = Role::Spare;
        }
        self.mind(spec);
    }
}
