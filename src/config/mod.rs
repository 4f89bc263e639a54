//! Configuration: files as written → settings as resolved; themes, keymaps, paths.
//!
//! Owns: every file the user may write, where it lies, and what is wrong with it. Must not: read
//! anything that can run a command from the current directory.

mod keymap;
mod settings;
mod theme;

pub use keymap::{Chord, Context, Keymap, Lookup};
pub use settings::{EngineSettings, LogSettings, Settings, UiSettings};
pub use theme::{Glyphs, ROLES, Role, Theme};
