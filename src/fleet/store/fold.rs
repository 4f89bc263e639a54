//! Folding: how each observation changes what is known.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::{Changes, EVENTS, Fleet, Known, Row};
use crate::fleet::merge::keep_known;
use crate::fleet::track::Track;
use crate::fleet::{
    Declared, EngineId, Event, History, Link, Measured, Observation, Probed, Replica, ReplicaId, Role,
    Scraped, Service, ServiceId, Summary, Usage,
};

/// Rows to work out anew, and what changed.
#[derive(Default)]
struct Touched {
    rows: HashSet<ServiceId>,
    changes: Changes,
    /// Who needs whom may have changed.
    ties: bool,
}

impl Fleet {
    /// Fold one observation in.
    pub fn apply(&mut self, observation: Observation) -> Changes {
        let mut touched = Touched::default();
        match observation {
            Observation::Synced { at, engine, replicas } => self.sync(at, engine, replicas, &mut touched),
            Observation::Declared { at, engine, services } => {
                self.declare(at, &engine, services, &mut touched);
            }
            Observation::Blind { engine, why, .. } => touched.changes.header = self.blind(engine, why),
            Observation::Applied { at, replica } => self.learn(at, *replica, false, &mut touched),
            Observation::Removed { at, id } => self.remove(at, id, &mut touched),
            Observation::Sampled { at, usages } => touched.changes.usage = self.sample(at, usages),
            Observation::Probed(probed) => self.probed(probed, &mut touched),
            Observation::Unprobed { service, replica, probe } => {
                self.unprobed(&service, replica.as_ref(), &probe, &mut touched);
            }
            Observation::Measured(measured) => touched.changes.usage = self.measure(measured),
            Observation::Scraped(scraped) => {
                for one in scraped {
                    touched.changes.usage |= self.scraped(one);
                }
            }
            Observation::Unscraped { service, replica, source } => {
                if let Some(scrapes) = self.scrapes.get_mut(&service) {
                    touched.changes.usage = scrapes.remove(&(replica, source)).is_some();
                    if scrapes.is_empty() {
                        self.scrapes.remove(&service);
                    }
                }
            }
            Observation::Happened(event) => self.happen(event, &mut touched),
            Observation::Host(host) => touched.changes.header = self.host.replace(host) != Some(host),
            Observation::Listening(listeners) => {
                touched.changes.facts = self.listeners != listeners;
                self.listeners = listeners;
            }
            Observation::Engine(engine) => {
                self.told += 1;
                touched.changes.header = self.engine.as_ref() != Some(&engine);
                touched.ties = touched.changes.header;
                self.engine = Some(engine);
            }
            Observation::Link(link) => {
                touched.changes.header = self.link.as_ref() != Some(&link);
                self.link = Some(link);
            }
        }
        for id in &touched.rows {
            self.refresh(id);
        }
        if touched.ties || touched.changes.rows {
            self.depends.take();
        }
        touched.changes
    }

    fn sync(&mut self, at: Timestamp, engine: EngineId, replicas: Vec<Replica>, touched: &mut Touched) {
        let trusted = self.listed.get(&engine).copied().unwrap_or(0) != self.told;
        if trusted {
            self.gone.retain(|id, _| id.engine != engine);
        }
        let listed: HashSet<ReplicaId> = replicas.iter().map(|replica| replica.id.clone()).collect();
        let unlisted: Vec<ReplicaId> = self
            .known
            .iter()
            .filter(|(id, _)| id.engine == engine && !listed.contains(*id))
            // What we learnt after the list was made can't be in it.
            .filter(|(_, known)| trusted || known.at <= at)
            .map(|(id, _)| id.clone())
            .collect();
        for id in unlisted {
            self.forget(&id, touched);
        }
        for replica in replicas {
            self.learn(at, replica, trusted, touched);
        }
        self.gone.retain(|id, gone_at| id.engine != engine || *gone_at > at);
        self.listed.insert(engine, self.told);
        self.true_at(at);
        if trusted {
            // The engine's clock may have gone back: the age shown must not count from its future.
            self.as_of = Some(at);
        }
    }

    /// All services that `engine` looks after by itself.
    fn declare(&mut self, at: Timestamp, engine: &EngineId, services: Vec<Declared>, touched: &mut Touched) {
        let named: HashSet<ServiceId> = services.iter().map(|it| it.service.clone()).collect();
        let undeclared: Vec<ServiceId> = self
            .rows
            .iter()
            .filter(|(id, row)| id.engine == *engine && row.declared.is_some() && !named.contains(*id))
            .map(|(id, _)| id.clone())
            .collect();
        for id in undeclared {
            if let Some(row) = self.rows.get_mut(&id) {
                row.declared = None;
                row.service.desired = None;
            }
            self.drop_empty(&id);
            touched.row(&id, true);
        }
        for it in services {
            let is_new = !self.rows.contains_key(&it.service);
            let id = it.service.clone();
            let row = self.rows.entry(id.clone()).or_insert_with(|| Row::empty(id.clone()));
            if row.declared.as_ref() != Some(&it) {
                let before = row.declared.as_ref();
                touched.ties |= before.is_none_or(|was| was.ties != it.ties || was.ports != it.ports);
                row.service.desired = Some(it.desired);
                row.declared = Some(it);
                touched.row(&id, is_new);
            }
        }
        self.true_at(at);
    }

    /// One replica as it was at `at`; `trusted` makes the word win whatever its time.
    fn learn(&mut self, at: Timestamp, replica: Replica, trusted: bool, touched: &mut Touched) {
        if self.gone.get(&replica.id).is_some_and(|gone_at| at <= *gone_at) {
            return;
        }
        self.true_at(at);
        let Some(known) = self.known.get_mut(&replica.id) else {
            touched.row(&replica.service, true);
            let mut track = Track::default();
            track.noted(None, &replica, at);
            let id = replica.id.clone();
            self.join(&id, &replica.service);
            self.known.insert(id, Known { replica, at, track, usage: None, history: History::new() });
            return;
        };
        if at < known.at && !trusted {
            return;
        }
        known.at = at;
        let replica = keep_known(replica, &known.replica);
        if replica == known.replica {
            return;
        }
        known.track.noted(Some(&known.replica), &replica, at);
        let old = std::mem::replace(&mut known.replica, replica);
        let new = &known.replica;
        if !new.is_up() {
            // What has ended uses nothing, and what it used is no news.
            known.usage = None;
        }
        touched.ties |= tied_anew(&old, new);
        let (id, service) = (new.id.clone(), new.service.clone());
        let moved = old.service != service;
        let runs_anew =
            new.is_up() && (!old.is_up() || (old.started.is_some() && new.started != old.started));
        let reordered = place(&old) != place(new);
        if moved {
            // Whoever probes it will see that too.
            self.drop_figures(&id, &old.service);
        } else if runs_anew && let Some(probes) = self.probes.get_mut(&service) {
            probes.restarted(&id, at);
        }
        if moved {
            self.leave(&id, &old.service);
            self.join(&id, &service);
            touched.row(&old.service, true);
        }
        touched.row(&service, moved || reordered);
    }

    fn remove(&mut self, at: Timestamp, id: ReplicaId, touched: &mut Touched) {
        if self.known.get(&id).is_some_and(|known| known.at > at) {
            return;
        }
        self.true_at(at);
        self.forget(&id, touched);
        self.gone.insert(id, at);
    }

    fn forget(&mut self, id: &ReplicaId, touched: &mut Touched) {
        if let Some(known) = self.known.remove(id) {
            self.drop_figures(id, &known.replica.service);
            self.leave(id, &known.replica.service);
            touched.row(&known.replica.service, true);
        }
    }

    fn join(&mut self, id: &ReplicaId, service: &ServiceId) {
        let row = self.rows.entry(service.clone()).or_insert_with(|| Row::empty(service.clone()));
        row.service.replicas.push(id.clone());
    }

    fn leave(&mut self, id: &ReplicaId, service: &ServiceId) {
        if let Some(row) = self.rows.get_mut(service) {
            row.service.replicas.retain(|member| member != id);
        }
        self.drop_empty(service);
    }

    /// A service nobody speaks of any more is no row.
    fn drop_empty(&mut self, service: &ServiceId) {
        let is_empty = |row: &Row| row.service.replicas.is_empty() && row.declared.is_none();
        if self.rows.get(service).is_some_and(is_empty) {
            self.rows.remove(service);
        }
    }

    /// Work out anew what follows from the facts of a service's replicas.
    fn refresh(&mut self, id: &ServiceId) {
        let Some(row) = self.rows.get_mut(id) else { return };
        let known = &self.known;
        row.service.replicas.sort_by_cached_key(|id| known.get(id).map(|known| place(&known.replica)));
        let members = row.service.replicas.iter().filter_map(|id| known.get(id));
        let at = members.clone().map(|known| known.at).max().unwrap_or(Timestamp::UNIX_EPOCH);
        row.unsettled = members.clone().any(|known| known.track.is_unsettled(&known.replica, at));
        row.summary = Summary::of_service(members, row.declared.as_ref(), self.probes.get(id), at);
    }

    fn blind(&mut self, engine: EngineId, why: Option<String>) -> bool {
        match why {
            Some(why) => self.blind.insert(engine, why.clone()).as_ref() != Some(&why),
            None => self.blind.remove(&engine).is_some(),
        }
    }

    fn sample(&mut self, at: Timestamp, usages: Vec<(ReplicaId, Usage)>) -> bool {
        // Reading cgroups goes on without the engine; it says nothing about the age of facts.
        if !matches!(self.link, Some(Link::Lost { .. })) && self.as_of.is_some() {
            self.true_at(at);
        }
        let mut changed = false;
        for (id, usage) in usages {
            if let Some(known) = self.known.get_mut(&id).filter(|known| known.replica.is_up()) {
                changed |= known.usage.is_none_or(|(_, before)| before != usage);
                known.usage = Some((at, usage));
                known.history.push(at, &usage);
            }
        }
        changed
    }

    fn happen(&mut self, event: Event, touched: &mut Touched) {
        // After a reconnect an engine may tell the same events again.
        if self.events.iter().rev().take(64).any(|told| *told == event) {
            return;
        }
        if let Some(known) = self.known.get_mut(&event.replica) {
            known.track.happened(event.at, &event.kind, &known.replica);
            touched.row(&known.replica.service, false);
        }
        if self.events.len() >= EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    fn probed(&mut self, probed: Vec<Probed>, touched: &mut Touched) {
        let mut newest: HashMap<ServiceId, Timestamp> = HashMap::new();
        for told in probed {
            if !self.is_of(told.replica.as_ref(), &told.service) {
                continue;
            }
            let (service, at) = (told.service.clone(), told.at);
            let probes = self.probes.entry(service.clone()).or_default();
            if probes.tell(told) && self.rows.contains_key(&service) {
                touched.row(&service, false);
            }
            newest.insert(service, at);
        }
        touched.changes.usage |= !newest.is_empty();
        for (service, at) in newest {
            if let Some(probes) = self.probes.get_mut(&service) {
                probes.told(at);
            }
        }
    }

    fn unprobed(
        &mut self,
        service: &ServiceId,
        replica: Option<&ReplicaId>,
        probe: &str,
        touched: &mut Touched,
    ) {
        let Some(probes) = self.probes.get_mut(service) else { return };
        if !probes.drop_probe(replica, probe) {
            return;
        }
        if probes.is_empty() {
            self.probes.remove(service);
        }
        touched.changes.usage = true;
        if self.rows.contains_key(service) {
            touched.row(service, false);
        }
    }

    fn measure(&mut self, measured: Measured) -> bool {
        if !self.is_of(measured.replica.as_ref(), &measured.service) {
            return false;
        }
        self.measures.entry(measured.service.clone()).or_default().tell(measured)
    }

    fn scraped(&mut self, mut told: Scraped) -> bool {
        if !self.is_of(told.replica.as_ref(), &told.service) {
            return false;
        }
        let readings = told.result.as_mut().map(std::mem::take).unwrap_or_default();
        let every = jiff::SignedDuration::try_from(told.interval).ok();
        let measures = self.measures.entry(told.service.clone()).or_default();
        let changed = measures.take(told.at, told.replica.clone(), every, readings);
        let key = (told.replica.clone(), told.source.clone());
        let scrapes = self.scrapes.entry(told.service.clone()).or_default();
        let before = scrapes.insert(key, told.clone());
        changed || before.is_none_or(|before| before.result != told.result || before.remark != told.remark)
    }

    /// Whether a replica is of a service as far as is known: of one that is gone, or is another's
    /// now, word may still come late.
    fn is_of(&self, replica: Option<&ReplicaId>, service: &ServiceId) -> bool {
        replica.is_none_or(|id| self.known.get(id).is_some_and(|known| known.replica.service == *service))
    }

    /// What was probed and measured in a replica that is gone, or no longer of that service.
    fn drop_figures(&mut self, id: &ReplicaId, service: &ServiceId) {
        if let Some(probes) = self.probes.get_mut(service) {
            probes.drop_replica(id);
            if probes.is_empty() {
                self.probes.remove(service);
            }
        }
        if let Some(scrapes) = self.scrapes.get_mut(service) {
            scrapes.retain(|(of, _), _| of.as_ref() != Some(id));
            if scrapes.is_empty() {
                self.scrapes.remove(service);
            }
        }
        if let Some(measures) = self.measures.get_mut(service) {
            measures.drop_replica(id);
            if measures.is_empty() {
                self.measures.remove(service);
            }
        }
    }

    fn true_at(&mut self, at: Timestamp) {
        self.as_of = self.as_of.max(Some(at));
    }
}

impl Row {
    fn empty(id: ServiceId) -> Self {
        let service = Service { id, desired: None, replicas: Vec::new() };
        let summary = Summary::of_service(std::iter::empty(), None, None, Timestamp::UNIX_EPOCH);
        Self { service, declared: None, summary, unsettled: false }
    }
}

impl Touched {
    fn row(&mut self, id: &ServiceId, rows: bool) {
        self.changes.facts = true;
        self.changes.rows |= rows;
        if !self.rows.contains(id) {
            self.rows.insert(id.clone());
        }
    }
}

/// Whether what tells who needs whom changed.
fn tied_anew(old: &Replica, new: &Replica) -> bool {
    old.ties != new.ties
        || old.compose != new.compose
        || old.addresses != new.addresses
        || old.ports != new.ports
        || old.name != new.name
}

/// Where a replica stands within its service: numbered ones first, then jobs, spares last.
fn place(replica: &Replica) -> (Role, bool, Option<u32>, std::sync::Arc<str>, ReplicaId) {
    (replica.role, replica.number.is_none(), replica.number, replica.name.clone(), replica.id.clone())
}
