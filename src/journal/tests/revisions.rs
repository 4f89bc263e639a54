//! What services ran.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// `(number, tag, first, last, current)`, newest first; times in seconds.
async fn history(journal: &Journal, name: &str) -> Vec<(u32, String, i64, i64, bool)> {
    let second = |t: Timestamp| t.as_second() - at(0).as_second();
    let revisions = journal.revisions("one", &service(name)).await.unwrap();
    revisions
        .iter()
        .map(|r| (r.number, r.image.tag().to_owned(), second(r.first_seen), second(r.last_seen), r.current))
        .collect()
}

fn row(number: u32, tag: &str, first: i64, last: i64, current: bool) -> (u32, String, i64, i64, bool) {
    (number, tag.into(), first, last, current)
}

#[tokio::test]
async fn there_and_back_again_is_three_revisions() {
    let place = Place::new();
    let journal = place.open();
    for (tag, second) in [("1", 0), ("1", 10), ("2", 20), ("2", 30), ("1", 40), ("1", 50)] {
        journal.saw("one", vec![sighting("api", tag, second)]).await.unwrap();
    }
    journal.saw("one", vec![sighting("web", "9", 60)]).await.unwrap();
    journal.saw("two", vec![sighting("api", "9", 60)]).await.unwrap();
    let expected = [row(3, "1", 40, 50, true), row(2, "2", 20, 30, false), row(1, "1", 0, 10, false)];
    assert_eq!(history(&journal, "api").await, expected);
    drop(journal);
    assert_eq!(history(&place.open(), "api").await, expected);
}

#[tokio::test]
async fn two_images_side_by_side_do_not_take_turns() {
    let journal = Journal::in_memory().unwrap();
    journal.saw("one", vec![sighting("api", "1", 0)]).await.unwrap();
    for second in 1..5 {
        let mut picture = vec![sighting("api", "1", second), sighting("api", "2", second)];
        // In whichever order the replicas come, however many of each there are.
        if second % 2 == 0 {
            picture.reverse();
            picture.push(sighting("api", "1", second));
        }
        journal.saw("one", picture).await.unwrap();
    }
    let both = [row(2, "2", 1, 4, true), row(1, "1", 0, 4, true)];
    assert_eq!(history(&journal, "api").await, both);
    journal.saw("one", vec![sighting("api", "2", 5)]).await.unwrap();
    assert_eq!(history(&journal, "api").await, [row(2, "2", 1, 5, true), row(1, "1", 0, 4, false)]);
}

#[tokio::test]
async fn old_news_is_no_news() {
    let journal = Journal::in_memory().unwrap();
    journal.saw("one", vec![sighting("api", "1", 0)]).await.unwrap();
    journal.saw("one", vec![sighting("api", "2", 10)]).await.unwrap();
    journal.saw("one", vec![sighting("api", "1", 9)]).await.unwrap();
    assert_eq!(history(&journal, "api").await, [row(2, "2", 10, 10, true), row(1, "1", 0, 0, false)]);
}

#[tokio::test]
async fn a_clock_that_was_wrong_does_not_stop_history() {
    let journal = Journal::in_memory().unwrap();
    let century = 3_155_760_000;
    journal.saw("one", vec![sighting("api", "1", century)]).await.unwrap();
    journal.saw("one", vec![sighting("api", "1", 10)]).await.unwrap();
    journal.saw("one", vec![sighting("api", "2", 20)]).await.unwrap();
    journal.saw("one", vec![sighting("api", "2", 30)]).await.unwrap();
    assert_eq!(
        history(&journal, "api").await,
        [row(2, "2", 20, 30, true), row(1, "1", century, century, false)]
    );
}

#[tokio::test]
async fn what_is_told_little_of_ends_nothing() {
    let journal = Journal::in_memory().unwrap();
    let seen =
        |spec: Option<u64>, second| Sighting { spec: spec.map(SpecHash), ..sighting("api", "1", second) };
    // Two replicas of one image with other settings; a list tells no settings, an inspection does.
    journal.saw("one", vec![seen(Some(1), 0), seen(Some(2), 0)]).await.unwrap();
    for second in [10, 30] {
        journal.saw("one", vec![seen(None, second)]).await.unwrap();
        journal.saw("one", vec![seen(None, second + 5), seen(Some(1), second + 5)]).await.unwrap();
        journal.saw("one", vec![seen(Some(2), second + 9), seen(Some(1), second + 9)]).await.unwrap();
    }
    assert_eq!(history(&journal, "api").await, [row(2, "1", 0, 39, true), row(1, "1", 0, 39, true)]);
}

#[tokio::test]
async fn a_tag_that_moved_and_settings_that_changed_are_revisions() {
    let journal = Journal::in_memory().unwrap();
    let latest = |id: &str, spec: Option<u64>, second| Sighting {
        image: Image { reference: "api:latest".into(), id: id.into() },
        spec: spec.map(SpecHash),
        ..sighting("api", "", second)
    };
    let see = async |sighting| journal.saw("one", vec![sighting]).await.unwrap();
    // Not known at first, then known: that is no change.
    see(latest("", None, 0)).await;
    see(latest("sha256:a", None, 1)).await;
    see(latest("sha256:a", Some(1), 2)).await;
    see(latest("sha256:a", None, 3)).await;
    // The tag moved; then the settings changed.
    see(latest("sha256:b", Some(1), 4)).await;
    see(latest("sha256:b", Some(2), 5)).await;
    // The same image by another name.
    let renamed = Sighting {
        image: Image { reference: "api:2".into(), id: "sha256:b".into() },
        ..latest("", Some(2), 6)
    };
    see(renamed).await;
    let told = journal.revisions("one", &service("api")).await.unwrap();
    let told: Vec<_> =
        told.iter().map(|r| (&*r.image.reference, &*r.image.id, r.spec.map(|s| s.0))).collect();
    assert_eq!(
        told,
        [
            ("api:2", "sha256:b", Some(2)),
            ("api:latest", "sha256:b", Some(2)),
            ("api:latest", "sha256:b", Some(1)),
            ("api:latest", "sha256:a", Some(1)),
        ]
    );
}

#[tokio::test]
async fn an_operation_is_the_cause_of_what_came_after_it() {
    let journal = Journal::in_memory().unwrap();
    let now = Timestamp::now();
    let seen = |tag: &str, at, by| Sighting { at, by, ..sighting("api", tag, 0) };
    journal.saw("one", vec![seen("1", now - Duration::from_mins(1), None)]).await.unwrap();
    let id = journal.begin(operation(&["api"], me("ada"))).await.unwrap();
    let later = Timestamp::now() + Duration::from_secs(1);
    // A recreation: it ran before, so nobody made it just now.
    journal.saw("one", vec![seen("1", later, Some(id))]).await.unwrap();
    // The console saw it before the operation told that it was its doing.
    journal.saw("one", vec![seen("2", later, None)]).await.unwrap();
    journal.saw("one", vec![seen("2", later, Some(id))]).await.unwrap();
    journal.saw("one", vec![seen("3", later, Some(id))]).await.unwrap();
    // And one that another qd saw first, without knowing whose it is.
    journal.saw("one", vec![seen("4", later, None)]).await.unwrap();
    let by: Vec<_> = journal.revisions("one", &service("api")).await.unwrap().iter().map(|r| r.by).collect();
    assert_eq!(by, [Some(id), Some(id), Some(id), None]);
}

#[tokio::test]
async fn throw_away_services_do_not_pile_up() {
    let journal = Journal::in_memory().unwrap();
    for second in 0..30 {
        journal.saw("one", vec![sighting(&format!("job-{second}"), "1", second)]).await.unwrap();
    }
    journal.durably(|c| crate::journal::revisions::prune(c, 28)).await.unwrap();
    assert_eq!(history(&journal, "job-0").await.len(), 1, "not for so few");
    journal.durably(|c| crate::journal::revisions::prune(c, 10)).await.unwrap();
    assert_eq!(history(&journal, "job-19").await, []);
    assert_eq!(history(&journal, "job-20").await.len(), 1);
}

/// What a service can run.
const TAGS: [&str; 3] = ["1", "2", "3"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is seen in whatever order: current is what the last picture showed, and there is a
    /// revision for every time an image came.
    #[test]
    fn history_is_what_was_seen(pictures in proptest::collection::vec(0_u8..8, 1..30)) {
        let shown = |picture: u8| -> BTreeSet<&str> {
            TAGS.iter().enumerate().filter(|(bit, _)| picture & (1 << bit) != 0).map(|(_, tag)| *tag).collect()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let told = runtime.block_on(async {
            let journal = Journal::in_memory().unwrap();
            for (second, picture) in (0_i64..).zip(&pictures) {
                let seen = shown(*picture).into_iter().map(|tag| sighting("api", tag, second)).collect();
                journal.saw("one", seen).await.unwrap();
            }
            journal.revisions("one", &service("api")).await.unwrap()
        });
        let mut before = BTreeSet::new();
        let mut came = 0;
        // An empty picture is none.
        for picture in pictures.iter().filter(|p| **p != 0) {
            came += shown(*picture).difference(&before).count();
            before = shown(*picture);
        }
        let current: BTreeSet<&str> = told.iter().filter(|r| r.current).map(|r| r.image.tag()).collect();
        prop_assert_eq!(current, before);
        prop_assert_eq!(told.len(), came);
        let numbers: Vec<u32> = told.iter().map(|r| r.number).collect();
        let expected: Vec<u32> = (1..=u32::try_from(came).unwrap()).rev().collect();
        prop_assert_eq!(numbers, expected);
        for tag in TAGS {
            let mut spans = told.iter().filter(|r| r.image.tag() == tag).map(|r| (r.first_seen, r.last_seen));
            let mut later = spans.next();
            for (first, last) in spans {
                prop_assert!(first <= last && Some(last) < later.map(|(first, _)| first));
                later = Some((first, last));
            }
        }
    }
}
