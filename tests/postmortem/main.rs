//! Deaths on a real engine: each is told by its true cause, seen as it happens and put together
//! afterwards, and what somebody stopped is no crash.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::docker::{Reference, engine};

const SOON: Duration = Duration::from_secs(30);

/// qd on this engine, with its journal in that place.
fn qd(reference: &Reference, home: &Path, args: &[&str]) -> Command {
    let mut qd = Command::new(env!("CARGO_BIN_EXE_qd"));
    qd.args(["--host", &reference.host]).args(args);
    qd.env("QD_CONFIG_DIR", home).env("QD_STATE_DIR", home);
    qd
}

fn json(reference: &Reference, home: &Path, args: &[&str]) -> Value {
    let out = qd(reference, home, &[&["postmortem", "-o", "json"], args].concat()).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

fn kind(one: &Value) -> (&str, bool) {
    (one["cause"]["kind"].as_str().unwrap(), one["cause"]["certain"].as_bool().unwrap())
}

fn watch(reference: &Reference, home: &Path) -> Child {
    qd(reference, home, &["watch"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < SOON, "{what}: not within {SOON:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// How many are kept of a service, without asking the engine for what is newer.
fn kept(reference: &Reference, home: &Path) -> Vec<(String, String)> {
    let all = json(reference, home, &[]);
    let one =
        |it: &Value| (it["service"].as_str().unwrap().to_owned(), it["kind"].as_str().unwrap().to_owned());
    all["postmortems"].as_array().unwrap().iter().map(one).collect()
}

/// Ask a process to end, and wait until it has.
fn end(mut process: Child) {
    rustix::process::kill_process(rustix::process::Pid::from_child(&process), rustix::process::Signal::TERM)
        .unwrap();
    process.wait().unwrap();
}

fn log_of(one: &Value) -> Vec<&str> {
    one["record"]["log"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap()).collect()
}

#[test]
fn every_death_is_told_by_its_true_cause() {
    let Some(reference) = engine() else { return };
    reference.clear();
    let (seen, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // Two beside each other write one down.
    let watches = [watch(&reference, seen.path()), watch(&reference, seen.path())];
    reference.run("first", &[], "sleep 1000");
    until("both look on", || {
        let out = qd(&reference, seen.path(), &["journal", "-o", "json"]).output().unwrap();
        String::from_utf8_lossy(&out.stdout).contains("first")
    });
    std::thread::sleep(Duration::from_secs(1));

    reference.run("loop", &["--restart", "on-failure:5"], "echo 'ERROR no database'; exit 3");
    reference.run("oom", &["--memory", "16m"], "echo filling up; sleep 0.5; tail /dev/zero");
    reference.run("shot", &[], "echo at work; while :; do sleep 1; done");
    let deaf = "trap '' TERM; echo deaf; while :; do sleep 1; done";
    reference.run("stopped", &[], deaf);
    reference.run("killed", &[], deaf);
    let pid = reference.inspect("shot", "{{.State.Pid}}");
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    reference.docker(&["stop", "-t", "1", "stopped"]);
    reference.docker(&["kill", "killed"]);
    until("the loop ends", || reference.inspect("loop", "{{.State.Status}} {{.RestartCount}}") == "exited 5");
    until("all are kept", || kept(&reference, seen.path()).len() >= 4);
    // Who leaves writes down what waits: the rest of the loop.
    watches.into_iter().for_each(end);

    let mut all = kept(&reference, seen.path());
    all.sort();
    let want = [
        ("killed", "killed-by-request"),
        ("loop", "failed"),
        ("oom", "out-of-memory"),
        ("shot", "killed-from-outside"),
    ];
    assert_eq!(
        all,
        want.map(|(service, kind)| (service.to_owned(), kind.to_owned())),
        "each once, and no stop"
    );

    // As it was seen, and as it can still be told where nobody looked on.
    for (home, witnessed) in [(seen.path(), true), (after.path(), false)] {
        let of = |service: &str| {
            let one = json(&reference, home, &[service]);
            assert_eq!(one["record"]["witnessed"], witnessed, "{service}");
            assert_eq!(one.get("id").is_some(), witnessed, "{service}");
            one
        };
        let found = of("loop");
        assert_eq!(kind(&found), ("failed", true));
        assert_eq!(
            (&found["record"]["exit"], &found["cause"]["crash_loop"]["times"]),
            (&3.into(), &6.into())
        );
        assert!(found["sentence"].as_str().unwrap().contains("Crash loop, 6 deaths"), "{found}");
        assert!(found["facts"].to_string().contains("ERROR no database"), "{}", found["facts"]);
        assert_eq!(log_of(&found).len(), 6, "what every run said");

        let found = of("oom");
        assert_eq!(kind(&found), ("out-of-memory", true));
        assert_eq!((&found["record"]["oom"], &found["record"]["limit"]), (&true.into(), &(16 << 20).into()));
        assert!(found["sentence"].as_str().unwrap().contains("at its limit of 16MiB"), "{found}");
        assert_eq!(log_of(&found), ["filling up"]);

        let found = of("shot");
        assert_eq!(kind(&found), ("killed-from-outside", true));
        assert_eq!((&found["record"]["exit"], &found["record"]["oom"]), (&137.into(), &false.into()));
        assert_eq!(kind(&of("killed")), ("killed-by-request", true));
    }
    // Somebody wanted it: no crash, whoever asks.
    for home in [seen.path(), after.path()] {
        let stopped = json(&reference, home, &["stopped"]);
        assert_eq!(kind(&stopped), ("stopped", true));
        assert!(stopped["sentence"].as_str().unwrap().contains("did not obey SIGTERM"), "{stopped}");
    }
    reference.clear();
}

#[test]
fn what_could_not_be_started_and_what_nobody_stopped_are_told() {
    let Some(reference) = engine() else { return };
    reference.clear();
    let home = tempfile::tempdir().unwrap();
    let out = reference.try_docker(&["run", "-d", "--name", "absent", "qdtest/base:1", "/no/such/program"]);
    assert!(!out.status.success());
    let found = json(&reference, home.path(), &["absent"]);
    assert_eq!(kind(&found), ("not-started", true));
    assert!(found["sentence"].as_str().unwrap().contains("/no/such/program"), "{found}");

    reference.run("alive", &[], "sleep 1000");
    let out = qd(&reference, home.path(), &["postmortem", "alive"]).output().unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out.stderr).contains("nothing of alive has died"));

    // It crashed, and somebody started it again: the engine forgets how, its events do not.
    reference.run(
        "again",
        &[],
        "[ -e /tmp/was ] && exec sleep 1000; touch /tmp/was; sh -c 'kill -SEGV $$'; exit $?",
    );
    until("it ends", || reference.inspect("again", "{{.State.Status}}") == "exited");
    reference.docker(&["start", "again"]);
    let found = json(&reference, home.path(), &["again"]);
    assert_eq!((kind(&found), &found["record"]["exit"]), (("crashed", true), &139.into()));
    let out = qd(&reference, home.path(), &["postmortem", "again", "-o", "md", "--utc"]).output().unwrap();
    let report = String::from_utf8(out.stdout).unwrap();
    assert!(report.starts_with("# Post-mortem of again\n\n**It crashed: a segmentation fault"), "{report}");
    reference.clear();
}
