//! The dialogs around operations: values asked for, revisions, one more question, what was left in
//! the middle.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::super::dialog::{Fields, Form, Looking, Past, Revisions, Sure, Unfinished, Value, how_far};
use super::super::model::Model;
use super::super::widget::text;
use super::{first_shown, footer, frame};
use crate::config::Role;
use crate::text::human::{self, age_at};

/// Columns of a form's labels.
const LABEL: u16 = 10;

/// Ask for a value.
pub(super) fn form(model: &Model, form: &Form, area: Rect, buf: &mut Buffer) -> Option<Position> {
    fields(model, &form.title(), &form.fields, "shows the plan", area, buf)
}

/// Lines to be filled in; `enter` = what that key does.
pub(super) fn fields(
    model: &Model,
    title: &str,
    fields: &Fields,
    enter: &'static str,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    let theme = &model.skin.theme;
    let inside = frame::frame(model, area, title, Role::Dialog, buf);
    if inside.is_empty() {
        return None;
    }
    let mut cursor = None;
    for (i, field) in fields.list.iter().enumerate() {
        let y = inside.y + (i as u16) * 2;
        if y >= inside.bottom() {
            break;
        }
        let row = Rect { y, height: 1, ..inside };
        let here = fields.at == i;
        let label = if here { Role::Key } else { Role::KeyDoc };
        text::put(buf, row, 0, &Line::styled(field.label, theme.style(label)));
        let at = Rect { x: row.x + LABEL.min(row.width), width: row.width.saturating_sub(LABEL), ..row };
        match &field.value {
            Value::Text(line) => {
                let place = footer::input(line, at, theme.style(Role::Input), buf);
                if here {
                    buf.set_style(at, Modifier::UNDERLINED);
                    cursor = place;
                }
            }
            Value::Choice(options, chosen) => {
                let word = options.get(*chosen).copied().unwrap_or_default();
                let style = theme.style(if here { Role::Selected } else { Role::Dialog });
                text::put(buf, at, 0, &Line::styled(format!(" {word} "), style));
            }
        }
        let about = Rect { y: y + 1, ..at };
        if about.y < inside.bottom() {
            text::put(buf, about, 0, &Line::styled(field.about.clone(), theme.style(Role::Dim)));
        }
    }
    let foot = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
    if let Some(problem) = &fields.problem {
        let above = Rect { y: foot.y.saturating_sub(1).max(inside.y), ..foot };
        text::put(buf, above, 0, &Line::styled(problem.clone(), theme.style(Role::Bad)));
    }
    let next: &[(&str, &str)] = if fields.list.len() > 1 { &[("tab", "next")] } else { &[] };
    let keys = [("enter", enter)].into_iter().chain(next.iter().copied()).chain([("esc", "leave it")]);
    text::put(buf, foot, 0, &hints(model, keys));
    cursor
}

/// A line of keys and what they do.
pub(super) fn keys(model: &Model, area: Rect, keys: Vec<(&str, &str)>, buf: &mut Buffer) {
    text::put(buf, area, 0, &hints(model, keys.into_iter()));
}

/// Keys and what they do.
fn hints<'k>(model: &Model, keys: impl Iterator<Item = (&'k str, &'k str)>) -> Line<'static> {
    let theme = &model.skin.theme;
    let spans = keys.flat_map(|(key, word)| {
        [
            Span::styled(key.to_owned(), theme.style(Role::Key)),
            Span::styled(format!(" {word}   "), theme.style(Role::KeyDoc)),
        ]
    });
    Line::from(spans.collect::<Vec<_>>())
}

/// A word in the last line while something is looked at.
pub(super) fn looking(model: &Model, looking: &Looking, area: Rect, buf: &mut Buffer) {
    let theme = &model.skin.theme;
    ratatui::widgets::Widget::render(ratatui::widgets::Clear, area, buf);
    buf.set_style(area, theme.style(Role::Input));
    let waited = model.now.duration_since(looking.since).as_secs();
    let seconds = if waited > 0 { format!(" {waited} s") } else { String::new() };
    let words = format!(" {}: looking{}{seconds}  ", looking.what, model.skin.glyphs.ellipsis);
    let mut line = Line::styled(words, theme.style(Role::Input));
    line.spans.push(Span::styled("esc", theme.style(Role::Key)));
    line.spans.push(Span::styled(" leaves it", theme.style(Role::KeyDoc)));
    text::put(buf, area, 0, &line);
}

/// What a service ran.
pub(super) fn revisions(model: &Model, list: &Revisions, area: Rect, buf: &mut Buffer) {
    let theme = &model.skin.theme;
    let title = format!("roll back {}: to what it ran before", list.service.name);
    let inside = frame::frame(model, area, &title, Role::Dialog, buf);
    if inside.is_empty() {
        return;
    }
    let cols = usize::from(inside.width);
    let rows = usize::from(inside.height.saturating_sub(3));
    let tag = list.rows.iter().map(|r| text::width(r.revision.image.tag())).max().unwrap_or(0).clamp(3, 24);
    let head = format!("{:>4}  {:<tag$}  {:<12}  {:>6}  {:>6}  by", "rev", "tag", "image", "first", "last");
    text::put(buf, inside, 0, &Line::styled(text::clip(&head, cols, ""), theme.style(Role::KeyDoc)));
    let top = first_shown(list.selected, rows);
    for (i, past) in list.rows.iter().skip(top).take(rows).enumerate() {
        let words = text::clip(&row(model, past, tag), cols, model.skin.glyphs.ellipsis);
        let role = if past.revision.current { Role::Dim } else { Role::Dialog };
        text::put(buf, inside, i as u16 + 1, &Line::styled(words, theme.style(role)));
        if top + i == list.selected {
            let at = Rect { y: inside.y + i as u16 + 1, height: 1, ..inside };
            buf.set_style(at, theme.style(Role::Selected));
        }
    }
    let foot = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
    text::put(buf, foot, 0, &hints(model, [("enter", "shows the plan"), ("esc", "leave it")].into_iter()));
}

fn row(model: &Model, past: &Past, tag: usize) -> String {
    let revision = &past.revision;
    let name = text::clip(revision.image.tag(), tag, model.skin.glyphs.ellipsis);
    let blanks = " ".repeat(tag.saturating_sub(text::width(&name)));
    let by = match (past.by.as_str(), revision.current) {
        ("", true) => "runs now".to_owned(),
        ("", false) => model.skin.glyphs.missing.to_owned(),
        (by, true) => format!("{by}; runs now"),
        (by, false) => by.to_owned(),
    };
    format!(
        "{:>4}  {name}{blanks}  {:<12}  {:>6}  {:>6}  {by}",
        revision.number,
        revision.image.short_id(),
        age_at(revision.first_seen, model.now),
        age_at(revision.last_seen, model.now),
    )
}

/// One more question.
pub(super) fn sure(model: &Model, sure: &Sure, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let theme = &model.skin.theme;
    let inside = frame::frame(model, area, &sure.title, Role::DialogDanger, buf);
    if inside.is_empty() {
        return None;
    }
    let cols = usize::from(inside.width);
    let ground = theme.style(Role::DialogDanger);
    let question = text::clip(&sure.question, cols, model.skin.glyphs.ellipsis);
    text::put(buf, inside, 0, &Line::styled(question, ground.add_modifier(Modifier::BOLD)));
    let words = sure
        .text
        .iter()
        .flat_map(|p| text::wrap(p, cols, true).into_iter().map(|r| p.get(r).unwrap_or_default()));
    for (i, words) in words.enumerate() {
        text::put(buf, inside, i as u16 + 2, &Line::styled(words, ground));
    }
    let foot = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
    let keys = match sure.word {
        Some(_) => [("enter", sure.verb), ("esc", "leave it")],
        None => [("y", sure.verb), ("n / esc", "leave it")],
    };
    text::put(buf, foot, 0, &hints(model, keys.into_iter()));
    let word = sure.word.as_ref()?;
    let row = Rect { y: inside.bottom().saturating_sub(3).max(inside.y), height: 1, ..inside };
    let lead = text::clip(&format!("Type {word} to go on: "), cols / 2, model.skin.glyphs.ellipsis);
    let width = text::width(&lead) as u16;
    text::put(buf, row, 0, &Line::styled(lead, theme.style(Role::Warn)));
    let typed = Rect { x: row.x + width, width: row.width.saturating_sub(width), ..row };
    footer::input(&sure.typed, typed, theme.style(Role::Input), buf)
}

/// What was left in the middle.
pub(super) fn unfinished(model: &Model, left: &Unfinished, area: Rect, buf: &mut Buffer) {
    let theme = &model.skin.theme;
    let inside = frame::frame(model, area, "left in the middle", Role::DialogDanger, buf);
    if inside.is_empty() {
        return;
    }
    let cols = usize::from(inside.width);
    let ellipsis = model.skin.glyphs.ellipsis;
    let ground = theme.style(Role::DialogDanger);
    let many = left.records.len();
    let head = if many == 1 {
        "An operation was begun and has not ended:".to_owned()
    } else {
        format!("{many} operations were begun and have not ended:")
    };
    text::put(buf, inside, 0, &Line::styled(head, ground.add_modifier(Modifier::BOLD)));
    let listed = many.min(6);
    let top = first_shown(left.selected, listed);
    for (i, record) in left.records.iter().skip(top).take(listed).enumerate() {
        let words = text::clip(&format!(" {:>3}  {}", record.id, record.begun.sentence), cols, ellipsis);
        text::put(buf, inside, i as u16 + 2, &Line::styled(words, ground));
        if top + i == left.selected && many > 1 {
            let at = Rect { y: inside.y + i as u16 + 2, height: 1, ..inside };
            buf.set_style(at.intersection(inside), theme.style(Role::Selected));
        }
    }
    if let Some(record) = left.chosen() {
        let by = record.begun.who.words();
        let at = human::clock(record.at, human::Clock::DateTime, model.skin.utc);
        let at = at.split('.').next().unwrap_or_default().to_owned();
        let mut facts = vec![
            ("begun", format!("{} ago, {at}", age_at(record.at, model.now))),
            ("by", by),
            ("got to", how_far(record)),
        ];
        if !record.sentence.is_empty() {
            facts.push(("went back", record.sentence.clone()));
        }
        for (i, (key, value)) in facts.into_iter().enumerate() {
            let words = text::clip(&format!(" {key:<10} {value}"), cols, ellipsis);
            text::put(buf, inside, (listed + i) as u16 + 3, &Line::styled(words, ground));
        }
    }
    let foot = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
    let keys = [("f", "finish it"), ("u", "undo it"), ("esc", "later")];
    text::put(buf, foot, 0, &hints(model, keys.into_iter()));
}
