//! `qd keys`: what every key does, from the action table and the keymap in use.

use serde::Serialize;

use super::args::{KeysArgs, TextOrJson};
use super::exit::{CliError, Exit};
use super::setup::Setup;
use super::table::{Cell, Column, Table};
use super::{json, themes};
use crate::action::{Action, Group, Risk};
use crate::config::{Context, Keymap, Role};

/// Print the keys of the keymap in use, or the keymaps.
pub(super) fn run(setup: &Setup, args: &KeysArgs) -> Result<Exit, CliError> {
    let mut out = setup.out()?;
    if args.list {
        return themes::print(&mut out, &setup.library.keymaps(), &setup.settings.ui.keymap, args.output);
    }
    let keymap = setup.library.keymap(&setup.settings.ui.keymap).map_err(|e| CliError::config(&e))?;
    match args.output {
        TextOrJson::Json => {
            let rows: Vec<Row> = Action::ALL.iter().map(|&action| row(&keymap, action)).collect();
            json::pretty(&mut out, &rows)?;
        }
        TextOrJson::Text => {
            let text = table(&keymap).render(&out.paint, out.fit(), out.glyphs.ellipsis);
            out.text(&text)?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// One action and its keys.
#[derive(Serialize)]
struct Row {
    action: &'static str,
    keys: Vec<String>,
    doc: &'static str,
    group: &'static str,
    /// `safe`, `change` or `dangerous`.
    risk: &'static str,
    /// The command that does the same.
    command: Option<&'static str>,
}

fn row(keymap: &Keymap, action: Action) -> Row {
    Row {
        action: action.name(),
        keys: keys(keymap, action),
        doc: action.doc(),
        group: action.group().title(),
        risk: match action.risk() {
            Risk::Safe => "safe",
            Risk::Change => "change",
            Risk::Dangerous => "dangerous",
        },
        command: action.command(),
    }
}

/// Every key of an action, wherever it is bound, each once.
fn keys(keymap: &Keymap, action: Action) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for key in Context::ALL.into_iter().flat_map(|context| keymap.keys(context, action)) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

fn table(keymap: &Keymap) -> Table {
    let mut table = Table::new(vec![
        Column::left("KEY"),
        Column::left("ACTION"),
        Column::shrinking("WHAT IT DOES"),
        Column::left("COMMAND"),
    ]);
    for group in Group::ALL {
        table.heading(Cell::new(Role::Title, group.title()));
        for &action in Action::ALL.iter().filter(|a| a.group() == group) {
            let row = row(keymap, action);
            let role = match action.risk() {
                Risk::Safe => Role::Text,
                Risk::Change => Role::Warn,
                Risk::Dangerous => Role::Bad,
            };
            table.row(vec![
                Cell::new(Role::Key, row.keys.join("  ")),
                Cell::new(role, row.action),
                row.doc.into(),
                Cell::new(Role::Dim, row.command.unwrap_or("")),
            ]);
        }
    }
    table
}
