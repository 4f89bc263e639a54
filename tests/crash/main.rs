//! The crash matrix: qd is killed before and after every step of every kind of operation on a real
//! engine, then finishes or undoes what it left; and the engine is killed under a qd at work. At the
//! end there are exactly the new replicas, or exactly the old ones, and nothing else.
//!
//! A place is walked from case to case: what one case leaves is what the next begins with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod place;
mod reboot;
mod walk;

use std::sync::atomic::Ordering;
use std::time::Instant;

use place::Place;
use support::docker::engine;
use walk::{CASES, Op, STEPS, Walk};

/// Killed at every step, forward and back. Places are side by side, for most of the time is the
/// engine's.
#[test]
fn qd_killed_at_every_step_finishes_or_undoes() {
    let Some(reference) = engine() else { return };
    let began = Instant::now();
    place::images(&reference);
    let service = |name| Walk::new(Place::service(&reference, name, 2));
    let lone = |name, port| Walk::new(Place::lone(&reference, name, port));
    let walks: Vec<Box<dyn FnOnce() + Send>> = vec![
        Box::new(|| {
            let mut walk = service("qdcrasha");
            walk.all(Op::Deploy, 1..10);
            walk.done();
        }),
        Box::new(|| {
            let mut walk = service("qdcrashb");
            walk.all(Op::Deploy, 10..STEPS);
            walk.done();
        }),
        Box::new(|| {
            let mut walk = service("qdcrashc");
            walk.some(Op::Rollback);
            walk.done();
        }),
        Box::new(|| {
            let mut walk = service("qdcrashd");
            walk.all(Op::Scale, 1..STEPS);
            walk.back(Op::Scale);
            walk.done();
        }),
        Box::new(|| {
            let mut walk = lone("qdcrashe", 18_081);
            walk.all(Op::Deploy, 1..STEPS);
            walk.done();
        }),
        Box::new(|| {
            let mut walk = lone("qdcrashf", 18_082);
            walk.some(Op::Rollback);
            walk.back(Op::Deploy);
            walk.done();
        }),
    ];
    std::thread::scope(|scope| {
        for walk in walks {
            scope.spawn(walk);
        }
    });
    let cases = CASES.load(Ordering::Relaxed);
    println!("qd killed: {cases} cases, all clean, in {} s", began.elapsed().as_secs());
    assert!(cases > 100, "the matrix was walked");
}

/// The engine killed (and started again) at steps of a deploy; and with it qd.
#[test]
fn engine_killed_at_steps_of_a_deploy_ends_one_way_or_the_other() {
    let Some(reference) = engine() else { return };
    let began = Instant::now();
    place::images(&reference);
    let mut cases = 0;
    // Each start of an engine takes seconds: at every kind of step, not at every step.
    let service = (Place::service(&reference, "qdcrashg", 2), vec![2, 4, 6, 10, 16]);
    let lone = (Place::lone(&reference, "qdcrashh", 18_083), vec![1, 3, 4, 6, 7, 9]);
    for (place, numbers) in [service, lone] {
        for number in numbers {
            assert!(reboot::engine_killed(&place, number), "{}: no step {number}", place.name);
            cases += 1;
        }
        for (point, how) in [("mid-before:4", "finish"), ("mid-after:6", "undo")] {
            reboot::both_killed(&place, point, how);
            cases += 1;
        }
    }
    println!("the engine killed: {cases} cases, all clean, in {} s", began.elapsed().as_secs());
    assert!(cases > 10, "the matrix was walked");
}
