//! Away with what an operation made, by its name: nobody may know its id.

use http::Method;

use super::super::inspect;
use super::super::wire::{Wire, segment};
use super::super::{failure, map};
use crate::engine::{Done, EngineError};
use crate::fleet::{EngineId, ReplicaId, Side, SpareName};
use std::time::Duration;

/// Time to remove a container with its layers, which may be large.
const REMOVE: Duration = Duration::from_mins(2);

/// Remove the container of that name, running or not, and the volumes made for it alone (the engine
/// knows: those it named itself). Volumes it took over are mounted by name, and stay.
pub(super) async fn discard(wire: &Wire, name: &str, made: Option<&ReplicaId>) -> Result<Done, EngineError> {
    let it = match inspect::fetch_bare(wire, name).await {
        Ok(it) => it,
        Err(EngineError::Gone { .. }) => return Ok(Done::Unchanged),
        Err(error) => return Err(error),
    };
    // An engine takes the beginning of an id for a name, too.
    if it.name.as_deref().map(|n| n.strip_prefix('/').unwrap_or(n)) != Some(name) {
        return Ok(Done::Unchanged);
    }
    let successor = SpareName::parse(name).is_some_and(|spare| spare.side == Side::New);
    let started = map::time(it.state.started_at.as_deref()).is_some();
    let known = made.is_some_and(|made| *made.id == *it.id);
    if !successor && !known && started {
        return Err(EngineError::Changed {
            what: map::name(name, &named(&it.id)).to_string(),
            why: "it has run, so it is more than what this operation left behind".into(),
        });
    }
    let path = wire.versioned(&format!("/containers/{}?force=true&v=true", segment(&it.id))).await?;
    let answer = wire.call_at(&path, Method::DELETE, None, REMOVE, "removing").await?;
    if answer.status.is_success() {
        return Ok(Done::Changed);
    }
    match failure::refused(answer.status, &answer.body, name, &wire.shown()) {
        EngineError::Gone { .. } => Ok(Done::Unchanged),
        EngineError::Conflict { why } if why.contains("already in progress") => {
            inspect::until_gone(wire, &it.id, REMOVE).await?;
            Ok(Done::Changed)
        }
        error => Err(error),
    }
}

/// An id to make a name of.
fn named(id: &str) -> ReplicaId {
    map::id(&EngineId::new("docker"), id)
}
