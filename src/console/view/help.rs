//! Help: every action with its keys, from the action table and the keymap in use.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::super::dialog::{Help, HelpLine, help_lines};
use super::super::model::Model;
use super::super::widget::text;
use super::{footer, frame};
use crate::action::Risk;
use crate::config::Role;

/// Draw it.
pub(super) fn help(model: &Model, help: &Help, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let theme = &model.skin.theme;
    let title = format!("help: keymap {}", model.skin.keymap.name);
    let inside = frame::frame(model, area, &title, Role::Dialog, buf);
    if inside.is_empty() {
        return None;
    }
    let lines = help_lines(&model.skin.keymap, help.query.value());
    let rows = usize::from(inside.height.saturating_sub(1));
    let top = help.scroll.top(lines.len(), rows);
    let keys_width = if inside.width >= 70 { 22 } else { 14 };
    let name_width = if inside.width >= 70 { 16 } else { 0 };
    for (i, line) in lines.iter().skip(top).take(rows).enumerate() {
        let line = match line {
            HelpLine::Blank => continue,
            HelpLine::Title(title) => Line::styled(*title, theme.style(Role::Title)),
            HelpLine::Action { keys, name, doc, risk } => {
                let keys = if keys.is_empty() { format!(":{name}") } else { keys.clone() };
                let keys = text::clip(&keys, keys_width - 1, model.skin.glyphs.ellipsis);
                let mut spans = vec![Span::styled(pad(&keys, keys_width), theme.style(Role::Key))];
                if name_width > 0 {
                    spans.push(Span::styled(pad(name, name_width), theme.style(Role::Dim)));
                }
                spans.push(Span::styled(*doc, theme.style(Role::KeyDoc)));
                match risk {
                    Risk::Safe => {}
                    Risk::Change => spans.push(Span::styled("  asks first", theme.style(Role::Dim))),
                    Risk::Dangerous => {
                        spans.push(Span::styled(
                            format!("  {} asks first", model.skin.glyphs.warn),
                            theme.style(Role::Warn),
                        ));
                    }
                }
                Line::from(spans)
            }
        };
        text::put(buf, inside, i as u16, &line);
    }
    if lines.is_empty() {
        let none = Line::styled("no action matches", theme.style(Role::Dim));
        text::put(buf, inside, 0, &none);
    }
    let foot = Rect { y: inside.bottom().saturating_sub(1), height: inside.height.min(1), ..inside };
    if help.searching || !help.query.value().is_empty() {
        text::put(buf, foot, 0, &Line::styled("search: ", theme.style(Role::KeyDoc)));
        let typed = Rect { x: foot.x + 8.min(foot.width), width: foot.width.saturating_sub(8), ..foot };
        let cursor = footer::input(&help.query, typed, theme.style(Role::Input), buf);
        return cursor.filter(|_| help.searching);
    }
    let more = lines.len().saturating_sub(top + rows);
    let more = if more > 0 { format!("   {more} more below") } else { String::new() };
    let keys = Line::from(vec![
        Span::styled("/", theme.style(Role::Key)),
        Span::styled(" search  ", theme.style(Role::KeyDoc)),
        Span::styled("esc", theme.style(Role::Key)),
        Span::styled(format!(" close{more}"), theme.style(Role::KeyDoc)),
    ]);
    text::put(buf, foot, 0, &keys);
    None
}

fn pad(words: &str, width: usize) -> String {
    let blanks = width.saturating_sub(text::width(words));
    format!("{words}{}", " ".repeat(blanks))
}
