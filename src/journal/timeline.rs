//! Operations, events and reveals as one dated list: what happened here, in order.
//!
//! Pure but for [`Timeline::read`]. Used by the console's view, by `qd journal`, and for the
//! report of an incident ([`markdown()`]).

mod markdown;
#[cfg(test)]
mod tests;
mod tidy;
mod words;

pub use markdown::{Report, markdown};

use jiff::Timestamp;

use super::{EventRecord, Journal, JournalError, OperationRecord, OperationState, Query, RevealRecord};
use crate::fleet::ServiceId;

/// Events looked at for every moment wanted: many of them come together to one, or are planned.
const EVENTS_EACH: u32 = 20;

/// What kind of thing happened; filters go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Somebody changed something with qd.
    Operation,
    /// A replica died, ran out of memory, became unhealthy or healthy again.
    Health,
    /// A replica was made, started, stopped, frozen, removed.
    Life,
    /// A secret was shown.
    Reveal,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Operation, Self::Health, Self::Life, Self::Reveal];

    /// One lower-case word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Operation => "operation",
            Self::Health => "health",
            Self::Life => "life",
            Self::Reveal => "reveal",
        }
    }
}

/// How it is to be taken; colours go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Something is wrong.
    Bad,
    /// Look at it: it came back, it was refused, a secret was shown.
    Warn,
    /// Well.
    Good,
    /// Under way.
    Busy,
    /// Neither good nor bad.
    Plain,
    /// Part of something else that is told.
    Quiet,
}

/// One thing that happened (or a run of the same).
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When it began.
    pub at: Timestamp,
    /// When it ended; `None`: at once, or it has not.
    pub until: Option<Timestamp>,
    /// To which services.
    pub services: Vec<ServiceId>,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Somebody changed something with qd.
    Operation(Box<OperationRecord>),
    /// The engine told.
    Event {
        /// What; of a run, the first.
        event: EventRecord,
        /// How often.
        times: u32,
    },
    /// A secret was shown.
    Reveal(RevealRecord),
}

impl Moment {
    /// What kind of thing it is.
    pub fn kind(&self) -> Kind {
        match &self.what {
            What::Operation(_) => Kind::Operation,
            What::Reveal(_) => Kind::Reveal,
            What::Event { event, .. } => match event.kind.as_str() {
                "died" | "oom" | "healthy" | "unhealthy" => Kind::Health,
                _ => Kind::Life,
            },
        }
    }

    /// How it is to be taken.
    pub fn tone(&self) -> Tone {
        match &self.what {
            What::Reveal(_) => Tone::Warn,
            What::Operation(operation) => match operation.state {
                OperationState::Running | OperationState::Undoing if operation.alive => Tone::Busy,
                OperationState::Done => Tone::Good,
                OperationState::Refused | OperationState::Undone => Tone::Warn,
                OperationState::Running | OperationState::Undoing | OperationState::Failed => Tone::Bad,
            },
            What::Event { event, .. } if event.planned.is_some() => Tone::Quiet,
            What::Event { event, .. } => match event.kind.as_str() {
                "died" if event.note == "exit 0" => Tone::Plain,
                "died" | "oom" | "unhealthy" => Tone::Bad,
                "healthy" => Tone::Good,
                _ => Tone::Plain,
            },
        }
    }

    /// The operation it is, or is part of.
    pub fn operation(&self) -> Option<i64> {
        match &self.what {
            What::Operation(operation) => Some(operation.id),
            What::Event { event, .. } => event.planned,
            What::Reveal(_) => None,
        }
    }

    /// Whether it is only part of an operation.
    pub fn is_part(&self) -> bool {
        matches!(&self.what, What::Event { event, .. } if event.planned.is_some())
    }
}

/// What of a timeline is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only these services; empty = all.
    pub services: Vec<ServiceId>,
    /// Only these kinds; empty = all.
    pub kinds: Vec<Kind>,
    /// What ended before is left out.
    pub since: Option<Timestamp>,
    /// What began after is left out.
    pub until: Option<Timestamp>,
    /// Also what is only part of an operation.
    pub parts: bool,
    /// Only what has these words in it, in any case; empty = all.
    pub text: String,
}

impl Filter {
    /// Whether a moment is shown.
    pub fn shows(&self, moment: &Moment) -> bool {
        let open = matches!(&moment.what, What::Operation(operation) if operation.ended.is_none());
        (self.services.is_empty() || moment.services.iter().any(|s| self.services.contains(s)))
            && (self.kinds.is_empty() || self.kinds.contains(&moment.kind()))
            && self.since.is_none_or(|since| open || moment.until.unwrap_or(moment.at) >= since)
            && self.until.is_none_or(|until| moment.at <= until)
            && (self.parts || !moment.is_part())
            && self.has_words(moment)
    }

    fn has_words(&self, moment: &Moment) -> bool {
        if self.text.is_empty() {
            return true;
        }
        let services = moment.services.iter().map(ServiceId::path).collect::<Vec<_>>().join(" ");
        let all = format!("{services} {} {}", moment.sentence(), moment.who()).to_lowercase();
        self.text.to_lowercase().split_whitespace().all(|word| all.contains(word))
    }
}

/// What happened, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// Every moment.
    pub moments: Vec<Moment>,
}

impl Timeline {
    /// Put it together, of what the journal told (the newest first).
    pub fn of(
        operations: Vec<OperationRecord>,
        mut events: Vec<EventRecord>,
        reveals: Vec<RevealRecord>,
    ) -> Self {
        // What happened at the very same moment stays in the order it was told in.
        events.reverse();
        events.sort_by_key(|event| event.at);
        let mut moments = tidy::tidy(events);
        moments.extend(operations.into_iter().map(|operation| Moment {
            at: operation.at,
            until: operation.ended,
            services: operation.begun.services.clone(),
            what: What::Operation(Box::new(operation)),
        }));
        moments.extend(reveals.into_iter().map(|reveal| Moment {
            at: reveal.at,
            until: None,
            services: vec![reveal.service.clone()],
            what: What::Reveal(reveal),
        }));
        moments.sort_by_key(|moment| moment.at);
        Self { moments }
    }

    /// The newest so many moments of the journal that a filter shows, oldest first.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn read(
        journal: &Journal,
        instance: Option<&str>,
        filter: &Filter,
        limit: u32,
    ) -> Result<Self, JournalError> {
        let query = Query {
            instance: instance.map(str::to_owned),
            service: match filter.services.as_slice() {
                [one] => Some(one.clone()),
                _ => None,
            },
            since: filter.since,
            limit: None,
        };
        // Filters that only we know leave few of many: then everything is looked at.
        let narrow = !filter.text.is_empty() || filter.until.is_some() || filter.services.len() > 1;
        let at_most = |each: u32| (!narrow).then(|| limit.saturating_mul(each));
        let most = at_most(EVENTS_EACH);
        let events = journal.events(Query { limit: most, ..query.clone() }).await?;
        // What lies before the last event looked at is not the whole truth.
        let whole_since =
            events.last().map(|e| e.at).filter(|_| most.is_some_and(|m| events.len() >= m as usize));
        let operations = journal.operations(Query { limit: at_most(1), ..query.clone() }).await?;
        let reveals = journal.reveals(Query { limit: at_most(1), ..query }).await?;
        let mut all = Self::of(operations, events, reveals);
        all.moments
            .retain(|moment| filter.shows(moment) && whole_since.is_none_or(|since| moment.at >= since));
        let over = all.moments.len().saturating_sub(limit as usize);
        all.moments.drain(..over);
        Ok(all)
    }

    /// Those that a filter shows.
    pub fn shown<'a>(&'a self, filter: &'a Filter) -> impl DoubleEndedIterator<Item = &'a Moment> {
        self.moments.iter().filter(|moment| filter.shows(moment))
    }
}
