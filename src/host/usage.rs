//! Usage of containers, read from their cgroups and network namespaces.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::container::Container;
use super::file::{BUFFER, Budget};
use super::locate::{cgroup_file, scan};
use super::mounts::Mounts;
use crate::fleet::{ReplicaId, Usage};

/// A container to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its replica. The id is the container id that its cgroups are named after.
    pub replica: ReplicaId,
    /// The host pid of its first process, where known; else it is looked for in `/proc`.
    pub pid: Option<u32>,
}

/// First wait before looking again for containers that were not found; doubles up to a minute.
const RETRY: Duration = Duration::from_secs(2);

/// Reads usage of many containers, cheaply: descriptors are kept open (while there are enough) and
/// read with one `pread` each.
///
/// What the kernel does not offer is missing (`None`), never 0.
#[derive(Debug)]
pub struct UsageReader {
    root: PathBuf,
    mounts: Mounts,
    budget: Budget,
    targets: Vec<(Target, Option<Container>)>,
    next_try: Option<Instant>,
    wait: Duration,
}

impl UsageReader {
    /// A reader of the machine whose root directory is `root` (`/`; another in tests).
    pub fn new(root: &Path) -> Self {
        Self::with_budget(root, Budget::of_process())
    }

    pub(super) fn with_budget(root: &Path, budget: Budget) -> Self {
        Self {
            root: root.to_owned(),
            mounts: Mounts::read(root),
            budget,
            targets: Vec::new(),
            next_try: None,
            wait: RETRY,
        }
    }

    /// Read these containers from now on, and no others. What is known of those read before is
    /// kept, unless they have another pid now (they were restarted).
    pub fn set(&mut self, targets: Vec<Target>) {
        let mut before: HashMap<ReplicaId, (Target, Option<Container>)> =
            self.targets.drain(..).map(|(target, found)| (target.replica.clone(), (target, found))).collect();
        self.targets = targets
            .into_iter()
            .map(|mut target| match before.remove(&target.replica) {
                Some((old, found)) if target.pid.is_none() || target.pid == old.pid || old.pid.is_none() => {
                    // A container found by looking stays found when its pid is told later.
                    target.pid = target.pid.or(old.pid);
                    (target, found)
                }
                _ => (target, None),
            })
            .collect();
        drop(before);
        self.wait = RETRY;
        self.find();
    }

    /// Look for the containers that were not found yet.
    fn find(&mut self) {
        let mut lost: Vec<usize> = Vec::new();
        for (index, (target, found)) in self.targets.iter_mut().enumerate() {
            if found.is_some() {
                continue;
            }
            let told = target.pid.and_then(|pid| Some((pid, cgroup_file(&self.root, pid)?)));
            *found = told.and_then(|(pid, text)| {
                Container::open(&self.root, &self.mounts, &self.budget, &target.replica.id, pid, &text)
            });
            if found.is_none() {
                lost.push(index);
            }
        }
        if !lost.is_empty() {
            let wanted: Vec<&str> = lost
                .iter()
                .filter_map(|i| self.targets.get(*i))
                .map(|(target, _)| &*target.replica.id)
                .collect();
            let seen = scan(&self.root, &wanted);
            for index in lost {
                let Some((target, found)) = self.targets.get_mut(index) else { continue };
                *found = seen.get(&*target.replica.id).and_then(|(pid, text)| {
                    Container::open(&self.root, &self.mounts, &self.budget, &target.replica.id, *pid, text)
                });
            }
        }
        let missing = self.targets.iter().any(|(_, found)| found.is_none());
        self.next_try = missing.then(|| Instant::now() + self.wait);
        self.wait = (self.wait * 2).min(Duration::from_mins(1));
    }

    /// Read all of them once. A container that vanished, or was not found, is not in the result.
    ///
    /// Rates (CPU, network, block I/O) are over the time since the last sweep, so the first one
    /// has none.
    pub fn sweep(&mut self) -> Vec<(ReplicaId, Usage)> {
        if self.next_try.is_some_and(|at| at <= Instant::now()) {
            self.find();
        }
        let mut buffer = [0; BUFFER];
        let mut usages = Vec::with_capacity(self.targets.len());
        for (target, found) in &mut self.targets {
            let Some(container) = found else { continue };
            if let Ok(usage) = container.read(&self.root, &mut buffer) {
                usages.push((target.replica.clone(), usage));
            } else {
                tracing::debug!(container = target.replica.short(), "its cgroup is gone");
                *found = None;
                target.pid = None;
                self.wait = RETRY;
                self.next_try = Some(Instant::now() + RETRY);
            }
        }
        usages
    }
}

#[cfg(test)]
mod tests;
