//! Who needs what is changed, and who is needed.

use super::{Struck, ends};
use crate::engine::Blueprint;
use crate::fleet::{Fleet, Replica, Role, ServiceId, State};
use crate::operate::plan::{Draft, Scene, Weight, needs};
use crate::operate::{Change, words};
use crate::text::human;

/// Running services that depend on one that goes away altogether.
pub(super) fn left_without(scene: &Scene, struck: &[Struck], services: &[ServiceId], draft: &mut Draft) {
    for id in services.iter().filter(|id| ends(scene, struck, id)) {
        let dependents = dependents(scene, id, services);
        if !dependents.is_empty() {
            draft.warn(Weight::Others, depend(&dependents, id));
        }
    }
}

/// Running services that depend on one that is away for a while.
pub(super) fn away_meanwhile(scene: &Scene, services: &[ServiceId], draft: &mut Draft) {
    let gaps: Vec<_> = draft.gaps.iter().filter_map(|g| Some((g.service.clone(), g.lasts?))).collect();
    for (id, lasts) in gaps {
        let dependents = dependents(scene, &id, services);
        if !dependents.is_empty() {
            let words = depend(&dependents, &id);
            draft
                .warn(Weight::Others, format!("{words}, which is away for up to {}", human::duration(lasts)));
        }
    }
}

fn depend(dependents: &[String], id: &ServiceId) -> String {
    let verb = if dependents.len() == 1 { "depends" } else { "depend" };
    format!("{} {verb} on {}", words::list(dependents, 4), id.name)
}

/// The running services, beside those of the plan, that say they depend on it or that have its
/// name in the URLs of their environment.
fn dependents(scene: &Scene, id: &ServiceId, planned: &[ServiceId]) -> Vec<String> {
    let others = scene.fleet.services().map(|s| &s.id).filter(|other| !planned.contains(other));
    let running = others.filter(|other| is_up(scene.fleet, other));
    let depends = |other: &&ServiceId| {
        let says = other.project == id.project
            && needs(other, scene.fleet, scene.survey).iter().any(|need| need.service == *id);
        says || talks_to(scene, other, id)
    };
    let called = |other: &ServiceId| {
        if other.project == id.project { other.name.to_string() } else { other.path() }
    };
    running.filter(depends).map(called).collect()
}

fn is_up(fleet: &Fleet, id: &ServiceId) -> bool {
    fleet.replicas_of(id).any(Replica::is_up)
}

/// Whether a service's environment names the other by a name that means it on a network they share.
fn talks_to(scene: &Scene, from: &ServiceId, to: &ServiceId) -> bool {
    if let Some(managed) = scene.survey.managed(from) {
        let stacked = to.project.as_ref().map(|project| format!("{project}_{}", to.name));
        return from.project == to.project
            && managed.talks_to.iter().any(|host| *host == to.name || Some(&**host) == stacked.as_deref());
    }
    let Some(theirs) = blueprints(scene, from).next().filter(|b| !b.talks_to.is_empty()) else {
        return false;
    };
    blueprints(scene, to).any(|ours| {
        ours.networks.iter().any(|link| {
            // The default bridge has no names.
            let shared = link.name != "bridge" && theirs.networks.iter().any(|other| other.name == link.name);
            let is_ours = |host: &str| {
                link.aliases.iter().any(|alias| alias == host) || *host == *ours.name || *host == *to.name
            };
            shared && theirs.talks_to.iter().any(|host| is_ours(host))
        })
    })
}

fn blueprints<'a>(scene: &'a Scene, id: &'a ServiceId) -> impl Iterator<Item = &'a Blueprint> {
    let replicas = scene.fleet.replicas_of(id).filter(|r| r.role == Role::Replica);
    replicas.filter_map(|r| scene.seen(r))
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
                words::list(&guests, 4),
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
            let words = format!("{} depends on {}, which {verb} not run", id.name, words::list(&missing, 4));
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
