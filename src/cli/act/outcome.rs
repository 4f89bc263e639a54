//! The last word about an operation, and its exit code.

use super::say;
use crate::cli::exit::Exit;
use crate::engine::EngineError;
use crate::operate::{End, Outcome, Resume};

/// Whether it ended as it was asked to: who asks for an undo wants it undone.
pub(super) fn is_as_wanted(outcome: &Outcome, how: Option<Resume>) -> bool {
    outcome.ok() || (how == Some(Resume::Undo) && matches!(outcome.end, End::Undone { .. }))
}

/// Say what became of it, and what to do where it did not end as wanted.
pub(super) fn tell(outcome: &Outcome, how: Option<Resume>) {
    if is_as_wanted(outcome, how) {
        say(&outcome.sentence());
        for line in &outcome.advice {
            say(&format!("    {line}"));
        }
        return;
    }
    say(&format!("qd: {}", outcome.sentence()));
    for line in &outcome.advice {
        say(&format!("    {line}"));
    }
    let remedy = remedy(outcome);
    if !remedy.is_empty() {
        say(&format!("    {remedy}"));
    }
}

/// What to do about it: one sentence, or none.
pub(super) fn remedy(outcome: &Outcome) -> String {
    match &outcome.end {
        End::Done => String::new(),
        End::Refused { remedy, .. } => remedy.clone(),
        // Everything is as it was; what failed says what to look at.
        End::Undone { .. } | End::Failed { .. } => {
            let mut told = outcome.failed().map(|(_, error)| error);
            let first = told.find(|e| !matches!(e, EngineError::NotBegun { .. }));
            first.map(EngineError::remedy).unwrap_or_default()
        }
        End::Interrupted { .. } if !outcome.advice.is_empty() => String::new(),
        End::Interrupted { .. } => outcome
            .operation
            .map_or_else(String::new, |n| format!("Say how it shall end: qd finish {n}, or qd undo {n}.")),
    }
}

/// How it ended, in one lower-case word.
pub(super) fn word(end: &End) -> &'static str {
    match end {
        End::Done => "done",
        End::Refused { .. } => "refused",
        End::Undone { .. } => "undone",
        End::Failed { .. } => "failed",
        End::Interrupted { .. } => "interrupted",
    }
}

/// The exit code it ends with.
pub(super) fn exit_of(outcome: &Outcome, how: Option<Resume>) -> Exit {
    match &outcome.end {
        End::Done => Exit::Done,
        End::Refused { .. } => Exit::Refused,
        End::Undone { .. } if is_as_wanted(outcome, how) => Exit::Done,
        End::Undone { .. } => Exit::Undone,
        End::Interrupted { .. } => Exit::Interrupted,
        End::Failed { .. } => {
            let untouched = outcome.steps.iter().all(|step| step.result.is_err());
            let refused =
                |error: &EngineError| matches!(error, EngineError::ReadOnly | EngineError::Protected { .. });
            let real = || {
                let errors = outcome.failed().map(|(_, error)| error);
                errors.filter(|e| !matches!(e, EngineError::NotBegun { .. }))
            };
            if untouched && real().next().is_some() && real().all(EngineError::is_unreachable) {
                Exit::Unreachable
            } else if untouched && real().any(refused) {
                Exit::Refused
            } else {
                Exit::Failed
            }
        }
    }
}
