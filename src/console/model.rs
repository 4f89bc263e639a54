//! Everything the console knows: what is on screen follows from this alone.
//!
//! Plain state with small questions; changing it is `update`'s business, drawing it
//! `view`'s. Holds ids, never row numbers.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tui_input::Input as Line;

use super::board::Board;
use super::dialog::Dialog;
use super::grid::{Columns, Grid};
pub use super::job::Job;
use super::layout::{Layout, Wish};
use super::ledger::{Ledger, Recording};
use super::machine::{Facts, Machine};
use super::pane::{Input, Look, Panes, Scene, Tab, Target};
use crate::config::{Chord, Context, Glyphs, Keymap, Level, Settings, Theme};
use crate::engine::TermSize;
use crate::fleet::{Causes, Changes, Counts, Fleet, Health, Link, ServiceId, Situation};
use crate::operate::Seat;

/// How long a word stays in the status line.
const NOTICE: SignedDuration = SignedDuration::from_secs(6);
/// How long bad news stays there.
const BAD_NEWS: SignedDuration = SignedDuration::from_secs(15);
/// How many words are kept for `:messages`.
const KEPT: usize = 200;

/// Rows one notch of the wheel moves.
pub(super) const WHEEL: usize = 3;

/// Which half has the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// The service grid.
    Grid,
    /// The lower pane.
    Pane,
}

/// How a word in the status line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It is so now.
    Info,
    /// It was not done, and why.
    Warn,
    /// Something failed.
    Bad,
}

/// A word for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// One sentence.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// When it was said.
    pub at: Timestamp,
}

impl Notice {
    /// Whether it still belongs on the screen.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let life = if self.tone == Tone::Info { NOTICE } else { BAD_NEWS };
        now.duration_since(self.at) < life
    }
}

/// What is typed into the input line at the bottom.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What for.
    pub kind: PromptKind,
    /// The text so far.
    pub line: Line,
    /// What it was before, to go back to.
    pub before: String,
    /// What was selected before.
    pub selected: Option<Target>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// What an input line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptKind {
    /// The grid's filter.
    Grid,
    /// One of the pane's inputs.
    Pane(Tab, Input),
}

/// How everything looks and which key does what.
#[derive(Clone, Debug)]
pub struct Skin {
    /// Styles.
    pub theme: Theme,
    /// Keys.
    pub keymap: Keymap,
    /// Characters.
    pub glyphs: Glyphs,
    /// Times in UTC instead of local.
    pub utc: bool,
}

impl Skin {
    /// What drawing needs of it.
    pub fn look(&self) -> Look<'_> {
        Look { theme: &self.theme, glyphs: &self.glyphs, utc: self.utc }
    }

    /// What a tab may look at.
    pub fn scene<'a>(
        &'a self,
        fleet: &'a Fleet,
        board: &'a Board,
        now: Timestamp,
        target: &'a Target,
    ) -> Scene<'a> {
        Scene { look: self.look(), fleet, board, now, target }
    }
}

/// A theme or keymap one can choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub doc: String,
}

/// What the header and the situation line say, worked out now and then instead of per frame.
#[derive(Clone, Debug)]
pub struct Headline {
    /// How many stand how.
    pub counts: Counts,
    /// What is wrong.
    pub situation: Situation,
    /// Where to look first.
    pub causes: Causes,
    /// When it was worked out, milliseconds since 1970.
    pub(super) at: i64,
    pub(super) stale: bool,
}

/// Everything the console knows.
pub struct Model {
    /// What is known about the services.
    pub fleet: Fleet,
    /// The service grid.
    pub grid: Grid,
    /// The lower pane's tabs.
    pub panes: Panes,
    /// Which of them is shown.
    pub tab: Tab,
    /// Which half has the focus.
    pub focus: Focus,
    /// The lower pane is open.
    pub pane_open: bool,
    /// The focused half has the whole screen.
    pub fullscreen: bool,
    /// Rows the pane was made taller by.
    pub grow: i16,
    /// What lies over the main screen; the last is on top.
    pub dialogs: Vec<Dialog>,
    /// The input line, while something is typed.
    pub prompt: Option<Prompt>,
    /// Keys of a sequence that is not complete.
    pub pending: Vec<Chord>,
    /// Jobs under way.
    pub jobs: Vec<Job>,
    /// What the journal says.
    pub ledger: Ledger,
    /// What the alert rules found.
    pub board: Board,
    /// What was read of the machine.
    pub machine: Machine,
    /// Where the user sits.
    pub seat: Seat,
    /// What was said, newest last.
    pub notices: VecDeque<Notice>,
    /// Theme, keymap, glyphs, time zone.
    pub skin: Skin,
    /// Settings as resolved at the start.
    pub settings: Settings,
    /// Themes to choose from.
    pub themes: Vec<Choice>,
    /// Keymaps to choose from.
    pub keymaps: Vec<Choice>,
    /// Where the engine is reached, for humans.
    pub endpoint: String,
    /// The engine is the demo.
    pub demo: bool,
    /// The mouse is captured.
    pub mouse: bool,
    /// The terminal's size.
    pub size: TermSize,
    /// The time.
    pub now: Timestamp,
    /// When the connection's state was last told.
    pub link_at: Timestamp,
    /// Header and situation.
    pub headline: Headline,
    /// Something on screen may have changed since it was last drawn.
    pub dirty: bool,
    pub(super) next_job: u64,
    /// Numbers what is looked at before planning.
    pub(super) next_look: u64,
    /// What the pane was last told to show.
    pub(super) shown: Option<(Target, Tab)>,
    /// Changes the pane has not been told of.
    pub(super) untold: Changes,
    /// Replicas the engine was last told are on screen.
    pub(super) in_view: Vec<crate::fleet::ReplicaId>,
    /// The user already asked to leave while jobs run.
    pub(super) leaving: bool,
    /// The pane has not finished what it was asked.
    working: bool,
}

/// What the console starts with, besides the settings.
#[derive(Clone, Debug)]
pub struct Start {
    /// Settings as resolved.
    pub settings: Settings,
    /// Theme, keymap, glyphs.
    pub skin: Skin,
    /// Themes to choose from.
    pub themes: Vec<Choice>,
    /// Keymaps to choose from.
    pub keymaps: Vec<Choice>,
    /// Where the engine is reached, for humans.
    pub endpoint: String,
    /// The engine is the demo.
    pub demo: bool,
    /// Whether what is done is written down.
    pub recording: Recording,
    /// Where the user sits.
    pub seat: Seat,
    /// The terminal's size.
    pub size: TermSize,
    /// The time.
    pub now: Timestamp,
}

impl Model {
    /// The console before anything happened.
    pub fn new(start: Start) -> Self {
        let Start { settings, skin, themes, keymaps, endpoint, demo, recording, seat, size, now } = start;
        Self {
            fleet: Fleet::new(),
            grid: Grid::default(),
            panes: Panes::new(&settings),
            tab: Tab::Logs,
            focus: Focus::Grid,
            pane_open: true,
            fullscreen: false,
            grow: 0,
            dialogs: Vec::new(),
            prompt: None,
            pending: Vec::new(),
            jobs: Vec::new(),
            ledger: Ledger { recording, ..Ledger::default() },
            board: Board::default(),
            machine: Machine::default(),
            seat,
            notices: VecDeque::new(),
            skin,
            mouse: settings.ui.mouse,
            settings,
            themes,
            keymaps,
            endpoint,
            demo,
            size,
            now,
            link_at: now,
            headline: Headline {
                counts: Counts::default(),
                situation: Situation { worst: Health::Running, clauses: Vec::new(), more: 0 },
                causes: Causes::default(),
                at: 0,
                stale: true,
            },
            dirty: true,
            next_job: 1,
            next_look: 1,
            shown: None,
            untold: Changes::default(),
            in_view: Vec::new(),
            leaving: false,
            working: false,
        }
    }

    /// Whether [`Model::work`] has something left to do.
    pub fn has_work(&self) -> bool {
        self.working
    }

    /// Let the tab on screen go on with what was too much for one key press.
    pub fn work(&mut self) {
        let before = self.working;
        self.working = match &self.shown {
            None => false,
            Some((target, tab)) => {
                let scene = self.skin.scene(&self.fleet, &self.board, self.now, target);
                self.panes.get_mut(*tab).work(&scene)
            }
        };
        self.dirty |= before || self.working;
    }

    /// Where everything is.
    pub fn layout(&self) -> Layout {
        Layout::of(
            self.size,
            Wish {
                pane: self.pane_open,
                pane_focused: self.focus == Focus::Pane,
                fullscreen: self.fullscreen,
                grow: self.grow,
                jobs: super::job::rows(&self.jobs),
            },
        )
    }

    /// The grid's columns at this width.
    pub fn columns(&self) -> Columns {
        Columns::fit(self.size.cols, self.grid.needs())
    }

    /// Which table of the keymap applies.
    pub fn context(&self) -> Context {
        match (self.focus, self.tab) {
            (Focus::Grid, _) => Context::Grid,
            (Focus::Pane, Tab::Logs) => Context::Logs,
            (Focus::Pane, _) => Context::Pane,
        }
    }

    /// Whether the selected row is, or holds, what is protected and could be changed from here.
    pub fn on_protected(&self) -> bool {
        let protection = self.settings.protection();
        if protection.read_only {
            return false;
        }
        let host = self.fleet.engine().map(|e| e.host.as_str()).unwrap_or_default();
        let protects =
            |id: &ServiceId| protection.level(host, id.project.as_deref(), &id.name, true) > Level::Confirm;
        match self.grid.selected() {
            None => false,
            Some(Target::Service(id)) => protects(id),
            Some(Target::Replica(id)) => {
                self.fleet.replica(id).is_some_and(|replica| protects(&replica.service))
            }
            Some(Target::Project(project)) => {
                self.fleet.services().any(|s| s.id.project == *project && protects(&s.id))
            }
        }
    }

    /// What an operation does to a service now, ours or somebody else's: `deploying 2/9`.
    pub fn busy(&self, service: &ServiceId) -> Option<String> {
        let ours = self.jobs.iter().find(|job| job.services.contains(service)).map(Job::label);
        ours.or_else(|| self.ledger.label(service))
    }

    /// Whether escape would cancel a job: there is one, and nothing else to close first.
    pub fn escape_cancels_job(&self) -> bool {
        self.jobs.iter().any(|j| !j.cancelled && j.undoing.is_none())
            && self.dialogs.is_empty()
            && self.prompt.is_none()
            && self.focus == Focus::Grid
            && !self.fullscreen
            && self.grid.filter().is_empty()
            && self.grid.marks().is_empty()
    }

    /// What the page of the machine is made of.
    pub fn host_facts(&self) -> Facts<'_> {
        Facts {
            engine: self.fleet.engine(),
            usage: self.fleet.host(),
            storage: self.machine.storage.known.as_ref(),
            disk: &self.machine.disk,
            how: "u adds up",
            ellipsis: self.skin.glyphs.ellipsis,
        }
    }

    /// Whether the engine has ever answered with what it runs.
    pub fn reached(&self) -> bool {
        self.fleet.as_of().is_some()
    }

    /// Why there is nothing to see, when the engine was never reached: sentence, remedy, seconds
    /// until the next try.
    pub fn diagnosis(&self) -> Option<(&str, &str, u64)> {
        match self.fleet.link() {
            Some(Link::Lost { why, remedy, retry_in }) if !self.reached() => {
                Some((why, remedy, self.left_of(*retry_in)))
            }
            _ => None,
        }
    }

    /// Whole seconds left of a wait that began when the link was last heard of.
    pub fn left_of(&self, wait: Duration) -> u64 {
        let passed = self.now.duration_since(self.link_at).as_secs_f64().max(0.0);
        (wait.as_secs_f64() - passed).ceil().max(0.0) as u64
    }

    /// What the status line says now.
    pub fn notice(&self) -> Option<&Notice> {
        self.notices.back().filter(|n| n.is_fresh(self.now))
    }

    /// Say something in the status line.
    pub fn say(&mut self, text: impl Into<String>) {
        self.tell(Tone::Info, text.into());
    }

    /// Say why something was not done.
    pub fn refuse(&mut self, text: impl Into<String>) {
        self.tell(Tone::Warn, text.into());
    }

    /// Say what failed.
    pub fn fail(&mut self, text: impl Into<String>) {
        self.tell(Tone::Bad, text.into());
    }

    fn tell(&mut self, tone: Tone, text: String) {
        self.dirty = true;
        if self.notices.len() == KEPT {
            self.notices.pop_front();
        }
        self.notices.push_back(Notice { text, tone, at: self.now });
    }
}
