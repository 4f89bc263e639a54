//! An operation from begin to end: check, record, forward, back, outcome.

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::back::sentence;
use super::forward::LANES;
use super::ledger::{Ledger, Mark};
use super::pen::Pen;
use super::{BEAT, Left, Point, Resume, Saga, Setting, Task, plain};
use crate::engine::EngineError;
use crate::fleet::{HealthCheck, ReplicaId, State};
use crate::journal::{JournalError, NewOperation, OperationEnd, OperationState, Sighting};
use crate::operate::{Change, End, Expect, ImageChange, Intent, Outcome, Phase, Plan, Progress, Unit, Work};

/// What the journal keeps of a plan: the plan, and what was seen before anything was touched.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    plan: Plan,
    /// The replicas that were healthy: an undo has to bring them back to that.
    #[serde(default)]
    healthy: Vec<ReplicaId>,
}

/// All of it.
pub(super) async fn whole(setting: Setting, task: Task, tell: UnboundedSender<Progress>) -> Outcome {
    let began = Instant::now();
    match task {
        Task::Run(plan) => run(setting, *plan, tell, began).await,
        Task::Resume(left, how) => resume(setting, left, how, tell, began).await,
    }
}

async fn run(setting: Setting, plan: Plan, tell: UnboundedSender<Progress>, began: Instant) -> Outcome {
    let refused = |why: String, remedy: String| refused(&plan, why, remedy, began);
    let healthy = match check(&setting, &plan).await {
        Ok(healthy) => healthy,
        Err(error) => return refused(error.to_string(), error.remedy()),
    };
    if setting.control.cancel.is_cancelled() || setting.control.abandon.is_cancelled() {
        return refused("it was cancelled before it began".to_owned(), String::new());
    }
    let mut unwritten = None;
    let pen = match record(&setting, &plan, &healthy).await {
        Ok(pen) => pen,
        Err(error @ JournalError::Locked(_)) => return refused(error.to_string(), error.remedy()),
        Err(error) if plain(&plan) => {
            unwritten = Some(error.to_string());
            Pen::nowhere()
        }
        Err(error) => {
            let what = EngineError::Unrecorded { why: error.to_string(), remedy: error.remedy() };
            return refused(what.to_string(), what.remedy());
        }
    };
    let ledger = Ledger::new(&plan);
    let saga = Saga::new(setting, plan, ledger, pen, tell);
    saga.seen().healthy.extend(healthy);
    saga.told().unwritten = unwritten;
    saga.say(Progress::Recorded { job: saga.job, operation: saga.pen.operation() });
    saga.trap.at(Point::Recorded).await;
    let end = saga.beating(async {
        saga.forward().await;
        saga.settle().await
    });
    let end = end.await;
    saga.close(end, began).await
}

async fn resume(
    setting: Setting,
    left: Left,
    how: Resume,
    tell: UnboundedSender<Progress>,
    began: Instant,
) -> Outcome {
    let Left { operation, services } = left;
    let refused = |why: String, remedy: String| Outcome {
        intent: Intent { change: Change::Recreate, targets: Vec::new() },
        services: services.clone(),
        end: End::Refused { why, remedy },
        steps: Vec::new(),
        images: Vec::new(),
        advice: Vec::new(),
        operation: Some(operation),
        took: began.elapsed(),
    };
    let (pen, leftover) = match setting.book.adopt(operation, setting.bridge.who.clone()).await {
        Ok(adopted) => adopted,
        Err(error) => return refused(error.to_string(), error.remedy()),
    };
    let kept: Kept = match serde_json::from_str(&leftover.plan) {
        Ok(kept) => kept,
        Err(error) => {
            let _ = pen.left("its plan can't be read").await;
            let why = format!("the plan of operation {operation} can't be read ({error})");
            return refused(
                why,
                format!("See what it did: qd journal {operation}; then put it right by hand."),
            );
        }
    };
    let ledger = Ledger::read(&kept.plan, &leftover.steps);
    let saga = Saga::new(setting, kept.plan, ledger, pen, tell);
    if saga.clearing_begun() {
        saga.commits();
    }
    saga.seen().healthy.extend(kept.healthy);
    saga.say(Progress::Recorded { job: saga.job, operation: saga.pen.operation() });
    saga.trap.at(Point::Recorded).await;
    let end = saga.beating(async {
        match how {
            Resume::Finish => {
                saga.forward().await;
                saga.settle().await
            }
            Resume::Undo => saga.undo_all().await,
        }
    });
    let end = end.await;
    if matches!(end, End::Refused { .. }) {
        // It was not touched this time; it is still to be ended.
        let _ = saga.pen.left("it can only be finished").await;
        let mut outcome = saga.outcome(end, began).await;
        outcome.operation = Some(operation);
        return outcome;
    }
    saga.close(end, began).await
}

fn refused(plan: &Plan, why: String, remedy: String, began: Instant) -> Outcome {
    Outcome {
        intent: plan.intent.clone(),
        services: plan.services.clone(),
        end: End::Refused { why, remedy },
        steps: Vec::new(),
        images: plan.images.clone(),
        advice: Vec::new(),
        operation: None,
        took: began.elapsed(),
    }
}

/// That everything is as it was when this was planned. Returns which replicas are healthy.
async fn check(setting: &Setting, plan: &Plan) -> Result<Vec<ReplicaId>, EngineError> {
    let engine = &setting.bridge.engine;
    let looks = stream::iter(plan.expects.clone()).map(|expect| async move {
        let call = engine.inspect(&expect.replica);
        let looked = match tokio::time::timeout(std::time::Duration::from_secs(15), call).await {
            Ok(looked) => looked,
            Err(_) => Err(EngineError::Timeout {
                endpoint: engine.endpoint(),
                seconds: 15,
                during: "inspect".to_owned(),
            }),
        };
        (expect, looked)
    });
    let mut looks = looks.buffered(LANES);
    let mut healthy = Vec::new();
    while let Some((expect, looked)) = looks.next().await {
        let changed = |why: String| EngineError::Changed { what: expect.name.to_string(), why };
        let details = match looked {
            Err(EngineError::Gone { .. }) => return Err(changed("somebody removed it".to_owned())),
            other => other?,
        };
        let replica = &details.replica;
        if replica.name != expect.name {
            return Err(changed(format!("it is called {} now", replica.name)));
        }
        if !expect.image.is_empty() && replica.image.id != expect.image {
            return Err(changed("it is made from another image".to_owned()));
        }
        if !alike(&expect, replica.state) {
            return Err(changed(format!("it was {} and is {}", expect.state.word(), replica.state.word())));
        }
        if replica.check == HealthCheck::Healthy {
            healthy.push(expect.replica.clone());
        }
    }
    Ok(healthy)
}

/// Whether a plan made for one state is good for another: one that dies over and over is now up,
/// now not.
fn alike(expect: &Expect, now: State) -> bool {
    let kind = |state| match state {
        State::Running | State::Restarting => 0,
        State::Created | State::Exited => 1,
        State::Paused => 2,
        State::Removing | State::Dead => 3,
    };
    kind(expect.state) == kind(now) || (expect.state == State::Restarting && now == State::Exited)
}

async fn record(setting: &Setting, plan: &Plan, healthy: &[ReplicaId]) -> Result<Pen, JournalError> {
    let kept = Kept { plan: plan.clone(), healthy: healthy.to_vec() };
    let images = |i: &ImageChange| (i.service.clone(), i.from.clone(), i.to.clone());
    let new = NewOperation {
        instance: setting.bridge.instance.clone(),
        host: setting.bridge.host.clone(),
        endpoint: setting.bridge.engine.endpoint(),
        services: plan.services.clone(),
        change: plan.intent.change.command().to_owned(),
        sentence: plan.sentence(),
        plan: serde_json::to_string(&kept).unwrap_or_default(),
        images: plan.images.iter().map(images).collect(),
        who: setting.bridge.who.clone(),
    };
    setting.book.begin(new).await
}

impl Saga {
    /// Do it, telling the journal meanwhile that we live.
    async fn beating<T>(&self, work: impl Future<Output = T>) -> T {
        let beats = async {
            loop {
                tokio::time::sleep(BEAT).await;
                // Whatever else is wrong with the journal, the next step finds out.
                if let Err(error) = self.pen.beat().await
                    && super::pen::lost(&error)
                {
                    self.unwritten(&error);
                }
            }
        };
        tokio::select! {
            biased;
            done = work => done,
            never = beats => never,
        }
    }

    /// After the way forward: how it ends, going back where it has to.
    async fn settle(&self) -> End {
        let failure = self.first_failure();
        let all = (0..self.plan.steps.len()).all(|at| self.ledger().did(at)) || self.nothing_newer();
        if self.told().lost.is_some() || (self.halt.is_cancelled() && !all) {
            return self.interrupted("it was told to stop");
        }
        let in_time = self.told().cancelled || (self.control.cancel.is_cancelled() && !all);
        let cancelled = in_time && !self.committed();
        let turned = self.turn.is_cancelled() || (cancelled && self.has_forward);
        let why = match &failure {
            Some((name, error)) => sentence(name, error),
            None => "it was cancelled".to_owned(),
        };
        if self.is_gone() && failure.is_some() && self.pen.operation().is_some() {
            return self.interrupted(&why);
        }
        if turned && !self.ledger().touched(&self.plan) {
            return match &failure {
                Some((_, error)) if refusal(error) => End::Refused { why, remedy: error.remedy() },
                _ => End::Undone { why },
            };
        }
        if turned {
            return self.back(why).await;
        }
        if let Some((_, error)) = &failure {
            let untouched = (0..self.plan.steps.len()).all(|at| *self.ledger().mark(at) == Mark::Fresh);
            return if untouched && refusal(error) {
                End::Refused { why, remedy: error.remedy() }
            } else {
                End::Failed { why }
            };
        }
        if cancelled {
            return End::Failed { why: "it was cancelled; what had begun is left as it is".to_owned() };
        }
        let unrecorded =
            self.told().outcomes.iter().any(|o| matches!(o.result, Err(EngineError::Unrecorded { .. })));
        if unrecorded {
            return self.interrupted("what is left to clear up can't be written down");
        }
        End::Done
    }

    /// Whether the point of no return was passed before.
    fn clearing_begun(&self) -> bool {
        let ledger = self.ledger();
        let mut steps = self.plan.steps.iter().enumerate();
        self.has_forward && steps.any(|(at, step)| step.phase == Phase::Commit && ledger.ever(at))
    }

    /// Undo an operation that was left in the middle.
    async fn undo_all(&self) -> End {
        if !self.has_forward {
            let what = self.plan.intent.change.word();
            return End::Failed {
                why: format!("{what} can't be taken back; what had begun is left as it is"),
            };
        }
        let mut removed = None;
        for (at, planned) in self.plan.steps.iter().enumerate() {
            let begun = planned.phase == Phase::Commit && self.ledger().ever(at);
            let Some(id) = planned.replica().filter(|_| begun) else { continue };
            let gone = self.ledger().did(at) || matches!(self.look(id).await, Err(EngineError::Gone { .. }));
            if gone {
                removed = Some(planned.name.clone());
            }
        }
        if let Some(name) = removed {
            let why = format!("it can't be undone any more: {name} is removed already");
            let finish =
                self.pen.operation().map(|n| format!("Finish it: qd finish {n}.")).unwrap_or_default();
            return End::Refused { why, remedy: finish };
        }
        self.back("it was left in the middle".to_owned()).await
    }

    /// The last entry, and the outcome.
    async fn close(&self, end: End, began: Instant) -> Outcome {
        let mut outcome = self.outcome(end, began).await;
        self.trap.at(Point::Ending).await;
        let state = match &outcome.end {
            End::Done => OperationState::Done,
            End::Refused { .. } => OperationState::Refused,
            End::Undone { .. } => OperationState::Undone,
            End::Failed { .. } => OperationState::Failed,
            End::Interrupted { why } => {
                if self.told().lost.is_none() {
                    let _ = self.pen.left(why).await;
                }
                return outcome;
            }
        };
        if state == OperationState::Done {
            self.sight().await;
        }
        let end = OperationEnd { state, sentence: outcome.sentence(), took: outcome.took };
        if let Err(error) = self.pen.ended(end).await {
            let number = self.pen.operation().unwrap_or_default();
            // It may know nothing of the way back: to finish would be to do it all again.
            let word = if outcome.ok() { Resume::Finish } else { Resume::Undo }.word();
            outcome.advice.push(format!(
                "the journal could not be told that it ended ({error}); once it can be written: qd {word} {number}"
            ));
        }
        outcome
    }

    async fn outcome(&self, end: End, began: Instant) -> Outcome {
        let advice = self.advice(&end).await;
        let steps = std::mem::take(&mut self.told().outcomes);
        Outcome {
            intent: self.plan.intent.clone(),
            services: self.plan.services.clone(),
            end,
            steps,
            images: self.images(),
            advice,
            operation: self.pen.operation(),
            took: began.elapsed(),
        }
    }

    /// Write down what services run from now on, and that it was us.
    async fn sight(&self) {
        let Some(operation) = self.pen.operation() else { return };
        let mut sightings = Vec::new();
        for change in self.images() {
            let made = self.plan.steps.iter().find(|s| {
                s.service == change.service
                    && matches!(&s.work, Work::Step(step) if made(step, s.number, self))
            });
            let seen = match made.and_then(|s| self.resolve(&Unit::Made(s.number)).ok()) {
                Some(id) => self.look_once(&id).await.ok(),
                None => None,
            };
            let (image, spec) = match seen {
                Some(details) => (details.replica.image, details.replica.spec),
                None => (change.to, None),
            };
            let at = Timestamp::now();
            sightings.push(Sighting { service: change.service, image, spec, at, by: Some(operation) });
        }
        if !sightings.is_empty() {
            self.pen.saw(sightings).await;
        }
    }
}

fn made(step: &crate::engine::Step<Unit>, number: u32, saga: &Saga) -> bool {
    matches!(step, crate::engine::Step::Create(_)) && saga.resolve(&Unit::Made(number)).is_ok()
}

/// Whether an error says that it was not even tried.
fn refusal(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Changed { .. }
            | EngineError::Unrecorded { .. }
            | EngineError::NoImage { .. }
            | EngineError::ReadOnly
            | EngineError::Protected { .. }
    )
}
