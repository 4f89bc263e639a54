//! What the swarm lists → declared services and replicas. Pure.
//!
//! All text passes the sanitiser here. Where a task runs on this node, what Docker knows of its
//! container comes in too: it knows more (health, terminal, memory kills), and knows it sooner.

use std::collections::{BTreeSet, HashMap};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use jiff::Timestamp;

use super::api::{Node, PortConfig, Resources, Service, Task, Template};
use super::look::Look;
use super::slots::{self, Current, Memory};
use super::{spec, update};
use crate::engine::docker::api::Healthcheck;
use crate::engine::docker::failure::words;
use crate::engine::docker::map::{NAME, REFERENCE, own_labels, protocol, time};
use crate::engine::docker::task::short;
use crate::engine::wants::wants;
use crate::fleet::{
    Declared, EngineId, Exit, HealthCheck, Image, Joined, Labels, Limits, Placed, Port, Replica, ReplicaId,
    Role, ServiceId, SpecHash, State, Ties,
};
use crate::text::sanitize::label;

/// So many networks of a service, and its names on each, are kept.
const NETWORKS: usize = 32;

/// What Docker knows of the containers of tasks on this node, by task. One that ended still has
/// the health it had last.
pub(super) type Local = HashMap<Arc<str>, Replica>;

/// Everything the swarm says, as the fleet takes it.
pub(super) fn told(
    engine: &EngineId,
    look: &Look,
    local: &Local,
    memory: &Memory,
) -> (Vec<Declared>, Vec<Replica>) {
    let names = Names::of(&look.nodes);
    let services: HashMap<&str, Known<'_>> =
        look.services.iter().map(|it| (it.id.as_str(), Known::of(engine, it))).collect();
    let declared = look
        .services
        .iter()
        .filter_map(|it| services.get(it.id.as_str()))
        .map(|known| declared(known, &look.tasks, local, &names))
        .collect();
    let desired = |service: &str| services.get(service).map_or(0, |known| desired(known.it));
    let current = slots::current(&look.tasks, desired, memory);
    let replicas = current
        .iter()
        .filter_map(|current| {
            let known = services.get(current.task.service_id.as_str())?;
            let id = task_id(engine, &current.task.id);
            Some(replica(known, current, local, &names, id))
        })
        .collect();
    (declared, replicas)
}

/// The one task in `look`, of the one service there, as a replica; also one that is history.
pub(super) fn one(engine: &EngineId, look: &Look, local: &Local, memory: &Memory) -> Option<Replica> {
    let (_, replicas) = told(engine, look, local, memory);
    if let [replica] = replicas.as_slice() {
        return Some(replica.clone());
    }
    let (service, task) = (look.services.first()?, look.tasks.first()?);
    let id = task_id(engine, &task.id);
    let current = Current { task, before: None, restarts: 0, first_end: None, wanted: false };
    Some(replica(&Known::of(engine, service), &current, local, &Names::of(&look.nodes), id))
}

/// The id of a task on `engine`.
pub(super) fn task_id(engine: &EngineId, raw: &str) -> ReplicaId {
    ReplicaId { engine: engine.clone(), id: label(raw, NAME) }
}

/// Which service of the fleet a swarm's service is: its stack is its project.
pub(super) fn service_id(engine: &EngineId, it: &Service) -> ServiceId {
    let stack = it.spec.labels.as_ref().and_then(|l| l.get("com.docker.stack.namespace")?.as_deref());
    let stack = stack.map(|stack| label(stack, NAME)).filter(|stack| !stack.is_empty());
    let name = label(&it.spec.name, NAME);
    let name = if name.is_empty() { label(&it.id, NAME) } else { name };
    ServiceId { engine: engine.clone(), name: short(stack.as_deref(), &name), project: stack }
}

/// An image as a spec has it: the reference without the digest it is pinned to, which is its id.
pub(super) fn image(raw: &str) -> Image {
    let (reference, digest) = raw.split_once('@').unwrap_or((raw, ""));
    let last = reference.rsplit('/').next().unwrap_or_default();
    // Where nothing but the digest says which, it must be seen.
    let shown = if digest.is_empty() || last.contains(':') { reference } else { raw };
    let id = if digest.is_empty() && raw.starts_with("sha256:") { raw } else { digest };
    Image { reference: label(shown, REFERENCE), id: label(id, REFERENCE) }
}

/// How many replicas a service should have.
pub(super) fn desired(it: &Service) -> u32 {
    let told = it.service_status.and_then(|status| status.desired_tasks);
    let set = it.spec.mode.replicated.map(|replicated| replicated.replicas.unwrap_or(1));
    u32::try_from(set.or(told).unwrap_or(0)).unwrap_or(u32::MAX)
}

/// One a node.
pub(super) fn is_global(it: &Service) -> bool {
    it.spec.mode.global.is_some() || it.spec.mode.global_job.is_some()
}

/// Limits of each replica.
pub(super) fn limits(it: Option<&Resources>) -> Limits {
    let set = it.and_then(|resources| resources.limits).unwrap_or_default();
    let positive = |v: Option<i64>| v.filter(|v| *v > 0);
    Limits {
        cpus: positive(set.nano_cpus).map(|n| n as f64 / 1e9),
        memory: positive(set.memory_bytes).map(i64::unsigned_abs),
        pids: positive(set.pids).map(i64::unsigned_abs),
    }
}

/// The ports of `all` that are published this way (`ingress`: on every node; `host`: on the one a
/// replica runs on).
pub(super) fn ports(all: Option<&Vec<PortConfig>>, mode: &str) -> Vec<Port> {
    let mut ports: Vec<Port> = all
        .into_iter()
        .flatten()
        .filter(|it| it.publish_mode.as_deref().unwrap_or("ingress") == mode)
        .flat_map(|it| {
            let container = it.target_port.and_then(|p| u16::try_from(p).ok()).filter(|p| *p > 0);
            let host = it.published_port.and_then(|p| u16::try_from(p).ok()).filter(|p| *p > 0);
            let protocol = protocol(it.protocol.as_deref().unwrap_or_default());
            let all = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
            all.into_iter().filter_map(move |ip| {
                Some(Port { container: container?, protocol: protocol?, host: Some((ip, host?)) })
            })
        })
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// A service and what was read of it once for all its tasks.
struct Known<'s> {
    id: ServiceId,
    it: &'s Service,
    template: Template,
    spec: SpecHash,
}

impl<'s> Known<'s> {
    fn of(engine: &EngineId, it: &'s Service) -> Self {
        let raw = &it.spec.task_template;
        Self { id: service_id(engine, it), it, template: Template::of(raw), spec: spec::hash(raw) }
    }
}

fn declared(known: &Known<'_>, tasks: &[Task], local: &Local, names: &Names) -> Declared {
    Declared {
        service: known.id.clone(),
        desired: desired(known.it),
        global: is_global(known.it),
        image: image(known.template.image()),
        ports: ports(known.it.endpoint.as_ref().and_then(|e| e.ports.as_ref()), "ingress"),
        update: update::status(known.it, tasks, local, names),
        ties: Some(Arc::new(ties(known))),
    }
}

/// Whom its spec names, and what it is called on its networks.
fn ties(known: &Known<'_>) -> Ties {
    let spec = known.template.container_spec.as_ref();
    let env = spec.and_then(|spec| spec.env.as_ref());
    // Services made long ago have their networks beside the template.
    let networks = known.template.networks.as_ref().or(known.it.spec.networks.as_ref());
    let joined = networks.into_iter().flatten().take(NETWORKS).filter_map(|network| {
        let aliases = network.aliases.iter().flatten().take(NETWORKS).map(String::as_str);
        let names = aliases.chain([known.it.spec.name.as_str()]);
        let mut names: Vec<Arc<str>> = names.map(|name| label(&name.to_ascii_lowercase(), NAME)).collect();
        names.sort_unstable();
        names.dedup();
        Some(Joined { network: label(network.target.as_deref()?, NAME), names })
    });
    Ties {
        wants: wants(env.into_iter().flatten().map(String::as_str)),
        networks: joined.collect(),
        within: None,
        on_host: false,
    }
}

/// The fleet's replica of one task.
fn replica(
    known: &Known<'_>,
    current: &Current<'_>,
    all_local: &Local,
    names: &Names,
    id: ReplicaId,
) -> Replica {
    let task = current.task;
    let local = all_local.get(&id.id);
    let it = stands(current, all_local);
    let at = time(task.status.timestamp.as_deref());
    let is_up = matches!(it.state, State::Running | State::Paused);
    let mut image = image(task.spec.image());
    if image.id.is_empty() {
        image.id = local.map(|local| local.image.id.clone()).unwrap_or_default();
    }
    let of_service =
        task.spec.image() == known.template.image() && task.spec.force_update == known.template.force_update;
    let made = time(task.created_at.as_deref()).unwrap_or_default();
    let mut ports = ports(task.status.port_status.as_ref().and_then(|it| it.ports.as_ref()), "host");
    if ports.is_empty() {
        // Exposed ones are seen on the container only.
        ports = local.map(|local| local.ports.clone()).unwrap_or_default();
    }
    Replica {
        service: known.id.clone(),
        name: names.task(known.it, task),
        number: task.slot.and_then(|slot| u32::try_from(slot).ok()).filter(|slot| *slot > 0),
        role: Role::Replica,
        state: it.state,
        check: if is_up { check(task, local) } else { HealthCheck::None },
        image,
        ports,
        // Its slot's spell of failures began before this task did.
        addresses: local.map(|local| local.addresses.clone()).filter(|_| is_up).unwrap_or_default(),
        labels: labels(known, task, local),
        created: if current.restarts > 1 { current.first_end.unwrap_or(made) } else { made },
        started: local.and_then(|local| local.started).filter(|_| is_up).or(at.filter(|_| is_up)),
        finished: it.finished.filter(|_| !is_up),
        exit: it.exit.filter(|_| !is_up),
        // A task's trouble says it.
        refused: None,
        restarts: Some(current.restarts),
        limits: limits(task.spec.resources.as_ref()),
        pid: local.and_then(|local| local.pid).filter(|_| is_up),
        tty: Some(task.spec.container_spec.as_ref().and_then(|spec| spec.tty).unwrap_or(false)),
        kept_up: false,
        spec: of_service.then_some(known.spec),
        compose: None,
        ties: None,
        placed: Some(Arc::new(Placed {
            task: Arc::default(),
            node: task.node_id.as_deref().map(|node| names.node(node)).unwrap_or_default(),
            here: local.is_some(),
            stage: label(task.status.state.as_deref().unwrap_or_default(), 40),
            trouble: it.trouble,
        })),
        id,
    }
}

/// What was declared for us: on the service, and on its containers, which counts more.
fn labels(known: &Known<'_>, task: &Task, local: Option<&Replica>) -> Labels {
    let of_service = known.it.spec.labels.as_ref().map(own_labels).unwrap_or_default();
    let of_container = if let Some(local) = local {
        local.labels.clone()
    } else {
        let spec = task.spec.container_spec.as_ref();
        spec.and_then(|spec| spec.labels.as_ref()).map(own_labels).unwrap_or_default()
    };
    if of_service.is_empty() {
        return of_container;
    }
    let mut all = (*of_service).clone();
    all.extend(of_container.iter().map(|(key, value)| (key.clone(), value.clone())));
    Arc::new(all)
}

/// How a task stands.
struct Stands {
    state: State,
    exit: Option<Exit>,
    finished: Option<Timestamp>,
    trouble: Arc<str>,
}

impl Stands {
    fn so(state: State) -> Self {
        Self { state, exit: None, finished: None, trouble: Arc::default() }
    }

    /// As the swarm says that it ended.
    fn ended(state: State, task: &Task, local: &Local) -> Self {
        let oom = local.get(&*task.id).and_then(|local| local.exit).is_some_and(|exit| exit.oom);
        let exit = exit_code(task).map(|code| Exit { code, oom });
        Self { state, exit, finished: time(task.status.timestamp.as_deref()), trouble: trouble(task, local) }
    }
}

fn stands(current: &Current<'_>, all: &Local) -> Stands {
    let task = current.task;
    let local = all.get(&*task.id);
    match (task.status.state.as_deref().unwrap_or_default(), local) {
        ("running" | "starting", Some(local)) if local.is_up() => Stands::so(local.state),
        // Docker knows it before the swarm does, which will make another one.
        ("running", Some(Replica { state: State::Exited | State::Dead, exit, finished, .. })) => {
            Stands { exit: *exit, finished: *finished, ..Stands::so(State::Restarting) }
        }
        ("running", _) => Stands::so(State::Running),
        ("failed" | "rejected", _) if current.wanted => Stands::ended(State::Restarting, task, all),
        ("failed" | "rejected" | "complete" | "orphaned" | "shutdown" | "remove", _) => {
            Stands::ended(State::Exited, task, all)
        }
        // On its way: what keeps it, else what it is to take the place of, else how far it is.
        _ => match (trouble(task, all), current.before) {
            (trouble, Some(before)) if trouble.is_empty() => Stands::ended(State::Restarting, before, all),
            (trouble, _) => Stands { trouble, ..Stands::so(State::Created) },
        },
    }
}

/// The exit code; `None` where it never got as far as running.
pub(super) fn exit_code(task: &Task) -> Option<i64> {
    let status = task.status.container_status.as_ref()?;
    status.container_id.as_deref().filter(|id| !id.is_empty())?;
    status.exit_code
}

/// The swarm's words for what is wrong with a task, where they say more than its exit code.
fn trouble(task: &Task, local: &Local) -> Arc<str> {
    let raw = task.status.err.as_deref().unwrap_or_default();
    let raw = raw.strip_prefix("task: ").unwrap_or(raw);
    // `non-zero exit (137): dockerexec: unhealthy container`
    if let Some((code, rest)) = raw.strip_prefix("non-zero exit (").and_then(|rest| rest.split_once(')')) {
        let because = rest.trim_start_matches(": ").trim_start_matches("dockerexec: ");
        return match because {
            "" => Arc::default(),
            because => words(&format!("{because} (exit {code})")).into(),
        };
    }
    if raw.is_empty() && local.get(&*task.id).is_some_and(|it| is_sick(it) && !it.is_up()) {
        // The swarm stopped it for that; once it obeyed, the swarm says no more than that it ended.
        let code = exit_code(task).map(|code| format!(" (exit {code})")).unwrap_or_default();
        return format!("unhealthy container{code}").into();
    }
    words(raw).into()
}

/// Whether a container fails its check, or did when it ended.
pub(super) fn is_sick(container: &Replica) -> bool {
    container.check == HealthCheck::Unhealthy
}

/// How a failed task failed, in words.
pub(super) fn failure(task: &Task, local: &Local) -> String {
    let trouble = trouble(task, local);
    match exit_code(task) {
        Some(code) if trouble.is_empty() => format!("exit {code}"),
        _ => trouble.to_string(),
    }
}

/// Health: as Docker says on this node; elsewhere a swarm calls running what has passed its check.
fn check(task: &Task, local: Option<&Replica>) -> HealthCheck {
    let of_spec = task.spec.container_spec.as_ref().and_then(|spec| spec.healthcheck.as_ref());
    match local {
        Some(local) => local.check,
        None if of_spec.is_some_and(declares) => HealthCheck::Healthy,
        None => HealthCheck::None,
    }
}

fn declares(check: &Healthcheck) -> bool {
    let test = check.test.as_deref().unwrap_or_default();
    test.first().is_some_and(|word| word != "NONE")
}

/// What nodes and tasks are called.
pub(super) struct Names {
    nodes: HashMap<String, Arc<str>>,
}

impl Names {
    pub(super) fn of(nodes: &[Node]) -> Self {
        let host = |node: &Node| label(node.description.hostname.as_deref().unwrap_or_default(), NAME);
        let mut seen = BTreeSet::new();
        let twice: BTreeSet<Arc<str>> =
            nodes.iter().map(host).filter(|name| !seen.insert(name.clone())).collect();
        let name = |node: &Node| {
            let name = host(node);
            // A node that left and came again is there twice.
            if name.is_empty() || twice.contains(&name) {
                format!("{name}~{}", piece(&label(&node.id, NAME))).into()
            } else {
                name
            }
        };
        Self { nodes: nodes.iter().map(|node| (node.id.clone(), name(node))).collect() }
    }

    /// A node's name, else its id's first digits.
    pub(super) fn node(&self, id: &str) -> Arc<str> {
        self.nodes.get(id).cloned().unwrap_or_else(|| piece(&label(id, NAME)).into())
    }

    /// `shop_web.2`, `shop_agent.node-1`: as `docker service ps` names it.
    pub(super) fn place(&self, service: &Service, task: &Task) -> String {
        let service = label(&service.spec.name, NAME);
        match (task.slot.filter(|slot| *slot > 0), task.node_id.as_deref()) {
            (Some(slot), _) => format!("{service}.{slot}"),
            (None, Some(node)) if !node.is_empty() => format!("{service}.{}", self.node(node)),
            (None, _) => service.to_string(),
        }
    }

    /// Its place and the first digits of its id: a slot has many tasks over time.
    fn task(&self, service: &Service, task: &Task) -> Arc<str> {
        format!("{}.{}", self.place(service, task), piece(&label(&task.id, NAME))).into()
    }
}

/// The longest id kept, characters.
pub(super) const ID: usize = REFERENCE;

/// The first 12 characters of an id.
pub(super) fn piece(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

#[cfg(test)]
#[path = "map_tests.rs"]
mod tests;
