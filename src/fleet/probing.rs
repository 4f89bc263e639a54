//! How each probe stands, since when, and how steadily.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::latency::{self, Latency, Minutes, Samples};
use super::{Probed, ReplicaId, Standing};

/// A probe that has not told for three intervals, and at least this long, says nothing about now.
const STALE: SignedDuration = SignedDuration::from_secs(60);
/// How far back changes of standing count as flapping.
const FLAPPING: SignedDuration = SignedDuration::from_mins(10);
/// So many changes within [`FLAPPING`] are flapping.
const FLAPS: usize = 4;
/// Changes remembered of one probe.
const FLIPS: usize = 32;

/// One probe of a service or of one of its replicas.
#[derive(Clone, Debug)]
pub struct Probe {
    last: Probed,
    since: Timestamp,
    /// Why it failed last, while it is failing.
    why: Option<Arc<str>>,
    /// How it stood last when that was decided.
    decided: Option<Standing>,
    /// When it went from passing to failing or back.
    flips: VecDeque<Timestamp>,
    samples: Samples,
}

impl Probe {
    fn new(first: Probed) -> Self {
        let since = first.at;
        let mut samples = Samples::default();
        samples.push(first.at, first.took, first.result.is_err());
        let why = first.result.as_ref().err().cloned();
        let decided = decided(first.standing);
        Self { last: first, since, why, decided, flips: VecDeque::new(), samples }
    }

    /// One more attempt. Whether it changes what is said of the service.
    fn tell(&mut self, told: Probed) -> bool {
        let at = told.at;
        // The clock may have been set back; nothing holds since a time that is still to come.
        self.since = self.since.min(at);
        while self.flips.back().is_some_and(|flip| *flip > at) {
            self.flips.pop_back();
        }
        self.samples.push(at, told.took, told.result.is_err());
        let changed = told.standing != self.last.standing;
        if changed {
            self.since = at;
        }
        if let Some(now) = decided(told.standing) {
            if self.decided.is_some_and(|before| before != now) {
                if self.flips.len() >= FLIPS {
                    self.flips.pop_front();
                }
                self.flips.push_back(at);
            }
            self.decided = Some(now);
        }
        let why = match &told.result {
            Err(why) => Some(why.clone()),
            // It has to pass more often before it counts; meanwhile it failed for what it failed.
            Ok(()) if told.standing == Standing::Failing => self.why.take(),
            Ok(()) => None,
        };
        let said = changed || (told.standing == Standing::Failing && why != self.why);
        self.why = why;
        let was_stale = self.is_stale(at);
        self.last = told;
        said || was_stale
    }

    /// Whether an attempt says something else than is known, but for its figures.
    pub fn is_news(&self, told: &Probed) -> bool {
        told.standing != self.last.standing || told.standing == Standing::Failing || self.is_stale(told.at)
    }

    /// What it said is of a run that is over.
    fn restarted(&mut self, at: Timestamp) {
        self.last.standing = Standing::Starting;
        self.since = at;
        self.why = None;
    }

    /// Its newest attempt.
    pub fn last(&self) -> &Probed {
        &self.last
    }

    /// How it stands at `now`; [`Standing::Starting`] when it has not told for too long.
    pub fn standing(&self, now: Timestamp) -> Standing {
        if self.is_stale(now) { Standing::Starting } else { self.last.standing }
    }

    /// Since when its newest attempts say the same.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Why it fails, or failed last within its retries.
    pub fn why(&self) -> Option<&Arc<str>> {
        self.why.as_ref()
    }

    /// Whether it has not told for so long that it says nothing about `now`.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now > self.stale_after()
    }

    /// Until when what it told holds.
    pub(super) fn stale_after(&self) -> Timestamp {
        let three = SignedDuration::try_from(self.last.interval.saturating_mul(3)).unwrap_or(STALE);
        self.last.at.checked_add(three.max(STALE)).unwrap_or(Timestamp::MAX)
    }

    /// How often it changed between passing and failing in the last ten minutes, and since when,
    /// where that is often enough to be called flapping.
    pub fn flapping(&self, now: Timestamp) -> Option<(usize, Timestamp)> {
        let lately = |flip: &&Timestamp| now.duration_since(**flip) <= FLAPPING;
        let mut recent = self.flips.iter().filter(lately);
        let first = *recent.next()?;
        let changes = 1 + recent.count();
        (changes >= FLAPS).then_some((changes, first))
    }

    /// When, and how long each good answer of the last fifteen minutes took, oldest first.
    pub fn answers(&self) -> impl Iterator<Item = (Timestamp, Duration)> {
        self.samples.answers()
    }
}

fn decided(standing: Standing) -> Option<Standing> {
    (standing != Standing::Starting).then_some(standing)
}

/// The probes of one service: those of the service as a whole, then those of its replicas.
#[derive(Debug, Default)]
pub(super) struct Probes(BTreeMap<(Option<ReplicaId>, Arc<str>), Probe>);

impl Probes {
    /// One attempt of one of them. Whether it changes what is said of the service.
    pub(super) fn tell(&mut self, told: Probed) -> bool {
        let key = (told.replica.clone(), told.probe.clone());
        if let Some(probe) = self.0.get_mut(&key) {
            return probe.tell(told);
        }
        self.0.insert(key, Probe::new(told));
        true
    }

    /// One is no more. Whether it was there.
    pub(super) fn drop_probe(&mut self, replica: Option<ReplicaId>, probe: Arc<str>) -> bool {
        self.0.remove(&(replica, probe)).is_some()
    }

    /// A replica is no more, or no longer of this service.
    pub(super) fn drop_replica(&mut self, id: &ReplicaId) {
        self.0.retain(|(of, _), _| of.as_ref() != Some(id));
    }

    /// A replica runs anew since `at`.
    pub(super) fn restarted(&mut self, id: &ReplicaId, at: Timestamp) {
        for ((of, _), probe) in &mut self.0 {
            if of.as_ref() == Some(id) {
                probe.restarted(at);
            }
        }
    }

    pub(super) fn get(&self, replica: Option<&ReplicaId>, name: &Arc<str>) -> Option<&Probe> {
        self.0.get(&(replica.cloned(), name.clone()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Probe> + Clone {
        self.0.values()
    }

    /// How the service answered over a window; see [`Latency`].
    pub(super) fn latency(&self, window: Minutes, now: Timestamp) -> Option<Latency> {
        let mut by_name: BTreeMap<&Arc<str>, Vec<&Samples>> = BTreeMap::new();
        for ((_, name), probe) in &self.0 {
            by_name.entry(name).or_default().push(&probe.samples);
        }
        let each = by_name.into_values().filter_map(|all| latency::of_probe(all.into_iter(), window, now));
        each.reduce(Latency::or_worse)
    }
}

#[cfg(test)]
#[path = "probing_tests.rs"]
mod tests;
