//! One running (or dead) unit.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{HealthCheck, Image, Port, ReplicaId, ServiceId, SpecHash, Ties, Verb, Verbs};

/// What the engine says the unit is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Made, never started.
    #[default]
    Created,
    /// Running.
    Running,
    /// Frozen.
    Paused,
    /// Died, and the engine will start it again.
    Restarting,
    /// Being removed.
    Removing,
    /// Ended; see [`Replica::exit`].
    Exited,
    /// Could not be removed; only removal is left.
    Dead,
}

impl State {
    /// The engine's own word for it, lower case.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Removing => "removing",
            Self::Exited => "exited",
            Self::Dead => "dead",
        }
    }

    /// The verbs that make sense in this state.
    pub fn verbs(self) -> Verbs {
        const RUNNING: Verbs = Verbs::of(&[Verb::Stop, Verb::Restart, Verb::Pause, Verb::Kill, Verb::Remove]);
        const PAUSED: Verbs =
            Verbs::of(&[Verb::Unpause, Verb::Stop, Verb::Restart, Verb::Kill, Verb::Remove]);
        const RESTARTING: Verbs = Verbs::of(&[Verb::Stop, Verb::Restart, Verb::Kill, Verb::Remove]);
        const STOPPED: Verbs = Verbs::of(&[Verb::Start, Verb::Restart, Verb::Remove]);
        match self {
            Self::Running => RUNNING,
            Self::Paused => PAUSED,
            Self::Restarting => RESTARTING,
            Self::Created | Self::Exited => STOPPED,
            Self::Dead => Verbs::of(&[Verb::Remove]),
            Self::Removing => Verbs::NONE,
        }
    }
}

/// Why a unit counts, or does not count, as a replica of its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Role {
    /// One of the service's replicas.
    #[default]
    Replica,
    /// A one-off (`compose run`): a job beside the service, never counted as a replica.
    Job,
    /// What an operation has made and not yet put in its place, or has set aside until it is sure
    /// (see [`super::SpareName`]): never counted as a replica.
    Spare,
}

/// How a unit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exit {
    /// The exit code; 128 + n for signal n. 137 alone does not mean out of memory.
    pub code: i64,
    /// Whether the engine says the kernel killed it for memory.
    pub oom: bool,
}

/// Hard limits, `None` where there is none (or it is not known yet).
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// CPU, in cores (1.5 = one and a half).
    pub cpus: Option<f64>,
    /// Memory, bytes.
    pub memory: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
}

/// Compose's own notes on a replica, kept because operations need them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Compose {
    /// `config_files`, as the label has them.
    pub config_files: Option<Arc<str>>,
    /// `working_dir`.
    pub working_dir: Option<Arc<str>>,
    /// Names of the services this one depends on (v2 label only), sorted.
    pub depends_on: Vec<Arc<str>>,
    /// Those of them that have to run to their end, with exit code 0, before this one starts
    /// (`service_completed_successfully`; v2 label only), sorted.
    pub completes: Vec<Arc<str>>,
    /// `config-hash`.
    pub config_hash: Option<Arc<str>>,
}

/// What an engine that places replicas on nodes by itself (Swarm) says of one.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Placed {
    /// Which of the engine's tasks it is, in full, where that is not what [`Replica::id`] says (a
    /// container that a swarm made).
    pub task: Arc<str>,
    /// The node it is on; empty while it has none.
    pub node: Arc<str>,
    /// Whether that is the node we are connected to: only there can usage be read and a shell be
    /// opened.
    pub here: bool,
    /// The engine's own word for how far it is: `pending`, `preparing`, `running`, `rejected`, ….
    pub stage: Arc<str>,
    /// The engine's words for what went wrong with it; empty where nothing did.
    pub trouble: Arc<str>,
}

/// What was declared on a replica for us: its labels that begin with `quarterdeck.`, by what follows.
/// Sanitised, and bounded in number and length.
pub type Labels = Arc<BTreeMap<Arc<str>, Arc<str>>>;

/// One running (or dead) unit: container, task, pod, process. All text in it is sanitised.
#[derive(Clone, Debug, PartialEq)]
pub struct Replica {
    /// The engine's id.
    pub id: ReplicaId,
    /// The service it belongs to.
    pub service: ServiceId,
    /// The unit's own name, without Docker's leading slash.
    pub name: Arc<str>,
    /// Its number within the service, from 1, where the engine numbers them.
    pub number: Option<u32>,
    /// Replica, a job beside the service, or an operation's spare.
    pub role: Role,
    /// What it is doing.
    pub state: State,
    /// What its HEALTHCHECK says.
    pub check: HealthCheck,
    /// What it was made from.
    pub image: Image,
    /// Exposed and published ports, sorted. While it does not run, those it will publish once it
    /// does (as far as their numbers are fixed).
    pub ports: Vec<Port>,
    /// Its own addresses as the engine's machine reaches it, the likeliest first; empty while it does
    /// not run, and where only published ports lead to it (another node, an overlay network).
    pub addresses: Vec<IpAddr>,
    /// What was declared on it for us.
    pub labels: Labels,
    /// When it was made.
    pub created: Timestamp,
    /// When it last started; `None` when it never did or it is not known yet.
    pub started: Option<Timestamp>,
    /// When it last ended.
    pub finished: Option<Timestamp>,
    /// How it last ended; only while it is not running.
    pub exit: Option<Exit>,
    /// Why it could not be started the last time that was tried, in the engine's words; only while it
    /// does not run, `None` until inspected.
    pub refused: Option<Arc<str>>,
    /// How often the engine restarted it; `None` until it was inspected.
    pub restarts: Option<u32>,
    /// Its hard limits.
    pub limits: Limits,
    /// The host pid of its first process, while running and where known.
    pub pid: Option<u32>,
    /// Whether it has a terminal (its logs are then one raw stream); `None` until inspected.
    pub tty: Option<bool>,
    /// Whether the engine itself would have started it again, had it ended unasked: its policy is
    /// `always` or `unless-stopped`, and the last try to start it did not fail. `false` until
    /// inspected.
    pub kept_up: bool,
    /// A hash of its settings; `None` until inspected.
    pub spec: Option<SpecHash>,
    /// Compose's notes; `None` for what compose did not make.
    pub compose: Option<Arc<Compose>>,
    /// Whom its settings name, and by which names it is found; `None` until inspected, and where
    /// its service's tell all ([`super::Declared::ties`]).
    pub ties: Option<Arc<Ties>>,
    /// Where its engine placed it; `None` where engines do no such thing.
    pub placed: Option<Arc<Placed>>,
}

impl Replica {
    /// The verbs that make sense now.
    pub fn can(&self) -> Verbs {
        self.state.verbs()
    }

    /// The port of the host that was taken when it was to be started.
    pub fn port_taken(&self) -> Option<u16> {
        port_taken(self.refused.as_deref()?)
    }

    /// Whether its processes exist (running, paused).
    pub fn is_up(&self) -> bool {
        matches!(self.state, State::Running | State::Paused)
    }
}

/// `Bind for 0.0.0.0:3001 failed: port is already allocated` (another container has it), `listen tcp4
/// 0.0.0.0:3001: bind: address already in use` (something else).
fn port_taken(words: &str) -> Option<u16> {
    let end = words.find("already allocated").or_else(|| words.find("already in use"))?;
    let numbers = words.get(..end)?.rsplit(':').map(|part| part.split(' ').next().unwrap_or(part));
    numbers.filter_map(|part| part.parse().ok()).find(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::port_taken;

    #[test]
    fn the_port_that_is_taken_is_found_in_the_words_of_the_engine() {
        for (words, port) in [
            (
                "driver failed programming external connectivity on endpoint shop-api-1 (9f3a): Bind for \
                 0.0.0.0:3001 failed: port is already allocated",
                Some(3001),
            ),
            (
                "driver failed programming external connectivity on endpoint x (9f3a): Error starting \
                 userland proxy: listen tcp4 0.0.0.0:8080: bind: address already in use",
                Some(8080),
            ),
            (
                "failed to bind host port 127.0.0.1:5432:172.18.0.2:5432/tcp: address already in use",
                Some(5432),
            ),
            ("listen tcp6 [::]:443: bind: address already in use", Some(443)),
            ("exec: \"nope\": executable file not found in $PATH: unknown", None),
            ("the name is already in use", None),
            ("", None),
        ] {
            assert_eq!(port_taken(words), port, "{words}");
        }
    }
}
