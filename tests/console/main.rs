//! The console and the commands on a real engine, the way a user has them: keys in, screen out,
//! checked against what docker says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod hostile;
mod lifecycle;
mod logs;

use support::docker::Reference;
use support::pty::Term;

/// `qd` on the private engine in a terminal, its first rows on screen.
pub fn console(reference: &Reference, home: &tempfile::TempDir, args: &[&str], cols: u16, rows: u16) -> Term {
    let mut all = vec!["--host", reference.host.as_str()];
    all.extend(args);
    let mut term = Term::start(&all, cols, rows, &[], home.path());
    term.see("docker");
    term
}

/// Select the row of that name, by the filter.
pub fn select(term: &mut Term, name: &str) {
    term.escape();
    term.escape();
    // Ctrl-u: the prompt may come with the filter there was.
    term.keys(&format!("/\u{15}{name}\r"));
    term.wait(&format!("{name} in the grid"), |text| text.lines().skip(2).any(|l| l.contains(name)));
    term.keys("g");
    term.keys("g");
    term.settle(std::time::Duration::from_millis(80));
}

/// Run a headless `qd` on the private engine.
pub fn qd(reference: &Reference, args: &[&str]) -> std::process::Output {
    let home = tempfile::tempdir().unwrap();
    std::process::Command::new(env!("CARGO_BIN_EXE_qd"))
        .args(["--host", &reference.host])
        .args(args)
        .env("HOME", home.path())
        .env("QD_CONFIG_DIR", home.path().join("config"))
        .env("QD_STATE_DIR", home.path().join("state"))
        .env_remove("DOCKER_CONTEXT")
        .output()
        .unwrap()
}
