//! `qd finish [N]`, `qd undo [N]`: how an operation shall end that was left in the middle.

use jiff::Timestamp;

use super::act::{self, Job};
use super::args::{ActFormat, LeftArgs};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::{json, say};
use crate::engine::EngineError;
use crate::journal::{Journal, OperationRecord, OperationState};
use crate::operate::{Plan, Resume};

/// Bring it to one end or the other.
pub(super) async fn run(session: &mut Session, args: &LeftArgs, how: Resume) -> Result<Exit, CliError> {
    let word = how.word();
    let journal = journal(session)?;
    if session.settings.read_only && !args.ask.dry_run {
        return Err(EngineError::ReadOnly.into());
    }
    let fleet = session.fleet().await?;
    let instance = session.bridge(&fleet).instance;
    let left = journal.unfinished(&instance).await?;
    let Some(record) = choose(&journal, left, args.operation, how).await? else {
        let sentence = format!("nothing to {word}: no operation was left in the middle");
        if args.ask.output == ActFormat::Json {
            json::line(&mut session.out, &act::nothing_left(how, args.ask.dry_run, &sentence))?;
            session.out.flush()?;
        }
        say(&sentence);
        return Ok(Exit::Done);
    };
    let plan: Plan = serde_json::from_str(&record.begun.plan).map_err(|why| {
        CliError::refused(
            format!("can't {word} operation {}: its plan can't be read ({why})", record.id),
            "Another version of quarterdeck wrote it: use that one, or mend the service by hand (see qd journal).",
        )
    })?;
    if args.ask.dry_run {
        act::show_left(session, &plan, &record, how, args.ask.output)?;
        say("dry run: nothing was done");
        return Ok(Exit::Done);
    }
    let consent = act::confirm_left(session, &plan, &record, how, &args.ask)?;
    let job = Job { plan, consent, resume: Some((record, how)) };
    act::carry(session, &fleet, job, args.ask.output).await
}

/// Without it nobody knows what was left.
fn journal(session: &Session) -> Result<Journal, CliError> {
    match (&session.journal, &session.journal_problem) {
        (Some(journal), _) => Ok(journal.clone()),
        (None, Some(problem)) => Err(CliError::refused(problem.to_string(), problem.remedy())),
        (None, None) => Err(CliError::usage(
            "what was left in the middle stands in the journal",
            "Leave --no-journal out.",
        )),
    }
}

/// The operation that is meant; `None`: there is none at all.
async fn choose(
    journal: &Journal,
    mut left: Vec<OperationRecord>,
    wanted: Option<i64>,
    how: Resume,
) -> Result<Option<OperationRecord>, CliError> {
    let word = how.word();
    if let Some(id) = wanted {
        let Some(at) = left.iter().position(|record| record.id == id) else {
            return Err(ended(journal, id, word).await);
        };
        let record = left.swap_remove(at);
        if record.alive {
            return Err(CliError::refused(
                format!("can't {word} operation {id}: {} is still at it", record.begun.who.words()),
                "Wait until it has ended.",
            ));
        }
        return Ok(Some(record));
    }
    // Somebody's who is still at it is not meant.
    left.retain(|record| !record.alive);
    if left.len() > 1 {
        let now = Timestamp::now();
        for record in &left {
            say(act::left(record, now).text());
        }
        return Err(CliError::usage(
            format!("{} operations were left in the middle: which one?", left.len()),
            format!("Write its number: qd {word} {}.", left.first().map_or(0, |r| r.id)),
        ));
    }
    Ok(left.pop())
}

/// Why the operation of that number can't be picked up.
async fn ended(journal: &Journal, id: i64, word: &str) -> CliError {
    match journal.operation(id).await.unwrap_or_default() {
        Some(record) if record.state.ended() => CliError::refused(
            format!("can't {word} operation {id}: it has ended ({})", record.state.word()),
            match record.state {
                OperationState::Done => "To go back to what ran before: qd rollback SERVICE.",
                _ => "See qd journal for what became of it.",
            },
        ),
        Some(record) => CliError::refused(
            format!("can't {word} operation {id}: it is another engine's ({})", record.begun.host),
            "Name that engine with --host or --context.",
        ),
        None => CliError::usage(format!("there is no operation {id}"), "See qd journal for those there are."),
    }
}
