//! The board of incidents: what the alert rules found, as the screen shows it. Pure.
//!
//! A picture of what whoever is on duty knows; the runner hangs up a new one when it differs.

use jiff::Timestamp;

use crate::alert::{Incident, Key, Severity, Silence};
use crate::config::Role;
use crate::fleet::ServiceId;
use crate::notify::Standing;

/// What the alert rules found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Board {
    /// How many rules are in force; `None` while nobody is on duty yet.
    pub rules: Option<usize>,
    /// Incidents that are open, worst first, then the oldest.
    pub open: Vec<Incident>,
    /// Those that are over since yesterday, the newest first, within reason.
    pub over: Vec<Incident>,
    /// Silences in force.
    pub silences: Vec<Silence>,
    /// How it stands with the webhooks.
    pub standing: Vec<Standing>,
    /// Why incidents can't be written down at the moment.
    pub trouble: Option<String>,
}

/// How loud an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loudness {
    /// Somebody has to look at it.
    Loud,
    /// Somebody has.
    Seen,
    /// Nobody is to hear of it for now.
    Muted,
    /// It is over.
    Over,
}

/// How loud it is.
pub fn loudness(incident: &Incident) -> Loudness {
    match incident {
        Incident { closed: Some(_), .. } => Loudness::Over,
        Incident { muted: Some(_), .. } => Loudness::Muted,
        Incident { acknowledged: Some(_), .. } => Loudness::Seen,
        _ => Loudness::Loud,
    }
}

/// The colour of an incident: of its severity while it is loud.
pub fn role(incident: &Incident) -> Role {
    if loudness(incident) == Loudness::Loud { severity_role(incident.severity) } else { Role::Dim }
}

/// The colour of a severity.
pub fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::Critical | Severity::High => Role::Bad,
        Severity::Medium => Role::Warn,
        Severity::Low => Role::Info,
    }
}

impl Board {
    /// Those that somebody has to look at, worst first.
    pub fn loud(&self) -> impl Iterator<Item = &Incident> {
        self.open.iter().filter(|incident| loudness(incident) == Loudness::Loud)
    }

    /// How many are of that loudness.
    pub fn count(&self, of: Loudness) -> usize {
        self.open.iter().filter(|incident| loudness(incident) == of).count()
    }

    /// Open incidents of a service, worst first.
    pub fn of<'a, 'b: 'a>(&'b self, service: &'a ServiceId) -> impl Iterator<Item = &'b Incident> + 'a {
        self.open.iter().filter(move |incident| incident.key.service.as_ref() == Some(service))
    }

    /// The worst incident of a service that somebody has to look at.
    pub fn worst(&self, service: &ServiceId) -> Option<&Incident> {
        self.of(service).find(|incident| loudness(incident) == Loudness::Loud)
    }

    /// The open incident of that key.
    pub fn incident(&self, key: &Key) -> Option<&Incident> {
        self.open.iter().find(|incident| incident.key == *key)
    }

    /// The silences that keep this quiet.
    pub fn silencing(&self, key: &Key, now: Timestamp) -> impl Iterator<Item = &Silence> {
        self.silences.iter().filter(move |silence| silence.holds(key, now))
    }
}
