//! The book of incidents: rules asked again and again, and what becomes of it.
//!
//! An incident opens when its condition has held for the rule's duration, and closes when it has
//! not held for a while; what comes back again and again is held open for longer, so that it is one
//! incident and not fifty. Nothing opens while somebody is changing the service: the clock starts
//! when they are done.

mod cells;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::columns::{self, Answer, NO, Scratch, UNKNOWN, YES};
use super::readings::{self, Readings};
use super::{End, Incident, Key, Metric, Muting, Rule, Rules, Scope};
use crate::fleet::{Fleet, ServiceId};
use cells::{Cell, Cells};

/// A condition that has not held for the rule's duration, and no longer than this, is over.
const HOLD: SignedDuration = SignedDuration::from_mins(1);
/// What came back this often is held open until it is quiet for [`FLAPPING_HOLD`].
const FLAPPING: u32 = 3;
const FLAPPING_HOLD: SignedDuration = SignedDuration::from_mins(10);
/// What comes back sooner than this is the same again.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);
/// Without figures for so long, what has not opened is forgotten.
const FORGET: SignedDuration = SignedDuration::from_mins(1);
/// Without figures for so long, what is open is closed.
const BLIND: SignedDuration = SignedDuration::from_mins(15);
/// A service that is not there any more for so long is gone; recreating takes seconds.
const GONE: SignedDuration = SignedDuration::from_mins(1);
/// How often the figures of an open incident are put into words anew.
const REWORD: SignedDuration = SignedDuration::from_secs(10);

/// What became of an incident.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It is open; with [`Incident::muted`] telling whether it is to be heard.
    Opened(Incident),
    /// It is open for a while, and what kept it quiet is over.
    Unmuted(Incident),
    /// It is over.
    Closed(Incident),
}

impl Change {
    /// The incident.
    pub fn incident(&self) -> &Incident {
        match self {
            Self::Opened(incident) | Self::Unmuted(incident) | Self::Closed(incident) => incident,
        }
    }
}

/// A rule, ready to be asked.
#[derive(Debug)]
struct Ready {
    rule: Rule,
    duration: SignedDuration,
    hold: SignedDuration,
    /// The columns of its condition's metrics.
    places: Vec<usize>,
    of_host: bool,
    /// Which rows it is about; `None` = all.
    scope: Option<Vec<bool>>,
    cells: Cells,
}

/// Rules and their incidents.
#[derive(Debug, Default)]
pub struct Book {
    rules: Vec<Ready>,
    metrics: Vec<Metric>,
    readings: Readings,
    scratch: Scratch,
    /// The services of the rows that cells are of.
    rows: Vec<ServiceId>,
    /// Cells of services that are not there (any more), with when that was seen first.
    astray: Vec<Astray>,
    open: BTreeMap<Key, Incident>,
    /// What closed lately: when, and how often it had come.
    lately: HashMap<Key, (Timestamp, u32)>,
    /// Restored incidents whose rule is not there any more.
    unruled: Vec<Incident>,
    reworded: Option<Timestamp>,
}

#[derive(Debug)]
struct Astray {
    rule: usize,
    service: ServiceId,
    cell: Cell,
    since: Timestamp,
}

impl Book {
    /// A book of these rules, nothing open.
    pub fn new(rules: &Rules) -> Self {
        let mut metrics: Vec<Metric> = Vec::new();
        for metric in rules.iter().flat_map(|rule| rule.condition.metrics()) {
            if !metrics.contains(metric) {
                metrics.push(metric.clone());
            }
        }
        let ready = |rule: &Rule| {
            let duration = SignedDuration::try_from(rule.duration).unwrap_or(SignedDuration::MAX);
            let place = |metric: &Metric| metrics.iter().position(|known| known == metric);
            Ready {
                rule: rule.clone(),
                duration,
                hold: duration.min(HOLD),
                places: rule.condition.metrics().iter().filter_map(place).collect(),
                of_host: rule.is_of_host(),
                scope: None,
                cells: Cells::default(),
            }
        };
        Self { rules: rules.iter().map(ready).collect(), metrics, ..Self::default() }
    }

    /// The rules, in order.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|ready| &ready.rule)
    }

    /// Incidents that are open, worst first, then the oldest.
    pub fn open(&self) -> Vec<&Incident> {
        let mut open: Vec<&Incident> = self.open.values().collect();
        open.sort_by_key(|incident| (std::cmp::Reverse(incident.severity), incident.opened));
        open
    }

    /// One of them.
    pub fn incident(&self, key: &Key) -> Option<&Incident> {
        self.open.get(key)
    }

    /// What others know of an incident that is open here: its number, and who has seen it.
    pub fn learn(&mut self, known: &Incident) {
        if let Some(incident) = self.open.get_mut(&known.key) {
            incident.id = known.id.or(incident.id);
            incident.acknowledged.clone_from(&known.acknowledged);
        }
    }

    /// Take these for open (at a start: what the journal has). Those of rules that are not there
    /// any more are closed next time.
    pub fn restore(&mut self, open: Vec<Incident>, now: Timestamp) {
        for incident in open {
            let Some(rule) = self.rules.iter().position(|ready| ready.rule.name == incident.key.rule) else {
                self.unruled.push(incident);
                continue;
            };
            let cell = Cell { row: 0, since: incident.since, known: now, off: None, open: true };
            match (&incident.key.service, self.rules.get_mut(rule)) {
                (Some(service), _) => {
                    self.astray.push(Astray { rule, service: service.clone(), cell, since: now });
                }
                (None, Some(ready)) => ready.cells.set(cell),
                (None, None) => {}
            }
            self.open.insert(incident.key.clone(), incident);
        }
    }

    /// Other rules from here on. What is open stays open, and what has been true for a while keeps
    /// its time, where the rule is there still.
    pub fn replace(&mut self, rules: &Rules, now: Timestamp) {
        let mut old = std::mem::replace(self, Self::new(rules));
        old.scatter(now);
        self.lately = old.lately;
        self.unruled = old.unruled;
        for mut astray in old.astray {
            let Some(before) = old.rules.get(astray.rule).map(|ready| &ready.rule) else { continue };
            let found = self.rules.iter().position(|ready| ready.rule.name == before.name);
            let same = |ready: &Ready| ready.rule.condition == before.condition;
            match found {
                Some(at) if astray.cell.open || self.rules.get(at).is_some_and(same) => {
                    astray.rule = at;
                    self.astray.push(astray);
                }
                _ => {}
            }
        }
        for ready in old.rules.iter().filter(|ready| ready.of_host) {
            let there = self.rules.iter_mut().find(|new| new.of_host && new.rule.name == ready.rule.name);
            if let (Some(new), Some(cell)) = (there, ready.cells.first()) {
                new.cells.set(cell);
            }
        }
        for (key, mut incident) in old.open {
            match self.rules.iter().find(|ready| ready.rule.name == key.rule) {
                Some(ready) => {
                    incident.severity = ready.rule.severity;
                    incident.condition = ready.rule.condition.text().into();
                    incident.description = ready.rule.description.clone();
                    self.open.insert(key, incident);
                }
                None => self.unruled.push(incident),
            }
        }
    }

    /// Ask every rule of every service, and tell what became of it.
    pub fn evaluate(&mut self, fleet: &Fleet, muting: &Muting<'_>, now: Timestamp) -> Vec<Change> {
        self.round(fleet, muting, now, false)
    }

    /// The same, with everything that holds now open at once, and what does not closed: for those
    /// who look once and remember nothing.
    pub fn evaluate_at_once(&mut self, fleet: &Fleet, muting: &Muting<'_>, now: Timestamp) -> Vec<Change> {
        self.round(fleet, muting, now, true)
    }

    fn round(&mut self, fleet: &Fleet, muting: &Muting<'_>, now: Timestamp, at_once: bool) -> Vec<Change> {
        let mut changes = Vec::new();
        for mut incident in std::mem::take(&mut self.unruled) {
            incident.closed = Some((now, End::NoRule));
            changes.push(Change::Closed(incident));
        }
        self.readings.read(fleet, &self.metrics, now);
        let due = self.reworded.is_none_or(|last| now.duration_since(last).abs() >= REWORD);
        if due {
            // Labels change without a word.
            self.aim(fleet, |scope| !scope.labels.is_empty());
        }
        if self.readings.services != self.rows {
            self.resettle(fleet, now);
        }
        let mut turns = Vec::new();
        for (at, ready) in self.rules.iter_mut().enumerate() {
            let of = if ready.of_host { &self.readings.of_host } else { &self.readings.of_services };
            let answers = columns::ask(&ready.rule.condition, &ready.places, of, &mut self.scratch);
            let wait = |span: SignedDuration| if at_once { SignedDuration::ZERO } else { span };
            let due = Due {
                duration: wait(ready.duration),
                hold: wait(ready.hold),
                flapping: wait(FLAPPING_HOLD),
                now,
            };
            let services = (!ready.of_host).then_some(&self.rows);
            let service = |row: u32| services.and_then(|rows| rows.get(row as usize));
            let name = &ready.rule.name;
            let times = |row: u32| {
                let key = || Key { rule: name.clone(), service: service(row).cloned() };
                self.open.get(&key()).map_or(1, |incident| incident.times)
            };
            let busy = |row: u32| !muting.operations.is_empty() && muting.operation(service(row)).is_some();
            ready.cells.turn(answers, ready.scope.as_deref(), &due, &times, &busy, &mut |row, turn| {
                turns.push((at, row, turn));
            });
        }
        for (rule, row, turn) in turns {
            changes.extend(self.carry(rule, row, turn, fleet, muting, now));
        }
        changes.extend(self.gone(fleet, now));
        changes.extend(self.mute(muting, now));
        if due {
            self.reword(fleet, now);
        }
        self.lately.retain(|_, (closed, _)| now.duration_since(*closed) <= AGAIN);
        changes
    }

    /// What a turn of a cell means for its incident.
    fn carry(
        &mut self,
        rule: usize,
        row: u32,
        turn: Turn,
        fleet: &Fleet,
        muting: &Muting<'_>,
        now: Timestamp,
    ) -> Option<Change> {
        let ready = self.rules.get(rule)?;
        let service = if ready.of_host { None } else { Some(self.rows.get(row as usize)?.clone()) };
        let key = Key { rule: ready.rule.name.clone(), service };
        match turn {
            Turn::Opens(since) => {
                let figures = self.figures(ready, row, &key, fleet, now);
                let mut incident = Incident::new(&ready.rule, key.clone(), figures, since, now);
                let lately = self.lately.remove(&key);
                let again = lately.filter(|(closed, _)| now.duration_since(*closed) <= AGAIN);
                incident.times += again.map_or(0, |(_, times)| times);
                incident.muted = muting.of(&key, now);
                incident.told = incident.muted.is_none();
                self.open.insert(key, incident.clone());
                Some(Change::Opened(incident))
            }
            Turn::Back => {
                let incident = self.open.get_mut(&key)?;
                incident.times = incident.times.saturating_add(1);
                None
            }
            Turn::Closes(end) => self.close(&key, end, now),
        }
    }

    fn close(&mut self, key: &Key, end: End, now: Timestamp) -> Option<Change> {
        let mut incident = self.open.remove(key)?;
        incident.closed = Some((now, end));
        self.lately.insert(key.clone(), (now, incident.times));
        Some(Change::Closed(incident))
    }

    /// What belongs to services that are not there any more.
    fn gone(&mut self, fleet: &Fleet, now: Timestamp) -> Vec<Change> {
        // Nobody knows what is there while the engine can't be asked, or has not told yet.
        let told = fleet.as_of().is_some() && !matches!(fleet.link(), Some(crate::fleet::Link::Lost { .. }));
        if !told {
            self.astray.iter_mut().for_each(|astray| astray.since = now);
            return Vec::new();
        }
        let (gone, still) = std::mem::take(&mut self.astray)
            .into_iter()
            .partition(|astray| !astray.cell.open || now.duration_since(astray.since) >= GONE);
        self.astray = still;
        let mut changes = Vec::new();
        for Astray { rule, service, cell, .. } in gone {
            if let Some(ready) = self.rules.get(rule).filter(|_| cell.open) {
                let key = Key { rule: ready.rule.name.clone(), service: Some(service) };
                changes.extend(self.close(&key, End::Gone, now));
            }
        }
        changes
    }

    /// Who is quiet, and who is no longer.
    fn mute(&mut self, muting: &Muting<'_>, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        for (key, incident) in &mut self.open {
            incident.muted = muting.of(key, now);
            if incident.muted.is_none() && !incident.told {
                incident.told = true;
                changes.push(Change::Unmuted(incident.clone()));
            }
        }
        changes
    }

    /// Put the figures of what is open and still holds into words anew.
    fn reword(&mut self, fleet: &Fleet, now: Timestamp) {
        self.reworded = Some(now);
        let mut said = Vec::new();
        for ready in &self.rules {
            for cell in ready.cells.iter().filter(|cell| cell.open && cell.off.is_none() && cell.known == now)
            {
                let service = if ready.of_host { None } else { self.rows.get(cell.row as usize).cloned() };
                let key = Key { rule: ready.rule.name.clone(), service };
                said.push((self.figures(ready, cell.row, &key, fleet, now), key));
            }
        }
        for (figures, key) in said {
            if let Some(incident) = self.open.get_mut(&key).filter(|_| !figures.is_empty()) {
                incident.figures = figures;
            }
        }
    }

    fn figures(&self, ready: &Ready, row: u32, key: &Key, fleet: &Fleet, now: Timestamp) -> Arc<str> {
        let of = if ready.of_host { &self.readings.of_host } else { &self.readings.of_services };
        let figure =
            |metric: usize| of.get(ready.places.get(metric).copied().unwrap_or(usize::MAX), row as usize);
        readings::words(ready.rule.condition.metrics(), figure, key.service.as_ref(), fleet, now)
    }

    /// All cells of services become astray, to be found again by their service.
    fn scatter(&mut self, now: Timestamp) {
        for (rule, ready) in self.rules.iter_mut().enumerate().filter(|(_, ready)| !ready.of_host) {
            for cell in ready.cells.take() {
                if let Some(service) = self.rows.get(cell.row as usize) {
                    self.astray.push(Astray { rule, service: service.clone(), cell, since: now });
                }
            }
        }
    }

    /// The services are others than before: cells go where theirs are now, scopes are worked out.
    fn resettle(&mut self, fleet: &Fleet, now: Timestamp) {
        self.scatter(now);
        self.rows.clone_from(&self.readings.services);
        let places: HashMap<&ServiceId, u32> = self.rows.iter().zip(0_u32..).collect();
        let mut still = Vec::new();
        for mut astray in std::mem::take(&mut self.astray) {
            match (places.get(&astray.service), self.rules.get_mut(astray.rule)) {
                (Some(row), Some(ready)) => {
                    astray.cell.row = *row;
                    ready.cells.set(astray.cell);
                }
                _ => still.push(astray),
            }
        }
        self.astray = still;
        self.aim(fleet, |_| true);
    }

    /// Work out what rules are about, of those that ask for it.
    fn aim(&mut self, fleet: &Fleet, asks: impl Fn(&Scope) -> bool) {
        for ready in self.rules.iter_mut().filter(|ready| !ready.of_host && asks(&ready.rule.scope)) {
            let scope = &ready.rule.scope;
            let holds = |service: &ServiceId| scope.holds(service, fleet.replicas_of(service));
            ready.scope = (!scope.is_all()).then(|| self.rows.iter().map(holds).collect());
        }
    }
}

/// What became of one rule on one service.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Turn {
    /// It has held long enough, since then.
    Opens(Timestamp),
    /// It holds again, and had never been over.
    Back,
    /// It is over.
    Closes(End),
}

/// How long is long enough.
struct Due {
    duration: SignedDuration,
    hold: SignedDuration,
    flapping: SignedDuration,
    now: Timestamp,
}
