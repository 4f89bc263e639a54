//! The question before a change: what will be done, to which replicas, what to know.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::super::dialog::{Confirm, Kind};
use super::super::model::Model;
use super::super::widget::text;
use super::{footer, frame};
use crate::config::{Level, Role};

/// Draw it.
pub(super) fn confirm(model: &Model, confirm: &Confirm, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let theme = &model.skin.theme;
    let title = match (confirm.basis.force, confirm.level()) {
        (true, Level::Typed) => "by force, protected: typed",
        (true, _) => "by force",
        (false, Level::Typed) => "protected: typed",
        (false, _) => "please confirm",
    };
    let title = match confirm.project() {
        Some(project) => format!("{project}: {title}"),
        None => title.to_owned(),
    };
    let inside = frame::frame(model, area, &title, ground(confirm), buf);
    if inside.is_empty() {
        return None;
    }
    let question =
        text::clip(&confirm.plan.question(), usize::from(inside.width), model.skin.glyphs.ellipsis);
    text::put(buf, inside, 0, &Line::styled(question, theme.style(Role::Title)));
    let asks = u16::from(confirm.word().is_some()) * 2 + 1;
    let list = Rect {
        y: (inside.y + 2).min(inside.bottom()),
        height: inside.height.saturating_sub(3 + asks),
        ..inside
    };
    lines(model, confirm, list, buf);
    let foot = Rect {
        y: inside.bottom().saturating_sub(asks).max(inside.y),
        height: asks.min(inside.height),
        ..inside
    };
    let mut cursor = None;
    if let Some(word) = confirm.word().filter(|_| confirm.lapsed.is_none()) {
        let ready = confirm.ready();
        let lead = format!("Type {word} to go on: ");
        let lead = text::clip(&lead, usize::from(foot.width / 2), model.skin.glyphs.ellipsis);
        let width = text::width(&lead) as u16;
        let role = if ready { Role::Ok } else { Role::Warn };
        text::put(buf, foot, 0, &Line::styled(lead, theme.style(role)));
        let typed = Rect {
            x: foot.x + width,
            width: foot.width.saturating_sub(width),
            height: foot.height.min(1),
            ..foot
        };
        cursor = footer::input(&confirm.typed, typed, theme.style(Role::Input), buf);
    }
    let keys = keys(confirm).into_iter().flat_map(|(key, word)| {
        let word = Span::styled(format!(" {word}   "), theme.style(Role::KeyDoc));
        [Span::styled(key, theme.style(Role::Key)), word]
    });
    text::put(buf, foot, asks - 1, &Line::from(keys.collect::<Vec<_>>()));
    cursor
}

/// Which keys there are now, and what they do.
fn keys(confirm: &Confirm) -> Vec<(&'static str, String)> {
    let verb = &confirm.plan.intent.change;
    if confirm.lapsed.is_some() {
        return vec![("esc", "close".to_owned())];
    }
    match (confirm.word(), confirm.dangerous()) {
        (Some(_), _) => vec![
            ("enter", verb.to_string()),
            ("esc", "leave it".to_owned()),
            ("ctrl-y", "copy the plan".to_owned()),
        ],
        (None, true) => vec![
            ("y", format!("{verb} (enter does not)")),
            ("n / esc", "leave it".to_owned()),
            ("c", "copy the plan".to_owned()),
        ],
        (None, false) => vec![
            ("y / enter", verb.to_string()),
            ("n / esc", "leave it".to_owned()),
            ("c", "copy the plan".to_owned()),
        ],
    }
}

fn lines(model: &Model, confirm: &Confirm, area: Rect, buf: &mut Buffer) {
    let theme = &model.skin.theme;
    let glyphs = &model.skin.glyphs;
    let cols = usize::from(area.width);
    let rows = confirm.rows(cols, glyphs.warn);
    let shown = usize::from(area.height);
    let top = confirm.scroll.top(rows.len(), shown);
    let below = rows.len().saturating_sub(top + shown);
    for (i, (kind, words)) in rows.iter().skip(top).take(shown).enumerate() {
        let role = match kind {
            Kind::Lapsed => Role::Bad,
            Kind::Warning => Role::Warn,
            Kind::Fact | Kind::Step => ground(confirm),
            Kind::Skipped => Role::Dim,
        };
        let style = theme.style(role);
        let style = if *kind == Kind::Fact { style.add_modifier(Modifier::BOLD) } else { style };
        let words = text::clip(words, cols, glyphs.ellipsis);
        text::put(buf, area, i as u16, &Line::styled(words, style));
    }
    if below > 0 && area.height > 0 {
        let more =
            Line::styled(format!("{} and {} more", glyphs.descending, below + 1), theme.style(Role::Dim));
        let last = Rect { y: area.bottom() - 1, height: 1, ..area };
        ratatui::widgets::Widget::render(ratatui::widgets::Clear, last, buf);
        buf.set_style(last, theme.style(ground(confirm)));
        text::put(buf, last, 0, &more);
    }
}

fn ground(confirm: &Confirm) -> Role {
    if confirm.dangerous() { Role::DialogDanger } else { Role::Dialog }
}
