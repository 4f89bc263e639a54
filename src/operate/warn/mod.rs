//! What to know before saying yes. Few and true: a warning that is always there is not read.

mod depend;
mod ports;
mod seat;
mod shared;

use std::collections::HashSet;

use super::plan::{Draft, Scene, Weight};
use super::{Change, PlannedStep, Work, words};
use crate::engine::{Act, Step};
use crate::fleet::{Fleet, Replica, Role, ServiceId, State, Verb};

/// Put the warnings of a plan into its draft.
pub(super) fn warnings(scene: &Scene, steps: &[PlannedStep], services: &[ServiceId], draft: &mut Draft) {
    let struck = struck(steps, scene.fleet);
    losses(scene, steps, draft);
    depend::left_without(scene, &struck, services, draft);
    depend::away_meanwhile(scene, services, draft);
    depend::without_network(scene, &struck, draft);
    depend::not_running(scene, services, draft);
    depend::unknown_order(scene, services, draft);
    ports::clashes(scene, steps, draft);
    shared::data_goes_over(scene, draft);
    shared::removed_on_stop(scene, &struck, draft);
    seat::sawn_off(scene, &struck, services, draft);
}

/// A replica that a step takes down, be it for a moment.
struct Struck<'a> {
    replica: &'a Replica,
    verb: Verb,
}

fn struck<'a>(steps: &[PlannedStep], fleet: &'a Fleet) -> Vec<Struck<'a>> {
    let mut seen = HashSet::new();
    let acts = steps.iter().filter_map(|step| {
        let verb = step.verb().filter(|verb| {
            matches!(verb, Verb::Stop | Verb::Restart | Verb::Kill | Verb::Remove | Verb::Pause)
        })?;
        let replica = fleet.replica(step.replica()?)?;
        Some(Struck { replica, verb })
    });
    let up = |s: &Struck| matches!(s.replica.state, State::Running | State::Paused | State::Restarting);
    acts.filter(up).filter(|s| seen.insert(&s.replica.id)).collect()
}

/// Whether the service is down once this is done: nothing of it runs that is not struck, and
/// nothing takes its place.
fn ends(scene: &Scene, struck: &[Struck], service: &ServiceId) -> bool {
    let stays_down = match &scene.intent.change {
        Change::Act(verb) => matches!(verb, Verb::Stop | Verb::Kill | Verb::Remove | Verb::Pause),
        Change::Down => true,
        _ => false,
    };
    let replicas = || scene.fleet.replicas_of(service).filter(|r| r.role == Role::Replica);
    let was_up = replicas().any(|r| r.state == State::Running);
    let survives =
        replicas().any(|r| r.state == State::Running && !struck.iter().any(|s| s.replica.id == r.id));
    stays_down && was_up && !survives
}

/// What the verb itself costs.
fn losses(scene: &Scene, steps: &[PlannedStep], draft: &mut Draft) {
    let Change::Act(verb) = scene.intent.change else { return };
    let up = steps.iter().filter(|s| matches!(s.state, State::Running | State::Paused | State::Restarting));
    let up = up.count();
    match verb {
        Verb::Remove if scene.options.force && up > 0 => {
            let words = words::replicas_are(up, "still up and will be");
            draft.warn(Weight::Data, format!("{words} killed first, without grace"));
        }
        Verb::Kill if scene.options.signal.is_none() => {
            draft.warn(Weight::Data, "no grace: what is in flight is lost");
        }
        _ => {}
    }
    if verb == Verb::Remove {
        let removed = steps.iter().filter_map(|step| match &step.work {
            Work::Step(Step::Act(Act { verb: Verb::Remove, .. })) => scene.survey.replica(step.replica()?),
            _ => None,
        });
        let volumes = removed.flat_map(|b| &b.mounts).filter(|mount| mount.anonymous).count();
        if volumes > 0 {
            let what = if volumes == 1 { "1 volume that has" } else { "several volumes that have" };
            draft.warn(Weight::Note, format!("{what} no name will belong to nobody; the data stays on disk"));
        }
    }
}
