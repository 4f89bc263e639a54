//! What each action does. Every one changes something visible, or says why not.

use super::super::Effect;
use super::super::dialog::{Before, Dialog, Help, Palette, Picker, Wanted};
use super::super::ledger::Recording;
use super::super::model::{Focus, Model, PromptKind};
use super::super::pane::{Input, Tab};
use super::{ask, grid, incidents, jobs, machine, pane, postmortem, prompt, reveal, unfinished};
use crate::action::{Action, Group};
use crate::fleet::Verb;
use crate::operate::Change;

/// Do it.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    model.dirty = true;
    if action != Action::Quit {
        model.leaving = false;
    }
    match action {
        Action::Quit => quit(model),
        Action::Help => {
            model.dialogs.push(Dialog::Help(Help::default()));
            Vec::new()
        }
        Action::Palette => {
            model.dialogs.push(Dialog::Palette(Palette::default()));
            super::palette::complete(model);
            Vec::new()
        }
        Action::Cancel => cancel(model),
        Action::Suspend => {
            reveal::conceal(model);
            vec![Effect::Suspend]
        }
        Action::Redraw => vec![Effect::Redraw],
        Action::ToggleMouse => {
            model.mouse = !model.mouse;
            model.say(if model.mouse {
                "mouse on: click rows, tabs and column heads"
            } else {
                "mouse off: the terminal selects text"
            });
            vec![Effect::Mouse(model.mouse)]
        }
        Action::OwnLog => {
            model.dialogs.push(Dialog::OwnLog);
            Vec::new()
        }
        Action::AllPorts => machine::open_ports(model),
        Action::Host => machine::open_host(model),
        Action::Incidents => incidents::open(model),
        Action::Acknowledge => incidents::acknowledge_row(model),
        Action::Silence => incidents::silence_row(model),
        Action::PickTheme => pick(model, true),
        Action::PickKeymap => pick(model, false),

        Action::TimeZone => {
            model.skin.utc = !model.skin.utc;
            model.say(if model.skin.utc { "times in UTC" } else { "times in local time" });
            Vec::new()
        }

        Action::Start => ask::ask(model, Change::Act(Verb::Start)),
        Action::Stop => ask::ask(model, Change::Act(Verb::Stop)),
        Action::Restart => ask::ask(model, Change::Act(Verb::Restart)),
        Action::Pause => ask::ask(model, Change::Act(Verb::Pause)),
        Action::Unpause => ask::ask(model, Change::Act(Verb::Unpause)),
        Action::Kill => ask::ask(model, Change::Act(Verb::Kill)),
        Action::Remove => ask::ask(model, Change::Act(Verb::Remove)),
        Action::Scale => ask::form(model, Wanted::Scale),
        Action::Deploy => ask::form(model, Wanted::Deploy),
        Action::Limit => ask::form(model, Wanted::Limit),
        Action::Recreate => ask::ask(model, Change::Recreate),
        Action::Rollback => {
            let aim = model.grid.aim();
            ask::roll_back(model, &aim, None)
        }
        Action::ProjectUp => {
            let aim = model.grid.aim();
            ask::project(model, Change::Up, &aim)
        }
        Action::ProjectDown => {
            let aim = model.grid.aim();
            ask::project(model, Change::Down, &aim)
        }
        Action::Unfinished => unfinished::open(model),
        Action::Shell => {
            reveal::conceal(model);
            jobs::shell(model)
        }
        Action::Reveal => reveal::ask(model),
        Action::PostMortem => postmortem::open(model),

        Action::FocusNext => focus_next(model),
        Action::Fullscreen => {
            model.fullscreen = !model.fullscreen;
            Vec::new()
        }
        Action::TogglePane => {
            model.pane_open = !model.pane_open;
            if !model.pane_open {
                model.focus = Focus::Grid;
                model.fullscreen = false;
            }
            Vec::new()
        }
        Action::GrowPane => resize(model, 1),
        Action::ShrinkPane => resize(model, -1),
        Action::NextTab => pane::turn(model, 1),
        Action::PrevTab => pane::turn(model, Tab::ALL.len() - 1),
        Action::TabLogs => pane::open(model, Tab::Logs),
        Action::TabStats => pane::open(model, Tab::Stats),
        Action::TabHealth => pane::open(model, Tab::Health),
        Action::TabPorts => pane::open(model, Tab::Ports),
        Action::TabConfig => pane::open(model, Tab::Config),
        Action::TabTimeline => pane::open(model, Tab::Timeline),
        Action::TabTree => pane::open(model, Tab::Tree),

        Action::Filter if model.focus == Focus::Pane => pane::ask(model, Input::Filter),
        Action::Filter => {
            let text = model.grid.filter().text().to_owned();
            prompt::open(model, PromptKind::Grid, text);
            Vec::new()
        }
        Action::Search => {
            // The text pages can be searched too; from anywhere else it means the logs.
            let here =
                model.focus == Focus::Pane && model.panes.get(model.tab).input(Input::Search).is_some();
            let mut effects = if here { Vec::new() } else { pane::open(model, Tab::Logs) };
            effects.extend(pane::ask(model, Input::Search));
            effects
        }
        Action::Open if model.focus == Focus::Pane => match pane::act(model, action) {
            Some(effects) => effects,
            None => nothing_here(model, action),
        },
        _ => match (action.group(), model.focus) {
            (Group::Move, Focus::Grid) | (Group::Grid, _) => grid::act(model, action),
            (Group::Logs, _) => logs(model, action),
            _ if action == Action::PreviousLogs => logs(model, action),
            _ => match pane::act(model, action) {
                Some(effects) => effects,
                None => nothing_here(model, action),
            },
        },
    }
}

fn logs(model: &mut Model, action: Action) -> Vec<Effect> {
    if model.focus == Focus::Pane
        && model.tab != Tab::Logs
        && matches!(action, Action::SaveLogs | Action::CopyLogs)
    {
        // What is meant is the page in front, not the logs.
        return match pane::act(model, action) {
            Some(effects) => effects,
            None => nothing_here(model, action),
        };
    }
    // Text pages know how to go to the next match as well.
    if model.focus == Focus::Pane
        && model.tab != Tab::Logs
        && matches!(action, Action::SearchNext | Action::SearchPrev)
        && let Some(effects) = pane::act(model, action)
    {
        return effects;
    }
    let mut effects =
        if model.tab == Tab::Logs && model.pane_open { Vec::new() } else { pane::open(model, Tab::Logs) };
    match pane::act(model, action) {
        Some(more) => effects.extend(more),
        None => effects.extend(nothing_here(model, action)),
    }
    effects
}

fn nothing_here(model: &mut Model, action: Action) -> Vec<Effect> {
    let tab = model.tab.title();
    model.refuse(format!("{}: nothing to do in the {tab} tab", action.name()));
    Vec::new()
}

fn quit(model: &mut Model) -> Vec<Effect> {
    if model.jobs.is_empty() || model.leaving {
        return vec![Effect::Quit];
    }
    model.leaving = true;
    let what: Vec<String> = model.jobs.iter().map(|j| format!("{} {}", j.change, j.what)).collect();
    let what = what.join(", ");
    let rest = match model.ledger.recording {
        Recording::On => "the journal keeps the rest",
        Recording::Unwanted | Recording::Broken { .. } => "the rest is not done",
    };
    model.refuse(format!("still under way: {what}; again: leaves after this step, {rest}"));
    Vec::new()
}

fn cancel(model: &mut Model) -> Vec<Effect> {
    if model.focus == Focus::Pane {
        // The tab first gives up what it has: a search, a filter, a frozen scroll.
        if let Some(effects) = pane::act(model, Action::Cancel) {
            return effects;
        }
        model.focus = Focus::Grid;
        model.fullscreen = false;
    } else if model.fullscreen {
        model.fullscreen = false;
    } else if !model.grid.filter().is_empty() {
        model.grid.set_filter("");
        model.say("filter cleared");
    } else if model.grid.clear_marks() > 0 {
        model.say("marks cleared");
    } else if let Some(effects) = jobs::cancel(model) {
        return effects;
    } else if model.notice().is_some() {
        model.notices.clear();
    } else {
        let quit = model.skin.keymap.key(model.context(), Action::Quit).unwrap_or(":quit").to_owned();
        model.say(format!("nothing to cancel; {quit} leaves"));
    }
    Vec::new()
}

fn focus_next(model: &mut Model) -> Vec<Effect> {
    match model.focus {
        Focus::Pane => model.focus = Focus::Grid,
        Focus::Grid => {
            model.pane_open = true;
            model.focus = Focus::Pane;
        }
    }
    pane::show(model)
}

fn resize(model: &mut Model, rows: i16) -> Vec<Effect> {
    if !model.pane_open || model.fullscreen {
        model.refuse("the pane has no height to change: it is closed, or has the whole screen");
        return Vec::new();
    }
    let before = model.layout();
    model.grow = model.grow.saturating_add(rows);
    if model.layout() == before {
        // Not any further: don't count steps nobody sees.
        model.grow = model.grow.saturating_sub(rows);
        model.refuse(if rows > 0 { "the pane can't be taller here" } else { "the pane can't be lower" });
    }
    Vec::new()
}

fn pick(model: &mut Model, theme: bool) -> Vec<Effect> {
    let (choices, current, before) = if theme {
        let theme = model.skin.theme.clone();
        (&model.themes, theme.name.clone(), Before::Theme(Box::new(theme)))
    } else {
        let keymap = model.skin.keymap.clone();
        (&model.keymaps, keymap.name.clone(), Before::Keymap(keymap))
    };
    if choices.is_empty() {
        model.refuse("there is nothing to choose from");
        return Vec::new();
    }
    let selected = choices.iter().position(|c| c.name == current).unwrap_or(0);
    let choices = choices.clone();
    model.dialogs.push(Dialog::Picker(Box::new(Picker { choices, selected, before })));
    Vec::new()
}
