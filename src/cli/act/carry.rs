//! Carrying a confirmed plan out, with a word about every step, until it has ended.

use tokio::time::{MissedTickBehavior, interval};

use super::live::TICK;
use super::signals::{Answer, Signals, answer};
use super::teller::Teller;
use super::{exit_of, outcome, report};
use crate::cli::args::ActFormat;
use crate::cli::exit::{CliError, Exit};
use crate::cli::json;
use crate::cli::session::Session;
use crate::engine::Consent;
use crate::fleet::Fleet;
use crate::journal::OperationRecord;
use crate::operate::{self, Control, JobId, Outcome, Plan, Progress, Resume};

/// What is carried out.
pub(in crate::cli) struct Job {
    /// The plan.
    pub(in crate::cli) plan: Plan,
    /// How surely it is meant.
    pub(in crate::cli) consent: Consent,
    /// It was begun before: which operation, and how it shall end.
    pub(in crate::cli) resume: Option<(OperationRecord, Resume)>,
}

/// Carry it out and say what became of it.
pub(in crate::cli) async fn carry(
    session: &mut Session,
    fleet: &Fleet,
    job: Job,
    format: ActFormat,
) -> Result<Exit, CliError> {
    let Job { plan, consent, resume } = job;
    let control = Control::default();
    let bridge = session.bridge(fleet);
    // Before the first step: from here on Ctrl-C has to mean something else.
    let mut signals = Signals::listen();
    let asked = resume.as_ref().map(|(_, how)| *how);
    let mut told = match resume {
        Some((record, how)) => operate::resume(bridge, JobId(1), record, how, consent, control.clone()),
        None => operate::run(bridge, JobId(1), plan.clone(), consent, control.clone()),
    };
    let mut teller = Teller::new(&mut session.out, format, &plan.steps);
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let outcome = loop {
        tokio::select! {
            biased;
            progress = told.recv() => {
                let Some(progress) = progress else { break None };
                teller.tell(&progress);
                if let Progress::Finished { outcome, .. } = progress {
                    break Some(outcome);
                }
            }
            signal = signals.next() => match answer(signal, &control) {
                Answer::Cancel => teller.say(
                    "interrupted: going back; what has not begun is left undone (once more: stop where it is)",
                ),
                Answer::Abandon => teller.say("stopping behind the step under way; the rest is left as it is"),
                // What was begun is written down; the next qd says so.
                Answer::Leave => std::process::exit(Exit::Interrupted.code().into()),
            },
            _ = tick.tick(), if teller.ticks() => teller.tick(),
        }
    };
    let broken = teller.broken();
    let outcome = outcome.ok_or_else(lost)?;
    end(session, &plan, &outcome, asked, format, broken)
}

/// The last word. An output that broke must not hide how it ended.
fn end(
    session: &mut Session,
    plan: &Plan,
    outcome: &Outcome,
    how: Option<Resume>,
    format: ActFormat,
    mut broken: Option<CliError>,
) -> Result<Exit, CliError> {
    if format == ActFormat::Json && broken.is_none() {
        let out = &mut session.out;
        let printed = json::line(out, &report::ActJson::done(plan, outcome, how)).and_then(|()| out.flush());
        broken = printed.err();
    }
    outcome::tell(outcome, how);
    match broken {
        Some(error) if outcome::is_as_wanted(outcome, how) => Err(error),
        _ => Ok(exit_of(outcome, how)),
    }
}

fn lost() -> CliError {
    CliError::failed(
        "the job ended without an outcome",
        "See qd status for what became of it; this is a fault of quarterdeck, please report it.",
    )
}
