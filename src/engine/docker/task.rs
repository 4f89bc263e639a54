//! Containers that Swarm made: what their labels say of the task behind them. Pure.
//!
//! On a node that is no manager the labels are all there is to group them by; on a manager, the
//! swarm itself tells, and the task's id says which of its tasks a container is.

use std::sync::Arc;

use super::map::{Labels, NAME};
use crate::fleet::{Placed, Replica, Role, State};
use crate::text::sanitize::label;

/// What the labels of a task's container say.
pub(super) struct Task {
    id: Arc<str>,
    /// The stack, if it is of one.
    pub(super) stack: Option<Arc<str>>,
    /// The service's name without the stack's before it.
    pub(super) service: Arc<str>,
    /// The slot; `None` for one a node.
    pub(super) slot: Option<u32>,
}

impl Task {
    /// `None` for what Swarm did not make.
    pub(super) fn of(labels: &Labels) -> Option<Self> {
        let text = |key: &str| {
            let raw = labels.get(key)?.as_deref()?;
            Some(label(raw, NAME)).filter(|clean| !clean.is_empty())
        };
        let id = text("com.docker.swarm.task.id")?;
        let full = text("com.docker.swarm.service.name")?;
        let stack = text("com.docker.stack.namespace");
        // `shop_web.2.k3j…`; one a node has the node's id for a slot.
        let slot = text("com.docker.swarm.task.name")
            .and_then(|name| name.strip_prefix(&*full)?.split('.').nth(1)?.parse().ok());
        Some(Self { id, service: short(stack.as_deref(), &full), stack, slot })
    }
}

/// A service's name without its stack's before it: `docker stack deploy` puts it there.
pub(in crate::engine) fn short(stack: Option<&str>, full: &str) -> Arc<str> {
    let rest = stack.and_then(|stack| full.strip_prefix(stack)?.strip_prefix('_'));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(full).into()
}

/// Adds what the labels say to the replica made of the container.
pub(super) fn note(replica: &mut Replica, labels: &Labels) {
    let Some(task) = Task::of(labels) else { return };
    replica.number = task.slot;
    // Swarm does not start a container again, it makes another one: this one is history.
    if matches!(replica.state, State::Exited | State::Dead | State::Removing) {
        replica.role = Role::Spare;
    }
    replica.placed = Some(Arc::new(Placed { here: true, task: task.id, ..Placed::default() }));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::super::map;
    use super::*;
    use crate::fleet::EngineId;

    fn replica(state: &str, labels: &serde_json::Value) -> Replica {
        let entry =
            json!({"Id": "ab".repeat(32), "Names": ["/shop_web.2.k3j"], "State": state, "Labels": labels});
        map::from_entry(&EngineId::new("docker"), &serde_json::from_value(entry).unwrap())
    }

    #[test]
    fn a_tasks_container_belongs_to_its_service() {
        let labels = json!({
            "com.docker.stack.namespace": "shop", "com.docker.swarm.service.name": "shop_web",
            "com.docker.swarm.task.id": "k3j", "com.docker.swarm.task.name": "shop_web.2.k3j",
            "com.docker.swarm.task": "", "com.docker.swarm.node.id": "n1",
        });
        let it = replica("running", &labels);
        assert_eq!((it.service.path().as_str(), it.number, it.role), ("shop/web", Some(2), Role::Replica));
        assert_eq!(it.placed.as_ref().map(|p| (&*p.task, p.here)), Some(("k3j", true)));
        assert_eq!(replica("exited", &labels).role, Role::Spare);
    }

    #[test]
    fn without_a_stack_and_one_a_node() {
        let labels = json!({
            "com.docker.swarm.service.name": "agent", "com.docker.swarm.task.id": "k3j",
            "com.docker.swarm.task.name": "agent.c3u6x7h8wwkn3oatzwx3hc3do.k3j",
        });
        let it = replica("running", &labels);
        assert_eq!((it.service.path().as_str(), it.number), ("agent", None));
        assert_eq!(replica("running", &json!({})).placed, None);
    }

    #[test]
    fn only_the_stacks_own_name_is_taken_off() {
        assert_eq!(&*short(Some("shop"), "shop_web"), "web");
        assert_eq!(&*short(Some("shop"), "shopweb"), "shopweb");
        assert_eq!(&*short(Some("shop"), "shop_"), "shop_");
        assert_eq!(&*short(None, "shop_web"), "shop_web");
    }
}
