//! The lower pane: which tab is shown for what, and what it is told.

use super::super::Effect;
use super::super::model::{Focus, Model, PromptKind, WHEEL};
use super::super::pane::{Answer, Input, Tab, Target};
use super::{observe, prompt};
use crate::action::Action;
use crate::fleet::Changes;

/// Tell the tab on screen what it is about and how large it is, when that changed.
pub(super) fn show(model: &mut Model) -> Vec<Effect> {
    let layout = model.layout();
    let visible = layout.pane.height > 0;
    let target = observe::target(model);
    let wanted = match target {
        Some(target) if visible => Some((target, model.tab)),
        _ => None,
    };
    let tab = model.tab;
    model.panes.get_mut(tab).set_viewport(layout.pane.width, layout.pane.height);
    if wanted == model.shown {
        return Vec::new();
    }
    let mut effects = Vec::new();
    let before = std::mem::replace(&mut model.shown, wanted);
    model.dirty = true;
    if let Some((target, tab)) = &before {
        let other_target = model.shown.as_ref().is_none_or(|(now, _)| now != target);
        if model.shown.as_ref().is_none_or(|(_, now)| now != tab) {
            effects.extend(model.panes.get_mut(*tab).hide());
        }
        if other_target {
            // What stays hidden must not go on reading what nobody asked for.
            for other in Tab::ALL {
                if model.shown.as_ref().is_none_or(|(_, now)| *now != other) {
                    effects.extend(model.panes.get_mut(other).release());
                }
            }
        }
    }
    if let Some((target, tab)) = &model.shown {
        let scene = model.skin.scene(&model.fleet, &model.board, model.now, target);
        effects.extend(model.panes.get_mut(*tab).show(&scene));
    }
    effects
}

/// Tell the tab on screen what changed in the fleet.
pub(super) fn told(model: &mut Model) -> Vec<Effect> {
    let changes = std::mem::take(&mut model.untold);
    if changes == Changes::default() {
        return Vec::new();
    }
    let Some((target, tab)) = &model.shown else { return Vec::new() };
    let scene = model.skin.scene(&model.fleet, &model.board, model.now, target);
    model.panes.get_mut(*tab).observe(changes, &scene)
}

/// Let the tab on screen do something; says whether it was its business.
pub(super) fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    // A key can come before the first frame: the tab must know what it is about.
    let mut effects = show(model);
    let Some((target, tab)) = &model.shown else {
        model.refuse(format!("{}: nothing is selected", action.name()));
        return Some(effects);
    };
    let tab = *tab;
    let scene = model.skin.scene(&model.fleet, &model.board, model.now, target);
    let answer = model.panes.get_mut(tab).act(action, &scene);
    model.dirty = true;
    match answer {
        Answer::Pass => return None,
        Answer::Done { effects: more, say } => {
            effects.extend(more);
            if let Some(word) = say {
                model.say(word);
            }
        }
        Answer::Go(target) => effects.extend(go(model, &target)),
        Answer::Refused(why) => model.refuse(why),
    }
    Some(effects)
}

/// Select a row of the grid from within the pane, which goes along.
pub(super) fn go(model: &mut Model, target: &Target) -> Vec<Effect> {
    if model.grid.select(target, &model.fleet) {
        return show(model);
    }
    model.refuse("its row is hidden, by the filter or because it was stopped: clear the filter, or show what is stopped");
    Vec::new()
}

/// Go to a tab and its pane.
pub(super) fn open(model: &mut Model, tab: Tab) -> Vec<Effect> {
    if model.pane_open && model.tab == tab && model.focus == Focus::Pane {
        model.say(format!("this is the {} tab already", tab.title()));
    }
    model.pane_open = true;
    model.tab = tab;
    model.focus = Focus::Pane;
    model.dirty = true;
    show(model)
}

/// The tab `steps` after this one, round and round.
pub(super) fn turn(model: &mut Model, steps: usize) -> Vec<Effect> {
    model.tab = Tab::ALL[(model.tab as usize + steps) % Tab::ALL.len()];
    if !model.pane_open {
        model.pane_open = true;
    }
    model.dirty = true;
    show(model)
}

/// Type into one of the tab's inputs.
pub(super) fn ask(model: &mut Model, kind: Input) -> Vec<Effect> {
    let effects = show(model);
    let tab = model.tab;
    if let Some(text) = model.panes.get(tab).input(kind) {
        prompt::open(model, PromptKind::Pane(tab, kind), text);
    } else {
        let what = if kind == Input::Filter { "filter" } else { "search" };
        model.refuse(format!("there is nothing to {what} in the {} tab", tab.title()));
    }
    effects
}

/// Move the pane's lines by the wheel.
pub(super) fn wheel(model: &mut Model, down: bool) -> Vec<Effect> {
    let action = if down { Action::Down } else { Action::Up };
    let mut effects = Vec::new();
    for _ in 0..WHEEL {
        effects.extend(act(model, action).unwrap_or_default());
    }
    effects
}
