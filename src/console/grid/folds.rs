//! Folding and unfolding.

use std::collections::HashSet;

use super::{Fold, Grid};
use crate::console::pane::Target;
use crate::fleet::Fleet;

impl Grid {
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
}
