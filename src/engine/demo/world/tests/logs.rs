//! Logs: in order, within bounds, in the programs' own formats.

use jiff::SignedDuration;

use super::{after, replica, start, world};
use crate::engine::LogQuery;
use crate::engine::demo::Platform;

#[test]
fn logs_are_ordered_repeatable_and_within_bounds() {
    for platform in Platform::ALL {
        let mut world = world(platform);
        world.advance(after(90));
        for replica in world.replicas() {
            let query = LogQuery::default();
            let all = world.logs(&replica.id, &query).unwrap();
            assert!(all.is_sorted_by_key(|l| l.at), "{}", replica.name);
            assert!(all.iter().all(|l| l.at <= world.now() && !l.text.contains('\n')));
            assert_eq!(all, world.logs(&replica.id, &query).unwrap());
            let tail = world.logs(&replica.id, &LogQuery { tail: Some(7), ..query.clone() }).unwrap();
            assert_eq!(tail, all[all.len().saturating_sub(7)..], "{}", replica.name);
            let bounds = LogQuery { since: Some(after(10)), until: Some(after(50)), ..query };
            let some = world.logs(&replica.id, &bounds).unwrap();
            assert!(some.iter().all(|l| after(10) <= l.at && l.at < after(50)));
            let inside = all.iter().filter(|l| after(10) <= l.at && l.at < after(50)).count();
            assert_eq!(some.len(), inside, "{}", replica.name);
        }
    }
}

#[test]
fn what_died_long_ago_still_has_its_last_words() {
    let world = world(Platform::RetailPos);
    let id = replica(&world, "mongo-restore-test").id;
    let query = LogQuery { tail: Some(3), ..LogQuery::default() };
    let lines = world.logs(&id, &query).unwrap();
    assert!(lines.iter().any(|l| l.text.contains("job failed")), "{lines:?}");
    assert!(lines.iter().all(|l| l.at < after(-1_000_000)));
    let all = world.logs(&id, &LogQuery::default()).unwrap();
    assert_eq!(lines, all[all.len() - 3..]);
}

#[test]
fn what_is_sick_says_so_in_its_log() {
    let world = world(Platform::GroupBuying);
    let id = replica(&world, "whatsapp-service").id;
    let lines = world.logs(&id, &LogQuery { tail: Some(300), ..LogQuery::default() }).unwrap();
    assert!(lines.iter().any(|l| l.text.contains("session lost: scan the QR code again")));
}

#[test]
fn a_followed_log_misses_and_repeats_nothing() {
    let mut world = world(Platform::GroupBuying);
    let id = replica(&world, "payment-service").id;
    let mut followed = Vec::new();
    let mut last = world.now();
    for step in 1..400 {
        world.advance(start() + SignedDuration::from_millis(step * 173));
        followed.extend(world.logs_after(&id, last).unwrap());
        last = world.now();
    }
    let since = start() + SignedDuration::from_micros(1);
    let whole = world.logs(&id, &LogQuery { since: Some(since), ..LogQuery::default() }).unwrap();
    assert_eq!(followed, whole);
    assert!(!whole.is_empty());
}

#[test]
fn programs_speak_their_own_formats() {
    let world = world(Platform::GroupBuying);
    let text = |service: &str| {
        let id = replica(&world, service).id;
        let lines = world.logs(&id, &LogQuery { tail: Some(400), ..LogQuery::default() }).unwrap();
        assert!(lines.len() > 20, "{service} says {}", lines.len());
        lines.into_iter().map(|l| l.text).collect::<Vec<_>>()
    };
    for line in text("auth-service").iter().filter(|l| l.starts_with('{')) {
        serde_json::from_str::<serde_json::Value>(line).expect("a JSON line");
    }
    assert!(text("product-service").iter().any(|l| l.contains("\x1b[32minfo\x1b[39m")));
    assert!(text("nginx").iter().any(|l| l.contains("HTTP/1.1\" 200")));
    assert!(text("postgres").iter().any(|l| l.contains("LOG:  checkpoint")));
    let shop = super::world(Platform::Storefront);
    let id = replica(&shop, "user-service").id;
    let lines = shop.logs(&id, &LogQuery::default()).unwrap();
    assert!(lines.iter().any(|l| l.text.contains("web.RequestLogger")));
}
