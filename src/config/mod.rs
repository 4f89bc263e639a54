//! Configuration: files as written → settings as resolved; themes, keymaps, paths.
//!
//! Owns: every file the user may write, where it lies, and what is wrong with it. Must not: read
//! anything that can run a command from the current directory.

mod document;
mod keymap;
mod library;
mod problem;
mod settings;
mod theme;

pub use keymap::{Chord, ChordError, Context, Keymap, Lookup};
pub use library::shipped_keymap;
pub use problem::{Problem, Problems};
pub use settings::{EngineSettings, LogSettings, Settings, UiSettings};
pub use theme::{Glyphs, ROLES, Role, Theme};
