//! Who needs whom, and the order that follows from it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::engine::Survey;
use crate::fleet::{Fleet, ServiceId};

/// What a service needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Need {
    /// Which service, in its own project.
    pub service: ServiceId,
    /// It has to run to its end, with exit code 0.
    pub completes: bool,
}

/// What a service says it needs: by the labels of its replicas, else by its compose file.
pub(in super::super) fn needs(id: &ServiceId, fleet: &Fleet, survey: &Survey) -> Vec<Need> {
    let compose = fleet.replicas_of(id).find_map(|r| r.compose.clone()).filter(|c| !c.depends_on.is_empty());
    let read = survey.needs.iter().find(|n| n.service == *id);
    let (names, completes): (&[Arc<str>], &[Arc<str>]) = match (&compose, read) {
        (Some(compose), _) => (&compose.depends_on, &compose.completes),
        (None, Some(read)) => (&read.depends_on, &read.completes),
        (None, None) => (&[], &[]),
    };
    let need = |name: &Arc<str>| Need {
        service: ServiceId { name: name.clone(), ..id.clone() },
        completes: completes.contains(name),
    };
    names.iter().map(need).filter(|need| need.service != *id).collect()
}

/// Services in layers: each stands above everything it needs.
pub(super) struct Layers {
    depth: HashMap<ServiceId, u16>,
    needs: BTreeMap<ServiceId, Vec<Need>>,
    deepest: u16,
}

impl Layers {
    /// These services among themselves. A cycle (compose refuses them, labels may lie) ends the
    /// count instead of running for ever.
    pub fn of(services: &[&ServiceId], fleet: &Fleet, survey: &Survey) -> Self {
        let needs: BTreeMap<ServiceId, Vec<Need>> =
            services.iter().map(|id| ((*id).clone(), needs(id, fleet, survey))).collect();
        let mut depth: HashMap<ServiceId, u16> = services.iter().map(|id| ((*id).clone(), 0)).collect();
        for _ in 0..services.len() {
            let mut moved = false;
            for (id, needed) in &needs {
                let below = needed.iter().filter_map(|n| depth.get(&n.service).copied()).max();
                let own = depth.get(id).copied().unwrap_or(0);
                if let Some(below) = below
                    && own <= below
                    && usize::from(below) + 1 < services.len()
                {
                    depth.insert(id.clone(), below + 1);
                    moved = true;
                }
            }
            if !moved {
                break;
            }
        }
        let deepest = depth.values().copied().max().unwrap_or(0);
        Self { depth, needs, deepest }
    }

    /// From below: what others need comes first.
    pub fn up(&self, id: &ServiceId) -> u16 {
        self.depth.get(id).copied().unwrap_or(0)
    }

    /// From above: what needs others comes first.
    pub fn down(&self, id: &ServiceId) -> u16 {
        self.deepest - self.up(id)
    }

    /// Whether something here needs it.
    pub fn is_needed(&self, id: &ServiceId) -> bool {
        self.needs.values().flatten().any(|need| need.service == *id)
    }

    /// Whether something here needs it to run to its end.
    pub fn completes(&self, id: &ServiceId) -> bool {
        self.needs.values().flatten().any(|need| need.service == *id && need.completes)
    }

    /// Those here that need it to run to its end.
    pub fn waiting_for<'a>(&'a self, id: &'a ServiceId) -> impl Iterator<Item = &'a ServiceId> {
        let waits = |needs: &[Need]| needs.iter().any(|n| n.service == *id && n.completes);
        self.needs.iter().filter(move |(_, needs)| waits(needs)).map(|(above, _)| above)
    }
}
