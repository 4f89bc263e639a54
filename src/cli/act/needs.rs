//! What must be so before a change is begun: a journal where it needs one, and services nobody
//! else is at.

use crate::cli::exit::CliError;
use crate::cli::session::Session;
use crate::fleet::ServiceId;
use crate::journal::OperationRecord;
use crate::operate::Plan;

/// Refuse what can't be undone after a crash without a journal, where there is none and that was
/// not asked for. What needs none is only warned about.
pub(super) fn journal(plan: &Plan, session: &Session) -> Result<(), CliError> {
    let Some(problem) = session.journal_problem.as_ref().filter(|_| !session.without_journal) else {
        return Ok(());
    };
    if plan.needs_journal() {
        let remedy = problem.remedy();
        // Some say so themselves.
        let without = if remedy.contains("--no-journal") {
            ""
        } else {
            " Or add --no-journal: no record, no undo after a crash, no lock against a second qd."
        };
        return Err(CliError::refused(
            format!("{problem}: {} needs it, nothing was done", plan.intent.change),
            format!("{remedy}{without}"),
        ));
    }
    session.warn_unrecorded();
    Ok(())
}

/// Refuse what touches a service that an operation holds. Beginning would find out as well; saying
/// so before asking saves the user the question.
pub(super) fn locks(services: &[ServiceId], left: &[OperationRecord]) -> Result<(), CliError> {
    let held = |record: &&OperationRecord| record.begun.services.iter().any(|id| services.contains(id));
    let Some(record) = left.iter().find(held) else { return Ok(()) };
    let who = record.begun.who.words();
    let what = super::left::what(record);
    Err(if record.alive {
        CliError::refused(
            format!("{what} is under way, by {who}: nothing was done"),
            "Wait until it has ended.",
        )
    } else {
        CliError::refused(
            format!("{what} was left in the middle, by {who}: nothing was done"),
            format!("Say how it shall end first: qd finish {0}, or qd undo {0}.", record.id),
        )
    })
}
