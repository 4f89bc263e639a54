//! What planning a change must know: settings of replicas, images of this host.

use super::details::{health_spec, mounts};
use super::{Unit, World};
use crate::engine::demo::platform::Spec;
use crate::engine::{Blueprint, Query, Survey};
use crate::fleet::{Role, SpecHash};

/// Seconds a gate may take after a replica could first have been well.
const PATIENCE: i64 = 12;
/// Seconds the engine takes for one replica more, beside the time until that is well.
const ONE_MORE: i64 = 6;
/// The least it may take, seconds.
const LEAST: i64 = 20;

impl World {
    /// Look at replicas and images; what is gone is missing.
    pub fn survey(&self, query: &Query) -> Survey {
        let replicas = query.replicas.iter().filter_map(|id| self.find(id).ok());
        Survey {
            replicas: replicas.map(|unit| self.blueprint(unit)).collect(),
            managed: query.services.iter().filter_map(|service| self.managed(service)).collect(),
            images: query.images.iter().map(|asked| (asked.clone(), self.image_facts(asked))).collect(),
            ..Survey::default()
        }
    }

    fn blueprint(&self, unit: &Unit) -> Blueprint {
        let spec = &self.specs[unit.spec];
        let replica = &unit.replica;
        let fixed = replica.ports.iter().filter(|port| port.host.is_some() && !spec.is_ranged());
        let alone = spec.project.is_none() || spec.role == Role::Job;
        Blueprint {
            replica: replica.id.clone(),
            name: replica.name.clone(),
            image: replica.image.clone(),
            fixed_ports: fixed.cloned().collect(),
            // Wide enough for whatever a demo is scaled to.
            port_ranges: Vec::new(),
            addresses: Vec::new(),
            fixed_name: alone || spec.container_name.is_some(),
            shares_network: None,
            auto_remove: false,
            policy: unit.policy.clone(),
            mounts: mounts(spec),
            networks: vec![self.network(spec, unit)],
            health: spec.check.as_ref().map(health_spec),
            stop_timeout: None,
            limits: replica.limits,
            gate: gate(spec),
            overlap: None,
            spec: replica.spec.unwrap_or(SpecHash(0)),
            unlike: spec.managed.then(|| {
                let why = "the engine makes and removes its replicas by itself";
                (why.to_owned(), "Scale or deploy its service instead.".to_owned())
            }),
        }
    }
}

/// Its gate's times, as its labels have them: short, so that nobody has to wait long in a demo.
pub(super) fn gate(spec: &Spec) -> Vec<(String, String)> {
    if spec.role == Role::Job {
        return Vec::new();
    }
    let label = |key: &str, value: String| (key.to_owned(), value);
    let settle = label("settle", "3s".to_owned());
    let Some(check) = &spec.check else { return vec![settle, label("stay", "4s".to_owned())] };
    let first = check.first_after(spec.program.profile().boot_ms) / 1_000;
    let deadline = if spec.managed {
        // One after the other; and the engine shall have found out for itself before.
        ((first + ONE_MORE) * i64::from(spec.replicas) + PATIENCE).max(2 * LEAST)
    } else {
        (first + PATIENCE).max(LEAST)
    };
    vec![label("deadline", format!("{deadline}s")), settle]
}
