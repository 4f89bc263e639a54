//! Post-mortems: each death once, a spell as one, and not too many.

use super::*;

fn death(subject: &str, kind: &str, second: i64) -> PostMortem {
    PostMortem {
        id: 0,
        service: service("api"),
        subject: subject.into(),
        kind: kind.into(),
        first: at(second),
        last: at(second),
        times: 1,
        sentence: format!("{kind} at {second}"),
        record: format!("{{\"at\":{second}}}"),
    }
}

fn merge(before: &PostMortem, new: PostMortem) -> PostMortem {
    PostMortem { first: before.first, times: before.times + 1, ..new }
}

#[tokio::test]
async fn a_death_is_written_once_and_a_spell_is_one() {
    let place = Place::new();
    let (one, other) = (place.open(), place.open());
    let first = one.died("box", death("a", "failed", 0), merge).await.unwrap();
    assert_eq!(other.died("box", death("a", "failed", 0), merge).await.unwrap(), first, "seen by two");
    // Of the same again, soon: the same spell.
    assert_eq!(other.died("box", death("a", "failed", 300), merge).await.unwrap(), first);
    assert_eq!(one.died("box", death("a", "failed", 200), merge).await.unwrap(), first, "told late");
    let whole = one.post_mortem(first).await.unwrap().unwrap();
    assert_eq!((whole.first, whole.last, whole.times), (at(0), at(300), 2));
    assert_eq!((whole.record.as_str(), whole.sentence.as_str()), ("{\"at\":300}", "failed at 300"));
    // Of something else, of another, long after, on another engine: not.
    for (instance, it) in [
        ("box", death("a", "out-of-memory", 310)),
        ("box", death("b", "out-of-memory", 311)),
        ("box", death("b", "out-of-memory", 312 + 601)),
        ("elsewhere", death("b", "out-of-memory", 312 + 602)),
    ] {
        let made = one.died(instance, it.clone(), merge).await.unwrap();
        assert_eq!(one.post_mortem(made).await.unwrap().unwrap(), PostMortem { id: made, ..it });
    }
    let query = |instance: &str| Query { instance: Some(instance.into()), ..Query::default() };
    let all = one.post_mortems(query("box")).await.unwrap();
    let told: Vec<_> = all.iter().map(|it| (it.subject.as_str(), it.last)).collect();
    assert_eq!(told, [("b", at(913)), ("b", at(311)), ("a", at(310)), ("a", at(300))]);
    assert!(all.iter().all(|it| it.record.is_empty()), "lists are light");
    assert_eq!(one.post_mortems(query("elsewhere")).await.unwrap().len(), 1);
    assert_eq!(one.services(Some("elsewhere")).await.unwrap(), [service("api")]);
    assert_eq!(one.post_mortem(99).await.unwrap(), None);
}

#[tokio::test]
async fn only_so_many_are_kept_of_an_engine() {
    let journal = Journal::in_memory().unwrap();
    journal.died("elsewhere", death("x", "failed", 0), merge).await.unwrap();
    for n in 0..210 {
        journal.died("box", death(&format!("{n}"), "failed", n), merge).await.unwrap();
    }
    let of = |instance: &str| Query { instance: Some(instance.into()), ..Query::default() };
    let kept = journal.post_mortems(of("box")).await.unwrap();
    assert_eq!((kept.len(), kept[0].last, kept[199].last), (200, at(209), at(10)), "the newest");
    assert_eq!(journal.post_mortems(of("elsewhere")).await.unwrap().len(), 1);
}

#[test]
fn an_older_journal_learns_of_deaths() {
    use crate::journal::schema::{MIGRATIONS, migrate};
    let mut old = Connection::open_in_memory().unwrap();
    migrate(&mut old, &MIGRATIONS[..2]).unwrap();
    migrate(&mut old, MIGRATIONS).unwrap();
    let found = crate::journal::postmortems::keep(&mut old, "box", death("a", "failed", 0), merge).unwrap();
    assert_eq!(found, 1);
    assert!(old.execute("UPDATE postmortems SET kind = 'ended'", []).is_err(), "what a death was stays");
}
