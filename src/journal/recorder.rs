//! What of the engine's news is worth keeping: which images services run, and what happened to them.
//!
//! [`Recorder`] is pure: it folds observations and yields [`News`]. [`Recording`] is the task that
//! feeds one and writes what it yields, some of it at a time, without ever being in the way.

mod notable;
mod recording;
#[cfg(test)]
mod tests;

pub use recording::Recording;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{EngineRecord, EventRecord, Journal, JournalError, Sighting};
use crate::fleet::{
    Declared, Event, Fleet, HealthCheck, Image, Observation, Replica, ReplicaId, Role, ServiceId, Side,
    SpareName, SpecHash, State, UpdateState,
};

/// How long what was written stands for the time it was last seen.
const REFRESH: SignedDuration = SignedDuration::from_mins(10);
/// Events kept while they can't be written; the oldest go.
const WAITING: usize = 10_000;
/// Names of replicas that are gone, kept for the events that tell of their end.
const NAMES: usize = 10_000;

/// What is to be written down. In this order: see [`News::write`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct News {
    /// Which engine.
    pub instance: String,
    /// Its host, for humans; empty = not told.
    pub host: String,
    /// What ran until just before; a picture of a service each.
    pub before: Vec<Sighting>,
    /// What runs; a picture of a service each.
    pub now: Vec<Sighting>,
    /// What happened.
    pub events: Vec<EventRecord>,
}

impl News {
    /// Write it down.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn write(&self, journal: &Journal) -> Result<(), JournalError> {
        if !self.host.is_empty() {
            let engine = EngineRecord { instance: self.instance.clone(), host: self.host.clone() };
            journal.met(engine).await?;
        }
        for sightings in [&self.before, &self.now] {
            if !sightings.is_empty() {
                journal.saw(&self.instance, sightings.clone()).await?;
            }
        }
        if self.events.is_empty() {
            return Ok(());
        }
        journal.happened(&self.instance, self.events.clone()).await
    }
}

/// What runs of a service: image and settings of each kind of replica, sorted.
type Picture = BTreeSet<(Arc<str>, Arc<str>, Option<SpecHash>)>;

/// What was told of a service, and when.
#[derive(Debug)]
struct Told {
    picture: Picture,
    at: Timestamp,
}

/// Folds observations into what is worth keeping.
#[derive(Debug, Default)]
pub struct Recorder {
    instance: String,
    fleet: Fleet,
    told: HashMap<ServiceId, Told>,
    /// Services that their engine is about to change, and may change back.
    moving: HashSet<ServiceId>,
    /// Since when pictures may have changed: until then, all were as told.
    changed: Option<Timestamp>,
    /// When they were looked at.
    looked: Option<Timestamp>,
    /// Not told yet; named when they are, because names may come after.
    events: VecDeque<Event>,
    /// Told, and not written.
    late: VecDeque<EventRecord>,
    names: HashMap<ReplicaId, Arc<str>>,
    checks: HashMap<ReplicaId, HealthCheck>,
}

impl Recorder {
    /// Nothing known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether an observation can be news at all: figures can't.
    pub fn cares(observation: &Observation) -> bool {
        !observation.is_figure()
    }

    /// Fold one observation in.
    pub fn observe(&mut self, observation: &Observation) {
        match observation {
            Observation::Engine(engine) if engine.instance != self.instance => {
                // Another engine: what is known is of the one before.
                *self = Self { instance: engine.instance.clone(), ..Self::default() };
            }
            Observation::Happened(event) => self.happened(event),
            Observation::Synced { replicas, .. } => {
                for replica in replicas {
                    self.name(replica);
                }
                self.checks.retain(|id, _| self.names.contains_key(id));
            }
            Observation::Applied { replica, .. } => self.name(replica),
            Observation::Declared { at, engine, services } => {
                let before = self.moving.len();
                self.moving.retain(|id| id.engine != *engine);
                self.moving.extend(services.iter().filter(|it| is_moving(it)).map(|it| it.service.clone()));
                if self.moving.len() < before {
                    self.changed = self.changed.or(Some(*at));
                }
            }
            _ => {}
        }
        if !Self::cares(observation) {
            return;
        }
        let before = self.fleet.as_of();
        let changes = self.fleet.apply(observation.clone());
        if changes.rows || changes.facts {
            self.changed = self.changed.or(before).or(self.fleet.as_of());
        }
    }

    fn name(&mut self, replica: &Replica) {
        if self.names.get(&replica.id) == Some(&replica.name) {
            return;
        }
        if self.names.len() >= NAMES {
            let fleet = &self.fleet;
            self.names.retain(|id, _| fleet.replica(id).is_some());
        }
        self.names.insert(replica.id.clone(), replica.name.clone());
    }

    fn happened(&mut self, event: &Event) {
        if !notable::worth(event, &mut self.checks) {
            return;
        }
        if self.events.len() >= WAITING {
            self.events.pop_front();
        }
        self.events.push_back(event.clone());
    }

    /// What has come together since the last time; `None`: nothing.
    pub fn news(&mut self) -> Option<News> {
        let mut news = News { instance: self.instance.clone(), ..News::default() };
        if let Some(engine) = self.fleet.engine() {
            news.host.clone_from(&engine.host);
        }
        // Dated by when the engine was last heard of: while it can't be reached nothing is seen.
        if let Some(at) = self.fleet.as_of() {
            let stale = self.looked.is_none_or(|looked| at.duration_since(looked) >= REFRESH);
            if let Some(until) = self.changed.take().or(stale.then_some(at)) {
                self.look(at, until, &mut news);
                self.looked = Some(at);
            }
        }
        news.events.extend(self.late.drain(..));
        for event in self.events.drain(..) {
            let name = self.names.get(&event.replica).map_or(event.replica.short(), |name| name);
            news.events.push(notable::record(&event, name));
        }
        let nothing = news.before.is_empty() && news.now.is_empty() && news.events.is_empty();
        (!nothing).then_some(news)
    }

    /// What could not be written is news again.
    pub fn unwritten(&mut self, news: News) {
        if news.instance != self.instance {
            return;
        }
        for seen in news.now {
            self.told.remove(&seen.service);
        }
        self.changed = self.changed.or(self.fleet.as_of());
        for event in news.events.into_iter().rev() {
            self.late.push_front(event);
        }
        let over = self.late.len().saturating_sub(WAITING);
        self.late.drain(..over);
    }

    /// Look at what all services run; `until` then it was as told.
    fn look(&mut self, at: Timestamp, until: Timestamp, news: &mut News) {
        for service in self.fleet.services() {
            // What is tried and may be taken back is not yet what it runs: to go back to it is what
            // nobody wants.
            if self.moving.contains(&service.id) || self.fleet.replicas_of(&service.id).any(is_aside) {
                continue;
            }
            let picture = picture(self.fleet.replicas_of(&service.id));
            if picture.is_empty() {
                continue;
            }
            if let Some(told) = self.told.get(&service.id) {
                let same = told.picture == picture;
                if same && at.duration_since(told.at) < REFRESH {
                    continue;
                }
                if !same && until > told.at {
                    news.before.extend(sightings(&service.id, &told.picture, until));
                }
            }
            news.now.extend(sightings(&service.id, &picture, at));
            self.told.insert(service.id.clone(), Told { picture, at });
        }
        let fleet = &self.fleet;
        self.told.retain(|service, _| fleet.service(service).is_some());
    }
}

/// Whether the engine itself is in the middle of changing a service.
fn is_moving(it: &Declared) -> bool {
    let state = it.update.as_ref().map(|update| update.state);
    matches!(state, Some(UpdateState::Updating | UpdateState::RollingBack))
}

/// Whether an operation has set a replica aside, which comes back when what replaces it fails.
fn is_aside(replica: &Replica) -> bool {
    SpareName::parse(&replica.name).is_some_and(|name| name.side == Side::Old)
}

/// What a service runs: what is up, else (it was stopped) what ran last. Jobs, what an operation
/// has not put in its place, and what was never started are not what a service runs.
fn picture<'a>(replicas: impl Iterator<Item = &'a Replica>) -> Picture {
    let (mut up, mut ended) = (Picture::new(), Picture::new());
    for replica in replicas.filter(|replica| replica.role == Role::Replica) {
        let kind = (replica.image.reference.clone(), replica.image.id.clone(), replica.spec);
        match replica.state {
            State::Running | State::Paused | State::Restarting => up.insert(kind),
            State::Exited | State::Dead => ended.insert(kind),
            State::Created | State::Removing => false,
        };
    }
    if up.is_empty() { ended } else { up }
}

fn sightings(service: &ServiceId, picture: &Picture, at: Timestamp) -> Vec<Sighting> {
    let seen = |(reference, id, spec): &(Arc<str>, Arc<str>, Option<SpecHash>)| Sighting {
        service: service.clone(),
        image: Image { reference: reference.clone(), id: id.clone() },
        spec: *spec,
        at,
        by: None,
    };
    picture.iter().map(seen).collect()
}
