//! The arguments of the commands that change something.

// Doc comments on arguments are the help text: no markup in a terminal.
#![allow(clippy::doc_markdown)]

use clap::Args;

use super::Command;
use super::values::{ActFormat, Cpus, Memory, PullArg, Span};
use crate::fleet::Verb;

/// What a change is aimed at.
#[derive(Clone, Debug, Args)]
pub struct AimArgs {
    /// Service, project/, project/service, replica name or id prefix
    #[arg(value_name = "TARGET", required = true)]
    pub targets: Vec<String>,
    /// Only in this project
    #[arg(short, long, value_name = "NAME")]
    pub project: Option<String>,
}

/// How a change is asked for.
#[derive(Clone, Debug, Args)]
pub struct AskArgs {
    /// Do not ask (what is protected still asks for --confirm)
    #[arg(short, long)]
    pub yes: bool,
    /// The typed name something protected asks for
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
    /// Say what would be done, do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: ActFormat,
}

/// How long a change is waited for that is undone when it is not well.
#[derive(Clone, Debug, Args)]
pub struct DeadlineArgs {
    /// The longest wait for a replica to be well, e.g. 90s; default: by its health check
    #[arg(long, value_name = "TIME", visible_alias = "gate-timeout")]
    pub timeout: Option<Span>,
}

impl DeadlineArgs {
    /// The same as [`GateArgs`].
    pub fn gate(&self) -> GateArgs {
        GateArgs { timeout: self.timeout, ..GateArgs::default() }
    }
}

/// How long a change is waited for.
#[derive(Clone, Debug, Default, Args)]
pub struct GateArgs {
    /// Wait until it is well (the default)
    #[arg(long, overrides_with = "no_wait")]
    pub wait: bool,
    /// Do not wait until it is well
    #[arg(long)]
    pub no_wait: bool,
    /// The longest wait for a replica to be well, e.g. 90s; default: by its health check
    #[arg(long, value_name = "TIME", visible_alias = "gate-timeout", conflicts_with = "no_wait")]
    pub timeout: Option<Span>,
}

/// `qd pause`, `qd unpause`; what is in every lifecycle verb.
#[derive(Clone, Debug, Args)]
pub struct ActArgs {
    /// What it is aimed at.
    #[command(flatten)]
    pub aim: AimArgs,
    /// How it is asked for.
    #[command(flatten)]
    pub ask: AskArgs,
}

/// `qd start`.
#[derive(Clone, Debug, Args)]
pub struct StartArgs {
    /// What every verb takes.
    #[command(flatten)]
    pub act: ActArgs,
    /// How long it is waited for.
    #[command(flatten)]
    pub gate: GateArgs,
}

/// `qd stop`.
#[derive(Clone, Debug, Args)]
pub struct GracefulArgs {
    /// What every verb takes.
    #[command(flatten)]
    pub act: ActArgs,
    /// Seconds to wait for a graceful end before killing; default: the container's own
    #[arg(short, long, value_name = "SECONDS")]
    pub timeout: Option<u32>,
}

/// `qd restart`.
#[derive(Clone, Debug, Args)]
pub struct RestartArgs {
    /// What `qd stop` takes.
    #[command(flatten)]
    pub graceful: GracefulArgs,
    /// Wait until it is well (the default)
    #[arg(long, overrides_with = "no_wait")]
    pub wait: bool,
    /// Do not wait until it is well
    #[arg(long)]
    pub no_wait: bool,
    /// The longest wait for a replica to be well, e.g. 90s; default: by its health check
    // Not --timeout as elsewhere: that has always been the grace here, as docker has it.
    #[arg(long, value_name = "TIME", conflicts_with = "no_wait")]
    pub gate_timeout: Option<Span>,
}

/// `qd kill`.
#[derive(Clone, Debug, Args)]
pub struct KillArgs {
    /// What every verb takes.
    #[command(flatten)]
    pub act: ActArgs,
    /// The signal, e.g. SIGHUP
    #[arg(short, long, value_name = "SIGNAL")]
    pub signal: Option<String>,
}

/// `qd rm`.
#[derive(Clone, Debug, Args)]
pub struct RmArgs {
    /// What every verb takes.
    #[command(flatten)]
    pub act: ActArgs,
    /// Also what still runs (killed first)
    #[arg(short, long)]
    pub force: bool,
}

/// `qd scale`.
#[derive(Clone, Debug, Args)]
pub struct ScaleArgs {
    /// SERVICE N, or SERVICE=N once or more
    #[arg(value_name = "SERVICE=N", required = true)]
    pub counts: Vec<String>,
    /// Only in this project
    #[arg(short, long, value_name = "NAME")]
    pub project: Option<String>,
    /// How it is asked for.
    #[command(flatten)]
    pub ask: AskArgs,
    /// How long it is waited for.
    #[command(flatten)]
    pub gate: GateArgs,
}

/// `qd deploy`.
#[derive(Clone, Debug, Args)]
pub struct DeployArgs {
    /// Service, project/service, or a lone container's name
    #[arg(value_name = "SERVICE")]
    pub service: String,
    /// The image; :TAG = another tag of the one it has; none = what its reference means by now
    #[arg(value_name = "IMAGE")]
    pub image: Option<String>,
    /// When the registry is asked
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub pull: PullArg,
    /// Also what runs that very image already
    #[arg(short, long)]
    pub force: bool,
    /// Only in this project
    #[arg(short, long, value_name = "NAME")]
    pub project: Option<String>,
    /// How it is asked for.
    #[command(flatten)]
    pub ask: AskArgs,
    /// How long it is waited for.
    #[command(flatten)]
    pub deadline: DeadlineArgs,
}

/// `qd rollback`.
#[derive(Clone, Debug, Args)]
pub struct RollbackArgs {
    /// Service, project/service, or a lone container's name
    #[arg(value_name = "SERVICE")]
    pub service: String,
    /// To this revision's number (see qd history)
    #[arg(long, value_name = "REV", conflicts_with = "back")]
    pub to: Option<u32>,
    /// So many revisions back; default: 1
    #[arg(long, value_name = "N")]
    pub back: Option<u32>,
    /// Only in this project
    #[arg(short, long, value_name = "NAME")]
    pub project: Option<String>,
    /// How it is asked for.
    #[command(flatten)]
    pub ask: AskArgs,
    /// How long it is waited for.
    #[command(flatten)]
    pub deadline: DeadlineArgs,
}

/// `qd recreate`.
#[derive(Clone, Debug, Args)]
pub struct RecreateArgs {
    /// What it is aimed at.
    #[command(flatten)]
    pub aim: AimArgs,
    /// How it is asked for.
    #[command(flatten)]
    pub ask: AskArgs,
    /// How long it is waited for.
    #[command(flatten)]
    pub deadline: DeadlineArgs,
}

/// `qd limit`.
#[derive(Clone, Debug, Args)]
pub struct LimitArgs {
    /// What it is aimed at.
    #[command(flatten)]
    pub aim: AimArgs,
    /// CPUs, e.g. 1.5; none = no limit
    #[arg(long, value_name = "N", required_unless_present = "memory")]
    pub cpus: Option<Cpus>,
    /// Memory, e.g. 512m or 2g; none = no limit
    #[arg(short, long, value_name = "BYTES")]
    pub memory: Option<Memory>,
    /// How it is asked for.
    #[command(flatten)]
    pub ask: AskArgs,
    /// How long it is waited for.
    #[command(flatten)]
    pub deadline: DeadlineArgs,
}

/// `qd up`.
#[derive(Clone, Debug, Args)]
pub struct UpArgs {
    /// The project
    #[arg(value_name = "PROJECT", required = true)]
    pub projects: Vec<String>,
    /// How it is asked for.
    #[command(flatten)]
    pub ask: AskArgs,
    /// How long it is waited for.
    #[command(flatten)]
    pub gate: GateArgs,
}

/// `qd down`.
#[derive(Clone, Debug, Args)]
pub struct DownArgs {
    /// The project
    #[arg(value_name = "PROJECT", required = true)]
    pub projects: Vec<String>,
    /// Seconds to wait for a graceful end before killing; default: the container's own
    #[arg(short, long, value_name = "SECONDS")]
    pub timeout: Option<u32>,
    /// How it is asked for.
    #[command(flatten)]
    pub ask: AskArgs,
}

/// `qd finish`, `qd undo`.
#[derive(Clone, Debug, Args)]
pub struct LeftArgs {
    /// The operation's number; not needed where only one was left
    #[arg(value_name = "N")]
    pub operation: Option<i64>,
    /// How it is asked for.
    #[command(flatten)]
    pub ask: AskArgs,
}

impl RestartArgs {
    /// How long it is waited for, as other commands have it.
    pub fn gate(&self) -> GateArgs {
        GateArgs { wait: self.wait, no_wait: self.no_wait, timeout: self.gate_timeout }
    }
}

impl Command {
    /// The lifecycle verb this command is, if it is one.
    pub fn verb(&self) -> Option<Verb> {
        Some(match self {
            Self::Start(_) => Verb::Start,
            Self::Stop(_) => Verb::Stop,
            Self::Restart(_) => Verb::Restart,
            Self::Pause(_) => Verb::Pause,
            Self::Unpause(_) => Verb::Unpause,
            Self::Kill(_) => Verb::Kill,
            Self::Rm(_) => Verb::Remove,
            _ => return None,
        })
    }
}
