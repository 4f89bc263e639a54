//! `qd completions SHELL`.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::args::Cli;
use super::exit::{CliError, Exit};

/// Print the completion script for a shell.
pub(super) fn run(shell: Shell) -> Result<Exit, CliError> {
    // The generator panics where it can't write, so it writes to memory.
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "qd", &mut script);
    let mut out = io::stdout().lock();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Exit::Done)
}
