//! One snapshot for headless commands: everything, once.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::api::{Entry, Info};
use super::{Shared, inspect, map, usage};
use crate::engine::EngineError;
use crate::fleet::{EngineInfo, Link, Observation, Replica};
use crate::text::sanitize::label;

/// Inspects that run at once: nobody waits for anything else meanwhile.
const INSPECTS: usize = 8;

/// The engine, every replica inspected, and usage if asked for and where reading it costs the
/// engine nothing.
pub(super) async fn list(shared: Arc<Shared>, usage: bool) -> Result<Vec<Observation>, EngineError> {
    let wire = &shared.wire;
    let greeting = wire.greeting().await?;
    let (info, entries) = tokio::join!(
        wire.get::<Info>("/info", "the engine"),
        wire.get::<Vec<Entry>>("/containers/json?all=1", "the engine"),
    );
    let entries = entries?;
    let at = Timestamp::now();
    // What the engine tells of itself is decoration: without it the list is as good.
    let info = info.unwrap_or_default();
    let found: Vec<Result<Option<Replica>, EngineError>> =
        stream::iter(entries).map(|entry| look(shared.clone(), entry)).buffered(INSPECTS).collect().await;
    let replicas: Vec<Replica> =
        found.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    let up: Vec<_> = replicas.iter().filter(|r| r.is_up()).map(|r| (r.id.clone(), r.pid)).collect();
    let local = usage::is_local(wire, &info, &up);
    let engine = EngineInfo {
        kind: if greeting.podman { "podman" } else { "docker" }.into(),
        version: greeting.version,
        api: format!("{}.{}", greeting.api.0, greeting.api.1),
        host: label(info.name.as_deref().unwrap_or_default(), 80).to_string(),
        instance: label(info.id.as_deref().unwrap_or_default(), 80).to_string(),
        endpoint: wire.shown(),
        local,
        cpus: info.cpus,
        memory: info.mem_total,
    };
    let mut all = vec![
        Observation::Engine(engine),
        Observation::Synced { at, engine: shared.id.clone(), replicas },
        Observation::Link(Link::Live),
    ];
    if usage && local {
        all.extend(usage::once(&up, usage::disk(&info)).await);
    }
    Ok(all)
}

/// One replica, whole; `None` when it vanished meanwhile.
async fn look(shared: Arc<Shared>, entry: Entry) -> Result<Option<Replica>, EngineError> {
    match inspect::fetch(&shared, &entry.id).await {
        Ok(it) => Ok(Some(map::from_inspected(&shared.id, &it))),
        Err(EngineError::Gone { .. }) => Ok(None),
        // It is there, though the engine can't tell more about it: better than nothing.
        Err(EngineError::Failed { .. } | EngineError::Garbage { .. }) => {
            Ok(Some(map::from_entry(&shared.id, &entry)))
        }
        Err(error) => Err(error),
    }
}
