//! Conditions asked of all services at once: one column of figures per metric, one answer per row.
//!
//! A figure that is not known is NaN, and what depends on it is neither true nor false.

use super::condition::{Condition, Sign, Step};
use super::lex::Compare;

/// An answer: two bits, so that `and` and `or` of unknown answers need no branches.
pub(super) type Answer = u8;
/// Known to be so.
pub(super) const YES: Answer = 0b01;
/// Known not to be so.
pub(super) const NO: Answer = 0b10;
/// Not known.
pub(super) const UNKNOWN: Answer = 0;

/// Figures of one thing after the other, by metric.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) rows: usize,
    /// By metric, then by row.
    pub(super) figures: Vec<Vec<f64>>,
}

impl Columns {
    /// One figure; NaN for what is not there.
    pub(super) fn get(&self, metric: usize, row: usize) -> f64 {
        self.figures.get(metric).and_then(|column| column.get(row)).copied().unwrap_or(f64::NAN)
    }
}

/// What is left over from the last condition, to be used again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    numbers: Vec<Vec<f64>>,
    answers: Vec<Vec<Answer>>,
    spare_numbers: Vec<Vec<f64>>,
    spare_answers: Vec<Vec<Answer>>,
}

/// Ask a condition of every row. `places` are the columns of its metrics, in its order.
pub(super) fn ask<'s>(
    condition: &Condition,
    places: &[usize],
    columns: &Columns,
    scratch: &'s mut Scratch,
) -> &'s [Answer] {
    scratch.clear();
    for step in &condition.steps {
        scratch.step(*step, places, columns);
    }
    scratch.answers.last().map(Vec::as_slice).unwrap_or_default()
}

impl Scratch {
    fn clear(&mut self) {
        self.spare_numbers.append(&mut self.numbers);
        self.spare_answers.append(&mut self.answers);
    }

    fn step(&mut self, step: Step, places: &[usize], columns: &Columns) {
        let column = |metric: usize| {
            let place = places.get(metric).copied().unwrap_or(usize::MAX);
            columns.figures.get(place).map(Vec::as_slice).unwrap_or_default()
        };
        match step {
            Step::Metric(metric) => self.push_numbers(column(metric).iter().copied()),
            Step::Number(number) => self.push_numbers(std::iter::repeat_n(number, columns.rows)),
            Step::Calculate(sign) => {
                let right = self.numbers.pop().unwrap_or_default();
                if let Some(left) = self.numbers.last_mut() {
                    calculate(left, sign, &right);
                }
                self.spare_numbers.push(right);
            }
            Step::CompareWith(metric, compare, number) => {
                let mut answers = self.answers();
                compare_with(column(metric), compare, number, &mut answers);
                self.answers.push(answers);
            }
            Step::Compare(compare) => {
                let mut answers = self.answers();
                let right = self.numbers.pop().unwrap_or_default();
                let left = self.numbers.pop().unwrap_or_default();
                answers.extend(left.iter().zip(&right).map(|(a, b)| answer(*a, compare, *b)));
                self.spare_numbers.extend([left, right]);
                self.answers.push(answers);
            }
            Step::Truth(metric) => {
                let mut answers = self.answers();
                compare_with(column(metric), Compare::Unequal, 0.0, &mut answers);
                self.answers.push(answers);
            }
            Step::And => self.join(|a, b| (a & b & YES) | ((a | b) & NO)),
            Step::Or => self.join(|a, b| ((a | b) & YES) | (a & b & NO)),
            Step::Not => {
                for answer in self.answers.last_mut().into_iter().flatten() {
                    *answer = (*answer >> 1) | ((*answer << 1) & NO);
                }
            }
        }
    }

    fn push_numbers(&mut self, of: impl Iterator<Item = f64>) {
        let mut numbers = self.spare_numbers.pop().unwrap_or_default();
        numbers.clear();
        numbers.extend(of);
        self.numbers.push(numbers);
    }

    fn answers(&mut self) -> Vec<Answer> {
        let mut answers = self.spare_answers.pop().unwrap_or_default();
        answers.clear();
        answers
    }

    fn join(&mut self, how: impl Fn(Answer, Answer) -> Answer) {
        let right = self.answers.pop().unwrap_or_default();
        if let Some(left) = self.answers.last_mut() {
            left.iter_mut().zip(&right).for_each(|(a, b)| *a = how(*a, *b));
        }
        self.spare_answers.push(right);
    }
}

fn calculate(left: &mut [f64], sign: Sign, right: &[f64]) {
    for (a, b) in left.iter_mut().zip(right) {
        *a = match sign {
            Sign::Plus => *a + b,
            Sign::Minus => *a - b,
            Sign::Times => *a * b,
            // Nothing is known about what is divided by nothing.
            Sign::Divide if *b == 0.0 => f64::NAN,
            Sign::Divide => *a / b,
        };
    }
}

/// One loop per operator, each simple enough for the compiler to do several rows at once.
fn compare_with(column: &[f64], compare: Compare, number: f64, out: &mut Vec<Answer>) {
    fn each(column: &[f64], out: &mut Vec<Answer>, yes: impl Fn(f64) -> bool) {
        out.extend(column.iter().map(|value| {
            let (known, yes) = (u8::from(!value.is_nan()), u8::from(yes(*value)));
            known & yes | (known & (yes ^ 1)) << 1
        }));
    }
    match compare {
        Compare::More => each(column, out, |value| value > number),
        Compare::Least => each(column, out, |value| value >= number),
        Compare::Less => each(column, out, |value| value < number),
        Compare::Most => each(column, out, |value| value <= number),
        Compare::Equal => each(column, out, |value| same(value, number)),
        Compare::Unequal => each(column, out, |value| !same(value, number)),
    }
}

fn answer(a: f64, compare: Compare, b: f64) -> Answer {
    if a.is_nan() || b.is_nan() {
        return UNKNOWN;
    }
    let yes = match compare {
        Compare::More => a > b,
        Compare::Least => a >= b,
        Compare::Less => a < b,
        Compare::Most => a <= b,
        Compare::Equal => same(a, b),
        Compare::Unequal => !same(a, b),
    };
    if yes { YES } else { NO }
}

/// Equal but for what calculating with shares and times leaves behind.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::super::Metric;
    use super::*;

    /// The answers of a condition for figures by metric name.
    fn answers(condition: &str, figures: &[(&str, &[f64])]) -> Vec<Answer> {
        let condition = Condition::read(condition, Duration::from_mins(10)).unwrap();
        let columns = Columns {
            rows: figures.first().map_or(1, |(_, column)| column.len()),
            figures: figures.iter().map(|(_, column)| column.to_vec()).collect(),
        };
        let place = |metric: &Metric| figures.iter().position(|(name, _)| *name == metric.name()).unwrap();
        let places: Vec<usize> = condition.metrics().iter().map(place).collect();
        ask(&condition, &places, &columns, &mut Scratch::default()).to_vec()
    }

    const N: f64 = f64::NAN;

    #[test]
    fn rows_are_answered_each_by_its_own_figures() {
        let rate: (&str, &[f64]) = ("error_rate", &[0.04, 0.05, 0.06, N]);
        assert_eq!(answers("error_rate > 5%", &[rate]), [NO, NO, YES, UNKNOWN]);
        assert_eq!(answers("error_rate >= 5%", &[rate]), [NO, YES, YES, UNKNOWN]);
        assert_eq!(answers("error_rate < 5%", &[rate]), [YES, NO, NO, UNKNOWN]);
        assert_eq!(answers("error_rate <= 5%", &[rate]), [YES, YES, NO, UNKNOWN]);
        assert_eq!(answers("error_rate == 5%", &[rate]), [NO, YES, NO, UNKNOWN]);
        assert_eq!(answers("error_rate != 5%", &[rate]), [YES, NO, YES, UNKNOWN]);
        assert_eq!(answers("not error_rate > 5%", &[rate]), [YES, YES, NO, UNKNOWN]);
        assert_eq!(answers("5% < error_rate", &[rate]), [NO, NO, YES, UNKNOWN]);
    }

    #[test]
    fn and_and_or_with_what_is_unknown() {
        let figures: [(&str, &[f64]); 2] =
            [("cpu", &[0.9, 0.9, 0.9, 0.1, 0.1, N]), ("memory", &[0.9, 0.1, N, N, 0.1, N])];
        let both = answers("cpu > 50% and memory > 50%", &figures);
        assert_eq!(both, [YES, NO, UNKNOWN, NO, NO, UNKNOWN]);
        let either = answers("cpu > 50% or memory > 50%", &figures);
        assert_eq!(either, [YES, YES, YES, UNKNOWN, NO, UNKNOWN]);
    }

    #[test]
    fn arithmetic_and_division_by_what_turns_out_to_be_nothing() {
        let figures: [(&str, &[f64]); 2] =
            [("used", &[8.0, 2.0, 1.0, 0.0]), ("size", &[10.0, 10.0, 0.0, 0.0])];
        assert_eq!(answers("used / size > 0.5", &figures), [YES, NO, UNKNOWN, UNKNOWN]);
        assert_eq!(answers("2 * (used - 1) + 1 > size", &figures), [YES, NO, YES, NO]);
        assert_eq!(answers("-used < -size + 5", &figures), [YES, NO, YES, YES]);
    }

    #[test]
    fn what_is_yes_or_no_stands_for_itself() {
        let failed: (&str, &[f64]) = ("health_check_failed", &[1.0, 0.0, N]);
        assert_eq!(answers("health_check_failed", &[failed]), [YES, NO, UNKNOWN]);
        assert_eq!(answers("!health_check_failed", &[failed]), [NO, YES, UNKNOWN]);
    }
}
