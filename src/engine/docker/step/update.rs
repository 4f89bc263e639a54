//! What can be changed of a container as it is: its restart policy, its limits.

use serde_json::{Value, json};

use super::super::spec::{self, Object};
use super::super::wire::{CALL, Wire, segment};
use super::super::{inspect, map};
use crate::engine::{Done, EngineError};
use crate::fleet::{Limits, ReplicaId};

/// Whether the engine keeps a container up: `from` becomes `to`.
pub(super) async fn policy(wire: &Wire, of: &ReplicaId, from: &str, to: &str) -> Result<Done, EngineError> {
    let it = inspect::fetch_bare(wire, &of.id).await?;
    let now = inspect::restart_policy(it.host_config.restart_policy.as_ref());
    if now == to {
        return Ok(Done::Unchanged);
    }
    if now != from {
        return Err(EngineError::Changed {
            what: called(&it, of),
            why: format!("its restart policy is {now}, not {from}"),
        });
    }
    let (name, count) = to.split_once(':').unwrap_or((to, "0"));
    let count: u32 = count.parse().unwrap_or(0);
    let asked = json!({"RestartPolicy": {"Name": name, "MaximumRetryCount": count}});
    update(wire, of, &asked).await?;
    // Some engines take the request and do nothing (Podman before 5).
    let it = inspect::fetch_bare(wire, &of.id).await?;
    if inspect::restart_policy(it.host_config.restart_policy.as_ref()) == to {
        return Ok(Done::Changed);
    }
    Err(EngineError::Unsupported {
        why: "this engine can't change a container's restart policy".into(),
        remedy: "It takes Docker, or Podman 5.1 and newer.".into(),
    })
}

/// Limits while it runs: `from` becomes `to`.
pub(super) async fn limit(
    wire: &Wire,
    of: &ReplicaId,
    from: Limits,
    to: Limits,
) -> Result<Done, EngineError> {
    let settings = inspect::settings(wire, &of.id).await?;
    let now = spec::limits(settings.host());
    let wanted = wanted(now, from, to);
    if spec::same_limits(now, wanted) {
        return Ok(Done::Unchanged);
    }
    if !spec::same_limits(now, expected(now, from, to)) {
        return Err(EngineError::Changed {
            what: map::name(&settings.name, of).to_string(),
            why: "somebody gave it other limits".into(),
        });
    }
    let change = spec::change(settings.host(), wanted);
    if !change.taken_away.is_empty() {
        return Err(EngineError::Unsupported {
            why: format!(
                "the engine can't take a {} limit away from a container, only change it",
                change.taken_away.join(" or ")
            ),
            remedy: "Give a higher limit, or have the container made anew without it.".into(),
        });
    }
    update(wire, of, &Value::Object(ordered(change.fields))).await?;
    Ok(Done::Changed)
}

/// `to` where the step changes something, `now` where it does not.
fn wanted(now: Limits, from: Limits, to: Limits) -> Limits {
    Limits {
        cpus: if from.cpus == to.cpus { now.cpus } else { to.cpus },
        memory: if from.memory == to.memory { now.memory } else { to.memory },
        pids: if from.pids == to.pids { now.pids } else { to.pids },
    }
}

/// What must be so now if nobody else was at it: `from`, where the step changes something.
fn expected(now: Limits, from: Limits, to: Limits) -> Limits {
    wanted(now, to, from)
}

fn ordered(mut fields: Object) -> Object {
    fields.sort_keys();
    fields
}

async fn update(wire: &Wire, of: &ReplicaId, asked: &Value) -> Result<(), EngineError> {
    let path = format!("/containers/{}/update", segment(&of.id));
    match wire.post(&path, asked, CALL, of.short()).await {
        Ok(_) => Ok(()),
        Err(EngineError::Failed { status: 404 | 405, .. }) => Err(EngineError::Unsupported {
            why: "this engine can't change a container that is there".into(),
            remedy: "It takes Docker, or a newer Podman.".into(),
        }),
        Err(error) => Err(error),
    }
}

fn called(it: &super::super::api::Inspected, of: &ReplicaId) -> String {
    map::name(it.name.as_deref().unwrap_or_default(), of).to_string()
}
