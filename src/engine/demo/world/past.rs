//! What was before the world began, for a journal that could not see it.

use std::time::Duration;

use jiff::Timestamp;

use super::World;
use super::birth::spec_hash;
use crate::engine::demo::platform::{Release, Spec, Temper};
use crate::engine::demo::random::{hash, named};
use crate::fleet::{Image, Limits, Revision, Role, ServiceId};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// An operation somebody carried out before the world began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastOperation {
    /// On which service.
    pub service: ServiceId,
    /// `deploy`, ….
    pub change: &'static str,
    /// What the service ran before.
    pub from: Image,
    /// What it was to run.
    pub to: Image,
    /// Who did it.
    pub who: &'static str,
    /// From where.
    pub origin: &'static str,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What became of it, one sentence.
    pub sentence: String,
}

impl World {
    /// What each service ran up to the world's beginning, a service's revisions oldest first:
    /// images this host still has, so that each can be rolled back to at once.
    pub fn history(&self) -> Vec<Revision> {
        let services = self.specs.iter().enumerate();
        let services = services.filter(|(_, spec)| spec.role == Role::Replica && spec.build == 0);
        services.flat_map(|(index, spec)| self.revisions(index, spec)).collect()
    }

    fn revisions(&self, index: usize, spec: &Spec) -> Vec<Revision> {
        let chance = named(self.seed ^ 0x4157, &spec.name);
        let releases = spec.releases();
        let current = releases.iter().position(|r| r.temper == Temper::Own).unwrap_or_default();
        let ran: Vec<&Release> = releases.iter().take(current + 1).collect();
        // When the newest came is known from its container, the others came every few days before.
        let mut came = self.arrived(index).min(-1);
        let mut firsts = vec![came];
        for nth in 1..ran.len() {
            let told = spec.past.get(nth - 1).map(|(_, ago)| -ago * 1_000);
            let days = 2 + (hash(chance, i64::try_from(nth).unwrap_or(0)) % 12).cast_signed();
            came = told.unwrap_or(came - days * DAY * 1_000 - (chance % 30_000_000).cast_signed());
            firsts.push(came);
        }
        firsts.reverse();
        let limits = Limits { cpus: spec.cpus, memory: spec.memory, pids: None };
        let service = self.service_of(spec);
        ran.into_iter()
            .enumerate()
            .map(|(nth, release)| Revision {
                service: service.clone(),
                number: u32::try_from(nth + 1).unwrap_or(u32::MAX),
                image: release.image.clone(),
                spec: Some(spec_hash(spec, limits)),
                first_seen: self.stamp(firsts[nth]),
                last_seen: self.stamp(firsts.get(nth + 1).map_or(0, |next| next - 1_000)),
                by: None,
                current: nth == current,
            })
            .collect()
    }

    /// When the first of a service's containers was made.
    fn arrived(&self, spec: usize) -> i64 {
        let units = self.units_of[spec].iter().filter_map(|&slot| self.units.get(slot));
        let created = units.map(|unit| self.millis(unit.replica.created));
        created.min().unwrap_or(-DAY * 1_000)
    }

    /// Operations before the world began, oldest first: yesterday, ada deployed what she looks after.
    pub fn past_operations(&self) -> Vec<PastOperation> {
        let name = self.platform.deployed_yesterday();
        let revisions: Vec<Revision> =
            self.history().into_iter().filter(|r| *r.service.name == *name).collect();
        let [.., before, now] = revisions.as_slice() else { return Vec::new() };
        let took = Duration::from_millis(13_400 + named(self.seed, name) % 4_000);
        vec![PastOperation {
            service: now.service.clone(),
            change: "deploy",
            from: before.image.clone(),
            to: now.image.clone(),
            who: "ada",
            origin: "10.0.0.17",
            at: now.first_seen,
            took,
            sentence: format!(
                "deployed {}: {} → {}, healthy after {} s",
                now.service.path(),
                before.image.tag(),
                now.image.tag(),
                took.as_secs()
            ),
        }]
    }
}
