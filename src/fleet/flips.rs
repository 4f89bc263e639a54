//! How steady a verdict is: when it changed its mind, lately.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// How far back changes count as flapping.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// So many changes within [`WINDOW`] are flapping.
const FLAPS: usize = 4;
/// Changes remembered.
const KEPT: usize = 32;

/// When a check went from passing to failing or back, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Flips(VecDeque<Timestamp>);

impl Flips {
    /// It changed at `at`.
    pub(super) fn note(&mut self, at: Timestamp) {
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back(at);
    }

    /// The clock is at `at` now: what is after it was by a clock that has been set back.
    pub(super) fn set_back(&mut self, at: Timestamp) {
        while self.0.back().is_some_and(|flip| *flip > at) {
            self.0.pop_back();
        }
    }

    /// How often it changed in the last ten minutes, and since when, where that is often enough to
    /// be called flapping.
    pub(super) fn flapping(&self, now: Timestamp) -> Option<(usize, Timestamp)> {
        let mut recent = self.0.iter().filter(|flip| now.duration_since(**flip) <= WINDOW);
        let first = *recent.next()?;
        let changes = 1 + recent.count();
        (changes >= FLAPS).then_some((changes, first))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
