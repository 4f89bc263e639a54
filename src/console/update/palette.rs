//! The palette's keys, and what its commands do.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::backend::crossterm::EventHandler;

use super::super::Effect;
use super::super::dialog::{Command, CommandError, Dialog, Palette, Sources, candidates, parse};
use super::super::model::{Focus, Model};
use super::super::pane::Target;
use super::{act, ask, dialogs, grid, unfinished};
use crate::operate::Change;

/// Work out what the palette's text could become.
pub(super) fn complete(model: &mut Model) {
    let Model { dialogs, fleet, themes, keymaps, .. } = model;
    if let Some(Dialog::Palette(palette)) = dialogs.last_mut() {
        let sources = Sources { fleet, themes, keymaps };
        palette.candidates = candidates(palette.line.value(), &sources);
        palette.chosen = None;
        palette.problem = None;
    }
}

/// A key for the palette, which was taken off the stack.
pub(super) fn key(model: &mut Model, mut palette: Palette, key: KeyEvent) -> Vec<Effect> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let last = palette.candidates.len().saturating_sub(1);
    let down = key.code == KeyCode::Down || (control && key.code == KeyCode::Char('n'));
    let up = key.code == KeyCode::Up || (control && key.code == KeyCode::Char('p'));
    match key.code {
        KeyCode::Esc => return Vec::new(),
        // Nothing typed and erased again: leave, as vim does.
        KeyCode::Backspace if palette.line.value().is_empty() => return Vec::new(),
        KeyCode::Enter => return enter(model, palette),
        KeyCode::Tab => {
            let chosen = palette.candidates.get(palette.chosen.unwrap_or(0)).cloned();
            if let Some(candidate) = chosen {
                let blank = if candidate.more { " " } else { "" };
                palette.line = tui_input::Input::new(format!("{}{blank}", candidate.text));
                model.dialogs.push(Dialog::Palette(palette));
                complete(model);
                return Vec::new();
            }
        }
        _ if down => palette.chosen = Some(palette.chosen.map_or(0, |i| (i + 1).min(last))),
        _ if up => palette.chosen = Some(palette.chosen.unwrap_or(0).saturating_sub(1)),
        _ => {
            if palette.line.handle_event(&Event::Key(key)).is_some_and(|c| c.value) {
                model.dialogs.push(Dialog::Palette(palette));
                complete(model);
                return Vec::new();
            }
        }
    }
    model.dialogs.push(Dialog::Palette(palette));
    Vec::new()
}

fn enter(model: &mut Model, mut palette: Palette) -> Vec<Effect> {
    let chosen = palette.chosen.and_then(|i| palette.candidates.get(i)).cloned();
    let typed = palette.line.value().to_owned();
    let text = chosen.as_ref().map_or(typed.as_str(), |c| c.text.as_str());
    let parsed = parse(text, &model.fleet);
    // Half a word will do where completion knows the rest.
    let best = match &parsed {
        Ok(_) | Err(CommandError::Empty | CommandError::Ambiguous(..) | CommandError::Value(_)) => None,
        Err(_) => chosen.or_else(|| palette.candidates.first().cloned()),
    };
    match best {
        Some(candidate) if candidate.more => {
            palette.line = tui_input::Input::new(format!("{} ", candidate.text));
            model.dialogs.push(Dialog::Palette(palette));
            complete(model);
            Vec::new()
        }
        Some(candidate) => match parse(&candidate.text, &model.fleet) {
            Ok(command) => run(model, command),
            Err(error) => stay(model, palette, &error),
        },
        None => match parsed {
            Ok(command) => run(model, command),
            Err(error) => stay(model, palette, &error),
        },
    }
}

fn stay(model: &mut Model, mut palette: Palette, error: &CommandError) -> Vec<Effect> {
    palette.problem = Some(error.to_string());
    model.dialogs.push(Dialog::Palette(palette));
    Vec::new()
}

fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Action(action) => return act::act(model, action),
        Command::Theme(name) => return vec![Effect::LoadTheme(name)],
        Command::Keymap(name) => return vec![Effect::LoadKeymap(name)],
        Command::Sort(sort) => grid::sort(model, sort),
        Command::Filter(text) => {
            model.focus = Focus::Grid;
            model.grid.set_filter(&text);
            model.say(format!("filter {text}; esc clears it"));
        }
        Command::Change(change, targets) => {
            let aim = aim(model, targets);
            return match change {
                Change::Up | Change::Down => ask::project(model, change, &aim),
                _ => ask::ask_for(model, change, aim),
            };
        }
        Command::Form(wanted, targets) => {
            let aim = aim(model, targets);
            return ask::form_for(model, wanted, aim);
        }
        Command::Rollback(targets, to) => {
            let aim = aim(model, targets);
            return ask::roll_back(model, &aim, to);
        }
        Command::Resume(how, number) => return unfinished::bring(model, how, number),
        Command::Goto(target) => {
            model.focus = Focus::Grid;
            model.fullscreen = false;
            if !model.grid.select(&target, &model.fleet) {
                model.refuse("its row is hidden by the filter or by hiding what is stopped");
            }
        }
        Command::Messages => dialogs::messages(model),
    }
    Vec::new()
}

/// What was named, else what is marked, else selected.
fn aim(model: &Model, named: Vec<Target>) -> Vec<Target> {
    if named.is_empty() { model.grid.aim() } else { named }
}
