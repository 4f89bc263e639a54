#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::super::fixture::{failed, look, service, task, time};
use super::*;
use crate::fleet::{Health, UpdateState};

fn swarm() -> EngineId {
    EngineId::new("swarm")
}

fn all(services: &[Value], tasks: &[Value], local: &Local) -> (Vec<Declared>, Vec<Replica>) {
    let look = look(services, tasks);
    let mut memory = Memory::default();
    memory.note(&look.tasks, time(60));
    told(&swarm(), &look, local, &memory)
}

fn one(task: Value) -> Replica {
    let (_, replicas) = all(&[service("web", 1)], &[task], &Local::new());
    let [replica] = <[Replica; 1]>::try_from(replicas).unwrap();
    replica
}

#[test]
fn a_service_and_its_running_task() {
    let (declared, replicas) =
        all(&[service("web", 2)], &[task("t1", "web", 1, 0, "running", "running")], &Local::new());
    let it = declared.first().unwrap();
    assert_eq!((it.service.path().as_str(), it.desired, it.global), ("shop/web", 2, false));
    assert_eq!(it.service.engine, swarm());
    assert_eq!(it.ports.iter().map(|p| p.container).collect::<Vec<_>>(), [80, 80], "both families");
    let it = replicas.first().unwrap();
    assert_eq!((&*it.name, it.number, it.state), ("shop_web.1.t1", Some(1), State::Running));
    assert_eq!((it.check, it.started, it.restarts), (HealthCheck::Healthy, Some(time(0)), Some(0)));
    assert_eq!((it.limits.cpus, it.limits.memory), (Some(0.5), Some(64 << 20)));
    assert_eq!(it.ports.iter().map(|p| p.host.map(|h| h.1)).collect::<Vec<_>>(), [Some(8181); 2]);
    assert_eq!(it.pid, None, "the pid of another node's process says nothing here");
    let placed = it.placed.as_ref().unwrap();
    assert_eq!((&*placed.node, placed.here, &*placed.stage), ("one", false, "running"));
    assert!(it.spec.is_some());
}

#[test]
fn whom_a_service_needs_and_what_it_is_called() {
    let mut web = service("web", 1);
    web["Spec"]["TaskTemplate"]["Networks"] =
        json!([{"Target": "n1", "Aliases": ["Web"]}, {"Aliases": ["x"]}]);
    let (declared, _) = all(&[web], &[], &Local::new());
    let ties = declared.first().unwrap().ties.as_ref().unwrap();
    let wants: Vec<_> = ties.wants.iter().map(|it| (&*it.host, it.port, it.how.word())).collect();
    assert_eq!(wants, [("db", Some(5432), "DB_URL")]);
    let joined: Vec<_> = ties.networks.iter().map(|it| (&*it.network, it.names.join(" "))).collect();
    assert_eq!(joined, [("n1", "shop_web web".to_owned())]);
    assert!(!format!("{ties:?}").contains("hunter2"));
}

#[test]
fn images_show_without_the_digest_that_pins_them() {
    let told = |raw: &str| {
        let it = image(raw);
        (it.reference.to_string(), it.id.to_string())
    };
    let digest = "sha256:0123456789abcdef";
    assert_eq!(told(&format!("r:5000/api:2@{digest}")), ("r:5000/api:2".into(), digest.into()));
    assert_eq!(told("r:5000/api"), ("r:5000/api".into(), String::new()));
    let only = format!("r:5000/api@{digest}");
    assert_eq!(told(&only), (only.clone(), digest.into()), "or nobody could tell which");
    assert_eq!(told(digest), (digest.into(), digest.into()));
}

#[test]
fn on_this_node_docker_knows_better() {
    let docker = ReplicaId { engine: EngineId::new("docker"), id: "c-t1".into() };
    let container = Replica {
        id: docker,
        check: HealthCheck::Unhealthy,
        pid: Some(77),
        image: Image { reference: "shop/api:1".into(), id: "sha256:aa".into() },
        ..one(task("t1", "web", 1, 0, "running", "running"))
    };
    let with = |container: &Replica, word: &str| {
        let local = Local::from([("t1".into(), container.clone())]);
        let (_, replicas) = all(&[service("web", 1)], &[task("t1", "web", 1, 0, word, "running")], &local);
        replicas.into_iter().next().unwrap()
    };
    let it = with(&container, "running");
    assert_eq!((it.check, it.pid, &*it.image.id), (HealthCheck::Unhealthy, Some(77), "sha256:aa"));
    assert!(it.placed.unwrap().here);
    // The swarm says starting until the first check passed; the container runs.
    let starting = Replica { check: HealthCheck::Starting, ..container.clone() };
    let it = with(&starting, "starting");
    assert_eq!((it.state, it.check), (State::Running, HealthCheck::Starting));
    // It died, and the swarm does not know yet.
    let dead = Replica { state: State::Exited, exit: Some(Exit { code: 137, oom: true }), ..container };
    let it = with(&dead, "running");
    assert_eq!((it.state, it.exit, it.pid), (State::Restarting, Some(Exit { code: 137, oom: true }), None));
}

#[test]
fn how_far_a_task_is() {
    let mut pending = task("t1", "web", 1, 0, "pending", "running");
    pending["Status"]["Err"] = json!("no suitable node (insufficient resources on 2 nodes)");
    let it = one(pending);
    assert_eq!(it.state, State::Created);
    assert_eq!(&*it.placed.unwrap().trouble, "no suitable node (insufficient resources on 2 nodes)");

    let it = one(task("t1", "web", 1, 0, "preparing", "running"));
    assert_eq!((it.state, it.exit), (State::Created, None));

    let mut rejected = task("t1", "web", 1, 0, "rejected", "ready");
    rejected["Status"]["ContainerStatus"] = json!({"ContainerID": "", "PID": 0, "ExitCode": 0});
    rejected["Status"]["Err"] = json!("No such image: shop/api:1\u{1b}[31m");
    let it = one(rejected);
    assert_eq!((it.state, it.exit), (State::Restarting, None), "it will be tried again");
    assert_eq!(&*it.placed.unwrap().trouble, "No such image: shop/api:1");

    let it = one(failed("t1", "web", 1, 0, 3));
    assert_eq!((it.state, it.exit.map(|e| e.code)), (State::Exited, Some(3)), "for good");
    assert_eq!(it.finished, Some(time(0)));
}

#[test]
fn a_slot_that_fails_over_and_over_is_a_loop() {
    let tasks = [
        failed("f1", "web", 1, 1, 3),
        failed("f2", "web", 1, 9, 3),
        task("now", "web", 1, 17, "ready", "ready"),
    ];
    let (declared, replicas) = all(&[service("web", 1)], &tasks, &Local::new());
    let it = replicas.first().unwrap();
    assert_eq!((replicas.len(), it.state, it.restarts), (1, State::Restarting, Some(2)));
    assert_eq!((it.exit.map(|e| e.code), it.created), (Some(3), time(1)));
    let mut fleet = crate::fleet::Fleet::new();
    let observations = [
        crate::fleet::Observation::Synced { at: time(18), engine: swarm(), replicas: replicas.clone() },
        crate::fleet::Observation::Declared { at: time(18), engine: swarm(), services: declared },
    ];
    for observation in observations {
        fleet.apply(observation);
    }
    let summary = fleet.summary(&it.service, time(21)).unwrap();
    assert_eq!((summary.health.health, summary.up, summary.total), (Health::Down, 0, 1));
    assert_eq!(summary.health.why, "exit 3, 2 restarts in 20 s");
}

#[test]
fn words_of_the_swarm_that_say_more_than_a_code() {
    let with = |err: &str| {
        let mut task = failed("t1", "web", 1, 0, 137);
        task["Status"]["Err"] = json!(err);
        failure(&serde_json::from_value(task).unwrap(), &Local::new())
    };
    assert_eq!(with("task: non-zero exit (137)"), "exit 137");
    let unhealthy = "task: non-zero exit (137): dockerexec: unhealthy container";
    assert_eq!(with(unhealthy), "unhealthy container (exit 137)");
    assert_eq!(with("starting container failed: no such file"), "starting container failed: no such file");
}

#[test]
fn one_a_node_is_named_by_its_node() {
    let mut service = service("agent", 0);
    service["Spec"]["Mode"] = json!({"Global": {}});
    service["ServiceStatus"]["DesiredTasks"] = json!(2);
    let on = |id: &str, node: &str| {
        let mut task = task(id, "agent", 0, 0, "running", "running");
        task["NodeID"] = json!(node);
        task
    };
    let tasks = [on("t1", "n-one"), on("t2", "n-two"), on("t3", "n-unknown-node-id")];
    let (declared, replicas) = all(&[service], &tasks, &Local::new());
    assert_eq!((declared[0].desired, declared[0].global), (2, true));
    let mut names: Vec<&str> = replicas.iter().map(|it| &*it.name).collect();
    names.sort_unstable();
    assert_eq!(names, ["shop_agent.n-unknown-no.t3", "shop_agent.one.t1", "shop_agent.two.t2"]);
    assert!(replicas.iter().all(|it| it.number.is_none()));
}

#[test]
fn an_update_that_failed_names_the_task() {
    let mut it = service("web", 2);
    let tasks = [
        failed("f1", "web", 2, 12, 3),
        failed("old", "web", 1, 1, 9),
        task("t1", "web", 1, 2, "running", "running"),
    ];
    let status =
        |it: &Value| all(std::slice::from_ref(it), &tasks, &Local::new()).0[0].update.clone().unwrap();
    it["UpdateStatus"] = json!({
        "State": "paused", "StartedAt": super::super::fixture::at(10),
        "Message": "update paused due to failure or early termination of task f1",
    });
    let update = status(&it);
    assert_eq!((update.state, update.at), (UpdateState::Paused, Some(time(10))));
    assert_eq!(update.message, "task shop_web.2 on one failed: exit 3");
    // Once it has gone back by itself, it no longer says because of which.
    it["UpdateStatus"] = json!({
        "State": "rollback_completed", "StartedAt": super::super::fixture::at(10),
        "CompletedAt": super::super::fixture::at(20), "Message": "rollback completed",
    });
    let update = status(&it);
    assert_eq!((update.state, update.at), (UpdateState::RolledBack, Some(time(20))));
    assert_eq!(update.message, "task shop_web.2 on one failed: exit 3");
    // By hand nothing failed; what it was before is then still known.
    it["PreviousSpec"] = json!({"Name": "shop_web"});
    assert_eq!(status(&it).message, "");
}

#[test]
fn nodes_of_one_name_are_told_apart() {
    let nodes: Vec<Node> = serde_json::from_value(json!([
        {"ID": "aaaaaaaaaaaaaaaa", "Description": {"Hostname": "one"}},
        {"ID": "bbbbbbbbbbbbbbbb", "Description": {"Hostname": "one"}},
        {"ID": "cccccccccccccccc"},
    ]))
    .unwrap();
    let names = Names::of(&nodes);
    assert_eq!(&*names.node("aaaaaaaaaaaaaaaa"), "one~aaaaaaaaaaaa");
    assert_eq!(&*names.node("cccccccccccccccc"), "~cccccccccccc");
}
