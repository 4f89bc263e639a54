//! What a replica's past tells that its present does not: since when a state holds, how often it
//! ended unasked, whether somebody asked it to stop.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::flips::Flips;
use super::{EventKind, Exit, HealthCheck, Replica, State};

/// How far back unasked ends count towards a cadence (`7 restarts in 3 min`).
pub(super) const WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// How long ends are remembered.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// A run this long counts as having worked: the next end starts a new spell. Docker itself resets
/// its restart back-off after 10 s.
pub(super) const SETTLED: SignedDuration = SignedDuration::from_secs(15);

/// Docker tells of an out-of-memory kill in an event of its own, shortly before the end.
const OOM_BEFORE_END: SignedDuration = SignedDuration::from_secs(10);

/// An end's event and the end's time in facts differ by no more than this.
const SAME_END: SignedDuration = SignedDuration::from_millis(60);

/// Ends remembered per replica; a loop faster than this within [`WINDOW`] reads `64 restarts`.
const ENDS: usize = 64;

/// How often a replica ended unasked, and over what time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cadence {
    /// Restarts (or ends), at least 1.
    pub(super) times: u32,
    /// Over how long up to now; `None` when only the total is known.
    pub(super) over: Option<SignedDuration>,
}

/// The past of one replica. Fed by events and by differences between facts.
#[derive(Debug, Default)]
pub(super) struct Track {
    /// Ends nobody asked for, oldest first.
    ends: VecDeque<Timestamp>,
    /// Ends in `ends` that the engine's restart counter has not caught up with.
    uncounted: u32,
    /// When it was asked to end, since its last start.
    asked: Option<Timestamp>,
    /// Its newest start, by event.
    started: Option<Timestamp>,
    /// The newest word that the kernel killed in it for memory.
    oom: Option<Timestamp>,
    /// When the present spell of not working began.
    down: Option<Timestamp>,
    check: Option<(HealthCheck, Timestamp)>,
    /// What its check said last when it had decided.
    decided: Option<HealthCheck>,
    /// When its check changed between healthy and unhealthy.
    flips: Flips,
    state: Option<(State, Timestamp)>,
}

impl Track {
    /// Something happened at `at` to the replica last known as `replica`.
    pub(super) fn happened(&mut self, at: Timestamp, kind: &EventKind, replica: &Replica) {
        match kind {
            EventKind::Killed(signal) if asks_to_end(signal) => self.asked = Some(at),
            EventKind::Stopped => {
                self.asked = Some(at);
                self.forgive(at);
            }
            EventKind::Died(_) if self.asked.is_none() && !self.knows_end(at) => {
                self.ended(at, replica.started);
                self.uncounted = self.uncounted.saturating_add(1);
            }
            EventKind::Started => {
                self.started = Some(at);
                self.asked = None;
            }
            EventKind::Oom => self.oom = Some(at),
            EventKind::Health(check) => {
                self.check = Some((*check, at));
                self.decide(*check, at);
            }
            EventKind::Paused => self.state = Some((State::Paused, at)),
            EventKind::Unpaused => self.state = Some((State::Running, at)),
            _ => {}
        }
    }

    /// The facts went from `old` (none at first sight) to `new`, which was true at `at`.
    pub(super) fn noted(&mut self, old: Option<&Replica>, new: &Replica, at: Timestamp) {
        // At first sight nothing says since when: only a change seen with our own eyes does.
        if let Some(old) = old {
            if old.check != new.check && self.check.is_none_or(|(check, _)| check != new.check) {
                self.check = Some((new.check, at));
            }
            if old.state != new.state && self.state.is_none_or(|(state, _)| state != new.state) {
                self.state = Some((new.state, at));
            }
            if new.state == State::Running && !old.is_up() && self.asked.is_some_and(|asked| asked < at) {
                // It was started again, whether or not we were told: the next end is a new story.
                self.asked = None;
            }
            if let (Some(before), Some(after)) = (old.restarts, new.restarts) {
                // Restarts whose events we missed (a lost connection) still count.
                let grown = after.saturating_sub(before);
                for _ in self.uncounted..grown.min(ENDS as u32) {
                    self.ended(new.finished.unwrap_or(at), old.started);
                }
                self.uncounted = self.uncounted.saturating_sub(grown);
            }
        }
        self.decide(new.check, at);
        let works = new.check == HealthCheck::Healthy && new.state == State::Running;
        if works {
            self.down = None;
        }
    }

    /// Its check says `check`.
    fn decide(&mut self, check: HealthCheck, at: Timestamp) {
        if !matches!(check, HealthCheck::Healthy | HealthCheck::Unhealthy) {
            return;
        }
        let before = self.decided.replace(check);
        if before.is_some_and(|before| before != check) {
            self.flips.set_back(at);
            self.flips.note(at);
        }
    }

    /// How often its check changed in the last ten minutes, and since when, where that is often
    /// enough to be called flapping.
    pub(super) fn flapping(&self, now: Timestamp) -> Option<(usize, Timestamp)> {
        self.flips.flapping(now)
    }

    /// An end nobody asked for, of a run that began at `started`.
    fn ended(&mut self, at: Timestamp, started: Option<Timestamp>) {
        // A start may not have been told yet, but the run began after the end before it.
        let began = self.started.max(started).max(self.ends.back().copied());
        let ran = began.map(|began| at.duration_since(began));
        if self.down.is_none() || ran.is_some_and(|ran| ran >= SETTLED) {
            self.down = Some(at);
        }
        while self.ends.len() >= ENDS || self.ends.front().is_some_and(|&e| at.duration_since(e) > KEPT) {
            self.ends.pop_front();
        }
        self.ends.push_back(at);
    }

    /// Whether an end at that time is known already, from facts that came before their event.
    fn knows_end(&self, at: Timestamp) -> bool {
        let same = |end: &Timestamp| at.duration_since(*end).abs() <= SAME_END;
        self.ends.iter().any(same)
    }

    /// The end just seen turns out to have been asked for: `stop` is told after `die`.
    fn forgive(&mut self, at: Timestamp) {
        let just_now = |end: &Timestamp| at.duration_since(*end) <= SignedDuration::from_secs(2);
        if self.ends.back().is_some_and(just_now) {
            let end = self.ends.pop_back();
            self.uncounted = self.uncounted.saturating_sub(1);
            if self.down == end {
                self.down = None;
            }
        }
    }

    /// Whether somebody asked it to end.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether we saw it end, and nobody asked for it.
    pub(super) fn saw_end(&self) -> bool {
        !self.ends.is_empty() && self.asked.is_none()
    }

    /// Since when its check says `check`, where that was seen.
    pub(super) fn check_since(&self, check: HealthCheck) -> Option<Timestamp> {
        self.check.filter(|(known, _)| *known == check).map(|(_, at)| at)
    }

    /// Since when it is in `state`, where that was seen.
    pub(super) fn state_since(&self, state: State) -> Option<Timestamp> {
        self.state.filter(|(known, _)| *known == state).map(|(_, at)| at)
    }

    /// Since when it does not work, through all restarts in between.
    pub(super) fn down_since(&self) -> Option<Timestamp> {
        self.down
    }

    /// Its newest start.
    pub(super) fn started(&self, replica: &Replica) -> Option<Timestamp> {
        self.started.max(replica.started)
    }

    /// Whether `exit` was for memory: the engine's flag, or its event shortly before a SIGKILL.
    pub(super) fn was_oom(&self, exit: Exit, replica: &Replica) -> bool {
        let end = replica.finished.or(self.ends.back().copied());
        let told = match (self.oom, end) {
            (Some(oom), Some(end)) => end.duration_since(oom).abs() <= OOM_BEFORE_END,
            _ => false,
        };
        exit.oom || (exit.code == 137 && told)
    }

    /// Whether what is said about the replica still changes as time passes without news.
    pub(super) fn is_unsettled(&self, replica: &Replica, at: Timestamp) -> bool {
        let lately = |end: &Timestamp| at.duration_since(*end) <= WINDOW;
        match replica.state {
            State::Restarting => true,
            State::Running => {
                let ended = self.ends.back().is_some_and(lately) || is_young_restarter(replica, at);
                ended || self.flapping(at).is_some()
            }
            _ => false,
        }
    }

    /// How often it ended unasked since then; what lies more than an hour back is forgotten.
    pub(super) fn ends_since(&self, since: Timestamp) -> u32 {
        self.ends.iter().filter(|end| **end >= since).count() as u32
    }

    /// How often it ended unasked lately, or before its last end; `None` for less than twice.
    pub(super) fn cadence(&self, replica: &Replica, now: Timestamp) -> Option<Cadence> {
        let gave_up = replica.state == State::Exited;
        let until = if gave_up { replica.finished.unwrap_or(now) } else { now };
        let recent = |end: &&Timestamp| until.duration_since(**end) <= WINDOW;
        let seen = self.ends.iter().filter(recent).count() as u32;
        let first = self.ends.iter().find(recent).copied();
        let counted = if is_young_restarter(replica, until) { replica.restarts.unwrap_or(0) } else { 0 };
        if counted.max(seen) < 2 {
            return None;
        }
        let since = if counted > seen { Some(replica.created) } else { first };
        // Every end was followed by a restart, but for the last one of what gave up.
        let times = counted.max(seen.saturating_sub(u32::from(gave_up)));
        Some(Cadence { times, over: since.map(|since| until.duration_since(since)) })
    }
}

/// Whether all its restarts fall within [`WINDOW`] because it did not exist before.
fn is_young_restarter(replica: &Replica, at: Timestamp) -> bool {
    replica.restarts.is_some_and(|n| n >= 2) && at.duration_since(replica.created) <= WINDOW
}

/// Whether a signal is a wish to end. SIGKILL alone is not taken for one: `docker stop` always asks
/// first, so a lone SIGKILL is an emergency and the row should say so.
fn asks_to_end(signal: &str) -> bool {
    let name = signal.trim_start_matches("SIG");
    matches!(name, "2" | "3" | "15" | "INT" | "QUIT" | "TERM")
}
