//! Which images there are: what this host has, what the registry has, and what each is worth.
//!
//! Made up from the reference a service runs, by a rule that can be remembered: the next patch
//! works, the one after gets well and falls over, the next minor never gets healthy, the next major
//! exits at once, and nothing else exists. A tag without a version (`latest`) moves: the registry
//! has a newer build of it, which works.

use std::sync::Arc;

use super::program::Program;
use super::spec::{Fate, Last, Spec};
use crate::engine::demo::random::{Rng, named};
use crate::fleet::Image;

/// One image of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine::demo) struct Release {
    pub(in crate::engine::demo) image: Image,
    pub(in crate::engine::demo) temper: Temper,
    /// This host has it from the beginning.
    pub(in crate::engine::demo) here: bool,
    /// The reference stands for it on this host from the beginning.
    pub(in crate::engine::demo) named_here: bool,
    /// The reference stands for it in the registry.
    pub(in crate::engine::demo) there: bool,
}

/// What becomes of a replica made from an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::demo) enum Temper {
    /// What the platform's data says.
    Own,
    /// It works.
    Good,
    /// It never passes its check.
    Unwell,
    /// It exits at once.
    Unfit,
    /// It gets well, and falls over a moment later.
    Falls,
}

/// Words of a check that fails because of the release.
const UNWELL: &str =
    "{\"status\":\"error\",\"error\":\"schema is at 41, this release needs 42: migration 0042 is pending\"}";

impl Spec {
    /// Every image there is of it, oldest first.
    pub(in crate::engine::demo) fn releases(&self) -> Vec<Release> {
        let (repository, tag) = split(&self.image);
        let named = |tag: &str, build: i32, temper, here: bool, there: bool| Release {
            image: image(&format!("{repository}:{tag}"), build),
            temper,
            here,
            named_here: here && build == 0,
            there,
        };
        let mut all: Vec<Release> = self
            .earlier()
            .into_iter()
            .map(|(tag, build)| named(&tag, build, Temper::Good, true, build == 0))
            .collect();
        let version = Version::parse(tag).filter(Version::is_pinned);
        all.push(named(tag, 0, Temper::Own, true, version.is_some()));
        if let Some(version) = version {
            let last = version.numbers.len() - 1;
            let mut next = |at: usize, by: u32, temper| {
                all.push(named(&version.raised(at, by), 0, temper, false, true));
            };
            next(last, 1, Temper::Good);
            next(last, 2, Temper::Falls);
            if last > 1 {
                next(1, 1, Temper::Unwell);
            }
            next(0, 1, Temper::Unfit);
        } else {
            all.push(named(tag, 1, Temper::Good, false, true));
            for (tag, temper) in
                [("edge", Temper::Falls), ("next", Temper::Unwell), ("canary", Temper::Unfit)]
            {
                all.push(named(tag, 0, temper, false, true));
            }
        }
        all
    }

    /// The tags (and builds of them) it ran before, oldest first.
    fn earlier(&self) -> Vec<(String, i32)> {
        if !self.past.is_empty() {
            return self.past.iter().rev().map(|(tag, _)| ((*tag).to_owned(), 0)).collect();
        }
        let (_, tag) = split(&self.image);
        let Some(version) = Version::parse(tag).filter(Version::is_pinned) else {
            return vec![(tag.to_owned(), -2), (tag.to_owned(), -1)];
        };
        let one = version.lowered();
        let two = one.as_ref().and_then(Version::lowered);
        two.into_iter().chain(one).map(|version| (version.to_string(), 0)).collect()
    }

    /// What a container of it was made from at the world's beginning.
    pub(in crate::engine::demo) fn first_image(&self) -> Image {
        image(&self.image, self.build)
    }

    /// What becomes of a new replica made from an image of that temper.
    pub(in crate::engine::demo) fn fate_of(&self, temper: Temper) -> Fate {
        // A task ends, whatever its version.
        if self.program == Program::Task {
            return self.fate;
        }
        let boot = self.program.profile().boot_ms;
        let well = self.check.as_ref().map_or(boot, |check| check.first_after(boot));
        match temper {
            Temper::Own => self.fate,
            Temper::Good => Fate::Steady,
            Temper::Unwell if self.check.is_some() => Fate::Unwell { output: UNWELL },
            // Without a check, nobody would notice.
            Temper::Unwell => Fate::Crash { after_ms: boot + 900, code: 1, last: Last::Bug },
            Temper::Unfit => Fate::Crash { after_ms: 350, code: 1, last: Last::Unfit },
            Temper::Falls => Fate::Crash { after_ms: well + 1_500, code: 1, last: Last::Bug },
        }
    }
}

/// The image a reference stands for in every demo; `build` 0 is the current one of that tag.
fn image(reference: &str, build: i32) -> Image {
    let seed = if build == 0 { named(0, reference) } else { named(0, &format!("{reference}#{build}")) };
    Image { reference: reference.into(), id: format!("sha256:{}", Rng::new(seed).hex(64)).into() }
}

/// A reference in full: one without a tag means `latest`.
pub(in crate::engine::demo) fn in_full(reference: &str) -> Arc<str> {
    let (repository, tag) = split(reference);
    format!("{repository}:{tag}").into()
}

/// Repository and tag. A colon before the last `/` is a registry's port.
pub(in crate::engine::demo) fn split(reference: &str) -> (&str, &str) {
    let name = reference.rfind('/').map_or(0, |slash| slash + 1);
    match reference.get(name..).and_then(|last| last.find(':')) {
        Some(colon) => {
            reference.split_at_checked(name + colon).map_or((reference, "latest"), |(repository, tag)| {
                (repository, tag.get(1..).unwrap_or_default())
            })
        }
        None => (reference, "latest"),
    }
}

/// `v1.4.2-alpine` taken apart.
#[derive(Clone, Debug)]
struct Version {
    prefix: &'static str,
    numbers: Vec<u32>,
    suffix: String,
}

impl Version {
    fn parse(tag: &str) -> Option<Self> {
        let (prefix, rest) = tag.strip_prefix('v').map_or(("", tag), |rest| ("v", rest));
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (numbers, suffix) = rest.split_at_checked(end)?;
        let numbers = numbers.split('.').map(|n| n.parse().ok()).collect::<Option<Vec<u32>>>()?;
        Some(Self { prefix, numbers, suffix: suffix.to_owned() })
    }

    /// Whether it names one release; `7-alpine` names whatever of 7 is newest.
    fn is_pinned(&self) -> bool {
        self.numbers.len() > 1
    }

    /// The number at a place raised, those behind it back to 0.
    fn raised(&self, at: usize, by: u32) -> String {
        let now = self.numbers.get(at).copied().unwrap_or_default();
        self.with(at, now + by, 0).to_string()
    }

    /// A version that may have come before it; `None` before the first.
    fn lowered(&self) -> Option<Self> {
        let at = self.numbers.iter().rposition(|&n| n > 0)?;
        let now = self.numbers.get(at).copied()?;
        Some(self.with(at, now - 1, 4))
    }

    /// Another number at a place, and others behind it.
    fn with(&self, at: usize, number: u32, behind: u32) -> Self {
        let mut other = self.clone();
        for (i, n) in other.numbers.iter_mut().enumerate().skip(at) {
            *n = if i == at { number } else { behind };
        }
        other
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let numbers: Vec<String> = self.numbers.iter().map(ToString::to_string).collect();
        write!(f, "{}{}{}", self.prefix, numbers.join("."), self.suffix)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::spec::service;
    use super::*;

    fn tags(reference: &'static str) -> Vec<(String, Temper, bool, bool)> {
        let all = service("it", reference, Program::Node).releases();
        all.iter().map(|r| (r.image.tag().to_owned(), r.temper, r.here, r.there)).collect()
    }

    #[test]
    fn a_version_has_neighbours_that_follow_the_rule() {
        let own = |tag: &str, temper, here, there| (tag.to_owned(), temper, here, there);
        assert_eq!(
            tags("shop/api:1.4.0"),
            [
                own("1.3.3", Temper::Good, true, true),
                own("1.3.4", Temper::Good, true, true),
                own("1.4.0", Temper::Own, true, true),
                own("1.4.1", Temper::Good, false, true),
                own("1.4.2", Temper::Falls, false, true),
                own("1.5.0", Temper::Unwell, false, true),
                own("2.0.0", Temper::Unfit, false, true),
            ]
        );
        let tags: Vec<String> = tags("prom/prometheus:v2.54.1-x").into_iter().map(|t| t.0).collect();
        assert_eq!(tags[2..4], ["v2.54.1-x", "v2.54.2-x"]);
        assert_eq!(tags[6], "v3.0.0-x");
    }

    #[test]
    fn a_tag_without_a_version_moves() {
        let all = service("it", "shop/api:latest", Program::Node).releases();
        let builds: Vec<&Release> = all.iter().filter(|r| r.image.tag() == "latest").collect();
        let flags: Vec<_> = builds.iter().map(|r| (r.here, r.named_here, r.there)).collect();
        let (old, own, new) = ((true, false, false), (true, true, false), (false, false, true));
        assert_eq!(flags, [old, old, own, new]);
        let mut ids: Vec<&str> = all.iter().map(|r| &*r.image.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all.len(), "every build is an image of its own");
    }

    #[test]
    fn references_are_split_at_their_tag() {
        assert_eq!(split("registry:5000/shop/api"), ("registry:5000/shop/api", "latest"));
        assert_eq!(split("registry:5000/shop/api:2"), ("registry:5000/shop/api", "2"));
        assert_eq!(&*in_full("kong"), "kong:latest");
        assert_eq!(Version::parse("14.13-alpine").unwrap().to_string(), "14.13-alpine");
        assert!(!Version::parse("7-alpine").unwrap().is_pinned());
        assert!(Version::parse("latest").is_none());
    }
}
