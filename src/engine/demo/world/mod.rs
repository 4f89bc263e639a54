//! The simulated world: what runs, and what becomes of it.
//!
//! Pure: no clock, no IO, no chance but the seed's. Advancing in one leap or in a thousand small
//! steps leads to the same world and the same observations.

mod answer;
mod birth;
mod change;
mod check;
mod colleague;
mod details;
mod images;
mod life;
mod machine;
mod managed;
mod past;
mod perform;
mod probe;
mod survey;
mod tend;
mod unit;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::load::{self, Weather};
use super::logs;
use super::platform::{Platform, Spec};
use super::random::{named, noise};
use crate::engine::{EngineError, LogQuery};
use crate::fleet::{
    EngineId, EngineInfo, Event, HostUsage, Observation, Pressure, Replica, ReplicaId, Usage,
};
use colleague::Colleague;
use life::Entry;
use managed::Charge;
pub use past::PastOperation;
pub use perform::Performed;
pub(super) use unit::{Run, Unit};

/// How long the world has lived when it starts, so that crash loops have looped and charts have a past.
const PRELUDE: i64 = 5 * 60_000;
/// Milliseconds from one usage sweep to the next.
const SWEEP: i64 = 1_000;
/// Sweeps told at most after a leap (a suspended terminal): more would only be thrown away.
const SWEEPS_AT_ONCE: i64 = 300;
/// Events remembered for those who come later.
const EVENTS: usize = 200;
/// Up to so many replicas, the past is told with a sweep every second; beyond, every ten.
const SMALL: usize = 200;

/// One log line of a replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// Whether to stderr.
    pub stderr: bool,
    /// The raw text without a line end; may hold escape sequences, as programs write them.
    pub text: String,
}

/// A platform, alive. See the module.
#[derive(Debug)]
pub struct World {
    platform: Platform,
    engine: EngineId,
    seed: u64,
    start: Timestamp,
    /// Milliseconds since `start`.
    now: i64,
    next_sweep: i64,
    specs: Vec<Spec>,
    /// Slots of each spec's units.
    units_of: Vec<Vec<usize>>,
    /// Specs of each service that others may need or call.
    by_name: HashMap<(Option<Arc<str>>, Arc<str>), usize>,
    units: Vec<Unit>,
    by_id: HashMap<Arc<str>, usize>,
    free: Vec<usize>,
    /// Counts containers made, for their ids.
    born: u64,
    agenda: BinaryHeap<Reverse<Entry>>,
    /// Numbers agenda entries, so that those of one moment happen in the order they were planned.
    planned: u64,
    out: Vec<Observation>,
    events: VecDeque<Event>,
    /// What references stand for that were pulled since the world began.
    pulled: BTreeMap<Arc<str>, Arc<str>>,
    /// Services the engine itself looks after, by their spec.
    charges: BTreeMap<usize, Charge>,
    /// Who deploys something in the first minute, while that lasts.
    colleague: Option<Colleague>,
}

impl World {
    /// A platform at `start`, already five minutes into its day.
    ///
    /// `services` cuts or fills it to so many services; `None` = as its guide has it.
    pub fn new(platform: Platform, services: Option<usize>, seed: u64, start: Timestamp) -> Self {
        let specs = platform.services(services, seed);
        let mut world = Self {
            platform,
            engine: EngineId::new("demo"),
            seed: named(seed, platform.name()),
            start,
            now: -PRELUDE,
            next_sweep: 0,
            units_of: vec![Vec::new(); specs.len()],
            by_name: HashMap::new(),
            specs,
            units: Vec::new(),
            by_id: HashMap::new(),
            free: Vec::new(),
            born: 0,
            agenda: BinaryHeap::new(),
            planned: 0,
            out: Vec::new(),
            events: VecDeque::new(),
            pulled: BTreeMap::new(),
            charges: BTreeMap::new(),
            colleague: None,
        };
        world.take_charge();
        world.populate();
        world.invite();
        world.live_until(0);
        world.out.clear();
        world
    }

    /// Which platform it is.
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// The engine id of everything in it.
    pub fn engine(&self) -> &EngineId {
        &self.engine
    }

    /// When what it knows is true.
    pub fn now(&self) -> Timestamp {
        self.stamp(self.now)
    }

    /// What the engine says of itself. Its kind is `demo`, so that no screen can hide it.
    pub fn info(&self) -> EngineInfo {
        EngineInfo {
            kind: "demo".to_owned(),
            version: self.platform.name().to_owned(),
            api: String::new(),
            host: "demo-host".to_owned(),
            instance: self.endpoint(),
            endpoint: self.endpoint(),
            local: false,
            cpus: Some(self.cores()),
            memory: Some(self.host_memory()),
        }
    }

    /// `demo://group-buying`.
    pub fn endpoint(&self) -> String {
        format!("demo://{}", self.platform)
    }

    /// Every replica there is, in the order they were made.
    pub fn replicas(&self) -> Vec<Replica> {
        self.living().map(|unit| unit.replica.clone()).collect()
    }

    /// All of them, as an observation. Beside it stands what [`World::past`] says.
    pub fn synced(&self) -> Observation {
        Observation::Synced { at: self.now(), engine: self.engine.clone(), replicas: self.replicas() }
    }

    /// Live on until `to` and tell what happened, in order. Going back does nothing.
    pub fn advance(&mut self, to: Timestamp) -> Vec<Observation> {
        let to = self.millis(to);
        self.live_until(to);
        std::mem::take(&mut self.out)
    }

    /// When something happens next: a sweep at the latest.
    pub fn next(&self) -> Timestamp {
        let planned = self.agenda.peek().map_or(i64::MAX, |Reverse(entry)| entry.at);
        self.stamp(planned.min(self.next_sweep))
    }

    /// What one who comes now should know of the past: what services should be, recent events, then usage sweeps of the
    /// last five minutes, oldest first, and what probes found.
    pub fn past(&self) -> Vec<Observation> {
        let mut out = self.told();
        let every = if self.by_id.len() > SMALL { 10 * SWEEP } else { SWEEP };
        let last = self.next_sweep - SWEEP;
        let mut at = last - (PRELUDE / every) * every;
        while at < last {
            out.push(self.sweep(at).0);
            at += every;
        }
        let (sweep, host) = self.sweep(last);
        out.extend([sweep, Observation::Host(host)]);
        out.extend(self.found(10_000));
        out
    }

    /// What services should be, and recent events.
    fn told(&self) -> Vec<Observation> {
        let events = self.events.iter().cloned().map(Observation::Happened);
        self.declared().into_iter().chain(events).collect()
    }

    /// Recent events, what probes found, and the newest usage only: for those who look once.
    pub fn present(&self) -> Vec<Observation> {
        let mut out = self.told();
        let (sweep, host) = self.sweep(self.next_sweep - SWEEP);
        out.extend([sweep, Observation::Host(host)]);
        out.extend(self.found(60_000));
        out
    }

    /// Log lines of one replica up to now, oldest first, in the query's bounds. What was written
    /// more than two hours ago has been rotated away.
    ///
    /// # Errors
    /// [`EngineError::Gone`] for a replica that is not there.
    pub fn logs(&self, of: &ReplicaId, query: &LogQuery) -> Result<Vec<LogLine>, EngineError> {
        let unit = self.find(of)?;
        let until = query.until.map_or(self.now * 1_000, |until| self.micros(until).min(self.now * 1_000));
        let since = query.since.map(|since| self.micros(since));
        let lines = logs::history(&self.scene(unit), since, until, query.tail);
        Ok(lines.into_iter().map(|line| self.log_line(line)).collect())
    }

    /// Log lines written after `after`, up to now.
    pub(super) fn logs_after(&self, of: &ReplicaId, after: Timestamp) -> Result<Vec<LogLine>, EngineError> {
        let unit = self.find(of)?;
        let lines = logs::between(&self.scene(unit), self.micros(after) + 1, self.now * 1_000 + 1);
        Ok(lines.into_iter().map(|line| self.log_line(line)).collect())
    }

    /// When a replica will write its next line, as far as it can be known; `None` when it is not running.
    pub(super) fn next_line(&self, of: &ReplicaId) -> Option<Timestamp> {
        let unit = self.find(of).ok()?;
        unit.run_at(self.now)?;
        let next = logs::next(&self.scene(unit), self.now * 1_000 + 1);
        self.start.checked_add(SignedDuration::from_micros(next)).ok()
    }

    /// Whether a replica's processes exist now.
    pub(super) fn is_up(&self, of: &ReplicaId) -> bool {
        self.find(of).is_ok_and(|unit| unit.replica.is_up())
    }

    fn log_line(&self, line: logs::RawLine) -> LogLine {
        let at = self.start.checked_add(SignedDuration::from_micros(line.at)).unwrap_or(self.start);
        LogLine { at, stderr: line.stderr, text: line.text }
    }

    fn scene<'a>(&'a self, unit: &'a Unit) -> logs::Scene<'a> {
        logs::Scene {
            world: self,
            unit,
            spec: &self.specs[unit.spec],
            start: self.start,
            now: self.now,
            seed: self.seed,
        }
    }

    /// Everything's usage at a moment, as one sweep, and the machine's.
    fn sweep(&self, at: i64) -> (Observation, HostUsage) {
        let weather = Weather::at(self.seed, at);
        let usages: Vec<(ReplicaId, Usage)> = self
            .living()
            .filter_map(|unit| Some((unit.replica.id.clone(), self.usage(unit, at, &weather)?)))
            .collect();
        let host = self.host_usage(at, &usages);
        (Observation::Sampled { at: self.stamp(at), usages }, host)
    }

    fn usage(&self, unit: &Unit, at: i64, weather: &Weather) -> Option<Usage> {
        let spec = &self.specs[unit.spec];
        let run = unit.run_at(at)?;
        Some(load::usage(spec, unit, run, at, weather, self.broken_call(spec, at).is_some()))
    }

    fn host_usage(&self, at: i64, usages: &[(ReplicaId, Usage)]) -> HostUsage {
        let (mut cpu, mut memory) = (0.0_f32, 0_u64);
        for (_, usage) in usages {
            cpu += usage.cpu.unwrap_or(0.0);
            memory += usage.memory.unwrap_or(0);
        }
        let cores = self.cores();
        let total = self.host_memory();
        // The rest of the machine: the engine itself, a shell or two.
        let cpu = (cpu / cores as f32 + 0.02 + 0.02 * noise(self.seed ^ 5, at, 7_000) as f32).min(1.0);
        let disk_total = 400_000_000_000;
        let load =
            |sway: f32, over: i64| cpu * cores as f32 * (0.9 + sway * noise(self.seed ^ 6, at, over) as f32);
        HostUsage {
            cpu: Some(cpu),
            cores: Some(cores),
            memory: Some((memory + 900 * 1024 * 1024).min(total)),
            memory_total: Some(total),
            disk: Some(284_000_000_000 + (at.max(0) / 1_000).unsigned_abs() * 40_000),
            disk_total: Some(disk_total),
            swap: Some(212 * 1024 * 1024),
            swap_total: Some(2 * 1024 * 1024 * 1024),
            inodes: Some(3_140_000),
            inodes_total: Some(24_400_000),
            load1: Some(load(0.3, 60_000)),
            load5: Some(load(0.2, 300_000)),
            load15: Some(load(0.1, 900_000)),
            pressure: Pressure {
                cpu: Some(cpu * cpu * 0.4),
                memory: Some(0.0),
                io: Some(0.02 * noise(self.seed ^ 7, at, 10_000) as f32),
            },
        }
    }

    /// Cores of the machine that would carry this fleet.
    fn cores(&self) -> u32 {
        let wanted = u32::try_from(self.specs.len() / 4).unwrap_or(u32::MAX);
        wanted.clamp(8, 1 << 12).next_power_of_two()
    }

    fn host_memory(&self) -> u64 {
        u64::from(self.cores()) * 2 * 1024 * 1024 * 1024
    }

    /// The first service a spec calls that does not serve at `at`, as `name:port`.
    pub(super) fn broken_call(&self, spec: &Spec, at: i64) -> Option<(&'static str, u16)> {
        spec.calls.iter().copied().find(|(name, _)| !self.serves(spec, name, at))
    }

    /// The first service a spec needs that does not serve at `at`.
    pub(super) fn broken_need(&self, spec: &Spec, at: i64) -> Option<&'static str> {
        spec.needs.iter().copied().find(|name| !self.serves(spec, name, at))
    }

    /// Whether a service beside `beside` serves at `at`. One that does not exist is somebody
    /// else's, and serves.
    pub(super) fn serves(&self, beside: &Spec, name: &str, at: i64) -> bool {
        let Some(&spec) = self.by_name.get(&(beside.project.clone(), name.into())) else { return true };
        self.units_of[spec].iter().filter_map(|&i| self.units.get(i)).any(|unit| unit.serves_at(at))
    }

    fn living(&self) -> impl Iterator<Item = &Unit> {
        self.units.iter().filter(|unit| !unit.gone)
    }

    fn find(&self, id: &ReplicaId) -> Result<&Unit, EngineError> {
        self.slot(id).and_then(|slot| self.units.get(slot)).ok_or_else(|| gone(id))
    }

    fn slot(&self, id: &ReplicaId) -> Option<usize> {
        (id.engine == self.engine).then(|| self.by_id.get(&id.id).copied()).flatten()
    }

    /// A moment of the world as a time.
    fn stamp(&self, at: i64) -> Timestamp {
        self.start.checked_add(SignedDuration::from_millis(at)).unwrap_or(Timestamp::MAX)
    }

    /// A time as a moment of the world.
    fn millis(&self, at: Timestamp) -> i64 {
        i64::try_from(at.duration_since(self.start).as_millis()).unwrap_or(i64::MAX)
    }

    fn micros(&self, at: Timestamp) -> i64 {
        i64::try_from(at.duration_since(self.start).as_micros()).unwrap_or(i64::MAX)
    }
}

fn gone(id: &ReplicaId) -> EngineError {
    EngineError::Gone { what: format!("container {}", id.short()) }
}
