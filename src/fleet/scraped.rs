//! What a service says of itself when asked for its metrics, or a command in it: figures with their
//! units, and how the asking went.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{ReplicaId, ServiceId};
use crate::text::human;

/// What a unit ends with that is of every second.
pub const PER_SECOND: &str = "/s";
/// The unit of a share of 1.
pub const SHARE: &str = "share";
/// The unit of a time in seconds.
pub const SECONDS: &str = "s";

/// The unit of a name that means the same everywhere; nothing for others.
pub fn unit_of(name: &str) -> &'static str {
    match name {
        "request_rate" => PER_SECOND,
        "error_rate" | "availability" => SHARE,
        "p50_response_time" | "p95_response_time" | "p99_response_time" => SECONDS,
        _ => "",
    }
}

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Its name.
    pub name: Arc<str>,
    /// Its value, in its unit.
    pub value: f64,
    /// `share`, `s`, `B`, `/s`, `B/s`, or what the config calls it; nothing where it is just a number.
    pub unit: Arc<str>,
}

impl Reading {
    /// For humans: `12.3/s`, `4.5%`, `31ms`, `1.2GiB`, `42 rows`.
    pub fn words(&self) -> String {
        words(self.value, &self.unit)
    }
}

/// A value in its unit, for humans.
pub fn words(value: f64, unit: &str) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let (unit, each) = match unit.strip_suffix(PER_SECOND) {
        Some(unit) => (unit, PER_SECOND),
        None => (unit, ""),
    };
    match unit {
        SHARE => format!("{}%{each}", plain(value * 100.0)),
        SECONDS if each.is_empty() && (0.0..1e9).contains(&value) => {
            human::latency(Duration::from_secs_f64(value))
        }
        "B" | "bytes" if (0.0..1e18).contains(&value) => format!("{}{each}", human::bytes_long(value as u64)),
        "" => format!("{}{each}", plain(value)),
        "%" => format!("{}%{each}", plain(value)),
        other => format!("{} {other}{each}", plain(value)),
    }
}

/// Three significant figures of what is small, all whole ones of what is large, no idle zeros.
fn plain(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 99.95 || v == 0.0 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.0995 => 2,
        v if v >= 0.001 => 4,
        _ => 6,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// One asking, and what it came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Scraped {
    /// When.
    pub at: Timestamp,
    /// Of which service.
    pub service: ServiceId,
    /// Of which of its replicas; `None` = of all together.
    pub replica: Option<ReplicaId>,
    /// What is asked, in a word or two: `http /metrics`, `exec lag`.
    pub source: Arc<str>,
    /// What is asked, in full: `GET http://10.0.0.3:9000/metrics`.
    pub whole: Arc<str>,
    /// From one asking to the next.
    pub interval: Duration,
    /// How long it took; `None` where nothing was tried.
    pub took: Option<Duration>,
    /// The figures; or why there are none, one sanitised clause.
    pub result: Result<Vec<Reading>, Arc<str>>,
    /// What was not as it should be though there are figures: one sanitised clause.
    pub remark: Option<Arc<str>>,
}

impl Scraped {
    /// What is wrong, if anything is: `GET http://10.0.0.3:9000/metrics: status 404`.
    pub fn complaint(&self) -> Option<String> {
        let why = self.result.as_ref().err().or(self.remark.as_ref())?;
        Some(format!("{}: {why}", self.whole))
    }
}

#[cfg(test)]
#[path = "scraped_tests.rs"]
mod tests;
