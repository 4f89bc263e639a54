//! Load and what it costs: usage as a pure function of seed and time.

use super::platform::{Fate, Spec};
use super::random::noise;
use super::world::{Run, Unit};
use crate::fleet::Usage;

const MIB: f64 = 1024.0 * 1024.0;

/// What all services of a platform have in common at a moment.
pub(super) struct Weather {
    /// How many customers there are, 0–1.
    crowd: f64,
}

impl Weather {
    pub(super) fn at(seed: u64, at: i64) -> Self {
        Self { crowd: 0.6 * noise(seed, at, 240_000) + 0.4 * noise(seed ^ 0xC0F, at, 37_000) }
    }

    /// The load on one service, 0–1.
    pub(super) fn load(&self, spec: &Spec, seed: u64, at: i64) -> f64 {
        let own = 0.65 * noise(seed ^ 0x10AD, at, 23_000) + 0.35 * noise(seed ^ 0x117, at, 2_300);
        (spec.busy * (0.15 + 0.55 * self.crowd + 0.4 * own)).clamp(0.0, 1.0)
    }
}

/// Milliseconds a request to this service takes, at its load; more when what it calls is broken.
pub(super) fn latency(load: f64, broken: bool) -> f64 {
    // A queue's shape: flat for long, steep near the end.
    let queue = 1.0 / (1.08 - load.min(1.0));
    (9.0 + 11.0 * queue) * if broken { 14.0 } else { 1.0 }
}

/// The share of a leaking run's way to its limit, 0–1; `None` when it does not leak.
pub(super) fn leaked(unit: &Unit, run: &Run, at: i64) -> Option<f64> {
    match unit.fate {
        Fate::Leak { seconds } => {
            Some((run.active(at) as f64 / (seconds.max(1) * 1_000) as f64).clamp(0.0, 1.0))
        }
        _ => None,
    }
}

/// What a unit uses in a run at `at`.
pub(super) fn usage(spec: &Spec, unit: &Unit, run: &Run, at: i64, weather: &Weather, broken: bool) -> Usage {
    let profile = spec.program.profile();
    let load = weather.load(spec, unit.seed, at);
    let age = run.active(at);
    let booting = age < profile.boot_ms;
    // Requests that wait for something broken hold their memory, and their time-outs cost a little.
    let stress = if broken { 1.35 } else { 1.0 };
    let warm = (age as f64 / 40_000.0).min(1.0);

    let mut memory = profile.memory * (0.55 + 0.45 * warm) + profile.memory_busy * load * stress;
    memory *= 1.0 + 0.03 * noise(unit.seed ^ 0x3E3, at, 9_000);
    let mut bytes = memory * MIB;
    if let (Some(share), Some(limit)) = (leaked(unit, run, at), unit.replica.limits.memory) {
        // Sawteeth of a collector that gets less and less back.
        let teeth = 0.02 * noise(unit.seed ^ 0x6C, at, 4_000);
        bytes = bytes.max(limit as f64 * (0.16 + 0.82 * share + teeth));
    }
    if let Some(limit) = unit.replica.limits.memory {
        bytes = bytes.min(limit as f64 * 0.998);
    }

    if run.is_paused_at(at) {
        let still = Some(0.0);
        return Usage {
            cpu: still,
            memory: Some(bytes as u64),
            net_rx: still,
            net_tx: still,
            block_read: still,
            block_write: still,
            pids: Some(profile.pids),
        };
    }

    let mut cpu =
        profile.cpu_idle + profile.cpu_busy * load * stress * (0.7 + 0.6 * noise(unit.seed, at, 1_700));
    if booting {
        cpu += 0.85;
    }
    // Near its limit a collector runs all the time.
    if let Some(share) = leaked(unit, run, at).filter(|share| *share > 0.8) {
        cpu += (share - 0.8) * 4.0;
    }
    if let Some(limit) = unit.replica.limits.cpus {
        cpu = cpu.min(limit);
    }
    let traffic = if booting { 0.0 } else { load * (0.8 + 0.4 * noise(unit.seed ^ 0x4E7, at, 1_300)) };
    let writes = profile.disk * (0.05 + load * noise(unit.seed ^ 0xD15C, at, 3_100));
    let reads = writes * 0.2 + if booting { 6.0 * MIB } else { 0.0 };
    Usage {
        cpu: Some(cpu as f32),
        memory: Some(bytes as u64),
        net_rx: Some((profile.net * traffic * 0.34) as f32),
        net_tx: Some((profile.net * traffic) as f32),
        block_read: Some(reads as f32),
        block_write: Some(writes as f32),
        pids: Some(profile.pids + (load * 4.0) as u32),
    }
}
