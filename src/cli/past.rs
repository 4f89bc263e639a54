//! What the commands that look back have in common: a journal to read, and names that may be gone.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use super::exit::CliError;
use super::say;
use super::session::Session;
use super::target::{self, TargetError};
use crate::fleet::{Fleet, ServiceId};
use crate::journal::{EngineRecord, Journal};
use crate::operate::Target;
use crate::text::human::{self, Clock};
use crate::text::sanitize;

/// Columns of an engine's id that tell it from others.
const SHORT: usize = 12;

/// The journal to read in: also one that can't be written.
pub(super) fn journal(session: &Session) -> Result<Journal, CliError> {
    let refused = |error: &crate::journal::JournalError| CliError::refused(error.to_string(), error.remedy());
    match (&session.journal, &session.journal_problem) {
        (Some(journal), _) => Ok(journal.clone()),
        (None, Some(problem)) => {
            let path = problem.readable().ok_or_else(|| refused(problem))?;
            Journal::open_to_read(path).map_err(|_| refused(problem))
        }
        (None, None) => {
            Err(CliError::usage("what was done here stands in the journal", "Leave --no-journal out."))
        }
    }
}

/// What the engine has; `None`, with a warning, where it can't be reached: what was is known
/// without it.
pub(super) async fn fleet(session: &Session) -> Option<Fleet> {
    match session.fleet().await {
        Ok(fleet) => Some(fleet),
        Err(error) => {
            say(&format!("warning: {error}"));
            say("    What stands in the journal is shown, of every engine in it.");
            None
        }
    }
}

/// An engine whose past is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EnginePast {
    /// What the journal knows it by.
    pub(super) instance: String,
    /// What to call it: its host, where that tells it from the others.
    pub(super) name: String,
}

/// The engines to look at: the one that is there, else every one on record.
pub(super) async fn engines(
    journal: &Journal,
    fleet: Option<&Fleet>,
    instance: Option<&str>,
) -> Result<Vec<EnginePast>, CliError> {
    let Some(instance) = instance else { return Ok(named(journal.engines().await?)) };
    let host = fleet.and_then(Fleet::engine).map(|engine| engine.host.clone()).unwrap_or_default();
    Ok(named(vec![EngineRecord { instance: instance.to_owned(), host }]))
}

/// Hosts are told apart by their engines' ids where they are called the same, or nothing.
fn named(engines: Vec<EngineRecord>) -> Vec<EnginePast> {
    let mut hosts: HashMap<String, usize> = HashMap::new();
    for engine in &engines {
        *hosts.entry(engine.host.clone()).or_default() += 1;
    }
    let name = |engine: &EngineRecord| {
        let id = sanitize::label(&engine.instance, SHORT).to_string();
        match (engine.host.as_str(), hosts.get(&engine.host)) {
            ("", _) => id,
            (host, Some(2..)) => format!("{host} ({id})"),
            (host, _) => host.to_owned(),
        }
    };
    let names: Vec<String> = engines.iter().map(name).collect();
    let past = |(engine, name): (EngineRecord, String)| EnginePast { instance: engine.instance, name };
    engines.into_iter().zip(names).map(past).collect()
}

/// The services a name means: what is there, else what the journal remembers.
pub(super) fn services(
    fleet: Option<&Fleet>,
    known: &[ServiceId],
    name: &str,
    project: Option<&str>,
) -> Result<Vec<ServiceId>, CliError> {
    let here = match fleet.map(|fleet| (fleet, target::resolve(fleet, name, project))) {
        Some((fleet, Ok(target))) => {
            let mut found: BTreeSet<ServiceId> = fleet
                .services()
                .filter(|s| target::covers(&target, &s.id, fleet))
                .map(|s| s.id.clone())
                .collect();
            if let Target::Project(project) = &target {
                // With those of it that are gone.
                found.extend(known.iter().filter(|s| s.project == *project).cloned());
            }
            return Ok(found.into_iter().collect());
        }
        Some((_, Err(error @ TargetError::Ambiguous { .. }))) => return Err(error.into()),
        Some((_, Err(error))) => Some(error),
        None => None,
    };
    let found = remembered(known, name, project);
    let projects: BTreeSet<_> = found.iter().map(|s| &s.project).collect();
    if projects.len() > 1 {
        let paths: BTreeSet<String> = found.iter().map(ServiceId::path).collect();
        let paths = paths.into_iter().collect::<Vec<_>>().join(", ");
        return Err(CliError::usage(
            format!("{name:?} could be any of: {paths}"),
            "Write project/service, or use --project.",
        ));
    }
    if !found.is_empty() {
        return Ok(found);
    }
    Err(match here {
        Some(TargetError::Nothing { name, similar }) => CliError::usage(
            format!("there is no service or replica {name:?} here, and none in the journal"),
            TargetError::Nothing { name, similar }.remedy(),
        ),
        Some(error) => error.into(),
        None => CliError::usage(
            format!("the journal knows no service {name:?}"),
            "See qd journal for what it knows.",
        ),
    })
}

fn remembered(known: &[ServiceId], name: &str, project: Option<&str>) -> Vec<ServiceId> {
    let is = |service: &&ServiceId| {
        let at_home = project.is_none_or(|p| service.project.as_deref() == Some(p));
        let named = match name.split_once('/') {
            Some((left, "")) => service.project.as_deref().unwrap_or("") == left,
            Some((left, right)) => {
                service.project.as_deref().unwrap_or("") == left && *service.name == *right
            }
            None => *service.name == *name,
        };
        at_home && named
    };
    known.iter().filter(is).cloned().collect()
}

/// When a time given on the command line was.
fn when(text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, CliError> {
    let parse = |text| human::parse_since(text, now).map_err(|e| CliError::usage(e.to_string(), ""));
    text.map(parse).transpose()
}

/// From when until when.
pub(super) fn span(
    since: Option<&str>,
    until: Option<&str>,
    now: Timestamp,
) -> Result<(Option<Timestamp>, Option<Timestamp>), CliError> {
    let (since, until) = (when(since, now)?, when(until, now)?);
    if since.zip(until).is_some_and(|(since, until)| since > until) {
        return Err(CliError::usage("--since is later than --until: nothing lies between", "Swap them."));
    }
    Ok((since, until))
}

/// `2026-11-20 12:03:21`.
pub(super) fn clock(at: Timestamp, utc: bool) -> String {
    let mut text = human::clock(at, Clock::DateTime, utc);
    text.truncate("2026-11-20 12:03:21".len());
    text
}
