//! How many services stand how: the header's figures.

use super::Health;

/// How many services stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All services (jobs not counted).
    pub services: u32,
    /// All replicas.
    pub replicas: u32,
    /// Services that are healthy or run without a check.
    pub well: u32,
    /// Starting, degraded, paused.
    pub ailing: u32,
    /// Unhealthy or down.
    pub broken: u32,
    /// Stopped on purpose.
    pub stopped: u32,
}

impl Counts {
    /// One more service of `replicas` replicas that stands so.
    pub(super) fn add(&mut self, health: Health, replicas: u32) {
        self.services += 1;
        self.replicas += replicas;
        match health {
            Health::Healthy | Health::Running => self.well += 1,
            Health::Starting | Health::Degraded | Health::Paused => self.ailing += 1,
            Health::Unhealthy | Health::Down => self.broken += 1,
            Health::Stopped => self.stopped += 1,
        }
    }
}
