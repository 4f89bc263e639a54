//! Days of `qd watch` in minutes: two of them beside each other, sharing a journal, while services
//! break in every way one after the other, the engine is killed and started again, and the webhook
//! is away for a while. Everything is told, nothing twice, and nothing grows.
//!
//! `QD_SOAK_MINUTES`: how long; 1 in the test run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod receiver;
mod watcher;
mod world;

use std::time::{Duration, Instant};

use receiver::Receiver;
use support::docker::engine;
use watcher::Watcher;
use world::World;

/// A rule that fires quickly: a fault takes seconds here.
const RULES: &str = "alerts:
  - name: ServiceDown
    condition: health_check_failed or down
    duration: 2s
    severity: critical
";

/// Rounds between two ends of the engine.
const ENGINE_EVERY: usize = 12;
/// Rounds between two absences of the webhook.
const AWAY_EVERY: usize = 5;

#[test]
fn two_watches_survive_tell_everything_once_and_do_not_grow() {
    let Some(reference) = engine() else { return };
    let minutes: f64 = std::env::var("QD_SOAK_MINUTES").map_or(1.0, |text| text.parse().unwrap());
    let mut world = World::new(&reference);
    let receiver = Receiver::start();
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("alerts.yaml"), RULES).unwrap();
    let config = format!(
        "[alerts]\nrules = ['alerts.yaml']\ndefaults = false\n\
         [[alerts.webhooks]]\nname = 'ops'\nurl = '{}'\n",
        receiver.url
    );
    std::fs::write(home.path().join("config.toml"), config).unwrap();
    let mut watchers = ["one", "two"].map(|name| Watcher::start(&reference, home.path(), name));

    let began = Instant::now();
    let end = began + Duration::from_secs_f64(minutes * 60.0);
    let (mut rounds, mut engine_ends) = (0, 0);
    while Instant::now() < end || rounds < world::FAULTS.len() {
        let fault = world::FAULTS[rounds % world::FAULTS.len()];
        let service = world.service(rounds);
        let before = receiver.count(&service);
        if rounds % AWAY_EVERY == AWAY_EVERY - 1 {
            receiver.away(|| world.begin(&service, fault));
        } else {
            world.begin(&service, fault);
        }
        receiver.wait(&service, before, "open", &format!("{fault:?}"));
        world.cure(&service, fault);
        receiver.wait(&service, before, "closed", &format!("{fault:?} cured"));
        if rounds % ENGINE_EVERY == ENGINE_EVERY - 1 || rounds + 1 == world::FAULTS.len() {
            world.kill_engine();
            engine_ends += 1;
        }
        world.retire(rounds);
        rounds += 1;
        for watcher in &mut watchers {
            watcher.assert_alive();
        }
    }

    let letters = receiver.letters();
    let mut told: Vec<_> =
        letters.iter().map(|letter| (letter.id, letter.times, letter.status.clone())).collect();
    let all = told.len();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), all, "something was told twice: {letters:#?}");
    assert!(all >= 2 * rounds, "{rounds} faults, {all} letters");
    println!(
        "soak: {:.1} min, {rounds} faults of {} kinds, the engine killed {engine_ends} times, {} refusals: \
         {all} letters, none twice",
        began.elapsed().as_secs_f64() / 60.0,
        world::FAULTS.len(),
        receiver.refusals(),
    );
    for watcher in watchers {
        let sizes = watcher.end();
        println!("soak: {sizes}");
        sizes.assert_flat();
    }
    let journal = walk(home.path());
    println!("soak: what was written down takes {} KiB", journal / 1024);
    reference.clear();
}

/// Bytes of all files in a directory.
fn walk(dir: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.metadata().unwrap() {
            data if data.is_dir() => walk(&entry.path()),
            data => data.len(),
        })
        .sum()
}
