//! Which charts there are, and the figures beside their names.

use super::picture::Picture;
use crate::config::Role;
use crate::console::widget::chart::Unit;
use crate::fleet::{Limits, Metric, Usage};
use crate::text::human;

/// The charts, in the order of their weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Panel {
    Cpu,
    Memory,
    Latency,
    Measured,
    Net,
    Block,
    Pids,
    Figures,
}

impl Panel {
    /// Those there are for a picture: what is not probed has no latency to draw, and what is not
    /// asked says nothing of itself.
    pub(super) fn of(picture: &Picture) -> Vec<Self> {
        let all = [
            Self::Cpu,
            Self::Memory,
            Self::Latency,
            Self::Measured,
            Self::Net,
            Self::Block,
            Self::Pids,
            Self::Figures,
        ];
        let is_there = |panel: &Self| match panel {
            Self::Latency => picture.is_probed(),
            Self::Measured => !picture.measured.is_empty(),
            _ => true,
        };
        all.into_iter().filter(is_there).collect()
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Memory => "MEMORY",
            Self::Latency => "LATENCY",
            Self::Measured => "MEASURED",
            Self::Net => "NETWORK",
            Self::Block => "BLOCK I/O",
            Self::Pids => "PROCESSES",
            Self::Figures => "FIGURES",
        }
    }

    pub(super) fn metrics(self) -> &'static [(Metric, &'static str, Role)] {
        match self {
            Self::Cpu => &[(Metric::Cpu, "", Role::Chart1)],
            Self::Memory => &[(Metric::Memory, "", Role::Chart1)],
            Self::Net => &[(Metric::NetRx, "rx", Role::Chart1), (Metric::NetTx, "tx", Role::Chart2)],
            Self::Block => {
                &[(Metric::BlockRead, "read", Role::Chart1), (Metric::BlockWrite, "write", Role::Chart2)]
            }
            Self::Pids => &[(Metric::Pids, "", Role::Chart1)],
            Self::Latency | Self::Measured | Self::Figures => &[],
        }
    }

    pub(super) fn unit(self) -> Unit {
        match self {
            Self::Memory => Unit::Bytes,
            Self::Net | Self::Block => Unit::Rate,
            Self::Latency => Unit::Seconds,
            _ => Unit::Number,
        }
    }

    pub(super) fn limit(self, limits: &Limits) -> Option<f64> {
        match self {
            Self::Cpu => limits.cpus,
            Self::Memory => limits.memory.map(|n| n as f64),
            Self::Pids => limits.pids.map(|n| n as f64),
            _ => None,
        }
    }

    /// The figures beside the name.
    pub(super) fn now(self, usage: &Usage, limits: &Limits, missing: &str) -> String {
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole * 100.0 } else { 0.0 };
        let rate =
            |value: Option<f32>| value.map_or_else(|| missing.to_owned(), |v| Unit::Rate.label(f64::from(v)));
        match self {
            Self::Cpu => match (usage.cpu, limits.cpus) {
                (Some(cpu), Some(limit)) => {
                    format!("{cpu:.2} cores, {:.0}% of {limit}", share(f64::from(cpu), limit))
                }
                (Some(cpu), None) => format!("{cpu:.2} cores, no limit"),
                (None, _) => missing.to_owned(),
            },
            Self::Memory => match (usage.memory, limits.memory) {
                (Some(used), Some(limit)) => {
                    let percent = share(used as f64, limit as f64);
                    format!("{} of {}, {percent:.0}%", human::bytes(used), human::bytes(limit))
                }
                (Some(used), None) => format!("{}, no limit", human::bytes(used)),
                (None, _) => missing.to_owned(),
            },
            Self::Net => format!("rx {}  tx {}", rate(usage.net_rx), rate(usage.net_tx)),
            Self::Block => format!("read {}  write {}", rate(usage.block_read), rate(usage.block_write)),
            Self::Pids => match (usage.pids, limits.pids) {
                (Some(pids), Some(limit)) => format!("{pids} of {limit}"),
                (Some(pids), None) => pids.to_string(),
                (None, _) => missing.to_owned(),
            },
            Self::Latency | Self::Measured | Self::Figures => String::new(),
        }
    }
}
