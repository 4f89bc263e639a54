//! The headless twin: everything the screen does, as a command with honest exit codes.
//!
//! Owns: the command line, standard output and standard error, questions on a terminal, exit
//! codes. One file per command. Must not: know an engine's kind, or decide what a change means
//! (that is [`crate::operate`]).
//!
//! Results go to stdout, words to stderr. Nothing that is not a terminal ever gets an escape
//! sequence, unless `--color always` asks for it.

pub mod args;
mod completions;
mod demo;
mod exit;
mod json;
mod man;
mod out;
mod style;
mod table;
mod target;
mod when;

use std::ffi::OsString;

use clap::Parser;

use args::{Cli, Command};
pub use demo::DemoSpec;
pub use exit::{CliError, Exit};

/// Run one command line, and say how it ended. Everything it has to say is said when it returns.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match run(cli) {
        Ok(exit) => exit,
        Err(error) => {
            complain(&error);
            error.exit()
        }
    }
}

/// What clap has to say: help and version on stdout, mistakes on stderr.
fn usage(error: &clap::Error) -> Exit {
    let printed = error.print();
    match (error.use_stderr(), printed) {
        (true, _) => Exit::Usage,
        (false, Err(e)) if e.kind() != std::io::ErrorKind::BrokenPipe => Exit::Failed,
        (false, _) => Exit::Done,
    }
}

/// One sentence, and under it what to do.
fn complain(error: &CliError) {
    if matches!(error, CliError::ReaderGone) {
        return;
    }
    say(&format!("qd: {error}"));
    let remedy = error.remedy();
    if !remedy.is_empty() {
        say(&format!("    {remedy}"));
    }
}

/// A line of words on stderr. A stderr that can't be written is no reason to stop.
fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn run(cli: Cli) -> Result<Exit, CliError> {
    match cli.command {
        Some(Command::Completions { shell }) => completions::run(shell),
        Some(Command::Man) => man::run(),
        _ => Err(CliError::failed("not built yet", "Wait for the next landing.")),
    }
}
