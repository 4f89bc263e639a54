//! Rules: what is watched for, how long it must hold, and how bad it is.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Condition;
use super::metric::Of;
use crate::fleet::{Replica, ServiceId};
use crate::text::glob;

/// How bad it is, the worst last, so that `max` is the worst.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    #[serde(alias = "info")]
    Low,
    /// Look at it today.
    #[default]
    #[serde(alias = "warning")]
    Medium,
    /// Look at it now.
    High,
    /// Get up.
    Critical,
}

impl Severity {
    /// Every one, the worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// One lower-case word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// As rule files spell it: the four words, and `warning` and `info` as others call them.
    pub fn from_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "critical" => Some(Self::Critical),
            "high" => Some(Self::High),
            "medium" | "warning" => Some(Self::Medium),
            "low" | "info" => Some(Self::Low),
            _ => None,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Which services a rule is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Globs of paths, names or projects; empty = all services.
    pub services: Vec<String>,
    /// Those of them that it is not about.
    pub except: Vec<String>,
    /// Globs that labels of a replica have to match, each: key (without `quarterdeck.`), glob.
    pub labels: Vec<(String, String)>,
}

impl Scope {
    /// Whether it is about everything.
    pub fn is_all(&self) -> bool {
        self.services.is_empty() && self.except.is_empty() && self.labels.is_empty()
    }

    /// Whether it is about this service, which has these replicas.
    pub fn holds<'a>(
        &self,
        service: &ServiceId,
        replicas: impl Iterator<Item = &'a Replica> + Clone,
    ) -> bool {
        let any = |globs: &[String]| globs.iter().any(|glob| names(glob, service));
        let labelled = |(key, glob): &(String, String)| {
            replicas.clone().any(|replica| {
                replica.labels.get(key.as_str()).is_some_and(|value| glob::matches(glob, value))
            })
        };
        (self.services.is_empty() || any(&self.services))
            && !any(&self.except)
            && self.labels.iter().all(labelled)
    }
}

/// Whether a glob means this service: by its path, its name, or its project.
pub fn names(glob: &str, service: &ServiceId) -> bool {
    glob::matches(glob, &service.path())
        || glob::matches(glob, &service.name)
        || service.project.as_deref().is_some_and(|project| glob::matches(glob, project))
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name, sanitised; of several with one name, the later ones with `#2`, … behind.
    pub name: Arc<str>,
    /// What is watched for.
    pub condition: Condition,
    /// How long it has to hold.
    pub duration: Duration,
    /// How bad it is.
    pub severity: Severity,
    /// Which services it is about.
    pub scope: Scope,
    /// How far back metrics look that look back.
    pub within: Duration,
    /// What it means, or what to do: one sanitised line, may be empty.
    pub description: Arc<str>,
    /// Where it stands: `rules.yaml:12`.
    pub source: Arc<str>,
}

impl Rule {
    /// Whether it is about the host and not about services.
    pub fn is_of_host(&self) -> bool {
        self.scope.is_all() && self.condition.of() == Of::Host
    }
}

/// All rules, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Those of several files, one after the other; where `defaults` have a rule of the same name,
    /// or a file says `enabled: false` of it, the default goes.
    pub fn of(defaults: Vec<Rule>, own: Vec<Rule>, off: &[Arc<str>]) -> Self {
        let replaced = |rule: &Rule| own.iter().any(|o| o.name == rule.name) || off.contains(&rule.name);
        let mut rules: Vec<Rule> = defaults.into_iter().filter(|rule| !replaced(rule)).collect();
        rules.extend(own);
        for at in 1..rules.len() {
            let (before, rest) = rules.split_at_mut(at);
            let Some(rule) = rest.first_mut() else { break };
            let same = |known: &Rule| {
                known.name == rule.name
                    || known.name.strip_prefix(&*rule.name).is_some_and(|n| n.starts_with('#'))
            };
            let times = before.iter().filter(|known| same(known)).count();
            if times > 0 {
                rule.name = format!("{}#{}", rule.name, times + 1).into();
            }
        }
        Self(rules)
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, Rule> {
        self.0.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Rules {
    type Item = &'a Rule;
    type IntoIter = std::slice::Iter<'a, Rule>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
