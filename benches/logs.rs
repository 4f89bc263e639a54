//! Log ingest and the store: what one line costs from raw bytes to the screen's page.
//! Run with `cargo bench --bench logs`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use quarterdeck::fleet::{EngineId, ReplicaId, ServiceId};
use quarterdeck::logs::{Filter, Line, LogStore, Pattern, Source, Stream, flatten, level};
use quarterdeck::text::{mask, sanitize};

const PLAIN: &str = "2026-11-20 12:03:21.113 INFO  [http-nio-8080-exec-3] c.s.order.OrderController - order 48213 accepted in 12 ms";
const COLOURED: &str = "\x1b[2m2026-11-20T12:03:21Z\x1b[0m \x1b[32m INFO\x1b[0m \x1b[1morder\x1b[0m: accepted \x1b[3mid\x1b[0m=48213";
const JSON: &str = r#"{"level":30,"time":1763640201113,"pid":1,"hostname":"order-1","req":{"id":48213,"method":"POST","url":"/orders"},"msg":"order accepted","ms":12}"#;
const PROGRESS: &str = "Pulling layers [====>               ] 21%\rPulling layers [=========>          ] 48%\rPulling layers [====================] 100%";
const UNICODE: &str = "2026-11-20 12:03:21 INFO Bestellung für Łódź angenommen ✔ 注文番号 48213 — 12 ms";

fn source() -> Arc<Source> {
    let engine = EngineId::new("bench");
    Arc::new(Source {
        replica: ReplicaId { engine: engine.clone(), id: "a".into() },
        service: ServiceId { engine, project: None, name: "api".into() },
        tag: "api-1".into(),
    })
}

fn line(source: &Arc<Source>, n: i64, raw: &str) -> Line {
    let clean = sanitize::line(raw.as_bytes());
    Line {
        source: Arc::clone(source),
        at: n,
        stream: Stream::Stdout,
        level: level::detect(&clean.text),
        text: clean.text,
        spans: clean.spans,
        cut: clean.cut,
    }
}

/// A million lines of three formats, every tenth with an error in it.
fn million() -> LogStore {
    let source = source();
    let mut store = LogStore::new(512 << 20);
    for n in 0..1_000_000 {
        let raw = match n % 10 {
            0 => format!("ERROR connect ECONNREFUSED 10.0.3.7:5432 after {n} ms"),
            1..5 => format!("{{\"level\":30,\"msg\":\"order accepted\",\"id\":{n}}}"),
            _ => format!("INFO request {n} GET /orders 200"),
        };
        store.push(&line(&source, n, &raw));
    }
    store
}

fn per_line(c: &mut Criterion) {
    let mut group = c.benchmark_group("line");
    group.throughput(Throughput::Elements(1));
    for (name, raw) in [
        ("plain", PLAIN),
        ("coloured", COLOURED),
        ("json", JSON),
        ("progress", PROGRESS),
        ("unicode", UNICODE),
    ] {
        group.bench_function(format!("sanitize {name}"), |b| {
            b.iter(|| sanitize::line(black_box(raw.as_bytes())));
        });
        group.bench_function(format!("level {name}"), |b| b.iter(|| level::detect(black_box(raw))));
    }
    group.bench_function("flatten json", |b| b.iter(|| flatten(black_box(JSON))));
    group.bench_function("mask text", |b| b.iter(|| mask::text(black_box(PLAIN))));
    group.finish();
}

fn store(c: &mut Criterion) {
    let source = source();
    let lines: Vec<Line> = (0..10_000).map(|n| line(&source, n, PLAIN)).collect();
    let mut group = c.benchmark_group("store");
    group.throughput(Throughput::Elements(lines.len() as u64));
    group.bench_function("push 10,000", |b| {
        b.iter_batched_ref(
            || LogStore::new(32 << 20),
            |store| lines.iter().for_each(|line| store.push(line)),
            BatchSize::LargeInput,
        );
    });
    group.bench_function("push 10,000, full and filtered", |b| {
        let mut store = LogStore::new(1 << 20);
        let mut filter = Filter::default();
        filter.add("order").unwrap();
        store.set_filter(filter);
        b.iter(|| lines.iter().for_each(|line| store.push(line)));
    });
    group.finish();

    let mut store = million();
    let mut group = c.benchmark_group("a million lines");
    group.sample_size(10);
    group.bench_function("a page of 50", |b| {
        let middle = store.at_rank(store.visible() / 2).unwrap();
        b.iter(|| store.forward(black_box(middle)).take(50).map(|line| line.text.len()).sum::<usize>());
    });
    let rare = Pattern::new("no such text").unwrap();
    group.bench_function("search that finds nothing", |b| b.iter(|| store.next_match(&rare, 0)));
    group.bench_function("new filter, whole", |b| {
        let mut filter = Filter::default();
        filter.add("econnrefused").unwrap();
        b.iter(|| {
            store.set_filter(Filter::default());
            store.set_filter(filter.clone());
            while store.work(100_000) {}
            store.visible()
        });
    });
    group.bench_function("a filtered page of 50", |b| {
        let middle = store.at_rank(store.visible() / 2).unwrap();
        b.iter(|| store.forward(black_box(middle)).take(50).map(|line| line.text.len()).sum::<usize>());
    });
    group.finish();
}

criterion_group!(benches, per_line, store);
criterion_main!(benches);
