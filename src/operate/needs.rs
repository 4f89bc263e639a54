//! Which plans must not be carried out without a journal.

use std::collections::HashSet;

use super::{Change, Plan};
use crate::fleet::Verb;

impl Plan {
    /// Whether it takes several steps that belong together, so that being killed between them
    /// leaves something only a journal knows how to end. The rest (a plain start, stop, kill, …)
    /// is merely not on record without one.
    pub fn needs_journal(&self) -> bool {
        match &self.intent.change {
            Change::Act(Verb::Restart) => {
                let mut services = HashSet::new();
                let mut replicas = HashSet::new();
                // A service with several replicas is restarted one after the other.
                self.steps.iter().filter(|s| replicas.insert(&s.name)).any(|s| !services.insert(&s.service))
            }
            change => change.needs_journal(),
        }
    }
}
