//! Every action that changes a container: by key, by palette, by command; and refused read-only.

use std::time::Duration;

use quarterdeck::action::{Action, Risk};
use quarterdeck::config::{Context, Library};
use quarterdeck::fleet::Verb;

use crate::support::docker::{Reference, engine};
use crate::support::eventually;
use crate::support::pty::Term;
use crate::{console, qd, select};

/// What a container is, in one line that changes with every verb.
fn state(reference: &Reference, name: &str) -> String {
    let out = reference.try_docker(&[
        "inspect",
        "--format",
        "{{.State.Status}} {{.State.StartedAt}} {{.State.ExitCode}}",
        name,
    ]);
    if out.status.success() {
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    } else {
        "gone".to_owned()
    }
}

/// The actions, and the state each must lead to from the state before.
const STORY: &[(Action, &str)] = &[
    (Action::Pause, "paused"),
    (Action::Unpause, "running"),
    (Action::Restart, "running"),
    (Action::Stop, "exited"),
    (Action::Start, "running"),
    (Action::Kill, "exited"),
    (Action::Remove, "gone"),
];

const FOREVER: &str = "trap 'exit 0' TERM; while :; do sleep 0.1; done";

/// The bytes a terminal sends for a key as help shows it.
fn typed(keys: &str) -> String {
    keys.split(' ')
        .map(|key| match key {
            "space" => " ".to_owned(),
            "enter" => "\r".to_owned(),
            "tab" => "\t".to_owned(),
            "esc" => "\u{1b}".to_owned(),
            _ => match key.strip_prefix("ctrl-") {
                Some(letter) => char::from(letter.as_bytes()[0] & 0x1f).to_string(),
                None => match key.strip_prefix("alt-") {
                    Some(rest) => format!("\u{1b}{rest}"),
                    None => key.to_owned(),
                },
            },
        })
        .collect()
}

fn key_of(action: Action) -> String {
    let keymap = Library::default().keymap("default").expect("the default keymap loads");
    let keys = keymap.keys(Context::Grid, action);
    typed(keys.first().unwrap_or_else(|| panic!("{} has no key", action.name())))
}

/// Answer the confirmation that must come, and wait for the outcome to be shown and true.
fn confirm(term: &mut Term, reference: &Reference, name: &str, action: Action, before: &str, want: &str) {
    term.wait(&format!("{} asks", action.name()), |text| {
        text.to_lowercase().contains(action.name()) && text.contains(name) && text.contains("leave it")
    });
    term.settle(Duration::from_millis(150));
    assert_eq!(state(reference, name), before, "{} was done without asking", action.name());
    term.keys("y");
    eventually(&format!("{name} {want} after {}", action.name()), Duration::from_secs(20), || {
        term.read(Duration::from_millis(20));
        let now = state(reference, name);
        (now != before && now.starts_with(want)).then_some(())
    });
    let done = match action {
        Action::Stop => "stopped",
        Action::Pause => "paused",
        Action::Unpause => "unpaused",
        Action::Kill => "killed",
        Action::Remove => "removed",
        Action::Start => "started",
        _ => "restarted",
    };
    // The situation says so too; only the outcome says how long it took. Until then the next change
    // of the same service is refused.
    let said = format!("{done} {name} in ");
    term.wait(&format!("the outcome: {said}"), |text| text.contains(&said));
}

#[test]
fn the_story_covers_every_lifecycle_verb() {
    for verb in Verb::ALL {
        let action = Action::from_name(verb.word()).unwrap();
        assert!(action.risk() != Risk::Safe && STORY.iter().any(|(a, _)| *a == action), "{verb}");
    }
}

#[test]
fn every_action_works_by_key() {
    let Some(reference) = engine() else { return };
    reference.clear();
    reference.run("by-key", &["--stop-timeout", "1"], FOREVER);
    let home = tempfile::tempdir().unwrap();
    let mut term = console(&reference, &home, &[], 120, 40);
    select(&mut term, "by-key");
    for &(action, want) in STORY {
        let before = state(&reference, "by-key");
        term.keys(&key_of(action));
        confirm(&mut term, &reference, "by-key", action, &before, want);
    }
    term.quit();
}

#[test]
fn every_action_works_by_palette() {
    let Some(reference) = engine() else { return };
    reference.clear();
    reference.run("by-palette", &["--stop-timeout", "1"], FOREVER);
    let home = tempfile::tempdir().unwrap();
    let mut term = console(&reference, &home, &[], 80, 24);
    select(&mut term, "by-palette");
    for &(action, want) in STORY {
        let before = state(&reference, "by-palette");
        term.keys(":");
        term.settle(Duration::from_millis(100));
        term.keys(&format!("{}\r", action.name()));
        confirm(&mut term, &reference, "by-palette", action, &before, want);
    }
    term.quit();
}

#[test]
fn every_action_works_by_command() {
    let Some(reference) = engine() else { return };
    reference.clear();
    reference.run("by-command", &["--stop-timeout", "1"], FOREVER);
    for &(action, want) in STORY {
        let before = state(&reference, "by-command");
        let command = action.command().expect("has a command").trim_start_matches("qd ");
        let mut args = vec![command, "by-command"];
        let dry: Vec<&str> = args.iter().copied().chain(["--dry-run"]).collect();
        assert_eq!(qd(&reference, &dry).status.code(), Some(0), "{command} --dry-run");
        assert_eq!(state(&reference, "by-command"), before, "{command} --dry-run did something");
        let refused = qd(&reference, &args);
        assert_eq!(refused.status.code(), Some(4), "{command} without --yes and without a terminal");
        assert_eq!(state(&reference, "by-command"), before, "{command} without --yes did something");
        args.push("--yes");
        let out = qd(&reference, &args);
        assert_eq!(out.status.code(), Some(0), "{command}: {}", String::from_utf8_lossy(&out.stderr));
        let now = state(&reference, "by-command");
        assert!(now != before && now.starts_with(want), "{command}: {before} -> {now}");
    }
    let out = qd(&reference, &["restart", "by-command", "--yes"]);
    assert_eq!(out.status.code(), Some(2), "no such target: {}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn read_only_refuses_each_action_by_key_and_by_command() {
    let Some(reference) = engine() else { return };
    reference.clear();
    reference.run("untouched", &["--stop-timeout", "1"], FOREVER);
    let before = state(&reference, "untouched");
    for &(action, _) in STORY {
        let command = action.command().expect("has a command").trim_start_matches("qd ");
        let out = qd(
            &reference,
            &["--read-only", command, "untouched", "--yes", "--force"][..if command == "rm" { 5 } else { 4 }],
        );
        assert_eq!(out.status.code(), Some(4), "{command}: {}", String::from_utf8_lossy(&out.stderr));
        assert!(String::from_utf8_lossy(&out.stderr).contains("read-only"), "{command} does not say why");
    }
    let home = tempfile::tempdir().unwrap();
    let mut term = console(&reference, &home, &["--read-only"], 100, 30);
    term.see("READ-ONLY");
    select(&mut term, "untouched");
    for &(action, _) in STORY.iter().chain(&[(Action::Shell, "")]) {
        term.keys(&key_of(action));
        term.settle(Duration::from_millis(200));
        // A console may refuse at once, or after its question: either way nothing must be done.
        term.keys("y");
        term.settle(Duration::from_millis(200));
        term.keys("\u{1b}");
        term.settle(Duration::from_millis(100));
        assert_eq!(state(&reference, "untouched"), before, "{} did something", action.name());
    }
    term.keys("q");
    term.end();
    reference.clear();
}

#[test]
fn a_shell_in_a_real_container_and_back() {
    let Some(reference) = engine() else { return };
    reference.clear();
    reference.run("shelly", &["--stop-timeout", "1"], FOREVER);
    let home = tempfile::tempdir().unwrap();
    let mut term = console(&reference, &home, &[], 100, 30);
    select(&mut term, "shelly");
    term.keys(&key_of(Action::Shell));
    term.wait("a prompt", |text| text.contains('#') || text.contains('$'));
    term.keys("echo in-$((40+2)); hostname > /tmp/was-here\r");
    term.see("in-42");
    term.keys("exit\r");
    term.wait("the console again", |text| text.contains("shelly") && !text.contains("in-42"));
    assert!(term.screen().alternate_screen());
    term.keys("j");
    term.keys("q");
    term.end();
    term.assert_restored();
    reference.docker(&["exec", "shelly", "test", "-e", "/tmp/was-here"]);
    reference.clear();
}

#[test]
fn marks_restart_several_at_once() {
    let Some(reference) = engine() else { return };
    reference.clear();
    for name in ["bulk-a", "bulk-b", "bulk-c"] {
        reference.run(name, &["--stop-timeout", "1"], FOREVER);
    }
    let before: Vec<String> = ["bulk-a", "bulk-b", "bulk-c"].iter().map(|n| state(&reference, n)).collect();
    let home = tempfile::tempdir().unwrap();
    let mut term = console(&reference, &home, &[], 120, 40);
    select(&mut term, "bulk");
    term.keys(&key_of(Action::MarkAll));
    term.keys(&key_of(Action::Restart));
    term.wait("asks for all three", |text| {
        text.contains("leave it") && ["bulk-a", "bulk-b", "bulk-c"].iter().all(|n| text.contains(n))
    });
    term.keys("y");
    eventually("all three restarted", Duration::from_secs(20), || {
        term.read(Duration::from_millis(20));
        ["bulk-a", "bulk-b", "bulk-c"]
            .iter()
            .zip(&before)
            .all(|(n, b)| state(&reference, n) != *b && state(&reference, n).starts_with("running"))
            .then_some(())
    });
    term.quit();
    reference.clear();
}
