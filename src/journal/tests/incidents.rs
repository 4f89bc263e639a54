//! Incidents: one whoever sees it, told once whoever tells it, kept as they were.

use super::*;
use crate::alert::{End, Key, Severity};

fn incident(rule: &str, second: i64) -> Incident {
    Incident {
        id: None,
        key: Key { rule: rule.into(), service: Some(service("api")) },
        severity: Severity::High,
        condition: "down".into(),
        description: "Look.".into(),
        figures: "down: exit 1".into(),
        since: at(second - 60),
        opened: at(second),
        closed: None,
        times: 1,
        muted: None,
        acknowledged: None,
        told: true,
    }
}

fn over(incident: &Incident, second: i64) -> Incident {
    Incident { closed: Some((at(second), End::Over)), ..incident.clone() }
}

fn any() -> IncidentQuery {
    IncidentQuery::default()
}

#[tokio::test]
async fn two_who_see_the_same_have_one_incident_and_one_end() {
    let place = Place::new();
    let (ours, theirs) = (place.open(), place.open());
    let first = ours.incident_opened("one", incident("Down", 100)).await.unwrap();
    let second = theirs.incident_opened("one", incident("Down", 101)).await.unwrap();
    assert_eq!(first, second);
    assert_eq!((first.id, first.opened), (Some(1), at(100)));
    let elsewhere = ours.incident_opened("two", incident("Down", 101)).await.unwrap();
    let other = ours.incident_opened("one", incident("Other", 101)).await.unwrap();
    assert_eq!((elsewhere.id, other.id), (Some(2), Some(3)));
    let host = Incident { key: Key { rule: "Down".into(), service: None }, ..incident("Down", 102) };
    assert_eq!(ours.incident_opened("one", host.clone()).await.unwrap().id, Some(4));
    assert_eq!(theirs.incident_opened("one", host).await.unwrap().id, Some(4));

    assert!(ours.incident_closed(1, over(&first, 200)).await.unwrap());
    assert!(!theirs.incident_closed(1, over(&first, 201)).await.unwrap(), "it was over already");
    let known = ours.incident(1).await.unwrap().unwrap();
    assert_eq!(known.closed, Some((at(200), End::Over)));
    let again = ours.incident_opened("one", incident("Down", 300)).await.unwrap();
    assert_eq!(again.id, Some(5), "a new one");
    let open = ours.incidents(IncidentQuery { open: true, ..any() }).await.unwrap();
    let numbers: Vec<_> = open.iter().map(|(instance, it)| (&**instance, it.id.unwrap())).collect();
    assert_eq!(numbers, [("one", 5), ("one", 4), ("one", 3), ("two", 2)], "the newest first");
}

#[tokio::test]
async fn who_has_seen_it_is_known_to_all_and_an_end_stays_an_end() {
    let place = Place::new();
    let journal = place.open();
    let opened = journal.incident_opened("one", incident("Down", 100)).await.unwrap();
    journal.acknowledge(1, me("ada"), "on it").await.unwrap();
    let seen = journal.acknowledge(1, me("bob"), "me too").await.unwrap().acknowledged.unwrap();
    assert_eq!((&*seen.who, &*seen.note), ("bob", "me too"), "the newest word");
    journal.incident_closed(1, over(&opened, 200)).await.unwrap();
    let late = journal.acknowledge(1, me("eve"), "").await.unwrap_err();
    assert!(late.to_string().contains("no open incident 1"), "{late}");
    journal.acknowledge(9, me("eve"), "").await.unwrap_err();
    let connection = Connection::open(place.path()).unwrap();
    for forbidden in [
        "UPDATE incidents SET closed = NULL",
        "UPDATE incidents SET figures = 'none'",
        "DELETE FROM incidents",
        "UPDATE acknowledgements SET note = ''",
        "DELETE FROM acknowledgements",
    ] {
        connection.execute(forbidden, []).unwrap_err();
    }
}

#[tokio::test]
async fn silences_are_in_force_until_they_end_or_are_lifted() {
    let journal = Journal::in_memory().unwrap();
    let silence = |target: &str, until: Timestamp| Silence {
        id: 0,
        target: target.into(),
        at: Timestamp::now(),
        until,
        who: "".into(),
        reason: "migration".into(),
    };
    let far = Timestamp::from_second(32_000_000_000).unwrap();
    assert_eq!(journal.silence("one", silence("shop/*", far), me("ada")).await.unwrap(), 1);
    assert_eq!(journal.silence("one", silence("past", at(1)), me("ada")).await.unwrap(), 2);
    assert_eq!(journal.silence("two", silence("Down", far), me("ada")).await.unwrap(), 3);
    let [one] = journal.silences("one").await.unwrap().try_into().unwrap();
    assert_eq!((&*one.target, &*one.who, &*one.reason, one.until), ("shop/*", "ada", "migration", far));
    journal.lift(1).await.unwrap();
    assert_eq!(journal.silences("one").await.unwrap(), []);
    let gone = journal.lift(1).await.unwrap_err();
    assert!(gone.to_string().contains("no silence 1 in force"), "{gone}");
    assert_eq!(journal.silences("two").await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_promised_is_promised_once_and_kept_by_whoever_is_left() {
    let place = Place::new();
    let (ours, theirs) = (place.open(), place.open());
    ours.incident_opened("one", incident("Down", 100)).await.unwrap();
    let hooks = || vec!["ops".to_owned(), "chat".to_owned()];
    let made = ours.promise(1, Occasion::Opened, hooks(), dead()).await.unwrap();
    assert_eq!(made.iter().map(|notice| &*notice.target).collect::<Vec<_>>(), ["ops", "chat"]);
    assert_eq!(theirs.promise(1, Occasion::Opened, hooks(), me("ada")).await.unwrap(), []);
    let end = theirs.promise(1, Occasion::Closed, hooks(), me("ada")).await.unwrap();
    assert_eq!(end.len(), 2, "its end is another matter");
    ours.settle(made[0].id, NoticeEnd::Sent).await.unwrap();
    assert_eq!(ours.notices("one").await.unwrap(), NoticeCounts { promised: 3, dropped: 0 });

    // Who promised the other one is dead.
    let mine: Vec<i64> = end.iter().map(|notice| notice.id).collect();
    let left = theirs.inherit("one", me("ada"), mine.clone()).await.unwrap();
    let [(notice, incident)] = left.as_slice() else { panic!("{left:?}") };
    assert_eq!((notice.id, &*notice.target, incident.id), (made[1].id, "chat", Some(1)));
    assert_eq!(theirs.inherit("two", me("ada"), vec![]).await.unwrap(), []);
    let all: Vec<i64> = mine.into_iter().chain([notice.id]).collect();
    assert_eq!(theirs.inherit("one", me("ada"), all).await.unwrap(), [], "ours by now");
    theirs.settle(notice.id, NoticeEnd::Dropped("gone for good".into())).await.unwrap();
    theirs.settle(notice.id, NoticeEnd::Sent).await.unwrap();
    assert_eq!(ours.notices("one").await.unwrap(), NoticeCounts { promised: 2, dropped: 1 });
}

#[test]
fn a_journal_of_the_first_version_is_brought_up_to_date_with_all_that_is_in_it() {
    use crate::journal::schema::{MIGRATIONS, migrate};
    let place = Place::new();
    std::fs::create_dir_all(place.path().parent().unwrap()).unwrap();
    let mut connection = Connection::open(place.path()).unwrap();
    migrate(&mut connection, &MIGRATIONS[..1]).unwrap();
    connection
        .execute(
            "INSERT INTO events (instance, at, service, replica, kind, note)
             VALUES ('one', 1, '[\"docker\",null,\"api\"]', 'r', 'died', 'exit 1')",
            [],
        )
        .unwrap();
    drop(connection);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let journal = place.open();
        assert_eq!(journal.events(Query::default()).await.unwrap().len(), 1);
        assert_eq!(journal.incident_opened("one", incident("Down", 1)).await.unwrap().id, Some(1));
        assert_eq!(journal.services(Some("one")).await.unwrap().len(), 2);
    });
}
