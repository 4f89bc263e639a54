//! What to follow, and how.

use jiff::Timestamp;

use crate::fleet::{EventKind, Fleet, ReplicaId};

/// What a reader that is too slow gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Pressure {
    /// Every line: the streams wait for the reader (`qd logs` into a pipe).
    #[default]
    Wait,
    /// The newest lines: older ones are dropped and counted (the console).
    Newest,
}

/// Which lines are handed out.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FollowOptions {
    /// Only the last n lines of each replica that are already there; `None` = all. With
    /// [`Pressure::Newest`] it shrinks when many replicas are opened at once.
    pub tail: Option<u64>,
    /// Only lines at or after this time.
    pub since: Option<Timestamp>,
    /// Only lines before this time.
    pub until: Option<Timestamp>,
    /// Go on with new lines, through restart and recreate, until dropped.
    pub follow: bool,
    /// Only the run before the last restart (of a replica that is not up: its last run). Nothing
    /// is followed then.
    pub previous: bool,
    /// Starts that were seen ([`starts`]), for `previous`: engines keep all runs of a replica in one
    /// log and know the last start only. Without them the bound below is `tail` alone.
    pub starts: Vec<(ReplicaId, Timestamp)>,
    /// What a slow reader gets.
    pub pressure: Pressure,
}

/// The starts a fleet remembers, for [`FollowOptions::starts`].
pub fn starts(fleet: &Fleet) -> Vec<(ReplicaId, Timestamp)> {
    let started = fleet.events().filter(|event| event.kind == EventKind::Started);
    started.map(|event| (event.replica.clone(), event.at)).collect()
}
