//! How sure the user must be.

use super::super::{PlannedStep, Refusal, Target, Work};
use super::{Confirm, Scene};
use crate::config::Level;
use crate::engine::{Act, Step};
use crate::fleet::{ServiceId, Verb};

/// The strictest level of all services. The word to type is the project's when a project was aimed
/// at (or several services of it), else the service's. Several projects: the first protected one's,
/// the dialog lists them all.
///
/// # Errors
/// [`Refusal::Protected`] when one of them is read-only.
pub(super) fn confirm(
    scene: &Scene,
    steps: &[PlannedStep],
    services: &[ServiceId],
) -> Result<Confirm, Refusal> {
    let host = scene.fleet.engine().map(|e| e.host.as_str()).unwrap_or_default();
    let dangerous = scene.intent.change.dangerous();
    let level = |id: &ServiceId| {
        let ends = dangerous || steps.iter().any(|step| step.service == *id && ends(step));
        scene.options.protection.level(host, id.project.as_deref(), &id.name, ends)
    };
    if let Some(closed) = services.iter().find(|id| level(id) == Level::ReadOnly) {
        return Err(Refusal::Protected { what: closed.path() });
    }
    let mut protected = services.iter().filter(|id| level(id) == Level::Typed);
    let Some(first) = protected.next() else {
        let open = services.iter().all(|id| level(id) == Level::Open);
        return Ok(if open { Confirm::Open } else { Confirm::Yes });
    };
    let targets = &scene.intent.targets;
    let whole_project = targets.iter().any(|t| matches!(t, Target::Project(p) if *p == first.project));
    let several = protected.any(|id| id.project == first.project);
    Ok(match &first.project {
        Some(project) if whole_project || several => Confirm::Typed(project.clone()),
        _ => Confirm::Typed(first.name.clone()),
    })
}

/// Whether a step, or taking it back, ends a replica: the engine's edge asks for as much consent
/// for a predecessor that is stopped, and for undoing what was made, as for a plain stop.
fn ends(step: &PlannedStep) -> bool {
    match &step.work {
        Work::Step(Step::Create(_) | Step::Discard { .. }) => true,
        Work::Step(Step::Act(Act { verb, .. })) => {
            matches!(verb, Verb::Stop | Verb::Kill | Verb::Remove)
        }
        Work::Step(Step::Steer { to, .. }) => to.replicas == Some(0),
        Work::Step(_) | Work::Gate(_) => false,
    }
}
