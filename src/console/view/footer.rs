//! The last line: what is typed, else what is to be said, else the most useful keys; at the right
//! what is under way and what the list hides.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::super::model::{Focus, Job, Model, Prompt, PromptKind, Tone};
use super::super::pane::{Input, Tab};
use super::super::widget::text;
use crate::action::Action;
use crate::config::{Chord, Context, Role};

/// Draw it; returns the cursor's place while something is typed.
pub(super) fn footer(model: &Model, area: Rect, buf: &mut Buffer) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    let theme = &model.skin.theme;
    for x in area.left()..area.right() {
        if let Some(cell) = buf.cell_mut((x, area.y)) {
            cell.reset();
        }
    }
    buf.set_style(area, theme.style(Role::Text));
    if let Some(prompt) = &model.prompt {
        return prompt_line(model, prompt, area, buf);
    }
    let right = status(model);
    let right_width = (text::width(&right) as u16).min(area.width / 2);
    let left = Rect { width: area.width - right_width, ..area };
    if right_width > 0 {
        let at = Rect { x: area.right() - right_width, width: right_width, ..area };
        let words = text::clip(&right, usize::from(right_width), model.skin.glyphs.ellipsis);
        text::put(buf, at, 0, &Line::styled(words, theme.style(Role::Info)));
    }
    let room = usize::from(left.width.saturating_sub(2));
    let line = if !model.pending.is_empty() {
        let keys = Chord::show_sequence(&model.pending);
        Line::from(vec![Span::raw(" "), Span::styled(format!("{keys} …"), theme.style(Role::Key))])
    } else if let Some(notice) = model.notice() {
        let role = match notice.tone {
            Tone::Info => Role::Text,
            Tone::Warn => Role::Warn,
            Tone::Bad => Role::Bad,
        };
        let words = text::clip(&notice.text, room, model.skin.glyphs.ellipsis);
        Line::from(vec![Span::raw(" "), Span::styled(words, theme.style(role))])
    } else {
        keys(model, room)
    };
    text::put(buf, left, 0, &line);
    None
}

/// What is under way, and what the list hides, shortest words.
fn status(model: &Model) -> String {
    let mut words = Vec::new();
    // Those with rows of their own are not said twice.
    let shown = model.layout().jobs.height > 0;
    let jobs: Vec<&Job> = model.jobs.iter().filter(|j| !(shown && j.watched())).collect();
    for job in jobs.iter().take(2) {
        let at = if job.at.is_empty() { &job.what } else { &job.at };
        let count = if job.steps > 1 { format!(" {}/{}", job.ended, job.steps) } else { String::new() };
        let doing = if job.cancelled { "cancelling " } else { "" };
        words.push(format!("{doing}{}{} {at}{count}", job.change, model.skin.glyphs.ellipsis));
    }
    if jobs.len() > 2 {
        words.push(format!("and {} more", jobs.len() - 2));
    }
    if model.escape_cancels_job()
        && let Some(key) = model.skin.keymap.key(model.context(), Action::Cancel)
    {
        words.push(format!("{key} cancels"));
    }
    let marks = model.grid.marks().len();
    if marks > 0 {
        words.push(format!("{marks} marked"));
    }
    if !model.grid.filter().is_empty() {
        words.push(format!("/{}", model.grid.filter().text()));
    }
    if model.grid.hidden() > 0 {
        words.push(format!("{} hidden", model.grid.hidden()));
    }
    let (rows, page) = (model.grid.rows().len(), model.grid.page());
    if rows > page && model.focus == Focus::Grid {
        words.push(format!("{}/{rows}", model.grid.index() + 1));
    }
    if words.is_empty() { String::new() } else { format!(" {} ", words.join("  ")) }
}

/// The most useful keys for what has the focus, as many as fit.
fn keys(model: &Model, room: usize) -> Line<'static> {
    let theme = &model.skin.theme;
    let context = model.context();
    let mut spans = vec![Span::raw(" ")];
    let mut used = 0;
    let alarm = model.context() == Context::Grid && model.board.loud().next().is_some();
    let first: Useful = if alarm { &[(Action::Incidents, "incidents")] } else { &[] };
    for &(action, word) in first.iter().chain(useful(model)) {
        let Some(key) = model.skin.keymap.key(context, action) else { continue };
        let width = text::width(key) + 1 + word.len() + 2;
        if used + width > room + 2 {
            break;
        }
        used += width;
        spans.push(Span::styled(key.to_owned(), theme.style(Role::Key)));
        spans.push(Span::styled(format!(" {word}  "), theme.style(Role::KeyDoc)));
    }
    Line::from(spans)
}

type Useful = &'static [(Action, &'static str)];

fn useful(model: &Model) -> Useful {
    const UNREACHED: Useful = &[(Action::Quit, "quit"), (Action::OwnLog, "own log"), (Action::Help, "help")];
    const GRID: Useful = &[
        (Action::Open, "open"),
        (Action::TabLogs, "logs"),
        (Action::Restart, "restart"),
        (Action::Filter, "filter"),
        (Action::Palette, "command"),
        (Action::Help, "help"),
        (Action::Quit, "quit"),
        (Action::Shell, "shell"),
        (Action::NextProblem, "trouble"),
        (Action::Mark, "mark"),
        (Action::Stop, "stop"),
        (Action::FocusNext, "pane"),
        (Action::SortNext, "sort"),
    ];
    const LOGS: Useful = &[
        (Action::Cancel, "back"),
        (Action::Filter, "filter"),
        (Action::Search, "search"),
        (Action::Follow, "follow"),
        (Action::Help, "help"),
        (Action::Fullscreen, "full"),
        (Action::MinLevel, "level"),
        (Action::Wrap, "wrap"),
        (Action::Timestamps, "times"),
        (Action::Json, "json"),
        (Action::PreviousLogs, "previous run"),
        (Action::SaveLogs, "save"),
    ];
    const CONFIG: Useful = &[
        (Action::Cancel, "back"),
        (Action::NextTab, "next tab"),
        (Action::Reveal, "reveal"),
        (Action::Fullscreen, "full"),
        (Action::Search, "search"),
        (Action::Help, "help"),
        (Action::Palette, "command"),
        (Action::Quit, "quit"),
    ];
    const PANE: Useful = &[
        (Action::Cancel, "back"),
        (Action::NextTab, "next tab"),
        (Action::Fullscreen, "full"),
        (Action::Search, "search"),
        (Action::Help, "help"),
        (Action::Palette, "command"),
        (Action::Quit, "quit"),
    ];
    if !model.reached() {
        return UNREACHED;
    }
    match model.context() {
        Context::Grid | Context::Global => GRID,
        Context::Logs => LOGS,
        Context::Pane if model.tab == Tab::Config => CONFIG,
        Context::Pane => PANE,
    }
}

fn prompt_line(model: &Model, prompt: &Prompt, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let theme = &model.skin.theme;
    let lead = match prompt.kind {
        PromptKind::Pane(Tab::Logs, Input::Filter) => " filter (regex, !regex): ",
        PromptKind::Grid | PromptKind::Pane(_, Input::Filter) => " filter: ",
        PromptKind::Pane(_, Input::Search) => " search: ",
    };
    let lead = if usize::from(area.width) < lead.len() + 10 { "/" } else { lead };
    let problem = prompt.problem.as_deref().unwrap_or_default();
    let lead_width = (lead.len() as u16).min(area.width);
    text::put(buf, area, 0, &Line::styled(lead, theme.style(Role::KeyDoc)));
    let rest = Rect { x: area.x + lead_width, width: area.width - lead_width, ..area };
    let problem_width = (text::width(problem) as u16 + 2).min(rest.width / 2);
    let typed =
        Rect { width: if problem.is_empty() { rest.width } else { rest.width - problem_width }, ..rest };
    let cursor = input(&prompt.line, typed, theme.style(Role::Input), buf);
    if !problem.is_empty() {
        let at = Rect { x: typed.right(), width: rest.width - typed.width, ..rest };
        let words = text::clip(problem, usize::from(at.width), model.skin.glyphs.ellipsis);
        text::put(buf, at, 0, &Line::styled(words, theme.style(Role::Bad)));
    }
    cursor
}

/// A line of input, scrolled so that the cursor is seen. Returns the cursor's place.
pub(super) fn input(
    line: &tui_input::Input,
    area: Rect,
    style: ratatui::style::Style,
    buf: &mut Buffer,
) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    buf.set_style(area, style);
    let width = usize::from(area.width.saturating_sub(1));
    let scroll = line.visual_scroll(width);
    // Scrolled by columns; a wide character cut in half at the left edge is left out.
    let mut skipped = 0;
    let shown: String = line
        .value()
        .chars()
        .skip_while(|c| {
            let cut = skipped < scroll;
            skipped += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            cut
        })
        .collect();
    text::put(buf, area, 0, &Line::styled(shown, style));
    let x = line.visual_cursor().saturating_sub(scroll).min(width);
    Some(Position::new(area.x + x as u16, area.y))
}
