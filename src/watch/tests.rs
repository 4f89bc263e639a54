//! One stream of two: the engine's, and that of the probes it takes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::engine::demo::{Demo, DemoOptions, Platform};
use crate::fleet::testing::running;
use crate::fleet::{Fleet, Health, Replica, Standing};

fn demo() -> Arc<dyn Engine> {
    let options = DemoOptions { platform: Platform::GroupBuying, services: None, seed: 7 };
    Arc::new(Demo::starting_at(options, Timestamp::UNIX_EPOCH))
}

/// A probe of ours of a simulated service, beside those the demo tells of by itself.
fn settings() -> Settings {
    let text = "[[probe]]\nservice = '*/whatsapp-service'\nname = 'front page'\nhttp = '/'\nport = 3016\n\
                [[probe]]\nservice = '*/auth-service'\nname = 'front page'\nhttp = '/'\nport = 3001\n";
    Settings::read("c.toml", text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_probes_find_out_comes_between_what_the_engine_tells() {
    let mut told = watch(&demo(), &settings());
    assert!(matches!(told.next().await, Some(Observation::Engine(_))), "the engine begins");
    let mut fleet = Fleet::new();
    let (mut probed, mut sampled) = (BTreeSet::new(), 0);
    let end = tokio::time::Instant::now() + Duration::from_mins(2);
    while let Ok(Some(observation)) = tokio::time::timeout_at(end, told.next()).await {
        match &observation {
            Observation::Probed(all) => {
                let ours = all.iter().filter(|p| &*p.probe == "front page");
                probed.extend(ours.map(|p| p.service.name.to_string()));
            }
            Observation::Sampled { .. } => sampled += 1,
            _ => {}
        }
        fleet.apply(observation);
    }
    assert!(sampled > 100, "the engine is heard as before: {sampled}");
    assert_eq!(probed, BTreeSet::from(["auth-service".to_owned(), "whatsapp-service".to_owned()]));
    let sick = fleet.services().find(|s| &*s.id.name == "whatsapp-service").unwrap();
    assert_eq!(fleet.summary(&sick.id, Timestamp::now()).unwrap().health.health, Health::Unhealthy);
    let probe = fleet.probes(&sick.id).find(|probe| &*probe.last().probe == "front page").unwrap();
    assert_eq!(probe.last().standing, Standing::Failing);
    assert_eq!(probe.why().unwrap().as_ref(), "status 503, wanted 200-399");
}

/// A service that has nothing to say of itself, and one that nobody reaches.
#[tokio::test(start_paused = true)]
async fn what_services_say_of_themselves_comes_between_too() {
    let text =
        "[[metrics]]\nservice = '*/auth-service'\nexec = [{ name = 'answer', argv = ['echo', '42'] }]\n";
    let mut told = watch(&demo(), &Settings::read("c.toml", text).unwrap());
    let scraped = loop {
        if let Observation::Scraped(all) = told.next().await.unwrap() {
            break all;
        }
    };
    assert_eq!((&*scraped[0].service.name, &*scraped[0].source), ("auth-service", "exec answer"));
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_changes_while_the_stream_goes_on() {
    let (mut told, steering) = steered(&demo(), &Settings::default());
    let mut next = async |wanted: fn(&Observation) -> bool| {
        let found = async { while !wanted(&told.next().await.unwrap()) {} };
        tokio::time::timeout(Duration::from_mins(1), found).await.expect("it is told");
    };
    let ours: fn(&Observation) -> bool =
        |told| matches!(told, Observation::Probed(all) if &*all[0].probe == "front page");
    let gone: fn(&Observation) -> bool =
        |told| matches!(told, Observation::Unprobed { probe, .. } if &**probe == "front page");
    next(|told| matches!(told, Observation::Sampled { .. })).await;
    steering.ask(&settings());
    next(ours).await;
    // Of two that come at once the last counts.
    steering.ask(&settings());
    steering.ask(&Settings::default());
    next(gone).await;
    steering.ask(&settings());
    next(ours).await;
}

/// The sockets are read for what can't have its port, and for nothing else.
#[tokio::test]
async fn who_listens_is_read_when_somebody_wants_a_port_in_vain() {
    let mut api = running("shop", "api", "api-1");
    let mut holders = Holders::new(demo());
    let mut read = |api: &Replica| {
        let replica = Box::new(api.clone());
        holders.observe(&Observation::Applied { at: Timestamp::UNIX_EPOCH, replica });
        poll_fn(|cx| holders.poll(cx)).now_or_never()
    };
    assert_eq!(read(&api), None);
    api.refused = Some("Bind for 0.0.0.0:22 failed: port is already allocated".into());
    let Some(Some(Observation::Listening(listeners))) = read(&api) else { panic!("nothing was read") };
    assert!(listeners.iter().any(|it| it.port == 22), "{listeners:?}");
    assert_eq!(poll_fn(|cx| holders.poll(cx)).now_or_never(), None, "once");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_probed_there_is_no_prober() {
    let engine = demo();
    let list = engine.list(false).await.unwrap();
    for (rules, runs) in [(probe::Rules::default(), false), (probe::Rules::new(&settings().probes), true)] {
        let mut probing = probing(rules, Tools::new(engine.clone()));
        for observation in &list {
            probing.observe(observation);
        }
        assert_eq!(probing.running.is_some(), runs);
    }
}

#[tokio::test(start_paused = true)]
async fn who_stops_listening_stops_the_probing() {
    let engine = demo();
    let mut told = watch(&engine, &settings());
    let is_ours =
        |told: &Observation| matches!(told, Observation::Probed(all) if &*all[0].probe == "front page");
    while !is_ours(&told.next().await.unwrap()) {}
    let held = Arc::strong_count(&engine);
    drop(told);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(Arc::strong_count(&engine) < held, "the prober let go of the engine");
    assert_eq!(Arc::strong_count(&engine), 1);
}
