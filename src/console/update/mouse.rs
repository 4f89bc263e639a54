//! The mouse: rows, fold marks, tabs, column heads, the wheel.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::super::dialog::Dialog;
use super::super::grid::Sort;
use super::super::model::{Focus, Model, WHEEL};
use super::super::pane::Answer;
use super::super::{Effect, view};
use super::{dialogs, grid, observe, pane};

/// The mouse did something.
pub(super) fn mouse(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    if !model.mouse {
        return Vec::new();
    }
    let at = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollDown => wheel(model, at, true),
        MouseEventKind::ScrollUp => wheel(model, at, false),
        MouseEventKind::Down(MouseButton::Left) => click(model, at),
        _ => Vec::new(),
    }
}

fn wheel(model: &mut Model, at: Position, down: bool) -> Vec<Effect> {
    model.dirty = true;
    if !model.dialogs.is_empty() {
        return dialogs::wheel(model, down);
    }
    let layout = model.layout();
    if layout.pane.contains(at) || layout.title.contains(at) {
        return pane::wheel(model, down);
    }
    if layout.grid.contains(at) || layout.head.contains(at) {
        let rows = isize::try_from(WHEEL).unwrap_or(1);
        model.grid.move_by(if down { rows } else { -rows });
    }
    Vec::new()
}

fn click(model: &mut Model, at: Position) -> Vec<Effect> {
    model.dirty = true;
    let mut effects = observe::settle(model);
    if let Some(dialog) = model.dialogs.last_mut() {
        let area = dialog.area(model.size);
        if !area.contains(at) {
            // Beside a dialog means away with it, as escape does.
            effects.extend(dialogs::key(model, KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)));
            return effects;
        }
        if let Dialog::Picker(picker) = dialog {
            let row = usize::from(at.y.saturating_sub(area.y + 1));
            let inside = usize::from(area.height.saturating_sub(2));
            let index = row + view::first_shown(picker.selected, inside);
            if row < inside && index < picker.choices.len() {
                picker.selected = index;
                // A key that means nothing: the choice is seen live at once.
                effects.extend(dialogs::key(model, KeyEvent::new(KeyCode::Null, KeyModifiers::NONE)));
            }
        }
        return effects;
    }
    let layout = model.layout();
    if layout.title.contains(at) {
        model.focus = Focus::Pane;
        if let Some(tab) = view::tab_at(model, at.x) {
            effects.extend(pane::open(model, tab));
        }
    } else if layout.pane.contains(at) {
        model.focus = Focus::Pane;
        effects.extend(pane::show(model));
        if let Some((target, tab)) = &model.shown {
            let tab = *tab;
            let scene = model.skin.scene(&model.fleet, &model.board, model.now, target);
            let (col, row) = (at.x - layout.pane.x, at.y - layout.pane.y);
            match model.panes.get_mut(tab).click(col, row, &scene) {
                Answer::Pass => {}
                Answer::Go(target) => effects.extend(pane::go(model, &target)),
                Answer::Refused(why) => model.refuse(why),
                Answer::Done { effects: more, say } => {
                    effects.extend(more);
                    if let Some(word) = say {
                        model.say(word);
                    }
                }
            }
        }
    } else if layout.head.contains(at) {
        if let Some(column) = model.columns().at(at.x - layout.head.x) {
            let now = model.grid.sort();
            let reversed = now.column == column && !now.reversed;
            grid::sort(model, Sort { column, reversed });
        }
    } else if layout.grid.contains(at) {
        effects.extend(row(model, usize::from(at.y - layout.grid.y), at.x - layout.grid.x));
    }
    effects
}

fn row(model: &mut Model, row: usize, x: u16) -> Vec<Effect> {
    model.focus = Focus::Grid;
    let (top, visible) = model.grid.visible();
    if row >= visible.len() {
        return Vec::new();
    }
    let again = model.grid.index() == top + row;
    model.grid.select_index(top + row);
    if x < view::GUTTER {
        // The fold mark stands in the gutter.
        model.grid.set_fold(None, &model.fleet);
        return Vec::new();
    }
    if again { grid::open(model) } else { Vec::new() }
}
