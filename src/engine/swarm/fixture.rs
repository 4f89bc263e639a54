//! Answers in the shape a swarm gives them, for the tests of this room.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use serde_json::{Value, json};

use super::look::Look;

/// `second` after the hour in which all of it happens.
pub(super) fn at(second: u32) -> String {
    format!("2026-11-21T16:{:02}:{:02}.25Z", second / 60, second % 60)
}

pub(super) fn time(second: u32) -> Timestamp {
    at(second).parse().unwrap()
}

/// `shop_NAME` of the stack `shop`, its id `s-NAME`.
pub(super) fn service(name: &str, replicas: u32) -> Value {
    json!({
        "ID": format!("s-{name}"), "Version": {"Index": 25},
        "Spec": {
            "Name": format!("shop_{name}"),
            "Labels": {"com.docker.stack.namespace": "shop", "com.docker.stack.image": "shop/api:1"},
            "TaskTemplate": template("shop/api:1"),
            "Mode": {"Replicated": {"Replicas": replicas}},
            "UpdateConfig": {"Parallelism": 1, "FailureAction": "rollback", "MaxFailureRatio": 0.25, "Order": "stop-first"},
            "EndpointSpec": {"Mode": "vip"},
        },
        "Endpoint": {"Ports": [
            {"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080, "PublishMode": "ingress"},
            {"Protocol": "tcp", "TargetPort": 81, "PublishedPort": 8181, "PublishMode": "host"},
        ]},
        "ServiceStatus": {"RunningTasks": 0, "DesiredTasks": replicas, "CompletedTasks": 0},
    })
}

pub(super) fn template(image: &str) -> Value {
    json!({
        "ContainerSpec": {
            "Image": image, "Args": ["serve", "--password", "hunter2"], "Isolation": "default",
            "Env": ["DB_PASSWORD=hunter2", "DB_URL=postgres://u:hunter2@db:5432/x"],
            "Labels": {"quarterdeck.gate.deadline": "60s", "quarterdeck.gate.stay": "9s"},
            "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 1_000_000_000_u64, "Retries": 2},
            "Mounts": [{"Type": "volume", "Source": "shop_data", "Target": "/data"}],
        },
        "Resources": {"Limits": {"NanoCPUs": 500_000_000_u64, "MemoryBytes": 67_108_864}},
        "Networks": [{"Target": "n1", "Aliases": ["web"]}], "ForceUpdate": 3,
    })
}

pub(super) fn node(id: &str, host: &str, state: &str) -> Value {
    json!({"ID": id, "Description": {"Hostname": host}, "Status": {"State": state}})
}

/// A task of `shop_NAME`, made at `second`, in its state since then.
pub(super) fn task(id: &str, name: &str, slot: u32, second: u32, state: &str, desired: &str) -> Value {
    json!({
        "ID": id, "ServiceID": format!("s-{name}"), "Slot": slot, "NodeID": "n-one",
        "CreatedAt": at(second), "Spec": template("shop/api:1"), "DesiredState": desired,
        "Status": {
            "Timestamp": at(second), "State": state, "Message": "",
            "ContainerStatus": {"ContainerID": format!("c-{id}"), "PID": 100, "ExitCode": 0},
            "PortStatus": {"Ports": [
                {"Protocol": "tcp", "TargetPort": 81, "PublishedPort": 8181, "PublishMode": "host"},
                {"Protocol": "tcp", "TargetPort": 81, "PublishedPort": 8181, "PublishMode": "host"},
            ]},
        },
    })
}

/// A task that ended with a code, in the swarm's words.
pub(super) fn failed(id: &str, name: &str, slot: u32, second: u32, code: i64) -> Value {
    let mut task = task(id, name, slot, second, "failed", "shutdown");
    task["Status"]["Err"] = json!(format!("task: non-zero exit ({code})"));
    task["Status"]["ContainerStatus"]["ExitCode"] = json!(code);
    task
}

pub(super) fn look(services: &[Value], tasks: &[Value]) -> Look {
    let nodes = [node("n-one", "one", "ready"), node("n-two", "two", "ready")];
    Look {
        services: serde_json::from_value(json!(services)).unwrap(),
        tasks: serde_json::from_value(json!(tasks)).unwrap(),
        nodes: serde_json::from_value(json!(nodes)).unwrap(),
    }
}
