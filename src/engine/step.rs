//! What an engine can be asked to do: small changes that can each be repeated and, most of them,
//! taken back.
//!
//! Every step is safe to ask for **twice**: where the world is already as the step wants it, the
//! answer is [`Done::Unchanged`] (or [`Done::Made`] with what is already there). That is what lets
//! an operation go on, or be undone, after qd was killed between asking and writing down the answer.
//! A step holds no secrets: it is written to the journal.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fleet::{Image, Limits, ReplicaId, ServiceId, Verb};

/// One change to one replica, or to one service where the engine itself looks after replicas.
/// `U` is what names a replica: an id, or in a plan also "what step n makes".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step<U = ReplicaId> {
    /// A lifecycle verb.
    Act(Act<U>),
    /// Get an image from its registry. Leaves what is already there alone when the registry has
    /// nothing newer.
    Pull {
        /// What to get, e.g. `registry:5000/shop/api:1.4.2`.
        reference: Arc<str>,
    },
    /// Make a replica like another one, not started.
    Create(Create<U>),
    /// Give a replica another name.
    Rename {
        /// Which.
        replica: U,
        /// The name it has; another one is a conflict (somebody else renamed it), `to` is done.
        from: Arc<str>,
        /// The name it gets.
        to: Arc<str>,
    },
    /// Change whether the engine keeps a replica up.
    Policy {
        /// Which.
        replica: U,
        /// The restart policy it had, `no`, `always`, `unless-stopped`, `on-failure:3`.
        from: String,
        /// The one it gets.
        to: String,
    },
    /// Change a replica's limits while it runs.
    Limit {
        /// Which.
        replica: U,
        /// What it had; `None` in a field = unlimited.
        from: Limits,
        /// What it gets; `None` in a field = unlimited.
        to: Limits,
    },
    /// Remove the replica of that name, running or not, if there is one: undoes a [`Step::Create`]
    /// of which nobody knows whether it happened. Volumes made for it alone go with it.
    Discard {
        /// The name, exactly.
        name: Arc<str>,
        /// The replica that is known to be it: then it goes also when it has run. Unknown: only
        /// what bears an operation's own name, or never ran, is taken for what was made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made: Option<ReplicaId>,
    },
    /// Tell an engine that looks after replicas itself (Swarm) what the service should be. Ends
    /// when the engine has taken the order, not when it has carried it out.
    Steer {
        /// Which service.
        service: ServiceId,
        /// What it was; the engine's own id of the version it was read from is checked.
        from: Course,
        /// What it should be.
        to: Course,
    },
}

/// A lifecycle verb on a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act<U = ReplicaId> {
    /// To which replica.
    pub replica: U,
    /// What.
    pub verb: Verb,
    /// Seconds to wait for a graceful stop before killing (stop, restart); `None` = the
    /// container's own stop timeout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
    /// The signal to send (kill), e.g. `SIGHUP`; `None` = `SIGKILL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// Remove also while it runs.
    #[serde(default)]
    pub force: bool,
    /// Remove with it the volumes made for it alone. Those it took over from another one stay.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub volumes: bool,
}

/// A replica to be made like another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Create<U = ReplicaId> {
    /// Whose settings it gets: all of them, minus the defaults that came from the old image.
    pub like: U,
    /// From which image: the id decides, the reference is what it is called. An id that is empty
    /// means "whatever the reference stands for when it is made".
    pub image: Image,
    /// Its name. If a replica of that name is there already **and is like it**, that is it.
    pub name: Arc<str>,
    /// Its number within the service (compose's `container-number`); `None` = as the other one's.
    pub number: Option<u32>,
    /// Whether it takes over the other one's place (its anonymous volumes, static addresses, host
    /// name), or stands beside it (scale up: fresh anonymous volumes).
    pub place: Place,
    /// Limits instead of the other one's; `None` = the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

/// Whether a new replica takes another one's place or stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Instead of it.
    Instead,
    /// Beside it.
    Beside,
}

/// What a service that the engine itself looks after should be. `None` = as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// Made from which image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// How many replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
    /// Limits of each replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// How often it was told to replace all replicas though nothing changed (Swarm's
    /// `ForceUpdate`); one more than before = restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<u64>,
}

/// What a performed step led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Done {
    /// The engine did it.
    Changed,
    /// There was nothing to do (start of a running replica, …).
    Unchanged,
    /// It made (or found already made) this replica.
    Made(ReplicaId),
    /// The image that the reference stands for now.
    Pulled {
        /// Its id.
        id: Arc<str>,
    },
}

/// A step on behalf of somebody: what reaches the engine's edge, where protection is enforced.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The service it is about.
    pub service: ServiceId,
    /// What to do.
    pub step: Step,
    /// How surely the user means it.
    pub consent: Consent,
}

/// How surely the user means a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Consent {
    /// Not asked.
    #[default]
    None,
    /// Said yes.
    Yes,
    /// Typed the name of what it is about.
    Typed,
}

impl<U> Act<U> {
    /// The verb with no options.
    pub fn new(verb: Verb, replica: U) -> Self {
        Self { replica, verb, timeout: None, signal: None, force: false, volumes: false }
    }
}

impl<U> From<Act<U>> for Step<U> {
    fn from(act: Act<U>) -> Self {
        Self::Act(act)
    }
}

impl<U> Step<U> {
    /// The replica it changes (for [`Step::Create`]: the one it copies).
    pub fn replica(&self) -> Option<&U> {
        match self {
            Self::Act(Act { replica, .. })
            | Self::Create(Create { like: replica, .. })
            | Self::Rename { replica, .. }
            | Self::Policy { replica, .. }
            | Self::Limit { replica, .. } => Some(replica),
            Self::Pull { .. } | Self::Discard { .. } | Self::Steer { .. } => None,
        }
    }

    /// The same step on a replica named otherwise.
    ///
    /// # Errors
    /// What `name` fails with.
    pub fn named<V, E>(self, name: impl Fn(U) -> Result<V, E>) -> Result<Step<V>, E> {
        Ok(match self {
            Self::Act(Act { replica, verb, timeout, signal, force, volumes }) => {
                Step::Act(Act { replica: name(replica)?, verb, timeout, signal, force, volumes })
            }
            Self::Pull { reference } => Step::Pull { reference },
            Self::Create(Create { like, image, name: called, number, place, limits }) => {
                Step::Create(Create { like: name(like)?, image, name: called, number, place, limits })
            }
            Self::Rename { replica, from, to } => Step::Rename { replica: name(replica)?, from, to },
            Self::Policy { replica, from, to } => Step::Policy { replica: name(replica)?, from, to },
            Self::Limit { replica, from, to } => Step::Limit { replica: name(replica)?, from, to },
            Self::Discard { name, made } => Step::Discard { name, made },
            Self::Steer { service, from, to } => Step::Steer { service, from, to },
        })
    }
}
