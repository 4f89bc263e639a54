//! The same by key, the way a user has it.

use std::time::Duration;

use crate::node::{CRASH, STACK, Swarm, managed, settled};
use crate::support::live::Live;
use crate::support::pty::Term;

/// How long an operation may take on a machine that has better things to do.
const LONG: Duration = Duration::from_secs(90);

/// The screen on one line, so that words are found also where they were wrapped.
fn flat(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c == '│')
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn says(term: &mut Term, words: &str) {
    term.wait_for(words, LONG, |text| flat(text).contains(words));
}

/// Filter the list down to one service, and go to it.
fn at(term: &mut Term, name: &str) {
    term.keys(&format!("/\u{15}{name}\r"));
    term.wait("the filter", |text| text.contains(&format!("/{name}")));
    term.keys("gg");
    term.keys("j");
    term.settle(Duration::from_millis(100));
}

/// A key, the value that is asked for, the plan, yes; seen to its end.
fn change(term: &mut Term, key: &str, value: &str, ends: &str) {
    term.keys(key);
    if key == "R" {
        says(term, "roll back web: to what it ran before");
        term.keys("\r");
    } else {
        says(term, "enter");
        term.settle(Duration::from_millis(200));
        term.keys(&format!("\u{15}{value}\r"));
    }
    says(term, "please confirm");
    term.keys("y");
    says(term, ends);
    term.escape();
}

fn runs(live: &Live, tag: &str, replicas: u32) {
    let it = managed(live, "web");
    assert_eq!((it.image.tag(), it.wanted, it.running, it.leaving), (tag, replicas, replicas, 0));
}

#[test]
fn a_stack_is_seen_scaled_deployed_and_rolled_back_by_key() {
    let Some(swarm) = Swarm::begin() else { return };
    let home = tempfile::tempdir().unwrap();
    let mut term = Term::start(&["--host", &swarm.reference.host], 120, 40, &[], home.path());
    term.wait("an engine with nothing on it", |text| text.contains("live"));
    let live = swarm.with_stack();
    term.wait("the stack", |text| text.contains("2/2") && text.contains("0/0"));
    at(&mut term, "web");

    change(&mut term, "S", "3", "scaled shop/web to 3 in");
    runs(&live, "1", 3);
    change(&mut term, "S", "1", "scaled shop/web to 1 in");
    runs(&live, "1", 1);
    change(&mut term, "D", "qdswarm/api:2", "deployed shop/web 1 → 2");
    runs(&live, "2", 1);
    // It fails; the swarm takes it back by itself.
    change(&mut term, "D", "qdswarm/api:bad", "it runs 2 as before");
    runs(&live, "2", 1);
    change(&mut term, "R", "", "rolled back shop/web 2 → 1");
    runs(&live, "1", 1);

    // A task that fails is told with its end, and what it said before.
    swarm.deploy(&format!("{STACK}{CRASH}"));
    settled(&live, "web", 2);
    at(&mut term, "crash");
    says(&mut term, "exit 3");
    // A row of the log pane: time, who (once there are two to tell apart), what.
    let line =
        |line: &str| line.starts_with(|c: char| c.is_ascii_digit()) && line.trim_end().ends_with(" bad");
    term.wait("what it said", |text| text.lines().any(line));
    term.quit();
    term.assert_restored();
}
