//! Changes, each safe to ask for twice: it looks at what is there and does what is missing.

pub(super) mod act;
mod auth;
mod create;
mod discard;
mod image;
mod pull;
mod rename;
mod update;

use std::sync::Arc;

use super::Shared;
use crate::engine::{Done, EngineError, Step};

/// Perform one step.
pub(super) async fn perform(shared: Arc<Shared>, step: Step) -> Result<Done, EngineError> {
    match step {
        Step::Act(step) => act::act(shared.wire.clone(), step).await,
        Step::Pull { reference } => pull::pull(&shared, &reference).await,
        Step::Create(step) => create::create(&shared, &step).await,
        Step::Rename { replica, from, to } => rename::rename(&shared.wire, &replica, &from, &to).await,
        Step::Policy { replica, from, to } => update::policy(&shared.wire, &replica, &from, &to).await,
        Step::Limit { replica, from, to } => update::limit(&shared.wire, &replica, from, to).await,
        Step::Discard { name, made } => discard::discard(&shared.wire, &name, made.as_ref()).await,
        Step::Steer { .. } => Err(EngineError::Unsupported {
            why: "Docker itself looks after containers only, not after services".into(),
            remedy: "Change the service's replicas.".into(),
        }),
    }
}
