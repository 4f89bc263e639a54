//! The timeline tab: what happened to the target and who did what, newest first. Live events and
//! what the journal has are one list; what an operation caused is told apart from what just
//! happened.

mod entry;
mod export;
#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Answer, Input, Pane, Scene, Target, scope, words};
use crate::action::Action;
use crate::config::Role;
use crate::console::widget::{Scroll, text};
use crate::console::{Effect, History};
use crate::fleet::Changes;
use entry::Entry;

/// The journal is asked again this often while the tab is looked at.
const AGAIN: SignedDuration = SignedDuration::from_secs(10);
/// Columns of names at most.
const NAMES: usize = 28;

/// The state of the tab.
#[derive(Default)]
pub(super) struct Timeline {
    target: Option<Target>,
    scroll: Scroll,
    filter: String,
    cols: u16,
    page: u16,
    /// What the journal has about the target.
    history: History,
    asked: Option<Timestamp>,
}

impl Timeline {
    /// What happened, newest first, as far as the filter lets it through.
    fn entries(&self, scene: &Scene<'_>) -> Vec<Entry> {
        let (not, needle) = match self.filter.strip_prefix('!') {
            Some(rest) => (true, rest.to_lowercase()),
            None => (false, self.filter.to_lowercase()),
        };
        let mut all = entry::merged(scene, &self.history);
        if !needle.is_empty() {
            all.retain(|entry| entry.text().to_lowercase().contains(&needle) != not);
        }
        all
    }

    fn ask(&mut self, scene: &Scene<'_>) -> Vec<Effect> {
        self.asked = Some(scene.now);
        vec![Effect::History(scope::service_of(scene.fleet, scene.target))]
    }

    fn lines(&self, scene: &Scene<'_>, cols: u16) -> Vec<Line<'static>> {
        let zone = if scene.look.utc { TimeZone::UTC } else { TimeZone::system() };
        let entries = self.entries(scene);
        let widest = entries.iter().map(|e| text::width(&e.name)).max().unwrap_or(0);
        let names = widest.min(NAMES).min(usize::from(cols) / 3);
        let style = |role| scene.look.theme.style(role);
        let line = |entry: &Entry| {
            let name = text::clip(&entry.name, names, scene.look.glyphs.ellipsis);
            let blanks = " ".repeat(names.saturating_sub(text::width(&name)));
            let mut spans = vec![
                Span::styled(format!(" {}  ", words::clock(entry.at, scene.now, &zone)), style(Role::Time)),
                Span::styled(format!("{name}{blanks}  "), style(Role::Text)),
                // What was planned is no cause for alarm.
                Span::styled(
                    entry.what.clone(),
                    style(if entry.planned.is_some() { Role::Dim } else { entry.role }),
                ),
            ];
            if let Some(by) = &entry.planned {
                spans.push(Span::styled(format!("  planned: {by}"), style(Role::Marker)));
            }
            Line::from(spans)
        };
        entries.iter().map(line).collect()
    }
}

impl Pane for Timeline {
    fn set_viewport(&mut self, width: u16, height: u16) {
        (self.cols, self.page) = (width, height);
    }

    fn show(&mut self, scene: &Scene<'_>) -> Vec<Effect> {
        if self.target.as_ref() != Some(scene.target) {
            self.target = Some(scene.target.clone());
            self.history = History::default();
            self.scroll.home();
        }
        self.ask(scene)
    }

    fn observe(&mut self, _changes: Changes, scene: &Scene<'_>) -> Vec<Effect> {
        let due = self.asked.is_none_or(|asked| scene.now.duration_since(asked).abs() >= AGAIN);
        if due { self.ask(scene) } else { Vec::new() }
    }

    fn act(&mut self, action: Action, scene: &Scene<'_>) -> Answer {
        match action {
            Action::Cancel if !self.filter.is_empty() => {
                self.filter.clear();
                self.scroll.home();
                Answer::done()
            }
            Action::SaveLogs | Action::CopyLogs => {
                let entries = self.entries(scene);
                if entries.is_empty() {
                    return Answer::Refused("there is nothing to save: nothing is on the timeline".into());
                }
                let text = export::markdown(scene, &entries);
                let name = scope::title(scene.fleet, scene.target);
                if action == Action::CopyLogs {
                    let say = Some(format!("copied {} lines as Markdown", entries.len()));
                    return Answer::Done { effects: vec![Effect::Copy(text)], say };
                }
                let stem = format!("timeline-{name}");
                Answer::effects(vec![Effect::Save { stem, extension: "md", text }])
            }
            _ => {
                let total = self.entries(scene).len();
                let moved = self.scroll.act(action, total, usize::from(self.page));
                if moved { Answer::done() } else { Answer::Pass }
            }
        }
    }

    fn input(&self, kind: Input) -> Option<String> {
        (kind == Input::Filter).then(|| self.filter.clone())
    }

    fn set_input(&mut self, _kind: Input, text: &str) -> Result<(), String> {
        text.clone_into(&mut self.filter);
        self.scroll.home();
        Ok(())
    }

    fn history(&mut self, of: Option<&crate::fleet::ServiceId>, history: &History) -> bool {
        // An answer about the row before.
        let mine = match (&self.target, of) {
            (Some(Target::Service(id)), Some(of)) => id == of,
            (Some(Target::Replica(_)), Some(_)) | (Some(Target::Project(_)), None) => true,
            _ => false,
        };
        if mine && self.history != *history {
            self.history = history.clone();
            return true;
        }
        false
    }

    fn status(&self, scene: &Scene<'_>) -> String {
        let filter = if self.filter.is_empty() { String::new() } else { format!("/{}  ", self.filter) };
        format!("{filter}{}", self.entries(scene).len())
    }

    fn render(&self, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let lines = self.lines(scene, area.width);
        if lines.is_empty() {
            let none = if self.filter.is_empty() {
                "nothing happened since quarterdeck looks on".to_owned()
            } else {
                format!("nothing here matches '{}'", self.filter)
            };
            text::put(buf, area, 0, &Line::styled(none, scene.look.theme.style(Role::Dim)));
            return;
        }
        let rows = usize::from(area.height);
        let top = self.scroll.top(lines.len(), rows);
        for (row, line) in (0..area.height).zip(lines.iter().skip(top)) {
            text::put(buf, area, row, line);
        }
    }
}
