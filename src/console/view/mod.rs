//! The screen, drawn from the model alone.
//!
//! Pure: reads no clock, changes nothing, names roles and never colours. [`draw`] fills a buffer;
//! what of it goes to the terminal is [`super::screen`]'s business.

mod bar;
mod cells;
mod confirm;
mod dialogs;
mod empty;
mod footer;
mod frame;
mod grid;
mod header;
mod help;
mod incidents;
mod jobs;
mod machine;
mod operation;
mod postmortem;

pub(super) use machine::{host_room, ports_shown};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::model::{Focus, Model};
use super::pane::Tab;
use crate::config::{Glyphs, Role};
use crate::fleet::{Health, Link};

/// Columns in front of a row's name: mark, fold, blank. A click there folds.
pub(super) const GUTTER: u16 = 3;

/// Draw everything into `buf`, whose area must be the terminal's. Returns where the cursor is to
/// be shown, if anything is typed.
pub fn draw(model: &Model, buf: &mut Buffer) -> Option<Position> {
    let whole = buf.area;
    buf.set_style(whole, model.skin.theme.style(Role::Text));
    let layout = model.layout();
    header::header(model, layout.header, buf);
    header::situation(model, layout.situation, buf);
    if model.reached() {
        grid::head(model, layout.head, buf);
        grid::rows(model, layout.grid, buf);
        if model.grid.rows().is_empty() {
            empty::no_rows(model, layout.grid, buf);
        }
        if layout.title.height > 0 {
            bar::bar(model, layout.title, buf);
        }
        pane(model, layout.pane, buf);
        jobs::jobs(model, layout.jobs, buf);
        if matches!(model.fleet.link(), Some(Link::Lost { .. })) {
            // Old data must not look like live data.
            for part in [layout.grid, layout.pane] {
                buf.set_style(part, Modifier::DIM);
            }
        }
    } else {
        let above = layout.header.height + layout.situation.height;
        let height = whole.height - above - layout.footer.height;
        empty::unreached(model, Rect { y: above, height, ..whole }, buf);
    }
    let mut cursor = footer::footer(model, layout.footer, buf);
    if layout.footer.height == 0 && model.prompt.is_some() {
        // Too low for a footer: what is typed takes the last row there is.
        let last = Rect { y: whole.height.saturating_sub(1), height: whole.height.min(1), ..whole };
        cursor = footer::footer(model, last, buf);
    }
    for dialog in &model.dialogs {
        cursor = dialogs::dialog(model, dialog, buf);
    }
    if layout.header.height == 0 {
        header::badges(model, whole, buf);
    }
    if model.skin.glyphs == Glyphs::ASCII {
        plain_punctuation(buf);
    }
    cursor.filter(|at| whole.contains(*at))
}

/// Our own sentences on a terminal of plain characters: `·` and its like become what it can show.
/// What others wrote stays as it is.
fn plain_punctuation(buf: &mut Buffer) {
    for cell in &mut buf.content {
        let plain = match cell.symbol() {
            "·" | "—" | "–" => "-",
            "…" => "~",
            "→" => ">",
            "×" => "x",
            _ => continue,
        };
        cell.set_symbol(plain);
    }
}

fn pane(model: &Model, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    if let Some((target, tab)) = &model.shown {
        let scene = model.skin.scene(&model.fleet, &model.board, model.now, target);
        model.panes.get(*tab).render(&scene, area, buf);
    }
}

/// The tab whose title stands at column `x` of the pane's title line.
pub(super) fn tab_at(model: &Model, x: u16) -> Option<Tab> {
    let under = bar::tabs(model).into_iter().filter(|t| (t.x..t.x + t.width).contains(&x));
    // Where two share a column it shows the active one's bracket.
    under.max_by_key(|t| t.tab == model.tab).map(|t| t.tab)
}

/// The first line of a list to show so that `selected` is among `rows`.
pub(super) fn first_shown(selected: usize, rows: usize) -> usize {
    (selected + 1).saturating_sub(rows.max(1))
}

/// The role of a verdict.
fn health_role(health: Health) -> Role {
    match health {
        Health::Healthy => Role::Ok,
        Health::Running => Role::Info,
        Health::Starting | Health::Degraded | Health::Paused => Role::Warn,
        Health::Unhealthy | Health::Down => Role::Bad,
        Health::Stopped => Role::Stopped,
    }
}

/// The glyph of a verdict.
fn health_glyph(model: &Model, health: Health) -> &'static str {
    let glyphs = &model.skin.glyphs;
    match health {
        Health::Healthy => glyphs.ok,
        Health::Running => glyphs.running,
        Health::Starting | Health::Degraded => glyphs.warn,
        Health::Paused => glyphs.paused,
        Health::Unhealthy | Health::Down => glyphs.bad,
        Health::Stopped => glyphs.stopped,
    }
}

/// Whether the grid has the focus.
fn grid_focused(model: &Model) -> bool {
    model.focus == Focus::Grid
}
