//! Rings, thinning, gaps and columns.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::SignedDuration;

use super::super::Series;
use super::super::testing::at;
use super::*;

fn cpu(value: f32) -> Usage {
    Usage { cpu: Some(value), ..Usage::default() }
}

/// One sample a second for `seconds`, its value being the second.
fn ramp(seconds: std::ops::Range<i64>) -> History {
    let mut history = History::new();
    for second in seconds {
        history.push(at(second), &cpu(second as f32));
    }
    history
}

fn second() -> SignedDuration {
    SignedDuration::from_secs(1)
}

#[test]
fn a_sparkline_shows_the_last_samples_and_the_highest_in_each_column() {
    let history = ramp(0..20);
    let series = Series::new([&history]);
    assert_eq!(series.spark(Metric::Cpu, at(19), second(), 3), [Some(17.0), Some(18.0), Some(19.0)]);
    // Two seconds a column, on a grid that starts at an even second.
    let two = SignedDuration::from_secs(2);
    assert_eq!(series.spark(Metric::Cpu, at(19), two, 3), [Some(15.0), Some(17.0), Some(19.0)]);
    assert_eq!(series.spark(Metric::Cpu, at(19), two, 3), series.spark(Metric::Cpu, at(18), two, 3));
    assert_eq!(series.spark(Metric::Memory, at(19), second(), 3), [None; 3]);
    assert_eq!(series.spark(Metric::Cpu, at(19), second(), 0), []);
}

#[test]
fn before_the_first_sample_there_is_nothing() {
    let history = ramp(0..2);
    let spark = Series::new([&history]).spark(Metric::Cpu, at(1), second(), 4);
    assert_eq!(spark, [None, None, Some(0.0), Some(1.0)]);
}

#[test]
fn a_late_sample_leaves_no_hole_and_a_long_silence_does() {
    let mut history = ramp(0..10);
    // Second 10 has no sample of its own: the one before stands for it.
    history.push(at(11), &cpu(11.0));
    let spark = Series::new([&history]).spark(Metric::Cpu, at(11), second(), 3);
    assert_eq!(spark, [Some(9.0), Some(9.0), Some(11.0)]);
    history.push(at(60), &cpu(60.0));
    let spark = Series::new([&history]).spark(Metric::Cpu, at(60), second(), 30);
    assert_eq!(spark.iter().flatten().count(), 1, "{spark:?}");
    // And the present is not the past: a dead replica's line ends.
    let spark = Series::new([&history]).spark(Metric::Cpu, at(100), second(), 20);
    assert_eq!(spark, [None; 20]);
}

#[test]
fn a_missing_metric_is_a_gap_even_between_samples() {
    let mut history = ramp(0..5);
    history.push(at(5), &Usage::default());
    history.push(at(6), &cpu(6.0));
    let spark = Series::new([&history]).spark(Metric::Cpu, at(6), second(), 3);
    assert_eq!(spark, [Some(4.0), None, Some(6.0)]);
}

#[test]
fn after_five_minutes_samples_are_thinned_and_after_an_hour_dropped() {
    let history = ramp(0..4500);
    assert!(history.fine.len() <= 302, "{}", history.fine.len());
    assert!(history.coarse.len() <= 241, "{}", history.coarse.len());
    let oldest = history.oldest().unwrap();
    assert!(
        (at(4499) - SignedDuration::from_mins(61)..=at(4499) - SignedDuration::from_mins(59))
            .contains(&oldest)
    );
    // Over the seam between thinned and fine there is neither gap nor jump.
    let chart = Series::new([&history]).chart(Metric::Cpu, at(4500 - 3600), at(4500), 120);
    let values: Vec<f32> = chart.iter().skip(1).map(|value| value.expect("no gap")).collect();
    assert!(values.is_sorted(), "{values:?}");
    // Each column is 30 s of a line that rises by 1 a second.
    assert!(values.windows(2).all(|pair| (pair[1] - pair[0] - 30.0).abs() <= 15.0), "{values:?}");
}

#[test]
fn a_chart_averages() {
    let history = ramp(0..100);
    let chart = Series::new([&history]).chart(Metric::Cpu, at(0), at(100), 10);
    assert_eq!(chart.first(), Some(&Some(4.5)));
    assert_eq!(chart.last(), Some(&Some(94.5)));
}

#[test]
fn several_are_summed_where_each_has_something_to_say() {
    let (one, two) = (ramp(0..10), ramp(5..10));
    let sum = Series::new([&one, &two]).spark(Metric::Cpu, at(9), second(), 10);
    assert_eq!(sum[..5], [0.0, 1.0, 2.0, 3.0, 4.0].map(Some));
    assert_eq!(sum[5..], [10.0, 12.0, 14.0, 16.0, 18.0].map(Some));
    assert_eq!(Series::default().spark(Metric::Cpu, at(9), second(), 2), [None, None]);
}

#[test]
fn slow_readings_are_not_taken_for_gaps() {
    let mut history = History::new();
    for n in 0..10 {
        history.push(at(n * 10), &cpu(1.0));
    }
    let spark = Series::new([&history]).spark(Metric::Cpu, at(90), second(), 60);
    assert!(spark.iter().all(Option::is_some), "{spark:?}");
}

#[test]
fn a_clock_set_back_does_not_silence_it() {
    let mut history = ramp(0..10);
    history.push(at(3), &cpu(99.0));
    assert_eq!(history.newest(), Some(at(9)));
    history.push(at(-100_000), &cpu(1.0));
    assert_eq!(history.newest(), Some(at(-100_000)));
}

#[test]
fn absurd_ranges_are_survived() {
    let history = ramp(0..10);
    let series = Series::new([&history]);
    assert_eq!(series.chart(Metric::Cpu, at(9), at(0), 5).len(), 5);
    assert_eq!(series.chart(Metric::Cpu, jiff::Timestamp::MIN, jiff::Timestamp::MAX, 7).len(), 7);
    assert_eq!(series.spark(Metric::Cpu, jiff::Timestamp::MAX, SignedDuration::MAX, 7).len(), 7);
    assert_eq!(series.spark(Metric::Cpu, jiff::Timestamp::MIN, SignedDuration::ZERO, 7).len(), 7);
}
