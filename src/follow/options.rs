//! What to follow, and how.

use jiff::Timestamp;

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
    /// What a slow reader gets.
    pub pressure: Pressure,
}
