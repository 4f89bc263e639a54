//! Who has a service: two handles on one file stand for two qd's.

use super::*;

fn locked(error: JournalError) -> Lock {
    match error {
        JournalError::Locked(lock) => *lock,
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn two_can_not_have_one_service() {
    let place = Place::new();
    let (ada, bob) = (place.open(), place.open());
    let id = ada.begin(operation(&["db", "api"], me("ada"))).await.unwrap();
    let lock = locked(bob.begin(operation(&["web", "api"], me("bob"))).await.unwrap_err());
    assert_eq!((lock.operation, lock.alive, lock.who.user.as_str()), (id, true, "ada"));
    assert_eq!(lock.service, service("api"));
    assert_eq!(lock.sentence(), "shop/api is being changed: operation 1 (deploy) by ada");
    // Nothing of what was refused is left: web is free.
    let other = bob.begin(operation(&["web"], me("bob"))).await.unwrap();
    // And another engine's services are others.
    let elsewhere = NewOperation { instance: "two".into(), ..operation(&["api"], me("bob")) };
    bob.begin(elsewhere).await.unwrap();

    ada.ended(id, end(OperationState::Done)).await.unwrap();
    bob.begin(operation(&["api"], me("bob"))).await.unwrap();
    assert_eq!(
        bob.unfinished("one").await.unwrap().iter().map(|o| o.id).collect::<Vec<_>>(),
        [other, other + 2]
    );
}

#[tokio::test]
async fn many_at_once_and_one_gets_it() {
    let place = Place::new();
    let journals: Vec<Journal> = (0..4).map(|_| place.open()).collect();
    let begun = journals.iter().map(|journal| journal.begin(operation(&["api"], me("somebody"))));
    let ended = futures_util::future::join_all(begun).await;
    assert_eq!(ended.iter().filter(|result| result.is_ok()).count(), 1, "{ended:?}");
    assert!(ended.into_iter().filter_map(Result::err).all(|e| locked(e).alive));
}

#[tokio::test]
async fn what_the_dead_left_is_adopted_and_they_stay_out() {
    let place = Place::new();
    let (ghost, ada) = (place.open(), place.open());
    let id = ghost.begin(operation(&["api"], dead())).await.unwrap();
    ghost.step_begins(id, 1, false).await.unwrap();

    let lock = locked(ada.begin(operation(&["api"], me("ada"))).await.unwrap_err());
    assert!(!lock.alive);
    assert_eq!(lock.remedy(), "Say how it shall end: qd finish 1, or qd undo 1.");
    assert!(!ada.unfinished("one").await.unwrap()[0].alive);

    let adopted = ada.adopt(id, me("ada")).await.unwrap();
    assert!(adopted.alive);
    assert_eq!(adopted.begun.who.user, "ghost");
    assert_eq!(adopted.adoptions.iter().map(|a| a.who.user.as_str()).collect::<Vec<_>>(), ["ada"]);
    assert_eq!(adopted.steps.len(), 1);

    // It was only believed dead: whatever it does now, it is not its operation any more.
    let lost = Err(JournalError::Lost { operation: id });
    assert_eq!(ghost.step_ended(id, 1, false, well("")).await, lost);
    assert_eq!(ghost.step_begins(id, 2, false).await, lost);
    assert_eq!(ghost.beat(id).await, lost);
    assert_eq!(ghost.undoing(id, "").await, lost);
    assert_eq!(ghost.left(id, "").await, lost);
    assert_eq!(ghost.ended(id, end(OperationState::Done)).await, lost);

    ada.step_ended(id, 1, false, well("")).await.unwrap();
    ada.ended(id, end(OperationState::Done)).await.unwrap();
    ada.begin(operation(&["api"], me("ada"))).await.unwrap();
}

#[tokio::test]
async fn what_the_living_have_is_not_adopted() {
    let place = Place::new();
    let (ada, bob) = (place.open(), place.open());
    let id = ada.begin(operation(&["api"], me("ada"))).await.unwrap();
    assert!(locked(bob.adopt(id, me("bob")).await.unwrap_err()).alive);
    ada.beat(id).await.unwrap();

    ada.left(id, "the session ended").await.unwrap();
    let left = bob.unfinished("one").await.unwrap();
    assert!(!left[0].alive);
    assert_eq!(left[0].sentence, "the session ended");
    assert!(!locked(bob.begin(operation(&["api"], me("bob"))).await.unwrap_err()).alive);
    assert_eq!(ada.beat(id).await, Err(JournalError::Lost { operation: id }));
    bob.adopt(id, me("bob")).await.unwrap();
    bob.ended(id, end(OperationState::Undone)).await.unwrap();

    for gone in [id, 99] {
        let missing = bob.adopt(gone, me("bob")).await.unwrap_err();
        assert_eq!(missing.to_string(), format!("the journal has no unfinished operation {gone}"));
    }
}

#[tokio::test]
async fn who_is_silent_elsewhere_counts_as_gone() {
    let journal = Journal::in_memory().unwrap();
    let stranger = Who { user: "eve".into(), host: "far".into(), ..Who::default() };
    let id = journal.begin(operation(&["api"], stranger)).await.unwrap();
    assert!(journal.unfinished("one").await.unwrap()[0].alive, "it was heard of just now");
    let beat = Timestamp::now() - Duration::from_secs(31);
    journal.durably(move |c| operations::beat(c, (id, 1), beat)).await.unwrap();
    assert!(!journal.unfinished("one").await.unwrap()[0].alive);
    journal.beat(id).await.unwrap();
    assert!(journal.unfinished("one").await.unwrap()[0].alive);
}
