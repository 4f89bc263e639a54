//! Replicas and times for the tests of this room and of those that read the fleet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    EngineId, Event, EventKind, Exit, Fleet, Health, Image, Limits, Measured, Observation, Probed, Purpose,
    Replica, ReplicaId, Role, ServiceId, Standing, State, Summary, Usage,
};

/// `seconds` after the start of every test.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

pub(crate) fn service(project: &str, name: &str) -> ServiceId {
    let project = (!project.is_empty()).then(|| project.into());
    ServiceId { engine: EngineId::new("docker"), project, name: name.into() }
}

pub(crate) fn id(name: &str) -> ReplicaId {
    ReplicaId { engine: EngineId::new("docker"), id: format!("id-{name}").into() }
}

/// A replica that runs since 0 and was inspected. Its name's digits are its number.
pub(crate) fn running(project: &str, service_name: &str, name: &str) -> Replica {
    Replica {
        id: id(name),
        service: service(project, service_name),
        name: name.into(),
        number: name.rsplit('-').next().and_then(|n| n.parse().ok()),
        role: Role::Replica,
        state: State::Running,
        check: super::HealthCheck::None,
        image: Image { reference: "shop/api:1.4.2".into(), id: "sha256:aa".into() },
        ports: Vec::new(),
        addresses: Vec::new(),
        labels: crate::fleet::Labels::default(),
        created: at(-3600),
        started: Some(at(0)),
        finished: None,
        exit: None,
        refused: None,
        restarts: Some(0),
        limits: Limits::default(),
        pid: Some(100),
        tty: Some(false),
        kept_up: false,
        spec: None,
        placed: None,
        compose: None,
        ties: None,
    }
}

pub(crate) fn exited(mut replica: Replica, code: i64, finished: i64) -> Replica {
    replica.state = State::Exited;
    replica.exit = Some(Exit { code, oom: false });
    replica.finished = Some(at(finished));
    replica.pid = None;
    replica
}

pub(crate) fn synced(seconds: i64, replicas: &[Replica]) -> Observation {
    Observation::Synced { at: at(seconds), engine: EngineId::new("docker"), replicas: replicas.to_vec() }
}

pub(crate) fn applied(seconds: i64, replica: &Replica) -> Observation {
    Observation::Applied { at: at(seconds), replica: Box::new(replica.clone()) }
}

pub(crate) fn removed(seconds: i64, name: &str) -> Observation {
    Observation::Removed { at: at(seconds), id: id(name) }
}

pub(crate) fn sampled(seconds: i64, name: &str, usage: Usage) -> Observation {
    Observation::Sampled { at: at(seconds), usages: vec![(id(name), usage)] }
}

pub(crate) fn happened(seconds: i64, replica: &Replica, kind: EventKind) -> Observation {
    let (replica, service, role) = (replica.id.clone(), replica.service.clone(), replica.role);
    Observation::Happened(Event { at: at(seconds), replica, service, role, kind })
}

pub(crate) fn fleet(observations: impl IntoIterator<Item = Observation>) -> Fleet {
    let mut fleet = Fleet::new();
    for observation in observations {
        fleet.apply(observation);
    }
    fleet
}

/// The summary of the service of `replica` at `seconds`.
pub(crate) fn summary(fleet: &Fleet, replica: &Replica, seconds: i64) -> Summary {
    fleet.summary(&replica.service, at(seconds)).expect("the service is known")
}

/// `(verdict, why)` of the service of `replica` at `seconds`.
pub(crate) fn verdict(fleet: &Fleet, replica: &Replica, seconds: i64) -> (Health, String) {
    let summary = summary(fleet, replica, seconds);
    (summary.health.health, summary.health.why)
}

/// Since when (in seconds) the service's verdict holds.
pub(crate) fn since(fleet: &Fleet, replica: &Replica, seconds: i64) -> Option<i64> {
    summary(fleet, replica, seconds).health.at.map(|since| since.duration_since(at(0)).as_secs())
}

/// A probe's attempt on a replica of `replica`'s kind: how it stands, and why it failed.
pub(super) fn attempt(seconds: i64, replica: &Replica, standing: Standing, failed: Option<&str>) -> Probed {
    Probed {
        at: at(seconds),
        service: replica.service.clone(),
        replica: Some(replica.id.clone()),
        probe: "http /health".into(),
        purpose: Purpose::Liveness,
        standing,
        took: failed.is_none().then_some(Duration::from_millis(5)),
        result: failed.map_or(Ok(()), |why| Err(why.into())),
        certificate: None,
        interval: Duration::from_secs(10),
    }
}

pub(super) fn passing(seconds: i64, replica: &Replica) -> Probed {
    attempt(seconds, replica, Standing::Passing, None)
}

pub(super) fn failing(seconds: i64, replica: &Replica) -> Probed {
    attempt(seconds, replica, Standing::Failing, Some("status 503, wanted 200"))
}

/// The same of a probe for readiness.
pub(super) fn ready(mut probed: Probed) -> Probed {
    probed.probe = "http /ready".into();
    probed.purpose = Purpose::Readiness;
    probed
}

/// The same of the service as a whole.
pub(super) fn of_all(mut probed: Probed) -> Probed {
    probed.replica = None;
    probed
}

pub(super) fn probed(attempts: &[Probed]) -> Observation {
    Observation::Probed(attempts.to_vec())
}

pub(super) fn measured(seconds: i64, replica: &Replica, values: &[(&str, f64)]) -> Observation {
    Observation::Measured(Measured {
        at: at(seconds),
        service: replica.service.clone(),
        replica: Some(replica.id.clone()),
        values: values.iter().map(|(name, value)| ((*name).into(), *value)).collect(),
    })
}
