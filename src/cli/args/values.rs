//! What options may say: formats, levels, counts.

// Doc comments on values are the help text: no markup in a terminal.
#![allow(clippy::doc_markdown)]

use clap::ValueEnum;

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
    /// A line a replica.
    #[default]
    Table,
    /// One JSON object at the end (see qd schema act).
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
    /// qd start, stop, … -o json
    Act,
    /// qd doctor -o json
    Doctor,
}
