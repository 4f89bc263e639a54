//! How each probe stands, since when, and how steadily.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::flips::Flips;
use super::latency::{self, Latency, Minutes, Samples};
use super::{Probed, ReplicaId, Standing};

/// A probe that has not told for three intervals, and at least this long, says nothing about now.
const STALE: SignedDuration = SignedDuration::from_secs(60);

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
    flips: Flips,
    samples: Samples,
}

impl Probe {
    fn new(first: Probed) -> Self {
        let since = first.at;
        let mut samples = Samples::default();
        samples.push(first.at, first.took, first.result.is_err());
        let why = first.result.as_ref().err().cloned();
        let decided = decided(first.standing);
        Self { last: first, since, why, decided, flips: Flips::default(), samples }
    }

    /// One more attempt. Whether it changes what is said of the service.
    fn tell(&mut self, told: Probed) -> bool {
        let at = told.at;
        // The clock may have been set back; nothing holds since a time that is still to come.
        self.since = self.since.min(at);
        self.flips.set_back(at);
        self.samples.push(at, told.took, told.result.is_err());
        let changed = told.standing != self.last.standing;
        if changed {
            self.since = at;
        }
        if let Some(now) = decided(told.standing) {
            if self.decided.is_some_and(|before| before != now) {
                self.flips.note(at);
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
        self.flips.flapping(now)
    }

    /// When, and how long each good answer of the last fifteen minutes took, oldest first.
    pub fn answers(&self) -> impl Iterator<Item = (Timestamp, Duration)> {
        self.samples.answers()
    }
}

fn decided(standing: Standing) -> Option<Standing> {
    (standing != Standing::Starting).then_some(standing)
}

/// Probes by name.
type ByName = BTreeMap<Arc<str>, Probe>;

/// The probes of one service: those of the service as a whole, then those of its replicas.
#[derive(Debug, Default)]
pub(super) struct Probes {
    whole: ByName,
    replicas: BTreeMap<ReplicaId, ByName>,
    /// How it answered over five minutes up to the newest attempt: asked for with every frame.
    lately: Option<Latency>,
}

impl Probes {
    /// One attempt of one of them. Whether it changes what is said of the service.
    pub(super) fn tell(&mut self, told: Probed) -> bool {
        let of = match &told.replica {
            Some(id) => self.replicas.entry(id.clone()).or_default(),
            None => &mut self.whole,
        };
        if let Some(probe) = of.get_mut(&told.probe) {
            return probe.tell(told);
        }
        of.insert(told.probe.clone(), Probe::new(told));
        true
    }

    /// Attempts were told, the newest at `at`.
    pub(super) fn told(&mut self, at: Timestamp) {
        self.lately = self.latency(Minutes::Five, at);
    }

    /// One is no more. Whether it was there.
    pub(super) fn drop_probe(&mut self, replica: Option<&ReplicaId>, name: &str) -> bool {
        let Some(id) = replica else { return self.whole.remove(name).is_some() };
        let Some(of) = self.replicas.get_mut(id) else { return false };
        let was_there = of.remove(name).is_some();
        if of.is_empty() {
            self.replicas.remove(id);
        }
        was_there
    }

    /// A replica is no more, or no longer of this service.
    pub(super) fn drop_replica(&mut self, id: &ReplicaId) {
        self.replicas.remove(id);
    }

    /// A replica runs anew since `at`.
    pub(super) fn restarted(&mut self, id: &ReplicaId, at: Timestamp) {
        for probe in self.replicas.get_mut(id).into_iter().flat_map(BTreeMap::values_mut) {
            probe.restarted(at);
        }
    }

    /// One of them.
    pub(super) fn get(&self, replica: Option<&ReplicaId>, name: &str) -> Option<&Probe> {
        match replica {
            Some(id) => self.replicas.get(id)?.get(name),
            None => self.whole.get(name),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.replicas.is_empty()
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Probe> + Clone {
        self.whole().chain(self.replicas.values().flat_map(BTreeMap::values))
    }

    /// Those of the service as a whole.
    pub(super) fn whole(&self) -> impl Iterator<Item = &Probe> + Clone {
        self.whole.values()
    }

    /// Those of one replica.
    pub(super) fn of(&self, id: &ReplicaId) -> impl Iterator<Item = &Probe> + Clone {
        self.replicas.get(id).into_iter().flat_map(BTreeMap::values)
    }

    /// How the service answered over a window; see [`Latency`].
    pub(super) fn latency(&self, window: Minutes, now: Timestamp) -> Option<Latency> {
        latency(self.iter(), window, now)
    }

    /// How it answered over about the last five minutes, where it is still probed.
    pub(super) fn lately(&self, now: Timestamp) -> Option<Latency> {
        self.lately.filter(|_| self.iter().any(|probe| !probe.is_stale(now)))
    }
}

/// How these answered over a window; see [`Latency`].
pub(super) fn latency<'a>(
    probes: impl Iterator<Item = &'a Probe>,
    window: Minutes,
    now: Timestamp,
) -> Option<Latency> {
    let mut by_name: BTreeMap<&str, Vec<&Samples>> = BTreeMap::new();
    for probe in probes {
        by_name.entry(&probe.last.probe).or_default().push(&probe.samples);
    }
    let each = by_name.into_values().filter_map(|all| latency::of_probe(all.into_iter(), window, now));
    each.reduce(Latency::or_worse)
}

#[cfg(test)]
#[path = "probing_tests.rs"]
mod tests;
