//! A page of sections, pairs and sentences that can be scrolled and searched: what the health,
//! ports and config tabs show.

use std::fmt::Write as _;
use std::ops::Range;

use jiff::tz::TimeZone;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::dossier::Dossier;
use super::{Look, Scene, scope, words};
use crate::config::Role;
use crate::console::widget::text;
use crate::engine::{EngineError, Secrets};
use crate::fleet::{Replica, Summary};

/// What a page is built from.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    /// What is known, and how it looks.
    pub(super) scene: &'a Scene<'a>,
    /// What inspecting brought.
    pub(super) dossier: &'a Dossier,
    /// What is shown unmasked.
    pub(super) secrets: Option<&'a Secrets>,
    /// Times are shown in this zone.
    pub(super) zone: &'a TimeZone,
}

/// One entry: a heading, or something under it that may take several rows.
struct Item {
    head: bool,
    rows: Vec<Line<'static>>,
}

/// A page under construction: `width` columns wide.
pub(super) struct Sheet<'a> {
    look: Look<'a>,
    width: usize,
    items: Vec<Item>,
}

impl<'a> Sheet<'a> {
    /// An empty page.
    pub(super) fn new(look: Look<'a>, width: u16) -> Self {
        Self { look, width: usize::from(width), items: Vec::new() }
    }

    /// How a role looks.
    pub(super) fn style(&self, role: Role) -> Style {
        self.look.theme.style(role)
    }

    /// The columns there are.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// A heading; what follows belongs to it.
    pub(super) fn head(&mut self, title: impl Into<String>) {
        let line = Line::styled(
            text::clip(&title.into(), self.width, self.look.glyphs.ellipsis),
            self.style(Role::Title),
        );
        self.items.push(Item { head: true, rows: vec![line] });
    }

    /// A heading with a remark beside it.
    pub(super) fn head_with(&mut self, title: impl Into<String>, remark: impl Into<String>) {
        let line = Line::from(vec![
            Span::styled(title.into(), self.style(Role::Title)),
            Span::styled(format!("  {}", remark.into()), self.style(Role::Dim)),
        ]);
        self.items.push(Item { head: true, rows: vec![line] });
    }

    /// One row as it is; what does not fit is cut.
    pub(super) fn row(&mut self, spans: Vec<Span<'static>>) {
        self.items.push(Item { head: false, rows: vec![Line::from(spans)] });
    }

    /// A sentence, wrapped, indented by `indent` columns.
    pub(super) fn say(&mut self, role: Role, indent: usize, sentence: &str) {
        let style = self.style(role);
        let pad = " ".repeat(indent.min(self.width));
        let rows = text::wrap(sentence, self.width.saturating_sub(indent), true)
            .into_iter()
            .map(|r| {
                let part = sentence.get(r).unwrap_or_default().to_owned();
                Line::from(vec![Span::raw(pad.clone()), Span::styled(part, style)])
            })
            .collect();
        self.items.push(Item { head: false, rows });
    }

    /// A key of `key_width` columns and a value beside it that wraps under itself. A longer key is
    /// not cut: its value begins further right.
    pub(super) fn pair(&mut self, key: &str, key_width: usize, value: &str, role: Role) {
        let key_width = key_width.min(self.width / 2);
        let indent = (key_width + 3).min(self.width.saturating_sub(1));
        let (key_style, style) = (self.style(Role::Dim), self.style(role));
        let wide = text::width(key);
        let mut rows = Vec::new();
        let mut rest = value;
        if wide <= key_width || wide + 11 <= self.width {
            let lead = format!(" {key}{}  ", " ".repeat(key_width.saturating_sub(wide)));
            let first = text::wrap(value, self.width.saturating_sub(text::width(&lead)), true);
            let cut = first.first().map_or(0, |r| r.end);
            let (begin, after) = value.split_at_checked(cut).unwrap_or((value, ""));
            rows.push(Line::from(vec![Span::styled(lead, key_style), Span::styled(begin.to_owned(), style)]));
            rest = after;
        } else {
            for part in text::wrap(key, self.width.saturating_sub(1), false) {
                let part = key.get(part).unwrap_or_default();
                rows.push(Line::styled(format!(" {part}"), key_style));
            }
        }
        if !rest.is_empty() {
            for part in text::wrap(rest, self.width.saturating_sub(indent), true) {
                let part = rest.get(part).unwrap_or_default().to_owned();
                rows.push(Line::from(vec![Span::raw(" ".repeat(indent)), Span::styled(part, style)]));
            }
        }
        self.items.push(Item { head: false, rows });
    }

    /// Pairs that share a key column as wide as the longest key.
    pub(super) fn pairs<'k>(&mut self, pairs: impl IntoIterator<Item = (&'k str, String, Role)>) {
        let pairs: Vec<_> = pairs.into_iter().collect();
        if pairs.is_empty() {
            self.say(Role::Dim, 1, "none");
        }
        let widest = pairs.iter().map(|p| text::width(p.0)).max().unwrap_or(0);
        for (key, value, role) in pairs {
            self.pair(key, widest.min(self.width / 3), &value, role);
        }
    }

    /// Which replica the page shows, where there are several to choose from.
    pub(super) fn which(&mut self, view: &View<'_>, replica: &Replica) {
        let all = scope::replicas(view.scene.fleet, view.scene.target);
        let mut remark = replica.id.short().to_owned();
        if all.len() > 1
            && let Some(at) = all.iter().position(|r| r.id == replica.id)
        {
            remark = format!("{} of {}, left/right for the others  {remark}", at + 1, all.len());
        }
        self.head_with(replica.name.as_ref(), remark);
    }

    /// Why the engine could not tell, and what to do.
    pub(super) fn failed(&mut self, error: &EngineError) {
        self.say(Role::Bad, 1, &format!("could not be inspected: {error}"));
        self.say(Role::Dim, 1, &error.remedy());
    }

    /// One row about how a service or replica stands.
    pub(super) fn standing(&mut self, view: &View<'_>, name: &str, summary: &Summary, counts: Option<&str>) {
        let (glyph, role) = words::health(summary.health.health, self.look.glyphs);
        let room = (self.width / 3).clamp(8, 32);
        let name = text::clip(name, room, self.look.glyphs.ellipsis);
        let pad = room.saturating_sub(text::width(&name));
        let mut told = summary.health.health.word().to_owned();
        if let Some(at) = summary.health.at {
            let _ = write!(told, " since {}", words::ago(at, view.scene.now).trim_end_matches(" ago"));
        }
        if !summary.health.why.is_empty() {
            let _ = write!(told, ": {}", summary.health.why);
        }
        let restarts = summary.restarts.filter(|n| *n > 0);
        let restarts = restarts.map_or_else(String::new, |n| format!("  {}{n}", self.look.glyphs.restarts));
        self.row(vec![
            Span::styled(format!(" {glyph} "), self.style(role)),
            Span::styled(format!("{name}{}  ", " ".repeat(pad)), self.style(Role::Text)),
            Span::styled(counts.map_or_else(String::new, |c| format!("{c:<7}")), self.style(Role::Dim)),
            Span::styled(told, self.style(role)),
            Span::styled(restarts, self.style(Role::Warn)),
        ]);
    }

    /// The rows to show: all, or those of entries that contain `find` (under their headings).
    pub(super) fn rows(self, find: &str) -> Vec<Line<'static>> {
        if find.is_empty() {
            return self.items.into_iter().flat_map(|i| i.rows).collect();
        }
        let hit = self.style(Role::Match);
        let needle = find.to_lowercase();
        let mut out = Vec::new();
        let mut head: Option<Vec<Line<'static>>> = None;
        for item in self.items {
            let rows: Vec<_> = item.rows.into_iter().map(|row| mark(row, &needle, hit)).collect();
            let found = rows.iter().any(|r| r.1);
            let rows = rows.into_iter().map(|r| r.0);
            match (item.head, found) {
                (true, true) => {
                    head = None;
                    out.extend(rows);
                }
                (true, false) => head = Some(rows.collect()),
                (false, true) => {
                    out.extend(head.take().into_iter().flatten());
                    out.extend(rows);
                }
                (false, false) => {}
            }
        }
        out
    }
}

/// The row with every `needle` (lower case) in it highlighted, and whether there was one.
fn mark(row: Line<'static>, needle: &str, hit: Style) -> (Line<'static>, bool) {
    let content: String = row.spans.iter().map(|s| s.content.as_ref()).collect();
    let ranges = find_all(&content, needle);
    let found = !ranges.is_empty();
    (text::restyle(row, &ranges, hit), found)
}

/// Where `needle` (lower case) occurs in `content`, case ignored, as bytes of `content`.
fn find_all(content: &str, needle: &str) -> Vec<Range<usize>> {
    // Lower case can change a character's length; where it does, only whether it occurs is known,
    // and the whole row is the match.
    let lower = content.to_lowercase();
    if lower.len() != content.len() {
        return lower.contains(needle).then_some(0..content.len()).into_iter().collect();
    }
    lower
        .match_indices(needle)
        .map(|(at, m)| at..at + m.len())
        .filter(|r| content.is_char_boundary(r.start) && content.is_char_boundary(r.end))
        .collect()
}
