//! What can lie over the main screen: each dialog's state, and what it says.
//!
//! Pure. Keys are handled in `update`, drawing is in `view`.

mod command;
mod confirm;
mod fields;
mod form;
mod help;
mod incidents;
mod operation;
mod palette;
mod ports;
mod postmortem;

use ratatui::layout::Rect;
use tui_input::Input as Line;

use super::layout::Layout;
use super::model::Choice;
use super::widget::Scroll;
use crate::config::{Keymap, Theme};
use crate::engine::TermSize;

pub use command::{Command, CommandError, parse};
pub use confirm::{Basis, Confirm, Kind};
pub use fields::{Field, Fields, Value};
pub use form::{Form, Wanted};
pub use help::{HelpLine, lines as help_lines};
pub use incidents::{About, Incidents, Reply};
pub use operation::{Looking, Past, Revisions, Sure, Then, Unfinished, Yes, how_far};
pub use palette::{Candidate, Sources, candidates};
pub use ports::{HostPage, PortsPage, is_trouble, sentences as port_sentences, standing};
pub use postmortem::PostMortem;

/// Something over the main screen.
pub enum Dialog {
    /// Ask for the value a change needs.
    Form(Box<Form>),
    /// What the alert rules found.
    Incidents(Incidents),
    /// Ask for what is said of an incident.
    Reply(Box<Reply>),
    /// Every port of the machine.
    Ports(Box<PortsPage>),
    /// The machine.
    Host(HostPage),
    /// Waiting for what a plan depends on.
    Looking(Looking),
    /// Choose what to roll back to.
    Revisions(Revisions),
    /// Ask before a change.
    Confirm(Box<Confirm>),
    /// One more question about an operation.
    Sure(Box<Sure>),
    /// What was left in the middle.
    Unfinished(Unfinished),
    /// Why something died.
    PostMortem(Box<PostMortem>),
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
    /// Where a page of its own lies: everything but header and situation.
    pub fn whole(size: TermSize) -> Rect {
        let above = if size.rows >= 12 { 2 } else { 0 };
        Rect::new(0, above, size.cols, size.rows - above)
    }

    /// Where a long page lies.
    pub fn page(size: TermSize) -> Rect {
        Layout::centred(size, size.cols.saturating_sub(2).min(140), size.rows.saturating_sub(2))
    }

    /// Where it lies, frame included.
    pub fn area(&self, size: TermSize) -> Rect {
        let high = |lines: usize, extra: u16| {
            let lines = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(extra);
            lines.min(size.rows.saturating_sub(2)).max(size.rows.min(3))
        };
        let asking = |fields: &Fields| {
            let width = 64.min(size.cols.saturating_sub(2).max(1));
            Layout::centred(size, width, high(fields.list.len() * 2, 5))
        };
        match self {
            Self::Form(form) => asking(&form.fields),
            Self::Reply(reply) => asking(&reply.fields),
            Self::Incidents(list) => {
                let width = size.cols.saturating_sub(4).clamp(1, 140).min(size.cols);
                Layout::centred(size, width, high(list.rows.max(4), FACTS))
            }
            Self::Ports(_) | Self::Host(_) => Self::whole(size),
            // A word in the last line: most answers come before a frame could be read.
            Self::Looking(_) => Rect::new(0, size.rows.saturating_sub(1), size.cols, size.rows.min(1)),
            Self::Revisions(revisions) => {
                let width = size.cols.saturating_sub(4).clamp(1, 96).min(size.cols);
                Layout::centred(size, width, high(revisions.rows.len(), 6))
            }
            Self::Confirm(confirm) => {
                let width = confirm_width(size);
                let rows = confirm.rows(usize::from(width.saturating_sub(4)), "!").len();
                Layout::centred(size, width, high(rows, confirm_extra(confirm)))
            }
            Self::Sure(sure) => {
                let width = 72.min(size.cols.saturating_sub(2).max(1));
                let rows = message_rows(&sure.text, usize::from(width.saturating_sub(4)));
                Layout::centred(size, width, high(rows, if sure.word.is_some() { 8 } else { 6 }))
            }
            Self::Unfinished(left) => {
                let width = 76.min(size.cols.saturating_sub(2).max(1));
                Layout::centred(size, width, high(left.records.len().min(6) + left.facts(), 8))
            }
            Self::PostMortem(_) => Self::page(size),
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

/// Rows of the list of incidents that are none of its own: frame, heads, keys, and what is said of
/// the chosen one.
const FACTS: u16 = 14;

/// Columns of a confirmation, frame included.
fn confirm_width(size: TermSize) -> u16 {
    size.cols.saturating_sub(4).clamp(1, 100).min(size.cols)
}

/// Rows of a confirmation that are not its plan: frame, question, input, keys, and air.
fn confirm_extra(confirm: &Confirm) -> u16 {
    if confirm.word().is_some() { 8 } else { 6 }
}

/// A confirmation's rows, and how many of them are shown at once.
pub fn confirm_page(confirm: &Confirm, size: TermSize) -> (usize, usize) {
    let rows = confirm.rows(usize::from(confirm_width(size).saturating_sub(4)), "!").len();
    let high = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(confirm_extra(confirm));
    let shown = high.min(size.rows.saturating_sub(2)).saturating_sub(confirm_extra(confirm));
    (rows, usize::from(shown))
}

/// Rows paragraphs take in that many columns.
pub fn message_rows(text: &[String], cols: usize) -> usize {
    text.iter().map(|p| super::widget::text::wrap(p, cols, true).len()).sum()
}
