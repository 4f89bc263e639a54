//! The status as JSON: a stable schema (`qd schema status`), apart from the types inside, so that
//! those may move.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::probed::{self, LatencyJson, MeasuredJson, ProbeJson};
use super::{Shown, table::visible};
use crate::cli::act::Left;
use crate::cli::tree::{CauseJson, look_first};
use crate::fleet::{EngineInfo, HealthCheck, HostUsage, Limits, Port, Replica, Role, Since, Usage};
use crate::text::human;

/// The version of this schema; it grows only when a field changes its meaning or goes away.
const SCHEMA: u32 = 1;

/// What `qd status -o json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StatusJson {
    /// The version of this schema.
    schema: u32,
    /// When this was made, RFC 3339 in UTC. All times are.
    at: String,
    /// When the engine's answer was true.
    as_of: Option<String>,
    /// The engine; null before it answered.
    engine: Option<EngineJson>,
    /// What is wrong and what changed.
    situation: SituationJson,
    /// Where to look first, first things first.
    look_first: Vec<CauseJson>,
    /// How many services stand how.
    counts: CountsJson,
    /// The engine's machine; null where it can't be read.
    host: Option<HostJson>,
    /// The services, by project and name; lone containers last.
    services: Vec<ServiceJson>,
    /// Operations that have not ended, oldest first.
    unfinished: Vec<Left>,
}

/// The engine behind the connection.
#[derive(Debug, Serialize, JsonSchema)]
struct EngineJson {
    /// `docker`, `podman` or `demo`.
    kind: String,
    /// Its version.
    version: String,
    /// The API version agreed on.
    api: String,
    /// Its host's name.
    host: String,
    /// Where it is reached, credentials masked.
    endpoint: String,
    /// Whether it runs on this machine.
    local: bool,
}

/// One sentence.
#[derive(Debug, Serialize, JsonSchema)]
struct SituationJson {
    /// The worst verdict in it; see `health` of a service.
    worst: &'static str,
    /// The sentence `qd status` prints first.
    text: String,
}

/// Services by verdict.
#[derive(Debug, Serialize, JsonSchema)]
struct CountsJson {
    /// All.
    services: u32,
    /// Their replicas.
    replicas: u32,
    /// Healthy, or running without a check.
    well: u32,
    /// Starting, degraded or paused.
    ailing: u32,
    /// Unhealthy or down.
    broken: u32,
    /// Stopped on purpose.
    stopped: u32,
}

/// The engine's machine. A figure that could not be read is null.
#[derive(Debug, Serialize, JsonSchema)]
struct HostJson {
    /// CPU in use, 0 to 1 of all cores.
    cpu: Option<f32>,
    /// Cores.
    cores: Option<u32>,
    /// Memory in use, bytes.
    memory: Option<u64>,
    /// Memory in all, bytes.
    memory_total: Option<u64>,
    /// Bytes in use on the file system with the engine's data.
    disk: Option<u64>,
    /// Its size, bytes.
    disk_total: Option<u64>,
    /// Load average over a minute.
    load1: Option<f32>,
}

/// One service.
#[derive(Debug, Serialize, JsonSchema)]
struct ServiceJson {
    /// `project/name`, or the name of a lone container: as commands take it.
    path: String,
    /// The compose project; null for a lone container.
    project: Option<String>,
    /// Its name.
    name: String,
    /// `healthy`, `running` (without a check), `stopped`, `paused`, `starting`, `degraded`,
    /// `unhealthy` or `down`.
    health: &'static str,
    /// Since when, where known.
    since: Option<String>,
    /// Why, in words; empty when there is nothing to say.
    why: String,
    /// Replicas that work.
    up: u32,
    /// Replicas there are or should be.
    total: u32,
    /// Restarts of all replicas; null where not known.
    restarts: Option<u32>,
    /// The image tag.
    revision: String,
    /// When the oldest running replica started, else when the newest ended.
    started: Option<String>,
    /// Usage, summed.
    usage: UsageJson,
    /// Limits, summed; null when any replica has none.
    limits: LimitsJson,
    /// 95 of a hundred answers took no longer, seconds: as measured in it, else as probed; null where not
    /// known.
    p95: Option<f64>,
    /// Failed requests, 0 to 1; null where not known.
    error_rate: Option<f64>,
    /// Its probes: of the service as a whole, then of its replicas.
    probes: Vec<ProbeJson>,
    /// How it answered them lately.
    latency: Vec<LatencyJson>,
    /// What is measured in it, by name.
    measured: Vec<MeasuredJson>,
    /// Ports of all replicas.
    ports: Vec<PortJson>,
    /// The replicas; then one-off jobs, then spares.
    replicas: Vec<ReplicaJson>,
}

/// One replica.
#[derive(Debug, Serialize, JsonSchema)]
struct ReplicaJson {
    /// The engine's own id, in full.
    id: String,
    /// Its name.
    name: String,
    /// Its number within the service.
    number: Option<u32>,
    /// Whether it is a one-off job, not counted as a replica.
    job: bool,
    /// Whether it is an operation's spare (made and not yet in its place, or set aside), not
    /// counted as a replica.
    spare: bool,
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
    state: &'static str,
    /// What its HEALTHCHECK says: `none`, `starting`, `healthy` or `unhealthy`.
    check: &'static str,
    /// The verdict, as for a service.
    health: &'static str,
    /// Since when, where known.
    since: Option<String>,
    /// Why, in words.
    why: String,
    /// The image as it was asked for.
    image: String,
    /// The image's id.
    image_id: String,
    /// When it was made.
    created: String,
    /// When it last started.
    started: Option<String>,
    /// When it last ended.
    finished: Option<String>,
    /// How it ended; null while it runs.
    exit_code: Option<i64>,
    /// Whether the kernel killed it for memory.
    oom: bool,
    /// How often the engine restarted it; null where not known.
    restarts: Option<u32>,
    /// Its usage.
    usage: UsageJson,
    /// Its limits.
    limits: LimitsJson,
    /// Its ports.
    ports: Vec<PortJson>,
}

/// Usage. A figure that could not be read is null, never 0.
#[derive(Debug, Serialize, JsonSchema)]
struct UsageJson {
    /// CPU in cores (1.0 = one core).
    cpu: Option<f32>,
    /// Memory without the inactive page cache, bytes.
    memory: Option<u64>,
    /// Received, bytes per second.
    net_rx: Option<f32>,
    /// Sent, bytes per second.
    net_tx: Option<f32>,
    /// Read from disks, bytes per second.
    block_read: Option<f32>,
    /// Written to disks, bytes per second.
    block_write: Option<f32>,
    /// Processes and threads.
    pids: Option<u32>,
}

/// Hard limits; null = none.
#[derive(Debug, Serialize, JsonSchema)]
struct LimitsJson {
    /// CPU, cores.
    cpus: Option<f64>,
    /// Memory, bytes.
    memory: Option<u64>,
    /// Processes and threads.
    pids: Option<u64>,
}

/// One port.
#[derive(Debug, Serialize, JsonSchema)]
struct PortJson {
    /// Inside the container.
    container: u16,
    /// `tcp`, `udp` or `sctp`.
    protocol: &'static str,
    /// The address on the host it is published at; null when only exposed.
    host_ip: Option<String>,
    /// The port on the host.
    host_port: Option<u16>,
}

/// The JSON schema of [`StatusJson`].
pub(in crate::cli) fn schema() -> schemars::Schema {
    schemars::schema_for!(StatusJson)
}

/// What is shown, as JSON.
pub(super) fn status(shown: &Shown<'_>) -> StatusJson {
    let Shown { fleet, now, .. } = *shown;
    let situation = fleet.situation(now);
    let counts = fleet.counts(now);
    StatusJson {
        schema: SCHEMA,
        at: human::rfc3339(now),
        as_of: fleet.as_of().map(human::rfc3339),
        engine: fleet.engine().map(engine),
        situation: SituationJson { worst: situation.worst.word(), text: situation.text() },
        look_first: look_first(&fleet.causes(now)),
        counts: CountsJson {
            services: counts.services,
            replicas: counts.replicas,
            well: counts.well,
            ailing: counts.ailing,
            broken: counts.broken,
            stopped: counts.stopped,
        },
        host: fleet.host().map(host),
        services: services(shown),
        unfinished: shown.left.to_vec(),
    }
}

fn services(shown: &Shown<'_>) -> Vec<ServiceJson> {
    let Shown { fleet, now, .. } = *shown;
    let summed = fleet.services().filter_map(|s| fleet.summary(&s.id, now).map(|summary| (s, summary)));
    summed
        .filter(|(service, summary)| visible(shown, service, summary))
        .map(|(service, summary)| ServiceJson {
            path: service.id.path(),
            project: service.id.project.as_deref().map(str::to_owned),
            name: service.id.name.to_string(),
            health: summary.health.health.word(),
            since: summary.health.at.map(human::rfc3339),
            why: summary.health.why,
            up: summary.up,
            total: summary.total,
            restarts: summary.restarts,
            revision: summary.revision.to_string(),
            started: summary.since.map(human::rfc3339),
            usage: usage(&summary.usage),
            limits: limits(&summary.limits),
            p95: summary.p95.map(|p95| p95.as_secs_f64()),
            error_rate: summary.error_rate,
            probes: probed::probes(&service.id, shown),
            latency: probed::latency(&service.id, shown),
            measured: probed::measured(&service.id, shown),
            ports: ports(&summary.ports),
            replicas: fleet.replicas_of(&service.id).map(|replica| self::replica(replica, shown)).collect(),
        })
        .collect()
}

fn replica(replica: &Replica, shown: &Shown<'_>) -> ReplicaJson {
    let summary = shown.fleet.replica_summary(&replica.id, shown.now);
    let verdict = summary.as_ref().map(|s| &s.health);
    ReplicaJson {
        id: replica.id.id.to_string(),
        name: replica.name.to_string(),
        number: replica.number,
        job: replica.role == Role::Job,
        spare: replica.role == Role::Spare,
        state: replica.state.word(),
        check: match replica.check {
            HealthCheck::None => "none",
            HealthCheck::Starting => "starting",
            HealthCheck::Healthy => "healthy",
            HealthCheck::Unhealthy => "unhealthy",
        },
        health: verdict.map_or("", |since: &Since| since.health.word()),
        since: verdict.and_then(|since| since.at).map(human::rfc3339),
        why: verdict.map(|since| since.why.clone()).unwrap_or_default(),
        image: replica.image.reference.to_string(),
        image_id: replica.image.id.to_string(),
        created: rfc3339(replica.created),
        started: replica.started.map(rfc3339),
        finished: replica.finished.map(rfc3339),
        exit_code: replica.exit.map(|exit| exit.code),
        oom: replica.exit.is_some_and(|exit| exit.oom),
        restarts: replica.restarts,
        usage: usage(&summary.map(|s| s.usage).unwrap_or_default()),
        limits: limits(&replica.limits),
        ports: ports(&replica.ports),
    }
}

/// The engine's own times in full: others compare them with `docker inspect`.
fn rfc3339(at: Timestamp) -> String {
    at.to_string()
}

fn engine(info: &EngineInfo) -> EngineJson {
    EngineJson {
        kind: info.kind.clone(),
        version: info.version.clone(),
        api: info.api.clone(),
        host: info.host.clone(),
        endpoint: info.endpoint.clone(),
        local: info.local,
    }
}

fn host(host: &HostUsage) -> HostJson {
    HostJson {
        cpu: host.cpu,
        cores: host.cores,
        memory: host.memory,
        memory_total: host.memory_total,
        disk: host.disk,
        disk_total: host.disk_total,
        load1: host.load1,
    }
}

fn usage(usage: &Usage) -> UsageJson {
    UsageJson {
        cpu: usage.cpu,
        memory: usage.memory,
        net_rx: usage.net_rx,
        net_tx: usage.net_tx,
        block_read: usage.block_read,
        block_write: usage.block_write,
        pids: usage.pids,
    }
}

fn limits(limits: &Limits) -> LimitsJson {
    LimitsJson { cpus: limits.cpus, memory: limits.memory, pids: limits.pids }
}

fn ports(ports: &[Port]) -> Vec<PortJson> {
    ports
        .iter()
        .map(|port| PortJson {
            container: port.container,
            protocol: port.protocol.word(),
            host_ip: port.host.map(|(ip, _)| ip.to_string()),
            host_port: port.host.map(|(_, number)| number),
        })
        .collect()
}
