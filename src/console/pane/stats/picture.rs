//! What the charts show: the usage of a replica, of a service, of a project, now and before.
//!
//! Summing the hour of a project of 2,000 services takes longer than a frame may. So a picture is
//! kept, and once a second brought up to date: only columns that became complete are summed anew.

use std::sync::Arc;

use jiff::Timestamp;

use super::measured;
use crate::console::pane::{Scene, Target, scope};
use crate::fleet::{Latency, Limits, Metric, Minutes, Probe, Series, Usage};

/// Metrics there are.
const METRICS: usize = Metric::ALL.len();

/// How time is cut: columns of `step` seconds, `slices` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// Seconds a column stands for.
    pub(super) step: i64,
    /// Columns.
    pub(super) slices: usize,
}

impl Cut {
    /// Where the last complete column ends, on a grid that does not move with now: seconds.
    fn end(self, now: Timestamp) -> i64 {
        now.as_second().div_euclid(self.step) * self.step
    }
}

/// Everything the tab draws, as of one moment.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    target: Target,
    cut: Cut,
    /// Where the last column ends, seconds.
    end: i64,
    columns: [Vec<Option<f32>>; METRICS],
    /// How long answers took, of the probe that was slowest, seconds.
    pub(super) latency: Vec<Option<f32>>,
    /// How it answered over five minutes.
    pub(super) answered: Option<Latency>,
    /// Whether there is any sample at all.
    pub(super) sampled: bool,
    /// Usage now, all replicas together.
    pub(super) usage: Usage,
    /// Limits of all together; a project has none.
    pub(super) limits: Limits,
    /// Who uses how much, most first: services of a project, else replicas.
    pub(super) who: Vec<(Arc<str>, Usage)>,
    /// What the service says of itself.
    pub(super) measured: Vec<measured::Row>,
}

impl Picture {
    /// The whole picture. Costs what the window holds, for every replica.
    pub(super) fn new(scene: &Scene<'_>, cut: Cut) -> Self {
        let mut picture = Self {
            target: scene.target.clone(),
            cut,
            end: cut.end(scene.now),
            columns: std::array::from_fn(|_| vec![None; cut.slices]),
            latency: vec![None; cut.slices],
            answered: None,
            sampled: false,
            usage: Usage::default(),
            limits: Limits::default(),
            who: Vec::new(),
            measured: Vec::new(),
        };
        picture.figures(scene);
        let series = series(scene);
        picture.sum(&series, cut.slices);
        if picture.columns.iter().flatten().all(Option::is_none) {
            // Nothing is complete yet: the first column may show what there is so far.
            picture.end += cut.step;
            picture.sum(&series, cut.slices);
        }
        picture.answers(scene);
        picture.sampled = series.iter().any(|s| s.newest().is_some());
        picture
    }

    /// Whether it is about this target and cut.
    pub(super) fn is_of(&self, scene: &Scene<'_>, cut: Cut) -> bool {
        self.target == *scene.target && self.cut == cut
    }

    /// Whether all columns that are complete are in it.
    pub(super) fn is_current(&self, scene: &Scene<'_>) -> bool {
        self.end >= self.cut.end(scene.now)
    }

    /// Bring it up to date.
    pub(super) fn refresh(&mut self, scene: &Scene<'_>) {
        let end = self.cut.end(scene.now);
        let fresh = usize::try_from((end - self.end) / self.cut.step).unwrap_or(0);
        if fresh >= self.cut.slices || !self.sampled || end < self.end - self.cut.step {
            *self = Self::new(scene, self.cut);
            return;
        }
        self.figures(scene);
        if fresh > 0 {
            self.end = end;
            for columns in &mut self.columns {
                columns.drain(..fresh);
                columns.resize(self.cut.slices, None);
            }
            // One more than is new: its last sample may have come after it was summed.
            self.sum(&series(scene), (fresh + 1).min(self.cut.slices));
        }
        self.answers(scene);
    }

    /// Seconds a column stands for.
    pub(super) fn step(&self) -> i64 {
        self.cut.step
    }

    /// One metric's columns, oldest first.
    pub(super) fn columns(&self, metric: Metric) -> &[Option<f32>] {
        self.columns.get(metric as usize).map_or(&[], Vec::as_slice)
    }

    /// Sum the last `slices` columns of every metric.
    fn sum(&mut self, series: &[Series<'_>], slices: usize) {
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        let from = self.end - self.cut.step * i64::try_from(slices).unwrap_or(0);
        for (metric, columns) in Metric::ALL.into_iter().zip(&mut self.columns) {
            let first = columns.len() - slices;
            let Some(last) = columns.get_mut(first..) else { continue };
            last.fill(None);
            for series in series {
                for (sum, value) in last.iter_mut().zip(series.chart(metric, at(from), at(self.end), slices))
                {
                    if let Some(value) = value {
                        *sum = Some(sum.unwrap_or(0.0) + value);
                    }
                }
            }
        }
    }

    /// Whether there is any latency to draw.
    pub(super) fn is_probed(&self) -> bool {
        self.answered.is_some() || self.latency.iter().any(Option::is_some)
    }

    fn figures(&mut self, scene: &Scene<'_>) {
        let (fleet, now) = (scene.fleet, scene.now);
        self.measured = measured::rows(scene);
        self.who = match scene.target {
            Target::Project(_) => scope::services(fleet, scene.target)
                .into_iter()
                .filter_map(|s| Some((s.id.name.clone(), fleet.summary(&s.id, now)?.usage)))
                .collect(),
            _ => scope::replicas(fleet, scene.target)
                .into_iter()
                .filter_map(|r| Some((r.name.clone(), fleet.replica_summary(&r.id, now)?.usage)))
                .collect(),
        };
        // Steady for equals.
        self.who.sort_by(|a, b| {
            let cpu = |usage: &Usage| usage.cpu.unwrap_or(-1.0);
            cpu(&b.1).total_cmp(&cpu(&a.1)).then_with(|| a.0.cmp(&b.0))
        });
        let summary = match scene.target {
            Target::Replica(id) => fleet.replica_summary(id, now),
            Target::Service(id) => fleet.summary(id, now),
            Target::Project(_) => None,
        };
        (self.usage, self.limits) = match summary {
            Some(summary) => (summary.usage, summary.limits),
            None => (
                self.who.iter().fold(Usage::default(), |sum, (_, usage)| sum.plus(*usage)),
                Limits::default(),
            ),
        };
    }
}

/// How long after its attempt an answer is drawn at most, beyond the probe's interval: nobody looks
/// more often than that, so the line does not break between.
const HELD: i64 = 5;

impl Picture {
    /// Draw the latency anew: a column shows the slowest of the probes' last answers before its end.
    fn answers(&mut self, scene: &Scene<'_>) {
        self.latency.fill(None);
        self.answered = None;
        let Some(service) = scope::service_of(scene.fleet, scene.target) else { return };
        let of = |probe: &&Probe| match (scene.target, &probe.last().replica) {
            (Target::Replica(shown), of) => of.as_ref() == Some(shown),
            _ => true,
        };
        self.answered = match scene.target {
            Target::Replica(id) => scene.fleet.replica_latency(id, Minutes::Five, scene.now),
            _ => scene.fleet.latency(&service, Minutes::Five, scene.now),
        };
        let (step, slices) = (self.cut.step, i64::try_from(self.cut.slices).unwrap_or(0));
        let begin = self.end - step * slices;
        for probe in scene.fleet.probes(&service).filter(of) {
            let every = i64::try_from(probe.last().interval.as_secs()).unwrap_or(i64::MAX / 4);
            let held = every.saturating_add(HELD);
            let mut answers = probe.answers().peekable();
            let mut last = None;
            for (column, shown) in (1..=slices).zip(&mut self.latency) {
                let end = begin + step * column;
                while let Some(answer) = answers.next_if(|(at, _)| at.as_second() < end) {
                    last = Some(answer);
                }
                let Some((at, took)) = last else { continue };
                if end - at.as_second() <= held.max(step) {
                    let took = took.as_secs_f32();
                    *shown = Some(shown.map_or(took, |other: f32| other.max(took)));
                }
            }
        }
    }
}

fn series<'a>(scene: &Scene<'a>) -> Vec<Series<'a>> {
    let fleet = scene.fleet;
    match scene.target {
        Target::Replica(id) => fleet.history(id).into_iter().collect(),
        Target::Service(id) => fleet.service_history(id).into_iter().collect(),
        Target::Project(_) => scope::services(fleet, scene.target)
            .into_iter()
            .filter_map(|s| fleet.service_history(&s.id))
            .collect(),
    }
}
