//! What stands where the services would be, while there are none: why, and what to do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::model::Model;
use super::super::widget::text;
use crate::action::Action;
use crate::config::Role;

/// The engine was never reached: the diagnosis; or it has not answered yet.
pub(super) fn unreached(model: &Model, area: Rect, buf: &mut Buffer) {
    let mut words: Vec<(Role, String)> = Vec::new();
    match model.diagnosis() {
        Some((why, remedy, left)) => {
            words.push((Role::Bad, capital(why)));
            words.push((Role::Text, String::new()));
            words.push((Role::Text, remedy.to_owned()));
            words.push((Role::Text, String::new()));
            let when = if left == 0 { "now".to_owned() } else { format!("in {left} s") };
            words
                .push((Role::Dim, format!("Trying again by itself {when}; this screen goes when it works.")));
            words.push((Role::Dim, "qd doctor tells what quarterdeck sees, step by step.".to_owned()));
            words.push((
                Role::Dim,
                "No engine at hand? qd demo opens a simulated fleet and needs nothing installed.".to_owned(),
            ));
        }
        None => {
            words
                .push((Role::Dim, format!("Connecting to {}{}", model.endpoint, model.skin.glyphs.ellipsis)));
        }
    }
    paragraph(model, &words, area, buf);
}

/// There are no rows.
pub(super) fn no_rows(model: &Model, area: Rect, buf: &mut Buffer) {
    let hidden = model.grid.hidden();
    let key = |action| model.skin.keymap.key(model.context(), action).unwrap_or("the palette").to_owned();
    let words = if hidden > 0 && !model.grid.filter().is_empty() {
        let filter = model.grid.filter().text();
        format!("The filter `{filter}` hides all {hidden} services: {} clears it.", key(Action::Cancel))
    } else if hidden > 0 {
        format!("All {hidden} services are stopped, and hidden: {} shows them.", key(Action::ToggleStopped))
    } else {
        "No containers yet. What is started will appear here by itself.".to_owned()
    };
    paragraph(model, &[(Role::Dim, words)], area, buf);
}

fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|c| c.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}

/// Paragraphs in the upper middle of an area, wrapped.
fn paragraph(model: &Model, words: &[(Role, String)], area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let width = area.width.saturating_sub(4).clamp(1, 76).min(area.width);
    let mut rows = Vec::new();
    for (role, words) in words {
        for range in text::wrap(words, usize::from(width), true) {
            rows.push((*role, words.get(range).unwrap_or_default()));
        }
    }
    let high = (rows.len() as u16).min(area.height);
    let at = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - high) / 3,
        width,
        height: high,
    };
    for (i, (role, row)) in rows.into_iter().enumerate().take(usize::from(high)) {
        text::put(buf, at, i as u16, &Line::styled(row, model.skin.theme.style(role)));
    }
}
