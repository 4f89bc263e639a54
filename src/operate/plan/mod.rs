//! From an intent and targets to a plan: which steps, in which order, and what to know before.
//!
//! Pure: reads only the fleet, the survey and the options it is given. Owns: the choreography of
//! every change. Must not: carry out anything, or look at anything by itself.
//!
//! ```text
//!  Intent ──aim──▶ services, replicas ──┬─ verbs    start, stop, …, up, down
//!                                       ├─ replace  deploy, recreate, roll back
//!                                       ├─ scale    limit
//!                                       └─ managed  all of it, where the engine looks after them
//!                      Draft (waves, lanes) ──▶ warnings, gaps, confirmation ──▶ Plan
//! ```

mod aim;
mod data;
mod draft;
mod gap;
mod images;
mod layers;
mod limit;
mod managed;
mod overlap;
mod refuse;
mod replace;
mod rows;
mod scale;
mod scene;
mod sure;
#[cfg(test)]
mod tests;
mod verbs;

pub use data::{Confirm, Options, Plan, Seat, Skipped};
pub use rows::{PlanJson, PlanRow};

pub(super) use draft::{Draft, Weight};
pub(super) use layers::needs;
pub(super) use overlap::{called, is_written};
pub(super) use scene::Scene;

use std::collections::HashSet;

use super::{Change, Intent, PlannedStep, Refusal, warn, words};
use crate::engine::{Query, Survey};
use crate::fleet::{Fleet, Image, Replica, ReplicaId, Role, ServiceId, Verb};

/// So many services beside those aimed at are looked at, to tell who is affected.
const NEIGHBOURS: usize = 256;

/// What has to be looked at before [`plan()`] can plan this. Empty: nothing.
///
/// # Errors
/// A [`Refusal`] when what was aimed at is not there.
pub fn query(intent: &Intent, fleet: &Fleet) -> Result<Query, Refusal> {
    let aims = aim::resolve(intent, fleet)?;
    let mut query = Query::default();
    let mut seen = HashSet::new();
    for aim in &aims.services {
        // The others of the service too: whether they could stand side by side is seen by them.
        let whole = fleet.replicas_of(&aim.service).filter(|r| r.role == Role::Replica);
        for replica in aim.replicas.iter().copied().chain(whole) {
            if seen.insert(&replica.id) {
                query.replicas.push(replica.id.clone());
            }
        }
        query.services.push(aim.service.clone());
    }
    let current = aims.services.iter().flat_map(|aim| aim.replicas.iter().map(|r| &r.image));
    query.images = images::to_ask(&intent.change, current);
    if query.images.is_empty() && asks_for_images(&intent.change) {
        // A service without replicas: its engine may know its image all the same.
        query.images = images::to_ask(&intent.change, std::iter::once(&Image::default()));
    }
    if affects_others(&intent.change) {
        let aimed = query.services.len();
        let others = || fleet.services().filter(|s| !aims.services.iter().any(|aim| aim.service == s.id));
        let shown = others().filter_map(|s| representative(fleet, &s.id)).take(NEIGHBOURS);
        query.replicas.extend(shown.map(|r| r.id.clone()));
        let near = others().filter(|s| aims.services.iter().any(|aim| aim.service.project == s.id.project));
        query.services.extend(near.map(|s| s.id.clone()).take(NEIGHBOURS.saturating_sub(aimed)));
    }
    Ok(query)
}

/// What the first survey shows to be missing: images that only its blueprints name (an engine's
/// list may call an image by its id once its reference means another one). `None`: nothing.
pub(super) fn query_again(intent: &Intent, aimed: &Aimed, survey: &Survey) -> Option<Query> {
    let seen = aimed.replicas.iter().filter_map(|id| survey.replica(id)).map(|b| &b.image);
    let managed = aimed.services.iter().filter_map(|id| survey.managed(id)).map(|m| &m.image);
    let mut images = images::to_ask(&intent.change, seen.chain(managed));
    images.retain(|asked| !survey.images.iter().any(|(known, _)| known == asked));
    (!images.is_empty()).then(|| Query { images, ..Query::default() })
}

/// What an intent is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Aimed {
    pub replicas: Vec<ReplicaId>,
    pub services: Vec<ServiceId>,
}

impl Aimed {
    pub fn at(intent: &Intent, fleet: &Fleet) -> Self {
        let aims = aim::resolve(intent, fleet).map(|aims| aims.services).unwrap_or_default();
        Self {
            replicas: aims.iter().flat_map(|aim| &aim.replicas).map(|r| r.id.clone()).collect(),
            services: aims.into_iter().map(|aim| aim.service).collect(),
        }
    }
}

fn replaces(change: &Change) -> bool {
    matches!(change, Change::Deploy { .. } | Change::Rollback { .. } | Change::Recreate)
}

fn asks_for_images(change: &Change) -> bool {
    matches!(change, Change::Deploy { .. } | Change::Rollback { .. })
}

/// Whether other services may suffer, so that they are looked at as well.
fn affects_others(change: &Change) -> bool {
    match change {
        Change::Act(verb) => !matches!(verb, Verb::Start | Verb::Unpause),
        Change::Scale { .. } | Change::Up => false,
        Change::Deploy { .. }
        | Change::Recreate
        | Change::Rollback { .. }
        | Change::Limit { .. }
        | Change::Down => true,
    }
}

/// One replica to judge a service by: what holds for one holds for all.
fn representative<'a>(fleet: &'a Fleet, service: &ServiceId) -> Option<&'a Replica> {
    let replicas = || fleet.replicas_of(service).filter(|r| r.role == Role::Replica);
    replicas().find(|r| r.is_up()).or_else(|| replicas().next())
}

/// Resolve an intent to a plan.
///
/// A project or service stands for its replicas; one-off jobs are touched only when they are named
/// themselves. Replicas in a state in which the change is senseless are skipped and listed.
///
/// # Errors
/// A [`Refusal`] when nothing is left to be done or it can't be done, with the reason.
pub fn plan(intent: &Intent, fleet: &Fleet, survey: &Survey, options: &Options) -> Result<Plan, Refusal> {
    let aims = aim::resolve(intent, fleet)?;
    let scene = Scene { intent, fleet, survey, options };
    refuse::unknown_token(&scene)?;
    refuse::unwatched(&scene, replaces(&intent.change))?;
    let mut draft = Draft::default();
    match &intent.change {
        Change::Act(verb) => verbs::plan(&scene, &aims, *verb, &mut draft)?,
        Change::Up => verbs::up(&scene, &aims, &mut draft)?,
        Change::Down => verbs::down(&scene, &aims, &mut draft)?,
        Change::Scale { to } => scale::plan(&scene, &aims, *to, &mut draft)?,
        Change::Limit { cpus, memory } => limit::plan(&scene, &aims, *cpus, *memory, &mut draft)?,
        Change::Deploy { .. } | Change::Recreate | Change::Rollback { .. } => {
            replace::plan(&scene, &aims, &mut draft)?;
        }
    }
    let steps = draft.finish();
    if steps.is_empty() {
        let why = words::nothing_left(&draft.skipped, aims.jobs_passed_over);
        let generic = Refusal::Nothing { verb: intent.change.clone(), why, remedy: String::new() };
        return Err(draft.said_nothing().unwrap_or(generic));
    }
    let services = distinct_services(&steps);
    warn::warnings(&scene, &steps, &services, &mut draft);
    let confirm = sure::confirm(&scene, &steps, &services)?;
    Ok(Plan {
        intent: intent.clone(),
        services,
        steps,
        warnings: draft.warnings(),
        expects: draft.expects,
        images: draft.images,
        gaps: draft.gaps,
        skipped: draft.skipped,
        only_newer: draft.only_newer,
        confirm,
    })
}

fn distinct_services(steps: &[PlannedStep]) -> Vec<ServiceId> {
    let mut seen = HashSet::new();
    steps.iter().map(|s| &s.service).filter(|id| seen.insert(*id)).cloned().collect()
}
