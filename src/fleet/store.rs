//! The fleet: observations folded into what screens and commands ask for.
//!
//! Folding is idempotent and keeps to the time facts were true: a list or a word that is older
//! than what is known of a replica does not overwrite it. What follows from facts (the row's
//! summary) is worked out once when they change, so that asking is cheap every frame.

mod depend;
mod fold;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use super::measures::Measures;
use super::probing::{self, Probes};
use super::situation::{self, Facts};
use super::summary::Judged;
use super::track::Track;
use super::{
    Claimant, Counts, Declared, Dependencies, EngineId, EngineInfo, Event, EventKind, Health, History,
    HostUsage, Latency, Link, Listener, Minutes, Port, Probe, Reading, Replica, ReplicaId, Role, Scraped,
    Series, Service, ServiceId, Since, Situation, Summary, UpdateState, Usage, verdict,
};

/// Events kept.
const EVENTS: usize = 512;
/// A sample older than this says nothing about now, seconds.
const STALE_USAGE: i64 = 60;
/// A change older than this is no news, seconds.
const NEWS: i64 = 600;

/// Everything known, folded from observations. Cheap to query every frame.
#[derive(Debug, Default)]
pub struct Fleet {
    known: HashMap<ReplicaId, Known>,
    rows: BTreeMap<ServiceId, Row>,
    /// Replicas removed since the last list, and when, so that a late word can't bring them back.
    gone: HashMap<ReplicaId, Timestamp>,
    /// Of services that are no row, too: theirs may come and go.
    probes: HashMap<ServiceId, Probes>,
    measures: HashMap<ServiceId, Measures>,
    /// The last word of each thing that services are asked for.
    scrapes: HashMap<ServiceId, Scrapes>,
    events: VecDeque<Event>,
    engine: Option<EngineInfo>,
    host: Option<HostUsage>,
    /// As they were when something last could not start for want of a port.
    listeners: Vec<Listener>,
    link: Option<Link>,
    /// Engines that can't be asked though the connection stands, and why.
    blind: BTreeMap<EngineId, String>,
    as_of: Option<Timestamp>,
    /// How often an engine told of itself: it was new, or its clock was.
    told: u64,
    /// After which of these each engine last sent a list. The first list after is the truth,
    /// whatever its time says.
    listed: HashMap<EngineId, u64>,
    /// Who needs whom: made when it is asked for, thrown away when what it is made of changes.
    depends: OnceLock<Dependencies>,
}

/// By replica and source; figures are taken out of them.
type Scrapes = BTreeMap<(Option<ReplicaId>, Arc<str>), Scraped>;

/// All that is known of one replica.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) replica: Replica,
    /// When `replica` was true.
    at: Timestamp,
    track: Track,
    usage: Option<(Timestamp, Usage)>,
    history: History,
}

impl Known {
    /// The verdict at `now`.
    pub(super) fn verdict(&self, now: Timestamp) -> Since {
        verdict::of_replica(&self.replica, &self.track, now)
    }

    fn usage(&self, now: Timestamp) -> Option<Usage> {
        self.usage.filter(|(at, _)| now.duration_since(*at).as_secs() <= STALE_USAGE).map(|(_, usage)| usage)
    }
}

/// A service, and what follows from its replicas' facts.
#[derive(Debug)]
struct Row {
    service: Service,
    /// What its engine says it should be, where the engine looks after it.
    declared: Option<Declared>,
    /// Without usage, which changes every second.
    summary: Summary,
    /// The verdict changes as time passes (a crash loop): work it out when asked, as that of what is
    /// probed always is.
    unsettled: bool,
}

/// What one `apply` changed, so that callers redo only what depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Rows appeared, vanished or moved between services.
    pub rows: bool,
    /// A row's state, health, ports, image, … changed.
    pub facts: bool,
    /// Usage figures changed.
    pub usage: bool,
    /// Host figures, engine info or link changed.
    pub header: bool,
}

impl Row {
    /// Whether it is a service, and not only jobs beside one.
    fn counts(&self) -> bool {
        self.summary.total > 0 || self.declared.is_some()
    }
}

impl Fleet {
    /// Nothing known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// All services in order: projects by name (lone containers last), services by name.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.rows.values().map(|row| &row.service)
    }

    /// One service.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.rows.get(id).map(|row| &row.service)
    }

    /// Whether a row is a service, and not only what is left beside one.
    pub fn is_service(&self, id: &ServiceId) -> bool {
        self.rows.get(id).is_some_and(Row::counts)
    }

    /// What engines that look after services themselves say these should be.
    pub(super) fn declared(&self) -> impl Iterator<Item = &Declared> {
        self.rows.values().filter_map(|row| row.declared.as_ref())
    }

    /// One replica.
    pub fn replica(&self, id: &ReplicaId) -> Option<&Replica> {
        self.known.get(id).map(|known| &known.replica)
    }

    /// A service's replicas, jobs and spares, in order: by number, then by name, jobs after them,
    /// spares last.
    pub fn replicas_of(&self, id: &ServiceId) -> impl Iterator<Item = &Replica> + Clone {
        self.members(id).map(|known| &known.replica)
    }

    fn members(&self, id: &ServiceId) -> impl Iterator<Item = &Known> + Clone {
        self.rows
            .get(id)
            .into_iter()
            .flat_map(|row| &row.service.replicas)
            .filter_map(|replica| self.known.get(replica))
    }

    /// What a service's row shows at `now`.
    pub fn summary(&self, id: &ServiceId, now: Timestamp) -> Option<Summary> {
        let row = self.rows.get(id)?;
        let mut summary = row.summary.clone();
        if let Some(judged) = self.judge(row, now) {
            judged.write(&mut summary);
        }
        self.name_holder(id, &mut summary.health);
        summary.usage = self.service_usage(&row.service, now);
        let measured = |name: &str| self.measured(id, name, now);
        let probed = self.probes.get(id).and_then(|probes| probes.lately(now));
        summary.answer(measured, probed);
        Some(summary)
    }

    /// What a replica's row shows at `now`.
    pub fn replica_summary(&self, id: &ReplicaId, now: Timestamp) -> Option<Summary> {
        let known = self.known.get(id)?;
        let service = &known.replica.service;
        let probes = self.probes.get(service);
        let mut summary = Summary::of_replica(known, probes, now);
        self.name_holder(service, &mut summary.health);
        summary.usage = known.usage(now).unwrap_or_default();
        let measured = |name: &str| self.measures.get(service)?.of(id, name, now);
        let probed = self.replica_latency(id, Minutes::Five, now);
        // What nobody probes any more (it is down) answers nothing now.
        let is_probed = probes.is_some_and(|probes| probes.of(id).any(|probe| !probe.is_stale(now)));
        summary.answer(measured, probed.filter(|_| is_probed));
        Some(summary)
    }

    fn service_usage(&self, service: &Service, now: Timestamp) -> Usage {
        service
            .replicas
            .iter()
            .filter_map(|id| self.known.get(id))
            .filter(|known| known.replica.role == Role::Replica)
            .filter_map(|known| known.usage(now))
            .reduce(Usage::plus)
            .unwrap_or_default()
    }

    /// A replica's usage over time.
    pub fn history(&self, id: &ReplicaId) -> Option<Series<'_>> {
        self.known.get(id).map(|known| Series::new([&known.history]))
    }

    /// A service's usage over time, its replicas summed (jobs and spares left out).
    pub fn service_history(&self, id: &ServiceId) -> Option<Series<'_>> {
        self.rows.get(id)?;
        let replicas = self.members(id).filter(|known| known.replica.role == Role::Replica);
        Some(Series::new(replicas.map(|known| &known.history)))
    }

    /// The probes of a service: those of the service as a whole, then those of its replicas.
    pub fn probes(&self, id: &ServiceId) -> impl Iterator<Item = &Probe> + Clone {
        self.probes.get(id).into_iter().flat_map(Probes::iter)
    }

    /// One probe, by what names it.
    pub fn probe(&self, id: &ServiceId, replica: Option<&ReplicaId>, name: &str) -> Option<&Probe> {
        self.probes.get(id)?.get(replica, name)
    }

    /// How a service answered its probes over the window that ends at `now`; `None` where none was
    /// tried in it.
    pub fn latency(&self, id: &ServiceId, window: Minutes, now: Timestamp) -> Option<Latency> {
        self.probes.get(id)?.latency(window, now)
    }

    /// The same of one replica.
    pub fn replica_latency(&self, id: &ReplicaId, window: Minutes, now: Timestamp) -> Option<Latency> {
        let probes = self.probes.get(&self.known.get(id)?.replica.service)?;
        probing::latency(probes.of(id), window, now)
    }

    /// A figure measured in a service, put together from its replicas' (rates of requests summed,
    /// ratios weighted by them, of all else the worst); `None` where there is none, or it is old.
    pub fn measured(&self, id: &ServiceId, name: &str, now: Timestamp) -> Option<f64> {
        self.measures.get(id)?.get(name, now)
    }

    /// The names of what is measured in a service at `now`, sorted.
    pub fn measured_names(&self, id: &ServiceId, now: Timestamp) -> Vec<Arc<str>> {
        self.measures.get(id).map(|measures| measures.names(now)).unwrap_or_default()
    }

    /// A figure measured in a service as [`Self::measured`] has it, with its unit.
    pub fn reading(&self, id: &ServiceId, name: &Arc<str>, now: Timestamp) -> Option<Reading> {
        let measures = self.measures.get(id)?;
        let (value, unit) = (measures.get(name, now)?, measures.unit(name, now)?);
        Some(Reading { name: name.clone(), value, unit })
    }

    /// What was measured in a service and is too old to say anything about `now`, with the time of
    /// its last figure.
    pub fn outdated(&self, id: &ServiceId, now: Timestamp) -> Vec<(Arc<str>, Timestamp)> {
        self.measures.get(id).map(|measures| measures.old(now)).unwrap_or_default()
    }

    /// What a service and its replicas are asked for, with what came of it last.
    pub fn scrapes(&self, id: &ServiceId) -> impl Iterator<Item = &Scraped> {
        self.scrapes.get(id).into_iter().flat_map(BTreeMap::values)
    }

    /// How often replicas of a service ended unasked since then, an hour back at most.
    pub fn unplanned_ends(&self, id: &ServiceId, since: Timestamp) -> u32 {
        let replicas = self.members(id).filter(|known| known.replica.role == Role::Replica);
        replicas.map(|known| known.track.ends_since(since)).sum()
    }

    /// What time alone changes about a row, where it does: a crash loop goes on, probes fall silent.
    fn judge(&self, row: &Row, now: Timestamp) -> Option<Judged> {
        let id = &row.service.id;
        let probes = self.probes.get(id);
        if !row.unsettled && probes.is_none() {
            return None;
        }
        Some(Judged::of(self.members(id), row.declared.as_ref(), probes, now))
    }

    /// Replicas that could not start because a port of the host is taken.
    pub fn shut_out(&self) -> impl Iterator<Item = &Replica> {
        self.known.values().map(|known| &known.replica).filter(|it| it.port_taken().is_some())
    }

    /// Where a service could not start because a port of the host is taken: by whom, as far as that
    /// can be seen.
    fn name_holder(&self, id: &ServiceId, since: &mut Since) {
        if since.health != Health::Down && since.health != Health::Degraded {
            return;
        }
        let Some((own, port)) =
            self.members(id).find_map(|it| Some((&it.replica.id, it.replica.port_taken()?)))
        else {
            return;
        };
        let holds = |it: &&Known| {
            let published = |it: &Port| it.host.is_some_and(|(_, number)| number == port);
            it.replica.id != *own && it.replica.is_up() && it.replica.ports.iter().any(published)
        };
        let ours = self.known.values().filter(holds).map(|it| it.replica.service.path()).min();
        if let Some(holder) = ours.or_else(|| self.listens(port)) {
            since.why = verdict::held_by(&since.why, port, &holder);
        }
    }

    /// What listens on a port of the host beside what containers publish.
    fn listens(&self, port: u16) -> Option<String> {
        let claims = self.host_ports(&self.listeners).into_iter().filter(|it| it.number == port);
        let holders = claims.flat_map(|it| it.claims).filter(|claim| claim.holds).map(|claim| claim.by);
        // One that may be seen says more than one that may not.
        holders.min_by_key(|by| matches!(by, Claimant::Process { known: None })).map(|by| by.words())
    }

    /// How many stand how.
    pub fn counts(&self, now: Timestamp) -> Counts {
        let mut counts = Counts::default();
        for row in self.rows.values().filter(|row| row.counts()) {
            let health =
                self.judge(row, now).map_or(row.summary.health.health, |judged| judged.health.health);
            counts.add(health, row.summary.total);
        }
        counts
    }

    /// What is wrong and what changed.
    pub fn situation(&self, now: Timestamp) -> Situation {
        let mut counts = Counts::default();
        let mut troubles = Vec::new();
        let mut well_since = None;
        let mut stopped = Vec::new();
        for row in self.rows.values().filter(|row| row.counts()) {
            let fresh = self.judge(row, now);
            let since = fresh.as_ref().map_or(&row.summary.health, |judged| &judged.health);
            counts.add(since.health, row.summary.total);
            if since.health.is_well() {
                well_since = well_since.max(since.at);
            } else if since.health == Health::Stopped {
                stopped.push((&row.service.id, since.clone()));
            } else {
                let mut since = since.clone();
                self.name_holder(&row.service.id, &mut since);
                troubles.push((&row.service.id, since));
            }
        }
        situation::tell(Facts {
            now,
            link: self.link.as_ref(),
            blind: self.blind.values().map(String::as_str).collect(),
            as_of: self.as_of,
            counts,
            causes: self.explained(&troubles, &stopped),
            troubles,
            well_since,
            change: self.newest_change(now),
        })
    }

    /// The newest event of the last minutes that somebody caused and the rest of the sentence does
    /// not tell. Jobs and spares come and go: that is no news.
    fn newest_change(&self, now: Timestamp) -> Option<(String, Timestamp)> {
        let is_news = |event: &&Event| now.duration_since(event.at).as_secs() <= NEWS;
        let told = self.events.iter().rev().take_while(is_news);
        let event = told.filter(|event| event.role == Role::Replica).find_map(|event| {
            let word = match event.kind {
                EventKind::Stopped => "stopped",
                EventKind::Restarted => "restarted",
                EventKind::Unpaused => "unpaused",
                EventKind::Destroyed => "removed",
                EventKind::Created => "created",
                _ => return None,
            };
            Some((format!("{} {word}", event.service.name), event.at))
        });
        let updates = self.declared().filter_map(|it| {
            let update = it.update.as_ref()?;
            let word = match update.state {
                UpdateState::Completed => "updated",
                UpdateState::RolledBack => "rolled back",
                _ => return None,
            };
            let at = update.at.filter(|at| now.duration_since(*at).as_secs() <= NEWS)?;
            Some((format!("{} {word}", it.service.name), at))
        });
        updates.chain(event).max_by_key(|(_, at)| *at)
    }

    /// The engine, once it answered.
    pub fn engine(&self) -> Option<&EngineInfo> {
        self.engine.as_ref()
    }

    /// The machine.
    pub fn host(&self) -> Option<&HostUsage> {
        self.host.as_ref()
    }

    /// How the connection stands; `None` before the first word.
    pub fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    /// When what is known was last known to be true; `None` before the first fact.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.as_of
    }

    /// Recent events, oldest first, at most 512.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.iter()
    }
}

#[cfg(test)]
mod declared_tests;
#[cfg(test)]
mod tests;
