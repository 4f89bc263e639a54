//! Looking for health checks that nobody told us of: well-known endpoints on the ports of what
//! runs, each tried once, and only when asked to.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;

use super::attempt::{Outcome, Tools, attempt};
use super::check;
use super::target::{Check, Goal, Http, Lay, Pace, Source, Target};
use crate::fleet::{Fleet, Protocol, Purpose, Replica, Role, ServiceId, State};

/// Where services tell whether they work, the likeliest first.
const LIVE: [&str; 10] = [
    "/health",
    "/healthz",
    "/api/health/liveness",
    "/api/health",
    "/health/live",
    "/livez",
    "/-/healthy",
    "/actuator/health",
    "/status",
    "/ping",
];
/// And whether they can serve.
const READY: [&str; 6] =
    ["/api/health/readiness", "/health/ready", "/readyz", "/ready", "/-/ready", "/actuator/health/readiness"];
/// Nothing lies there: who answers well to it answers well to everything.
const NOWHERE: &str = "/quarterdeck-looks-for-health-checks";
/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Services looked at side by side.
const SIDE_BY_SIDE: usize = 16;
/// Ports looked at of one service.
const PORTS: usize = 16;

/// What was found of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// The service.
    pub service: ServiceId,
    /// The ports that were looked at.
    pub looked: Vec<u16>,
    /// What can be probed, best first.
    pub found: Vec<Endpoint>,
}

/// One thing that can be probed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The key in the config: `http`, `postgres`, ….
    pub kind: &'static str,
    /// The port inside the container.
    pub port: u16,
    /// The path, where it is HTTP.
    pub path: Option<&'static str>,
    /// What it means.
    pub purpose: Purpose,
    /// It says which service it is.
    pub names_itself: bool,
}

/// Look at one running replica of each of these services.
pub async fn discover(tools: &Tools, fleet: &Fleet, services: &[ServiceId]) -> Vec<Discovery> {
    let lay = Lay::of(fleet.engine());
    let looks = services.iter().filter_map(|service| {
        let runs = |replica: &&Replica| replica.role == Role::Replica && replica.state == State::Running;
        let replica = fleet.replicas_of(service).find(runs)?.clone();
        Some(look(tools, replica, lay.clone()))
    });
    let mut found: Vec<Discovery> =
        futures_util::stream::iter(looks).buffer_unordered(SIDE_BY_SIDE).collect().await;
    found.sort_by(|a, b| a.service.cmp(&b.service));
    found
}

async fn look(tools: &Tools, replica: Replica, lay: Lay) -> Discovery {
    let tcp = replica.ports.iter().filter(|port| port.protocol == Protocol::Tcp);
    let mut looked: Vec<u16> = tcp.map(|port| port.container).collect();
    looked.sort_unstable();
    looked.dedup();
    looked.truncate(PORTS);
    let mut found = Vec::new();
    for &port in &looked {
        let goal = lay.reach(&replica, port);
        found.extend(at_port(tools, &replica, &goal, port).await);
    }
    Discovery { service: replica.service, looked, found }
}

async fn at_port(tools: &Tools, replica: &Replica, goal: &Goal, port: u16) -> Vec<Endpoint> {
    let endpoint = |kind, path, purpose, names_itself| Endpoint { kind, port, path, purpose, names_itself };
    let handshake = match port {
        5432 => Some(Check::Postgres),
        6379 => Some(Check::Redis),
        27017 => Some(Check::Mongodb),
        9092 => Some(Check::Kafka),
        _ => None,
    };
    if let Some(check) = handshake {
        let kind = check.word();
        let answers = tries(tools, replica, goal.clone(), check).await;
        return if answers { vec![endpoint(kind, None, Purpose::Liveness, false)] } else { Vec::new() };
    }
    if !tries(tools, replica, goal.clone(), Check::Tcp).await {
        return Vec::new();
    }
    let Some(nowhere) = get(tools, replica, goal, NOWHERE).await else {
        // It does not speak HTTP, but it is there.
        return vec![endpoint("tcp", None, Purpose::Liveness, false)];
    };
    if nowhere.is_well() {
        return vec![endpoint("http", Some("/"), Purpose::Liveness, false)];
    }
    let mut found = Vec::new();
    for (paths, purpose) in [(&LIVE[..], Purpose::Liveness), (&READY[..], Purpose::Readiness)] {
        for path in paths {
            if let Some(answer) = get(tools, replica, goal, path).await
                && answer.is_well()
            {
                found.push(endpoint("http", Some(path), purpose, answer.names(&replica.service.name)));
                break;
            }
        }
    }
    if found.is_empty() && get(tools, replica, goal, "/").await.is_some_and(|answer| answer.is_well()) {
        found.push(endpoint("http", Some("/"), Purpose::Liveness, false));
    }
    found
}

fn target(replica: &Replica, goal: Goal, check: Check) -> Target {
    Target {
        service: replica.service.clone(),
        replica: Some(replica.id.clone()),
        name: check.word().into(),
        purpose: Purpose::Liveness,
        source: Source::Config(0),
        check,
        goal,
        pace: Pace { timeout: PATIENCE, ..Pace::default() },
        started: None,
    }
}

async fn tries(tools: &Tools, replica: &Replica, goal: Goal, check: Check) -> bool {
    attempt(tools, &target(replica, goal, check)).await.outcome == Outcome::Passed
}

async fn get(tools: &Tools, replica: &Replica, goal: &Goal, path: &str) -> Option<check::Answer> {
    let http = Arc::new(Http::plain(false));
    let target = target(replica, goal.clone().at(path), Check::Http(http.clone()));
    tokio::time::timeout(PATIENCE, check::get(tools, &target, &http)).await.ok().flatten()
}

impl check::Answer {
    fn is_well(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it says that it is this service.
    fn names(&self, service: &str) -> bool {
        serde_json::from_slice::<Value>(&self.body)
            .is_ok_and(|body| body.pointer("/service").and_then(Value::as_str) == Some(service))
    }
}
