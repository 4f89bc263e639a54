//! Folding: how each observation changes what is known.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{Changes, EVENTS, Fleet, Known, Row};
use crate::fleet::merge::keep_known;
use crate::fleet::track::Track;
use crate::fleet::{
    Event, History, Link, Observation, Replica, ReplicaId, Role, Service, ServiceId, Summary, Usage,
};

/// Rows to work out anew, and what changed.
#[derive(Default)]
struct Touched {
    rows: HashSet<ServiceId>,
    changes: Changes,
}

impl Fleet {
    /// Fold one observation in.
    pub fn apply(&mut self, observation: Observation) -> Changes {
        let mut touched = Touched::default();
        match observation {
            Observation::Synced { at, replicas } => self.sync(at, replicas, &mut touched),
            Observation::Applied { at, replica } => self.learn(at, *replica, false, &mut touched),
            Observation::Removed { at, id } => self.remove(at, id, &mut touched),
            Observation::Sampled { at, usages } => touched.changes.usage = self.sample(at, usages),
            Observation::Happened(event) => self.happen(event, &mut touched),
            Observation::Host(host) => touched.changes.header = self.host.replace(host) != Some(host),
            Observation::Engine(engine) => {
                self.trust_next_list = true;
                touched.changes.header = self.engine.as_ref() != Some(&engine);
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
        touched.changes
    }

    fn sync(&mut self, at: Timestamp, replicas: Vec<Replica>, touched: &mut Touched) {
        let trusted = std::mem::take(&mut self.trust_next_list);
        if trusted {
            self.gone.clear();
        }
        let listed: HashSet<ReplicaId> = replicas.iter().map(|replica| replica.id.clone()).collect();
        let unlisted: Vec<ReplicaId> = self
            .known
            .iter()
            // What we learnt after the list was made can't be in it.
            .filter(|(id, known)| !listed.contains(*id) && (trusted || known.at <= at))
            .map(|(id, _)| id.clone())
            .collect();
        for id in unlisted {
            self.forget(&id, touched);
        }
        for replica in replicas {
            self.learn(at, replica, trusted, touched);
        }
        self.gone.retain(|_, gone_at| *gone_at > at);
        self.true_at(at);
        if trusted {
            // The engine's clock may have gone back: the age shown must not count from its future.
            self.as_of = Some(at);
        }
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
        let (id, service) = (new.id.clone(), new.service.clone());
        let moved = old.service != service;
        let reordered = place(&old) != place(new);
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
            self.leave(id, &known.replica.service);
            touched.row(&known.replica.service, true);
        }
    }

    fn join(&mut self, id: &ReplicaId, service: &ServiceId) {
        if let Some(row) = self.rows.get_mut(service) {
            row.service.replicas.push(id.clone());
        } else {
            let replicas = vec![id.clone()];
            let service = Service { id: service.clone(), desired: None, replicas };
            let summary = Summary::of_service(std::iter::empty(), None, Timestamp::UNIX_EPOCH);
            self.rows.insert(service.id.clone(), Row { service, summary, unsettled: false });
        }
    }

    fn leave(&mut self, id: &ReplicaId, service: &ServiceId) {
        if let Some(row) = self.rows.get_mut(service) {
            row.service.replicas.retain(|member| member != id);
            if row.service.replicas.is_empty() {
                self.rows.remove(service);
            }
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
        row.summary = Summary::of_service(members, row.service.desired, at);
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

    fn true_at(&mut self, at: Timestamp) {
        self.as_of = self.as_of.max(Some(at));
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

/// Where a replica stands within its service: numbered ones first, then jobs, spares last.
fn place(replica: &Replica) -> (Role, bool, Option<u32>, std::sync::Arc<str>, ReplicaId) {
    (replica.role, replica.number.is_none(), replica.number, replica.name.clone(), replica.id.clone())
}
