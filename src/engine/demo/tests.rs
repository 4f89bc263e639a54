//! The demo as an engine, under a paused clock: the engine contract, and nothing by chance.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Demo, DemoOptions, Platform};
use crate::config::Protection;
use crate::engine::{Act, Consent, Done, Engine, EngineError, Guard, LogQuery, Order, TermSize};
use crate::fleet::{EventKind, Fleet, HealthCheck, Link, Observation, Replica, ReplicaId, Role, State, Verb};
use crate::logs::Stream;

fn start() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn demo(platform: Platform) -> Demo {
    Demo::starting_at(DemoOptions { platform, services: None, seed: 7 }, start())
}

async fn replicas(demo: &Demo) -> Vec<Replica> {
    let list = demo.list(true).await.unwrap();
    let synced = list.into_iter().find_map(|o| match o {
        Observation::Synced { replicas, .. } => Some(replicas),
        _ => None,
    });
    synced.unwrap()
}

async fn replica(demo: &Demo, service: &str) -> Replica {
    let all = replicas(demo).await;
    all.into_iter().find(|r| &*r.service.name == service && r.role == Role::Replica).unwrap()
}

/// Watch until something is so; what was seen on the way.
async fn until(
    watch: &mut (impl futures_util::Stream<Item = Observation> + Unpin),
    mut is: impl FnMut(&Observation) -> bool,
) -> Vec<Observation> {
    let mut seen = Vec::new();
    let look = async {
        while let Some(observation) = watch.next().await {
            let found = is(&observation);
            seen.push(observation);
            if found {
                return;
            }
        }
        panic!("watching ended");
    };
    tokio::time::timeout(Duration::from_mins(2), look).await.expect("it happened");
    seen
}

fn order(act: Act) -> Order {
    let service = crate::fleet::ServiceId {
        engine: crate::fleet::EngineId::new("demo"),
        project: None,
        name: "x".into(),
    };
    Order { service, step: act.into(), consent: Consent::Yes }
}

#[tokio::test(start_paused = true)]
async fn watching_tells_the_engine_then_everything_then_what_changes() {
    for platform in Platform::ALL {
        let demo = demo(platform);
        let mut watch = demo.watch();
        let Some(Observation::Engine(engine)) = watch.next().await else { panic!("engine first") };
        assert_eq!((engine.kind.as_str(), engine.version.as_str()), ("demo", platform.name()));
        let Some(Observation::Synced { at, replicas: all, .. }) = watch.next().await else {
            panic!("then all")
        };
        assert_eq!(at, start());
        assert_eq!(all, replicas(&demo).await);
        assert_eq!(watch.next().await, Some(Observation::Link(Link::Live)));
        let seen = until(&mut watch, |o| matches!(o, Observation::Sampled { at, .. } if *at > start())).await;
        let sweeps: Vec<Timestamp> = seen
            .iter()
            .filter_map(|o| match o {
                Observation::Sampled { at, .. } => Some(*at),
                _ => None,
            })
            .collect();
        assert_eq!(sweeps.len(), 302, "five minutes of past, then the present");
        assert!(sweeps.windows(2).all(|w| w[1].duration_since(w[0]).as_secs() == 1));
        assert!(seen.iter().any(|o| matches!(o, Observation::Host(_))));
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_times_bring_the_same_observations() {
    let watch = async || {
        let demo = demo(Platform::GroupBuying);
        let mut watch = demo.watch();
        until(&mut watch, |o| matches!(o, Observation::Sampled { at, .. } if *at >= start() + SignedDuration::from_secs(45)))
            .await
    };
    assert_eq!(watch().await, watch().await);
}

#[tokio::test(start_paused = true)]
async fn a_restart_takes_its_time_and_is_told_to_every_watcher() {
    let demo = demo(Platform::GroupBuying);
    let (mut one, mut two) = (demo.watch(), demo.watch());
    let auth = replica(&demo, "auth-service").await;
    until(&mut one, |o| matches!(o, Observation::Link(_))).await;
    until(&mut two, |o| matches!(o, Observation::Link(_))).await;

    let began = tokio::time::Instant::now();
    assert_eq!(demo.perform(order(Act::new(Verb::Restart, auth.id.clone()))).await, Ok(Done::Changed));
    let took = began.elapsed();
    assert!(Duration::from_secs(1) < took && took < Duration::from_secs(3), "{took:?}");

    for watch in [&mut one, &mut two] {
        let id = auth.id.clone();
        let seen = until(watch, |o| {
            matches!(o, Observation::Applied { replica, .. }
                if replica.id == id && replica.check == HealthCheck::Healthy && replica.state == State::Running)
        })
        .await;
        let kinds: Vec<String> = seen
            .iter()
            .filter_map(|o| match o {
                Observation::Happened(e) if e.replica == auth.id && e.at >= start() => {
                    Some(format!("{:?}", e.kind))
                }
                _ => None,
            })
            .collect();
        let words: Vec<&str> = kinds.iter().map(|k| k.split(['(', ' ']).next().unwrap()).collect();
        assert_eq!(words, ["Killed", "Died", "Stopped", "Started", "Restarted", "Health"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_fleet_it_feeds_agrees_with_its_list() {
    let demo = demo(Platform::Storefront);
    let mut fleet = Fleet::new();
    let mut watch = demo.watch();
    let end = start() + SignedDuration::from_secs(40);
    let seen = until(&mut watch, |o| matches!(o, Observation::Sampled { at, .. } if *at >= end)).await;
    for observation in seen {
        fleet.apply(observation);
    }
    for replica in replicas(&demo).await {
        assert_eq!(fleet.replica(&replica.id), Some(&replica), "{}", replica.name);
    }
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_sleeps_gets_the_whole_truth_anew() {
    let demo = demo(Platform::GroupBuying);
    let mut watch = demo.watch();
    until(&mut watch, |o| matches!(o, Observation::Link(_))).await;
    // The watcher does not read for twenty minutes; the timekeeper goes on.
    tokio::time::sleep(Duration::from_mins(20)).await;
    let seen = until(&mut watch, |o| matches!(o, Observation::Synced { .. })).await;
    let Some(Observation::Synced { at, .. }) = seen.last() else { panic!("synced") };
    assert!(*at > start() + SignedDuration::from_secs(1_190));
    assert!(seen.len() < 3_000, "bounded");
}

#[tokio::test(start_paused = true)]
async fn log_chunks_are_stamped_lines_and_following_ends_with_the_replica() {
    let demo = demo(Platform::GroupBuying);
    let product = replica(&demo, "product-service").await;
    let query = LogQuery { follow: true, tail: Some(5), ..LogQuery::default() };
    let mut log = demo.logs(&product.id, &query);
    let mut lines = Vec::new();
    let mut stopped = false;
    while let Some(chunk) = log.next().await {
        let chunk = chunk.unwrap();
        assert!(chunk.bytes.ends_with(b"\n"));
        for line in std::str::from_utf8(&chunk.bytes).unwrap().lines() {
            let (at, text) = line.split_once(' ').unwrap();
            lines.push((at.parse::<Timestamp>().unwrap(), text.to_owned(), chunk.stream));
        }
        let enough = lines.len() > 20 && !stopped;
        if enough {
            stopped = true;
            demo.perform(order(Act::new(Verb::Stop, product.id.clone()))).await.unwrap();
        }
    }
    assert!(stopped);
    assert_eq!(lines.iter().filter(|l| l.0 < start()).count(), 5);
    assert!(lines.is_sorted_by_key(|l| l.0));
    assert!(lines.iter().all(|l| matches!(l.2, Stream::Stdout | Stream::Stderr)));
    let last = &lines.last().unwrap().1;
    assert!(last.contains("connections drained"), "its last words: {last}");
}

#[tokio::test(start_paused = true)]
async fn logs_of_nobody_are_an_error_and_end() {
    let demo = demo(Platform::Payments);
    let nobody = ReplicaId { engine: demo.id().clone(), id: "0".repeat(64).into() };
    let mut log = demo.logs(&nobody, &LogQuery::default());
    assert!(matches!(log.next().await, Some(Err(EngineError::Gone { .. }))));
    assert!(log.next().await.is_none());
    assert!(matches!(demo.inspect(&nobody).await, Err(EngineError::Gone { .. })));
    let step = Act::new(Verb::Start, nobody.clone());
    assert!(matches!(demo.perform(order(step)).await, Err(EngineError::Gone { .. })));
    let size = TermSize { cols: 80, rows: 24 };
    assert!(matches!(demo.shell(&nobody, &[], size).await, Err(EngineError::Gone { .. })));
}

async fn read_until(output: &mut (impl tokio::io::AsyncRead + Unpin), wanted: &str) -> String {
    let mut seen = String::new();
    let mut buffer = [0; 512];
    let look = async {
        while !seen.contains(wanted) {
            let read = output.read(&mut buffer).await.unwrap();
            assert!(read > 0, "ended before {wanted:?}: {seen:?}");
            seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
    };
    tokio::time::timeout(Duration::from_secs(5), look).await.expect("the shell answers");
    seen
}

#[tokio::test(start_paused = true)]
async fn the_shell_answers_and_says_what_it_is() {
    let demo = demo(Platform::Payments);
    let api = replica(&demo, "api").await;
    let mut shell = demo.shell(&api.id, &[], TermSize { cols: 80, rows: 24 }).await.unwrap();
    assert!(read_until(&mut shell.output, "$ ").await.contains("DEMO"));
    shell.input.write_all(b"ps\r").await.unwrap();
    let answer = read_until(&mut shell.output, "$ ").await;
    assert!(answer.contains("1 1001:1001"), "{answer}");
    // Typing errors, an arrow key and Ctrl-C harm nobody.
    shell.input.write_all(b"nope\x7f\x7f\x1b[A\x03").await.unwrap();
    let echo = read_until(&mut shell.output, "$ ").await;
    assert!(echo.starts_with("nope\x08 \x08\x08 \x08^C\r\n"), "{echo:?}");
    shell.input.write_all(b"env\r").await.unwrap();
    let env = read_until(&mut shell.output, "$ ").await;
    assert!(env.contains("NODE_ENV=production") && !env.contains("Sup3r"), "{env}");
    shell.input.write_all(b"gcc\r").await.unwrap();
    assert!(read_until(&mut shell.output, "$ ").await.contains("not found"));
    (shell.resize)(TermSize { cols: 132, rows: 43 }).await;
    shell.input.write_all(b"tty\r").await.unwrap();
    assert!(read_until(&mut shell.output, "$ ").await.contains("132 columns, 43 rows"));
    shell.input.write_all(b"exit 3\r").await.unwrap();
    assert_eq!(shell.exit.await, Some(3));
}

#[tokio::test(start_paused = true)]
async fn the_shell_ends_with_its_replica_and_needs_it_running() {
    let demo = demo(Platform::Payments);
    let api = replica(&demo, "api").await;
    let size = TermSize { cols: 80, rows: 24 };
    let mut watch = demo.watch();
    let shell = demo.shell(&api.id, &[], size).await.unwrap();
    demo.perform(order(Act::new(Verb::Kill, api.id.clone()))).await.unwrap();
    assert_eq!(shell.exit.await, Some(137));
    until(&mut watch, |o| matches!(o, Observation::Happened(e) if matches!(e.kind, EventKind::Died(_))))
        .await;
    let refused = demo.shell(&api.id, &[], size).await;
    assert!(matches!(refused, Err(EngineError::Conflict { .. })));
}

#[tokio::test(start_paused = true)]
async fn read_only_refuses_every_verb_and_the_shell() {
    let demo = Arc::new(demo(Platform::Payments));
    let api = replica(&demo, "api").await;
    let guarded = Guard::new(demo.clone(), Protection { read_only: true, ..Protection::default() });
    for verb in Verb::ALL {
        assert_eq!(guarded.perform(order(Act::new(verb, api.id.clone()))).await, Err(EngineError::ReadOnly));
    }
    assert!(guarded.shell(&api.id, &[], TermSize { cols: 80, rows: 24 }).await.is_err());
    assert_eq!(replica(&demo, "api").await, api);
}

#[test]
fn platforms_are_named_and_found_by_name() {
    for platform in Platform::ALL {
        assert_eq!(platform.name().parse(), Ok(platform));
        assert!(!platform.about().is_empty());
    }
    let error = "shop\u{1b}[31m".parse::<Platform>().unwrap_err().to_string();
    assert!(error.contains("storefront") && !error.contains('\u{1b}'), "{error}");
}
