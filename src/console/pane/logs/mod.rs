//! The logs tab: lines of one replica, a service, a project or everything, as they come.
//!
//! Lines lie in a [`LogStore`]; the view holds the number of the line at its top, or follows the
//! end. Drawing, moving and filtering cost a page, however many lines are stored; what can't (a
//! filter or a search through all of them) is done in slices by [`Logs::work`].

mod compose;
mod empty;
mod output;
mod paint;
mod seek;
mod subject;
#[cfg(test)]
mod tests;
mod window;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use self::compose::{Options, Sources};
use self::seek::Seek;
use self::window::Place;
use super::{Answer, Input, Pane, Scene, Target};
use crate::action::Action;
use crate::config::LogSettings;
use crate::console::Effect;
use crate::console::widget::scroll;
use crate::follow::{Batch, Subject};
use crate::logs::{Filter, Level, LogStore, Pattern};
use crate::text::human::{self, Clock};

/// Older lines a new filter is applied to in one go.
const SLICE: usize = 20_000;
/// Columns one step to the side moves.
const SIDE: usize = 8;
/// The furthest to the side, columns: the longest line kept.
const SIDE_MAX: usize = crate::logs::MAX_LINE;

/// Where the view stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    /// At the end, moving with it.
    Follow,
    /// Frozen.
    At {
        /// The row at the top.
        top: Place,
        /// The number the next line had when the view was frozen.
        end: u64,
    },
}

/// The state of the tab.
pub(super) struct Logs {
    store: LogStore,
    sources: Sources,
    target: Option<Target>,
    /// On screen.
    visible: bool,
    /// How far the row's logs are widened: an index into [`subject::ladder`].
    widened: usize,
    previous: bool,
    /// What is followed, and whether it is the run before.
    following: Option<(Subject, bool)>,
    number: u64,
    anchor: Anchor,
    options: Options,
    /// Columns scrolled to the side, while lines are not wrapped.
    left: usize,
    filter_text: String,
    /// Older lines wait for the filter.
    filtering: bool,
    search: Option<Pattern>,
    hit: Option<u64>,
    seek: Option<Seek>,
    /// Where the view stood before a search was typed.
    before_search: Option<Anchor>,
    /// How the last search ended, where it found nothing.
    lost: Option<&'static str>,
    /// Emptied by hand since the follow began.
    cleared: bool,
    dropped: u64,
    lag_ms: Option<u64>,
    cols: u16,
    rows: u16,
}

impl Logs {
    /// An empty view that keeps as many bytes of lines as the settings allow.
    pub(super) fn new(settings: &LogSettings) -> Self {
        Self {
            store: LogStore::new(settings.memory),
            sources: Sources::default(),
            target: None,
            visible: false,
            widened: 0,
            previous: false,
            following: None,
            number: 0,
            anchor: Anchor::Follow,
            options: Options { stamps: Some(Clock::Time), flat: true, wrap: false },
            left: 0,
            filter_text: String::new(),
            filtering: false,
            search: None,
            hit: None,
            seek: None,
            before_search: None,
            lost: None,
            cleared: false,
            dropped: 0,
            lag_ms: None,
            cols: 80,
            rows: 10,
        }
    }

    /// Empty the view and stand at its end.
    fn empty(&mut self) {
        self.store.clear();
        self.sources.clear();
        self.anchor = Anchor::Follow;
        (self.hit, self.seek, self.lost, self.before_search) = (None, None, None, None);
        (self.dropped, self.lag_ms) = (0, None);
        self.cleared = false;
    }

    /// Follow what the row, widening and `previous` ask for, unless it is followed already.
    fn follow(&mut self, scene: &Scene<'_>) -> Vec<Effect> {
        let ladder = subject::ladder(scene.fleet, scene.target);
        let Some(subject) = ladder.get(self.widened.min(ladder.len().saturating_sub(1))) else {
            return Vec::new();
        };
        let wanted = (subject.clone(), self.previous);
        if self.following.as_ref() == Some(&wanted) {
            return Vec::new();
        }
        self.empty();
        self.number += 1;
        self.following = Some(wanted);
        vec![Effect::Follow { number: self.number, subject: subject.clone(), previous: self.previous }]
    }

    /// Apply the filter line and the minimum level.
    ///
    /// The line is a regex to let in, `!` and one to keep out, or several of them: a blank and `!`
    /// begins the next one to keep out (`timeout !health !metrics`).
    fn set_filter(&mut self, typed: &str, min_level: Level) -> Result<(), String> {
        let mut filter = Filter { min_level, ..Filter::default() };
        for (n, part) in typed.split(" !").enumerate() {
            let part = if n == 0 { part.to_owned() } else { format!("!{part}") };
            filter.add(&part).map_err(|error| error.to_string())?;
        }
        typed.clone_into(&mut self.filter_text);
        self.store.set_filter(filter);
        self.filtering = !self.store.filter().is_all();
        Ok(())
    }

    fn widen(&mut self, scene: &Scene<'_>) -> Answer {
        let ladder = subject::ladder(scene.fleet, scene.target);
        self.widened = (self.widened + 1) % ladder.len().max(1);
        self.previous = false;
        let effects = self.follow(scene);
        let title = self.following.as_ref().map(|(s, _)| subject::title(scene.fleet, s)).unwrap_or_default();
        Answer::Done { effects, say: Some(format!("logs of {title}")) }
    }

    fn raise_level(&mut self) -> Answer {
        let next = self.store.filter().min_level.raised();
        let typed = std::mem::take(&mut self.filter_text);
        // What was typed compiled before.
        match self.set_filter(&typed, next) {
            Err(sentence) => Answer::Refused(sentence),
            Ok(()) if next == Level::Unknown => Answer::said("lines of every level"),
            Ok(()) => Answer::said(format!("lines of level {} or worse", next.word())),
        }
    }

    /// Escape takes back one thing at a time, what was added last first.
    fn cancel(&mut self) -> Answer {
        if self.search.is_some() {
            self.search = None;
            (self.hit, self.seek, self.lost) = (None, None, None);
        } else if !self.store.filter().is_all() {
            self.filter_text.clear();
            self.store.set_filter(Filter::default());
            self.filtering = false;
        } else if self.anchor != Anchor::Follow {
            self.anchor = Anchor::Follow;
        } else {
            return Answer::Pass;
        }
        Answer::done()
    }

    fn sideways(&mut self, action: Action) -> Answer {
        if self.options.wrap {
            return Answer::Refused("long lines are wrapped: there is nothing to the side".into());
        }
        self.left = if action == Action::Left {
            self.left.saturating_sub(SIDE)
        } else {
            (self.left + SIDE).min(SIDE_MAX)
        };
        Answer::done()
    }
}

impl Pane for Logs {
    fn set_viewport(&mut self, width: u16, height: u16) {
        (self.cols, self.rows) = (width, height);
    }

    fn show(&mut self, scene: &Scene<'_>) -> Vec<Effect> {
        if self.target.as_ref() != Some(scene.target) {
            self.target = Some(scene.target.clone());
            (self.widened, self.previous, self.left) = (0, false, 0);
            self.search = None;
            // A filter is about the lines of one row; a level is about what one wants to read.
            let min_level = self.store.filter().min_level;
            self.filter_text.clear();
            self.store.set_filter(Filter { min_level, ..Filter::default() });
        }
        self.visible = true;
        self.follow(scene)
    }

    /// The stream goes on: coming back from another tab of the same row loses nothing.
    fn hide(&mut self) -> Vec<Effect> {
        self.visible = false;
        Vec::new()
    }

    fn release(&mut self) -> Vec<Effect> {
        if self.following.take().is_some() { vec![Effect::Unfollow] } else { Vec::new() }
    }

    fn work(&mut self, scene: &Scene<'_>) -> bool {
        if self.filtering {
            self.filtering = self.store.work(SLICE);
        }
        self.go_on_seeking(scene);
        self.filtering || self.seek.is_some()
    }

    fn act(&mut self, action: Action, scene: &Scene<'_>) -> Answer {
        self.before_search = None;
        if let Some(rows) = scroll::step(action, usize::from(self.rows)) {
            self.move_by(rows, scene);
            return Answer::done();
        }
        let on = |on: bool| if on { "on" } else { "off" };
        match action {
            Action::Left | Action::Right => self.sideways(action),
            Action::Follow => {
                if self.anchor == Anchor::Follow {
                    let top = self.top(scene);
                    self.freeze(top);
                    return Answer::said("frozen: new lines wait below");
                }
                self.anchor = Anchor::Follow;
                Answer::said("following the end")
            }
            Action::Timestamps => {
                self.options.stamps = match self.options.stamps {
                    None => Some(Clock::Time),
                    Some(Clock::Time) => Some(Clock::DateTime),
                    Some(Clock::DateTime) => None,
                };
                Answer::done()
            }
            Action::Wrap => {
                self.options.wrap = !self.options.wrap;
                self.left = 0;
                Answer::said(format!("wrap {}", on(self.options.wrap)))
            }
            Action::Json => {
                self.options.flat = !self.options.flat;
                Answer::said(if self.options.flat { "structured lines flattened" } else { "lines raw" })
            }
            Action::MinLevel => self.raise_level(),
            Action::SearchNext => self.seek(false, scene),
            Action::SearchPrev => self.seek(true, scene),
            Action::ClearLogs => {
                self.empty();
                self.cleared = true;
                Answer::done()
            }
            Action::SaveLogs => self.save(scene),
            Action::CopyLogs => self.copy(scene),
            Action::WidenLogs => self.widen(scene),
            Action::PreviousLogs => {
                if matches!(scene.target, Target::Project(_)) {
                    return Answer::Refused("the run before is shown for one service or one replica".into());
                }
                self.previous = !self.previous;
                // A project has no run before; its services and replicas have.
                self.widened = 0;
                let effects = self.follow(scene);
                let say = if self.previous { "logs of the run before" } else { "logs of the current run" };
                Answer::Done { effects, say: Some(say.into()) }
            }
            Action::Cancel => self.cancel(),
            _ => Answer::Pass,
        }
    }

    fn click(&mut self, col: u16, row: u16, _scene: &Scene<'_>) -> Answer {
        // The sign in the corner is the way back to the end.
        if self.anchor != Anchor::Follow && row + 1 == self.rows && col + 24 >= self.cols {
            self.anchor = Anchor::Follow;
            return Answer::done();
        }
        Answer::Pass
    }

    fn input(&self, kind: Input) -> Option<String> {
        Some(match kind {
            Input::Filter => self.filter_text.clone(),
            Input::Search => self.search.as_ref().map(|p| p.as_str().to_owned()).unwrap_or_default(),
        })
    }

    fn set_input(&mut self, kind: Input, text: &str) -> Result<(), String> {
        match kind {
            Input::Filter => self.set_filter(text, self.store.filter().min_level),
            Input::Search => self.set_search(text),
        }
    }

    fn lines(&mut self, number: u64, batch: &mut Batch) -> bool {
        if number != self.number || self.following.is_none() {
            return false;
        }
        for line in batch.lines.drain(..) {
            self.sources.note(&line.source);
            self.store.push(&line);
        }
        self.dropped += batch.dropped;
        self.lag_ms = batch.lag_ms;
        self.visible
    }

    fn status(&self, scene: &Scene<'_>) -> String {
        let mut words = Vec::new();
        match (self.anchor, self.new_lines()) {
            (Anchor::Follow, _) => {}
            (_, 0) => words.push("frozen".to_owned()),
            (_, n) => words.push(format!("frozen, {} new", human::count(n as u64))),
        }
        // Whole seconds only: a figure that changes with every batch would be written every time.
        let lag = self.lag_ms.unwrap_or(0) / 1000;
        words.push(if lag == 0 { "lag 0".to_owned() } else { format!("lag {lag}s") });
        words.push(format!("dropped {}", human::count(self.dropped)));
        let gone = self.store.counters().evicted;
        if gone > 0 && self.anchor != Anchor::Follow {
            // Who scrolls back must learn why the beginning is not there.
            words.push(format!("{} older forgotten", human::count(gone)));
        }
        if self.previous {
            words.push("run before".into());
        }
        if self.widened > 0
            && let Some((subject, _)) = &self.following
        {
            words.push(subject::title(scene.fleet, subject));
        }
        let filter = self.store.filter();
        if filter.min_level > Level::Trace {
            words.push(format!(">={}", filter.min_level.word()));
        }
        if !self.filter_text.is_empty() {
            words.push(format!("/{}", self.filter_text));
        }
        if self.filtering {
            words.push("filtering".into());
        }
        if let Some(pattern) = &self.search {
            let state = match (self.seek, self.lost) {
                (Some(_), _) => "searching ",
                (None, Some(nowhere)) => nowhere,
                (None, None) => "search ",
            };
            words.push(format!("{} {}", state.trim_end(), pattern.as_str()));
        }
        words.join("  ")
    }

    fn render(&self, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if !area.is_empty() {
            self.paint(scene, area, buf);
        }
    }
}
