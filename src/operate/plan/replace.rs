//! A replica's successor in its place: deploy, recreate, roll back, and limits that can't be
//! changed in a running one.
//!
//! Until the whole operation is sure, every predecessor stays where it was set aside, stopped and
//! whole; so going back is always exact.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::super::gate_times::Timing;
use super::super::{Change, Gate, ImageChange, Phase, Refusal, Rule, Unit, words};
use super::aim::{Aim, Aims};
use super::draft::{At, COMMIT, Draft, FIRST, PULL, SETTLE, Whom};
use super::layers::Layers;
use super::overlap::{self, Way};
use super::scene::Scene;
use super::{gap, images, managed, refuse};
use crate::engine::{Act, Blueprint, Create, Place, Step};
use crate::fleet::{Image, Limits, Replica, Side, SpareName, State, Verb};

/// What to do where nothing would change.
pub(super) const AGAIN: &str =
    "For new replicas from the same image: qd recreate; to deploy it all the same: --force.";

/// What a replica is replaced by.
pub(super) struct Successor {
    /// Made from which image.
    pub image: Image,
    /// With which limits; `None` = the same.
    pub limits: Option<Limits>,
    /// When it counts as well.
    pub timing: Timing,
    /// For the plan.
    pub note: String,
}

/// Steps for a deploy, a roll-back or a recreation.
pub(super) fn plan(scene: &Scene, aims: &Aims, draft: &mut Draft) -> Result<(), Refusal> {
    one_image_for_all(scene, aims)?;
    let ids: Vec<_> = aims.services.iter().map(|aim| &aim.service).collect();
    let layers = Layers::of(&ids, scene.fleet, scene.survey);
    let mut pulled: BTreeSet<Arc<str>> = BTreeSet::new();
    for aim in &aims.services {
        let wave = FIRST + layers.up(&aim.service);
        if let Some(service) = scene.survey.managed(&aim.service) {
            managed::replace(scene, service, wave, draft);
            continue;
        }
        let (lane, mut away) = (draft.lane(), Duration::ZERO);
        let (mut way, mut replaced): (Option<Way>, u32) = (None, 0);
        for replica in &aim.replicas {
            if let Some(why) = refuse::skipped(replica) {
                draft.skip(replica, why);
                continue;
            }
            let blueprint = refuse::replaceable(scene, aim, replica)?;
            let current = &blueprint.image;
            let wanted = images::wanted(scene, &aim.service, current, blueprint.health.as_ref())?;
            if wanted.same && !scene.options.force {
                let runs = format!("runs {} already ({})", wanted.image.tag(), wanted.image.short_id());
                let why = format!("{} {runs}", aim.service.path());
                draft.nothing(&scene.intent.change, why, AGAIN);
                draft.skip(replica, runs);
                continue;
            }
            if wanted.pull && pulled.insert(wanted.image.reference.clone()) {
                pull(draft, aim, &wanted.image.reference);
            }
            let timing = scene.timing(replica, wanted.health.as_ref(), draft);
            away = away.max(gap::away(scene, replica, &timing));
            let way = way.get_or_insert_with(|| overlap::way(scene, aim, blueprint, draft));
            let note = if *current == wanted.image {
                format!("from the same image, {}", current.tag())
            } else {
                words::image_change(current, &wanted.image)
            };
            images_change(draft, aim, current, &wanted.image);
            let successor = Successor { image: wanted.image, limits: None, timing, note };
            swap(scene, draft, At::forward(wave, lane), replica, blueprint, &successor, way);
            replaced += 1;
        }
        if let Some(way) = way.filter(|_| replaced > 0) {
            gap::replacement(scene, aim, &way, away, draft);
        }
    }
    draft.only_newer = !pulled.is_empty() && !scene.options.force;
    Ok(())
}

/// One image for several services is a slip of the hand, unless all are made from that repository
/// anyway.
fn one_image_for_all(scene: &Scene, aims: &Aims) -> Result<(), Refusal> {
    let asked = match &scene.intent.change {
        Change::Deploy { image: Some(image), .. } if !image.starts_with(':') => image.clone(),
        Change::Rollback { to, .. } => to.reference.clone(),
        _ => return Ok(()),
    };
    let current = |aim: &Aim| {
        let managed = scene.survey.managed(&aim.service).map(|m| m.image.reference.clone());
        let replica = || aim.replicas.first().map(|r| r.image.reference.clone());
        managed.or_else(replica).unwrap_or_default()
    };
    let other = aims.services.iter().find(|a| images::repository(&current(a)) != images::repository(&asked));
    match other {
        Some(aim) if aims.services.len() > 1 => Err(scene.impossible(
            &aim.service,
            format!(
                "{asked} was named for {} services, and this one runs {}",
                aims.services.len(),
                current(aim)
            ),
            "Name one service at a time.",
        )),
        _ => Ok(()),
    }
}

fn pull(draft: &mut Draft, aim: &Aim, reference: &Arc<str>) {
    let whom = Whom { service: aim.service.clone(), name: reference.clone(), state: State::Created };
    let lane = draft.lane();
    let step = Step::Pull { reference: reference.clone() };
    draft.step(At::forward(PULL, lane), &whom, step, "from its registry");
}

/// Images before and after, each pair of a service once.
pub(super) fn images_change(draft: &mut Draft, aim: &Aim, from: &Image, to: &Image) {
    let change = ImageChange { service: aim.service.clone(), from: from.clone(), to: to.clone() };
    let same = from.reference == to.reference && from.id == to.id;
    if !same && !draft.images.contains(&change) {
        draft.images.push(change);
    }
}

/// The steps that put a successor in a replica's place.
pub(super) fn swap(
    scene: &Scene,
    draft: &mut Draft,
    at: At,
    old: &Replica,
    blueprint: &Blueprint,
    new: &Successor,
    way: &Way,
) {
    let token = &scene.options.token;
    let name = old.name.clone();
    let coming: Arc<str> = SpareName::of(&name, token, Side::New).into();
    let parked: Arc<str> = SpareName::of(&name, token, Side::Old).into();
    let whom = Whom::from(old);
    let fresh = Whom { state: State::Created, ..whom.clone() };
    let is = || Unit::Is(old.id.clone());

    draft.expect(old);
    let create = Create {
        like: is(),
        image: new.image.clone(),
        name: coming.clone(),
        number: None,
        place: Place::Instead,
        limits: new.limits,
    };
    let made = Unit::Made(draft.step(at, &fresh, Step::Create(create), new.note.clone()));

    let put_down = |draft: &mut Draft| {
        if !matches!(&*blueprint.policy, "" | "no") {
            let step = Step::Policy { replica: is(), from: blueprint.policy.clone(), to: "no".to_owned() };
            draft.step(at, &whom, step, format!("{} → no, so that it stays down", blueprint.policy));
        }
        let stop = Act { timeout: scene.options.timeout, ..Act::new(Verb::Stop, is()) };
        let note = words::how(&stop, Some(blueprint));
        draft.step(at, &whom, Step::Act(stop), note);
    };
    let change_names = |draft: &mut Draft| {
        let step = Step::Rename { replica: is(), from: name.clone(), to: parked.clone() };
        draft.step(at, &whom, step, format!("set aside as {parked}"));
        let step = Step::Rename { replica: made.clone(), from: coming.clone(), to: name.clone() };
        draft.step(at, &fresh, step, "takes its name");
    };
    let start = |draft: &mut Draft| {
        draft.step(at, &fresh, Step::Act(Act::new(Verb::Start, made.clone())), "");
        scene.gate(draft, at, &fresh, made.clone(), &new.timing);
    };

    if !matches!(old.state, State::Running | State::Paused | State::Restarting) {
        change_names(draft);
    } else {
        match way {
            Way::Gap(_) => {
                put_down(draft);
                change_names(draft);
                start(draft);
            }
            Way::Overlap => {
                start(draft);
                put_down(draft);
                change_names(draft);
            }
        }
        settle(scene, draft, &fresh, &made, &new.timing);
    }
    let lane = draft.lane();
    let remove = Step::Act(Act::new(Verb::Remove, is()));
    draft.step(
        At::commit(COMMIT, lane),
        &whom,
        remove,
        format!("the old one, {}", words::version(&blueprint.image)),
    );
}

/// The last look, when everything else is done and can still be taken back.
pub(super) fn settle(scene: &Scene, draft: &mut Draft, whom: &Whom, unit: &Unit, timing: &Timing) {
    if timing.settle.is_zero() || !scene.options.wait {
        return;
    }
    let rule = Rule::Settles(timing.settle);
    let gate = Gate { unit: Some(unit.clone()), rule, deadline: timing.settling() };
    let (lane, note) = (draft.lane(), words::gate(&gate));
    let at = At { phase: Phase::Forward, ..At::forward(SETTLE, lane) };
    draft.gate(at, whom, gate, note);
}
