//! What is worth keeping of what an engine tells.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::fleet::testing::running;
use crate::fleet::{EngineId, EngineInfo, EventKind, Exit, Usage};
use crate::journal::Query;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn service(name: &str) -> ServiceId {
    ServiceId { engine: EngineId::new("docker"), project: Some("shop".into()), name: name.into() }
}

fn id(name: &str) -> ReplicaId {
    ReplicaId { engine: EngineId::new("docker"), id: format!("0123456789abcdef-{name}").into() }
}

/// `api-1` is a replica of `api`.
fn replica(name: &str, tag: &str, state: State) -> Replica {
    Replica {
        id: id(name),
        state,
        image: Image { reference: "shop/api:latest".into(), id: format!("sha256:{tag}").into() },
        created: at(0),
        started: None,
        spec: Some(SpecHash(1)),
        ..running("shop", name.rsplit_once('-').unwrap().0, name)
    }
}

fn engine(instance: &str) -> Observation {
    Observation::Engine(EngineInfo { instance: instance.into(), ..EngineInfo::default() })
}

fn synced(second: i64, replicas: &[Replica]) -> Observation {
    Observation::Synced { at: at(second), engine: EngineId::new("docker"), replicas: replicas.to_vec() }
}

fn applied(second: i64, replica: Replica) -> Observation {
    Observation::Applied { at: at(second), replica: Box::new(replica) }
}

fn happened(second: i64, name: &str, role: Role, kind: EventKind) -> Observation {
    let service = service(name.rsplit_once('-').unwrap().0);
    Observation::Happened(Event { at: at(second), replica: id(name), service, role, kind })
}

/// `(service, image, second)`.
fn seen(sightings: &[Sighting]) -> Vec<(String, String, i64)> {
    let second = |s: &Sighting| s.at.as_second() - at(0).as_second();
    sightings.iter().map(|s| (s.service.name.to_string(), s.image.short_id().to_owned(), second(s))).collect()
}

fn one(name: &str, tag: &str, second: i64) -> (String, String, i64) {
    (name.into(), tag.into(), second)
}

/// A recorder that knows `api-1` running v1 since 0.
fn knowing() -> Recorder {
    let mut recorder = Recorder::new();
    recorder.observe(&engine("one"));
    recorder.observe(&synced(0, &[replica("api-1", "v1", State::Running)]));
    let first = recorder.news().unwrap();
    assert_eq!((first.instance.as_str(), seen(&first.now)), ("one", vec![one("api", "v1", 0)]));
    assert!(first.before.is_empty() && first.events.is_empty());
    assert_eq!(recorder.news(), None);
    recorder
}

#[test]
fn a_tag_that_moved_is_news_and_the_same_again_is_not() {
    let mut recorder = knowing();
    recorder.observe(&synced(30, &[replica("api-1", "v1", State::Running)]));
    assert_eq!(recorder.news(), None);
    // Made anew from what :latest is by now.
    recorder.observe(&applied(60, replica("api-1", "v2", State::Running)));
    let news = recorder.news().unwrap();
    assert_eq!(seen(&news.before), [one("api", "v1", 30)], "it ran until just before");
    assert_eq!(seen(&news.now), [one("api", "v2", 60)]);
}

#[test]
fn what_goes_on_running_is_seen_again_now_and_then() {
    let mut recorder = knowing();
    recorder.observe(&synced(599, &[replica("api-1", "v1", State::Running)]));
    assert_eq!(recorder.news(), None);
    recorder.observe(&synced(600, &[replica("api-1", "v1", State::Running)]));
    assert_eq!(seen(&recorder.news().unwrap().now), [one("api", "v1", 600)]);
    assert_eq!(recorder.news(), None);
}

#[test]
fn a_service_runs_what_is_up_and_else_what_ran_last() {
    let mut recorder = knowing();
    recorder.observe(&applied(1, replica("api-2", "v2", State::Running)));
    assert_eq!(seen(&recorder.news().unwrap().now), [one("api", "v1", 1), one("api", "v2", 1)]);
    recorder.observe(&applied(2, replica("api-1", "v1", State::Exited)));
    assert_eq!(seen(&recorder.news().unwrap().now), [one("api", "v2", 2)]);
    recorder.observe(&applied(3, replica("api-2", "v2", State::Exited)));
    assert_eq!(seen(&recorder.news().unwrap().now), [one("api", "v1", 3), one("api", "v2", 3)]);
}

#[test]
fn what_is_made_and_not_in_its_place_runs_nothing() {
    let mut recorder = knowing();
    let spare = Replica { role: Role::Spare, ..replica("api-2", "v2", State::Running) };
    let job = Replica { role: Role::Job, ..replica("api-3", "v3", State::Running) };
    for quiet in [spare, job, replica("api-4", "v4", State::Created), replica("new-1", "v4", State::Created)]
    {
        recorder.observe(&applied(1, quiet));
        assert_eq!(recorder.news(), None);
    }
    // Between the end of one and the begin of the next there is nothing to see, not no revision.
    recorder.observe(&Observation::Removed { at: at(2), id: id("api-1") });
    assert_eq!(recorder.news(), None);
}

#[test]
fn what_is_tried_and_taken_back_was_never_run() {
    // By an operation, which sets the one before aside.
    let mut recorder = knowing();
    let named = |name: &str, it: Replica| Replica { name: name.into(), ..it };
    let old = Replica { role: Role::Spare, ..replica("api-1", "v1", State::Exited) };
    recorder.observe(&applied(1, named("api-1.qd-x7k2q.old", old)));
    recorder.observe(&applied(2, named("api-1", replica("api-9", "bad", State::Running))));
    assert_eq!(recorder.news(), None);
    recorder.observe(&Observation::Removed { at: at(3), id: id("api-9") });
    recorder.observe(&applied(4, replica("api-1", "v1", State::Running)));
    assert_eq!(recorder.news(), None);
    // By the engine itself, which may go back.
    let declare = |second, state| {
        let update = Some(crate::fleet::UpdateStatus { state, ..Default::default() });
        let (ports, image) = (Vec::new(), Image { reference: "shop/api:latest".into(), id: "".into() });
        let it =
            Declared { service: service("api"), desired: 1, global: false, image, ports, update, ties: None };
        Observation::Declared { at: at(second), engine: EngineId::new("docker"), services: vec![it] }
    };
    for (ends, runs, news) in
        [(UpdateState::RolledBack, "v1", vec![]), (UpdateState::Completed, "v2", vec!["v2"])]
    {
        recorder.observe(&declare(10, UpdateState::Updating));
        recorder.observe(&applied(11, replica("api-1", "v2", State::Running)));
        assert_eq!(recorder.news(), None);
        recorder.observe(&applied(12, replica("api-1", runs, State::Running)));
        recorder.observe(&declare(13, ends));
        let now = recorder.news().map(|news| seen(&news.now)).unwrap_or_default();
        let now: Vec<&str> = now.iter().map(|(_, image, _)| image.as_str()).collect();
        assert_eq!(now, news, "{ends:?}");
    }
}

#[test]
fn another_engine_is_another_history() {
    let mut recorder = knowing();
    recorder.observe(&applied(1, replica("api-1", "v2", State::Running)));
    recorder.observe(&engine("two"));
    recorder.observe(&synced(2, &[replica("api-1", "v1", State::Running)]));
    let news = recorder.news().unwrap();
    assert_eq!(news.instance, "two");
    assert!(news.before.is_empty());
    assert_eq!(seen(&news.now), [one("api", "v1", 2)]);
    // The same engine again is not.
    recorder.observe(&engine("two"));
    assert_eq!(recorder.news(), None);
}

#[test]
fn events_are_named_and_put_into_words() {
    let mut recorder = knowing();
    let replica_of = Role::Replica;
    for observation in [
        // It is made before it is told of.
        happened(1, "api-2", replica_of, EventKind::Created),
        applied(1, replica("api-2", "v1", State::Running)),
        happened(2, "api-1", replica_of, EventKind::Oom),
        happened(3, "api-1", replica_of, EventKind::Died(Exit { code: 137, oom: true })),
        Observation::Removed { at: at(3), id: id("api-1") },
        happened(4, "api-1", replica_of, EventKind::Destroyed),
        happened(5, "web-1", replica_of, EventKind::Killed("SIGHUP".into())),
        // Not worth keeping.
        happened(6, "api-2", replica_of, EventKind::Renamed("api-9".into())),
        happened(6, "api-2", replica_of, EventKind::Updated),
        happened(6, "job-1", Role::Job, EventKind::Started),
        happened(6, "job-1", Role::Job, EventKind::Died(Exit { code: 0, oom: false })),
        happened(6, "api-2", Role::Spare, EventKind::Stopped),
        Observation::Sampled { at: at(6), usages: vec![(id("api-2"), Usage::default())] },
        // But this is.
        happened(7, "job-1", Role::Job, EventKind::Died(Exit { code: 3, oom: false })),
    ] {
        recorder.observe(&observation);
    }
    let told: Vec<String> = recorder
        .news()
        .unwrap()
        .events
        .iter()
        .map(|e| format!("{} {} {}", e.replica, e.kind, e.note).trim_end().to_owned())
        .collect();
    assert_eq!(
        told,
        [
            "api-2 created",
            "api-1 oom",
            "api-1 died exit 137, out of memory",
            "api-1 destroyed",
            "0123456789ab killed SIGHUP",
            "0123456789ab died exit 3",
        ]
    );
    assert_eq!(recorder.news(), None);
}

#[test]
fn a_check_that_does_not_change_its_mind_is_no_news() {
    let mut recorder = knowing();
    for (second, check) in [
        (1, HealthCheck::Starting),
        (2, HealthCheck::Healthy),
        (3, HealthCheck::Healthy),
        (4, HealthCheck::Unhealthy),
        (5, HealthCheck::Unhealthy),
        (6, HealthCheck::Healthy),
    ] {
        recorder.observe(&happened(second, "api-1", Role::Replica, EventKind::Health(check)));
    }
    let kinds: Vec<_> = recorder.news().unwrap().events.into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds, ["healthy", "unhealthy", "healthy"]);
}

#[test]
fn what_could_not_be_written_is_told_again_first() {
    let mut recorder = knowing();
    recorder.observe(&applied(1, replica("api-1", "v2", State::Running)));
    recorder.observe(&happened(1, "api-1", Role::Replica, EventKind::Started));
    let news = recorder.news().unwrap();
    recorder.observe(&happened(2, "api-1", Role::Replica, EventKind::Stopped));
    recorder.unwritten(news);
    let again = recorder.news().unwrap();
    assert_eq!(seen(&again.now), [one("api", "v2", 1)]);
    assert_eq!(again.events.iter().map(|e| e.kind.as_str()).collect::<Vec<_>>(), ["started", "stopped"]);
    assert_eq!(recorder.news(), None);
    // Not for ever: what is of another engine by now is let go.
    recorder.observe(&engine("two"));
    recorder.unwritten(again);
    assert_eq!(recorder.news(), None);
}

#[tokio::test]
async fn a_recording_writes_what_it_is_told() {
    let journal = Journal::in_memory().unwrap();
    let recording = Recording::start(journal.clone());
    recording.tell(&engine("one"));
    recording.tell(&synced(0, &[replica("api-1", "v1", State::Running)]));
    recording.tell(&happened(1, "api-1", Role::Replica, EventKind::Started));
    recording.tell(&applied(9, replica("api-1", "v2", State::Running)));
    let problem = recording.problem();
    recording.close().await;
    assert_eq!(*problem.borrow(), None);
    let told = journal.revisions("one", &service("api")).await.unwrap();
    assert_eq!(told.iter().map(|r| r.image.short_id()).collect::<Vec<_>>(), ["v2"], "both came at once");
    assert_eq!(journal.events(Query::default()).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_recording_says_why_it_can_not_and_goes_on_when_it_can() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("journal.db");
    let journal = Journal::open(&path).unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("ALTER TABLE revisions RENAME TO hidden").unwrap();
    let recording = Recording::start(journal.clone());
    let mut problem = recording.problem();
    recording.tell(&engine("one"));
    recording.tell(&synced(0, &[replica("api-1", "v1", State::Running)]));
    let error = problem.wait_for(Option::is_some).await.unwrap().clone().unwrap();
    assert!(matches!(error, JournalError::Corrupt { .. }), "{error}");
    raw.execute_batch("ALTER TABLE hidden RENAME TO revisions").unwrap();
    problem.wait_for(Option::is_none).await.unwrap();
    assert_eq!(journal.revisions("one", &service("api")).await.unwrap().len(), 1);
    recording.close().await;
}
