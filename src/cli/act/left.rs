//! Operations that were left in the middle: told by every command that changes something and by
//! `qd status`, and picked up by `qd finish` and `qd undo`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::say;
use crate::journal::{OperationRecord, OperationState};
use crate::text::human;

/// An operation that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(in crate::cli) struct Left {
    /// Its number, as `qd finish` and `qd undo` take it.
    operation: i64,
    /// What it does: `deploy`, `scale`, ….
    change: String,
    /// The services it holds: `project/service`, or the name of a lone container.
    services: Vec<String>,
    /// Who began it.
    who: String,
    /// When it was begun, RFC 3339 in UTC.
    at: String,
    /// Whether it was on its way back.
    undoing: bool,
    /// Whether somebody is still at it; else it waits for `qd finish` or `qd undo`.
    alive: bool,
    /// The sentence `qd status` says on standard error.
    text: String,
}

/// An operation that has not ended, for JSON.
pub(in crate::cli) fn left(record: &OperationRecord, now: Timestamp) -> Left {
    Left {
        operation: record.id,
        change: record.begun.change.clone(),
        services: record.begun.services.iter().map(crate::fleet::ServiceId::path).collect(),
        who: record.begun.who.words(),
        at: human::rfc3339(record.at),
        undoing: record.state == OperationState::Undoing,
        alive: record.alive,
        text: sentence(record, now),
    }
}

impl Left {
    /// Its number.
    pub(in crate::cli) fn operation(&self) -> i64 {
        self.operation
    }

    /// The sentence.
    pub(in crate::cli) fn text(&self) -> &str {
        &self.text
    }
}

/// `operation 12 (deploy shop/api)`.
pub(super) fn what(record: &OperationRecord) -> String {
    let services = &record.begun.services;
    let named: Vec<String> = services.iter().take(2).map(crate::fleet::ServiceId::path).collect();
    let more = services.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("operation {} ({} {}{more})", record.id, record.begun.change, named.join(", "))
}

/// `operation 12 (deploy shop/api) was left in the middle 4 min ago by ada: qd finish 12, or qd undo 12`.
pub(super) fn sentence(record: &OperationRecord, now: Timestamp) -> String {
    let ago = human::duration(human::elapsed(record.at, now));
    let (what, who, id) = (what(record), record.begun.who.words(), record.id);
    if record.alive {
        return format!("{what} is under way, begun {ago} ago by {who}");
    }
    let back = if record.state == OperationState::Undoing { ", on its way back," } else { "" };
    format!("{what} was left in the middle{back} {ago} ago by {who}: qd finish {id}, or qd undo {id}")
}

/// Say so, a line each.
pub(super) fn tell(left: &[OperationRecord], now: Timestamp) {
    for record in left {
        say(&sentence(record, now));
    }
}
