//! `qd start|stop|restart|pause|unpause|kill|rm`: plan, ask, do, and say what became of it.
//!
//! What a verb means for which replicas is decided by [`crate::operate`]; this file resolves
//! names, asks, and prints.

mod report;

use std::io::{self, BufRead, IsTerminal, Write};

use tokio_util::sync::CancellationToken;

use super::args::{Act, ActFormat};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::style::Paint;
use super::{json, say, target};
use crate::engine::{Consent, EngineError, Survey};
use crate::fleet::{Fleet, Replica, State, Verb};
use crate::operate::{
    self, Change, Confirm, Intent, JobId, Options, Outcome, Plan, Progress, Refusal, Target,
};

pub(super) use report::schema;
use report::{ActJson, plan_table};

/// Run one action, from names to outcome.
pub(super) async fn run(session: &mut Session, act: Act) -> Result<Exit, CliError> {
    // The guard at the engine's edge would refuse each step as well; saying so before asking
    // saves the user the question.
    if session.settings.read_only && !act.args.dry_run {
        return Err(EngineError::ReadOnly.into());
    }
    let fleet = session.fleet().await?;
    let project = act.args.project.as_deref();
    let targets = act
        .args
        .targets
        .iter()
        .map(|name| target::resolve(&fleet, name, project))
        .collect::<Result<Vec<_>, _>>()?;
    let options = Options {
        timeout: act.timeout,
        signal: act.signal.clone(),
        force: act.force,
        // Read-only as a whole is the guard's business: a dry run may be planned all the same.
        protection: crate::config::Protection { read_only: false, ..session.settings.protection() },
        ..Options::default()
    };
    let intent = Intent { change: Change::Act(act.verb), targets };
    let plan = match operate::plan(&intent, &fleet, &Survey::default(), &options) {
        Ok(plan) => plan,
        Err(refusal) => return refused(session, &act, &fleet, &intent.targets, &refusal),
    };
    if act.args.dry_run {
        return dry_run(session, &act, &plan);
    }
    session.warn_unrecorded();
    let consent = confirm(&act, &plan)?;
    let outcome = carry_out(session, &act, &fleet, &plan, consent).await?;
    finish(session, &act, &plan, &outcome)
}

/// Nothing is left to do. That is success where everything is as it was asked to be (so scripts
/// may repeat themselves), and a refusal where it is not.
fn refused(
    session: &mut Session,
    act: &Act,
    fleet: &Fleet,
    targets: &[Target],
    refusal: &Refusal,
) -> Result<Exit, CliError> {
    let wanted = |replica: &Replica| {
        matches!(
            (act.verb, replica.state),
            (Verb::Start | Verb::Unpause, State::Running)
                | (Verb::Stop, State::Exited | State::Created | State::Dead)
                | (Verb::Pause, State::Paused)
        )
    };
    let mut aimed = fleet
        .services()
        .filter(|s| targets.iter().any(|t| target::covers(t, &s.id, fleet)))
        .flat_map(|s| fleet.replicas_of(&s.id))
        .peekable();
    if matches!(refusal, Refusal::Nothing { .. }) && aimed.peek().is_some() && aimed.all(wanted) {
        say(&format!("{refusal}"));
        if act.args.output == ActFormat::Json {
            json::pretty(&mut session.out, &ActJson::nothing(act.verb, &refusal.to_string()))?;
        }
        session.out.flush()?;
        return Ok(Exit::Done);
    }
    Err(CliError::refused(refusal.to_string(), "See qd status --all for the state of everything."))
}

/// Say what would be done.
fn dry_run(session: &mut Session, act: &Act, plan: &Plan) -> Result<Exit, CliError> {
    match act.args.output {
        ActFormat::Json => json::pretty(&mut session.out, &ActJson::planned(plan))?,
        ActFormat::Table => {
            let table =
                plan_table(plan).render(&session.out.paint, session.out.fit(), session.out.glyphs.ellipsis);
            session.out.text(&table)?;
        }
    }
    session.out.flush()?;
    for warning in &plan.warnings {
        say(&format!("warning: {warning}"));
    }
    say("dry run: nothing was done");
    Ok(Exit::Done)
}

/// Make sure the user means it, as far as the plan demands.
fn confirm(act: &Act, plan: &Plan) -> Result<Consent, CliError> {
    let confirmed = act.args.confirm.as_deref();
    match &plan.confirm {
        Confirm::Typed(word) if confirmed == Some(word) => return Ok(Consent::Typed),
        Confirm::Open => {
            announce(plan);
            return Ok(Consent::None);
        }
        Confirm::Typed(word) => {
            if let Some(typed) = confirmed {
                return Err(CliError::refused(
                    format!("{word} is protected, and --confirm says {typed:?}: nothing was done"),
                    format!("Write --confirm {word} if that is what you mean."),
                ));
            }
        }
        Confirm::Yes if act.args.yes => {
            announce(plan);
            return Ok(Consent::Yes);
        }
        Confirm::Yes => {}
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(unasked(act, plan));
    }
    show(plan);
    match &plan.confirm {
        Confirm::Open | Confirm::Yes => {
            if matches!(ask(&format!("{} [y/N] ", plan.question()))?.to_lowercase().as_str(), "y" | "yes") {
                return Ok(Consent::Yes);
            }
        }
        Confirm::Typed(word) => {
            say(&format!("{} {word} is protected.", plan.question()));
            if ask(&format!("Type {word} to go on: "))? == **word {
                return Ok(Consent::Typed);
            }
        }
    }
    Err(CliError::refused(format!("{} was not confirmed: nothing was done", act.verb), ""))
}

/// Nobody to ask.
fn unasked(act: &Act, plan: &Plan) -> CliError {
    let question = plan.question();
    match &plan.confirm {
        Confirm::Open | Confirm::Yes => CliError::refused(
            format!(
                "{question} Nobody to ask (no terminal): {} was not confirmed, nothing was done",
                act.verb
            ),
            "Add --yes to mean it, or --dry-run to see the plan.",
        ),
        Confirm::Typed(word) => CliError::refused(
            format!("{question} {word} is protected, and nobody to ask (no terminal): nothing was done"),
            format!("Add --confirm {word} to mean it; --yes is not enough here."),
        ),
    }
}

/// The plan and its warnings, before the question.
fn show(plan: &Plan) {
    let table = plan_table(plan).render(&Paint::none(), None, "…");
    // A stderr that can't be written can't be asked on either; `ask` then says so.
    let _ = io::stderr().write_all(table.as_bytes());
    for warning in &plan.warnings {
        say(&format!("warning: {warning}"));
    }
}

/// What a script's log should hold where nobody is asked: warnings, and what is left alone.
fn announce(plan: &Plan) {
    for warning in &plan.warnings {
        say(&format!("warning: {warning}"));
    }
    for skipped in &plan.skipped {
        say(&format!("skipped {}: {}", skipped.name, skipped.why));
    }
}

/// One line from the terminal, trimmed; empty at its end.
fn ask(question: &str) -> Result<String, CliError> {
    let unreadable = |e: io::Error| {
        CliError::refused(
            format!("cannot ask on this terminal ({e}): nothing was done"),
            "Add --yes to mean it.",
        )
    };
    let mut stderr = io::stderr();
    stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush()).map_err(unreadable)?;
    let mut answer = String::new();
    if io::stdin().lock().read_line(&mut answer).map_err(unreadable)? == 0 {
        say("");
    }
    Ok(answer.trim().to_owned())
}

/// Do it, with a line for every replica as it ends. Ctrl-C leaves what has not begun undone.
async fn carry_out(
    session: &mut Session,
    act: &Act,
    fleet: &Fleet,
    plan: &Plan,
    consent: Consent,
) -> Result<Outcome, CliError> {
    let cancel = CancellationToken::new();
    let _on_signal = cancel_on_interrupt(cancel.clone());
    let bridge = session.bridge(fleet);
    let mut told = operate::run(bridge, JobId(1), plan.clone(), consent, cancel.clone());
    let watched = io::stderr().is_terminal();
    // An output that breaks must not hide the outcome: the job goes on, the error is told after.
    let mut broken = None;
    while let Some(progress) = told.recv().await {
        match progress {
            Progress::Began { name, .. } if watched => say(&format!("{} {name} …", act.verb)),
            Progress::Began { .. }
            | Progress::Recorded { .. }
            | Progress::Waiting { .. }
            | Progress::Undoing { .. } => {}
            Progress::Ended { outcome, .. } => {
                if act.args.output == ActFormat::Table && broken.is_none() {
                    let line = report::line(&outcome);
                    broken = session.out.line(&line).and_then(|()| session.out.flush()).err();
                }
            }
            Progress::Finished { outcome, .. } => {
                return match broken {
                    Some(error) if outcome.ok() => Err(error),
                    _ => Ok(outcome),
                };
            }
        }
    }
    Err(CliError::failed(
        "the job ended without an outcome",
        "See qd status for what became of it; this is a fault of quarterdeck, please report it.",
    ))
}

/// Cancel on Ctrl-C or SIGTERM, as long as the guard lives.
fn cancel_on_interrupt(cancel: CancellationToken) -> tokio_util::task::AbortOnDropHandle<()> {
    tokio_util::task::AbortOnDropHandle::new(tokio::spawn(async move {
        super::interrupt().await;
        say("interrupted: what has not begun is left undone");
        cancel.cancel();
    }))
}

/// The last word.
fn finish(session: &mut Session, act: &Act, plan: &Plan, outcome: &Outcome) -> Result<Exit, CliError> {
    if act.args.output == ActFormat::Json {
        json::pretty(&mut session.out, &ActJson::done(plan, outcome))?;
        session.out.flush()?;
    }
    let refused = outcome
        .failed()
        .any(|(_, error)| matches!(error, EngineError::ReadOnly | EngineError::Protected { .. }));
    let word = if outcome.ok() { "" } else { "qd: " };
    say(&format!("{word}{}", outcome.sentence()));
    let remedy =
        outcome.failed().map(|(_, error)| error).find(|e| !matches!(e, EngineError::NotBegun { .. }));
    if let Some(error) = remedy {
        say(&format!("    {}", error.remedy()));
    }
    Ok(match (outcome.ok(), refused) {
        (true, _) => Exit::Done,
        (false, true) => Exit::Refused,
        (false, false) if outcome.failed().all(|(_, e)| e.is_unreachable()) => Exit::Unreachable,
        (false, false) => Exit::Failed,
    })
}
