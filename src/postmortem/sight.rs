//! What whoever looked on saw of a death: taken from the fleet at that moment, because it forgets. Pure.

use jiff::{SignedDuration, Timestamp};

use super::{Machine, Outage, ProbeWord, Sample};
use crate::fleet::{Event, EventKind, Exit, Fleet, Metric, Replica, ReplicaId, Role, ServiceId, State};

/// How far back events and deaths are taken.
const BACK: SignedDuration = SignedDuration::from_hours(1);
/// Usage comes in this many pieces.
const PIECES: usize = 60;
/// Each this long: five minutes together.
const PIECE: SignedDuration = SignedDuration::from_secs(5);

/// What was seen of a death.
#[derive(Clone, Debug)]
pub struct Sight {
    pub(super) instance: String,
    pub(super) host: String,
    pub(super) replica: Replica,
    pub(super) at: Timestamp,
    pub(super) exit: Option<Exit>,
    /// What the engine told of the replica, oldest first.
    pub(super) events: Vec<(Timestamp, EventKind)>,
    pub(super) usage: Vec<Sample>,
    pub(super) machine: Option<Machine>,
    pub(super) probes: Vec<ProbeWord>,
    pub(super) outage: Option<Outage>,
    pub(super) witnessed: bool,
}

impl Sight {
    /// A death just told by the engine; `None` where the fleet does not know the replica.
    pub fn of(fleet: &Fleet, event: &Event, exit: Exit, now: Timestamp) -> Option<Self> {
        let replica = fleet.replica(&event.replica)?.clone();
        Some(Self {
            usage: usage(fleet, &replica.id, now),
            ..Self::bare(fleet, replica, event.at, Some(exit), true)
        })
    }

    /// The last death of any replica of a service as far as the engine tells. Jobs beside it and spares
    /// are not it.
    pub fn newest(fleet: &Fleet, service: &ServiceId) -> Option<Self> {
        let replicas = fleet.replicas_of(service).filter(|replica| replica.role == Role::Replica);
        let ends = replicas.filter_map(|replica| Some((ended(replica)?, replica)));
        let (_, newest) = ends.max_by_key(|(at, _)| *at)?;
        Self::last(fleet, &newest.id)
    }

    /// The last death of a replica as far as the engine tells; `None`: it never ended.
    pub fn last(fleet: &Fleet, id: &ReplicaId) -> Option<Self> {
        let replica = fleet.replica(id)?.clone();
        let at = ended(&replica)?;
        let exit = replica.exit.filter(|_| !replica.is_up());
        let mut sight = Self::bare(fleet, replica, at, exit, false);
        // Figures of now say nothing about then.
        (sight.machine, sight.probes) = (None, Vec::new());
        Some(sight)
    }

    fn bare(fleet: &Fleet, replica: Replica, at: Timestamp, exit: Option<Exit>, witnessed: bool) -> Self {
        let (instance, host) =
            fleet.engine().map(|e| (e.instance.clone(), e.host.clone())).unwrap_or_default();
        let events = fleet.events().filter(|e| e.replica == replica.id && at.duration_since(e.at) <= BACK);
        let events = events.map(|e| (e.at, e.kind.clone())).collect();
        let probes = fleet.probes(&replica.service).filter_map(|probe| {
            let last = probe.last();
            let mine = last.replica.is_none() || last.replica.as_ref() == Some(&replica.id);
            mine.then(|| ProbeWord {
                probe: last.probe.to_string(),
                at: last.at,
                standing: last.standing.word().to_owned(),
                why: probe.why().map(ToString::to_string).unwrap_or_default(),
            })
        });
        let probes = probes.collect();
        let machine = fleet.host().map(|host| Machine {
            cpu: host.cpu,
            cores: host.cores,
            load: host.load1,
            memory: host.memory,
            memory_total: host.memory_total,
            disk: host.disk,
            disk_total: host.disk_total,
        });
        let (usage, outage) = (Vec::new(), None);
        Self { instance, host, replica, at, exit, events, usage, machine, probes, outage, witnessed }
    }

    /// The engine was away when it died.
    #[must_use]
    pub fn during(self, outage: Option<Outage>) -> Self {
        Self { outage, ..self }
    }
}

/// When a replica last ended; also one that could not be started at all.
pub(super) fn ended(replica: &Replica) -> Option<Timestamp> {
    let never = replica.state == State::Created && replica.exit.is_some_and(|exit| exit.code != 0);
    replica.finished.or_else(|| never.then_some(replica.created))
}

fn usage(fleet: &Fleet, id: &ReplicaId, now: Timestamp) -> Vec<Sample> {
    let Some(series) = fleet.history(id) else { return Vec::new() };
    let column = |metric| series.spark(metric, now, PIECE, PIECES);
    let [cpu, memory, pids, rx, tx] =
        [Metric::Cpu, Metric::Memory, Metric::Pids, Metric::NetRx, Metric::NetTx].map(column);
    let step = i64::try_from(PIECE.as_millis()).unwrap_or(1);
    let last = now.as_millisecond().div_euclid(step);
    let get = |of: &[Option<f32>], n: usize| of.get(n).copied().flatten();
    let sample = |n: usize| {
        let back = i64::try_from(PIECES - 1 - n).unwrap_or(0);
        let at = Timestamp::from_millisecond((last - back) * step).unwrap_or(now);
        let sample = Sample {
            at,
            cpu: get(&cpu, n),
            memory: get(&memory, n),
            pids: get(&pids, n),
            net_rx: get(&rx, n),
            net_tx: get(&tx, n),
        };
        (sample.cpu.is_some() || sample.memory.is_some() || sample.pids.is_some()).then_some(sample)
    };
    (0..PIECES).filter_map(sample).collect()
}
