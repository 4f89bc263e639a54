//! Which image a change is about, for each replica, and whether it is there.

use std::sync::Arc;

use super::super::{Change, Pull, Refusal};
use super::scene::Scene;
use crate::engine::{HealthSpec, Survey};
use crate::fleet::{Image, ServiceId};

/// The image a replica is to be made from.
pub(super) struct Wanted {
    /// An empty id: whatever the reference stands for once it was got.
    pub image: Image,
    /// It has to be got first.
    pub pull: bool,
    /// Its HEALTHCHECK, where the image is here and decides; `None` = as the predecessor's.
    pub health: Option<Option<HealthSpec>>,
    /// It is what runs already.
    pub same: bool,
}

/// The reference without tag and digest.
pub(super) fn repository(reference: &str) -> &str {
    let reference = reference.split_once('@').map_or(reference, |(name, _)| name);
    match reference.rsplit_once(':') {
        // A colon before the last slash is a registry's port.
        Some((name, tag)) if !tag.contains('/') => name,
        _ => reference,
    }
}

/// Whether it names an image by its id, which no registry knows.
fn is_id(reference: &str) -> bool {
    let digits = reference.strip_prefix("sha256:").unwrap_or(reference);
    digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The reference to deploy on top of what runs: `:1.4.2` is another tag of the same repository.
fn reference(asked: Option<&Arc<str>>, current: &Image) -> Arc<str> {
    match asked {
        None => current.reference.clone(),
        Some(asked) if asked.starts_with(':') => format!("{}{asked}", repository(&current.reference)).into(),
        Some(asked) => asked.clone(),
    }
}

/// The images to ask the engine for, so that [`wanted`] can tell, given what runs.
pub(super) fn to_ask<'a>(change: &Change, current: impl Iterator<Item = &'a Image>) -> Vec<Arc<str>> {
    let mut all: Vec<Arc<str>> = Vec::new();
    let mut ask = |asked: Arc<str>| {
        if !asked.is_empty() && !all.contains(&asked) {
            all.push(asked);
        }
    };
    for image in current {
        match change {
            Change::Deploy { image: asked, .. } => {
                ask(reference(asked.as_ref(), image));
                ask(image.id.clone());
            }
            Change::Rollback { to, .. } => {
                ask(to.id.clone());
                ask(to.reference.clone());
                ask(image.id.clone());
            }
            Change::Recreate | Change::Limit { .. } | Change::Scale { .. } => ask(image.id.clone()),
            Change::Act(_) | Change::Up | Change::Down => {}
        }
    }
    all
}

/// The image to make a replica of this service from that runs `current` now.
///
/// # Errors
/// [`Refusal::Impossible`] when it is not there and can't be got.
pub(super) fn wanted(
    scene: &Scene,
    service: &ServiceId,
    current: &Image,
    health: Option<&HealthSpec>,
) -> Result<Wanted, Refusal> {
    match &scene.intent.change {
        Change::Deploy { image, pull } => {
            let mut wanted = deploy(scene, service, current, &reference(image.as_ref(), current), *pull)?;
            wanted.health = decided(scene.survey, current, health, &wanted);
            Ok(wanted)
        }
        Change::Rollback { to, .. } => {
            let mut wanted = rollback(scene, service, current, to)?;
            wanted.health = decided(scene.survey, current, health, &wanted);
            Ok(wanted)
        }
        _ if current.id.is_empty() || scene.survey.image(&current.id).is_some() => {
            Ok(Wanted { image: current.clone(), pull: false, health: None, same: false })
        }
        _ => Err(scene.impossible(
            service,
            format!("the image it runs ({}) is no longer on this engine", current.short_id()),
            "Deploy an image that is: qd deploy SERVICE IMAGE.",
        )),
    }
}

fn deploy(
    scene: &Scene,
    service: &ServiceId,
    current: &Image,
    reference: &Arc<str>,
    pull: Pull,
) -> Result<Wanted, Refusal> {
    if reference.is_empty() {
        return Err(scene.impossible(
            service,
            "nobody knows by which reference its image was asked for",
            "Name the image: qd deploy SERVICE IMAGE.",
        ));
    }
    let here = scene.survey.image(reference).map(|facts| facts.id.clone());
    let get = match pull {
        Pull::Always => !is_id(reference),
        Pull::Missing => here.is_none() && !is_id(reference),
        Pull::Never => false,
    };
    if here.is_none() && !get {
        let remedy = if pull == Pull::Never {
            format!("Get it first (docker pull {reference}), or leave --pull never away.")
        } else {
            "Deploy it by a reference that a registry knows.".to_owned()
        };
        return Err(scene.impossible(
            service,
            format!("there is no image {reference} on this engine"),
            remedy,
        ));
    }
    // Before it was got nobody knows what it will be.
    let id = if get { Arc::from("") } else { here.unwrap_or_default() };
    let same = !id.is_empty() && id == current.id;
    Ok(Wanted { image: Image { reference: reference.clone(), id }, pull: get, health: None, same })
}

fn rollback(scene: &Scene, service: &ServiceId, current: &Image, to: &Image) -> Result<Wanted, Refusal> {
    let by_id = scene.survey.image(&to.id);
    let by_name = || scene.survey.image(&to.reference).filter(|f| to.id.is_empty() || f.id == to.id);
    let Some(facts) = by_id.or_else(by_name) else {
        return Err(scene.impossible(
            service,
            format!("the image it ran ({} {}) is no longer on this engine", to.tag(), to.short_id()),
            format!(
                "Deploy {} if the registry still has it, or choose another revision (qd history SERVICE).",
                to.reference
            ),
        ));
    };
    let image = Image { reference: to.reference.clone(), id: facts.id.clone() };
    let same = image.id == current.id;
    Ok(Wanted { image, pull: false, health: None, same })
}

/// The HEALTHCHECK of what is made from the new image: the image's, unless the replica has one of
/// its own, which shows where it is not the old image's.
fn decided(
    survey: &Survey,
    current: &Image,
    own: Option<&HealthSpec>,
    wanted: &Wanted,
) -> Option<Option<HealthSpec>> {
    let old = survey.image(&current.id)?;
    let new = survey.image(&wanted.image.id).or_else(|| survey.image(&wanted.image.reference));
    let new = new.filter(|_| !wanted.image.id.is_empty())?;
    (old.health.as_ref() == own).then(|| new.health.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_alone_is_one_of_the_same_repository() {
        let now = |reference: &str| Image { reference: reference.into(), id: "sha256:aa".into() };
        for (current, asked, wanted) in [
            ("shop/api:1.3.9", Some(":1.4.2"), "shop/api:1.4.2"),
            ("registry:5000/api", Some(":2"), "registry:5000/api:2"),
            ("registry:5000/api:1", Some(":2"), "registry:5000/api:2"),
            ("api@sha256:0011", Some(":2"), "api:2"),
            ("api:1@sha256:0011", Some(":2"), "api:2"),
            ("api:1", Some("other:3"), "other:3"),
            ("api:latest", None, "api:latest"),
        ] {
            let asked = asked.map(Arc::from);
            assert_eq!(&*reference(asked.as_ref(), &now(current)), wanted, "{current}");
        }
    }

    #[test]
    fn ids_are_no_references() {
        let digits = "0123456789abcdef".repeat(4);
        assert!(is_id(&digits) && is_id(&format!("sha256:{digits}")));
        assert!(!is_id("api:latest") && !is_id(&format!("api@sha256:{digits}")) && !is_id("deadbeef"));
    }
}
