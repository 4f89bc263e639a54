//! Looking for the next match, a slice at a time: no key press waits for a million lines.

use super::window::{self, Place};
use super::{Anchor, Logs};
use crate::console::pane::{Answer, Scene};
use crate::logs::{LineRef, LogStore, Pattern};

/// Lines looked at in one go.
const SLICE: usize = 20_000;

/// A search under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seek {
    /// Towards older lines.
    pub(super) up: bool,
    /// Where it stands; this line itself is not looked at any more.
    pub(super) at: u64,
}

/// What a slice of searching brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This line matches.
    Line(u64),
    /// Nothing yet; go on from here.
    NotYet(Seek),
    /// There is none.
    Nowhere,
}

impl Seek {
    /// Look through one slice.
    pub(super) fn slice(self, store: &LogStore, pattern: &Pattern) -> Found {
        if self.up {
            self.through(store.backward(self.at), pattern)
        } else {
            self.through(store.forward(self.at.saturating_add(1)), pattern)
        }
    }

    fn through<'s>(self, lines: impl Iterator<Item = LineRef<'s>>, pattern: &Pattern) -> Found {
        let (mut seen, mut at) = (0, self.at);
        for line in lines.take(SLICE) {
            if pattern.is_match(line.text) {
                return Found::Line(line.seq);
            }
            (seen, at) = (seen + 1, line.seq);
        }
        if seen < SLICE { Found::Nowhere } else { Found::NotYet(Self { at, ..self }) }
    }
}

impl Logs {
    pub(super) fn set_search(&mut self, typed: &str) -> Result<(), String> {
        if typed.is_empty() {
            self.search = None;
            (self.hit, self.seek, self.lost) = (None, None, None);
            // The search moved the view while it was typed; taking it back takes that back too.
            if let Some(anchor) = self.before_search.take() {
                self.anchor = anchor;
            }
            return Ok(());
        }
        let pattern = Pattern::new(typed).map_err(|error| error.to_string())?;
        (self.hit, self.lost) = (None, None);
        let start = *self.before_search.get_or_insert(self.anchor);
        let at = match start {
            Anchor::Follow => u64::MAX,
            Anchor::At { top, .. } => {
                let below = self.store.rank(top.seq) + usize::from(self.rows);
                self.store.at_rank(below).unwrap_or(u64::MAX)
            }
        };
        // From the bottom of the page upwards: what was seen last is nearest.
        self.seek = Some(Seek { up: true, at });
        self.search = Some(pattern);
        Ok(())
    }

    /// Look for the next match in a direction.
    pub(super) fn seek(&mut self, up: bool, scene: &Scene<'_>) -> Answer {
        if self.search.is_none() {
            return Answer::Refused("nothing is searched for yet".into());
        }
        let at = self.hit.unwrap_or_else(|| {
            // Without a match to start from, the page is where one looks.
            let top = self.top(scene).seq;
            if up { u64::MAX } else { top.saturating_sub(1) }
        });
        (self.seek, self.lost) = (Some(Seek { up, at }), None);
        self.go_on_seeking(scene);
        match self.lost {
            Some(nowhere) => Answer::Refused(nowhere.into()),
            None => Answer::done(),
        }
    }

    /// One slice of a search under way; what it finds is brought into view.
    pub(super) fn go_on_seeking(&mut self, scene: &Scene<'_>) {
        let (Some(seek), Some(pattern)) = (self.seek, &self.search) else { return };
        match seek.slice(&self.store, pattern) {
            Found::Line(seq) => {
                (self.hit, self.seek) = (Some(seq), None);
                self.bring_into_view(seq, scene);
            }
            Found::NotYet(further) => self.seek = Some(further),
            Found::Nowhere => {
                self.seek = None;
                self.lost = Some(if self.hit.is_none() && seek.up {
                    "nothing matches"
                } else if seek.up {
                    "no match further up"
                } else {
                    "no match further down"
                });
            }
        }
    }

    pub(super) fn bring_into_view(&mut self, seq: u64, scene: &Scene<'_>) {
        let layout = self.layout();
        let height = |line: &LineRef<'_>| layout.height(line, scene.look.glyphs);
        let page = usize::from(self.rows);
        let top = self.top(scene);
        let bottom = window::forward(&self.store, top, page, height);
        let place = Place { seq, row: 0 };
        if place >= top && place < bottom {
            self.freeze(top);
        } else {
            self.freeze(window::back(&self.store, place, page / 3, height));
        }
    }
}
