//! Carrying an intent out: waves in order, services side by side, every step bounded in time.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Change, Direction, End, Intent, JobId, Outcome, Plan, PlannedStep, Progress, StepOutcome, Unit, Work,
};
use crate::engine::{Consent, Done, Engine, EngineError, Order, Step};
use crate::fleet::{ReplicaId, Verb};
use crate::journal::OperationRecord;

mod control;

pub use control::{Bridge, Control, Resume};

/// Lanes at work at once: enough to stop a project quickly, few enough not to storm an engine.
const LANES: usize = 8;
/// How long a call may take beyond the grace it was given.
const SLACK: Duration = Duration::from_secs(30);
/// The bound where the container's own stop timeout applies, which is not known here.
const UNKNOWN_GRACE: Duration = Duration::from_mins(2);

/// Carry out an intent in a task of its own. The channel brings every step's begin and end, and
/// then **exactly one** [`Progress::Finished`], also after cancelling and when a call hangs.
///
/// Dropping the receiver does not stop the job: what the user confirmed is carried out. `cancel`
/// does: steps not yet begun stay undone and say so; a step under way is no longer waited for.
/// Must be called inside a tokio runtime.
pub fn run(
    bridge: Bridge,
    job: JobId,
    plan: Plan,
    consent: Consent,
    control: impl Into<Control>,
) -> UnboundedReceiver<Progress> {
    let (tell, told) = mpsc::unbounded_channel();
    let Control { cancel, .. } = control.into();
    tokio::spawn(async move {
        let runner = Runner { engine: bridge.engine, consent, job, tell, cancel };
        runner.all(plan).await;
    });
    told
}

/// Bring an operation that was left in the middle to an end, one way or the other. As [`run()`]
/// otherwise: the channel ends in exactly one [`Progress::Finished`]. [`End::Refused`] when its owner
/// still lives, its plan can't be read, or it can't be undone any more (a predecessor is removed).
pub fn resume(
    bridge: Bridge,
    job: JobId,
    record: OperationRecord,
    how: Resume,
    consent: Consent,
    control: impl Into<Control>,
) -> UnboundedReceiver<Progress> {
    let _ = (bridge, consent, control.into());
    let (tell, told) = mpsc::unbounded_channel();
    let end = End::Refused {
        why: format!("can't {} operation {}: not built yet", how.word(), record.id),
        remedy: String::new(),
    };
    let outcome = Outcome {
        intent: Intent { change: Change::Recreate, targets: Vec::new() },
        services: record.begun.services,
        end,
        steps: Vec::new(),
        images: Vec::new(),
        advice: Vec::new(),
        operation: Some(record.id),
        took: Duration::ZERO,
    };
    let _ = tell.send(Progress::Finished { job, outcome });
    told
}

struct Runner {
    engine: Arc<dyn Engine>,
    consent: Consent,
    job: JobId,
    tell: UnboundedSender<Progress>,
    cancel: CancellationToken,
}

impl Runner {
    async fn all(&self, plan: Plan) {
        let Plan { intent, services, steps, images, .. } = plan;
        let began = Instant::now();
        let mut outcomes = Vec::with_capacity(steps.len());
        for wave in waves(steps) {
            let lanes = stream::iter(lanes(wave)).map(|lane| self.lane(lane));
            let mut done = lanes.buffer_unordered(LANES);
            while let Some(lane) = done.next().await {
                outcomes.extend(lane);
            }
        }
        let why = outcomes.iter().find_map(|o| o.result.as_ref().err()).map(ToString::to_string);
        let end = why.map_or(End::Done, |why| End::Failed { why });
        let took = began.elapsed();
        let (steps, advice) = (outcomes, Vec::new());
        let outcome = Outcome { intent, services, end, steps, images, advice, operation: None, took };
        self.say(Progress::Finished { job: self.job, outcome });
    }

    /// Steps that go one after the other. When a restart fails, the next replica is left running:
    /// what failed once may fail for all, and the fix must not make it worse.
    async fn lane(&self, lane: Vec<PlannedStep>) -> Vec<StepOutcome> {
        let mut outcomes = Vec::with_capacity(lane.len());
        let mut failed: Option<Arc<str>> = None;
        for planned in lane {
            let result = if self.cancel.is_cancelled() {
                Err(EngineError::NotBegun { why: "the job was cancelled before".to_owned() })
            } else if let Some(name) = &failed {
                Err(EngineError::NotBegun { why: format!("{name} failed before it") })
            } else {
                self.say(Progress::Began {
                    job: self.job,
                    number: planned.number,
                    direction: Direction::Forward,
                    name: planned.name.clone(),
                });
                self.step(&planned).await
            };
            if result.is_err() {
                failed.get_or_insert_with(|| planned.name.clone());
            }
            let outcome =
                StepOutcome { number: planned.number, direction: Direction::Forward, step: planned, result };
            self.say(Progress::Ended { job: self.job, outcome: outcome.clone() });
            outcomes.push(outcome);
        }
        outcomes
    }

    async fn step(&self, planned: &PlannedStep) -> Result<Done, EngineError> {
        let Work::Step(step) = &planned.work else { return Ok(Done::Unchanged) };
        let step = step.clone().named(existing)?;
        let allowed = bound(&step);
        let late = EngineError::Timeout {
            endpoint: self.engine.endpoint(),
            seconds: allowed.as_secs(),
            during: format!("{}; it may still happen", planned.verb().map_or("a step", Verb::word)),
        };
        let order = Order { service: planned.service.clone(), step, consent: self.consent };
        // A bug in an engine must not leave a job on the screen for ever.
        let call = AssertUnwindSafe(self.engine.perform(order)).catch_unwind();
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(EngineError::Interrupted),
            ended = tokio::time::timeout(allowed, call) => match ended {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(EngineError::Garbage { why: "quarterdeck's own call broke; see its log".to_owned() }),
                Err(_) => Err(late),
            },
        }
    }

    fn say(&self, progress: Progress) {
        // Nobody listening is not a reason to stop; see `run`.
        let _ = self.tell.send(progress);
    }
}

/// How long a step may take.
fn bound(step: &Step) -> Duration {
    let Step::Act(act) = step else { return UNKNOWN_GRACE };
    match (act.verb, act.timeout) {
        (Verb::Stop | Verb::Restart, Some(seconds)) => Duration::from_secs(seconds.into()) + SLACK,
        (Verb::Stop | Verb::Restart, None) => UNKNOWN_GRACE + SLACK,
        _ => SLACK + SLACK,
    }
}

fn existing(unit: Unit) -> Result<ReplicaId, EngineError> {
    match unit {
        Unit::Is(id) => Ok(id),
        Unit::Made(_) => Err(EngineError::NotBegun { why: "what it is about was not made".to_owned() }),
    }
}

/// Steps by wave, in order.
fn waves(steps: Vec<PlannedStep>) -> Vec<Vec<PlannedStep>> {
    let mut waves: Vec<Vec<PlannedStep>> = Vec::new();
    for step in steps {
        match waves.last_mut() {
            Some(wave) if wave.last().is_some_and(|last| last.wave == step.wave) => wave.push(step),
            _ => waves.push(vec![step]),
        }
    }
    waves
}

/// What goes one after the other.
fn lanes(wave: Vec<PlannedStep>) -> Vec<Vec<PlannedStep>> {
    let mut lanes: Vec<Vec<PlannedStep>> = Vec::new();
    for step in wave {
        let same = lanes.iter_mut().find(|lane| lane.first().is_some_and(|first| first.lane == step.lane));
        match same {
            Some(lane) => lane.push(step),
            None => lanes.push(vec![step]),
        }
    }
    lanes
}
