//! From a key to an action: whatever is open gets it first.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::super::Effect;
use super::super::model::Model;
use super::{act, dialogs, observe, prompt};
use crate::action::Action;
use crate::config::{Chord, Lookup};

/// A key went down.
pub(super) fn key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    model.dirty = true;
    // What the user sees is what the key is about.
    let mut effects = observe::settle(model);
    let interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    if !model.dialogs.is_empty() {
        let key = if interrupt { KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE) } else { key };
        effects.extend(dialogs::key(model, key));
    } else if model.prompt.is_some() {
        let key = if interrupt { KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE) } else { key };
        effects.extend(prompt::key(model, key));
    } else {
        effects.extend(chord(model, Chord::from(key), interrupt));
    }
    effects
}

fn chord(model: &mut Model, chord: Chord, interrupt: bool) -> Vec<Effect> {
    if !model.pending.is_empty() && chord.code == KeyCode::Esc {
        model.pending.clear();
        return Vec::new();
    }
    model.pending.push(chord);
    match model.skin.keymap.lookup(model.context(), &model.pending) {
        Lookup::Action(action) => {
            model.pending.clear();
            act::act(model, action)
        }
        Lookup::Pending => Vec::new(),
        // A keymap that forgot it must not lock the user in.
        Lookup::None if interrupt => {
            model.pending.clear();
            act::act(model, Action::Quit)
        }
        Lookup::None => {
            let keys = Chord::show_sequence(&model.pending);
            model.pending.clear();
            let help = model.skin.keymap.key(model.context(), Action::Help).unwrap_or("help");
            let word = format!("{keys} is not bound here; {help} shows every key");
            model.refuse(word);
            Vec::new()
        }
    }
}
