//! Why a change is not made, and what to do about it.

use thiserror::Error;

use super::Change;

/// A change that is not made, and why. Nothing was touched.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Refusal {
    /// Nothing was aimed at.
    #[error("nothing to {verb}: nothing is chosen")]
    NoTarget {
        /// What was asked.
        verb: Change,
    },
    /// What was aimed at is not there (any more).
    #[error("nothing to {verb}: {what} is gone")]
    Gone {
        /// What was asked.
        verb: Change,
        /// What is missing.
        what: String,
    },
    /// No replica is in a state in which the verb makes sense, or everything is so already.
    #[error("nothing to {verb}: {why}")]
    Nothing {
        /// What was asked.
        verb: Change,
        /// The replicas' states.
        why: String,
        /// What to do instead; empty where there is nothing special.
        remedy: String,
    },
    /// It can't be done to this service, by its nature.
    #[error("can't {verb} {what}: {why}")]
    Impossible {
        /// What was asked.
        verb: Change,
        /// The service or replica.
        what: String,
        /// Why not.
        why: String,
        /// What to change so that it can.
        remedy: String,
    },
    /// The config says that it is read-only.
    #[error("refused: {what} is read-only (protected by the config), nothing was done")]
    Protected {
        /// The service.
        what: String,
    },
}

impl Refusal {
    /// What to do about it, one sentence.
    pub fn remedy(&self) -> &str {
        match self {
            Self::Impossible { remedy, .. } => remedy,
            Self::Nothing { remedy, .. } if !remedy.is_empty() => remedy,
            Self::Protected { .. } => "Change its level under [[protect]] in the config, if you may.",
            Self::NoTarget { .. } | Self::Gone { .. } | Self::Nothing { .. } => {
                "See qd status --all for the state of everything."
            }
        }
    }

    /// It can't be done to `what`.
    pub(super) fn impossible(
        verb: &Change,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Impossible { verb: verb.clone(), what: what.into(), why: why.into(), remedy: remedy.into() }
    }
}
