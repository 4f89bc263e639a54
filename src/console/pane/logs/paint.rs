//! Drawing a page of lines, and what is said when there is none.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::compose::{self, Composed, Highlight, Layout};
use super::window::Place;
use super::{Anchor, Logs};
use crate::config::Role;
use crate::console::pane::Scene;
use crate::console::widget::text;
use crate::text::human;

impl Logs {
    /// Draw the page. Costs the page, whatever the store holds.
    pub(super) fn paint(&self, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
        let layout = Layout::new(self.options, &self.sources, area.width);
        let top = match self.anchor {
            Anchor::Follow => self.last_page(layout, usize::from(area.height), scene),
            Anchor::At { top, .. } => top,
        };
        let rows = self.page(scene, layout, top, area, buf);
        if rows == 0 {
            let mut row = 0;
            for (role, sentence) in self.why_empty(scene) {
                for part in text::wrap(&sentence, usize::from(area.width), true) {
                    let part = sentence.get(part).unwrap_or_default();
                    text::put(buf, area, row, &Line::styled(part, scene.look.theme.style(role)));
                    row += 1;
                }
            }
        }
        self.frozen_sign(scene, area, buf);
    }

    /// Lines from `top` on; says how many rows were drawn.
    fn page(&self, scene: &Scene<'_>, layout: Layout, top: Place, area: Rect, buf: &mut Buffer) -> u16 {
        let include = self.store.filter().include.as_slice();
        let search = self.search.as_slice();
        let patterns = if search.is_empty() { include } else { search };
        let highlight = Highlight { patterns, current: self.hit };
        let mut y = 0;
        for line in self.store.forward(top.seq) {
            if y >= area.height {
                break;
            }
            let composed = compose::compose(&line, self.options.flat, highlight, &scene.look);
            let skip = if line.seq == top.seq { top.row } else { 0 };
            let body = Rect {
                x: area
                    .x
                    .saturating_add(u16::try_from(layout.indent()).unwrap_or(u16::MAX))
                    .min(area.right()),
                ..area
            };
            let body = Rect { width: area.right() - body.x, ..body };
            if layout.wrap {
                for (n, part) in text::wrap(&composed.body, layout.body(), false).into_iter().enumerate() {
                    if n < skip || y >= area.height {
                        continue;
                    }
                    if n == 0 {
                        self.prefix(scene, layout, &line, area, y, buf);
                    }
                    put(buf, body, y, &composed, part, 0);
                    y += 1;
                }
            } else {
                self.prefix(scene, layout, &line, area, y, buf);
                put(buf, body, y, &composed, 0..composed.body.len(), self.left);
                y += 1;
            }
        }
        y
    }

    fn prefix(
        &self,
        scene: &Scene<'_>,
        layout: Layout,
        line: &crate::logs::LineRef<'_>,
        area: Rect,
        y: u16,
        buf: &mut Buffer,
    ) {
        let mut x = area.x;
        for (piece, style) in layout.prefix(line, &self.sources, &scene.look) {
            let room = usize::from(area.right().saturating_sub(x));
            (x, _) = buf.set_stringn(x, area.y + y, &piece, room, style);
        }
    }

    /// What is new while the view stands still, in the last row's right corner.
    fn frozen_sign(&self, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
        if !matches!(self.anchor, Anchor::At { .. }) || area.height < 2 {
            return;
        }
        let words = match self.new_lines() {
            0 => " frozen ".to_owned(),
            1 => format!(" {} 1 new line ", scene.look.glyphs.descending),
            n => format!(" {} {} new lines ", scene.look.glyphs.descending, human::count(n as u64)),
        };
        let cols = u16::try_from(text::width(&words)).unwrap_or(u16::MAX);
        if cols > area.width {
            return;
        }
        let corner = Rect { x: area.right() - cols, y: area.bottom() - 1, width: cols, height: 1 };
        text::put(buf, corner, 0, &Line::styled(words, scene.look.theme.style(Role::Badge)));
    }
}

/// Draw a part of a body into a row, without its first `left` columns.
fn put(buf: &mut Buffer, area: Rect, row: u16, line: &Composed<'_>, part: Range<usize>, left: usize) {
    let y = area.y + row;
    let start = part.start;
    let Some(body) = line.body.get(part) else { return };
    let mut col = 0;
    let right = left + usize::from(area.width);
    for (at, grapheme) in body.grapheme_indices(true) {
        let wide = grapheme.width();
        let next = col + wide;
        if next > right {
            break;
        }
        // A wide character that begins left of the edge would stick out: it is left out.
        if wide > 0 && col >= left {
            let x = area.x + (col - left) as u16;
            let style = style_at(line, start + at);
            for n in 1..wide {
                if let Some(cell) = buf.cell_mut((x + n as u16, y)) {
                    cell.reset();
                }
            }
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.set_symbol(grapheme).set_style(style);
            }
        }
        col = next;
    }
}

fn style_at(line: &Composed<'_>, at: usize) -> Style {
    line.layers.iter().filter(|(r, _)| r.contains(&at)).fold(line.base, |style, (_, over)| style.patch(*over))
}
