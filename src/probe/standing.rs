//! What follows from attempts: retries and start period. Pure.

use std::time::Duration;

use super::attempt::{Attempt, Outcome};
use super::target::{Key, Pace, Target};
use super::work::{Ended, Work};
use crate::fleet::{Observation, Probed, Standing};

/// How one probe stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Course {
    standing: Standing,
    /// Failures in a row that count.
    failures: u32,
}

impl Default for Course {
    fn default() -> Self {
        Self { standing: Standing::Starting, failures: 0 }
    }
}

impl Course {
    /// One attempt ended. `age`: how long the replica has run; `None` where that is not known,
    /// which is long enough.
    pub(super) fn fold(&mut self, passed: bool, age: Option<Duration>, pace: &Pace) -> Standing {
        if passed {
            *self = Self { standing: Standing::Passing, failures: 0 };
            return self.standing;
        }
        // The first success ends the grace, as it does with HEALTHCHECK.
        let graced = self.standing == Standing::Starting && age.is_some_and(|age| age < pace.start_period);
        if !graced {
            self.failures = self.failures.saturating_add(1);
            if self.failures >= pace.retries {
                self.standing = Standing::Failing;
            }
        }
        self.standing
    }

    /// How it stands.
    pub(super) fn standing(self) -> Standing {
        self.standing
    }
}

/// What is remembered of one probe.
#[derive(Debug, Default)]
pub struct Memory {
    course: Course,
    /// Whether the last attempt passed.
    passed: Option<bool>,
    /// What could not be found out was said already.
    unknown: bool,
}

impl Work for Target {
    type Done = Attempt;
    type State = Memory;
    type Fact = Probed;

    fn key(&self) -> Key {
        self.key()
    }

    fn pace(&self) -> &Pace {
        &self.pace
    }

    fn is_still(&self, other: &Self) -> bool {
        self.is_still(other)
    }

    fn ended(&self, state: &mut Memory, attempt: Attempt) -> Ended<Probed> {
        let passed = match &attempt.outcome {
            Outcome::Passed => true,
            Outcome::Failed(_) => false,
            Outcome::Unknown(why) => {
                if !std::mem::replace(&mut state.unknown, true) {
                    tracing::warn!("{}: {} can't tell: {why}", self.service, self.name);
                }
                return Ended { passed: None, fact: None };
            }
        };
        state.unknown = false;
        let age = self.started.map(|started| attempt.at.duration_since(started));
        let age = age.map(|age| Duration::try_from(age).unwrap_or_default());
        let before = state.course.standing();
        let standing = state.course.fold(passed, age, &self.pace);
        let is_news = standing != before || state.passed != Some(passed);
        state.passed = Some(passed);
        let fact = attempt.probed(self, standing).map(|probed| (probed, is_news));
        Ended { passed: Some(passed), fact }
    }

    fn is_of(fact: &Probed, (service, replica, probe): &Key) -> bool {
        fact.service == *service && fact.replica == *replica && fact.probe == *probe
    }

    fn told(facts: Vec<Probed>) -> Observation {
        Observation::Probed(facts)
    }

    fn gone((service, replica, probe): Key) -> Observation {
        Observation::Unprobed { service, replica, probe }
    }
}

/// From the beginning of one attempt to that of the next: the interval, a little less by `jitter`
/// (0–1) so that probes spread out, never more. An attempt that failed slowly is repeated so much
/// sooner: a target that hangs is found out as soon as one that refuses.
pub(super) fn rest(pace: &Pace, took: Duration, passed: bool, jitter: f64) -> Duration {
    let rest = pace.interval.mul_f64(1.0 - 0.1 * jitter.clamp(0.0, 1.0));
    if passed { rest } else { rest.saturating_sub(took) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Standing::{Failing, Passing, Starting};

    fn pace(retries: u32, start_period: u64) -> Pace {
        Pace { retries, start_period: Duration::from_secs(start_period), ..Pace::default() }
    }

    fn run(pace: Pace, attempts: &[(bool, Option<u64>)]) -> Vec<Standing> {
        let mut course = Course::default();
        attempts
            .iter()
            .map(|&(passed, age)| course.fold(passed, age.map(Duration::from_secs), &pace))
            .collect()
    }

    #[test]
    fn so_many_failures_in_a_row_count_and_one_success_mends() {
        let (yes, no) = ((true, None), (false, None));
        assert_eq!(
            run(pace(3, 0), &[yes, no, no, no, no, yes, no]),
            [Passing, Passing, Passing, Failing, Failing, Passing, Passing]
        );
        assert_eq!(run(pace(3, 0), &[no, no, yes, no, no]), [Starting, Starting, Passing, Passing, Passing]);
        assert_eq!(run(pace(1, 0), &[no]), [Failing]);
    }

    #[test]
    fn failures_within_the_start_period_do_not_count_until_the_first_success() {
        let at = |passed, age| (passed, Some(age));
        let starting = [at(false, 1), at(false, 29), at(false, 30), at(false, 31)];
        assert_eq!(run(pace(2, 30), &starting), [Starting, Starting, Starting, Failing]);
        let early = [at(true, 1), at(false, 2), at(false, 3)];
        assert_eq!(run(pace(2, 30), &early), [Passing, Passing, Failing], "it was up: the grace is over");
        assert_eq!(run(pace(1, 30), &[(false, None)]), [Failing], "nobody knows when it started");
    }

    #[test]
    fn a_target_that_hangs_is_found_out_within_interval_times_retries() {
        for took in [0, 1_500, 3_000] {
            let (pace, took) = (Pace::default(), Duration::from_millis(took));
            // The fault came just after an attempt that passed.
            let mut at = rest(&pace, Duration::ZERO, true, 0.0);
            for _ in 1..pace.retries {
                // The next can't begin before this one has ended.
                at += rest(&pace, took, false, 0.0).max(took);
            }
            assert!(at + took <= pace.interval * pace.retries, "{took:?}: {:?}", at + took);
        }
    }
}
