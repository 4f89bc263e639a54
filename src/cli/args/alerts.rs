//! The arguments of the commands about incidents.

// Doc comments on arguments are the help text: no markup in a terminal.
#![allow(clippy::doc_markdown)]

use clap::{Args, Subcommand, value_parser};

use super::values::{Span, TableOrJson, TextOrJson};

/// `qd watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Look once: what holds now counts, however long it has to hold. Ends with 1 where an incident is open
    #[arg(long)]
    pub once: bool,
    /// Times in UTC instead of local
    #[arg(long)]
    pub utc: bool,
    /// How to print: a line for every change
    #[arg(short, long, value_enum, default_value_t)]
    pub output: TextOrJson,
}

/// `qd incidents`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    override_usage = "qd incidents [OPTIONS] [ack N [NOTE]...]"
)]
pub struct IncidentsArgs {
    /// What to do; none lists them.
    #[command(subcommand)]
    pub command: Option<IncidentsCommand>,
    /// Also those that are over
    #[arg(short, long)]
    pub all: bool,
    /// Also those that were open since then: 10m, 2h30m, 2026-05-01T10:00, RFC 3339, Unix seconds
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub since: Option<String>,
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

/// `qd incidents …`.
#[derive(Debug, Subcommand)]
pub enum IncidentsCommand {
    /// Say that you have seen an open incident
    Ack {
        /// Its number
        #[arg(value_name = "N")]
        number: i64,
        /// What others should know
        #[arg(value_name = "NOTE", trailing_var_arg = true)]
        note: Vec<String>,
    },
}

/// `qd silence`.
#[derive(Debug, Args)]
pub struct SilenceArgs {
    /// Service, project/service, project or rule; * and ? stand for anything. None lists the silences
    #[arg(value_name = "SERVICE|RULE", requires = "span")]
    pub target: Option<String>,
    /// For how long: 30m, 2h, 1d
    #[arg(long = "for", value_name = "SPAN", id = "span", requires = "target")]
    pub span: Option<Span>,
    /// Why
    #[arg(value_name = "REASON", trailing_var_arg = true)]
    pub reason: Vec<String>,
    /// End the silence of that number now
    #[arg(long, value_name = "N", conflicts_with_all = ["target", "span"])]
    pub lift: Option<i64>,
    /// Times in UTC instead of local
    #[arg(long)]
    pub utc: bool,
}
