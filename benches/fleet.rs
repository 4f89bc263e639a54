//! The fleet at 2,000 services: folding a list, summaries for sorting, pushing samples, columns
//! for a sparkline. Run with `cargo bench --bench fleet`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};
use quarterdeck::fleet::{
    EngineId, Fleet, HealthCheck, History, Image, Limits, Metric, Observation, Port, Protocol, Replica,
    ReplicaId, Role, Series, ServiceId, State, Usage,
};

const SERVICES: usize = 2000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn replica(n: usize) -> Replica {
    let engine = EngineId::new("bench");
    let number = u16::try_from(n).unwrap();
    let port = |address: &str| Port {
        container: 8080,
        protocol: Protocol::Tcp,
        host: Some((address.parse().unwrap(), 10_000 + number)),
    };
    Replica {
        id: ReplicaId { engine: engine.clone(), id: format!("{n:064x}").into() },
        service: ServiceId {
            engine,
            project: Some(format!("project-{}", n / 16).into()),
            name: format!("service-{n}").into(),
        },
        name: format!("project-{}-service-{n}-1", n / 16).into(),
        number: Some(1),
        role: Role::Replica,
        state: State::Running,
        check: if n.is_multiple_of(2) { HealthCheck::Healthy } else { HealthCheck::None },
        image: Image { reference: format!("shop/service-{n}:1.{n}").into(), id: "sha256:aa".into() },
        ports: vec![port("0.0.0.0"), port("::")],
        addresses: Vec::new(),
        labels: quarterdeck::fleet::Labels::default(),
        created: at(0),
        started: Some(at(0)),
        finished: None,
        exit: None,
        refused: None,
        restarts: Some(0),
        limits: Limits { cpus: Some(1.0), memory: Some(1 << 30), pids: None },
        pid: Some(1000),
        tty: Some(false),
        kept_up: false,
        spec: None,
        placed: None,
        compose: None,
        ties: None,
    }
}

fn usage(n: usize) -> Usage {
    Usage {
        cpu: Some(n as f32 / 100.0),
        memory: Some(n as u64 * 1000),
        net_rx: Some(1.0),
        net_tx: Some(2.0),
        block_read: Some(0.0),
        block_write: None,
        pids: Some(3),
    }
}

fn synced(replicas: &[Replica]) -> Observation {
    Observation::Synced { at: at(10), engine: EngineId::new("docker"), replicas: replicas.to_vec() }
}

fn full() -> (Fleet, Vec<Replica>) {
    let replicas: Vec<Replica> = (0..SERVICES).map(replica).collect();
    let mut fleet = Fleet::new();
    fleet.apply(synced(&replicas));
    (fleet, replicas)
}

fn folding(c: &mut Criterion) {
    let (mut fleet, replicas) = full();
    c.bench_function("fold the first list of 2000", |b| {
        b.iter_batched(|| synced(&replicas), |list| Fleet::new().apply(list), BatchSize::LargeInput);
    });
    c.bench_function("fold a list of 2000 that says nothing new", |b| {
        b.iter_batched(|| synced(&replicas), |list| fleet.apply(list), BatchSize::LargeInput);
    });
    let (mut fleet, replicas) = full();
    let mut second = 10;
    c.bench_function("fold one sweep of 2000", |b| {
        b.iter_batched(
            || {
                second += 1;
                let usages = replicas.iter().enumerate().map(|(n, r)| (r.id.clone(), usage(n))).collect();
                Observation::Sampled { at: at(second), usages }
            },
            |sweep| fleet.apply(sweep),
            BatchSize::LargeInput,
        );
    });
}

fn asking(c: &mut Criterion) {
    let (mut fleet, replicas) = full();
    let usages = replicas.iter().enumerate().map(|(n, r)| (r.id.clone(), usage(n))).collect();
    fleet.apply(Observation::Sampled { at: at(11), usages });
    c.bench_function("summaries of 2000", |b| {
        b.iter(|| {
            for service in fleet.services() {
                black_box(fleet.summary(&service.id, at(12)));
            }
        });
    });
    c.bench_function("counts of 2000", |b| b.iter(|| fleet.counts(at(12))));
    c.bench_function("situation of 2000", |b| b.iter(|| fleet.situation(at(12))));
}

fn history(c: &mut Criterion) {
    let mut history = History::new();
    let mut second = 0;
    c.bench_function("history push", |b| {
        b.iter(|| {
            second += 1;
            history.push(at(second), &usage(7));
        });
    });
    let mut history = History::new();
    for second in 0..3600 {
        history.push(at(second), &usage(7));
    }
    c.bench_function("sparkline of 10 columns", |b| {
        let series = Series::new([&history]);
        b.iter(|| series.spark(Metric::Cpu, at(3600), SignedDuration::from_secs(6), 10));
    });
    c.bench_function("chart of an hour in 200 columns", |b| {
        let series = Series::new([&history]);
        b.iter(|| series.chart(Metric::Cpu, at(0), at(3600), 200));
    });
}

criterion_group!(benches, folding, asking, history);
criterion_main!(benches);
