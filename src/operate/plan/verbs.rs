//! Lifecycle verbs, and a whole project up or down.

use std::time::Duration;

use super::super::{Phase, Refusal, Unit, words};
use super::aim::{Aim, Aims};
use super::draft::{At, Draft, FIRST, Whom};
use super::layers::Layers;
use super::scene::Scene;
use super::{gap, managed};
use crate::engine::{Act, Step};
use crate::fleet::{Exit, HealthCheck, Replica, Role, State, Verb};

/// Steps for a lifecycle verb. What it makes no sense for is skipped.
pub(super) fn plan(scene: &Scene, aims: &Aims, verb: Verb, draft: &mut Draft) -> Result<(), Refusal> {
    let layers = layers(scene, aims);
    for aim in &aims.services {
        if let Some(service) = scene.survey.managed(&aim.service) {
            managed::act(scene, aim, service, verb, draft)?;
            continue;
        }
        let wave = match verb {
            Verb::Start | Verb::Restart => layers.up(&aim.service),
            Verb::Stop => layers.down(&aim.service),
            _ => 0,
        };
        // Replicas of one service restart one after the other, so that it is never away as a whole.
        let together = (verb == Verb::Restart).then(|| draft.lane());
        for replica in &aim.replicas {
            if let Some(why) = senseless(verb, replica.state, scene.options.force) {
                draft.skip(replica, why);
                continue;
            }
            let lane = together.unwrap_or_else(|| draft.lane());
            let at = At { phase: phase(verb), ..At::forward(FIRST + wave, lane) };
            act(scene, draft, at, replica, verb);
            if matches!(verb, Verb::Start | Verb::Restart) {
                wait(scene, draft, at, replica, &layers);
            }
        }
        if verb == Verb::Restart {
            gap::restart(scene, aim, draft);
        }
    }
    Ok(())
}

/// Start what does not run, from the bottom up, each layer well before the next.
pub(super) fn up(scene: &Scene, aims: &Aims, draft: &mut Draft) -> Result<(), Refusal> {
    let layers = layers(scene, aims);
    for aim in &aims.services {
        if let Some(service) = scene.survey.managed(&aim.service) {
            managed::leave(aim, service, draft);
            continue;
        }
        let wave = FIRST + layers.up(&aim.service);
        let done_for = layers.completes(&aim.service) && nobody_waits_for(scene, aims, &layers, aim);
        for replica in &aim.replicas {
            let lane = draft.lane();
            let at = At::commit(wave, lane);
            if let Some(why) = senseless(Verb::Start, replica.state, false) {
                draft.skip(replica, why);
                // What others stand on must be well before they are started.
                let trusted = matches!(replica.check, HealthCheck::None | HealthCheck::Healthy);
                if layers.is_needed(&aim.service) && !(replica.state == State::Running && trusted) {
                    wait_for_running(scene, draft, at, replica);
                }
            } else if done_for && replica.exit.is_some_and(|exit| exit.code == 0) {
                draft.skip(replica, "done: it ran to its end, and what waits for that runs");
            } else {
                act(scene, draft, at, replica, Verb::Start);
                wait(scene, draft, at, replica, &layers);
            }
        }
    }
    Ok(())
}

/// Stop everything from the top down. Containers stay.
pub(super) fn down(scene: &Scene, aims: &Aims, draft: &mut Draft) -> Result<(), Refusal> {
    plan(scene, aims, Verb::Stop, draft)
}

fn layers(scene: &Scene, aims: &Aims) -> Layers {
    let ids: Vec<_> = aims.services.iter().map(|aim| &aim.service).collect();
    Layers::of(&ids, scene.fleet, scene.survey)
}

/// What ran to its end need not do so again where everything that waits for it runs.
fn nobody_waits_for(scene: &Scene, aims: &Aims, layers: &Layers, aim: &Aim) -> bool {
    layers.waiting_for(&aim.service).all(|above| {
        let meant = aims.services.iter().find(|a| a.service == *above);
        let all = || scene.fleet.replicas_of(above).filter(|r| r.role == Role::Replica);
        meant.is_some() && all().next().is_some() && all().all(Replica::is_up)
    })
}

fn act(scene: &Scene, draft: &mut Draft, at: At, replica: &Replica, verb: Verb) {
    let options = scene.options;
    let act = Act {
        replica: Unit::Is(replica.id.clone()),
        verb,
        timeout: options.timeout.filter(|_| matches!(verb, Verb::Stop | Verb::Restart)),
        signal: options.signal.clone().filter(|_| verb == Verb::Kill),
        force: options.force && verb == Verb::Remove,
        volumes: false,
    };
    let note = words::how(&act, scene.seen(replica));
    draft.expect(replica);
    draft.step(at, &Whom::from(replica), Step::Act(act), note);
}

/// Wait until what was started is well, in its way.
fn wait(scene: &Scene, draft: &mut Draft, at: At, replica: &Replica, layers: &Layers) {
    let timing = scene.timing(replica, None, draft);
    let (whom, unit) = (Whom::from(replica), Unit::Is(replica.id.clone()));
    if layers.completes(&replica.service) {
        scene.gate_completion(draft, at, &whom, unit, &timing);
    } else if replica.role == Role::Replica && !ends_by_itself(replica) {
        scene.gate(draft, at, &whom, unit, &timing);
    }
}

/// Wait for what runs already.
fn wait_for_running(scene: &Scene, draft: &mut Draft, at: At, replica: &Replica) {
    if matches!(replica.state, State::Running | State::Restarting) && scene.options.wait {
        let timing = scene.timing(replica, None, draft);
        draft.expect(replica);
        scene.gate(draft, at, &Whom::from(replica), Unit::Is(replica.id.clone()), &timing);
    }
}

/// Whether it looks like something that does its work and ends: it was up for less than a minute
/// the last time, ended well, and nothing would have kept it up.
fn ends_by_itself(replica: &Replica) -> bool {
    const BRIEF: Duration = Duration::from_mins(1);
    let well = replica.exit == Some(Exit { code: 0, oom: false });
    let ran = replica.started.zip(replica.finished).map(|(from, to)| to.duration_since(from));
    let brief = ran.and_then(|ran| Duration::try_from(ran).ok()).is_some_and(|ran| ran < BRIEF);
    well && brief && !replica.kept_up && replica.check == HealthCheck::None
}

/// What a verb's steps are: what is started is never stopped again for being slow, and what was
/// killed or removed can't be brought back.
fn phase(verb: Verb) -> Phase {
    match verb {
        Verb::Stop | Verb::Pause | Verb::Unpause => Phase::Forward,
        Verb::Start | Verb::Restart | Verb::Kill | Verb::Remove => Phase::Commit,
    }
}

/// Why the verb makes no sense in this state; `None` when it does.
fn senseless(verb: Verb, state: State, force: bool) -> Option<&'static str> {
    let up = matches!(state, State::Running | State::Paused | State::Restarting);
    if verb == Verb::Remove && up && !force {
        return Some("running: stop it first, or force the removal");
    }
    if state.verbs().has(verb) {
        return None;
    }
    Some(match (verb, state) {
        (_, State::Removing) => "already being removed",
        (_, State::Dead) => "dead: only removal is left",
        (Verb::Start, State::Running) => "already running",
        (Verb::Start, State::Paused) => "paused: unpause it instead",
        (Verb::Start | Verb::Pause, State::Restarting) => "restarting by itself",
        (Verb::Pause, State::Paused) => "already paused",
        (Verb::Unpause, State::Running | State::Restarting) => "not paused",
        (Verb::Stop, _) => "already stopped",
        _ => "not running",
    })
}
