//! The arguments of the commands that check.

// Doc comments on arguments are the help text: no markup in a terminal.
#![allow(clippy::doc_markdown)]

use clap::{Args, Subcommand};

use super::values::{CheckFormat, Span, TableOrJson};

/// `qd check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Service, project/, project/service; none = everything that is meant to run
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,
    /// Check again and again until all are healthy, for so long at most
    #[arg(long, value_name = "TIME")]
    pub wait: Option<Span>,
    /// Print only what is not healthy
    #[arg(short, long)]
    pub quiet: bool,
    /// How to print; nagios also exits 2 for what is broken
    #[arg(short, long, value_enum, default_value_t)]
    pub output: CheckFormat,
}

/// `qd probe`.
#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// What about them.
    #[command(subcommand)]
    pub command: ProbeCommand,
}

/// `qd probe …`.
#[derive(Debug, Subcommand)]
pub enum ProbeCommand {
    /// Every probe: of what, from where, to where, and what it comes to now
    List(ProbeListArgs),
    /// Try well-known endpoints once on the ports of running services, and print config to keep
    Discover(DiscoverArgs),
}

/// `qd probe list`.
#[derive(Debug, Args)]
pub struct ProbeListArgs {
    /// Service, project/, project/service; none = all
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: TableOrJson,
}

/// `qd probe discover`.
#[derive(Debug, Args)]
pub struct DiscoverArgs {
    /// Service, project/, project/service; none = all that have no probe
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,
}

/// `qd metrics`.
#[derive(Debug, Args)]
pub struct MetricsArgs {
    /// Service, project/, project/service; none = all
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,
    /// Rates take two scrapes: so far apart (5s)
    #[arg(long, value_name = "TIME")]
    pub over: Option<Span>,
    /// One scrape only: what is there at once, without rates
    #[arg(long, conflicts_with = "over")]
    pub once: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: TableOrJson,
}
