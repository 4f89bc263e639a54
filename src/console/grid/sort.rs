//! The order of rows. Pure; ties are broken by name, so an order is the same every time.

use std::cmp::Ordering;

use super::Column;
use crate::fleet::{Health, Summary};

/// By what rows are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By which column.
    pub column: Column,
    /// Against the column's natural order (names from A, figures and trouble from the greatest).
    pub reversed: bool,
}

impl Default for Sort {
    /// Trouble first.
    fn default() -> Self {
        Self { column: Column::Health, reversed: false }
    }
}

impl Sort {
    /// Whether the greatest stands on top (for the arrow in the head).
    pub fn descending(self) -> bool {
        self.column.biggest_first() != self.reversed
    }

    /// The order of two rows by what they show; `Equal` leaves it to their names.
    pub fn compare(self, a: &Summary, b: &Summary) -> Ordering {
        let order = match self.column {
            Column::Service => Ordering::Equal,
            Column::Replicas => (a.up, a.total).cmp(&(b.up, b.total)),
            Column::Health => trouble(a.health.health).cmp(&trouble(b.health.health)),
            Column::Ports => first_port(a).cmp(&first_port(b)),
            Column::P95 => a.p95.cmp(&b.p95),
            Column::Errors => a.error_rate.unwrap_or(-1.0).total_cmp(&b.error_rate.unwrap_or(-1.0)),
            Column::Cpu => figures(a.usage.cpu, b.usage.cpu),
            Column::Mem => a.usage.memory.cmp(&b.usage.memory),
            Column::Net => figures(sum(a.usage.net_rx, a.usage.net_tx), sum(b.usage.net_rx, b.usage.net_tx)),
            Column::Block => figures(
                sum(a.usage.block_read, a.usage.block_write),
                sum(b.usage.block_read, b.usage.block_write),
            ),
            Column::Pids => a.usage.pids.cmp(&b.usage.pids),
            Column::Restarts => a.restarts.cmp(&b.restarts),
            Column::Revision => a.revision.cmp(&b.revision),
            // The youngest first: what changed last is what one looks for.
            Column::Age => b.since.cmp(&a.since),
        };
        if self.descending() { order.reverse() } else { order }
    }

    /// The order of two names, where everything else is equal.
    pub fn compare_names(self, a: &str, b: &str) -> Ordering {
        let order = a.cmp(b);
        if self.column == Column::Service && self.reversed { order.reverse() } else { order }
    }
}

/// How much a verdict asks to be looked at. A replica that is just starting does not: rows would
/// jump at every restart.
pub fn trouble(health: Health) -> u8 {
    match health {
        Health::Down => 6,
        Health::Unhealthy => 5,
        Health::Degraded => 4,
        Health::Paused => 3,
        Health::Healthy | Health::Running | Health::Starting => 2,
        Health::Stopped => 1,
    }
}

fn first_port(summary: &Summary) -> Option<u16> {
    summary.ports.iter().map(|p| p.host.map_or(p.container, |(_, port)| port)).min()
}

fn figures(a: Option<f32>, b: Option<f32>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn sum(a: Option<f32>, b: Option<f32>) -> Option<f32> {
    match (a, b) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or(0.0) + b.unwrap_or(0.0)),
    }
}
