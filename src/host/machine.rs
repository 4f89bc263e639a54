//! Usage of the machine itself.

use std::path::{Path, PathBuf};

use super::file::{BUFFER, Budget, KernelFile};
use super::parse;
use crate::fleet::HostUsage;

/// Reads the machine's usage. What can't be read is missing.
#[derive(Debug)]
pub struct MachineReader {
    stat: Option<KernelFile>,
    meminfo: Option<KernelFile>,
    loadavg: Option<KernelFile>,
    cores: Option<u32>,
    disk: PathBuf,
    /// CPU time (busy, all) at the last reading, in ticks.
    last: Option<(u64, u64)>,
}

impl MachineReader {
    /// A reader of the machine whose root directory is `root` (`/`; another in tests). `disk` is
    /// any path on the file system to tell of: the engine's data directory.
    pub fn new(root: &Path, disk: &Path) -> Self {
        let budget = Budget::new(3);
        let open = |name: &str| KernelFile::open(&root.join("proc").join(name), &budget);
        let stat = std::fs::read(root.join("proc/stat")).ok();
        Self {
            stat: open("stat"),
            meminfo: open("meminfo"),
            loadavg: open("loadavg"),
            cores: stat.map(|text| cores(&text)).filter(|n| *n > 0),
            disk: disk.to_owned(),
            last: None,
        }
    }

    /// Read everything once. CPU is over the time since the last reading; the first has none.
    pub fn read(&mut self) -> HostUsage {
        let mut buffer = [0; BUFFER];
        let mut usage = HostUsage { cores: self.cores, ..HostUsage::default() };
        let read = |file: &Option<KernelFile>, buffer: &mut [u8; BUFFER]| -> Option<Vec<u8>> {
            file.as_ref()?.read(buffer).ok().map(<[u8]>::to_vec)
        };
        if let Some(now) = read(&self.stat, &mut buffer).as_deref().and_then(cpu_time) {
            usage.cpu = self.last.and_then(|before| share(before, now));
            self.last = Some(now);
        }
        if let Some(text) = read(&self.meminfo, &mut buffer) {
            let total = kilobytes(&text, b"MemTotal:");
            usage.memory_total = total;
            usage.memory =
                total.zip(kilobytes(&text, b"MemAvailable:")).map(|(all, free)| all.saturating_sub(free));
        }
        usage.load1 = read(&self.loadavg, &mut buffer).as_deref().and_then(load);
        if let Ok(disk) = rustix::fs::statvfs(&self.disk) {
            usage.disk_total = Some(disk.f_blocks.saturating_mul(disk.f_frsize));
            usage.disk = Some(disk.f_blocks.saturating_sub(disk.f_bfree).saturating_mul(disk.f_frsize));
        }
        usage
    }
}

fn cores(stat: &[u8]) -> u32 {
    let is_core = |line: &[u8]| line.starts_with(b"cpu") && line.get(3).is_some_and(u8::is_ascii_digit);
    parse::lines(stat).filter(|line| is_core(line)).count() as u32
}

/// (busy, all) ticks of all cores. Time stolen by a hypervisor is busy; waiting for a disk is idle.
fn cpu_time(stat: &[u8]) -> Option<(u64, u64)> {
    let line = parse::lines(stat).next()?.strip_prefix(b"cpu ")?;
    // user nice system idle iowait irq softirq steal; guest times are part of user and nice.
    let mut ticks = [0_u64; 8];
    for (slot, word) in ticks.iter_mut().zip(parse::words(line)) {
        *slot = parse::number(word)?;
    }
    let [user, nice, system, idle, iowait, irq, softirq, steal] = ticks;
    let busy = user + nice + system + irq + softirq + steal;
    Some((busy, busy + idle + iowait))
}

fn share(before: (u64, u64), now: (u64, u64)) -> Option<f32> {
    let all = now.1.checked_sub(before.1).filter(|all| *all > 0)?;
    // Some counters of the kernel step back now and then.
    let busy = now.0.saturating_sub(before.0);
    Some((busy as f32 / all as f32).min(1.0))
}

fn kilobytes(meminfo: &[u8], key: &[u8]) -> Option<u64> {
    let line = parse::lines(meminfo).find_map(|line| line.strip_prefix(key))?;
    parse::number(parse::words(line).next()?)?.checked_mul(1024)
}

fn load(text: &[u8]) -> Option<f32> {
    std::str::from_utf8(parse::words(text).next()?).ok()?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_read_and_what_is_missing_stays_missing() {
        let root = tempfile::tempdir().unwrap();
        let proc = root.path().join("proc");
        std::fs::create_dir(&proc).unwrap();
        let stat = |user: u64, idle: u64| {
            let text = format!("cpu  {user} 0 0 {idle} 50 0 0 0 0 0\ncpu0 1 2\ncpu1 1 2\nintr 1 2 3\n");
            std::fs::write(proc.join("stat"), text).unwrap();
        };
        stat(100, 100);
        std::fs::write(proc.join("meminfo"), "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 400 kB\n")
            .unwrap();
        let mut reader = MachineReader::new(root.path(), root.path());
        let first = reader.read();
        assert_eq!((first.cpu, first.cores, first.load1), (None, Some(2), None));
        assert_eq!((first.memory, first.memory_total), (Some(600 * 1024), Some(1000 * 1024)));
        assert!(first.disk_total.unwrap() > 0 && first.disk <= first.disk_total);
        stat(130, 110);
        assert_eq!(reader.read().cpu, Some(0.75));
        let nowhere = MachineReader::new(Path::new("/nonexistent"), Path::new("/nonexistent")).read();
        assert_eq!(nowhere, HostUsage::default());
    }
}
