//! What is due, what is under way, and what follows from what ended. Pure: the time comes in.
//!
//! Every target has its own turn and never two attempts at once. What hangs costs its own slot for
//! its own timeout; and what failed last may take no more than most of the slots, so that a network
//! that swallows everything does not keep what works from being looked at.

use std::cmp::Reverse;
use std::collections::hash_map::RandomState;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::probe::roster::Targets;
use crate::probe::standing::rest;
use crate::probe::target::Key;
use crate::probe::work::Work;

/// Attempts under way at once.
pub(super) const SLOTS: usize = 64;
/// So many of them for what failed last.
pub(super) const SICK_SLOTS: usize = 48;
/// A new target is first tried within this time, or its interval.
const SOON: Duration = Duration::from_secs(2);

/// One target's place in the book, for as long as it is that target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Turn {
    number: u64,
    /// It failed last when the attempt began.
    sick: bool,
}

struct Entry<W: Work> {
    target: Arc<W>,
    state: W::State,
    /// Whether it went well last.
    passed: Option<bool>,
}

/// See the module.
pub(super) struct Book<W: Work> {
    by_key: HashMap<Key, u64>,
    entries: HashMap<u64, Entry<W>>,
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    /// Due, failed last, and waiting for a slot.
    deferred: VecDeque<u64>,
    last_number: u64,
    under_way: usize,
    sick_under_way: usize,
    jitter: RandomState,
}

impl<W: Work> Default for Book<W> {
    fn default() -> Self {
        Self {
            by_key: HashMap::new(),
            entries: HashMap::new(),
            due: BinaryHeap::new(),
            deferred: VecDeque::new(),
            last_number: 0,
            under_way: 0,
            sick_under_way: 0,
            jitter: RandomState::new(),
        }
    }
}

impl<W: Work> Book<W> {
    /// These are the targets now. Which are no more.
    pub(super) fn change(&mut self, targets: &Targets<W>, now: Instant) -> Vec<Key> {
        let mut gone = Vec::new();
        let vanished: Vec<Key> =
            self.by_key.keys().filter(|key| !targets.contains_key(*key)).cloned().collect();
        for key in vanished {
            self.forget(&key);
            gone.push(key);
        }
        for (key, target) in targets.iter() {
            if let Some(entry) = self.by_key.get(key).and_then(|number| self.entries.get_mut(number)) {
                if target.is_still(&entry.target) {
                    entry.target = target.clone();
                    continue;
                }
                // Another thing under the same name: what was found out says nothing about it.
                self.forget(key);
                gone.push(key.clone());
            }
            self.last_number += 1;
            let number = self.last_number;
            let entry = Entry { target: target.clone(), state: W::State::default(), passed: None };
            let within = SOON.min(target.pace().interval);
            self.due.push(Reverse((now + within.mul_f64(self.random(number, now)), number)));
            self.entries.insert(number, entry);
            self.by_key.insert(key.clone(), number);
        }
        gone
    }

    fn forget(&mut self, key: &Key) {
        if let Some(number) = self.by_key.remove(key) {
            self.entries.remove(&number);
        }
    }

    /// What is to be tried now, and may be.
    pub(super) fn next(&mut self, now: Instant) -> Option<(Turn, Arc<W>)> {
        while self.under_way < SLOTS {
            let room_for_sick = self.sick_under_way < SICK_SLOTS;
            let waiting = if room_for_sick { self.deferred.pop_front() } else { None };
            let number = match waiting {
                Some(number) => number,
                None => self.pop(now)?,
            };
            let Some(entry) = self.entries.get(&number) else { continue };
            let sick = entry.passed == Some(false);
            if sick && !room_for_sick {
                self.deferred.push_back(number);
                continue;
            }
            self.under_way += 1;
            self.sick_under_way += usize::from(sick);
            return Some((Turn { number, sick }, entry.target.clone()));
        }
        None
    }

    fn pop(&mut self, now: Instant) -> Option<u64> {
        let Reverse((at, _)) = self.due.peek()?;
        if *at > now {
            return None;
        }
        self.due.pop().map(|Reverse((_, number))| number)
    }

    /// When something is due next, and could be tried.
    pub(super) fn wake(&self) -> Option<Instant> {
        if self.under_way >= SLOTS {
            return None;
        }
        self.due.peek().map(|Reverse((at, _))| *at)
    }

    /// An attempt ended. What to tell, and whether that is news.
    pub(super) fn ended(
        &mut self,
        turn: Turn,
        began: Instant,
        done: W::Done,
        now: Instant,
    ) -> Option<(W::Fact, bool)> {
        self.under_way -= 1;
        self.sick_under_way -= usize::from(turn.sick);
        let jitter = self.random(turn.number, now);
        let entry = self.entries.get_mut(&turn.number)?;
        let ended = entry.target.ended(&mut entry.state, done);
        let took = now.saturating_duration_since(began);
        let next = began + rest(entry.target.pace(), took, ended.passed != Some(false), jitter);
        self.due.push(Reverse((next.max(now), turn.number)));
        entry.passed = ended.passed.or(entry.passed);
        ended.fact
    }

    /// 0–1.
    fn random(&self, number: u64, now: Instant) -> f64 {
        (self.jitter.hash_one((number, now)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
