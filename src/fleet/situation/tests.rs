//! The sentence, as it is read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use super::super::testing::*;
use super::super::{EventKind, Exit, Fleet, HealthCheck, Observation, Replica, Role};
use super::*;

fn lost() -> Observation {
    let retry_in = Duration::from_secs(1);
    Observation::Link(Link::Lost { why: "no such socket".into(), remedy: "start it".into(), retry_in })
}

/// Three services well since 0, and one that stops working at 100.
fn troubled() -> (Replica, Fleet) {
    let payment = running("shop", "payment", "payment-1");
    let mut sick = running("shop", "order", "order-1");
    let rest = [running("shop", "auth", "auth-1"), sick.clone(), payment.clone()];
    let mut fleet = fleet([synced(0, &rest)]);
    sick.check = HealthCheck::Unhealthy;
    fleet.apply(applied(40, &sick));
    fleet.apply(happened(100, &payment, EventKind::Died(Exit { code: 1, oom: false })));
    fleet.apply(applied(100, &exited(payment.clone(), 1, 100)));
    (payment, fleet)
}

#[test]
fn the_worst_comes_first_with_since_when_and_why() {
    let (payment, fleet) = troubled();
    let situation = fleet.situation(at(142));
    assert_eq!(situation.text(), "payment down 42s: exit 1 · order unhealthy 1m: health check fails");
    assert_eq!(situation.worst, Health::Down);
    assert_eq!(situation.clauses.first().unwrap().service, Some(payment.service));
}

#[test]
fn a_narrow_screen_gets_whole_clauses_and_the_number_of_the_others() {
    let (_, fleet) = troubled();
    let situation = fleet.situation(at(142));
    let whole = situation.text();
    assert_eq!(situation.fit(whole.chars().count()), whole);
    assert_eq!(situation.fit(whole.chars().count() - 1), "payment down 42s: exit 1 · 1 more");
    assert_eq!(situation.fit(20), "payment down 42s: e…");
    assert_eq!((situation.fit(1), situation.fit(0)), ("…".to_owned(), String::new()));
    for width in 0..100 {
        assert!(columns(&situation.fit(width)) <= width, "{width}");
    }
}

#[test]
fn what_is_too_much_to_say_is_counted() {
    let replicas: Vec<Replica> =
        (0..12).map(|n| exited(running("shop", &format!("s{n:02}"), &format!("s{n:02}-1")), 1, n)).collect();
    let situation = fleet([synced(50, &replicas)]).situation(at(60));
    assert!(situation.text().starts_with("s11 down 49s: exit 1 · s10 down 50s"), "newest first");
    assert!(situation.text().ends_with(" · 4 more"));
    assert_eq!(situation.fit(40), "s11 down 49s: exit 1 · 11 more");
}

#[test]
fn when_all_is_well_it_says_so_and_since_when() {
    let (one, mut two) = (running("shop", "api", "api-1"), running("shop", "web", "web-1"));
    two.started = Some(at(600));
    let mut fleet = fleet([synced(700, &[one.clone(), two])]);
    assert_eq!(fleet.situation(at(4300)).text(), "all 2 running services are well for 1h");
    fleet.apply(applied(4300, &exited(one, 0, 4300)));
    let situation = fleet.situation(at(4300));
    assert_eq!(situation.text(), "the one running service is well for 1h, 1 stopped");
    assert_eq!(situation.worst, Health::Running);
}

#[test]
fn a_recent_change_is_told_and_an_old_one_is_not() {
    let api = running("shop", "api", "api-1");
    let fleet = fleet([synced(0, std::slice::from_ref(&api)), happened(10, &api, EventKind::Restarted)]);
    assert_eq!(
        fleet.situation(at(130)).text(),
        "the one running service is well for 2m · api restarted 2m ago"
    );
    assert_eq!(fleet.situation(at(1300)).clauses.len(), 1);
}

#[test]
fn jobs_come_and_go_without_a_word() {
    let api = running("shop", "api", "api-1");
    let mut job = running("shop", "api", "api-run-1");
    job.role = Role::Job;
    let mut fleet = fleet([synced(0, std::slice::from_ref(&api))]);
    for kind in [EventKind::Created, EventKind::Stopped, EventKind::Destroyed] {
        fleet.apply(happened(10, &job, kind));
        assert_eq!(fleet.situation(at(20)).text(), "the one running service is well for 20s");
    }
    fleet.apply(happened(9, &api, EventKind::Created));
    assert!(fleet.situation(at(20)).text().ends_with(" · api created 11s ago"));
}

#[test]
fn when_the_engine_is_lost_it_says_how_old_the_rest_is() {
    let api = running("shop", "api", "api-1");
    let mut never = Fleet::new();
    assert_eq!(never.situation(at(0)).text(), "waiting for the engine's first list");
    never.apply(lost());
    assert_eq!(never.situation(at(0)).text(), "engine lost: no such socket");
    let fleet = fleet([synced(0, std::slice::from_ref(&api)), lost()]);
    let situation = fleet.situation(at(75));
    assert_eq!(
        situation.text(),
        "engine lost, what is shown is 1m old: no such socket · the one running service was well"
    );
    assert_eq!(situation.worst, Health::Down);
}

#[test]
fn when_nothing_runs_it_says_so() {
    assert_eq!(fleet([synced(0, &[])]).situation(at(1)).text(), "no containers");
    let stopped = |name: &str| exited(running("shop", name, &format!("{name}-1")), 0, 0);
    let situation = fleet([synced(0, &[stopped("a"), stopped("b")])]).situation(at(1));
    assert_eq!(situation.text(), "nothing runs: all 2 services are stopped");
    assert_eq!(situation.worst, Health::Stopped);
    let mut job = stopped("job");
    job.role = Role::Job;
    assert_eq!(fleet([synced(0, &[job])]).situation(at(1)).text(), "no containers");
}

#[test]
fn the_cause_comes_before_what_it_explains() {
    let needs = |mut replica: Replica, on: &str| {
        let compose = crate::fleet::Compose { depends_on: vec![on.into()], ..Default::default() };
        replica.compose = Some(std::sync::Arc::new(compose));
        replica
    };
    let mut order = needs(running("shop", "order", "order-1"), "db");
    order.check = HealthCheck::Unhealthy;
    let auth = exited(needs(running("shop", "auth", "auth-1"), "db"), 1, 50);
    let db = exited(running("shop", "db", "db-1"), 1, 40);
    let alone = exited(running("shop", "alone", "alone-1"), 1, 55);
    let all = [order.clone(), auth.clone(), db, alone.clone()];
    let text = fleet([synced(60, &all)]).situation(at(60)).text();
    let clauses: Vec<&str> = text.split(" · ").collect();
    assert_eq!(clauses[0], "db down 20s: exit 1, takes 2 with it");
    assert_eq!(clauses[1], "alone down 5s: exit 1");
    assert!(clauses[2].starts_with("auth down") && clauses[3].starts_with("order unhealthy"), "{text}");
    // What was stopped on purpose is no trouble, unless it explains some.
    let db = exited(running("shop", "db", "db-1"), 0, 40);
    let text = fleet([synced(60, &[order, db.clone()])]).situation(at(60)).text();
    assert!(text.starts_with("db stopped 20s, takes order with it · order unhealthy"), "{text}");
    assert!(!fleet([synced(60, &[db, alone])]).situation(at(60)).text().contains("db"));
}
