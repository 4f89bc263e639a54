//! What happened, in words.

use super::{Moment, What};
use crate::fleet::ServiceId;
use crate::journal::{EventRecord, OperationRecord, OperationState};
use crate::text::human;

impl Moment {
    /// What happened, one sentence without its time: `api-1 died (exit 1)`.
    pub fn sentence(&self) -> String {
        match &self.what {
            What::Operation(operation) => operation_words(operation),
            What::Event { event, times } => {
                let often = match (*times, self.until) {
                    (..=1, _) => String::new(),
                    (times, Some(until)) if until > self.at => {
                        format!(" {times} times in {}", human::duration(human::elapsed(self.at, until)))
                    }
                    (times, _) => format!(" {times} times"),
                };
                event_words(event, &often)
            }
            What::Reveal(reveal) => match reveal.names.as_slice() {
                [name] => format!("the value of {name} was shown"),
                names => format!("the values of {} were shown", named(names)),
            },
        }
    }

    /// By whom, or by what: a user, an operation; empty: nobody said.
    pub fn who(&self) -> String {
        match &self.what {
            What::Operation(operation) => match operation.adoptions.last() {
                Some(last) if last.who.user != operation.begun.who.user => {
                    format!("{}, then {}", operation.begun.who.words(), last.who.words())
                }
                _ => operation.begun.who.words(),
            },
            What::Event { event, .. } => event.planned.map(|n| format!("operation {n}")).unwrap_or_default(),
            What::Reveal(reveal) => reveal.who.words(),
        }
    }

    /// The services it is about: `shop/api`, `shop/api and 2 more`.
    pub fn subject(&self) -> String {
        match self.services.as_slice() {
            [] => String::new(),
            [one] => one.path(),
            [one, more @ ..] => format!("{} and {} more", ServiceId::path(one), more.len()),
        }
    }
}

/// `A, B and C`; of many, the first.
fn named(names: &[String]) -> String {
    const MOST: usize = 6;
    match names {
        names if names.len() > MOST => {
            format!("{} and {} more", names.get(..MOST).unwrap_or(names).join(", "), names.len() - MOST)
        }
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        names => names.join(", "),
    }
}

fn operation_words(operation: &OperationRecord) -> String {
    let what = format!("#{} {}", operation.id, operation.begun.sentence);
    let took = operation.took.map(|took| format!(" in {}", human::duration(took))).unwrap_or_default();
    let why = if operation.sentence.is_empty() { String::new() } else { format!(": {}", operation.sentence) };
    match operation.state {
        OperationState::Running if operation.alive => format!("{what}: under way"),
        OperationState::Undoing if operation.alive => format!("{what}: going back{why}"),
        OperationState::Running | OperationState::Undoing => format!("{what}: left in the middle{why}"),
        OperationState::Done => format!("{what}: done{took}"),
        OperationState::Refused => format!("{what}: refused{why}"),
        OperationState::Undone => format!("{what}: undone{took}{why}"),
        OperationState::Failed => format!("{what}: failed{took}{why}"),
    }
}

fn event_words(event: &EventRecord, often: &str) -> String {
    let EventRecord { replica, kind, note, .. } = event;
    let more = if note.is_empty() { String::new() } else { format!(" ({note})") };
    match kind.as_str() {
        "oom" => format!("{replica} ran out of memory{often}{more}"),
        "unhealthy" | "healthy" => format!("{replica} became {kind}{often}{more}"),
        "killed" if !note.is_empty() => format!("{replica} was sent signal {note}{often}"),
        "destroyed" => format!("{replica} was removed{often}{more}"),
        "died" | "started" => format!("{replica} {kind}{often}{more}"),
        kind => format!("{replica} was {kind}{often}{more}"),
    }
}
