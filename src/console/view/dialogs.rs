//! The other dialogs: palette, pickers, messages, quarterdeck's own log.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use tui_logger::{TuiLoggerLevelOutput, TuiLoggerWidget};

use super::super::dialog::{Before, Dialog, Message, Palette, Picker};
use super::super::model::Model;
use super::super::widget::text;
use super::{confirm, first_shown, footer, frame, help, incidents, machine, operation, postmortem};
use crate::config::Role;

/// Draw a dialog; returns the cursor's place while something is typed in it.
pub(super) fn dialog(model: &Model, dialog: &Dialog, buf: &mut Buffer) -> Option<Position> {
    let area = dialog.area(model.size);
    if area.is_empty() {
        return None;
    }
    match dialog {
        Dialog::Form(form) => operation::form(model, form, area, buf),
        Dialog::Incidents(list) => {
            incidents::list(model, list, area, buf);
            None
        }
        Dialog::Reply(reply) => incidents::reply(model, reply, area, buf),
        Dialog::Looking(looking) => {
            operation::looking(model, looking, area, buf);
            None
        }
        Dialog::Revisions(list) => {
            operation::revisions(model, list, area, buf);
            None
        }
        Dialog::Sure(sure) => operation::sure(model, sure, area, buf),
        Dialog::Unfinished(left) => {
            operation::unfinished(model, left, area, buf);
            None
        }
        Dialog::Ports(page) => machine::ports(model, page, area, buf),
        Dialog::Host(page) => {
            machine::host(model, page, area, buf);
            None
        }
        Dialog::Confirm(question) => confirm::confirm(model, question, area, buf),
        Dialog::PostMortem(page) => {
            postmortem::postmortem(model, page, area, buf);
            None
        }
        Dialog::Help(page) => help::help(model, page, area, buf),
        Dialog::Palette(line) => palette(model, line, area, buf),
        Dialog::Picker(choice) => {
            picker(model, choice, area, buf);
            None
        }
        Dialog::OwnLog => {
            own_log(model, area, buf);
            None
        }
        Dialog::Message(words) => {
            message(model, words, area, buf);
            None
        }
    }
}

fn palette(model: &Model, palette: &Palette, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let theme = &model.skin.theme;
    let inside = frame::frame(model, area, "command", Role::Dialog, buf);
    if inside.is_empty() {
        return None;
    }
    text::put(buf, inside, 0, &Line::styled(":", theme.style(Role::Key)));
    let typed = Rect { x: inside.x + 1, width: inside.width - 1, height: 1, ..inside };
    let cursor = footer::input(&palette.line, typed, theme.style(Role::Input), buf);
    let list = Rect { y: inside.y + 1, height: inside.height - 1, ..inside };
    if let Some(problem) = &palette.problem {
        for (i, range) in text::wrap(problem, usize::from(list.width), true).into_iter().enumerate() {
            let part = problem.get(range).unwrap_or_default();
            text::put(buf, list, i as u16, &Line::styled(part, theme.style(Role::Bad)));
        }
        return cursor;
    }
    let rows = usize::from(list.height);
    let top = palette.chosen.map_or(0, |i| first_shown(i, rows));
    let width = palette.candidates.iter().map(|c| text::width(&c.text)).max().unwrap_or(0);
    let width = width.clamp(16, usize::from(list.width / 2).max(16));
    for (i, candidate) in palette.candidates.iter().skip(top).take(rows).enumerate() {
        let words = text::clip(&candidate.text, width, model.skin.glyphs.ellipsis);
        let blanks = " ".repeat(width - text::width(&words) + 2);
        let line = Line::from(vec![
            Span::styled(words, theme.style(Role::Key)),
            Span::styled(format!("{blanks}{}", candidate.doc), theme.style(Role::KeyDoc)),
        ]);
        text::put(buf, list, i as u16, &line);
        if palette.chosen == Some(top + i) {
            let at = Rect { y: list.y + i as u16, height: 1, ..list };
            buf.set_style(at, theme.style(Role::Selected));
        }
    }
    if palette.candidates.is_empty() {
        text::put(buf, list, 0, &Line::styled("nothing like that", theme.style(Role::Dim)));
    }
    cursor
}

fn picker(model: &Model, picker: &Picker, area: Rect, buf: &mut Buffer) {
    let theme = &model.skin.theme;
    let title = match picker.before {
        Before::Theme(_) => "theme: enter keeps, esc goes back",
        Before::Keymap(_) => "keymap: enter keeps, esc goes back",
    };
    let inside = frame::frame(model, area, title, Role::Dialog, buf);
    let rows = usize::from(inside.height);
    let top = first_shown(picker.selected, rows);
    let width = picker.choices.iter().map(|c| text::width(&c.name)).max().unwrap_or(0) + 2;
    for (i, choice) in picker.choices.iter().skip(top).take(rows).enumerate() {
        let blanks = " ".repeat(width - text::width(&choice.name));
        let line = Line::from(vec![
            Span::styled(choice.name.clone(), theme.style(Role::Key)),
            Span::styled(format!("{blanks}{}", choice.doc), theme.style(Role::KeyDoc)),
        ]);
        text::put(buf, inside, i as u16, &line);
        if top + i == picker.selected {
            let at = Rect { y: inside.y + i as u16, height: 1, ..inside };
            buf.set_style(at, theme.style(Role::Selected));
        }
    }
}

fn message(model: &Model, message: &Message, area: Rect, buf: &mut Buffer) {
    let theme = &model.skin.theme;
    let role = if message.bad { Role::DialogDanger } else { Role::Dialog };
    let inside = frame::frame(model, area, &message.title, role, buf);
    let cols = usize::from(inside.width);
    let rows: Vec<&str> = message
        .text
        .iter()
        .flat_map(|p| text::wrap(p, cols, true).into_iter().map(|r| p.get(r).unwrap_or_default()))
        .collect();
    let shown = usize::from(inside.height);
    let top = message.scroll.top(rows.len(), shown);
    for (i, row) in rows.iter().skip(top).take(shown).enumerate() {
        text::put(buf, inside, i as u16, &Line::styled(*row, theme.style(role)));
    }
}

/// quarterdeck's own log, newest at the bottom.
fn own_log(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = &model.skin.theme;
    let inside = frame::frame(model, area, "quarterdeck's own log: esc closes", Role::Dialog, buf);
    if inside.is_empty() {
        return;
    }
    TuiLoggerWidget::default()
        .style(theme.style(Role::Dialog))
        .style_error(theme.style(Role::LevelError))
        .style_warn(theme.style(Role::LevelWarn))
        .style_info(theme.style(Role::LevelInfo))
        .style_debug(theme.style(Role::LevelDebug))
        .style_trace(theme.style(Role::LevelDebug))
        .output_separator(' ')
        .output_timestamp(Some("%H:%M:%S".to_owned()))
        .output_level(Some(TuiLoggerLevelOutput::Abbreviated))
        .output_target(true)
        .output_file(false)
        .output_line(false)
        .render(inside, buf);
}
