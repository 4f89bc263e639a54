//! What actions do in the grid.

use super::super::Effect;
use super::super::grid::{Column, Sort};
use super::super::model::{Focus, Model};
use super::super::pane::Target;
use super::super::widget::scroll::step;
use super::pane;
use crate::action::Action;

/// Do it.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if model.grid.rows().is_empty() && needs_row(action) {
        model.refuse(if model.grid.hidden() > 0 {
            "there is no row: the filter hides everything (esc clears it)"
        } else {
            "there is no row yet"
        });
        return Vec::new();
    }
    if let Some(rows) = step(action, model.grid.page()) {
        model.grid.move_by(rows);
        return Vec::new();
    }
    match action {
        Action::Left => {
            if !model.grid.set_fold(Some(false), &model.fleet) {
                match model.grid.parent(&model.fleet) {
                    Some(parent) => {
                        model.grid.select(&parent, &model.fleet);
                    }
                    None => model.say("nothing to fold here"),
                }
            }
        }
        Action::Right => {
            if !model.grid.set_fold(Some(true), &model.fleet) {
                model.say("nothing to unfold here");
            }
        }
        Action::Open => return open(model),
        Action::ToggleFold => {
            if !model.grid.set_fold(None, &model.fleet) {
                model.say("nothing to fold here");
            }
        }
        Action::FoldAll => {
            let folded = model.grid.fold_all();
            model.say(if folded { "all projects folded" } else { "all projects unfolded" });
        }
        Action::Mark => {
            model.grid.toggle_mark(&model.fleet);
            model.grid.move_by(1);
        }
        Action::MarkAll => {
            let count = model.grid.mark_all();
            model.say(format!("{count} marked; actions now mean all of them"));
        }
        Action::ClearMarks => match model.grid.clear_marks() {
            0 => model.say("nothing is marked"),
            count => model.say(format!("{count} unmarked")),
        },
        Action::SortNext => {
            let next = Column::ALL[(model.grid.sort().column as usize + 1) % Column::ALL.len()];
            sort(model, Sort { column: next, reversed: false });
        }
        Action::SortReverse => {
            let now = model.grid.sort();
            sort(model, Sort { reversed: !now.reversed, ..now });
        }
        Action::NextProblem => {
            if !model.grid.next_problem() {
                model.say("no service is in trouble");
            }
        }
        Action::ToggleStopped => {
            let hides = model.grid.toggle_stopped();
            model.say(if hides {
                "stopped services and jobs hidden"
            } else {
                "stopped services and jobs shown"
            });
        }
        Action::CopyName => return copy_name(model),
        _ => model.refuse(format!("{}: not in the service list", action.name())),
    }
    Vec::new()
}

fn needs_row(action: Action) -> bool {
    !matches!(action, Action::SortNext | Action::SortReverse | Action::ToggleStopped | Action::ClearMarks)
}

/// Sort otherwise, and say how.
pub(super) fn sort(model: &mut Model, sort: Sort) {
    model.grid.set_sort(sort);
    let way = if sort.reversed { ", reversed" } else { "" };
    model.say(format!("sorted by {}{way}", sort.column.name()));
}

/// Unfold a project, or go to the pane of anything else.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    match model.grid.selected() {
        None => Vec::new(),
        Some(Target::Project(_)) => {
            model.grid.set_fold(None, &model.fleet);
            Vec::new()
        }
        Some(_) => {
            model.pane_open = true;
            model.focus = Focus::Pane;
            pane::show(model)
        }
    }
}

fn copy_name(model: &mut Model) -> Vec<Effect> {
    let name = match model.grid.selected() {
        None => return Vec::new(),
        Some(Target::Project(None)) => {
            model.refuse("the lone containers have no name of their own");
            return Vec::new();
        }
        Some(Target::Project(Some(project))) => project.to_string(),
        Some(Target::Service(id)) => id.name.to_string(),
        Some(Target::Replica(id)) => match model.fleet.replica(id) {
            Some(replica) => replica.name.to_string(),
            None => id.id.to_string(),
        },
    };
    model.say(format!("copied {name} (where the terminal allows OSC 52)"));
    vec![Effect::Copy(name)]
}
