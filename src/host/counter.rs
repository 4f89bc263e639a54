//! Counters to rates.

use std::time::{Duration, Instant};

/// Rates over less than this are noise.
const SHORTEST: Duration = Duration::from_millis(20);

/// What was counted by one moment; `None` where there was nothing to read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// CPU time, nanoseconds.
    pub(super) cpu: Option<u64>,
    /// Bytes received, sent.
    pub(super) net: Option<(u64, u64)>,
    /// Bytes read, written.
    pub(super) io: Option<(u64, u64)>,
}

/// What the counters did since the last time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    /// Cores.
    pub(super) cpu: Option<f32>,
    /// Bytes per second received, sent.
    pub(super) net: (Option<f32>, Option<f32>),
    /// Bytes per second read, written.
    pub(super) io: (Option<f32>, Option<f32>),
}

/// Remembers counters from one time to the next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    last: Option<(Instant, Counts)>,
    rates: Rates,
}

impl Meter {
    /// The rates from the last time to `now`. None the first time; a counter that went back (its
    /// container restarted) has none until the next time.
    pub(super) fn tick(&mut self, now: Instant, counts: Counts) -> Rates {
        let Some((at, before)) = self.last else {
            self.last = Some((now, counts));
            return self.rates;
        };
        let passed = now.saturating_duration_since(at);
        if passed < SHORTEST {
            return self.rates;
        }
        let seconds = passed.as_secs_f64();
        let rate = |before: Option<u64>, after: Option<u64>| {
            let grown = after?.checked_sub(before?)?;
            Some((grown as f64 / seconds) as f32)
        };
        let both = |before: Option<(u64, u64)>, after: Option<(u64, u64)>| {
            let first = |pair: (u64, u64)| pair.0;
            let second = |pair: (u64, u64)| pair.1;
            (rate(before.map(first), after.map(first)), rate(before.map(second), after.map(second)))
        };
        self.rates = Rates {
            cpu: rate(before.cpu, counts.cpu).map(|nanoseconds| nanoseconds / 1e9),
            net: both(before.net, counts.net),
            io: both(before.io, counts.io),
        };
        self.last = Some((now, counts));
        self.rates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(cpu: u64) -> Counts {
        Counts { cpu: Some(cpu), net: Some((cpu, 0)), io: None }
    }

    #[test]
    fn rates_need_two_readings_that_grow() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut meter = Meter::default();
        assert_eq!(meter.tick(at(0), counts(1_000_000_000)), Rates::default());
        // Half a second of CPU time in a quarter of a second: two cores.
        let rates = meter.tick(at(250), counts(1_500_000_000));
        assert_eq!((rates.cpu, rates.net.1, rates.io.0), (Some(2.0), Some(0.0), None));
        // Too soon after: the last rates stand.
        assert_eq!(meter.tick(at(251), counts(1_900_000_000)), rates);
        assert_eq!(meter.tick(at(1250), counts(5)).cpu, None);
        assert_eq!(meter.tick(at(2250), counts(1_000_000_005)).cpu, Some(1.0));
    }
}
