//! What planning a change must know beyond what the fleet knows. Masked: a survey holds no secret.

use std::sync::Arc;

use super::{HealthSpec, Mount, NetworkLink};
use crate::fleet::{Image, Limits, Port, ReplicaId, ServiceId, SpecHash};
pub use crate::fleet::{UpdateState, UpdateStatus};

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Query {
    /// These replicas.
    pub replicas: Vec<ReplicaId>,
    /// These services (told of where the engine itself looks after replicas).
    pub services: Vec<ServiceId>,
    /// These images, by reference or id.
    pub images: Vec<Arc<str>>,
}

/// What was found. What is gone is missing.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Survey {
    /// A replica's settings each.
    pub replicas: Vec<Blueprint>,
    /// A service each that the engine itself looks after.
    pub managed: Vec<Managed>,
    /// Every image asked for, as asked, in that order; `None` = not on this engine.
    pub images: Vec<(Arc<str>, Option<ImageFacts>)>,
    /// What compose files on this host say about services whose labels don't: never from the
    /// engine, which leaves it empty; the room that operates reads them.
    pub needs: Vec<Needs>,
}

/// Which services of its project a service needs, by its compose file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Which service.
    pub service: ServiceId,
    /// What it depends on or links to, sorted.
    pub depends_on: Vec<Arc<str>>,
    /// Those of them that have to run to their end first, with exit code 0, sorted.
    pub completes: Vec<Arc<str>>,
}

impl Survey {
    /// A replica's settings.
    pub fn replica(&self, id: &ReplicaId) -> Option<&Blueprint> {
        self.replicas.iter().find(|b| b.replica == *id)
    }

    /// A service the engine itself looks after.
    pub fn managed(&self, id: &ServiceId) -> Option<&Managed> {
        self.managed.iter().find(|m| m.service == *id)
    }

    /// An image, by what was asked for.
    pub fn image(&self, asked: &str) -> Option<&ImageFacts> {
        self.images.iter().find(|(a, _)| **a == *asked).and_then(|(_, found)| found.as_ref())
    }
}

/// An image the engine has.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ImageFacts {
    /// `sha256:…` in full.
    pub id: Arc<str>,
    /// Every reference that stands for it now.
    pub tags: Vec<Arc<str>>,
    /// Its HEALTHCHECK.
    pub health: Option<HealthSpec>,
}

/// A replica's settings, as far as they decide how it can be changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    /// Which.
    pub replica: ReplicaId,
    /// Its name.
    pub name: Arc<str>,
    /// What it was made from.
    pub image: Image,
    /// Ports with a host port that was **asked for by number** (`Port::host` is set on all of
    /// them). Those the engine picks are not here: they do not clash.
    pub fixed_ports: Vec<Port>,
    /// Ranges of host ports asked for, first and last number: the engine takes any that is free.
    pub port_ranges: Vec<(u16, u16)>,
    /// Static addresses, `network 10.0.0.3`.
    pub addresses: Vec<String>,
    /// Its name was given, not made from project, service and number (`container_name:`; every
    /// lone container).
    pub fixed_name: bool,
    /// Whose network it shares (`network_mode: container:`), by name where it is known; `host` for
    /// the host's.
    pub shares_network: Option<String>,
    /// The engine removes it when it stops (`--rm`).
    pub auto_remove: bool,
    /// Restart policy, `no`, `always`, `unless-stopped`, `on-failure:3`.
    pub policy: String,
    /// Mounts.
    pub mounts: Vec<Mount>,
    /// Networks.
    pub networks: Vec<NetworkLink>,
    /// Its HEALTHCHECK as it applies (the image's or its own).
    pub health: Option<HealthSpec>,
    /// Seconds a graceful stop may take; `None` = the engine's 10.
    pub stop_timeout: Option<u32>,
    /// Its limits.
    pub limits: Limits,
    /// Its `quarterdeck.gate.*` labels, without that prefix: `deadline` → `90s`.
    pub gate: Vec<(String, String)>,
    /// Its `quarterdeck.overlap` label, as it is: `yes` or `no`, whether two of it may run at once
    /// on the same writable mounts while it is replaced.
    pub overlap: Option<String>,
    /// A hash of all its settings except the image, its number and its name. Values that are
    /// secret do not go in.
    pub spec: SpecHash,
    /// Why the engine can't make another one like it, and what to do; `None` = it can.
    pub unlike: Option<(String, String)>,
}

/// A service that the engine itself looks after.
#[derive(Clone, Debug, PartialEq)]
pub struct Managed {
    /// Which.
    pub service: ServiceId,
    /// From what its replicas are made.
    pub image: Image,
    /// What the engine would roll back to by itself; absent where it does not know (any more).
    pub previous: Option<Image>,
    /// How many replicas it should have; `None` = one a node (global).
    pub replicas: Option<u32>,
    /// How many should run now: `replicas`; for one a node, how many nodes may run it.
    pub wanted: u32,
    /// How many do run that are made as the service says now, and are healthy where they have a
    /// HEALTHCHECK: a gate waits until they are as many as wanted.
    pub running: u32,
    /// How many more still run that are told to end and will, on nodes that answer: old ones, and
    /// those of which there were too many.
    pub leaving: u32,
    /// Limits of each replica.
    pub limits: Limits,
    /// Its `ForceUpdate` count.
    pub force: u64,
    /// The engine rolls back by itself when an update fails.
    pub rolls_back: bool,
    /// New replicas start before old ones stop.
    pub start_first: bool,
    /// Published ports in host mode: two replicas can't share a node.
    pub host_ports: Vec<Port>,
    /// The image's or its own HEALTHCHECK.
    pub health: Option<HealthSpec>,
    /// Its `quarterdeck.gate.*` labels, without that prefix.
    pub gate: Vec<(String, String)>,
    /// A hash of its settings except image and count.
    pub spec: SpecHash,
    /// How its last update stands.
    pub update: Option<UpdateStatus>,
}
