//! One thing to ask: which service, where, for what, how often. Pure.

use std::sync::Arc;

use jiff::Timestamp;

use super::fold::Wanted;
use super::rates::Course;
use super::scrape::{Found, Scrape};
use crate::config::ExecRule;
use crate::fleet::{Observation, Reading, ReplicaId, Scraped, ServiceId};
use crate::probe::{Ended, Goal, Http, Key, Pace, Work};
use crate::text::{mask, sanitize};

/// One thing to ask.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Whose it is.
    pub service: ServiceId,
    /// The replica; `None` = the service as a whole.
    pub replica: Option<ReplicaId>,
    /// What tells it from others of its replica, sanitised: `http /metrics`, `exec queue_depth`.
    pub name: Arc<str>,
    /// Who wants it: `config [[metrics]] 1`, `label quarterdeck.metrics`.
    pub source: Arc<str>,
    /// What is asked.
    pub ask: Ask,
    /// Where.
    pub goal: Goal,
    /// How often.
    pub pace: Pace,
    /// When the replica started, where known.
    pub started: Option<Timestamp>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// A text of metrics.
    Text {
        /// How it is asked for.
        http: Arc<Http>,
        /// What is wanted of it.
        wanted: Arc<Wanted>,
    },
    /// A command whose output has a number in it; filled in for the service.
    Command(Arc<ExecRule>),
}

/// What is remembered from one scrape to the next.
#[derive(Default)]
pub struct Memory {
    course: Course,
    /// Whether the last one went well.
    passed: Option<bool>,
}

impl Target {
    /// What is asked, in full: `GET http://10.0.0.3:9000/metrics`, `exec redis-cli llen jobs`.
    pub fn whole(&self) -> Arc<str> {
        let words = match &self.ask {
            Ask::Text { http, .. } => format!("{} {}", http.method, mask::text(&self.goal.url(http.tls))),
            Ask::Command(rule) => format!("exec {}", mask::args(&rule.argv).join(" ")),
        };
        sanitize::label(&words, 200)
    }

    /// What follows from an answer.
    pub fn fold(&self, course: &mut Course, scrape: Scrape) -> Scraped {
        let Scrape { at, instant, took, result, remark } = scrape;
        let result = result.map(|found| match (found, &self.ask) {
            (Found::Text(snapshot), Ask::Text { wanted, .. }) => course.fold(*snapshot, at, instant, wanted),
            (Found::Text(_), Ask::Command(_)) => Vec::new(),
            (Found::Number(reading), _) => vec![reading],
        });
        let result = result.map(|readings: Vec<Reading>| {
            readings.into_iter().filter(|reading| reading.value.is_finite()).collect()
        });
        Scraped {
            at,
            service: self.service.clone(),
            replica: self.replica.clone(),
            source: self.name.clone(),
            whole: self.whole(),
            interval: self.pace.interval,
            took,
            result,
            remark,
        }
    }
}

impl Work for Target {
    type Done = Scrape;
    type State = Memory;
    type Fact = Scraped;

    fn key(&self) -> Key {
        (self.service.clone(), self.replica.clone(), self.name.clone())
    }

    fn pace(&self) -> &Pace {
        &self.pace
    }

    fn is_still(&self, other: &Self) -> bool {
        let same_run = self.started.is_none() || other.started.is_none() || self.started == other.started;
        same_run && Self { started: None, ..self.clone() } == Self { started: None, ..other.clone() }
    }

    fn ended(&self, state: &mut Memory, scrape: Scrape) -> Ended<Scraped> {
        let scraped = self.fold(&mut state.course, scrape);
        let passed = Some(scraped.result.is_ok());
        let is_news = state.passed != passed;
        state.passed = passed;
        if let (true, Err(why)) = (is_news, &scraped.result) {
            tracing::warn!("{}: {} can't be read: {why}", self.service, self.name);
        }
        Ended { passed, fact: Some((scraped, is_news)) }
    }

    fn is_of(fact: &Scraped, (service, replica, source): &Key) -> bool {
        fact.service == *service && fact.replica == *replica && fact.source == *source
    }

    fn told(facts: Vec<Scraped>) -> Observation {
        Observation::Scraped(facts)
    }

    fn gone((service, replica, source): Key) -> Observation {
        Observation::Unscraped { service, replica, source }
    }
}
