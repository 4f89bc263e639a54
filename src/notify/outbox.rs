//! Letters on their way: one queue for each webhook, in order, retried with growing patience.
//!
//! Bounded: when a receiver is away for so long that the queue is full, the oldest letter is given
//! up, and counted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use super::Letter;
use super::webhook::{Failure, Target};

/// Letters that wait for one receiver.
const WAITING: usize = 1000;
/// The first pause after a failure; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// And none is longer than this.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// A letter older than this is news no more.
const TOO_OLD: Duration = Duration::from_hours(24);

/// What became of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Which.
    pub id: i64,
    /// `Err`: it was given up, and why.
    pub end: Result<(), String>,
}

/// How it stands with one receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub target: String,
    /// Letters that wait.
    pub waiting: usize,
    /// Letters it took.
    pub sent: u64,
    /// Letters given up.
    pub dropped: u64,
    /// Why the last attempt failed; `None` after one that did not.
    pub trouble: Option<String>,
}

/// Everything on its way. Dropping it gives up what waits.
#[derive(Debug)]
pub struct Outbox {
    lanes: Vec<Lane>,
    settled: mpsc::UnboundedReceiver<Settled>,
    tell: mpsc::UnboundedSender<Settled>,
}

#[derive(Debug)]
struct Lane {
    target: Arc<Target>,
    shared: Arc<Shared>,
    worker: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    more: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<(Letter, Instant)>,
    /// Whether the first of the queue is being sent.
    busy: bool,
    sent: u64,
    dropped: u64,
    trouble: Option<String>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can be left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox {
    /// Begin to send to these.
    pub fn new(targets: Vec<Target>) -> Self {
        let (tell, settled) = mpsc::unbounded_channel();
        let lane = |target: Target| {
            let (target, shared) = (Arc::new(target), Arc::new(Shared::default()));
            let worker = tokio::spawn(carry(target.clone(), shared.clone(), tell.clone()));
            Lane { target, shared, worker }
        };
        Self { lanes: targets.into_iter().map(lane).collect(), settled, tell }
    }

    /// Those who can be told.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.lanes.iter().map(|lane| &*lane.target)
    }

    /// Put a letter on its way. One to nobody that is known is given up at once.
    pub fn send(&self, letter: Letter) {
        let Some(lane) = self.lanes.iter().find(|lane| lane.target.name == letter.target) else {
            self.give_up(letter.id, "there is no webhook of that name any more");
            return;
        };
        let over = {
            let mut state = lane.shared.state();
            state.queue.push_back((letter, Instant::now()));
            // The first may be on the wire.
            let oldest = usize::from(state.busy);
            let over = if state.queue.len() > WAITING { state.queue.remove(oldest) } else { None };
            state.dropped += u64::from(over.is_some());
            over
        };
        lane.shared.more.notify_one();
        if let Some((old, _)) = over {
            self.give_up(old.id, "more than a thousand letters waited for it");
        }
    }

    fn give_up(&self, id: i64, why: &str) {
        // The receiver is ours: it lives.
        let _ = self.tell.send(Settled { id, end: Err(why.to_owned()) });
    }

    /// A letter that is settled, if there is one by now.
    pub fn try_settled(&mut self) -> Option<Settled> {
        self.settled.try_recv().ok()
    }

    /// The next letter that is settled. Pends while there is none.
    pub async fn settled(&mut self) -> Settled {
        match self.settled.recv().await {
            Some(settled) => settled,
            None => std::future::pending().await,
        }
    }

    /// Numbers of the letters that are still on their way.
    pub fn waiting(&self) -> Vec<i64> {
        self.lanes
            .iter()
            .flat_map(|lane| lane.shared.state().queue.iter().map(|(l, _)| l.id).collect::<Vec<_>>())
            .collect()
    }

    /// How it stands with each.
    pub fn standing(&self) -> Vec<Standing> {
        let standing = |lane: &Lane| {
            let state = lane.shared.state();
            Standing {
                target: lane.target.name.clone(),
                waiting: state.queue.len(),
                sent: state.sent,
                dropped: state.dropped,
                trouble: state.trouble.clone(),
            }
        };
        self.lanes.iter().map(standing).collect()
    }

    /// Wait until everything is settled, or the time is up. Whether everything is.
    pub async fn flush(&mut self, patience: Duration, mut settle: impl FnMut(Settled)) -> bool {
        let end = Instant::now() + patience;
        loop {
            while let Ok(settled) = self.settled.try_recv() {
                settle(settled);
            }
            if self.waiting().is_empty() {
                return true;
            }
            match timeout_at(end, self.settled.recv()).await {
                Ok(Some(settled)) => settle(settled),
                _ => return false,
            }
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        for lane in &self.lanes {
            lane.worker.abort();
        }
    }
}

/// Send what is in the queue, one after the other, for ever.
async fn carry(target: Arc<Target>, shared: Arc<Shared>, tell: mpsc::UnboundedSender<Settled>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let next = {
            let mut state = shared.state();
            let next = state.queue.front().cloned();
            state.busy = next.is_some();
            next
        };
        let Some((letter, since)) = next else {
            shared.more.notified().await;
            continue;
        };
        let end = match target.send(&letter).await {
            Ok(()) => Ok(()),
            Err(Failure { why, again, after }) => {
                tracing::warn!(webhook = target.name, "not told: {why}");
                shared.state().trouble = Some(why.clone());
                if again && since.elapsed() < TOO_OLD {
                    // Somebody else may be let go first, while nothing of it is on the wire.
                    shared.state().busy = false;
                    sleep(after.unwrap_or_default().max(pause)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    continue;
                }
                Err(why)
            }
        };
        // Told first: what is neither waiting nor told would be taken for forgotten.
        let told = tell.send(Settled { id: letter.id, end: end.clone() });
        {
            let mut state = shared.state();
            state.queue.retain(|(queued, _)| queued.id != letter.id);
            state.busy = false;
            if end.is_ok() {
                state.sent += 1;
                state.trouble = None;
                pause = FIRST_PAUSE;
            } else {
                state.dropped += 1;
            }
        }
        if told.is_err() {
            return;
        }
    }
}
