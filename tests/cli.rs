//! The headless commands as scripts see them: exit codes, streams, JSON, pipes. Over the demo
//! fleet, and with no engine at all; nothing here touches a real one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A user with an empty home, and nothing of the caller's environment but where programs are.
struct User {
    home: TempDir,
}

/// What a command left behind.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl User {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn with_config(text: &str) -> Self {
        let user = Self::new();
        std::fs::create_dir_all(user.home.path().join("config")).unwrap();
        std::fs::write(user.home.path().join("config/config.toml"), text).unwrap();
        user
    }

    fn environment(&self, command: &mut Command) {
        command
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "LLVM_PROFILE_FILE"))
            .env("HOME", self.home.path())
            .env("QD_CONFIG_DIR", self.home.path().join("config"))
            .env("QD_STATE_DIR", self.home.path().join("state"))
            .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .stdin(Stdio::null());
    }

    fn qd(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        self.environment(&mut command);
        Ran::of(&command.args(args).output().unwrap())
    }

    /// On the demo fleet, always the same one.
    fn demo(&self, args: &[&str]) -> Ran {
        self.qd(&[&["--demo=payments,seed=7"], args].concat())
    }

    fn shell(&self, script: &str) -> Ran {
        let mut command = Command::new("bash");
        self.environment(&mut command);
        let script = script.replace("qd ", concat!(env!("CARGO_BIN_EXE_qd"), " "));
        Ran::of(&command.args(["-o", "pipefail", "-c", &script]).output().unwrap())
    }
}

impl Ran {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.err);
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }

    fn expect(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in: {}", self.err);
        }
    }
}

/// Every verb as its command.
const VERBS: [&str; 7] = ["start", "stop", "restart", "pause", "unpause", "kill", "rm"];

/// The demo's services by path, with the states of their replicas.
fn services(user: &User) -> Vec<(String, Vec<String>)> {
    let status = user.demo(&["status", "--all", "--no-usage", "-o", "json"]).json();
    let state = |replica: &Value| replica["state"].as_str().unwrap().to_owned();
    let service = |service: &Value| {
        let replicas = service["replicas"].as_array().unwrap();
        (service["path"].as_str().unwrap().to_owned(), replicas.iter().map(state).collect())
    };
    status["services"].as_array().unwrap().iter().map(service).collect()
}

/// A demo service all of whose replicas run.
fn running(user: &User) -> String {
    let all = services(user);
    let service = all.iter().find(|(_, states)| !states.is_empty() && states.iter().all(|s| s == "running"));
    service.expect("something runs in the demo").0.clone()
}

mod without_engine {
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
        for name in VERBS.iter().chain(&["status", "logs", "inspect", "doctor", "config"]) {
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
}

mod on_the_demo_fleet {
    use super::*;

    #[test]
    fn status_begins_with_the_situation_and_has_no_escapes() {
        let user = User::new();
        let json = user.demo(&["status", "-o", "json"]).json();
        for format in ["table", "wide"] {
            let ran = user.demo(&["status", "-o", format]);
            assert_eq!(ran.code, 0, "{}", ran.err);
            assert!(!ran.out.contains('\u{1b}') && ran.err.is_empty());
            assert!(ran.out.lines().nth(1).unwrap().contains("DEMO"), "{}", ran.out);
            for service in json["services"].as_array().unwrap() {
                assert!(ran.out.contains(service["name"].as_str().unwrap()), "{format}: {service}");
            }
        }
        assert!(!json["situation"]["text"].as_str().unwrap().is_empty());
    }

    #[test]
    fn status_has_usage_of_what_runs() {
        let json = User::new().demo(&["status", "-o", "json"]).json();
        let replicas =
            json["services"].as_array().unwrap().iter().flat_map(|s| s["replicas"].as_array().unwrap());
        let running: Vec<&Value> = replicas.filter(|r| r["state"] == "running").collect();
        assert!(!running.is_empty());
        for replica in running {
            assert!(
                replica["usage"]["cpu"].is_number() && replica["usage"]["memory"].is_number(),
                "{replica}"
            );
        }
    }

    #[test]
    fn the_same_seed_is_the_same_fleet() {
        let user = User::new();
        assert_eq!(services(&user), services(&user));
        let names = |spec: &str| {
            let json = user.qd(&[spec, "status", "--all", "--no-usage", "-o", "json"]).json();
            let all = json["services"].as_array().unwrap().iter();
            all.map(|s| s["path"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
        };
        assert_eq!(names("--demo=payments,services=40").len(), 40);
        assert_ne!(names("--demo=payments"), names("--demo=storefront"));
    }

    #[test]
    fn a_platform_that_is_not_there_names_those_that_are() {
        User::new().qd(&["--demo=atlantis", "status"]).expect(2, &["atlantis", "group-buying", "payments"]);
    }

    #[test]
    fn status_shows_only_what_is_named_and_names_what_is_not_there() {
        let user = User::new();
        let one = running(&user);
        let json = user.demo(&["status", &one, "-o", "json"]).json();
        assert_eq!(json["services"].as_array().unwrap().len(), 1);
        assert_eq!(json["services"][0]["path"], one.as_str());
        user.demo(&["status", "no-such-thing"]).expect(2, &["no-such-thing"]);
    }

    #[test]
    fn status_watch_in_a_pipe_prints_one_json_object_a_line() {
        // Its crash loop sees to it that something changes soon.
        let ran = User::new().shell("qd --demo=group-buying,seed=7 status --watch -o json | head -n 2");
        assert_eq!(ran.code, 0, "{}", ran.err);
        let lines: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert!(ran.err.is_empty(), "{}", ran.err);
    }

    /// Every field of `value` has a place, and a description, in `schema`.
    fn documented(value: &Value, schema: &Value, root: &Value, path: &str) {
        let reference =
            schema.get("$ref").or_else(|| schema.pointer("/anyOf/0/$ref")).and_then(Value::as_str);
        let schema = reference.map_or(schema, |name| root.pointer(name.trim_start_matches('#')).unwrap());
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let of = schema["properties"].get(key);
                    let of = of.unwrap_or_else(|| panic!("{path}/{key} is not in the schema"));
                    assert!(of.get("description").is_some(), "{path}/{key} is not described");
                    documented(value, of, root, &format!("{path}/{key}"));
                }
            }
            Value::Array(items) => {
                for item in items {
                    documented(item, &schema["items"], root, &format!("{path}[]"));
                }
            }
            _ => {}
        }
    }

    #[test]
    fn every_field_of_the_json_is_in_its_schema() {
        let user = User::new();
        let one = running(&user);
        for (of, json) in [
            ("status", user.demo(&["status", "-o", "json"]).json()),
            ("act", user.demo(&["restart", &one, "--dry-run", "-o", "json"]).json()),
            ("act", user.demo(&["restart", &one, "--yes", "-o", "json"]).json()),
            ("doctor", user.demo(&["doctor", "-o", "json"]).json()),
        ] {
            let schema = user.qd(&["schema", of]).json();
            documented(&json, &schema, &schema, of);
        }
    }

    #[test]
    fn read_only_refuses_every_verb_and_nothing_is_printed_as_done() {
        let user = User::new();
        let from_config = User::with_config("read_only = true\n");
        let one = running(&user);
        for verb in VERBS {
            for ran in [
                user.demo(&["--read-only", verb, &one, "--yes"]),
                from_config.demo(&[verb, &one, "--yes", "-o", "json"]),
            ] {
                ran.expect(4, &["read-only"]);
                assert!(ran.out.is_empty(), "{verb}: {}", ran.out);
            }
        }
        assert_eq!(user.demo(&["--read-only", "stop", &one, "--dry-run"]).code, 0, "looking is allowed");
    }

    #[test]
    fn without_a_terminal_and_without_yes_nothing_is_done() {
        let user = User::new();
        let one = running(&user);
        let ran = user.demo(&["stop", &one]);
        ran.expect(4, &["not confirmed", "--yes", "--dry-run"]);
        assert!(ran.out.is_empty());
    }

    #[test]
    fn a_dry_run_shows_the_plan_and_does_nothing() {
        let user = User::new();
        let one = running(&user);
        let ran = user.demo(&["stop", &one, "--dry-run"]);
        ran.expect(0, &["nothing was done"]);
        assert!(ran.out.contains("ACTION") && ran.out.contains("stop"), "{}", ran.out);
        let json = user.demo(&["stop", &one, "--dry-run", "-o", "json"]).json();
        assert_eq!(json["dry_run"], true);
        assert!(json["steps"].as_array().unwrap().iter().all(|s| s["result"] == "planned"));
    }

    #[test]
    fn an_action_says_what_became_of_each_replica() {
        let user = User::new();
        let one = running(&user);
        for (verb, done) in
            [("restart", "restarted"), ("stop", "stopped"), ("pause", "paused"), ("kill", "killed")]
        {
            let ran = user.demo(&[verb, &one, "--yes"]);
            ran.expect(0, &[done]);
            assert!(ran.out.starts_with(done), "{verb}: {}", ran.out);
            let json = user.demo(&[verb, &one, "--yes", "-o", "json"]).json();
            assert_eq!(json["ok"], true);
            assert!(json["steps"].as_array().unwrap().iter().any(|s| s["result"] == "changed"));
        }
    }

    #[test]
    fn what_is_so_already_is_done() {
        let user = User::new();
        let one = running(&user);
        user.demo(&["start", &one, "--yes"]).expect(0, &["already running"]);
        user.demo(&["rm", &one, "--yes"]).expect(4, &["force"]);
        user.demo(&["rm", &one, "--yes", "--force"]).expect(0, &["removed"]);
    }

    #[test]
    fn a_name_that_means_nothing_or_too_much_does_nothing() {
        let user = User::new();
        user.demo(&["restart", "no-such-thing", "--yes"]).expect(2, &["no-such-thing"]);
        let all = services(&user);
        let project = all.iter().find_map(|(path, _)| path.split_once('/')).unwrap().0;
        user.demo(&["restart", project, "--yes"]).expect(2, &[&format!("{project}/")]);
    }

    #[test]
    fn what_is_protected_wants_its_name_and_yes_is_not_enough() {
        let user = User::with_config("protected = [\"*\"]\n");
        let one = running(&user);
        let word = one.rsplit('/').next().unwrap();
        user.demo(&["stop", &one, "--yes"]).expect(4, &["protected", "--confirm"]);
        user.demo(&["stop", &one, "--yes", "--confirm", "wrong"]).expect(4, &["protected", "wrong"]);
        user.demo(&["stop", &one, "--confirm", word]).expect(0, &["stopped"]);
        user.demo(&["restart", &one, "--yes"]).expect(0, &["restarted"]);
    }

    #[test]
    fn logs_come_as_text_json_and_raw_without_escapes() {
        let user = User::new();
        let one = running(&user);
        let text = user.demo(&["logs", &one, "--tail", "20"]);
        assert_eq!(text.code, 0, "{}", text.err);
        assert!(!text.out.is_empty() && text.out.lines().count() <= 20 * 8);
        for args in [&["logs"][..], &["logs", "-o", "raw"], &["logs", "-o", "json"], &["logs", "-t", "--utc"]]
        {
            let ran = user.demo(&[args, &["--tail", "50"]].concat());
            assert_eq!(ran.code, 0, "{}", ran.err);
            assert!(!ran.out.contains('\u{1b}') && !ran.out.is_empty(), "{args:?}");
        }
        let json = user.demo(&["logs", "-o", "json", "--tail", "50"]);
        let lines: Vec<Value> = json.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let time = |l: &Value| l["at"].as_str().map(|t| t.parse::<jiff::Timestamp>().unwrap());
        let times: Vec<jiff::Timestamp> = lines.iter().filter_map(time).collect();
        assert!(times.len() > 50 && times.is_sorted(), "merged by time");
    }

    #[test]
    fn logs_are_filtered_by_pattern_and_level() {
        let user = User::new();
        let bad = user.demo(&["logs", "-o", "json", "--level", "error"]);
        assert_eq!(bad.code, 0, "{}", bad.err);
        let levels: BTreeSet<String> = bad
            .out
            .lines()
            .map(|l| serde_json::from_str::<Value>(l).unwrap())
            .filter(|l| l["stream"] != "marker")
            .map(|l| l["level"].as_str().unwrap_or("none").to_owned())
            .collect();
        assert!(levels.iter().all(|l| l == "error" || l == "fatal"), "{levels:?}");
        let all = user.demo(&["logs", "-o", "raw", "--tail", "200"]);
        let with = user.demo(&["logs", "-o", "raw", "--tail", "200", "--grep", "e"]);
        let without = user.demo(&["logs", "-o", "raw", "--tail", "200", "--exclude", "e"]);
        assert!(with.out.lines().all(|l| l.to_lowercase().contains('e')));
        assert!(!without.out.lines().any(|l| l.to_lowercase().contains('e')));
        assert!(with.out.lines().count() <= all.out.lines().count());
        user.demo(&["logs", "--grep", "("]).expect(2, &["--grep"]);
        user.demo(&["logs", "--since", "soon"]).expect(2, &["--since", "soon"]);
    }

    #[test]
    fn inspect_prints_a_page_or_a_list() {
        let user = User::new();
        let one = running(&user);
        let text = user.demo(&["inspect", &one]);
        assert_eq!(text.code, 0, "{}", text.err);
        assert!(text.out.contains("image") && !text.out.contains('\u{1b}'), "{}", text.out);
        assert!(user.demo(&["inspect", &one, "-o", "json"]).json().is_array());
    }

    #[test]
    fn the_doctor_is_content_with_the_demo() {
        let ran = User::new().demo(&["doctor"]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        assert!(!ran.out.contains("FAIL") && !ran.out.contains('\u{1b}'));
    }
}

mod in_pipes {
    use super::*;

    #[test]
    fn a_reader_that_goes_away_is_no_error() {
        let user = User::new();
        for script in [
            "qd --demo=payments,seed=7 status | head -n 1",
            "qd --demo=payments,seed=7 logs -f | head -n 1",
            "qd --demo=payments,seed=7 logs --tail 2000 -o json | head -n 1",
            "qd keys | head -n 1",
            "qd man | head -n 1",
            "qd --help | head -n 1",
        ] {
            let ran = user.shell(script);
            assert_eq!(ran.code, 0, "{script}: {}", ran.err);
            assert_eq!(ran.out.lines().count(), 1, "{script}: {}", ran.out);
            assert!(ran.err.is_empty(), "{script}: {}", ran.err);
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_an_error() {
        let user = User::new();
        for command in
            ["--demo=payments status", "--demo=payments logs --tail 5", "keys", "man", "completions bash"]
        {
            let ran = user.shell(&format!("qd {command} >/dev/full"));
            ran.expect(1, &["cannot write to standard output"]);
        }
    }

    #[test]
    fn colour_only_where_it_is_asked_for() {
        let user = User::new();
        let has_colour = |args: &[&str]| user.demo(args).out.contains("\u{1b}[");
        assert!(!has_colour(&["status"]));
        assert!(has_colour(&["status", "--color", "always"]));
        assert!(has_colour(&["logs", "--tail", "20", "--color", "always"]));
        assert!(!has_colour(&["status", "--color", "never"]));
    }
}
