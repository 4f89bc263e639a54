//! Configuration: files as written → settings as resolved; themes, keymaps, paths.
//!
//! Owns: every file the user may write, where it lies, and what is wrong with it. Must not: read
//! anything that can run a command from the current directory.

mod document;
mod keymap;
mod library;
mod paths;
mod problem;
mod settings;
mod theme;

pub use keymap::{Chord, ChordError, Context, Keymap, Lookup};
pub use library::{Library, Listed, Origin};
pub use paths::{Paths, StateError};
pub use problem::{Problem, Problems};
pub use settings::{Colors, EngineSettings, LogSettings, Settings, UiSettings, reference, schema};
pub use theme::{Depth, Env, Glyphs, ROLES, Role, Theme, contrast, known_rgb};
