//! The way forward: waves in order, lanes side by side, every step checked, written down, done and
//! written down again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::Saga;
use super::ask::{Answer, away, maybe, stop_timeout};
use super::ledger::Attempt;
use super::trap::Point;
use crate::engine::{Act, Create, Details, Done, EngineError, Step};
use crate::fleet::Verb;
use crate::journal::StepEnd;
use crate::operate::{Change, Direction, Phase, PlannedStep, Progress, Rule, StepOutcome, Unit, Work};

/// Lanes at work at once: enough to stop a project quickly, few enough not to storm an engine.
pub(super) const LANES: usize = 8;
/// How often clearing up is tried, and the time between.
const CLEARING: (u32, Duration) = (3, Duration::from_millis(500));

/// A step ready to be asked for.
struct Ready {
    step: Step,
    /// The replica's own stop timeout.
    stop: Option<Duration>,
}

impl Saga {
    /// Every step that has not happened yet, in order.
    pub(super) async fn forward(&self) {
        // What is started after something that did not come up would only fail too.
        let mut stopped: Option<Arc<str>> = None;
        for wave in waves(&self.plan.steps) {
            if self.nothing_newer() {
                return;
            }
            let commits = wave.iter().all(|&at| self.step_at(at).is_some_and(|s| s.phase == Phase::Commit));
            if self.has_forward && commits && !self.committed() {
                if self.turning() {
                    stopped.get_or_insert_with(|| {
                        self.first_failure().map_or("the job".into(), |(name, _)| name)
                    });
                } else {
                    self.commits();
                }
            }
            let mut failed = None;
            {
                let lanes = lanes(&self.plan.steps, &wave);
                let lanes = stream::iter(lanes).map(|lane| self.lane(lane, stopped.clone()));
                let mut lanes = lanes.buffer_unordered(LANES);
                while let Some(lane) = lanes.next().await {
                    failed = failed.or(lane);
                }
            }
            if self.stops_after_failure() {
                stopped = stopped.or(failed);
            }
        }
    }

    /// Steps that go one after the other. What failed once may fail for all, and the fix must not
    /// make it worse: the rest of the lane is left alone. Returns what failed.
    async fn lane(&self, lane: Vec<usize>, stopped: Option<Arc<str>>) -> Option<Arc<str>> {
        let mut failed = stopped;
        let mut anew = false;
        for at in lane {
            let Some(planned) = self.step_at(at) else { continue };
            if self.ledger().did(at)
                && !(anew && matches!(planned.work, Work::Gate(_)))
                && !self.settles(planned)
            {
                continue;
            }
            if self.halt.is_cancelled() {
                break;
            }
            if let Some(why) = self.why_not(planned, failed.as_ref()) {
                self.ended(planned, Direction::Forward, Err(EngineError::NotBegun { why }));
                continue;
            }
            anew = true;
            let clears = self.clears_up(planned);
            let mut tries = if clears { CLEARING.0 } else { 1 };
            let result = loop {
                tries -= 1;
                let Some(result) = self.take(at, planned).await else { return failed };
                let unrecorded = matches!(result, Err(EngineError::Unrecorded { .. }));
                if result.is_ok() || tries == 0 || unrecorded || self.halt.is_cancelled() {
                    break result;
                }
                tokio::time::sleep(CLEARING.1).await;
            };
            if planned.phase == Phase::Forward && self.control.cancel.is_cancelled() {
                // Even if it was the last one: it was meant to stop it.
                self.told().cancelled = true;
            }
            if let Err(error) = &result {
                if !clears {
                    failed.get_or_insert_with(|| planned.name.clone());
                }
                self.failed(at, planned, error);
            }
            self.ended(planned, Direction::Forward, result);
        }
        failed
    }

    /// Why a step is not begun.
    fn why_not(&self, planned: &PlannedStep, failed: Option<&Arc<str>>) -> Option<String> {
        if self.heeds_cancel(planned) && self.control.cancel.is_cancelled() {
            return Some("the job was cancelled before".to_owned());
        }
        let other = || self.first_failure().map(|(name, _)| name);
        let failed = failed.cloned().or_else(|| self.turn.is_cancelled().then(other).flatten());
        failed.map(|name| format!("{name} failed before it"))
    }

    /// One step. `None`: it was left while under way, and nobody knows what becomes of it.
    async fn take(&self, at: usize, planned: &PlannedStep) -> Option<Result<Done, EngineError>> {
        self.began(planned, Direction::Forward);
        let tried = self.ledger().tried(at);
        let ready = match &planned.work {
            Work::Step(step) => match self.ready(planned, step, tried).await {
                Ok(ready) => Some(ready),
                Err(error) if away(&error) && self.halt.is_cancelled() => return None,
                Err(error) => return Some(Err(error)),
            },
            Work::Gate(_) => None,
        };
        if let Err(error) = self.write_begin(at, planned, Direction::Forward).await {
            return Some(Err(error));
        }
        let (result, again) = match (&planned.work, ready) {
            (Work::Gate(gate), _) => (self.gate(planned, gate).await, false),
            (Work::Step(_), Some(ready)) => {
                let Answer { result, again } = self.carry_out(planned, ready).await;
                (result, again)
            }
            (Work::Step(_), None) => (Ok(Done::Unchanged), false),
        };
        let result = match result {
            // Nothing to do now, but an earlier attempt may have done it: so it is ours to take back.
            Ok(Done::Unchanged) if (tried || again) && planned.replica_step() => Ok(Done::Changed),
            // What is to be removed and is gone is removed.
            Err(EngineError::Gone { .. }) if removes(planned) => Ok(Done::Unchanged),
            other => other,
        };
        self.trap.at(Point::MidAfter(Direction::Forward, planned.number)).await;
        let left = match &result {
            Err(EngineError::Interrupted) => true,
            Err(error) => away(error),
            Ok(_) => false,
        };
        if left && self.halt.is_cancelled() {
            return None;
        }
        let attempt = match &result {
            Ok(done) => Attempt::Did(done.clone()),
            Err(error) if again || maybe(error) => Attempt::Maybe,
            Err(_) => Attempt::Nothing,
        };
        self.write_end(at, planned, Direction::Forward, &attempt, &result).await;
        Some(result)
    }

    /// Ask the engine. What can't be taken back, and what changes nothing, is no longer waited for
    /// once the job is cancelled; what can be taken back has to end first, or the way back would
    /// overtake it.
    async fn carry_out(&self, planned: &PlannedStep, ready: Ready) -> Answer {
        let pulls = matches!(ready.step, Step::Pull { .. });
        let call = self.ask(&planned.service, ready.step, ready.stop);
        let leave = async {
            if pulls {
                self.no_longer(planned).await;
            } else if !self.has_forward {
                self.control.cancel.cancelled().await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = leave => Answer { result: Err(EngineError::Interrupted), again: false },
            answer = call => answer,
        }
    }

    /// Name the replica, and see that nobody else has been at it.
    async fn ready(
        &self,
        planned: &PlannedStep,
        step: &Step<Unit>,
        tried: bool,
    ) -> Result<Ready, EngineError> {
        let unit = step.replica().cloned();
        let mut step = step.clone().named(|unit| self.resolve(&unit))?;
        if let Step::Create(Create { image, .. }) = &mut step
            && image.id.is_empty()
            && let Some(id) = self.ledger().pulled(&self.plan, &image.reference)
        {
            // All replicas are made from what was pulled, also when the tag moves meanwhile.
            image.id = id;
        }
        let mut stop = None;
        if let (Some(unit), Some(id)) = (&unit, step.replica().cloned()) {
            match self.look(&id).await {
                Ok(details) => {
                    self.same(unit, planned, &details)?;
                    stop = stop_timeout(&details);
                    if let Some(restarts) = details.replica.restarts {
                        self.seen().restarts.insert(id, restarts);
                    }
                }
                Err(EngineError::Gone { .. }) if removes(planned) => {}
                Err(EngineError::Gone { .. }) if !tried => {
                    return Err(changed(planned, "somebody removed it"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Ready { step, stop })
    }

    /// That a replica is still what the plan is about.
    fn same(&self, unit: &Unit, planned: &PlannedStep, details: &Details) -> Result<(), EngineError> {
        let replica = &details.replica;
        let names = self.ledger().names(&self.plan, unit);
        if !names.is_empty() && !names.contains(&replica.name) {
            return Err(changed(planned, &format!("it is called {} now", replica.name)));
        }
        let expected = unit.is().and_then(|id| self.plan.expects.iter().find(|e| e.replica == *id));
        match expected {
            Some(e) if !e.image.is_empty() && e.image != replica.image.id => {
                Err(changed(planned, "it is made from another image"))
            }
            _ => Ok(()),
        }
    }

    /// Write down that a step begins.
    ///
    /// # Errors
    /// It can't be written down: then it must not be taken.
    pub(super) async fn write_begin(
        &self,
        at: usize,
        planned: &PlannedStep,
        direction: Direction,
    ) -> Result<(), EngineError> {
        self.trap.at(Point::Before(direction, planned.number)).await;
        let written = self.pen.begins(planned.number, direction).await;
        if let Err(error) = written {
            self.unwritten(&error);
            return Err(EngineError::Unrecorded { why: error.to_string(), remedy: error.remedy() });
        }
        self.ledger().begins(at, direction);
        self.trap.at(Point::MidBefore(direction, planned.number)).await;
        Ok(())
    }

    /// Write down how it ended. Where that fails, the next step can't be begun either, and a resume
    /// takes this one for uncertain, which it can bear.
    pub(super) async fn write_end(
        &self,
        at: usize,
        planned: &PlannedStep,
        direction: Direction,
        attempt: &Attempt,
        result: &Result<Done, EngineError>,
    ) {
        let (ok, done) = attempt.written();
        let note = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
        self.ledger().ends(at, direction, attempt);
        if let Err(error) = self.pen.ends(planned.number, direction, StepEnd { ok, done, note }).await {
            self.unwritten(&error);
        }
        self.trap.at(Point::After(direction, planned.number)).await;
    }

    pub(super) fn began(&self, planned: &PlannedStep, direction: Direction) {
        let (number, name) = (planned.number, planned.name.clone());
        self.say(Progress::Began { job: self.job, number, direction, name });
    }

    pub(super) fn ended(
        &self,
        planned: &PlannedStep,
        direction: Direction,
        result: Result<Done, EngineError>,
    ) {
        let outcome = StepOutcome { number: planned.number, direction, step: planned.clone(), result };
        self.told().outcomes.push(outcome.clone());
        self.say(Progress::Ended { job: self.job, outcome });
    }

    /// Whether this is only clearing up behind what can be taken back: failing at it is no failure.
    pub(super) fn clears_up(&self, planned: &PlannedStep) -> bool {
        self.has_forward && planned.phase == Phase::Commit && removes(planned)
    }

    /// A gate at the end that has to be true at the end.
    fn settles(&self, planned: &PlannedStep) -> bool {
        let settles = matches!(&planned.work, Work::Gate(gate) if matches!(gate.rule, Rule::Settles(_)));
        settles && !self.committed()
    }

    /// Whether later waves depend on what failed.
    fn stops_after_failure(&self) -> bool {
        !matches!(
            self.plan.intent.change,
            Change::Act(Verb::Stop | Verb::Kill | Verb::Pause | Verb::Unpause | Verb::Remove) | Change::Down
        )
    }
}

impl PlannedStep {
    /// Whether it is a step, not a gate.
    fn replica_step(&self) -> bool {
        matches!(self.work, Work::Step(_))
    }
}

/// Whether it removes a replica.
pub(super) fn removes(planned: &PlannedStep) -> bool {
    matches!(&planned.work, Work::Step(Step::Act(Act { verb: Verb::Remove, .. }) | Step::Discard { .. }))
}

fn changed(planned: &PlannedStep, why: &str) -> EngineError {
    EngineError::Changed { what: planned.name.to_string(), why: why.to_owned() }
}

/// Steps by wave, in order; each as its place in the plan.
pub(super) fn waves(steps: &[PlannedStep]) -> Vec<Vec<usize>> {
    let mut waves: Vec<(u16, Vec<usize>)> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        match waves.last_mut() {
            Some((wave, places)) if *wave == step.wave => places.push(at),
            _ => waves.push((step.wave, vec![at])),
        }
    }
    waves.into_iter().map(|(_, places)| places).collect()
}

/// What goes one after the other within a wave.
pub(super) fn lanes(steps: &[PlannedStep], wave: &[usize]) -> Vec<Vec<usize>> {
    let mut lanes: Vec<(u16, Vec<usize>)> = Vec::new();
    for &at in wave {
        let Some(step) = steps.get(at) else { continue };
        match lanes.iter_mut().find(|(lane, _)| *lane == step.lane) {
            Some((_, places)) => places.push(at),
            None => lanes.push((step.lane, vec![at])),
        }
    }
    lanes.into_iter().map(|(_, places)| places).collect()
}
