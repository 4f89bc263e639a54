//! What a name on the command line means: service, project, replica, id prefix. Pure.
//!
//! A name never means two things silently: when it could, all candidates are listed and nothing
//! is done.

use std::collections::BTreeSet;
use std::sync::Arc;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};
use thiserror::Error;

use super::exit::CliError;
use crate::fleet::{Fleet, Replica, Role, ServiceId};
use crate::follow::Subject;
use crate::operate::Target;

/// An id prefix shorter than this is too easily a typo.
const SHORTEST_ID: usize = 4;
/// How many similar names or candidates a message lists.
const LISTED: usize = 8;

/// Why a name means nothing, or too much.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum TargetError {
    /// Nothing of that name.
    #[error("there is no service or replica {name:?} here")]
    Nothing {
        /// As written.
        name: String,
        /// Names that look like it, best first.
        similar: Vec<String>,
    },
    /// No such project.
    #[error("there is no project {name:?} here")]
    NoProject {
        /// As written.
        name: String,
        /// The projects there are.
        projects: Vec<String>,
    },
    /// It is a project, written as a service.
    #[error("{name:?} is a project, not a service")]
    IsProject {
        /// The project.
        name: String,
    },
    /// It could be several.
    #[error("{name:?} could be any of: {}", candidates.join(", "))]
    Ambiguous {
        /// As written.
        name: String,
        /// What it could be, each written so that it is not ambiguous.
        candidates: Vec<String>,
    },
}

impl TargetError {
    /// What to write instead.
    pub(super) fn remedy(&self) -> String {
        match self {
            Self::Nothing { similar, .. } if similar.is_empty() => {
                "See qd status --all for what is here.".into()
            }
            Self::Nothing { similar, .. } => format!("Did you mean {}?", similar.join(", ")),
            Self::NoProject { projects, .. } if projects.is_empty() => {
                "No project runs here; leave --project out.".into()
            }
            Self::NoProject { projects, .. } => format!("There are: {}.", projects.join(", ")),
            Self::IsProject { name } => format!("Write {name}/ to mean all its services."),
            Self::Ambiguous { .. } => "Write project/service, use --project, or an id.".into(),
        }
    }
}

impl From<TargetError> for CliError {
    fn from(error: TargetError) -> Self {
        Self::usage(error.to_string(), error.remedy())
    }
}

/// What `name` means in `fleet`, looking only at `project` where one is given.
///
/// Tried in this order: `project/`, `project/service` (or `project/replica`, `/service` for a lone
/// container), a service's or replica's exact name, a replica's id or id prefix of at least four
/// characters.
/// `/` alone means every lone container.
pub(super) fn resolve(fleet: &Fleet, name: &str, project: Option<&str>) -> Result<Target, TargetError> {
    if let Some(project) = project {
        has_project(fleet, project)?;
    }
    if let Some((left, right)) = name.split_once('/') {
        if (left, right) == ("", "") {
            return Ok(Target::Project(None));
        }
        if right.is_empty() {
            return has_project(fleet, left).map(|project| Target::Project(Some(project)));
        }
        let left = Some(left).filter(|l| !l.is_empty());
        if let Some(left) = left {
            has_project(fleet, left)?;
        }
        let found = exact(fleet, right, |of| of.project.as_deref() == left);
        return one(fleet, name, found);
    }
    let within = |of: &ServiceId| project.is_none_or(|p| of.project.as_deref() == Some(p));
    let found = exact(fleet, name, within);
    if !found.is_empty() {
        return one(fleet, name, found);
    }
    let found = by_id(fleet, name, within);
    if found.is_empty() && project.is_none() && projects(fleet).contains(name) {
        return Err(TargetError::IsProject { name: name.to_owned() });
    }
    one(fleet, name, found)
}

/// The service a target means, for commands that are about a service as a whole: itself, or that
/// of its only replica.
pub(super) fn service(fleet: &Fleet, target: Target, name: &str) -> Result<Target, CliError> {
    let id = match target {
        Target::Service(_) => return Ok(target),
        Target::Project(_) => {
            return Err(CliError::usage(
                format!("{name:?} is a project, and this is about one service"),
                "Write project/service.",
            ));
        }
        Target::Replica(id) => id,
    };
    let service = fleet.replica(&id).map(|replica| replica.service.clone());
    let Some(service) = service else {
        return Err(TargetError::Nothing { name: name.to_owned(), similar: Vec::new() }.into());
    };
    let siblings = fleet.replicas_of(&service).filter(|r| r.role == Role::Replica).count();
    if siblings > 1 {
        return Err(CliError::usage(
            format!("{name:?} is one of {siblings} replicas of {}", service.path()),
            format!("Write {} to mean them all.", service.path()),
        ));
    }
    Ok(Target::Service(service))
}

/// Whose logs a target means.
pub(super) fn subject(target: Target) -> Subject {
    match target {
        Target::Service(id) => Subject::Service(id),
        Target::Replica(id) => Subject::Replica(id),
        Target::Project(name) => Subject::Project(name),
    }
}

/// Whether a service, or one of its replicas, is what a target stands for.
pub(super) fn covers(target: &Target, service: &ServiceId, fleet: &Fleet) -> bool {
    match target {
        Target::Service(id) => id == service,
        Target::Replica(id) => fleet.replica(id).is_some_and(|r| r.service == *service),
        Target::Project(name) => service.project == *name,
    }
}

/// How to write a target so that it is not ambiguous.
pub(super) fn spelling(fleet: &Fleet, target: &Target) -> String {
    match target {
        Target::Service(id) if id.project.is_none() => format!("/{}", id.name),
        Target::Service(id) => id.path(),
        Target::Project(name) => format!("{}/", name.as_deref().unwrap_or("")),
        Target::Replica(id) => match fleet.replica(id) {
            Some(replica) => format!("{} ({})", id.short(), replica.name),
            None => id.short().to_owned(),
        },
    }
}

fn projects(fleet: &Fleet) -> BTreeSet<&str> {
    fleet.services().filter_map(|s| s.id.project.as_deref()).collect()
}

fn has_project(fleet: &Fleet, name: &str) -> Result<Arc<str>, TargetError> {
    fleet.services().find_map(|s| s.id.project.clone().filter(|p| **p == *name)).ok_or_else(|| {
        TargetError::NoProject {
            name: name.to_owned(),
            projects: projects(fleet).into_iter().map(str::to_owned).collect(),
        }
    })
}

/// Services and replicas of exactly that name; a replica of a service that is already found adds
/// nothing (a lone container is its own service).
fn exact(fleet: &Fleet, name: &str, within: impl Fn(&ServiceId) -> bool) -> Vec<Target> {
    let mut found: Vec<Target> = fleet
        .services()
        .filter(|s| *s.id.name == *name && within(&s.id))
        .map(|s| Target::Service(s.id.clone()))
        .collect();
    let replicas: Vec<Target> = all(fleet)
        .filter(|r| *r.name == *name && within(&r.service))
        .filter(|r| !found.contains(&Target::Service(r.service.clone())))
        .map(|r| Target::Replica(r.id.clone()))
        .collect();
    found.extend(replicas);
    found
}

fn by_id(fleet: &Fleet, prefix: &str, within: impl Fn(&ServiceId) -> bool) -> Vec<Target> {
    if prefix.len() < SHORTEST_ID {
        return Vec::new();
    }
    all(fleet)
        .filter(|r| r.id.id.starts_with(prefix) && within(&r.service))
        .map(|r| Target::Replica(r.id.clone()))
        .collect()
}

fn all(fleet: &Fleet) -> impl Iterator<Item = &Replica> {
    fleet.services().flat_map(|s| fleet.replicas_of(&s.id))
}

fn one(fleet: &Fleet, name: &str, mut found: Vec<Target>) -> Result<Target, TargetError> {
    if found.len() > 1 {
        let more = found.len().saturating_sub(LISTED);
        let mut candidates: Vec<String> = found.iter().take(LISTED).map(|t| spelling(fleet, t)).collect();
        if more > 0 {
            candidates.push(format!("and {more} more"));
        }
        return Err(TargetError::Ambiguous { name: name.to_owned(), candidates });
    }
    found.pop().ok_or_else(|| TargetError::Nothing { name: name.to_owned(), similar: similar(fleet, name) })
}

/// Names a mistyped one may have meant: fuzzy matches of it, and names that it contains.
fn similar(fleet: &Fleet, name: &str) -> Vec<String> {
    let last = name.rsplit('/').next().unwrap_or(name);
    let names: BTreeSet<String> = fleet.services().map(|s| s.id.path()).collect();
    let pattern = Pattern::new(last, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut found: Vec<String> =
        pattern.match_list(names.iter(), &mut matcher).into_iter().map(|(n, _)| n.clone()).collect();
    // Fuzzy matching wants every typed letter; a letter too many is the other common typo.
    for path in &names {
        let own = path.rsplit('/').next().unwrap_or(path);
        if !found.contains(path) && distance(own, last) <= 2 {
            found.push(path.clone());
        }
    }
    found.truncate(LISTED);
    found
}

/// Letters to insert, delete or change to get from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
