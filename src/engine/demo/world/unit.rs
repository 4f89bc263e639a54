//! One simulated container and the runs it had.
//!
//! Times here are milliseconds since the world's start; what was before it is negative.

use std::collections::VecDeque;

use crate::engine::demo::platform::{Fate, Spec};
use crate::fleet::{Exit, Replica};

/// Runs remembered per unit: a crash loop makes many.
const RUNS: usize = 40;

/// One container.
#[derive(Debug)]
pub(in crate::engine::demo) struct Unit {
    /// Index of the spec of its service.
    pub(in crate::engine::demo) spec: usize,
    /// What the fleet is told of it.
    pub(in crate::engine::demo) replica: Replica,
    pub(in crate::engine::demo) seed: u64,
    /// What becomes of it: its service's fate, or that of the release it was made from.
    pub(in crate::engine::demo) fate: Fate,
    /// Which way of making it, where the engine looks after its service.
    pub(super) make: u32,
    /// Its restart policy.
    pub(super) policy: String,
    /// Goes up whenever its future changes: what was planned for an older epoch no longer happens.
    pub(super) epoch: u32,
    pub(in crate::engine::demo) runs: VecDeque<Run>,
    /// Ends in a row after short runs: makes the back-off grow.
    pub(super) quick_ends: u32,
    /// Failed checks in a row.
    pub(super) streak: u32,
    /// The engine's words for the last failure to start.
    pub(super) error: Option<String>,
    /// Removed; the slot waits to be used again.
    pub(super) gone: bool,
}

/// From a start to the end after it.
#[derive(Clone, Debug)]
pub(in crate::engine::demo) struct Run {
    pub(in crate::engine::demo) from: i64,
    /// When it was asked to end.
    pub(in crate::engine::demo) asked: Option<i64>,
    pub(in crate::engine::demo) to: Option<i64>,
    pub(in crate::engine::demo) exit: Option<Exit>,
    /// It began before the world: what is sick since then is sick in this run only.
    pub(in crate::engine::demo) original: bool,
    /// When it was frozen, and thawed.
    pub(in crate::engine::demo) pauses: Vec<(i64, Option<i64>)>,
}

impl Run {
    pub(super) fn new(from: i64) -> Self {
        Self { from, asked: None, to: None, exit: None, original: false, pauses: Vec::new() }
    }

    /// Whether its processes exist at `at`.
    pub(in crate::engine::demo) fn exists_at(&self, at: i64) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }

    pub(in crate::engine::demo) fn is_paused_at(&self, at: i64) -> bool {
        self.pauses.iter().any(|&(from, to)| from <= at && to.is_none_or(|to| at < to))
    }

    /// Milliseconds it was not frozen, up to `at`.
    pub(in crate::engine::demo) fn active(&self, at: i64) -> i64 {
        let frozen: i64 =
            self.pauses.iter().map(|&(from, to)| (to.map_or(at, |to| to.min(at)) - from).max(0)).sum();
        (at - self.from - frozen).max(0)
    }
}

impl Unit {
    /// The run it was in at `at`.
    pub(in crate::engine::demo) fn run_at(&self, at: i64) -> Option<&Run> {
        self.runs.iter().rev().find(|run| run.exists_at(at))
    }

    pub(super) fn current(&mut self) -> Option<&mut Run> {
        self.runs.back_mut().filter(|run| run.to.is_none())
    }

    /// Whether it works at `at`: running, not frozen, and of a release that gets ready.
    pub(in crate::engine::demo) fn serves_at(&self, at: i64) -> bool {
        let ready = !matches!(self.fate, Fate::Unwell { .. });
        ready && self.run_at(at).is_some_and(|run| !run.is_paused_at(at))
    }

    /// Whether the engine starts it again after it ended with this code by itself.
    pub(super) fn restarts_after(&self, code: i64) -> bool {
        match self.policy.as_str() {
            "always" | "unless-stopped" => true,
            "no" => false,
            // `on-failure`, perhaps with the most times.
            policy => {
                let most = policy.split_once(':').and_then(|(_, most)| most.parse().ok());
                code != 0 && most.is_none_or(|most: u32| self.replica.restarts.unwrap_or(0) < most)
            }
        }
    }

    /// Note its restart policy, and whether the engine would keep it up.
    pub(super) fn obey(&mut self, policy: &str) {
        policy.clone_into(&mut self.policy);
        self.replica.kept_up = matches!(policy, "always" | "unless-stopped");
    }

    /// Whether its check can change its mind by itself, so that it must be run again and again.
    pub(super) fn check_varies(&self, spec: &Spec) -> bool {
        !spec.needs.is_empty()
            || matches!(self.fate, Fate::Sick { .. } | Fate::Flaky { .. } | Fate::Unwell { .. })
    }

    pub(super) fn begin(&mut self, run: Run) {
        if self.runs.len() >= RUNS {
            self.runs.pop_front();
        }
        self.runs.push_back(run);
    }
}
