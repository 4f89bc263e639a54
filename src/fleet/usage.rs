//! Resource usage: one sample of it, and its metrics.

/// One replica's usage at one moment. A metric that could not be read is `None`, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Usage {
    /// CPU in cores over the last interval (1.0 = one core fully used).
    pub cpu: Option<f32>,
    /// Memory in bytes without the inactive page cache, as `docker stats` counts it.
    pub memory: Option<u64>,
    /// Bytes per second received on all interfaces but loopback.
    pub net_rx: Option<f32>,
    /// Bytes per second sent.
    pub net_tx: Option<f32>,
    /// Bytes per second read from block devices.
    pub block_read: Option<f32>,
    /// Bytes per second written.
    pub block_write: Option<f32>,
    /// Processes and threads.
    pub pids: Option<u32>,
}

impl Usage {
    /// Both together; a metric that only one has is that one's.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            cpu: either(self.cpu, other.cpu, |a, b| a + b),
            memory: either(self.memory, other.memory, u64::saturating_add),
            net_rx: either(self.net_rx, other.net_rx, |a, b| a + b),
            net_tx: either(self.net_tx, other.net_tx, |a, b| a + b),
            block_read: either(self.block_read, other.block_read, |a, b| a + b),
            block_write: either(self.block_write, other.block_write, |a, b| a + b),
            pids: either(self.pids, other.pids, u32::saturating_add),
        }
    }

    /// One metric, in the unit of its field.
    pub fn get(&self, metric: Metric) -> Option<f32> {
        match metric {
            Metric::Cpu => self.cpu,
            Metric::Memory => self.memory.map(|bytes| bytes as f32),
            Metric::NetRx => self.net_rx,
            Metric::NetTx => self.net_tx,
            Metric::BlockRead => self.block_read,
            Metric::BlockWrite => self.block_write,
            Metric::Pids => self.pids.map(|pids| pids as f32),
        }
    }
}

fn either<T>(a: Option<T>, b: Option<T>, add: impl FnOnce(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(add(a, b)),
        (a, b) => a.or(b),
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Metric {
    /// Cores.
    Cpu,
    /// Bytes.
    Memory,
    /// Bytes per second received.
    NetRx,
    /// Bytes per second sent.
    NetTx,
    /// Bytes per second read from block devices.
    BlockRead,
    /// Bytes per second written to block devices.
    BlockWrite,
    /// Processes and threads.
    Pids,
}

impl Metric {
    /// All metrics, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Cpu, Self::Memory, Self::NetRx, Self::NetTx, Self::BlockRead, Self::BlockWrite, Self::Pids];
}
