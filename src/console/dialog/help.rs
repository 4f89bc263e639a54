//! Help, generated from the action table and the keymap in use: it can't be out of date.

use crate::action::{Action, Group, Risk};
use crate::config::{Context, Keymap};

/// One line of help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpLine {
    /// A group's title.
    Title(&'static str),
    /// An action.
    Action {
        /// Its keys in this keymap; empty when only the palette has it.
        keys: String,
        /// Its name.
        name: &'static str,
        /// What it does.
        doc: &'static str,
        /// What it can do to the host.
        risk: Risk,
    },
    /// Nothing.
    Blank,
}

/// Every action that `query` finds (in keys, name or help, whatever the case), by group.
pub fn lines(keymap: &Keymap, query: &str) -> Vec<HelpLine> {
    let query = query.trim().to_lowercase();
    let mut lines = Vec::new();
    for group in Group::ALL {
        let mut any = false;
        for &action in Action::ALL.iter().filter(|a| a.group() == group) {
            let keys = keys(keymap, action);
            let found = query.is_empty()
                || action.name().contains(&query)
                || action.doc().to_lowercase().contains(&query)
                || keys.to_lowercase().split("  ").any(|k| k == query);
            if !found {
                continue;
            }
            if !any {
                if !lines.is_empty() {
                    lines.push(HelpLine::Blank);
                }
                lines.push(HelpLine::Title(group.title()));
                any = true;
            }
            lines.push(HelpLine::Action {
                keys,
                name: action.name(),
                doc: action.doc(),
                risk: action.risk(),
            });
        }
    }
    lines
}

/// An action's keys where it is used most, each once.
fn keys(keymap: &Keymap, action: Action) -> String {
    let contexts = match action.group() {
        Group::Global => [Context::Global, Context::Grid, Context::Pane, Context::Logs],
        Group::Move | Group::Grid | Group::Operate => {
            [Context::Grid, Context::Global, Context::Pane, Context::Logs]
        }
        Group::Pane => [Context::Pane, Context::Grid, Context::Global, Context::Logs],
        Group::Logs => [Context::Logs, Context::Pane, Context::Global, Context::Grid],
    };
    let mut keys: Vec<String> = Vec::new();
    for context in contexts {
        for key in keymap.keys(context, action) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        if !keys.is_empty() {
            break;
        }
    }
    keys.join("  ")
}
