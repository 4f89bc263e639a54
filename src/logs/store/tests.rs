#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use proptest::prelude::*;

use super::LogStore;
use crate::fleet::{EngineId, ReplicaId, ServiceId};
use crate::logs::{Filter, Level, Line, Pattern, Source, Span, SpanStyle, Stream};

fn source(tag: &str) -> Arc<Source> {
    let engine = EngineId::new("test");
    Arc::new(Source {
        replica: ReplicaId { engine: engine.clone(), id: tag.into() },
        service: ServiceId { engine, project: None, name: tag.into() },
        tag: tag.into(),
    })
}

fn line(at: i64, text: &str) -> Line {
    Line {
        source: source("api"),
        at,
        stream: Stream::Stdout,
        level: Level::Info,
        text: text.into(),
        spans: Box::default(),
        cut: false,
    }
}

fn texts<'a>(lines: impl Iterator<Item = super::LineRef<'a>>) -> Vec<&'a str> {
    lines.map(|l| l.text).collect()
}

fn filter(typed: &[&str]) -> Filter {
    let mut filter = Filter::default();
    for typed in typed {
        filter.add(typed).unwrap();
    }
    filter
}

#[test]
fn a_line_comes_back_as_it_went_in() {
    let mut store = LogStore::new(1 << 20);
    let lines: Vec<Line> = [Stream::Stdout, Stream::Stderr, Stream::Marker]
        .into_iter()
        .flat_map(|stream| {
            [Level::Unknown, Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Fatal]
                .into_iter()
                .map(move |level| Line {
                    source: source(if stream == Stream::Stderr { "a" } else { "b" }),
                    stream,
                    level,
                    spans: [Span {
                        start: 0,
                        end: 1,
                        style: SpanStyle { bold: true, ..SpanStyle::default() },
                    }]
                    .into(),
                    cut: level == Level::Warn,
                    ..line(7, "é text")
                })
        })
        .chain([line(8, ""), line(9, &"x".repeat(crate::logs::MAX_LINE))])
        .collect();
    store.extend(lines.iter().cloned());
    assert_eq!(store.counters().lines, lines.len() as u64);
    for (got, want) in store.forward(0).zip(&lines) {
        assert_eq!((got.source, got.at, got.stream), (&want.source, want.at, want.stream));
        assert_eq!((got.level, got.text, got.cut), (want.level, &*want.text, want.cut));
        assert_eq!(got.spans, &*want.spans);
    }
    assert_eq!(store.forward(0).count(), lines.len());
}

#[test]
fn memory_is_bounded_and_numbers_survive() {
    let bound = 256 * 1024;
    let mut store = LogStore::new(bound);
    store.set_filter(filter(&["line"]));
    for n in 0..50_000 {
        store.push(&line(n, &format!("line {n}")));
        assert!(store.counters().bytes <= bound, "{:?}", store.counters());
    }
    let counters = store.counters();
    assert!(counters.bytes > bound / 2, "the memory allowed is used: {counters:?}");
    assert_eq!(counters.lines + counters.evicted, 50_000);
    assert_eq!(store.seqs(), counters.evicted..50_000);
    assert_eq!(store.get(49_999).unwrap().text, "line 49999");
    assert_eq!(store.get(counters.evicted).unwrap().text, format!("line {}", counters.evicted));
    assert!(store.get(counters.evicted - 1).is_none() && store.get(50_000).is_none());
    assert_eq!(store.visible() as u64, counters.lines);
    store.clear();
    assert_eq!((store.counters().lines, store.counters().bytes), (0, 0));
    store.push(&line(1, "line again"));
    assert_eq!(store.seqs(), 50_000..50_001, "numbers are never used again");
    assert_eq!(store.visible(), 1);
}

#[test]
fn lines_of_two_sources_are_put_in_time_order() {
    let mut store = LogStore::new(1 << 20);
    store.set_filter(filter(&["!hidden"]));
    for (at, text) in
        [(10, "a"), (30, "c"), (20, "b"), (30, "c2"), (5, "first"), (0, "no time"), (31, "hidden")]
    {
        store.push(&line(at, text));
    }
    assert_eq!(texts(store.forward(0)), ["first", "a", "b", "c", "c2", "no time"]);
    store.set_filter(Filter::default());
    assert_eq!(texts(store.forward(0)).len(), 7);
}

#[test]
fn a_line_too_late_stays_at_the_end() {
    let mut store = LogStore::new(8 << 20);
    for n in 0..10_000 {
        store.push(&line(1000 + n, "x"));
    }
    store.push(&line(1, "ancient"));
    assert_eq!(store.backward(u64::MAX).next().unwrap().text, "ancient");
}

#[test]
fn a_filter_is_applied_newest_first_and_in_slices() {
    let mut store = LogStore::new(64 << 20);
    for n in 0..100_000 {
        store.push(&line(n, if n % 10 == 0 { "ten" } else { "other" }));
    }
    store.set_filter(filter(&["ten"]));
    assert_eq!(store.backward(u64::MAX).next().unwrap().seq, 99_990, "a page is there at once");
    assert!(store.visible() < 10_000);
    store.push(&line(100_000, "ten"));
    let mut rounds = 0;
    while store.work(10_000) {
        rounds += 1;
    }
    assert!(rounds > 3);
    assert_eq!(store.visible(), 10_001);
    assert_eq!(store.forward(95).next().unwrap().seq, 100);
    assert_eq!(store.backward(100).next().unwrap().seq, 90);
    assert_eq!(store.rank(100), 10);
    assert_eq!(store.at_rank(10), Some(100));
    assert_eq!(store.count_from(99_990), 2);
}

#[test]
fn matches_are_found_in_both_directions() {
    let mut store = LogStore::new(1 << 20);
    for n in 0..100 {
        store.push(&line(n, &format!("n={n}.")));
    }
    let pattern = Pattern::new(r"n=\d*5\.").unwrap();
    assert_eq!(store.next_match(&pattern, 5), Some(15));
    assert_eq!(store.prev_match(&pattern, 5), None);
    assert_eq!(store.prev_match(&pattern, 15), Some(5));
    assert_eq!(store.prev_match(&pattern, u64::MAX), Some(95));
    assert_eq!(store.next_match(&pattern, 95), None);
    store.set_filter(filter(&["!15"]));
    assert_eq!(store.next_match(&pattern, 5), Some(25), "hidden lines are not found");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The store against the plainest thing that could work: a sorted list.
    #[test]
    fn equals_a_sorted_list(
        ats in proptest::collection::vec(1_i64..400, 1..300),
        filter_after in 0_usize..300,
    ) {
        let mut store = LogStore::new(0);
        let mut model: Vec<(i64, String)> = Vec::new();
        for (n, &at) in ats.iter().enumerate() {
            if n == filter_after {
                store.set_filter(filter(&["[02468]$"]));
            }
            let text = format!("{n}");
            store.push(&line(at, &text));
            let place = model.partition_point(|(known, _)| *known <= at);
            model.insert(place, (at, text));
        }
        let shown = |text: &str| filter_after >= ats.len() || text.ends_with(['0', '2', '4', '6', '8']);
        let want: Vec<&str> = model.iter().map(|(_, t)| t.as_str()).filter(|t| shown(t)).collect();
        prop_assert_eq!(texts(store.forward(0)), want.clone());
        let mut back = texts(store.backward(u64::MAX));
        back.reverse();
        prop_assert_eq!(back, want);
    }
}
