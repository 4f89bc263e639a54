//! What is known about the services: pure data, folded from [`Observation`]s.
//!
//! Owns: the model of services and replicas, usage history, the timeline of events, the
//! situation sentence. Must not: do IO, read a clock (every fact carries its time), or
//! name an engine's own types.

mod event;
mod health;
mod id;
mod image;
mod observation;
mod port;
mod replica;
mod service;
mod store;
mod usage;
mod verb;

pub use event::{Event, EventKind};
pub use health::{Health, HealthCheck, Since};
pub use id::{EngineId, ReplicaId, ServiceId};
pub use image::Image;
pub use observation::{EngineInfo, HostUsage, Link, Observation};
pub use port::{Port, Protocol};
pub use replica::{Compose, Exit, Limits, Replica, Role, State};
pub use service::Service;
pub use store::{Changes, Counts, Fleet, Situation, Summary};
pub use usage::{History, Usage};
pub use verb::{Verb, Verbs};
