//! How long answers took, and how many failed: attempts of the last quarter of an hour, kept
//! exactly.
//!
//! A quarter of an hour of attempts is few numbers (90 at the usual interval), so exact quantiles
//! cost less than a histogram would.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How long attempts are kept.
const KEPT: SignedDuration = Minutes::Fifteen.span();
/// Attempts kept of one probe at most, should they come faster than one a second: 16 KiB.
const SAMPLES: usize = 1024;
/// [`Sample::took`] where there was no answer.
const NEVER: u32 = u32::MAX;

/// The window a figure is worked out over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Minutes {
    /// The last minute.
    One,
    /// The last five.
    Five,
    /// The last fifteen.
    Fifteen,
}

impl Minutes {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::One, Self::Five, Self::Fifteen];

    /// How long it is.
    pub const fn span(self) -> SignedDuration {
        match self {
            Self::One => SignedDuration::from_mins(1),
            Self::Five => SignedDuration::from_mins(5),
            Self::Fifteen => SignedDuration::from_mins(15),
        }
    }
}

/// How a service answered its probes over a window: each figure is that of the probe that does
/// worst in it, its replicas together. Mixing probes would say nothing: most would be of the
/// quickest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency {
    /// Attempts of all probes.
    pub count: u32,
    /// Failed ones, 0–1, of the probe that fails most.
    pub error_rate: f64,
    /// How long answers took, of the slowest probe; `None` while nothing answered as it should.
    pub took: Option<Quantiles>,
}

/// What share of good answers took no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantiles {
    /// Half of them.
    pub p50: Duration,
    /// 95 of a hundred.
    pub p95: Duration,
    /// 99 of a hundred.
    pub p99: Duration,
}

/// One attempt.
#[derive(Clone, Copy, Debug)]
struct Sample {
    /// Milliseconds since 1970.
    at: i64,
    /// Microseconds, [`NEVER`] for none.
    took: u32,
    failed: bool,
}

/// The attempts of one probe, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples(VecDeque<Sample>);

impl Samples {
    /// One more attempt. Those after it are forgotten: the clock was set back.
    pub(super) fn push(&mut self, at: Timestamp, took: Option<Duration>, failed: bool) {
        let at = at.as_millisecond();
        while self.0.back().is_some_and(|sample| sample.at > at) {
            self.0.pop_back();
        }
        let oldest = at - millis(KEPT);
        while self.0.len() >= SAMPLES || self.0.front().is_some_and(|sample| sample.at < oldest) {
            self.0.pop_front();
        }
        let took = took.map_or(NEVER, |took| u32::try_from(took.as_micros()).unwrap_or(NEVER - 1));
        self.0.push_back(Sample { at, took, failed });
    }

    /// The attempts of the window that ends at `now`.
    fn within(&self, window: Minutes, now: Timestamp) -> impl Iterator<Item = &Sample> {
        let until = now.as_millisecond();
        let from = until - millis(window.span());
        let recent = self.0.iter().rev().skip_while(move |sample| sample.at > until);
        recent.take_while(move |sample| sample.at > from)
    }

    /// When, and how long each good answer took, oldest first.
    pub(super) fn answers(&self) -> impl Iterator<Item = (Timestamp, Duration)> {
        self.0.iter().filter(|sample| sample.is_good()).filter_map(|sample| {
            let at = Timestamp::from_millisecond(sample.at).ok()?;
            Some((at, Duration::from_micros(sample.took.into())))
        })
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Sample {
    fn is_good(&self) -> bool {
        !self.failed && self.took != NEVER
    }
}

fn millis(span: SignedDuration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// The figures of one probe, from the samples of it in each replica. `None` without attempts.
pub(super) fn of_probe<'a>(
    samples: impl Iterator<Item = &'a Samples>,
    window: Minutes,
    now: Timestamp,
) -> Option<Latency> {
    let (mut count, mut failed, mut took) = (0_u32, 0_u32, Vec::new());
    for sample in samples.flat_map(|samples| samples.within(window, now)) {
        count += 1;
        failed += u32::from(sample.failed);
        if sample.is_good() {
            took.push(sample.took);
        }
    }
    let error_rate = f64::from(failed) / f64::from(count);
    (count > 0).then(|| Latency { count, error_rate, took: quantiles(took) })
}

/// By nearest rank: each is a time an answer really took.
fn quantiles(mut took: Vec<u32>) -> Option<Quantiles> {
    took.sort_unstable();
    let at = |hundredth: usize| {
        let rank = (took.len() * hundredth).div_ceil(100).max(1);
        took.get(rank - 1).map(|&micros| Duration::from_micros(micros.into()))
    };
    Some(Quantiles { p50: at(50)?, p95: at(95)?, p99: at(99)? })
}

impl Latency {
    /// Of two probes, the worse of each figure.
    pub(super) fn or_worse(self, other: Self) -> Self {
        let slower = match (self.took, other.took) {
            (Some(a), Some(b)) if b.p95 > a.p95 => Some(b),
            (a, b) => a.or(b),
        };
        Self {
            count: self.count.saturating_add(other.count),
            error_rate: self.error_rate.max(other.error_rate),
            took: slower,
        }
    }
}

#[cfg(test)]
#[path = "latency_tests.rs"]
mod tests;
