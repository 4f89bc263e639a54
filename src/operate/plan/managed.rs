//! Services that their engine looks after (Swarm): we say what they should be, and watch.

use super::super::gate_times::Timing;
use super::super::{Change, Gap, Gate, ImageChange, Refusal, Rule, limited, words};
use super::aim::Aim;
use super::draft::{At, Draft, FIRST, Weight, Whom};
use super::images;
use super::scene::Scene;
use crate::engine::{Course, Managed, Step, UpdateState};
use crate::fleet::{Image, State, Verb};

/// A lifecycle verb: only a restart is one the engine knows.
pub(super) fn act(
    scene: &Scene,
    aim: &Aim,
    service: &Managed,
    verb: Verb,
    draft: &mut Draft,
) -> Result<(), Refusal> {
    let name = &aim.service.name;
    let no = |why: &str, remedy: String| Err(scene.impossible(&aim.service, why, remedy));
    match verb {
        Verb::Restart => {
            again(scene, service, FIRST, "every replica anew", draft);
            Ok(())
        }
        Verb::Start => no(
            "Swarm starts its replicas by itself",
            format!("Say how many there should be: qd scale {name} N."),
        ),
        Verb::Stop => no(
            "Swarm would start what was stopped again",
            format!("Take its replicas away: qd scale {name} 0."),
        ),
        Verb::Pause | Verb::Unpause | Verb::Kill => no(
            "Swarm looks after its replicas by itself, and would replace them",
            format!("Restart it (qd restart {name}), or use docker on the node itself."),
        ),
        Verb::Remove => no(
            "a service of Swarm is removed as a whole",
            format!("Use docker service rm {}.", aim.service.name),
        ),
    }
}

/// Bringing a project up has nothing to do here.
pub(super) fn leave(aim: &Aim, service: &Managed, draft: &mut Draft) {
    if service.replicas == Some(0) {
        draft.warn(
            Weight::Note,
            format!(
                "{} should have no replica: qd scale {} N changes that",
                aim.service.path(),
                aim.service.name
            ),
        );
    }
    for replica in &aim.replicas {
        draft.skip(replica, "kept up by Swarm itself");
    }
}

/// Another image, or everything anew.
pub(super) fn replace(scene: &Scene, service: &Managed, wave: u16, draft: &mut Draft) {
    let change = &scene.intent.change;
    let asked: Image = match change {
        Change::Rollback { to, .. } => to.clone(),
        Change::Deploy { image: Some(image), .. } => named(scene, image, &service.image),
        Change::Deploy { image: None, .. } => named(scene, &service.image.reference, &service.image),
        _ => {
            again(scene, service, wave, "every replica anew", draft);
            return;
        }
    };
    let same =
        asked.reference == service.image.reference || (!asked.id.is_empty() && asked.id == service.image.id);
    let known = !asked.id.is_empty() && asked.id == service.image.id;
    if known && !scene.options.force {
        let why = format!("{} runs {} already ({})", service.service.path(), asked.tag(), asked.short_id());
        draft.nothing(change, why, super::replace::AGAIN);
        return;
    }
    let note = words::image_change(&service.image, &asked);
    draft.images.push(ImageChange {
        service: service.service.clone(),
        from: service.image.clone(),
        to: asked.clone(),
    });
    let mut from = Course { image: Some(service.image.clone()), ..Course::default() };
    let mut to = Course { image: Some(asked), ..Course::default() };
    if same {
        // The same words: only counting up makes the engine look whether they mean another image.
        (from.force, to.force) = (Some(service.force), Some(service.force + 1));
    }
    steer(scene, service, wave, from, to, note, draft);
}

/// A reference as the user gave it, with the id it has on this engine.
fn named(scene: &Scene, asked: &std::sync::Arc<str>, current: &Image) -> Image {
    let reference = if asked.starts_with(':') {
        format!("{}{asked}", images::repository(&current.reference)).into()
    } else {
        asked.clone()
    };
    let id = scene.survey.image(&reference).map(|facts| facts.id.clone()).unwrap_or_default();
    Image { reference, id }
}

/// So many replicas.
pub(super) fn scale(scene: &Scene, service: &Managed, to: u32, draft: &mut Draft) -> Result<(), Refusal> {
    let Some(now) = service.replicas else {
        return Err(scene.impossible(
            &service.service,
            "it is global: it has one replica on every node",
            "Deploy it with mode replicated, or limit its nodes by placement constraints.",
        ));
    };
    if now == to {
        let why = format!("{} should have {to} already", service.service.path());
        draft.nothing(&scene.intent.change, why, "");
        return Ok(());
    }
    if let Some((_, number)) = service.host_ports.iter().find_map(|port| port.host).filter(|_| to > 1) {
        let words =
            format!("host port {number}: each node takes only one replica of {}", service.service.name);
        draft.warn(Weight::Others, words);
    }
    let course = |n| Course { replicas: Some(n), ..Course::default() };
    steer(scene, service, FIRST, course(now), course(to), format!("{now} → {to} replicas"), draft);
    Ok(())
}

/// Other limits; the engine replaces every replica for it.
pub(super) fn limit(
    scene: &Scene,
    service: &Managed,
    cpus: Option<f64>,
    memory: Option<u64>,
    draft: &mut Draft,
) {
    let (from, to) = (service.limits, limited(service.limits, cpus, memory));
    if from == to {
        let why = format!("{} has these limits already", service.service.path());
        draft.nothing(&scene.intent.change, why, "");
        return;
    }
    let course = |limits| Course { limits: Some(limits), ..Course::default() };
    steer(scene, service, FIRST, course(from), course(to), words::limits(from, to), draft);
}

/// Everything anew from what it is.
fn again(scene: &Scene, service: &Managed, wave: u16, note: &str, draft: &mut Draft) {
    let course = |force| Course { force: Some(force), ..Course::default() };
    steer(scene, service, wave, course(service.force), course(service.force + 1), note.to_owned(), draft);
}

fn steer(
    scene: &Scene,
    service: &Managed,
    wave: u16,
    from: Course,
    to: Course,
    note: String,
    draft: &mut Draft,
) {
    if let Some(update) = &service.update {
        let how = match update.state {
            UpdateState::Updating => Some("is still under way"),
            UpdateState::Paused => Some("failed and waits for somebody"),
            UpdateState::RollingBack => Some("is being taken back"),
            UpdateState::RollbackPaused => Some("could not be taken back"),
            UpdateState::Completed | UpdateState::RolledBack => None,
        };
        if let Some(how) = how {
            let words = format!("the last update of {} {how}: {}", service.service.path(), update.message);
            draft.warn(Weight::Others, words.trim_end_matches(": ").to_owned());
        }
    }
    let replicas = to.replicas.or(service.replicas).unwrap_or(service.wanted);
    let takes_turns = to.replicas.is_none();
    let whom =
        Whom { service: service.service.clone(), name: service.service.name.clone(), state: State::Running };
    let at = At::forward(wave, draft.lane());
    draft.step(at, &whom, Step::Steer { service: service.service.clone(), from, to }, note);
    let timing = Timing::of_managed(service, &scene.options.gate);
    for warning in &timing.warnings {
        draft.warn(Weight::Note, warning.clone());
    }
    if scene.options.wait {
        let gate = Gate { unit: None, rule: Rule::Converged, deadline: timing.convergence(replicas) };
        let note = words::gate(&gate);
        draft.gate(at, &whom, gate, note);
    }
    if takes_turns {
        gap(service, replicas, &timing, draft);
    }
}

/// Whether the engine leaves a gap when it replaces the replicas.
fn gap(service: &Managed, replicas: u32, timing: &Timing, draft: &mut Draft) {
    let (lasts, why) = match (service.start_first, replicas) {
        (_, 0) => return,
        (true, _) => (None, "Swarm starts new replicas before it stops old ones".to_owned()),
        (false, 1) => {
            let up = timing.interval.unwrap_or(std::time::Duration::from_secs(1));
            let lasts = std::time::Duration::from_secs(10) + up;
            (Some(lasts), "Swarm stops its only replica before it starts the new one".to_owned())
        }
        (false, n) => (None, format!("Swarm lets its {n} replicas take turns")),
    };
    draft.gaps.push(Gap { service: service.service.clone(), lasts, why });
}
