//! What works, and what is said, where there is no engine.

use serde_json::Value;

use super::*;

#[test]
fn help_version_man_and_completions_need_nothing() {
    let user = User::new();
    for args in [&["--help"][..], &["--version"], &["man"], &["logs", "--help"]] {
        let ran = user.qd(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
        assert!(!ran.out.is_empty() && ran.err.is_empty(), "{args:?}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = user.qd(&["completions", shell]);
        assert!(ran.code == 0 && ran.out.contains("restart"), "{shell}");
    }
}

#[test]
fn the_manual_names_every_command_and_exit_code() {
    let man = User::new().qd(&["man"]).out;
    let others = ["status", "logs", "inspect", "doctor", "config"];
    for name in VERBS.iter().chain(&others).chain(&CHANGES) {
        assert!(man.contains(&format!("qd {name}")), "{name}");
    }
    assert!(man.contains("EXIT STATUS") && man.contains("DOCKER_HOST"));
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
    let user = User::new();
    for args in [
        &["frobnicate"][..],
        &["logs", "--tail", "many"],
        &["stop"],
        &["-H", "unix:///x", "-c", "prod", "status"],
        &["--demo=payments,sed=3", "status"],
        &["demo", "-H", "unix:///x"],
        &["completions", "tcsh"],
        &["--demo", "scale", "api"],
        &["--demo", "scale", "api=few"],
        &["--demo", "limit", "api"],
        &["--demo", "limit", "api", "--cpus", "many"],
        &["--demo", "limit", "api", "--memory", "much"],
        &["--demo", "start", "api", "--no-wait", "--timeout", "5s"],
        &["--demo", "deploy", "api", "--timeout", "0s"],
        &["--demo", "rollback", "api", "--to", "3", "--back", "2"],
        &["--demo", "up", "no-such-project"],
    ] {
        let ran = user.qd(args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{args:?}");
    }
}

#[test]
fn no_socket_is_exit_3_with_a_sentence_and_a_remedy() {
    let user = User::new();
    for args in [
        &["status"][..],
        &["status", "-o", "json"],
        &["logs"],
        &["logs", "-f", "api"],
        &["inspect", "api"],
        &["restart", "api", "--yes"],
        &["rm", "api", "--dry-run"],
    ] {
        let ran = user.qd(args);
        ran.expect(3, &["/nonexistent/docker.sock", "DOCKER_HOST"]);
        assert!(ran.out.is_empty(), "{args:?}: {}", ran.out);
        assert_eq!(ran.err.lines().count(), 2, "{}", ran.err);
    }
}

#[test]
fn watching_goes_on_without_an_engine_and_says_why_once() {
    let user = User::new();
    // Long enough for several tries.
    let ran = user.shell("timeout --preserve-status 3 qd status --watch -o json");
    assert_eq!(ran.code, 0, "ended as asked: {}", ran.err);
    assert!(ran.out.is_empty());
    assert_eq!(ran.err.matches("/nonexistent/docker.sock").count(), 1, "{}", ran.err);
}

#[test]
fn a_flag_goes_before_the_environment() {
    User::new().qd(&["-H", "unix:///elsewhere.sock", "status"]).expect(3, &["/elsewhere.sock"]);
    User::new().qd(&["-H", "gopher://x", "status"]).expect(2, &["gopher"]);
    User::new().qd(&["-c", "nowhere", "status"]).expect(2, &["nowhere"]);
}

#[test]
fn the_console_wants_a_terminal_and_says_so() {
    for args in [&[][..], &["demo"]] {
        let ran = User::new().qd(args);
        ran.expect(2, &["terminal", "qd status"]);
        assert!(ran.out.is_empty());
    }
}

#[test]
fn the_doctor_comes_without_an_engine_and_says_what_to_do() {
    let user = User::new();
    let ran = user.qd(&["doctor"]);
    assert_eq!(ran.code, 3);
    for word in ["FAIL", "/nonexistent/docker.sock", "DOCKER_HOST", "config", "state", "terminal"] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    let ran = user.qd(&["doctor", "-o", "json"]);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["verdict"], "fail");
    let checks = json["checks"].as_array().unwrap();
    assert!(checks.iter().filter(|c| c["verdict"] == "fail").all(|c| c["remedy"] != ""), "{checks:?}");
}

#[test]
fn a_state_directory_that_cannot_be_written_is_a_warning() {
    let user = User::new();
    std::fs::write(user.home.path().join("state"), "a file, not a directory").unwrap();
    let ran = user.qd(&["doctor", "--demo"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.lines().any(|l| l.starts_with("warn") && l.contains("state")), "{}", ran.out);
}

#[test]
fn themes_and_keys_are_listed_and_typos_are_usage_errors() {
    let user = User::new();
    let themes: Value = user.qd(&["themes", "-o", "json"]).json();
    assert!(themes.as_array().unwrap().len() >= 10);
    assert_eq!(themes.as_array().unwrap().iter().filter(|t| t["current"] == true).count(), 1);
    let keymaps: Value = user.qd(&["keys", "--list", "-o", "json"]).json();
    assert!(keymaps.as_array().unwrap().len() >= 4);
    let ours = user.qd(&["keys"]);
    let theirs = user.qd(&["keys", "--keymap", "emacs"]);
    assert!(ours.code == 0 && theirs.code == 0 && ours.out != theirs.out);
    user.qd(&["keys", "--keymap", "emcas"]).expect(2, &["emacs"]);
    user.qd(&["themes", "--color", "always", "--theme", "nrod"]).expect(2, &["nord"]);
}

#[test]
fn a_broken_config_is_exit_2_with_file_and_line_and_helpers_still_come() {
    let user = User::with_config("read_only = true\n[ui]\nthem = \"nord\"\n");
    let ran = user.demo(&["status"]);
    ran.expect(2, &["config.toml:3", "them", "theme"]);
    assert!(ran.out.is_empty());
    let check = user.qd(&["config", "check"]);
    check.expect(2, &["config.toml:3"]);
    assert_eq!(user.qd(&["config", "path"]).code, 0);
    let doctor = user.qd(&["doctor", "--demo"]);
    assert_eq!(doctor.code, 1);
    assert!(doctor.out.contains("config.toml:3"), "{}", doctor.out);
    assert_eq!(user.qd(&["man"]).code, 0);
}

#[test]
fn config_files_are_checked_wherever_they_lie() {
    let user = User::new();
    let good = user.home.path().join("good.toml");
    std::fs::write(&good, "[ui]\ntheme = \"nord\"\n").unwrap();
    let ran = user.qd(&["config", "check", good.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    user.qd(&["config", "check", "/nonexistent.toml"]).expect(2, &["/nonexistent.toml"]);
    assert!(user.qd(&["config", "schema"]).json().is_object());
    assert!(user.qd(&["config", "reference"]).out.contains("theme"));
}
