//! Secrets of the config tab: asked for, shown, and forgotten as soon as the tab is left.

use tui_input::Input as Line;

use super::super::Effect;
use super::super::dialog::{Dialog, Sure, Yes};
use super::super::ledger::Recording;
use super::super::model::{Focus, Model};
use super::super::pane::Tab;
use super::pane;
use crate::engine::Secrets;
use crate::fleet::ReplicaId;

/// Ask before they are shown; hide them where they are.
pub(super) fn ask(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    if looking(model) {
        if conceal(model) {
            model.say("masked again");
            return effects;
        }
    } else {
        effects = pane::open(model, Tab::Config);
    }
    let Some((target, Tab::Config)) = &model.shown else {
        model.refuse("nothing is selected whose secrets could be shown");
        return effects;
    };
    let scene = model.skin.scene(&model.fleet, &model.board, model.now, target);
    let masked = match model.panes.get(Tab::Config).masked(&scene) {
        Ok(masked) => masked,
        Err(why) => {
            model.refuse(why);
            return effects;
        }
    };
    let kept = match &model.ledger.recording {
        Recording::Broken { why, remedy } => {
            let words = format!("nothing is revealed without a record: {why}. {remedy}");
            model.refuse(words);
            return effects;
        }
        Recording::Unwanted => "This is not written down: there is no journal.",
        Recording::On => "This is written down: who looked, when, and these names, never the values.",
    };
    let count = match masked.names.len() {
        1 => "1 masked value".to_owned(),
        n => format!("{n} masked values"),
    };
    model.dialogs.push(Dialog::Sure(Box::new(Sure {
        title: "reveal".to_owned(),
        question: format!("Show {count} of {}?", masked.name),
        text: vec![masked.names.join(", "), kept.to_owned()],
        verb: "reveal",
        word: None,
        typed: Line::default(),
        yes: Yes::Reveal(masked.replica, masked.service),
    })));
    effects
}

/// They came. Whoever went away meanwhile does not get them.
pub(super) fn came(model: &mut Model, replica: &ReplicaId, result: Result<Secrets, String>) {
    model.dirty = true;
    let secrets = match result {
        Ok(secrets) => secrets,
        Err(why) => {
            model.fail(format!("nothing is revealed: {why}"));
            return;
        }
    };
    let Some((target, Tab::Config)) = model.shown.as_ref().filter(|_| looking(model)) else {
        model.say("the config tab was left meanwhile: nothing is revealed");
        return;
    };
    let scene = model.skin.scene(&model.fleet, &model.board, model.now, target);
    if model.panes.get_mut(Tab::Config).revealed(replica, secrets, &scene) {
        model.say("shown until you leave the tab");
    } else {
        model.say("another replica is shown by now: nothing is revealed");
    }
}

/// Forget them where the tab is not what is looked at any more.
pub(super) fn leave(model: &mut Model) {
    if !looking(model) {
        conceal(model);
    }
}

/// Forget them.
pub(super) fn conceal(model: &mut Model) -> bool {
    let held = model.panes.get_mut(Tab::Config).conceal();
    model.dirty |= held;
    held
}

fn looking(model: &Model) -> bool {
    model.pane_open && model.tab == Tab::Config && model.focus == Focus::Pane
}
