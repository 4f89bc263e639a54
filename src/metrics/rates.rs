//! Two scrapes to figures: rates, shares, quantiles. Pure; time comes in.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::fold::{Family, Series, Slot, Snapshot, Wanted};
use super::names::Tells;
use crate::config::KeepRule;
use crate::fleet::{PER_SECOND, Reading, unit_of};

/// Figures are of the last minute, or the last two scrapes where those are further apart.
const WINDOW: Duration = Duration::from_mins(1);
/// The clocks may differ by so much from one scrape to the next before time itself is in doubt: the
/// machine slept, or its clock was set.
const DRIFT: Duration = Duration::from_secs(5);
/// Of less time no rate is made.
const SHORTEST: Duration = Duration::from_millis(50);
/// The quantiles that are told.
const QUANTILES: [(&str, f64); 3] =
    [("p50_response_time", 0.5), ("p95_response_time", 0.95), ("p99_response_time", 0.99)];

/// What was counted between two scrapes.
#[derive(Clone, Debug, Default, PartialEq)]
struct Counted {
    elapsed: Duration,
    /// The families that were taken for requests, errors and durations.
    of: [Option<Box<str>>; 3],
    requests: Option<f64>,
    failed: Option<f64>,
    /// Upper end in seconds, and how many took no longer; sorted.
    buckets: Vec<(f64, f64)>,
    /// By the place in `keep`.
    kept: Vec<(usize, f64)>,
}

/// The scrapes of one target, one after the other.
#[derive(Debug, Default)]
pub struct Course {
    last: Option<(Snapshot, Timestamp, Instant)>,
    lately: VecDeque<Counted>,
}

impl Course {
    /// One more scrape, at this time by both clocks: what it says now. Rates take two.
    pub fn fold(
        &mut self,
        snapshot: Snapshot,
        at: Timestamp,
        instant: Instant,
        wanted: &Wanted,
    ) -> Vec<Reading> {
        let mut out = Vec::new();
        for (keep, value) in wanted.keep.iter().zip(&snapshot.kept) {
            out.extend(value.map(|value| kept(keep, value, false)));
        }
        if let Some(family) =
            chosen(&snapshot, wanted, Tells::Durations).and_then(|at| snapshot.families.get(at))
        {
            // A summary says them by itself; a histogram's follow from what is counted.
            let said = QUANTILES.iter().zip(family.quantiles).filter(|_| !family.buckets);
            out.extend(said.filter_map(|((name, _), value)| Some(reading(name, value? * family.factor))));
        }
        if let Some((before, then, since)) = &self.last {
            let elapsed = instant.saturating_duration_since(*since);
            let by_clock = Duration::try_from(at.duration_since(*then)).unwrap_or_default();
            // What happened between them is unknown: the next pair is a good one again.
            if elapsed.abs_diff(by_clock) > DRIFT {
                self.lately.clear();
            } else if elapsed >= SHORTEST {
                let counted = count(before, &snapshot, elapsed, wanted);
                self.push(counted);
                out.extend(self.readings(wanted));
            }
        }
        self.last = Some((snapshot, at, instant));
        out
    }

    fn push(&mut self, counted: Counted) {
        if self.lately.back().is_some_and(|last| last.of != counted.of) {
            // Another family is a better one now: its figures do not go on from the other's.
            self.lately.clear();
        }
        self.lately.push_back(counted);
        let mut all: Duration = self.lately.iter().map(|it| it.elapsed).sum();
        while let Some(first) =
            self.lately.front().filter(|first| all.saturating_sub(first.elapsed) >= WINDOW)
        {
            all -= first.elapsed;
            self.lately.pop_front();
        }
    }

    /// What follows from all that was counted lately.
    fn readings(&self, wanted: &Wanted) -> Vec<Reading> {
        let mut out = Vec::new();
        let seconds: f64 = self.lately.iter().map(|it| it.elapsed.as_secs_f64()).sum();
        let sum = |of: fn(&Counted) -> Option<f64>| self.lately.iter().filter_map(of).reduce(|a, b| a + b);
        let requests = sum(|it| it.requests);
        if let Some(requests) = requests {
            out.push(reading("request_rate", requests / seconds));
        }
        if let (Some(requests), Some(failed)) = (requests.filter(|all| *all > 0.0), sum(|it| it.failed)) {
            out.push(reading("error_rate", (failed / requests).clamp(0.0, 1.0)));
        }
        let mut buckets: Vec<(f64, f64)> = Vec::new();
        for (bound, count) in self.lately.iter().flat_map(|it| &it.buckets) {
            add(&mut buckets, *bound, *count);
        }
        for (name, share) in QUANTILES {
            out.extend(quantile(&buckets, share).map(|value| reading(name, value)));
        }
        let newest = self.lately.back().map(|it| it.kept.as_slice()).unwrap_or_default();
        for (place, _) in newest {
            let Some(keep) = wanted.keep.get(*place) else { continue };
            let counts = self.lately.iter().flat_map(|it| &it.kept).filter(|(at, _)| at == place);
            out.push(kept(keep, counts.map(|(_, count)| count).sum::<f64>() / seconds, true));
        }
        out
    }
}

fn reading(name: &str, value: f64) -> Reading {
    Reading { name: name.into(), value, unit: unit_of(name).into() }
}

fn kept(keep: &KeepRule, value: f64, rate: bool) -> Reading {
    let unit = if rate { format!("{}{PER_SECOND}", keep.unit) } else { keep.unit.clone() };
    Reading { name: keep.name().into(), value, unit: unit.into() }
}

/// The family that tells of this best.
fn chosen(snapshot: &Snapshot, wanted: &Wanted, tells: Tells) -> Option<usize> {
    let key = |family: &Family| {
        let lacks = match tells {
            Tells::Requests => (!family.status, family.tells == Tells::Durations),
            Tells::Durations => (!family.buckets, family.quantiles == [None; 3]),
            Tells::Errors => (false, false),
        };
        (family.rank != 0, lacks, family.rank, family.name.clone())
    };
    let named = match tells {
        Tells::Requests => &wanted.requests,
        Tells::Durations => &wanted.durations,
        Tells::Errors => &wanted.errors,
    };
    let can = |family: &Family| {
        // What takes its time is counted, too.
        family.tells == tells
            || (tells == Tells::Requests && family.tells == Tells::Durations && named.is_none())
    };
    let all = snapshot.families.iter().enumerate().filter(|(_, family)| can(family));
    all.min_by_key(|(_, family)| key(family)).map(|(at, _)| at)
}

/// What was counted from one scrape to the next.
fn count(before: &Snapshot, after: &Snapshot, elapsed: Duration, wanted: &Wanted) -> Counted {
    let grown = grown(before, after);
    let requests = chosen(after, wanted, Tells::Requests);
    let errors = chosen(after, wanted, Tells::Errors);
    let durations = chosen(after, wanted, Tells::Durations);
    let says_status = requests.and_then(|at| after.families.get(at)).is_some_and(|it| it.status);
    let by_status = says_status && wanted.errors.is_none();
    let name = |at: Option<usize>| Some(after.families.get(at?)?.name.clone());
    let mut out = Counted {
        elapsed,
        of: [name(requests), if by_status { None } else { name(errors) }, name(durations)],
        failed: by_status.then_some(0.0),
        ..Counted::default()
    };
    for (slot, grown) in after.slots.iter().zip(grown) {
        match *slot {
            Slot::Count { family, failed } => {
                if Some(family) == requests {
                    *out.requests.get_or_insert(0.0) += grown;
                    if failed && by_status {
                        *out.failed.get_or_insert(0.0) += grown;
                    }
                }
                if Some(family) == errors && !by_status {
                    *out.failed.get_or_insert(0.0) += grown;
                }
            }
            Slot::Bucket { family, bound } => {
                if Some(family) == durations
                    && let Some(it) = after.families.get(family)
                {
                    add(&mut out.buckets, bound * it.factor, grown);
                }
            }
            Slot::Keep(place) => out.kept.push((place, grown)),
        }
    }
    out
}

/// Add to a bucket, which may be new, in its place.
fn add(buckets: &mut Vec<(f64, f64)>, bound: f64, count: f64) {
    match buckets.binary_search_by(|(other, _)| other.total_cmp(&bound)) {
        Ok(at) => {
            if let Some((_, sum)) = buckets.get_mut(at) {
                *sum += count;
            }
        }
        Err(at) => buckets.insert(at, (bound, count)),
    }
}

/// By slot: how much its series have grown. A counter that is less than it was began anew; one that
/// was not there began at nothing, where all that was there is known.
fn grown(before: &Snapshot, after: &Snapshot) -> Vec<f64> {
    let mut out = vec![0.0; after.slots.len()];
    // Nearly always in the order of last time.
    let mut next = 0;
    let mut places: Option<HashMap<u64, usize>> = None;
    for Series { id, value, slot } in &after.series {
        let is_next = before.series.get(next).is_some_and(|it| it.id == *id);
        let place = if is_next {
            Some(next)
        } else {
            let all = || before.series.iter().enumerate().map(|(at, it)| (it.id, at)).collect();
            places.get_or_insert_with(all).get(id).copied()
        };
        next = place.map_or(next, |at| at + 1);
        let known = place.and_then(|at| before.series.get(at)).map(|it| it.value);
        let grown = match known {
            Some(known) if *value >= known => value - known,
            Some(_) => *value,
            None if before.full => 0.0,
            None => *value,
        };
        if let Some(sum) = out.get_mut(*slot as usize) {
            *sum += grown;
        }
    }
    out
}

/// A quantile from counts by upper end, evenly spread within each: as everybody who reads
/// Prometheus' histograms does it. `None` where nothing was counted.
fn quantile(buckets: &[(f64, f64)], share: f64) -> Option<f64> {
    let all = buckets.iter().map(|(_, count)| *count).fold(0.0, f64::max);
    // Without a bucket for all it is no histogram.
    if all <= 0.0 || buckets.len() < 2 || buckets.last().is_none_or(|(bound, _)| bound.is_finite()) {
        return None;
    }
    let wanted = share * all;
    let (mut lower, mut below) = (0.0, 0.0_f64);
    for (bound, count) in buckets {
        // Series come and go between two scrapes; no more can take less time than take more.
        let count = count.max(below);
        if count >= wanted && count > below {
            if bound.is_infinite() {
                return Some(lower);
            }
            let from = if *bound <= 0.0 { *bound } else { lower };
            return Some(from + (bound - from) * (wanted - below) / (count - below));
        }
        (lower, below) = (if bound.is_finite() { *bound } else { lower }, count);
    }
    None
}

#[cfg(test)]
#[path = "rates_tests.rs"]
mod tests;
