//! Usage of containers, read from their cgroups and network namespaces.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::counter::{Counts, Meter};
use super::file::{BUFFER, Budget, KernelFile, ReadError, read_once};
use super::locate::{Dirs, cgroup_file, outside_parent, scan};
use super::mounts::Mounts;
use super::parse;
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

/// One container, found.
#[derive(Debug)]
struct Container {
    id: Arc<str>,
    cpu: Option<(KernelFile, CpuFormat)>,
    memory: Option<Memory>,
    io: Option<(KernelFile, IoFormat)>,
    pids: Option<KernelFile>,
    /// Its cgroup directory, to find another process when the known one ended.
    dir: PathBuf,
    /// `/proc/PID/net/dev`; `None` for the host's network, which is not the container's.
    net: Option<String>,
    meter: Meter,
}

#[derive(Debug)]
struct Memory {
    usage: KernelFile,
    stat: KernelFile,
    /// The line of `stat` to take off.
    inactive: &'static [u8],
}

#[derive(Clone, Copy, Debug)]
enum CpuFormat {
    /// v1: one number, nanoseconds.
    Nanoseconds,
    /// v2: `usage_usec`.
    Microseconds,
}

type IoFormat = fn(&[u8]) -> (u64, u64);

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

impl Container {
    fn open(
        root: &Path,
        mounts: &Mounts,
        budget: &Budget,
        id: &Arc<str>,
        pid: u32,
        cgroup_file: &str,
    ) -> Option<Self> {
        let dirs = Dirs::of(cgroup_file, id, mounts);
        if dirs.is_empty() {
            return None;
        }
        let open = |dir: &Option<PathBuf>, name: &str| {
            dir.as_ref().and_then(|dir| KernelFile::open(&dir.join(name), budget))
        };
        let memory = |dir, usage, inactive| {
            Some(Memory { usage: open(dir, usage)?, stat: open(dir, "memory.stat")?, inactive })
        };
        let v1_io = ["blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes"];
        Some(Self {
            cpu: open(&dirs.cpuacct, "cpuacct.usage")
                .map(|file| (file, CpuFormat::Nanoseconds))
                .or_else(|| Some((open(&dirs.unified, "cpu.stat")?, CpuFormat::Microseconds))),
            memory: memory(&dirs.memory, "memory.usage_in_bytes", b"total_inactive_file".as_slice())
                .or_else(|| memory(&dirs.unified, "memory.current", b"inactive_file")),
            io: v1_io
                .iter()
                .find_map(|name| open(&dirs.blkio, name))
                .map(|file| (file, parse::io_v1 as IoFormat))
                .or_else(|| Some((open(&dirs.unified, "io.stat")?, parse::io_v2 as IoFormat))),
            pids: open(&dirs.pids, "pids.current").or_else(|| open(&dirs.unified, "pids.current")),
            dir: dirs.any()?.to_owned(),
            id: id.clone(),
            net: net_path(root, id, pid),
            meter: Meter::default(),
        })
    }

    fn read(&mut self, root: &Path, buffer: &mut [u8; BUFFER]) -> Result<Usage, ReadError> {
        let mut counts = Counts::default();
        if let Some((file, format)) = &self.cpu {
            counts.cpu = or_missing(file.read(buffer))?.and_then(|text| match format {
                CpuFormat::Nanoseconds => parse::number(text),
                CpuFormat::Microseconds => parse::value(text, b"usage_usec")?.checked_mul(1000),
            });
        }
        // Right after the CPU counter: time and counter must belong together.
        let now = Instant::now();
        let memory = match &self.memory {
            Some(memory) => memory.read(buffer)?,
            None => None,
        };
        if let Some((file, format)) = &self.io {
            counts.io = or_missing(file.read(buffer))?.map(format);
        }
        let pids = match &self.pids {
            Some(file) => or_missing(file.read(buffer))?.and_then(parse::number),
            None => None,
        };
        counts.net = self.read_net(root, buffer);
        let rates = self.meter.tick(now, counts);
        Ok(Usage {
            cpu: rates.cpu,
            // What runs has memory and a process: 0 is a controller that does not count.
            memory: memory.filter(|bytes| *bytes > 0),
            net_rx: rates.net.0,
            net_tx: rates.net.1,
            block_read: rates.io.0,
            block_write: rates.io.1,
            pids: pids.filter(|n| *n > 0).and_then(|n| u32::try_from(n).ok()),
        })
    }

    fn read_net(&mut self, root: &Path, buffer: &mut [u8; BUFFER]) -> Option<(u64, u64)> {
        let path = self.net.as_ref()?;
        match read_once(path, buffer) {
            Ok(text) => parse::net_dev(text),
            Err(ReadError::Failed) => None,
            Err(ReadError::Vanished) => {
                // The process ended, its container did not: any other of its processes will do.
                let procs = std::fs::read_to_string(self.dir.join("cgroup.procs")).ok()?;
                let pid = procs.lines().filter_map(|line| line.parse().ok()).min()?;
                self.net = net_path(root, &self.id, pid);
                parse::net_dev(read_once(self.net.as_ref()?, buffer).ok()?)
            }
        }
    }
}

impl Memory {
    fn read(&self, buffer: &mut [u8; BUFFER]) -> Result<Option<u64>, ReadError> {
        let Some(usage) = or_missing(self.usage.read(buffer))?.and_then(parse::number) else {
            return Ok(None);
        };
        let inactive = or_missing(self.stat.read(buffer))?.and_then(|text| parse::value(text, self.inactive));
        Ok(inactive.map(|inactive| usage.saturating_sub(inactive)))
    }
}

/// A file that can't be read makes its metric missing; a cgroup that is gone ends the reading.
fn or_missing(read: Result<&[u8], ReadError>) -> Result<Option<&[u8]>, ReadError> {
    match read {
        Ok(text) => Ok(Some(text)),
        Err(ReadError::Failed) => Ok(None),
        Err(ReadError::Vanished) => Err(ReadError::Vanished),
    }
}

/// The file that counts a process's network, unless that is the host's own network.
fn net_path(root: &Path, container: &str, pid: u32) -> Option<String> {
    let proc = |pid: &str| root.join("proc").join(pid);
    let network = |pid: &str| std::fs::read_link(proc(pid).join("ns/net")).ok();
    let counters = |pid: &str| proc(pid).join("net/dev");
    let own = pid.to_string();
    let is_host = match network(&own) {
        Some(namespace) => {
            // What started the container lives in the engine's network, which is what the container
            // gets as "host"; it need not be ours.
            let starter = outside_parent(root, container, pid).map(|pid| pid.to_string());
            let hosts = [starter.as_deref(), Some("1"), Some("self")];
            hosts.into_iter().flatten().any(|host| network(host).as_ref() == Some(&namespace))
        }
        // We may not look at its namespace, but its counters tell: the host's are the same as ours.
        None => have_same_interfaces(&counters(&own), &counters("self")),
    };
    if is_host { None } else { Some(counters(&own).to_str()?.to_owned()) }
}

/// Whether two `net/dev` are of one namespace: the same interfaces, and the counters of `a` lie
/// between those of `b` read just before and just after.
fn have_same_interfaces(a: &Path, b: &Path) -> bool {
    let names = |text: &[u8]| -> Vec<Vec<u8>> {
        parse::lines(text)
            .skip(2)
            .filter_map(|line| Some(line.split(|c| *c == b':').next()?.to_vec()))
            .collect()
    };
    let (Ok(before), Ok(text), Ok(after)) = (std::fs::read(b), std::fs::read(a), std::fs::read(b)) else {
        return false;
    };
    let between = match (parse::net_dev(&before), parse::net_dev(&text), parse::net_dev(&after)) {
        (Some(low), Some(own), Some(high)) => {
            (low.0..=high.0).contains(&own.0) && (low.1..=high.1).contains(&own.1)
        }
        _ => false,
    };
    between && names(&text) == names(&before)
}

#[cfg(test)]
mod tests;
