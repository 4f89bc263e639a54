//! One look at the swarm: its services, tasks and nodes; and what it means when it can't be had.

use super::api::{Node, Service, Task};
use crate::engine::EngineError;
use crate::engine::docker::wire::Wire;

/// What the swarm lists, all of the same moment (within a few milliseconds).
#[derive(Default)]
pub(super) struct Look {
    pub(super) services: Vec<Service>,
    pub(super) tasks: Vec<Task>,
    pub(super) nodes: Vec<Node>,
}

/// Why there is no look.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Blind {
    /// This node is not a manager, or in no swarm: there is nothing to be seen from here.
    NotHere,
    /// This engine knows no swarms (Podman).
    Never,
    /// There is a swarm, and it can't answer. In words, with what to do.
    Ailing(String),
    /// The engine can't be reached.
    Lost(EngineError),
}

impl Look {
    /// Ask for all of it.
    pub(super) async fn take(wire: &Wire) -> Result<Self, Blind> {
        // The first answer says whether there is a swarm to be asked; where there is none, it is the
        // only call, and a cheap one.
        let services = wire.get("/services?status=true", "the swarm").await.map_err(blind)?;
        let (tasks, nodes) =
            tokio::join!(wire.get("/tasks", "the swarm"), wire.get::<Vec<Node>>("/nodes", "the swarm"));
        let mut tasks: Vec<Task> = tasks.map_err(blind)?;
        // A container that only hangs on a swarm's network has a task too.
        tasks.retain(|task| !task.service_id.is_empty() && !task.id.is_empty());
        // Nodes only have names: without them the list is as good.
        Ok(Self { services, tasks, nodes: nodes.unwrap_or_default() })
    }
}

/// What an error of the swarm's calls means.
pub(super) fn blind(error: EngineError) -> Blind {
    if error.is_unreachable() {
        return Blind::Lost(error);
    }
    let why = match &error {
        EngineError::Failed { status: 404, .. } | EngineError::Unsupported { .. } => return Blind::Never,
        EngineError::Failed { why, .. } | EngineError::Conflict { why } => why.to_ascii_lowercase(),
        EngineError::Gone { .. } => return Blind::Never,
        _ => String::new(),
    };
    if why.contains("not a swarm manager") {
        return Blind::NotHere;
    }
    Blind::Ailing(if why.contains("needs to be unlocked") || why.contains("is encrypted") {
        "the swarm is locked: docker swarm unlock on this node opens it".into()
    } else if why.contains("does not have a leader") || why.contains("no leader") {
        "the swarm has no leader: more than half of its managers must be up".into()
    } else if why.contains("certificate") && why.contains("expired") {
        "this node's swarm certificate has expired: it must leave the swarm and join again".into()
    } else if why.contains("deadline") {
        "the swarm does not answer: its managers may not reach each other".into()
    } else {
        format!("the swarm can't be asked: {error}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(status: u16, why: &str) -> Blind {
        blind(EngineError::Failed { status, why: why.into() })
    }

    #[test]
    fn what_it_means_when_the_swarm_can_not_be_asked() {
        let worker =
            "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state.";
        assert_eq!(failed(503, worker), Blind::NotHere);
        assert_eq!(failed(404, "page not found"), Blind::Never);
        let locked = "Swarm is encrypted and needs to be unlocked before it can be used.";
        assert!(matches!(failed(503, locked), Blind::Ailing(why) if why.contains("swarm unlock")));
        let headless = "rpc error: code = Unknown desc = The swarm does not have a leader.";
        assert!(matches!(failed(500, headless), Blind::Ailing(why) if why.contains("no leader")));
        let other = failed(500, "raft: \u{1b}[31mbroken");
        assert!(matches!(other, Blind::Ailing(why) if why.starts_with("the swarm can't be asked")));
        let lost = EngineError::Refused { endpoint: "unix:///x".into() };
        assert_eq!(blind(lost.clone()), Blind::Lost(lost));
    }
}
