#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::super::fixture::{look, node, service, task, template};
use super::*;

#[test]
fn what_planning_wants_to_know() {
    let mut raw = service("web", 2);
    raw["Spec"]["Labels"]["quarterdeck.gate.stay"] = json!("3s");
    raw["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"] = json!("shop/api:2@sha256:bb");
    raw["PreviousSpec"] = json!({"TaskTemplate": template("shop/api:1@sha256:aa")});
    let look = look(&[raw], &[]);
    let it = look.services.first().unwrap();
    let id = map::service_id(&EngineId::new("swarm"), it);
    let it = read(it, &id, &look.tasks, &look.nodes);
    assert_eq!((&*it.image.reference, &*it.image.id), ("shop/api:2", "sha256:bb"));
    assert_eq!(it.previous.map(|image| image.id), Some("sha256:aa".into()));
    assert_eq!((it.replicas, it.wanted, it.force), (Some(2), 2, 3));
    assert!(it.rolls_back && !it.start_first);
    assert_eq!(it.host_ports.iter().map(|p| p.container).collect::<Vec<_>>(), [81, 81]);
    let gate = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(it.gate, [gate("deadline", "60s"), gate("stay", "3s")], "the service's own label wins");
    assert_eq!(it.health.map(|check| (check.retries, check.interval.as_secs())), Some((2, 1)));
    assert_eq!((it.limits.cpus, it.limits.memory), (Some(0.5), Some(64 << 20)));
}

#[test]
fn a_service_of_one_a_node_has_no_number_to_set() {
    let mut raw = service("agent", 0);
    raw["Spec"]["Mode"] = json!({"Global": {}});
    raw["ServiceStatus"]["DesiredTasks"] = json!(3);
    let look = look(&[raw], &[]);
    let it = look.services.first().unwrap();
    let id = map::service_id(&EngineId::new("swarm"), it);
    let it = read(it, &id, &look.tasks, &look.nodes);
    assert_eq!((it.replicas, it.wanted), (None, 3));
}

#[test]
fn only_tasks_made_as_the_service_says_now_count() {
    let service: Service = serde_json::from_value(service("web", 1)).unwrap();
    let counts = |raw: &Value| is_made_so(&Task::deserialize(raw).unwrap(), raw, &service);
    let good = task("t1", "web", 1, 0, "running", "running");
    assert!(counts(&good));
    let mut old = good.clone();
    old["Spec"]["ContainerSpec"]["Image"] = json!("shop/api:0");
    assert!(!counts(&old));
    let mut unforced = good;
    unforced["Spec"]["ForceUpdate"] = json!(2);
    assert!(!counts(&unforced));
    assert!(!counts(&task("t1", "web", 1, 0, "running", "shutdown")), "it is on its way out");
}

#[test]
fn those_told_to_end_count_until_they_did() {
    let tasks = [
        task("t1", "web", 1, 0, "running", "running"),
        task("t2", "web", 2, 0, "running", "remove"),
        task("t3", "web", 3, 0, "running", "shutdown"),
        task("t4", "web", 4, 0, "shutdown", "remove"),
        task("t5", "web", 5, 0, "preparing", "shutdown"),
        task("t6", "other", 6, 0, "running", "shutdown"),
    ];
    let look = look(&[service("web", 1)], &tasks);
    let web = look.services.first().unwrap();
    assert_eq!(leaving(web, &look.tasks, &look.nodes), 2);
    let down: Vec<Node> = serde_json::from_value(json!([node("n-one", "one", "down")])).unwrap();
    assert_eq!(leaving(web, &look.tasks, &down), 0, "where nobody answers, nothing is known");
}

#[test]
fn a_worker_sends_one_to_a_manager() {
    let why = "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state.";
    let error = words(EngineError::Failed { status: 503, why: why.into() });
    assert!(error.remedy().contains("manager"), "{error:?}");
}
