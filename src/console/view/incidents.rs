//! The list of incidents: a row for each, and everything about the chosen one under them.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::super::board::{Loudness, loudness, role};
use super::super::dialog::{Incidents, Reply};
use super::super::model::Model;
use super::super::widget::text;
use super::{first_shown, frame, operation};
use crate::alert::{Incident, Muted};
use crate::config::Role;
use crate::text::human::{self, age_at};

/// Columns of severity and age.
const SEVERITY: usize = 8;
const AGE: usize = 5;
/// Columns of what somebody did about it, at most.
const STATE: usize = 18;
/// Columns of a fact's name.
const FACT: usize = 10;

/// Draw the list.
pub(super) fn list(model: &Model, dialog: &Incidents, area: Rect, buf: &mut Buffer) {
    let theme = &model.skin.theme;
    let rows = dialog.list(&model.board);
    let inside = frame::frame(model, area, &title(model), Role::Dialog, buf);
    if inside.is_empty() {
        return;
    }
    let foot = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
    operation::keys(model, foot, keys(model, dialog), buf);
    let cols = usize::from(inside.width);
    let Some(chosen) = dialog.chosen(&model.board) else {
        let words = nothing(model);
        for (i, range) in text::wrap(&words, cols, true).into_iter().enumerate() {
            let words = words.get(range).unwrap_or_default();
            text::put(buf, inside, i as u16, &Line::styled(words, theme.style(Role::Dialog)));
        }
        return;
    };
    let mut facts = facts(model, chosen, cols);
    let room = usize::from(inside.height).saturating_sub(3);
    // On a low screen the rows have the first say.
    facts.truncate(room.saturating_sub(rows.len().min(5)));
    let listed = rows.len().min(room.saturating_sub(facts.len()));
    let widths = widths(model, &rows, cols);
    let head =
        row_line(model, &widths, ["severity", "since", "service", "what", ""].map(str::to_owned), None);
    text::put(buf, inside, 0, &head);
    let place = dialog.place(&model.board);
    let top = first_shown(place, listed);
    for (i, incident) in rows.iter().skip(top).take(listed).enumerate() {
        let line = row_line(model, &widths, row(model, incident), Some(incident));
        text::put(buf, inside, i as u16 + 1, &line);
        if top + i == place {
            let at = Rect { y: inside.y + i as u16 + 1, height: 1, ..inside };
            buf.set_style(at, theme.style(Role::Selected));
        }
    }
    for (i, line) in facts.into_iter().enumerate() {
        text::put(buf, inside, (listed + i) as u16 + 2, &line);
    }
}

/// `incidents: 3 open, 1 seen, 1 muted`.
fn title(model: &Model) -> String {
    let board = &model.board;
    let mut words = format!("incidents: {} open", board.open.len());
    for (loudness, word) in [(Loudness::Seen, "seen"), (Loudness::Muted, "muted")] {
        match board.count(loudness) {
            0 => {}
            // Writing to a String can't fail.
            count => {
                let _ = write!(words, ", {count} {word}");
            }
        }
    }
    words
}

/// Why the list is empty.
fn nothing(model: &Model) -> String {
    match (model.board.rules, model.board.over.len()) {
        (None, _) => "The alert rules are being read.".to_owned(),
        (Some(0), _) => {
            "No alert rules are in force: [alerts] in the config has neither rules nor defaults.".to_owned()
        }
        (Some(rules), 0) => {
            format!("No incident is open, and none was since yesterday. Rules asked every second: {rules}.")
        }
        (Some(rules), over) => {
            format!("No incident is open; {over} ended since yesterday. Rules asked every second: {rules}.")
        }
    }
}

fn keys(model: &Model, dialog: &Incidents) -> Vec<(&'static str, &'static str)> {
    let over = if dialog.over { "open only" } else { "closed" };
    let mut keys = Vec::new();
    if let Some(chosen) = dialog.chosen(&model.board) {
        if chosen.key.service.is_some() {
            keys.push(("enter", "go"));
        }
        if chosen.closed.is_none() {
            keys.push(("a", "acknowledge"));
        }
        if model.board.silencing(&chosen.key, model.now).next().is_some() {
            keys.push(("u", "unsilence"));
        } else {
            keys.push(("s", "silence"));
            keys.push(("S", "rule"));
        }
    }
    keys.push(("c", over));
    keys.push(("esc", "back"));
    keys
}

/// The words of a row's cells.
fn row(model: &Model, incident: &Incident) -> [String; 5] {
    let since = incident.closed.map_or(incident.since, |(at, _)| at);
    let what = if incident.figures.is_empty() {
        incident.key.rule.to_string()
    } else {
        format!("{}: {}", incident.key.rule, incident.figures)
    };
    let state = match (loudness(incident), &incident.acknowledged) {
        (Loudness::Over, _) => "over".to_owned(),
        (Loudness::Muted, _) => "muted".to_owned(),
        (_, Some(seen)) => format!("seen by {}", seen.who),
        (_, None) => cause(model, incident).map(|name| format!("because of {name}")).unwrap_or_default(),
    };
    [incident.severity.word().to_owned(), age_at(since, model.now), subject(model, incident), what, state]
}

/// The service because of which an incident's is not well.
fn cause<'m>(model: &'m Model, incident: &Incident) -> Option<&'m str> {
    let service = incident.key.service.as_ref()?;
    model.headline.causes.because(service).map(|cause| &*cause.name)
}

/// The service's name, with its project where there are several.
fn subject(model: &Model, incident: &Incident) -> String {
    let Some(service) = &incident.key.service else { return "host".to_owned() };
    let alone = model.fleet.services().all(|other| other.id.project == service.project);
    if alone { service.name.to_string() } else { service.path() }
}

/// Columns of the cells: the last but one takes what is left.
fn widths(model: &Model, rows: &[&Incident], cols: usize) -> [usize; 5] {
    let cells: Vec<[String; 5]> = rows.iter().map(|incident| row(model, incident)).collect();
    let widest =
        |at: usize| cells.iter().filter_map(|cells| cells.get(at)).map(|c| text::width(c)).max().unwrap_or(0);
    let subject = widest(2).clamp(7, (cols / 3).max(7));
    let state = widest(4).min(STATE);
    let gaps = if state > 0 { 8 } else { 6 };
    let what = cols.saturating_sub(SEVERITY + AGE + subject + state + gaps);
    [SEVERITY, AGE, subject, what, state]
}

fn row_line(
    model: &Model,
    widths: &[usize; 5],
    cells: [String; 5],
    incident: Option<&Incident>,
) -> Line<'static> {
    let theme = &model.skin.theme;
    let loud = incident.map_or(Role::KeyDoc, role);
    let plain = match incident.map(loudness) {
        None => Role::KeyDoc,
        Some(Loudness::Loud) => Role::Dialog,
        Some(_) => Role::Dim,
    };
    let mut spans = Vec::new();
    for (i, (words, width)) in cells.into_iter().zip(widths).enumerate() {
        let words = text::clip(&words, *width, model.skin.glyphs.ellipsis);
        let blanks = " ".repeat(width.saturating_sub(text::width(&words)));
        let words = if i == 1 { format!("{blanks}{words}  ") } else { format!("{words}{blanks}  ") };
        spans.push(Span::styled(words, theme.style(if i == 0 { loud } else { plain })));
    }
    Line::from(spans)
}

/// Everything about one of them.
fn facts(model: &Model, incident: &Incident, cols: usize) -> Vec<Line<'static>> {
    let at = |at| clock(model, at);
    let mut facts: Vec<(&str, String, Role)> = Vec::new();
    facts.push(("rule", format!("{}: {}", incident.key.rule, incident.condition), Role::Dialog));
    if !incident.figures.is_empty() {
        facts.push(("figures", incident.figures.to_string(), Role::Dialog));
    }
    let mut when = format!("{} for {}", at(incident.since), incident.lasted(model.now));
    if let Some((ended, why)) = incident.closed {
        let _ = write!(when, ", ended {}: {}", at(ended), why.words());
    }
    if incident.times > 1 {
        let _ = write!(when, ", came {} times", incident.times);
    }
    facts.push(("since", when, Role::Dialog));
    if let (Some(name), None) = (cause(model, incident), incident.closed) {
        facts.push(("because", format!("of {name}, which it needs and which is not well"), Role::Warn));
    }
    if let Some(seen) = &incident.acknowledged {
        let note = if seen.note.is_empty() { String::new() } else { format!(": {}", seen.note) };
        facts.push(("seen", format!("by {} {}{note}", seen.who, at(seen.at)), Role::Dialog));
    }
    if let Some(muted) = &incident.muted {
        facts.push(("muted", muted_words(model, muted), Role::Warn));
    }
    if !incident.description.is_empty() {
        facts.push(("about", incident.description.to_string(), Role::Dialog));
    }
    facts.extend(telling(model).into_iter().map(|words| ("told", words, Role::Warn)));
    if let Some(trouble) = &model.board.trouble {
        facts.push(("journal", trouble.clone(), Role::Warn));
    }
    let mut lines = Vec::new();
    for (name, words, role) in facts {
        let room = cols.saturating_sub(FACT).max(1);
        for (i, range) in text::wrap(&words, room, true).into_iter().enumerate() {
            let name = if i == 0 { name } else { "" };
            let words = words.get(range).unwrap_or_default().to_owned();
            lines.push(Line::from(vec![
                Span::styled(format!("{name:<FACT$}"), model.skin.theme.style(Role::KeyDoc)),
                Span::styled(words, model.skin.theme.style(role)),
            ]));
        }
    }
    lines
}

/// `until 14:30, silenced by bob: disk swap`; `deploy by ada is running`.
fn muted_words(model: &Model, muted: &Muted) -> String {
    match muted.until {
        Some(until) => format!("until {}, {}", clock(model, until), muted.why),
        None => muted.why.to_string(),
    }
}

/// Webhooks that could not be told.
fn telling(model: &Model) -> Vec<String> {
    let trouble = model.board.standing.iter().filter(|standing| standing.waiting > 0 || standing.dropped > 0);
    trouble
        .map(|standing| {
            let why = standing.trouble.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            let dropped = match standing.dropped {
                0 => String::new(),
                dropped => format!(", {dropped} given up"),
            };
            format!("webhook {} not yet told of {}{dropped}{why}", standing.target, standing.waiting)
        })
        .collect()
}

/// `12:03:21`, with the date where it is not today's.
fn clock(model: &Model, at: jiff::Timestamp) -> String {
    let show = |show| human::clock(at, show, model.skin.utc);
    let date =
        |at| human::clock(at, human::Clock::DateTime, model.skin.utc).chars().take(10).collect::<String>();
    let words =
        if date(at) == date(model.now) { show(human::Clock::Time) } else { show(human::Clock::DateTime) };
    words.split('.').next().unwrap_or_default().to_owned()
}

/// Ask for a note, or for what is to be quiet.
pub(super) fn reply(model: &Model, reply: &Reply, area: Rect, buf: &mut Buffer) -> Option<Position> {
    operation::fields(model, &reply.title, &reply.fields, reply.verb(), area, buf)
}
