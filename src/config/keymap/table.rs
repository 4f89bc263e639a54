//! The table of keys as Markdown: for the README, which a test compares with it.

use std::fmt::Write as _;

use super::{Context, Keymap};
use crate::action::{Action, Group, Risk};

/// Every action with its keys in this keymap, what it does and the command that does the same,
/// under a heading for each group.
pub fn keys_markdown(keymap: &Keymap) -> String {
    let mut out = String::new();
    for group in Group::ALL {
        // Writing to a String can't fail.
        let _ = writeln!(
            out,
            "**{}**\n\n| keys | action | what it does | command |\n|---|---|---|---|",
            group.title()
        );
        for &action in Action::ALL.iter().filter(|a| a.group() == group) {
            let asks = if action.risk() == Risk::Safe { "" } else { " (asks first)" };
            let command = action.command().map_or_else(String::new, |c| format!("`{c}`"));
            let _ = writeln!(
                out,
                "| {} | `{}` | {}{asks} | {command} |",
                keys(keymap, action),
                action.name(),
                action.doc(),
            );
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// The keys that work everywhere, then those of one place with its name.
fn keys(keymap: &Keymap, action: Action) -> String {
    let code = |key: &String| {
        // Code spans keep backslashes, but a bar would end the cell and a backtick the span.
        let key = key.replace('|', "\\|");
        if key.contains('`') { format!("`` {key} ``") } else { format!("`{key}`") }
    };
    let global = keymap.keys(Context::Global, action);
    let mut cells: Vec<String> = global.iter().map(code).collect();
    let mut own: Vec<(String, Vec<&str>)> = Vec::new();
    for context in [Context::Grid, Context::Pane, Context::Logs] {
        for key in keymap.keys(context, action).into_iter().filter(|k| !global.contains(k)) {
            match own.iter_mut().find(|(k, _)| *k == key) {
                Some((_, places)) => places.push(context.name()),
                None => own.push((key, vec![context.name()])),
            }
        }
    }
    cells.extend(own.iter().map(|(key, places)| format!("{} ({})", code(key), places.join(", "))));
    if cells.is_empty() { "–".into() } else { cells.join(", ") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::library::Library;

    #[test]
    fn every_action_is_a_row_with_its_keys() {
        let table = keys_markdown(&Library::default().keymap("default").unwrap());
        for row in [
            "| `g g`, `home` | `top` | To the first line |  |",
            "| `r` | `restart` | Restart (asks first) | `qd restart` |",
            "| `1`, `l` (grid, pane) | `logs` | Logs of the row | `qd logs` |",
            "| `\\` (grid) | `clear-marks` | Clear all marks |  |",
        ] {
            assert!(table.contains(row), "{row}\nnot in\n{table}");
        }
        for action in Action::ALL {
            assert_eq!(table.matches(&format!("| `{}` |", action.name())).count(), 1, "{}", action.name());
        }
    }
}
