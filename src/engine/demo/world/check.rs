//! Health checks: when they run, what they say, and what follows.

use std::borrow::Cow;

use super::life::What;
use super::{Run, Unit, World};
use crate::engine::HealthLog;
use crate::engine::demo::platform::{Fate, Spec};
use crate::engine::demo::random::{hash, share};
use crate::fleet::{EventKind, HealthCheck, State};

/// How many results an engine keeps.
const KEPT: i64 = 5;

impl World {
    /// When a unit's check runs next: `None` when it has none, or when its verdict stands for good
    /// (then running it again and again would cost and tell nothing).
    pub(super) fn next_check(&self, slot: usize) -> Option<i64> {
        let unit = &self.units[slot];
        let spec = &self.specs[unit.spec];
        let check = spec.check.as_ref()?;
        let run = unit.runs.back().filter(|run| run.to.is_none())?;
        let settled = unit.replica.check == HealthCheck::Healthy && !unit.check_varies(spec);
        (!settled).then(|| run.from + check.next_after(self.now - run.from))
    }

    /// Run a unit's check now.
    pub(super) fn check(&mut self, slot: usize) {
        let unit = &self.units[slot];
        let spec = &self.specs[unit.spec];
        let (Some(check), Some(run)) = (&spec.check, unit.runs.back()) else { return };
        let fails = self.failure(spec, unit, run, self.now).is_some();
        let (retries, grace) = (check.retries, i64::from(check.start_period) * 1_000);
        let in_grace = self.now - run.from < grace;
        let unit = &mut self.units[slot];
        let before = unit.replica.check;
        if fails {
            // A failure in the grace after a start does not count, as with Docker.
            unit.streak += u32::from(!in_grace || before != HealthCheck::Starting);
            if unit.streak >= retries {
                unit.replica.check = HealthCheck::Unhealthy;
            }
        } else {
            unit.streak = 0;
            unit.replica.check = HealthCheck::Healthy;
        }
        let (verdict, epoch) = (unit.replica.check, unit.epoch);
        if verdict != before {
            self.tell(slot, EventKind::Health(verdict));
            self.show(slot);
            self.mind(self.units[slot].spec);
        }
        if let Some(at) = self.next_check(slot) {
            self.plan(at, slot, epoch, What::Check);
        }
    }

    /// What a check prints when it fails at `at`; `None` when it passes.
    pub(in crate::engine::demo) fn failure(
        &self,
        spec: &Spec,
        unit: &Unit,
        run: &Run,
        at: i64,
    ) -> Option<Cow<'static, str>> {
        let port = spec.ports.first().map_or(80, |(container, _)| *container);
        if at - run.from < spec.program.profile().boot_ms {
            let words = format!("curl: (7) Failed to connect to localhost port {port}: Connection refused");
            return Some(words.into());
        }
        match unit.fate {
            Fate::Sick { since, output } if run.original && at >= -since * 1_000 => {
                return Some(output.into());
            }
            Fate::Unwell { output } => return Some(output.into()),
            Fate::Flaky { every, bad, output } if is_bad_spell(unit.seed, at, every, bad) => {
                return Some(output.into());
            }
            _ => {}
        }
        let need = self.broken_need(spec, at)?;
        Some(
            format!(
                "{{\"status\":\"error\",\"service\":\"{}\",\"error\":\"{need}: connection refused\"}}",
                spec.name
            )
            .into(),
        )
    }

    /// The last results of a unit's check, oldest first, as an engine would have kept them.
    pub(super) fn health_log(&self, unit: &Unit) -> Vec<HealthLog> {
        let spec = &self.specs[unit.spec];
        let (Some(check), Some(run)) = (&spec.check, unit.runs.back()) else { return Vec::new() };
        // Frozen or ended, it is not checked any more.
        let frozen = run.pauses.last().filter(|pause| pause.1.is_none()).map(|pause| pause.0);
        let until = run.to.or(frozen).unwrap_or(self.now);
        let moments = check.last_before(until - run.from, KEPT);
        moments.into_iter().map(|at| self.result(spec, unit, run, run.from + at)).collect()
    }

    fn result(&self, spec: &Spec, unit: &Unit, run: &Run, at: i64) -> HealthLog {
        let took = 18 + (share(hash(unit.seed, at)) * 60.0) as i64;
        let (exit, output) = match self.failure(spec, unit, run, at) {
            Some(words) => (1, words.into_owned()),
            None => (0, spec.program.well(&spec.name)),
        };
        HealthLog { start: self.stamp(at), end: self.stamp(at + took), exit, output }
    }

    /// Failed checks in a row, of a unit that is running.
    pub(super) fn failing_streak(unit: &Unit) -> u32 {
        if unit.replica.state == State::Running { unit.streak } else { 0 }
    }
}

/// Whether a flaky service has a bad spell at `at`.
fn is_bad_spell(seed: u64, at: i64, every: i64, bad: i64) -> bool {
    let shift = (seed % every.unsigned_abs().max(1)).cast_signed() * 1_000;
    (at + shift).rem_euclid((every * 1_000).max(1)) < bad * 1_000
}
