//! The command line as written: one table for parser, help, completions and man page.

// Doc comments on arguments are the help text: no markup in a terminal.
#![allow(clippy::doc_markdown)]

mod alerts;
mod change;
mod past;
mod probe;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

use super::demo::DemoSpec;

pub use alerts::{IncidentsArgs, IncidentsCommand, SilenceArgs, WatchArgs};
pub use change::{
    ActArgs, AimArgs, AskArgs, DeadlineArgs, DeployArgs, DownArgs, GateArgs, GracefulArgs, KillArgs,
    LeftArgs, LimitArgs, RecreateArgs, RestartArgs, RmArgs, RollbackArgs, ScaleArgs, StartArgs, UpArgs,
};
pub use past::{HistoryArgs, JournalArgs, PostmortemArgs};
pub use probe::{CheckArgs, DiscoverArgs, MetricsArgs, ProbeArgs, ProbeCommand, ProbeListArgs};
pub use values::{
    ActFormat, CheckFormat, Cpus, JournalFormat, LevelArg, LogFormat, Memory, PostmortemFormat, PullArg,
    SchemaOf, Span, StatusFormat, TableOrJson, Tail, TextOrJson, ValueError, When,
};

/// Shown under `qd --help` and in the man page.
const AFTER_HELP: &str = "\
Exit codes: 0 done · 1 failed and not undone · 2 usage or config · 3 engine unreachable · \
4 refused (read-only, protected, not confirmed, impossible), nothing touched · 5 failed and undone · \
6 interrupted, resumable (qd finish, qd undo)

Try it without an engine: qd demo, or any command with --demo, e.g. qd --demo status";

/// A terminal operations console for containers.
///
/// Without a command, qd opens its console on the Docker engine the docker CLI would talk to.
#[derive(Debug, Parser)]
#[command(name = "qd", version, after_help = AFTER_HELP, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = false, subcommand_help_heading = "Commands")]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// The command; none opens the console.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options every command takes, before or after its name.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The engine: unix:///path or tcp://host:port (as docker --host)
    #[arg(short = 'H', long, global = true, value_name = "URL", value_hint = ValueHint::Url)]
    pub host: Option<String>,
    /// A docker context by name
    #[arg(short = 'c', long, global = true, value_name = "NAME", conflicts_with = "host")]
    pub context: Option<String>,
    /// Run on the simulated demo fleet: any of PLATFORM,services=N,seed=N
    #[arg(long, global = true, value_name = "SPEC", num_args = 0..=1, require_equals = true,
          default_missing_value = "", conflicts_with_all = ["host", "context"])]
    pub demo: Option<DemoSpec>,
    /// Refuse every change, at the engine's edge
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Write nothing down: no history, no undo after a crash, no lock against a second qd
    #[arg(long, global = true)]
    pub no_journal: bool,
    /// The theme (see qd themes)
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// The keymap (see qd keys)
    #[arg(long, global = true, value_name = "NAME")]
    pub keymap: Option<String>,
    /// ASCII glyphs only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Leave the mouse to the terminal
    #[arg(long, global = true)]
    pub no_mouse: bool,
    /// This config file instead of the user's
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Colours: auto = on a terminal without NO_COLOR
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub color: When,
    /// Say what happens, on stderr; twice: more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the console on a simulated fleet; needs nothing installed
    Demo(DemoArgs),
    /// What is up, what is down, and why
    #[command(visible_alias = "ps")]
    Status(StatusArgs),
    /// Are all services well, by their own checks and ours? Exits 0, 1, or 3 where it can't tell
    Check(CheckArgs),
    /// Our own checks of services: list them, or look for some
    Probe(ProbeArgs),
    /// What services say of themselves: requests, errors, response times, whatever they count
    Metrics(MetricsArgs),
    /// Logs of a replica, a service, a project or everything, merged by time
    Logs(LogsArgs),
    /// Start services or replicas, and wait until they are well
    Start(StartArgs),
    /// Stop them gracefully
    Stop(GracefulArgs),
    /// Restart them, one replica of a service after the other, each only when the last is well
    Restart(RestartArgs),
    /// Freeze their processes
    Pause(ActArgs),
    /// Thaw them
    Unpause(ActArgs),
    /// Send a signal, SIGKILL unless said otherwise
    Kill(KillArgs),
    /// Remove their containers; volumes stay
    #[command(visible_alias = "remove")]
    Rm(RmArgs),
    /// Run so many replicas of a service
    Scale(ScaleArgs),
    /// Replace a service's replicas by ones of another image, and go back if they are not well
    Deploy(DeployArgs),
    /// Go back to what a service ran before
    #[command(visible_alias = "roll-back")]
    Rollback(RollbackArgs),
    /// Replace replicas by new ones of the same image and settings
    Recreate(RecreateArgs),
    /// Change the CPU and memory limits
    Limit(LimitArgs),
    /// Start a project in the order its services depend on each other, each ready before the next
    Up(UpArgs),
    /// Stop a project in reverse order; containers and volumes stay
    Down(DownArgs),
    /// Bring an operation that was left in the middle to its end
    Finish(LeftArgs),
    /// Take an operation that was left in the middle back
    Undo(LeftArgs),
    /// What a service ran, and since when
    History(HistoryArgs),
    /// What was done here and what happened: operations, crashes, restarts; or one operation
    Journal(JournalArgs),
    /// Why something died, and what was known around it; without a service: those that are kept
    Postmortem(PostmortemArgs),
    /// Who has which port of the host, and who wants it in vain
    Ports(PortsArgs),
    /// Who needs whom, as a tree; what a service takes with it, and where to look first
    #[command(visible_alias = "deps")]
    Tree(TreeArgs),
    /// The engine's machine: load, memory, pressure, disks; with --disk what the engine keeps
    Host(HostArgs),
    /// Evaluate the alert rules without a screen: write incidents down, tell the webhooks
    Watch(WatchArgs),
    /// What is wrong by the alert rules, and what was
    Incidents(IncidentsArgs),
    /// Keep incidents of a service or a rule quiet for a while; or list what is quiet
    Silence(SilenceArgs),
    /// Everything about a replica (or each of a service), secrets masked
    Inspect(InspectArgs),
    /// What qd sees of engine, host, terminal and config, and what to do about it
    Doctor(DoctorArgs),
    /// Check and describe the configuration
    Config(ConfigArgs),
    /// List the themes
    Themes(ListArgs),
    /// List the keys, or the keymaps
    Keys(KeysArgs),
    /// Print the JSON schema of a command's JSON output
    Schema(SchemaArgs),
    /// Print a completion script
    Completions {
        /// For which shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the man page (roff)
    Man,
}

/// `qd demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// storefront, group-buying (unless another is named), retail-pos, cloud-pos or payments
    #[arg(long, value_name = "NAME")]
    pub platform: Option<String>,
    /// Cut or fill it to this many services
    #[arg(long, value_name = "N")]
    pub services: Option<u32>,
    /// The seed; the same seed lives the same life
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// `qd status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Only these: service, project/, project/service, replica name or id prefix
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: StatusFormat,
    /// Go on: redraw on a terminal; in a pipe, print again when something changed
    #[arg(short, long)]
    pub watch: bool,
    /// Also what was stopped on purpose, and jobs
    #[arg(short, long)]
    pub all: bool,
    /// Do not read usage (faster)
    #[arg(long)]
    pub no_usage: bool,
}

/// `qd logs`.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// Service, project/, project/service, replica name or id prefix; none = everything
    #[arg(value_name = "SUBJECT")]
    pub subject: Option<String>,
    /// Go on with new lines, through restarts and recreation
    #[arg(short, long)]
    pub follow: bool,
    /// Lines since: 10m, 2h30m, 2026-05-01T10:00, RFC 3339, Unix seconds
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Lines before, spelt as for --since
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true, conflicts_with = "follow")]
    pub until: Option<String>,
    /// Only the last N lines of each replica; all = all
    #[arg(short = 'n', long, value_name = "N")]
    pub tail: Option<Tail>,
    /// Only lines that match this regular expression
    #[arg(short = 'g', long, value_name = "RE")]
    pub grep: Option<String>,
    /// No lines that match this one
    #[arg(short = 'x', long, value_name = "RE")]
    pub exclude: Option<String>,
    /// Only this level and worse
    #[arg(short = 'l', long, value_enum)]
    pub level: Option<LevelArg>,
    /// Print the time of each line
    #[arg(short, long)]
    pub timestamps: bool,
    /// Times in UTC instead of local
    #[arg(long)]
    pub utc: bool,
    /// The run before the last restart
    #[arg(short, long, conflicts_with = "follow")]
    pub previous: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: LogFormat,
}

/// `qd tree`.
#[derive(Debug, Args)]
pub struct TreeArgs {
    /// Only from here on: service, project/, project/service, replica name or id prefix
    #[arg(value_name = "TARGET")]
    pub target: Option<String>,
    /// The other way: below a service stands who needs it
    #[arg(short, long)]
    pub impact: bool,
    /// How to print; wide says how it is seen
    #[arg(short, long, value_enum, default_value_t)]
    pub output: StatusFormat,
}

/// `qd ports`.
#[derive(Debug, Args)]
pub struct PortsArgs {
    /// A port of the host, or a service, project/service, project/; without: all of them
    #[arg(value_name = "PORT|TARGET")]
    pub about: Option<String>,
    /// Do not connect to the ports to see whether anybody answers
    #[arg(long)]
    pub no_probe: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: TableOrJson,
}

/// `qd host`.
#[derive(Debug, Args)]
pub struct HostArgs {
    /// Add up what images, containers, volumes and build cache take; may take a while
    #[arg(long)]
    pub disk: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: TableOrJson,
}

/// `qd inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Service, project/service, replica name or id prefix
    pub target: String,
    /// Show masked environment values as they are; asks first, and is written down
    #[arg(long)]
    pub reveal: bool,
    /// Do not ask
    #[arg(short, long, requires = "reveal")]
    pub yes: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: TextOrJson,
}

/// `qd doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: TextOrJson,
}

/// `qd config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// What about it.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// `qd config …`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check config, themes, keymaps and alert rules; the user's own unless named
    Check {
        /// A config, theme, keymap or alert rule (YAML) file
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
    },
    /// Print the JSON schema of the config file
    Schema,
    /// Print where the files lie
    Path,
    /// Print every setting with its default and meaning
    Reference,
}

/// `qd themes`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: TextOrJson,
}

/// `qd keys`.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// List the keymaps instead
    #[arg(short, long)]
    pub list: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: TextOrJson,
}

/// `qd schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Of which command's output
    #[arg(value_enum)]
    pub of: SchemaOf,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::fleet::Verb;
    use clap::CommandFactory;

    #[test]
    fn the_table_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn demo_takes_a_spec_only_after_an_equals_sign() {
        let cli = Cli::try_parse_from(["qd", "--demo", "status"]).unwrap();
        assert_eq!(cli.global.demo, Some(DemoSpec::default()));
        assert!(matches!(cli.command, Some(Command::Status(_))));
        let cli = Cli::try_parse_from(["qd", "status", "--demo=payments,seed=7"]).unwrap();
        let spec = cli.global.demo.unwrap();
        assert_eq!((spec.platform.as_deref(), spec.seed), (Some("payments"), Some(7)));
    }

    #[test]
    fn every_verb_has_its_command() {
        for verb in Verb::ALL {
            let name = if verb == Verb::Remove { "rm" } else { verb.word() };
            let cli = Cli::try_parse_from(["qd", name, "api"]).unwrap();
            assert_eq!(cli.command.unwrap().verb(), Some(verb));
        }
    }

    #[test]
    fn following_has_no_end() {
        assert!(Cli::try_parse_from(["qd", "logs", "--until", "5m"]).is_ok());
        assert!(Cli::try_parse_from(["qd", "logs", "-f", "--until", "5m"]).is_err());
    }

    #[test]
    fn an_engine_is_named_one_way() {
        assert!(Cli::try_parse_from(["qd", "-H", "unix:///x", "-c", "prod"]).is_err());
        assert!(Cli::try_parse_from(["qd", "--demo", "-c", "prod"]).is_err());
    }
}
