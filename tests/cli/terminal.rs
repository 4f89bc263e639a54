//! Questions on a terminal, pictures drawn in place, and terminals that can't be drawn on.

use std::time::Duration;

use super::pty::Term;
use super::{User, running};

fn demo(user: &User, args: &[&str]) -> Term {
    let all = [&["--demo=payments,seed=7"], args].concat();
    Term::start(&all, 100, 30, &[], user.home.path())
}

fn code(term: &mut Term) -> i32 {
    term.end().code().unwrap_or(-1)
}

#[test]
fn a_question_shows_the_plan_and_takes_yes_for_yes_only() {
    let user = User::new();
    let one = running(&user);
    for (answer, exit, word) in
        [("y\r", 0, "restarted"), ("\r", 4, "nothing was done"), ("yep\r", 4, "nothing was done")]
    {
        let mut term = demo(&user, &["restart", &one]);
        term.see("[y/N]");
        assert!(term.text().contains("ACTION"), "{}", term.text());
        term.keys(answer);
        term.see(word);
        assert_eq!(code(&mut term), exit, "{answer:?}");
    }
}

#[test]
fn what_is_protected_wants_its_name_typed() {
    let user = User::with_config("protected = [\"payments\"]\n");
    let one = running(&user);
    let word = one.rsplit('/').next().unwrap();
    for (answer, exit) in [("y\r".to_owned(), 4), (format!("{word}\r"), 0)] {
        let mut term = demo(&user, &["stop", &one, "--yes"]);
        term.see(&format!("Type {word}"));
        term.keys(&answer);
        assert_eq!(code(&mut term), exit, "{answer:?}");
    }
}

#[test]
fn interrupting_a_stop_starts_what_was_stopped() {
    let user = User::new();
    let mut term = demo(&user, &["stop", "payments/", "--yes"]);
    term.see("stop       payment-");
    term.keys("\u{3}");
    term.see("interrupted");
    assert_eq!(code(&mut term), 5, "what was stopped runs again");
    assert!(term.text().contains("back: "), "{}", term.text());
}

#[test]
fn interrupting_a_deploy_takes_it_back() {
    let user = User::new();
    let mut term = demo(&user, &["deploy", "payments/api", ":1.0.1", "--yes"]);
    term.see("wait       payment-api");
    term.keys("\u{3}");
    term.see("interrupted: going back");
    term.see("back: removed");
    assert_eq!(code(&mut term), 5, "{}", term.text());
    assert!(term.text().contains("it runs 1.0.0 as before"), "{}", term.text());
}

#[test]
fn interrupting_twice_or_a_lost_session_leaves_it_to_be_ended_later() {
    let user = User::new();
    for signal in ["interrupt", "term", "hup"] {
        let mut term = demo(&user, &["deploy", "payments/api", ":1.0.1", "--yes"]);
        term.see("wait       payment-api");
        match signal {
            "interrupt" => {
                term.keys("\u{3}");
                // Two at once are one to a process that is slow to look.
                term.see("interrupted: going back");
                term.keys("\u{3}");
            }
            "term" => term.signal(rustix::process::Signal::TERM),
            _ => term.signal(rustix::process::Signal::HUP),
        }
        assert_eq!(code(&mut term), 6, "{signal}: {}", term.text());
        assert!(term.text().contains("qd finish") && term.text().contains("qd undo"), "{}", term.text());
    }
}

#[test]
fn watching_draws_in_place_and_leaves_the_terminal_as_it_was() {
    let user = User::new();
    let mut term = demo(&user, &["status", "--watch"]);
    term.see("DEMO");
    let pictures = |term: &Term| String::from_utf8_lossy(&term.bytes).matches("\u{1b}[J").count();
    while pictures(&term) < 3 {
        assert!(term.read(Duration::from_secs(20)), "it goes on until it is interrupted");
    }
    assert_eq!(term.text().matches("DEMO").count(), 1, "{}", term.text());
    term.keys("\u{3}");
    assert_eq!(code(&mut term), 0);
    let bytes = String::from_utf8_lossy(&term.bytes).into_owned();
    assert_eq!(bytes.matches("\u{1b}[?7l").count(), bytes.matches("\u{1b}[?7h").count());
}

#[test]
fn the_console_refuses_a_dumb_terminal() {
    let user = User::new();
    for term in ["dumb", ""] {
        let mut term = Term::start(&["demo"], 80, 24, &[("TERM", term)], user.home.path());
        term.see("qd status");
        assert_eq!(code(&mut term), 2);
        assert!(!term.bytes.contains(&0x1b));
    }
}

#[test]
fn no_colour_means_none_on_a_terminal_too() {
    let user = User::new();
    let ran = |env: &[(&str, &str)]| {
        let mut term = Term::start(&["--demo=payments,seed=7", "status"], 100, 30, env, user.home.path());
        assert_eq!(code(&mut term), 0);
        String::from_utf8_lossy(&term.bytes).contains("\u{1b}[")
    };
    assert!(ran(&[]), "colours where nothing speaks against them");
    assert!(!ran(&[("NO_COLOR", "1")]));
}
