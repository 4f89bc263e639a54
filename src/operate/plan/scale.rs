//! More or fewer replicas, as compose would make them: next numbers up, highest numbers down.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::super::{Refusal, Unit, words};
use super::aim::{Aim, Aims};
use super::draft::{At, COMMIT, Draft, FIRST, Weight, Whom};
use super::overlap::{called, is_written};
use super::scene::Scene;
use super::{images, managed, refuse, replace};
use crate::engine::{Act, Blueprint, Create, Place, Step};
use crate::fleet::{HealthCheck, Replica, Role, State, Verb};
use crate::text::human;

/// How many are made or taken away side by side.
const SIDE_BY_SIDE: usize = 4;

/// Steps to have so many of each service.
pub(super) fn plan(scene: &Scene, aims: &Aims, to: u32, draft: &mut Draft) -> Result<(), Refusal> {
    for aim in &aims.services {
        if let Some(service) = scene.survey.managed(&aim.service) {
            managed::scale(scene, service, to, draft)?;
            continue;
        }
        refuse::left_over(scene, &aim.service)?;
        let alive =
            |r: &&&Replica| r.role == Role::Replica && !matches!(r.state, State::Dead | State::Removing);
        let replicas: Vec<&Replica> = aim.replicas.iter().filter(alive).copied().collect();
        if replicas.is_empty() {
            return Err(scene.impossible(
                &aim.service,
                "it has no replica, so there is nothing to make another one like",
                "Make the first with its own tool (docker compose up -d).",
            ));
        }
        if to == 0 {
            return Err(scene.impossible(
                &aim.service,
                "its last replica holds its settings",
                "Stop it instead: qd stop keeps them.",
            ));
        }
        let wanted = usize::try_from(to).unwrap_or(usize::MAX);
        let lanes: Vec<usize> = (0..SIDE_BY_SIDE).map(|_| draft.lane()).collect();
        if wanted < replicas.len() {
            down(scene, replicas, wanted, &lanes, draft)?;
        } else {
            up(scene, aim, &replicas, wanted, &lanes, draft)?;
        }
    }
    Ok(())
}

/// Start what is stopped, and make what is missing.
fn up(
    scene: &Scene,
    aim: &Aim,
    replicas: &[&Replica],
    wanted: usize,
    lanes: &[usize],
    draft: &mut Draft,
) -> Result<(), Refusal> {
    let mut lane = lanes.iter().copied().cycle();
    let mut at = || At::forward(FIRST, lane.next().unwrap_or_default());
    for replica in replicas {
        if !matches!(replica.state, State::Created | State::Exited) {
            draft.skip(replica, format!("one of the {wanted} already"));
            continue;
        }
        let (at, whom, unit) = (at(), Whom::from(*replica), Unit::Is(replica.id.clone()));
        let timing = scene.timing(replica, None, draft);
        draft.expect(replica);
        draft.step(at, &whom, Step::Act(Act::new(Verb::Start, unit.clone())), "is stopped");
        scene.gate(draft, at, &whom, unit.clone(), &timing);
        replace::settle(scene, draft, &whom, &unit, &timing);
    }
    let missing = wanted - replicas.len();
    let Some(like) = model(replicas).filter(|_| missing > 0) else {
        draft.nothing(
            &scene.intent.change,
            format!("{} has {wanted} replicas already", aim.service.path()),
            "",
        );
        return Ok(());
    };
    let blueprint = scene.blueprint(like)?;
    refuse::repeatable(scene, &aim.service, blueprint, missing)?;
    refuse::alike(scene, like, blueprint)?;
    let image = images::wanted(scene, &aim.service, &blueprint.image, None)?.image;
    let timing = scene.timing(like, None, draft);
    let note = note(like, blueprint);
    for (number, name) in next_names(scene, aim, like, replicas)?.take(missing) {
        let at = at();
        let whom = Whom { service: aim.service.clone(), name: name.as_str().into(), state: State::Created };
        let create = Create {
            like: Unit::Is(like.id.clone()),
            image: image.clone(),
            name: name.into(),
            number: Some(number),
            place: Place::Beside,
            limits: None,
        };
        let made = Unit::Made(draft.step(at, &whom, Step::Create(create), note.clone()));
        draft.step(at, &whom, Step::Act(Act::new(Verb::Start, made.clone())), "");
        scene.gate(draft, at, &whom, made.clone(), &timing);
        replace::settle(scene, draft, &whom, &made, &timing);
    }
    share(scene, aim, blueprint, wanted, draft);
    Ok(())
}

/// What all of them will write to, or can't have more than once.
fn share(scene: &Scene, aim: &Aim, blueprint: &Blueprint, wanted: usize, draft: &mut Draft) {
    let written = blueprint.mounts.iter().filter(|m| is_written(m) && !m.anonymous);
    let written: Vec<String> = written.map(called).collect();
    if !written.is_empty() {
        let words = format!(
            "all {wanted} replicas of {} write to {}: make sure that they can",
            aim.service.name,
            human::list(&written, 3)
        );
        draft.warn(Weight::Data, words);
    }
    if blueprint.shares_network.as_deref() == Some("host") {
        let words = format!(
            "{} uses the host's own network: two that listen on one port will not both start",
            aim.service.path()
        );
        draft.warn(Weight::Others, words);
    }
    if let Some(engine) = scene.fleet.engine()
        && let (Some(each), Some(all)) = (blueprint.limits.memory, engine.memory)
        && each.saturating_mul(wanted as u64) > all
    {
        draft.warn(
            Weight::Note,
            format!(
                "together {wanted} replicas of {} may take more memory than the host has",
                aim.service.name
            ),
        );
    }
}

fn note(like: &Replica, blueprint: &Blueprint) -> String {
    let fresh: Vec<String> =
        blueprint.mounts.iter().filter(|m| m.anonymous).map(|m| m.target.clone()).collect();
    match fresh.is_empty() {
        true => format!("like {}", like.name),
        false => format!("like {}, with a fresh volume at {}", like.name, human::list(&fresh, 3)),
    }
}

/// The one to copy: well, else running, else any; the lowest number of those.
fn model<'a>(replicas: &[&'a Replica]) -> Option<&'a Replica> {
    let rank = |r: &Replica| match (r.state, r.check) {
        (State::Running, HealthCheck::Healthy | HealthCheck::None) => 0,
        (State::Running, _) => 1,
        _ => 2,
    };
    replicas.iter().copied().min_by_key(|r| (rank(r), r.number.unwrap_or(u32::MAX)))
}

/// The next numbers with the names they make. A name somebody else has is passed over.
fn next_names(
    scene: &Scene,
    aim: &Aim,
    like: &Replica,
    replicas: &[&Replica],
) -> Result<impl Iterator<Item = (u32, String)> + use<>, Refusal> {
    let base = like.number.and_then(|n| like.name.strip_suffix(&n.to_string())).map(str::to_owned);
    let base = base.ok_or_else(|| {
        scene.impossible(
            &aim.service,
            format!("{} does not end in its number, so nobody knows how to call the next one", like.name),
            "Scale it with its own tool (docker compose up -d --scale).",
        )
    })?;
    let last = replicas.iter().filter_map(|r| r.number).max().unwrap_or(0);
    let taken: HashSet<String> = scene
        .fleet
        .services()
        .flat_map(|s| scene.fleet.replicas_of(&s.id))
        .map(|r| r.name.to_string())
        .collect();
    let numbers = last.saturating_add(1)..=u32::MAX;
    Ok(numbers.map(move |n| (n, format!("{base}{n}"))).filter(move |(_, name)| !taken.contains(name)))
}

/// Stop the highest numbers, and remove them once all are down.
fn down(
    scene: &Scene,
    mut replicas: Vec<&Replica>,
    wanted: usize,
    lanes: &[usize],
    draft: &mut Draft,
) -> Result<(), Refusal> {
    replicas.sort_by_key(|r| Reverse((r.number, r.name.clone())));
    let stay = replicas.split_off(replicas.len() - wanted);
    let mut lane = lanes.iter().copied().cycle();
    for replica in replicas {
        let blueprint = scene.blueprint(replica)?;
        refuse::removed_when_stopped(scene, replica, blueprint)?;
        let lane = lane.next().unwrap_or_default();
        let (at, whom) = (At::forward(FIRST, lane), Whom::from(replica));
        let is = || Unit::Is(replica.id.clone());
        draft.expect(replica);
        if replica.is_up() || replica.state == State::Restarting {
            if !matches!(&*blueprint.policy, "" | "no") {
                let step =
                    Step::Policy { replica: is(), from: blueprint.policy.clone(), to: "no".to_owned() };
                draft.step(at, &whom, step, format!("{} → no, so that it stays down", blueprint.policy));
            }
            let stop = Act { timeout: scene.options.timeout, ..Act::new(Verb::Stop, is()) };
            let note = words::how(&stop, Some(blueprint));
            draft.step(at, &whom, Step::Act(stop), note);
        }
        let own: Vec<String> =
            blueprint.mounts.iter().filter(|m| m.anonymous).map(|m| m.target.clone()).collect();
        let note = match own.is_empty() {
            true => String::new(),
            false => format!("its own volume at {} stays behind", human::list(&own, 3)),
        };
        let remove = Step::Act(Act::new(Verb::Remove, is()));
        draft.step(At::commit(COMMIT, lane), &whom, remove, note);
    }
    for replica in stay {
        let why = if replica.is_up() { "stays" } else { "stays as it is: stopped" };
        draft.skip(replica, why);
    }
    Ok(())
}
