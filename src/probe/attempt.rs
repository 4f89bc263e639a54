//! One attempt of one target, from beginning to verdict, within its timeout.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use tokio::time::{Instant, timeout};

use super::check;
use super::clients::Clients;
use super::target::{Check, Target};
use super::words;
use crate::engine::Engine;
use crate::fleet::{Probed, Standing};

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It works.
    Passed,
    /// It does not, and why: one sanitised clause.
    Failed(Arc<str>),
    /// It could not be found out, for a reason that is not the target's: one sanitised clause.
    Unknown(Arc<str>),
}

/// One attempt that ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// When it ended.
    pub at: Timestamp,
    /// How long it took; `None` where nothing was tried.
    pub took: Option<Duration>,
    /// What it came to.
    pub outcome: Outcome,
    /// When the target's certificate ends, where one was seen.
    pub certificate: Option<Timestamp>,
}

/// What attempts are made with. Cheap to clone.
#[derive(Clone)]
pub struct Tools {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) clients: Arc<Clients>,
}

impl Tools {
    /// With this engine for what is run inside replicas.
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, clients: Arc::default() }
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }
}

/// What a check found out.
pub(super) struct Found {
    pub(super) outcome: Outcome,
    /// Where that is not when the check ended.
    pub(super) took: Option<Duration>,
    pub(super) certificate: Option<Timestamp>,
}

impl From<Outcome> for Found {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, took: None, certificate: None }
    }
}

/// Try a target once. Ends within its timeout whatever the target does; dropping it ends it at
/// once.
pub async fn attempt(tools: &Tools, target: &Target) -> Attempt {
    let began = Instant::now();
    let limit = target.pace.timeout;
    // Boxed: the largest of the checks would make every future as large.
    let found = match timeout(limit, check::run(tools, target).boxed()).await {
        Ok(found) => found,
        Err(_) => words::silent(limit).into(),
    };
    let took = match found.outcome {
        Outcome::Unknown(_) => None,
        _ => Some(found.took.unwrap_or_else(|| began.elapsed())),
    };
    Attempt { at: Timestamp::now(), took, outcome: found.outcome, certificate: found.certificate }
}

/// Attempts side by side.
const SIDE_BY_SIDE: usize = 64;

/// Try each of these once, side by side, in their order.
pub async fn attempts(tools: &Tools, targets: &[Arc<Target>]) -> Vec<Attempt> {
    let all: Vec<_> = targets
        .iter()
        .map(|target| {
            let (tools, target) = (tools.clone(), target.clone());
            async move { attempt(&tools, &target).await }.boxed()
        })
        .collect();
    futures_util::stream::iter(all).buffered(SIDE_BY_SIDE).collect().await
}

impl Attempt {
    /// As the fleet is told; `None` where nothing was found out.
    pub fn probed(&self, target: &Target, standing: Standing) -> Option<Probed> {
        let result = match &self.outcome {
            Outcome::Passed => Ok(()),
            Outcome::Failed(why) => Err(why.clone()),
            Outcome::Unknown(_) => return None,
        };
        Some(Probed {
            at: self.at,
            service: target.service.clone(),
            replica: target.replica.clone(),
            probe: target.name.clone(),
            purpose: target.purpose,
            standing,
            // How long an engine takes to run a command is no response time.
            took: self.took.filter(|_| !matches!(target.check, Check::Exec(_))),
            result,
            certificate: self.certificate,
            interval: target.pace.interval,
        })
    }

    /// As the fleet is told of an attempt that stands for itself: nothing is tried again.
    pub fn alone(&self, target: &Target) -> Option<Probed> {
        let passed = self.outcome == Outcome::Passed;
        self.probed(target, if passed { Standing::Passing } else { Standing::Failing })
    }
}
