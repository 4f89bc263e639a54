//! The engine's answers → [`Replica`]s. Pure.
//!
//! All text passes the sanitiser here. Grouping is by the labels compose puts on what it makes
//! (1.x and 2.x use the same ones for project, service, number and one-off).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use jiff::Timestamp;

use super::api::{Entry, HostConfig, Inspected, InspectedState, Network};
use super::task::{self, Task};
use super::ties;
use crate::fleet::{
    Compose, EngineId, Exit, HealthCheck, Image, Limits, Port, Protocol, Replica, ReplicaId, Role, ServiceId,
    SpareName, State,
};
use crate::text::mask;
use crate::text::sanitize::{fit, label};

/// The longest name kept, characters. Docker allows more; nobody can read it.
pub(in crate::engine) const NAME: usize = 128;
/// The longest image reference kept, characters.
pub(in crate::engine) const REFERENCE: usize = 255;

/// What our own labels begin with.
const OURS: &str = "quarterdeck.";
/// So many of them are kept of one container.
const OWN_LABELS: usize = 64;
/// The longest value of one, characters.
const OWN_VALUE: usize = 1024;
/// So many networks of one container are looked at.
const NETWORKS: usize = 32;

/// Labels as the engine gives them, looked up by key.
pub(super) type Labels = BTreeMap<String, Option<String>>;

/// A replica from a list entry: no restarts, limits, start time, pid, or out-of-memory flag yet.
pub(super) fn from_entry(engine: &EngineId, entry: &Entry) -> Replica {
    let id = id(engine, &entry.id);
    let status = entry.status.as_deref().unwrap_or_default();
    let state = state(entry.state.as_deref().unwrap_or_default());
    let names = entry.names.as_deref().unwrap_or_default();
    // With legacy links a container also answers to `/other/alias`: its own name has one slash.
    let own = names.iter().find(|n| !n.trim_start_matches('/').contains('/')).or_else(|| names.first());
    let name = name(own.map_or("", String::as_str), &id);
    let empty = Labels::new();
    let labels = entry.labels.as_ref().unwrap_or(&empty);
    let mut ports: Vec<Port> = entry.ports.iter().flatten().filter_map(entry_port).collect();
    ports.sort_unstable();
    ports.dedup();
    let mut replica = Replica {
        service: service(engine, labels, &name),
        number: number(labels),
        role: role(labels, &name),
        compose: compose(labels),
        ties: None,
        name,
        state,
        check: check_in_words(status),
        image: Image {
            reference: label(entry.image.as_deref().unwrap_or_default(), REFERENCE),
            id: label(entry.image_id.as_deref().unwrap_or_default(), REFERENCE),
        },
        ports,
        addresses: if runs(state) { entry_addresses(entry, Task::of(labels).is_some()) } else { Vec::new() },
        labels: own_labels(labels),
        created: entry.created.and_then(|s| Timestamp::from_second(s).ok()).unwrap_or_default(),
        started: None,
        finished: None,
        exit: exit_in_words(status).filter(|_| has_ended(state)).map(|code| Exit { code, oom: false }),
        refused: None,
        restarts: None,
        limits: Limits::default(),
        pid: None,
        tty: None,
        kept_up: false,
        spec: None,
        placed: None,
        id,
    };
    task::note(&mut replica, labels);
    replica
}

/// A replica from an inspect: everything.
pub(super) fn from_inspected(engine: &EngineId, it: &Inspected) -> Replica {
    let id = id(engine, &it.id);
    let state = inspected_state(&it.state);
    let name = name(it.name.as_deref().unwrap_or_default(), &id);
    let empty = Labels::new();
    let labels = it.config.labels.as_ref().unwrap_or(&empty);
    let is_up = runs(state);
    let reference = it.config.image.as_deref().filter(|r| !r.is_empty()).or(it.image.as_deref());
    let mut replica = Replica {
        service: service(engine, labels, &name),
        number: number(labels),
        role: role(labels, &name),
        compose: compose(labels),
        ties: Some(Arc::new(ties::ties(it, &name))),
        name,
        state,
        check: inspected_check(&it.state, is_up),
        image: Image {
            reference: label(reference.unwrap_or_default(), REFERENCE),
            id: label(it.image.as_deref().unwrap_or_default(), REFERENCE),
        },
        ports: inspected_ports(it, state),
        addresses: if is_up {
            addresses(it.network_settings.networks.as_ref(), &it.host_config, Task::of(labels).is_some())
        } else {
            Vec::new()
        },
        labels: own_labels(labels),
        created: time(it.created.as_deref()).unwrap_or_default(),
        started: time(it.state.started_at.as_deref()),
        finished: time(it.state.finished_at.as_deref()),
        exit: inspected_exit(&it.state, state),
        refused: refused(&it.state, is_up),
        restarts: Some(it.restart_count.and_then(|n| u32::try_from(n).ok()).unwrap_or(0)),
        limits: limits(&it.host_config),
        pid: it.state.pid.and_then(|p| u32::try_from(p).ok()).filter(|p| *p > 0 && is_up),
        tty: Some(it.config.tty.unwrap_or(false)),
        kept_up: kept_up(it),
        spec: it.spec,
        placed: None,
        id,
    };
    task::note(&mut replica, labels);
    replica
}

/// A list entry's replica with what an earlier inspect taught, as far as it must still hold.
pub(super) fn with_known(mut fresh: Replica, known: &Replica) -> Replica {
    fresh.limits = known.limits;
    fresh.tty = known.tty;
    fresh.kept_up = known.kept_up;
    fresh.spec = known.spec;
    fresh.ties.clone_from(&known.ties);
    fresh.restarts = known.restarts;
    if !fresh.is_up() && fresh.state == known.state {
        fresh.refused.clone_from(&known.refused);
    }
    if fresh.image.id == known.image.id {
        // The list names an image by its id once the tag has moved on; the reference it was made
        // from is what an inspect tells.
        fresh.image.reference = known.image.reference.clone();
    }
    if !fresh.is_up() && !known.is_up() {
        // A list names the ports of what runs only.
        fresh.ports.clone_from(&known.ports);
    }
    if fresh.is_up() == known.is_up() && has_ended(fresh.state) == has_ended(known.state) {
        fresh.started = known.started;
        fresh.finished = known.finished;
        fresh.pid = known.pid;
        if let (Some(fresh), Some(known)) = (&mut fresh.exit, known.exit)
            && fresh.code == known.code
        {
            fresh.oom = known.oom;
        }
    }
    fresh
}

/// Whether a list entry says something else than is known, so that only an inspect can tell all.
pub(super) fn differs(fresh: &Replica, known: &Replica) -> bool {
    fresh.state != known.state
        || fresh.check != known.check
        || fresh.name != known.name
        || fresh.service != known.service
        || fresh.image.id != known.image.id
        || fresh.exit.map(|e| e.code) != known.exit.map(|e| e.code)
}

/// The id of a container on `engine`.
pub(super) fn id(engine: &EngineId, raw: &str) -> ReplicaId {
    ReplicaId { engine: engine.clone(), id: label(raw, NAME) }
}

/// A container's name without Docker's slash. One that had to be changed to be shown gets a piece
/// of the id, so that two of them stay two.
pub(super) fn name(raw: &str, id: &ReplicaId) -> Arc<str> {
    let raw = raw.strip_prefix('/').unwrap_or(raw);
    let clean = label(raw, NAME);
    if clean.is_empty() {
        return id.short().into();
    }
    if *clean == *raw {
        return clean;
    }
    format!("{}~{}", fit(&clean, NAME - 14), id.short()).into()
}

/// Which service a container with these labels and this name belongs to.
pub(super) fn service(engine: &EngineId, labels: &Labels, name: &Arc<str>) -> ServiceId {
    if let Some(task) = Task::of(labels) {
        return ServiceId { engine: engine.clone(), project: task.stack, name: task.service };
    }
    let project = compose_label(labels, "project");
    let service = project.as_ref().and_then(|_| compose_label(labels, "service"));
    ServiceId { engine: engine.clone(), project, name: service.unwrap_or_else(|| lone(name)) }
}

/// The service of a lone container: it bears its name, a spare that of the one whose place it has.
pub(super) fn lone(name: &Arc<str>) -> Arc<str> {
    SpareName::parse(name).map_or_else(|| name.clone(), |spare| spare.base.into())
}

fn compose_label(labels: &Labels, key: &str) -> Option<Arc<str>> {
    let text = raw_label(labels, key)?;
    let clean = label(text, NAME);
    (!clean.is_empty()).then_some(clean)
}

fn raw_label<'l>(labels: &'l Labels, key: &str) -> Option<&'l str> {
    labels.get(&format!("com.docker.compose.{key}"))?.as_deref().filter(|v| !v.is_empty())
}

fn number(labels: &Labels) -> Option<u32> {
    raw_label(labels, "container-number")?.trim().parse().ok()
}

/// A replica, a job beside the service, or an operation's spare.
pub(super) fn role(labels: &Labels, name: &str) -> Role {
    match raw_label(labels, "oneoff") {
        Some(v) if v.eq_ignore_ascii_case("true") => Role::Job,
        _ => role_by_name(name),
    }
}

/// The role of what is no job.
pub(super) fn role_by_name(name: &str) -> Role {
    if SpareName::parse(name).is_some() { Role::Spare } else { Role::Replica }
}

fn compose(labels: &Labels) -> Option<Arc<Compose>> {
    /// Paths may be long; a hostile one is not kept whole.
    const PATH: usize = 1024;
    raw_label(labels, "project")?;
    let path = |key| raw_label(labels, key).map(|v| label(v, PATH));
    // `db:service_started:false,cache:service_healthy:true`
    let (mut depends_on, mut completes) = (Vec::new(), Vec::new());
    for needed in raw_label(labels, "depends_on").unwrap_or_default().split(',').take(256) {
        let mut parts = needed.split(':');
        let name = label(parts.next().unwrap_or_default().trim(), NAME);
        if name.is_empty() {
            continue;
        }
        if parts.next() == Some("service_completed_successfully") {
            completes.push(name.clone());
        }
        depends_on.push(name);
    }
    for names in [&mut depends_on, &mut completes] {
        names.sort_unstable();
        names.dedup();
    }
    Some(Arc::new(Compose {
        config_files: path("project.config_files"),
        working_dir: path("project.working_dir"),
        depends_on,
        completes,
        config_hash: path("config-hash"),
    }))
}

/// The state a word of the engine's stands for; Podman has a few of its own.
pub(super) fn state(word: &str) -> State {
    match word {
        "created" | "configured" | "initialized" => State::Created,
        "running" | "stopping" => State::Running,
        "paused" => State::Paused,
        "restarting" => State::Restarting,
        "removing" => State::Removing,
        "dead" => State::Dead,
        // "exited", "stopped", and what nobody has thought of yet.
        _ => State::Exited,
    }
}

fn inspected_state(it: &InspectedState) -> State {
    match it.status.as_deref() {
        Some(word) if !word.is_empty() => state(word),
        _ if it.running == Some(true) => State::Running,
        _ => State::Exited,
    }
}

/// Whether a state has processes.
fn runs(state: State) -> bool {
    matches!(state, State::Running | State::Paused)
}

/// Whether a state has an exit code.
fn has_ended(state: State) -> bool {
    matches!(state, State::Exited | State::Dead | State::Restarting)
}

fn inspected_exit(it: &InspectedState, state: State) -> Option<Exit> {
    let code = it.exit_code?;
    // A container that could not even be started stays `created`, with a code and an error.
    let never_started = state == State::Created && code != 0;
    (has_ended(state) || never_started).then(|| Exit { code, oom: it.oom_killed.unwrap_or(false) })
}

/// The engine's words for a start that failed.
fn refused(it: &InspectedState, is_up: bool) -> Option<Arc<str>> {
    /// Longer than any that was seen, and no longer than a screen bears.
    const WORDS: usize = 400;
    let words = it.error.as_deref().filter(|words| !is_up && !words.is_empty())?;
    Some(label(&mask::text(words), WORDS))
}

/// The health in a list entry's status words: `Up 2 hours (healthy)`.
fn check_in_words(status: &str) -> HealthCheck {
    if !status.starts_with("Up") {
        HealthCheck::None
    } else if status.ends_with("(healthy)") {
        HealthCheck::Healthy
    } else if status.ends_with("(unhealthy)") {
        HealthCheck::Unhealthy
    } else if status.ends_with("(health: starting)") || status.ends_with("(starting)") {
        HealthCheck::Starting
    } else {
        HealthCheck::None
    }
}

/// The exit code in a list entry's status words: `Exited (137) 3 minutes ago`.
fn exit_in_words(status: &str) -> Option<i64> {
    let (_, rest) = status.split_once('(')?;
    rest.split_once(')')?.0.parse().ok()
}

/// Health by its word in an inspect or an event.
pub(super) fn check(word: &str) -> HealthCheck {
    match word {
        "healthy" => HealthCheck::Healthy,
        "unhealthy" => HealthCheck::Unhealthy,
        "starting" => HealthCheck::Starting,
        _ => HealthCheck::None,
    }
}

/// What a stopped container's check said last says nothing any more.
fn inspected_check(it: &InspectedState, is_up: bool) -> HealthCheck {
    let word = it.health.as_ref().and_then(|h| h.status.as_deref()).unwrap_or_default();
    if is_up { check(word) } else { HealthCheck::None }
}

/// A time as the engine writes it; its zero (`0001-01-01…`) is none.
pub(in crate::engine) fn time(raw: Option<&str>) -> Option<Timestamp> {
    raw?.parse::<Timestamp>().ok().filter(|t| t.as_second() > 0)
}

pub(in crate::engine) fn protocol(word: &str) -> Option<Protocol> {
    match word {
        "tcp" | "" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        "sctp" => Some(Protocol::Sctp),
        _ => None,
    }
}

/// An empty host address means all IPv4 addresses.
fn address(raw: &str) -> Option<IpAddr> {
    if raw.is_empty() { Some(Ipv4Addr::UNSPECIFIED.into()) } else { raw.parse().ok() }
}

fn entry_port(it: &super::api::EntryPort) -> Option<Port> {
    let host = match it.public_port {
        Some(port) if port > 0 => Some((address(it.ip.as_deref().unwrap_or_default())?, port)),
        _ => None,
    };
    Some(Port {
        container: it.private_port.filter(|p| *p > 0)?,
        protocol: protocol(it.protocol.as_deref().unwrap_or_default())?,
        host,
    })
}

fn entry_addresses(entry: &Entry, of_task: bool) -> Vec<IpAddr> {
    let none = HostConfig::default();
    let host = entry.host_config.as_ref().unwrap_or(&none);
    addresses(entry.network_settings.as_ref().and_then(|it| it.networks.as_ref()), host, of_task)
}

/// The addresses the engine's machine reaches a running container at, those behind a gateway first:
/// what has none may be an overlay network, into which no way leads but from its containers (a
/// swarm's tasks are on those, and on them that is what it is).
fn addresses(
    networks: Option<&BTreeMap<String, Option<Network>>>,
    host: &HostConfig,
    of_task: bool,
) -> Vec<IpAddr> {
    if host.network_mode.as_deref() == Some("host") {
        return vec![Ipv4Addr::LOCALHOST.into()];
    }
    let mut found: Vec<(bool, IpAddr)> = Vec::new();
    for network in networks.into_iter().flatten().filter_map(|(_, network)| network.as_ref()).take(NETWORKS) {
        let has_gateway = |gateway: &Option<String>| gateway.as_deref().is_some_and(|it| !it.is_empty());
        let isolated = !has_gateway(&network.gateway) && !has_gateway(&network.gateway6);
        if isolated && of_task {
            continue;
        }
        let told = [&network.address, &network.address6];
        let parsed = told.into_iter().filter_map(|raw| raw.as_deref()?.parse().ok());
        found.extend(parsed.map(|address| (isolated, address)));
    }
    // Stable: by network name within.
    found.sort_by_key(|(isolated, _)| *isolated);
    found.into_iter().map(|(_, address)| address).collect()
}

/// What is declared for us in labels, by what follows our prefix.
pub(in crate::engine) fn own_labels(labels: &Labels) -> crate::fleet::Labels {
    let own =
        labels.range(OURS.to_owned()..).map_while(|(key, value)| Some((key.strip_prefix(OURS)?, value)));
    let clean = own
        .take(OWN_LABELS)
        .map(|(key, value)| (label(key, NAME), label(value.as_deref().unwrap_or_default(), OWN_VALUE)));
    Arc::new(clean.collect())
}

/// `80/tcp`.
fn container_port(key: &str) -> Option<(u16, Protocol)> {
    let (port, word) = key.split_once('/').unwrap_or((key, "tcp"));
    Some((port.parse().ok().filter(|p| *p > 0)?, protocol(word)?))
}

fn inspected_ports(it: &Inspected, state: State) -> Vec<Port> {
    let starts_again = matches!(state, State::Created | State::Exited | State::Restarting);
    let mut ports = if starts_again { claimed_ports(&it.host_config) } else { Vec::new() };
    for (key, bindings) in it.network_settings.ports.iter().flatten() {
        let Some((container, protocol)) = container_port(key) else { continue };
        for binding in bindings.iter().flatten() {
            let port = binding.host_port.as_deref().and_then(|p| p.parse().ok()).filter(|p| *p > 0);
            let host = address(binding.host_ip.as_deref().unwrap_or_default()).zip(port);
            ports.extend(host.map(|host| Port { container, protocol, host: Some(host) }));
        }
    }
    let told = it.network_settings.ports.iter().flatten().map(|(key, _)| key);
    let exposed = it.config.exposed_ports.iter().flatten().map(|(key, _)| key);
    for key in told.chain(exposed) {
        let Some((container, protocol)) = container_port(key) else { continue };
        if !ports.iter().any(|p: &Port| p.container == container && p.protocol == protocol) {
            ports.push(Port { container, protocol, host: None });
        }
    }
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// The host ports a container that does not run will hold once it does. Not those the engine picks
/// then, and none without a network of its own.
pub(super) fn claimed_ports(it: &HostConfig) -> Vec<Port> {
    let network = it.network_mode.as_deref().unwrap_or_default();
    if matches!(network, "host" | "none") || network.starts_with("container:") {
        return Vec::new();
    }
    let mut ports = Vec::new();
    for (key, bindings) in it.port_bindings.iter().flatten() {
        let Some((container, protocol)) = container_port(key) else { continue };
        for binding in bindings.iter().flatten() {
            let number = binding.host_port.as_deref().and_then(|p| p.parse().ok()).filter(|p| *p > 0);
            let Some(number) = number else { continue };
            let raw = binding.host_ip.as_deref().unwrap_or_default();
            // No address means all, of both families.
            let both = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
            let one = raw.parse::<IpAddr>().ok();
            let addresses = if raw.is_empty() { both.as_slice() } else { one.as_slice() };
            ports.extend(addresses.iter().map(|&ip| Port { container, protocol, host: Some((ip, number)) }));
        }
    }
    ports
}

/// Ranges of host ports asked for, each once: `9000-9010`.
pub(super) fn port_ranges(it: &HostConfig) -> Vec<(u16, u16)> {
    let bindings = it.port_bindings.iter().flatten().flat_map(|(_, bindings)| bindings.iter().flatten());
    let range = |text: &str| {
        let (first, last) = text.split_once('-')?;
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (0 < first && first <= last).then_some((first, last))
    };
    let mut ranges: Vec<_> = bindings.filter_map(|b| range(b.host_port.as_deref()?)).collect();
    ranges.sort_unstable();
    ranges.dedup();
    ranges
}

/// Whether the engine would have started it again after an end nobody asked for.
fn kept_up(it: &Inspected) -> bool {
    let policy = it.host_config.restart_policy.as_ref().and_then(|policy| policy.name.as_deref());
    let failed = it.state.error.as_deref().is_some_and(|error| !error.is_empty());
    matches!(policy, Some("always" | "unless-stopped")) && !failed
}

/// Hard limits. CPU is the least of what `--cpus`, quota and pinning allow.
pub(super) fn limits(it: &HostConfig) -> Limits {
    let positive = |v: Option<i64>| v.filter(|v| *v > 0);
    let nano = positive(it.nano_cpus).map(|n| n as f64 / 1e9);
    let quota = positive(it.cpu_quota).map(|q| q as f64 / positive(it.cpu_period).unwrap_or(100_000) as f64);
    let pinned = it.cpuset_cpus.as_deref().and_then(cpuset).map(f64::from);
    Limits {
        cpus: [nano, quota, pinned].into_iter().flatten().reduce(f64::min),
        memory: positive(it.memory).map(i64::unsigned_abs),
        pids: positive(it.pids_limit).map(i64::unsigned_abs),
    }
}

/// How many CPUs `0-3,7` names; `None` when it names none or makes no sense.
fn cpuset(list: &str) -> Option<u32> {
    let mut count = 0u32;
    for part in list.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        count = count.saturating_add(last.checked_sub(first)?.saturating_add(1));
    }
    (count > 0).then_some(count)
}

/// Labels of an answer, `None` being none at all.
pub(super) fn labels(map: Option<&Labels>) -> impl Iterator<Item = (&str, &str)> {
    map.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_deref().unwrap_or_default()))
}

#[cfg(test)]
#[path = "map_tests.rs"]
mod tests;
