//! Telling the swarm what a service should be.
//!
//! A service is sent back as it was read, whole, with nothing changed but what was asked for, and
//! with the version it was read from: the swarm refuses it when somebody was quicker.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::{Service, Template};
use super::{map, survey};
use crate::engine::docker::failure;
use crate::engine::docker::wire::{CALL, Wire, segment};
use crate::engine::{Course, Docker, Done, Engine, EngineError, Query};
use crate::fleet::{EngineId, Image, Limits, ServiceId, Verb};

/// Tell the swarm. Ends when it has taken the order.
pub(super) async fn steer(
    docker: &Docker,
    engine: &EngineId,
    service: &ServiceId,
    from: &Course,
    to: &Course,
) -> Result<Done, EngineError> {
    let wire = &*docker.wire();
    // Somebody who changes something else meanwhile is no reason to give up; once.
    for last in [false, true] {
        let raw = find(wire, engine, service).await?;
        let it = Service::deserialize(&raw).map_err(|e| failure::garbage(&e, "a service"))?;
        let image = match &to.image {
            Some(image) => Some(reference(docker, &it, image).await?),
            None => None,
        };
        let mut spec = raw.get("Spec").cloned().unwrap_or_default();
        if !change(&mut spec, service, from, to, image.as_deref())? {
            return Ok(Done::Unchanged);
        }
        let path = format!(
            "/services/{}/update?version={}&registryAuthFrom=spec",
            segment(&it.id),
            it.version.index
        );
        let path = wire.versioned(&path).await?;
        let body = Bytes::from(spec.to_string());
        let answer = wire.call_at(&path, Method::POST, Some(body), CALL, "steering a service").await?;
        if answer.status.is_success() {
            return Ok(Done::Changed);
        }
        let refused = failure::refused(answer.status, &answer.body, &service.path(), &wire.shown());
        let out_of_sequence = matches!(
            &refused,
            EngineError::Failed { why, .. } | EngineError::Conflict { why } if why.contains("out of sequence")
        );
        match refused {
            _ if out_of_sequence && !last => {}
            _ if out_of_sequence => {
                let why = "somebody else keeps changing it".into();
                return Err(EngineError::Changed { what: service.path(), why });
            }
            EngineError::Failed { status: 404, .. } => return Err(gone(service)),
            refused => return Err(survey::words(refused)),
        }
    }
    Err(gone(service))
}

/// There is no such service any more.
pub(super) fn gone(service: &ServiceId) -> EngineError {
    EngineError::Gone { what: service.path() }
}

/// Why a verb is not done to a task: the swarm would undo it.
pub(super) fn undone(verb: Verb, service: &ServiceId) -> EngineError {
    let path = service.path();
    let (why, remedy) = match verb {
        Verb::Remove => (
            "removing a swarm's task only makes the swarm start another one".to_owned(),
            format!("Scale it (qd scale {path} N), or remove the service: docker service rm."),
        ),
        Verb::Start => (
            "the swarm starts tasks by itself, as many as the service is told to have".to_owned(),
            format!("Scale it: qd scale {path} N."),
        ),
        Verb::Pause | Verb::Unpause => (
            format!("a swarm's task can't be {}: the swarm would take it for dead", verb.done()),
            format!("Scale it to what it needs: qd scale {path} N."),
        ),
        Verb::Stop | Verb::Kill | Verb::Restart => (
            format!("the swarm starts another task in place of one that was {}", verb.done()),
            format!("To have fewer of it, down to none: qd scale {path} 0."),
        ),
    };
    EngineError::Unsupported { why, remedy }
}

/// The service as the swarm has it now, whole.
async fn find(wire: &Wire, engine: &EngineId, service: &ServiceId) -> Result<Value, EngineError> {
    let all: Vec<Value> = wire.get("/services", "the swarm").await.map_err(survey::words)?;
    let is_it =
        |raw: &Value| Service::deserialize(raw).is_ok_and(|it| map::service_id(engine, &it) == *service);
    all.into_iter().find(is_it).ok_or_else(|| gone(service))
}

/// Change what is asked for. `false` = all of it was so already.
fn change(
    spec: &mut Value,
    service: &ServiceId,
    from: &Course,
    to: &Course,
    image: Option<&str>,
) -> Result<bool, EngineError> {
    let changed = |why: String| EngineError::Changed { what: service.path(), why };
    let now = Template::of(spec.get("TaskTemplate").unwrap_or(&Value::Null));
    let mut any = false;
    if let Some(wanted) = image.filter(|wanted| *wanted != now.image()) {
        let is = map::image(now.image());
        if from.image.as_ref().is_some_and(|was| !is_same(&is, was)) {
            return Err(changed(format!("it is made from {} now", is.reference)));
        }
        *at(spec, &["TaskTemplate", "ContainerSpec", "Image"]) = json!(wanted);
        any = true;
    }
    if let Some(wanted) = to.replicas {
        let is = spec.pointer("/Mode/Replicated").map(|it| it.get("Replicas").and_then(Value::as_u64));
        let Some(is) = is else {
            return Err(EngineError::Unsupported {
                why: format!("{} is not a service with a number of replicas", service.path()),
                remedy: "It has one task on every node that may run it: label or drain nodes.".into(),
            });
        };
        // The swarm's own default.
        let is = is.unwrap_or(1);
        if is != u64::from(wanted) {
            if from.replicas.is_some_and(|was| u64::from(was) != is) {
                return Err(changed(format!("it is to have {is} replicas now")));
            }
            *at(spec, &["Mode", "Replicated", "Replicas"]) = json!(wanted);
            any = true;
        }
    }
    if let Some(wanted) = to.limits {
        let is = map::limits(now.resources.as_ref());
        if is != wanted {
            if from.limits.is_some_and(|was| was != is) {
                return Err(changed("it has other limits now".into()));
            }
            limit(spec, wanted);
            any = true;
        }
    }
    if let Some(wanted) = to.force {
        let is = now.force_update.unwrap_or(0);
        if is != wanted {
            if from.force.is_some_and(|was| was != is) {
                return Err(changed("somebody else restarted it".into()));
            }
            *at(spec, &["TaskTemplate", "ForceUpdate"]) = json!(wanted);
            any = true;
        }
    }
    Ok(any)
}

fn limit(spec: &mut Value, wanted: Limits) {
    let limits = at(spec, &["TaskTemplate", "Resources", "Limits"]);
    if !limits.is_object() {
        *limits = json!({});
    }
    let Some(limits) = limits.as_object_mut() else { return };
    let nanos = wanted.cpus.map(|cpus| json!((cpus * 1e9).round() as i64));
    for (key, value) in [
        ("NanoCPUs", nanos),
        ("MemoryBytes", wanted.memory.map(|bytes| json!(bytes))),
        ("Pids", wanted.pids.map(|pids| json!(pids))),
    ] {
        match value {
            Some(value) => limits.insert(key.into(), value),
            None => limits.remove(key),
        };
    }
}

/// The value at `path`, made where it is not there.
fn at<'v>(value: &'v mut Value, path: &[&str]) -> &'v mut Value {
    path.iter().fold(value, |value, key| {
        if !value.is_object() {
            *value = Value::Object(Map::new());
        }
        &mut value[*key]
    })
}

/// Whether two images are the same as far as can be told: a mere tag says nothing about the id.
fn is_same(a: &Image, b: &Image) -> bool {
    let unknown = a.id.is_empty() || b.id.is_empty();
    if unknown { a.reference == b.reference } else { a.id == b.id }
}

/// What to write into a spec for an image. A reference is taken as given, unless its id is known
/// and it stands for another image here: then as much is written as makes it that very image.
async fn reference(docker: &Docker, it: &Service, image: &Image) -> Result<String, EngineError> {
    let (reference, id) = (&*image.reference, &*image.id);
    if id.is_empty() || reference.contains('@') || reference.starts_with("sha256:") {
        return Ok(reference.to_owned());
    }
    let pinned = format!("{reference}@{id}");
    let previous = it.previous_spec.as_ref().map(|spec| Template::of(&spec.task_template));
    let now = Template::of(&it.spec.task_template);
    if now.image() == pinned || previous.is_some_and(|previous| previous.image() == pinned) {
        return Ok(pinned);
    }
    // An engine tells an image by its own id or by a registry's digest: which it is, it knows.
    if local(docker, reference).await.is_some_and(|local| *local == *id) {
        return Ok(reference.to_owned());
    }
    if local(docker, &pinned).await.is_some() {
        return Ok(pinned);
    }
    if local(docker, id).await.is_none() {
        // Not here. A digest can be pulled; what can't be, the swarm will say.
        return Ok(pinned);
    }
    let wire = docker.wire();
    let nodes: Vec<serde::de::IgnoredAny> = wire.get("/nodes", "the swarm").await.map_err(survey::words)?;
    if nodes.len() <= 1 {
        return Ok(id.to_owned());
    }
    Err(EngineError::Unsupported {
        why: format!(
            "{reference} stands for another image now, and other nodes can't get {}",
            image.short_id()
        ),
        remedy: format!("Tag {} anew, push it, and deploy that reference.", image.short_id()),
    })
}

/// The id of the image that a name stands for on this node.
async fn local(docker: &Docker, name: &str) -> Option<Arc<str>> {
    let found = docker.survey(&Query { images: vec![name.into()], ..Query::default() }).await.ok()?;
    found.images.into_iter().find_map(|(_, found)| Some(found?.id))
}

#[cfg(test)]
#[path = "steer_tests.rs"]
mod tests;
