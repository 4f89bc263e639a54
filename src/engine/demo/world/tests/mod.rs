//! Life: what befalls a platform by itself, and that it is always the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod changes;
mod colleague;
mod logs;
mod managed;
mod past;
mod probes;
mod verbs;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::World;
use crate::engine::demo::Platform;
use crate::engine::{Act, Done, EngineError, LogQuery, Step};
use crate::fleet::{EventKind, Exit, Fleet, HealthCheck, Observation, Replica, ReplicaId, Role, State, Verb};

fn start() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

fn world(platform: Platform) -> World {
    World::new(platform, None, 7, start())
}

/// The first replica of a service (jobs left out).
fn replica(world: &World, service: &str) -> Replica {
    let all = world.replicas();
    let found = all.iter().find(|r| &*r.service.name == service && r.role == Role::Replica);
    found.unwrap_or_else(|| panic!("no {service}")).clone()
}

fn by_id(world: &World, id: &ReplicaId) -> Option<Replica> {
    world.replicas().into_iter().find(|r| r.id == *id)
}

/// Perform a verb and live until its answer.
fn act(world: &mut World, verb: Verb, id: &ReplicaId, now: Timestamp) -> Result<Done, EngineError> {
    perform(world, &Act::new(verb, id.clone()).into(), now)
}

/// Perform a step and live until its answer.
fn perform(world: &mut World, step: &Step, now: Timestamp) -> Result<Done, EngineError> {
    let performed = world.perform(step, now);
    world.advance(performed.ready);
    performed.result
}

#[test]
fn the_same_seed_lives_the_same_life_in_leaps_or_steps() {
    for platform in Platform::ALL {
        let mut leaps = world(platform);
        let mut steps = world(platform);
        assert_eq!(leaps.replicas(), steps.replicas());
        let mut told = Vec::new();
        for second in 1..=240 {
            told.extend(steps.advance(after(second)));
            told.extend(steps.advance(after(second) + SignedDuration::from_millis(371)));
        }
        told.extend(steps.advance(after(241)));
        assert_eq!(leaps.advance(after(241)), told, "{platform}");
        assert_eq!(leaps.replicas(), steps.replicas(), "{platform}");
    }
}

#[test]
fn another_seed_lives_another_life() {
    let ids = |seed| {
        let world = World::new(Platform::Payments, None, seed, start());
        world.replicas().into_iter().map(|r| r.id).collect::<BTreeSet<_>>()
    };
    assert_eq!(ids(1), ids(1));
    assert!(ids(1).is_disjoint(&ids(2)));
}

/// Service → host ports of its first replica.
fn ports(platform: Platform) -> BTreeMap<String, Vec<u16>> {
    let mut out = BTreeMap::new();
    for replica in world(platform).replicas() {
        if replica.role == Role::Replica && replica.number.unwrap_or(1) == 1 {
            let mut hosts: Vec<u16> = replica.ports.iter().filter_map(|p| p.host.map(|h| h.1)).collect();
            hosts.sort_unstable();
            out.insert(replica.service.name.to_string(), hosts);
        }
    }
    out
}

fn expected(list: &[(&str, &[u16])]) -> BTreeMap<String, Vec<u16>> {
    list.iter().map(|(name, ports)| ((*name).to_owned(), ports.to_vec())).collect()
}

#[test]
fn platforms_have_the_services_and_ports_of_their_guides() {
    assert_eq!(
        ports(Platform::Storefront),
        expected(&[
            ("customer-web", &[3001]),
            ("admin-web", &[]),
            ("api-gateway", &[]),
            ("catalog-service", &[8000]),
            ("inventory-service", &[8081]),
            ("cart-service", &[3000]),
            ("order-service", &[3001]),
            ("payment-service", &[8001]),
            ("user-service", &[8084]),
            ("notification-service", &[]),
            ("mailhog", &[8025]),
            ("postgres", &[5432]),
            ("mongodb", &[27017]),
            ("redis", &[6379]),
            ("kafka", &[9092]),
            ("opensearch", &[9200]),
        ])
    );
    assert_eq!(
        ports(Platform::GroupBuying),
        expected(&[
            ("auth-service", &[3001]),
            ("product-service", &[3002]),
            ("factory-service", &[3003]),
            ("group-buying-service", &[3004]),
            ("payment-service", &[3005]),
            ("order-service", &[3006]),
            ("notification-service", &[3007]),
            ("warehouse-service", &[3008]),
            ("review-service", &[3009]),
            ("wallet-service", &[3010]),
            ("logistics-service", &[3011]),
            ("seller-service", &[3012]),
            ("settlement-service", &[3013]),
            ("office-service", &[3014]),
            ("address-service", &[3015]),
            ("whatsapp-service", &[3016]),
            ("postgres", &[5432]),
            ("redis", &[6379]),
            ("nginx", &[80]),
        ])
    );
    assert_eq!(
        ports(Platform::CloudPos),
        expected(&[
            ("api-gateway", &[3000]),
            ("auth-service", &[]),
            ("inventory-service", &[]),
            ("transaction-service", &[]),
            ("payment-service", &[]),
            ("customer-service", &[]),
            ("notification-service", &[]),
            ("reporting-service", &[]),
            ("grafana", &[3001]),
            ("prometheus", &[9090]),
            ("nginx", &[80, 443]),
            ("postgres", &[]),
            ("redis", &[]),
            ("mongodb", &[]),
        ])
    );
    assert_eq!(
        ports(Platform::Payments),
        expected(&[
            ("api", &[3000]),
            ("mock-providers", &[3001]),
            ("postgres", &[]),
            ("redis", &[]),
            ("nginx", &[80, 443]),
        ])
    );
    let retail = ports(Platform::RetailPos);
    assert_eq!(retail.get("pos-api"), Some(&vec![3000]));
    assert_eq!(retail.get("mongodb"), Some(&vec![]));
    let lone = world(Platform::RetailPos).replicas();
    assert!(lone.iter().all(|r| r.service.project.is_none() && r.compose.is_none()));
}

#[test]
fn ids_names_and_ports_in_use_are_unique() {
    for platform in Platform::ALL {
        let replicas = world(platform).replicas();
        let ids: BTreeSet<_> = replicas.iter().map(|r| &r.id).collect();
        let names: BTreeSet<_> = replicas.iter().map(|r| &r.name).collect();
        assert_eq!(ids.len(), replicas.len());
        assert_eq!(names.len(), replicas.len());
        assert!(replicas.iter().all(|r| r.id.id.len() == 64));
        let mut held = BTreeSet::new();
        for port in replicas.iter().filter(|r| r.is_up()).flat_map(|r| &r.ports).filter_map(|p| p.host) {
            assert!(held.insert(port), "{platform}: {port:?} held twice");
        }
    }
}

#[test]
fn a_health_check_starts_over_after_a_start() {
    let mut world = world(Platform::GroupBuying);
    let id = replica(&world, "auth-service").id;
    assert_eq!(by_id(&world, &id).unwrap().check, HealthCheck::Healthy);
    act(&mut world, Verb::Restart, &id, start()).unwrap();
    assert_eq!(by_id(&world, &id).unwrap().check, HealthCheck::Starting);
    world.advance(after(20));
    assert_eq!(by_id(&world, &id).unwrap().check, HealthCheck::Healthy);
}

#[test]
fn what_is_needed_is_missed() {
    let mut world = world(Platform::GroupBuying);
    let database = replica(&world, "postgres").id;
    let auth = replica(&world, "auth-service").id;
    act(&mut world, Verb::Stop, &database, start()).unwrap();
    world.advance(after(60));
    assert_eq!(by_id(&world, &auth).unwrap().check, HealthCheck::Unhealthy);
    let details = world.inspect(&auth).unwrap();
    assert!(details.failing_streak >= 3);
    let last = details.health_log.last().unwrap();
    assert_eq!(last.exit, 1);
    assert!(last.output.contains("postgres"), "{}", last.output);
    act(&mut world, Verb::Start, &database, after(60)).unwrap();
    world.advance(after(120));
    assert_eq!(by_id(&world, &auth).unwrap().check, HealthCheck::Healthy);
}

#[test]
fn a_restart_cures_what_is_sick() {
    let mut world = world(Platform::Payments);
    let id = replica(&world, "mock-providers").id;
    assert_eq!(by_id(&world, &id).unwrap().check, HealthCheck::Unhealthy);
    assert!(world.inspect(&id).unwrap().health_log.iter().all(|log| log.output.contains("ETIMEDOUT")));
    act(&mut world, Verb::Restart, &id, start()).unwrap();
    world.advance(after(60));
    assert_eq!(by_id(&world, &id).unwrap().check, HealthCheck::Healthy);
}

#[test]
fn a_crash_loop_has_looped_and_goes_on() {
    let mut world = world(Platform::GroupBuying);
    let before = replica(&world, "payment-service");
    assert!(before.restarts.unwrap() >= 6, "{:?}", before.restarts);
    let told = world.advance(after(130));
    let died = told.iter().filter(|o| {
        matches!(o, Observation::Happened(e)
            if e.replica == before.id && e.kind == EventKind::Died(Exit { code: 1, oom: false }))
    });
    assert!(died.count() >= 2);
    assert!(replica(&world, "payment-service").restarts > before.restarts);
    let lines = world.logs(&before.id, &LogQuery { tail: Some(200), ..LogQuery::default() }).unwrap();
    assert!(lines.iter().any(|l| l.text.contains("connect ECONNREFUSED 10.0.3.7:5432")));
}

#[test]
fn a_leak_grows_until_the_kernel_ends_it() {
    let mut world = world(Platform::GroupBuying);
    let leaky = replica(&world, "warehouse-service");
    let limit = leaky.limits.memory.unwrap();
    let told = world.advance(after(180));
    let memory: Vec<u64> = told
        .iter()
        .filter_map(|o| match o {
            Observation::Sampled { usages, .. } => usages.iter().find(|u| u.0 == leaky.id)?.1.memory,
            _ => None,
        })
        .collect();
    assert!(memory.iter().all(|&m| m <= limit));
    assert!(memory.iter().any(|&m| m > limit * 9 / 10));
    let kinds: Vec<&EventKind> = told
        .iter()
        .filter_map(|o| match o {
            Observation::Happened(e) if e.replica == leaky.id => Some(&e.kind),
            _ => None,
        })
        .collect();
    let oom = kinds.iter().position(|k| **k == EventKind::Oom).expect("killed for memory");
    assert_eq!(kinds[oom + 1], &EventKind::Died(Exit { code: 137, oom: true }));
    assert_eq!(kinds[oom + 2], &EventKind::Started);
    let now = by_id(&world, &leaky.id).unwrap();
    assert_eq!((now.state, now.restarts), (State::Running, Some(1)));
}

#[test]
fn one_off_jobs_come_and_go_and_are_no_replicas() {
    let mut world = world(Platform::GroupBuying);
    let mut seen = BTreeSet::new();
    for second in (0..600).step_by(5) {
        world.advance(after(second));
        let jobs: Vec<Replica> = world
            .replicas()
            .into_iter()
            .filter(|r| r.role == Role::Job && &*r.service.name == "group-buying-service")
            .collect();
        assert!(jobs.len() <= 2, "old ones are removed");
        assert!(jobs.iter().all(|r| r.name.contains("-run-")));
        seen.extend(jobs.into_iter().map(|r| r.id));
    }
    assert!(seen.len() >= 5, "{}", seen.len());
}

#[test]
fn details_hide_every_secret_of_the_data() {
    let secrets = [
        "tuan-gou-8812",
        "zhifu-4410",
        "hunter2",
        "pk_live_51Hx9",
        "whsec_93kd",
        "b2fd8c0c5b6f4f3d9a77",
        "sk_live",
        "Sup3r-s3cret",
        "r3dis",
        "c4rt",
        "inv-3371",
        "till-5521",
        "n1ght",
        "regi5ter",
        "mai1er",
        "Adm1n!shop",
    ];
    for platform in Platform::ALL {
        let world = world(platform);
        for replica in world.replicas() {
            let details = world.inspect(&replica.id).unwrap();
            let text = format!("{:?} {}", details, details.raw);
            for secret in secrets {
                assert!(!text.contains(secret), "{} shows {secret}: {text}", replica.name);
            }
        }
    }
}

#[test]
fn health_logs_are_the_five_newest_results() {
    let mut world = world(Platform::Payments);
    world.advance(after(300));
    let id = replica(&world, "postgres").id;
    let details = world.inspect(&id).unwrap();
    assert_eq!(details.health_log.len(), 5);
    assert!(details.health_log.windows(2).all(|w| w[1].start.duration_since(w[0].start).as_secs() == 10));
    assert!(details.health_log.iter().all(|l| l.exit == 0 && l.start <= world.now() && l.start < l.end));
    assert_eq!(details.networks[0].aliases[0], "payment-postgres");
}

#[test]
fn services_can_be_cut_and_filled_up() {
    for count in [1, 5, 19, 60, 500] {
        let world = World::new(Platform::GroupBuying, Some(count), 7, start());
        let services: BTreeSet<_> = world.replicas().into_iter().map(|r| r.service).collect();
        assert_eq!(services.len(), count);
    }
    let world = World::new(Platform::GroupBuying, Some(500), 7, start());
    let projects: BTreeSet<_> = world.replicas().into_iter().map(|r| r.service.project).collect();
    assert!(projects.len() > 10);
}

#[test]
fn a_leap_over_hours_tells_only_the_newest_sweeps() {
    let mut world = world(Platform::Payments);
    let told = world.advance(after(7_200));
    let sweeps = told.iter().filter(|o| matches!(o, Observation::Sampled { .. })).count();
    assert_eq!(sweeps, 300);
}

#[test]
fn the_fleet_folds_it_into_what_the_guide_says_is_wrong() {
    let mut world = world(Platform::GroupBuying);
    let mut fleet = Fleet::new();
    fleet.apply(Observation::Engine(world.info()));
    fleet.apply(world.synced());
    for observation in world.past() {
        fleet.apply(observation);
    }
    for observation in world.advance(after(5)) {
        fleet.apply(observation);
    }
    let situation = fleet.situation(after(5));
    assert!(situation.text().contains("payment-service"), "{}", situation.text());
    let counts = fleet.counts(after(5));
    assert_eq!(counts.services, 19);
    let since = |name: &str| {
        let id = replica(&world, name).service;
        fleet.summary(&id, after(5)).unwrap().health.at.unwrap()
    };
    assert_eq!(
        since("whatsapp-service"),
        after(-1_240),
        "its third attempt that failed, though it was long ago"
    );
    assert_eq!(since("office-service"), after(-5_400));
}
