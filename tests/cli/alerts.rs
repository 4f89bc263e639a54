//! Alert rules without a screen: `qd watch`, `qd incidents`, `qd silence`, a webhook that listens.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use super::fake::Fake;
use super::pty::Term;
use super::*;

/// A rule that holds on the made-up engine, and one that does not.
const RULES: &str = "alerts:
  - name: Runs
    condition: replicas > 0
    duration: 10m
    severity: high
    description: It should not.
  - name: Dead
    condition: down
";

/// The same rule, which no longer holds.
const OVER: &str = "alerts:\n  - name: Runs\n    condition: replicas > 5\n";

fn user(webhook: &str, rules: &str) -> User {
    let config = format!("[alerts]\nrules = ['alerts.yaml']\ndefaults = false\n{webhook}");
    let user = User::with_config(&config);
    std::fs::write(user.home.path().join("config/alerts.yaml"), rules).unwrap();
    user
}

/// A receiver's address, and what it was sent.
fn receiver() -> (String, Receiver<Value>) {
    let (tell, told) = channel();
    (webhook::listen(move |letter| tell.send(letter).is_ok()), told)
}

fn hook(url: &str) -> String {
    format!("[[alerts.webhooks]]\nname = 'ops'\nurl = '{url}'\n")
}

/// A `qd watch` that goes on; ended by SIGTERM.
struct Watching(Child);

impl Watching {
    fn start(user: &User, fake: &Fake) -> (Self, Receiver<String>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        user.environment(&mut command);
        let mut child = command
            .args(["--host", &fake.host(), "watch"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let told = lines(child.stdout.take().unwrap());
        (Self(child), told)
    }

    /// What it says beside the changes.
    fn said(&mut self) -> Receiver<String> {
        lines(self.0.stderr.take().unwrap())
    }

    /// Its exit code.
    fn end(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.0.wait().unwrap().code()
    }
}

fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = channel();
    let from = BufReader::new(from);
    std::thread::spawn(move || from.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
    told
}

fn next<T>(from: &Receiver<T>) -> T {
    from.recv_timeout(Duration::from_mins(1)).expect("something is told")
}

fn incidents(user: &User, fake: &Fake, args: &[&str]) -> Vec<Value> {
    let ran = fake.qd(user, &[&["incidents", "-o", "json"], args].concat());
    ran.json()["incidents"].as_array().unwrap().clone()
}

#[test]
fn a_look_opens_what_holds_and_another_closes_what_does_not() {
    let user = user("", RULES);
    let fake = Fake::start(&user);
    let ran = fake.qd(&user, &["watch", "--once"]);
    assert_eq!(ran.code, 1, "{} {}", ran.out, ran.err);
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
    assert!(ran.out.contains("opened  high     Runs on ") && ran.out.contains(": replicas 1"), "{}", ran.out);
    let again = fake.qd(&user, &["watch", "--once"]);
    assert_eq!((again.code, &*again.out), (1, ""), "it is known");

    let [one] = incidents(&user, &fake, &[]).try_into().unwrap();
    assert_eq!((&one["id"], &one["rule"], &one["severity"]), (&1.into(), &"Runs".into(), &"high".into()));
    assert_eq!(one["figures"], "replicas 1");
    let table = fake.qd(&user, &["incidents"]);
    assert!(table.out.contains("Runs") && table.out.contains("open "), "{}", table.out);

    let seen = fake.qd(&user, &["incidents", "ack", "1", "on", "it"]);
    assert!(seen.code == 0 && seen.out.starts_with("seen: Runs on "), "{} {}", seen.out, seen.err);
    assert_eq!(incidents(&user, &fake, &[])[0]["acknowledged"]["note"], "on it");
    fake.qd(&user, &["incidents", "ack", "7"]).expect(2, &["no open incident 7", "See qd incidents"]);

    std::fs::write(user.home.path().join("config/alerts.yaml"), OVER).unwrap();
    let over = fake.qd(&user, &["watch", "--once", "-o", "json"]);
    assert_eq!(over.code, 0, "{}", over.err);
    let told: Value = serde_json::from_str(over.out.trim()).unwrap();
    assert_eq!((&told["open"], &told["ended"]), (&false.into(), &"over".into()));
    assert_eq!(incidents(&user, &fake, &[]).len(), 0);
    assert_eq!(incidents(&user, &fake, &["--all"]).len(), 1);
    fake.qd(&user, &["incidents", "ack", "1"]).expect(2, &["no open incident 1"]);
}

#[test]
fn a_silence_is_begun_listed_and_lifted() {
    let user = user("", RULES);
    let fake = Fake::start(&user);
    fake.qd(&user, &["silence"]).expect(0, &["nothing is silenced"]);
    fake.qd(&user, &["silence", "Runs"]).expect(2, &["--for"]);
    let begun = fake.qd(&user, &["silence", "Runs", "--for", "2h", "it", "is", "known"]);
    assert!(
        begun.code == 0 && begun.out.starts_with("silence 1: Runs until "),
        "{} {}",
        begun.out,
        begun.err
    );
    fake.qd(&user, &["silence", "Rnus", "--for", "2h"]).expect(0, &["nothing here is called"]);
    let quiet = fake.qd(&user, &["watch", "--once"]);
    assert!(quiet.out.contains("silenced by") && quiet.out.contains(": it is known)"), "{}", quiet.out);
    assert!(incidents(&user, &fake, &[])[0]["muted"].as_str().unwrap().contains("it is known"));
    let listed = fake.qd(&user, &["silence"]);
    assert!(listed.out.contains("Runs") && listed.out.contains("it is known"), "{}", listed.out);
    fake.qd(&user, &["silence", "--lift", "1"]).expect(0, &[]);
    let told = fake.qd(&user, &["watch", "--once"]);
    assert!(told.code == 1 && told.out.contains("unmuted high     Runs on "), "{}", told.out);
    assert_eq!(fake.qd(&user, &["watch", "--once"]).out, "", "told once");
    fake.qd(&user, &["silence", "--lift", "1"]).expect(2, &["no silence 1 in force", "See qd silence"]);
}

#[test]
fn watching_tells_the_webhook_reloads_its_rules_and_ends_cleanly() {
    let (url, told) = receiver();
    let rules = RULES.replace("10m", "1s");
    let user = user(&hook(&url), &rules);
    let fake = Fake::start(&user);
    let (watching, lines) = Watching::start(&user, &fake);
    let line = next(&lines);
    assert!(line.contains("opened  high     Runs on "), "{line}");
    let open = next(&told);
    assert_eq!((&open["status"], &open["rule"], &open["id"]), (&"open".into(), &"Runs".into(), &1.into()));
    assert_eq!(open["description"], "It should not.");
    // A file with a mistake is not taken over; the next one is.
    let file = user.home.path().join("config/alerts.yaml");
    std::fs::write(&file, "alerts: nonsense").unwrap();
    std::fs::write(&file, OVER).unwrap();
    let line = next(&lines);
    assert!(line.contains("closed  ") && line.contains("Runs on "), "{line}");
    assert_eq!(next(&told)["status"], "closed");
    assert_eq!(watching.end(), Some(0));
    assert!(told.try_recv().is_err(), "each was told once");
}

#[test]
fn what_is_to_be_asked_is_read_anew_and_what_can_not_be_is_said() {
    let user = user("", OVER);
    let fake = Fake::start(&user);
    let (mut watching, _lines) = Watching::start(&user, &fake);
    let said = watching.said();
    assert!(next(&said).starts_with("watching: "));
    let asks = "[[probe]]\nservice = '*'\nhttp = '/health'\nport = 9\n\
                [[metrics]]\nservice = '*'\nhttp = '/metrics'\nport = 9\n";
    let config = user.home.path().join("config/config.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, before + asks).unwrap();
    while next(&said) != "config taken over: 1 [[probe]], 1 [[metrics]]" {}
    let (mut probe, mut metrics) = (false, false);
    while !(probe && metrics) {
        let line = next(&said);
        probe |= line.contains("WARN") && line.contains("http /health can't tell: port 9 is not published");
        metrics |= line.contains("WARN") && line.contains("http :9/metrics can't be read: ");
    }
    assert_eq!(watching.end(), Some(0));
}

#[test]
fn two_that_watch_beside_each_other_tell_once() {
    let (url, told) = receiver();
    let user = user(&hook(&url), &RULES.replace("10m", "1s"));
    let fake = Fake::start(&user);
    let (one, first) = Watching::start(&user, &fake);
    let (two, second) = Watching::start(&user, &fake);
    next(&first);
    next(&second);
    assert_eq!(next(&told)["status"], "open");
    std::fs::write(user.home.path().join("config/alerts.yaml"), OVER).unwrap();
    next(&first);
    next(&second);
    assert_eq!(next(&told)["status"], "closed");
    assert_eq!((one.end(), two.end()), (Some(0), Some(0)));
    assert!(told.try_recv().is_err(), "nothing was told twice");
    assert_eq!(incidents(&user, &fake, &["--all"]).len(), 1);
}

#[test]
fn a_console_beside_qd_watch_shows_the_same_rings_and_tells_nobody_twice() {
    let (url, told) = receiver();
    // Long enough for the terminal to ring: what opens with the screen is seen on it.
    let alerts = format!("terminal = ['osc9']\n{}", hook(&url));
    let user = user(&alerts, &RULES.replace("10m", "8s"));
    let fake = Fake::start(&user);
    let mut term = Term::start(&["--host", &fake.host()], 100, 30, &[], user.home.path());
    term.see("live");
    let (watching, lines) = Watching::start(&user, &fake);
    term.see("1 high");
    let line = next(&lines);
    assert!(line.contains("opened  high     Runs on "), "{line}");
    assert_eq!(next(&told)["status"], "open");
    let bytes = String::from_utf8_lossy(&term.bytes).into_owned();
    assert!(bytes.contains("\u{1b}]9;qd high: Runs on ") && !bytes.contains('\u{7}'), "as the config says");

    term.keys("I");
    term.see("incidents: 1 open");
    term.keys("a");
    term.see("acknowledge Runs");
    term.keys("on it\r");
    term.see("seen by");
    assert_eq!(incidents(&user, &fake, &[])[0]["acknowledged"]["note"], "on it");
    // What others do is seen here.
    fake.qd(&user, &["silence", "Runs", "--for", "2h", "it", "is", "known"]).expect(0, &[]);
    term.see("it is known");
    term.keys("u");
    term.see("no longer silenced");
    fake.qd(&user, &["silence"]).expect(0, &["nothing is silenced"]);

    // A slip of the pen is told and closes nothing; a good file does what it says.
    let file = user.home.path().join("config/alerts.yaml");
    std::fs::write(&file, "alerts: nonsense").unwrap();
    term.see("alerts.yaml:1");
    term.see("incidents: 1 open");
    std::fs::write(&file, OVER).unwrap();
    term.see("incidents: 0 open");
    assert!(next(&lines).contains("closed  "));
    assert_eq!(next(&told)["status"], "closed");
    term.keys("\u{1b}");
    // Escape and a letter at once would be another key.
    term.wait("no list any more", |text| !text.contains("incidents: 0 open"));
    term.keys("q");
    assert_eq!(term.end().code(), Some(0));
    assert_eq!(watching.end(), Some(0));
    assert!(told.try_recv().is_err(), "nothing was told twice");
    assert_eq!(incidents(&user, &fake, &["--all"]).len(), 1);
}

#[test]
fn an_engine_that_is_away_is_an_incident_too() {
    let (url, told) = receiver();
    let user = user(&hook(&url), "alerts:\n- {name: Away, condition: engine_lost, duration: 5m}\n");
    let ran = user.qd(&["watch", "--once"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.out.contains("opened") && ran.out.contains("Away on host: "), "{}", ran.out);
    assert_eq!(next(&told)["subject"], "host");
}

#[test]
fn bad_rules_are_told_and_the_others_work() {
    let user = user(
        "",
        "alerts:\n- {name: Bad, condition: eror_rate > 5%}\n- {name: Runs, condition: replicas > 0}\n",
    );
    let file = user.home.path().join("config/alerts.yaml");
    let check = user.qd(&["config", "check", file.to_str().unwrap()]);
    check.expect(1, &["alerts.yaml:2:", "there is no metric `eror_rate` (did you mean `error_rate`?)"]);
    user.qd(&["config", "check"]).expect(1, &["eror_rate"]);
    let fake = Fake::start(&user);
    let ran = fake.qd(&user, &["watch", "--once"]);
    ran.expect(1, &["alerts.yaml:2:"]);
    assert!(ran.out.contains("Runs on "), "{}", ran.out);
    std::fs::write(&file, RULES).unwrap();
    let check = user.qd(&["config", "check", file.to_str().unwrap()]);
    assert!(check.code == 0 && check.out.contains("a good file of alert rules"), "{}", check.out);
}
