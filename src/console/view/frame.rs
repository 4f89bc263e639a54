//! A dialog's frame and ground.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::symbols::border;
use ratatui::widgets::{Block, Clear, Widget};

use super::super::model::Model;
use super::super::widget::text;
use crate::config::{Glyphs, Role};

const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// Clear an area and frame it; returns its inside, a column of air at both sides.
pub(super) fn frame(model: &Model, area: Rect, title: &str, role: Role, buf: &mut Buffer) -> Rect {
    let area = area.intersection(buf.area);
    let style = model.skin.theme.style(role);
    Clear.render(area, buf);
    let ascii = model.skin.glyphs.line == Glyphs::ASCII.line;
    let title = text::clip(title, usize::from(area.width.saturating_sub(4)), model.skin.glyphs.ellipsis);
    let block = Block::bordered()
        .border_set(if ascii { ASCII } else { border::PLAIN })
        .style(style)
        .title(format!(" {title} "));
    let inside = block.inner(area);
    block.render(area, buf);
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }.intersection(area)
}
