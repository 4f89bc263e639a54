//! The headless commands as scripts see them: exit codes, streams, JSON, pipes. Over the demo
//! fleet, and with no engine at all; nothing here touches a real one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod alerts;
mod bad_days;
mod demo;
mod fake;
mod host;
mod journal;
mod metrics;
mod operate;
mod past;
mod pipes;
mod ports;
mod probe;
#[path = "../support/pty.rs"]
#[allow(dead_code, missing_docs, unreachable_pub)]
mod pty;
mod reveal;
mod terminal;
#[path = "../support/webhook.rs"]
#[allow(missing_docs, unreachable_pub)]
mod webhook;
mod without_engine;

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

    /// Where the journal lies.
    fn journal(&self) -> std::path::PathBuf {
        self.home.path().join("state/journal.db")
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

    /// The lines of a change: what happened, and what became of it all.
    fn lines(&self) -> (Vec<Value>, Value) {
        let parse = |l: &str| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"));
        let mut lines: Vec<Value> = self.out.lines().map(parse).collect();
        let last = lines.pop().unwrap_or_else(|| panic!("nothing on stdout; stderr: {}", self.err));
        (lines, last)
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

/// The other commands that change something.
const CHANGES: [&str; 9] =
    ["scale", "deploy", "rollback", "recreate", "limit", "up", "down", "finish", "undo"];

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
