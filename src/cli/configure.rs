//! `qd config`: check the user's files, and describe what may be in them.

use std::path::{Path, PathBuf};

use super::args::ConfigCommand;
use super::exit::{CliError, Exit};
use super::out::Out;
use super::setup::Setup;

/// Run one of its commands.
pub(super) fn run(setup: &Setup, command: &ConfigCommand) -> Result<Exit, CliError> {
    let mut out = setup.plain_out();
    let exit = match command {
        ConfigCommand::Path => path(setup, &mut out),
        _ => Err(CliError::failed("not built yet", "Wait for the next landing.")),
    }?;
    out.flush()?;
    Ok(exit)
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
