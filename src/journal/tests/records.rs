//! Operations and their steps, from begin to end.

use super::*;

#[tokio::test]
async fn an_operation_is_told_as_it_went() {
    let place = Place::new();
    let journal = place.open();
    let begun = operation(&["api", "web", "api"], me("ada"));
    let id = journal.begin(begun.clone()).await.unwrap();
    assert_eq!(id, 1);
    journal.step_begins(id, 1, false).await.unwrap();
    journal.step_ended(id, 1, false, well(r#"{"id":"c1"}"#)).await.unwrap();
    journal.step_begins(id, 2, false).await.unwrap();

    let running = journal.unfinished("one").await.unwrap();
    assert_eq!(running.len(), 1);
    let running = &running[0];
    assert!(running.alive && running.took.is_none() && running.state == OperationState::Running);
    assert_eq!(running.steps.len(), 2);
    assert_eq!(running.steps[0].ended.as_ref().unwrap().1, well(r#"{"id":"c1"}"#));
    assert_eq!(running.steps[1].ended, None, "nobody knows yet");

    let failed = StepEnd { ok: false, done: String::new(), note: "it is not well".into() };
    journal.step_ended(id, 2, false, failed.clone()).await.unwrap();
    journal.undoing(id, "it is not well").await.unwrap();
    journal.step_begins(id, 1, true).await.unwrap();
    journal.step_ended(id, 1, true, well("")).await.unwrap();
    journal.ended(id, end(OperationState::Undone)).await.unwrap();

    assert_eq!(journal.unfinished("one").await.unwrap(), []);
    drop(journal);
    let told = place.open().operation(id).await.unwrap().unwrap();
    assert_eq!(told.begun.services, [service("api"), service("web")], "each once, in order");
    assert_eq!(told.begun, NewOperation { services: told.begun.services.clone(), ..begun });
    assert_eq!((told.state, told.sentence.as_str()), (OperationState::Undone, "so it ended"));
    assert_eq!(told.took, Some(Duration::from_micros(1_234_567)));
    assert!(!told.alive && told.ended >= Some(told.at));
    let steps: Vec<_> = told.steps.iter().map(|s| (s.number, s.back)).collect();
    assert_eq!(steps, [(1, false), (2, false), (1, true)]);
    assert_eq!(told.steps[1].ended.as_ref().unwrap().1, failed);
}

#[tokio::test]
async fn what_has_ended_does_not_change() {
    let journal = Journal::in_memory().unwrap();
    let id = journal.begin(operation(&["api"], me("ada"))).await.unwrap();
    journal.step_begins(id, 1, false).await.unwrap();
    journal.step_ended(id, 1, false, well("")).await.unwrap();
    let again = journal.step_ended(id, 1, false, well("")).await.unwrap_err();
    assert!(matches!(again, JournalError::Missing { .. }), "{again}");
    let open = journal.ended(id, end(OperationState::Undoing)).await.unwrap_err();
    assert!(matches!(open, JournalError::Missing { .. }), "{open}");
    journal.ended(id, end(OperationState::Done)).await.unwrap();
    for late in [
        journal.ended(id, end(OperationState::Failed)).await,
        journal.undoing(id, "").await,
        journal.beat(id).await,
        journal.step_begins(id, 2, false).await,
    ] {
        assert_eq!(late, Err(JournalError::Lost { operation: id }));
    }
}

#[tokio::test]
async fn a_step_asked_for_again_is_told_twice() {
    let journal = Journal::in_memory().unwrap();
    let id = journal.begin(operation(&["api"], me("ada"))).await.unwrap();
    journal.step_begins(id, 1, false).await.unwrap();
    journal.step_begins(id, 1, false).await.unwrap();
    journal.step_ended(id, 1, false, well("x")).await.unwrap();
    let steps = journal.operation(id).await.unwrap().unwrap().steps;
    let ended: Vec<_> = steps.iter().map(|s| s.ended.is_some()).collect();
    assert_eq!(ended, [false, true], "the later one counts");
}

#[tokio::test]
async fn operations_are_found_by_service_engine_and_time() {
    let journal = Journal::in_memory().unwrap();
    for name in ["api", "web", "api"] {
        let id = journal.begin(operation(&[name], me("ada"))).await.unwrap();
        journal.ended(id, end(OperationState::Done)).await.unwrap();
    }
    let elsewhere = NewOperation { instance: "two".into(), ..operation(&["api"], me("ada")) };
    journal.begin(elsewhere).await.unwrap();
    let found = async |query| {
        let found = journal.operations(query).await.unwrap();
        found.iter().map(|o| o.id).collect::<Vec<_>>()
    };
    let one = Query { instance: Some("one".into()), ..Query::default() };
    assert_eq!(found(Query::default()).await, [4, 3, 2, 1]);
    assert_eq!(found(one.clone()).await, [3, 2, 1]);
    assert_eq!(found(Query { service: Some(service("api")), ..one.clone() }).await, [3, 1]);
    assert_eq!(found(Query { limit: Some(2), ..one.clone() }).await, [3, 2]);
    // What has not ended is never before.
    let later = Some(Timestamp::now() + Duration::from_mins(1));
    assert_eq!(found(Query { since: later, ..Query::default() }).await, [4]);
}
