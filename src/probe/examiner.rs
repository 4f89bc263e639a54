//! Probing one replica on request: whether it passes everything that is asked of it, now.

use std::sync::Arc;
use std::time::Duration;

use super::attempt::{Outcome, Tools, attempts};
use super::rules::Rules;
use super::target::{Lay, Target};
use crate::engine::Engine;
use crate::fleet::{EngineInfo, Replica};

/// Whoever asks replicas. Cheap to clone.
#[derive(Clone)]
pub struct Examiner {
    rules: Rules,
    lay: Lay,
    tools: Tools,
}

impl Examiner {
    /// By these rules, on this engine.
    pub fn new(rules: Rules, engine: Arc<dyn Engine>, told: Option<&EngineInfo>) -> Self {
        Self { rules, lay: Lay::of(told), tools: Tools::new(engine) }
    }

    /// What is asked of this replica itself. What is asked of its service as a whole is answered by
    /// whichever replica is there, and says nothing about this one.
    fn targets(&self, replica: &Replica) -> Vec<Arc<Target>> {
        let (targets, _) = self.rules.of(replica, &self.lay);
        targets.into_iter().filter(|target| target.replica.is_some()).map(Arc::new).collect()
    }

    /// How long this replica may take to answer after it started, by its probes' own account;
    /// `None` where it has none.
    pub fn patience(&self, replica: &Replica) -> Option<Duration> {
        let targets = self.targets(replica);
        targets.iter().map(|target| target.pace.start_period + target.pace.timeout).max()
    }

    /// The first probe that this replica does not pass: its name and why, in a clause. What can't
    /// be found out keeps nobody waiting.
    pub async fn failing(&self, replica: &Replica) -> Option<String> {
        let targets = self.targets(replica);
        if targets.is_empty() {
            return None;
        }
        let attempts = attempts(&self.tools, &targets).await;
        targets.iter().zip(attempts).find_map(|(target, attempt)| match attempt.outcome {
            Outcome::Failed(why) => Some(format!("{}: {why}", target.name)),
            Outcome::Passed | Outcome::Unknown(_) => None,
        })
    }
}
