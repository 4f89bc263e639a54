//! Engine calls, started here and run beside the screen; each ends in a message.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::Msg;
use super::super::model::Choice;
use super::{Inner, save};
use crate::config::{Library, Listed};
use crate::engine::{Consent, Engine, TermSize};
use crate::fleet::ReplicaId;
use crate::journal::Who;
use crate::operate::{self, Bridge, JobId, Plan, Progress};

/// Inspections at once.
const INSPECTIONS: usize = 4;
/// How often the engine is told which replicas are on screen, at most.
const FOCUS: Duration = Duration::from_millis(150);

/// Starts engine calls.
pub(super) struct Work {
    engine: Arc<dyn Engine>,
    outside: Handle,
    tell: mpsc::Sender<Inner>,
    inspections: Arc<Semaphore>,
    focus: Option<(Instant, Vec<ReplicaId>)>,
    jobs: HashMap<JobId, CancellationToken>,
}

impl Work {
    /// Nothing is under way.
    pub(super) fn new(engine: Arc<dyn Engine>, outside: Handle, tell: mpsc::Sender<Inner>) -> Self {
        let inspections = Arc::new(Semaphore::new(INSPECTIONS));
        Self { engine, outside, tell, inspections, focus: None, jobs: HashMap::new() }
    }

    /// Run a job to its end.
    pub(super) fn job(&mut self, id: JobId, plan: Plan, consent: Consent) {
        let cancel = CancellationToken::new();
        self.jobs.insert(id, cancel.clone());
        let here = self.outside.enter();
        let bridge = Bridge {
            engine: self.engine.clone(),
            instance: String::new(),
            host: String::new(),
            journal: None,
            who: Who::default(),
        };
        let mut told = operate::run(bridge, id, plan, consent, cancel);
        drop(here);
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
        if let Some(cancel) = self.jobs.get(&id) {
            cancel.cancel();
        }
    }

    /// A job has ended.
    pub(super) fn job_ended(&mut self, id: JobId) {
        self.jobs.remove(&id);
    }

    /// Get everything about a replica.
    pub(super) fn inspect(&self, replica: ReplicaId) {
        let (engine, tell, turn) = (self.engine.clone(), self.tell.clone(), self.inspections.clone());
        self.outside.spawn(async move {
            let _turn = turn.acquire().await;
            let result = engine.inspect(&replica).await;
            let _ = tell.send(Inner::Msg(Msg::Inspected(replica, Box::new(result)))).await;
        });
    }

    /// Open a shell; the screen stays until there is one.
    pub(super) fn shell(&self, replica: ReplicaId, size: TermSize) {
        let (engine, tell) = (self.engine.clone(), self.tell.clone());
        self.outside.spawn(async move {
            let shell = engine.shell(&replica, &[], size).await;
            let _ = tell.send(Inner::Shell(shell)).await;
        });
    }

    /// Write a file.
    pub(super) fn save(&self, dir: Option<PathBuf>, stem: String, text: String) {
        let tell = self.tell.clone();
        self.outside.spawn_blocking(move || {
            let saved = save::save(dir.as_deref(), &stem, &text, jiff::Timestamp::now());
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
            self.engine.focus(&replicas);
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
