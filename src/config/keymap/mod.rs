//! Keymaps: key sequences → actions.
//!
//! Owns: chords, what a keymap file may say, what it resolves to. Must not: know what an action
//! does.

mod chord;
mod file;
mod table;
#[cfg(test)]
mod tests;

pub use chord::{Chord, ChordError};
pub(super) use file::{Layer, resolve};
pub use table::keys_markdown;

use crate::action::Action;

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

impl Context {
    /// All contexts, in the order files and tables list them.
    pub const ALL: [Self; 4] = [Self::Global, Self::Grid, Self::Pane, Self::Logs];

    /// Its table's name in a keymap file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Grid => "grid",
            Self::Pane => "pane",
            Self::Logs => "logs",
        }
    }
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

/// One binding of a resolved keymap.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Binding {
    chords: Vec<Chord>,
    action: Action,
    shown: String,
}

/// A resolved keymap: no sequence is bound twice or hidden by its own beginning.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Keymap {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub doc: String,
    /// What applies in each context (its own table over the global one), in order of preference.
    bound: [Vec<Binding>; 4],
}

impl Keymap {
    /// What `keys` mean in `context` (the context's own table first, then the global one).
    pub fn lookup(&self, context: Context, keys: &[Chord]) -> Lookup {
        let mut pending = false;
        for binding in self.bound(context) {
            if binding.chords == keys {
                return Lookup::Action(binding.action);
            }
            pending |= binding.chords.starts_with(keys);
        }
        if pending && !keys.is_empty() { Lookup::Pending } else { Lookup::None }
    }

    /// The keys bound to an action in a context (or globally), as help shows them (`g g`,
    /// `ctrl-d`), the preferred one first.
    pub fn keys(&self, context: Context, action: Action) -> Vec<String> {
        self.bound(context).filter(|b| b.action == action).map(|b| b.shown.clone()).collect()
    }

    /// The preferred key of an action in a context: for footers.
    pub fn key(&self, context: Context, action: Action) -> Option<&str> {
        self.bound(context).find(|b| b.action == action).map(|b| b.shown.as_str())
    }

    /// Everything bound in a context, its own table first.
    pub fn bindings(&self, context: Context) -> impl Iterator<Item = (&str, Action)> {
        self.bound(context).map(|b| (b.shown.as_str(), b.action))
    }

    fn bound(&self, context: Context) -> impl Iterator<Item = &Binding> {
        self.bound.get(context as usize).into_iter().flatten()
    }
}
