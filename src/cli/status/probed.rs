//! What probes say of a service and what is measured in it, as JSON.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::Shown;
use crate::fleet::{Minutes, ServiceId};
use crate::text::human;

/// One probe of a service.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ProbeJson {
    /// Its name.
    name: String,
    /// The id of the replica it is of; null for the service as a whole.
    replica: Option<String>,
    /// `liveness` or `readiness`.
    purpose: &'static str,
    /// `starting`, `passing` or `failing`.
    standing: &'static str,
    /// Since when it stands so.
    since: String,
    /// Whether it changes between passing and failing over and over.
    flapping: bool,
    /// When it was tried last.
    at: String,
    /// Why that failed; null when it passed.
    error: Option<String>,
    /// How long the answer took, seconds; null when none came.
    took: Option<f64>,
    /// When the certificate it was shown expires.
    certificate_expires: Option<String>,
}

/// How a service answered its probes over a while. Each figure is that of the probe that does worst.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LatencyJson {
    /// Over so many minutes: 1, 5 or 15.
    minutes: i64,
    /// Attempts.
    count: u32,
    /// Failed ones, 0 to 1.
    error_rate: f64,
    /// Half of the good answers took no longer, seconds.
    p50: Option<f64>,
    /// 95 of a hundred took no longer, seconds.
    p95: Option<f64>,
    /// 99 of a hundred took no longer, seconds.
    p99: Option<f64>,
}

/// One figure measured in a service.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MeasuredJson {
    /// Its name, e.g. `request_rate` (1/s), `error_rate` (0 to 1), `p95_response_time` (seconds).
    name: String,
    /// Its newest value, of all replicas together.
    value: f64,
    /// Its unit: `share` of 1, `s`, `/s`, `B`, or what the config calls it; empty where it is just a
    /// number.
    unit: String,
}

/// The probes of a service.
pub(super) fn probes(id: &ServiceId, shown: &Shown<'_>) -> Vec<ProbeJson> {
    let one = |probe: &crate::fleet::Probe| {
        let last = probe.last();
        ProbeJson {
            name: last.probe.to_string(),
            replica: last.replica.as_ref().map(|id| id.id.to_string()),
            purpose: last.purpose.word(),
            standing: probe.standing(shown.now).word(),
            since: human::rfc3339(probe.since()),
            flapping: probe.flapping(shown.now).is_some(),
            at: human::rfc3339(last.at),
            error: last.result.as_ref().err().map(ToString::to_string),
            took: last.took.map(|took| took.as_secs_f64()),
            certificate_expires: last.certificate.map(human::rfc3339),
        }
    };
    shown.fleet.probes(id).map(one).collect()
}

/// How a service answered, over each window in which it was probed.
pub(super) fn latency(id: &ServiceId, shown: &Shown<'_>) -> Vec<LatencyJson> {
    let over = |window: Minutes| {
        let it = shown.fleet.latency(id, window, shown.now)?;
        let seconds = |of: Option<Duration>| of.map(|of| of.as_secs_f64());
        Some(LatencyJson {
            minutes: window.span().as_secs() / 60,
            count: it.count,
            error_rate: it.error_rate,
            p50: seconds(it.took.map(|took| took.p50)),
            p95: seconds(it.took.map(|took| took.p95)),
            p99: seconds(it.took.map(|took| took.p99)),
        })
    };
    Minutes::ALL.into_iter().filter_map(over).collect()
}

/// What is measured in a service, by name.
pub(super) fn measured(id: &ServiceId, shown: &Shown<'_>) -> Vec<MeasuredJson> {
    let names = shown.fleet.measured_names(id, shown.now);
    let one = |name: &Arc<str>| {
        let reading = shown.fleet.reading(id, name, shown.now)?;
        Some(MeasuredJson { name: name.to_string(), value: reading.value, unit: reading.unit.to_string() })
    };
    names.iter().filter_map(one).collect()
}
