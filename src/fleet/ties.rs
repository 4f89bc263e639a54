//! What a unit's settings tie it to: whom they name, and by which names it is found itself.

use std::sync::Arc;

/// How one service is seen to need another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum How {
    /// A variable of its environment names it: the variable's name. Its value is kept nowhere.
    Variable(Arc<str>),
    /// `depends_on` of its compose file.
    DependsOn,
    /// `depends_on` that only waits until the other has run to its end.
    Completes,
    /// A legacy link (`--link`).
    Link,
    /// It lives in the other's network (`network_mode: service:…`).
    Network,
}

impl How {
    /// As shown: the variable's name, `depends_on`, ….
    pub fn word(&self) -> &str {
        match self {
            Self::Variable(name) => name,
            Self::DependsOn => "depends_on",
            Self::Completes => "depends_on (completed)",
            Self::Link => "link",
            Self::Network => "lives in its network",
        }
    }
}

/// Somebody a unit's settings name: host and port, and nothing else of what was written there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Want {
    /// A name or an address, lower case, sanitised.
    pub host: Arc<str>,
    /// The port, where it was written.
    pub port: Option<u16>,
    /// Where it was written.
    pub how: How,
}

/// One network that knows names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Which: its name, or its id.
    pub network: Arc<str>,
    /// What the unit is called in it, lower case.
    pub names: Vec<Arc<str>>,
}

/// All of it. Sanitised, bounded, and free of anything secret.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Ties {
    /// Whom its settings name, sorted.
    pub wants: Vec<Want>,
    /// The networks whose names it can use, and its own there.
    pub networks: Vec<Joined>,
    /// Whose network it lives in: a container's id or name.
    pub within: Option<Arc<str>>,
    /// It lives in the network of the engine's machine.
    pub on_host: bool,
}
