//! Looking for the next match, a slice at a time: no key press waits for a million lines.

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
