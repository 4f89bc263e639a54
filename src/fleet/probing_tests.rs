#![allow(clippy::unwrap_used)]

use super::super::testing::{at, attempt, id, running};
use super::super::{Replica, ReplicaId};
use super::*;

fn api() -> Replica {
    running("shop", "api", "api-1")
}

fn told(seconds: i64, standing: Standing, failed: Option<&str>) -> Probed {
    attempt(seconds, &api(), standing, failed)
}

fn passing(seconds: i64) -> Probed {
    told(seconds, Standing::Passing, None)
}

fn failing(seconds: i64) -> Probed {
    told(seconds, Standing::Failing, Some("connection refused"))
}

#[test]
fn since_is_when_its_standing_changed() {
    let mut probe = Probe::new(passing(0));
    assert!(!probe.tell(passing(10)));
    assert!(!probe.tell(told(20, Standing::Passing, Some("timeout"))), "within its retries");
    assert_eq!((probe.since(), probe.why().map(|why| &**why)), (at(0), Some("timeout")));
    assert!(probe.tell(failing(30)));
    assert!(!probe.tell(failing(40)));
    assert_eq!((probe.since(), probe.standing(at(41))), (at(30), Standing::Failing));
    assert!(probe.tell(told(50, Standing::Failing, Some("status 503"))), "it fails otherwise");
    // One good attempt is not enough; what is wrong is still said.
    probe.tell(told(60, Standing::Failing, None));
    assert_eq!(probe.why().map(|why| &**why), Some("status 503"));
    assert!(probe.tell(passing(70)));
    assert_eq!((probe.since(), probe.why()), (at(70), None));
}

#[test]
fn what_has_not_told_for_long_says_nothing() {
    let mut probe = Probe::new(failing(0));
    assert_eq!(probe.standing(at(60)), Standing::Failing);
    assert_eq!(probe.standing(at(61)), Standing::Starting);
    assert!(probe.tell(failing(3600)), "what was said of it had lapsed");
    // A slow one may be silent for longer.
    let hourly = Probed { interval: Duration::from_hours(1), ..failing(0) };
    assert_eq!(Probe::new(hourly).standing(at(3 * 3600)), Standing::Failing);
    let absurd = Probed { interval: Duration::MAX, ..failing(0) };
    assert_eq!(Probe::new(absurd).standing(at(0)), Standing::Failing);
}

#[test]
fn flapping_is_four_changes_in_ten_minutes() {
    let mut probe = Probe::new(passing(0));
    for n in 1..=3 {
        probe.tell(if n % 2 == 1 { failing(n * 30) } else { passing(n * 30) });
    }
    assert_eq!(probe.flapping(at(100)), None);
    probe.tell(passing(120));
    assert_eq!(probe.flapping(at(120)), Some((4, at(30))));
    assert_eq!(probe.flapping(at(631)), None, "that was a while ago");
    for n in 5..1000 {
        probe.tell(if n % 2 == 1 { failing(n * 30) } else { passing(n * 30) });
    }
    assert!(probe.flips.len() <= 32);
}

#[test]
fn starting_again_is_no_change_of_mind() {
    let mut probe = Probe::new(passing(0));
    for n in 1..10 {
        probe.restarted(at(n * 10));
        assert_eq!(probe.standing(at(n * 10)), Standing::Starting);
        probe.tell(passing(n * 10 + 5));
    }
    assert_eq!(probe.flapping(at(100)), None);
}

#[test]
fn a_clock_set_back_leaves_nothing_in_the_future() {
    let mut probe = Probe::new(passing(1000));
    probe.tell(failing(1010));
    probe.tell(passing(1020));
    // Told later, dated earlier: newer.
    assert!(probe.tell(failing(500)));
    assert_eq!(
        (probe.last().at, probe.since(), probe.standing(at(505))),
        (at(500), at(500), Standing::Failing)
    );
    assert_eq!(probe.flips.len(), 1, "this one");
    assert!(!probe.tell(failing(510)));
    assert_eq!(probe.since(), at(500));
}

#[test]
fn a_service_answers_as_slowly_as_its_slowest_probe_over_all_replicas() {
    let mut probes = Probes::default();
    let of = |replica: &str, probe: &str, took: u64| Probed {
        replica: Some(id(replica)),
        probe: probe.into(),
        took: Some(Duration::from_millis(took)),
        ..passing(0)
    };
    for (replica, took) in [("api-1", 10), ("api-2", 30), ("api-3", 20)] {
        probes.tell(of(replica, "http /health", took));
        probes.tell(of(replica, "tcp 80", 1));
    }
    let latency = probes.latency(Minutes::Five, at(0)).unwrap();
    let took = latency.took.unwrap();
    assert_eq!((latency.count, took.p50.as_millis(), took.p95.as_millis()), (6, 20, 30));
    assert_eq!(probes.latency(Minutes::Five, at(400)), None);
}

#[test]
fn probes_go_with_their_replica_or_by_name() {
    let mut probes = Probes::default();
    probes.tell(passing(0));
    probes.tell(Probed { replica: Some(id("api-2")), ..passing(0) });
    probes.tell(Probed { replica: None, ..failing(0) });
    let first: Option<ReplicaId> = probes.iter().next().unwrap().last().replica.clone();
    assert_eq!(first, None, "the service's own come first");
    probes.drop_replica(&id("api-1"));
    assert_eq!(probes.iter().count(), 2);
    assert!(probes.drop_probe(None, "http /health"));
    assert!(!probes.drop_probe(None, "http /health"));
    probes.restarted(&id("api-2"), at(5));
    assert_eq!(probes.iter().next().unwrap().standing(at(5)), Standing::Starting);
}
