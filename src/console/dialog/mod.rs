//! What can lie over the main screen: each dialog's state, and what it says.
//!
//! Pure. Keys are handled in `update`, drawing is in `view`.

mod command;
mod help;
mod palette;

use ratatui::layout::Rect;
use tui_input::Input as Line;

use super::layout::Layout;
use super::model::Choice;
use super::pane::Target;
use super::widget::Scroll;
use crate::config::{Keymap, Theme};
use crate::engine::TermSize;
use crate::operate::{Confirm as Sure, Plan};

pub use command::{Command, CommandError, parse};
pub use help::{HelpLine, lines as help_lines};
pub use palette::{Candidate, Sources, candidates};

/// Something over the main screen.
pub enum Dialog {
    /// Ask before a change.
    Confirm(Box<Confirm>),
    /// Every key.
    Help(Help),
    /// A command line with completion.
    Palette(Palette),
    /// Choose a theme or a keymap.
    Picker(Box<Picker>),
    /// quarterdeck's own log.
    OwnLog,
    /// Something too long for the status line.
    Message(Message),
}

/// Ask before a change.
pub struct Confirm {
    /// What will be done.
    pub plan: Plan,
    /// What it was aimed at, to plan again when the fleet moves on.
    pub aim: Vec<Target>,
    /// Whether what runs is removed too.
    pub force: bool,
    /// The name typed so far, where one is asked for.
    pub typed: Line,
    /// How far the list of replicas is scrolled.
    pub scroll: Scroll,
    /// Why there is nothing left to say yes to: what it was about is gone.
    pub lapsed: Option<String>,
}

impl Confirm {
    /// The word to type; `None` where a yes is enough.
    pub fn word(&self) -> Option<&str> {
        match &self.plan.confirm {
            Sure::Open | Sure::Yes => None,
            Sure::Typed(word) => Some(word),
        }
    }

    /// Whether nothing is missing for a yes.
    pub fn ready(&self) -> bool {
        self.word().is_none_or(|word| word == self.typed.value().trim())
    }

    /// Whether something can be lost.
    pub fn dangerous(&self) -> bool {
        self.plan.intent.change.dangerous()
    }

    /// What it says, line by line.
    pub fn lines(&self) -> Vec<ConfirmLine> {
        let lapsed = self.lapsed.iter().map(|why| ConfirmLine::Lapsed(why.clone()));
        let warnings = self.plan.warnings.iter().map(|w| ConfirmLine::Warning(w.clone()));
        let mut lines: Vec<ConfirmLine> = lapsed.chain(warnings).collect();
        if !lines.is_empty() {
            lines.push(ConfirmLine::Blank);
        }
        for row in self.plan.rows() {
            lines.push(ConfirmLine::Row {
                skipped: row.wave == 0,
                action: row.action,
                name: row.replica,
                note: if row.note.is_empty() { row.state.to_owned() } else { row.note },
            });
        }
        lines
    }
}

/// A line of the confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfirmLine {
    /// Nothing is left to say yes to.
    Lapsed(String),
    /// Worth reading before a yes.
    Warning(String),
    /// Nothing.
    Blank,
    /// One replica.
    Row {
        /// It will be left alone.
        skipped: bool,
        /// What will be done.
        action: &'static str,
        /// To which.
        name: String,
        /// How, or why not, or the state it is in.
        note: String,
    },
}

/// Every key.
#[derive(Default)]
pub struct Help {
    /// What is looked for.
    pub query: Line,
    /// Keys go into the query.
    pub searching: bool,
    /// Where it stands.
    pub scroll: Scroll,
}

/// A command line with completion.
#[derive(Default)]
pub struct Palette {
    /// The text so far.
    pub line: Line,
    /// What it could become, best first.
    pub candidates: Vec<Candidate>,
    /// Which of them is chosen, once one was chosen by hand.
    pub chosen: Option<usize>,
    /// What is wrong with the text, after enter.
    pub problem: Option<String>,
}

/// Choose a theme or a keymap, seen live.
pub struct Picker {
    /// What there is.
    pub choices: Vec<Choice>,
    /// Which one is chosen.
    pub selected: usize,
    /// What to go back to.
    pub before: Before,
}

/// What a picker goes back to when it is cancelled, hence also what it picks.
pub enum Before {
    /// A theme.
    Theme(Box<Theme>),
    /// A keymap.
    Keymap(Keymap),
}

/// Something too long for the status line.
pub struct Message {
    /// Its title.
    pub title: String,
    /// Paragraphs; wrapped when drawn.
    pub text: Vec<String>,
    /// Whether it is bad news.
    pub bad: bool,
    /// Where it stands.
    pub scroll: Scroll,
}

impl Dialog {
    /// Where it lies, frame included.
    pub fn area(&self, size: TermSize) -> Rect {
        let high = |lines: usize, extra: u16| {
            let lines = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(extra);
            lines.min(size.rows.saturating_sub(2)).max(size.rows.min(3))
        };
        match self {
            Self::Confirm(confirm) => {
                let width = 72.min(size.cols.saturating_sub(2).max(1));
                let lines = confirm_rows(&confirm.lines(), width.saturating_sub(4));
                let typed = if confirm.word().is_some() { 2 } else { 0 };
                Layout::centred(size, width, high(lines, 6 + typed))
            }
            Self::Help(_) | Self::OwnLog => {
                Layout::centred(size, size.cols.saturating_sub(4).min(110), size.rows.saturating_sub(2))
            }
            Self::Palette(_) => {
                let area = Layout::centred(size, size.cols.saturating_sub(4).min(76), high(12, 3));
                Rect { y: area.y.min(2), ..area }
            }
            Self::Picker(picker) => {
                // At the right edge: what is chosen is seen live beside it.
                let area = Layout::centred(size, 46, high(picker.choices.len(), 3));
                Rect { x: size.cols - area.width, ..area }
            }
            Self::Message(message) => {
                let width = 78.min(size.cols.saturating_sub(2).max(1));
                let lines = message_rows(&message.text, usize::from(width.saturating_sub(4)));
                Layout::centred(size, width, high(lines, 3))
            }
        }
    }
}

impl Dialog {
    /// Rows a confirmation has for its lines: what is not frame, question, input or keys.
    pub fn confirm_rows_shown(confirm: &Confirm, size: TermSize) -> u16 {
        let width = 72.min(size.cols.saturating_sub(2).max(1));
        let typed = if confirm.word().is_some() { 2 } else { 0 };
        let lines = confirm_rows(&confirm.lines(), width.saturating_sub(4));
        let lines = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(6 + typed);
        lines.min(size.rows.saturating_sub(2)).saturating_sub(6 + typed)
    }
}

/// Rows a confirmation's lines take in that many columns.
fn confirm_rows(lines: &[ConfirmLine], cols: u16) -> usize {
    let cols = usize::from(cols.saturating_sub(2));
    let rows = |line: &ConfirmLine| match line {
        ConfirmLine::Lapsed(text) | ConfirmLine::Warning(text) => {
            super::widget::text::wrap(text, cols, true).len()
        }
        _ => 1,
    };
    lines.iter().map(rows).sum()
}

/// Rows paragraphs take in that many columns.
pub fn message_rows(text: &[String], cols: usize) -> usize {
    text.iter().map(|p| super::widget::text::wrap(p, cols, true).len()).sum()
}
