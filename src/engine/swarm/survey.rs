//! What planning a change of a service must know of it.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::api::{ContainerSpec, Node, Service, ServiceSpec, Task, Template};
use super::look::{Blind, blind};
use super::map::{self, Local, Names};
use super::{slots, spec, update};
use crate::engine::docker::inspect;
use crate::engine::docker::wire::{Wire, segment};
use crate::engine::{Docker, Engine, EngineError, HealthSpec, Managed, Query};
use crate::fleet::{EngineId, Image, ServiceId};
use crate::text::sanitize::label;

/// The labels that set a service's gate.
const GATE: &str = "quarterdeck.gate.";

/// What the swarm says of these services; what is gone is missing.
pub(super) async fn managed(
    docker: &Docker,
    engine: &EngineId,
    of: &[ServiceId],
) -> Result<Vec<Managed>, EngineError> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let wire = &*docker.wire();
    let (services, tasks, nodes) = tokio::join!(
        wire.get::<Vec<Service>>("/services?status=true", "the swarm"),
        wire.get::<Vec<Value>>("/tasks", "the swarm"),
        wire.get::<Vec<Node>>("/nodes", "the swarm"),
    );
    let (services, raw) = (services.map_err(words)?, tasks.map_err(words)?);
    let tasks: Vec<Task> = raw.iter().map(|task| Task::deserialize(task).unwrap_or_default()).collect();
    let nodes = nodes.unwrap_or_default();
    let images = local_images(wire).await;
    let mut found = Vec::new();
    for id in of {
        let Some(it) = services.iter().find(|it| map::service_id(engine, it) == *id) else { continue };
        let so: Vec<&Task> = tasks
            .iter()
            .zip(&raw)
            .filter(|(task, raw)| task.service_id == it.id && is_made_so(task, raw, it))
            .map(|(task, _)| task)
            .collect();
        let mut one = read(it, id, &tasks, &nodes);
        let running = so.iter().filter(|task| task.status.state.as_deref() == Some("running"));
        one.running = u32::try_from(running.count()).unwrap_or(u32::MAX);
        if one.image.id.is_empty() {
            one.image.id = so.iter().find_map(|task| images.get(&task.id).cloned()).unwrap_or_default();
        }
        if one.health.is_none() && !is_disabled(it) {
            one.health = image_health(docker, &one.image).await;
        }
        found.push(one);
    }
    Ok(found)
}

/// An error of a call to the swarm, in its own words where it can't answer.
pub(super) fn words(error: EngineError) -> EngineError {
    match blind(error.clone()) {
        Blind::NotHere => EngineError::Unsupported {
            why: "this node is not a manager of the swarm".into(),
            remedy: "Use qd on a manager (docker node ls there names them).".into(),
        },
        Blind::Ailing(why) => EngineError::Conflict { why },
        Blind::Never | Blind::Lost(_) => error,
    }
}

/// Whether a task is meant to run, and is made as its service says now.
fn is_made_so(task: &Task, raw: &Value, service: &Service) -> bool {
    let made = raw.get("Spec").is_some_and(|made| spec::is_made_so(made, &service.spec.task_template));
    made && slots::is_wanted(task)
}

/// All that the lists tell of one service.
fn read(it: &Service, id: &ServiceId, tasks: &[Task], nodes: &[Node]) -> Managed {
    let names = &Names::of(nodes);
    let template = Template::of(&it.spec.task_template);
    let container = template.container_spec.clone().unwrap_or_default();
    let config = it.spec.update_config.clone().unwrap_or_default();
    let desired = map::desired(it);
    let previous = it.previous_spec.as_ref().map(|spec| Template::of(&spec.task_template));
    let ports = it.endpoint.as_ref().and_then(|endpoint| endpoint.ports.as_ref());
    Managed {
        service: id.clone(),
        image: map::image(template.image()),
        previous: previous.map(|previous| map::image(previous.image())),
        replicas: (!map::is_global(it)).then_some(desired),
        wanted: desired,
        running: 0,
        leaving: leaving(it, tasks, nodes),
        limits: map::limits(template.resources.as_ref()),
        force: template.force_update.unwrap_or(0),
        rolls_back: config.failure_action.as_deref() == Some("rollback"),
        start_first: config.order.as_deref() == Some("start-first"),
        host_ports: map::ports(ports, "host"),
        health: container.healthcheck.as_ref().and_then(inspect::health_spec),
        gate: gate(&it.spec, &container),
        spec: spec::hash(&it.spec.task_template),
        update: update::status(it, tasks, &Local::new(), names),
    }
}

/// How many of its tasks still run that the swarm has told to end. On a node that does not answer
/// they are taken for running for ever.
fn leaving(it: &Service, tasks: &[Task], nodes: &[Node]) -> u32 {
    let answers =
        |id: &str| nodes.iter().any(|node| node.id == id && node.status.state.as_deref() == Some("ready"));
    let leaves = |task: &&Task| {
        task.service_id == it.id
            && !slots::is_wanted(task)
            && matches!(task.status.state.as_deref(), Some("starting" | "running"))
            && task.node_id.as_deref().is_some_and(answers)
    };
    u32::try_from(tasks.iter().filter(leaves).count()).unwrap_or(u32::MAX)
}

/// `quarterdeck.gate.*` labels of the service (`deploy: labels:`) and of its containers; the
/// service's win.
fn gate(spec: &ServiceSpec, container: &ContainerSpec) -> Vec<(String, String)> {
    let of = |labels: &super::api::Map<Option<String>>| {
        let labels = labels.iter().flatten();
        let found = labels.filter_map(|(key, value)| {
            let short = key.strip_prefix(GATE)?;
            Some((label(short, 80).to_string(), label(value.as_deref()?, 80).to_string()))
        });
        found.collect::<Vec<_>>()
    };
    let mut gate = of(&spec.labels);
    for (key, value) in of(&container.labels) {
        if !gate.iter().any(|(known, _)| *known == key) {
            gate.push((key, value));
        }
    }
    gate.sort_unstable();
    gate
}

fn is_disabled(it: &Service) -> bool {
    let container = Template::of(&it.spec.task_template).container_spec.unwrap_or_default();
    let test = container.healthcheck.and_then(|check| check.test).unwrap_or_default();
    test.first().is_some_and(|word| word == "NONE")
}

/// The image ids of tasks on this node: where a spec names an image by a mere tag, they say which.
async fn local_images(wire: &Wire) -> HashMap<String, Arc<str>> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Entry {
        #[serde(rename = "ImageID")]
        image: String,
        #[serde(rename = "Labels")]
        labels: super::api::Map<Option<String>>,
    }
    let filter = segment(r#"{"label":["com.docker.swarm.task.id"]}"#);
    let entries: Vec<Entry> =
        wire.get(&format!("/containers/json?filters={filter}"), "the engine").await.unwrap_or_default();
    let by_task = entries.into_iter().filter_map(|it| {
        let task = it.labels?.remove("com.docker.swarm.task.id")??;
        Some((task, label(&it.image, map::ID)))
    });
    by_task.collect()
}

/// The HEALTHCHECK of an image, where it is on this node.
async fn image_health(docker: &Docker, image: &Image) -> Option<HealthSpec> {
    let names = [&image.id, &image.reference].map(Arc::clone);
    let found = docker.survey(&Query { images: names.to_vec(), ..Query::default() }).await.ok()?;
    found.images.into_iter().find_map(|(_, found)| found)?.health
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
