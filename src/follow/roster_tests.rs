#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use jiff::Timestamp;

use super::super::Subject;
use super::{Change, Roster};
use crate::fleet::testing::running;
use crate::fleet::{
    EngineId, Event, EventKind, Exit, Link, Observation, Replica, ReplicaId, Role, ServiceId, State,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn engine() -> EngineId {
    EngineId::new("fake")
}

fn service() -> ServiceId {
    ServiceId { engine: engine(), project: Some("shop".into()), name: "api".into() }
}

fn replica(id: &str, state: State, started: Option<i64>) -> Replica {
    Replica {
        id: ReplicaId { engine: engine(), id: id.into() },
        service: service(),
        state,
        created: at(0),
        started: started.map(at),
        ..running("shop", "api", "shop-api-1")
    }
}

fn applied(replica: Replica) -> Observation {
    Observation::Applied { at: at(0), replica: Box::new(replica) }
}

fn happened(seconds: i64, kind: EventKind) -> Observation {
    let replica = ReplicaId { engine: engine(), id: "a".into() };
    Observation::Happened(Event { at: at(seconds), replica, service: service(), role: Role::Replica, kind })
}

fn exited(finished: i64) -> Replica {
    Replica {
        finished: Some(at(finished)),
        exit: Some(Exit { code: 1, oom: false }),
        ..replica("a", State::Exited, Some(0))
    }
}

fn roster() -> Roster {
    let mut roster = Roster::new(Subject::Service(service()), &engine());
    let opened = roster.begin(&[replica("a", State::Running, Some(0))]);
    assert!(matches!(&*opened, [Change::Open { fresh: false, .. }]), "what was there is no news");
    roster
}

/// The markers that follow from some observations, and how often the log is to be opened again.
fn told(roster: &mut Roster, observations: impl IntoIterator<Item = Observation>) -> (Vec<String>, u64) {
    let (mut marks, mut run) = (Vec::new(), 0);
    for observation in observations {
        for change in roster.apply(observation, at(100)) {
            match change {
                Change::Mark(line) => marks.push(line.text.to_string()),
                Change::Stands(_, standing) => run = standing.run,
                Change::Open { .. } => marks.push("(open)".into()),
                Change::Close(_) => marks.push("(close)".into()),
            }
        }
    }
    (marks, run)
}

#[test]
fn a_start_and_an_end_are_told_once_whoever_tells_first() {
    let died = || happened(10, EventKind::Died(Exit { code: 1, oom: false }));
    let start = || happened(12, EventKind::Started);
    let up = || applied(replica("a", State::Running, Some(12)));
    let want = ["api-1 died: exit 1 after 10 s", "api-1 started"];
    for order in [
        vec![died(), applied(exited(10)), start(), up()],
        vec![applied(exited(10)), died(), up(), start()],
        // Events that were lost while the engine was away.
        vec![applied(exited(10)), up()],
        // Replicas that were not looked at in between.
        vec![died(), start()],
    ] {
        let (marks, run) = told(&mut roster(), order);
        assert_eq!(marks, want);
        assert!(run > 0, "the log is opened again");
    }
}

#[test]
fn every_turn_of_a_crash_loop_is_told() {
    let mut roster = roster();
    for turn in 1..5 {
        let (marks, _) = told(
            &mut roster,
            [
                happened(turn * 2, EventKind::Died(Exit { code: 1, oom: false })),
                happened(turn * 2 + 1, EventKind::Started),
                applied(replica("a", State::Running, Some(turn * 2 + 1))),
            ],
        );
        assert_eq!(marks.len(), 2, "{turn}: {marks:?}");
    }
}

#[test]
fn a_removal_is_told_once() {
    let gone = || Observation::Removed { at: at(9), id: ReplicaId { engine: engine(), id: "a".into() } };
    let (marks, _) = told(&mut roster(), [happened(9, EventKind::Destroyed), gone(), gone()]);
    assert_eq!(marks, ["api-1 removed", "(close)"]);
    let (marks, _) =
        told(&mut roster(), [Observation::Synced { at: at(9), engine: engine(), replicas: Vec::new() }]);
    assert_eq!(marks, ["api-1 removed", "(close)"]);
}

#[test]
fn the_first_list_is_no_news() {
    let mut roster = Roster::new(Subject::All, &engine());
    let replicas = vec![replica("a", State::Running, Some(0))];
    let (marks, _) = told(&mut roster, [Observation::Synced { at: at(1), engine: engine(), replicas }]);
    assert_eq!(marks, ["(open)"]);
    // What is learnt about its start later is no start.
    let mut roster = Roster::new(Subject::All, &engine());
    roster.begin(&[replica("a", State::Running, None)]);
    let (marks, _) = told(&mut roster, [applied(replica("a", State::Running, Some(0)))]);
    assert_eq!(marks, [""; 0]);
}

#[test]
fn a_lost_connection_is_told_once_and_opens_every_log_again() {
    let mut roster = roster();
    let lost = || {
        let (why, remedy) = ("no answer".into(), String::new());
        Observation::Link(Link::Lost { why, remedy, retry_in: Duration::from_secs(1) })
    };
    let (marks, run) = told(&mut roster, [lost(), lost(), Observation::Link(Link::Live)]);
    assert_eq!(marks, ["connection to the engine lost: no answer", "connection to the engine is back"]);
    assert_eq!(run, 1);
    assert_eq!(told(&mut roster, [Observation::Link(Link::Live)]).0, [""; 0]);
}
