//! Settings: what `config.toml` may say, its defaults, and its documentation, in one type.
//!
//! The doc comments of the fields are what `qd config schema` and the README's table print.
//! Defaults < file < environment < flags; the first three are put together in [`Settings::load`],
//! the last by the command line.

mod colors;
mod load;
mod reference;
mod size;
#[cfg(test)]
mod tests;

pub use colors::Colors;
pub(super) use load::place_of;
pub use reference::{reference, schema};

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
