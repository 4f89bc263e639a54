//! The crash matrix: qd is killed before and after every step of every kind of operation on a real
//! engine, then finishes or undoes what it left; and the engine is killed under a qd at work. At the
//! end there are exactly the new replicas, or exactly the old ones, and nothing else.
//!
//! A place is walked from case to case: what one case leaves is what the next begins with. So each
//! case also shows that the one before has let go of the service.
//!
//! `QD_TEST_CRASH_FULL=1`: every point of every step is both finished and undone; without it, by
//! turns, and of a deploy over several replicas the points in the middle of each step (see
//! [`cases::Extent`]).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod api;
mod cases;
mod place;
mod reboot;
mod walk;

use std::time::Instant;

use cases::{Extent, Op, full};
use place::Place;
use reboot::{Ends, Seat};
use support::docker::engine;
use walk::Walk;

/// Killed at every step, forward and back. Places are side by side, for much of the time is waiting.
#[test]
fn qd_killed_at_every_step_finishes_or_undoes() {
    let Some(reference) = engine() else { return };
    let began = Instant::now();
    place::images(&reference);
    let service = |name| Walk::new(Place::service(&reference, name));
    let lone = |name, port| Walk::new(Place::lone(&reference, name, port));
    let walks: Vec<Box<dyn FnOnce() -> Walk + Send>> = vec![
        Box::new(|| {
            let mut walk = service("qdcrasha");
            walk.forward(Op::Deploy, Extent::Middles, (0, 2));
            walk
        }),
        Box::new(|| {
            let mut walk = service("qdcrashb");
            walk.forward(Op::Deploy, Extent::Middles, (1, 2));
            walk
        }),
        Box::new(|| {
            let mut walk = service("qdcrashc");
            walk.forward(Op::Rollback, Extent::Once, (0, 1));
            walk.back(Op::Deploy);
            walk
        }),
        Box::new(|| {
            let mut walk = service("qdcrashd");
            walk.undone(Op::Deploy, Extent::Once);
            walk
        }),
        Box::new(|| {
            let mut walk = lone("qdcrashe", 18_081);
            walk.forward(Op::Deploy, Extent::Turns, (0, 1));
            walk.forward(Op::Rollback, Extent::Middles, (0, 1));
            walk
        }),
        Box::new(|| {
            let mut walk = lone("qdcrashf", 18_082);
            walk.undone(Op::Deploy, Extent::Turns);
            walk.back(Op::Deploy);
            walk
        }),
        Box::new(|| {
            let mut walk = service("qdcrashs");
            walk.scaling();
            walk.back(Op::Up);
            walk
        }),
    ];
    let walks: Vec<Walk> = std::thread::scope(|scope| {
        let walks: Vec<_> = walks.into_iter().map(|walk| scope.spawn(walk)).collect();
        walks.into_iter().map(|walk| walk.join().unwrap()).collect()
    });
    let cases = walks.into_iter().map(Walk::done).sum::<usize>();
    println!(
        "qd killed: {cases} cases ({}), all clean, in {} s",
        if full() { "all there are" } else { "by turns; QD_TEST_CRASH_FULL=1 for all" },
        began.elapsed().as_secs()
    );
    assert!(cases > 150, "the matrix was walked");
}

/// The engine killed (and started again) at every step of operations on several places at once; and
/// with it half of the qd's.
#[test]
fn engine_killed_at_every_step_ends_one_way_or_the_other() {
    let Some(reference) = engine() else { return };
    let began = Instant::now();
    place::images(&reference);
    let mut seats = vec![
        Seat::new(Place::service(&reference, "qdcrashg"), false, false),
        Seat::new(Place::service(&reference, "qdcrashh"), false, true),
        Seat::new(Place::lone(&reference, "qdcrashi", 18_083), false, false),
        Seat::new(Place::lone(&reference, "qdcrashj", 18_084), false, true),
        Seat::new(Place::service(&reference, "qdcrashk"), true, false),
        Seat::new(Place::service(&reference, "qdcrashl"), true, true),
    ];
    reboot::rounds(&mut seats, |verb| reference.control(verb));
    let ends: Vec<Ends> = seats.into_iter().map(Seat::done).collect();
    let sum = |part: fn(&Ends) -> usize| ends.iter().map(part).sum::<usize>();
    let cases = sum(|e| e.new + e.old);
    println!(
        "the engine killed: {cases} cases, {} of them with qd: {} ended new, {} as before, in {} s",
        sum(|e| e.both),
        sum(|e| e.new),
        sum(|e| e.old),
        began.elapsed().as_secs()
    );
    assert!(cases > 40, "the matrix was walked");
}
