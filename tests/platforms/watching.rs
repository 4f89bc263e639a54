//! A `qd watch` with the example config of a platform, made quick, and what it tells.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::stage::Stage;
use crate::support::webhook;

/// It, and all it has told so far.
pub struct Watching {
    child: Child,
    /// Its config, its rules, its journal.
    home: TempDir,
    host: String,
    /// Lines of JSON on standard output.
    pub lines: Arc<Mutex<Vec<Value>>>,
    /// What the webhook was sent.
    pub sent: Arc<Mutex<Vec<Value>>>,
}

/// A config as it is used here: all of it but how often. What has a time of its own there is dear.
fn quick(text: &str) -> String {
    let quicker = |block: &str| match block.lines().find(|line| line.starts_with("interval =")) {
        Some(line) => block.replace(line, "interval = \"5s\""),
        None => ["[[probe]]\n", "[[metrics]]\n"]
            .iter()
            .fold(block.to_owned(), |block, head| block.replace(head, &format!("{head}interval = \"1s\"\n"))),
    };
    let blocks: Vec<String> = text.split("\n\n").map(quicker).collect();
    blocks.join("\n\n")
}

/// Rules as they are used here: `duration: 5m` is so many seconds as it was minutes, less one; nothing
/// else is touched.
fn hasty(text: &str) -> String {
    let line = |line: &str| match line.split_once("duration: ") {
        Some((before, minutes)) => {
            let minutes: u32 = minutes.trim().trim_end_matches('m').parse().unwrap();
            format!("{before}duration: {}s\n", minutes.max(2) - 1)
        }
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

impl Watching {
    /// Watch a platform.
    pub fn start(stage: &Stage, dir: &str) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/platforms").join(dir);
        let home = tempfile::tempdir().unwrap();
        let sent: Arc<Mutex<Vec<Value>>> = Arc::default();
        let letters = sent.clone();
        let url = webhook::listen(move |letter| {
            letters.lock().unwrap().push(letter);
            true
        });
        let config = fs::read_to_string(source.join("qd.toml")).unwrap();
        let hook = format!("\n[[alerts.webhooks]]\nname = \"ops\"\nurl = \"{url}\"\n");
        fs::write(home.path().join("qd.toml"), quick(&config) + &hook).unwrap();
        let rules = fs::read_to_string(source.join("alerts.yaml")).unwrap();
        fs::write(home.path().join("alerts.yaml"), hasty(&rules)).unwrap();
        let mut child = command(&stage.reference.host, home.path())
            .args(["watch", "-o", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let lines: Arc<Mutex<Vec<Value>>> = Arc::default();
        let sink = lines.clone();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                sink.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, home, host: stage.reference.host.clone(), lines, sent }
    }

    /// `qd ARGS` beside it, with the same config and the same journal.
    pub fn beside(&self, args: &[&str]) -> (i32, String) {
        let out = command(&self.host, self.home.path()).args(args).output().unwrap();
        let said = [out.stdout, out.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (out.status.code().unwrap_or(-1), said)
    }

    /// Wait until the webhook was sent such a thing.
    pub fn heard(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait(what, &self.sent, wanted)
    }

    /// End it by SIGTERM.
    pub fn end(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether it is the incident of that rule about that service, open or over.
pub fn is(value: &Value, rule: &str, subject: &str) -> bool {
    value["rule"] == rule && value["subject"].as_str().is_some_and(|it| it == subject)
}

fn wait(what: &str, seen: &Mutex<Vec<Value>>, wanted: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        if let Some(found) = seen.lock().unwrap().iter().find(|value| wanted(value)) {
            println!("   {what}: after {:.1} s", began.elapsed().as_secs_f64());
            return found.clone();
        }
        if began.elapsed() > Duration::from_secs(100) {
            let all: Vec<String> = seen.lock().unwrap().iter().map(ToString::to_string).collect();
            panic!("never: {what}; there was\n{}", all.join("\n"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn command(host: &str, home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
    command.args(["--host", host, "--config"]).arg(home.join("qd.toml"));
    command.env("QD_CONFIG_DIR", home).env("QD_STATE_DIR", home.join("state"));
    command
}
