//! The pane's title line: what it is about, the tabs, a few words of the tab itself.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::model::{Focus, Model};
use super::super::pane::{Tab, Target};
use super::super::widget::text;
use crate::config::Role;

/// Where a tab's title stands.
pub(super) struct Place {
    pub(super) tab: Tab,
    pub(super) x: u16,
    pub(super) width: u16,
}

/// A screen narrower than this has its tabs close together.
const WIDE: u16 = 100;
/// What is left for a few words of the tab, so that the tabs stay where they are whatever it says:
/// `lag 0, dropped 0`.
const STATUS: usize = 16;

fn is_tight(model: &Model) -> bool {
    model.size.cols < WIDE
}

/// From the beginning of a tab to that of the next.
fn pitch(model: &Model, tab: Tab) -> u16 {
    // Close together, the brackets of the active one stand on the blanks of its neighbours.
    tab.title().len() as u16 + if is_tight(model) { 1 } else { 3 }
}

/// The name in front of the tabs; empty where there is no room for it.
fn name(model: &Model) -> String {
    let tabs: u16 = Tab::ALL.iter().map(|tab| pitch(model, *tab)).sum();
    let room = usize::from(model.size.cols.saturating_sub(tabs + 8)).saturating_sub(STATUS).min(48);
    if room < 8 {
        return String::new();
    }
    let name = match model.shown.as_ref().map(|(target, _)| target) {
        None => String::new(),
        Some(Target::Project(project)) => project.as_deref().unwrap_or("lone containers").to_owned(),
        Some(Target::Service(id)) => id.name.to_string(),
        Some(Target::Replica(id)) => {
            model.fleet.replica(id).map_or_else(|| id.short().to_owned(), |r| r.name.to_string())
        }
    };
    text::clip(&name, room, model.skin.glyphs.ellipsis)
}

/// The tabs' places in the title line, brackets included.
pub(super) fn tabs(model: &Model) -> Vec<Place> {
    let name = text::width(&name(model));
    let mut x = if name == 0 { 1 } else { name as u16 + if is_tight(model) { 4 } else { 5 } };
    let place = |&tab: &Tab| {
        let place = Place { tab, x, width: tab.title().len() as u16 + 2 };
        x += pitch(model, tab);
        place
    };
    Tab::ALL.iter().map(place).collect()
}

/// Draw the line.
pub(super) fn bar(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = &model.skin.theme;
    let focused = model.focus == Focus::Pane;
    let border = theme.style(if focused { Role::BorderFocused } else { Role::Border });
    let line = model.skin.glyphs.line.repeat(usize::from(area.width));
    text::put(buf, area, 0, &Line::styled(line, border));
    let name = name(model);
    if !name.is_empty() {
        let at = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
        let style = theme.style(Role::Title);
        text::put(buf, at, 0, &Line::from(vec![Span::styled(format!(" {name} "), style)]));
    }
    let mut places = tabs(model);
    let end = places.last().map_or(0, |place| place.x + place.width);
    // The active one last: its brackets may stand on its neighbours' blanks.
    places.sort_by_key(|place| place.tab == model.tab);
    for place in places {
        let active = place.tab == model.tab;
        let (words, role) = if active {
            (format!("[{}]", place.tab.title()), Role::TabActive)
        } else {
            (format!(" {} ", place.tab.title()), Role::Tab)
        };
        let width = place.width.min(area.width.saturating_sub(place.x));
        let at = Rect { x: area.x + place.x, width, ..area };
        if width > 0 {
            text::put(buf, at, 0, &Line::styled(words, theme.style(role)));
        }
    }
    let Some((target, tab)) = &model.shown else { return };
    let scene = model.skin.scene(&model.fleet, &model.board, model.now, target);
    let status = model.panes.get(*tab).status(&scene);
    let room = usize::from(area.width.saturating_sub(end + 3));
    if status.is_empty() || room < 6 {
        return;
    }
    let status = text::clip(&status, room, model.skin.glyphs.ellipsis);
    let width = text::width(&status) as u16 + 2;
    let at = Rect { x: area.x + area.width.saturating_sub(width + 1), width, ..area };
    text::put(buf, at, 0, &Line::styled(format!(" {status} "), theme.style(Role::Dim)));
}
