//! Settings: what `config.toml` may say, its defaults, and its documentation, in one type.
//!
//! The doc comments of the fields are what `qd config schema` and the README's table print.
//! Defaults < file < environment < flags; the first three are put together in [`Settings::load`],
//! the last by the command line.

mod alerts;
mod colors;
mod load;
mod mistakes;
mod reference;
mod size;
pub(super) mod span;
#[cfg(test)]
mod tests;

pub use alerts::{AlertSettings, Format, Signal, Webhook};
pub use colors::Colors;
pub(super) use load::place_of;
pub use reference::{reference, schema};

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metrics::MetricsRule;
use super::probe::ProbeRule;
use super::protect::{Protection, Rule};

/// Everything that can be set, resolved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Refuse every change, at the engine's edge.
    pub read_only: bool,
    /// Projects, or `project/service`, where stop, kill and remove ask for the typed name; `*` and
    /// `?` stand for anything.
    #[schemars(extend("examples" = [["prod-*", "payments"]]))]
    pub protected: Vec<String>,
    /// The engine to talk to.
    pub engine: EngineSettings,
    /// The screen.
    pub ui: UiSettings,
    /// The log view and `qd logs`.
    pub logs: LogSettings,
    /// When a changed service counts as well.
    pub gate: GateSettings,
    /// The journal.
    pub journal: JournalSettings,
    /// What is watched for, and who is told.
    pub alerts: AlertSettings,
    /// How sure one must be before a target is changed; the strictest rule that matches decides.
    pub protect: Vec<Rule>,
    /// How qd itself checks services; labels `quarterdeck.probe.*` on a container add to it.
    #[serde(rename = "probe")]
    pub probes: Vec<ProbeRule>,
    /// What services are asked about themselves; labels `quarterdeck.metrics*` on a container add to it.
    pub metrics: Vec<MetricsRule>,
}

impl Settings {
    /// Who may change what, and how sure one must be.
    pub fn protection(&self) -> Protection {
        Protection { read_only: self.read_only, rules: self.protect.clone(), typed: self.protected.clone() }
    }
}

/// `[gate]`: when a changed replica counts as well. Labels `quarterdeck.gate.deadline`, `.stay` and
/// `.settle` on a container go before all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GateSettings {
    /// Without a HEALTHCHECK: it must run this long without restart.
    #[serde(with = "span")]
    #[schemars(with = "String")]
    pub stay: Duration,
    /// At the end it must have been well for this long.
    #[serde(with = "span")]
    #[schemars(with = "String")]
    pub settle: Duration,
    /// The longest wait; absent = by the health check's own start period, interval and retries.
    #[serde(with = "span::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("examples" = ["90s"]))]
    pub deadline: Option<Duration>,
    /// Other times for some services; the first rule that matches decides.
    #[serde(rename = "for")]
    pub rules: Vec<GateRule>,
}

/// `[[gate.for]]`: other times for some services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GateRule {
    /// `project/service`, a project, or a lone container; `*` and `?` stand for anything.
    #[schemars(extend("examples" = ["shop/api-*"]))]
    pub service: String,
    /// Instead of `gate.stay`.
    #[serde(with = "span::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub stay: Option<Duration>,
    /// Instead of `gate.settle`.
    #[serde(with = "span::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub settle: Option<Duration>,
    /// Instead of `gate.deadline`.
    #[serde(with = "span::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub deadline: Option<Duration>,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self {
            stay: Duration::from_secs(5),
            settle: Duration::from_secs(10),
            deadline: None,
            rules: Vec::new(),
        }
    }
}

/// `[journal]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JournalSettings {
    /// The journal's file, absolute or from `~`; absent = `journal.db` in the state directory.
    /// Users who operate on one host together should share one.
    #[schemars(extend("examples" = ["/var/lib/quarterdeck/journal.db"]))]
    pub path: Option<PathBuf>,
}

/// `[engine]`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EngineSettings {
    /// The engine's address, as `docker --host` takes it; `DOCKER_HOST` goes before it.
    #[schemars(extend("examples" = ["tcp://10.0.0.3:2376"]))]
    pub host: Option<String>,
    /// A docker context's name; `DOCKER_CONTEXT` goes before it.
    #[schemars(extend("examples" = ["prod-1"]))]
    pub context: Option<String>,
}

impl EngineSettings {
    /// What a flag says replaces both: a host from the file must not win over a context asked for.
    pub fn replace(&mut self, host: Option<String>, context: Option<String>) {
        if host.is_some() || context.is_some() {
            *self = Self { host, context };
        }
    }
}

/// `[ui]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UiSettings {
    /// The theme's name; `qd themes` lists them.
    pub theme: String,
    /// The keymap's name; `qd keys --list` lists them.
    pub keymap: String,
    /// Whether the mouse works in qd; off leaves it to the terminal, to select text.
    pub mouse: bool,
    /// ASCII instead of Unicode characters; absent = by the locale and the terminal.
    #[schemars(extend("examples" = [true]))]
    pub ascii: Option<bool>,
    /// How many colours to use: `auto` believes the terminal and `NO_COLOR`.
    pub colors: Colors,
    /// Times in UTC instead of local.
    pub utc: bool,
}

impl Default for UiSettings {
    fn default() -> Self {
        Self {
            theme: "quarterdeck".into(),
            keymap: "default".into(),
            mouse: true,
            ascii: None,
            colors: Colors::Auto,
            utc: false,
        }
    }
}

/// `[logs]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// Memory for log lines, at least 1MiB; the oldest lines go first.
    #[serde(with = "size")]
    #[schemars(with = "String")]
    pub memory: u64,
    /// Lines of history fetched when a log is opened.
    #[schemars(range(max = 1_000_000))]
    #[serde(deserialize_with = "load::tail")]
    pub tail: u64,
    /// The directory for saved logs, absolute or from `~`; absent = the state directory.
    #[schemars(extend("examples" = ["~/logs"]))]
    pub save_dir: Option<PathBuf>,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { memory: 32 << 20, tail: 1000, save_dir: None }
    }
}
