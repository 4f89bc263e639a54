//! What can't be done to a replica or service, why, and what to change so that it can.

use super::super::Refusal;
use super::aim::Aim;
use super::overlap::free_ports;
use super::scene::Scene;
use crate::engine::Blueprint;
use crate::fleet::{Replica, Role, ServiceId, State, is_token};

/// Why a replica is beyond being changed at all.
pub(super) fn skipped(replica: &Replica) -> Option<&'static str> {
    match (replica.role, replica.state) {
        (Role::Job, _) => Some("a one-off job: it is not replaced"),
        (Role::Spare, _) => Some("an operation's spare"),
        (_, State::Removing) => Some("already being removed"),
        (_, State::Dead) => Some("dead: only removal is left"),
        (Role::Replica, _) => None,
    }
}

/// A replica's settings, if a successor may take its place.
pub(super) fn replaceable<'a>(
    scene: &Scene<'a>,
    aim: &Aim,
    replica: &Replica,
) -> Result<&'a Blueprint, Refusal> {
    left_over(scene, &aim.service)?;
    let blueprint = scene.blueprint(replica)?;
    removed_when_stopped(scene, replica, blueprint)?;
    alike(scene, replica, blueprint)?;
    Ok(blueprint)
}

/// Something that an operation set aside and that is still there.
pub(super) fn left_over(scene: &Scene, service: &ServiceId) -> Result<(), Refusal> {
    let spare = scene.fleet.replicas_of(service).find(|r| r.role == Role::Spare);
    spare.map_or(Ok(()), |spare| {
        Err(scene.impossible(
            service,
            format!("{} was left by an operation that has not ended", spare.name),
            "Wait for that operation, or finish or undo it: qd journal shows it, then qd finish or qd undo.",
        ))
    })
}

/// The engine removes it the moment it stops: there would be nothing to go back to.
pub(super) fn removed_when_stopped(
    scene: &Scene,
    replica: &Replica,
    blueprint: &Blueprint,
) -> Result<(), Refusal> {
    if !blueprint.auto_remove {
        return Ok(());
    }
    Err(Refusal::impossible(
        &scene.intent.change,
        &*replica.name,
        "it was started with --rm: the engine removes it when it stops, so there would be no way back",
        "Start it without --rm once; from then on it can be replaced.",
    ))
}

/// The engine can make another one like it.
pub(super) fn alike(scene: &Scene, replica: &Replica, blueprint: &Blueprint) -> Result<(), Refusal> {
    match &blueprint.unlike {
        None => Ok(()),
        Some((why, remedy)) => {
            Err(Refusal::impossible(&scene.intent.change, &*replica.name, why.clone(), remedy.clone()))
        }
    }
}

/// So many more like it may stand beside it.
pub(super) fn repeatable(
    scene: &Scene,
    service: &ServiceId,
    blueprint: &Blueprint,
    more: usize,
) -> Result<(), Refusal> {
    let no = |why: String, remedy: &str| Err(scene.impossible(service, why, remedy));
    if service.project.is_none() {
        return no(
            "it is a lone container, which is one by its nature".to_owned(),
            "Make it a service of a compose file.",
        );
    }
    if let Some(number) = blueprint.fixed_ports.iter().find_map(|port| port.host).map(|(_, number)| number) {
        return no(
            format!("it publishes host port {number}, which only one can hold"),
            "Publish the container's port without a host port (or a range of them), put a proxy in front, and docker compose up -d.",
        );
    }
    if let Some((first, last, free)) = free_ports(scene, blueprint).into_iter().find(|range| range.2 < more) {
        return no(
            format!("{more} more need host ports from {first} to {last}, and {free} of these are free"),
            "Widen the range in the compose file, and docker compose up -d.",
        );
    }
    if blueprint.fixed_name {
        return no(
            format!("its name is fixed ({}), which only one can have", blueprint.name),
            "Take container_name out of the compose file, and docker compose up -d.",
        );
    }
    if let Some(address) = blueprint.addresses.first() {
        return no(
            format!("it has a static address ({address}), which only one can have"),
            "Take the address out of the compose file, and docker compose up -d.",
        );
    }
    match blueprint.shares_network.as_deref() {
        Some("host") | None => {}
        Some(other) => {
            return no(
                format!("it uses the network of {other}, where two would listen on the same ports"),
                "Give it a network of its own instead of network_mode.",
            );
        }
    }
    Ok(())
}

/// `--no-wait` leaves nothing to tell by whether a predecessor may go.
pub(super) fn unwatched(scene: &Scene, replaces: bool) -> Result<(), Refusal> {
    if scene.options.wait || !replaces {
        return Ok(());
    }
    Err(Refusal::impossible(
        &scene.intent.change,
        "anything without waiting for it",
        "only waiting shows whether the old replicas may go",
        "Leave --no-wait away; shorter gates can be set under [gate] in the config.",
    ))
}

/// A token that makes no spare's name would leave spares that nobody knows.
pub(super) fn unknown_token(scene: &Scene) -> Result<(), Refusal> {
    let token = &scene.options.token;
    if is_token(token) {
        return Ok(());
    }
    let why = format!("{token:?} is no token for an operation");
    Err(Refusal::impossible(&scene.intent.change, "anything", why, "This is a fault of quarterdeck."))
}
