//! What lies on which disk of an engine's machine, and what the engine's own objects take of it.

use std::sync::Arc;

use crate::fleet::ServiceId;
use crate::host::Space;

/// The file systems of an engine's machine that matter to what it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Storage {
    /// Each once, by where it is mounted.
    pub disks: Vec<Disk>,
    /// Paths that can't be seen from here: another mount namespace, or gone. Sanitised.
    pub unseen: Vec<String>,
}

/// One file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Where it is mounted, sanitised.
    pub mount: String,
    /// What is mounted: `/dev/sda1`, `server:/export`, sanitised.
    pub source: String,
    /// `ext4`, `nfs4`, ….
    pub kind: String,
    /// Nothing can be written to it.
    pub read_only: bool,
    /// How full it is; `None` when it did not answer.
    pub space: Option<Space>,
    /// What lies on it: the engine's data first, then volumes and directories by name.
    pub holds: Vec<Holding>,
}

/// What lies on a file system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holding {
    /// The machine's own root directory.
    System,
    /// The engine's data: images, containers, volumes.
    Engine,
    /// A volume.
    Volume {
        /// Its name, sanitised.
        name: Arc<str>,
        /// Who mounts it, each once.
        of: Vec<ServiceId>,
    },
    /// A directory of the host that is mounted into containers.
    Directory {
        /// Its path, sanitised.
        path: Arc<str>,
        /// Who mounts it, each once.
        of: Vec<ServiceId>,
    },
}

impl Holding {
    /// Who mounts it.
    pub fn of(&self) -> &[ServiceId] {
        match self {
            Self::System | Self::Engine => &[],
            Self::Volume { of, .. } | Self::Directory { of, .. } => of,
        }
    }
}

impl Disk {
    /// What lies on it, in a few words: `engine data, 12 volumes (postgres, …), /srv/media`.
    pub fn words(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        let mut volumes: Vec<&str> = Vec::new();
        for holding in &self.holds {
            match holding {
                Holding::System => words.push("system".to_owned()),
                Holding::Engine => words.push("engine data".to_owned()),
                Holding::Volume { name, .. } => volumes.push(name),
                Holding::Directory { path, .. } => words.push(path.to_string()),
            }
        }
        let at = self.holds.iter().filter(|it| matches!(it, Holding::System | Holding::Engine)).count();
        match volumes.as_slice() {
            [] => {}
            [only] => words.insert(at, format!("volume {only}")),
            many => words.insert(at, format!("{} volumes", many.len())),
        }
        words.join(", ")
    }
}

/// What an engine's own objects take on its disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskUse {
    /// Images: layers that several share count once.
    pub images: Pile,
    /// What containers wrote outside of volumes.
    pub containers: Pile,
    /// Volumes the engine itself keeps.
    pub volumes: Pile,
    /// What building images left behind.
    pub build_cache: Pile,
    /// Images without a name that no container uses; their bytes are part of what can be had back.
    pub dangling: Pile,
}

/// Objects of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pile {
    /// How many there are.
    pub count: u64,
    /// How many of them are in use.
    pub active: u64,
    /// Bytes they take.
    pub size: u64,
    /// Bytes of those that nobody uses.
    pub reclaimable: u64,
}

impl Pile {
    /// Count one more of that size.
    pub(super) fn add(&mut self, used: bool, size: u64) {
        self.count += 1;
        self.active += u64::from(used);
        self.size = self.size.saturating_add(size);
        if !used {
            self.reclaimable = self.reclaimable.saturating_add(size);
        }
    }
}

impl DiskUse {
    /// The kinds, as `docker system df` names and orders them.
    pub fn piles(&self) -> [(&'static str, Pile); 4] {
        [
            ("images", self.images),
            ("containers", self.containers),
            ("volumes", self.volumes),
            ("build cache", self.build_cache),
        ]
    }

    /// Bytes of all kinds.
    pub fn size(&self) -> u64 {
        self.piles().iter().fold(0, |sum, (_, pile)| sum.saturating_add(pile.size))
    }

    /// Bytes of all kinds that nobody uses.
    pub fn reclaimable(&self) -> u64 {
        self.piles().iter().fold(0, |sum, (_, pile)| sum.saturating_add(pile.reclaimable))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_on_a_disk_is_said_in_a_few_words() {
        let volume = |name: &str| Holding::Volume { name: name.into(), of: Vec::new() };
        let disk = |holds: Vec<Holding>| Disk {
            mount: "/".into(),
            source: "/dev/sda1".into(),
            kind: "ext4".into(),
            read_only: false,
            space: None,
            holds,
        };
        let media = Holding::Directory { path: "/srv/media".into(), of: Vec::new() };
        assert_eq!(
            disk(vec![Holding::System, Holding::Engine, volume("a"), volume("b"), media.clone()]).words(),
            "system, engine data, 2 volumes, /srv/media"
        );
        assert_eq!(disk(vec![volume("pg"), media]).words(), "volume pg, /srv/media");
        assert_eq!(disk(Vec::new()).words(), "");
    }
}
