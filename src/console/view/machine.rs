//! The pages about the machine: all ports, and the host.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::super::dialog::{Dialog, HostPage, PortsPage, is_trouble, port_sentences, standing};
use super::super::machine::sheet;
use super::super::model::Model;
use super::super::widget::text;
use super::{first_shown, footer, frame, operation};
use crate::config::Role;
use crate::fleet::{PortRow, Stake};

/// Columns of the port inside, of how its owner stands, of whether he answers.
const INSIDE: usize = 6;
const STATE: usize = 10;
const ANSWERS: usize = 7;
/// The widest address shown in full.
const ON: usize = 15;
/// From so many columns on, what stands in the way has a column of its own.
const WIDE: usize = 104;

/// Rows of a page that are none of its list: frame, head, two sentences, keys.
const AROUND: u16 = 6;

/// How many ports are shown at once.
pub(in crate::console) fn ports_shown(model: &Model) -> usize {
    usize::from(Dialog::whole(model.size).height.saturating_sub(AROUND)).max(1)
}

/// Columns and rows of the host's page inside its frame.
pub(in crate::console) fn host_room(model: &Model) -> (usize, usize) {
    let area = Dialog::whole(model.size);
    (usize::from(area.width.saturating_sub(4)), usize::from(area.height.saturating_sub(3)))
}

/// Draw the page of ports; returns the cursor's place while something is looked for.
pub(super) fn ports(model: &Model, page: &PortsPage, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let theme = &model.skin.theme;
    let rows = page.list(&model.fleet, &model.machine);
    let inside = frame::frame(model, area, &title(model, page, &rows), Role::Dialog, buf);
    if inside.is_empty() {
        return None;
    }
    let foot = Rect { y: inside.bottom() - 1, height: 1, ..inside };
    let cursor = if page.searching {
        text::put(buf, foot, 0, &Line::styled("filter: ", theme.style(Role::KeyDoc)));
        let at = Rect { x: foot.x + 8.min(foot.width), width: foot.width.saturating_sub(8), ..foot };
        footer::input(&page.query, at, theme.style(Role::Input), buf)
    } else {
        let trouble = if page.trouble { "all" } else { "conflicts only" };
        let mut keys = vec![("enter", "go"), ("/", "filter"), ("c", trouble), ("r", "ask again")];
        keys.push(("esc", "back"));
        operation::keys(model, foot, keys, buf);
        None
    };
    if rows.is_empty() {
        let words = match (page.query.value().is_empty(), page.trouble) {
            _ if !model.reached() => "no engine has answered yet: nothing is known of its ports",
            (false, _) => "no port is like that",
            (true, true) => "no port is wanted in vain, and all that were asked answer",
            (true, false) => "nothing publishes, exposes or holds a port",
        };
        text::put(buf, inside, 0, &Line::styled(words, theme.style(Role::Dim)));
        return cursor;
    }
    let cols = usize::from(inside.width);
    let mut projects = model.fleet.services().map(|service| &service.id.project);
    let first = projects.next();
    let one_project = projects.all(|other| Some(other) == first);
    let widths = widths(&rows, one_project, cols);
    text::put(buf, inside, 0, &line(model, &widths, &HEADS.map(str::to_owned), Role::Title));
    let listed = usize::from(inside.height.saturating_sub(4)).max(1);
    let place = page.place(&rows);
    let top = first_shown(place, listed);
    for (i, row) in rows.iter().skip(top).take(listed).enumerate() {
        let y = i as u16 + 1;
        text::put(buf, inside, y, &line(model, &widths, &cells(model, row, one_project), role(model, row)));
        if top + i == place {
            let at = Rect { y: inside.y + y, height: 1, ..inside }.intersection(inside);
            buf.set_style(at, theme.style(Role::Selected));
        }
    }
    if inside.height > 5
        && let Some(chosen) = rows.get(place)
    {
        let at = Rect { y: foot.y.saturating_sub(2), height: 2, ..inside };
        for (i, words) in port_sentences(chosen, &model.machine).into_iter().enumerate() {
            let words = text::clip(&words, cols, model.skin.glyphs.ellipsis);
            let role = if i == 0 { role(model, chosen) } else { Role::Dim };
            text::put(buf, at, i as u16, &Line::styled(words, theme.style(role)));
        }
    }
    cursor
}

const HEADS: [&str; 7] = ["PORT", "ON", "WHO", "INSIDE", "STATE", "ANSWERS", "NOTE"];

/// `ports: 24, 2 wanted in vain · filter web · containers only: …`.
fn title(model: &Model, page: &PortsPage, rows: &[PortRow]) -> String {
    let vain = rows.iter().filter(|row| row.stake == Stake::InVain).count();
    let mut words = format!("ports: {}", rows.len());
    if vain > 0 {
        let _ = write!(words, ", {vain} wanted in vain");
    }
    if page.trouble {
        words.push_str(" · conflicts only");
    }
    if !page.query.value().is_empty() {
        let _ = write!(words, " · filter {}", page.query.value());
    }
    match &model.machine.listeners.known {
        None if !model.reached() => {}
        None => words.push_str(" · sockets are being read"),
        Some(Err(why)) => {
            let _ = write!(words, " · containers only: {why}");
        }
        Some(Ok(_)) => {}
    }
    words
}

fn role(model: &Model, row: &PortRow) -> Role {
    match row.stake {
        Stake::InVain => Role::Bad,
        Stake::Holds if is_trouble(row, &model.machine) => Role::Warn,
        Stake::Holds => Role::Dialog,
        Stake::OnceUp | Stake::Exposed => Role::Dim,
    }
}

fn cells(model: &Model, row: &PortRow, one_project: bool) -> [String; 7] {
    let (state, answers) = standing(row, &model.machine);
    let inside = row.inside().filter(|_| row.number.is_some());
    [
        row.port(),
        row.bind(),
        who(row, one_project),
        inside.map_or_else(String::new, |port| port.to_string()),
        state.to_owned(),
        answers,
        note(row),
    ]
}

/// Who it is; a service without its project where there is but one.
fn who(row: &PortRow, one_project: bool) -> String {
    match row.by.service() {
        Some(id) if one_project => id.name.to_string(),
        _ => row.by.words(),
    }
}

fn note(row: &PortRow) -> String {
    match row.stake {
        Stake::InVain => format!("claimed by {}", row.rivals.join(" and ")),
        Stake::Exposed => "its networks only".to_owned(),
        Stake::Holds | Stake::OnceUp => row.reachable_from().to_owned(),
    }
}

/// Columns of the cells: who has a port gets what is left, up to what he needs.
fn widths(rows: &[PortRow], one_project: bool, cols: usize) -> [usize; 7] {
    let port = rows.iter().map(|row| text::width(&row.port())).max().unwrap_or(0).max(4);
    let on = rows.iter().map(|row| text::width(&row.bind())).max().unwrap_or(0).clamp(2, ON);
    let who = rows.iter().map(|row| text::width(&who(row, one_project))).max().unwrap_or(0).max(3);
    let fixed = port + on + INSIDE + STATE + ANSWERS + 2 * 5;
    let room = cols.saturating_sub(fixed);
    if cols < WIDE {
        return [port, on, room, INSIDE, STATE, ANSWERS, 0];
    }
    let who = who.min(room.saturating_sub(20));
    [port, on, who, INSIDE, STATE, ANSWERS, room.saturating_sub(who + 2)]
}

fn line(model: &Model, widths: &[usize; 7], cells: &[String; 7], role: Role) -> Line<'static> {
    let ellipsis = model.skin.glyphs.ellipsis;
    let style = model.skin.theme.style(role);
    let mut spans = Vec::new();
    for (i, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if *width == 0 {
            continue;
        }
        let words = text::clip(cell, *width, ellipsis);
        let blanks = " ".repeat(width.saturating_sub(text::width(&words)));
        // Figures stand to the right.
        let cell = if i == 0 || i == 3 || i == 5 {
            format!("{blanks}{words}  ")
        } else {
            format!("{words}{blanks}  ")
        };
        spans.push(Span::styled(cell, style));
    }
    Line::from(spans)
}

/// Draw the page of the machine.
pub(super) fn host(model: &Model, page: &HostPage, area: Rect, buf: &mut Buffer) {
    let name = model.fleet.engine().map(|engine| engine.host.clone()).unwrap_or_default();
    let inside = frame::frame(model, area, &format!("host {name}"), Role::Dialog, buf);
    if inside.is_empty() {
        return;
    }
    let rows = sheet(&model.host_facts(), usize::from(inside.width));
    let shown = usize::from(inside.height.saturating_sub(1));
    let top = page.scroll.top(rows.len(), shown);
    for (i, row) in rows.iter().skip(top).take(shown).enumerate() {
        let span = |(role, words): &(Role, String)| {
            // The page's own ground, not the screen's.
            let role = if *role == Role::Text { Role::Dialog } else { *role };
            Span::styled(words.clone(), model.skin.theme.style(role))
        };
        let line = Line::from(row.iter().map(span).collect::<Vec<_>>());
        text::put(buf, inside, i as u16, &line);
    }
    let foot = Rect { y: inside.bottom() - 1, height: 1, ..inside };
    let below = rows.len().saturating_sub(top + shown);
    let mut keys = vec![("u", "engine's disk use"), ("r", "read again"), ("esc", "back")];
    if below > 0 {
        keys.push(("down", "more"));
    }
    operation::keys(model, foot, keys, buf);
}
