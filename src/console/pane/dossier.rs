//! What was learned by inspecting replicas: asked for once, again when the replica changed, and
//! bounded. Shared by the tabs that show details of one replica at a time.

use jiff::{SignedDuration, Timestamp};

use super::{Scene, Target, scope};
use crate::console::Effect;
use crate::engine::{Details, EngineError};
use crate::fleet::{HealthCheck, Replica, ReplicaId, State};

/// So many replicas are remembered; flipping through rows then shows at once what was seen before.
const REMEMBERED: usize = 16;
/// An unanswered question is asked again after this long.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// Health results are asked for no more often than this, however short the check's interval.
const REFRESH_MIN: SignedDuration = SignedDuration::from_secs(3);
/// …and no less often than this while they are looked at.
const REFRESH_MAX: SignedDuration = SignedDuration::from_secs(30);

/// What makes an old answer out of date.
type Mark = (State, HealthCheck, Option<u32>, Option<Timestamp>, Option<Timestamp>);

fn mark(replica: &Replica) -> Mark {
    (replica.state, replica.check, replica.restarts, replica.started, replica.finished)
}

#[derive(Debug)]
struct Entry {
    id: ReplicaId,
    asked: Timestamp,
    mark: Mark,
    pending: bool,
    details: Option<Box<Details>>,
    error: Option<EngineError>,
}

/// What is known about a replica's details.
pub(super) enum Known<'a> {
    /// Asked, not answered yet.
    Waiting,
    /// Here they are; with the error of a later attempt, if that failed.
    Details(&'a Details, Option<&'a EngineError>),
    /// Asking failed.
    Failed(&'a EngineError),
}

/// The answers, and which replica of the target is shown.
#[derive(Debug, Default)]
pub(super) struct Dossier {
    /// Chosen by hand; else the most telling one is shown.
    chosen: Option<ReplicaId>,
    /// Most recently asked last.
    entries: Vec<Entry>,
}

impl Dossier {
    /// The row changed: the choice by hand is void.
    pub(super) fn retarget(&mut self) {
        self.chosen = None;
    }

    /// The replica shown for the target.
    pub(super) fn shown<'a>(&self, scene: &Scene<'a>) -> Option<&'a Replica> {
        let target = scene.target;
        self.chosen
            .as_ref()
            .and_then(|id| scene.fleet.replica(id))
            .filter(|r| belongs(r, target))
            .or_else(|| scope::telling(scene, target))
    }

    /// Show the next (`+1`) or the previous (`-1`) replica of the target, round and round. `false`
    /// when there is no other.
    pub(super) fn turn(&mut self, scene: &Scene<'_>, by: isize) -> bool {
        let all = scope::replicas(scene.fleet, scene.target);
        let at = self.shown(scene).and_then(|shown| all.iter().position(|r| r.id == shown.id));
        let Some(at) = at.filter(|_| all.len() > 1) else { return false };
        let next = (at.cast_signed() + by).rem_euclid(all.len().cast_signed()).cast_unsigned();
        self.chosen = all.get(next).map(|r| r.id.clone());
        true
    }

    /// What is known about a replica.
    pub(super) fn known(&self, id: &ReplicaId) -> Known<'_> {
        match self.entries.iter().find(|e| e.id == *id) {
            Some(Entry { details: Some(details), error, .. }) => Known::Details(details, error.as_ref()),
            Some(Entry { error: Some(error), .. }) => Known::Failed(error),
            _ => Known::Waiting,
        }
    }

    /// Ask for the shown replica's details where they are missing or out of date; `watching` also
    /// asks for new health results when the next check is over.
    pub(super) fn want(&mut self, scene: &Scene<'_>, watching: bool) -> Vec<Effect> {
        let Some(replica) = self.shown(scene) else { return Vec::new() };
        let now = scene.now;
        if let Some(entry) = self.entries.iter_mut().find(|e| e.id == replica.id) {
            let waited = now.duration_since(entry.asked);
            let due = if entry.pending {
                waited >= PATIENCE
            } else {
                entry.mark != mark(replica) || (watching && waited >= refresh(entry, now))
            };
            if !due {
                return Vec::new();
            }
            (entry.asked, entry.mark, entry.pending) = (now, mark(replica), true);
        } else {
            if self.entries.len() >= REMEMBERED {
                self.entries.remove(0);
            }
            self.entries.push(Entry {
                id: replica.id.clone(),
                asked: now,
                mark: mark(replica),
                pending: true,
                details: None,
                error: None,
            });
        }
        vec![Effect::Inspect(replica.id.clone())]
    }

    /// An answer came. `false` when nobody waits for it any more.
    pub(super) fn receive(&mut self, id: &ReplicaId, answer: &Result<Details, EngineError>) -> bool {
        let Some(entry) = self.entries.iter_mut().find(|e| e.id == *id) else { return false };
        entry.pending = false;
        match answer {
            Ok(details) => (entry.details, entry.error) = (Some(Box::new(details.clone())), None),
            Err(error) => entry.error = Some(error.clone()),
        }
        true
    }
}

/// How long after asking the next health result can be expected.
fn refresh(entry: &Entry, now: Timestamp) -> SignedDuration {
    let Some(spec) = entry.details.as_ref().and_then(|d| d.health.as_ref()) else { return REFRESH_MAX };
    let interval = SignedDuration::try_from(spec.interval).unwrap_or(REFRESH_MAX);
    let last = entry.details.as_ref().and_then(|d| d.health_log.last()).map_or(now, |l| l.end);
    // One second after the check should have ended, seen from when we asked.
    let until = last
        .duration_since(entry.asked)
        .saturating_add(interval)
        .saturating_add(SignedDuration::from_secs(1));
    until.clamp(REFRESH_MIN, REFRESH_MAX)
}

fn belongs(replica: &Replica, target: &Target) -> bool {
    match target {
        Target::Project(project) => replica.service.project == *project,
        Target::Service(id) => replica.service == *id,
        Target::Replica(id) => replica.id == *id,
    }
}
