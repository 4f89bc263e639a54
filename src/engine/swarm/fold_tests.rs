#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};

use super::super::fixture::{look, service, task, time};
use super::*;
use crate::fleet::{EngineInfo, Fleet, Placed, Role as ReplicaRole, State, Usage};

fn docker() -> EngineId {
    EngineId::new("docker")
}

/// A container; with `task`, one that the swarm made for that task, as Docker tells it.
fn container(id: &str, task: Option<&str>) -> Replica {
    let (service, made) = web();
    let look = look(&[service], &[made]);
    let (_, all) = map::told(&docker(), &look, &Local::new(), &Memory::default());
    let like = all.into_iter().next().unwrap();
    let placed = task.map(|task| Arc::new(Placed { here: true, task: task.into(), ..Placed::default() }));
    let service = match task {
        Some(_) => like.service.clone(),
        None => ServiceId { engine: docker(), project: None, name: id.into() },
    };
    let id = ReplicaId { engine: docker(), id: id.into() };
    Replica { name: id.id.clone(), id, service, placed, ..like }
}

fn synced(replicas: &[Replica]) -> Observation {
    Observation::Synced { at: time(0), engine: docker(), replicas: replicas.to_vec() }
}

fn web() -> (Value, Value) {
    (service("web", 1), task("t1", "web", 1, 0, "running", "running"))
}

/// A fold that knows a swarm with one task, whose container is here; and the fleet it told.
fn manager() -> (Fold, Fleet) {
    let (mut fold, mut fleet) = (Fold::new(EngineId::new("swarm")), Fleet::new());
    let (service, task) = web();
    let mut tell = fold.docker(Observation::Engine(EngineInfo::default()), time(0)).0;
    tell.extend(fold.looked(look(&[service], &[task]), time(0)));
    tell.extend(fold.docker(synced(&[container("db", None), container("c-t1", Some("t1"))]), time(0)).0);
    apply(&mut fleet, tell);
    (fold, fleet)
}

fn rows(fleet: &Fleet) -> Vec<String> {
    fleet.services().map(|it| format!("{} {}", it.id.engine, it.id.path())).collect()
}

fn apply(fleet: &mut Fleet, tell: Vec<Observation>) {
    for it in tell {
        fleet.apply(it);
    }
}

#[test]
fn on_a_manager_a_task_is_told_once_and_other_containers_stay() {
    let (fold, fleet) = manager();
    assert_eq!(rows(&fleet), ["docker db", "swarm shop/web"]);
    let id = ReplicaId { engine: EngineId::new("swarm"), id: "t1".into() };
    assert!(fleet.replica(&id).unwrap().placed.as_ref().unwrap().here);
    assert_eq!(fold.containers().get("t1").map(|id| &*id.id), Some("c-t1"));
    assert!(!fold.is_busy());
}

#[test]
fn what_happens_to_the_container_happens_to_the_task() {
    let (mut fold, mut fleet) = manager();
    let usage = Usage { cpu: Some(0.5), ..Usage::default() };
    let usages = ["c-t1", "db"].map(|id| (container(id, None).id, usage)).to_vec();
    apply(&mut fleet, fold.docker(Observation::Sampled { at: time(1), usages }, time(1)).0);
    let id = ReplicaId { engine: EngineId::new("swarm"), id: "t1".into() };
    assert_eq!(fleet.replica_summary(&id, time(1)).unwrap().usage.cpu, Some(0.5));
    assert_eq!(fleet.replica_summary(&container("db", None).id, time(1)).unwrap().usage.cpu, Some(0.5));

    let exit = Exit { code: 3, oom: false };
    let event = Event {
        at: time(2),
        replica: container("c-t1", None).id,
        service: container("c-t1", Some("t1")).service,
        role: ReplicaRole::Replica,
        kind: EventKind::Died(exit),
    };
    let (tell, _) = fold.docker(Observation::Happened(event), time(2));
    let [Observation::Happened(told)] = tell.as_slice() else { panic!("one event: {tell:?}") };
    assert_eq!((&told.replica, &told.service.engine), (&id, &EngineId::new("swarm")));

    let mut dead = container("c-t1", Some("t1"));
    (dead.state, dead.exit) = (State::Exited, Some(exit));
    let (tell, news) = fold.docker(Observation::Applied { at: time(2), replica: Box::new(dead) }, time(2));
    assert!(news, "the swarm will have another one");
    apply(&mut fleet, tell);
    assert_eq!(fleet.replica(&id).unwrap().exit, Some(exit));
    assert!(fold.is_busy());
}

#[test]
fn a_container_that_is_just_being_made_is_no_news_of_dockers() {
    let (mut fold, _) = manager();
    let event = |replica: &Replica| {
        Observation::Happened(Event {
            at: time(2),
            replica: replica.id.clone(),
            service: replica.service.clone(),
            role: ReplicaRole::Replica,
            kind: EventKind::Created,
        })
    };
    assert_eq!(fold.docker(event(&container("c-t2", Some("t2"))), time(2)).0, []);
    assert_eq!(fold.docker(event(&container("other", None)), time(2)).0.len(), 1);
}

#[test]
fn elsewhere_dockers_containers_stay_dockers() {
    let (mut fold, mut fleet) = (Fold::new(EngineId::new("swarm")), Fleet::new());
    apply(&mut fleet, fold.no_swarm(time(0)));
    apply(
        &mut fleet,
        fold.docker(synced(&[container("db", None), container("c-t1", Some("t1"))]), time(0)).0,
    );
    assert_eq!(rows(&fleet), ["docker shop/web", "docker db"]);
    // The node becomes a manager, and a worker again.
    let (service, task) = web();
    apply(&mut fleet, fold.looked(look(&[service], &[task]), time(1)));
    assert_eq!(rows(&fleet), ["docker db", "swarm shop/web"]);
    apply(&mut fleet, fold.no_swarm(time(2)));
    assert_eq!(rows(&fleet), ["docker shop/web", "docker db"]);
    assert!(fold.no_swarm(time(3)).is_empty(), "said once");
}

#[test]
fn a_swarm_that_can_not_answer_is_a_sentence_and_its_rows_stay() {
    let (mut fold, mut fleet) = manager();
    apply(&mut fleet, fold.ailing("the swarm has no leader".into(), time(1)));
    assert!(fold.ailing("the swarm has no leader".into(), time(2)).is_empty(), "said once");
    assert_eq!(rows(&fleet), ["docker db", "swarm shop/web"]);
    assert!(fleet.situation(time(2)).text().starts_with("the swarm has no leader"));
    let (service, task) = web();
    apply(&mut fleet, fold.looked(look(&[service], &[task]), time(3)));
    assert!(!fleet.situation(time(3)).text().contains("leader"));
    // One that never answered: its containers are Docker's to tell.
    let (mut fold, mut fleet) = (Fold::new(EngineId::new("swarm")), Fleet::new());
    apply(&mut fleet, fold.ailing("the swarm is locked".into(), time(0)));
    apply(&mut fleet, fold.docker(synced(&[container("c-t1", Some("t1"))]), time(0)).0);
    assert_eq!(rows(&fleet), ["docker shop/web"]);
}

#[test]
fn after_a_reconnect_the_list_is_whole_and_after_that_only_what_changed() {
    let (mut fold, _) = manager();
    let (service, task) = web();
    let again = |fold: &mut Fold| {
        fold.looked(look(std::slice::from_ref(&service), std::slice::from_ref(&task)), time(5))
    };
    assert_eq!(again(&mut fold), []);
    fold.docker(Observation::Engine(EngineInfo::default()), time(6));
    let tell = again(&mut fold);
    assert!(
        matches!(tell.as_slice(), [Observation::Synced { .. }, Observation::Declared { .. }]),
        "{tell:?}"
    );
    let tell = fold.looked(look(std::slice::from_ref(&service), &[]), time(7));
    assert!(matches!(tell.as_slice(), [Observation::Removed { .. }]), "{tell:?}");
    assert!(fold.is_busy(), "one is missing");
}

#[test]
fn other_nodes_have_no_events_so_their_tasks_states_tell() {
    let (mut fold, _) = manager();
    let (service, here) = web();
    let there = |state: &str, second: u32| {
        let mut task = task("t2", "web", 2, 0, state, "running");
        task["Status"]["Timestamp"] = json!(super::super::fixture::at(second));
        task["Status"]["ContainerStatus"]["ExitCode"] = json!(4);
        task
    };
    let mut kinds = |state: &str, second: u32| {
        let look = look(std::slice::from_ref(&service), &[here.clone(), there(state, second)]);
        let tell = fold.looked(look, time(second));
        let kinds = tell.into_iter().filter_map(|it| match it {
            Observation::Happened(event) => Some((event.replica.id.to_string(), event.kind)),
            _ => None,
        });
        kinds.collect::<Vec<_>>()
    };
    assert_eq!(kinds("preparing", 1), []);
    assert_eq!(kinds("running", 2), [("t2".into(), EventKind::Started)]);
    assert_eq!(kinds("running", 2), []);
    assert_eq!(kinds("failed", 3), [("t2".into(), EventKind::Died(Exit { code: 4, oom: false }))]);
}

#[test]
fn why_it_ended_is_known_though_it_ended_well() {
    let (mut fold, mut fleet) = manager();
    let with = |check, state| Observation::Applied {
        at: time(2),
        replica: Box::new(Replica { state, check, ..container("c-t1", Some("t1")) }),
    };
    apply(&mut fleet, fold.docker(with(HealthCheck::Unhealthy, State::Running), time(2)).0);
    apply(&mut fleet, fold.docker(with(HealthCheck::None, State::Exited), time(3)).0);
    // The swarm took the obedient end of what it stopped for a good one.
    let (service, mut ended) = web();
    ended["Status"]["State"] = json!("complete");
    ended["DesiredState"] = json!("shutdown");
    let next = task("t2", "web", 1, 3, "preparing", "running");
    apply(&mut fleet, fold.looked(look(&[service], &[ended, next]), time(4)));
    let id = ServiceId { engine: EngineId::new("swarm"), ..container("c-t1", Some("t1")).service };
    let health = fleet.summary(&id, time(4)).unwrap().health;
    assert_eq!(health.why, "unhealthy container (exit 0), restarting");
}
