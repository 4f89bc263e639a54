//! What is asked and told of incidents, as data.

use jiff::Timestamp;

use super::Query;
use crate::alert::Occasion;

/// Which incidents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentQuery {
    /// Of which engine and service; `since`: those that were open then or later.
    pub of: Query,
    /// Only those that are open.
    pub open: bool,
}

/// Something that somebody was promised to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number.
    pub id: i64,
    /// Of which incident.
    pub incident: i64,
    /// Of what about it.
    pub what: Occasion,
    /// Who is to be told: a webhook's name.
    pub target: String,
    /// When it was promised.
    pub at: Timestamp,
}

/// What became of a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeEnd {
    /// It was taken.
    Sent,
    /// It was given up, and why: one sanitised sentence.
    Dropped(String),
}

/// How promises stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoticeCounts {
    /// Not told yet.
    pub promised: u64,
    /// Given up.
    pub dropped: u64,
}
