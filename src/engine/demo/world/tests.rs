#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::World;
use crate::engine::demo::Platform;
use crate::engine::{Done, EngineError, LogQuery, Step};
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

/// Perform a step and live until its answer.
fn act(world: &mut World, verb: Verb, id: &ReplicaId, now: Timestamp) -> Result<Done, EngineError> {
    let performed = world.perform(&Step::new(verb, id.clone()), now);
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
fn every_verb_in_every_state_answers_as_an_engine_does() {
    // One service of group buying in each state a user can meet.
    for (service, state) in [
        ("auth-service", State::Running),
        ("office-service", State::Paused),
        ("payment-service", State::Restarting),
    ] {
        for verb in Verb::ALL {
            let mut world = world(Platform::GroupBuying);
            let mut now = start();
            let id = replica(&world, service).id;
            while by_id(&world, &id).unwrap().state != state {
                now += SignedDuration::from_millis(200);
                world.advance(now);
            }
            let result = act(&mut world, verb, &id, now);
            let left = by_id(&world, &id);
            let became = left.as_ref().map(|r| r.state);
            match (verb, state) {
                (Verb::Start, State::Paused)
                | (Verb::Pause, State::Paused | State::Restarting)
                | (Verb::Unpause, State::Running | State::Restarting)
                | (Verb::Kill, State::Restarting)
                | (Verb::Remove, _) => {
                    assert!(
                        matches!(result, Err(EngineError::Conflict { .. })),
                        "{verb} {state:?}: {result:?}"
                    );
                    assert_eq!(became, Some(state));
                }
                (Verb::Start, _) => {
                    assert_eq!(result, Ok(Done::Unchanged));
                    assert_eq!(became, Some(state));
                }
                (Verb::Stop | Verb::Kill, _) => {
                    assert_eq!(result, Ok(Done::Changed), "{verb} {state:?}");
                    assert_eq!(became, Some(State::Exited), "{verb} {state:?}");
                    let code = left.unwrap().exit.unwrap().code;
                    match (verb, state) {
                        (Verb::Kill, _) | (_, State::Paused) => assert_eq!(code, 137),
                        (_, State::Running) => assert_eq!(code, 0),
                        _ => assert_eq!(code, 1),
                    }
                }
                (Verb::Restart, _) | (Verb::Unpause, State::Paused) => {
                    assert_eq!(result, Ok(Done::Changed));
                    assert_eq!(became, Some(State::Running));
                }
                (Verb::Pause, _) => {
                    assert_eq!(result, Ok(Done::Changed));
                    assert_eq!(became, Some(State::Paused));
                }
                (Verb::Unpause, _) => unreachable!("listed above"),
            }
        }
    }
}

#[test]
fn what_has_ended_can_be_started_and_removed_and_nothing_else() {
    for (verb, wanted) in [
        (Verb::Start, Some(State::Running)),
        (Verb::Restart, Some(State::Running)),
        (Verb::Stop, Some(State::Exited)),
        (Verb::Remove, None),
        (Verb::Kill, Some(State::Exited)),
        (Verb::Pause, Some(State::Exited)),
        (Verb::Unpause, Some(State::Exited)),
    ] {
        let mut world = world(Platform::GroupBuying);
        let id = replica(&world, "auth-service").id;
        assert_eq!(act(&mut world, Verb::Stop, &id, start()), Ok(Done::Changed));
        let result = act(&mut world, verb, &id, after(20));
        assert_eq!(by_id(&world, &id).map(|r| r.state), wanted, "{verb}");
        match verb {
            Verb::Stop => assert_eq!(result, Ok(Done::Unchanged)),
            Verb::Start | Verb::Restart | Verb::Remove => assert_eq!(result, Ok(Done::Changed)),
            _ => assert!(matches!(result, Err(EngineError::Conflict { .. }))),
        }
        if verb == Verb::Remove {
            let again = act(&mut world, Verb::Start, &id, after(30));
            assert!(matches!(again, Err(EngineError::Gone { .. })));
        }
    }
}

#[test]
fn a_forced_removal_kills_first_and_leaves_nothing() {
    let mut world = world(Platform::GroupBuying);
    let id = replica(&world, "auth-service").id;
    let step = Step { force: true, ..Step::new(Verb::Remove, id.clone()) };
    let performed = world.perform(&step, start());
    let told = world.advance(performed.ready);
    assert_eq!(performed.result, Ok(Done::Changed));
    assert!(told.iter().any(|o| matches!(o, Observation::Removed { id: gone, .. } if *gone == id)));
    assert_eq!(by_id(&world, &id), None);
    assert!(matches!(world.inspect(&id), Err(EngineError::Gone { .. })));
}

#[test]
fn a_stop_kills_when_its_grace_is_over() {
    let mut world = world(Platform::GroupBuying);
    let id = replica(&world, "auth-service").id;
    let step = Step { timeout: Some(0), ..Step::new(Verb::Stop, id.clone()) };
    let performed = world.perform(&step, start());
    world.advance(performed.ready);
    assert!(performed.ready < start() + SignedDuration::from_millis(200));
    assert_eq!(by_id(&world, &id).unwrap().exit, Some(Exit { code: 137, oom: false }));
}

#[test]
fn signals_end_it_only_when_they_would() {
    let mut world = world(Platform::GroupBuying);
    let id = replica(&world, "auth-service").id;
    let mut send = |signal: &str, at| {
        let step = Step { signal: Some(signal.to_owned()), ..Step::new(Verb::Kill, id.clone()) };
        let performed = world.perform(&step, at);
        let told = world.advance(performed.ready);
        (performed.result, told, by_id(&world, &id).unwrap())
    };
    let (result, told, replica) = send("SIGHUP", start());
    assert_eq!((result, replica.state), (Ok(Done::Changed), State::Running));
    assert!(
        told.iter().any(|o| matches!(o, Observation::Happened(e) if e.kind == EventKind::Killed("1".into())))
    );
    let (result, _, replica) = send("NOPE", after(1));
    assert!(matches!(result, Err(EngineError::Failed { status: 400, .. })));
    assert_eq!(replica.state, State::Running);
    let (result, _, replica) = send("TERM", after(2));
    assert_eq!((result, replica.state), (Ok(Done::Changed), State::Exited));
    assert_eq!(replica.exit.map(|e| e.code), Some(143));
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
    let mut world = world(Platform::GroupBuying);
    let id = replica(&world, "whatsapp-service").id;
    assert_eq!(by_id(&world, &id).unwrap().check, HealthCheck::Unhealthy);
    assert!(world.inspect(&id).unwrap().health_log.iter().all(|log| log.output.contains("QR code")));
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
fn two_services_want_one_port() {
    let mut world = world(Platform::Storefront);
    let (web, order) = (replica(&world, "customer-web"), replica(&world, "order-service"));
    assert_eq!((web.state, order.state), (State::Running, State::Exited));
    let refused = act(&mut world, Verb::Start, &order.id, start());
    let Err(EngineError::Failed { status: 500, why }) = refused else { panic!("{refused:?}") };
    assert!(why.ends_with("Bind for 0.0.0.0:3001 failed: port is already allocated"), "{why}");
    assert_eq!(world.inspect(&order.id).unwrap().error, Some(why));

    act(&mut world, Verb::Stop, &web.id, after(1)).unwrap();
    assert_eq!(act(&mut world, Verb::Start, &order.id, after(10)), Ok(Done::Changed));
    assert_eq!(by_id(&world, &order.id).unwrap().state, State::Running);
    assert!(act(&mut world, Verb::Start, &web.id, after(20)).is_err());
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
    let shop = self::world(Platform::Storefront);
    let id = replica(&shop, "user-service").id;
    let lines = shop.logs(&id, &LogQuery::default()).unwrap();
    assert!(lines.iter().any(|l| l.text.contains("web.RequestLogger")));
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
    fleet.apply(Observation::Synced { at: world.now(), replicas: world.replicas() });
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
}
