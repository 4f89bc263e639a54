//! `qd` and `qd demo`: the console, where there is a terminal for it.

use std::io::{self, IsTerminal};

use super::exit::{CliError, Exit};
use super::logging;
use super::setup::{Setup, env};
use crate::console::{self, ConsoleError, Options};
use crate::journal::Who;
use crate::operate::Seat;

/// Open the console, and stay until the user leaves.
pub(super) fn run(setup: Setup) -> Result<Exit, CliError> {
    terminal()?;
    let mut warnings = Vec::new();
    let (_log, warning) = logging::console(setup.paths.state.as_deref(), setup.global.verbose);
    warnings.extend(warning);
    let engine = setup.engine()?;
    let (journal, journal_problem) = setup.journal();
    let (who, seat) = (Who::current(&env), Seat::here(&engine.endpoint()));
    let (depth, glyphs, demo) = (setup.depth(), setup.glyphs(), setup.global.demo.is_some());
    let Setup { settings, library, paths, global, .. } = setup;
    let config = global.config.clone();
    let again = Box::new(move || Setup::settings_again(&global));
    let options = Options {
        engine,
        settings,
        library,
        paths,
        config,
        again,
        journal,
        journal_problem,
        who,
        seat,
        depth,
        glyphs,
        demo,
        warnings,
    };
    console::run(options)?;
    Ok(Exit::Done)
}

impl From<ConsoleError> for CliError {
    fn from(error: ConsoleError) -> Self {
        match error {
            ConsoleError::Settings(problems) => Self::config(&problems),
            ConsoleError::Terminal(_) => Self::failed(
                error.to_string(),
                "qd doctor says what it sees of the terminal; qd status works without one.",
            ),
            ConsoleError::Start(_) => {
                Self::failed(error.to_string(), "Is this machine out of threads, memory or file descriptors?")
            }
        }
    }
}

/// The console draws; where it can't, it says so instead of spraying escape sequences.
fn terminal() -> Result<(), CliError> {
    let missing = match (io::stdin().is_terminal(), io::stdout().is_terminal()) {
        (true, true) => None,
        (false, true) => Some("standard input is no terminal"),
        (true, false) => Some("standard output is no terminal"),
        (false, false) => Some("there is no terminal"),
    };
    if let Some(missing) = missing {
        return Err(CliError::usage(
            format!("the console needs a terminal: {missing}"),
            "For scripts and pipes: qd status, qd logs, qd --help. Over ssh: ssh -t host qd.",
        ));
    }
    if env("TERM").is_none_or(|term| term.is_empty() || term == "dumb") {
        return Err(CliError::usage(
            "the console can't draw here: TERM is not set, or says the terminal is dumb",
            "Set TERM to what the terminal is (xterm-256color, tmux-256color, …), or use qd status.",
        ));
    }
    Ok(())
}
