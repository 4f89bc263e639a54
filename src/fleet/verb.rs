//! What can be done to a replica now, as data, so menus and headless commands agree.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One lifecycle verb an engine can perform on one replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Verb {
    /// Start a stopped or created replica.
    Start,
    /// Stop it gracefully (its stop signal, its stop timeout, then kill).
    Stop,
    /// Stop and start it.
    Restart,
    /// Freeze its processes.
    Pause,
    /// Thaw them.
    Unpause,
    /// Send a signal, `SIGKILL` unless said otherwise.
    Kill,
    /// Remove the stopped replica (forced: also a running one). Volumes stay.
    Remove,
}

impl Verb {
    /// All verbs, in the order menus list them.
    pub const ALL: [Self; 7] =
        [Self::Start, Self::Stop, Self::Restart, Self::Pause, Self::Unpause, Self::Kill, Self::Remove];

    /// The infinitive, as commands take it: `start`, …, `rm` is [`Verb::Remove`]'s command but
    /// its word is `remove`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::Kill => "kill",
            Self::Remove => "remove",
        }
    }

    /// The past participle, for outcomes: `started`, `stopped`, …
    pub fn done(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::Stop => "stopped",
            Self::Restart => "restarted",
            Self::Pause => "paused",
            Self::Unpause => "unpaused",
            Self::Kill => "killed",
            Self::Remove => "removed",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A set of [`Verb`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Verbs(u8);

impl Verbs {
    /// No verb at all.
    pub const NONE: Self = Self(0);

    /// A set of the given verbs.
    pub const fn of(verbs: &[Verb]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < verbs.len() {
            bits |= 1 << verbs[i] as u8;
            i += 1;
        }
        Self(bits)
    }

    /// Whether the set holds `verb`.
    pub const fn has(self, verb: Verb) -> bool {
        self.0 & (1 << verb as u8) != 0
    }

    /// The verbs in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
