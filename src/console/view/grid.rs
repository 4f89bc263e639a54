//! The grid: column heads and the rows on screen, no others.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthChar;

use super::super::board::severity_role;
use super::super::grid::{Cell, Column, Columns, Fold, Row};
use super::super::model::Model;
use super::super::pane::Target;
use super::super::widget::text;
use super::{GUTTER, cells, grid_focused, health_glyph, health_role};
use crate::alert::{Incident, Severity};
use crate::config::Role;
use crate::fleet::{self, Health, Replica};

/// The line of column heads; the sorted one has an arrow.
pub(super) fn head(model: &Model, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &model.skin.theme;
    let glyphs = &model.skin.glyphs;
    buf.set_style(area, theme.style(Role::Title));
    let sort = model.grid.sort();
    for cell in model.columns().cells() {
        let mut title = cell.column.title().to_owned();
        if sort.column == cell.column {
            let arrow = if sort.descending() { glyphs.descending } else { glyphs.ascending };
            if text::width(&title) + 1 > usize::from(cell.width) {
                title.truncate(text::fit(&title, usize::from(cell.width.saturating_sub(1))));
            }
            title.push_str(arrow);
        }
        let indent = if cell.x == 0 { "   " } else { "" };
        let span = Span::styled(format!("{indent}{title}"), theme.style(Role::Title));
        put(buf, area, *cell, vec![span]);
    }
}

/// Put spans into a cell, leaning as its column does.
fn put(buf: &mut Buffer, row: Rect, cell: Cell, spans: Vec<Span<'_>>) {
    let line = Line::from(spans);
    let used = u16::try_from(line.width()).unwrap_or(u16::MAX).min(cell.width);
    let shift = if cell.column.right() { cell.width - used } else { 0 };
    let at = Rect { x: row.x + cell.x + shift, width: cell.width - shift, ..row };
    text::put(buf, at, 0, &line);
}

/// The rows on screen.
pub(super) fn rows(model: &Model, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let columns = model.columns();
    let (top, visible) = model.grid.visible();
    for (i, row) in visible.iter().take(usize::from(area.height)).enumerate() {
        let line = Rect { y: area.y + i as u16, height: 1, ..area };
        draw_row(model, &columns, row, line, buf);
        if top + i == model.grid.index() {
            let selected = model.skin.theme.style(Role::Selected);
            // Without the focus it still shows what the pane is about.
            let style = if grid_focused(model) { selected } else { selected.add_modifier(Modifier::DIM) };
            buf.set_style(line, style);
        }
    }
}

fn draw_row(model: &Model, columns: &Columns, row: &Row, line: Rect, buf: &mut Buffer) {
    let theme = &model.skin.theme;
    let glyphs = &model.skin.glyphs;
    let marked = match &row.target {
        Target::Project(_) => false,
        target => model.grid.marks().contains(target),
    };
    let fold = match row.fold {
        Fold::None => " ",
        Fold::Open => glyphs.open,
        Fold::Folded => glyphs.folded,
    };
    let mut gutter = vec![
        Span::styled(if marked { glyphs.mark } else { " " }, theme.style(Role::Marked)),
        Span::styled(fold, theme.style(Role::Dim)),
    ];
    if let Some(severity) = alarm(model, row) {
        gutter.push(Span::styled(ALARM, theme.style(severity_role(severity))));
    }
    text::put(buf, line, 0, &Line::from(gutter));
    let name_width = columns.cells().first().map_or(line.width, |c| c.width).saturating_sub(GUTTER);
    let name_at = Rect { x: line.x + GUTTER.min(line.width), width: name_width, ..line };
    match &row.target {
        Target::Project(project) => {
            let name = project.as_deref().unwrap_or("lone containers");
            put_name(model, &[], name, &[], theme.style(Role::Title), name_at, buf);
            if let Some(totals) = model.grid.totals(project.as_ref()) {
                for cell in columns.cells() {
                    put(buf, line, *cell, cells::total(model, totals, *cell));
                }
            }
        }
        Target::Service(id) => {
            let Some(summary) = model.fleet.summary(id, model.now) else { return };
            let lead = [verdict(model, summary.health.health), Span::raw(" ")];
            put_name(model, &lead, &id.name, &row.matched, theme.style(Role::Text), name_at, buf);
            let history = model.fleet.service_history(id);
            let busy = model.busy(id);
            for cell in columns.cells() {
                let spans = match &busy {
                    // What an operation causes is planned: it is said as what it is.
                    Some(words) if cell.column == Column::Health => {
                        let words = text::clip(words, usize::from(cell.width), glyphs.ellipsis);
                        vec![Span::styled(words, theme.style(Role::Marker))]
                    }
                    _ => match (cell.column, model.board.worst(id)) {
                        // Where the verdict says nothing is wrong, the incident says what is.
                        (Column::Health, Some(worst)) if summary.health.health.is_well() => {
                            cells::alarm(model, &summary, worst, usize::from(cell.width))
                        }
                        _ => cells::cell(model, &summary, history.as_ref(), *cell),
                    },
                };
                put(buf, line, *cell, spans);
            }
        }
        Target::Replica(id) => {
            let (Some(replica), Some(summary)) =
                (model.fleet.replica(id), model.fleet.replica_summary(id, model.now))
            else {
                return;
            };
            let job = match replica.role {
                fleet::Role::Replica => "",
                fleet::Role::Job => "job ",
                fleet::Role::Spare => "spare ",
            };
            let dim = theme.style(Role::Dim);
            let lead = [
                Span::raw("  "),
                verdict(model, summary.health.health),
                Span::raw(" "),
                Span::styled(job, dim),
            ];
            put_name(model, &lead, short(replica), &[], theme.style(Role::Dim), name_at, buf);
            let history = model.fleet.history(id);
            for cell in columns.cells() {
                let spans = match spare(replica) {
                    Some(words) if cell.column == Column::Health => {
                        vec![Span::styled(text::clip(words, usize::from(cell.width), glyphs.ellipsis), dim)]
                    }
                    _ => cells::cell(model, &summary, history.as_ref(), *cell),
                };
                put(buf, line, *cell, spans);
            }
        }
    }
}

/// Stands before a row with an incident that somebody has to look at.
const ALARM: &str = "!";

/// How bad the worst incident of a row is; of a project's, where its services are not shown.
fn alarm(model: &Model, row: &Row) -> Option<Severity> {
    match &row.target {
        Target::Service(id) => model.board.worst(id).map(|incident| incident.severity),
        Target::Project(project) if row.fold == Fold::Folded => {
            let within = |incident: &&Incident| {
                incident.key.service.as_ref().is_some_and(|service| service.project == *project)
            };
            model.board.loud().find(within).map(|incident| incident.severity)
        }
        Target::Project(_) | Target::Replica(_) => None,
    }
}

/// What a spare is there for.
fn spare(replica: &Replica) -> Option<&'static str> {
    if replica.role != fleet::Role::Spare {
        return None;
    }
    Some(match fleet::SpareName::parse(&replica.name).map(|name| name.side) {
        Some(fleet::Side::New) => "new, not in its place yet",
        _ => "old, kept to go back to",
    })
}

/// A replica's name without its project's, which stands above it.
fn short(replica: &Replica) -> &str {
    text::without_project(&replica.name, replica.service.project.as_deref())
}

fn verdict(model: &Model, health: Health) -> Span<'static> {
    Span::styled(health_glyph(model, health), model.skin.theme.style(health_role(health)))
}

/// A name behind its lead, matched characters highlighted, cut where the column ends.
fn put_name(
    model: &Model,
    lead: &[Span<'static>],
    name: &str,
    matched: &[u16],
    style: Style,
    area: Rect,
    buf: &mut Buffer,
) {
    let lead_width: usize = lead.iter().map(|s| text::width(&s.content)).sum();
    let room = usize::from(area.width).saturating_sub(lead_width);
    let clipped = text::clip(name, room, model.skin.glyphs.ellipsis);
    let line: Vec<Span<'_>> = lead.iter().cloned().chain([Span::styled(clipped, style)]).collect();
    text::put(buf, area, 0, &Line::from(line));
    if matched.is_empty() {
        return;
    }
    let highlight = model.skin.theme.style(Role::Match);
    let mut x = lead_width;
    for (i, c) in name.chars().enumerate() {
        let width = c.width().unwrap_or(0);
        if x + width > usize::from(area.width) {
            break;
        }
        if u16::try_from(i).is_ok_and(|i| matched.binary_search(&i).is_ok()) {
            let at = Rect { x: area.x + x as u16, width: width as u16, ..area };
            buf.set_style(at.intersection(buf.area), highlight);
        }
        x += width;
    }
}
