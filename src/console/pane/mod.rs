//! The lower pane's tabs: each its own state, its own actions, its own drawing.
//!
//! A tab never performs anything: it returns [`super::Effect`]s.

use jiff::Timestamp;

use crate::config::{Glyphs, Theme};
use crate::fleet::{Fleet, ReplicaId, ServiceId};

/// The tabs, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tab {
    /// Logs.
    Logs,
    /// Usage charts.
    Stats,
    /// Health check history.
    Health,
    /// Ports.
    Ports,
    /// Config.
    Config,
}

impl Tab {
    /// All tabs, in order.
    pub const ALL: [Self; 5] = [Self::Logs, Self::Stats, Self::Health, Self::Ports, Self::Config];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Stats => "stats",
            Self::Health => "health",
            Self::Ports => "ports",
            Self::Config => "config",
        }
    }
}

/// How things look on this terminal: handed to everything that draws.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// Styles.
    pub theme: &'a Theme,
    /// Characters.
    pub glyphs: &'a Glyphs,
    /// Times in UTC instead of local.
    pub utc: bool,
}

/// What a tab may look at when it draws.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// How things look.
    pub look: Look<'a>,
    /// What is known.
    pub fleet: &'a Fleet,
    /// The time.
    pub now: Timestamp,
    /// The row the pane is about.
    pub target: &'a Target,
}

/// What a grid row, hence the pane, is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A project; `None` = the lone containers.
    Project(Option<std::sync::Arc<str>>),
    /// A service.
    Service(ServiceId),
    /// A replica.
    Replica(ReplicaId),
}
