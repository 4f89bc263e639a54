//! The table beside the charts: who uses what.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::picture::Picture;
use crate::config::Role;
use crate::console::pane::Scene;
use crate::console::widget::chart::Unit;
use crate::console::widget::text;
use crate::text::human;

/// Who uses what: a row a service of a project, else a row a replica.
pub(super) fn figures(picture: &Picture, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
    let theme = scene.look.theme;
    let glyphs = scene.look.glyphs;
    let missing = glyphs.missing;
    let together = (picture.who.len() > 1).then(|| ("together".into(), picture.usage));
    let rows = together.iter().chain(&picture.who);
    let count = picture.who.len() + usize::from(together.is_some());
    let name_room = usize::from(area.width).saturating_sub(34).clamp(6, 28);
    let head = format!("{:<name_room$} {:>6} {:>7} {:>8} {:>8}", "WHO", "CORES", "MEM", "RX", "TX");
    text::put(buf, area, 0, &Line::styled(head, theme.style(Role::Title)));
    for (row, (name, usage)) in (1..area.height).zip(rows) {
        let name = text::clip(name, name_room, glyphs.ellipsis);
        let pad = name_room.saturating_sub(text::width(&name));
        let cpu = usage.cpu.map_or_else(|| missing.to_owned(), |c| format!("{c:.2}"));
        let memory = usage.memory.map_or_else(|| missing.to_owned(), human::bytes);
        let rate = |v: Option<f32>| v.map_or_else(|| missing.to_owned(), |v| Unit::Rate.label(f64::from(v)));
        let line = format!(
            "{name}{} {cpu:>6} {memory:>7} {:>8} {:>8}",
            " ".repeat(pad),
            rate(usage.net_rx),
            rate(usage.net_tx)
        );
        text::put(buf, area, row, &Line::styled(line, theme.style(Role::Text)));
    }
    let hidden = (count + 1).saturating_sub(usize::from(area.height));
    if hidden > 0 && area.height > 2 {
        let more = format!("{} and {} more", glyphs.ellipsis, hidden + 1);
        let last = Rect { y: area.bottom() - 1, height: 1, ..area };
        let blank = " ".repeat(usize::from(area.width));
        text::put(buf, last, 0, &Line::raw(blank));
        text::put(buf, last, 0, &Line::styled(more, theme.style(Role::Dim)));
    }
}
