//! Settings as resolved: defaults, then the file, then environment, then flags.

use std::path::PathBuf;

/// Everything that can be set, resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The engine to talk to.
    pub engine: EngineSettings,
    /// The screen.
    pub ui: UiSettings,
    /// The log view and `qd logs`.
    pub logs: LogSettings,
    /// Refuse every change, at the engine's edge.
    pub read_only: bool,
    /// Projects (globs) where stop, kill and remove ask for the typed name.
    pub protected: Vec<String>,
}

/// `[engine]`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EngineSettings {
    /// `unix://…`, `tcp://…`; as `docker --host`. Comes before everything else.
    pub host: Option<String>,
    /// A docker context's name.
    pub context: Option<String>,
}

/// `[ui]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UiSettings {
    /// The theme's name.
    pub theme: String,
    /// The keymap's name.
    pub keymap: String,
    /// Whether the mouse is captured.
    pub mouse: bool,
    /// ASCII glyphs; `None` = by the locale.
    pub ascii: Option<bool>,
    /// Times in UTC instead of local.
    pub utc: bool,
}

/// `[logs]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// Memory for log lines, bytes.
    pub memory: u64,
    /// Lines of history fetched when a log is opened.
    pub tail: u64,
    /// Where saved logs go; `None` = the state directory.
    pub save_dir: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            engine: EngineSettings::default(),
            ui: UiSettings {
                theme: "quarterdeck".into(),
                keymap: "default".into(),
                mouse: true,
                ascii: None,
                utc: false,
            },
            logs: LogSettings { memory: 32 * 1024 * 1024, tail: 1000, save_dir: None },
            read_only: false,
            protected: Vec::new(),
        }
    }
}
