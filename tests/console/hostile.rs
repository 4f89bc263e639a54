//! The hostile corpus reaches neither the terminal nor a pipe as an escape sequence.

use std::time::Duration;

use crate::support::docker::{Reference, engine};
use crate::support::hostile::{PAYLOADS, script};
use crate::support::pty::foreign_escapes;
use crate::{console, qd, select};

fn populate(reference: &Reference) {
    reference.clear();
    let noise = format!("while :; do {} sleep 1; done", script());
    let label = format!("com.docker.compose.service={}", PAYLOADS.concat());
    let health = format!("printf '{}'; exit 1", "\\033]0;EVIL health\\007\\033[31mEVIL");
    reference.run(
        "hostile-logs",
        &[
            "--health-cmd",
            &health,
            "--health-interval",
            "1s",
            "-e",
            PAYLOADS[0],
            "-l",
            "evil=\u{1b}]0;EVIL label\u{7}",
        ],
        &noise,
    );
    reference.run("hostile-tty", &["-t"], &noise);
    reference.run(
        "hostile-name",
        &["-l", &label, "-l", "com.docker.compose.project=\u{1b}[31mEVIL\u{1b}[0m"],
        "sleep 1000",
    );
}

#[test]
fn no_escape_reaches_the_terminal() {
    let Some(reference) = engine() else { return };
    populate(&reference);
    let home = tempfile::tempdir().unwrap();
    let mut term = console(&reference, &home, &[], 200, 50);
    for name in ["hostile-logs", "hostile-tty", "EVIL"] {
        select(&mut term, name);
        for tab in ["1", "2", "3", "4", "5"] {
            term.keys(tab);
            term.settle(Duration::from_millis(300));
        }
        term.keys("1");
        if name != "EVIL" {
            term.see("EVIL");
        }
        // A failing action shows the engine's words, which quote the name.
        term.settle(Duration::from_millis(300));
    }
    term.quit();
    assert_eq!(foreign_escapes(&term.bytes), Vec::<String>::new());
    for bad in ['\u{202e}', '\u{200b}', '\u{feff}', '\u{9b}', '\u{e}'] {
        assert!(!String::from_utf8_lossy(&term.bytes).contains(bad), "{bad:?} reached the terminal");
    }
    reference.clear();
}

#[test]
fn no_escape_reaches_a_pipe_or_a_terminal_by_a_command() {
    let Some(reference) = engine() else { return };
    populate(&reference);
    std::thread::sleep(Duration::from_secs(3));
    let commands: &[&[&str]] = &[
        &["status", "-o", "wide"],
        &["status", "-o", "json"],
        &["logs", "hostile-logs", "--tail", "100"],
        &["logs", "hostile-tty", "--tail", "100"],
        &["logs", "--tail", "50", "-o", "json"],
        &["inspect", "hostile-logs"],
        &["inspect", "hostile-logs", "-o", "json"],
        &["restart", "\u{1b}[31mEVIL", "--yes"],
        &["doctor"],
    ];
    for command in commands {
        let out = qd(&reference, command);
        for (name, bytes) in [("stdout", &out.stdout), ("stderr", &out.stderr)] {
            let text = String::from_utf8_lossy(bytes);
            let bad =
                text.chars().find(|&c| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}'));
            assert_eq!(bad, None, "{name} of qd {command:?}: {text:?}");
        }
        if command[0] == "logs" {
            assert!(String::from_utf8_lossy(&out.stdout).contains("EVIL"), "qd {command:?} printed no logs");
        }
    }
    let home = tempfile::tempdir().unwrap();
    let args = ["--host", reference.host.as_str(), "logs", "hostile-logs", "--tail", "100"];
    let mut term = crate::support::pty::Term::start(&args, 120, 40, &[], home.path());
    term.end();
    assert_eq!(foreign_escapes(&term.bytes), Vec::<String>::new());
    reference.clear();
}
