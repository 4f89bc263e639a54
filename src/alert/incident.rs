//! Incidents: a rule that held for its duration, until it no longer holds. And what keeps them
//! quiet.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;

use super::rules::{Rule, Severity, names};
use crate::fleet::{Causes, ServiceId};
use crate::text::{glob, human};

/// What makes an incident that incident: a rule, and the service it is about (`None`: the host).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The rule's name.
    pub rule: Arc<str>,
    /// The service; `None` for the host.
    pub service: Option<ServiceId>,
}

/// A rule that held for its duration. All text in it is sanitised.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Its number in the journal; `None` where it is not in there.
    pub id: Option<i64>,
    /// Which rule, and what it is about.
    pub key: Key,
    /// How bad it is.
    pub severity: Severity,
    /// The rule's condition, as written.
    pub condition: Arc<str>,
    /// What the rule says of it; may be empty.
    pub description: Arc<str>,
    /// The figures: `error_rate 8.2%`; of the last time they were looked at while it held.
    pub figures: Arc<str>,
    /// Since when the condition holds.
    pub since: Timestamp,
    /// When it had held for long enough.
    pub opened: Timestamp,
    /// When it ended, and why.
    pub closed: Option<(Timestamp, End)>,
    /// How often it came: 1, and one more each time it came back soon after it was over.
    pub times: u32,
    /// What keeps it quiet now.
    pub muted: Option<Muted>,
    /// Who has seen it.
    pub acknowledged: Option<Acknowledged>,
    /// Whether it was told: to those who were not told that it began, its end is no news.
    pub told: bool,
}

/// Put open incidents in the order in which to look at them: the worst first; of equals those of
/// services nothing else explains, each followed by those it explains; then the oldest.
pub fn by_cause(incidents: &mut [Incident], causes: &Causes) {
    incidents.sort_by_cached_key(|incident| {
        let rank = incident.key.service.as_ref().map_or((usize::MAX, false), |id| causes.rank(id));
        (Reverse(incident.severity), rank, incident.opened)
    });
}

/// What of an incident is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// That it is open.
    Opened,
    /// That it is over.
    Closed,
}

impl Occasion {
    /// `opened`, `closed`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
        }
    }

    /// The one of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Opened, Self::Closed].into_iter().find(|one| one.word() == word)
    }
}

/// Why an incident ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The condition no longer holds.
    Over,
    /// The service is gone.
    Gone,
    /// Nobody gives the figures any more.
    Blind,
    /// The rule is gone, or about others.
    NoRule,
}

impl End {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Over, Self::Gone, Self::Blind, Self::NoRule];

    /// As the journal spells it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::Gone => "gone",
            Self::Blind => "blind",
            Self::NoRule => "no-rule",
        }
    }

    /// In a sentence: `over`, `the service is gone`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::Gone => "the service is gone",
            Self::Blind => "there are no figures any more",
            Self::NoRule => "the rule is gone",
        }
    }
}

/// Somebody has seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// When.
    pub at: Timestamp,
    /// Who, in words.
    pub who: Arc<str>,
    /// What they say; may be empty.
    pub note: Arc<str>,
}

/// What keeps incidents quiet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Muted {
    /// `restart is running`, `silenced by root: migration`.
    pub why: Arc<str>,
    /// Until when, where that is known.
    pub until: Option<Timestamp>,
}

/// Incidents of some rules or services that nobody is to hear of for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Its number in the journal.
    pub id: i64,
    /// A glob of a rule's name, or of a service.
    pub target: Arc<str>,
    /// When it was asked for.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// By whom, in words.
    pub who: Arc<str>,
    /// Why; may be empty.
    pub reason: Arc<str>,
}

impl Silence {
    /// Whether it keeps this quiet at `now`.
    pub fn holds(&self, key: &Key, now: Timestamp) -> bool {
        now < self.until
            && (glob::matches(&self.target, &key.rule)
                || key.service.as_ref().is_some_and(|service| names(&self.target, service)))
    }

    fn muted(&self) -> Muted {
        let why = if self.reason.is_empty() {
            format!("silenced by {}", self.who)
        } else {
            format!("silenced by {}: {}", self.who, self.reason)
        };
        Muted { why: why.into(), until: Some(self.until) }
    }
}

/// What keeps what quiet at a moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Muting<'a> {
    /// Services that somebody is changing now, and what is done: `restart`.
    pub operations: &'a [(ServiceId, Arc<str>)],
    /// Silences; those that are over do no harm.
    pub silences: &'a [Silence],
}

impl Muting<'_> {
    /// What is being done to a service.
    pub fn operation(&self, service: Option<&ServiceId>) -> Option<Muted> {
        let (_, what) = self.operations.iter().find(|(id, _)| Some(id) == service)?;
        Some(Muted { why: format!("{what} is running").into(), until: None })
    }

    /// What keeps this quiet.
    pub fn of(&self, key: &Key, now: Timestamp) -> Option<Muted> {
        let silence = || {
            let holding = self.silences.iter().filter(|silence| silence.holds(key, now));
            holding.max_by_key(|silence| silence.until).map(Silence::muted)
        };
        self.operation(key.service.as_ref()).or_else(silence)
    }

    /// What keeps a service's incidents quiet, whatever rule they are of.
    pub fn of_service(&self, service: &ServiceId, now: Timestamp) -> Option<Muted> {
        let silence = || {
            let holds = |silence: &&Silence| now < silence.until && names(&silence.target, service);
            self.silences.iter().filter(holds).max_by_key(|silence| silence.until).map(Silence::muted)
        };
        self.operation(Some(service)).or_else(silence)
    }
}

impl Incident {
    pub(super) fn new(rule: &Rule, key: Key, figures: Arc<str>, since: Timestamp, opened: Timestamp) -> Self {
        Self {
            id: None,
            key,
            severity: rule.severity,
            condition: rule.condition.text().into(),
            description: rule.description.clone(),
            figures,
            since,
            opened,
            closed: None,
            times: 1,
            muted: None,
            acknowledged: None,
            told: false,
        }
    }

    /// What it is about: `shop/api`, `host`.
    pub fn subject(&self) -> String {
        self.key.service.as_ref().map_or_else(|| "host".to_owned(), ServiceId::path)
    }

    /// `HighErrorRate on shop/api: error_rate 8.2%`.
    pub fn sentence(&self) -> String {
        let mut text = format!("{} on {}", self.key.rule, self.subject());
        if !self.figures.is_empty() {
            text.push_str(": ");
            text.push_str(&self.figures);
        }
        if self.times > 1 {
            // Writing to a String can't fail.
            let _ = write!(text, " (came {} times)", self.times);
        }
        text
    }

    /// How long it was, or is at `now`.
    pub fn lasted(&self, now: Timestamp) -> String {
        let until = self.closed.map_or(now, |(at, _)| at);
        human::duration(human::elapsed(self.since, until))
    }
}

#[cfg(test)]
#[path = "incident_tests.rs"]
mod tests;
