#![allow(clippy::unwrap_used, clippy::float_cmp)]

use super::super::testing::at;
use super::*;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn of(samples: &Samples, window: Minutes, now: i64) -> Option<Latency> {
    of_probe([samples].into_iter(), window, at(now))
}

#[test]
fn quantiles_are_exact_and_of_the_window_only() {
    let mut samples = Samples::default();
    for n in 1..=100 {
        samples.push(at(n), Some(ms(n.unsigned_abs())), false);
    }
    let all = of(&samples, Minutes::Fifteen, 100).unwrap();
    assert_eq!((all.count, all.error_rate), (100, 0.0));
    assert_eq!(all.took, Some(Quantiles { p50: ms(50), p95: ms(95), p99: ms(99) }));
    // The last minute is 41..=100.
    let minute = of(&samples, Minutes::One, 100).unwrap();
    assert_eq!((minute.count, minute.took.unwrap().p50), (60, ms(70)));
    assert_eq!(of(&samples, Minutes::One, 200), None);
    assert_eq!(of(&Samples::default(), Minutes::One, 0), None);
}

#[test]
fn one_answer_is_all_quantiles() {
    let mut samples = Samples::default();
    samples.push(at(0), Some(ms(7)), false);
    let took = of(&samples, Minutes::Five, 0).unwrap().took.unwrap();
    assert_eq!((took.p50, took.p95, took.p99), (ms(7), ms(7), ms(7)));
}

#[test]
fn failures_count_as_failures_and_not_as_quick_answers() {
    let mut samples = Samples::default();
    samples.push(at(0), Some(ms(1)), true);
    samples.push(at(1), None, true);
    samples.push(at(2), Some(ms(800)), false);
    samples.push(at(3), Some(ms(900)), false);
    let latency = of(&samples, Minutes::Five, 3).unwrap();
    assert_eq!((latency.count, latency.error_rate, latency.took.unwrap().p50), (4, 0.5, ms(800)));
    let mut dead = Samples::default();
    dead.push(at(0), None, true);
    assert_eq!(of(&dead, Minutes::Five, 0).unwrap().took, None);
}

#[test]
fn what_is_kept_is_bounded_in_time_and_number() {
    let mut samples = Samples::default();
    for n in 0..5_000 {
        samples.push(at(n / 10), Some(ms(1)), false);
    }
    assert_eq!(samples.len(), SAMPLES);
    samples.push(at(10_000), Some(ms(1)), false);
    assert_eq!(samples.len(), 1, "an hour asleep");
}

#[test]
fn a_clock_set_back_forgets_the_future() {
    let mut samples = Samples::default();
    for n in 100..200 {
        samples.push(at(n), Some(ms(9)), false);
    }
    samples.push(at(150), Some(ms(1)), false);
    assert_eq!(samples.len(), 52, "100..=150 and the new one");
    // Asked by a clock that lies before some of them.
    assert_eq!(of(&samples, Minutes::One, 120).unwrap().count, 21);
}

#[test]
fn of_two_probes_the_worse_figure_counts() {
    let latency = |error_rate, p95| Latency {
        count: 10,
        error_rate,
        took: Some(Quantiles { p50: ms(1), p95: ms(p95), p99: ms(p95) }),
    };
    let both = latency(0.5, 3).or_worse(latency(0.0, 90));
    assert_eq!((both.count, both.error_rate, both.took.unwrap().p95), (20, 0.5, ms(90)));
    let none = Latency { took: None, ..latency(1.0, 0) };
    assert_eq!(latency(0.0, 3).or_worse(none).took.unwrap().p95, ms(3));
    assert_eq!(none.or_worse(latency(0.0, 3)).error_rate, 1.0);
}

#[test]
fn an_endless_answer_does_not_overflow() {
    let mut samples = Samples::default();
    samples.push(at(0), Some(Duration::MAX), false);
    assert!(of(&samples, Minutes::One, 0).unwrap().took.unwrap().p95 > Duration::from_secs(4000));
}
