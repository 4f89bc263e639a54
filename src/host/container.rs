//! One container's files: which they are on v1 and v2, and reading them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::counter::{Counts, Meter};
use super::file::{BUFFER, Budget, KernelFile, ReadError, read_once};
use super::locate::Dirs;
use super::mounts::Mounts;
use super::network::net_path;
use super::parse;
use crate::fleet::Usage;

/// One container, found.
#[derive(Debug)]
pub(super) struct Container {
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

impl Container {
    /// Open what is there of a container's cgroups. `None` when none of them is its own.
    pub(super) fn open(
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

    /// Read everything once. [`ReadError::Vanished`] when its cgroup is gone.
    pub(super) fn read(&mut self, root: &Path, buffer: &mut [u8; BUFFER]) -> Result<Usage, ReadError> {
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
