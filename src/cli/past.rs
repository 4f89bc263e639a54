//! What the commands that look back have in common: a journal to read, and names that may be gone.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::exit::CliError;
use super::say;
use super::session::Session;
use super::target::{self, TargetError};
use crate::fleet::{Fleet, ServiceId};
use crate::journal::Journal;
use crate::operate::Target;
use crate::text::human::{self, Clock};

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
pub(super) fn when(text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, CliError> {
    let parse = |text| human::parse_since(text, now).map_err(|e| CliError::usage(e.to_string(), ""));
    text.map(parse).transpose()
}

/// `2026-11-20 12:03:21`.
pub(super) fn clock(at: Timestamp, utc: bool) -> String {
    let mut text = human::clock(at, Clock::DateTime, utc);
    text.truncate("2026-11-20 12:03:21".len());
    text
}
