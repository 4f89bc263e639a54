//! Verdicts with probes, told through the fleet as screens ask for them.
#![allow(clippy::unwrap_used, clippy::float_cmp)]

use std::time::Duration;

use crate::fleet::testing::*;
use crate::fleet::{
    EventKind, Fleet, Health, HealthCheck, Minutes, Observation, Probed, Replica, Role, Standing, State,
};

fn api(n: u32) -> Replica {
    running("shop", "api", &format!("api-{n}"))
}

fn with(replicas: &[Replica], attempts: &[Probed]) -> Fleet {
    fleet([synced(0, replicas), probed(attempts)])
}

fn says(health: Health, why: &str) -> (Health, String) {
    (health, why.to_owned())
}

#[test]
fn running_is_not_working() {
    let one = api(1);
    let fleet = with(std::slice::from_ref(&one), &[failing(10, &one)]);
    let expected = says(Health::Unhealthy, "http /health: status 503, wanted 200");
    assert_eq!(verdict(&fleet, &one, 15), expected);
    assert_eq!(since(&fleet, &one, 15), Some(10));
    let replica = fleet.replica_summary(&one.id, at(15)).unwrap();
    assert_eq!((replica.health.health, replica.up), (Health::Unhealthy, 0));
    let counts = fleet.counts(at(15));
    assert_eq!((counts.broken, counts.well), (1, 0));
    assert_eq!(fleet.situation(at(15)).text(), "api unhealthy 5s: http /health: status 503, wanted 200");
}

#[test]
fn a_probe_that_passes_says_that_it_works() {
    let one = api(1);
    let mut fleet = with(std::slice::from_ref(&one), &[passing(10, &one)]);
    assert_eq!(verdict(&fleet, &one, 15), says(Health::Healthy, ""));
    assert_eq!(since(&fleet, &one, 15), Some(10));
    // Nobody looks any more: what is known is that it runs.
    assert_eq!(verdict(&fleet, &one, 100), says(Health::Running, ""));
    let gone = Observation::Unprobed {
        service: one.service.clone(),
        replica: Some(one.id.clone()),
        probe: "http /health".into(),
    };
    assert!(fleet.apply(gone.clone()).facts);
    assert_eq!(verdict(&fleet, &one, 15), says(Health::Running, ""));
    assert!(!fleet.apply(gone).facts);
}

#[test]
fn readiness_degrades_and_liveness_counts_more() {
    let one = api(1);
    let mut fleet = with(std::slice::from_ref(&one), &[passing(10, &one), ready(failing(10, &one))]);
    let expected = says(Health::Degraded, "not ready: http /ready: status 503, wanted 200");
    assert_eq!(verdict(&fleet, &one, 15), expected);
    assert_eq!(summary(&fleet, &one, 15).up, 0, "it does not serve");
    fleet.apply(probed(&[failing(20, &one)]));
    let expected = says(Health::Unhealthy, "http /health: status 503, wanted 200");
    assert_eq!(verdict(&fleet, &one, 21), expected);
}

#[test]
fn a_probe_not_decided_counts_as_nothing() {
    let one = api(1);
    let starting = attempt(10, &one, Standing::Starting, Some("connection refused"));
    let fleet = with(std::slice::from_ref(&one), std::slice::from_ref(&starting));
    assert_eq!(verdict(&fleet, &one, 11), says(Health::Running, ""));
    // A check that has not decided either keeps it starting, whatever a probe finds.
    let young = Replica { check: HealthCheck::Starting, ..one.clone() };
    let fleet = with(std::slice::from_ref(&young), &[failing(10, &one)]);
    assert_eq!(verdict(&fleet, &one, 11).0, Health::Starting);
}

#[test]
fn check_and_probe_are_both_named() {
    let sick = Replica { check: HealthCheck::Unhealthy, ..api(1) };
    let fleet = with(std::slice::from_ref(&sick), &[failing(10, &sick)]);
    let both = says(Health::Unhealthy, "http /health: status 503, wanted 200; health check fails");
    assert_eq!(verdict(&fleet, &sick, 11), both);
    let fleet = with(std::slice::from_ref(&sick), &[passing(10, &sick)]);
    assert_eq!(verdict(&fleet, &sick, 11), says(Health::Unhealthy, "health check fails"));
    let fleet = with(std::slice::from_ref(&sick), &[ready(failing(10, &sick))]);
    assert_eq!(verdict(&fleet, &sick, 11), says(Health::Unhealthy, "health check fails"));
}

#[test]
fn several_that_fail_are_counted() {
    let one = api(1);
    let named = |name: &str| Probed { probe: name.into(), ..failing(10, &one) };
    let mut fleet = with(std::slice::from_ref(&one), &[named("tcp 80"), named("http /a")]);
    let why = |fleet: &Fleet| verdict(fleet, &one, 11).1;
    assert_eq!(why(&fleet), "http /a: status 503, wanted 200, and 1 more probe");
    fleet.apply(probed(&[named("tcp 90")]));
    assert_eq!(why(&fleet), "http /a: status 503, wanted 200, and 2 more probes");
}

#[test]
fn what_does_not_run_needs_no_probe_to_say_so() {
    let one = api(1);
    let dead = exited(one.clone(), 1, 5);
    let stopped = exited(one.clone(), 0, 5);
    let paused = Replica { state: State::Paused, ..one.clone() };
    for (replica, health) in [(dead, Health::Down), (stopped, Health::Stopped), (paused, Health::Paused)] {
        let fleet = with(std::slice::from_ref(&replica), &[failing(10, &one), of_all(failing(10, &one))]);
        let (verdict, why) = verdict(&fleet, &one, 11);
        assert_eq!(verdict, health);
        assert!(!why.contains("http"), "{why}");
    }
}

#[test]
fn some_replicas_fail() {
    let all = [api(1), api(2), api(3)];
    let [one, two, three] = &all;
    let mut fleet = with(&all, &[passing(10, one), failing(10, two), passing(10, three)]);
    let expected = says(Health::Degraded, "1 of 3 unhealthy: http /health: status 503, wanted 200");
    assert_eq!(verdict(&fleet, one, 15), expected);
    assert_eq!(summary(&fleet, one, 15).up, 2);
    fleet.apply(probed(&[passing(20, two), ready(failing(20, three))]));
    let expected = says(Health::Degraded, "1 of 3 degraded: not ready: http /ready: status 503, wanted 200");
    assert_eq!(verdict(&fleet, one, 21), expected);
    fleet.apply(probed(&[failing(30, one), failing(30, two), failing(31, three)]));
    assert_eq!(verdict(&fleet, one, 32).0, Health::Unhealthy);
    assert_eq!(since(&fleet, one, 32), Some(30));
}

#[test]
fn a_probe_of_the_whole_judges_the_whole() {
    let all = [api(1), api(2)];
    let mut fleet = with(&all, &[of_all(failing(10, &all[0]))]);
    let expected = says(Health::Unhealthy, "http /health: status 503, wanted 200");
    assert_eq!(verdict(&fleet, &all[0], 11), expected);
    // Each replica by itself is as it is.
    let replica = fleet.replica_summary(&all[0].id, at(11)).unwrap();
    assert_eq!((replica.health.health, summary(&fleet, &all[0], 11).up), (Health::Running, 2));
    fleet.apply(probed(&[failing(12, &all[1])]));
    let both = "http /health: status 503, wanted 200; 1 of 2 unhealthy: http /health: status 503, wanted 200";
    assert_eq!(verdict(&fleet, &all[0], 13), says(Health::Unhealthy, both));
    fleet.apply(probed(&[of_all(passing(20, &all[0])), passing(20, &all[1])]));
    assert_eq!(verdict(&fleet, &all[0], 21), says(Health::Healthy, ""));
}

#[test]
fn what_flaps_is_not_well_while_it_happens_to_pass() {
    let one = api(1);
    let mut fleet = with(std::slice::from_ref(&one), &[passing(0, &one)]);
    for n in 1..=4 {
        let attempt = if n % 2 == 1 { failing(n * 20, &one) } else { passing(n * 20, &one) };
        fleet.apply(probed(&[attempt]));
    }
    let expected = says(Health::Degraded, "http /health: flapping, 4 changes in 10 min");
    assert_eq!(verdict(&fleet, &one, 81), expected);
    assert_eq!(since(&fleet, &one, 81), Some(20));
    fleet.apply(probed(&[failing(100, &one)]));
    let expected = "http /health: status 503, wanted 200, flapping, 5 changes in 10 min";
    assert_eq!(verdict(&fleet, &one, 101), says(Health::Unhealthy, expected));
    // It calms down by itself: nothing more is told but that it passes.
    fleet.apply(probed(&[passing(120, &one)]));
    for seconds in (130..=720).step_by(10) {
        fleet.apply(probed(&[passing(seconds, &one)]));
    }
    assert_eq!(verdict(&fleet, &one, 721).0, Health::Healthy);
}

#[test]
fn a_health_check_flaps_as_a_probe_does() {
    let one = Replica { check: HealthCheck::Healthy, ..api(1) };
    let mut fleet = fleet([synced(0, std::slice::from_ref(&one))]);
    for n in 1..=4 {
        let check = if n % 2 == 1 { HealthCheck::Unhealthy } else { HealthCheck::Healthy };
        // The event and the facts that follow from it are one change.
        fleet.apply(happened(n * 30, &one, EventKind::Health(check)));
        fleet.apply(applied(n * 30, &Replica { check, ..one.clone() }));
    }
    let expected = says(Health::Degraded, "health check flapping, 4 changes in 10 min");
    assert_eq!(verdict(&fleet, &one, 121), expected);
    assert_eq!(verdict(&fleet, &one, 700), says(Health::Healthy, ""));
}

#[test]
fn what_a_probe_said_of_the_run_before_is_over() {
    let one = api(1);
    let mut fleet = with(std::slice::from_ref(&one), &[failing(10, &one)]);
    fleet.apply(applied(20, &exited(one.clone(), 0, 20)));
    let again = Replica { started: Some(at(30)), ..one.clone() };
    fleet.apply(applied(30, &again));
    assert_eq!(verdict(&fleet, &one, 31), says(Health::Running, ""));
    fleet.apply(probed(&[failing(40, &one)]));
    assert_eq!((verdict(&fleet, &one, 41).0, since(&fleet, &one, 41)), (Health::Unhealthy, Some(40)));
    // An inspection that only adds when it started is no new run.
    let listed = Replica { started: None, ..running("shop", "web", "web-1") };
    let mut fleet = with(std::slice::from_ref(&listed), &[failing(10, &listed)]);
    fleet.apply(applied(11, &running("shop", "web", "web-1")));
    assert_eq!(verdict(&fleet, &listed, 12).0, Health::Unhealthy);
}

#[test]
fn a_replica_that_vanishes_takes_its_probes_along() {
    let all = [api(1), api(2)];
    let mut fleet = with(&all, &[failing(10, &all[0]), passing(10, &all[1])]);
    fleet.apply(measured(10, &all[0], &[("queue", 5.0)]));
    fleet.apply(removed(20, "api-1"));
    assert_eq!(verdict(&fleet, &all[0], 21).0, Health::Healthy);
    assert_eq!(fleet.probes(&all[0].service).count(), 1);
    assert_eq!(fleet.measured(&all[0].service, "queue", at(21)), None);
    // A word that was under way.
    assert_eq!(fleet.apply(probed(&[failing(22, &all[0])])), crate::fleet::Changes::default());
    fleet.apply(measured(22, &all[0], &[("queue", 5.0)]));
    assert_eq!(fleet.measured(&all[0].service, "queue", at(23)), None);
    fleet.apply(synced(30, &[]));
    assert_eq!(fleet.probes(&all[0].service).count(), 0, "nothing is left behind");
}

#[test]
fn a_replica_of_another_service_now_is_not_judged_by_what_it_was() {
    let one = api(1);
    let mut fleet = with(std::slice::from_ref(&one), &[failing(10, &one)]);
    let moved = Replica { service: service("", "lone"), ..one.clone() };
    fleet.apply(applied(20, &moved));
    assert_eq!(verdict(&fleet, &moved, 21), says(Health::Running, ""));
    fleet.apply(probed(&[failing(22, &one)]));
    assert_eq!(verdict(&fleet, &moved, 23), says(Health::Running, ""));
}

#[test]
fn a_service_without_replicas_is_what_its_engine_says() {
    let one = api(1);
    let mut fleet = with(&[], &[of_all(failing(10, &one))]);
    assert!(fleet.service(&one.service).is_none(), "a probe makes no row");
    assert_eq!(fleet.probes(&one.service).count(), 1);
    // It comes, and is known to fail.
    fleet.apply(applied(20, &one));
    assert_eq!(verdict(&fleet, &one, 21).0, Health::Unhealthy);
    // Jobs and spares are no replicas: their probes judge nobody.
    let job = Replica { role: Role::Job, ..api(2) };
    let fleet = with(&[one.clone(), job.clone()], &[failing(10, &job)]);
    assert_eq!(verdict(&fleet, &one, 11), says(Health::Running, ""));
}

#[test]
fn a_clock_set_back_neither_freezes_nor_revives_a_verdict() {
    let one = api(1);
    let mut fleet = fleet([synced(3600, std::slice::from_ref(&one)), probed(&[failing(3610, &one)])]);
    // An hour back.
    fleet.apply(probed(&[passing(20, &one)]));
    assert_eq!(verdict(&fleet, &one, 21), says(Health::Healthy, ""));
    assert_eq!(since(&fleet, &one, 21), Some(20));
    assert_eq!(fleet.latency(&one.service, Minutes::Five, at(21)).unwrap().count, 1);
    fleet.apply(probed(&[failing(30, &one)]));
    assert_eq!((verdict(&fleet, &one, 31).0, since(&fleet, &one, 31)), (Health::Unhealthy, Some(30)));
    // And a night asleep: what was said in the evening is not what is so in the morning.
    assert_eq!(verdict(&fleet, &one, 40_000), says(Health::Running, ""));
    fleet.apply(probed(&[failing(40_010, &one)]));
    assert_eq!(verdict(&fleet, &one, 40_011).0, Health::Unhealthy);
    assert_eq!(fleet.latency(&one.service, Minutes::Fifteen, at(40_011)).unwrap().count, 1);
}

#[test]
fn a_row_shows_what_is_measured_before_what_is_probed() {
    let one = api(1);
    let slow = Probed { took: Some(Duration::from_millis(812)), ..passing(10, &one) };
    let mut fleet =
        with(std::slice::from_ref(&one), &[slow, attempt(11, &one, Standing::Passing, Some("timeout"))]);
    let figures = |fleet: &Fleet, at: i64| {
        let it = summary(fleet, &one, at);
        (it.p95.map(|p95| p95.as_millis()), it.error_rate)
    };
    assert_eq!(figures(&fleet, 12), (Some(812), Some(0.5)));
    let replica = fleet.replica_summary(&one.id, at(12)).unwrap();
    assert_eq!((replica.p95.map(|p95| p95.as_millis()), replica.error_rate), (Some(812), Some(0.5)));
    fleet.apply(measured(12, &one, &[("p95_response_time", 0.031)]));
    assert_eq!(figures(&fleet, 13), (Some(31), Some(0.5)));
    fleet.apply(measured(13, &one, &[("error_rate", 7.0)]));
    assert_eq!(figures(&fleet, 14), (Some(31), Some(1.0)), "a share is a share");
    assert_eq!(figures(&fleet, 400), (None, None), "old figures are none");
    for nonsense in [-1.0, f64::INFINITY] {
        fleet.apply(measured(15, &one, &[("p95_response_time", nonsense)]));
        assert_eq!(figures(&fleet, 16).0, Some(812));
    }
}

#[test]
fn a_thousand_probes_stay_small_and_are_judged_quickly() {
    let replicas: Vec<Replica> =
        (0..1000).map(|n| running("shop", &format!("s{n}"), &format!("s{n}-1"))).collect();
    let mut fleet = fleet([synced(0, &replicas)]);
    for round in 0..2000 {
        let attempts: Vec<Probed> = replicas.iter().map(|it| passing(round, it)).collect();
        fleet.apply(probed(&attempts));
        if round > 20 {
            break;
        }
    }
    // One of them every tenth of a second for ten minutes.
    for n in 0..6_000 {
        fleet.apply(probed(&[passing(100 + n / 10, &replicas[0])]));
    }
    let kept = |it: &Replica| fleet.probes(&it.service).next().unwrap().answers().count();
    let all: usize = replicas.iter().map(kept).sum();
    assert!(all <= 1024 + 999 * 23, "{all}");
    assert_eq!(kept(&replicas[0]), 1024);
    assert_eq!(fleet.counts(at(30)).well, 1000);
}
