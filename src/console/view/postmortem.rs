//! A post-mortem.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::dialog::PostMortem;
use super::super::model::Model;
use super::super::widget::text;
use super::frame;
use crate::config::Role;

/// Draw it.
pub(super) fn postmortem(model: &Model, it: &PostMortem, area: Rect, buf: &mut Buffer) {
    let theme = &model.skin.theme;
    let title = it.page(model.skin.utc, model.now).title;
    let inside = frame::frame(model, area, &title, Role::Dialog, buf);
    if inside.is_empty() {
        return;
    }
    let lines = it.lines(model.skin.look(), model.now, usize::from(inside.width));
    let rows = usize::from(inside.height.saturating_sub(1));
    let top = it.scroll.top(lines.len(), rows);
    for (i, line) in lines.iter().skip(top).take(rows).enumerate() {
        text::put(buf, inside, i as u16, line);
    }
    let below = lines.len().saturating_sub(top + rows);
    let more = if below > 0 { format!("{below} more below") } else { String::new() };
    let mut keys = vec![("ctrl-s", "save"), ("y", "copy"), ("esc", "close")];
    if it.neighbour(true).is_some() || it.neighbour(false).is_some() {
        keys.insert(0, ("left/right", "others"));
    }
    let mut spans: Vec<Span<'static>> = keys
        .into_iter()
        .flat_map(|(key, word)| {
            [
                Span::styled(key, theme.style(Role::Key)),
                Span::styled(format!(" {word}   "), theme.style(Role::KeyDoc)),
            ]
        })
        .collect();
    spans.push(Span::styled(more, theme.style(Role::Dim)));
    let foot = Rect { y: inside.bottom() - 1, height: 1, ..inside };
    text::put(buf, foot, 0, &Line::from(spans));
}
