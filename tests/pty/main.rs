//! The real binary in a real terminal, on the demo fleet and without any engine: it starts, acts,
//! ends, and leaves the terminal as it found it, whatever ends it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use support::pty::{Term, code, foreign_escapes};

const DEMO: &[&str] = &["demo", "--platform", "payments", "--seed", "7"];

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn demo(home: &tempfile::TempDir, cols: u16, rows: u16) -> Term {
    let mut term = Term::start(DEMO, cols, rows, &[], home.path());
    term.see("DEMO");
    term
}

#[test]
fn q_leaves_and_the_terminal_is_restored() {
    let home = home();
    let mut term = demo(&home, 80, 24);
    assert!(term.screen().alternate_screen());
    term.keys("q");
    assert_eq!(code(term.end()), 0);
    term.assert_restored();
    assert_eq!(foreign_escapes(&term.bytes), Vec::<String>::new());
}

#[test]
fn signals_end_it_with_the_terminal_restored() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let home = home();
        let mut term = demo(&home, 80, 24);
        term.signal(signal);
        term.end();
        term.assert_restored();
    }
}

#[test]
fn ctrl_c_as_a_key_leaves() {
    let home = home();
    let mut term = demo(&home, 80, 24);
    term.keys("\u{3}");
    term.end();
    term.assert_restored();
}

#[test]
fn it_survives_every_size_down_to_one_cell() {
    let home = home();
    let mut term = demo(&home, 120, 40);
    for (cols, rows) in [(80, 24), (40, 10), (20, 5), (3, 3), (1, 1), (200, 50), (1, 50), (200, 1), (80, 24)]
    {
        term.resize(cols, rows);
        term.settle(Duration::from_millis(120));
        term.keys("j");
        term.settle(Duration::from_millis(60));
    }
    term.see("DEMO");
    term.keys("q");
    assert_eq!(code(term.end()), 0);
    term.assert_restored();
}

#[test]
fn suspend_gives_the_terminal_to_the_shell_and_comes_back() {
    let home = home();
    let qd = env!("CARGO_BIN_EXE_qd");
    let mut term = Term::start_program(
        "bash",
        &["--norc", "--noprofile", "-i"],
        80,
        24,
        &[("PS1", "ready> ")],
        home.path(),
    );
    term.see("ready>");
    term.keys(&format!("{qd} {}\n", DEMO.join(" ")));
    term.see("DEMO");
    term.keys("\u{1a}");
    term.wait("the shell is back", |text| text.contains("Stopped"));
    term.assert_left();
    term.keys("fg\n");
    term.wait("the console is back", |text| text.contains("DEMO") && !text.contains("ready>"));
    assert!(term.screen().alternate_screen());
    term.keys("q");
    term.wait("the shell again", |text| text.matches("ready>").count() == 3);
    term.keys("exit\n");
    term.end();
}

#[test]
fn without_an_engine_it_says_so_offers_the_demo_and_keeps_trying() {
    let home = home();
    let missing = home.path().join("no.sock");
    let host = format!("unix://{}", missing.display());
    let mut term = Term::start(&["--host", &host], 80, 24, &[], home.path());
    term.see("no such socket");
    term.see("qd demo");
    assert!(!term.text().contains("DEMO"), "the demo must never open by itself");
    // The socket appears, and nobody answers: another sentence, without a key pressed.
    let listener = std::os::unix::net::UnixListener::bind(&missing).unwrap();
    drop(listener);
    term.see("othing answers");
    term.keys("q");
    assert_eq!(code(term.end()), 0);
    term.assert_restored();
}

#[test]
fn nothing_changed_means_not_one_byte() {
    let home = home();
    let missing = home.path().join("no.sock");
    // A dumb pause in the demo is not to be had: an empty engine is. Its socket is ours and answers
    // nothing, so the diagnosis stands still but for its countdown; help covers that.
    let host = format!("unix://{}", missing.display());
    let mut term = Term::start(&["--host", &host], 80, 24, &[], home.path());
    term.see("no such socket");
    term.keys("?");
    term.settle(Duration::from_millis(1500));
    let before = term.bytes.len();
    std::thread::sleep(Duration::from_secs(3));
    term.read(Duration::from_millis(10));
    let grown = term.bytes.len() - before;
    assert!(grown < 600, "{grown} bytes in 3 s of nothing");
    term.quit();
}

#[test]
fn not_a_terminal_is_said_in_a_sentence() {
    let home = home();
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_qd"))
        .arg("demo")
        .env("HOME", home.path())
        .env("QD_CONFIG_DIR", home.path().join("config"))
        .env("QD_STATE_DIR", home.path().join("state"))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(2));
    let words = String::from_utf8_lossy(&out.stderr);
    assert!(words.contains("terminal") && words.contains("qd status"), "{words}");
    assert!(out.stdout.is_empty());
}

#[test]
fn a_dumb_terminal_is_refused_with_a_way_out() {
    let home = home();
    let mut term = Term::start(DEMO, 80, 24, &[("TERM", "dumb")], home.path());
    assert_eq!(code(term.end()), 2);
    assert!(term.text().contains("qd"), "{}", term.text());
    assert!(!term.bytes.contains(&0x1b), "escape sequences on a dumb terminal");
}

#[test]
fn no_color_means_no_colour() {
    let home = home();
    let mut term = Term::start(DEMO, 80, 24, &[("NO_COLOR", "1")], home.path());
    term.see("DEMO");
    term.settle(Duration::from_millis(300));
    for row in 0..24 {
        for col in 0..80 {
            let cell = term.screen().cell(row, col).unwrap();
            assert_eq!(cell.fgcolor(), vt100::Color::Default, "colour at {row},{col}");
            assert_eq!(cell.bgcolor(), vt100::Color::Default, "colour at {row},{col}");
        }
    }
    // What is selected can still be told.
    let reversed = (0..24).any(|row| (0..80).any(|col| term.screen().cell(row, col).unwrap().inverse()));
    assert!(reversed, "nothing marks the selection");
    term.keys("q");
    term.end();
}

#[test]
fn broken_files_are_named_with_line_and_remedy_and_nothing_starts() {
    let home = home();
    let config: PathBuf = home.path().join("config");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "[ui]\ntheem = \"light\"\n").unwrap();
    let mut term = Term::start(DEMO, 100, 24, &[], home.path());
    assert_eq!(code(term.end()), 2);
    let text = term.text();
    assert!(text.contains("config.toml:2"), "{text}");
    assert!(text.contains("theem") && text.contains("theme"), "{text}");
    term.assert_restored();
}

#[test]
fn an_unwritable_state_directory_is_a_warning_not_an_end() {
    let home = home();
    // A file where the directory should be: unwritable for root too.
    std::fs::write(home.path().join("state"), "in the way").unwrap();
    let mut term = demo(&home, 80, 24);
    term.keys("q");
    assert_eq!(code(term.end()), 0);
    term.assert_restored();
}

#[test]
fn a_shell_opens_and_the_console_comes_back_intact() {
    let home = home();
    let mut term = demo(&home, 100, 30);
    term.keys("G");
    term.settle(Duration::from_millis(200));
    term.keys("s");
    term.see("pretended shell");
    term.keys("exit\r");
    term.see("DEMO  ");
    assert!(term.screen().alternate_screen());
    term.keys("q");
    assert_eq!(code(term.end()), 0);
    term.assert_restored();
}

#[test]
fn a_theme_and_a_keymap_are_switched_live_and_a_broken_reload_keeps_the_last_good() {
    let home = home();
    let themes = home.path().join("config/themes");
    std::fs::create_dir_all(&themes).unwrap();
    std::fs::write(
        themes.join("mine.toml"),
        "inherits = \"quarterdeck\"\n[roles]\nheader = \"#010203 on #a0b0c0\"\n",
    )
    .unwrap();
    let mut term = demo(&home, 100, 30);
    let header = |term: &Term| {
        let cell = term.screen().cell(0, 1).unwrap();
        (cell.fgcolor(), cell.bgcolor())
    };
    let before = header(&term);
    term.keys(":theme mine\r");
    term.settle(Duration::from_millis(400));
    let mine = header(&term);
    assert_ne!(before, mine, "the theme did not change");
    std::fs::write(
        themes.join("mine.toml"),
        "inherits = \"quarterdeck\"\n[roles]\nheader = \"#030201 on #c0b0a0\"\n",
    )
    .unwrap();
    support::eventually("the changed file is taken", Duration::from_secs(10), || {
        term.read(Duration::from_millis(50));
        (header(&term) != mine).then_some(())
    });
    let changed = header(&term);
    std::fs::write(themes.join("mine.toml"), "[roles]\nheadre = \"red\"\n").unwrap();
    term.see("mine.toml:2");
    assert_eq!(header(&term), changed, "the last good theme is kept");
    term.quit();
    term.assert_restored();
}
