//! Keymaps: key sequences → actions.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::action::Action;

/// One key with its modifiers, normalised: a shifted letter is the upper-case letter without the
/// shift modifier (`G`, not `shift-g`); `shift-tab` is back-tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    /// The key.
    pub code: KeyCode,
    /// Control, alt, and shift where it is not already in the key.
    pub modifiers: KeyModifiers,
}

impl From<KeyEvent> for Chord {
    fn from(key: KeyEvent) -> Self {
        let mut modifiers = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        if matches!(key.code, KeyCode::Char(_) | KeyCode::BackTab) {
            modifiers -= KeyModifiers::SHIFT;
        }
        Self { code: key.code, modifiers }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.code)
    }
}

/// What has the focus, hence which table of the keymap applies (then `Global`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere.
    Global,
    /// The service grid.
    Grid,
    /// The lower pane, any tab but logs.
    Pane,
    /// The logs tab.
    Logs,
}

/// What a sequence of chords means so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// An action.
    Action(Action),
    /// The beginning of a longer sequence.
    Pending,
    /// Nothing.
    None,
}

/// A resolved keymap.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Keymap {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub doc: String,
    pub(super) bindings: Vec<(Context, Vec<Chord>, Action)>,
}

impl Keymap {
    /// What `keys` mean in `context` (the context's own table first, then the global one).
    pub fn lookup(&self, _context: Context, _keys: &[Chord]) -> Lookup {
        Lookup::None
    }

    /// The keys bound to an action in a context (or globally), as help shows them (`g g`, `ctrl-d`).
    pub fn keys(&self, _context: Context, _action: Action) -> Vec<String> {
        Vec::new()
    }
}
