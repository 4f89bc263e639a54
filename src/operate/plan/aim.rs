//! From targets to services and their replicas.

use super::super::{Change, Intent, Refusal, Target};
use crate::fleet::{Fleet, Replica, Role, ServiceId};

/// One service, and which of its replicas are meant.
pub(super) struct Aim<'a> {
    /// Which service.
    pub service: ServiceId,
    /// The replicas meant, each once; jobs only where they were named themselves.
    pub replicas: Vec<&'a Replica>,
}

/// Everything that is meant.
pub(super) struct Aims<'a> {
    /// In the order they were named.
    pub services: Vec<Aim<'a>>,
    /// One-off jobs that were not meant, though they belong to a service that was.
    pub jobs_passed_over: usize,
}

/// Whether a change is always one of the whole service: a replica stands for its service then.
fn is_whole(change: &Change) -> bool {
    matches!(
        change,
        Change::Deploy { .. } | Change::Rollback { .. } | Change::Scale { .. } | Change::Up | Change::Down
    )
}

/// The services and replicas aimed at, replicas in fleet order within a target.
///
/// # Errors
/// [`Refusal::NoTarget`], [`Refusal::Gone`]. What is gone is an error only when nothing else was
/// aimed at: of ten marked rows, one may vanish while the user thinks.
pub(super) fn resolve<'a>(intent: &Intent, fleet: &'a Fleet) -> Result<Aims<'a>, Refusal> {
    let Intent { change, targets } = intent;
    if targets.is_empty() {
        return Err(Refusal::NoTarget { verb: change.clone() });
    }
    let mut aims = Aims { services: Vec::new(), jobs_passed_over: 0 };
    let mut missing = None;
    for target in targets {
        match target {
            Target::Replica(id) => match fleet.replica(id) {
                Some(replica) if is_whole(change) && replica.role == Role::Job => aims.jobs_passed_over += 1,
                Some(replica) if is_whole(change) => aims.whole(&replica.service, fleet),
                Some(replica) => aims.add(replica),
                None => missing = Some(format!("container {}", id.short())),
            },
            Target::Service(id) if fleet.service(id).is_some() => aims.whole(id, fleet),
            Target::Service(id) => missing = Some(id.path()),
            Target::Project(project) => {
                let before = aims.services.len();
                for service in fleet.services().filter(|s| s.id.project == *project) {
                    aims.whole(&service.id, fleet);
                }
                let known = fleet.services().any(|s| s.id.project == *project);
                if aims.services.len() == before && !known {
                    missing = Some(match project {
                        Some(project) => format!("project {project}"),
                        None => "every lone container".to_owned(),
                    });
                }
            }
        }
    }
    match missing {
        Some(what) if aims.services.is_empty() && aims.jobs_passed_over == 0 => {
            Err(Refusal::Gone { verb: change.clone(), what })
        }
        _ => Ok(aims),
    }
}

impl<'a> Aims<'a> {
    fn of(&mut self, service: &ServiceId) -> usize {
        if let Some(i) = self.services.iter().position(|a| a.service == *service) {
            return i;
        }
        self.services.push(Aim { service: service.clone(), replicas: Vec::new() });
        self.services.len() - 1
    }

    fn add(&mut self, replica: &'a Replica) {
        let i = self.of(&replica.service);
        if let Some(aim) = self.services.get_mut(i)
            && !aim.replicas.iter().any(|known| known.id == replica.id)
        {
            aim.replicas.push(replica);
        }
    }

    fn whole(&mut self, service: &ServiceId, fleet: &'a Fleet) {
        self.of(service);
        for replica in fleet.replicas_of(service) {
            match replica.role {
                Role::Job => self.jobs_passed_over += 1,
                Role::Replica => self.add(replica),
                // It is its operation's.
                Role::Spare => {}
            }
        }
    }
}
