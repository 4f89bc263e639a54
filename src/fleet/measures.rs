//! The newest figures measured in a service, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Measured, ReplicaId};

/// A figure that was not measured for this long says nothing about now, while its interval is not
/// known.
const STALE: SignedDuration = SignedDuration::from_secs(60);
/// Names kept of one replica (or service): more is a mistake in what is measured.
const NAMES: usize = 256;

/// The newest value of one name.
#[derive(Clone, Copy, Debug)]
struct Figure {
    at: Timestamp,
    /// From the measurement before to this one.
    interval: Option<SignedDuration>,
    value: f64,
}

impl Figure {
    fn is_fresh(&self, now: Timestamp) -> bool {
        let kept = self.interval.map_or(STALE, |interval| (interval * 3).max(STALE));
        now.duration_since(self.at) <= kept
    }
}

/// What was measured in one service: as a whole, and in each of its replicas.
#[derive(Debug, Default)]
pub(super) struct Measures(BTreeMap<Option<ReplicaId>, BTreeMap<Arc<str>, Figure>>);

impl Measures {
    /// Take newer figures. Whether any is another.
    pub(super) fn tell(&mut self, told: Measured) -> bool {
        let figures = self.0.entry(told.replica).or_default();
        let mut changed = false;
        for (name, value) in told.values {
            if value.is_nan() {
                // A quantile of nothing, a ratio of none: not measured.
                continue;
            }
            let before = figures.get(&name).copied();
            if before.is_none() && figures.len() >= NAMES {
                figures.retain(|_, figure| figure.is_fresh(told.at));
                if figures.len() >= NAMES {
                    continue;
                }
            }
            changed |= before.is_none_or(|before| before.value.to_bits() != value.to_bits());
            let gap = before.map(|before| told.at.duration_since(before.at));
            // A clock set back says nothing about how often it is measured.
            let interval =
                gap.filter(SignedDuration::is_positive).or(before.and_then(|before| before.interval));
            figures.insert(name, Figure { at: told.at, interval, value });
        }
        changed
    }

    /// A replica is no more, or no longer of this service.
    pub(super) fn drop_replica(&mut self, id: &ReplicaId) {
        self.0.remove(&Some(id.clone()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a name at `now`. What was measured of the service as a whole counts first; else
    /// its replicas' are put together: rates of requests summed, ratios of requests weighted by
    /// them, of all else the worst there is, which is the greatest (for `availability` the least).
    pub(super) fn get(&self, name: &str, now: Timestamp) -> Option<f64> {
        let fresh = |of: &BTreeMap<Arc<str>, Figure>, name: &str| {
            of.get(name).filter(|figure| figure.is_fresh(now)).map(|figure| figure.value)
        };
        if let Some(whole) = self.0.get(&None).and_then(|whole| fresh(whole, name)) {
            return Some(whole);
        }
        let replicas = || self.0.iter().filter(|(of, _)| of.is_some()).map(|(_, figures)| figures);
        let values = || replicas().filter_map(|of| fresh(of, name));
        match name {
            "request_rate" => values().reduce(|a, b| a + b),
            "error_rate" => {
                let weighed =
                    replicas().filter_map(|of| Some((fresh(of, name)?, fresh(of, "request_rate")?)));
                let (errors, requests) = weighed.fold((0.0, 0.0), |(errors, all), (rate, requests)| {
                    (errors + rate * requests, all + requests)
                });
                if requests > 0.0 { Some(errors / requests) } else { values().reduce(f64::max) }
            }
            "availability" => values().reduce(f64::min),
            _ => values().reduce(f64::max),
        }
    }

    /// The value of a name in one replica at `now`.
    pub(super) fn of(&self, id: &ReplicaId, name: &str, now: Timestamp) -> Option<f64> {
        let figure = self.0.get(&Some(id.clone()))?.get(name)?;
        figure.is_fresh(now).then_some(figure.value)
    }

    /// The names that have a value at `now`, sorted.
    pub(super) fn names(&self, now: Timestamp) -> Vec<Arc<str>> {
        let all = self.0.values().flatten().filter(|(_, figure)| figure.is_fresh(now));
        let mut names: Vec<Arc<str>> = all.map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[cfg(test)]
#[path = "measures_tests.rs"]
mod tests;
