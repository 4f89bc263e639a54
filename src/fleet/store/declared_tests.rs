//! Services that their engine looks after: rows without replicas, lists of several engines, and
//! what an update says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use super::super::testing::{at, running, synced};
use super::super::{
    Declared, EngineId, Exit, Fleet, Health, Image, Observation, Placed, Port, Protocol, Replica, ReplicaId,
    ServiceId, State, UpdateState, UpdateStatus,
};

fn swarm() -> EngineId {
    EngineId::new("swarm")
}

fn id(name: &str) -> ServiceId {
    ServiceId { engine: swarm(), project: Some("shop".into()), name: name.into() }
}

fn declared(name: &str, desired: u32) -> Declared {
    Declared {
        service: id(name),
        desired,
        global: false,
        image: Image { reference: "shop/api:2".into(), id: "".into() },
        ports: vec![Port { container: 80, protocol: Protocol::Tcp, host: Some(([0, 0, 0, 0].into(), 8080)) }],
        update: None,
        ties: None,
    }
}

fn task(name: &str) -> Replica {
    let placed = Placed { node: "one".into(), here: true, stage: "running".into(), ..Placed::default() };
    Replica {
        id: ReplicaId { engine: swarm(), id: name.into() },
        service: id("api"),
        placed: Some(Arc::new(placed)),
        ..running("shop", "api", name)
    }
}

fn declare(seconds: i64, services: &[Declared]) -> Observation {
    Observation::Declared { at: at(seconds), engine: swarm(), services: services.to_vec() }
}

fn tasks(seconds: i64, replicas: &[Replica]) -> Observation {
    Observation::Synced { at: at(seconds), engine: swarm(), replicas: replicas.to_vec() }
}

fn verdict(fleet: &Fleet, name: &str) -> (Health, String, (u32, u32)) {
    let summary = fleet.summary(&id(name), at(100)).expect("the service is known");
    (summary.health.health, summary.health.why, (summary.up, summary.total))
}

fn fleet(observations: impl IntoIterator<Item = Observation>) -> Fleet {
    super::super::testing::fleet(observations)
}

#[test]
fn a_list_says_nothing_about_another_engine() {
    let mut fleet = fleet([
        synced(0, &[running("shop", "web", "web-1")]),
        tasks(1, &[task("t1")]),
        synced(2, &[running("shop", "web", "web-1")]),
    ]);
    let names = |fleet: &Fleet| fleet.services().map(|s| s.id.path()).collect::<Vec<_>>();
    assert_eq!(names(&fleet), ["shop/web", "shop/api"]);
    fleet.apply(tasks(3, &[]));
    assert_eq!(names(&fleet), ["shop/web"]);
    // A new connection: each engine's first list is the truth about itself alone.
    fleet.apply(tasks(4, &[task("t2")]));
    fleet.apply(Observation::Engine(super::super::EngineInfo::default()));
    fleet.apply(synced(-60, &[]));
    assert_eq!(names(&fleet), ["shop/api"]);
    fleet.apply(tasks(-59, &[]));
    assert_eq!(names(&fleet), [""; 0]);
}

#[test]
fn a_service_without_replicas_is_a_row() {
    let mut fleet = fleet([tasks(0, &[]), declare(0, &[declared("api", 0), declared("web", 2)])]);
    assert_eq!(verdict(&fleet, "api"), (Health::Stopped, "scaled to 0".into(), (0, 0)));
    assert_eq!(verdict(&fleet, "web"), (Health::Starting, "0 of 2 replicas".into(), (0, 2)));
    let summary = fleet.summary(&id("api"), at(1)).unwrap();
    assert_eq!((summary.desired, &*summary.revision, summary.ports.len()), (Some(0), "2", 1));
    assert_eq!(fleet.counts(at(1)).services, 2);
    assert_eq!(fleet.service(&id("web")).unwrap().desired, Some(2));
    // Told again, nothing changes; no longer told of, it is gone.
    assert_eq!(fleet.apply(declare(2, &[declared("api", 0), declared("web", 2)])), super::Changes::default());
    assert!(fleet.apply(declare(3, &[declared("web", 2)])).rows);
    assert_eq!(fleet.services().count(), 1);
    // Its tasks outlive it for a moment.
    fleet.apply(tasks(4, &[task("t1")]));
    fleet.apply(declare(5, &[declared("api", 1)]));
    fleet.apply(declare(6, &[]));
    assert_eq!(fleet.service(&id("api")).unwrap().desired, None);
    fleet.apply(tasks(7, &[]));
    assert_eq!(fleet.services().count(), 0);
}

#[test]
fn missing_replicas_make_it_degraded() {
    let fleet = fleet([tasks(0, &[task("t1"), task("t2")]), declare(0, &[declared("api", 3)])]);
    assert_eq!(verdict(&fleet, "api"), (Health::Degraded, "2 of 3 replicas".into(), (2, 3)));
}

#[test]
fn a_task_on_its_way_is_starting_and_a_stuck_one_is_down() {
    let on_its_way = |stage: &str, trouble: &str| Replica {
        state: State::Created,
        started: None,
        placed: Some(Arc::new(Placed { stage: stage.into(), trouble: trouble.into(), ..Placed::default() })),
        ..task("t1")
    };
    let told =
        |replica: Replica| verdict(&fleet([tasks(0, &[replica]), declare(0, &[declared("api", 1)])]), "api");
    assert_eq!(told(on_its_way("preparing", "")), (Health::Starting, "preparing".into(), (0, 1)));
    let stuck = told(on_its_way("pending", "no suitable node"));
    assert_eq!(stuck, (Health::Down, "no suitable node".into(), (0, 1)));
    let rejected = Replica { state: State::Exited, ..on_its_way("rejected", "no such mount source") };
    assert_eq!(told(rejected), (Health::Down, "no such mount source".into(), (0, 1)));
    let exit = Some(Exit { code: 3, oom: false });
    let failed = Replica { state: State::Restarting, exit, ..on_its_way("ready", "") };
    assert_eq!(told(failed.clone()), (Health::Down, "exit 3, restarting".into(), (0, 1)));
    let words = "unhealthy container (exit 137)";
    let killed = Replica { placed: on_its_way("ready", words).placed, ..failed };
    assert_eq!(told(killed), (Health::Down, format!("{words}, restarting"), (0, 1)));
}

#[test]
fn an_update_shows_and_its_failure_is_named() {
    let with = |state, message: &str| {
        let update = UpdateStatus { state, at: Some(at(50)), message: message.into() };
        let service = Declared { update: Some(update), ..declared("api", 1) };
        fleet([tasks(0, &[task("t1")]), declare(0, &[service])])
    };
    let told = |state, message| {
        let (health, why, _) = verdict(&with(state, message), "api");
        (health, why)
    };
    assert_eq!(told(UpdateState::Completed, "update completed"), (Health::Running, String::new()));
    assert_eq!(told(UpdateState::Updating, ""), (Health::Running, "updating".into()));
    let words = "update paused: task api.1.x failed";
    assert_eq!(told(UpdateState::Paused, "task api.1.x failed"), (Health::Degraded, words.into()));
    let words = "rolling back: task api.1.x failed";
    assert_eq!(told(UpdateState::RollingBack, "task api.1.x failed"), (Health::Degraded, words.into()));
    let words = "rolled back: task api.1.x failed";
    assert_eq!(told(UpdateState::RolledBack, "task api.1.x failed"), (Health::Running, words.into()));
    assert!(with(UpdateState::RolledBack, "").situation(at(60)).text().ends_with("api rolled back 10s ago"));
}
