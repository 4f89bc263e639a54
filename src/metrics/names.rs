//! Which families mean requests, errors and how long answers took, in the libraries that services
//! are written with. Pure.

use super::parse::{Labels, Sample};

/// What a family tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tells {
    /// Requests, each counted once.
    Requests,
    /// How long answers took: a histogram or a summary, which counts them, too.
    Durations,
    /// Requests that failed.
    Errors,
}

/// Which part of a family a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The family's own name: a gauge, a quantile, a counter of old.
    Plain,
    /// `_total`.
    Total,
    /// `_bucket`.
    Bucket,
    /// `_count`.
    Count,
    /// `_sum`.
    Sum,
}

/// A sample's name, taken apart.
pub(super) fn part(name: &str) -> (&str, Part) {
    for (suffix, part) in
        [("_bucket", Part::Bucket), ("_total", Part::Total), ("_count", Part::Count), ("_sum", Part::Sum)]
    {
        if let Some(family) = name.strip_suffix(suffix) {
            return (family, part);
        }
    }
    (name, Part::Plain)
}

/// How a name must match: wholly, or behind a prefix of its own (`shop_http_requests`).
#[derive(Clone, Copy, PartialEq)]
enum Fit {
    Whole,
    Behind,
}
use Fit::{Behind, Whole};

/// Counters of requests, without `_total`; the best first.
const REQUESTS: &[(&str, Fit)] = &[
    // Most libraries and their examples: prom-client, prometheus_client, actix, axum, Go, Ruby.
    ("http_server_requests", Behind),
    ("http_requests", Behind),
    ("http_request", Behind),
    // prometheus-net.
    ("http_requests_received", Behind),
    // Starlette, gin, echo, fiber.
    ("starlette_requests", Whole),
    ("gin_requests", Whole),
    ("echo_requests", Whole),
    ("django_http_responses_total_by_status", Whole),
    ("api_all_request", Whole),
    ("grpc_server_handled", Whole),
    // HAProxy, Traefik.
    ("http_responses", Behind),
    ("traefik_entrypoint_requests", Whole),
    ("traefik_service_requests", Whole),
    ("requests", Whole),
    ("request", Whole),
];

/// Histograms and summaries of how long answers took, without the unit; the best first.
const DURATIONS: &[(&str, Fit)] = &[
    // OpenTelemetry, new and old.
    ("http_server_request_duration", Behind),
    ("http_server_duration", Behind),
    // Micrometer.
    ("http_server_requests", Behind),
    // The fastapi instrumentator has a fine one beside the coarse.
    ("http_request_duration_highr", Behind),
    ("http_request_duration", Behind),
    ("http_requests_duration", Behind),
    ("http_response_duration", Behind),
    ("http_response_time", Behind),
    ("http_request_latency", Behind),
    ("http_requests_latency", Behind),
    ("django_http_requests_latency_including_middlewares", Whole),
    ("grpc_server_handling", Whole),
    ("traefik_entrypoint_request_duration", Whole),
    ("api_request_duration", Whole),
    ("request_duration", Behind),
    ("requests_duration", Behind),
    ("request_latency", Behind),
    ("response_time", Whole),
];

/// Counters of failures alone.
const ERRORS: &[(&str, Fit)] = &[
    ("http_server_errors", Behind),
    ("http_request_errors", Behind),
    ("http_requests_errors", Behind),
    ("http_errors", Behind),
    ("http_requests_failed", Behind),
    ("api_all_errors", Whole),
    ("request_errors", Whole),
];

/// What is asked of others, and the asking for metrics itself, says nothing of how this serves.
const OTHERS: &[&str] = &["client", "outgoing", "outbound", "promhttp_metric_handler"];

/// Endings that say in what a time is counted, and how many seconds that is.
const UNITS: &[(&str, f64)] = &[
    ("_seconds", 1.0),
    ("_milliseconds", 1e-3),
    ("_millis", 1e-3),
    ("_ms", 1e-3),
    ("_microseconds", 1e-6),
    ("_us", 1e-6),
    ("_nanoseconds", 1e-9),
    ("_ns", 1e-9),
];

/// A family's name without its unit, and how many seconds one of it is; seconds where it says
/// nothing.
pub(super) fn in_seconds(family: &str) -> (&str, f64) {
    UNITS
        .iter()
        .find_map(|(suffix, factor)| Some((family.strip_suffix(suffix)?, *factor)))
        .unwrap_or((family, 1.0))
}

/// How many seconds one of a `# UNIT` is.
pub(super) fn unit(word: &str) -> Option<f64> {
    UNITS.iter().find(|(suffix, _)| suffix.strip_prefix('_') == Some(word)).map(|(_, factor)| *factor)
}

/// What a family tells of by its name, and how good a one that is (0 = the best).
pub(super) fn meaning(family: &str, part: Part) -> Option<(Tells, usize)> {
    let rank =
        |table: &[(&str, Fit)], name: &str| table.iter().position(|(known, fit)| is(name, known, *fit));
    let found = match part {
        Part::Bucket | Part::Count | Part::Sum => None,
        Part::Plain | Part::Total => rank(REQUESTS, family)
            .map(|at| (Tells::Requests, at))
            .or_else(|| rank(ERRORS, family).map(|at| (Tells::Errors, at))),
    };
    let found = found.or_else(|| {
        if part == Part::Total {
            return None;
        }
        rank(DURATIONS, in_seconds(family).0).map(|at| (Tells::Durations, at))
    });
    found.filter(|_| !OTHERS.iter().any(|other| family.contains(other)))
}

fn is(name: &str, known: &str, fit: Fit) -> bool {
    match name.strip_suffix(known) {
        Some("") => true,
        Some(prefix) => fit == Behind && prefix.ends_with('_'),
        None => false,
    }
}

/// Labels that say how a request ended.
const STATUS: &[&str] = &[
    "status",
    "code",
    "status_code",
    "http_status",
    "http_status_code",
    "http_response_status_code",
    "response_code",
    "response_status",
    "statuscode",
    "status_class",
    "outcome",
    "grpc_code",
    "result",
];

/// gRPC codes that are the server's own doing.
const GRPC: &[&str] =
    &["Unknown", "DeadlineExceeded", "Unimplemented", "Internal", "Unavailable", "DataLoss"];

/// Whether a sample says how its requests ended, and whether that is a failure of the server's.
pub(super) fn failed(labels: Labels<'_>) -> Option<bool> {
    let mut said = None;
    for (name, value) in labels.iter() {
        if !STATUS.contains(&name) {
            continue;
        }
        let value = value.text();
        let is_failure = match name {
            "grpc_code" => GRPC.contains(&&*value),
            _ => is_failure(&value),
        };
        said = Some(said == Some(true) || is_failure);
    }
    said
}

fn is_failure(value: &str) -> bool {
    let code = value.len() == 3
        && value.starts_with('5')
        && value.bytes().skip(1).all(|byte| byte.is_ascii_digit() || matches!(byte, b'x' | b'X'));
    code || value == "5"
        || ["SERVER_ERROR", "error", "failure", "failed", "exception"]
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word))
}

/// The upper end of a sample's bucket.
pub(super) fn bound(sample: &Sample<'_>) -> Option<f64> {
    sample.labels.get("le")?.text().parse().ok().filter(|bound: &f64| !bound.is_nan())
}

/// The quantile of a summary's sample.
pub(super) fn quantile(sample: &Sample<'_>) -> Option<f64> {
    sample.labels.get("quantile")?.text().parse().ok()
}
