//! What can go wrong with an engine, each with its own sentence and remedy.

use thiserror::Error;

/// An engine call that failed. All text in it is sanitised; `Display` is one plain sentence.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EngineError {
    /// No socket there.
    #[error("no engine at {endpoint}: there is no such socket")]
    NoSocket {
        /// Where.
        endpoint: String,
    },
    /// The socket is there, we may not open it.
    #[error("not allowed to open {endpoint}")]
    Forbidden {
        /// Where.
        endpoint: String,
    },
    /// The socket is there, nobody listens.
    #[error("nothing answers at {endpoint}: the engine is not running")]
    Refused {
        /// Where.
        endpoint: String,
    },
    /// The host's name does not resolve, or there is no route to it.
    #[error("cannot reach {endpoint}: {why}")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// The system's words.
        why: String,
    },
    /// TLS: certificates missing, wrong, or the other side does not speak it.
    #[error("TLS with {endpoint} failed: {why}")]
    Tls {
        /// Where.
        endpoint: String,
        /// What was wrong.
        why: String,
    },
    /// No answer within the time allowed.
    #[error("{endpoint} did not answer within {seconds} s ({during})")]
    Timeout {
        /// Where.
        endpoint: String,
        /// How long we waited.
        seconds: u64,
        /// Which call.
        during: String,
    },
    /// A command in a replica did not end in the time it was given.
    #[error("{what} did not end within {limit}")]
    Overran {
        /// The command and the replica.
        what: String,
        /// The time, for humans.
        limit: String,
    },
    /// The connection broke in the middle.
    #[error("the connection to the engine was lost ({why})")]
    Disconnected {
        /// The system's words.
        why: String,
    },
    /// The answer was not what the API promises.
    #[error("the engine's answer makes no sense ({why})")]
    Garbage {
        /// What was wrong with it.
        why: String,
    },
    /// The engine speaks an API we can't.
    #[error("the engine's API {found} is too old: quarterdeck needs {needed} or newer")]
    ApiTooOld {
        /// What it speaks.
        found: String,
        /// What is needed.
        needed: String,
    },
    /// Settings that don't make sense: a bad `DOCKER_HOST`, a context that does not exist, …
    #[error("{why}")]
    Settings {
        /// What, naming the variable or file.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// The replica is not there (any more).
    #[error("{what} is gone: somebody removed it")]
    Gone {
        /// Which.
        what: String,
    },
    /// The engine refused: its own words.
    #[error("the engine refused: {why}")]
    Conflict {
        /// Its words.
        why: String,
    },
    /// The engine failed: its own words.
    #[error("the engine failed ({status}): {why}")]
    Failed {
        /// HTTP status.
        status: u16,
        /// Its words.
        why: String,
    },
    /// Not possible with this replica or engine, by its nature.
    #[error("{why}")]
    Unsupported {
        /// Why.
        why: String,
        /// What to do instead.
        remedy: String,
    },
    /// An image can't be had: it does not exist, the registry does not let us, or can't be reached.
    #[error("{why}")]
    NoImage {
        /// Why, naming the image.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// A step of a job was not begun: the job was cancelled, or a step before it failed.
    #[error("not done: {why}")]
    NotBegun {
        /// Why not.
        why: String,
    },
    /// A step was given up while it was under way.
    #[error("cancelled while under way: the engine may still finish it")]
    Interrupted,
    /// quarterdeck runs read-only.
    #[error("refused: quarterdeck runs read-only, nothing was done")]
    ReadOnly,
    /// The config protects the target.
    #[error("refused: {what} is protected ({level}), nothing was done")]
    Protected {
        /// The service.
        what: String,
        /// The level it has: `typed`, `read-only`.
        level: &'static str,
    },
    /// What was planned on is no longer so.
    #[error("{what} is not as it was when this was planned: {why}")]
    Changed {
        /// The replica or service.
        what: String,
        /// What is different.
        why: String,
    },
    /// A gate did not open.
    #[error("{what} {why}")]
    NotWell {
        /// The replica or service.
        what: String,
        /// `is not healthy after 30 s: curl: (7) …`, `exited with 1`; sanitised, one line.
        why: String,
    },
    /// The journal can't take it down, so it was not done.
    #[error("not done, because it can't be written down: {why}")]
    Unrecorded {
        /// The journal's words.
        why: String,
        /// What to do.
        remedy: String,
    },
}

impl EngineError {
    /// This engine has no such step.
    pub(crate) fn unsupported_step() -> Self {
        Self::Unsupported {
            why: "this engine can't do that".into(),
            remedy: "Do it with the engine's own tools.".into(),
        }
    }

    /// What the user can do about it: one sentence.
    pub fn remedy(&self) -> String {
        match self {
            Self::NoSocket { .. } => "Is Docker installed here? Start it (systemctl start docker), or name another engine with --host, DOCKER_HOST or DOCKER_CONTEXT.".into(),
            Self::Forbidden { .. } => "Run as a member of the socket's group (usermod -aG docker $USER, then log in again), or with sudo.".into(),
            Self::Refused { .. } => "Start the engine (systemctl start docker) and look at its log (journalctl -u docker).".into(),
            Self::Unreachable { .. } => "Check the name and the route, and DOCKER_HOST or the context in use.".into(),
            Self::Tls { .. } => "Check DOCKER_CERT_PATH, DOCKER_TLS_VERIFY and whether the port speaks TLS.".into(),
            Self::Timeout { .. } => "The engine is hung or overloaded; look at its log and at the host's load.".into(),
            Self::Overran { .. } => "Give it more time, or look at what it waits for; it may still run there.".into(),
            Self::Disconnected { .. } => "Is the engine restarting? quarterdeck keeps trying.".into(),
            Self::Garbage { .. } => "Is that really a Docker API? Check the address; a proxy in between can do this.".into(),
            Self::ApiTooOld { .. } => "Update the engine: 20.10 or newer.".into(),
            Self::Settings { remedy, .. }
            | Self::Unsupported { remedy, .. }
            | Self::NoImage { remedy, .. }
            | Self::Unrecorded { remedy, .. } => remedy.clone(),
            Self::Protected { level: "typed", .. } => "Type its name to mean it (--confirm NAME).".into(),
            Self::Protected { .. } => "Change its level under [[protect]] in the config, if you may.".into(),
            Self::Changed { .. } => "Somebody else is at it: look again, then plan again.".into(),
            Self::NotWell { .. } => "Look at its logs and its health tab.".into(),
            Self::Gone { .. } => "Nothing to do; the list is up to date.".into(),
            Self::Conflict { .. } | Self::Failed { .. } => "The engine's words say what it wants; its log says more.".into(),
            Self::NotBegun { .. } => "Look at what failed first; then try again.".into(),
            Self::Interrupted => "The list shows what became of it.".into(),
            Self::ReadOnly => "Start qd without --read-only (and without read_only in the config) to change things.".into(),
        }
    }

    /// Whether the engine itself can't be reached (headless commands then exit 3).
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::NoSocket { .. }
                | Self::Forbidden { .. }
                | Self::Refused { .. }
                | Self::Unreachable { .. }
                | Self::Tls { .. }
                | Self::Timeout { .. }
                | Self::Disconnected { .. }
                | Self::Garbage { .. }
                | Self::ApiTooOld { .. }
        )
    }
}
