//! The queue of inspects: which are due, which run, which must be done again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::Instant;

use super::Shared;
use super::api::Inspected;
use super::inspect;
use super::known::Id;
use crate::engine::EngineError;

/// Inspects that run at once.
const AT_ONCE: usize = 4;
/// When to look again while nothing is due.
const FAR: Duration = Duration::from_mins(1);

/// What becomes of an answer when it comes.
#[derive(Clone, Copy)]
enum Then {
    /// It is news.
    Take,
    /// It was wanted again meanwhile, so it is stale: ask again after this.
    Again(Duration),
    /// The container was destroyed meanwhile.
    Drop,
}

/// See the module.
pub(super) struct Inspects {
    shared: Arc<Shared>,
    /// By when it is due, then by when it was wanted.
    queue: BTreeMap<(Instant, u64), Id>,
    queued: HashMap<Id, (Instant, u64)>,
    running: HashMap<Id, Then>,
    calls: FuturesUnordered<BoxFuture<'static, (Id, Result<Inspected, EngineError>)>>,
    wanted: u64,
}

impl Inspects {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            queue: BTreeMap::new(),
            queued: HashMap::new(),
            running: HashMap::new(),
            calls: FuturesUnordered::new(),
            wanted: 0,
        }
    }

    /// Inspect `id` after `delay`, or when it was already wanted, if that is sooner.
    pub(super) fn want(&mut self, id: Id, delay: Duration) {
        if let Some(then) = self.running.get_mut(&id) {
            *then = match then {
                Then::Again(sooner) => Then::Again(delay.min(*sooner)),
                Then::Take | Then::Drop => Then::Again(delay),
            };
            return;
        }
        self.wanted += 1;
        let key = (Instant::now() + delay, self.wanted);
        match self.queued.get(&id) {
            Some(known) if *known <= key => return,
            Some(known) => {
                self.queue.remove(known);
            }
            None => {}
        }
        self.queue.insert(key, id.clone());
        self.queued.insert(id, key);
    }

    /// Start what is due, as many as may run; when to look again.
    pub(super) fn start_due(&mut self) -> Instant {
        let now = Instant::now();
        while self.calls.len() < AT_ONCE {
            let Some(first) = self.queue.first_entry().filter(|e| e.key().0 <= now) else { break };
            let id = first.remove();
            self.queued.remove(&id);
            self.running.insert(id.clone(), Then::Take);
            let shared = self.shared.clone();
            self.calls.push(
                async move {
                    let found = inspect::fetch(&shared, &id).await;
                    (id, found)
                }
                .boxed(),
            );
        }
        let far = now + FAR;
        if self.calls.len() < AT_ONCE {
            self.queue.first_key_value().map_or(far, |(key, _)| key.0)
        } else {
            far
        }
    }

    /// The next one that ended; never, while none runs.
    pub(super) async fn next(&mut self) -> (Id, Result<Inspected, EngineError>) {
        match self.calls.next().await {
            Some(done) => done,
            None => std::future::pending().await,
        }
    }

    /// It is destroyed: no answer about it counts.
    pub(super) fn forget(&mut self, id: &Id) {
        if let Some(key) = self.queued.remove(id) {
            self.queue.remove(&key);
        }
        if let Some(then) = self.running.get_mut(id) {
            *then = Then::Drop;
        }
    }

    /// It ended. Whether its answer counts: not when it is stale already.
    pub(super) fn done(&mut self, id: &Id) -> bool {
        match self.running.remove(id) {
            Some(Then::Again(delay)) => {
                self.want(id.clone(), delay);
                false
            }
            Some(Then::Drop) => false,
            Some(Then::Take) | None => true,
        }
    }
}
