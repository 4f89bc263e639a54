//! `qd check -o json`.

use std::sync::Arc;

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::look::{Checked, Seen, Verdict};
use crate::probe::{Attempt, Outcome, Target};
use crate::text::human;

/// What `-o json` prints. Fields are added, never renamed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CheckJson {
    /// The version of this schema.
    schema: u32,
    /// When the look ended, RFC 3339.
    at: String,
    /// Whether every service is healthy.
    healthy: bool,
    /// The worst: `well`, `unknown`, `ailing` or `broken`.
    verdict: &'static str,
    /// The services.
    services: Vec<ServiceJson>,
    /// What is wrong with labels, and which ports of the host two want, each a sentence.
    warnings: Vec<String>,
}

/// One service.
#[derive(Debug, Serialize, JsonSchema)]
struct ServiceJson {
    /// `project/service`, or the name of a lone container.
    path: String,
    /// Whether it counts as healthy.
    healthy: bool,
    /// `well`, `unknown`, `ailing` or `broken`.
    verdict: &'static str,
    /// What it is, in words; `running, unchecked` where nothing looks whether it works.
    health: &'static str,
    /// Why it is not healthy; empty where it is.
    why: String,
    /// Our own probes of it.
    probes: Vec<ProbeJson>,
}

/// One probe.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct ProbeJson {
    /// Its name.
    name: String,
    /// The replica's name; null = the service as a whole.
    replica: Option<String>,
    /// `liveness` or `readiness`.
    purpose: &'static str,
    /// Who asks for it: `config [[probe]] 1`, `label quarterdeck.probe.http`.
    source: String,
    /// Where it goes.
    target: String,
    /// Whether it passed; null where that could not be found out.
    passed: Option<bool>,
    /// Why it did not; empty where it did.
    why: String,
    /// How long the answer took, seconds; null where there was none.
    took: Option<f64>,
    /// When the certificate it was shown ends, RFC 3339; null where it was shown none.
    certificate: Option<String>,
}

/// The schema of the JSON output.
pub(in crate::cli) fn schema() -> Schema {
    schema_for!(CheckJson)
}

pub(super) fn check(seen: &Seen, quiet: bool) -> CheckJson {
    let shown = seen.services.iter().filter(|one| !quiet || one.verdict != Verdict::Well);
    CheckJson {
        schema: 1,
        at: human::rfc3339(seen.at),
        healthy: seen.verdict() == Verdict::Well,
        verdict: word(seen.verdict()),
        services: shown.map(|one| service(seen, one)).collect(),
        warnings: seen.wrong.clone(),
    }
}

fn service(seen: &Seen, one: &Checked) -> ServiceJson {
    ServiceJson {
        path: one.service.path(),
        healthy: one.verdict == Verdict::Well,
        verdict: word(one.verdict),
        health: one.words(),
        why: one.why.clone(),
        probes: one.probes.iter().map(|(target, attempt)| probe(seen, target, attempt)).collect(),
    }
}

/// One probe, as `qd check` and `qd probe list` print it.
pub(in crate::cli) fn probe(seen: &Seen, target: &Arc<Target>, attempt: &Attempt) -> ProbeJson {
    let (passed, why) = match &attempt.outcome {
        Outcome::Passed => (Some(true), String::new()),
        Outcome::Failed(why) => (Some(false), why.to_string()),
        Outcome::Unknown(why) => (None, why.to_string()),
    };
    ProbeJson {
        name: target.name.to_string(),
        replica: seen.replica_name(target),
        purpose: target.purpose.word(),
        source: target.source.to_string(),
        target: target.goal.words(),
        passed,
        why,
        took: attempt.took.map(|took| took.as_secs_f64()),
        certificate: attempt.certificate.map(human::rfc3339),
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Well => "well",
        Verdict::Unknown => "unknown",
        Verdict::Ailing => "ailing",
        Verdict::Broken => "broken",
    }
}
