//! Everything about one replica, for the config and health tabs and for `qd inspect`.

use jiff::Timestamp;
use serde::Serialize;
use std::time::Duration;

use crate::fleet::Replica;

/// Everything about one replica, sanitised, secrets masked.
#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    /// The replica as the fleet knows it, fully filled in.
    pub replica: Replica,
    /// Entrypoint and arguments as started, secrets in arguments masked.
    pub command: Vec<String>,
    /// Environment in the engine's order; values masked where they are secret.
    pub env: Vec<(String, String)>,
    /// Labels, sorted.
    pub labels: Vec<(String, String)>,
    /// Mounts.
    pub mounts: Vec<Mount>,
    /// Networks.
    pub networks: Vec<NetworkLink>,
    /// `unless-stopped`, `on-failure:3`, `no`, …
    pub restart_policy: String,
    /// `uid:gid` or name; empty = the image's.
    pub user: String,
    /// Working directory.
    pub workdir: String,
    /// Host name inside.
    pub hostname: String,
    /// Logging driver, e.g. `json-file`.
    pub log_driver: String,
    /// Where the engine keeps the log file, if it is a file.
    pub log_path: Option<String>,
    /// The declared health check.
    pub health: Option<HealthSpec>,
    /// The last results of it, oldest first (Docker keeps five).
    pub health_log: Vec<HealthLog>,
    /// How many times in a row it failed.
    pub failing_streak: u32,
    /// The engine's own words for the last failure to start, if any.
    pub error: Option<String>,
    /// The engine's whole answer with secrets masked, for `qd inspect -o json`.
    pub raw: serde_json::Value,
}

/// A declared health check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HealthSpec {
    /// `CMD-SHELL curl …`, as the engine has it.
    pub test: Vec<String>,
    /// Time between checks.
    pub interval: Duration,
    /// Time allowed for one.
    pub timeout: Duration,
    /// Failures in a row that make it unhealthy.
    pub retries: u32,
    /// Grace after start.
    pub start_period: Duration,
}

/// One result of a health check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HealthLog {
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// Exit code: 0 passed, 1 failed, −1 timed out or could not run.
    pub exit: i64,
    /// What it printed, sanitised.
    pub output: String,
}

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mount {
    /// `bind`, `volume`, `tmpfs`, …
    pub kind: String,
    /// Volume name or host path.
    pub source: String,
    /// Path inside.
    pub target: String,
    /// Whether it is read-only.
    pub read_only: bool,
    /// A volume nobody gave a name: it belongs to this replica alone.
    pub anonymous: bool,
}

/// One network a replica hangs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetworkLink {
    /// The network's name.
    pub name: String,
    /// The replica's address in it; empty while it is not running.
    pub address: String,
    /// The names it answers to there.
    pub aliases: Vec<String>,
}
