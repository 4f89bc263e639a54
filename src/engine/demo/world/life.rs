//! The agenda: what happens to whom, when, and what follows from it.

use std::cmp::Reverse;
use std::sync::Arc;

use super::birth::{Birth, process_id};
use super::colleague::Move;
use super::{EVENTS, Run, SWEEP, SWEEPS_AT_ONCE, World};
use crate::engine::demo::fate::{self, End};
use crate::engine::demo::platform::Fate;
use crate::fleet::{Event, EventKind, Exit, HealthCheck, Observation, State};

/// Something planned. Ordered by time, then by when it was planned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) at: i64,
    planned: u64,
    /// A unit's slot; for [`What::Spawn`] and [`What::Look`] a spec's index.
    whom: usize,
    epoch: u32,
    what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// A one-off job is made.
    Spawn,
    /// The engine looks at a service in its care.
    Look,
    /// The colleague goes on.
    Colleague(Move),
    /// An image has come from the registry.
    Arrive {
        reference: Arc<str>,
        id: Arc<str>,
    },
    /// It starts; after a restart on request it says so.
    Up {
        restarted: bool,
    },
    /// Its process ends by itself.
    End {
        code: i64,
    },
    /// The kernel kills it for memory.
    Oom,
    /// Its process ends because it was asked or made to.
    Ended {
        code: i64,
        then: Then,
    },
    /// The engine starts it again.
    Respawn,
    /// Its health check runs.
    Check,
    Freeze,
    Thaw,
    /// A signal arrives that does not end it.
    Signal(String),
    /// It is removed.
    Remove,
}

/// What follows an end on request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Then {
    /// It stays stopped: it was stopped.
    Stopped,
    /// It stays stopped: it was killed.
    Killed,
    /// It starts again.
    Start,
    /// It is removed.
    Remove,
}

impl World {
    pub(super) fn plan(&mut self, at: i64, whom: usize, epoch: u32, what: What) {
        self.planned += 1;
        self.agenda.push(Reverse(Entry { at, planned: self.planned, whom, epoch, what }));
    }

    /// Let everything planned up to `to` happen, and sweep every second of it.
    pub(super) fn live_until(&mut self, to: i64) {
        if to < self.now {
            return;
        }
        // After a leap only the newest sweeps are worth telling.
        let newest = to.div_euclid(SWEEP) * SWEEP;
        self.next_sweep = self.next_sweep.max(newest - (SWEEPS_AT_ONCE - 1) * SWEEP);
        loop {
            let planned = self.agenda.peek().map_or(i64::MAX, |Reverse(entry)| entry.at);
            if planned.min(self.next_sweep) > to {
                break;
            }
            if planned <= self.next_sweep {
                if let Some(Reverse(entry)) = self.agenda.pop() {
                    self.now = self.now.max(entry.at);
                    self.happen(entry);
                }
            } else {
                let at = self.next_sweep;
                self.now = at;
                self.next_sweep += SWEEP;
                let (sweep, host) = self.sweep(at);
                self.out.extend([sweep, Observation::Host(host)]);
                let found = self.looked_into(at);
                self.out.extend(found);
            }
        }
        self.now = to;
    }

    fn happen(&mut self, entry: Entry) {
        let Entry { whom, epoch, what, .. } = entry;
        match what {
            What::Spawn => return self.spawn(whom),
            What::Look => return self.look(whom),
            What::Colleague(next) => return self.colleague_moves(next),
            What::Arrive { reference, id } => return self.arrive(reference, id),
            _ => {}
        }
        if self.units.get(whom).is_none_or(|unit| unit.gone || unit.epoch != epoch) {
            return;
        }
        match what {
            What::Spawn | What::Look | What::Colleague(_) | What::Arrive { .. } => {}
            What::Up { restarted } => self.up(whom, restarted),
            What::End { code } => self.ended(whom, Exit { code, oom: false }),
            What::Oom => {
                self.tell(whom, EventKind::Oom);
                self.ended(whom, Exit { code: 137, oom: true });
            }
            What::Ended { code, then } => self.ended_on_request(whom, code, then),
            What::Respawn => {
                let unit = &mut self.units[whom];
                unit.replica.restarts = Some(unit.replica.restarts.unwrap_or(0) + 1);
                self.up(whom, false);
            }
            What::Check => self.check(whom),
            What::Freeze => self.freeze(whom),
            What::Thaw => self.thaw(whom),
            What::Signal(name) => self.tell(whom, EventKind::Killed(name)),
            What::Remove => self.remove(whom),
        }
    }

    /// A one-off job comes, and the one before the last goes.
    fn spawn(&mut self, spec: usize) {
        let Fate::Recurring { every, .. } = self.specs[spec].fate else { return };
        let older: Vec<usize> = self.units_of[spec].clone();
        for &slot in older.iter().rev().skip(1) {
            if self.units.get(slot).is_some_and(|unit| !unit.replica.is_up()) {
                self.remove(slot);
            }
        }
        let birth = Birth::first(&self.specs[spec], 1, self.now);
        let slot = self.bear(spec, birth);
        self.tell(slot, EventKind::Created);
        self.show(slot);
        let epoch = self.units[slot].epoch;
        self.plan(self.now + 300, slot, epoch, What::Up { restarted: false });
        self.plan(self.now + every * 1_000, spec, 0, What::Spawn);
    }

    /// It starts, if its ports are free.
    fn up(&mut self, slot: usize, restarted: bool) {
        if let Some(port) = self.taken_port(slot) {
            self.fail_to_start(slot, port);
            return;
        }
        self.choose_ports(slot);
        let (now, at) = (self.now, self.stamp(self.now));
        let has_check = self.specs[self.units[slot].spec].check.is_some();
        let unit = &mut self.units[slot];
        unit.epoch += 1;
        unit.begin(Run::new(now));
        unit.streak = 0;
        unit.error = None;
        unit.replica.refused = None;
        unit.replica.state = State::Running;
        unit.replica.check = if has_check { HealthCheck::Starting } else { HealthCheck::None };
        unit.replica.started = Some(at);
        unit.replica.finished = None;
        unit.replica.exit = None;
        unit.replica.pid = Some(process_id(unit.seed, now));
        self.tell(slot, EventKind::Started);
        if restarted {
            self.tell(slot, EventKind::Restarted);
        }
        self.show(slot);
        self.plan_life(slot);
    }

    /// Plan what will become of a running unit when nobody touches it.
    pub(super) fn plan_life(&mut self, slot: usize) {
        let unit = &self.units[slot];
        let Some(run) = unit.runs.back().filter(|run| run.to.is_none()) else { return };
        let epoch = unit.epoch;
        let end = fate::end(&self.specs[unit.spec], unit, run, self.now);
        if let Some(End { at, code, oom }) = end {
            let what = if oom { What::Oom } else { What::End { code } };
            self.plan(at.max(self.now + 1), slot, epoch, what);
        }
        if let Some(at) = self.next_check(slot) {
            self.plan(at, slot, epoch, What::Check);
        }
    }

    /// Its process ended by itself: the restart policy decides.
    fn ended(&mut self, slot: usize, exit: Exit) {
        let ran = self.close_run(slot, exit);
        let again = self.units[slot].restarts_after(exit.code);
        let unit = &mut self.units[slot];
        // As Docker does it: 100 ms, doubled each time up to a minute, forgotten after 10 s of running.
        unit.quick_ends = if ran >= 10_000 { 0 } else { unit.quick_ends + 1 };
        let wait = (50_i64 << unit.quick_ends.clamp(1, 11)).min(60_000);
        unit.replica.state = if again { State::Restarting } else { State::Exited };
        let epoch = unit.epoch;
        self.tell(slot, EventKind::Died(exit));
        self.retire(slot);
        self.show(slot);
        if again {
            self.plan(self.now + wait, slot, epoch, What::Respawn);
        }
    }

    fn ended_on_request(&mut self, slot: usize, code: i64, then: Then) {
        let exit = Exit { code, oom: false };
        self.close_run(slot, exit);
        self.units[slot].quick_ends = 0;
        self.units[slot].replica.state = State::Exited;
        self.tell(slot, EventKind::Died(exit));
        if matches!(then, Then::Stopped | Then::Start) {
            self.tell(slot, EventKind::Stopped);
        }
        match then {
            Then::Stopped | Then::Killed => {
                self.retire(slot);
                self.show(slot);
            }
            Then::Remove => self.remove(slot),
            Then::Start => {
                self.show(slot);
                let epoch = self.units[slot].epoch;
                self.plan(self.now + 280, slot, epoch, What::Up { restarted: true });
            }
        }
    }

    /// Note the end of the current run; how long it was.
    fn close_run(&mut self, slot: usize, exit: Exit) -> i64 {
        let (now, at) = (self.now, self.stamp(self.now));
        let unit = &mut self.units[slot];
        unit.epoch += 1;
        let mut ran = 0;
        if let Some(run) = unit.current() {
            run.to = Some(now);
            run.exit = Some(exit);
            if let Some(pause) = run.pauses.last_mut().filter(|pause| pause.1.is_none()) {
                pause.1 = Some(now);
            }
            ran = now - run.from;
        }
        unit.replica.check = HealthCheck::None;
        unit.replica.finished = Some(at);
        unit.replica.exit = Some(exit);
        unit.replica.pid = None;
        ran
    }

    fn freeze(&mut self, slot: usize) {
        let now = self.now;
        let unit = &mut self.units[slot];
        unit.epoch += 1;
        unit.replica.state = State::Paused;
        if let Some(run) = unit.current() {
            run.pauses.push((now, None));
        }
        self.tell(slot, EventKind::Paused);
        self.show(slot);
    }

    fn thaw(&mut self, slot: usize) {
        let now = self.now;
        let unit = &mut self.units[slot];
        unit.epoch += 1;
        unit.replica.state = State::Running;
        if let Some(pause) = unit.current().and_then(|run| run.pauses.last_mut()) {
            pause.1 = Some(now);
        }
        self.tell(slot, EventKind::Unpaused);
        self.show(slot);
        self.plan_life(slot);
    }

    pub(super) fn remove(&mut self, slot: usize) {
        self.tell(slot, EventKind::Destroyed);
        let unit = &mut self.units[slot];
        unit.gone = true;
        unit.epoch += 1;
        unit.runs.clear();
        let (id, spec) = (unit.replica.id.clone(), unit.spec);
        self.by_id.remove(&id.id);
        self.units_of[spec].retain(|&other| other != slot);
        self.free.push(slot);
        self.mind(spec);
        self.out.push(Observation::Removed { at: self.stamp(self.now), id });
    }

    /// Something happened: told, and remembered for those who come later.
    pub(super) fn tell(&mut self, slot: usize, kind: EventKind) {
        let replica = &self.units[slot].replica;
        let event = Event {
            at: self.stamp(self.now),
            replica: replica.id.clone(),
            service: replica.service.clone(),
            role: replica.role,
            kind,
        };
        if self.events.len() >= EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event.clone());
        self.out.push(Observation::Happened(event));
    }

    /// A replica as it is now.
    pub(super) fn show(&mut self, slot: usize) {
        let replica = Box::new(self.units[slot].replica.clone());
        self.out.push(Observation::Applied { at: self.stamp(self.now), replica });
    }
}
