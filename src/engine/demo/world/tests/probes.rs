//! What probes find in the simulated services, and what is measured there.

use super::*;
use crate::fleet::{Health, Measured, Minutes, Probed, ServiceId, Standing};

/// The fleet of one who comes now.
fn fleet(world: &World) -> Fleet {
    let mut fleet = Fleet::new();
    fleet.apply(world.synced());
    for observation in world.past() {
        fleet.apply(observation);
    }
    fleet
}

fn service(world: &World, name: &str) -> ServiceId {
    replica(world, name).service
}

fn probed(told: &[Observation]) -> Vec<&Probed> {
    let all = told.iter().filter_map(|o| if let Observation::Probed(all) = o { Some(all) } else { None });
    all.flatten().collect()
}

#[test]
fn what_runs_and_does_not_work_is_found_by_its_probe() {
    let mut world = world(Platform::GroupBuying);
    let ill = replica(&world, "whatsapp-service");
    assert_eq!((ill.state, ill.check), (State::Running, HealthCheck::None));
    let mut known = fleet(&world);
    let summary = known.summary(&ill.service, after(0)).unwrap();
    assert_eq!(summary.health.health, Health::Unhealthy);
    assert_eq!(summary.health.why, "http /health: status 503, wanted 200");
    let latency = known.latency(&ill.service, Minutes::Five, after(0)).unwrap();
    assert_eq!((latency.error_rate, latency.took), (1.0, None));
    // A restart cures it, and the probe says so.
    act(&mut world, Verb::Restart, &ill.id, start()).unwrap();
    let told = world.advance(after(60));
    let mine: Vec<Standing> =
        probed(&told).iter().filter(|p| p.service == ill.service).map(|p| p.standing).collect();
    assert_eq!(mine.last(), Some(&Standing::Passing), "{mine:?}");
    for observation in told {
        known.apply(observation);
    }
    assert_eq!(known.summary(&ill.service, after(60)).unwrap().health.health, Health::Healthy);
}

#[test]
fn who_calls_what_is_down_answers_slowly_and_with_errors() {
    let world = world(Platform::GroupBuying);
    let fleet = fleet(&world);
    let figures = |name: &str| {
        let summary = fleet.summary(&service(&world, name), after(0)).unwrap();
        (summary.p95.unwrap().as_millis(), summary.error_rate.unwrap())
    };
    let (slow, erring) = figures("order-service");
    let (quick, fine) = figures("auth-service");
    assert!(slow > 500 && quick < 200, "{slow} {quick}");
    assert!(erring > 0.01 && fine == 0.0, "{erring} {fine}");
    assert!(fleet.measured(&service(&world, "auth-service"), "request_rate", after(0)).unwrap() > 1.0);
    // The stores are asked in their own words.
    let names = |name: &str| {
        let id = service(&world, name);
        fleet.probes(&id).map(|p| p.last().probe.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        (names("postgres"), names("redis")),
        (vec!["postgres 5432".into()], vec!["redis 6379".into()])
    );
    let front = service(&world, "nginx");
    assert!(fleet.probes(&front).next().unwrap().last().certificate.unwrap() > after(0));
}

#[test]
fn what_does_not_run_is_not_probed_and_what_boots_has_time() {
    let mut world = world(Platform::GroupBuying);
    let paused = replica(&world, "office-service").service;
    let auth = replica(&world, "auth-service");
    act(&mut world, Verb::Stop, &auth.id, start()).unwrap();
    let told = world.advance(after(40));
    assert!(probed(&told).iter().all(|p| p.service != paused));
    let late = |p: &&&Probed| p.at > after(20);
    assert!(probed(&told).iter().filter(late).all(|p| p.service != auth.service));
    act(&mut world, Verb::Start, &auth.id, after(40)).unwrap();
    let told = world.advance(after(100));
    let mine: Vec<Standing> =
        probed(&told).iter().filter(|p| p.service == auth.service).map(|p| p.standing).collect();
    assert!(!mine.contains(&Standing::Failing) && mine.contains(&Standing::Passing), "{mine:?}");
}

#[test]
fn no_other_service_is_made_ill_by_a_first_failure() {
    let world = world(Platform::GroupBuying);
    let fleet = fleet(&world);
    for it in fleet.services() {
        for probe in fleet.probes(&it.id) {
            let failing = probe.standing(after(0)) == Standing::Failing;
            assert!(!failing || &*it.id.name == "whatsapp-service", "{:?}", probe.last());
        }
    }
}

#[test]
fn a_large_fleet_is_not_probed() {
    let mut world = World::new(Platform::Storefront, Some(400), 7, start());
    let told = world.advance(after(30));
    assert!(probed(&told).is_empty());
    let is_measured = |o: &Observation| matches!(o, Observation::Measured(Measured { .. }));
    assert!(!told.iter().chain(&world.past()).any(is_measured));
}
