//! Choosing what to roll back to.

use crossterm::event::{KeyCode, KeyEvent};

use super::super::Effect;
use super::super::dialog::{Dialog, Past, Revisions, Then};
use super::super::model::Model;
use super::super::pane::Target;
use super::super::widget::scroll::step;
use super::{ask, dialogs};
use crate::action::Action;
use crate::fleet::ServiceId;
use crate::journal::JournalError;
use crate::operate::Change;

/// Read what a service ran.
pub(super) fn look(model: &mut Model, service: ServiceId, to: Option<u32>) -> Vec<Effect> {
    let what = format!("the revisions of {}", service.name);
    let number = ask::looking(model, what, Then::Revisions(service.clone(), to));
    vec![Effect::Revisions(number, service)]
}

/// It was read.
pub(super) fn came(model: &mut Model, number: u64, result: Result<Vec<Past>, JournalError>) -> Vec<Effect> {
    let Some(Then::Revisions(service, to)) = ask::looked(model, number) else { return Vec::new() };
    let name = service.name.clone();
    let rows = match result {
        Ok(rows) => rows,
        Err(error) => {
            model.fail(format!("can't roll back {name}: {error}. {}", error.remedy()));
            return Vec::new();
        }
    };
    if rows.iter().all(|row| row.revision.current) {
        model.refuse(format!("nothing to roll back: {name} was never seen to run anything else"));
        return Vec::new();
    }
    let selected = rows.iter().position(|row| !row.revision.current).unwrap_or(0);
    let dialog = Revisions { service, rows, selected };
    let Some(number) = to else {
        model.dialogs.push(Dialog::Revisions(dialog));
        return Vec::new();
    };
    if let Some(at) = dialog.rows.iter().position(|row| row.revision.number == number) {
        return choose(model, Revisions { selected: at, ..dialog });
    }
    model.refuse(format!("{name} has no revision {number}: choose one"));
    model.dialogs.push(Dialog::Revisions(dialog));
    Vec::new()
}

/// A key for the list, which was taken off the stack.
pub(super) fn key(model: &mut Model, mut list: Revisions, key: KeyEvent) -> Vec<Effect> {
    if key.code == KeyCode::Enter {
        return choose(model, list);
    }
    match dialogs::moving(model, key) {
        Some(Action::Cancel | Action::Quit) => {
            model.say("roll back: cancelled, nothing was done");
            return Vec::new();
        }
        Some(action) => {
            if let Some(rows) = step(action, 10) {
                let last = list.rows.len().saturating_sub(1);
                list.selected = list.selected.saturating_add_signed(rows).min(last);
            }
        }
        None => {}
    }
    model.dialogs.push(Dialog::Revisions(list));
    Vec::new()
}

fn choose(model: &mut Model, list: Revisions) -> Vec<Effect> {
    let Some(row) = list.rows.get(list.selected) else { return Vec::new() };
    if row.revision.current {
        model.refuse("this is what runs now: choose another one, or esc");
        model.dialogs.push(Dialog::Revisions(list));
        return Vec::new();
    }
    let change = Change::Rollback { to: row.revision.image.clone(), revision: Some(row.revision.number) };
    ask::ask_for(model, change, vec![Target::Service(list.service)])
}
