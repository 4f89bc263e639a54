//! The lower pane's tabs: each its own state, its own actions, its own drawing.
//!
//! A tab never performs anything: it returns [`super::Effect`]s. The console decides which tab is
//! shown, for which target, how large, and feeds it what comes in; a tab knows nothing of the grid.

mod config;
mod dossier;
mod health;
mod incidents;
mod logs;
mod metrics;
mod page;
mod ports;
mod probes;
mod scope;
mod sheet;
mod stats;
mod timeline;
mod tree;
mod words;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod fixture;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::board::Board;
use super::{Effect, History};
use crate::action::Action;
use crate::config::{Glyphs, Settings, Theme};
use crate::engine::{Details, EngineError, Secrets};
use crate::fleet::{Changes, Fleet, ReplicaId, ServiceId};
use crate::follow::Batch;
pub use crate::operate::Target;

/// The tabs, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tab {
    /// Logs.
    Logs,
    /// Usage charts.
    Stats,
    /// Health check history.
    Health,
    /// Ports.
    Ports,
    /// Config.
    Config,
    /// What happened, and who did what.
    Timeline,
    /// Who needs whom.
    Tree,
}

impl Tab {
    /// All tabs, in order.
    pub const ALL: [Self; 7] =
        [Self::Logs, Self::Stats, Self::Health, Self::Ports, Self::Config, Self::Timeline, Self::Tree];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Stats => "stats",
            Self::Health => "health",
            Self::Ports => "ports",
            Self::Config => "config",
            Self::Timeline => "timeline",
            Self::Tree => "tree",
        }
    }
}

/// How things look on this terminal: handed to everything that draws.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// Styles.
    pub theme: &'a Theme,
    /// Characters.
    pub glyphs: &'a Glyphs,
    /// Times in UTC instead of local.
    pub utc: bool,
}

/// What a tab may look at when it acts or draws.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// How things look.
    pub look: Look<'a>,
    /// What is known.
    pub fleet: &'a Fleet,
    /// What the alert rules found.
    pub board: &'a Board,
    /// The time.
    pub now: Timestamp,
    /// The row the pane is about.
    pub target: &'a Target,
}

/// What a tab makes of an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Not an action of this tab; the console goes on with it, or says so.
    Pass,
    /// Done.
    Done {
        /// What has to happen outside.
        effects: Vec<Effect>,
        /// A word for the status line, where the change can't be seen by itself
        /// (`wrap off`, `copied 120 lines`).
        say: Option<String>,
    },
    /// Select that in the grid.
    Go(Target),
    /// Not possible now, and why: one sentence for the status line.
    Refused(String),
}

impl Answer {
    /// Done, and everybody can see it.
    pub fn done() -> Self {
        Self::Done { effects: Vec::new(), say: None }
    }

    /// Done, in these words.
    pub fn said(word: impl Into<String>) -> Self {
        Self::Done { effects: Vec::new(), say: Some(word.into()) }
    }

    /// Something has to happen outside.
    pub fn effects(effects: Vec<Effect>) -> Self {
        Self::Done { effects, say: None }
    }
}

/// What is masked in what a tab shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masked {
    /// Whose.
    pub replica: ReplicaId,
    /// Its name.
    pub name: String,
    /// Its service.
    pub service: ServiceId,
    /// The names whose values are masked; never empty.
    pub names: Vec<String>,
}

/// The two lines of text a tab can be asked with. The console owns the input line; the tab gets
/// every change of it, live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// What is shown at all: a regex, `!regex` for the rest.
    Filter,
    /// What is looked for and highlighted.
    Search,
}

/// One tab of the lower pane. Pure: no IO, no clock; `render` changes nothing.
pub trait Pane: Send {
    /// The size it will be drawn in next, columns and rows of its inside. Called before `act`
    /// and `render` whenever it changed, so that paging and wrapping can be worked out outside
    /// `render`.
    fn set_viewport(&mut self, width: u16, height: u16);

    /// It became visible, or the target changed while it is visible: start what it needs
    /// ([`Effect::Follow`], [`Effect::Inspect`]). Called again with the same target when the tab
    /// comes back; it then keeps its state.
    fn show(&mut self, scene: &Scene<'_>) -> Vec<Effect>;

    /// It is not visible any more. It may keep a stream, so that coming back loses nothing.
    fn hide(&mut self) -> Vec<Effect> {
        Vec::new()
    }

    /// The target changed while the tab is hidden, or the whole pane was closed: let go of streams.
    fn release(&mut self) -> Vec<Effect> {
        Vec::new()
    }

    /// Go on with work that was too much for one key press (filtering a million lines), for a few
    /// milliseconds. `true` while some is left: the loop then comes back within a frame, and draws.
    fn work(&mut self, _scene: &Scene<'_>) -> bool {
        false
    }

    /// A click, at this column and row of its inside.
    fn click(&mut self, _col: u16, _row: u16, _scene: &Scene<'_>) -> Answer {
        Answer::Pass
    }

    /// The fleet changed while the tab is visible.
    fn observe(&mut self, _changes: Changes, _scene: &Scene<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// Do something.
    fn act(&mut self, action: Action, scene: &Scene<'_>) -> Answer;

    /// What the input line starts with; `None` when the tab has no such input.
    fn input(&self, _kind: Input) -> Option<String> {
        None
    }

    /// The input line's text changed (also to empty: take it back).
    ///
    /// # Errors
    /// One sentence when it can't be used (a broken regex); what was used before stays.
    fn set_input(&mut self, _kind: Input, _text: &str) -> Result<(), String> {
        Ok(())
    }

    /// Log lines came for follow `number`. Says whether anything on screen changes.
    fn lines(&mut self, _number: u64, _batch: &mut Batch) -> bool {
        false
    }

    /// What an [`Effect::Inspect`] brought. Called for every tab, visible or not. Says whether
    /// anything on screen changes.
    fn inspected(&mut self, _replica: &ReplicaId, _result: &Result<Details, EngineError>) -> bool {
        false
    }

    /// What is masked in what it shows, to be asked about.
    ///
    /// # Errors
    /// One sentence: why nothing can be revealed.
    fn masked(&self, _scene: &Scene<'_>) -> Result<Masked, String> {
        Err("nothing is masked in this tab".to_owned())
    }

    /// What an [`Effect::Reveal`] brought: kept while it is shown. `false` when another replica is
    /// shown by now.
    fn revealed(&mut self, _replica: &ReplicaId, _secrets: Secrets, _scene: &Scene<'_>) -> bool {
        false
    }

    /// Forget what was revealed; says whether there was anything.
    fn conceal(&mut self) -> bool {
        false
    }

    /// What an [`Effect::History`] brought, about that service (`None`: all of them). Says whether
    /// anything on screen changes.
    fn history(&mut self, _of: Option<&ServiceId>, _history: &History) -> bool {
        false
    }

    /// A few words at the right end of the pane's title line (`lag 0  dropped 0`), shortest first
    /// when there is little room: the console cuts at the right.
    fn status(&self, _scene: &Scene<'_>) -> String {
        String::new()
    }

    /// Draw the inside.
    fn render(&self, scene: &Scene<'_>, area: Rect, buf: &mut Buffer);
}

/// All tabs' states.
pub struct Panes {
    tabs: [Box<dyn Pane>; 7],
}

impl Panes {
    /// Fresh tabs.
    pub fn new(settings: &Settings) -> Self {
        Self {
            tabs: [
                Box::new(logs::Logs::new(&settings.logs)),
                Box::new(stats::Stats::default()),
                Box::new(page::Page::new(health::build, page::Asks::Watching)),
                Box::new(page::Page::new(ports::build, page::Asks::Nothing)),
                Box::new(page::Page::new(config::build, page::Asks::Details)),
                Box::new(timeline::Timeline::default()),
                Box::new(tree::Tree::default()),
            ],
        }
    }

    /// A tab's state.
    pub fn get(&self, tab: Tab) -> &dyn Pane {
        self.tabs[tab as usize].as_ref()
    }

    /// A tab's state, to change it.
    pub fn get_mut(&mut self, tab: Tab) -> &mut dyn Pane {
        self.tabs[tab as usize].as_mut()
    }

    /// Every tab, to feed it.
    pub fn each(&mut self) -> impl Iterator<Item = &mut Box<dyn Pane>> {
        self.tabs.iter_mut()
    }
}
