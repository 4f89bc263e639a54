//! Health: what a replica's own HEALTHCHECK says, and what a row shows.

use jiff::Timestamp;

/// What the container's HEALTHCHECK says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum HealthCheck {
    /// The image and the service declare none (or disable it).
    #[default]
    None,
    /// Declared, and not decided yet.
    Starting,
    /// The last check passed.
    Healthy,
    /// It failed as many times in a row as its `retries` allow.
    Unhealthy,
}

/// The verdict shown for a replica or a service, worst last, so that `max` is the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Health {
    /// Healthy by its own check.
    Healthy,
    /// Runs, and declares no check: nothing says it works.
    Running,
    /// Stopped on purpose: exited with 0, created and never started.
    Stopped,
    /// Frozen by `pause`.
    Paused,
    /// Runs, its check has not decided yet.
    Starting,
    /// Some replicas work, some do not; or one fails its check while others pass.
    Degraded,
    /// Fails its check.
    Unhealthy,
    /// Not running, though it should: exited non-zero, dead, or restarting over and over.
    Down,
}

impl Health {
    /// One lower-case word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
            Self::Starting => "starting",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
            Self::Down => "down",
        }
    }

    /// Works: healthy, or runs without a check.
    pub fn is_well(self) -> bool {
        matches!(self, Self::Healthy | Self::Running)
    }

    /// Does not work, though it should: unhealthy or down.
    pub fn is_broken(self) -> bool {
        matches!(self, Self::Unhealthy | Self::Down)
    }
}

/// Since when a verdict holds, and why, in words for humans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// The verdict.
    pub health: Health,
    /// When it began to hold, where known.
    pub at: Option<Timestamp>,
    /// `exit 1`, `OOM-killed`, `2 of 3 replicas`; empty when there is nothing to say.
    pub why: String,
}
