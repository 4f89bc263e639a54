//! Images: what a reference stands for, and the defaults containers were made with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::api::{Healthcheck, ImageInspected};
use super::inspect;
use super::spec::{self, Object, Settings};
use super::wire::{Wire, segment};
use crate::engine::{EngineError, ImageFacts};
use crate::fleet::SpecHash;
use crate::text::sanitize::label;

/// Images whose defaults are kept. An id never stands for something else.
const KEPT: usize = 512;
/// How long an image is taken for gone once it was not there.
const GONE: Duration = Duration::from_mins(1);
/// The longest reference, characters: what a registry takes.
const REFERENCE: usize = 512;

/// The defaults of images, by their ids.
#[derive(Default)]
pub(super) struct Images {
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone)]
enum Known {
    There(Arc<Object>),
    Gone(Instant),
}

impl Images {
    /// The `Config` of the image with that id; `None` where the engine no longer has it.
    ///
    /// # Errors
    /// When the engine can't tell.
    pub(super) async fn config(&self, wire: &Wire, id: &str) -> Result<Option<Arc<Object>>, EngineError> {
        match self.look(id) {
            Some(Known::There(config)) => return Ok(Some(config)),
            Some(Known::Gone(_)) => return Ok(None),
            None => {}
        }
        let config = find(wire, id).await?.map(|image| Arc::new(image.config.unwrap_or_default()));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT {
            known.clear();
        }
        let news = config.clone().map_or_else(|| Known::Gone(Instant::now()), Known::There);
        known.insert(id.to_owned(), news);
        Ok(config)
    }

    /// What is known of it, as far as that still holds.
    fn look(&self, id: &str) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let it = known.get(id).cloned()?;
        let holds = !matches!(it, Known::Gone(since) if since.elapsed() >= GONE);
        holds.then_some(it)
    }

    /// The fingerprint of a container's settings; `None` where the engine can't tell about its
    /// image just now.
    pub(super) async fn fingerprint(&self, wire: &Wire, of: &Settings) -> Option<SpecHash> {
        match self.config(wire, &of.image).await {
            Ok(image) => Some(spec::fingerprint(of, image.as_deref())),
            Err(error) => {
                tracing::info!(%error, image = %of.image, "the engine does not tell about an image");
                None
            }
        }
    }
}

/// An image by its id or a reference; `None` where the engine has none.
///
/// # Errors
/// When the engine can't tell.
pub(super) async fn find(wire: &Wire, name: &str) -> Result<Option<ImageInspected>, EngineError> {
    // What no image can be called needs no asking (and can't become another call).
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'/' | b':' | b'@' | b'-');
    if name.is_empty() || name.len() > REFERENCE || name.contains("..") || !name.bytes().all(fits) {
        return Ok(None);
    }
    match wire.get::<ImageInspected>(&format!("/images/{}/json", segment(name)), "").await {
        Ok(image) => Ok(Some(image)),
        // "No such image"; Podman has other words, the status is the same.
        Err(EngineError::Gone { .. } | EngineError::Failed { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What planning wants to know of an image.
pub(super) fn facts(image: &ImageInspected) -> ImageFacts {
    let names = image.repo_tags.iter().chain(&image.repo_digests).flatten();
    let check: Option<Healthcheck> = image
        .config
        .as_ref()
        .and_then(|config| config.get("Healthcheck"))
        .and_then(|check| serde_json::from_value(check.clone()).ok());
    ImageFacts {
        id: label(&image.id, REFERENCE),
        tags: names.map(|name| label(name, REFERENCE)).filter(|name| !name.starts_with("<none>")).collect(),
        health: check.as_ref().and_then(inspect::health_spec),
    }
}
