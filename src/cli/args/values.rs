//! What options may say: formats, levels, counts.

// Doc comments on values are the help text: no markup in a terminal.
#![allow(clippy::doc_markdown)]

use std::time::Duration;

use clap::ValueEnum;
use thiserror::Error;

use crate::text::human;

/// When something is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Table for humans, JSON for machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For humans.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// Table for humans, JSON for machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TableOrJson {
    /// For humans.
    #[default]
    Table,
    /// For machines (see qd schema).
    Json,
}

/// How `qd check` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For humans.
    #[default]
    Table,
    /// For machines (see qd schema check).
    Json,
    /// One line, and exit codes as monitoring plugins have them.
    Nagios,
}

/// How `qd journal` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum JournalFormat {
    /// A line a moment, oldest first.
    #[default]
    Table,
    /// One JSON object (see qd schema journal).
    Json,
    /// The report of an incident.
    Markdown,
}

/// How `qd postmortem` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PostmortemFormat {
    /// For humans.
    #[default]
    Text,
    /// A report in Markdown.
    #[value(alias = "markdown")]
    Md,
    /// One JSON object (see qd schema postmortem).
    Json,
}

/// How `qd status` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// The main columns, a row a service.
    #[default]
    Table,
    /// All columns, a row a replica too.
    Wide,
    /// One JSON object (see qd schema status).
    Json,
}

/// How `qd logs` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Tag and text; colours on a terminal.
    #[default]
    Text,
    /// One JSON object a line (see qd schema logs).
    Json,
    /// The text alone, not even a tag.
    Raw,
}

/// How actions print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ActFormat {
    /// A line a step.
    #[default]
    Table,
    /// A JSON object a line: each step (see qd schema step), then what became of it all (see qd
    /// schema act).
    Json,
}

/// The lowest level to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LevelArg {
    /// trace
    Trace,
    /// debug
    Debug,
    /// info, notice
    Info,
    /// warn, warning
    Warn,
    /// error
    Error,
    /// fatal, critical, panic
    Fatal,
}

/// `--tail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// All lines.
    All,
    /// The last n.
    Last(u64),
}

impl std::str::FromStr for Tail {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("all") { Ok(Self::All) } else { text.parse().map(Self::Last) }
    }
}

/// The documented JSON outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// qd status -o json
    Status,
    /// qd logs -o json, one line
    Logs,
    /// qd start, deploy, … -o json, the last line
    Act,
    /// qd start, deploy, … --dry-run -o json
    Plan,
    /// qd start, deploy, … -o json, the lines before
    Step,
    /// qd finish --dry-run -o json, qd undo --dry-run -o json
    Left,
    /// qd history -o json
    History,
    /// qd journal -o json
    Journal,
    /// qd postmortem SERVICE -o json
    Postmortem,
    /// qd ports -o json
    Ports,
    /// qd tree -o json
    Tree,
    /// qd host -o json
    Host,
    /// qd incidents -o json
    Incidents,
    /// qd doctor -o json
    Doctor,
    /// qd check -o json
    Check,
    /// qd probe list -o json
    Probes,
    /// qd metrics -o json
    Metrics,
}

/// Whether a deploy asks the registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PullArg {
    /// Always; where it has nothing newer than what runs, nothing is done.
    Always,
    /// Only when the image is not here.
    #[default]
    Missing,
    /// Never.
    Never,
}

/// An option's value that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ValueError {
    /// Nothing of it would be left.
    #[error("it must be longer than nothing")]
    Nothing,
    /// No number of CPUs.
    #[error("write a number of CPUs such as 0.5 or 2, or none")]
    Cpus,
    /// No time, no size.
    #[error("{0}")]
    Other(#[from] human::ParseError),
}

/// A span of time, longer than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl std::str::FromStr for Span {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match human::parse_duration(text)? {
            Duration::ZERO => Err(ValueError::Nothing),
            span => Ok(Self(span)),
        }
    }
}

/// A limit in CPUs; 0 = none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cpus(pub f64);

impl std::str::FromStr for Cpus {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self(0.0));
        }
        // A thousandth is what engines count in.
        let sane = |cpus: &f64| *cpus == 0.0 || (0.001..=100_000.0).contains(cpus);
        text.parse().ok().filter(sane).map(Self).ok_or(ValueError::Cpus)
    }
}

/// A limit in bytes; 0 = none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory(pub u64);

impl std::str::FromStr for Memory {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("none") { Ok(Self(0)) } else { Ok(Self(human::parse_bytes(text)?)) }
    }
}
