//! One task: its log, everything about it, a shell in it. On this node its container tells more
//! than the swarm does, and sooner; so it is asked first.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryFutureExt};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::api::{Attachment, MountSpec, Service, Task};
use super::look::Look;
use super::map::{self, Local, Names, piece};
use super::slots::{self, Memory};
use super::{Swarm, survey};
use crate::engine::docker::inspect::{self, line, variable};
use crate::engine::docker::map::NAME;
use crate::engine::docker::wire::{Wire, segment};
use crate::engine::docker::{failure, logs};
use crate::engine::{
    Details, Docker, Engine, EngineError, LogChunk, LogQuery, Mount, NetworkLink, Output, Secrets, Shell,
    TermSize,
};
use crate::fleet::{EngineId, Replica, ReplicaId};
use crate::text::mask;

/// The longest value kept, characters.
const VALUE: usize = 8192;

/// Log chunks of a task, oldest first; see [`Engine::logs`]. While a task waits to take the place of
/// one that failed, what there is of its log is that one's: elsewhere it would be the same replica's.
pub(in crate::engine) fn logs(
    docker: Arc<Docker>,
    swarm: Arc<Swarm>,
    of: ReplicaId,
    query: LogQuery,
) -> BoxStream<'static, Result<LogChunk, EngineError>> {
    let open = async move {
        let known = swarm.container(&of);
        let task = match known {
            // Whoever follows has seen what came before, or asked for it.
            Some(_) if query.follow => None,
            // Its container has a log also when the swarm can't answer.
            Some(_) => fetch(&swarm.wire, &of).await.ok(),
            None => Some(fetch(&swarm.wire, &of).await?),
        };
        let Some(task) = task else { return Ok(own(&docker, &swarm, &of, known, false, query).await) };
        let before = if query.follow { None } else { before(&swarm, &task).await? };
        Ok(of_task(&docker, &swarm, before.as_ref().unwrap_or(&task), query).await)
    };
    open.try_flatten_stream().boxed()
}

async fn of_task(
    docker: &Arc<Docker>,
    swarm: &Arc<Swarm>,
    task: &Task,
    query: LogQuery,
) -> BoxStream<'static, Result<LogChunk, EngineError>> {
    let tty = task.spec.container_spec.as_ref().and_then(|spec| spec.tty).unwrap_or(false);
    let of = map::task_id(&swarm.id, &task.id);
    own(docker, swarm, &of, container(docker.id(), task), tty, query).await
}

/// What a task itself wrote: from its container where that is on this node, else by the swarm.
async fn own(
    docker: &Arc<Docker>,
    swarm: &Arc<Swarm>,
    of: &ReplicaId,
    container: Option<ReplicaId>,
    tty: bool,
    query: LogQuery,
) -> BoxStream<'static, Result<LogChunk, EngineError>> {
    if let Some(container) = container {
        let mut log = docker.logs(&container, &query);
        match log.next().await {
            // It is on another node.
            Some(Err(EngineError::Gone { .. })) => {}
            first => return stream::iter(first).chain(log).boxed(),
        }
    }
    let base = format!("/tasks/{}", segment(&of.id));
    logs::logs_at(swarm.wire.clone(), base, tty, of.short().to_owned(), query)
}

/// The task whose place this one waits to take, where that failed lately.
async fn before(swarm: &Swarm, task: &Task) -> Result<Option<Task>, EngineError> {
    // Up to `ready` it has never run, also where it has a container already.
    let waits = ["new", "pending", "assigned", "accepted", "preparing", "ready"];
    if !task.status.state.as_deref().is_some_and(|state| waits.contains(&state)) {
        return Ok(None);
    }
    let tasks: Vec<Task> = swarm.wire.get("/tasks", "the swarm").await.map_err(survey::words)?;
    let mut memory = Memory::default();
    memory.note(&tasks, Timestamp::now());
    let current = slots::current(&tasks, |_| 0, &memory);
    Ok(current.into_iter().find(|it| it.task.id == task.id).and_then(|it| it.before).cloned())
}

/// Everything about a task, secrets masked.
pub(in crate::engine) async fn details(
    docker: &Docker,
    swarm: &Swarm,
    of: &ReplicaId,
) -> Result<Details, EngineError> {
    let path = format!("/tasks/{}", segment(&of.id));
    let mut raw: Value = swarm.wire.get(&path, of.short()).await.map_err(|e| missing(e, of))?;
    let task = Task::deserialize(&raw).map_err(|e| failure::garbage(&e, "a task"))?;
    mask::json(&mut raw);
    let on_node = match container(docker.id(), &task) {
        Some(container) => match docker.inspect(&container).await {
            Ok(details) => Some(details),
            Err(EngineError::Gone { .. }) => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let replica = replica(swarm, &task, on_node.as_ref().map(|it| &it.replica)).await?;
    Ok(match on_node {
        Some(details) => Details { replica, error: own_error(&task).or(details.error), ..details },
        None => from_spec(replica, &task, raw),
    })
}

/// What is masked in the environment of a task.
pub(in crate::engine) async fn secrets(
    docker: &Docker,
    swarm: &Swarm,
    of: &ReplicaId,
) -> Result<Secrets, EngineError> {
    let task = fetch(&swarm.wire, of).await?;
    if let Some(container) = container(docker.id(), &task) {
        match docker.reveal(&container).await {
            // It is on another node.
            Err(EngineError::Gone { .. }) => {}
            answer => return answer,
        }
    }
    let spec = task.spec.container_spec.unwrap_or_default();
    Ok(Secrets::of_pairs(spec.env.iter().flatten()))
}

/// A shell in a task, where it runs on this node.
pub(in crate::engine) async fn shell(
    docker: &Docker,
    swarm: &Swarm,
    of: &ReplicaId,
    argv: &[String],
    size: TermSize,
) -> Result<Shell, EngineError> {
    let task = fetch(&swarm.wire, of).await?;
    if let Some(container) = container(docker.id(), &task) {
        match docker.shell(&container, argv, size).await {
            Err(EngineError::Gone { .. }) => {}
            answer => return answer,
        }
    }
    Err(elsewhere(docker, swarm, of, &task, "a shell can only be opened there").await)
}

/// A command in a task, where it runs on this node.
pub(in crate::engine) async fn exec(
    docker: &Docker,
    swarm: &Swarm,
    of: &ReplicaId,
    argv: &[String],
    limit: Duration,
) -> Result<Output, EngineError> {
    // Asked often: where a task's container is known, the swarm need not be.
    if let Some(container) = swarm.container(of) {
        match docker.exec(&container, argv, limit).await {
            Err(EngineError::Gone { .. }) => {}
            answer => return answer,
        }
    }
    let task = fetch(&swarm.wire, of).await?;
    if let Some(container) = container(docker.id(), &task) {
        match docker.exec(&container, argv, limit).await {
            Err(EngineError::Gone { .. }) => {}
            answer => return answer,
        }
    }
    Err(elsewhere(docker, swarm, of, &task, "a command can only be run there").await)
}

/// Why nothing can be done in a task from here.
async fn elsewhere(
    docker: &Docker,
    swarm: &Swarm,
    of: &ReplicaId,
    task: &Task,
    only_there: &str,
) -> EngineError {
    let nodes: Vec<super::api::Node> = swarm.wire.get("/nodes", "the swarm").await.unwrap_or_default();
    let node = task.node_id.as_deref().filter(|node| !node.is_empty()).map(|id| Names::of(&nodes).node(id));
    let container = container(docker.id(), task);
    match (node, container) {
        (Some(node), Some(container)) => EngineError::Unsupported {
            why: format!("task {} runs on node {node}, and {only_there}", of.short()),
            remedy: format!("On {node}: docker exec -it {} sh", container.short()),
        },
        _ => EngineError::Unsupported {
            why: format!("task {} has no container yet", of.short()),
            remedy: "Its row says what it waits for.".into(),
        },
    }
}

async fn fetch(wire: &Wire, of: &ReplicaId) -> Result<Task, EngineError> {
    wire.get(&format!("/tasks/{}", segment(&of.id)), of.short()).await.map_err(|e| missing(e, of))
}

/// The swarm's word for a task it has forgotten.
fn missing(error: EngineError, of: &ReplicaId) -> EngineError {
    match error {
        EngineError::Failed { status: 404, .. } => EngineError::Gone { what: format!("task {}", of.short()) },
        other => survey::words(other),
    }
}

/// The container of a task, on whichever node; `None` before it has one.
fn container(docker: &EngineId, task: &Task) -> Option<ReplicaId> {
    let id = task.status.container_status.as_ref()?.container_id.as_deref().filter(|id| !id.is_empty())?;
    Some(ReplicaId { engine: docker.clone(), id: line(id, NAME).into() })
}

/// The task as the fleet knows it, also one that is history.
async fn replica(swarm: &Swarm, task: &Task, local: Option<&Replica>) -> Result<Replica, EngineError> {
    let wire = &swarm.wire;
    let path = format!("/services/{}", segment(&task.service_id));
    let (service, nodes) = tokio::join!(wire.get(&path, "its service"), wire.get("/nodes", "the swarm"));
    let service: Service = service.map_err(survey::words)?;
    let mut local_by_task = Local::new();
    if let Some(local) = local {
        local_by_task.insert(map::task_id(&swarm.id, &task.id).id, local.clone());
    }
    let look = Look { services: vec![service], tasks: vec![task.clone()], nodes: nodes.unwrap_or_default() };
    let found = map::one(&swarm.id, &look, &local_by_task, &Memory::default());
    found.ok_or_else(|| EngineError::Gone { what: format!("task {}", piece(&task.id)) })
}

fn own_error(task: &Task) -> Option<String> {
    task.status.err.as_deref().filter(|e| !e.is_empty()).map(|e| mask::text(&failure::words(e)))
}

/// What the swarm alone says.
fn from_spec(replica: Replica, task: &Task, raw: Value) -> Details {
    let spec = task.spec.container_spec.clone().unwrap_or_default();
    let text = |raw: Option<&String>| raw.map(|t| line(t, VALUE)).unwrap_or_default();
    let command: Vec<String> = spec
        .command
        .iter()
        .flatten()
        .chain(spec.args.iter().flatten())
        .map(|word| line(word, VALUE))
        .collect();
    let mut labels: Vec<(String, String)> = spec
        .labels
        .iter()
        .flatten()
        .map(|(key, value)| {
            (line(key, VALUE), mask::env(key, &line(value.as_deref().unwrap_or_default(), VALUE)))
        })
        .collect();
    labels.sort_unstable();
    Details {
        replica,
        command: mask::args(&command),
        env: spec.env.iter().flatten().map(|pair| variable(pair)).collect(),
        labels,
        mounts: spec.mounts.iter().flatten().map(mount).collect(),
        networks: task.networks_attachments.iter().flatten().map(network).collect(),
        restart_policy: "by the swarm".into(),
        user: text(spec.user.as_ref()),
        workdir: text(spec.dir.as_ref()),
        hostname: text(spec.hostname.as_ref()),
        log_driver: String::new(),
        log_path: None,
        health: spec.healthcheck.as_ref().and_then(inspect::health_spec),
        health_log: Vec::new(),
        failing_streak: 0,
        error: own_error(task),
        raw,
    }
}

fn mount(it: &MountSpec) -> Mount {
    let text = |raw: Option<&String>| raw.map(|t| line(t, VALUE)).unwrap_or_default();
    let (kind, source) = (text(it.kind.as_ref()), text(it.source.as_ref()));
    Mount {
        anonymous: kind == "volume" && source.is_empty(),
        kind,
        source,
        target: text(it.target.as_ref()),
        read_only: it.read_only == Some(true),
    }
}

fn network(it: &Attachment) -> NetworkLink {
    let address = it.addresses.iter().flatten().next();
    NetworkLink {
        name: it.network.spec.name.as_deref().map(|name| line(name, NAME)).unwrap_or_default(),
        // `10.0.1.8/24`
        address: address.map(|a| line(a.split('/').next().unwrap_or_default(), 64)).unwrap_or_default(),
        aliases: Vec::new(),
    }
}
