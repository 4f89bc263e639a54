//! A container like another one.
//!
//! The engine makes it in one call; the networks beyond the first are connected after that, one by
//! one. Cut off in between, asking again finds the container by its name and does the rest; one that
//! a dying engine left without its volumes is made anew.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::super::spec::{self, Made, Order, Settings};
use super::super::wire::{CALL, Wire, segment};
use super::super::{Shared, inspect, map};
use super::image::{self, Resolved};
use crate::engine::{Create, Done, EngineError};
use crate::fleet::{Side, SpareName};
use crate::text::sanitize::label;

/// Time to make a container: an image's volume may have to be copied.
const MAKE: Duration = Duration::from_mins(2);

/// Make it, or find it made.
pub(super) async fn create(shared: &Shared, step: &Create) -> Result<Done, EngineError> {
    let wire = &shared.wire;
    if wire.greeting().await?.podman {
        return Err(EngineError::Unsupported {
            why:
                "Podman does not tell through its Docker API all that it takes to make another container like one"
                    .into(),
            remedy: "Make it anew with what made it (podman-compose up, podman run).".into(),
        });
    }
    let old = inspect::settings(wire, &step.like.id).await?;
    let network = shared_network(wire, &old).await?;
    let image = image::resolve(shared, &step.image).await?;
    let old_image = shared.images.config(wire, &old.image).await?;
    let old_image = old_image.ok_or_else(|| EngineError::NoImage {
        why: format!(
            "the image {} was made from is no longer on this engine, so its own settings can't be told from the image's",
            map::name(&old.name, &step.like)
        ),
        remedy: "Get that image back (docker pull, docker load), or make the container anew with what made it (docker-compose up).".into(),
    })?;
    let made = spec::make(
        &old,
        &Order {
            name: &step.name,
            reference: &image.reference,
            image_id: &image.id,
            image: &image.config,
            old_image: &old_image,
            number: step.number,
            place: step.place,
            limits: step.limits,
            network,
        },
    );
    let (id, fresh) = match ask(wire, &step.name, &made).await {
        Ok(id) => (id, true),
        Err(error) => match find(wire, &step.name, &error).await? {
            Some(found) if is_it(&found, &step.name, &made, &image) => {
                if spec::is_half_made(&found, &image.config) {
                    remove(wire, &found.id).await?;
                    (ask(wire, &step.name, &made).await?, true)
                } else {
                    (found.id, false)
                }
            }
            Some(_) => {
                return Err(EngineError::Conflict {
                    why: format!("the name {} is taken by another container", label(&step.name, map::NAME)),
                });
            }
            None => return Err(error),
        },
    };
    let connected = connect(wire, &id, &made, fresh).await;
    if let (Err(_), true) = (&connected, fresh) {
        // Half a container is of use to nobody. Should this fail too, discarding it by name is
        // left, and says why.
        let _ = remove(wire, &id).await;
    }
    connected?;
    Ok(Done::Made(map::id(&shared.id, &id)))
}

/// Away with one that was never of any use, and the volumes made for it.
async fn remove(wire: &Wire, id: &str) -> Result<(), EngineError> {
    let path = wire.versioned(&format!("/containers/{}?force=true&v=true", segment(id))).await?;
    wire.call_at(&path, Method::DELETE, None, CALL, "removing").await.map(|_| ())
}

/// The network mode of one that shares another container's network. That one may have been replaced
/// by this very operation: then its successor is meant.
async fn shared_network(wire: &Wire, old: &Settings) -> Result<Option<String>, EngineError> {
    let Some(other) = old.shares_network_of() else { return Ok(None) };
    let gone = |_| EngineError::Conflict { why: "the container whose network it shares is gone".into() };
    let look = async |name: &str| match inspect::settings(wire, name).await {
        Err(EngineError::Gone { what }) => Err(gone(what)),
        found => found,
    };
    let other = look(other).await?;
    match SpareName::parse(other.bare_name()) {
        Some(spare) if spare.side == Side::Old => {
            Ok(Some(format!("container:{}", look(spare.base).await?.id)))
        }
        _ => Ok(None),
    }
}

async fn ask(wire: &Wire, name: &str, made: &Made) -> Result<String, EngineError> {
    let path = format!("/containers/create?name={}", segment(name));
    let body = Value::Object(made.body.clone());
    let answer = match wire.post(&path, &body, MAKE, "").await {
        Ok(answer) => answer,
        // What is missing is named by the engine: another container (whose network or volumes
        // it shares), a network.
        Err(EngineError::Gone { what: why } | EngineError::Failed { status: 404, why }) => {
            return Err(EngineError::Conflict { why });
        }
        Err(error) => return Err(error),
    };
    let id = serde_json::from_slice::<Value>(&answer).ok();
    let id = id.as_ref().and_then(|answer| answer.get("Id")).and_then(Value::as_str);
    id.map(str::to_owned)
        .ok_or_else(|| EngineError::Garbage { why: "it made a container and does not say which".into() })
}

/// The container that has the name already, if that is why the engine refused.
async fn find(wire: &Wire, name: &str, refused: &EngineError) -> Result<Option<Settings>, EngineError> {
    if !matches!(refused, EngineError::Conflict { why } if why.contains("already in use")) {
        return Ok(None);
    }
    match inspect::settings(wire, name).await {
        Ok(found) if found.bare_name() == name => Ok(Some(found)),
        // It was removed in between: the refusal stands.
        Ok(_) | Err(EngineError::Gone { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a container of that name is what we would have made. A successor's name is an
/// operation's own; others may have been given by anybody.
fn is_it(found: &Settings, name: &str, made: &Made, image: &Resolved) -> bool {
    if !image::same(&found.image, &image.id) {
        return false;
    }
    if SpareName::parse(name).is_some_and(|spare| spare.side == Side::New) {
        return true;
    }
    let labels = made.body.get("Labels").and_then(Value::as_object);
    let wanted = |key: &str| labels?.get(&format!("com.docker.compose.{key}"))?.as_str();
    let alike = ["project", "service", "container-number", "config-hash"]
        .iter()
        .all(|key| found.compose(key) == wanted(key));
    let host = made.body.get("HostConfig").and_then(Value::as_object);
    alike && host.is_some_and(|host| spec::likeness(host) == spec::likeness(found.host()))
}

/// Connect the networks beyond the first, as far as they are not.
async fn connect(wire: &Wire, id: &str, made: &Made, fresh: bool) -> Result<(), EngineError> {
    if made.connect.is_empty() {
        return Ok(());
    }
    // One that was just made is known to hang on its first network only.
    let found = if fresh { None } else { Some(inspect::settings(wire, id).await?) };
    let hangs_on = |network: &str| found.as_ref().map(|it| it.networks().contains_key(network));
    for end in &made.connect {
        if hangs_on(&end.network) == Some(true) {
            continue;
        }
        let path = format!("/networks/{}/connect", segment(&end.network));
        let body = json!({"Container": id, "EndpointConfig": end.settings});
        match wire.post(&path, &body, CALL, "").await {
            Ok(_) => {}
            Err(EngineError::Conflict { why }) if why.contains("already exists in network") => {}
            Err(EngineError::Gone { what: why } | EngineError::Failed { status: 404, why }) => {
                return Err(EngineError::Conflict { why });
            }
            Err(error) => return Err(error),
        }
    }
    match &made.disconnect {
        Some(network) if hangs_on(network) != Some(false) => {
            let path = format!("/networks/{}/disconnect", segment(network));
            let body = json!({"Container": id, "Force": true});
            match wire.post(&path, &body, CALL, "").await {
                Err(EngineError::Conflict { why }) if why.contains("is not connected") => Ok(()),
                other => other.map(|_| ()),
            }
        }
        _ => Ok(()),
    }
}
