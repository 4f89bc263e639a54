//! A tree becomes steps, or it is said what in it can't be.

use std::time::Duration;

use super::super::lex::Compare;
use super::super::metric::{Known, METRICS, Metric, Unit};
use super::read::{Part, Tree};
use super::{Sign, Slip, Step};
use crate::text::near::{did_you_mean, nearest};
use crate::text::sanitize;

/// What a part of a condition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An answer.
    Truth,
    /// A number that measures this; `None`: whatever it is compared with.
    Number(Option<Unit>),
}

struct Compiler {
    within: Duration,
    metrics: Vec<Metric>,
    steps: Vec<Step>,
}

/// The metrics a condition names, and its steps.
pub(super) fn compile(tree: Tree, within: Duration) -> Result<(Vec<Metric>, Vec<Step>), Slip> {
    let mut compiler = Compiler { within, metrics: Vec::new(), steps: Vec::new() };
    compiler.truth(&tree)?;
    if compiler.metrics.is_empty() {
        let what = "the condition names no metric: it is always the same";
        return Err(Slip::new(tree.at, what, "write it like `error_rate > 5%`"));
    }
    Ok((compiler.metrics, compiler.steps))
}

impl Compiler {
    /// A part that has to be an answer.
    fn truth(&mut self, tree: &Tree) -> Result<(), Slip> {
        match &tree.part {
            Part::And(left, right) | Part::Or(left, right) => {
                self.truth(left)?;
                self.truth(right)?;
                self.steps.push(if matches!(tree.part, Part::And(..)) { Step::And } else { Step::Or });
            }
            Part::Not(inner) => {
                self.truth(inner)?;
                self.steps.push(Step::Not);
            }
            Part::Compare(left, compare, right) => self.compare(left, *compare, right)?,
            _ => {
                if self.value(tree)? != Kind::Truth {
                    let what = "a number is no condition by itself";
                    return Err(Slip::new(tree.at, what, "compare it: `error_rate > 5%`"));
                }
            }
        }
        Ok(())
    }

    fn compare(&mut self, left: &Tree, compare: Compare, right: &Tree) -> Result<(), Slip> {
        let from = self.steps.len();
        let (left, right) = (in_unit_of(left, right), in_unit_of(right, left));
        let (a, b) = (self.number(&left)?, self.number(&right)?);
        agree(&left, a, &right, b)?;
        bare(&left, a, &right)?;
        bare(&right, b, &left)?;
        match self.steps.get(from..) {
            Some(&[Step::Metric(metric), Step::Number(number)]) => {
                self.steps.truncate(from);
                self.steps.push(Step::CompareWith(metric, compare, number));
            }
            _ => self.steps.push(Step::Compare(compare)),
        }
        Ok(())
    }

    /// A part that has to be a number, and what it measures.
    fn number(&mut self, tree: &Tree) -> Result<Option<Unit>, Slip> {
        match self.value(tree)? {
            Kind::Number(unit) => Ok(unit),
            Kind::Truth => {
                let what = "this is yes or no, and can't be compared or calculated with";
                Err(Slip::new(
                    tree.at,
                    what,
                    "write it by itself: `health_check_failed and request_rate > 1`",
                ))
            }
        }
    }

    fn value(&mut self, tree: &Tree) -> Result<Kind, Slip> {
        match &tree.part {
            Part::Name(name) => self.metric(tree.at, name),
            Part::Quoted(name) => Ok(self.push(Metric::Measured(sanitize::label(name, 200)))),
            Part::Number(value, unit, _) => {
                self.steps.push(Step::Number(*value));
                Ok(Kind::Number(*unit))
            }
            Part::Calculate(left, sign, right) => {
                let (left, right) = (in_unit_of(left, right), in_unit_of(right, left));
                let (a, b) = (self.number(&left)?, self.number(&right)?);
                if *sign == Sign::Divide && matches!(right.part, Part::Number(n, ..) if n == 0.0) {
                    let what = "this divides by zero";
                    return Err(Slip::new(right.at, what, "divide by something else"));
                }
                self.steps.push(Step::Calculate(*sign));
                Ok(Kind::Number(match sign {
                    Sign::Plus | Sign::Minus => {
                        agree(&left, a, &right, b)?;
                        a.or(b)
                    }
                    Sign::Times => product(a, b),
                    Sign::Divide => ratio(a, b),
                }))
            }
            Part::And(..) | Part::Or(..) | Part::Not(_) | Part::Compare(..) => {
                self.truth(tree)?;
                Ok(Kind::Truth)
            }
        }
    }

    fn metric(&mut self, at: usize, name: &str) -> Result<Kind, Slip> {
        if let Some(known) = Known::from_name(name) {
            return Ok(self.push(Metric::known(known, self.within)));
        }
        // A name far from all known ones is that of something measured. One close by is a slip.
        let names = || METRICS.iter().map(|known| known.name());
        let shown = sanitize::label(name, 60);
        if nearest(name, names()).is_some() {
            let what = format!("there is no metric `{shown}`{}", did_you_mean(name, names()));
            let remedy = format!("where a metric of that name is measured, put it in quotes: \"{shown}\"");
            return Err(Slip::new(at, what, remedy));
        }
        Ok(self.push(Metric::Measured(name.into())))
    }

    fn push(&mut self, metric: Metric) -> Kind {
        let unit = metric.unit();
        let place = self.metrics.iter().position(|known| *known == metric).unwrap_or_else(|| {
            self.metrics.push(metric);
            self.metrics.len() - 1
        });
        if unit == Some(Unit::Truth) {
            self.steps.push(Step::Truth(place));
            return Kind::Truth;
        }
        self.steps.push(Step::Metric(place));
        Kind::Number(unit)
    }
}

/// `memory` is a share, and compared with bytes it is bytes.
fn in_unit_of(tree: &Tree, other: &Tree) -> Tree {
    let mut tree = tree.clone();
    if let Part::Name(name) = &mut tree.part
        && speaks_of_bytes(other)
        && let Some(bytes) = Known::from_name(name).and_then(Known::in_bytes)
    {
        bytes.name().clone_into(name);
    }
    tree
}

fn speaks_of_bytes(tree: &Tree) -> bool {
    match &tree.part {
        Part::Name(name) => Known::from_name(name).is_some_and(|known| known.unit() == Unit::Bytes),
        Part::Number(_, unit, _) => *unit == Some(Unit::Bytes),
        Part::Calculate(left, Sign::Plus | Sign::Minus, right) => {
            speaks_of_bytes(left) || speaks_of_bytes(right)
        }
        Part::Calculate(left, Sign::Times, right) => speaks_of_bytes(left) != speaks_of_bytes(right),
        _ => false,
    }
}

/// Two numbers that are compared, or added, measure the same.
fn agree(left: &Tree, a: Option<Unit>, right: &Tree, b: Option<Unit>) -> Result<(), Slip> {
    let (Some(a), Some(b)) = (a, b) else { return Ok(()) };
    if a == b || [a, b].iter().all(|unit| matches!(unit, Unit::Number | Unit::Share)) {
        return Ok(());
    }
    let what = format!("{} is {}, {} is {}", shown(left), a.word(), shown(right), b.word());
    Err(Slip::new(right.at, what, "compare what measures the same"))
}

/// A bare number beside something that has a unit: where it can't be meant, it is asked for.
fn bare(of: &Tree, unit: Option<Unit>, number: &Tree) -> Result<(), Slip> {
    let Part::Number(value, None, text) = &number.part else { return Ok(()) };
    let (what, remedy) = match unit {
        Some(Unit::Share) if value.abs() > 1.0 => (
            format!("{} is a share of 1, and {text} is more than all of it", shown(of)),
            format!("write {text}%"),
        ),
        Some(Unit::Time) if *value != 0.0 => {
            (format!("{} is a time, and {text} has no unit", shown(of)), format!("write {text}s or {text}ms"))
        }
        _ => return Ok(()),
    };
    Err(Slip::new(number.at, what, remedy))
}

fn product(a: Option<Unit>, b: Option<Unit>) -> Option<Unit> {
    match (a, b) {
        (Some(Unit::Share | Unit::Number), unit) | (unit, Some(Unit::Share | Unit::Number)) => unit,
        (None, unit) | (unit, None) => unit,
        _ => None,
    }
}

fn ratio(a: Option<Unit>, b: Option<Unit>) -> Option<Unit> {
    match (a, b) {
        (Some(a), Some(b)) if a == b => Some(Unit::Share),
        (unit, Some(Unit::Share | Unit::Number) | None) => unit,
        _ => None,
    }
}

/// A part as it is called in a sentence.
fn shown(tree: &Tree) -> String {
    match &tree.part {
        Part::Name(name) | Part::Quoted(name) => format!("`{}`", sanitize::label(name, 60)),
        Part::Number(_, _, text) => format!("`{text}`"),
        _ => "the left side".to_owned(),
    }
}
