//! A post-mortem on the screen: the cause first, then everything else, to be scrolled. Pure.

use jiff::Timestamp;
use ratatui::text::{Line, Span};

use super::super::pane::Look;
use super::super::widget::{Scroll, text};
use crate::config::Role;
use crate::fleet::ServiceId;
use crate::postmortem::{Found, Page, Row, Tone};

/// A post-mortem of a service.
pub struct PostMortem {
    /// Whose.
    pub service: ServiceId,
    /// What was found.
    pub found: Found,
    /// The numbers of those that are kept of it, newest first.
    pub kept: Vec<i64>,
    /// Where it stands.
    pub scroll: Scroll,
}

impl PostMortem {
    /// As it is read.
    pub fn page(&self, utc: bool, now: Timestamp) -> Page {
        Page::of(&self.found.record, self.found.id, utc, now)
    }

    /// The next older (or newer) one that is kept.
    pub fn neighbour(&self, older: bool) -> Option<i64> {
        let at = self.found.id.and_then(|id| self.kept.iter().position(|kept| *kept == id));
        match (at, older) {
            (Some(at), true) => self.kept.get(at + 1).copied(),
            (Some(at), false) => at.checked_sub(1).and_then(|at| self.kept.get(at)).copied(),
            // What was put together now is newer than all that are kept.
            (None, true) => self.kept.first().copied(),
            (None, false) => None,
        }
    }

    /// The lines of it in so many columns.
    pub fn lines(&self, look: Look<'_>, now: Timestamp, cols: usize) -> Vec<Line<'static>> {
        let page = self.page(look.utc, now);
        let mut sheet = Sheet { look, cols, lines: Vec::new() };
        sheet.wrapped("", role(page.tone), &page.cause);
        if let Some(note) = &self.found.note {
            sheet.wrapped("", Role::Warn, note);
        }
        for row in &page.rows {
            match row {
                Row::Head(title) => {
                    sheet.lines.push(Line::default());
                    sheet.wrapped("", Role::Title, title);
                }
                Row::Say(tone, words) => sheet.wrapped("  ", role(*tone), words),
                Row::Pair(name, tone, value) => sheet.wrapped(&format!("  {name:<14}  "), role(*tone), value),
                Row::Moment(at, tone, what) => sheet.wrapped(&format!("  {at}  "), role(*tone), what),
                Row::Log(at, tone, line) if at.is_empty() => sheet.wrapped("    ", role(*tone), line),
                Row::Log(at, tone, line) => sheet.wrapped(&format!("  {at}  "), role(*tone), line),
            }
        }
        sheet.lines
    }
}

struct Sheet<'a> {
    look: Look<'a>,
    cols: usize,
    lines: Vec<Line<'static>>,
}

impl Sheet<'_> {
    /// Words that wrap under themselves, behind a lead.
    fn wrapped(&mut self, lead: &str, role: Role, words: &str) {
        let indent = text::width(lead).min(self.cols / 2);
        let style = self.look.theme.style(role);
        let dim = self.look.theme.style(Role::Dim);
        for (nth, part) in words
            .split('\n')
            .flat_map(|line| {
                let ranges = text::wrap(line, self.cols.saturating_sub(indent).max(1), true);
                ranges.into_iter().map(|range| line.get(range).unwrap_or_default())
            })
            .enumerate()
        {
            let lead = if nth == 0 { lead.to_owned() } else { " ".repeat(indent) };
            self.lines.push(Line::from(vec![Span::styled(lead, dim), Span::styled(part.to_owned(), style)]));
        }
    }
}

fn role(tone: Tone) -> Role {
    match tone {
        Tone::Bad => Role::Bad,
        Tone::Warn => Role::Warn,
        Tone::Good => Role::Ok,
        Tone::Plain => Role::Dialog,
        Tone::Quiet => Role::Dim,
    }
}
