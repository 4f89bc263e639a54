//! What the service says of itself: the newest figures, what went stale, and what could not be asked.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::panel::Panel;
use crate::config::Role;
use crate::console::pane::{Scene, scope, words};
use crate::console::widget::text;
use crate::fleet::Fleet;

/// One row: a name, and what there is to say of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    name: String,
    words: String,
    role: Role,
}

/// The rows of what is shown, what is wrong first; a project has none.
pub(super) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let (fleet, now): (&Fleet, Timestamp) = (scene.fleet, scene.now);
    let Some(service) = scope::service_of(fleet, scene.target) else { return Vec::new() };
    let mut rows: Vec<Row> = Vec::new();
    for scraped in fleet.scrapes(&service) {
        let Some(words) = scraped.complaint() else { continue };
        let role = if scraped.result.is_err() { Role::Bad } else { Role::Warn };
        rows.push(Row { name: "metrics".into(), words, role });
    }
    let names = fleet.measured_names(&service, now);
    rows.extend(names.iter().filter_map(|name| fleet.reading(&service, name, now)).map(|reading| Row {
        name: reading.name.to_string(),
        words: reading.words(),
        role: Role::Text,
    }));
    rows.extend(fleet.outdated(&service, now).into_iter().map(|(name, at)| Row {
        name: name.to_string(),
        words: format!("no figure since {}", words::ago(at, now).trim_end_matches(" ago")),
        role: Role::Dim,
    }));
    rows
}

/// Draw them.
pub(super) fn draw(rows: &[Row], scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
    let (theme, glyphs) = (scene.look.theme, scene.look.glyphs);
    let title = Line::from(vec![
        Span::styled(Panel::Measured.name(), theme.style(Role::Title)),
        Span::raw(" "),
        Span::styled("of the whole service, by itself", theme.style(Role::Dim)),
    ]);
    text::put(buf, area, 0, &title);
    let room = usize::from(area.height.saturating_sub(1));
    let shown = if rows.len() > room { room.saturating_sub(1) } else { rows.len() };
    let longest = rows.iter().map(|row| text::width(&row.name)).max().unwrap_or(0);
    let width = longest.clamp(7, usize::from(area.width / 2).max(7));
    for (at, row) in (1..area.height).zip(rows.iter().take(shown)) {
        let name = text::clip(&row.name, width, glyphs.ellipsis);
        let pad = width.saturating_sub(text::width(&name));
        let rest = usize::from(area.width).saturating_sub(width + 2);
        let line = Line::from(vec![
            Span::styled(format!("{name}{}  ", " ".repeat(pad)), theme.style(Role::Dim)),
            Span::styled(text::clip(&row.words, rest, glyphs.ellipsis), theme.style(row.role)),
        ]);
        text::put(buf, area, at, &line);
    }
    if shown < rows.len() && area.height > 1 {
        let more = format!("{} and {} more", glyphs.ellipsis, rows.len() - shown);
        text::put(buf, area, area.height - 1, &Line::styled(more, theme.style(Role::Dim)));
    }
}
