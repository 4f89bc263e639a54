//! Keys while a dialog is open: no action key reaches the screen below.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::backend::crossterm::EventHandler;

use super::super::Effect;
use super::super::dialog::{Before, Dialog, Message, Picker, help_lines, message_rows};
use super::super::model::{Focus, Model};
use super::super::pane::Target;
use super::super::widget::{Scroll, scroll::step};
use super::{ask, incidents, machine, palette, postmortem, revisions, unfinished};
use crate::action::Action;
use crate::config::{Chord, Context, Keymap, Lookup, Theme};
use crate::fleet::ServiceId;

/// What a key in a dialog led to.
enum Then {
    /// It stays.
    Stay,
    /// It goes.
    Close,
}

/// A key for the dialog on top.
pub(super) fn key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    // Taken off while it is worked on, so that it and the model can be changed together.
    let Some(dialog) = model.dialogs.pop() else { return Vec::new() };
    let depth = model.dialogs.len();
    match dialog {
        Dialog::Palette(line) => palette::key(model, line, key),
        Dialog::Picker(picker) => pick(model, picker, key),
        Dialog::Form(form) => ask::form_key(model, form, key),
        Dialog::Ports(page) => machine::ports_key(model, page, key),
        Dialog::Host(page) => machine::host_key(model, page, key),
        Dialog::Incidents(list) => incidents::key(model, list, key),
        Dialog::Reply(reply) => incidents::reply_key(model, reply, key),
        Dialog::Revisions(list) => revisions::key(model, list, key),
        Dialog::PostMortem(page) => postmortem::key(model, page, key),
        Dialog::Confirm(confirm) => ask::confirm_key(model, confirm, key),
        Dialog::Sure(sure) => unfinished::sure_key(model, sure, key),
        Dialog::Unfinished(open) => unfinished::key(model, open, key),
        // What is typed ahead must not answer a question that was not read.
        Dialog::Looking(looking) if key.code == KeyCode::Esc => {
            model.say(format!("{}: cancelled, nothing was done", looking.what));
            Vec::new()
        }
        Dialog::Looking(looking) => {
            model.dialogs.push(Dialog::Looking(looking));
            Vec::new()
        }
        mut dialog => {
            if matches!(scrolled(model, &mut dialog, key), Then::Stay) {
                model.dialogs.insert(depth, dialog);
            }
            Vec::new()
        }
    }
}

/// Go to the row of a service; says whether it can be seen.
pub(super) fn to_row(model: &mut Model, service: &ServiceId) -> bool {
    model.focus = Focus::Grid;
    model.fullscreen = false;
    let seen = model.grid.select(&Target::Service(service.clone()), &model.fleet);
    if !seen {
        model.refuse("its row is hidden by the filter or by hiding what is stopped");
    }
    seen
}

/// What a key means for a page that moves: keymap first, then the keys every keyboard has.
pub(super) fn moving(model: &Model, key: KeyEvent) -> Option<Action> {
    let chord = Chord::from(key);
    if let Lookup::Action(action) = model.skin.keymap.lookup(Context::Grid, &[chord]) {
        return Some(action);
    }
    Some(match key.code {
        KeyCode::Up => Action::Up,
        KeyCode::Down => Action::Down,
        KeyCode::PageUp => Action::PageUp,
        KeyCode::PageDown => Action::PageDown,
        KeyCode::Home | KeyCode::Char('g') => Action::Top,
        KeyCode::End => Action::Bottom,
        KeyCode::Esc => Action::Cancel,
        _ => return None,
    })
}

fn is_close(action: Action) -> bool {
    matches!(action, Action::Cancel | Action::Quit)
}

fn scrolled(model: &mut Model, dialog: &mut Dialog, key: KeyEvent) -> Then {
    let area = dialog.area(model.size);
    let rows = usize::from(area.height.saturating_sub(2));
    let cols = usize::from(area.width.saturating_sub(4));
    if let Dialog::Help(help) = dialog {
        if help.searching {
            match key.code {
                KeyCode::Enter => help.searching = false,
                KeyCode::Esc => {
                    help.searching = false;
                    help.query.reset();
                }
                _ => {
                    help.query.handle_event(&Event::Key(key));
                    help.scroll.home();
                }
            }
            return Then::Stay;
        }
        if key.code == KeyCode::Char('/') {
            help.searching = true;
            return Then::Stay;
        }
        if key.code == KeyCode::Esc && !help.query.value().is_empty() {
            help.query.reset();
            return Then::Stay;
        }
    }
    let Some(action) = moving(model, key) else {
        return if key.code == KeyCode::Enter { Then::Close } else { Then::Stay };
    };
    let same =
        matches!((&*dialog, action), (Dialog::Help(_), Action::Help) | (Dialog::OwnLog, Action::OwnLog));
    if is_close(action) || same || key.code == KeyCode::Enter {
        return Then::Close;
    }
    match dialog {
        Dialog::Help(help) => {
            // One row is the search line.
            let total = help_lines(&model.skin.keymap, help.query.value()).len();
            help.scroll.act(action, total, rows.saturating_sub(1));
        }
        Dialog::Message(message) => {
            message.scroll.act(action, message_rows(&message.text, cols), rows);
        }
        _ => {}
    }
    Then::Stay
}

fn pick(model: &mut Model, mut picker: Box<Picker>, key: KeyEvent) -> Vec<Effect> {
    let last = picker.choices.len().saturating_sub(1);
    if key.code == KeyCode::Enter {
        let (table, name) = match &picker.before {
            Before::Theme(_) => ("theme", &model.skin.theme.name),
            Before::Keymap(_) => ("keymap", &model.skin.keymap.name),
        };
        let word = format!(
            "{table} {name} until you leave; to keep it: {table} = \"{name}\" under [ui] in the config"
        );
        model.say(word);
        return Vec::new();
    }
    let action = moving(model, key);
    match action {
        Some(action) if is_close(action) => {
            match picker.before {
                Before::Theme(theme) => model.skin.theme = *theme,
                Before::Keymap(keymap) => model.skin.keymap = keymap,
            }
            return Vec::new();
        }
        Some(action) => {
            if let Some(rows) = step(action, 10) {
                picker.selected = picker.selected.saturating_add_signed(rows).min(last);
            }
        }
        None => {}
    }
    let name = picker.choices.get(picker.selected).map(|c| c.name.clone());
    let effect = match (&picker.before, name) {
        (Before::Theme(_), Some(name)) if name != model.skin.theme.name => Some(Effect::LoadTheme(name)),
        (Before::Keymap(_), Some(name)) if name != model.skin.keymap.name => Some(Effect::LoadKeymap(name)),
        _ => None,
    };
    model.dialogs.push(Dialog::Picker(picker));
    effect.into_iter().collect()
}

/// A theme came: asked for, or its file changed.
pub(super) fn theme_loaded(model: &mut Model, result: Result<Box<Theme>, String>) {
    model.dirty = true;
    match result {
        Ok(theme) => {
            if !picking(model, true) {
                model.say(format!("theme {}", theme.name));
            }
            model.skin.theme = *theme;
        }
        Err(why) => long(model, "the theme stays as it was", &why),
    }
}

/// A keymap came.
pub(super) fn keymap_loaded(model: &mut Model, result: Result<Box<Keymap>, String>) {
    model.dirty = true;
    match result {
        Ok(keymap) => {
            if !picking(model, false) {
                model.say(format!("keymap {}", keymap.name));
            }
            model.skin.keymap = *keymap;
            model.pending.clear();
        }
        Err(why) => long(model, "the keymap stays as it was", &why),
    }
}

fn picking(model: &Model, theme: bool) -> bool {
    matches!(model.dialogs.last(), Some(Dialog::Picker(p)) if matches!(p.before, Before::Theme(_)) == theme)
}

/// Bad news of several lines: a sentence in the status line, all of it in a dialog.
fn long(model: &mut Model, title: &str, why: &str) {
    let first = why.lines().next().unwrap_or_default().to_owned();
    model.fail(format!("{title}: {first}"));
    if why.lines().count() > 1 && model.dialogs.is_empty() && model.prompt.is_none() {
        let text = why.lines().map(str::to_owned).collect();
        let message = Message { title: title.to_owned(), text, bad: true, scroll: Scroll::default() };
        model.dialogs.push(Dialog::Message(message));
    }
}

/// Text was put into the top dialog's input line other than by keys.
pub(super) fn typed(model: &mut Model) {
    if matches!(model.dialogs.last(), Some(Dialog::Palette(_))) {
        palette::complete(model);
    }
}

/// What was said so far, newest first.
pub(super) fn messages(model: &mut Model) {
    if model.notices.is_empty() {
        model.say("nothing was said so far");
        return;
    }
    let zone = if model.skin.utc { jiff::tz::TimeZone::UTC } else { jiff::tz::TimeZone::system() };
    let line = |n: &super::super::model::Notice| {
        format!("{}  {}", n.at.to_zoned(zone.clone()).strftime("%H:%M:%S"), n.text)
    };
    let text = model.notices.iter().rev().map(line).collect();
    let title = "messages".to_owned();
    model.dialogs.push(Dialog::Message(Message { title, text, bad: false, scroll: Scroll::default() }));
}

/// The wheel over the top dialog.
pub(super) fn wheel(model: &mut Model, down: bool) -> Vec<Effect> {
    let code = if down { KeyCode::Down } else { KeyCode::Up };
    key(model, KeyEvent::new(code, KeyModifiers::NONE))
}
