//! Usage over time: five minutes as sampled, then thinned to an hour.
//!
//! A [`History`] holds one replica's samples; [`super::Series`] cuts them into what is drawn.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::{Metric, Usage};

/// How long samples are kept as they came, milliseconds.
const FINE: i64 = 5 * 60 * 1000;
/// Samples kept as they came at most, should they come faster than one a second.
const FINE_SAMPLES: usize = 400;
/// The width of a thinned sample, milliseconds.
const BUCKET: i64 = 15 * 1000;
/// How long thinned samples are kept, milliseconds.
const KEPT: i64 = 60 * 60 * 1000;
const METRICS: usize = Metric::ALL.len();

/// One sample; a missing metric is NaN, which keeps a sample at 40 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// Milliseconds since 1970.
    pub(super) at: i64,
    values: [f32; METRICS],
}

impl Sample {
    /// One metric, where it was there.
    pub(super) fn get(&self, metric: Metric) -> Option<f32> {
        self.values.get(metric as usize).copied().filter(|value| !value.is_nan())
    }
}

/// One replica's usage: up to an hour, about 32 KB when full. Grows as samples come.
#[derive(Clone, Debug, Default)]
pub struct History {
    fine: VecDeque<Sample>,
    coarse: VecDeque<Sample>,
    thinning: Option<Thinning>,
    /// The usual time between samples, milliseconds: what is further apart is a gap.
    interval: f32,
}

/// The thinned sample in the making.
#[derive(Clone, Copy, Debug)]
struct Thinning {
    bucket: i64,
    sums: [f32; METRICS],
    counts: [u16; METRICS],
}

impl Thinning {
    fn add(&mut self, values: &[f32; METRICS]) {
        for ((sum, count), value) in self.sums.iter_mut().zip(&mut self.counts).zip(values) {
            if !value.is_nan() {
                *sum += value;
                *count = count.saturating_add(1);
            }
        }
    }

    /// The average, dated in the middle of its bucket.
    fn sample(&self) -> Sample {
        let mut values = [f32::NAN; METRICS];
        for ((value, sum), count) in values.iter_mut().zip(&self.sums).zip(&self.counts) {
            if *count > 0 {
                *value = sum / f32::from(*count);
            }
        }
        Sample { at: self.bucket * BUCKET + BUCKET / 2, values }
    }
}

impl History {
    /// No sample yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Add a sample. One that is not newer than the newest is left out (the clock was set back).
    pub fn push(&mut self, at: Timestamp, usage: &Usage) {
        let at = at.as_millisecond();
        if let Some(last) = self.fine.back() {
            if at <= last.at {
                // A clock set back by more than we keep would silence the history: start anew.
                if last.at - at > KEPT {
                    *self = Self::default();
                } else {
                    return;
                }
            } else {
                // One long silence must not make all silences look usual.
                let usual = (self.interval * 2.0).clamp(3000.0, 60_000.0);
                let passed = ((at - last.at) as f32).min(usual);
                self.interval = if self.interval > 0.0 { self.interval * 0.8 + passed * 0.2 } else { passed };
            }
        }
        let values = Metric::ALL.map(|metric| usage.get(metric).unwrap_or(f32::NAN));
        self.fine.push_back(Sample { at, values });
        while self.fine.len() > FINE_SAMPLES || self.fine.front().is_some_and(|old| at - old.at > FINE) {
            match self.fine.pop_front() {
                Some(old) => self.thin(&old),
                None => break,
            }
        }
        while self.coarse.front().is_some_and(|old| at - old.at > KEPT) {
            self.coarse.pop_front();
        }
    }

    fn thin(&mut self, old: &Sample) {
        let bucket = old.at.div_euclid(BUCKET);
        if let Some(full) = self.thinning.take_if(|thinning| thinning.bucket != bucket) {
            self.coarse.push_back(full.sample());
        }
        let fresh = Thinning { bucket, sums: [0.0; METRICS], counts: [0; METRICS] };
        self.thinning.get_or_insert(fresh).add(&old.values);
    }

    /// When the newest sample was taken.
    pub fn newest(&self) -> Option<Timestamp> {
        self.fine.back().and_then(|sample| Timestamp::from_millisecond(sample.at).ok())
    }

    /// When the oldest sample was taken (the middle of its bucket, once thinned).
    pub fn oldest(&self) -> Option<Timestamp> {
        self.since(i64::MIN).next().and_then(|(sample, _)| Timestamp::from_millisecond(sample.at).ok())
    }

    /// Samples from `from` on, oldest first, each with how long it may stand for itself.
    pub(super) fn since(&self, from: i64) -> impl Iterator<Item = (Sample, i64)> {
        let (hold, coarse_hold) = (self.hold(), self.longest_hold());
        let seam = self.fine.front().map_or(i64::MAX, |sample| sample.at);
        let coarse = self.coarse.range(self.coarse.partition_point(|sample| sample.at < from)..).copied();
        let making = self.thinning.map(|thinning| {
            let mut sample = thinning.sample();
            // Its bucket may reach past the oldest fine sample; keep times in order.
            sample.at = sample.at.min(seam - 1);
            sample
        });
        let making = making.filter(|sample| sample.at >= from);
        let fine = self.fine.range(self.fine.partition_point(|sample| sample.at < from)..).copied();
        coarse
            .chain(making)
            .map(move |sample| (sample, coarse_hold))
            .chain(fine.map(move |sample| (sample, hold)))
    }

    /// Longer than this without a sample is a gap, milliseconds.
    fn hold(&self) -> i64 {
        (self.interval.mul_add(2.5, 500.0) as i64).max(3000)
    }

    /// The same for thinned samples: how far back a sample may matter.
    pub(super) fn longest_hold(&self) -> i64 {
        self.hold().max(2 * BUCKET + 1000)
    }
}

#[cfg(test)]
mod tests;
