//! Carrying a plan out, so that it ends well, or as it was, or says exactly what is left.
//!
//! Owns: the re-check before anything is touched, the record before and after every step, the order
//! of steps, gates, the way back, and taking up again what was left in the middle. Must not: decide
//! what the steps are (the plan does), or draw.
//!
//! ```text
//!  check ─▶ begin (lock) ─▶ forward: waves → lanes → steps ─▶ commit ─▶ Done
//!    │                          │ a step or gate fails, cancel
//!    ▼                          ▼
//!  Refused                    back: the same in reverse ─▶ verify ─▶ Undone | Failed
//! ```
//!
//! Every step is written down before it is asked for and after it ended. Whoever takes an operation
//! up after a crash makes the [`ledger`] again from that and goes on, either way: all steps bear to
//! be asked for twice.

mod advice;
mod ask;
mod back;
mod begin;
mod control;
mod forward;
mod ledger;
mod pen;
#[cfg(test)]
mod tests;
mod trap;
mod wait;

pub use control::{Bridge, Control, Resume};

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::gate::Well;
use super::{
    Change, End, ImageChange, Intent, JobId, Outcome, Phase, Plan, PlannedStep, Progress, StepOutcome, Unit,
};
use crate::engine::{Consent, Engine, EngineError};
use crate::fleet::{ReplicaId, ServiceId};
use crate::journal::{JournalError, OperationRecord};
use crate::probe::Examiner;
use ledger::Ledger;
use pen::{Book, Pen};
use trap::{Point, Trap};

/// How often the journal hears that we live.
const BEAT: Duration = Duration::from_secs(5);

/// Carry out a plan in a task of its own. The channel brings every step's begin and end, and then
/// **exactly one** [`Progress::Finished`], also after cancelling and when a call hangs.
///
/// Dropping the receiver does not stop the job: what the user confirmed is carried out. [`Control`]
/// does. Must be called inside a tokio runtime.
pub fn run(
    bridge: Bridge,
    job: JobId,
    plan: Plan,
    consent: Consent,
    control: impl Into<Control>,
) -> UnboundedReceiver<Progress> {
    let book = bridge.journal.clone().map_or(Book::Nowhere, Book::Journal);
    let setting = Setting { bridge, book, job, consent, control: control.into(), trap: Trap::from_env() };
    launch(setting, Task::Run(Box::new(plan))).1
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
    let book = bridge.journal.clone().map_or(Book::Nowhere, Book::Journal);
    let setting = Setting { bridge, book, job, consent, control: control.into(), trap: Trap::from_env() };
    let left = Left { operation: record.id, services: record.begun.services };
    launch(setting, Task::Resume(left, how)).1
}

/// All that a task works with.
struct Setting {
    bridge: Bridge,
    book: Book,
    job: JobId,
    consent: Consent,
    control: Control,
    trap: Trap,
}

/// What a task is to do.
enum Task {
    Run(Box<Plan>),
    Resume(Left, Resume),
}

/// An operation that was left in the middle.
struct Left {
    operation: i64,
    services: Vec<ServiceId>,
}

fn launch(setting: Setting, task: Task) -> (JoinHandle<()>, UnboundedReceiver<Progress>) {
    let (tell, told) = mpsc::unbounded_channel();
    let running = tokio::spawn(async move {
        let job = setting.job;
        let (intent, services, images) = match &task {
            Task::Run(plan) => (plan.intent.clone(), plan.services.clone(), plan.images.clone()),
            Task::Resume(left, _) => {
                // What it was is not known before it is read.
                let intent = Intent { change: Change::Recreate, targets: Vec::new() };
                (intent, left.services.clone(), Vec::new())
            }
        };
        let began = Instant::now();
        let whole = AssertUnwindSafe(begin::whole(setting, task, tell.clone())).catch_unwind();
        let outcome = whole.await.unwrap_or_else(|_| Outcome {
            intent,
            services,
            end: End::Failed { why: "quarterdeck itself broke; see its log".to_owned() },
            steps: Vec::new(),
            images,
            advice: vec!["what was begun and has not ended: qd journal".to_owned()],
            operation: None,
            took: began.elapsed(),
        });
        // Nobody listening is not a reason to stop; see `run`.
        let _ = tell.send(Progress::Finished { job, outcome });
    });
    (running, told)
}

/// A plan being carried out.
struct Saga {
    engine: Arc<dyn Engine>,
    examiner: Option<Examiner>,
    consent: Consent,
    job: JobId,
    tell: UnboundedSender<Progress>,
    control: Control,
    plan: Plan,
    pen: Pen,
    trap: Trap,
    /// A failure turns it back; else only cancelling does.
    reverts: bool,
    /// There is something that can be taken back.
    has_forward: bool,
    /// It goes back: what only waits need not wait any longer.
    turn: CancellationToken,
    /// It stops: the step under way ends, nothing else begins.
    halt: CancellationToken,
    ledger: Mutex<Ledger>,
    seen: Mutex<Memory>,
    told: Mutex<Told>,
    /// The engine was waited for for as long as is sensible.
    gone: AtomicBool,
    /// The point of no return is passed.
    committed: AtomicBool,
}

/// What was seen of replicas on the way.
#[derive(Default)]
struct Memory {
    /// How often each had been restarted when it was last looked at before a step.
    restarts: HashMap<ReplicaId, u32>,
    /// Since when each is well.
    well: HashMap<ReplicaId, Well>,
    /// Which were healthy before anything was touched.
    healthy: HashSet<ReplicaId>,
}

/// What was told, and what is to be told in the end.
#[derive(Default)]
struct Told {
    outcomes: Vec<StepOutcome>,
    /// What failed first, by name.
    failure: Option<(Arc<str>, EngineError)>,
    /// Why the journal could not be written.
    unwritten: Option<String>,
    /// It is somebody else's by now.
    lost: Option<String>,
    /// It was cancelled while something was under way that can be taken back.
    cancelled: bool,
}

impl Saga {
    fn new(setting: Setting, plan: Plan, ledger: Ledger, pen: Pen, tell: UnboundedSender<Progress>) -> Self {
        let has_forward = plan.steps.iter().any(|s| s.phase == Phase::Forward);
        let reverts =
            has_forward && !matches!(plan.intent.change, Change::Act(_) | Change::Up | Change::Down);
        Self {
            engine: setting.bridge.engine,
            examiner: setting.bridge.examiner,
            consent: setting.consent,
            job: setting.job,
            tell,
            halt: setting.control.abandon.child_token(),
            control: setting.control,
            plan,
            pen,
            trap: setting.trap,
            reverts,
            has_forward,
            turn: CancellationToken::new(),
            ledger: Mutex::new(ledger),
            seen: Mutex::default(),
            told: Mutex::default(),
            gone: AtomicBool::new(false),
            committed: AtomicBool::new(false),
        }
    }

    fn say(&self, progress: Progress) {
        let _ = self.tell.send(progress);
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, Memory> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step_at(&self, at: usize) -> Option<&PlannedStep> {
        self.plan.steps.get(at)
    }

    fn place(&self, planned: &PlannedStep) -> usize {
        self.plan.steps.iter().position(|s| s.number == planned.number).unwrap_or(usize::MAX)
    }

    fn resolve(&self, unit: &Unit) -> Result<ReplicaId, EngineError> {
        let found = self.ledger().resolve(&self.plan, unit);
        found.ok_or_else(|| EngineError::NotBegun { why: "what it is about was not made".to_owned() })
    }

    fn was_healthy(&self, id: &ReplicaId) -> bool {
        self.seen().healthy.contains(id)
    }

    fn committed(&self) -> bool {
        self.committed.load(Ordering::Relaxed)
    }

    fn commits(&self) {
        self.committed.store(true, Ordering::Relaxed);
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// It does not come back soon; nothing waits for it again.
    fn engine_is_gone(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    /// It was away: what it did meanwhile to its replicas is not their fault.
    fn engine_was_away(&self) {
        let mut seen = self.seen();
        seen.well.clear();
        seen.restarts.clear();
    }

    /// Whether an engine that went away is waited for. A plain verb is not worth it: the user sees
    /// that it failed and asks again.
    fn patient(&self) -> bool {
        !self.is_gone() && !plain(&self.plan)
    }

    /// Whether cancelling is of any use to this step: clearing up goes on.
    fn heeds_cancel(&self, planned: &PlannedStep) -> bool {
        planned.phase == Phase::Forward || !self.has_forward
    }

    /// Whether it has to go back before it may commit.
    fn turning(&self) -> bool {
        self.turn.is_cancelled() || self.control.cancel.is_cancelled() || self.first_failure().is_some()
    }

    fn first_failure(&self) -> Option<(Arc<str>, EngineError)> {
        self.told().failure.clone()
    }

    /// A step failed.
    fn failed(&self, at: usize, planned: &PlannedStep, error: &EngineError) {
        let _ = at;
        if matches!(error, EngineError::Interrupted) || self.clears_up(planned) {
            return;
        }
        self.told().failure.get_or_insert_with(|| (planned.name.clone(), error.clone()));
        if self.reverts && planned.phase == Phase::Forward {
            self.turn.cancel();
        }
    }

    /// The journal could not be written.
    fn unwritten(&self, error: &JournalError) {
        tracing::warn!(%error, "the journal");
        let mut told = self.told();
        if pen::lost(error) {
            // Somebody else is at it: every further step of ours would be one too many.
            told.lost.get_or_insert_with(|| error.to_string());
            self.halt.cancel();
        } else {
            told.unwritten.get_or_insert_with(|| error.to_string());
        }
    }

    /// The registry had nothing newer, and that was all it was about.
    fn nothing_newer(&self) -> bool {
        let images = self.images();
        self.plan.only_newer
            && !images.is_empty()
            && images.iter().all(|i| !i.to.id.is_empty() && i.to.id == i.from.id)
    }

    /// The plan's images, with what was pulled.
    fn images(&self) -> Vec<ImageChange> {
        let ledger = self.ledger();
        let mut images = self.plan.images.clone();
        for image in &mut images {
            if let Some(id) = ledger.pulled(&self.plan, &image.to.reference) {
                image.to.id = id;
            }
        }
        images
    }

    /// That it was left in the middle.
    fn interrupted(&self, why: &str) -> End {
        let lost = self.told().lost.clone();
        End::Interrupted { why: lost.unwrap_or_else(|| why.to_owned()) }
    }
}

/// A plan that can be done over by hand if need be: it may go without a journal, and without
/// patience.
fn plain(plan: &Plan) -> bool {
    !plan.intent.change.needs_journal()
}
