//! Usage over time: five minutes as sampled, then thinned to an hour.
//!
//! A [`History`] holds one replica's samples; a [`Series`] is what drawing asks: one history, or
//! several summed, cut into the columns of a sparkline or a chart.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

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
struct Sample {
    /// Milliseconds since 1970.
    at: i64,
    values: [f32; METRICS],
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
                let usual = (self.interval * 2.0).max(3000.0);
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
    fn since(&self, from: i64) -> impl Iterator<Item = (Sample, i64)> {
        let hold = self.hold();
        let coarse_hold = hold.max(2 * BUCKET + 1000);
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

    /// Fold one metric's samples into columns of `step` milliseconds from `from` on.
    fn columns(&self, metric: Metric, from: i64, step: i64, fold: Fold, out: &mut [Column]) {
        let slot = metric as usize;
        let mut held: Option<(f32, i64)> = None;
        let mut next = 0;
        // Start early enough that a sample before `from` can still stand for the first column.
        for (sample, hold) in self.since(from.saturating_sub(2 * BUCKET + 1000)) {
            let value = sample.values.get(slot).copied().unwrap_or(f32::NAN);
            if sample.at < from {
                held = (!value.is_nan()).then_some((value, sample.at + hold));
                continue;
            }
            let index = ((sample.at - from) / step) as usize;
            if index >= out.len() {
                break;
            }
            fill_held(out, next..index, from, step, held);
            held = (!value.is_nan()).then_some((value, sample.at + hold));
            if !value.is_nan()
                && let Some(column) = out.get_mut(index)
            {
                column.add(value, fold);
            }
            next = index + 1;
        }
        let rest = next..out.len();
        fill_held(out, rest, from, step, held);
    }
}

/// Columns between two samples show the older one, as long as it may stand for itself.
fn fill_held(
    out: &mut [Column],
    range: std::ops::Range<usize>,
    from: i64,
    step: i64,
    held: Option<(f32, i64)>,
) {
    let Some((value, until)) = held else { return };
    for index in range {
        let begins = i64::try_from(index).ok().and_then(|n| n.checked_mul(step)?.checked_add(from));
        if begins.is_none_or(|begins| begins > until) {
            break;
        }
        if let Some(column) = out.get_mut(index) {
            column.add(value, Fold::Max);
        }
    }
}

/// How the samples that fall into one column become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    /// The highest: a peak stays visible (sparklines).
    Max,
    /// The average (charts).
    Mean,
}

#[derive(Clone, Copy, Debug, Default)]
struct Column {
    value: f32,
    count: u32,
}

impl Column {
    fn add(&mut self, value: f32, fold: Fold) {
        self.value = match fold {
            Fold::Max if self.count > 0 => self.value.max(value),
            Fold::Max => value,
            Fold::Mean => self.value + value,
        };
        self.count += 1;
    }

    fn get(self, fold: Fold) -> Option<f32> {
        match fold {
            _ if self.count == 0 => None,
            Fold::Max => Some(self.value),
            Fold::Mean => Some(self.value / self.count as f32),
        }
    }
}

/// What drawing asks: one replica's history, or several summed, aligned in time.
#[derive(Clone, Debug, Default)]
pub struct Series<'a> {
    of: Vec<&'a History>,
}

impl<'a> Series<'a> {
    /// The sum of these histories.
    pub fn new(of: impl IntoIterator<Item = &'a History>) -> Self {
        Self { of: of.into_iter().collect() }
    }

    /// When the newest sample was taken; `None` without any.
    pub fn newest(&self) -> Option<Timestamp> {
        self.of.iter().filter_map(|history| history.newest()).max()
    }

    /// When the oldest sample was taken.
    pub fn oldest(&self) -> Option<Timestamp> {
        self.of.iter().filter_map(|history| history.oldest()).min()
    }

    /// A sparkline: the last `width` columns of `step` each, oldest first, the last one holding
    /// `now`. Each column is the highest value in it; `None` is a gap.
    ///
    /// Columns are cut on a fixed grid of time, so a value stays in its column from frame to frame
    /// and a screen where nothing happened need not be written again.
    pub fn spark(
        &self,
        metric: Metric,
        now: Timestamp,
        step: SignedDuration,
        width: usize,
    ) -> Vec<Option<f32>> {
        let step = (step.as_millis() as i64).max(1);
        let last = now.as_millisecond().div_euclid(step);
        let first = last - i64::try_from(width).unwrap_or(i64::MAX / 2) + 1;
        self.columns(metric, first.saturating_mul(step), step, width, Fold::Max)
    }

    /// A chart: the time from `from` to `to` (more is not there before [`Self::oldest`]) in `width`
    /// columns of equal width, each the average in it; `None` is a gap. The first column is cut on
    /// a fixed grid of time at or before `from`.
    pub fn chart(&self, metric: Metric, from: Timestamp, to: Timestamp, width: usize) -> Vec<Option<f32>> {
        let columns = i64::try_from(width).unwrap_or(i64::MAX).max(1);
        let span = (to.as_millisecond() - from.as_millisecond()).max(columns);
        let step = span / columns;
        let first = from.as_millisecond().div_euclid(step) * step;
        self.columns(metric, first, step, width, Fold::Mean)
    }

    fn columns(&self, metric: Metric, from: i64, step: i64, width: usize, fold: Fold) -> Vec<Option<f32>> {
        let mut sum = vec![None; width];
        let mut columns = vec![Column::default(); width];
        for history in &self.of {
            columns.fill(Column::default());
            history.columns(metric, from, step, fold, &mut columns);
            for (sum, column) in sum.iter_mut().zip(&columns) {
                if let Some(value) = column.get(fold) {
                    *sum = Some(sum.unwrap_or(0.0) + value);
                }
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests;
