//! Limits as the engine says them.

use serde_json::{Value, json};

use super::Object;
use crate::engine::docker::api::HostConfig;
use crate::engine::docker::map;
use crate::fleet::Limits;

/// The period a CPU quota counts in where none was asked for, microseconds.
const PERIOD: i64 = 100_000;
/// CPUs that differ by less are the same: they come and go as decimals.
const SAME: f64 = 1e-3;

/// Fields of `HostConfig` that have to change.
#[derive(Clone, Debug, PartialEq, Default)]
pub(in crate::engine::docker) struct Changed {
    /// The fields and their values.
    pub(in crate::engine::docker) fields: Object,
    /// What of it is a limit taken away, which a running container's engine may not be able to:
    /// `CPU`, `memory`.
    pub(in crate::engine::docker) taken_away: Vec<&'static str>,
}

/// The limits in a `HostConfig`.
pub(in crate::engine::docker) fn limits(host: &Object) -> Limits {
    let typed: Result<HostConfig, _> = serde_json::from_value(Value::Object(host.clone()));
    typed.map(|host| map::limits(&host)).unwrap_or_default()
}

/// Whether two limits are the same.
pub(in crate::engine::docker) fn same(a: Limits, b: Limits) -> bool {
    same_cpus(a.cpus, b.cpus) && a.memory == b.memory && a.pids == b.pids
}

fn same_cpus(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < SAME,
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// What has to change in `host` so that its limits are `wanted`.
pub(in crate::engine::docker) fn change(host: &Object, wanted: Limits) -> Changed {
    let now = limits(host);
    let mut change = Changed::default();
    if !same_cpus(now.cpus, wanted.cpus) {
        cpus(host, wanted.cpus, &mut change);
    }
    if now.memory != wanted.memory {
        memory(host, wanted.memory, &mut change);
    }
    if now.pids != wanted.pids {
        change.fields.insert("PidsLimit".into(), wanted.pids.map_or(json!(-1), |pids| json!(pids)));
    }
    change
}

/// An engine takes CPUs in two ways, and not both at once: keep to the one that is in use.
fn cpus(host: &Object, wanted: Option<f64>, change: &mut Changed) {
    let fields = &mut change.fields;
    match wanted {
        Some(cpus) if number(host, "CpuQuota") > 0 => {
            let period = Some(number(host, "CpuPeriod")).filter(|p| *p > 0).unwrap_or(PERIOD);
            fields.insert("CpuQuota".into(), json!((cpus * period as f64).round() as i64));
            fields.insert("CpuPeriod".into(), json!(period));
        }
        Some(cpus) => {
            fields.insert("NanoCpus".into(), json!((cpus * 1e9).round() as i64));
        }
        None => {
            for key in ["NanoCpus", "CpuQuota", "CpuPeriod"] {
                fields.insert(key.into(), json!(0));
            }
            // What is pinned to some CPUs has no more than these.
            fields.insert("CpusetCpus".into(), json!(""));
            change.taken_away.push("CPU");
        }
    }
}

/// Memory and swap are said as one sum, which has to grow and shrink with the memory.
fn memory(host: &Object, wanted: Option<u64>, change: &mut Changed) {
    let Some(wanted) = wanted else {
        change.fields.insert("Memory".into(), json!(0));
        change.fields.insert("MemorySwap".into(), json!(0));
        change.taken_away.push("memory");
        return;
    };
    let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
    let (memory, sum) = (number(host, "Memory"), number(host, "MemorySwap"));
    let sum = match sum {
        -1 => -1,
        // Unless asked for otherwise, an engine allows as much swap as memory.
        0 => wanted.saturating_mul(2),
        sum if sum == memory.saturating_mul(2) => wanted.saturating_mul(2),
        sum => wanted.saturating_add(sum.saturating_sub(memory).max(0)),
    };
    change.fields.insert("Memory".into(), json!(wanted));
    change.fields.insert("MemorySwap".into(), json!(sum));
}

fn number(of: &Object, key: &str) -> i64 {
    of.get(key).and_then(Value::as_i64).unwrap_or(0)
}
