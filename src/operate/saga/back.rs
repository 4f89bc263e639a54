//! The way back: everything begun is taken back in reverse order, written down like the way
//! forward, and looked at in the end.

use futures_util::{StreamExt, stream};

use super::Saga;
use super::ask::{away, maybe};
use super::forward::{LANES, lanes, waves};
use super::ledger::Attempt;
use super::trap::Point;
use crate::engine::{Act, Done, EngineError, Step};
use crate::fleet::{HealthCheck, State, Verb};
use crate::operate::gate::natural;
use crate::operate::{Direction, End, Expect, Gate, Phase, PlannedStep, Progress, Rule, Unit, Work};

impl Saga {
    /// Take back what was begun, and see that all is as it was.
    pub(super) async fn back(&self, why: String) -> End {
        if let Err(error) = self.pen.undoing(&why).await {
            // Going back matters more than writing it down; unless it is somebody else's by now.
            self.unwritten(&error);
        }
        self.say(Progress::Undoing { job: self.job, why: why.clone() });
        self.trap.at(Point::Undoing).await;
        let mut left = self.pass().await;
        if !left.is_empty() && !self.halt.is_cancelled() {
            // One that failed may have stood in the way of another.
            left = self.pass().await;
        }
        if self.halt.is_cancelled() {
            return self.interrupted(&why);
        }
        if left.is_empty() {
            left = self.verify().await;
        }
        if let Some((name, error)) = left.into_iter().next() {
            if self.is_gone() && self.pen.operation().is_some() {
                return self.interrupted(&format!("{why}; going back: {error}"));
            }
            let fault = sentence(&name, &error);
            return End::Failed { why: format!("{why}; and going back failed: {fault}") };
        }
        End::Undone { why }
    }

    /// Once through all that is to be taken back. Returns what failed, by name.
    async fn pass(&self) -> Vec<(String, EngineError)> {
        let mut failed = Vec::new();
        for wave in waves(&self.plan.steps).into_iter().rev() {
            let lanes = stream::iter(lanes(&self.plan.steps, &wave)).map(|lane| self.lane_back(lane));
            let mut lanes = lanes.buffer_unordered(LANES);
            while let Some(lane) = lanes.next().await {
                failed.extend(lane);
            }
        }
        failed
    }

    async fn lane_back(&self, lane: Vec<usize>) -> Vec<(String, EngineError)> {
        let mut failed = Vec::new();
        for at in lane.into_iter().rev() {
            let Some(planned) = self.step_at(at).filter(|s| s.phase == Phase::Forward) else { continue };
            let step = self.ledger().back(at, planned);
            let Some(step) = step else { continue };
            if self.halt.is_cancelled() {
                break;
            }
            self.began(planned, Direction::Back);
            let Some(result) = self.take_back(at, planned, step).await else { break };
            if let Err(error) = &result {
                failed.push((planned.name.to_string(), error.clone()));
            }
            self.ended(planned, Direction::Back, result);
        }
        failed
    }

    /// Take one step back. `None`: it was left while under way.
    async fn take_back(
        &self,
        at: usize,
        planned: &PlannedStep,
        step: Step<Unit>,
    ) -> Option<Result<Done, EngineError>> {
        let made = step.replica().is_some_and(|unit| unit.is().is_none());
        let step = match self.aim(planned, step) {
            Ok(step) => step,
            Err(error) => return Some(Err(error)),
        };
        if let Err(error) = self.write_begin(at, planned, Direction::Back).await {
            if self.halt.is_cancelled() {
                return None;
            }
            tracing::warn!(%error, "going back without a record");
            self.ledger().begins(at, Direction::Back);
        }
        let result = match step {
            Some(step) => self.ask(&planned.service, step, None).await.result,
            None => Ok(Done::Unchanged),
        };
        let result = match result {
            // What this operation made has to go anyway.
            Err(EngineError::Gone { .. }) if made || matches!(planned.work, Work::Step(Step::Create(_))) => {
                Ok(Done::Unchanged)
            }
            Ok(done) => self.raise(planned).await.map(|()| done),
            other => other,
        };
        self.trap.at(Point::MidAfter(Direction::Back, planned.number)).await;
        if result.as_ref().is_err_and(away) && self.halt.is_cancelled() {
            return None;
        }
        let attempt = match &result {
            Ok(done) => Attempt::Did(done.clone()),
            Err(error) if maybe(error) => Attempt::Maybe,
            Err(_) => Attempt::Nothing,
        };
        self.write_end(at, planned, Direction::Back, &attempt, &result).await;
        Some(result)
    }

    /// A replica that was up and was not to come up by itself any more: where the engine was started
    /// anew meanwhile, it has stayed down, though nobody stopped it.
    async fn raise(&self, planned: &PlannedStep) -> Result<(), EngineError> {
        let Work::Step(Step::Policy { replica: Unit::Is(id), .. }) = &planned.work else { return Ok(()) };
        let was_up = |e: &&Expect| e.replica == *id && matches!(e.state, State::Running | State::Restarting);
        if !self.plan.expects.iter().any(|e| was_up(&e)) {
            return Ok(());
        }
        let state = self.look(id).await?.replica.state;
        if !matches!(state, State::Created | State::Exited) {
            return Ok(());
        }
        let start = Step::Act(Act::new(Verb::Start, id.clone()));
        self.ask(&planned.service, start, None).await.result.map(|_| ())
    }

    /// Name the replica. `None`: there is nothing to be done any more.
    fn aim(&self, planned: &PlannedStep, step: Step<Unit>) -> Result<Option<Step>, EngineError> {
        let made = self.resolve(&Unit::Made(planned.number));
        if let (Step::Discard { .. }, Ok(id)) = (&step, made) {
            // It is known which replica it is: it is that one, whatever it is called now, and
            // nothing else of that name.
            let act = Act::new(Verb::Remove, id);
            return Ok(Some(Step::Act(Act { force: true, volumes: true, ..act })));
        }
        match step.named(|unit| self.resolve(&unit)) {
            Ok(step) => Ok(Some(step)),
            // What it was about was never made, or is gone already.
            Err(EngineError::NotBegun { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// See that every replica this operation was at is as it was. Returns what is not.
    async fn verify(&self) -> Vec<(String, EngineError)> {
        let touched = |e: &Expect| self.touched_by(e).map(|number| (e.clone(), number));
        let touched: Vec<(Expect, u32)> = self.plan.expects.iter().filter_map(touched).collect();
        let checks = stream::iter(touched).map(|(expect, number)| async move {
            let result = self.as_it_was(&expect, number).await;
            result.err().map(|error| (expect.name.to_string(), error))
        });
        let mut wrong: Vec<_> =
            checks.buffer_unordered(LANES).filter_map(|wrong| async move { wrong }).collect().await;
        for (at, planned) in self.plan.steps.iter().enumerate() {
            let steered = matches!(planned.work, Work::Step(Step::Steer { .. })) && self.ledger().ever(at);
            let gate = self.plan.steps.iter().find_map(|s| match &s.work {
                Work::Gate(gate) if s.service == planned.service && gate.rule == Rule::Converged => {
                    Some((s, gate))
                }
                _ => None,
            });
            if let (true, Some((step, gate))) = (steered, gate)
                && let Err(error) = self.converge(step, gate, Direction::Back).await
            {
                wrong.push((planned.service.path(), error));
            }
        }
        wrong
    }

    /// The number of the first step that was begun on a replica which was there before.
    fn touched_by(&self, expect: &Expect) -> Option<u32> {
        let ledger = self.ledger();
        self.plan.steps.iter().enumerate().find_map(|(at, step)| {
            let copies = matches!(step.work, Work::Step(Step::Create(_)));
            (step.replica() == Some(&expect.replica) && !copies && ledger.ever(at)).then_some(step.number)
        })
    }

    async fn as_it_was(&self, expect: &Expect, number: u32) -> Result<(), EngineError> {
        let not = |why: String| EngineError::NotWell { what: expect.name.to_string(), why };
        let details = match self.look(&expect.replica).await {
            Err(EngineError::Gone { .. }) => return Err(not("is gone".to_owned())),
            other => other?,
        };
        let replica = &details.replica;
        if replica.name != expect.name {
            return Err(not(format!("is still called {}", replica.name)));
        }
        let was_up = matches!(expect.state, State::Running | State::Restarting | State::Paused);
        if was_up && !(replica.is_up() || replica.state == State::Restarting) {
            return Err(not(format!("is {}", replica.state.word())));
        }
        let healthy = self.was_healthy(&expect.replica);
        if !healthy || replica.check == HealthCheck::Healthy {
            return Ok(());
        }
        let deadline = self.plan.steps.iter().find_map(|s| match &s.work {
            Work::Gate(gate) if s.service == expect.service && gate.rule == Rule::Healthy => {
                Some(gate.deadline)
            }
            _ => None,
        });
        let deadline = deadline.or(details.health.as_ref().map(natural)).unwrap_or_default();
        let unit = Unit::Is(expect.replica.clone());
        let gate = Gate { unit: Some(unit.clone()), rule: Rule::Healthy, deadline };
        self.seen().well.remove(&expect.replica);
        self.replica(number, &unit, &expect.replica, &expect.name, &gate, Direction::Back).await.map(|_| ())
    }
}

/// `api-1 …`: an error with the name of what it is about, once.
pub(super) fn sentence(name: &str, error: &EngineError) -> String {
    match error {
        EngineError::NotWell { .. } | EngineError::Changed { .. } => error.to_string(),
        error => format!("{name}: {error}"),
    }
}
