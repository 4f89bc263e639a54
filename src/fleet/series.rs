//! Usage as it is drawn: one history, or several summed, cut into the columns of a sparkline or a
//! chart.

use jiff::{SignedDuration, Timestamp};

use super::{History, Metric};

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

impl History {
    /// Fold one metric's samples into columns of `step` milliseconds from `from` on.
    fn columns(&self, metric: Metric, from: i64, step: i64, fold: Fold, out: &mut [Column]) {
        let mut held: Option<(f32, i64)> = None;
        let mut next = 0;
        // Start early enough that a sample before `from` can still stand for the first column.
        for (sample, hold) in self.since(from.saturating_sub(self.longest_hold())) {
            let value = sample.get(metric);
            let holds = value.map(|value| (value, sample.at.saturating_add(hold)));
            if sample.at < from {
                held = holds;
                continue;
            }
            let index = usize::try_from((sample.at - from) / step).unwrap_or(usize::MAX);
            if index >= out.len() {
                break;
            }
            fill_held(out, next..index, from, step, held);
            held = holds;
            if let (Some(value), Some(column)) = (value, out.get_mut(index)) {
                column.add(value, fold);
            }
            next = index + 1;
        }
        fill_held(out, next..out.len(), from, step, held);
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
