//! What the engine remembers: its last few hundred events, for whoever was not there.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::events::Events;
use super::{Shared, known};
use crate::engine::EngineError;
use crate::fleet::{EventKind, ReplicaId};

/// How long it may take: an engine whose clock is ahead of ours ends the stream only later.
const PATIENCE: Duration = Duration::from_secs(3);

/// What happened to a container since then, oldest first, as far as the engine remembers.
pub(super) async fn of(
    shared: Arc<Shared>,
    of: ReplicaId,
    since: Timestamp,
) -> Result<Vec<(Timestamp, EventKind)>, EngineError> {
    let filter = serde_json::json!({ "type": ["container"], "container": [&*of.id] }).to_string();
    let now = Timestamp::now();
    let mut told = Vec::new();
    let read = async {
        let mut events = Events::between(&shared.wire, &filter, since.min(now), now).await?;
        loop {
            match events.next().await {
                Ok(message) => told.extend(known::told(&message)),
                // The end of what it remembers.
                Err(EngineError::Disconnected { .. }) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    };
    // What came in time is what is known.
    tokio::time::timeout(PATIENCE, read).await.unwrap_or(Ok(()))?;
    told.sort_by_key(|(at, _)| *at);
    Ok(told)
}
