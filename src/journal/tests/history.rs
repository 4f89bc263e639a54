//! History stays as it was written; events and reveals.

use std::fs;

use rusqlite::Connection;

use super::*;

fn event(name: &str, kind: &str, second: i64) -> EventRecord {
    EventRecord {
        at: at(second),
        service: service(name),
        replica: format!("{name}-1"),
        kind: kind.into(),
        note: "exit 1".into(),
        planned: None,
    }
}

#[tokio::test]
async fn nothing_that_was_can_be_changed() {
    let place = Place::new();
    let journal = place.open();
    let id = journal.begin(operation(&["api"], dead())).await.unwrap();
    journal.step_begins(id, 1, false).await.unwrap();
    journal.step_ended(id, 1, false, well("")).await.unwrap();
    journal.adopt(id, me("ada")).await.unwrap();
    journal.ended(id, end(OperationState::Done)).await.unwrap();
    journal.saw("one", vec![sighting("api", "1", 0)]).await.unwrap();
    journal.happened("one", vec![event("api", "died", 0)]).await.unwrap();
    journal.revealed("one", &service("api"), vec!["DB_PASSWORD".into()], me("ada"), at(0)).await.unwrap();

    let raw = Connection::open(place.path()).unwrap();
    let count = |table: &str| {
        raw.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get::<_, i64>(0)).unwrap()
    };
    for (table, column, value) in [
        ("operations", "sentence", "'nothing'"),
        ("operations", "state", "'failed'"),
        ("locks", "service", "'[]'"),
        ("locks", "held", "1"),
        ("adoptions", "who", "'{}'"),
        ("steps", "ok", "0"),
        ("steps", "began", "0"),
        ("revisions", "image", "'sha256:x'"),
        ("revisions", "first_seen", "0"),
        ("revisions", "last_seen", "0"),
        ("events", "kind", "'started'"),
        ("reveals", "who", "'{}'"),
    ] {
        assert_eq!(count(table), 1, "{table}");
        let changed = raw.execute(&format!("UPDATE {table} SET {column} = {value}"), []);
        assert!(changed.is_err(), "{table}.{column}");
    }
    for table in ["operations", "locks", "adoptions", "steps", "reveals"] {
        assert!(raw.execute(&format!("DELETE FROM {table}"), []).is_err(), "{table}");
    }
}

#[tokio::test]
async fn an_event_told_twice_is_one() {
    let journal = Journal::in_memory().unwrap();
    let told = vec![event("api", "died", 1), event("api", "oom", 1), event("web", "died", 2)];
    journal.happened("one", told.clone()).await.unwrap();
    journal.happened("one", told.clone()).await.unwrap();
    journal.happened("two", vec![event("api", "died", 1)]).await.unwrap();
    let one = Query { instance: Some("one".into()), ..Query::default() };
    let mut newest_first = told;
    newest_first.reverse();
    assert_eq!(journal.events(one.clone()).await.unwrap(), newest_first);
    let web = Query { service: Some(service("web")), ..one.clone() };
    assert_eq!(journal.events(web).await.unwrap().len(), 1);
    assert_eq!(journal.events(Query { since: Some(at(2)), ..one.clone() }).await.unwrap().len(), 1);
    assert_eq!(journal.events(Query { limit: Some(2), ..one }).await.unwrap().len(), 2);
    assert_eq!(journal.events(Query::default()).await.unwrap().len(), 4);
}

#[tokio::test]
async fn the_newest_events_are_kept() {
    let journal = Journal::in_memory().unwrap();
    for second in 0..50 {
        journal.happened("one", vec![event("api", "died", second)]).await.unwrap();
    }
    journal.durably(|c| crate::journal::events::prune(c, 46)).await.unwrap();
    assert_eq!(journal.events(Query::default()).await.unwrap().len(), 50, "not for so few");
    journal.durably(|c| crate::journal::events::prune(c, 10)).await.unwrap();
    let kept = journal.events(Query::default()).await.unwrap();
    assert_eq!(kept.iter().map(|e| e.at).collect::<Vec<_>>(), (40..50).rev().map(at).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_an_operation_causes_is_planned_whoever_tells_it() {
    let place = Place::new();
    let (ada, bob) = (place.open(), place.open());
    let before = Timestamp::now() - Duration::from_secs(5);
    let id = ada.begin(operation(&["api"], me("ada"))).await.unwrap();
    let told = |name: &str, at| EventRecord { at, ..event(name, "stopped", 0) };
    let during = Timestamp::now();
    let long_after = during + Duration::from_hours(1);
    let events = vec![
        told("api", before),
        told("api", during),
        told("web", during),
        told("api", long_after),
        EventRecord { planned: Some(77), ..told("db", during) },
    ];
    bob.happened("one", events).await.unwrap();
    let found = bob.events(Query::default()).await.unwrap();
    let planned = |name: &str, at: Timestamp| {
        let at = Timestamp::from_microsecond(at.as_microsecond()).unwrap();
        found.iter().find(|e| e.service == service(name) && e.at == at).unwrap().planned
    };
    assert_eq!(planned("api", during), Some(id));
    assert_eq!(planned("api", before), None);
    assert_eq!(planned("web", during), None);
    assert_eq!(planned("api", long_after), None, "its owner gave no sign of life for so long");
    assert_eq!(planned("db", during), Some(77));

    ada.ended(id, end(OperationState::Done)).await.unwrap();
    let echo = Timestamp::now() + Duration::from_secs(1);
    bob.happened("one", vec![told("api", echo)]).await.unwrap();
    assert_eq!(
        bob.events(Query::default()).await.unwrap().iter().filter(|e| e.planned == Some(id)).count(),
        2
    );
}

#[tokio::test]
async fn reveals_are_told_by_name() {
    let journal = Journal::in_memory().unwrap();
    journal.revealed("one", &service("api"), vec!["DB_PASSWORD".into()], me("ada"), at(1)).await.unwrap();
    journal.revealed("one", &service("api"), vec!["B".into(), "A".into()], me("bob"), at(2)).await.unwrap();
    let told = journal.reveals(Query { service: Some(service("api")), ..Query::default() }).await.unwrap();
    let told: Vec<_> = told.iter().map(|r| (r.names.join(" "), r.who.user.as_str(), r.at)).collect();
    assert_eq!(told, [("B A".into(), "bob", at(2)), ("DB_PASSWORD".into(), "ada", at(1))]);
    // What was shown together is never told by halves.
    let newest = journal.reveals(Query { limit: Some(1), ..Query::default() }).await.unwrap();
    assert_eq!((newest.len(), newest[0].names.len()), (1, 2));
}

#[tokio::test]
async fn what_comes_out_of_the_file_is_safe_to_show() {
    let place = Place::new();
    let journal = place.open();
    let evil = "a\x1b]0;title\x07\x1b[2Jb\u{202e}c\nd";
    let hostile = NewOperation {
        host: evil.into(),
        endpoint: evil.into(),
        change: evil.into(),
        sentence: evil.into(),
        services: vec![service(evil)],
        images: vec![(service(evil), image(evil), image(evil))],
        who: Who { user: evil.into(), ssh_from: Some(evil.into()), ..me("x") },
        ..operation(&[], me("x"))
    };
    let id = journal.begin(hostile).await.unwrap();
    journal.step_begins(id, 1, false).await.unwrap();
    let note = StepEnd { ok: false, done: String::new(), note: evil.into() };
    journal.step_ended(id, 1, false, note).await.unwrap();
    let mut told = event(evil, evil, 0);
    told.note = evil.into();
    journal.happened("one", vec![told]).await.unwrap();
    journal.revealed("one", &service(evil), vec![evil.into()], me(evil), at(0)).await.unwrap();
    let (operation, events, reveals) = (
        journal.operation(id).await.unwrap().unwrap(),
        journal.events(Query::default()).await.unwrap(),
        journal.reveals(Query::default()).await.unwrap(),
    );
    let shown = format!("{operation:?} {events:?} {reveals:?}");
    assert!(!shown.contains("\\u{1b}") && !shown.contains("\\u{202e}") && !shown.contains("\\n"), "{shown}");
    assert!(operation.begun.sentence.starts_with("ab"), "{}", operation.begun.sentence);
}

#[tokio::test]
async fn nonsense_in_the_file_is_damage_not_a_crash() {
    let place = Place::new();
    let journal = place.open();
    journal.begin(operation(&["api"], me("ada"))).await.unwrap();
    let raw = Connection::open(place.path()).unwrap();
    raw.execute_batch("DROP TRIGGER operations_keep; UPDATE operations SET state = 'wobbling'").unwrap();
    let error = journal.operations(Query::default()).await.unwrap_err();
    assert!(matches!(error, JournalError::Corrupt { .. }), "{error}");
    raw.execute_batch("UPDATE operations SET state = 'running', who = 'ada'").unwrap();
    assert!(matches!(journal.unfinished("one").await, Err(JournalError::Corrupt { .. })));
    raw.execute_batch("DROP TABLE events").unwrap();
    let error = journal.events(Query::default()).await.unwrap_err();
    assert!(matches!(error, JournalError::Corrupt { .. }), "{error}");
    assert!(fs::metadata(place.path()).is_ok());
}
