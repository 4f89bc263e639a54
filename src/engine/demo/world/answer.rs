//! How simulated services answer their clients: what our probes ask instead of a network.

use std::time::Duration;

use super::World;
use super::probe::has_path;
use crate::engine::Answer;
use crate::engine::demo::random::{hash, share};
use crate::fleet::{ReplicaId, State};

impl World {
    /// How a replica answers at a port; `None` where nothing listens.
    pub fn answer(&self, of: &ReplicaId, port: u16, path: Option<&str>) -> Option<Answer> {
        let unit = &self.units[*self.by_id.get(&of.id)?];
        let spec = &self.specs[unit.spec];
        let run = unit.runs.back().filter(|run| run.to.is_none())?;
        let listens = unit.replica.state == State::Running
            && spec.ports.iter().any(|(container, _)| *container == port)
            && self.now - run.from >= spec.program.profile().boot_ms;
        if !listens {
            return None;
        }
        // A few milliseconds, more under load, and now and then one that takes its time.
        let chance = share(hash(unit.seed, self.now));
        let slow = if chance > 0.97 { 12.0 } else { 1.0 };
        let took = Duration::from_secs_f64((2.0 + 30.0 * spec.busy * chance) * slow / 1_000.0);
        let (status, body) = match self.failure(spec, unit, run, self.now) {
            Some(words) => (503, words.into_owned()),
            None if path.is_some_and(|path| !has_path(spec, path)) => (404, "not found\n".into()),
            None => (200, spec.program.well(&spec.name)),
        };
        Some(Answer { status, body, took })
    }
}
