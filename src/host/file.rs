//! One kernel file read over and over: kept open, or reopened where descriptors are scarce.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Big enough for every file read here, small enough for the stack.
pub(super) const BUFFER: usize = 8192;

/// How many more descriptors may be kept open.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<AtomicUsize>);

impl Budget {
    /// Room for `n` kept descriptors.
    pub(super) fn new(n: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(n)))
    }

    /// What the soft limit on open files leaves, with room for everything else that needs some:
    /// connections to the engine, log streams, the terminal, files.
    pub(super) fn of_process() -> Self {
        let soft = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let soft = soft.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
        Self::new((soft / 2).min(soft.saturating_sub(256)))
    }

    /// One descriptor, if there is one left.
    fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    #[cfg(test)]
    pub(super) fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn give_back(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Why a read brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadError {
    /// The cgroup (or process) is no more.
    Vanished,
    /// It is there, and can't be read.
    Failed,
}

impl From<Errno> for ReadError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NODEV | Errno::NOENT | Errno::SRCH => Self::Vanished,
            _ => Self::Failed,
        }
    }
}

/// One file.
#[derive(Debug)]
pub(super) enum KernelFile {
    /// Kept open.
    Kept(OwnedFd, Budget),
    /// Reopened for every read.
    Reopened(PathBuf),
}

impl KernelFile {
    /// The file, kept open while the budget allows. `None` when it is not there or we may not.
    pub(super) fn open(path: &Path, budget: &Budget) -> Option<Self> {
        let fd = open(path).ok()?;
        if budget.take() {
            return Some(Self::Kept(fd, budget.clone()));
        }
        Some(Self::Reopened(path.to_owned()))
    }

    /// Its whole text (up to [`BUFFER`] bytes) as of now.
    pub(super) fn read<'b>(&self, buffer: &'b mut [u8; BUFFER]) -> Result<&'b [u8], ReadError> {
        match self {
            Self::Kept(fd, _) => read(fd, buffer),
            Self::Reopened(path) => read(&open(path)?, buffer),
        }
    }
}

impl Drop for KernelFile {
    fn drop(&mut self) {
        if let Self::Kept(_, budget) = self {
            budget.give_back();
        }
    }
}

/// Read a file that must not be kept open (`/proc/PID/net/dev` pins its network namespace).
pub(super) fn read_once<'b>(path: &str, buffer: &'b mut [u8; BUFFER]) -> Result<&'b [u8], ReadError> {
    let fd = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    read(&fd, buffer)
}

fn open(path: &Path) -> Result<OwnedFd, Errno> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}

fn read<'b>(fd: &OwnedFd, buffer: &'b mut [u8; BUFFER]) -> Result<&'b [u8], ReadError> {
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        let n = match rustix::io::pread(fd, room, filled as u64) {
            Err(Errno::INTR) => continue,
            result => result?,
        };
        filled += n;
        // The kernel hands such files out by the page: what ends well before one is complete, and
        // the second call that would say so is spared.
        if n < 2048 {
            break;
        }
    }
    Ok(buffer.get(..filled).unwrap_or_default())
}
