//! What planning a change must know: containers' blueprints, and which images there are.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::api::Inspected;
use super::blueprint::{self, Seen};
use super::spec::{self, Settings};
use super::{Shared, failure, images, inspect};
use crate::engine::{Blueprint, EngineError, ImageFacts, Query, Survey};
use crate::fleet::ReplicaId;

/// Calls that run at once: somebody waits for the plan.
const AT_ONCE: usize = 8;

/// Look at all that is asked for. What is gone is missing.
pub(super) async fn survey(shared: Arc<Shared>, query: Query) -> Result<Survey, EngineError> {
    let replicas = stream::iter(query.replicas.into_iter().filter(|id| id.engine == shared.id))
        .map(|id| look(shared.clone(), id))
        .buffered(AT_ONCE)
        .try_collect::<Vec<Option<Blueprint>>>();
    let images = stream::iter(query.images)
        .map(|name| resolve(shared.clone(), name))
        .buffered(AT_ONCE)
        .try_collect::<Vec<_>>();
    let (replicas, images) = tokio::try_join!(replicas, images)?;
    Ok(Survey { replicas: replicas.into_iter().flatten().collect(), images, ..Survey::default() })
}

/// One container's blueprint; `None` when it is gone.
async fn look(shared: Arc<Shared>, id: ReplicaId) -> Result<Option<Blueprint>, EngineError> {
    let wire = &shared.wire;
    let body = match wire.fetch(&inspect::path(&id.id), id.short()).await {
        Ok(body) => body,
        Err(EngineError::Gone { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let garbage = |e: serde_json::Error| failure::garbage(&e, "an inspect");
    let it: Inspected = serde_json::from_slice(&body).map_err(garbage)?;
    let settings = Settings::read(&body).map_err(garbage)?;
    let image = shared.images.config(wire, &settings.image).await?;
    let other = it.host_config.network_mode.as_deref().and_then(|mode| mode.strip_prefix("container:"));
    let other = match other {
        Some(other) => inspect::settings(wire, other).await.ok(),
        None => None,
    };
    let seen = Seen {
        spec: spec::fingerprint(&settings, image.as_deref()),
        has_image: image.is_some(),
        host_of_network: other.as_ref().map(Settings::bare_name),
        podman: wire.greeting().await?.podman,
    };
    Ok(Some(blueprint::blueprint(&shared.id, &it, &settings, &seen)))
}

async fn resolve(shared: Arc<Shared>, name: Arc<str>) -> Result<(Arc<str>, Option<ImageFacts>), EngineError> {
    let found = images::find(&shared.wire, &name).await?;
    Ok((name, found.as_ref().map(images::facts)))
}
