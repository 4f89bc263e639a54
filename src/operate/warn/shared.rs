//! Data that is not the replica's alone, or that goes with it.

use super::Struck;
use crate::fleet::{Role, ServiceId, Verb};
use crate::operate::plan::{Draft, Scene, Weight, called, is_written};
use crate::operate::words;
use crate::text::human;

/// A new version works on the old one's data: what it does to them is not undone.
pub(super) fn data_goes_over(scene: &Scene, draft: &mut Draft) {
    let mut services: Vec<(ServiceId, String)> = Vec::new();
    for change in draft.images.iter().filter(|c| c.to.id.is_empty() || c.to.id != c.from.id) {
        if !services.iter().any(|(id, _)| *id == change.service) {
            services.push((change.service.clone(), words::version(&change.to)));
        }
    }
    for (id, tag) in services {
        let replicas = scene.fleet.replicas_of(&id).filter(|r| r.role == Role::Replica);
        let mut replicas = replicas;
        let Some(blueprint) = replicas.find_map(|r| scene.seen(r)) else { continue };
        let written: Vec<String> = blueprint.mounts.iter().filter(|m| is_written(m)).map(called).collect();
        if !written.is_empty() {
            let (verb, them) = if written.len() == 1 { ("goes", "it") } else { ("go", "them") };
            let words = format!(
                "{} {verb} over to {tag} as {}: what that changes in {them} stays, also when this is undone",
                human::list(&written, 3),
                if written.len() == 1 { "it is" } else { "they are" },
            );
            draft.warn(Weight::Data, words);
        }
        for mount in blueprint.mounts.iter().filter(|m| is_written(m)) {
            let users = scene.survey.replicas.iter().filter(|other| {
                other.mounts.iter().any(|m| m.kind == mount.kind && m.source == mount.source)
            });
            let mut names: Vec<String> = users
                .filter_map(|other| scene.fleet.replica(&other.replica))
                .filter(|other| other.service != id)
                .map(|other| other.service.path())
                .collect();
            names.dedup();
            if !names.is_empty() {
                let verb = if names.len() == 1 { "uses" } else { "use" };
                let words = format!("{} {verb} {} too", human::list(&names, 4), called(mount));
                draft.warn(Weight::Others, words);
            }
        }
    }
}

/// `--rm`: what stops is gone.
pub(super) fn removed_on_stop(scene: &Scene, struck: &[Struck], draft: &mut Draft) {
    let stops = struck.iter().filter(|hit| matches!(hit.verb, Verb::Stop | Verb::Kill));
    for hit in stops {
        if scene.seen(hit.replica).is_some_and(|blueprint| blueprint.auto_remove) {
            let words = format!(
                "{} was started with --rm: the engine removes it when it stops, with the volumes that have no name",
                hit.replica.name
            );
            draft.warn(Weight::Data, words);
        }
    }
}
