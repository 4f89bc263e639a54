//! A yard of containers in memory, for the tests of this room: steps as the contract says, names
//! that can be taken only once, images that behave well or badly, and an engine that fails, goes
//! away, or is meddled with on demand. Deterministic under a paused clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::engine::{
    Act, Create, Details, Done, Engine, EngineError, HealthLog, HealthSpec, LogChunk, LogQuery, Order, Query,
    Secrets, Shell, Step, Survey, TermSize,
};
use crate::fleet::{
    EngineId, Exit, HealthCheck, Image, Limits, Observation, Replica, ReplicaId, Role, ServiceId, State, Verb,
};

/// How the containers of an image live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Healthy after so many milliseconds.
    Healthy(u64),
    /// Runs, has no HEALTHCHECK.
    Plain,
    /// Has one that never passes: unhealthy after so many milliseconds.
    Sick(u64),
    /// Has one that never says anything.
    Mute,
    /// Exits after so many milliseconds with this code.
    Exits(u64, i64),
    /// Healthy after the first time, exits at the second, milliseconds.
    Dies(u64, u64),
}

/// What goes wrong with a call.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// It fails and changes nothing.
    Refused(EngineError),
    /// It happens, and the answer is lost.
    Cut,
    /// It takes so long.
    Slow(Duration),
    /// A bug.
    Panics,
}

/// A container.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) image: Image,
    pub(super) policy: String,
    pub(super) limits: Limits,
    pub(super) state: State,
    service: ServiceId,
    created: Instant,
    /// `None` while it runs: for ages.
    started: Option<Instant>,
    restarts: u32,
    exit: Option<i64>,
}

#[derive(Debug)]
struct Inner {
    epoch: Instant,
    next: u64,
    containers: BTreeMap<String, Container>,
    lives: BTreeMap<String, Life>,
    /// Steps asked for, in order.
    asked: Vec<String>,
    faults: BTreeMap<usize, Fault>,
    /// Any step of these words fails so, for ever.
    broken: Vec<(String, EngineError)>,
    away: Option<(Instant, Instant)>,
    busy: usize,
    busiest: usize,
    latency: Duration,
}

/// The engine.
#[derive(Clone)]
pub(super) struct Yard {
    id: EngineId,
    inner: Arc<Mutex<Inner>>,
}

pub(super) fn engine_id() -> EngineId {
    EngineId::new("yard")
}

pub(super) fn service(name: &str) -> ServiceId {
    ServiceId { engine: engine_id(), project: Some("shop".into()), name: name.into() }
}

pub(super) fn replica(id: &str) -> ReplicaId {
    ReplicaId { engine: engine_id(), id: id.into() }
}

pub(super) fn image(reference: &str) -> Image {
    Image { reference: reference.into(), id: format!("sha256:{reference}").into() }
}

impl Yard {
    pub(super) fn new() -> Self {
        let inner = Inner {
            epoch: Instant::now(),
            next: 0,
            containers: BTreeMap::new(),
            lives: BTreeMap::new(),
            asked: Vec::new(),
            faults: BTreeMap::new(),
            broken: Vec::new(),
            away: None,
            busy: 0,
            busiest: 0,
            latency: Duration::from_millis(10),
        };
        Self { id: engine_id(), inner: Arc::new(Mutex::new(inner)) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        inner.live();
        inner
    }

    /// How containers of this image live.
    pub(super) fn life(&self, reference: &str, life: Life) {
        self.inner().lives.insert(reference.to_owned(), life);
    }

    /// A container that runs, for a long time already.
    pub(super) fn running(&self, service_name: &str, name: &str, reference: &str) -> ReplicaId {
        let mut inner = self.inner();
        let now = inner.epoch;
        inner.next += 1;
        let id = format!("{:012x}", 0xa000 + inner.next);
        let container = Container {
            name: name.to_owned(),
            image: image(reference),
            policy: "always".to_owned(),
            limits: Limits::default(),
            state: State::Running,
            service: service(service_name),
            created: now,
            started: None,
            restarts: 0,
            exit: None,
        };
        inner.containers.insert(id.clone(), container);
        replica(&id)
    }

    /// Change a container behind everybody's back; `None`: remove it.
    pub(super) fn meddle(&self, id: &ReplicaId, change: Option<&dyn Fn(&mut Container)>) {
        let mut inner = self.inner();
        match change {
            Some(change) => change(inner.containers.get_mut(&*id.id).unwrap()),
            None => drop(inner.containers.remove(&*id.id)),
        }
    }

    /// It dies and the engine starts it again, all between two looks.
    pub(super) fn restart_unasked(&self, id: &ReplicaId) {
        let mut inner = self.inner();
        let it = inner.containers.get_mut(&*id.id).unwrap();
        (it.started, it.restarts) = (Some(Instant::now()), it.restarts + 1);
    }

    /// Whether it is not there.
    pub(super) fn missing(&self, id: &ReplicaId) -> bool {
        !self.inner().containers.contains_key(&*id.id)
    }

    /// The step that is asked for as the n-th (from 0) goes wrong.
    pub(super) fn fault(&self, n: usize, fault: Fault) {
        self.inner().faults.insert(n, fault);
    }

    /// Steps of these words fail, always.
    pub(super) fn broken(&self, words: &str, error: EngineError) {
        self.inner().broken.push((words.to_owned(), error));
    }

    /// The engine is away from a moment on, for so long.
    pub(super) fn away(&self, after: Duration, lasts: Duration) {
        let from = Instant::now() + after;
        self.inner().away = Some((from, from + lasts));
    }

    /// The host goes down and comes up: what is kept up is started, and nothing else.
    pub(super) fn reboot(&self) {
        let now = Instant::now();
        for it in self.inner().containers.values_mut().filter(|it| it.state != State::Created) {
            (it.state, it.started, it.restarts) = match it.policy.as_str() {
                "no" => (State::Exited, it.started, it.restarts),
                _ => (State::Running, Some(now), 0),
            };
        }
    }

    /// Every container: name, image, state, policy, sorted; no ids.
    pub(super) fn picture(&self) -> Vec<String> {
        let inner = self.inner();
        let mut lines: Vec<String> = inner
            .containers
            .values()
            .map(|c| {
                let (state, image) = (c.state.word(), &c.image.reference);
                let limits = c.limits.cpus.map(|c| format!(" cpus {c}")).unwrap_or_default();
                format!("{} {image} {state} {}{limits}", c.name, c.policy)
            })
            .collect();
        lines.sort();
        lines
    }

    /// The id of the container of that name.
    pub(super) fn named(&self, name: &str) -> Option<ReplicaId> {
        self.inner().containers.iter().find(|(_, c)| c.name == name).map(|(id, _)| replica(id))
    }

    /// Steps asked for, in order.
    pub(super) fn asked(&self) -> Vec<String> {
        self.inner().asked.clone()
    }

    pub(super) fn busiest(&self) -> usize {
        self.inner().busiest
    }
}

impl Inner {
    /// What time did.
    fn live(&mut self) {
        let now = Instant::now();
        for container in self.containers.values_mut() {
            let Some(life) = self.lives.get(&*container.image.reference) else { continue };
            while let (State::Running, Some(started)) = (container.state, container.started) {
                let (after, code) = match life {
                    Life::Exits(ms, code) => (*ms, *code),
                    Life::Dies(_, ms) => (*ms, 7),
                    _ => break,
                };
                let ends = started + Duration::from_millis(after);
                if ends > now {
                    break;
                }
                if container.policy == "no" {
                    (container.state, container.exit) = (State::Exited, Some(code));
                } else {
                    // An engine waits longer each time; one second is enough of a difference here.
                    container.started = Some(ends + Duration::from_secs(1));
                    container.restarts += 1;
                    if ends + Duration::from_secs(1) > now {
                        container.exit = Some(code);
                        break;
                    }
                }
            }
        }
    }

    fn stamp(&self, at: Instant) -> Timestamp {
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        start + SignedDuration::try_from(at.duration_since(self.epoch)).unwrap()
    }

    fn details(&self, id: &str) -> Option<Details> {
        let it = self.containers.get(id)?;
        let now = Instant::now();
        let life = self.lives.get(&*it.image.reference).copied().unwrap_or(Life::Plain);
        let up = it.started.map_or(Duration::from_hours(9), |s| now.saturating_duration_since(s));
        let up = u64::try_from(up.as_millis()).unwrap();
        let waits = it.started.is_some_and(|s| s > now);
        let state = if it.state == State::Running && waits { State::Restarting } else { it.state };
        let (check, output) = match life {
            _ if state != State::Running => (HealthCheck::None, ""),
            Life::Healthy(ms) | Life::Dies(ms, _) if up >= ms => (HealthCheck::Healthy, "ok"),
            Life::Sick(ms) if up >= ms => (HealthCheck::Unhealthy, "no answer\nfrom port 80"),
            Life::Healthy(_) | Life::Dies(..) | Life::Sick(_) | Life::Mute => (HealthCheck::Starting, ""),
            Life::Plain | Life::Exits(..) => (HealthCheck::None, ""),
        };
        let checked = !matches!(life, Life::Plain | Life::Exits(..));
        let log = HealthLog {
            start: self.stamp(now),
            end: self.stamp(now),
            exit: i64::from(check != HealthCheck::Healthy),
            output: output.into(),
        };
        let replica = Replica {
            id: replica(id),
            service: it.service.clone(),
            name: it.name.as_str().into(),
            number: None,
            role: Role::Replica,
            state,
            check,
            image: it.image.clone(),
            ports: Vec::new(),
            addresses: Vec::new(),
            labels: crate::fleet::Labels::default(),
            created: self.stamp(it.created),
            started: Some(it.started.map_or(Timestamp::UNIX_EPOCH, |s| self.stamp(s))),
            finished: None,
            exit: (state != State::Running).then(|| it.exit.map(|code| Exit { code, oom: false })).flatten(),
            refused: None,
            restarts: Some(it.restarts),
            limits: it.limits,
            pid: None,
            tty: None,
            kept_up: false,
            spec: None,
            compose: None,
            ties: None,
            placed: None,
        };
        Some(Details {
            replica,
            command: Vec::new(),
            env: Vec::new(),
            labels: Vec::new(),
            mounts: Vec::new(),
            networks: Vec::new(),
            restart_policy: it.policy.clone(),
            user: String::new(),
            workdir: String::new(),
            hostname: String::new(),
            log_driver: String::new(),
            log_path: None,
            health: checked.then(|| HealthSpec {
                test: Vec::new(),
                interval: Duration::from_secs(1),
                timeout: Duration::from_secs(1),
                retries: 3,
                start_period: Duration::ZERO,
            }),
            health_log: if output.is_empty() { Vec::new() } else { vec![log] },
            failing_streak: 0,
            error: None,
            raw: serde_json::Value::Null,
        })
    }

    fn is_away(&self) -> bool {
        let now = Instant::now();
        self.away.is_some_and(|(from, to)| from <= now && now < to)
    }

    fn taken(&self, name: &str) -> Option<String> {
        self.containers.iter().find(|(_, c)| c.name == name).map(|(id, _)| id.clone())
    }

    fn of(&mut self, id: &ReplicaId) -> Result<&mut Container, EngineError> {
        let gone = || EngineError::Gone { what: id.id.to_string() };
        self.containers.get_mut(&*id.id).ok_or_else(gone)
    }

    fn perform(&mut self, step: &Step) -> Result<Done, EngineError> {
        let conflict = |why: &str| EngineError::Conflict { why: why.to_owned() };
        match step {
            Step::Act(act) => self.act(act),
            Step::Pull { reference } => Ok(Done::Pulled { id: format!("sha256:{reference}").into() }),
            Step::Create(Create { like, image, name, limits, .. }) => {
                if let Some(there) = self.taken(name) {
                    let same = self.containers[&there].image.reference == image.reference;
                    let ours = self.containers[&there].created > self.epoch;
                    return if same && ours {
                        Ok(Done::Made(replica(&there)))
                    } else {
                        Err(conflict("that name is taken"))
                    };
                }
                let like = self.of(like)?.clone();
                self.next += 1;
                let id = format!("{:012x}", 0xb000 + self.next);
                let made = Container {
                    name: name.to_string(),
                    image: image.clone(),
                    state: State::Created,
                    created: Instant::now(),
                    started: None,
                    restarts: 0,
                    exit: None,
                    limits: limits.unwrap_or(like.limits),
                    ..like
                };
                self.containers.insert(id.clone(), made);
                Ok(Done::Made(replica(&id)))
            }
            Step::Rename { replica, from, to } => {
                let taken = self.taken(to).is_some_and(|id| *id != *replica.id);
                let it = self.of(replica)?;
                match it.name.as_str() {
                    name if *name == **to => Ok(Done::Unchanged),
                    name if *name != **from => Err(conflict("it is called otherwise")),
                    _ if taken => Err(conflict("that name is taken")),
                    _ => {
                        it.name = to.to_string();
                        Ok(Done::Changed)
                    }
                }
            }
            Step::Policy { replica, to, .. } => {
                let it = self.of(replica)?;
                let done = if it.policy == *to { Done::Unchanged } else { Done::Changed };
                it.policy.clone_from(to);
                Ok(done)
            }
            Step::Limit { replica, to, .. } => {
                self.of(replica)?.limits = *to;
                Ok(Done::Changed)
            }
            Step::Discard { name, .. } => match self.taken(name) {
                Some(id) => {
                    self.containers.remove(&id);
                    Ok(Done::Changed)
                }
                None => Ok(Done::Unchanged),
            },
            Step::Steer { .. } => Err(conflict("it looks after nothing itself")),
        }
    }

    fn act(&mut self, act: &Act) -> Result<Done, EngineError> {
        let now = Instant::now();
        if act.verb == Verb::Remove {
            if self.of(&act.replica)?.state == State::Running && !act.force {
                return Err(EngineError::Conflict { why: "it runs".into() });
            }
            self.containers.remove(&*act.replica.id);
            return Ok(Done::Changed);
        }
        let it = self.of(&act.replica)?;
        let was = it.state;
        it.state = match act.verb {
            Verb::Start | Verb::Unpause | Verb::Restart => State::Running,
            Verb::Stop | Verb::Kill => {
                if was == State::Created {
                    State::Created
                } else {
                    State::Exited
                }
            }
            Verb::Pause => State::Paused,
            Verb::Remove => was,
        };
        if it.state == State::Running && (was != State::Running || act.verb == Verb::Restart) {
            (it.started, it.restarts, it.exit) = (Some(now), 0, None);
        }
        if it.state == State::Exited && was != State::Exited {
            it.exit = Some(0);
        }
        Ok(if it.state == was && act.verb != Verb::Restart { Done::Unchanged } else { Done::Changed })
    }
}

/// A step in words.
fn words(step: &Step) -> String {
    match step {
        Step::Act(act) => format!("{} {}", act.verb, act.replica.id),
        Step::Pull { reference } => format!("pull {reference}"),
        Step::Create(create) => format!("create {}", create.name),
        Step::Rename { from, to, .. } => format!("rename {from} {to}"),
        Step::Policy { to, .. } => format!("policy {to}"),
        Step::Limit { .. } => "limit".to_owned(),
        Step::Discard { name, .. } => format!("discard {name}"),
        Step::Steer { .. } => "steer".to_owned(),
    }
}

/// Counts a call as long as it lives.
struct Busy(Arc<Mutex<Inner>>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).busy -= 1;
    }
}

fn refused() -> EngineError {
    EngineError::Refused { endpoint: "yard".into() }
}

fn cut() -> EngineError {
    EngineError::Disconnected { why: "it hung up".into() }
}

impl Engine for Yard {
    fn id(&self) -> &EngineId {
        &self.id
    }

    fn endpoint(&self) -> String {
        "yard".into()
    }

    fn watch(&self) -> BoxStream<'static, Observation> {
        unimplemented!("not asked here")
    }

    fn focus(&self, _: &[ReplicaId]) {}

    fn list(&self, _usage: bool) -> BoxFuture<'static, Result<Vec<Observation>, EngineError>> {
        unimplemented!("not asked here")
    }

    fn logs(&self, _: &ReplicaId, _: &LogQuery) -> BoxStream<'static, Result<LogChunk, EngineError>> {
        unimplemented!("not asked here")
    }

    fn survey(&self, _: &Query) -> BoxFuture<'static, Result<Survey, EngineError>> {
        unimplemented!("not asked here")
    }

    /// Half of the time before it happens, half after.
    fn perform(&self, order: Order) -> BoxFuture<'static, Result<Done, EngineError>> {
        let yard = self.clone();
        async move {
            let (busy, fault, half) = {
                let mut inner = yard.inner();
                if inner.is_away() {
                    return Err(refused());
                }
                let words = words(&order.step);
                let n = inner.asked.len();
                inner.asked.push(words.clone());
                inner.busy += 1;
                inner.busiest = inner.busiest.max(inner.busy);
                let broken = inner.broken.iter().find(|(w, _)| words.contains(w.as_str()));
                let broken = broken.map(|(_, error)| Fault::Refused(error.clone()));
                let busy = Busy(yard.inner.clone());
                (busy, broken.or_else(|| inner.faults.remove(&n)), inner.latency / 2)
            };
            let _busy = busy;
            match &fault {
                Some(Fault::Refused(error)) => return Err(error.clone()),
                Some(Fault::Slow(time)) => tokio::time::sleep(*time).await,
                Some(Fault::Panics) => panic!("a bug in an engine"),
                Some(Fault::Cut) | None => tokio::time::sleep(half).await,
            }
            let result = {
                let mut inner = yard.inner();
                if inner.is_away() {
                    return Err(cut());
                }
                inner.perform(&order.step)
            };
            tokio::time::sleep(half).await;
            if matches!(fault, Some(Fault::Cut)) || yard.inner().is_away() { Err(cut()) } else { result }
        }
        .boxed()
    }

    fn inspect(&self, of: &ReplicaId) -> BoxFuture<'static, Result<Details, EngineError>> {
        let (yard, of) = (self.clone(), of.clone());
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let inner = yard.inner();
            if inner.is_away() {
                return Err(refused());
            }
            inner.details(&of.id).ok_or_else(|| EngineError::Gone { what: of.id.to_string() })
        }
        .boxed()
    }

    fn reveal(&self, _: &ReplicaId) -> BoxFuture<'static, Result<Secrets, EngineError>> {
        std::future::ready(Ok(Secrets::default())).boxed()
    }

    fn shell(
        &self,
        _: &ReplicaId,
        _: &[String],
        _: TermSize,
    ) -> BoxFuture<'static, Result<Shell, EngineError>> {
        unimplemented!("not asked here")
    }

    fn exec(
        &self,
        _: &ReplicaId,
        _: &[String],
        _: Duration,
    ) -> BoxFuture<'static, Result<crate::engine::Output, EngineError>> {
        unimplemented!("not asked here")
    }
}
