//! From what the pane is about to the services and replicas that stand for it.

use crate::fleet::{Fleet, Health, Replica, Role, Service, ServiceId};

use super::{Scene, Target};

/// The services a target stands for, in the fleet's order.
pub(super) fn services<'a>(fleet: &'a Fleet, target: &Target) -> Vec<&'a Service> {
    match target {
        Target::Project(project) => fleet.services().filter(|s| s.id.project == *project).collect(),
        Target::Service(id) => fleet.service(id).into_iter().collect(),
        Target::Replica(id) => {
            fleet.replica(id).and_then(|r| fleet.service(&r.service)).into_iter().collect()
        }
    }
}

/// The replicas (jobs after them) a target stands for, in the fleet's order.
pub(super) fn replicas<'a>(fleet: &'a Fleet, target: &Target) -> Vec<&'a Replica> {
    match target {
        Target::Replica(id) => fleet.replica(id).into_iter().collect(),
        _ => services(fleet, target).into_iter().flat_map(|s| fleet.replicas_of(&s.id)).collect(),
    }
}

/// The service a target belongs to; `None` for a project.
pub(super) fn service_of(fleet: &Fleet, target: &Target) -> Option<ServiceId> {
    match target {
        Target::Project(_) => None,
        Target::Service(id) => Some(id.clone()),
        Target::Replica(id) => fleet.replica(id).map(|r| r.service.clone()),
    }
}

/// What to call a target in titles and sentences.
pub(super) fn title(fleet: &Fleet, target: &Target) -> String {
    match target {
        Target::Project(Some(name)) => name.to_string(),
        Target::Project(None) => "lone containers".into(),
        Target::Service(id) => id.name.to_string(),
        Target::Replica(id) => {
            fleet.replica(id).map_or_else(|| id.short().to_owned(), |r| r.name.to_string())
        }
    }
}

/// The replica whose details say most: the worst one, the first among equals; a job only where
/// there is nothing else.
pub(super) fn telling<'a>(scene: &Scene<'a>, target: &Target) -> Option<&'a Replica> {
    let rank = |replica: &Replica| {
        let health = scene.fleet.replica_summary(&replica.id, scene.now).map(|s| s.health.health);
        (replica.role == Role::Replica, health.unwrap_or(Health::Healthy))
    };
    // `max_by_key` takes the last of equals; going backwards makes that the first.
    replicas(scene.fleet, target).into_iter().rev().max_by_key(|r| rank(r))
}
