#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;

fn engine() -> EngineId {
    EngineId::new("docker")
}

fn entry(value: serde_json::Value) -> Replica {
    from_entry(&engine(), &serde_json::from_value(value).unwrap())
}

fn inspected(value: serde_json::Value) -> Replica {
    from_inspected(&engine(), &serde_json::from_value(value).unwrap())
}

const ID: &str = "79cd943137a1dc1e254703686caf7a7e93b2c5aad4197f6e66294394d0738d6c";

#[test]
fn a_compose_container_belongs_to_its_service() {
    let it = entry(json!({
        "Id": ID, "Names": ["/pay_api_2"], "Image": "shop/api:1.4.2", "ImageID": "sha256:66", "Created": 1_795_179_298,
        "State": "running", "Status": "Up 4 minutes (unhealthy)",
        "Labels": {
            "com.docker.compose.project": "pay", "com.docker.compose.service": "api",
            "com.docker.compose.container-number": "2", "com.docker.compose.oneoff": "False",
            "com.docker.compose.depends_on": "db:service_started:false,cache:service_healthy:true,migrate:service_completed_successfully:false",
            "com.docker.compose.config-hash": "ab12",
            "com.docker.compose.project.working_dir": "/srv/pay",
            "com.docker.compose.project.config_files": "docker-compose.yml",
        },
    }));
    assert_eq!(it.service.path(), "pay/api");
    assert_eq!(
        (it.number, it.role, it.state, it.check),
        (Some(2), Role::Replica, State::Running, HealthCheck::Unhealthy)
    );
    let compose = it.compose.unwrap();
    assert_eq!(compose.depends_on, ["cache".into(), "db".into(), "migrate".into()]);
    assert_eq!(compose.completes, ["migrate".into()]);
    assert_eq!(compose.config_hash.as_deref(), Some("ab12"));
    assert_eq!(compose.working_dir.as_deref(), Some("/srv/pay"));
    assert_eq!(it.created.as_second(), 1_795_179_298);
    assert_eq!((it.restarts, it.pid, it.tty, it.exit), (None, None, None, None));
}

#[test]
fn a_one_off_is_a_job_and_a_lone_container_its_own_service() {
    let job = entry(
        json!({"Id": ID, "Names": ["/pay_api_run_1"], "State": "running", "Status": "Up 1 second",
        "Labels": {"com.docker.compose.project": "pay", "com.docker.compose.service": "api", "com.docker.compose.oneoff": "True"}}),
    );
    assert_eq!((job.role, job.service.path().as_str()), (Role::Job, "pay/api"));
    let spare = entry(json!({"Id": ID, "Names": ["/web.qd-x7k2q.old"], "State": "exited", "Status": ""}));
    assert_eq!((spare.role, spare.service.path().as_str()), (Role::Spare, "web"));
    let lone = entry(
        json!({"Id": ID, "Names": ["/other/alias", "/web"], "State": "created", "Status": "Created", "Labels": null}),
    );
    assert_eq!((lone.service.path().as_str(), lone.service.project.as_deref()), ("web", None));
    assert_eq!((lone.compose, lone.state), (None, State::Created));
}

#[test]
fn status_words_tell_exit_code_and_health() {
    let with = |state: &str, status: &str| {
        let it = entry(json!({"Id": ID, "Names": ["/x"], "State": state, "Status": status}));
        (it.state, it.exit.map(|e| e.code), it.check)
    };
    assert_eq!(with("exited", "Exited (137) 3 minutes ago"), (State::Exited, Some(137), HealthCheck::None));
    assert_eq!(
        with("restarting", "Restarting (1) 5 seconds ago"),
        (State::Restarting, Some(1), HealthCheck::None)
    );
    assert_eq!(with("running", "Up 2 hours (healthy)"), (State::Running, None, HealthCheck::Healthy));
    assert_eq!(with("running", "Up 2 s (health: starting)"), (State::Running, None, HealthCheck::Starting));
    assert_eq!(with("paused", "Up 2 hours (Paused)"), (State::Paused, None, HealthCheck::None));
    assert_eq!(with("dead", "Dead"), (State::Dead, None, HealthCheck::None));
    // Podman's own words, and one nobody knows.
    assert_eq!(with("stopped", "").0, State::Exited);
    assert_eq!(with("configured", "").0, State::Created);
    assert_eq!(with("levitating", "").0, State::Exited);
}

#[test]
fn an_inspect_fills_in_the_rest() {
    let it = inspected(json!({
        "Id": ID, "Created": "2026-11-20T12:54:58.88537767Z", "Name": "/web", "Image": "sha256:66", "RestartCount": 3,
        "State": {"Status": "running", "Pid": 12527, "ExitCode": 0, "OOMKilled": false,
            "StartedAt": "2026-11-20T12:54:59.07Z", "FinishedAt": "0001-01-01T00:00:00Z", "Health": {"Status": "starting"}},
        "HostConfig": {"Memory": 67_108_864, "NanoCpus": 1_500_000_000, "CpuQuota": 0, "CpuPeriod": 0, "PidsLimit": null, "CpusetCpus": ""},
        "Config": {"Tty": true, "Image": "shop/web:1", "ExposedPorts": {"80/tcp": {}, "53/udp": {}}, "Labels": {}},
        "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}], "53/udp": null}},
    }));
    assert_eq!((it.restarts, it.pid, it.tty, it.exit), (Some(3), Some(12527), Some(true), None));
    assert_eq!((it.started.is_some(), it.finished), (true, None));
    assert_eq!(it.limits, Limits { cpus: Some(1.5), memory: Some(67_108_864), pids: None });
    assert_eq!(it.image.reference.as_ref(), "shop/web:1");
    assert_eq!(it.check, HealthCheck::Starting);
    let ports: Vec<_> =
        it.ports.iter().map(|p| (p.container, p.protocol, p.host.map(|h| h.0.is_ipv6()))).collect();
    assert_eq!(
        ports,
        [(53, Protocol::Udp, None), (80, Protocol::Tcp, Some(false)), (80, Protocol::Tcp, Some(true))]
    );
}

#[test]
fn exit_and_oom_are_the_engines_word_only() {
    let with = |state: serde_json::Value| inspected(json!({"Id": ID, "Name": "/x", "State": state}));
    let killed = with(
        json!({"Status": "exited", "ExitCode": 137, "OOMKilled": false, "Pid": 0, "Health": {"Status": "unhealthy"}}),
    );
    assert_eq!(killed.exit, Some(Exit { code: 137, oom: false }), "137 alone is not out of memory");
    assert_eq!((killed.pid, killed.check), (None, HealthCheck::None), "a stopped container has no health");
    let oom = with(json!({"Status": "exited", "ExitCode": 137, "OOMKilled": true}));
    assert_eq!(oom.exit, Some(Exit { code: 137, oom: true }));
    assert_eq!(with(json!({"Status": "running", "ExitCode": 0})).exit, None);
    assert_eq!(with(json!({"Status": "created", "ExitCode": 0})).exit, None);
    let failed = with(json!({"Status": "created", "ExitCode": 127, "Error": "no such file"}));
    assert_eq!(failed.exit.map(|e| e.code), Some(127), "could not be started");
    assert_eq!(failed.refused.as_deref(), Some("no such file"));
    let runs = with(json!({"Status": "running", "Error": "of the last start"}));
    assert_eq!(runs.refused, None);
}

#[test]
fn limits_are_the_least_that_is_allowed() {
    let with = |value: serde_json::Value| limits(&serde_json::from_value(value).unwrap()).cpus;
    assert_eq!(with(json!({})), None);
    assert_eq!(with(json!({"CpuQuota": -1, "CpuPeriod": 100_000})), None);
    assert_eq!(with(json!({"CpuQuota": 50_000})), Some(0.5));
    assert_eq!(with(json!({"CpuQuota": 400_000, "CpuPeriod": 100_000, "CpusetCpus": "0-1,5"})), Some(3.0));
    assert_eq!(with(json!({"CpusetCpus": "3-1"})), None);
    assert_eq!(with(json!({"CpusetCpus": "0-4294967295,0-4294967295"})), Some(f64::from(u32::MAX)));
}

#[test]
fn hostile_names_stay_apart_and_harmless() {
    let long = "x".repeat(4096);
    let other = ID.replace('7', "8");
    let a = entry(json!({"Id": ID, "Names": [format!("/{long}")], "State": "running"}));
    let b = entry(json!({"Id": other, "Names": [format!("/{long}")], "State": "running"}));
    assert_ne!(a.service, b.service, "two containers are two rows, however their names are cut");
    assert!(a.name.chars().count() <= NAME);
    let escape = entry(
        json!({"Id": ID, "Names": ["/\u{1b}]0;x\u{7}web"], "State": "running", "Image": "\u{1b}[31mred",
        "Labels": {"com.docker.compose.project": "\u{9b}31mp", "com.docker.compose.service": "s\u{1b}[2J",
            "com.docker.compose.container-number": "-1", "com.docker.compose.depends_on": ",,:,\u{1b}:"}}),
    );
    let all = format!("{} {} {}", escape.name, escape.service, escape.image.reference);
    assert!(!all.chars().any(char::is_control), "{all:?}");
    assert_eq!(escape.number, None);
    let nameless = entry(json!({"Id": ID, "Names": null, "State": "running"}));
    assert_eq!(&*nameless.name, &ID[..12]);
}

#[test]
fn what_is_missing_or_null_does_no_harm() {
    let it = entry(json!({"Id": ID}));
    assert_eq!(it.state, State::Exited);
    let it =
        inspected(json!({"Id": ID, "State": {"Running": true}, "HostConfig": {}, "Config": {"Labels": null},
        "NetworkSettings": {"Ports": null, "Networks": null}}));
    assert_eq!((it.state, it.ports.len()), (State::Running, 0));
}

#[test]
fn a_later_list_keeps_what_an_inspect_taught_while_it_holds() {
    let known = inspected(json!({"Id": ID, "Name": "/web", "Image": "sha256:66", "RestartCount": 3,
        "State": {"Status": "running", "Pid": 7, "StartedAt": "2026-11-20T12:54:59Z"}, "Config": {"Image": "web:1"}}));
    let listed = |state: &str, status: &str| {
        entry(
            json!({"Id": ID, "Names": ["/web"], "Image": "66", "ImageID": "sha256:66", "State": state, "Status": status}),
        )
    };
    let same = with_known(listed("running", "Up 1 minute"), &known);
    assert_eq!((same.pid, same.restarts, same.started), (Some(7), Some(3), known.started));
    assert_eq!(same.image.reference.as_ref(), "web:1", "not the id, though the tag has moved");
    assert!(!differs(&same, &known));
    let ended = listed("exited", "Exited (1) 2 seconds ago");
    assert!(differs(&ended, &known));
    let ended = with_known(ended, &known);
    assert_eq!((ended.pid, ended.exit.map(|e| e.code)), (None, Some(1)));
}

#[test]
fn what_does_not_run_claims_its_host_ports() {
    let bindings = json!({
        "80/tcp": [{"HostIp": "", "HostPort": "8080"}], "443/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8443"}],
        "90/tcp": [{"HostIp": "", "HostPort": ""}], "91/tcp": [{"HostIp": "", "HostPort": "9000-9010"}], "92/tcp": null,
        "93/tcp": [{"HostIp": "no address", "HostPort": "93"}],
    });
    let with = |status: &str, network: &str, ports: serde_json::Value| {
        let it = inspected(json!({
            "Id": ID, "Name": "/web", "State": {"Status": status},
            "HostConfig": {"NetworkMode": network, "PortBindings": bindings},
            "Config": {"ExposedPorts": {"80/tcp": {}, "53/udp": {}}}, "NetworkSettings": {"Ports": ports},
        }));
        let word = |p: &Port| {
            let host = p.host.map(|h| std::net::SocketAddr::from(h).to_string());
            format!("{}>{}", host.unwrap_or_default(), p.container)
        };
        it.ports.iter().map(word).collect::<Vec<_>>()
    };
    let claimed = [">53", "0.0.0.0:8080>80", "[::]:8080>80", "127.0.0.1:8443>443"];
    for state in ["exited", "created", "restarting"] {
        assert_eq!(with(state, "shop_default", json!({})), claimed, "{state}");
    }
    // What it holds while it runs is what the engine says, and the host's network has no bindings.
    let held = json!({"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]});
    assert_eq!(with("running", "shop_default", held), [">53", "0.0.0.0:8080>80"]);
    for network in ["host", "none", "container:ab"] {
        assert_eq!(with("exited", network, json!({})), [">53", ">80"], "{network}");
    }
}

#[test]
fn a_later_list_keeps_what_a_stopped_container_claims() {
    let known = inspected(json!({"Id": ID, "Name": "/web", "State": {"Status": "exited", "ExitCode": 0},
        "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]},
            "RestartPolicy": {"Name": "always"}}}));
    let listed = |state: &str, status: &str| {
        entry(json!({"Id": ID, "Names": ["/web"], "State": state, "Status": status}))
    };
    let same = with_known(listed("exited", "Exited (0) 1 hour ago"), &known);
    assert_eq!((same.ports.as_slice(), same.kept_up), (known.ports.as_slice(), true));
    assert_eq!(known.ports.len(), 1);
    let runs = with_known(listed("running", "Up 1 second"), &known);
    assert!(runs.ports.is_empty(), "what runs holds what the list says: {:?}", runs.ports);
}

#[test]
fn the_engine_keeps_up_what_its_policy_says_unless_it_could_not() {
    let with = |policy: &str, error: &str| {
        inspected(json!({"Id": ID, "State": {"Status": "exited", "ExitCode": 137, "Error": error},
            "HostConfig": {"RestartPolicy": {"Name": policy}}}))
        .kept_up
    };
    assert!(with("always", "") && with("unless-stopped", ""));
    assert!(!with("no", "") && !with("on-failure", "") && !with("", ""));
    assert!(!with("always", "driver failed: port is already allocated"));
}

#[test]
fn its_own_addresses_come_from_the_list_and_the_likeliest_first() {
    let networks = json!({
        "a_overlay": {"IPAddress": "10.0.1.4", "Gateway": ""},
        "b_broken": null,
        "c_bridge": {"IPAddress": "172.18.0.3", "Gateway": "172.18.0.1", "GlobalIPv6Address": "fd00::3"},
        "d_none": {"IPAddress": "", "Gateway": ""},
    });
    let with = |state: &str, mode: &str, labels: serde_json::Value| {
        entry(json!({"Id": ID, "Names": ["/web"], "State": state, "Labels": labels,
            "HostConfig": {"NetworkMode": mode}, "NetworkSettings": {"Networks": networks}}))
        .addresses
    };
    let parse = |all: &[&str]| all.iter().map(|a| a.parse().unwrap()).collect::<Vec<IpAddr>>();
    assert_eq!(with("running", "x", json!({})), parse(&["172.18.0.3", "fd00::3", "10.0.1.4"]));
    assert_eq!(with("exited", "x", json!({})), parse(&[]));
    assert_eq!(with("running", "host", json!({})), parse(&["127.0.0.1"]));
    let task = json!({"com.docker.swarm.task.id": "t", "com.docker.swarm.service.name": "web"});
    assert_eq!(with("running", "x", task), parse(&["172.18.0.3", "fd00::3"]));
    // An inspect says the same.
    let it = inspected(json!({"Id": ID, "Name": "/web", "State": {"Status": "running"},
        "HostConfig": {}, "Config": {}, "NetworkSettings": {"Networks": networks}}));
    assert_eq!(it.addresses, with("running", "x", json!({})));
}

#[test]
fn only_our_own_labels_are_kept_and_they_are_clean_and_bounded() {
    let mut labels = serde_json::Map::new();
    labels.insert("quarterdeck.probe.http".into(), json!("/health\u{1b}[31m"));
    labels.insert("quarterdeck.empty".into(), json!(null));
    labels.insert("quarterdeckx".into(), json!("no"));
    labels.insert("com.example".into(), json!("no"));
    let it = entry(json!({"Id": ID, "Names": ["/web"], "State": "running", "Labels": labels}));
    let seen: Vec<(&str, &str)> = it.labels.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(seen, [("empty", ""), ("probe.http", "/health")]);
    for n in 0..1000 {
        labels.insert(format!("quarterdeck.z{n}"), json!("x".repeat(100_000)));
    }
    let it = entry(json!({"Id": ID, "Names": ["/web"], "State": "running", "Labels": labels}));
    assert_eq!(it.labels.len(), OWN_LABELS);
    assert!(it.labels.values().all(|value| value.len() <= 1100));
}
