//! Logs follow the service: through restart and recreate, in the console and in a pipe.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use crate::support::docker::engine;
use crate::{console, qd, select};

const COUNTER: &str = "trap 'exit 0' TERM; i=0; while :; do i=$((i+1)); echo run $(cat /proc/sys/kernel/random/uuid | cut -c1-4) line $i; sleep 0.2; done";

#[test]
fn a_services_logs_live_through_restart_and_recreate() {
    let Some(reference) = engine() else { return };
    reference.clear();
    let labels = [
        "-l",
        "com.docker.compose.project=p",
        "-l",
        "com.docker.compose.service=web",
        "-l",
        "com.docker.compose.container-number=1",
    ];
    reference.run("p_web_1", &labels, COUNTER);
    let home = tempfile::tempdir().unwrap();
    let mut term = console(&reference, &home, &[], 160, 50);
    select(&mut term, "web");
    term.see("line 3");
    reference.docker(&["restart", "-t", "1", "p_web_1"]);
    term.wait("a marker of the restart", |text| text.contains('✂'));
    term.settle(Duration::from_millis(300));
    reference.remove(&["p_web_1"]);
    reference.run("p_web_1", &labels, "while :; do echo second life; sleep 0.2; done");
    term.see("second life");
    term.quit();
    reference.clear();
}

#[test]
fn following_in_a_pipe_goes_on_through_a_restart_without_loss_or_repeat() {
    let Some(reference) = engine() else { return };
    reference.clear();
    // Numbers go on over the restart, so that a lost or a repeated line shows.
    reference.run("count", &[], "trap 'exit 0' TERM; while :; do i=$(($(cat /n 2>/dev/null || echo 0)+1)); echo $i >/n; echo n=$i; sleep 0.05; done");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_qd"))
        .args(["--host", &reference.host, "logs", "--follow", "count"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut numbers: Vec<u32> = Vec::new();
    let mut restarted = false;
    while numbers.len() < 120 {
        let line = lines.next().expect("goes on").unwrap();
        if let Some(n) = line.split("n=").nth(1).and_then(|n| n.trim().parse().ok()) {
            numbers.push(n);
        }
        if numbers.len() == 40 && !restarted {
            restarted = true;
            reference.docker(&["restart", "-t", "1", "count"]);
        }
    }
    drop(lines);
    let _ = child.wait();
    for pair in numbers.windows(2) {
        assert_eq!(pair[1], pair[0] + 1, "lost or repeated around the restart: {numbers:?}");
    }
    reference.clear();
}

#[test]
fn logs_filter_levels_and_json() {
    let Some(reference) = engine() else { return };
    reference.clear();
    reference.run(
        "mixed",
        &[],
        r#"echo '{"level":"error","msg":"json broke","code":7}'; echo 'level=warn msg="logfmt warned"'; echo 'plain INFO fine'; echo 'ERROR plain broke'; sleep 1000"#,
    );
    std::thread::sleep(Duration::from_millis(500));
    let text = |args: &[&str]| {
        let mut all = vec!["logs", "mixed"];
        all.extend(args);
        let out = qd(&reference, &all);
        assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    let errors = text(&["--level", "error"]);
    assert!(errors.contains("json broke") && errors.contains("plain broke"), "{errors}");
    assert!(!errors.contains("warned") && !errors.contains("fine"), "{errors}");
    let grep = text(&["--grep", "w.rned"]);
    assert!(grep.contains("warned") && !grep.contains("fine"), "{grep}");
    let json = text(&["-o", "json"]);
    for line in json.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(value["replica"].is_string() && value["text"].is_string(), "{line}");
    }
    assert_eq!(
        qd(&reference, &["logs", "mixed", "--grep", "("]).status.code(),
        Some(2),
        "a broken pattern is a usage error"
    );
    reference.clear();
}

#[test]
fn a_monster_line_does_not_sink_the_console() {
    let Some(reference) = engine() else { return };
    reference.clear();
    reference.run(
        "monster",
        &[],
        "sleep 1; head -c 10485760 /dev/zero | tr '\\0' m; echo; echo after the monster; sleep 1000",
    );
    let home = tempfile::tempdir().unwrap();
    let mut term = console(&reference, &home, &[], 100, 30);
    select(&mut term, "monster");
    term.see("after the monster");
    let status = std::fs::read_to_string(format!("/proc/{}/status", term.pid())).unwrap();
    let peak: u64 = status
        .lines()
        .find_map(|l| l.strip_prefix("VmHWM:")?.trim().trim_end_matches(" kB").parse().ok())
        .unwrap();
    assert!(peak < 150 * 1024, "{peak} kB of memory for one line");
    term.keys("q");
    term.end();
    reference.clear();
}
