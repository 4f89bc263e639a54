//! Which of a swarm's tasks are its services' replicas now, and how often one replica's place was
//! taken anew. Pure.
//!
//! Swarm never restarts a task: it makes another one in the same slot (on the same node, for one a
//! node) and keeps a few of the old ones. So a slot is what elsewhere is a replica that restarts.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::api::Task;
use crate::engine::docker::map::time;

/// How far back failed tasks of a slot count.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// Failed tasks remembered per slot.
const MOST: usize = 64;

/// A place for a replica: service, then slot, or node for one a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Slot {
    service: String,
    number: Option<u64>,
    node: Option<String>,
}

impl Slot {
    fn of(task: &Task) -> Self {
        let number = task.slot.filter(|slot| *slot > 0);
        let node = if number.is_none() { task.node_id.clone() } else { None };
        Self { service: task.service_id.clone(), number, node }
    }
}

/// A task that is a replica now.
pub(super) struct Current<'t> {
    pub(super) task: &'t Task,
    /// The task before it in its slot, where that failed lately.
    pub(super) before: Option<&'t Task>,
    /// How many tasks like it failed in its slot lately, itself not counted.
    pub(super) restarts: u32,
    /// When the first of these failed.
    pub(super) first_end: Option<Timestamp>,
    /// Swarm means to have it run; else it is all that is left of its slot.
    pub(super) wanted: bool,
}

/// Failed tasks, also those that the swarm has forgotten since.
#[derive(Default)]
pub(super) struct Memory {
    ends: HashMap<Slot, Vec<End>>,
}

struct End {
    task: String,
    /// Failures of another image say nothing about this one.
    image: String,
    at: Timestamp,
}

impl Memory {
    /// Take in what the swarm lists at `now`.
    pub(super) fn note(&mut self, tasks: &[Task], now: Timestamp) {
        for task in tasks.iter().filter(|task| has_ended(task)) {
            let Some(at) = time(task.status.timestamp.as_deref()) else { continue };
            let ends = self.ends.entry(Slot::of(task)).or_default();
            if !ends.iter().any(|end| end.task == task.id) {
                ends.push(End { task: task.id.clone(), image: task.spec.image().to_owned(), at });
            }
        }
        self.ends.retain(|_, ends| {
            ends.retain(|end| now.duration_since(end.at) <= WINDOW);
            ends.sort_unstable_by_key(|end| end.at);
            let surplus = ends.len().saturating_sub(MOST);
            ends.drain(..surplus);
            !ends.is_empty()
        });
    }

    fn ends_before(&self, task: &Task) -> impl Iterator<Item = &End> {
        let image = task.spec.image();
        let ends = self.ends.get(&Slot::of(task)).into_iter().flatten();
        ends.filter(move |end| end.task != task.id && end.image == image)
    }
}

/// The replicas among `tasks`, of which a service is to have as many as `desired` says.
pub(super) fn current<'t>(
    tasks: &'t [Task],
    desired: impl Fn(&str) -> u32,
    memory: &Memory,
) -> Vec<Current<'t>> {
    let mut slots: BTreeMap<Slot, Vec<&Task>> = BTreeMap::new();
    for task in tasks {
        slots.entry(Slot::of(task)).or_default().push(task);
    }
    let mut found: Vec<Current<'t>> = Vec::new();
    let mut left: Vec<&Task> = Vec::new();
    let mut count: HashMap<&str, u32> = HashMap::new();
    for mut members in slots.into_values() {
        // RFC 3339 in UTC with nanoseconds, but without trailing zeros: compare times, not text.
        members.sort_by_cached_key(|task| std::cmp::Reverse(time(task.created_at.as_deref())));
        let before = members.iter().find(|task| !is_wanted(task)).copied().filter(|task| has_ended(task));
        let wanted: Vec<&Task> = members.iter().filter(|task| is_wanted(task)).copied().collect();
        match (wanted.as_slice(), members.first()) {
            ([], Some(newest)) if has_ended(newest) || state(newest) == "orphaned" => left.push(newest),
            ([], _) => {}
            (wanted, _) => {
                for task in wanted {
                    *count.entry(&task.service_id).or_default() += 1;
                    found.push(of(task, before, true, memory));
                }
            }
        }
    }
    // What failed for good is told where a replica is missing for it; else it is history.
    for task in left {
        let have = count.entry(&task.service_id).or_default();
        if *have < desired(&task.service_id) {
            *have += 1;
            found.push(of(task, None, false, memory));
        }
    }
    found
}

fn of<'t>(task: &'t Task, before: Option<&'t Task>, wanted: bool, memory: &Memory) -> Current<'t> {
    let ends = || memory.ends_before(task);
    let before = before.filter(|before| ends().any(|end| end.task == before.id));
    let restarts = u32::try_from(ends().count()).unwrap_or(u32::MAX);
    Current { task, before, restarts, first_end: ends().map(|end| end.at).min(), wanted }
}

fn state(task: &Task) -> &str {
    task.status.state.as_deref().unwrap_or_default()
}

/// Whether the swarm means to have it run.
pub(super) fn is_wanted(task: &Task) -> bool {
    !matches!(
        task.desired_state.as_deref().unwrap_or_default(),
        "shutdown" | "remove" | "orphaned" | "failed" | "rejected"
    )
}

/// Whether it ended otherwise than by the swarm's own wish.
fn has_ended(task: &Task) -> bool {
    matches!(state(task), "failed" | "rejected" | "complete")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task(id: &str, slot: u64, second: u32, state: &str, desired: &str) -> Task {
        serde_json::from_value(json!({
            "ID": id, "ServiceID": "s", "Slot": slot, "NodeID": "n",
            "CreatedAt": format!("2026-11-21T16:29:{second:02}.5Z"),
            "Spec": {"ContainerSpec": {"Image": "api:1"}},
            "Status": {"State": state, "Timestamp": format!("2026-11-21T16:29:{:02}Z", second + 1)},
            "DesiredState": desired,
        }))
        .unwrap()
    }

    fn told(tasks: &[Task], desired: u32) -> Vec<(String, u32, Option<String>)> {
        let mut memory = Memory::default();
        memory.note(tasks, "2026-11-21T16:30:00Z".parse().unwrap());
        current(tasks, |_| desired, &memory)
            .iter()
            .map(|c| (c.task.id.clone(), c.restarts, c.before.map(|b| b.id.clone())))
            .collect()
    }

    #[test]
    fn history_is_not_a_replica_but_it_counts() {
        let tasks = [
            task("old", 1, 1, "shutdown", "shutdown"),
            task("f1", 1, 2, "failed", "shutdown"),
            task("f2", 1, 3, "rejected", "shutdown"),
            task("now", 1, 4, "ready", "ready"),
            task("two", 2, 1, "running", "running"),
        ];
        assert_eq!(told(&tasks, 2), [("now".into(), 2, Some("f2".into())), ("two".into(), 0, None)]);
    }

    #[test]
    fn failures_of_another_image_do_not_count() {
        let mut failed = task("f1", 1, 2, "failed", "shutdown");
        failed.spec.container_spec.as_mut().unwrap().image = Some("api:2".into());
        let tasks = [failed, task("back", 1, 3, "running", "running")];
        assert_eq!(told(&tasks, 1), [("back".into(), 0, None)]);
    }

    #[test]
    fn while_the_new_one_starts_first_both_are_there() {
        let tasks = [task("a", 1, 1, "running", "running"), task("b", 1, 2, "preparing", "running")];
        assert_eq!(told(&tasks, 1).len(), 2);
    }

    #[test]
    fn what_failed_for_good_stands_for_its_slot_while_one_is_missing() {
        let tasks = [
            task("f1", 1, 1, "failed", "shutdown"),
            task("f2", 1, 2, "failed", "shutdown"),
            task("gone", 2, 2, "shutdown", "shutdown"),
        ];
        assert_eq!(told(&tasks, 1), [("f2".into(), 1, None)]);
        assert_eq!(told(&tasks, 0), []);
    }

    #[test]
    fn what_the_swarm_forgot_still_counts_for_a_while() {
        let mut memory = Memory::default();
        let at = |second: u32| format!("2026-11-21T16:30:{second:02}Z").parse::<Timestamp>().unwrap();
        memory.note(&[task("f1", 1, 1, "failed", "shutdown")], at(0));
        memory.note(&[task("f2", 1, 2, "failed", "shutdown")], at(1));
        let now = [task("now", 1, 5, "running", "running")];
        let found = |memory: &Memory| current(&now, |_| 1, memory).first().map(|c| c.restarts);
        assert_eq!(found(&memory), Some(2));
        memory.note(&[], at(0) + SignedDuration::from_mins(11));
        assert_eq!(found(&memory), Some(0));
    }
}
