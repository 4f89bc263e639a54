//! Who needs what is changed, and who is needed.

use std::collections::BTreeSet;

use super::{Struck, ends};
use crate::fleet::{Fleet, Replica, ServiceId, State};
use crate::operate::Change;
use crate::operate::plan::{Draft, Scene, Weight, needs};
use crate::text::human;

/// Running services that depend on one that goes away altogether.
pub(super) fn left_without(scene: &Scene, struck: &[Struck], services: &[ServiceId], draft: &mut Draft) {
    for id in services.iter().filter(|id| ends(scene, struck, id)) {
        if let Some((near, far)) = depend(scene, id, services) {
            draft.warn(Weight::Others, near + &far);
        }
    }
}

/// Running services that depend on one that is away for a while.
pub(super) fn away_meanwhile(scene: &Scene, services: &[ServiceId], draft: &mut Draft) {
    let gaps: Vec<_> = draft.gaps.iter().filter_map(|g| Some((g.service.clone(), g.lasts?))).collect();
    for (id, lasts) in gaps {
        if let Some((near, far)) = depend(scene, &id, services) {
            let away = format!("{near}, which is away for up to {}{far}", human::duration(lasts));
            draft.warn(Weight::Others, away);
        }
    }
}

/// `order, auth and 3 more depend on postgres`, and `; 2 more on those`; running services beside
/// those of the plan.
fn depend(scene: &Scene, id: &ServiceId, planned: &[ServiceId]) -> Option<(String, String)> {
    let fleet = scene.fleet;
    let others = |other: &&ServiceId| !planned.contains(other) && is_up(fleet, other);
    // What compose files say is known here only, and to nobody else.
    let says = |other: &&ServiceId| {
        other.project == id.project
            && needs(other, fleet, scene.survey).iter().any(|need| need.service == *id && !need.completes)
    };
    let told = fleet.dependencies();
    let mut near: BTreeSet<&ServiceId> = told.needed_by(id).collect();
    near.extend(fleet.services().map(|service| &service.id).filter(says));
    near.retain(others);
    let far: BTreeSet<ServiceId> = near
        .iter()
        .flat_map(|near| told.impact(near))
        .map(|struck| struck.service)
        .filter(|far| far != id && !near.contains(far) && others(&far))
        .collect();
    let called = |other: &ServiceId| {
        if other.project == id.project { other.name.to_string() } else { other.path() }
    };
    let near: Vec<String> = near.into_iter().map(called).collect();
    if near.is_empty() {
        return None;
    }
    let verb = if near.len() == 1 { "depends" } else { "depend" };
    let those = if near.len() == 1 { "that" } else { "those" };
    let tail = if far.is_empty() { String::new() } else { format!("; {} more on {those}", far.len()) };
    Some((format!("{} {verb} on {}", human::list(&near, 4), id.name), tail))
}

fn is_up(fleet: &Fleet, id: &ServiceId) -> bool {
    fleet.replicas_of(id).any(Replica::is_up)
}

/// Containers that use the network of one that stops lose theirs for good: the new one's is another.
pub(super) fn without_network(scene: &Scene, struck: &[Struck], draft: &mut Draft) {
    for hit in struck {
        let guests: Vec<String> = scene
            .survey
            .replicas
            .iter()
            .filter(|b| b.shares_network.as_deref() == Some(&*hit.replica.name))
            .filter(|b| scene.fleet.replica(&b.replica).is_some_and(Replica::is_up))
            .map(|b| b.name.to_string())
            .collect();
        if !guests.is_empty() {
            let (verb, them) = if guests.len() == 1 { ("uses", "it") } else { ("use", "them") };
            let words = format!(
                "{} {verb} the network of {} and will have none: recreate {them} after",
                human::list(&guests, 4),
                hit.replica.name
            );
            draft.warn(Weight::Others, words);
        }
    }
}

/// What is started and needs something that does not run.
pub(super) fn not_running(scene: &Scene, services: &[ServiceId], draft: &mut Draft) {
    let starts = match &scene.intent.change {
        Change::Act(verb) => *verb == crate::fleet::Verb::Start,
        Change::Up => true,
        _ => false,
    };
    if !starts {
        return;
    }
    for id in services {
        let needed = needs(id, scene.fleet, scene.survey).into_iter().filter(|need| !need.completes);
        let missing: Vec<String> = needed
            .map(|need| need.service)
            .filter(|below| !services.contains(below) && scene.fleet.service(below).is_some())
            .filter(|below| !scene.fleet.replicas_of(below).any(|r| r.state == State::Running))
            .map(|below| below.name.to_string())
            .collect();
        if !missing.is_empty() {
            let verb = if missing.len() == 1 { "does" } else { "do" };
            let words = format!("{} depends on {}, which {verb} not run", id.name, human::list(&missing, 4));
            draft.warn(Weight::Others, words);
        }
    }
}

/// A project moved as a whole, and nothing says in which order.
pub(super) fn unknown_order(scene: &Scene, services: &[ServiceId], draft: &mut Draft) {
    use crate::fleet::Verb;
    let ordered = match &scene.intent.change {
        Change::Act(verb) => matches!(verb, Verb::Start | Verb::Stop | Verb::Restart),
        Change::Up | Change::Down => true,
        _ => false,
    };
    let mut projects: Vec<&ServiceId> = Vec::new();
    for id in services.iter().filter(|_| ordered) {
        if !projects.iter().any(|known| known.project == id.project) {
            projects.push(id);
        }
    }
    for first in projects {
        let Some(project) = &first.project else { continue };
        let of_project = || services.iter().filter(|id| id.project == first.project);
        let by_compose =
            |id: &ServiceId| scene.fleet.replicas_of(id).any(|replica| replica.compose.is_some());
        let told = |id: &ServiceId| {
            !needs(id, scene.fleet, scene.survey).is_empty()
                || scene.survey.needs.iter().any(|n| n.service.project == id.project)
        };
        if of_project().count() > 1 && of_project().all(by_compose) && !of_project().any(told) {
            let words = format!(
                "nothing says in which order the services of {project} belong (no label, and no compose file that can be read here): all go at once"
            );
            draft.warn(Weight::Note, words);
        }
    }
}
