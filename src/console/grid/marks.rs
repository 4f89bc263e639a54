//! Marks, and what an action is aimed at.

use std::collections::HashSet;

use super::{Grid, Row};
use crate::console::pane::Target;
use crate::fleet::Fleet;

impl Grid {
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
}
