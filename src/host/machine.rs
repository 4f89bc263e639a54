//! Usage of the machine itself.

use std::path::{Path, PathBuf};

use super::disks::space;
use super::file::{BUFFER, Budget, KernelFile};
use super::parse;
use crate::fleet::{HostUsage, Pressure};

/// Reads the machine's usage. What can't be read is missing.
#[derive(Debug)]
pub struct MachineReader {
    stat: Option<KernelFile>,
    meminfo: Option<KernelFile>,
    loadavg: Option<KernelFile>,
    /// Of cpu, memory and io, in this order; many kernels have none.
    pressure: [Option<KernelFile>; 3],
    cores: Option<u32>,
    disk: PathBuf,
    /// CPU time (busy, all) at the last reading, in ticks.
    last: Option<(u64, u64)>,
}

impl MachineReader {
    /// A reader of the machine whose root directory is `root` (`/`; another in tests). `disk` is
    /// any path on the file system to tell of: the engine's data directory.
    pub fn new(root: &Path, disk: &Path) -> Self {
        let budget = Budget::new(6);
        let open = |name: &str| KernelFile::open(&root.join("proc").join(name), &budget);
        let stat = std::fs::read(root.join("proc/stat")).ok();
        Self {
            stat: open("stat"),
            meminfo: open("meminfo"),
            loadavg: open("loadavg"),
            pressure: ["pressure/cpu", "pressure/memory", "pressure/io"].map(open),
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
            let swap = kilobytes(&text, b"SwapTotal:");
            usage.swap_total = swap;
            usage.swap = swap.zip(kilobytes(&text, b"SwapFree:")).map(|(all, free)| all.saturating_sub(free));
        }
        if let Some(text) = read(&self.loadavg, &mut buffer) {
            [usage.load1, usage.load5, usage.load15] = loads(&text);
        }
        if let Ok(space) = space(&self.disk) {
            (usage.disk, usage.disk_total) = (Some(space.used), Some(space.total));
            (usage.inodes, usage.inodes_total) = space.inodes.unzip();
        }
        let [cpu, memory, io] =
            self.pressure.each_ref().map(|file| read(file, &mut buffer).as_deref().and_then(stalled));
        usage.pressure = Pressure { cpu, memory, io };
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

/// `0.20 0.18 0.12 1/80 11206`: over one, five and fifteen minutes.
fn loads(text: &[u8]) -> [Option<f32>; 3] {
    let mut words = parse::words(text).map(decimal);
    std::array::from_fn(|_| words.next().flatten())
}

/// The share of the last ten seconds in which something waited:
/// `some avg10=1.53 avg60=0.87 avg300=0.73 total=…`.
fn stalled(text: &[u8]) -> Option<f32> {
    let line = parse::lines(text).find_map(|line| line.strip_prefix(b"some "))?;
    let percent = parse::words(line).find_map(|word| word.strip_prefix(b"avg10="))?;
    decimal(percent).map(|percent| (percent / 100.0).clamp(0.0, 1.0))
}

fn decimal(word: &[u8]) -> Option<f32> {
    std::str::from_utf8(word).ok()?.parse().ok().filter(|it: &f32| it.is_finite())
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
        let meminfo =
            "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 400 kB\nSwapTotal: 64 kB\nSwapFree: 60 kB\n";
        std::fs::write(proc.join("meminfo"), meminfo).unwrap();
        std::fs::create_dir(proc.join("pressure")).unwrap();
        let io =
            "some avg10=12.50 avg60=0.87 avg300=0.73 total=1\nfull avg10=9.00 avg60=0 avg300=0 total=1\n";
        std::fs::write(proc.join("pressure/io"), io).unwrap();
        std::fs::write(proc.join("pressure/cpu"), "garbage\n").unwrap();
        let mut reader = MachineReader::new(root.path(), root.path());
        let first = reader.read();
        assert_eq!((first.cpu, first.cores, first.load1), (None, Some(2), None));
        assert_eq!((first.memory, first.memory_total), (Some(600 * 1024), Some(1000 * 1024)));
        assert!(first.disk_total.unwrap() > 0 && first.disk <= first.disk_total);
        assert_eq!((first.swap, first.swap_total), (Some(4 * 1024), Some(64 * 1024)));
        assert!(first.inodes <= first.inodes_total);
        assert_eq!(first.pressure, Pressure { cpu: None, memory: None, io: Some(0.125) });
        std::fs::write(proc.join("loadavg"), "0.20 0.18 12.00 1/80 11206\n").unwrap();
        let loads = MachineReader::new(root.path(), root.path()).read();
        assert_eq!((loads.load1, loads.load5, loads.load15), (Some(0.2), Some(0.18), Some(12.0)));
        stat(130, 110);
        assert_eq!(reader.read().cpu, Some(0.75));
        assert_eq!(super::loads(b"0.5 nan\n"), [Some(0.5), None, None]);
        let nowhere = MachineReader::new(Path::new("/nonexistent"), Path::new("/nonexistent")).read();
        assert_eq!(nowhere, HostUsage::default());
    }
}
