//! The service grid: a tree of projects, services and replicas, as rows.
//!
//! Owns: what is selected, marked, folded, filtered, sorted, and the rows that follow from it.
//! Rows are worked out only when something they depend on changed ([`Grid::refresh`]), never per
//! frame. Everything is held by id ([`Target`]), so nothing that moves a row can move the aim.
//! Must not: draw, or know about keys.

mod columns;
mod filter;
mod rows;
mod sort;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::pane::Target;
use crate::fleet::{Fleet, ReplicaId, Role, ServiceId, Summary};

pub use columns::{Cell, Column, Columns};
pub use filter::Filter;
pub use rows::{Fold, Row, Totals};
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
    longest: u16,
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

    /// The width the longest name needs, tree and glyphs included.
    pub fn longest(&self) -> u16 {
        self.longest
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

    fn scroll_to_selection(&mut self) {
        let most = self.rows.len().saturating_sub(self.height.max(1));
        if self.index < self.top {
            self.top = self.index;
        } else if self.height > 0 && self.index >= self.top + self.height {
            self.top = self.index + 1 - self.height;
        }
        self.top = self.top.min(most);
    }

    /// Select a row by number; the nearest there is.
    pub fn select_index(&mut self, index: usize) -> bool {
        let index = index.min(self.rows.len().saturating_sub(1));
        let Some(row) = self.rows.get(index) else { return false };
        let moved = index != self.index || self.selected.as_ref() != Some(&row.target);
        self.index = index;
        self.selected = Some(row.target.clone());
        self.scroll_to_selection();
        moved
    }

    /// Move the selection by that many rows; says whether it moved.
    pub fn move_by(&mut self, rows: isize) -> bool {
        self.select_index(self.index.saturating_add_signed(rows))
    }

    /// Rows on a page.
    pub fn page(&self) -> usize {
        self.height.max(1)
    }

    /// Select a target if it has a row, unfolding what hides it. Says whether it is selected now.
    pub fn select(&mut self, target: &Target, fleet: &Fleet) -> bool {
        match target {
            Target::Project(_) => {}
            Target::Service(id) => self.open_project(id.project.as_ref()),
            Target::Replica(id) => {
                if let Some(replica) = fleet.replica(id) {
                    let service = replica.service.clone();
                    self.open_project(service.project.as_ref());
                    if self.unfolded.insert(service) {
                        self.stale.rows = true;
                    }
                }
            }
        }
        if self.stale.rows {
            self.stale.rows = false;
            self.rebuild(fleet);
        }
        match self.rows.iter().position(|r| r.target == *target) {
            Some(index) => {
                self.select_index(index);
                true
            }
            None => false,
        }
    }

    fn open_project(&mut self, project: Option<&Arc<str>>) {
        if self.folded.remove(&project.cloned()) {
            self.stale.rows = true;
        }
    }

    /// The next row from the selection on (round to the top) that is not well.
    pub fn next_problem(&mut self) -> bool {
        let count = self.rows.len();
        let found = (1..=count).map(|step| (self.index + step) % count).find(|&i| {
            let Some(row) = self.rows.get(i) else { return false };
            match &row.target {
                Target::Service(id) => self.summaries.get(id).is_some_and(|s| trouble(s.health.health) > 2),
                Target::Project(project) => {
                    row.fold == Fold::Folded
                        && self.totals(project.as_ref()).is_some_and(|t| trouble(t.worst) > 2)
                }
                Target::Replica(_) => false,
            }
        });
        found.is_some_and(|index| {
            self.select_index(index);
            true
        })
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

    /// Fold or unfold the selected row; for a replica, fold its service. Says whether anything
    /// could be (un)folded.
    pub fn set_fold(&mut self, wish: Option<bool>, fleet: &Fleet) -> bool {
        let Some(row) = self.rows.get(self.index) else { return false };
        let open = match row.fold {
            Fold::None => return self.fold_parent(wish, fleet),
            Fold::Open => true,
            Fold::Folded => false,
        };
        let want = wish.unwrap_or(!open);
        if want == open {
            return false;
        }
        match row.target.clone() {
            Target::Project(project) => {
                if want {
                    self.folded.remove(&project);
                } else {
                    self.folded.insert(project);
                }
            }
            Target::Service(id) => {
                if want {
                    self.unfolded.insert(id);
                } else {
                    self.unfolded.remove(&id);
                }
            }
            Target::Replica(_) => return false,
        }
        self.stale.rows = true;
        true
    }

    fn fold_parent(&mut self, wish: Option<bool>, fleet: &Fleet) -> bool {
        if wish == Some(true) {
            return false;
        }
        let Some(parent) = self.parent(fleet) else { return false };
        if let Target::Service(id) = &parent {
            self.unfolded.remove(id);
            self.stale.rows = true;
        } else if wish.is_none() {
            return false;
        }
        self.select(&parent, fleet)
    }

    /// The row the selected one hangs on.
    pub fn parent(&self, fleet: &Fleet) -> Option<Target> {
        match self.selected.as_ref()? {
            Target::Project(_) => None,
            Target::Service(id) => {
                let parent = Target::Project(id.project.clone());
                self.rows.iter().any(|r| r.target == parent).then_some(parent)
            }
            Target::Replica(id) => Some(Target::Service(fleet.replica(id)?.service.clone())),
        }
    }

    /// Fold all projects, or unfold them when all are folded. Says whether they are folded now.
    pub fn fold_all(&mut self) -> bool {
        let all: HashSet<_> = self.totals.iter().map(|(p, _)| p.clone()).collect();
        let fold = self.folded.len() < all.len();
        self.folded = if fold { all } else { HashSet::new() };
        self.unfolded.clear();
        self.stale.rows = true;
        fold
    }

    /// Mark or unmark the selected row; a project stands for its services. Says whether it is
    /// marked now, `None` when there is no row.
    pub fn toggle_mark(&mut self, fleet: &Fleet) -> Option<bool> {
        let target = self.selected.clone()?;
        let members: Vec<Target> = match &target {
            Target::Project(project) => {
                let of = |r: &&Row| matches!(&r.target, Target::Service(id) if id.project == *project);
                let shown: Vec<Target> = self.rows.iter().filter(of).map(|r| r.target.clone()).collect();
                if shown.is_empty() {
                    let of = fleet.services().filter(|s| s.id.project == *project);
                    of.map(|s| Target::Service(s.id.clone())).collect()
                } else {
                    shown
                }
            }
            _ => vec![target],
        };
        let mark = !members.iter().all(|m| self.marks.contains(m));
        for member in members {
            if mark {
                self.marks.insert(member);
            } else {
                self.marks.remove(&member);
            }
        }
        Some(mark)
    }

    /// Mark every service shown; says how many are marked.
    pub fn mark_all(&mut self) -> usize {
        let services = self.rows.iter().filter(|r| matches!(r.target, Target::Service(_)));
        self.marks.extend(services.map(|r| r.target.clone()));
        self.marks.len()
    }

    /// Unmark everything; says how many were marked.
    pub fn clear_marks(&mut self) -> usize {
        let count = self.marks.len();
        self.marks.clear();
        count
    }

    /// What an action is aimed at: the marked rows in grid order, else the selected one.
    pub fn aim(&self) -> Vec<Target> {
        if self.marks.is_empty() {
            return self.selected.iter().cloned().collect();
        }
        let mut aim: Vec<Target> =
            self.rows.iter().map(|r| &r.target).filter(|t| self.marks.contains(*t)).cloned().collect();
        // Marked, and folded away or filtered since: still meant.
        let shown: HashSet<&Target> = self.rows.iter().map(|r| &r.target).collect();
        aim.extend(self.marks.iter().filter(|t| !shown.contains(t)).cloned());
        aim
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
