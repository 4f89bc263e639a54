//! The image a container is made from, and what it is called.

use std::sync::Arc;

use super::super::spec::Object;
use super::super::{Shared, images};
use crate::engine::EngineError;
use crate::fleet::Image;
use crate::text::sanitize::label;

/// An image that is there.
pub(super) struct Resolved {
    /// Its id.
    pub(super) id: String,
    /// What to call it: the reference as long as that stands for it, else its id.
    pub(super) reference: String,
    /// Its `Config`.
    pub(super) config: Arc<Object>,
}

/// Find the image: its id decides; without one, what the reference stands for now.
pub(super) async fn resolve(shared: &Shared, image: &Image) -> Result<Resolved, EngineError> {
    let wire = &shared.wire;
    let called = images::find(wire, &image.reference).await?;
    let by_reference = called.filter(|found| image.id.is_empty() || same(&found.id, &image.id));
    if let Some(found) = by_reference {
        let config = Arc::new(found.config.unwrap_or_default());
        return Ok(Resolved { id: found.id, reference: image.reference.to_string(), config });
    }
    let missing = || {
        let name = if image.reference.is_empty() { image.short_id() } else { &image.reference };
        let which = if image.id.is_empty() { String::new() } else { format!(" ({})", image.short_id()) };
        EngineError::NoImage {
            why: format!("the image {}{which} is not on this engine", label(name, 200)),
            remedy: "Pull it, or load it (docker load), and try again.".into(),
        }
    };
    if image.id.is_empty() {
        return Err(missing());
    }
    let config = shared.images.config(wire, &image.id).await?.ok_or_else(missing)?;
    Ok(Resolved { id: image.id.to_string(), reference: image.id.to_string(), config })
}

/// Whether two ids are one; engines differ in whether they name the kind of digest.
pub(super) fn same(a: &str, b: &str) -> bool {
    let digits = |id: &str| id.strip_prefix("sha256:").unwrap_or(id).to_owned();
    digits(a) == digits(b)
}
