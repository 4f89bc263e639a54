//! Which cases there are: every point at every step of a plan, each finished or undone.

use std::fmt;

use serde_json::Value;

/// What is done to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Version 1 → 2, or 2 → 1.
    Deploy,
    /// To what ran before.
    Rollback,
    /// Two replicas → four.
    Up,
    /// Four replicas → two.
    Down,
}

/// How an operation shall end that was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Finish,
    Undo,
}

impl End {
    /// The command.
    pub fn word(self) -> &'static str {
        if self == Self::Finish { "finish" } else { "undo" }
    }
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    pub op: Op,
    /// Where the operation is killed.
    pub at: String,
    /// And where its undo is killed, if that is begun.
    pub undo_at: Option<String>,
    pub end: End,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} killed at {}", self.op, self.at)?;
        if let Some(at) = &self.undo_at {
            write!(f, ", its undo killed at {at}")?;
        }
        write!(f, ", {}", self.end.word())
    }
}

/// A step of a plan, as `--dry-run` tells.
#[derive(Clone, Debug)]
pub struct Step {
    pub number: u32,
    pub gate: bool,
    /// It can't be taken back.
    pub last: bool,
}

/// The steps of a plan.
pub fn steps(plan: &Value) -> Vec<Step> {
    let all = plan["steps"].as_array().unwrap_or_else(|| panic!("no plan: {plan:#}")).iter();
    all.map(|step| Step {
        number: u32::try_from(step["step"].as_u64().unwrap()).unwrap(),
        gate: step["action"] == "wait",
        last: step["action"] == "remove",
    })
    .collect()
}

/// How much of the matrix is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Every point of every step, finished and undone.
    Full,
    /// Every point of every step, finished or undone by turns: each step sees both ends, and so does
    /// each state of journal and engine that has two names (after a step, before the next).
    Turns,
    /// Of the points, those in the middle of a step: nobody can know whether it happened.
    Middles,
    /// One of these, by turns.
    Once,
}

impl Extent {
    /// `QD_TEST_CRASH_FULL=1` asks for all there is.
    pub fn or_full(self) -> Self {
        if full() { Self::Full } else { self }
    }

    /// The points of a step, each with how it ends.
    fn points(self, number: u32) -> Vec<(&'static str, End)> {
        let (one, other) =
            if number.is_multiple_of(2) { (End::Finish, End::Undo) } else { (End::Undo, End::Finish) };
        let turns =
            [("before", End::Finish), ("mid-before", one), ("mid-after", other), ("after", End::Undo)];
        match self {
            Self::Turns => turns.to_vec(),
            Self::Middles => turns[1..3].to_vec(),
            // Two steps before, two steps after; so both ends have both.
            Self::Once => vec![turns[1 + number as usize / 2 % 2]],
            Self::Full => {
                let both = |(word, _)| [(word, End::Finish), (word, End::Undo)];
                turns.into_iter().flat_map(both).collect()
            }
        }
    }

    fn ends(self, turn: End) -> Vec<End> {
        if self == Self::Full { vec![End::Finish, End::Undo] } else { vec![turn] }
    }
}

/// Whether all there is was asked for.
pub fn full() -> bool {
    std::env::var("QD_TEST_CRASH_FULL").is_ok_and(|value| value == "1")
}

/// Killed on the way forward.
pub fn forward(op: Op, steps: &[Step], extent: Extent) -> Vec<Case> {
    let case = |at: String, end| Case { op, at, undo_at: None, end };
    let mut cases = Vec::new();
    cases.extend(extent.ends(End::Undo).into_iter().map(|end| case("recorded:0".into(), end)));
    for step in steps {
        let points = extent.points(step.number).into_iter();
        cases.extend(points.map(|(word, end)| case(format!("{word}:{}", step.number), end)));
    }
    cases.extend(extent.ends(End::Finish).into_iter().map(|end| case("ending:0".into(), end)));
    cases
}

/// Killed when all but clearing up is done, and then its undo killed.
pub fn undone(op: Op, steps: &[Step], extent: Extent) -> Vec<Case> {
    let done = steps.iter().rfind(|step| !step.last).unwrap();
    let case = |undo_at, end| Case { op, at: format!("after:{}", done.number), undo_at: Some(undo_at), end };
    let mut cases = Vec::new();
    cases.extend(extent.ends(End::Finish).into_iter().map(|end| case("undoing:0".into(), end)));
    for step in steps.iter().filter(|step| !step.last && !step.gate) {
        let points = extent.points(step.number).into_iter();
        cases.extend(points.map(|(word, end)| case(format!("undo-{word}:{}", step.number), end)));
    }
    cases
}
