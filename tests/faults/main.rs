//! Bad days: a faulty connection, a killed engine. The console says what is wrong, keeps what it
//! knew, and recovers by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use support::docker::{Reference, engine};
use support::proxy::{Fault, Proxy};
use support::pty::{Term, foreign_escapes};

fn console(host: &str, home: &tempfile::TempDir) -> Term {
    Term::start(&["--host", host], 120, 40, &[], home.path())
}

fn proxied(reference: &Reference, name: &str) -> Proxy {
    Proxy::start(&reference.dir().join(name), &reference.dir().join("docker.sock"))
}

/// A container whose log grows, and that comes back when the engine does.
fn ticking(reference: &Reference, name: &str) {
    reference.run(
        name,
        &["--restart", "always"],
        "i=0; while :; do i=$((i+1)); echo tick $i $(date +%s); sleep 0.2; done",
    );
}

#[test]
fn kill_9_of_the_engine_is_said_and_recovered_from_logs_included() {
    let Some(reference) = engine() else { return };
    reference.clear();
    ticking(&reference, "phoenix");
    let home = tempfile::tempdir().unwrap();
    let mut term = console(&reference.host, &home);
    term.see("phoenix");
    term.keys("/phoenix\rgg");
    term.see("tick 5");

    reference.control("kill");
    let began = Instant::now();
    term.wait("the loss is said", |text| text.contains("not running") || text.contains("lost"));
    eprintln!("   the loss was on screen after {} ms", began.elapsed().as_millis());
    assert!(term.text().contains("phoenix"), "what was known is still shown");
    term.settle(Duration::from_millis(50));
    let first = term.text();
    term.wait("the data's age grows", |text| text != first && text.contains("phoenix"));

    let began = Instant::now();
    reference.control("start");
    eprintln!("   the engine answered again after {} ms", began.elapsed().as_millis());
    let began = Instant::now();
    term.wait("live again", |text| text.lines().next().is_some_and(|l| l.contains("live")));
    eprintln!("   live again {} ms after that", began.elapsed().as_millis());
    // Its log goes on: lines younger than the engine's return.
    let now = jiff::Timestamp::now().as_second();
    term.wait("new log lines", |text| {
        text.lines().any(|l| {
            l.contains("tick") && l.split_whitespace().any(|w| w.parse::<i64>().is_ok_and(|at| at >= now))
        })
    });
    eprintln!("   new log lines {} ms after that", began.elapsed().as_millis());
    term.keys("q");
    term.end();
    term.assert_restored();
    reference.clear();
}

#[test]
fn every_fault_has_its_own_sentence_and_recovery() {
    let Some(reference) = engine() else { return };
    reference.clear();
    reference.run("steady", &[], "sleep 1000");
    let proxy = proxied(&reference, "faulty.sock");
    let home = tempfile::tempdir().unwrap();
    let mut term = console(&proxy.host(), &home);
    term.see("steady");
    for (fault, words) in [
        (Fault::Error500, "on fire"),
        (Fault::Garbage, "makes no sense"),
        (Fault::NotHttp, "makes no sense"),
        (Fault::Cut, "lost"),
        (Fault::Hang, "did not answer"),
    ] {
        proxy.set(fault);
        term.wait_for(&format!("{fault:?} says {words:?}"), Duration::from_secs(40), |text| {
            text.contains(words)
        });
        assert!(term.text().contains("steady"), "{fault:?}: what was known is still shown");
        proxy.set(Fault::None);
        term.wait_for(&format!("recovered from {fault:?}"), Duration::from_secs(40), |text| {
            text.lines().next().is_some_and(|l| l.contains("live"))
        });
    }
    assert_eq!(foreign_escapes(&term.bytes), Vec::<String>::new());
    term.keys("q");
    term.end();
    reference.clear();
}

#[test]
fn a_hung_engine_does_not_hang_the_screen() {
    let Some(reference) = engine() else { return };
    reference.clear();
    reference.run("steady", &["--stop-timeout", "1"], "sleep 1000");
    let proxy = proxied(&reference, "hung.sock");
    let home = tempfile::tempdir().unwrap();
    let mut term = console(&proxy.host(), &home);
    term.see("steady");
    proxy.set_softly(Fault::Hang);
    // A change on a hung engine looks at it first: that can be left, and keys still work.
    term.keys("/steady\rggr");
    term.see("restart");
    term.settle(Duration::from_millis(500));
    term.keys("\u{1b}");
    term.settle(Duration::from_millis(500));
    term.keys("?");
    term.wait("help opens all the same", |text| text.contains("Leave quarterdeck"));
    term.keys("\u{1b}");
    proxy.set(Fault::None);
    term.wait_for("live again", Duration::from_secs(40), |text| {
        text.lines().next().is_some_and(|l| l.contains("live"))
    });
    term.quit();
    term.assert_restored();
    reference.clear();
}

#[test]
fn a_slow_engine_is_only_slow() {
    let Some(reference) = engine() else { return };
    reference.clear();
    reference.run("steady", &[], "sleep 1000");
    let proxy = proxied(&reference, "slow.sock");
    proxy.set(Fault::Delay(300));
    let home = tempfile::tempdir().unwrap();
    let mut term = console(&proxy.host(), &home);
    term.see("steady");
    term.wait("live", |text| text.lines().next().is_some_and(|l| l.contains("live")));
    term.keys("q");
    term.end();
    reference.clear();
}

#[test]
fn commands_exit_3_with_a_sentence_and_a_remedy_when_the_engine_is_unreachable() {
    let Some(reference) = engine() else { return };
    let proxy = proxied(&reference, "commands.sock");
    for fault in [Fault::Cut, Fault::Garbage, Fault::NotHttp, Fault::Error500] {
        proxy.set(fault);
        let home = tempfile::tempdir().unwrap();
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_qd"))
            .args(["--host", &proxy.host(), "status"])
            .env("HOME", home.path())
            .env("QD_STATE_DIR", home.path().join("state"))
            .env("QD_CONFIG_DIR", home.path().join("config"))
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&out.stderr).into_owned();
        let want = if fault == Fault::Error500 { [1, 3] } else { [3, 3] };
        assert!(out.status.code().is_some_and(|c| want.contains(&c)), "{fault:?}: {:?} {words}", out.status);
        assert!(!words.trim().is_empty() && !words.contains('\u{1b}'), "{fault:?}: {words:?}");
        assert!(out.stdout.is_empty(), "{fault:?} printed results");
    }
}

#[test]
fn an_action_on_a_container_that_is_gone_says_so() {
    let Some(reference) = engine() else { return };
    reference.clear();
    reference.run("brief", &["--stop-timeout", "1"], "sleep 1000");
    let home = tempfile::tempdir().unwrap();
    let mut term = console(&reference.host, &home);
    term.see("brief");
    term.keys("/brief\rggr");
    term.settle(Duration::from_millis(200));
    reference.remove(&["brief"]);
    // Already in the question; gone, or for a moment only on its way out.
    term.see("nothing to restart");
    term.keys("y");
    term.wait("said after the yes", |text| {
        text.contains("nothing to restart") && !text.contains("please confirm")
    });
    term.quit();
    term.assert_restored();
}
