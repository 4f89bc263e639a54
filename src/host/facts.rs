//! What `qd doctor` tells about reading this machine directly.

use std::path::Path;

use super::locate::{cgroup_file, ids};
use super::mounts::Mounts;

/// How cgroups are mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CgroupVersion {
    /// No cgroups to read.
    None,
    /// One hierarchy per controller.
    V1,
    /// The unified hierarchy.
    V2,
    /// v1 controllers, and the unified hierarchy beside them.
    Hybrid,
}

impl CgroupVersion {
    /// `v1`, `v2`, `v1 + v2`, `none`.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::Hybrid => "v1 + v2",
        }
    }
}

/// Who makes the containers' cgroups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// systemd scopes (`docker-ID.scope`).
    Systemd,
    /// Plain directories.
    Cgroupfs,
}

impl Driver {
    /// As the engine's own settings call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Cgroupfs => "cgroupfs",
        }
    }
}

/// What is there to read, and what is in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFacts {
    /// `6.1.0-18-amd64`; empty where it can't be told.
    pub kernel: String,
    /// How cgroups are mounted.
    pub cgroup: CgroupVersion,
    /// Controllers that can be read: `cpu`, `memory`, `io`, `pids`.
    pub controllers: Vec<&'static str>,
    /// Who makes the containers' cgroups; `None` when no container runs.
    pub driver: Option<Driver>,
    /// How many files this process may open; `None` = no limit.
    pub open_files: Option<u64>,
    /// What makes figures missing or reading slower.
    pub problems: Vec<Problem>,
}

/// Something in the way of reading usage directly. The text is what, [`Problem::remedy`] what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No cgroup hierarchy is mounted.
    #[error("no cgroups are mounted here, so usage can't be read directly")]
    NoCgroups,
    /// A controller is missing.
    #[error("the {0} controller is not available, so {1} is missing")]
    NoController(&'static str, &'static str),
    /// `/proc` hides other users' processes.
    #[error("/proc hides other users' processes (hidepid), so usage of their containers is missing")]
    HiddenProcesses,
    /// The limit on open files is low.
    #[error(
        "only {0} files may be open at once, so with many containers files are reopened for every reading"
    )]
    FewFiles(u64),
}

impl Problem {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::NoCgroups => {
                "Mount cgroups (in a container: run it with --cgroupns=host and /sys/fs/cgroup). Until \
                 then usage comes from the engine."
                    .to_owned()
            }
            Self::NoController("memory", _) => {
                "Boot the kernel with cgroup_enable=memory swapaccount=1 (Raspberry Pi, some Debian kernels)."
                    .to_owned()
            }
            Self::NoController(name, _) => format!(
                "Enable the {name} controller (cgroup v2: write +{name} to cgroup.subtree_control of the \
                 root and of each parent)."
            ),
            Self::HiddenProcesses => {
                "Run qd as root, or as a member of the group in /proc's gid= mount option.".to_owned()
            }
            Self::FewFiles(_) => "Raise the limit before starting qd: ulimit -n 4096.".to_owned(),
        }
    }
}

/// Find out about the machine whose root directory is `root`.
pub fn facts(root: &Path) -> HostFacts {
    let mounts = Mounts::read(root);
    let cgroup = match (&mounts.unified, mounts.v1.is_empty()) {
        (None, true) => CgroupVersion::None,
        (None, false) => CgroupVersion::V1,
        (Some(_), true) => CgroupVersion::V2,
        (Some(_), false) => CgroupVersion::Hybrid,
    };
    let controllers = controllers(&mounts);
    let open_files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let mut problems = Vec::new();
    if cgroup == CgroupVersion::None {
        problems.push(Problem::NoCgroups);
    } else {
        for (name, what) in [("cpu", "CPU"), ("memory", "memory"), ("io", "block I/O"), ("pids", "pids")] {
            if !controllers.contains(&name) {
                problems.push(Problem::NoController(name, what));
            }
        }
    }
    if root.join("proc/self").exists() && cgroup_file(root, 1).is_none() {
        problems.push(Problem::HiddenProcesses);
    }
    if let Some(few) = open_files.filter(|n| *n < 2048) {
        problems.push(Problem::FewFiles(few));
    }
    HostFacts {
        kernel: std::fs::read_to_string(root.join("proc/sys/kernel/osrelease"))
            .map(|text| text.trim().to_owned())
            .unwrap_or_default(),
        cgroup,
        controllers,
        driver: driver(root),
        open_files,
        problems,
    }
}

fn controllers(mounts: &Mounts) -> Vec<&'static str> {
    let unified = mounts.unified.as_ref().map(|mount| mount.point().join("cgroup.controllers"));
    let unified = unified.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let has =
        |v1: &str, v2: &str| mounts.v1(v1).is_some() || unified.split_whitespace().any(|name| name == v2);
    // v2 counts CPU time of every cgroup, controller or not.
    let cpu = mounts.v1("cpuacct").is_some() || (mounts.v1.is_empty() && mounts.unified.is_some());
    let all = [
        ("cpu", cpu),
        ("memory", has("memory", "memory")),
        ("io", has("blkio", "io")),
        ("pids", has("pids", "pids")),
    ];
    all.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}

/// How the first container found in `/proc` is placed.
fn driver(root: &Path) -> Option<Driver> {
    let entries = std::fs::read_dir(root.join("proc")).ok()?;
    entries.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let text = cgroup_file(root, pid)?;
        let id = ids(&text).next()?;
        let scope = text.contains(&format!("{id}.scope"));
        Some(if scope { Driver::Systemd } else { Driver::Cgroupfs })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn tree(mountinfo: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for pid in ["self", "1", "42"] {
            std::fs::create_dir_all(root.path().join("proc").join(pid)).unwrap();
        }
        std::fs::write(root.path().join("proc/self/mountinfo"), mountinfo).unwrap();
        std::fs::write(root.path().join("proc/1/cgroup"), "0::/init.scope\n").unwrap();
        root
    }

    #[test]
    fn a_v2_host_with_a_missing_controller_says_which_and_what_to_do() {
        let root = tree("1 2 0:3 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        let id = "ab".repeat(32);
        std::fs::write(root.path().join("proc/42/cgroup"), format!("0::/x/docker-{id}.scope\n")).unwrap();
        std::fs::create_dir_all(root.path().join("sys/fs/cgroup")).unwrap();
        std::fs::write(root.path().join("sys/fs/cgroup/cgroup.controllers"), "cpu io pids\n").unwrap();
        let facts = facts(root.path());
        assert_eq!((facts.cgroup, facts.driver), (CgroupVersion::V2, Some(Driver::Systemd)));
        assert_eq!(facts.controllers, ["cpu", "io", "pids"]);
        let problem = Problem::NoController("memory", "memory");
        assert!(facts.problems.contains(&problem), "{facts:?}");
        assert!(problem.remedy().contains("cgroup_enable=memory"));
    }

    #[test]
    fn hidden_processes_and_missing_cgroups_are_told() {
        let root = tree("");
        std::fs::remove_file(root.path().join("proc/1/cgroup")).unwrap();
        let facts = facts(root.path());
        assert_eq!((facts.cgroup, facts.driver), (CgroupVersion::None, None));
        assert!(facts.problems.contains(&Problem::NoCgroups));
        assert!(facts.problems.contains(&Problem::HiddenProcesses));
    }
}
