//! Platforms E and B on a real engine: every row checked against `docker ps`, `inspect`, `stats`.

use std::collections::BTreeMap;

use quarterdeck::fleet::{Fleet, HealthCheck, Link, Outside, Protocol, Replica, Role, ServiceId, State};
use serde_json::Value;

use crate::contract::open;
use crate::support::docker::{Reference, engine};
use crate::support::live::{Live, replicas};

/// What `docker inspect` says of every container, by name.
fn truth(reference: &Reference) -> BTreeMap<String, Value> {
    let ids = reference.docker(&["ps", "-aq", "--no-trunc"]);
    let mut args = vec!["inspect"];
    args.extend(ids.split_whitespace());
    let all: Vec<Value> = serde_json::from_str(&reference.docker(&args)).unwrap();
    all.into_iter().map(|v| (v["Name"].as_str().unwrap().trim_start_matches('/').to_owned(), v)).collect()
}

/// What differs between one row and `docker inspect`'s answer; empty when it is right.
fn differences(row: &Replica, truth: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            wrong.push(format!("{}: {what}: qd {ours}, docker {theirs}", row.name));
        }
    };
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let label = |name: &str| text(&truth["Config"]["Labels"][name]);
    check("id", row.id.id.to_string(), text(&truth["Id"]));
    check("state", row.state.word().to_owned(), text(&truth["State"]["Status"]));
    check("image", row.image.reference.to_string(), text(&truth["Config"]["Image"]));
    check("image id", row.image.id.to_string(), text(&truth["Image"]));
    check(
        "project",
        row.service.project.as_deref().unwrap_or_default().to_owned(),
        label("com.docker.compose.project"),
    );
    if row.service.project.is_some() {
        check("service", row.service.name.to_string(), label("com.docker.compose.service"));
        check("number", row.number.unwrap_or(0).to_string(), label("com.docker.compose.container-number"));
    }
    let health = match text(&truth["State"]["Health"]["Status"]).as_str() {
        "starting" => HealthCheck::Starting,
        "healthy" => HealthCheck::Healthy,
        "unhealthy" => HealthCheck::Unhealthy,
        _ => HealthCheck::None,
    };
    check("health", format!("{:?}", row.check), format!("{health:?}"));
    check(
        "restarts",
        format!("{:?}", row.restarts),
        format!("{:?}", truth["RestartCount"].as_u64().map(|n| n as u32)),
    );
    let memory = truth["HostConfig"]["Memory"].as_u64().filter(|&n| n > 0);
    check("memory limit", format!("{:?}", row.limits.memory), format!("{memory:?}"));
    let cpus = truth["HostConfig"]["NanoCpus"].as_u64().filter(|&n| n > 0).map(|n| n as f64 / 1e9);
    check("cpu limit", format!("{:?}", row.limits.cpus), format!("{cpus:?}"));
    if row.state == State::Running {
        check(
            "pid",
            format!("{:?}", row.pid),
            format!("{:?}", truth["State"]["Pid"].as_u64().map(|n| n as u32)),
        );
        let mut ours: Vec<String> = row
            .ports
            .iter()
            .filter_map(|p| p.host.map(|(_, port)| format!("{port}>{}/{}", p.container, word(p.protocol))))
            .collect();
        let mut theirs = Vec::new();
        for (port, bindings) in truth["NetworkSettings"]["Ports"].as_object().into_iter().flatten() {
            for binding in bindings.as_array().into_iter().flatten() {
                theirs.push(format!("{}>{port}", text(&binding["HostPort"])));
            }
        }
        ours.sort();
        ours.dedup();
        theirs.sort();
        theirs.dedup();
        check("published ports", ours.join(" "), theirs.join(" "));
    } else {
        check(
            "exit code",
            row.exit.map(|e| e.code.to_string()).unwrap_or_default(),
            if row.state == State::Exited { truth["State"]["ExitCode"].to_string() } else { String::new() },
        );
    }
    wrong
}

fn word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    }
}

/// Wait until every row equals the truth; panics with what differs.
fn settle(live: &Live, reference: &Reference) {
    let mut wrong = Vec::new();
    for _ in 0..100 {
        let truth = truth(reference);
        let rows = live.look(|seen| replicas(&seen.fleet));
        wrong.clear();
        for (name, truth) in &truth {
            match rows.iter().find(|r| *r.name == **name) {
                Some(row) => wrong.extend(differences(row, truth)),
                None => wrong.push(format!("{name} is not shown")),
            }
        }
        for row in &rows {
            if !truth.contains_key(&*row.name) {
                wrong.push(format!("{} is shown and does not exist", row.name));
            }
        }
        if wrong.is_empty() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the rows never became right:\n{}", wrong.join("\n"));
}

fn service_replicas(fleet: &Fleet, project: &str, service: &str) -> Vec<Replica> {
    replicas(fleet)
        .into_iter()
        .filter(|r| {
            r.service.project.as_deref() == Some(project)
                && &*r.service.name == service
                && r.role == Role::Replica
        })
        .collect()
}

#[test]
fn platforms_e_and_b_are_shown_right_and_stay_right() {
    let Some(reference) = engine() else { return };
    reference.clear();
    let live = Live::watch(|| open(&reference.host));
    live.until("live", |fleet| matches!(fleet.link(), Some(Link::Live)).then_some(()));

    // Platform E comes up while we look: all by events.
    reference.compose("payments", "payments", &["up", "-d"]);
    live.replica("payment-api", "healthy", |r| r.check == HealthCheck::Healthy);
    settle(&live, &reference);

    // Platform B as well; the same service names live in both projects.
    reference.compose("group-buying", "gb", &["up", "-d"]);
    live.until("16 services and their backing", |fleet| {
        (fleet.services().filter(|s| s.id.project.as_deref() == Some("gb")).count() == 18).then_some(())
    });
    settle(&live, &reference);
    for project in ["payments", "gb"] {
        assert_eq!(
            live.look(|s| service_replicas(&s.fleet, project, "postgres").len()),
            1,
            "postgres of {project}"
        );
    }

    edges_of_the_environment(&live);

    // A second watcher, which finds everything there already, sees the same.
    let second = Live::watch(|| open(&reference.host));
    second.until("synced", |fleet| (fleet.services().count() >= 23).then_some(()));
    settle(&second, &reference);
    drop(second);

    // Scale by compose v1, up and down.
    reference.compose(
        "group-buying",
        "gb",
        &["up", "-d", "--no-recreate", "--scale", "order-service=3", "order-service"],
    );
    live.until("order-service has 3", |f| {
        (service_replicas(f, "gb", "order-service").len() == 3).then_some(())
    });
    settle(&live, &reference);
    reference.compose(
        "group-buying",
        "gb",
        &["up", "-d", "--no-recreate", "--scale", "order-service=1", "order-service"],
    );
    live.until("order-service has 1", |f| {
        (service_replicas(f, "gb", "order-service").len() == 1).then_some(())
    });

    // Die, start, rename, health flip: each seen.
    reference.docker(&["stop", "-t", "0", "gb_auth-service_1"]);
    live.replica("gb_auth-service_1", "exited", |r| r.state == State::Exited && r.exit.is_some());
    reference.docker(&["start", "gb_auth-service_1"]);
    live.replica("gb_auth-service_1", "running", |r| r.state == State::Running);
    reference.docker(&["rename", "gb_wallet-service_1", "purse"]);
    live.replica("purse", "renamed", |r| &*r.service.name == "wallet-service");
    live.gone("gb_wallet-service_1");
    reference.docker(&["exec", "payment-api", "rm", "/tmp/w/api/health/liveness"]);
    live.replica("payment-api", "unhealthy", |r| r.check == HealthCheck::Unhealthy);
    reference.docker(&["exec", "payment-api", "sh", "-c", "echo ok >/tmp/w/api/health/liveness"]);
    live.replica("payment-api", "healthy again", |r| r.check == HealthCheck::Healthy);
    reference.docker(&["update", "--memory", "64m", "--memory-swap", "128m", "purse"]);
    live.replica("purse", "limited", |r| r.limits.memory == Some(64 << 20));
    settle(&live, &reference);

    // A one-off is a job beside the service, not a replica of it.
    reference.compose(
        "group-buying",
        "gb",
        &["run", "-d", "--no-deps", "--name", "gb-job", "review-service", "sleep", "300"],
    );
    live.replica("gb-job", "a job", |r| r.role == Role::Job && &*r.service.name == "review-service");
    assert_eq!(live.look(|s| service_replicas(&s.fleet, "gb", "review-service").len()), 1);

    usage_agrees_with_docker_stats(&live, &reference);
    reference.compose("group-buying", "gb", &["down", "-t", "0"]);
    reference.remove(&["gb-job"]);
    reference.compose("payments", "payments", &["down", "-t", "0"]);
    live.until("nothing is left", |fleet| replicas(fleet).is_empty().then_some(()));
}

/// Who needs whom, read from what the containers were made with; docker-compose 1 labels nothing.
fn edges_of_the_environment(live: &Live) {
    let engine = live.look(|seen| replicas(&seen.fleet)[0].service.engine.clone());
    let gb = |name: &str| ServiceId { engine: engine.clone(), project: Some("gb".into()), name: name.into() };
    for (name, wanted) in [
        ("group-buying-service", "notification-service payment-service warehouse-service"),
        ("order-service", "logistics-service notification-service postgres redis"),
        ("warehouse-service", "factory-service whatsapp-service"),
    ] {
        live.until(&format!("whom {name} needs"), |fleet| {
            let needs = fleet.dependencies().needs(&gb(name)).iter();
            let needs: Vec<&str> = needs.map(|need| &*need.service.name).collect();
            (needs.join(" ") == wanted).then_some(())
        });
    }
    live.look(|seen| {
        let all = seen.fleet.dependencies();
        let struck = all.impact(&gb("factory-service"));
        let struck: Vec<&str> = struck.iter().map(|it| &*it.service.name).collect();
        assert_eq!(struck, ["warehouse-service", "group-buying-service"]);
        let outside: Vec<String> =
            all.outside(&gb("group-buying-service")).iter().map(Outside::path).collect();
        assert_eq!(outside, ["sms.example.com:443"]);
        let known = format!("{all:?}");
        assert!(!known.contains("s3cret") && !known.contains("r0bust"), "no secret is kept");
    });
}

/// Memory and CPU of a busy and an idle container against `docker stats`.
fn usage_agrees_with_docker_stats(live: &Live, reference: &Reference) {
    reference.run(
        "hog",
        &["--cpus", "0.3"],
        "x=$(head -c 20000000 /dev/zero | tr '\\0' x); while :; do :; done",
    );
    let hog = live.replica("hog", "running", |r| r.state == State::Running);
    let (usage, _) = live.until("hog uses its 0.3 of a core", |fleet| {
        let now = jiff::Timestamp::now();
        let usage = fleet.replica_summary(&hog.id, now)?.usage;
        (usage.cpu? > 0.2 && usage.memory? > 20_000_000).then_some(usage)
    });
    assert!(usage.cpu.unwrap() < 0.5, "0.3 of a core were allowed: {usage:?}");
    let stats = reference.docker(&["stats", "--no-stream", "--format", "{{.MemUsage}}", "hog"]);
    let theirs = stats.split('/').next().unwrap().trim();
    let theirs: f64 =
        theirs.trim_end_matches("MiB").parse().unwrap_or_else(|_| panic!("docker stats said {stats:?}"));
    let ours = usage.memory.unwrap() as f64 / f64::from(1 << 20);
    assert!(
        (ours - theirs).abs() < 0.2 * theirs + 2.0,
        "memory: qd {ours:.1} MiB, docker stats {theirs:.1} MiB"
    );
    reference.remove(&["hog"]);
}
