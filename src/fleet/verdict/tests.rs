//! Verdicts, told through the fleet as screens ask for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::testing::*;
use super::super::{
    EventKind, Exit, Fleet, Health, HealthCheck, Listener, ListenerOwner, Observation, Port, Protocol,
    Replica, Role, State,
};

fn exit(code: i64) -> Exit {
    Exit { code, oom: false }
}

/// What qd sees when it starts after the fact.
fn at_first_sight(replica: &Replica) -> (Health, String) {
    verdict(&fleet([synced(100, std::slice::from_ref(replica))]), replica, 100)
}

fn says(health: Health, why: &str) -> (Health, String) {
    (health, why.to_owned())
}

#[test]
fn how_it_ended_decides_at_first_sight() {
    let api = running("shop", "api", "api-1");
    for (code, expected) in [
        (0, says(Health::Stopped, "")),
        (143, says(Health::Stopped, "terminated (exit 143)")),
        (1, says(Health::Down, "exit 1")),
        (137, says(Health::Down, "killed (exit 137)")),
        (139, says(Health::Down, "segmentation fault (exit 139)")),
        (127, says(Health::Down, "exit 127 (command not found)")),
    ] {
        assert_eq!(at_first_sight(&exited(api.clone(), code, 50)), expected, "exit {code}");
    }
    let mut oom = exited(api.clone(), 137, 50);
    oom.exit = Some(Exit { code: 137, oom: true });
    assert_eq!(at_first_sight(&oom), says(Health::Down, "OOM-killed"));
    let mut created = api.clone();
    created.state = State::Created;
    assert_eq!(at_first_sight(&created), says(Health::Stopped, "never started"));
    created.exit = Some(exit(127));
    let missing = says(Health::Down, "could not start, exit 127 (command not found)");
    assert_eq!(at_first_sight(&created), missing);
    created.exit = Some(exit(128));
    assert_eq!(at_first_sight(&created), says(Health::Down, "could not start, exit 128"));
    let taken = "driver failed on endpoint api (9f): Bind for 0.0.0.0:3001 failed: port is already allocated";
    for (words, why) in [
        (taken, "could not start: port 3001 is taken"),
        (
            "OCI runtime create failed: unable to start container process: exec: \"nope\": executable file \
             not found in $PATH: unknown",
            "could not start: \"nope\": executable file not found in $PATH",
        ),
        ("no such file", "could not start: no such file"),
    ] {
        for state in [State::Created, State::Exited] {
            let refused = Replica { state, refused: Some(words.into()), ..created.clone() };
            assert_eq!(at_first_sight(&refused), says(Health::Down, why), "{state:?}");
        }
    }
    let mut dead = api;
    dead.state = State::Dead;
    assert_eq!(at_first_sight(&dead).0, Health::Down);
}

#[test]
fn what_the_engine_keeps_up_and_is_down_was_stopped_by_somebody() {
    let kept = Replica { kept_up: true, ..running("shop", "api", "api-1") };
    assert_eq!(at_first_sight(&exited(kept.clone(), 137, 50)), says(Health::Stopped, "killed (exit 137)"));
    assert_eq!(at_first_sight(&exited(kept.clone(), 1, 50)), says(Health::Stopped, "exit 1"));
    let mut oom = exited(kept.clone(), 137, 50);
    oom.exit = Some(Exit { code: 137, oom: true });
    assert_eq!(at_first_sight(&oom), says(Health::Down, "OOM-killed"));
    // It waits for its next start: nobody stopped it.
    let again = Replica { state: State::Restarting, ..exited(kept.clone(), 1, 50) };
    assert_eq!(at_first_sight(&again).0, Health::Down);
    // What we saw ourselves counts more.
    let seen = fleet([
        synced(0, std::slice::from_ref(&kept)),
        happened(20, &kept, EventKind::Died(exit(137))),
        applied(20, &exited(kept.clone(), 137, 20)),
    ]);
    assert_eq!(verdict(&seen, &kept, 30), says(Health::Down, "killed (exit 137)"));
}

#[test]
fn what_was_asked_to_stop_is_not_broken() {
    let api = running("shop", "api", "api-1");
    // `docker stop` of something that ignores SIGTERM: killed in the end, but on purpose.
    let stopped = exited(api.clone(), 137, 20);
    let stop = [
        synced(0, std::slice::from_ref(&api)),
        happened(10, &api, EventKind::Killed("15".into())),
        happened(20, &api, EventKind::Killed("9".into())),
        happened(20, &api, EventKind::Died(exit(137))),
        applied(20, &stopped),
        happened(20, &api, EventKind::Stopped),
    ];
    let mut fleet = Fleet::new();
    for observation in stop {
        fleet.apply(observation);
        assert_ne!(verdict(&fleet, &api, 20).0, Health::Down, "not even for a moment");
    }
    assert_eq!(verdict(&fleet, &api, 30), says(Health::Stopped, "killed (exit 137)"));
    assert_eq!(since(&fleet, &api, 30), Some(20));
}

#[test]
fn a_stop_told_only_after_the_end_is_believed() {
    let api = running("shop", "api", "api-1");
    let fleet = fleet([
        synced(0, std::slice::from_ref(&api)),
        happened(20, &api, EventKind::Died(exit(3))),
        happened(21, &api, EventKind::Stopped),
        applied(21, &exited(api.clone(), 3, 20)),
    ]);
    assert_eq!(verdict(&fleet, &api, 30), says(Health::Stopped, "exit 3"));
}

#[test]
fn an_end_nobody_asked_for_is_an_end_even_by_sigterm_or_sigkill() {
    let api = running("shop", "api", "api-1");
    for (code, why) in [(143, "terminated (exit 143)"), (137, "killed (exit 137)")] {
        let fleet = fleet([
            synced(0, std::slice::from_ref(&api)),
            happened(20, &api, EventKind::Died(exit(code))),
            applied(20, &exited(api.clone(), code, 20)),
        ]);
        assert_eq!(verdict(&fleet, &api, 30), says(Health::Down, why));
    }
}

#[test]
fn out_of_memory_is_what_the_engine_says_and_nothing_else() {
    let api = running("shop", "api", "api-1");
    let died = |oom_at: i64| {
        fleet([
            synced(0, std::slice::from_ref(&api)),
            happened(oom_at, &api, EventKind::Oom),
            happened(1000, &api, EventKind::Died(exit(137))),
            applied(1000, &exited(api.clone(), 137, 1000)),
        ])
    };
    assert_eq!(verdict(&died(999), &api, 1010).1, "OOM-killed");
    // A child of it was killed long ago; that is not why it ended now.
    assert_eq!(verdict(&died(100), &api, 1010).1, "killed (exit 137)");
}

/// Fail every 20 s from 100 on: die, restart 10 s later, run for 10 s.
fn crash_loop(times: u32) -> (Replica, Fleet) {
    let api = running("shop", "api", "api-1");
    let mut fleet = fleet([synced(0, std::slice::from_ref(&api))]);
    for n in 0..times {
        let end = 100 + i64::from(n) * 20;
        fleet.apply(happened(end, &api, EventKind::Died(exit(1))));
        let mut restarting = exited(api.clone(), 1, end);
        restarting.state = State::Restarting;
        restarting.restarts = Some(n);
        fleet.apply(applied(end, &restarting));
        fleet.apply(happened(end + 10, &api, EventKind::Started));
        let mut again = api.clone();
        again.started = Some(at(end + 10));
        again.restarts = Some(n + 1);
        fleet.apply(applied(end + 10, &again));
    }
    (api, fleet)
}

#[test]
fn a_crash_loop_is_down_also_while_it_runs_for_a_moment() {
    let (api, fleet) = crash_loop(7);
    // The last start was at 230: it runs, and nobody should believe it yet.
    let (health, why) = verdict(&fleet, &api, 235);
    assert_eq!((health, why.as_str()), (Health::Down, "restarting, 7 times in 2 min"));
    assert_eq!(since(&fleet, &api, 235), Some(100));
    assert_eq!(summary(&fleet, &api, 235).up, 0);
    assert_eq!(fleet.counts(at(235)).broken, 1);
    // Long enough without an end: it works, since its start.
    assert_eq!(verdict(&fleet, &api, 250).0, Health::Running);
    assert_eq!(since(&fleet, &api, 250), Some(230));
    assert_eq!(fleet.counts(at(250)).well, 1);
}

#[test]
fn a_loop_says_how_it_ends_and_how_often() {
    let (api, mut fleet) = crash_loop(3);
    let mut restarting = exited(api.clone(), 1, 160);
    restarting.state = State::Restarting;
    restarting.restarts = Some(3);
    fleet.apply(happened(160, &api, EventKind::Died(exit(1))));
    fleet.apply(applied(160, &restarting));
    assert_eq!(verdict(&fleet, &api, 170), says(Health::Down, "exit 1, 4 restarts in 1 min"));
    // A spell that ended is not counted for ever.
    assert_eq!(verdict(&fleet, &api, 2000), says(Health::Down, "exit 1, restarting, 3 times"));
}

#[test]
fn a_passed_check_ends_the_suspicion() {
    let (api, mut fleet) = crash_loop(5);
    let mut healthy = api.clone();
    healthy.started = Some(at(190));
    healthy.restarts = Some(5);
    healthy.check = HealthCheck::Healthy;
    fleet.apply(happened(195, &api, EventKind::Health(HealthCheck::Healthy)));
    fleet.apply(applied(195, &healthy));
    assert_eq!(verdict(&fleet, &api, 196), says(Health::Healthy, ""));
    assert_eq!(since(&fleet, &api, 196), Some(195));
}

#[test]
fn one_restart_is_no_loop() {
    let (api, fleet) = crash_loop(1);
    assert_eq!(verdict(&fleet, &api, 112).0, Health::Running);
}

#[test]
fn a_loop_found_at_first_sight_is_told_from_the_restart_count() {
    let mut api = running("shop", "api", "api-1");
    api.created = at(-200);
    api.restarts = Some(7);
    api.started = Some(at(-2));
    assert_eq!(
        verdict(&fleet([synced(0, std::slice::from_ref(&api))]), &api, 0),
        says(Health::Down, "restarting, 7 times in 3 min")
    );
    // A count gathered over a year says nothing about now.
    api.created = at(-31_000_000);
    assert_eq!(verdict(&fleet([synced(0, std::slice::from_ref(&api))]), &api, 0).0, Health::Running);
}

#[test]
fn restarts_missed_while_not_connected_count() {
    let api = running("shop", "api", "api-1");
    let mut later = api.clone();
    later.restarts = Some(4);
    later.started = Some(at(99));
    let fleet = fleet([synced(0, std::slice::from_ref(&api)), synced(100, std::slice::from_ref(&later))]);
    assert_eq!(verdict(&fleet, &api, 101).0, Health::Down);
}

#[test]
fn an_end_is_counted_once_whether_facts_or_the_event_come_first() {
    let api = running("shop", "api", "api-1");
    let mut again = api.clone();
    again.restarts = Some(1);
    again.started = Some(at(50));
    again.finished = Some(at(50));
    let fleet = fleet([
        synced(0, std::slice::from_ref(&api)),
        applied(51, &again),
        happened(50, &api, EventKind::Died(exit(1))),
    ]);
    // Two ends would make it a loop.
    assert_eq!(verdict(&fleet, &api, 52).0, Health::Running);
}

#[test]
fn what_gave_up_says_how_often_it_tried() {
    let api = running("shop", "api", "api-1");
    let mut fleet = fleet([synced(0, std::slice::from_ref(&api))]);
    for second in [10, 11, 13, 17] {
        fleet.apply(happened(second, &api, EventKind::Died(exit(1))));
    }
    fleet.apply(applied(17, &exited(Replica { restarts: Some(3), ..api.clone() }, 1, 17)));
    assert_eq!(verdict(&fleet, &api, 20), says(Health::Down, "exit 1, 3 restarts in 7 s"));
    assert_eq!(verdict(&fleet, &api, 20_000), says(Health::Down, "exit 1, 3 restarts in 7 s"));
    assert_eq!(since(&fleet, &api, 20), Some(10));
}

#[test]
fn a_stop_long_ago_does_not_excuse_a_crash_today() {
    let api = running("shop", "api", "api-1");
    let fleet = fleet([
        synced(0, std::slice::from_ref(&api)),
        happened(10, &api, EventKind::Killed("SIGTERM".into())),
        happened(11, &api, EventKind::Died(exit(143))),
        applied(11, &exited(api.clone(), 143, 11)),
        // Its start was not told (the connection was lost), only found in the next list.
        synced(100, &[Replica { started: Some(at(90)), ..api.clone() }]),
        happened(500, &api, EventKind::Died(exit(143))),
        applied(500, &exited(api.clone(), 143, 500)),
    ]);
    assert_eq!(verdict(&fleet, &api, 501), says(Health::Down, "terminated (exit 143)"));
}

#[test]
fn health_holds_since_it_was_told() {
    let api = running("shop", "api", "api-1");
    let mut sick = api.clone();
    sick.check = HealthCheck::Unhealthy;
    let told = fleet([
        synced(0, std::slice::from_ref(&api)),
        happened(40, &api, EventKind::Health(HealthCheck::Unhealthy)),
        applied(41, &sick),
    ]);
    assert_eq!(since(&told, &api, 60), Some(40));
    // Without the event: since the facts changed before our eyes.
    let seen = fleet([synced(0, std::slice::from_ref(&api)), applied(41, &sick)]);
    assert_eq!(since(&seen, &api, 60), Some(41));
    // At first sight: unknown, and not the time we happened to look.
    let found = fleet([synced(50, std::slice::from_ref(&sick))]);
    assert_eq!((verdict(&found, &api, 60).0, since(&found, &api, 60)), (Health::Unhealthy, None));
}

#[test]
fn paused_since_the_event() {
    let api = running("shop", "api", "api-1");
    let mut paused = api.clone();
    paused.state = State::Paused;
    let fleet = fleet([
        synced(0, std::slice::from_ref(&api)),
        happened(30, &api, EventKind::Paused),
        applied(30, &paused),
    ]);
    assert_eq!((verdict(&fleet, &api, 60).0, since(&fleet, &api, 60)), (Health::Paused, Some(30)));
    assert_eq!(summary(&fleet, &api, 60).up, 0);
}

#[test]
fn a_service_is_judged_by_all_its_replicas() {
    let one = running("shop", "api", "api-1");
    let two = running("shop", "api", "api-2");
    let three = running("shop", "api", "api-3");
    let judge = |replicas: &[Replica]| verdict(&fleet([synced(50, replicas)]), &one, 60);
    let down = |replica: &Replica| exited(replica.clone(), 1, 40);
    let stopped = |replica: &Replica| exited(replica.clone(), 0, 45);
    let with = |replica: &Replica, check| Replica { check, ..replica.clone() };

    assert_eq!(judge(&[one.clone(), two.clone()]), says(Health::Running, ""));
    assert_eq!(
        judge(&[down(&one), two.clone(), three.clone()]),
        says(Health::Degraded, "1 of 3 down: exit 1")
    );
    assert_eq!(judge(&[down(&one), down(&two)]), says(Health::Down, "exit 1"));
    assert_eq!(judge(&[stopped(&one), down(&two)]), says(Health::Down, "exit 1"));
    assert_eq!(judge(&[stopped(&one), stopped(&two)]), says(Health::Stopped, ""));
    assert_eq!(judge(&[stopped(&one), two.clone()]), says(Health::Degraded, "1 of 2 stopped"));
    let sick = with(&one, HealthCheck::Unhealthy);
    assert_eq!(judge(&[sick.clone(), two.clone()]), says(Health::Degraded, "1 of 2 unhealthy"));
    assert_eq!(judge(&[sick]).0, Health::Unhealthy);
    let starting = with(&one, HealthCheck::Starting);
    let healthy = with(&two, HealthCheck::Healthy);
    assert_eq!(judge(&[starting, healthy]), says(Health::Starting, "1 of 2 starting"));
}

#[test]
fn spares_count_for_nothing() {
    let api = running("shop", "api", "api-1");
    let mut spare = running("shop", "api", "api-2");
    spare.check = HealthCheck::Unhealthy;
    spare.role = Role::Spare;
    let both = fleet([synced(50, &[api.clone(), spare.clone()])]);
    assert_eq!(verdict(&both, &api, 60).0, Health::Running);
    assert_eq!((summary(&both, &api, 60).total, both.counts(at(60)).replicas), (1, 1));
    let left = fleet([synced(50, std::slice::from_ref(&spare))]);
    assert_eq!(verdict(&left, &spare, 60), says(Health::Running, "only what an operation set aside is left"));
    assert_eq!(left.counts(at(60)).services, 0);
}

#[test]
fn jobs_never_make_a_service_sick() {
    let api = running("shop", "api", "api-1");
    let mut job = exited(running("shop", "api", "api-run-7"), 1, 40);
    job.role = Role::Job;
    let with_job = fleet([synced(50, &[api.clone(), job.clone()])]);
    assert_eq!(verdict(&with_job, &api, 60).0, Health::Running);
    assert_eq!(summary(&with_job, &api, 60).total, 1);
    // The job's own row says how it ended.
    assert_eq!(with_job.replica_summary(&job.id, at(60)).unwrap().health.why, "exit 1");
    let alone = fleet([synced(50, std::slice::from_ref(&job))]);
    assert_eq!(verdict(&alone, &job, 60), says(Health::Stopped, "one-off job"));
    assert_eq!(alone.counts(at(60)).services, 0);
}

#[test]
fn who_holds_the_port_that_was_taken_is_named() {
    let mut holder = running("shop", "web", "web-1");
    let any = std::net::IpAddr::from([0, 0, 0, 0]);
    holder.ports = vec![Port { host: Some((any, 3001)), container: 80, protocol: Protocol::Tcp }];
    let mut api = exited(running("shop", "api", "api-1"), 128, 50);
    api.state = State::Created;
    api.refused = Some("Bind for 0.0.0.0:3001 failed: port is already allocated".into());
    let seen = |replicas: &[Replica]| {
        let fleet = fleet([synced(60, replicas)]);
        let one = fleet.replica_summary(&api.id, at(61)).unwrap().health.why;
        (verdict(&fleet, &api, 61).1, one, fleet.situation(at(61)).text())
    };
    let why = "could not start: port 3001 is held by shop/web";
    let (service, one, situation) = seen(&[holder.clone(), api.clone()]);
    assert_eq!((&*service, &*one), (why, why));
    assert!(situation.contains(why), "{situation}");
    assert_eq!(
        seen(std::slice::from_ref(&api)).0,
        "could not start: port 3001 is taken",
        "by nobody of ours"
    );

    let listener = |address: [u8; 4], port, owner: Option<(u32, &str)>| Listener {
        address: address.into(),
        port,
        protocol: Protocol::Tcp,
        owner: owner.map(|(pid, name)| ListenerOwner { pid, name: name.into(), container: None }),
    };
    let listening = Observation::Listening(vec![
        listener([0, 0, 0, 0], 3000, Some((7, "other"))),
        listener([127, 0, 0, 2], 3001, None),
        listener([127, 0, 0, 1], 3001, Some((812, "grafana"))),
    ]);
    let mut fleet = fleet([synced(60, std::slice::from_ref(&api))]);
    assert!(fleet.apply(listening.clone()).facts);
    assert!(!fleet.apply(listening).facts, "nothing new");
    assert_eq!(verdict(&fleet, &api, 61).1, "could not start: port 3001 is held by grafana (pid 812)");
    assert_eq!(fleet.shut_out().map(|it| &it.id).collect::<Vec<_>>(), [&api.id]);
    fleet.apply(Observation::Listening(Vec::new()));
    assert_eq!(verdict(&fleet, &api, 61).1, "could not start: port 3001 is taken", "he is gone");
}
