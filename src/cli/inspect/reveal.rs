//! `qd inspect --reveal`: what is masked, as it is. Meant, written down, then shown: in that order.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal as _};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;

use super::super::act;
use super::super::args::InspectArgs;
use super::super::exit::CliError;
use super::super::say;
use super::super::session::Session;
use super::AT_ONCE;
use crate::engine::{Details, Secrets};
use crate::fleet::{Fleet, ServiceId};

/// Names listed in a question.
const LISTED: usize = 8;

/// The secrets of these replicas, one for each, once showing them is on record.
pub(super) async fn reveal(
    session: &Session,
    fleet: &Fleet,
    all: &[Details],
    args: &InspectArgs,
) -> Result<Vec<Secrets>, CliError> {
    let masked: BTreeSet<String> = all.iter().flat_map(|details| Secrets::masked(&details.env)).collect();
    if masked.is_empty() {
        say("nothing in its environment is masked: there is nothing to reveal");
        return Ok(Vec::new());
    }
    recordable(session)?;
    confirm(session, args, &masked)?;
    let engine = session.engine.clone();
    let ids = all.iter().map(|details| details.replica.id.clone());
    let secrets: Vec<Secrets> =
        stream::iter(ids).map(|id| engine.reveal(&id)).buffered(AT_ONCE).try_collect().await?;
    record(session, fleet, all, &secrets).await?;
    Ok(secrets)
}

/// What can't be written down is not shown, unless that is asked for.
fn recordable(session: &Session) -> Result<(), CliError> {
    match &session.journal_problem {
        Some(problem) if !session.without_journal => Err(refused(problem)),
        _ => Ok(()),
    }
}

fn refused(problem: &crate::journal::JournalError) -> CliError {
    let remedy = problem.remedy();
    let without =
        if remedy.contains("--no-journal") { "" } else { " Or add --no-journal: it is not recorded then." };
    CliError::refused(
        format!("{problem}: a reveal has to be written down, nothing was shown"),
        format!("{remedy}{without}"),
    )
}

fn confirm(session: &Session, args: &InspectArgs, masked: &BTreeSet<String>) -> Result<(), CliError> {
    if args.yes {
        return Ok(());
    }
    let mut names: Vec<&str> = masked.iter().map(String::as_str).take(LISTED).collect();
    let more = format!("and {} more", masked.len() - names.len());
    if masked.len() > names.len() {
        names.push(&more);
    }
    let count = match masked.len() {
        1 => "1 masked value".to_owned(),
        n => format!("{n} masked values"),
    };
    let question = format!("Show {count} of {} ({})?", args.target, names.join(", "));
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(CliError::refused(
            format!("{question} Nobody to ask (no terminal): nothing was shown"),
            "Add --yes to mean it.",
        ));
    }
    let kept = if session.journal.is_some() {
        "The journal keeps who looked, and these names."
    } else {
        "It is not recorded."
    };
    let answer = act::ask(&format!("{question} {kept} [y/N] "))?.to_lowercase();
    if matches!(answer.as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(CliError::refused("it was not confirmed: nothing was shown", ""))
}

/// Names, never values; each service's by itself.
async fn record(
    session: &Session,
    fleet: &Fleet,
    all: &[Details],
    secrets: &[Secrets],
) -> Result<(), CliError> {
    let Some(journal) = &session.journal else { return Ok(()) };
    let mut names: BTreeMap<&ServiceId, BTreeSet<&str>> = BTreeMap::new();
    for (details, secrets) in all.iter().zip(secrets) {
        names.entry(&details.replica.service).or_default().extend(secrets.names());
    }
    let (instance, at) = (session.bridge(fleet).instance, Timestamp::now());
    for (service, names) in names.into_iter().filter(|(_, names)| !names.is_empty()) {
        let names = names.into_iter().map(str::to_owned).collect();
        let written = journal.revealed(&instance, service, names, session.who.clone(), at).await;
        written.map_err(|problem| refused(&problem))?;
    }
    Ok(())
}
