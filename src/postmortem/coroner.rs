//! Looks on, and writes down every death that nobody wanted, once.
//!
//! Whoever watches (the console, `qd watch`) shows the coroner what it is told, together with the
//! fleet; questions and writing are done by a task of its own. A service that dies again and again
//! is looked at once a minute, and its deaths counted.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::collect::{self, collect};
use super::sight::ended;
use super::{Cause, Outage, Record, Sight};
use crate::engine::{Details, Engine, EngineError};
use crate::fleet::{Event, EventKind, Exit, Fleet, Link, Observation, Replica, Role, State};
use crate::journal::{Journal, PostMortem};

/// How long after a death it is looked at: what comes with it (a stop, the end of its log, what the
/// journal is told) is there then.
const SETTLE: Duration = Duration::from_millis(1500);
/// The same service is not looked at more often.
const AGAIN: Duration = Duration::from_mins(1);
/// Deaths that wait to be looked at; more at once is no death, it is a catastrophe, and told of by others.
const WAITING: usize = 200;
/// After an outage everything is inspected within this time.
const AFTER: SignedDuration = SignedDuration::from_mins(2);
/// How long the engine may take to tell how something that died stands.
const PATIENCE: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug)]
pub struct Coroner {
    tell: UnboundedSender<Box<Sight>>,
    task: JoinHandle<()>,
    /// Since when the engine is away.
    lost: Option<Timestamp>,
    /// When it was away last.
    outage: Option<Outage>,
    /// Seen before the engine said which one it is: it does so a little after it is back.
    held: Vec<Sight>,
}

impl Coroner {
    /// Begin. Must be called inside a tokio runtime.
    pub fn start(engine: Arc<dyn Engine>, journal: Journal) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let task = tokio::spawn(
            Desk { engine, journal, waiting: HashMap::new(), looked: HashMap::new() }.work(told),
        );
        Self { tell, task, lost: None, outage: None, held: Vec::new() }
    }

    /// Whether an observation can be about a death at all.
    pub fn cares(observation: &Observation) -> bool {
        match observation {
            Observation::Happened(event) => matches!(event.kind, EventKind::Died(_)),
            Observation::Applied { replica, .. } => {
                matches!(replica.state, State::Exited | State::Dead | State::Restarting)
            }
            Observation::Link(_) | Observation::Engine(_) => true,
            _ => false,
        }
    }

    /// What was told, with the fleet after it. Never waits.
    pub fn observe(&mut self, observation: &Observation, fleet: &Fleet, now: Timestamp) {
        match observation {
            Observation::Engine(engine) if !engine.instance.is_empty() => {
                for sight in std::mem::take(&mut self.held) {
                    let (instance, host) = (engine.instance.clone(), engine.host.clone());
                    self.send(Sight { instance, host, ..sight });
                }
            }
            Observation::Link(Link::Lost { .. }) => {
                self.lost.get_or_insert(now);
            }
            Observation::Link(Link::Live) => {
                let Some(from) = self.lost.take() else { return };
                let outage = Outage { from, until: now };
                self.outage = Some(outage);
                for service in fleet.services() {
                    for replica in fleet.replicas_of(&service.id) {
                        self.found_dead(outage, replica, fleet);
                    }
                }
            }
            // A list does not say when something ended; this, which comes after it, does.
            Observation::Applied { replica, .. } => {
                if let Some(outage) = self.outage.filter(|outage| now.duration_since(outage.until) <= AFTER) {
                    self.found_dead(outage, replica, fleet);
                }
            }
            Observation::Happened(Event { kind: EventKind::Died(exit), .. }) => {
                if let Observation::Happened(event) = observation
                    && is_unplanned(event, *exit, fleet)
                    && let Some(sight) = Sight::of(fleet, event, *exit, now)
                {
                    self.send(sight.during(self.outage));
                }
            }
            _ => {}
        }
    }

    /// What lies dead since the engine went is told by nobody else.
    fn found_dead(&mut self, outage: Outage, replica: &Replica, fleet: &Fleet) {
        let trouble = replica.exit.is_some_and(|exit| exit.code != 0 || exit.oom);
        let lies = matches!(replica.state, State::Exited | State::Dead | State::Restarting);
        let then = ended(replica).is_some_and(|end| end >= outage.from && end <= outage.until);
        if replica.role == Role::Replica
            && trouble
            && lies
            && then
            && let Some(sight) = Sight::last(fleet, &replica.id)
        {
            self.send(sight.during(Some(outage)));
        }
    }

    fn send(&mut self, sight: Sight) {
        if sight.instance.is_empty() {
            if self.held.len() < WAITING {
                self.held.push(sight);
            }
            return;
        }
        // The task ends only with us.
        let _ = self.tell.send(Box::new(sight));
    }

    /// Look at what is left, once, and end.
    pub async fn close(self) {
        let Self { tell, task, held, .. } = self;
        for sight in held {
            let _ = tell.send(Box::new(sight));
        }
        drop(tell);
        let _ = task.await;
    }
}

/// Whether a death may be one nobody wanted, as far as is known at that moment. A job may end as it
/// likes, and so may what ends without an error and is not to be kept up.
fn is_unplanned(event: &Event, exit: Exit, fleet: &Fleet) -> bool {
    let kept_up = fleet.replica(&event.replica).is_some_and(|replica| replica.kept_up);
    event.role == Role::Replica && (exit.code != 0 || exit.oom || kept_up)
}

/// A death that waits to be looked at.
#[derive(Debug)]
struct Waiting {
    sight: Box<Sight>,
    /// What the engine said of it at once.
    first: Option<Details>,
    due: Instant,
}

/// The task.
struct Desk {
    engine: Arc<dyn Engine>,
    journal: Journal,
    /// By subject.
    waiting: HashMap<String, Waiting>,
    /// When each was looked at last.
    looked: HashMap<String, Instant>,
}

impl Desk {
    async fn work(mut self, mut told: UnboundedReceiver<Box<Sight>>) {
        loop {
            let due = self.waiting.values().map(|it| it.due).min();
            let ready = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                sight = told.recv() => match sight {
                    Some(sight) => self.note(sight).await,
                    None => break,
                },
                () = ready => self.look(Some(Instant::now())).await,
            }
        }
        self.look(None).await;
    }

    async fn note(&mut self, sight: Box<Sight>) {
        let subject = subject(&sight);
        let now = Instant::now();
        let due = self.waiting.get(&subject).map(|it| it.due);
        if due.is_none() && self.waiting.len() >= WAITING {
            tracing::warn!("{} died, and too much else did: no post-mortem", sight.replica.name);
            return;
        }
        let rested = self.looked.get(&subject).map_or(now, |looked| *looked + AGAIN);
        let due = due.unwrap_or_else(|| (now + SETTLE).max(rested));
        // Asked at once: a restart makes the engine forget.
        let asked = timeout(PATIENCE, self.engine.inspect(&sight.replica.id)).await;
        let gone = matches!(asked, Ok(Err(EngineError::Gone { .. })));
        let first = asked.ok().and_then(Result::ok);
        if !gone || !sight.events.iter().any(|(_, kind)| matches!(kind, EventKind::Killed(_))) {
            self.waiting.insert(subject, Waiting { sight, first, due });
        }
    }

    /// Look at those that are due; without a time, at all of them.
    async fn look(&mut self, now: Option<Instant>) {
        let due = self.waiting.iter().filter(|(_, it)| now.is_none_or(|now| it.due <= now));
        let due: Vec<String> = due.map(|(subject, _)| subject.clone()).collect();
        for subject in due {
            let Some(Waiting { sight, first, .. }) = self.waiting.remove(&subject) else { continue };
            self.write(&subject, &sight, first).await;
            let now = Instant::now();
            self.looked.retain(|_, looked| *looked + AGAIN > now);
            self.looked.insert(subject, now);
        }
    }

    async fn write(&self, subject: &str, sight: &Sight, first: Option<Details>) {
        let record = collect(&self.engine, Some(&self.journal), sight, first).await;
        let cause = Cause::of(&record);
        if cause.kind.is_wanted() {
            return;
        }
        tracing::info!("{}: {}", record.of.service, cause.sentence());
        let found = row(subject, sight, record, &cause);
        if let Err(error) = self.journal.died(&sight.instance, found, merge).await {
            tracing::warn!(%error, "a post-mortem is not kept");
        }
    }
}

/// What dies: the replica; of what an engine makes anew for every run, its service.
fn subject(sight: &Sight) -> String {
    let replica = &sight.replica;
    match &replica.placed {
        Some(_) => format!("service {}", replica.service.path()),
        None => replica.id.id.to_string(),
    }
}

fn row(subject: &str, sight: &Sight, record: Record, cause: &Cause) -> PostMortem {
    let (record, json) = record.to_json();
    PostMortem {
        id: 0,
        service: sight.replica.service.clone(),
        subject: subject.to_owned(),
        kind: cause.kind.word().to_owned(),
        first: record.first,
        last: record.at,
        times: record.times,
        sentence: cause.sentence(),
        record: json,
    }
}

/// A later death of the same spell.
fn merge(before: &PostMortem, new: PostMortem) -> PostMortem {
    let known = collect::read(&before.record);
    let Ok(record) = serde_json::from_str::<Record>(&new.record) else { return new };
    let (record, json) = record.after(&known).to_json();
    let sentence = Cause::of(&record).sentence();
    PostMortem { first: record.first, times: record.times, sentence, record: json, ..new }
}
