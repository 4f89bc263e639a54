//! What a probe says, and what was measured in a service: facts as they come in.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ReplicaId, ServiceId};

/// What failing a probe means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// It does not work: its row is unhealthy.
    #[default]
    Liveness,
    /// It works and can't serve now: its row is degraded.
    Readiness,
}

impl Purpose {
    /// `liveness`, `readiness`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Liveness => "liveness",
            Self::Readiness => "readiness",
        }
    }
}

/// What a probe's attempts come to, retries and start period counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Not decided yet.
    #[default]
    Starting,
    /// The service answers as it should.
    Passing,
    /// It failed as often in a row as the probe's retries allow.
    Failing,
}

impl Standing {
    /// `starting`, `passing`, `failing`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Passing => "passing",
            Self::Failing => "failing",
        }
    }
}

/// One attempt of one probe, and how the probe stands after it. All text in it is sanitised.
#[derive(Clone, Debug, PartialEq)]
pub struct Probed {
    /// When the attempt ended.
    pub at: Timestamp,
    /// The service that was probed.
    pub service: ServiceId,
    /// The replica that was probed; `None` = the service as a whole (an address that is no
    /// replica's own).
    pub replica: Option<ReplicaId>,
    /// The probe's name, e.g. `http /health`; with service and replica it says which probe.
    pub probe: Arc<str>,
    /// What failing it means.
    pub purpose: Purpose,
    /// How it stands.
    pub standing: Standing,
    /// How long the answer took; `None` where none came.
    pub took: Option<Duration>,
    /// What this attempt came to; why it failed is one clause: `connection refused`,
    /// `status 503, wanted 200`.
    pub result: Result<(), Arc<str>>,
    /// When the certificate it was shown expires, where it was shown one.
    pub certificate: Option<Timestamp>,
    /// How long until the next attempt.
    pub interval: Duration,
}

/// Figures measured in a service at one moment, by name.
///
/// Names that mean the same everywhere: `request_rate` (1/s), `error_rate` (0–1),
/// `p50_response_time`, `p95_response_time`, `p99_response_time` (seconds), `availability` (0–1);
/// others are the service's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// When they were true.
    pub at: Timestamp,
    /// Of which service.
    pub service: ServiceId,
    /// Of which of its replicas; `None` = of all together.
    pub replica: Option<ReplicaId>,
    /// Name and value. A name not in it was not measured this time.
    pub values: Vec<(Arc<str>, f64)>,
}
