//! The machine the fleet runs on: who listens there, and what is on its disks.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::World;
use crate::engine::demo::platform::Spec;
use crate::engine::demo::random::{hash, named};
use crate::engine::{Disk, DiskUse, Holding, Storage};
use crate::fleet::{Listener, ListenerOwner, Protocol, ServiceId};
use crate::host::Space;

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// What listens beside the containers: address, port, and who, where that can be seen.
const OTHERS: [(&str, u16, Protocol, Option<(u32, &str)>); 4] = [
    ("0.0.0.0", 22, Protocol::Tcp, Some((801, "sshd"))),
    ("127.0.0.1", 323, Protocol::Udp, Some((640, "chronyd"))),
    ("127.0.0.1", 631, Protocol::Tcp, None),
    ("127.0.0.1", 5173, Protocol::Tcp, Some((48_211, "node"))),
];

impl World {
    /// Sockets that wait for connections, beside those of containers.
    pub fn listeners(&self) -> Vec<Listener> {
        let one = |&(address, port, protocol, owner): &(&str, u16, Protocol, Option<(u32, &str)>)| {
            let address: IpAddr = address.parse().ok()?;
            let owner = owner.map(|(pid, name)| ListenerOwner { pid, name: name.into(), container: None });
            Some(Listener { address, port, protocol, owner })
        };
        OTHERS.iter().filter_map(one).collect()
    }

    /// Its disks: the system's and the engine's.
    pub fn storage(&self) -> Storage {
        let mut volumes: BTreeMap<&str, Vec<ServiceId>> = BTreeMap::new();
        let mut directories: BTreeMap<&str, Vec<ServiceId>> = BTreeMap::new();
        for unit in self.living() {
            for &(kind, source, ..) in &self.specs[unit.spec].mounts {
                let into = match kind {
                    "volume" => &mut volumes,
                    _ if source.starts_with("/var/run/") => continue,
                    _ => &mut directories,
                };
                let of = into.entry(source).or_default();
                if !of.contains(&unit.replica.service) {
                    of.push(unit.replica.service.clone());
                }
            }
        }
        let mut system = vec![Holding::System];
        system.extend(directories.into_iter().map(|(path, of)| Holding::Directory { path: path.into(), of }));
        let mut engine = vec![Holding::Engine];
        engine.extend(volumes.into_iter().map(|(name, of)| Holding::Volume { name: name.into(), of }));
        let usage = self.host_usage(self.now, &[]);
        let (used, total) = (usage.disk.unwrap_or(0), usage.disk_total.unwrap_or(0));
        let disk = |mount: &str, source: &str, space: Space, holds| Disk {
            mount: mount.to_owned(),
            source: source.to_owned(),
            kind: "ext4".to_owned(),
            read_only: false,
            space: Some(space),
            holds,
        };
        let space = |used: u64, total: u64, inodes| Space {
            used,
            total,
            // Five percent are kept for root.
            free: total.saturating_sub(used).saturating_sub(total / 20),
            inodes: Some(inodes),
        };
        Storage {
            disks: vec![
                disk("/", "/dev/vda1", space(23 * GIB, 62 * GIB, (410_000, 4_100_000)), system),
                disk(
                    "/var/lib/docker",
                    "/dev/vdb1",
                    space(used, total, usage.inodes.zip(usage.inodes_total).unwrap_or_default()),
                    engine,
                ),
            ],
            unseen: Vec::new(),
        }
    }

    /// What images, containers and volumes take on the engine's disk.
    pub fn disk_use(&self) -> DiskUse {
        let mut told = DiskUse::default();
        let mut images: BTreeMap<Arc<str>, (bool, bool)> = BTreeMap::new();
        for spec in &self.specs {
            for release in spec.releases().into_iter().filter(|it| it.here) {
                let it = images.entry(release.image.id).or_default();
                it.1 |= release.named_here;
            }
        }
        for unit in self.living() {
            images.entry(unit.replica.image.id.clone()).or_default().0 = true;
            let wrote = named(self.seed, &unit.replica.id.id) % (40 * MIB);
            told.containers.add(unit.replica.is_up(), wrote);
        }
        for (id, (used, named_here)) in &images {
            let size = 60 * MIB + named(self.seed, id) % (420 * MIB);
            told.images.add(*used, size);
            if !used && !named_here {
                told.dangling.add(false, size);
            }
        }
        let mut seen: Vec<&str> = Vec::new();
        let mounts = |spec: &Spec| spec.mounts.clone();
        for (kind, name, ..) in self.specs.iter().flat_map(mounts) {
            if kind == "volume" && !seen.contains(&name) {
                seen.push(name);
                told.volumes.add(true, 300 * MIB + named(self.seed, name) % (9 * GIB));
            }
        }
        // Of a project that is long gone.
        for n in 0..3 {
            told.volumes.add(false, 200 * MIB + hash(self.seed, n) % (3 * GIB));
        }
        for n in 0..38 {
            told.build_cache.add(false, 5 * MIB + hash(self.seed, 100 + n) % (600 * MIB));
        }
        told
    }
}
