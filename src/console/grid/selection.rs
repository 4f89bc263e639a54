//! The selection: moved by rows, held by id, always on screen.

use std::sync::Arc;

use super::{Fold, Grid, trouble};
use crate::console::pane::Target;
use crate::fleet::Fleet;

impl Grid {
    /// Scroll so that the selected row is on screen.
    pub(super) fn scroll_to_selection(&mut self) {
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
}
