//! What is known about the services: pure data, folded from [`Observation`]s.
//!
//! Owns: the model of services and replicas, usage history, the timeline of events, the
//! situation sentence. Must not: do IO, read a clock (every fact carries its time), or
//! name an engine's own types.

mod claim;
mod counts;
mod declared;
mod depends;
mod event;
mod flips;
mod health;
mod history;
mod host;
mod id;
mod image;
mod latency;
mod measures;
mod merge;
mod observation;
mod port;
mod port_row;
mod probed;
mod probing;
mod replica;
mod revision;
mod scraped;
mod series;
mod service;
mod situation;
mod spare;
mod store;
mod summary;
#[cfg(test)]
pub(crate) mod testing;
mod ties;
mod track;
mod usage;
mod verb;
mod verdict;

pub use claim::{Claim, Claimant, HostPort, Listener, ListenerOwner};
pub use counts::Counts;
pub use declared::{Declared, UpdateState, UpdateStatus};
pub use depends::{Branch, Cause, Causes, Dependencies, Leaf, Need, Outside, Struck, Way};
pub use event::{Event, EventKind};
pub use health::{Health, HealthCheck, Since};
pub use history::History;
pub use host::{HostUsage, Pressure, Strain, disk_strain};
pub use id::{EngineId, ReplicaId, ServiceId};
pub use image::Image;
pub use latency::{Latency, Minutes, Quantiles};
pub use observation::{EngineInfo, Link, Observation};
pub use port::{Bind, Port, PortRange, Protocol, Span, fold};
pub use port_row::{PortRow, Reach, Stake};
pub use probed::{Measured, Probed, Purpose, Standing};
pub use probing::Probe;
pub use replica::{Compose, Exit, Labels, Limits, Placed, Replica, Role, State};
pub use revision::{Revision, SpecHash};
pub use scraped::{PER_SECOND, Reading, SECONDS, SHARE, Scraped, unit_of, words};
pub use series::Series;
pub use service::Service;
pub use situation::{Clause, Situation};
pub use spare::{Side, SpareName, is_token};
pub use store::{Changes, Fleet};
pub use summary::Summary;
pub use ties::{How, Joined, Ties, Want};
pub use usage::{Metric, Usage};
pub use verb::{Verb, Verbs};
