//! The newest figures measured in a service, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::scraped::Reading;
use super::{Measured, ReplicaId, unit_of};

/// A figure that was not measured for this long says nothing about now, while its interval is not
/// known.
const STALE: SignedDuration = SignedDuration::from_secs(60);
/// Names kept of one replica (or service): more is a mistake in what is measured.
const NAMES: usize = 256;

/// The newest value of one name.
#[derive(Clone, Debug)]
struct Figure {
    at: Timestamp,
    /// From the measurement before to this one.
    interval: Option<SignedDuration>,
    value: f64,
    unit: Arc<str>,
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
        let Measured { at, replica, values, .. } = told;
        let readings = values.into_iter().map(|(name, value)| {
            let unit = unit_of(&name).into();
            Reading { name, value, unit }
        });
        self.take(at, replica, None, readings)
    }

    /// The same, of what says its units and perhaps how often it is measured.
    pub(super) fn take(
        &mut self,
        at: Timestamp,
        replica: Option<ReplicaId>,
        every: Option<SignedDuration>,
        readings: impl IntoIterator<Item = Reading>,
    ) -> bool {
        let figures = self.0.entry(replica).or_default();
        let mut changed = false;
        for Reading { name, value, unit } in readings {
            if value.is_nan() {
                // A quantile of nothing, a ratio of none: not measured.
                continue;
            }
            let before = figures.get(&name);
            if before.is_none() && figures.len() >= NAMES {
                figures.retain(|_, figure| figure.is_fresh(at));
                if figures.len() >= NAMES {
                    continue;
                }
            }
            let before = figures.get(&name);
            changed |= before.is_none_or(|before| before.value.to_bits() != value.to_bits());
            let gap = before.map(|before| at.duration_since(before.at));
            // A clock set back says nothing about how often it is measured.
            let interval = every
                .or(gap.filter(SignedDuration::is_positive))
                .or(before.and_then(|before| before.interval));
            figures.insert(name, Figure { at, interval, value, unit });
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

    /// The unit of a name at `now`.
    pub(super) fn unit(&self, name: &str, now: Timestamp) -> Option<Arc<str>> {
        let named = self.0.values().filter_map(|of| of.get(name));
        named.filter(|figure| figure.is_fresh(now)).map(|figure| figure.unit.clone()).next()
    }

    /// What was measured and is too old to say anything about `now`: each name, and since when there
    /// is nothing newer.
    pub(super) fn old(&self, now: Timestamp) -> Vec<(Arc<str>, Timestamp)> {
        let mut newest: BTreeMap<&Arc<str>, Option<Timestamp>> = BTreeMap::new();
        for (name, figure) in self.0.values().flatten() {
            let known = newest.entry(name).or_insert(Some(figure.at));
            *known = match *known {
                Some(at) if !figure.is_fresh(now) => Some(at.max(figure.at)),
                _ => None,
            };
        }
        newest.into_iter().filter_map(|(name, at)| Some((name.clone(), at?))).collect()
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
