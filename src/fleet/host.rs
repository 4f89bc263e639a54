//! The machine itself: its figures, and which of them say that it is in trouble.

use std::fmt::Write as _;

use crate::text::human;

/// The machine's own usage. A metric that could not be read is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct HostUsage {
    /// CPU in use, 0–1 of all cores.
    pub cpu: Option<f32>,
    /// Cores.
    pub cores: Option<u32>,
    /// Memory in use (total − available), bytes.
    pub memory: Option<u64>,
    /// Memory in all, bytes.
    pub memory_total: Option<u64>,
    /// Swap in use, bytes.
    pub swap: Option<u64>,
    /// Swap in all, bytes; 0 = there is none.
    pub swap_total: Option<u64>,
    /// Bytes in use on the file system that holds the engine's data.
    pub disk: Option<u64>,
    /// Size of that file system, bytes.
    pub disk_total: Option<u64>,
    /// Inodes in use on it; `None` also where it has no fixed number of them.
    pub inodes: Option<u64>,
    /// How many it has.
    pub inodes_total: Option<u64>,
    /// Load average over one minute.
    pub load1: Option<f32>,
    /// Over five.
    pub load5: Option<f32>,
    /// Over fifteen.
    pub load15: Option<f32>,
    /// What it was short of lately.
    pub pressure: Pressure,
}

/// Share of the last ten seconds, 0–1, in which something had to wait for it (the kernel's pressure
/// stall information); `None` where the kernel does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Pressure {
    /// For a CPU.
    pub cpu: Option<f32>,
    /// For memory.
    pub memory: Option<f32>,
    /// For disks.
    pub io: Option<f32>,
}

/// How much a figure of the machine is strained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Strain {
    /// As it should be.
    #[default]
    None,
    /// Somebody should see to it.
    Warn,
    /// It will soon hurt, or does.
    Bad,
}

impl Strain {
    fn of(figure: f64, warn: f64, bad: f64) -> Self {
        match figure {
            it if it >= bad => Self::Bad,
            it if it >= warn => Self::Warn,
            _ => Self::None,
        }
    }
}

/// Shares of a file system, of space or inodes, that are too much.
const DISK: (f64, f64) = (0.85, 0.95);
/// Shares of memory.
const MEMORY: (f64, f64) = (0.90, 0.95);
/// Shares of swap.
const SWAP: (f64, f64) = (0.80, 0.95);
/// Load for each core.
const LOAD: (f64, f64) = (2.0, 4.0);
/// Shares of time something waits for memory: it is read from disk again and again.
const MEMORY_PRESSURE: (f64, f64) = (0.10, 0.40);
/// The same of disks, which are waited for also where all is well.
const IO_PRESSURE: (f64, f64) = (0.40, 0.80);
/// And of CPUs.
const CPU_PRESSURE: (f64, f64) = (0.60, 0.90);

/// How full a file system may be, by a share of space or inodes.
pub fn disk_strain(share: f64) -> Strain {
    Strain::of(share, DISK.0, DISK.1)
}

/// `a` of `b`, where both are known and `b` is something.
fn share(of: Option<u64>, all: Option<u64>) -> Option<f64> {
    Some(of? as f64 / all.filter(|all| *all > 0)? as f64)
}

fn judged(figure: Option<f64>, (warn, bad): (f64, f64)) -> Strain {
    figure.map_or(Strain::None, |it| Strain::of(it, warn, bad))
}

impl HostUsage {
    /// Share of memory in use, 0–1.
    pub fn memory_share(&self) -> Option<f64> {
        share(self.memory, self.memory_total)
    }

    /// Share of swap in use, 0–1; `None` also where there is none.
    pub fn swap_share(&self) -> Option<f64> {
        share(self.swap, self.swap_total)
    }

    /// Share of the engine's disk in use, 0–1.
    pub fn disk_share(&self) -> Option<f64> {
        share(self.disk, self.disk_total)
    }

    /// Share of its inodes in use, 0–1.
    pub fn inode_share(&self) -> Option<f64> {
        share(self.inodes, self.inodes_total)
    }

    /// Load over one minute for each core.
    pub fn load_per_core(&self) -> Option<f64> {
        Some(f64::from(self.load1?) / f64::from(self.cores.filter(|n| *n > 0)?))
    }

    /// How much memory is strained: by what is in use.
    pub fn memory_strain(&self) -> Strain {
        judged(self.memory_share(), MEMORY)
    }

    /// How much swap is.
    pub fn swap_strain(&self) -> Strain {
        judged(self.swap_share(), SWAP)
    }

    /// How full the engine's disk is.
    pub fn disk_strain(&self) -> Strain {
        self.disk_share().map_or(Strain::None, disk_strain)
    }

    /// How few inodes it has left.
    pub fn inode_strain(&self) -> Strain {
        self.inode_share().map_or(Strain::None, disk_strain)
    }

    /// Whether more wants to run than there are cores for.
    pub fn load_strain(&self) -> Strain {
        judged(self.load_per_core(), LOAD)
    }

    /// What is strained and can't be seen in the figures of CPU, memory and disk, worst first:
    /// `inodes 97%`, `swap 92%`, `load 41`, `waits for memory 34%`.
    pub fn strains(&self) -> Vec<(Strain, String)> {
        let percent = |share: Option<f64>| format!("{:.0}%", share.unwrap_or_default() * 100.0);
        let mut load = String::from("load ");
        let _ = write!(load, "{:.0}", self.load1.unwrap_or_default());
        let mut all = vec![
            (self.inode_strain(), format!("inodes {}", percent(self.inode_share()))),
            (self.swap_strain(), format!("swap {}", percent(self.swap_share()))),
            (self.load_strain(), load),
        ];
        all.extend(
            self.pressure
                .parts()
                .map(|(what, share, strain)| (strain, format!("waits for {what} {}", human::percent(share)))),
        );
        all.retain(|(strain, _)| *strain > Strain::None);
        all.sort_by_key(|(strain, _)| std::cmp::Reverse(*strain));
        all
    }
}

impl Pressure {
    /// Whether the kernel tells at all.
    pub fn is_known(&self) -> bool {
        self.cpu.or(self.memory).or(self.io).is_some()
    }

    /// What the kernel tells: of what, the share of time, and whether that is much.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, f32, Strain)> {
        let all = [
            ("cpu", self.cpu, CPU_PRESSURE),
            ("memory", self.memory, MEMORY_PRESSURE),
            ("disks", self.io, IO_PRESSURE),
        ];
        all.into_iter().filter_map(|(what, share, bounds)| {
            let share = share?;
            Some((what, share, judged(Some(f64::from(share)), bounds)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_is_well_strains_nothing() {
        let well = HostUsage {
            memory: Some(50),
            memory_total: Some(100),
            swap: Some(0),
            swap_total: Some(0),
            disk: Some(84),
            disk_total: Some(100),
            inodes: Some(1),
            inodes_total: Some(100),
            load1: Some(7.9),
            cores: Some(4),
            pressure: Pressure { cpu: Some(0.5), memory: Some(0.0), io: Some(0.3) },
            ..HostUsage::default()
        };
        assert_eq!(well.strains(), []);
        assert_eq!((well.disk_strain(), well.memory_strain()), (Strain::None, Strain::None));
        assert_eq!(well.swap_share(), None, "there is none");
        assert_eq!(HostUsage::default().strains(), [], "what is not known is not bad");
    }

    #[test]
    fn what_is_strained_is_said_worst_first() {
        let ill = HostUsage {
            disk: Some(90),
            disk_total: Some(100),
            inodes: Some(97),
            inodes_total: Some(100),
            swap: Some(85),
            swap_total: Some(100),
            load1: Some(16.4),
            cores: Some(4),
            pressure: Pressure { memory: Some(0.34), ..Pressure::default() },
            ..HostUsage::default()
        };
        assert_eq!(ill.disk_strain(), Strain::Warn);
        let words: Vec<String> = ill.strains().into_iter().map(|(_, words)| words).collect();
        assert_eq!(words, ["inodes 97%", "load 16", "swap 85%", "waits for memory 34%"]);
        assert_eq!(ill.strains()[0].0, Strain::Bad);
    }
}
