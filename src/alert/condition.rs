//! Conditions: `error_rate > 5% and (request_rate > 1 or not health_check_failed)`.
//!
//! Read once, checked for what can't be compared, and turned into steps for a stack machine that
//! works on whole columns of services (see `columns`).

mod check;
mod read;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use super::lex::Compare;
use super::metric::{Metric, Of};

/// What is wrong with a condition, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// Where, in bytes from the condition's beginning.
    pub at: usize,
    /// What, as a sentence without full stop.
    pub what: String,
    /// What to do, as a sentence without full stop.
    pub remedy: String,
}

impl Slip {
    pub(super) fn new(at: usize, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { at, what: what.into(), remedy: remedy.into() }
    }
}

/// A condition, ready to be asked of many services at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    text: Arc<str>,
    metrics: Vec<Metric>,
    pub(super) steps: Vec<Step>,
}

/// One step of the stack machine. Metrics by their place in [`Condition::metrics`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// Push a metric.
    Metric(usize),
    /// Push a number.
    Number(f64),
    /// Two numbers become one.
    Calculate(Sign),
    /// Two numbers become an answer.
    Compare(Compare),
    /// A metric is compared with a number: what nearly every rule is.
    CompareWith(usize, Compare, f64),
    /// A metric that is yes or no becomes an answer.
    Truth(usize),
    And,
    Or,
    Not,
}

/// What is done with two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
    Times,
    Divide,
}

impl Condition {
    /// Read a condition; `within` is how far back metrics look that look back.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its place.
    pub fn read(text: &str, within: Duration) -> Result<Self, Slip> {
        let tokens = super::lex::lex(text)?;
        let tree = read::read(&tokens, text.len())?;
        let (metrics, steps) = check::compile(tree, within)?;
        Ok(Self { text: text.split_whitespace().collect::<Vec<_>>().join(" ").into(), metrics, steps })
    }

    /// As it was written, on one line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every metric it names, once.
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// What it is about: the host only where nothing in it is a service's.
    pub fn of(&self) -> Of {
        if self.metrics.iter().all(|metric| metric.of() == Of::Host) { Of::Host } else { Of::Service }
    }
}
