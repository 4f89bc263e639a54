//! What an engine that looks after replicas itself (Swarm) says its services should be.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Image, Port, ServiceId, Ties};

/// What a service should be, and how the engine gets on with it. Such a service is a row also
/// while it has no replica at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// Which service.
    pub service: ServiceId,
    /// How many replicas it should have; for one a node, how many nodes may run it.
    pub desired: u32,
    /// One a node, wherever it may run.
    pub global: bool,
    /// What new replicas are made from.
    pub image: Image,
    /// Ports the engine publishes for the service as a whole, whichever node runs it.
    pub ports: Vec<Port>,
    /// How its last update stands; `None` where there was none worth telling.
    pub update: Option<UpdateStatus>,
    /// Whom its settings name, and by which names it is found.
    pub ties: Option<Arc<Ties>>,
}

/// How an update stands that the engine itself carries out.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct UpdateStatus {
    /// How it stands.
    pub state: UpdateState,
    /// When it came to stand so (while it goes on: when it began), where known.
    pub at: Option<Timestamp>,
    /// The engine's words, sanitised; they name the task that failed.
    pub message: String,
}

/// How an update stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum UpdateState {
    /// Under way.
    #[default]
    Updating,
    /// The engine stopped because replicas failed, and waits for somebody.
    Paused,
    /// Done.
    Completed,
    /// The engine is going back.
    RollingBack,
    /// The engine stopped going back.
    RollbackPaused,
    /// The engine went back.
    RolledBack,
}
