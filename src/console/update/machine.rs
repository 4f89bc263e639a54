//! The pages about the machine: opened, read while they are looked at, moved in.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::backend::crossterm::EventHandler;

use super::super::dialog::{Dialog, HostPage, PortsPage};
use super::super::machine::{DiskAsk, sheet};
use super::super::model::Model;
use super::super::widget::scroll::step;
use super::super::{Effect, view};
use super::dialogs;
use crate::action::Action;
use crate::engine::DiskUse;
use crate::fleet::PortRow;

/// Show every port.
pub(super) fn open_ports(model: &mut Model) -> Vec<Effect> {
    model.machine.answers.forget();
    model.dialogs.push(Dialog::Ports(Box::default()));
    read(model)
}

/// Show the machine.
pub(super) fn open_host(model: &mut Model) -> Vec<Effect> {
    model.dialogs.push(Dialog::Host(HostPage::default()));
    read(model)
}

/// What has to be read for the pages that are open, if it is time.
pub(super) fn read(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    if !model.reached() {
        return effects;
    }
    let open = |is: fn(&Dialog) -> bool| model.dialogs.iter().any(is);
    let (ports, host) = (open(|it| matches!(it, Dialog::Ports(_))), open(|it| matches!(it, Dialog::Host(_))));
    let now = model.now;
    if ports && model.machine.wants_listeners(now) {
        effects.push(Effect::Listeners);
    }
    if ports && model.machine.wants_answers(now) {
        effects.push(Effect::Answers);
    }
    if host && model.machine.wants_storage(now) {
        effects.push(Effect::Storage);
    }
    effects
}

/// What the engine keeps was added up, or not.
pub(super) fn disk_use(model: &mut Model, ask: u64, told: Result<DiskUse, String>) {
    if ask == model.machine.asks && model.machine.disk == DiskAsk::Asked {
        model.machine.disk = told.map_or_else(DiskAsk::Failed, DiskAsk::Told);
        model.dirty = true;
    }
}

/// A key for the page of ports, which was taken off the stack.
pub(super) fn ports_key(model: &mut Model, mut page: Box<PortsPage>, key: KeyEvent) -> Vec<Effect> {
    if page.searching {
        match key.code {
            KeyCode::Enter => page.searching = false,
            KeyCode::Esc => {
                page.searching = false;
                page.query.reset();
                page.home();
            }
            _ => {
                page.query.handle_event(&Event::Key(key));
                page.home();
            }
        }
        model.dialogs.push(Dialog::Ports(page));
        return Vec::new();
    }
    let rows = page.list(&model.fleet, &model.machine);
    let mut effects = Vec::new();
    match key.code {
        KeyCode::Char('/') => page.searching = true,
        KeyCode::Char('c') => {
            page.trouble = !page.trouble;
            page.home();
        }
        KeyCode::Char('r') => {
            model.machine.answers.forget();
            model.machine.listeners.forget();
            effects = read(model);
            model.say("the ports are asked again");
        }
        KeyCode::Esc if !page.query.value().is_empty() => {
            page.query.reset();
            page.home();
        }
        KeyCode::Enter => {
            if rows.get(page.place(&rows)).is_some_and(|row| jump(model, row)) {
                return Vec::new();
            }
        }
        _ => match dialogs::moving(model, key) {
            Some(Action::Cancel | Action::Quit | Action::AllPorts) => return Vec::new(),
            Some(Action::Host) => return open_host(model),
            Some(action) => {
                let shown = view::ports_shown(model);
                if let Some(by) = step(action, shown) {
                    page.move_by(by, &rows);
                }
            }
            None => {}
        },
    }
    model.dialogs.push(Dialog::Ports(page));
    effects.extend(read(model));
    effects
}

/// Go to whom a port belongs; says whether there is a row of him.
fn jump(model: &mut Model, row: &PortRow) -> bool {
    let Some(service) = row.by.service() else {
        model.refuse(format!("{} is no container: there is no row to go to", row.by.words()));
        return false;
    };
    dialogs::to_row(model, service)
}

/// A key for the page of the machine, which was taken off the stack.
pub(super) fn host_key(model: &mut Model, mut page: HostPage, key: KeyEvent) -> Vec<Effect> {
    let under_way = model.machine.disk == DiskAsk::Asked;
    let mut effects = Vec::new();
    match (key.code, dialogs::moving(model, key)) {
        (KeyCode::Char('u'), _) if !under_way => {
            model.machine.asks += 1;
            model.machine.disk = DiskAsk::Asked;
            effects.push(Effect::DiskUse(model.machine.asks));
        }
        (KeyCode::Char('r'), _) => {
            model.machine.storage.forget();
            model.say("the disks are read again");
        }
        (_, Some(Action::Cancel | Action::Quit | Action::Host)) | (KeyCode::Enter, _) => {
            if under_way {
                // Nobody waits for it any more, so the engine need not go on.
                model.machine.disk = DiskAsk::Not;
                effects.push(Effect::EndDiskUse);
            }
            if !under_way || key.code != KeyCode::Esc {
                return effects;
            }
        }
        (_, Some(Action::AllPorts)) => {
            effects.extend(open_ports(model));
            return effects;
        }
        (_, Some(action)) => {
            let (cols, rows) = view::host_room(model);
            let total = sheet(&model.host_facts(), cols).len();
            page.scroll.act(action, total, rows);
        }
        _ => {}
    }
    model.dialogs.push(Dialog::Host(page));
    effects.extend(read(model));
    effects
}
