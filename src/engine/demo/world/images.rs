//! Images: what this host has of them, what the registry has, and what comes of running them.

use std::sync::Arc;

use super::World;
use super::life::What;
use super::perform::Answer;
use crate::engine::demo::platform::{Fate, Release, Spec, Temper, in_full, split};
use crate::engine::demo::random::hash;
use crate::engine::{Done, EngineError, ImageFacts};
use crate::fleet::Image;

impl World {
    /// Every image of a repository, current or not.
    fn releases_of<'a>(&'a self, repository: &'a str) -> impl Iterator<Item = Release> + 'a {
        let kin = self.specs.iter().filter(move |spec| split(&spec.image).0 == repository);
        kin.flat_map(Spec::releases)
    }

    /// The image a reference stands for on this host.
    pub(super) fn stands_for(&self, reference: &str) -> Option<Arc<str>> {
        let reference = in_full(reference);
        if let Some(id) = self.pulled.get(&reference) {
            return Some(id.clone());
        }
        let (repository, _) = split(&reference);
        let mut releases = self.releases_of(repository);
        releases.find(|r| r.named_here && *r.image.reference == *reference).map(|r| r.image.id)
    }

    /// The image of that id, if this host has it.
    fn here(&self, id: &str) -> Option<Release> {
        let is_here = |r: &Release| r.here || self.pulled.values().any(|pulled| **pulled == *r.image.id);
        self.specs.iter().flat_map(Spec::releases).find(|r| *r.image.id == *id && is_here(r))
    }

    /// The image a container is to be made from, as it is then called: its reference, as long as
    /// that still stands for it, else its id.
    pub(super) fn image_for(&self, wanted: &Image) -> Result<Image, EngineError> {
        let missing = |what: &str| EngineError::NoImage {
            why: format!("the image {what} is not on this engine"),
            remedy: "Pull it, and try again.".to_owned(),
        };
        if wanted.id.is_empty() {
            let id = self.stands_for(&wanted.reference).ok_or_else(|| missing(&wanted.reference))?;
            return Ok(Image { reference: wanted.reference.clone(), id });
        }
        let release = self.here(&wanted.id).ok_or_else(|| missing(&wanted.id))?;
        let id = release.image.id;
        let still = self.stands_for(&wanted.reference).is_some_and(|stands| stands == id);
        Ok(Image { reference: if still { wanted.reference.clone() } else { id.clone() }, id })
    }

    /// What becomes of a new replica of a service, made from the image of that id.
    pub(super) fn fate_from(&self, spec: &Spec, id: &str) -> Fate {
        let own = spec.releases().into_iter().find(|r| *r.image.id == *id).map(|r| r.temper);
        let temper = own.unwrap_or_else(|| {
            let strange = self.specs.iter().flat_map(Spec::releases).find(|r| *r.image.id == *id);
            // What another service's data says of its own image says nothing of this one.
            strange.map(|r| r.temper).filter(|t| *t != Temper::Own).unwrap_or(Temper::Good)
        });
        spec.fate_of(temper)
    }

    /// What is known of an image on this host, by reference or id.
    pub(super) fn image_facts(&self, asked: &str) -> Option<ImageFacts> {
        let id =
            if asked.starts_with("sha256:") { self.here(asked)?.image.id } else { self.stands_for(asked)? };
        let named = self.specs.iter().flat_map(Spec::releases).filter(|r| r.named_here && r.image.id == id);
        // A tag that moved away since stands for another one now.
        let named = named.map(|r| r.image.reference).filter(|r| !self.pulled.contains_key(r));
        let pulled = self.pulled.iter().filter(|(_, stands)| **stands == id).map(|(r, _)| r.clone());
        let mut tags: Vec<Arc<str>> = named.chain(pulled).collect();
        tags.sort();
        tags.sort_unstable();
        tags.dedup();
        // Checks are compose's here, no image brings one.
        Some(ImageFacts { id, tags, health: None })
    }

    /// Get an image from the registry.
    pub(super) fn pull(&mut self, asked: &str) -> Answer {
        let reference = in_full(asked);
        let found = match self.in_registry(&reference) {
            Ok(found) => found,
            Err(error) => return (420, Err(error)),
        };
        let done = Ok(Done::Pulled { id: found.clone() });
        if self.stands_for(&reference).is_some_and(|stands| stands == found) {
            return (310, done);
        }
        let takes = 1_300 + (hash(self.seed, self.now) % 1_100).cast_signed();
        self.plan(self.now + takes, 0, 0, What::Arrive { reference, id: found });
        (takes, done)
    }

    /// An image has come; the reference stands for it from here on.
    pub(super) fn arrive(&mut self, reference: Arc<str>, id: Arc<str>) {
        self.pulled.insert(reference, id);
    }

    /// The image a full reference stands for in the registry.
    pub(super) fn in_registry(&self, reference: &str) -> Result<Arc<str>, EngineError> {
        let (repository, _) = split(reference);
        let failed = |why, remedy| Err(EngineError::NoImage { why, remedy });
        let odd = |c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/:".contains(c));
        if repository.is_empty() || repository.contains(odd) {
            let remedy = "Write it as name:tag, e.g. registry.example.com/shop/api:1.4.2.".to_owned();
            return failed(format!("{reference:?} is no image reference"), remedy);
        }
        let there: Vec<Image> = self.releases_of(repository).filter(|r| r.there).map(|r| r.image).collect();
        if there.is_empty() {
            return failed(
                format!(
                    "pull access denied for {repository}, repository does not exist or may require a login"
                ),
                "The demo's registry has the images of the demo's own services.".to_owned(),
            );
        }
        if let Some(found) = there.iter().find(|image| *image.reference == *reference) {
            return Ok(found.id.clone());
        }
        let mut tags: Vec<&str> = there.iter().map(Image::tag).collect();
        tags.dedup();
        failed(
            format!("manifest for {reference} not found: manifest unknown"),
            format!("The demo's registry has {}.", tags.join(", ")),
        )
    }
}
