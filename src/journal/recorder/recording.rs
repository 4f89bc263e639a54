//! The task that writes down what a [`Recorder`] finds worth it.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::{News, Recorder};
use crate::fleet::Observation;
use crate::journal::{Journal, JournalError};

/// News that come together are written together.
const GATHER: Duration = Duration::from_secs(1);
/// How long to wait after it could not be written: at first, and at most.
const AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(1));

/// Writes down what the observations tell, in a task of its own, until it is closed or dropped.
///
/// What can't be written now is kept (within bounds) and tried again.
#[derive(Debug)]
pub struct Recording {
    tell: UnboundedSender<Observation>,
    problem: watch::Receiver<Option<JournalError>>,
    task: JoinHandle<()>,
}

impl Recording {
    /// Begin. Must be called inside a tokio runtime.
    pub fn start(journal: Journal) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let (trouble, problem) = watch::channel(None);
        Self { tell, problem, task: tokio::spawn(run(journal, told, trouble)) }
    }

    /// What the engine told. Never waits.
    pub fn tell(&self, observation: &Observation) {
        if Recorder::cares(observation) {
            // The task ends only with us.
            let _ = self.tell.send(observation.clone());
        }
    }

    /// Why nothing can be written at the moment; `None` while it can.
    pub fn problem(&self) -> watch::Receiver<Option<JournalError>> {
        self.problem.clone()
    }

    /// Write what is left, once, and end.
    pub async fn close(self) {
        let Self { tell, task, .. } = self;
        drop(tell);
        let _ = task.await;
    }
}

/// One write, and how it ended.
type Write = BoxFuture<'static, (News, Result<(), JournalError>)>;

async fn run(
    journal: Journal,
    mut told: UnboundedReceiver<Observation>,
    problem: watch::Sender<Option<JournalError>>,
) {
    let mut recorder = Recorder::new();
    let mut writing: Option<Write> = None;
    let mut wait = GATHER;
    // When to write what has come; while nothing has, it is not waited for.
    let mut due: Option<Instant> = None;
    loop {
        let idle = writing.is_none();
        let write = async {
            match &mut writing {
                Some(writing) => writing.await,
                None => std::future::pending().await,
            }
        };
        let ready = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            observation = told.recv() => {
                let Some(observation) = observation else { break };
                // Folded also while the disk is slow, so that this queue stays short.
                recorder.observe(&observation);
                due = due.or_else(|| Some(Instant::now() + wait));
            }
            (news, result) = write => {
                writing = None;
                wait = settle(&mut recorder, news, result, wait, &problem);
                if wait > GATHER {
                    due = Some(Instant::now() + wait);
                }
            }
            () = ready, if idle => {
                due = None;
                writing = recorder.news().map(|news| write_down(journal.clone(), news));
            }
        }
    }
    if let Some(writing) = writing {
        let (news, result) = writing.await;
        settle(&mut recorder, news, result, wait, &problem);
    }
    if let Some(news) = recorder.news() {
        let (_, result) = write_down(journal, news).await;
        problem.send_replace(result.err());
    }
}

fn write_down(journal: Journal, news: News) -> Write {
    async move {
        let result = news.write(&journal).await;
        (news, result)
    }
    .boxed()
}

/// How long to gather before the next write.
fn settle(
    recorder: &mut Recorder,
    news: News,
    result: Result<(), JournalError>,
    wait: Duration,
    problem: &watch::Sender<Option<JournalError>>,
) -> Duration {
    let error = result.err();
    let next = if error.is_some() {
        recorder.unwritten(news);
        if wait > GATHER { (wait * 2).min(AGAIN.1) } else { AGAIN.0 }
    } else {
        GATHER
    };
    problem.send_if_modified(|said| {
        let changed = *said != error;
        if let Some(error) = error.as_ref().filter(|_| changed) {
            tracing::warn!("not recorded: {error}");
        }
        *said = error;
        changed
    });
    next
}
