//! Days on which the journal can't be written, and operations left in the middle: what commands
//! and the console do, and say.

use std::process::Command;

use quarterdeck::journal::{EngineRecord, Journal};
use serde_json::Value;

use super::fake::{Fake, INSTANCE};
use super::pty::Term;
use super::*;

/// A day on which the journal can't be written.
struct Day {
    name: &'static str,
    /// What lies in the state directory.
    before: fn(&User),
    /// What is done to the state directory where only the command sees it.
    within: &'static str,
    /// What is said about it.
    words: &'static [&'static str],
    /// What is on record can be read.
    readable: bool,
}

const READ_ONLY: &str = "mount --bind $STATE $STATE && mount -o remount,ro,bind $STATE";
/// A disk of its own with what was there, and nothing left.
const FULL: &str = "cp -a $STATE $STATE.kept && mount -t tmpfs -o size=2m tmpfs $STATE \
    && cp -a $STATE.kept/. $STATE/ && { dd if=/dev/zero of=$STATE/ballast bs=4k 2>/dev/null || true; }";

const DAYS: [Day; 6] = [
    Day {
        name: "a read-only directory",
        before: empty,
        within: READ_ONLY,
        words: &["can't be written", "Fix the permissions"],
        readable: false,
    },
    Day {
        name: "a read-only directory with a journal in it",
        before: kept,
        within: READ_ONLY,
        words: &["can't be written", "Fix the permissions"],
        readable: true,
    },
    Day {
        name: "a damaged file",
        before: damaged,
        within: "true",
        words: &["is damaged", "mv "],
        readable: false,
    },
    Day {
        name: "a newer schema",
        before: newer,
        within: "true",
        words: &["newer quarterdeck (version 99", "Update this qd"],
        readable: false,
    },
    Day {
        name: "a full disk",
        before: empty,
        within: FULL,
        words: &["disk is full", "Make room"],
        readable: false,
    },
    Day {
        name: "a full disk with a journal on it",
        before: kept,
        within: FULL,
        words: &["disk is full", "Make room"],
        readable: true,
    },
];

fn empty(user: &User) {
    std::fs::create_dir_all(user.home.path().join("state")).unwrap();
}

/// A journal that knows the engine and nothing else.
fn kept(user: &User) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let journal = Journal::open(&user.journal()).unwrap();
        let engine = EngineRecord { instance: INSTANCE.into(), host: "fakehost".into() };
        journal.met(engine).await.unwrap();
    });
    // What lies beside it goes into it.
    let connection = rusqlite::Connection::open(user.journal()).unwrap();
    connection.pragma_update_and_check(None, "wal_checkpoint", "truncate", |_| Ok(())).unwrap();
}

fn damaged(user: &User) {
    empty(user);
    std::fs::write(user.journal(), "not a database, whatever its name says\n".repeat(500)).unwrap();
}

fn newer(user: &User) {
    kept(user);
    let connection = rusqlite::Connection::open(user.journal()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
}

/// How to get mounts nobody else sees; `None`, loudly, where that is not allowed.
fn unshare() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] =
        [&["--mount", "--propagation", "private"], &["--user", "--map-root-user", "--mount"]];
    let works = |way: &&&[&str]| {
        Command::new("unshare").args(**way).arg("true").output().is_ok_and(|ran| ran.status.success())
    };
    let way = WAYS.iter().find(works).copied();
    if way.is_none() {
        eprintln!(
            "SKIPPED: read-only and full disks need a mount namespace of one's own, which is refused here"
        );
    }
    way
}

impl Day {
    /// The words that run `qd ARGS` on this day; `None` where it can't be had.
    fn line(&self, user: &User, args: &[&str]) -> Option<Vec<String>> {
        let state = user.home.path().join("state");
        let script = format!("STATE={}; {{ {}; }} && exec \"$@\"", state.display(), self.within);
        let mut line: Vec<String> = if self.within == "true" {
            Vec::new()
        } else {
            ["unshare"].iter().chain(unshare()?).map(ToString::to_string).collect()
        };
        line.extend(["bash", "-c", &script, "bash", env!("CARGO_BIN_EXE_qd")].map(str::to_owned));
        line.extend(args.iter().map(ToString::to_string));
        Some(line)
    }

    fn qd(&self, user: &User, fake: &Fake, args: &[&str]) -> Option<Ran> {
        let line = self.line(user, &[&["--host", &fake.host()], args].concat())?;
        let mut command = Command::new(&line[0]);
        user.environment(&mut command);
        let ran = Ran::of(&command.args(&line[1..]).output().unwrap());
        // The copy a full disk was made from.
        let _ = std::fs::remove_dir_all(user.home.path().join("state.kept"));
        Some(ran)
    }
}

#[test]
fn looking_goes_on_and_says_that_nothing_is_recorded() {
    for day in &DAYS {
        let user = User::new();
        (day.before)(&user);
        let fake = Fake::start(&user);
        let Some(ran) = day.qd(&user, &fake, &["status", "--no-usage"]) else { continue };
        ran.expect(0, &[&["not recorded", "journal.db"], day.words].concat());
        assert!(ran.out.contains("web"), "{}: {}", day.name, ran.out);
        let ran = day.qd(&user, &fake, &["--no-journal", "status", "--no-usage"]).unwrap();
        assert!(ran.code == 0 && ran.err.is_empty(), "{}: {}", day.name, ran.err);
        // Looking back is possible where only writing is not.
        let ran = day.qd(&user, &fake, &["journal"]).unwrap();
        if day.readable {
            assert_eq!(ran.code, 0, "{}: {}", day.name, ran.err);
        } else {
            ran.expect(4, &[&["journal.db"], day.words].concat());
        }
        assert!(fake.changes().is_empty());
    }
}

#[test]
fn what_needs_the_journal_is_refused_and_runs_without_if_asked_to() {
    for day in &DAYS {
        let user = User::new();
        (day.before)(&user);
        let fake = Fake::start(&user);
        let limit = ["limit", "web", "--cpus", "1", "--yes"];
        let Some(ran) = day.qd(&user, &fake, &limit) else { continue };
        ran.expect(4, &[&["journal.db", "--no-journal", "nothing was done"], day.words].concat());
        assert!(ran.out.is_empty() && fake.changes().is_empty(), "{}: {:?}", day.name, fake.changes());
        let ran = day.qd(&user, &fake, &["limit", "web", "--cpus", "1", "--dry-run"]).unwrap();
        ran.expect(0, &["warning:", "journal.db", "nothing was done"]);
        assert!(fake.changes().is_empty(), "{}: {:?}", day.name, fake.changes());

        let ran = day.qd(&user, &fake, &[&["--no-journal"], &limit[..]].concat()).unwrap();
        ran.expect(0, &["limited shop/web"]);
        assert!(!ran.err.contains("journal"), "asked for, so no word about it: {}", ran.err);
        assert_eq!(fake.changes().len(), 1, "{}: {:?}", day.name, fake.changes());
        // What can be put right by hand is only not on record.
        let ran = day.qd(&user, &fake, &["pause", "web", "--yes"]).unwrap();
        ran.expect(0, &["warning: not recorded", "journal.db"]);
        assert_eq!(fake.changes().len(), 2, "{}: {:?}", day.name, fake.changes());
    }
}

#[test]
fn the_console_works_and_says_that_nothing_is_recorded() {
    for day in &DAYS {
        let user = User::new();
        (day.before)(&user);
        let fake = Fake::start(&user);
        let Some(line) = day.line(&user, &["--host", &fake.host()]) else { continue };
        let args: Vec<&str> = line[1..].iter().map(String::as_str).collect();
        let mut term = Term::start_program(&line[0], &args, 120, 30, &[], user.home.path());
        term.see("NOT RECORDED");
        term.see("web");
        term.keys("S");
        term.see("without a record");
        term.keys("q");
        assert_eq!(term.end().code(), Some(0), "{}: {}", day.name, term.text());
        assert!(fake.changes().is_empty(), "{}: {:?}", day.name, fake.changes());
    }
}

/// However much room a disk has left when an operation begins: either it is refused and nothing is
/// touched, or it is carried out, or taken back.
#[test]
fn a_disk_that_fills_up_leaves_nothing_half_done() {
    if unshare().is_none() {
        return;
    }
    let (mut refused, mut done) = (0, 0);
    for room in (0..40).map(|n| n * 8) {
        let user = User::new();
        kept(&user);
        let fake = Fake::start(&user);
        let within: &'static str = format!("{FULL}; truncate -s -{room}K $STATE/ballast").leak();
        let day = Day { name: "a disk that fills up", before: kept, within, words: &[], readable: true };
        let ran = day.qd(&user, &fake, &["limit", "web", "--cpus", "1", "--yes"]).unwrap();
        match ran.code {
            4 => {
                refused += 1;
                assert!(fake.changes().is_empty(), "{room}K: {:?}", fake.changes());
                ran.expect(4, &["journal.db", "--no-journal", "nothing was done"]);
            }
            0 => {
                done += 1;
                assert_eq!(fake.changes().len(), 1, "{room}K: {:?}", fake.changes());
            }
            // What was not written down was not done; or it was, and taken back.
            code => {
                assert_eq!(code, 5, "{room}K: {}{}", ran.out, ran.err);
                assert!(fake.changes().len() != 1, "{room}K: {:?}", fake.changes());
            }
        }
        if room == 0 {
            assert_eq!(ran.code, 4, "no room at all: {}", ran.err);
        }
    }
    assert!(refused > 0 && done > 0, "refused {refused}, done {done}");
    eprintln!("a disk that fills up: {refused} refused, {done} done of 40");
}

/// Begin a change on an engine that does not answer it, and kill qd meanwhile.
fn killed_in_the_middle(user: &User, fake: &Fake) {
    fake.hang(true);
    let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
    user.environment(&mut command);
    command.args(["--host", &fake.host(), "limit", "web", "--cpus", "1", "--yes"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while fake.changes().is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "it ended without asking for anything");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    fake.hang(false);
}

#[test]
fn a_killed_change_is_told_shown_and_finished_or_undone() {
    for (word, code, state) in [("finish", 0, "done"), ("undo", 0, "undone")] {
        let user = User::new();
        let fake = Fake::start(&user);
        killed_in_the_middle(&user, &fake);
        let asked = fake.changes().len();
        let sentence = "operation 1 (limit shop/web) was left in the middle";
        fake.qd(&user, &["status", "--no-usage"]).expect(0, &[sentence, "qd finish 1, or qd undo 1"]);

        let ran = fake.qd(&user, &[word, "--dry-run"]);
        ran.expect(0, &[sentence, "dry run: nothing was done"]);
        let lines: Vec<&str> = ran.out.lines().collect();
        assert!(lines[0].starts_with("STEP") && lines[0].contains("CAME TO"), "{}", ran.out);
        assert!(lines[1].contains("limit") && lines[1].contains("unknown"), "{}", ran.out);
        let json = fake.qd(&user, &[word, "1", "--dry-run", "-o", "json"]).json();
        let schema = user.qd(&["schema", "left"]).json();
        super::demo::documented(&json, &schema, &schema, "left");
        assert_eq!((&json["operation"]["operation"], &json["change"]), (&Value::from(1), &Value::from(word)));
        // Nobody to ask, and looking has changed nothing.
        fake.qd(&user, &[word]).expect(4, &["--yes", "nothing was done"]);
        fake.qd(&user, &["--read-only", word, "--yes"]).expect(4, &["read-only"]);
        assert_eq!(fake.changes().len(), asked, "{:?}", fake.changes());

        let ran = fake.qd(&user, &[word, "--yes"]);
        assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
        let json = user.qd(&["journal", "1", "-o", "json"]).json();
        assert_eq!(json["state"], state, "{json}");
        assert_eq!(json["adopted_by"].as_array().unwrap().len(), 1, "{json}");
        fake.qd(&user, &[word, "1", "--yes"]).expect(4, &["it has ended"]);
        fake.qd(&user, &[word, "--yes"]).expect(0, &[&format!("nothing to {word}")]);
        assert_eq!(fake.qd(&user, &["status", "-o", "json"]).json()["unfinished"], serde_json::json!([]));
    }
}
