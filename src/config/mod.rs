//! Configuration: files as written → settings as resolved; themes, keymaps, paths.
//!
//! Owns: every file the user may write, where it lies, and what is wrong with it. Must not: read
//! anything that can run a command from the current directory.

mod alerts;
mod check;
mod document;
mod keymap;
mod library;
mod metrics;
mod paths;
mod probe;
mod problem;
mod protect;
mod secret;
mod settings;
mod theme;
mod watch;

pub use alerts::{LoadedRules, alert_rules};
pub use check::{Checked, Kind, check, check_all};
pub use keymap::{Chord, ChordError, Context, Keymap, Lookup, keys_markdown};
pub use library::{Library, Listed, Origin};
pub use metrics::{ExecRule, KeepRule, MetricsRule, Take};
pub use paths::{Paths, StateError};
pub use probe::{Expect, ExpectJson, Pattern, Place, ProbePurpose, ProbeRule, Scalar, StatusRanges};
pub use problem::{Problem, Problems};
pub use protect::{Level, Protection, Rule, glob_matches};
pub use secret::Secret;
pub use settings::{
    AlertSettings, Colors, EngineSettings, Format, GateRule, GateSettings, JournalSettings, LogSettings,
    Settings, Signal, UiSettings, Webhook, reference, schema,
};
pub use theme::{Depth, Env, Glyphs, ROLES, Role, Theme, contrast, known_rgb};
pub use watch::{Changed, Watch, WatchError, watch};
