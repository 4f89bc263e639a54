//! `qd man`: the manual page, generated from the same table as help.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::args::Cli;
use super::exit::{CliError, Exit};

/// Environment variables qd reads, for the manual.
const ENVIRONMENT: [(&str, &str); 8] = [
    ("DOCKER_HOST", "The engine, as for the docker CLI; --host comes first."),
    ("DOCKER_CONTEXT", "The docker context, where neither --host nor DOCKER_HOST is set."),
    ("DOCKER_CONFIG", "The directory of config.json and the contexts; ~/.docker unless set."),
    ("DOCKER_CERT_PATH, DOCKER_TLS, DOCKER_TLS_VERIFY", "TLS, as for the docker CLI."),
    ("NO_COLOR", "No colours, here and in the console."),
    (
        "QD_CONFIG_DIR, QD_STATE_DIR",
        "Where config and state lie, instead of the platform's places (see qd config path).",
    ),
    ("QD_THEME, QD_KEYMAP, QD_READ_ONLY", "As --theme, --keymap and --read-only."),
    ("QD_LOG", "What qd's own log says, e.g. debug or quarterdeck::engine=trace."),
];

/// Print the manual page as roff.
pub(super) fn run() -> Result<Exit, CliError> {
    let mut page = Vec::new();
    render(&mut page)?;
    let mut out = io::stdout().lock();
    out.write_all(&page)?;
    out.flush()?;
    Ok(Exit::Done)
}

fn render(page: &mut Vec<u8>) -> io::Result<()> {
    let man = Man::new(Cli::command());
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    commands(page)?;
    let mut roff = Roff::default();
    roff.control("SH", ["EXIT STATUS"]);
    for (exit, meaning) in Exit::TABLE {
        roff.control("TP", []);
        roff.text([bold(exit.code().to_string())]);
        roff.text([roman(meaning)]);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (name, meaning) in ENVIRONMENT {
        roff.control("TP", []);
        roff.text([bold(name)]);
        roff.text([roman(meaning)]);
    }
    roff.to_writer(page)?;
    man.render_version_section(page)
}

/// Every command with its own options: one page, as `man qd` is asked for, not `man qd-logs`.
fn commands(page: &mut Vec<u8>) -> io::Result<()> {
    let mut command = Cli::command();
    command.build();
    let mut roff = Roff::default();
    roff.control("SH", ["COMMANDS"]);
    for sub in command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help") {
        roff.control("SS", [format!("qd {}", sub.get_name()).as_str()]);
        if let Some(about) = sub.get_about() {
            roff.text([roman(format!("{about}."))]);
        }
        for arg in sub.get_arguments().filter(|a| !a.is_global_set() && a.get_id() != "help") {
            roff.control("TP", []);
            roff.text([bold(arg.to_string())]);
            roff.text([roman(arg.get_help().map(ToString::to_string).unwrap_or_default())]);
        }
    }
    roff.to_writer(page)
}
