//! `qd config`: check the user's files, and describe what may be in them.

use std::path::{Path, PathBuf};

use super::args::ConfigCommand;
use super::exit::{CliError, Exit};
use super::json;
use super::out::Out;
use super::setup::Setup;
use crate::config::{self, Checked, Kind};

/// Run one of its commands.
pub(super) fn run(setup: &Setup, command: &ConfigCommand) -> Result<Exit, CliError> {
    let mut out = setup.plain_out();
    let exit = match command {
        ConfigCommand::Path => path(setup, &mut out),
        ConfigCommand::Check { files } => check(setup, files, &mut out),
        ConfigCommand::Schema => json::pretty(&mut out, &config::schema()).map(|()| Exit::Done),
        ConfigCommand::Reference => out.text(&config::reference()).map(|()| Exit::Done),
    }?;
    out.flush()?;
    Ok(exit)
}

/// What is wrong with files: those named, else all the user has (and `--config`'s).
fn check(setup: &Setup, files: &[PathBuf], out: &mut Out) -> Result<Exit, CliError> {
    let checked: Vec<Checked> = if files.is_empty() {
        let named = setup.global.config.iter().map(|file| config::check(file, &setup.paths));
        named.chain(config::check_all(&setup.paths)).collect()
    } else {
        files.iter().map(|file| config::check(file, &setup.paths)).collect()
    };
    if checked.is_empty() {
        out.line("no config, themes or keymaps of your own: the defaults are used")?;
    }
    let mut wrong = None;
    for file in &checked {
        if !file.problems.is_empty() {
            // Nothing is in the way of a start but a config; a bad rule only is no rule.
            let exit = if file.kind == Some(Kind::Alerts) { Exit::Failed } else { Exit::Usage };
            wrong = Some(if wrong == Some(Exit::Usage) { Exit::Usage } else { exit });
        }
        if file.problems.is_empty() {
            let kind = file.kind.map_or("file", Kind::name);
            out.line(&format!("{}: a good {kind}", file.path.display()))?;
        }
        for problem in &file.problems {
            super::say(&problem.to_string());
        }
    }
    Ok(wrong.unwrap_or(Exit::Done))
}

/// Where the files lie, and whether they are there.
fn path(setup: &Setup, out: &mut Out) -> Result<Exit, CliError> {
    let paths = &setup.paths;
    let all: [(&str, Option<PathBuf>); 4] = [
        ("config", setup.config_file()),
        ("themes", paths.themes()),
        ("keymaps", paths.keymaps()),
        ("state", paths.state.clone()),
    ];
    for (name, path) in all {
        let there = |path: &Path| if path.exists() { "" } else { "  (not there)" };
        let line = path.map_or_else(
            || format!("{name:<8} none: this user has no home"),
            |path| format!("{name:<8} {}{}", path.display(), there(&path)),
        );
        out.line(&line)?;
    }
    Ok(Exit::Done)
}
