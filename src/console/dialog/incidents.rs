//! The list of incidents, and what is asked about one of them. Pure.

use jiff::{SignedDuration, Timestamp};

use super::super::board::Board;
use super::fields::{Field, Fields};
use crate::alert::{Incident, Key};
use crate::text::{human, sanitize};

/// The longest note, target and reason kept, columns: as the commands keep them.
const NOTE: usize = 300;
const WORDS: usize = 200;
/// How long silence lasts where nobody says how long.
const SPAN: &str = "1h";

/// The list of incidents.
#[derive(Debug, Default)]
pub struct Incidents {
    /// Which one is chosen: its key, and when it opened, for one may have come before.
    chosen: Option<(Key, Timestamp)>,
    /// Where it stood when it was last seen: what stands there now is chosen when it is gone.
    at: usize,
    /// Those that are over are listed, too.
    pub over: bool,
    /// How many are listed.
    pub rows: usize,
}

impl Incidents {
    /// What is listed.
    pub fn list<'a>(&self, board: &'a Board) -> Vec<&'a Incident> {
        let over = if self.over { board.over.as_slice() } else { &[] };
        board.open.iter().chain(over).collect()
    }

    /// Which row is chosen.
    pub fn place(&self, board: &Board) -> usize {
        let list = self.list(board);
        let chosen = |incident: &&Incident| {
            self.chosen.as_ref().is_some_and(|(key, at)| *key == incident.key && *at == incident.opened)
        };
        let place = list.iter().position(chosen).unwrap_or(self.at);
        place.min(list.len().saturating_sub(1))
    }

    /// The chosen one.
    pub fn chosen<'a>(&self, board: &'a Board) -> Option<&'a Incident> {
        self.list(board).get(self.place(board)).copied()
    }

    /// Choose another one, that many rows further.
    pub fn move_by(&mut self, rows: isize, board: &Board) {
        let list = self.list(board);
        let place = self.place(board).saturating_add_signed(rows).min(list.len().saturating_sub(1));
        self.at = place;
        self.chosen = list.get(place).map(|incident| (incident.key.clone(), incident.opened));
    }

    /// The board is another one.
    pub fn settle(&mut self, board: &Board) {
        self.rows = self.list(board).len();
        self.move_by(0, board);
    }
}

/// What is to become of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Somebody has seen this one.
    Acknowledge(Key),
    /// Nobody is to hear of some for a while.
    Silence,
}

/// Ask for a note, or for what is to be quiet, how long, and why.
pub struct Reply {
    /// What for.
    pub about: About,
    /// Its title.
    pub title: String,
    /// Its lines.
    pub fields: Fields,
}

impl Reply {
    /// A note that it was seen.
    pub fn acknowledge(incident: &Incident) -> Self {
        let before = incident.acknowledged.as_ref().map(|seen| &*seen.note).unwrap_or_default();
        let about = "what you do about it; may be empty";
        Self {
            about: About::Acknowledge(incident.key.clone()),
            title: format!("acknowledge {} on {}", incident.key.rule, incident.subject()),
            fields: Fields::new(vec![Field::text("note", before, about)]),
        }
    }

    /// Silence; `target` = a service or a rule.
    pub fn silence(target: &str) -> Self {
        let fields = vec![
            Field::text("what", target, "a service, a project or a rule; globs: shop/*"),
            Field::text("for", SPAN, "as 30m, 2h or 1d"),
            Field::text("why", "", "others will read it; may be empty"),
        ];
        Self { about: About::Silence, title: "silence incidents".to_owned(), fields: Fields::new(fields) }
    }

    /// What enter does.
    pub fn verb(&self) -> &'static str {
        match self.about {
            About::Acknowledge(_) => "acknowledges it",
            About::Silence => "silences it",
        }
    }

    /// The note.
    pub fn note(&self) -> String {
        sanitize::label(self.fields.typed(0), NOTE).to_string()
    }

    /// What is to be quiet, until when, and why.
    ///
    /// # Errors
    /// One sentence about what is wrong with it.
    pub fn quiet(&self, now: Timestamp) -> Result<(String, Timestamp, String), String> {
        let target = self.fields.typed(0).trim_end_matches('/');
        if target.is_empty() {
            return Err("say what is to be quiet: a service, a project or a rule".to_owned());
        }
        let span = human::parse_duration(self.fields.typed(1)).map_err(|error| error.to_string())?;
        if span.is_zero() {
            return Err("say for how long: 30m, 2h, 1d".to_owned());
        }
        let until = SignedDuration::try_from(span).ok().and_then(|span| now.checked_add(span).ok());
        let until = until.ok_or("that is too long: say it shorter, as 2h")?;
        let words = |text: &str| sanitize::label(text, WORDS).to_string();
        Ok((words(target), until, words(self.fields.typed(2))))
    }
}
