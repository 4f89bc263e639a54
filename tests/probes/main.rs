//! Probes on a real engine: what runs and does not answer is red, for the right reason, and green
//! again once it does; and what it says of itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;

use jiff::Timestamp;
use quarterdeck::config::{EngineSettings, Protection, Settings};
use quarterdeck::engine::{self, Engine};
use quarterdeck::fleet::{Fleet, Health, ServiceId, Since};
use support::docker::{Reference, engine};
use support::live::Live;

/// A web server whose `/cgi-bin/health` answers with what `/tmp/status` says.
const WEB: &str = r#"mkdir -p /www/cgi-bin; [ -e /tmp/status ] || echo 200 OK >/tmp/status
cat >/www/cgi-bin/health <<'END'
#!/bin/sh
printf 'HTTP/1.1 %s\r\nConnection: close\r\n\r\n{"service":"web"}\n' "$(cat /tmp/status)"
END
chmod +x /www/cgi-bin/health; exec httpd -f -p 8080 -h /www"#;

/// What is told of an engine, probes and all.
fn live(reference: &Reference, config: &str) -> Live {
    let settings = Settings::read("c.toml", config).unwrap();
    let host = Some(reference.host.clone());
    let open = move || -> Arc<dyn Engine> {
        engine::open(&EngineSettings { host, context: None }, Protection::default()).unwrap()
    };
    Live::joined(open, move |engine| quarterdeck::watch::watch(engine, &settings))
}

fn verdict(fleet: &Fleet, name: &str) -> Option<Since> {
    let service = fleet.services().find(|service| &*service.id.name == name)?;
    Some(fleet.summary(&service.id, Timestamp::now())?.health)
}

/// Wait until a service is that; says why it is.
fn until(live: &Live, name: &str, health: Health) -> String {
    let is = |fleet: &Fleet| verdict(fleet, name).filter(|since| since.health == health);
    live.until(&format!("{name} {}", health.word()), is).0.why
}

fn sh(reference: &Reference, name: &str, script: &str) {
    reference.docker(&["exec", name, "sh", "-c", script]);
}

/// `qd check` on this engine.
fn check(reference: &Reference, config: &str, args: &[&str]) -> (i32, String) {
    qd(reference, config, &[&["check"], args].concat())
}

fn qd(reference: &Reference, config: &str, args: &[&str]) -> (i32, String) {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("config.toml"), config).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_qd"))
        .args(["--host", &reference.host, "--no-journal"])
        .args(args)
        .env("QD_CONFIG_DIR", home.path())
        .env("QD_STATE_DIR", home.path())
        .output()
        .unwrap();
    let said = [out.stdout, out.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (out.status.code().unwrap_or(-1), said)
}

const QUICK: [&str; 4] =
    ["--label", "quarterdeck.probe.interval=1s", "--label", "quarterdeck.probe.retries=2"];

#[test]
fn a_label_turns_what_runs_and_is_broken_red_and_green_again() {
    let Some(reference) = engine() else { return };
    reference.clear();
    let labels =
        ["--label", "quarterdeck.probe.http=/cgi-bin/health", "--label", "quarterdeck.probe.port=8080"];
    reference.run("web", &[&labels[..], &QUICK].concat(), WEB);
    let live = live(&reference, "");
    until(&live, "web", Health::Healthy);
    sh(&reference, "web", "echo 503 Sick >/tmp/status");
    assert_eq!(until(&live, "web", Health::Unhealthy), "http /cgi-bin/health: status 503, wanted 200-399");
    let (code, said) = check(&reference, "", &["web"]);
    assert!(code == 1 && said.contains("status 503"), "{said}");
    sh(&reference, "web", "echo 200 OK >/tmp/status");
    until(&live, "web", Health::Healthy);
    reference.docker(&["restart", "-t", "0", "web"]);
    until(&live, "web", Health::Healthy);
    reference.clear();
}

#[test]
fn what_hangs_is_told_from_what_refuses_and_comes_back() {
    let Some(reference) = engine() else { return };
    reference.clear();
    let labels =
        ["--label", "quarterdeck.probe.http=/cgi-bin/health", "--label", "quarterdeck.probe.port=8080"];
    reference.run("web", &[&labels[..], &QUICK].concat(), WEB);
    let live = live(&reference, "");
    until(&live, "web", Health::Healthy);
    // It runs, its port is open, and nobody is at home: the engine sees nothing of it.
    reference.docker(&["kill", "-s", "STOP", "web"]);
    let why = until(&live, "web", Health::Unhealthy);
    assert_eq!(why, "http /cgi-bin/health: no answer within 3 s");
    reference.docker(&["kill", "-s", "CONT", "web"]);
    until(&live, "web", Health::Healthy);
    reference.clear();
}

#[test]
fn a_published_port_that_is_accepted_for_a_dead_application_is_not_believed() {
    let Some(reference) = engine() else { return };
    reference.clear();
    let labels = ["-p", "18080:8080", "--label", "quarterdeck.probe.tcp=8080"];
    reference.run("dead", &[&labels[..], &QUICK].concat(), "sleep 1000");
    let connects = TcpStream::connect("127.0.0.1:18080").is_ok();
    assert!(connects, "the engine's proxy accepts for it: else there is nothing to show here");
    let config = "[[probe]]\nservice = 'dead'\nname = 'published'\ntcp = '127.0.0.1:18080'\n\
                  interval = '1s'\nretries = 1\n";
    let live = live(&reference, config);
    let why = until(&live, "dead", Health::Unhealthy);
    let told = |name: &str| {
        live.until(name, |fleet| {
            let id: ServiceId = fleet.services().find(|service| &*service.id.name == "dead")?.id.clone();
            fleet.probes(&id).find(|probe| &*probe.last().probe == name)?.why().cloned()
        })
        .0
    };
    assert_eq!(&*told("tcp 8080"), "connection refused", "{why}");
    assert_eq!(&*told("published"), "the published port accepts and hangs up: nothing listens behind it");
    // Once somebody listens there, all of it passes.
    reference.docker(&["exec", "-d", "dead", "httpd", "-f", "-p", "8080"]);
    until(&live, "dead", Health::Healthy);
    reference.clear();
}

#[test]
fn commands_in_the_container_decide_by_their_exit_code() {
    let Some(reference) = engine() else { return };
    reference.clear();
    reference.run("worker", &[], "sleep 1000");
    let config = "[[probe]]\nservice = 'work*'\nexec = ['sh', '-c', 'test -e /tmp/well || { echo no queue >&2; exit 3; }']\n\
                  interval = '500ms'\nretries = 2\n";
    let live = live(&reference, config);
    assert_eq!(until(&live, "worker", Health::Unhealthy), "exec sh: exit 3: no queue");
    sh(&reference, "worker", "touch /tmp/well");
    until(&live, "worker", Health::Healthy);
    reference.clear();
}

#[test]
fn check_waits_until_what_was_just_started_answers() {
    let Some(reference) = engine() else { return };
    reference.clear();
    let labels =
        ["--label", "quarterdeck.probe.http=/cgi-bin/health", "--label", "quarterdeck.probe.port=8080"];
    reference.run("late", &labels, &format!("sleep 3; {WEB}"));
    let (code, said) = check(&reference, "", &["late"]);
    assert!(code == 1 && said.contains("connection refused"), "{said}");
    let (code, said) = check(&reference, "", &["late", "--wait", "60s"]);
    assert!(code == 0 && said.contains("waiting for late (unhealthy: http"), "{said}");
    // Its own name in the body, and another's.
    let named = |name: &str| {
        format!(
            "[[probe]]\nservice = 'late'\nhttp = '/cgi-bin/health'\nport = 8080\n\
                 expect.json = {{ pointer = '/service', equals = '{name}' }}\n"
        )
    };
    let (code, said) = check(&reference, &named("web"), &["late"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = check(&reference, &named("{service}"), &["late"]);
    assert!(code == 1 && said.contains("says web, not late"), "{said}");
    reference.clear();
}

#[test]
fn a_gate_opens_only_for_what_answers() {
    let Some(reference) = engine() else { return };
    reference.clear();
    let labels = [
        "quarterdeck.probe.ready.http=/cgi-bin/health",
        "quarterdeck.probe.ready.port=8080",
        "quarterdeck.probe.ready.timeout=1s",
        "quarterdeck.gate.stay=1s",
        "quarterdeck.gate.settle=0s",
        "quarterdeck.gate.deadline=8s",
    ];
    let options: Vec<&str> = labels.iter().flat_map(|label| ["--label", label]).collect();
    reference.run("web", &options, WEB);
    let (code, said) = qd(&reference, "", &["restart", "web", "--yes"]);
    assert_eq!(code, 0, "{said}");
    // The engine is content with it, its users are not.
    sh(&reference, "web", "echo 503 Sick >/tmp/status");
    let (code, said) = qd(&reference, "", &["restart", "web", "--yes"]);
    assert!(code == 1 && said.contains("runs and does not answer as it should after 8 s"), "{code} {said}");
    assert!(said.contains("http /cgi-bin/health: status 503, wanted 200-399"), "{said}");
    assert_eq!(reference.inspect("web", "{{.State.Status}}"), "running");
    reference.clear();
}

/// A web server whose `/cgi-bin/metrics` counts each time it is asked.
const COUNTS: &str = r#"mkdir -p /www/cgi-bin
cat >/www/cgi-bin/metrics <<'END'
#!/bin/sh
n=$(cat /tmp/n 2>/dev/null || echo 0); n=$((n + 1)); echo $n >/tmp/n
printf 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'
echo 'half a line {'
echo "http_requests_total{code=\"200\"} $((n * 75))"
echo "http_requests_total{code=\"500\"} $((n * 25))"
echo "http_request_duration_seconds_bucket{le=\"0.2\"} $((n * 100))"
echo "http_request_duration_seconds_bucket{le=\"+Inf\"} $((n * 100))"
echo 'queue_depth 42'
END
chmod +x /www/cgi-bin/metrics; exec httpd -f -p 9000 -h /www"#;

#[test]
fn what_a_container_says_of_itself_is_in_the_row_and_in_the_table() {
    let Some(reference) = engine() else { return };
    reference.clear();
    let labels = [
        "quarterdeck.metrics=/cgi-bin/metrics",
        "quarterdeck.metrics.port=9000",
        "quarterdeck.metrics.interval=1s",
    ];
    let options: Vec<&str> = labels.iter().flat_map(|label| ["--label", label]).collect();
    reference.run("counts", &options, COUNTS);
    reference.run("silent", &options, "exec httpd -f -p 9000 -h /tmp");
    let config = "[[metrics]]\nservice = 'counts'\n\
                  exec = [{ name = 'lag', argv = ['sh', '-c', 'echo lag: 17 of {service}'], unit = 'msgs' }]\n";
    let live = live(&reference, config);
    let summary = |fleet: &Fleet| {
        let service = fleet.services().find(|service| &*service.id.name == "counts")?.id.clone();
        let now = Timestamp::now();
        fleet.measured(&service, "lag", now).filter(|lag| (lag - 17.0).abs() < 1e-9)?;
        fleet.summary(&service, now).filter(|it| it.p95.is_some() && it.error_rate == Some(0.25))
    };
    let summary = live.until("figures in the row of counts", summary).0;
    assert_eq!(summary.p95.unwrap().as_millis(), 190);
    let (code, said) = qd(&reference, config, &["metrics", "--over", "1s"]);
    assert_eq!(code, 1, "{said}");
    for words in ["error_rate", "25%", "p95_response_time", "190ms", "17 msgs", "status 404", "http://"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    reference.clear();
}
