//! Whether a replica and its successor may run at once.

use std::collections::HashSet;

use super::aim::Aim;
use super::draft::{Draft, Weight};
use super::scene::Scene;
use crate::engine::{Blueprint, Mount};
use crate::fleet::{Role, State};

/// How a running replica is replaced.
pub(super) enum Way {
    /// The successor is well before the predecessor stops.
    Overlap,
    /// The predecessor stops before the successor starts: why.
    Gap(String),
}

/// How the replicas of this service are replaced, by the settings of one of them.
pub(super) fn way(scene: &Scene, aim: &Aim, blueprint: &Blueprint, draft: &mut Draft) -> Way {
    let label = blueprint.overlap.as_deref().map(str::trim);
    let said = match label {
        Some("yes" | "true") => Some(true),
        Some("no" | "false") => Some(false),
        Some(other) => {
            let shown: String = other.chars().take(40).collect();
            let words = format!(
                "{}: label quarterdeck.overlap says \"{shown}\", which is neither yes nor no: ignored",
                aim.service.path()
            );
            draft.warn(Weight::Note, words);
            None
        }
        None => None,
    };
    if let Some(number) = blueprint.fixed_ports.iter().find_map(|p| p.host).map(|(_, number)| number) {
        return Way::Gap(format!("two can't hold port {number}"));
    }
    if let Some((first, last, _)) = free_ports(scene, blueprint).into_iter().find(|(.., free)| *free == 0) {
        return Way::Gap(format!("no port from {first} to {last} is free for a second one"));
    }
    if let Some(address) = blueprint.addresses.first() {
        return Way::Gap(format!("two can't have the address {address}"));
    }
    match blueprint.shares_network.as_deref() {
        Some("host") => return Way::Gap("it uses the host's own network".to_owned()),
        Some(other) => return Way::Gap(format!("it uses the network of {other}")),
        None => {}
    }
    let written: Vec<&Mount> = blueprint.mounts.iter().filter(|mount| is_written(mount)).collect();
    match said {
        Some(false) => return Way::Gap("its label quarterdeck.overlap says no".to_owned()),
        Some(true) => {
            if let Some(mount) = written.first() {
                let words = format!(
                    "{}: by its label quarterdeck.overlap, old and new both write to {} for a while",
                    aim.service.path(),
                    called(mount)
                );
                draft.warn(Weight::Data, words);
            }
            return Way::Overlap;
        }
        None => {}
    }
    match written.into_iter().find(|mount| !several_on(scene, aim, mount)) {
        Some(mount) => Way::Gap(format!("two at once could damage {}", called(mount))),
        None => Way::Overlap,
    }
}

/// How many numbers of each range of host ports nobody holds, as far as this engine knows.
pub(super) fn free_ports(scene: &Scene, blueprint: &Blueprint) -> Vec<(u16, u16, usize)> {
    let free = |&(first, last): &(u16, u16)| {
        let replicas = scene.fleet.services().flat_map(|s| scene.fleet.replicas_of(&s.id));
        let held = replicas.filter(|r| r.is_up()).flat_map(|r| &r.ports).filter_map(|p| p.host);
        let held: HashSet<u16> = held.map(|(_, n)| n).filter(|n| (first..=last).contains(n)).collect();
        (first, last, usize::from(last - first) + 1 - held.len())
    };
    blueprint.port_ranges.iter().map(free).collect()
}

/// Whether two writers could do harm: what only the kernel keeps, sockets and the clock's settings
/// are often mounted writable, and nobody writes to them.
pub(in super::super) fn is_written(mount: &Mount) -> bool {
    let kernel = ["/proc", "/sys", "/dev", "/run", "/var/run", "/etc/localtime", "/etc/timezone"];
    let beneath = |path: &str| {
        mount.source.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    !mount.read_only
        && matches!(&*mount.kind, "bind" | "volume")
        && !(mount.kind == "bind" && kernel.iter().any(|path| beneath(path)))
        && std::path::Path::new(&mount.source).extension().is_none_or(|extension| extension != "sock")
}

/// What to call what is mounted.
pub(in super::super) fn called(mount: &Mount) -> String {
    match &*mount.kind {
        "volume" if mount.anonymous => format!("the volume at {}", mount.target),
        "volume" => format!("volume {}", mount.source),
        _ => mount.source.clone(),
    }
}

/// Whether several replicas run on it already, which shows that they can.
fn several_on(scene: &Scene, aim: &Aim, mount: &Mount) -> bool {
    let replicas = scene.fleet.replicas_of(&aim.service);
    let running = replicas.filter(|r| r.role == Role::Replica && r.state == State::Running);
    let on_it = running.filter(|replica| {
        let mounts = scene.seen(replica).map_or(&[][..], |b| &b.mounts);
        mounts.iter().any(|m| is_written(m) && m.kind == mount.kind && m.source == mount.source)
    });
    on_it.count() > 1
}
