//! One stream of two: the engine's, and that of the probes it takes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

use super::*;
use crate::engine::demo::{Demo, DemoOptions, Platform};
use crate::fleet::{Fleet, Health, Labels, Replica, Standing};

fn demo() -> Arc<dyn Engine> {
    let options = DemoOptions { platform: Platform::GroupBuying, services: None, seed: 7 };
    Arc::new(Demo::starting_at(options, Timestamp::UNIX_EPOCH))
}

#[tokio::test(start_paused = true)]
async fn what_probes_find_out_comes_between_what_the_engine_tells() {
    let mut told = watch(&demo(), &Settings::default());
    assert!(matches!(told.next().await, Some(Observation::Engine(_))), "the engine begins");
    let mut fleet = Fleet::new();
    let (mut probed, mut sampled) = (BTreeSet::new(), 0);
    let end = tokio::time::Instant::now() + Duration::from_mins(2);
    while let Ok(Some(observation)) = tokio::time::timeout_at(end, told.next()).await {
        match &observation {
            Observation::Probed(all) => probed.extend(all.iter().map(|p| p.service.name.to_string())),
            Observation::Sampled { .. } => sampled += 1,
            _ => {}
        }
        fleet.apply(observation);
    }
    assert!(sampled > 100, "the engine is heard as before: {sampled}");
    assert!(
        probed.len() > 10 && probed.contains("auth-service") && !probed.contains("postgres"),
        "{probed:?}"
    );
    let sick = fleet.services().find(|s| &*s.id.name == "whatsapp-service").unwrap();
    assert_eq!(fleet.summary(&sick.id, Timestamp::now()).unwrap().health.health, Health::Unhealthy);
    let probe = fleet.probes(&sick.id).next().unwrap();
    assert_eq!(probe.last().standing, Standing::Failing);
    assert_eq!(probe.why().unwrap().as_ref(), "status 503, wanted 200-399");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_probed_there_is_no_prober() {
    let engine = demo();
    let Ok(Some(synced)) = timeout(Duration::from_secs(9), async {
        engine.watch().filter(|o| std::future::ready(matches!(o, Observation::Synced { .. }))).next().await
    })
    .await
    else {
        panic!("no list")
    };
    let Observation::Synced { at, engine: id, replicas } = synced else { unreachable!() };
    let plain = |replica: Replica| Replica { labels: Labels::default(), ..replica };
    let unlabelled = replicas.iter().cloned().map(plain).collect();
    let mut probing =
        Probing { roster: Roster::new(Rules::default()), tools: Tools::new(engine), running: None };
    probing.observe(&Observation::Synced { at, engine: id.clone(), replicas: unlabelled });
    assert!(probing.running.is_none());
    probing.observe(&Observation::Synced { at, engine: id, replicas });
    assert!(probing.running.is_some());
}

#[tokio::test(start_paused = true)]
async fn who_stops_listening_stops_the_probing() {
    let engine = demo();
    let mut told = watch(&engine, &Settings::default());
    while !matches!(told.next().await, Some(Observation::Probed(_))) {}
    let held = Arc::strong_count(&engine);
    drop(told);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(Arc::strong_count(&engine) < held, "the prober let go of the engine");
    assert_eq!(Arc::strong_count(&engine), 1);
}
