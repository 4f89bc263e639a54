//! Engine calls, started here and run beside the screen; each ends in a message.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::Msg;
use super::super::model::Choice;
use super::{Inner, look, save};
use crate::config::{Library, Listed};
use crate::engine::{Consent, Engine, TermSize};
use crate::fleet::{Fleet, ReplicaId, ServiceId};
use crate::journal::{Journal, OperationRecord, Who};
use crate::operate::{self, Bridge, Control, Intent, JobId, Plan, Progress, Resume};
use crate::postmortem::Sight;
use crate::probe::{Examiner, Rules};

/// Inspections at once.
const INSPECTIONS: usize = 4;
/// How often the engine is told which replicas are on screen, at most.
const FOCUS: Duration = Duration::from_millis(150);

/// What things are done with.
pub(super) struct Hands {
    /// The engine, behind its guard.
    pub(super) engine: Arc<dyn Engine>,
    /// Where it is written down.
    pub(super) journal: Option<Journal>,
    /// Who does it.
    pub(super) who: Who,
    /// How services are probed.
    pub(super) rules: Rules,
}

impl Hands {
    fn bridge(&self, fleet: &Fleet) -> Bridge {
        Bridge {
            engine: self.engine.clone(),
            instance: look::instance(fleet),
            host: fleet.engine().map(|e| e.host.clone()).unwrap_or_default(),
            journal: self.journal.clone(),
            who: self.who.clone(),
            examiner: Some(Examiner::new(self.rules.clone(), self.engine.clone(), fleet.engine())),
        }
    }
}

/// Starts engine calls.
pub(super) struct Work {
    pub(super) hands: Hands,
    outside: Handle,
    tell: mpsc::Sender<Inner>,
    inspections: Arc<Semaphore>,
    focus: Option<(Instant, Vec<ReplicaId>)>,
    jobs: HashMap<JobId, Control>,
    /// The engine adding up what it keeps.
    pub(super) adding_up: Option<JoinHandle<()>>,
}

impl Work {
    /// Nothing is under way.
    pub(super) fn new(hands: Hands, outside: Handle, tell: mpsc::Sender<Inner>) -> Self {
        let inspections = Arc::new(Semaphore::new(INSPECTIONS));
        Self { hands, outside, tell, inspections, focus: None, jobs: HashMap::new(), adding_up: None }
    }

    /// Run a job to its end.
    pub(super) fn job(&mut self, id: JobId, plan: Plan, consent: Consent, fleet: &Fleet) {
        let (bridge, control) = (self.hands.bridge(fleet), self.control(id));
        let here = self.outside.enter();
        let told = operate::run(bridge, id, plan, consent, control);
        drop(here);
        self.pass_on(told);
    }

    /// Bring to an end what was left in the middle.
    pub(super) fn resume(
        &mut self,
        id: JobId,
        record: OperationRecord,
        how: Resume,
        consent: Consent,
        fleet: &Fleet,
    ) {
        let (bridge, control) = (self.hands.bridge(fleet), self.control(id));
        let here = self.outside.enter();
        let told = operate::resume(bridge, id, record, how, consent, control);
        drop(here);
        self.pass_on(told);
    }

    fn control(&mut self, id: JobId) -> Control {
        let control = Control::default();
        self.jobs.insert(id, control.clone());
        control
    }

    fn pass_on(&self, mut told: UnboundedReceiver<Progress>) {
        let tell = self.tell.clone();
        self.outside.spawn(async move {
            while let Some(progress) = told.recv().await {
                log(&progress);
                let _ = tell.send(Inner::Msg(Msg::Job(progress))).await;
            }
        });
    }

    /// Cancel a job. It still ends in an outcome.
    pub(super) fn cancel_job(&self, id: JobId) {
        if let Some(control) = self.jobs.get(&id) {
            control.cancel.cancel();
        }
    }

    /// A job has ended.
    pub(super) fn job_ended(&mut self, id: JobId) {
        self.jobs.remove(&id);
    }

    /// Whether jobs are under way.
    pub(super) fn busy(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// Let every job finish the step it is at, and stop there.
    pub(super) fn abandon(&self) {
        for control in self.jobs.values() {
            control.abandon.cancel();
        }
    }

    /// Look at what planning this depends on.
    pub(super) fn survey(&self, number: u64, intent: &Intent, fleet: &Fleet) {
        // What can't even be asked about is refused by planning, in its own words.
        let query = operate::query(intent, fleet).unwrap_or_default();
        let look = look::survey(self.hands.engine.clone(), query);
        self.answer(async move { Msg::Surveyed(number, operate::token(), Box::new(look.await)) });
    }

    /// Read what a service ran.
    pub(super) fn revisions(&self, number: u64, service: ServiceId, fleet: &Fleet) {
        let look = look::revisions(self.hands.journal.clone(), look::instance(fleet), service);
        self.answer(async move { Msg::Revisions(number, look.await) });
    }

    /// Find out why something died.
    pub(super) fn post_mortem(&self, number: u64, service: ServiceId, id: Option<i64>, fleet: &Fleet) {
        let (engine, journal) = (self.hands.engine.clone(), self.hands.journal.clone());
        let instance = look::instance(fleet);
        let last = id.map_or_else(|| Ok(Sight::newest(fleet, &service)), Err);
        let look = look::post_mortem(engine, journal, instance, service, last);
        self.answer(async move { Msg::PostMortem(number, look.await) });
    }

    /// Ask the journal what is unfinished.
    pub(super) fn unfinished(&self, fleet: &Fleet) {
        let Some(journal) = self.hands.journal.clone() else { return };
        let instance = look::instance(fleet);
        self.answer(async move { Msg::Unfinished(journal.unfinished(&instance).await) });
    }

    /// Ask the journal what happened.
    pub(super) fn history(&self, of: Option<ServiceId>, fleet: &Fleet) {
        let Some(journal) = self.hands.journal.clone() else { return };
        let look = look::history(journal, look::instance(fleet), of.clone());
        self.answer(async move { Msg::History(of, look.await.map(Box::new)) });
    }

    pub(super) fn answer(&self, asked: impl Future<Output = Msg> + Send + 'static) -> JoinHandle<()> {
        let tell = self.tell.clone();
        self.outside.spawn(async move {
            let msg = asked.await;
            let _ = tell.send(Inner::Msg(msg)).await;
        })
    }

    /// Get everything about a replica.
    pub(super) fn inspect(&self, replica: ReplicaId) {
        let (engine, tell, turn) = (self.hands.engine.clone(), self.tell.clone(), self.inspections.clone());
        self.outside.spawn(async move {
            let _turn = turn.acquire().await;
            let result = engine.inspect(&replica).await;
            let _ = tell.send(Inner::Msg(Msg::Inspected(replica, Box::new(result)))).await;
        });
    }

    /// Get what is masked in a replica's environment, and write down that it is shown.
    pub(super) fn reveal(&self, replica: ReplicaId, service: ServiceId, fleet: &Fleet) {
        let look = look::secrets(self.hands.bridge(fleet), replica.clone(), service);
        self.answer(async move { Msg::Revealed(replica, look.await) });
    }

    /// Open a shell; the screen stays until there is one.
    pub(super) fn shell(&self, replica: ReplicaId, size: TermSize) {
        let (engine, tell) = (self.hands.engine.clone(), self.tell.clone());
        self.outside.spawn(async move {
            let shell = engine.shell(&replica, &[], size).await;
            let _ = tell.send(Inner::Shell(shell)).await;
        });
    }

    /// Write a file.
    pub(super) fn save(&self, dir: Option<PathBuf>, stem: String, extension: &'static str, text: String) {
        let tell = self.tell.clone();
        self.outside.spawn_blocking(move || {
            let saved = save::save(dir.as_deref(), &stem, extension, &text, jiff::Timestamp::now());
            let _ = tell.blocking_send(Inner::Msg(Msg::Saved(saved.map_err(|e| e.to_string()))));
        });
    }

    /// Read which themes and keymaps there are.
    pub(super) fn choices(&self, library: Library) {
        let tell = self.tell.clone();
        self.outside.spawn_blocking(move || {
            let choices = |listed: Vec<Listed>| {
                let choice = |l: Listed| Choice { name: l.name, doc: l.doc };
                listed.into_iter().filter(|l| l.broken.is_none()).map(choice).collect()
            };
            let (themes, keymaps) = (choices(library.themes()), choices(library.keymaps()));
            let _ = tell.blocking_send(Inner::Msg(Msg::Choices { themes, keymaps }));
        });
    }

    /// These replicas are on screen; the engine is told once the screen rests.
    pub(super) fn focus(&mut self, replicas: Vec<ReplicaId>) {
        let due = self.focus.as_ref().map_or_else(|| Instant::now() + FOCUS, |(due, _)| *due);
        self.focus = Some((due, replicas));
    }

    /// When the engine is to be told.
    pub(super) fn due(&self) -> Option<Instant> {
        self.focus.as_ref().map(|(due, _)| *due)
    }

    /// Tell the engine, if it is time.
    pub(super) fn focus_due(&mut self) {
        if let Some((_, replicas)) = self.focus.take_if(|(due, _)| *due <= Instant::now()) {
            self.hands.engine.focus(&replicas);
        }
    }

    /// Something taken from the inbox that has to come again.
    pub(super) fn put_back(&self, inner: Inner) {
        let tell = self.tell.clone();
        self.outside.spawn(async move {
            let _ = tell.send(inner).await;
        });
    }
}

/// What became of a job, in qd's own log.
fn log(progress: &Progress) {
    if let Progress::Finished { job, outcome } = progress {
        if outcome.ok() {
            tracing::info!("job {}: {}", job.0, outcome.sentence());
        } else {
            tracing::warn!("job {}: {}", job.0, outcome.sentence());
        }
    }
}
