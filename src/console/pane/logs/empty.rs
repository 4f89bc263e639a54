//! Why the log view is empty: never nothing, always a sentence.

use std::fmt::Write as _;

use super::{Logs, subject};
use crate::config::Role;
use crate::console::pane::{Scene, scope, words};
use crate::fleet::Link;
use crate::logs::Level;
use crate::text::human;

impl Logs {
    /// Sentences for an empty view, most telling first.
    pub(super) fn why_empty(&self, scene: &Scene<'_>) -> Vec<(Role, String)> {
        let title = self
            .following
            .as_ref()
            .map_or_else(|| scope::title(scene.fleet, scene.target), |(s, _)| subject::title(scene.fleet, s));
        let held = self.store.counters().lines;
        if held > 0 {
            return vec![(Role::Dim, self.nothing_matches(held))];
        }
        let mut why = Vec::new();
        if let Some(Link::Lost { why: reason, remedy, .. }) = scene.fleet.link() {
            why.push((Role::Bad, format!("no logs of {title}: {reason}")));
            why.push((Role::Dim, remedy.clone()));
            return why;
        }
        if self.cleared {
            why.push((Role::Dim, format!("emptied; waiting for the next line of {title}")));
        } else if self.previous {
            why.push((Role::Dim, format!("nothing from the run of {title} before the current one")));
        } else {
            why.push((Role::Dim, format!("no line from {title} yet; it is followed")));
        }
        let replicas = scope::replicas(scene.fleet, scene.target);
        if replicas.is_empty() {
            why.push((Role::Dim, "it has no replica that could write one".into()));
        }
        for replica in replicas.into_iter().filter(|r| !r.is_up()).take(3) {
            let mut sentence = format!("{} is {}", replica.name, replica.state.word());
            if let Some(exit) = replica.exit {
                let _ = write!(sentence, " ({})", words::exit(exit));
            }
            if let Some(at) = replica.finished {
                let _ = write!(sentence, ", {}", words::ago(at, scene.now));
            }
            why.push((Role::Dim, sentence));
        }
        why
    }

    fn nothing_matches(&self, held: u64) -> String {
        let mut wanted = Vec::new();
        let filter = self.store.filter();
        if !self.filter_text.is_empty() {
            wanted.push(format!("the filter {}", self.filter_text));
        }
        if filter.min_level > Level::Trace {
            wanted.push(format!("level {} or worse", filter.min_level.word()));
        }
        let wanted = if wanted.is_empty() { "the filter".to_owned() } else { wanted.join(" and ") };
        let lines = human::count(held);
        if self.filtering {
            format!("none yet of {lines} lines fits {wanted}; still looking")
        } else {
            format!("none of {lines} lines fits {wanted}")
        }
    }
}
