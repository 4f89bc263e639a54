//! The checks that need no engine: binary, terminal, files.

use std::io::{self, IsTerminal};

use super::Check;
use crate::cli::exit::CliError;
use crate::cli::setup::{Setup, env};
use crate::config::{Depth, Glyphs};

/// quarterdeck itself.
pub(super) fn binary() -> Check {
    let profile = if cfg!(debug_assertions) { ", debug build" } else { "" };
    Check::ok(
        "quarterdeck",
        format!(
            "{} for {} {}{profile}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH
        ),
    )
}

/// Everything else.
pub(super) fn all(setup: &Setup, broken: Option<&CliError>, checks: &mut Vec<Check>) {
    checks.push(terminal());
    checks.push(colours());
    checks.push(characters(setup));
    checks.push(config(setup, broken));
    checks.push(theme(setup));
    checks.push(keymap(setup));
    checks.push(state(setup));
    checks.push(journal(setup));
}

fn terminal() -> Check {
    const NAME: &str = "terminal";
    let term = env("TERM").unwrap_or_default();
    if !io::stdout().is_terminal() {
        return Check::ok(NAME, "standard output is no terminal: the console needs one, commands do not");
    }
    if term.is_empty() || term == "dumb" {
        return Check::warn(
            NAME,
            format!("TERM is {term:?}: the console can't draw here"),
            "Use a terminal that sets TERM (xterm-256color, tmux-256color, …), or the commands, e.g. qd status.",
        );
    }
    match crossterm::terminal::size() {
        Ok((cols, rows)) if cols < 80 || rows < 24 => Check::warn(
            NAME,
            format!("{term}, {cols}x{rows}: columns fall away below 80x24"),
            "Make the window larger, or the font smaller.",
        ),
        Ok((cols, rows)) => Check::ok(NAME, format!("{term}, {cols}x{rows}")),
        Err(e) => Check::warn(NAME, format!("{term}, size unknown ({e})"), "The console assumes 80x24."),
    }
}

fn colours() -> Check {
    const NAME: &str = "colours";
    let wished = env("NO_COLOR").is_some_and(|v| !v.is_empty());
    match Depth::detect(&env) {
        Depth::None if wished => Check::ok(NAME, "none, as NO_COLOR asks"),
        Depth::None => Check::ok(NAME, "none: bold, reverse and words carry the meaning"),
        Depth::Ansi16 => Check::ok(NAME, "16; set COLORTERM=truecolor where the terminal can do more"),
        Depth::Indexed256 => Check::ok(NAME, "256"),
        Depth::True => Check::ok(NAME, "24 bits"),
    }
}

fn characters(setup: &Setup) -> Check {
    const NAME: &str = "characters";
    if *setup.glyphs() == Glyphs::UNICODE {
        return Check::ok(NAME, "UTF-8");
    }
    if setup.settings.ui.ascii == Some(true) {
        return Check::ok(NAME, "ASCII, as asked for");
    }
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| env(name).filter(|v| !v.is_empty()));
    Check::warn(
        NAME,
        format!("ASCII only: the locale is {:?}", locale.unwrap_or_else(|| "not set".into())),
        "Set LANG to a UTF-8 locale (e.g. C.UTF-8) for glyphs and charts.",
    )
}

fn config(setup: &Setup, broken: Option<&CliError>) -> Check {
    const NAME: &str = "config";
    if let Some(error) = broken {
        return Check::fail(
            NAME,
            error.to_string(),
            "qd config check says the same; qd config reference lists every setting.",
        );
    }
    match setup.config_file() {
        Some(path) if path.exists() => Check::ok(NAME, path.display().to_string()),
        Some(path) => Check::ok(NAME, format!("none at {}: defaults are used", path.display())),
        None => Check::warn(
            NAME,
            "this user has no home: defaults are used",
            "Set QD_CONFIG_DIR to keep a config.",
        ),
    }
}

fn theme(setup: &Setup) -> Check {
    let name = &setup.settings.ui.theme;
    match setup.library.theme(name, Depth::True) {
        Ok(theme) => Check::ok("theme", theme.name),
        Err(problems) => Check::fail("theme", problems.to_string(), "qd themes lists what there is."),
    }
}

fn keymap(setup: &Setup) -> Check {
    let name = &setup.settings.ui.keymap;
    match setup.library.keymap(name) {
        Ok(keymap) => Check::ok("keymap", keymap.name),
        Err(problems) => Check::fail("keymap", problems.to_string(), "qd keys --list lists what there is."),
    }
}

fn journal(setup: &Setup) -> Check {
    const NAME: &str = "journal";
    match setup.journal() {
        (Some(journal), _) => Check::ok(NAME, format!("{} is writable", journal.path().display())),
        (None, Some(problem)) => Check::warn(
            NAME,
            format!("{problem}: nothing is recorded, and deploy, scale and roll back are refused"),
            problem.remedy(),
        ),
        (None, None) => Check::ok(NAME, "none, as --no-journal asks"),
    }
}

fn state(setup: &Setup) -> Check {
    match setup.paths.writable_state() {
        Ok(path) => Check::ok("state", format!("{} is writable", path.display())),
        Err(error) => Check::warn("state", error.to_string(), ""),
    }
}
