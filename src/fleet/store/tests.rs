//! Folding: hand-written streams, and that a list always wins over whatever came before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::SignedDuration;
use proptest::prelude::*;

use super::super::testing::*;
use super::super::{
    EngineInfo, Health, HealthCheck, Limits, Metric, Observation, Port, Protocol, State, Verb,
};
use super::*;

fn names(fleet: &Fleet) -> Vec<String> {
    fleet.services().map(|service| service.id.path()).collect()
}

fn members(fleet: &Fleet, project: &str, name: &str) -> Vec<String> {
    fleet.replicas_of(&service(project, name)).map(|replica| replica.name.to_string()).collect()
}

fn lost() -> Observation {
    let retry_in = std::time::Duration::from_secs(1);
    Observation::Link(Link::Lost { why: "no such socket".into(), remedy: "start it".into(), retry_in })
}

#[test]
fn rows_stand_by_project_and_name_and_lone_containers_last() {
    let mut job = running("shop", "api", "api-run-1");
    job.role = Role::Job;
    let mut spare = running("shop", "api", "api-9");
    spare.id = crate::fleet::testing::id("spare");
    spare.name = "api-9.qd-x7k2q.old".into();
    spare.role = Role::Spare;
    let fleet = fleet([synced(
        0,
        &[
            spare,
            running("", "adminer", "adminer"),
            running("web", "api", "web-api-1"),
            running("shop", "web", "web-1"),
            job,
            running("shop", "api", "api-10"),
            running("shop", "api", "api-9"),
            running("shop", "api", "api-canary"),
        ],
    )]);
    assert_eq!(names(&fleet), ["shop/api", "shop/web", "web/api", "adminer"]);
    assert_eq!(
        members(&fleet, "shop", "api"),
        ["api-9", "api-10", "api-canary", "api-run-1", "api-9.qd-x7k2q.old"]
    );
}

#[test]
fn a_replica_may_come_before_the_first_list() {
    let (one, two) = (running("shop", "api", "api-1"), running("shop", "api", "api-2"));
    let mut fleet = Fleet::new();
    let changes = fleet.apply(applied(5, &one));
    assert!(changes.rows && changes.facts);
    fleet.apply(synced(4, std::slice::from_ref(&two)));
    // It is newer than the list, so the list can't know of it.
    assert_eq!(members(&fleet, "shop", "api"), ["api-1", "api-2"]);
    fleet.apply(synced(6, std::slice::from_ref(&two)));
    assert_eq!(members(&fleet, "shop", "api"), ["api-2"]);
}

#[test]
fn an_older_word_does_not_undo_a_newer_one() {
    let api = running("shop", "api", "api-1");
    let dead = exited(api.clone(), 1, 9);
    let mut fleet = fleet([synced(0, std::slice::from_ref(&api)), applied(10, &dead)]);
    for old in [applied(8, &api), synced(8, std::slice::from_ref(&api)), removed(8, "api-1"), synced(8, &[])]
    {
        assert_eq!(fleet.apply(old.clone()), Changes::default(), "{old:?}");
        assert_eq!(fleet.replica(&api.id), Some(&dead));
    }
}

#[test]
fn what_is_gone_stays_gone_for_late_words() {
    let api = running("shop", "api", "api-1");
    let mut fleet = fleet([synced(0, std::slice::from_ref(&api)), removed(10, "api-1")]);
    fleet.apply(applied(9, &api));
    fleet.apply(synced(9, std::slice::from_ref(&api)));
    assert_eq!(names(&fleet), [""; 0]);
    fleet.apply(applied(11, &api));
    assert_eq!(names(&fleet), ["shop/api"]);
}

#[test]
fn an_engine_with_its_clock_set_back_is_believed_after_a_reconnect() {
    let (one, two) = (running("shop", "api", "api-1"), running("shop", "api", "api-2"));
    let mut fleet = fleet([synced(1000, std::slice::from_ref(&one)), lost()]);
    fleet.apply(Observation::Engine(EngineInfo::default()));
    fleet.apply(synced(10, std::slice::from_ref(&two)));
    assert_eq!(members(&fleet, "shop", "api"), ["api-2"]);
    assert_eq!(fleet.as_of(), Some(at(10)));
}

#[test]
fn nothing_new_changes_nothing() {
    let api = running("shop", "api", "api-1");
    let mut fleet = fleet([synced(0, std::slice::from_ref(&api))]);
    assert_eq!(fleet.apply(synced(60, std::slice::from_ref(&api))), Changes::default());
    assert_eq!(fleet.apply(applied(61, &api)), Changes::default());
    assert_eq!(fleet.as_of(), Some(at(61)));
}

#[test]
fn a_rename_and_a_move_to_another_service_leave_no_trace() {
    let api = running("shop", "api", "api-1");
    let mut fleet = fleet([synced(0, &[api.clone(), running("shop", "api", "api-2")])]);
    let mut renamed = api.clone();
    renamed.name = "aaa".into();
    renamed.number = Some(3);
    let changes = fleet.apply(applied(1, &renamed));
    assert!(changes.rows, "it stands elsewhere now");
    assert_eq!(members(&fleet, "shop", "api"), ["api-2", "aaa"]);
    let moved = Replica { service: service("", "lone"), ..renamed };
    fleet.apply(applied(2, &moved));
    assert_eq!(names(&fleet), ["shop/api", "lone"]);
    assert_eq!(members(&fleet, "", "lone"), ["aaa"]);
    fleet.apply(removed(3, "api-2"));
    assert_eq!(names(&fleet), ["lone"]);
}

#[test]
fn a_list_entry_keeps_what_an_inspection_told() {
    let mut api = running("shop", "api", "api-1");
    api.limits.memory = Some(1 << 30);
    api.restarts = Some(3);
    api.kept_up = true;
    let listed = Replica {
        restarts: None,
        kept_up: false,
        spec: None,
        limits: Limits::default(),
        tty: None,
        started: None,
        pid: None,
        image: Image { reference: "shop/api:1.4.2".into(), id: "".into() },
        ..api.clone()
    };
    let mut fleet = fleet([synced(0, std::slice::from_ref(&api))]);
    assert_eq!(fleet.apply(synced(1, std::slice::from_ref(&listed))), Changes::default());
    assert_eq!(fleet.replica(&api.id), Some(&api));
    // An inspection that finds no limit says so.
    let unlimited = Replica { limits: Limits::default(), kept_up: false, ..api.clone() };
    fleet.apply(applied(2, &unlimited));
    let known = fleet.replica(&api.id).unwrap();
    assert_eq!((known.limits.memory, known.kept_up), (None, false));
    // Once it ended, its pid is no longer true, and how it ended is no longer asked of the list.
    let dead = exited(api.clone(), 1, 3);
    fleet.apply(applied(3, &dead));
    fleet.apply(applied(4, &Replica { exit: None, finished: None, restarts: None, ..dead.clone() }));
    let known = fleet.replica(&api.id).unwrap();
    assert_eq!((known.pid, known.exit, known.finished), (None, dead.exit, dead.finished));
    // And once it runs again, how it ended before is over.
    fleet.apply(applied(5, &Replica { started: Some(at(5)), pid: None, restarts: None, ..api.clone() }));
    let known = fleet.replica(&api.id).unwrap();
    assert_eq!((known.pid, known.exit, known.restarts), (None, None, Some(3)));
}

use super::super::Image;

#[test]
fn a_summary_sums_up() {
    let port = |container, host| Port {
        container,
        protocol: Protocol::Tcp,
        host: Some(("0.0.0.0".parse().unwrap(), host)),
    };
    let mut one = running("shop", "api", "api-1");
    one.ports = vec![port(80, 8080), port(443, 8443)];
    one.limits = Limits { cpus: Some(1.0), memory: Some(100), pids: None };
    one.restarts = Some(2);
    let mut two = running("shop", "api", "api-2");
    two.ports = vec![port(80, 8080)];
    two.limits = Limits { cpus: Some(0.5), memory: None, pids: None };
    two.restarts = None;
    two.image.reference = "shop/api:1.5".into();
    two.started = Some(at(30));
    two.state = State::Paused;
    let usage = |cpu, memory| Usage { cpu, memory, ..Usage::default() };
    let fleet = fleet([
        synced(50, &[one.clone(), two]),
        sampled(50, "api-1", usage(Some(0.5), Some(10))),
        sampled(50, "api-2", usage(None, Some(20))),
    ]);
    let summary = summary(&fleet, &one, 51);
    assert_eq!((summary.up, summary.total, summary.restarts), (1, 2, Some(2)));
    assert_eq!(summary.ports.len(), 2);
    assert_eq!(summary.limits, Limits { cpus: Some(1.5), memory: None, pids: None });
    assert_eq!(summary.usage, usage(Some(0.5), Some(30)));
    assert_eq!(&*summary.revision, "1.4.2 +1");
    assert_eq!(summary.since, Some(at(0)));
    assert!(summary.can.has(Verb::Pause) && summary.can.has(Verb::Unpause) && !summary.can.has(Verb::Start));
}

#[test]
fn usage_is_missing_when_it_is_old_or_its_replica_ended() {
    let api = running("shop", "api", "api-1");
    let usage = Usage { cpu: Some(1.0), ..Usage::default() };
    let mut fleet = fleet([synced(0, std::slice::from_ref(&api)), sampled(10, "api-1", usage)]);
    assert_eq!(summary(&fleet, &api, 20).usage.cpu, Some(1.0));
    assert_eq!(summary(&fleet, &api, 100).usage.cpu, None);
    assert!(!fleet.apply(sampled(21, "nobody", usage)).usage);
    fleet.apply(applied(22, &exited(api.clone(), 0, 22)));
    assert_eq!(summary(&fleet, &api, 22).usage, Usage::default());
    assert!(!fleet.apply(sampled(23, "api-1", usage)).usage, "a sweep that was under way when it ended");
}

#[test]
fn a_service_sums_the_history_of_its_replicas() {
    let (one, two) = (running("shop", "api", "api-1"), running("shop", "api", "api-2"));
    let mut fleet = fleet([synced(0, &[one.clone(), two])]);
    let usage = Usage { cpu: Some(0.25), ..Usage::default() };
    for second in 0..5 {
        fleet.apply(sampled(second, "api-1", usage));
        fleet.apply(sampled(second, "api-2", usage));
    }
    let series = fleet.service_history(&one.service).unwrap();
    let spark = series.spark(Metric::Cpu, at(4), SignedDuration::from_secs(1), 5);
    assert_eq!(spark, [Some(0.5); 5]);
    assert_eq!(fleet.history(&one.id).unwrap().newest(), Some(at(4)));
}

#[test]
fn without_the_engine_direct_readings_do_not_make_facts_young() {
    let api = running("shop", "api", "api-1");
    let mut fleet = fleet([synced(0, std::slice::from_ref(&api)), sampled(5, "api-1", Usage::default())]);
    assert_eq!(fleet.as_of(), Some(at(5)));
    fleet.apply(lost());
    fleet.apply(sampled(60, "api-1", Usage::default()));
    assert_eq!(fleet.as_of(), Some(at(5)));
}

#[test]
fn events_are_bounded_and_told_once() {
    let api = running("shop", "api", "api-1");
    let mut fleet = fleet([synced(0, std::slice::from_ref(&api))]);
    for second in 0..600 {
        fleet.apply(happened(second, &api, EventKind::Updated));
        fleet.apply(happened(second, &api, EventKind::Updated));
    }
    assert_eq!(fleet.events().count(), EVENTS);
    assert_eq!(fleet.events().next_back().unwrap().at, at(599));
}

/// Few replicas, few services and few times, so that they meet.
fn any_replica() -> impl Strategy<Value = Replica> {
    let state = prop::sample::select(vec![
        State::Running,
        State::Exited,
        State::Restarting,
        State::Paused,
        State::Created,
    ]);
    let check = prop::sample::select(vec![HealthCheck::None, HealthCheck::Healthy, HealthCheck::Unhealthy]);
    (0..5_u32, 0..3_u32, state, check, 0..9_u32, -50..50_i64, prop::bool::ANY).prop_map(
        |(n, service_no, state, check, restarts, started, job)| {
            let mut replica = running("shop", &format!("s{service_no}"), &format!("r-{n}"));
            replica.state = state;
            replica.check = check;
            replica.restarts = Some(restarts);
            replica.started = Some(at(started));
            replica.role = if job { Role::Job } else { Role::Replica };
            if !replica.is_up() {
                replica.pid = None;
                replica.exit = Some(super::super::Exit { code: i64::from(restarts), oom: false });
                replica.finished = Some(at(started + 1));
            }
            replica
        },
    )
}

fn any_list() -> impl Strategy<Value = Vec<Replica>> {
    prop::collection::vec(any_replica(), 0..6).prop_map(|mut replicas| {
        replicas.sort_by(|a, b| a.id.cmp(&b.id));
        replicas.dedup_by(|a, b| a.id == b.id);
        replicas
    })
}

fn any_observation() -> impl Strategy<Value = Observation> {
    let thin =
        any_replica().prop_map(|replica| Replica { restarts: None, pid: None, started: None, ..replica });
    let kind = prop::sample::select(vec![
        EventKind::Died(super::super::Exit { code: 1, oom: false }),
        EventKind::Started,
        EventKind::Stopped,
        EventKind::Oom,
        EventKind::Health(HealthCheck::Healthy),
    ]);
    prop_oneof![
        (0..100_i64, any_list()).prop_map(|(s, replicas)| synced(s, &replicas)),
        (0..100_i64, any_replica()).prop_map(|(s, replica)| applied(s, &replica)),
        (0..100_i64, thin).prop_map(|(s, replica)| applied(s, &replica)),
        (0..100_i64, 0..5_u32).prop_map(|(s, n)| removed(s, &format!("r-{n}"))),
        (0..100_i64, any_replica(), kind).prop_map(|(s, replica, kind)| happened(s, &replica, kind)),
        (0..100_i64, 0..5_u32).prop_map(|(s, n)| sampled(s, &format!("r-{n}"), Usage::default())),
        Just(lost()),
        Just(Observation::Engine(EngineInfo::default())),
    ]
}

/// Everything a screen may ask that follows from facts alone (verdicts also follow from the past).
fn told(fleet: &Fleet) -> Vec<(Service, Vec<Replica>, Summary)> {
    let facts = |service: &Service| {
        let mut summary = fleet.summary(&service.id, at(200)).unwrap();
        summary.health = Since { health: Health::Running, at: None, why: String::new() };
        summary.up = 0;
        (service.clone(), fleet.replicas_of(&service.id).cloned().collect(), summary)
    };
    fleet.services().map(facts).collect()
}

proptest! {
    #[test]
    fn a_list_after_anything_equals_that_list_alone(
        before in prop::collection::vec(any_observation(), 0..30),
        list in any_list(),
    ) {
        let mut lived = fleet(before);
        lived.apply(synced(100, &list));
        let fresh = fleet([synced(100, &list)]);
        prop_assert_eq!(told(&lived), told(&fresh));
    }

    #[test]
    fn rows_hold_exactly_the_known_replicas(
        observations in prop::collection::vec(any_observation(), 0..40),
    ) {
        let fleet = fleet(observations);
        let mut held: Vec<_> = fleet.services().flat_map(|service| service.replicas.clone()).collect();
        let mut known: Vec<_> = fleet.known.keys().cloned().collect();
        held.sort();
        known.sort();
        prop_assert_eq!(held, known);
        for service in fleet.services() {
            prop_assert!(!service.replicas.is_empty());
            for replica in fleet.replicas_of(&service.id) {
                prop_assert_eq!(&replica.service, &service.id);
            }
        }
        let counts = fleet.counts(at(100));
        prop_assert_eq!(counts.services, counts.well + counts.ailing + counts.broken + counts.stopped);
    }
}
