//! Another name for a container.

use serde_json::Value;

use super::super::inspect;
use super::super::wire::{CALL, Wire, segment};
use crate::engine::{Done, EngineError};
use crate::fleet::ReplicaId;

/// `from` becomes `to`; nothing to do where it is that already.
pub(super) async fn rename(wire: &Wire, of: &ReplicaId, from: &str, to: &str) -> Result<Done, EngineError> {
    let now = inspect::settings(wire, &of.id).await?;
    let now = now.bare_name();
    if now == to {
        return Ok(Done::Unchanged);
    }
    if now != from {
        return Err(EngineError::Changed {
            what: from.to_owned(),
            why: format!("it is called {} now", super::super::map::name(now, of)),
        });
    }
    let path = format!("/containers/{}/rename?name={}", segment(&of.id), segment(to));
    wire.post(&path, &Value::Null, CALL, of.short()).await?;
    Ok(Done::Changed)
}
