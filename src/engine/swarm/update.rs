//! How a service's last update stands, in words that name the task that failed. Pure.

use super::api::{Service, Task, Update};
use super::map::{Local, Names, failure};
use crate::engine::docker::failure::words;
use crate::engine::docker::map::time;
use crate::fleet::{UpdateState, UpdateStatus};

/// How the last update of a service stands; `None` where there was none.
pub(super) fn status(it: &Service, tasks: &[Task], local: &Local, names: &Names) -> Option<UpdateStatus> {
    let update = it.update_status.as_ref()?;
    let state = match update.state.as_deref()? {
        "updating" => UpdateState::Updating,
        "paused" => UpdateState::Paused,
        "completed" => UpdateState::Completed,
        "rollback_started" => UpdateState::RollingBack,
        "rollback_paused" => UpdateState::RollbackPaused,
        "rollback_completed" => UpdateState::RolledBack,
        _ => return None,
    };
    let said = words(update.message.as_deref().unwrap_or_default());
    // The swarm forgets what it was before an update only when it went back to it by itself.
    let by_hand = it.previous_spec.is_some() || said.starts_with("manually");
    let went_wrong = match state {
        UpdateState::Paused | UpdateState::RollbackPaused => true,
        UpdateState::RollingBack | UpdateState::RolledBack => !by_hand,
        UpdateState::Updating | UpdateState::Completed => false,
    };
    let message =
        if went_wrong { culprit(it, update, tasks, local, names).unwrap_or(said) } else { String::new() };
    let at = time(update.completed_at.as_deref()).or_else(|| time(update.started_at.as_deref()));
    Some(UpdateStatus { state, at, message })
}

/// `task shop_web.2 on node-1 failed: exit 3`: the task that the swarm names, else the newest that
/// failed since the update began.
fn culprit(it: &Service, update: &Update, tasks: &[Task], local: &Local, names: &Names) -> Option<String> {
    let tasks = || tasks.iter().filter(|task| task.service_id == it.id);
    let named = update.message.as_deref().and_then(|said| said.rsplit(' ').next());
    let began = time(update.started_at.as_deref());
    let failed =
        |task: &&Task| matches!(task.status.state.as_deref(), Some("failed" | "rejected" | "complete"));
    let at = |task: &Task| time(task.status.timestamp.as_deref());
    let since = |task: &&Task| at(task) >= began;
    let task = tasks()
        .find(|task| named == Some(task.id.as_str()))
        .or_else(|| tasks().filter(failed).filter(since).max_by_key(|task| at(task)))?;
    let node = task.node_id.as_deref().filter(|node| !node.is_empty());
    let node = node.map(|node| format!(" on {}", names.node(node))).unwrap_or_default();
    let why = failure(task, local);
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    Some(format!("task {}{node} failed{why}", names.place(it, task)))
}
