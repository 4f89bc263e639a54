//! Which cgroups and which process belong to a container.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::mounts::Mounts;

/// Directories of one container's cgroups, by what is read there; `None` where the controller is
/// not mounted or the container is not in a cgroup of its own there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dirs {
    /// v1 `cpuacct`, `memory`, `blkio`, `pids`.
    pub(super) cpuacct: Option<PathBuf>,
    pub(super) memory: Option<PathBuf>,
    pub(super) blkio: Option<PathBuf>,
    pub(super) pids: Option<PathBuf>,
    /// v2.
    pub(super) unified: Option<PathBuf>,
}

impl Dirs {
    /// From the text of a `/proc/PID/cgroup`.
    pub(super) fn of(cgroup_file: &str, container: &str, mounts: &Mounts) -> Self {
        let mut dirs = Self::default();
        for line in cgroup_file.lines() {
            let mut fields = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
            let Some(path) = own_cgroup(path, container) else { continue };
            if controllers.is_empty() {
                dirs.unified = mounts.unified.as_ref().and_then(|mount| mount.dir(path));
                continue;
            }
            for controller in controllers.split(',') {
                let slot = match controller {
                    "cpuacct" => &mut dirs.cpuacct,
                    "memory" => &mut dirs.memory,
                    "blkio" => &mut dirs.blkio,
                    "pids" => &mut dirs.pids,
                    _ => continue,
                };
                *slot = mounts.v1(controller).and_then(|mount| mount.dir(path));
            }
        }
        dirs
    }

    /// Whether nothing was found at all.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Any of them, to ask which processes are in it.
    pub(super) fn any(&self) -> Option<&Path> {
        [&self.unified, &self.memory, &self.pids, &self.cpuacct, &self.blkio]
            .into_iter()
            .find_map(|dir| dir.as_deref())
    }
}

/// The part of a cgroup path that is the container's own cgroup: up to the component that names
/// it. What is below (an init system inside) is part of it; a path that does not name it (`/` where
/// a hierarchy is not used) is somebody else's, and its figures would be wrong.
fn own_cgroup<'p>(path: &'p str, container: &str) -> Option<&'p str> {
    let found = path.find(container)?;
    let end = path.get(found..)?.find('/').map_or(path.len(), |slash| found + slash);
    path.get(..end)
}

/// The text of a process's `/proc/PID/cgroup`.
pub(super) fn cgroup_file(root: &Path, pid: u32) -> Option<String> {
    std::fs::read_to_string(root.join(format!("proc/{pid}/cgroup"))).ok()
}

/// Look through all processes for containers whose pid nobody told: their ids → the lowest pid in
/// the container's own cgroup (rather than in one nested in it), with its cgroup file.
///
/// One pass over `/proc`, about 10 µs a process, and no call to the engine.
pub(super) fn scan(root: &Path, wanted: &[&str]) -> HashMap<String, (u32, String)> {
    let mut found: HashMap<String, (bool, u32, String)> = HashMap::new();
    let Ok(entries) = std::fs::read_dir(root.join("proc")) else { return HashMap::new() };
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Some(text) = cgroup_file(root, pid) else { continue };
        for id in ids(&text).filter(|id| wanted.contains(id)) {
            let nested = !text.lines().any(|line| line.trim_end_matches(".scope").ends_with(id));
            let better = found
                .get(id)
                .is_none_or(|(known_nested, known_pid, _)| (nested, pid) < (*known_nested, *known_pid));
            if better {
                found.insert(id.to_owned(), (nested, pid, text.clone()));
            }
        }
    }
    found.into_iter().map(|(id, (_, pid, text))| (id, (pid, text))).collect()
}

/// Runs of 64 hexadecimal digits: container ids.
pub(super) fn ids(text: &str) -> impl Iterator<Item = &str> {
    let runs = text.split(|c: char| !c.is_ascii_hexdigit()).filter(|run| run.len() == 64);
    let mut last = "";
    runs.filter(move |run| {
        // The same id stands in the line of every hierarchy; once is enough.
        let new = *run != last;
        last = run;
        new
    })
}
