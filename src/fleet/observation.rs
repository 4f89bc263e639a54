//! Facts from outside, the only way the fleet learns anything.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{
    Declared, EngineId, Event, HostUsage, Listener, Measured, Probed, Replica, ReplicaId, Scraped, ServiceId,
    Usage,
};

/// One fact, or one batch of facts of the same moment.
///
/// Facts are dated by **one clock, that of this machine**: their dates decide which of two facts is
/// newer and how old the data on screen is, and an engine elsewhere may have another time. Times
/// *inside* facts (`started`, `finished`, an [`Event`]'s) are the engine's own.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// The whole truth at `at` about one engine: replicas of it that are not in the list are gone.
    /// Sent first, after every reconnect, and now and then.
    Synced {
        /// When the list was true.
        at: Timestamp,
        /// Whose list.
        engine: EngineId,
        /// Every replica the engine has.
        replicas: Vec<Replica>,
    },
    /// All services that one engine looks after by itself, and what they should be; those it told
    /// of before and that are not in the list are no more.
    Declared {
        /// When it was true.
        at: Timestamp,
        /// Whose services.
        engine: EngineId,
        /// Every one of them.
        services: Vec<Declared>,
    },
    /// One engine of those behind the connection can't be asked, or can again, while the connection
    /// stands: what it told before stays, and grows old.
    Blind {
        /// When that was seen.
        at: Timestamp,
        /// Which engine.
        engine: EngineId,
        /// One sentence, sanitised: what is wrong and what to do; `None` = nothing any more.
        why: Option<String>,
    },
    /// One replica, new or changed, whole.
    Applied {
        /// When it was true.
        at: Timestamp,
        /// The replica.
        replica: Box<Replica>,
    },
    /// One replica is gone.
    Removed {
        /// When it was seen to be gone.
        at: Timestamp,
        /// Which.
        id: ReplicaId,
    },
    /// Usage of some replicas at one moment (one sweep).
    Sampled {
        /// When the sweep ended.
        at: Timestamp,
        /// Who used what. A replica not in it was not read this time.
        usages: Vec<(ReplicaId, Usage)>,
    },
    /// What probes came to. Of one probe, what is told later is newer, whatever its time says: one
    /// prober tells of all its attempts in order, and its clock may have been set back.
    Probed(Vec<Probed>),
    /// A probe is no more: it is not configured any longer.
    Unprobed {
        /// The service it was of.
        service: ServiceId,
        /// The replica it was of.
        replica: Option<ReplicaId>,
        /// Its name.
        probe: Arc<str>,
    },
    /// Figures measured in a service.
    Measured(Measured),
    /// What services say of themselves: figures, or why there are none.
    Scraped(Vec<Scraped>),
    /// What a service was asked for is not asked for any longer.
    Unscraped {
        /// The service.
        service: ServiceId,
        /// The replica.
        replica: Option<ReplicaId>,
        /// What was asked.
        source: Arc<str>,
    },
    /// Something happened. The `Applied`/`Removed` that follows from it comes beside it.
    Happened(Event),
    /// The machine the engine runs on, when that is this machine (or the engine tells).
    Host(HostUsage),
    /// Every socket of the engine's machine that waits for connections, as far as it can be seen:
    /// read when something could not start for a port that is taken.
    Listening(Vec<Listener>),
    /// The engine behind the connection, told after every (re)connect.
    Engine(EngineInfo),
    /// The state of the connection changed, or a retry failed again.
    Link(Link),
}

impl Observation {
    /// Whether it is a figure of what runs, or what a probe says of it, and no fact about what there
    /// is: these come all the time, and few need them.
    pub fn is_figure(&self) -> bool {
        matches!(
            self,
            Self::Sampled { .. }
                | Self::Host(_)
                | Self::Probed(_)
                | Self::Unprobed { .. }
                | Self::Measured(_)
                | Self::Scraped(_)
                | Self::Unscraped { .. }
        )
    }
}

/// How the connection to the engine stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Link {
    /// Connected; the data is live.
    Live,
    /// Not connected. What was known before stays on screen and grows old.
    Lost {
        /// One sentence, sanitised: what is wrong.
        why: String,
        /// One sentence: what the user can do about it.
        remedy: String,
        /// How long until the next try.
        retry_in: Duration,
    },
}

/// The engine behind the connection.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EngineInfo {
    /// `docker`, `podman`, `demo`.
    pub kind: String,
    /// Its version, e.g. `28.2.2`.
    pub version: String,
    /// The API version agreed on, e.g. `1.41`; empty where there is none.
    pub api: String,
    /// The host's name as the engine tells it.
    pub host: String,
    /// What tells this very engine from every other and survives its restarts (Docker's own id);
    /// empty where it does not say.
    pub instance: String,
    /// Where it is reached, e.g. `unix:///var/run/docker.sock`, credentials masked.
    pub endpoint: String,
    /// Whether it runs on this machine (same kernel), so `/proc` and cgroups can be read directly.
    pub local: bool,
    /// Cores of the engine's machine.
    pub cpus: Option<u32>,
    /// Memory of the engine's machine, bytes.
    pub memory: Option<u64>,
}
