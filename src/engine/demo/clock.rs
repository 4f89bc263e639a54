//! Where the demo's time comes from: tokio's clock, so that a test that pauses it owns the time.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Real (or a test's paused) time since a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Timestamp,
    origin: Instant,
}

impl Clock {
    /// A clock that shows `start` now.
    pub(super) fn starting_at(start: Timestamp) -> Self {
        Self { start, origin: Instant::now() }
    }

    pub(super) fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.origin.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    /// When tokio's clock will show `at`; now, when that has passed.
    pub(super) fn instant(&self, at: Timestamp) -> Instant {
        let ahead = at.duration_since(self.start).try_into().unwrap_or_default();
        // A millisecond more than asked: timers are that coarse, and waking just before the
        // moment would mean waking twice.
        self.origin + ahead + std::time::Duration::from_millis(1)
    }
}
