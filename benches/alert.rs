//! 500 rules over 1,000 services: evaluating them all, when all is well and when nothing is. Run
//! with `cargo bench --bench alert`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use quarterdeck::alert::{Book, Muting, Rules, parse};
use quarterdeck::fleet::{
    EngineId, Exit, Fleet, HealthCheck, Image, Limits, Measured, Observation, Probed, Purpose, Replica,
    ReplicaId, Role, ServiceId, Standing, State, Usage,
};

const SERVICES: usize = 1000;
const RULES: usize = 500;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
}

fn replica(n: usize, down: bool) -> Replica {
    let engine = EngineId::new("bench");
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
        state: if down { State::Exited } else { State::Running },
        check: if n.is_multiple_of(2) { HealthCheck::Healthy } else { HealthCheck::None },
        image: Image { reference: format!("shop/service-{n}:1.{n}").into(), id: "sha256:aa".into() },
        ports: Vec::new(),
        addresses: Vec::new(),
        labels: quarterdeck::fleet::Labels::default(),
        created: at(0),
        started: Some(at(0)),
        finished: down.then(|| at(0)),
        exit: down.then_some(Exit { code: 1, oom: false }),
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

/// Services with usage, five minutes of probes each, and measured figures.
fn fleet(down: bool) -> Fleet {
    let replicas: Vec<Replica> = (0..SERVICES).map(|n| replica(n, down)).collect();
    let mut fleet = Fleet::new();
    fleet.apply(Observation::Synced {
        at: at(0),
        engine: EngineId::new("bench"),
        replicas: replicas.clone(),
    });
    for second in (0..300).step_by(10) {
        let probed = |replica: &Replica| Probed {
            at: at(second * 1000),
            service: replica.service.clone(),
            replica: Some(replica.id.clone()),
            probe: "http /health".into(),
            purpose: Purpose::Liveness,
            standing: Standing::Passing,
            took: Some(Duration::from_millis(20)),
            result: Ok(()),
            certificate: None,
            interval: Duration::from_secs(10),
        };
        fleet.apply(Observation::Probed(replicas.iter().map(probed).collect()));
    }
    let usage = Usage { cpu: Some(0.1), memory: Some(1 << 28), ..Usage::default() };
    let usages = replicas.iter().map(|replica| (replica.id.clone(), usage)).collect();
    fleet.apply(Observation::Sampled { at: at(300_000), usages });
    for replica in replicas.iter().step_by(5) {
        fleet.apply(Observation::Measured(Measured {
            at: at(300_000),
            service: replica.service.clone(),
            replica: None,
            values: vec![("request_rate".into(), 10.0), ("error_rate".into(), if down { 0.5 } else { 0.0 })],
        }));
    }
    fleet
}

fn rules() -> Rules {
    let mut text = String::new();
    for n in 0..RULES {
        let condition = match n % 10 {
            0 => "health_check_failed".to_owned(),
            1 => format!("error_rate > {}%", n % 90),
            2 => format!("p95_response_time > {n}ms"),
            3 => format!("cpu > {}% and memory > 80%", n % 90),
            4 => format!("memory_bytes / memory_limit > {}%", 50 + n % 50),
            5 => "restarts >= 3".to_owned(),
            6 => "replicas < desired".to_owned(),
            7 => format!("p99_response_time > {n}ms or error_rate > 5% and request_rate > 1"),
            8 => format!("availability < {}%", n % 90),
            _ => "not (down or unhealthy) and cpu > 95%".to_owned(),
        };
        let scope = if n % 4 == 0 { format!(", service: 'project-{}*'", n % 7) } else { String::new() };
        writeln!(text, "- {{name: R{n}, condition: {condition}, duration: 5m{scope}}}").unwrap();
    }
    let parsed = parse("bench", &text);
    assert!(parsed.mistakes.is_empty(), "{:?}", parsed.mistakes);
    Rules::of(Vec::new(), parsed.rules, &[])
}

fn evaluating(c: &mut Criterion) {
    for (name, down) in [("all is well", false), ("everything is down", true)] {
        let fleet = fleet(down);
        let mut book = Book::new(&rules());
        book.evaluate(&fleet, &Muting::default(), at(300_000));
        let mut now = 300_000;
        c.bench_function(&format!("{RULES} rules over {SERVICES} services, {name}"), |b| {
            b.iter(|| {
                now += 1;
                black_box(book.evaluate(&fleet, &Muting::default(), at(now)));
            });
        });
    }
}

fn reading(c: &mut Criterion) {
    let mut text = String::from("alerts:\n");
    for n in 0..RULES {
        writeln!(text, "  - name: R{n}\n    condition: error_rate > {}%\n    duration: 5m", n % 90).unwrap();
    }
    c.bench_function(&format!("read a file of {RULES} rules"), |b| {
        b.iter(|| parse("bench", black_box(&text)));
    });
}

criterion_group!(benches, evaluating, reading);
criterion_main!(benches);
