//! Other limits: live where the engine can, else in a successor.

use std::time::Duration;

use super::super::{Refusal, Unit, limited, words};
use super::aim::Aims;
use super::draft::{At, Draft, FIRST, Weight, Whom};
use super::overlap::{self, Way};
use super::replace::{self, Successor};
use super::scene::Scene;
use super::{gap, images, managed, refuse};
use crate::engine::Step;
use crate::fleet::{Limits, Replica, State};
use crate::text::human;

/// Docker's own least.
const LEAST_MEMORY: u64 = 6 << 20;
/// The least share of a core the kernel schedules by.
const LEAST_CPUS: f64 = 0.01;

/// Steps to give every replica these limits.
pub(super) fn plan(
    scene: &Scene,
    aims: &Aims,
    cpus: Option<f64>,
    memory: Option<u64>,
    draft: &mut Draft,
) -> Result<(), Refusal> {
    possible(scene, aims, cpus, memory, draft)?;
    for aim in &aims.services {
        if let Some(service) = scene.survey.managed(&aim.service) {
            managed::limit(scene, service, cpus, memory, draft);
            continue;
        }
        refuse::left_over(scene, &aim.service)?;
        let (lane, mut away) = (draft.lane(), Duration::ZERO);
        let mut way: Option<Way> = None;
        for replica in &aim.replicas {
            if let Some(why) = refuse::skipped(replica) {
                draft.skip(replica, why);
                continue;
            }
            let blueprint = scene.blueprint(replica)?;
            let (from, to) = (blueprint.limits, limited(blueprint.limits, cpus, memory));
            if from == to {
                let why = format!("{} has these limits already", replica.name);
                draft.nothing(&scene.intent.change, why, "");
                draft.skip(replica, "has these limits already");
                continue;
            }
            too_little(scene, replica, to, draft);
            let at = At::forward(FIRST, lane);
            if !takes_away(from, to) {
                draft.expect(replica);
                let step = Step::Limit { replica: Unit::Is(replica.id.clone()), from, to };
                draft.step(at, &Whom::from(*replica), step, words::limits(from, to));
                continue;
            }
            // A limit can be changed while it runs, but not taken away.
            refuse::unwatched(scene, true)?;
            refuse::replaceable(scene, aim, replica)?;
            let image = images::wanted(scene, &aim.service, &blueprint.image, None)?.image;
            let timing = scene.timing(replica, None, draft);
            if replica.state == State::Running {
                away = away.max(gap::away(scene, replica, &timing));
            }
            let way = way.get_or_insert_with(|| overlap::way(scene, aim, blueprint, draft));
            let note = format!("{}, which takes a new replica", words::limits(from, to));
            let successor = Successor { image, limits: Some(to), timing, note };
            replace::swap(scene, draft, at, replica, blueprint, &successor, way);
        }
        if let Some(way) = way {
            gap::replacement(scene, aim, &way, away, draft);
        }
    }
    Ok(())
}

/// Less memory than it uses now: the kernel takes the rest by force.
fn too_little(scene: &Scene, replica: &Replica, to: Limits, draft: &mut Draft) {
    let now = scene.fleet.as_of().and_then(|at| scene.fleet.replica_summary(&replica.id, at));
    let used = now.and_then(|summary| summary.usage.memory);
    if let (Some(used), Some(limit)) = (used, to.memory)
        && used > limit
    {
        let (used, limit) = (human::bytes(used), human::bytes(limit));
        let words = format!("{} uses {used} now, more than {limit}: it may be killed for it", replica.name);
        draft.warn(Weight::Data, words);
    }
}

fn takes_away(from: Limits, to: Limits) -> bool {
    (from.cpus.is_some() && to.cpus.is_none()) || (from.memory.is_some() && to.memory.is_none())
}

/// What no engine takes is refused before anything is asked.
fn possible(
    scene: &Scene,
    aims: &Aims,
    cpus: Option<f64>,
    memory: Option<u64>,
    draft: &mut Draft,
) -> Result<(), Refusal> {
    let Some(first) = aims.services.first() else { return Ok(()) };
    let no = |why: String, remedy: &str| Err(scene.impossible(&first.service, why, remedy));
    if cpus.is_none() && memory.is_none() {
        return no("no limit was named".to_owned(), "Say --cpus, --memory or both.");
    }
    let engine = scene.fleet.engine();
    if let Some(cpus) = cpus {
        let cores = engine.and_then(|e| e.cpus).map_or(f64::INFINITY, f64::from);
        if cpus != 0.0 && !(LEAST_CPUS..=cores).contains(&cpus) {
            let most = if cores.is_finite() { format!("{cores}") } else { "as many as there are".to_owned() };
            return no(
                format!("{cpus} CPUs can't be given"),
                &format!("0.01 to {most} can; 0 means unlimited."),
            );
        }
    }
    if let Some(memory) = memory {
        if memory != 0 && memory < LEAST_MEMORY {
            return no(
                format!("{} is too little memory to run in", human::bytes_long(memory)),
                "6M is the least; 0 means unlimited.",
            );
        }
        if engine.and_then(|e| e.memory).is_some_and(|all| memory > all) {
            draft.warn(Weight::Note, format!("the host has less memory than {}", human::bytes_long(memory)));
        }
    }
    Ok(())
}
