//! Whether a service is away while it is changed, for how long, and why.

use std::time::Duration;

use super::super::Gap;
use super::super::gate_times::Timing;
use super::aim::Aim;
use super::draft::Draft;
use super::overlap::Way;
use super::scene::Scene;
use crate::fleet::{Replica, Role, State};

/// What the engine allows a graceful stop where nothing else is said.
const GRACE: u32 = 10;

/// How long one replica is away when it stops before it starts: its whole grace, because nobody
/// knows how much of it it takes, and the time to its first health check.
pub(super) fn away(scene: &Scene, replica: &Replica, timing: &Timing) -> Duration {
    let own = scene.seen(replica).and_then(|blueprint| blueprint.stop_timeout);
    let grace = scene.options.timeout.or(own).unwrap_or(GRACE);
    Duration::from_secs(grace.into()) + timing.interval.unwrap_or(Duration::from_secs(1))
}

/// The gap of a restart.
pub(super) fn restart(scene: &Scene, aim: &Aim, draft: &mut Draft) {
    let running = running(scene, aim);
    let restarted: Vec<&&Replica> =
        running.iter().filter(|r| aim.replicas.iter().any(|a| a.id == r.id)).collect();
    let Some(first) = restarted.first() else { return };
    let timing = scene.timing(first, None, draft);
    let (lasts, why) = match running.len() {
        1 => (Some(away(scene, first, &timing)), "its only replica stops before it starts again".to_owned()),
        n if scene.options.wait => (None, format!("its {n} replicas take turns, each well before the next")),
        n => (None, format!("its {n} replicas take turns, though nobody waits until each is well")),
    };
    draft.gaps.push(Gap { service: aim.service.clone(), lasts, why });
}

/// The gap of a replacement. `away`: the longest of the replicas replaced.
pub(super) fn replacement(scene: &Scene, aim: &Aim, way: &Way, away: Duration, draft: &mut Draft) {
    let running = running(scene, aim);
    let (lasts, why) = match (running.len(), way) {
        (0, _) => return,
        (_, Way::Overlap) => (None, "a new replica is well before the old one stops".to_owned()),
        (1, Way::Gap(why)) => {
            (Some(away), format!("{why}, so the old replica stops before the new one starts"))
        }
        (n, Way::Gap(why)) => (None, format!("its {n} replicas take turns ({why})")),
    };
    draft.gaps.push(Gap { service: aim.service.clone(), lasts, why });
}

/// The service's replicas that do their work now.
fn running<'a>(scene: &Scene<'a>, aim: &Aim) -> Vec<&'a Replica> {
    let all = scene.fleet.replicas_of(&aim.service);
    all.filter(|r| r.role == Role::Replica && r.state == State::Running).collect()
}
