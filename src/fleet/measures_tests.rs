#![allow(clippy::unwrap_used, clippy::float_cmp)]

use super::super::testing::{at, id, service};
use super::*;

fn told(seconds: i64, replica: Option<&str>, values: &[(&str, f64)]) -> Measured {
    Measured {
        at: at(seconds),
        service: service("shop", "api"),
        replica: replica.map(id),
        values: values.iter().map(|(name, value)| ((*name).into(), *value)).collect(),
    }
}

#[test]
fn replicas_are_put_together_as_each_figure_wants() {
    let mut all = Measures::default();
    let one =
        [("request_rate", 90.0), ("error_rate", 0.0), ("p95_response_time", 0.1), ("availability", 1.0)];
    let two =
        [("request_rate", 10.0), ("error_rate", 0.5), ("p95_response_time", 0.9), ("availability", 0.8)];
    assert!(all.tell(told(0, Some("api-1"), &one)));
    assert!(all.tell(told(0, Some("api-2"), &two)));
    let get = |name| all.get(name, at(1)).unwrap();
    assert_eq!(get("request_rate"), 100.0);
    assert!((get("error_rate") - 0.05).abs() < 1e-9, "{}", get("error_rate"));
    assert_eq!((get("p95_response_time"), get("availability")), (0.9, 0.8));
    assert_eq!(all.get("queue", at(1)), None);
    assert_eq!(all.names(at(1)).len(), 4);
}

#[test]
fn without_requests_the_worst_error_rate_counts() {
    let mut all = Measures::default();
    all.tell(told(0, Some("api-1"), &[("error_rate", 0.1)]));
    all.tell(told(0, Some("api-2"), &[("error_rate", 0.3), ("request_rate", 0.0)]));
    assert_eq!(all.get("error_rate", at(0)), Some(0.3));
}

#[test]
fn what_was_measured_of_the_whole_counts_first() {
    let mut all = Measures::default();
    all.tell(told(0, Some("api-1"), &[("queue", 7.0)]));
    all.tell(told(0, None, &[("queue", 3.0)]));
    assert_eq!(all.get("queue", at(0)), Some(3.0));
    all.drop_replica(&id("api-1"));
    assert!(!all.is_empty());
}

#[test]
fn old_figures_say_nothing_and_how_old_depends_on_how_often_they_come() {
    let mut all = Measures::default();
    all.tell(told(0, None, &[("queue", 1.0)]));
    assert_eq!((all.get("queue", at(60)), all.get("queue", at(61))), (Some(1.0), None));
    all.tell(told(120, None, &[("queue", 2.0)]));
    assert_eq!((all.get("queue", at(480)), all.get("queue", at(481))), (Some(2.0), None));
    assert!(all.names(at(481)).is_empty());
    // A clock set back does not make it hold for ever, nor for no time at all.
    all.tell(told(10, None, &[("queue", 3.0)]));
    assert_eq!((all.get("queue", at(370)), all.get("queue", at(371))), (Some(3.0), None));
}

#[test]
fn what_is_no_number_was_not_measured() {
    let mut all = Measures::default();
    assert!(!all.tell(told(0, None, &[("queue", f64::NAN)])));
    assert_eq!(all.get("queue", at(0)), None);
}

#[test]
fn a_flood_of_names_is_bounded() {
    let mut all = Measures::default();
    for n in 0..10_000 {
        all.tell(told(0, None, &[(&format!("n{n}"), 1.0)]));
    }
    assert_eq!(all.names(at(0)).len(), NAMES);
    // Once those are old, others have room.
    all.tell(told(100, None, &[("new", 1.0)]));
    assert_eq!(all.get("new", at(100)), Some(1.0));
}
