//! The input line: filters and searches, applied while they are typed.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input as Line;
use tui_input::backend::crossterm::EventHandler;

use super::super::Effect;
use super::super::dialog::Dialog;
use super::super::model::{Model, Prompt, PromptKind};
use super::dialogs;

/// The longest paste taken into an input line, characters.
const PASTE: usize = 1000;

/// Open the input line with a text.
pub(super) fn open(model: &mut Model, kind: PromptKind, text: String) {
    model.dirty = true;
    let selected = model.grid.selected().cloned();
    model.prompt =
        Some(Prompt { kind, line: Line::new(text.clone()), before: text, selected, problem: None });
}

/// A key for the input line.
pub(super) fn key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    match key.code {
        KeyCode::Esc => {
            if let Some(prompt) = model.prompt.take() {
                // What it was before could be used then, so it can now.
                let _ = apply(model, prompt.kind, &prompt.before);
                if let Some(target) = &prompt.selected {
                    model.grid.select(target, &model.fleet);
                }
            }
        }
        KeyCode::Enter => close(model),
        _ => {
            if let Some(prompt) = &mut model.prompt
                && prompt.line.handle_event(&Event::Key(key)).is_some_and(|c| c.value)
            {
                changed(model);
            }
        }
    }
    Vec::new()
}

fn close(model: &mut Model) {
    let Some(prompt) = model.prompt.take() else { return };
    if let Some(problem) = &prompt.problem {
        model.refuse(problem.clone());
        model.prompt = Some(prompt);
        return;
    }
    if prompt.kind == PromptKind::Grid && !prompt.line.value().is_empty() {
        let (shown, hidden) = (model.grid.rows().len(), model.grid.hidden());
        if shown == 0 {
            model.refuse(format!("the filter hides all {hidden} services; esc clears it"));
        }
    }
}

fn changed(model: &mut Model) {
    let Some(prompt) = &model.prompt else { return };
    let (kind, text) = (prompt.kind, prompt.line.value().to_owned());
    let problem = apply(model, kind, &text).err();
    if let Some(prompt) = &mut model.prompt {
        prompt.problem = problem;
    }
}

fn apply(model: &mut Model, kind: PromptKind, text: &str) -> Result<(), String> {
    model.dirty = true;
    match kind {
        PromptKind::Grid => {
            model.grid.set_filter(text);
            Ok(())
        }
        PromptKind::Pane(tab, input) => model.panes.get_mut(tab).set_input(input, text),
    }
}

/// Pasted text goes where text goes; anywhere else it must not be taken for keys.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let clean: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let clean = crate::text::sanitize::label(clean.trim(), PASTE);
    model.dirty = true;
    if let Some(dialog) = model.dialogs.last_mut() {
        let line = match dialog {
            Dialog::Palette(palette) => Some(&mut palette.line),
            Dialog::Ports(page) if page.searching => Some(&mut page.query),
            Dialog::Help(help) if help.searching => Some(&mut help.query),
            Dialog::Confirm(confirm) if confirm.word().is_some() => Some(&mut confirm.typed),
            Dialog::Sure(sure) if sure.word.is_some() => Some(&mut sure.typed),
            Dialog::Form(form) => form.fields.typing(),
            Dialog::Reply(reply) => reply.fields.typing(),
            _ => None,
        };
        match line {
            Some(line) => {
                insert(line, &clean);
                dialogs::typed(model);
            }
            None => model.refuse("nothing here takes text; what was pasted is dropped"),
        }
    } else if let Some(prompt) = &mut model.prompt {
        insert(&mut prompt.line, &clean);
        changed(model);
    } else {
        model.refuse("nothing here takes text; what was pasted is dropped");
    }
    Vec::new()
}

fn insert(line: &mut Line, text: &str) {
    for c in text.chars() {
        line.handle(tui_input::InputRequest::InsertChar(c));
    }
}
