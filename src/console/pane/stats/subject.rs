//! What the charts are about: the usage of a replica, of a service, of a project, now and before.

use jiff::Timestamp;

use crate::console::pane::{Scene, Target, scope};
use crate::fleet::{Limits, Metric, Series, Usage};

/// What the charts are about.
pub(super) struct Subject<'a> {
    pub(super) series: Vec<Series<'a>>,
    pub(super) usage: Usage,
    pub(super) limits: Limits,
}

impl<'a> Subject<'a> {
    pub(super) fn of(scene: &Scene<'a>) -> Self {
        let (fleet, now) = (scene.fleet, scene.now);
        match scene.target {
            Target::Replica(id) => {
                let summary = fleet.replica_summary(id, now);
                Self {
                    series: fleet.history(id).into_iter().collect(),
                    usage: summary.as_ref().map(|s| s.usage).unwrap_or_default(),
                    limits: summary.map(|s| s.limits).unwrap_or_default(),
                }
            }
            Target::Service(id) => {
                let summary = fleet.summary(id, now);
                Self {
                    series: fleet.service_history(id).into_iter().collect(),
                    usage: summary.as_ref().map(|s| s.usage).unwrap_or_default(),
                    limits: summary.map(|s| s.limits).unwrap_or_default(),
                }
            }
            Target::Project(_) => {
                let services = scope::services(fleet, scene.target);
                let sum = services
                    .iter()
                    .filter_map(|s| fleet.summary(&s.id, now))
                    .fold(Usage::default(), |sum, s| sum.plus(s.usage));
                // A project as a whole has no limit.
                Self {
                    series: services.iter().filter_map(|s| fleet.service_history(&s.id)).collect(),
                    usage: sum,
                    limits: Limits::default(),
                }
            }
        }
    }

    /// One metric's columns, all series summed.
    pub(super) fn columns(
        &self,
        metric: Metric,
        from: Timestamp,
        to: Timestamp,
        slices: usize,
    ) -> Vec<Option<f32>> {
        let mut sum: Vec<Option<f32>> = vec![None; slices];
        for series in &self.series {
            for (sum, value) in sum.iter_mut().zip(series.chart(metric, from, to, slices)) {
                if let Some(value) = value {
                    *sum = Some(sum.unwrap_or(0.0) + value);
                }
            }
        }
        sum
    }
}
