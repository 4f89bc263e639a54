//! The table beside the charts: who uses what.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::subject::Subject;
use crate::config::Role;
use crate::console::pane::{Scene, Target, scope};
use crate::console::widget::chart::Unit;
use crate::console::widget::text;
use crate::fleet::Usage;
use crate::text::human;

/// Who uses what: a row a service, a replica, or of the one replica there is.
pub(super) fn figures(subject: &Subject<'_>, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
    let theme = scene.look.theme;
    let glyphs = scene.look.glyphs;
    let missing = glyphs.missing;
    let mut rows: Vec<(String, Usage)> = match scene.target {
        Target::Project(_) => scope::services(scene.fleet, scene.target)
            .into_iter()
            .filter_map(|s| Some((s.id.name.to_string(), scene.fleet.summary(&s.id, scene.now)?.usage)))
            .collect(),
        _ => scope::replicas(scene.fleet, scene.target)
            .into_iter()
            .filter_map(|r| Some((r.name.to_string(), scene.fleet.replica_summary(&r.id, scene.now)?.usage)))
            .collect(),
    };
    // Whoever uses most comes first; steady for equals.
    rows.sort_by(|a, b| {
        let key = |u: &Usage| u.cpu.unwrap_or(-1.0);
        key(&b.1).total_cmp(&key(&a.1)).then_with(|| a.0.cmp(&b.0))
    });
    if rows.len() > 1 {
        rows.insert(0, ("together".to_owned(), subject.usage));
    }
    let name_room = usize::from(area.width).saturating_sub(34).clamp(6, 28);
    let head = format!("{:<name_room$} {:>6} {:>7} {:>8} {:>8}", "WHO", "CORES", "MEM", "RX", "TX");
    text::put(buf, area, 0, &Line::styled(head, theme.style(Role::Title)));
    for (row, (name, usage)) in (1..area.height).zip(&rows) {
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
    let hidden = (rows.len() + 1).saturating_sub(usize::from(area.height));
    if hidden > 0 && area.height > 2 {
        let more = format!("{} and {} more", glyphs.ellipsis, hidden + 1);
        let last = Rect { y: area.bottom() - 1, height: 1, ..area };
        let blank = " ".repeat(usize::from(area.width));
        text::put(buf, last, 0, &Line::raw(blank));
        text::put(buf, last, 0, &Line::styled(more, theme.style(Role::Dim)));
    }
}
