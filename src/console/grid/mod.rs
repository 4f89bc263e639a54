//! The service grid: a tree of projects, services and replicas, as rows.
//!
//! Owns: what is selected, marked, folded, filtered, sorted, and the rows that follow from it.
//! Rows are worked out only when something they depend on changed ([`Grid::refresh`]), never per
//! frame. Everything is held by id ([`Target`]), so nothing that moves a row can move the aim.
//! Must not: draw, or know about keys.

mod columns;
mod filter;
mod folds;
mod marks;
mod rows;
mod selection;
mod sort;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::pane::Target;
use crate::fleet::{Fleet, ReplicaId, Role, ServiceId, Summary};

pub use columns::{Cell, Column, Columns, Needs};
pub use filter::Filter;
pub use rows::{Fold, Row, Totals, health_words};
pub use sort::{Sort, trouble};

/// Fleets with more services than this re-sort at most every [`CALM_MS`].
const MANY: usize = 300;
/// How long a large fleet's order stands before facts may change it, milliseconds.
const CALM_MS: u64 = 500;
/// How long an order by usage stands, milliseconds.
const USAGE_MS: u64 = 1000;
/// Verdicts may change by time alone; so often all are looked at again, milliseconds.
const LOOK_AGAIN_MS: i64 = 5000;

/// The grid's state.
#[derive(Debug, Default)]
pub struct Grid {
    selected: Option<Target>,
    /// The selected row's number, as of the last refresh.
    index: usize,
    top: usize,
    height: usize,
    sort: Sort,
    filter: Filter,
    hide_stopped: bool,
    marks: HashSet<Target>,
    folded: HashSet<Option<Arc<str>>>,
    unfolded: HashSet<ServiceId>,
    rows: Vec<Row>,
    summaries: BTreeMap<ServiceId, Summary>,
    totals: Vec<(Option<Arc<str>>, Totals)>,
    needs: Needs,
    hidden: usize,
    /// Select what the filter finds best, at the next rebuild.
    seek: bool,
    stale: Stale,
}

/// What has to be redone, and when it was last done (milliseconds since 1970).
#[derive(Debug, Default)]
struct Stale {
    /// Rows: folds, filter, sort, or the set of services.
    rows: bool,
    /// Every summary.
    all: bool,
    /// These services' summaries.
    services: HashSet<ServiceId>,
    /// Facts that may change the order.
    order: bool,
    /// Usage figures.
    usage: bool,
    looked: i64,
    ordered: i64,
}

impl Grid {
    /// The rows, in order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows on screen, with the number of the first.
    pub fn visible(&self) -> (usize, &[Row]) {
        let end = (self.top + self.height).min(self.rows.len());
        (self.top, self.rows.get(self.top..end).unwrap_or_default())
    }

    /// What is selected.
    pub fn selected(&self) -> Option<&Target> {
        self.selected.as_ref()
    }

    /// The selected row's number.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The number of the first row on screen.
    pub fn top(&self) -> usize {
        self.top
    }

    /// How rows are sorted.
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// What the filter lets through.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether stopped services and jobs are hidden.
    pub fn hides_stopped(&self) -> bool {
        self.hide_stopped
    }

    /// How many services filter and hiding keep from being shown.
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// What is marked.
    pub fn marks(&self) -> &HashSet<Target> {
        &self.marks
    }

    /// How wide what the rows say is.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// What a project's row shows.
    pub fn totals(&self, project: Option<&Arc<str>>) -> Option<&Totals> {
        self.totals.iter().find(|(p, _)| p.as_ref() == project).map(|(_, t)| t)
    }

    /// A service changed (or came, or went).
    pub fn service_changed(&mut self, id: &ServiceId) {
        if !self.stale.services.contains(id) {
            self.stale.services.insert(id.clone());
        }
        self.stale.order = true;
    }

    /// Anything may have changed.
    pub fn all_changed(&mut self) {
        self.stale.all = true;
        self.stale.rows = true;
    }

    /// Rows came, went, or moved.
    pub fn rows_changed(&mut self) {
        self.stale.rows = true;
    }

    /// Usage figures changed.
    pub fn usage_changed(&mut self) {
        self.stale.usage = true;
    }

    /// Bring the rows up to date, for a grid of `height` rows. Cheap when nothing changed.
    pub fn refresh(&mut self, fleet: &Fleet, now: Timestamp, height: u16) {
        let at = now.as_millisecond();
        if at - self.stale.looked >= LOOK_AGAIN_MS || at < self.stale.looked {
            self.stale.all = true;
            self.stale.order = true;
        }
        if self.stale.all {
            self.stale.looked = at;
            self.summaries =
                fleet.services().filter_map(|s| Some((s.id.clone(), fleet.summary(&s.id, now)?))).collect();
        } else {
            for id in &self.stale.services {
                match fleet.summary(id, now) {
                    Some(summary) => {
                        self.stale.rows |= self.summaries.insert(id.clone(), summary).is_none();
                    }
                    None => self.stale.rows |= self.summaries.remove(id).is_some(),
                }
            }
        }
        self.stale.services.clear();
        // A clock set back makes everything due.
        let stood = u64::try_from(at - self.stale.ordered).unwrap_or(u64::MAX);
        let calm = if self.summaries.len() > MANY { CALM_MS } else { 0 };
        let by_usage = self.sort.column.is_usage();
        let by_facts = self.stale.order && stood >= calm;
        let due_by_usage = self.stale.usage && by_usage && stood >= USAGE_MS;
        if due_by_usage && !self.stale.all {
            for (id, summary) in &mut self.summaries {
                if let Some(fresh) = fleet.summary(id, now) {
                    *summary = fresh;
                }
            }
        }
        self.stale.all = false;
        if self.stale.rows || by_facts || due_by_usage {
            self.stale.rows = false;
            self.stale.order = false;
            self.stale.ordered = at;
            self.rebuild(fleet);
        }
        if self.stale.usage && !self.totals.is_empty() {
            self.refresh_totals(fleet, now);
        }
        self.stale.usage = false;
        self.height = usize::from(height);
        self.scroll_to_selection();
    }

    /// Sort otherwise.
    pub fn set_sort(&mut self, sort: Sort) {
        self.sort = sort;
        self.stale.rows = true;
        self.stale.all = sort.column.is_usage() || self.stale.all;
    }

    /// Filter otherwise, and select what is found best. Says whether anything changed.
    pub fn set_filter(&mut self, text: &str) -> bool {
        let changed = self.filter.set(text);
        self.stale.rows |= changed;
        self.seek = changed && !self.filter.is_empty();
        changed
    }

    /// Show or hide stopped services and jobs.
    pub fn toggle_stopped(&mut self) -> bool {
        self.hide_stopped = !self.hide_stopped;
        self.stale.rows = true;
        self.hide_stopped
    }

    /// The replicas on screen, the selected row's first.
    pub fn in_view(&self, fleet: &Fleet) -> Vec<ReplicaId> {
        let mut seen = HashSet::new();
        let mut out = Vec::new();
        let (_, rows) = self.visible();
        for target in self.selected.iter().chain(rows.iter().map(|r| &r.target)) {
            match target {
                Target::Project(_) => {}
                Target::Replica(id) => {
                    if seen.insert(id) {
                        out.push(id.clone());
                    }
                }
                Target::Service(id) => {
                    for replica in fleet.replicas_of(id).filter(|r| r.role == Role::Replica) {
                        if seen.insert(&replica.id) {
                            out.push(replica.id.clone());
                        }
                    }
                }
            }
        }
        out
    }
}
