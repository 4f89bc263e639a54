//! The arguments of the commands that look back.

// Doc comments on arguments are the help text: no markup in a terminal.
#![allow(clippy::doc_markdown)]

use clap::{Args, value_parser};

use super::values::{JournalFormat, PostmortemFormat, TableOrJson};

/// `qd history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Service, project/service; also one that is gone
    #[arg(value_name = "SERVICE")]
    pub service: String,
    /// Only in this project
    #[arg(short, long, value_name = "NAME")]
    pub project: Option<String>,
    /// At most so many, the newest
    #[arg(short = 'n', long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Times in UTC instead of local
    #[arg(long)]
    pub utc: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: TableOrJson,
}

/// `qd journal`.
#[derive(Debug, Args)]
pub struct JournalArgs {
    /// Service, project/, project/service, or the number of an operation; none = everything
    #[arg(value_name = "SUBJECT")]
    pub subject: Option<String>,
    /// What happened since: 10m, 2h30m, 2026-05-01T10:00, RFC 3339, Unix seconds
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// What happened before, spelt as for --since
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// At most so many, the newest; default: 50, with --since all
    #[arg(short = 'n', long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Only what has these words in it
    #[arg(short = 'g', long, value_name = "WORDS")]
    pub grep: Option<String>,
    /// Also what is only part of an operation: each stop and start of a deploy
    #[arg(short, long)]
    pub all: bool,
    /// Of every engine in the journal, without asking one
    #[arg(long)]
    pub everywhere: bool,
    /// Times in UTC instead of local
    #[arg(long)]
    pub utc: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: JournalFormat,
}

/// `qd postmortem`.
#[derive(Debug, Args)]
pub struct PostmortemArgs {
    /// Service, project/service; also one that is gone. None lists what is kept
    #[arg(value_name = "SERVICE")]
    pub service: Option<String>,
    /// Only in this project
    #[arg(short, long, value_name = "NAME", requires = "service")]
    pub project: Option<String>,
    /// The last one kept, whatever the engine says happened since
    #[arg(long, requires = "service")]
    pub last: bool,
    /// The one of that number
    #[arg(long, value_name = "N", conflicts_with_all = ["service", "last"])]
    pub id: Option<i64>,
    /// List at most so many
    #[arg(short = 'n', long, value_name = "N", value_parser = value_parser!(u32).range(1..), conflicts_with_all = ["service", "id"])]
    pub limit: Option<u32>,
    /// Times in UTC instead of local
    #[arg(long)]
    pub utc: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: PostmortemFormat,
}
