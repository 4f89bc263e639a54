//! Resource usage: one sample, and the bounded history of them.

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

/// Usage over time; see the module. (Filled in by the history work.)
#[derive(Clone, Debug, Default)]
pub struct History {}
