//! Where to look first: of many services that are not well, those that no other one explains.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::Dependencies;
use crate::fleet::verdict::OOM_KILLED;
use crate::fleet::{Health, ServiceId, Since};
use crate::text::human;

/// So much later than what it explains may a cause be seen: whoever needs it may notice before its
/// own check does.
const NOTICED: SignedDuration = SignedDuration::from_mins(2);
/// Services not well that are looked at as causes: with more, everything is broken.
const LOOKED_AT: usize = 256;

/// One place to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The service.
    pub service: ServiceId,
    /// How it stands.
    pub standing: Since,
    /// Services that are not well because of it, the nearest first.
    pub explains: Vec<ServiceId>,
}

impl Cause {
    /// `look first at postgres: it explains order, auth and 3 more`; nothing where it explains none.
    pub fn sentence(&self) -> Option<String> {
        let named: Vec<String> = self.explains.iter().map(|id| id.name.to_string()).collect();
        let it = &self.service.name;
        (!named.is_empty()).then(|| format!("look first at {it}: it explains {}", human::list(&named, 4)))
    }

    /// `takes 5 with it`, `takes order with it`; nothing where it explains none.
    pub fn takes(&self) -> Option<String> {
        match self.explains.as_slice() {
            [] => None,
            [one] => Some(format!("takes {} with it", one.name)),
            several => Some(format!("takes {} with it", several.len())),
        }
    }
}

/// What is not well, ordered by where to look first.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Causes {
    first: Vec<Cause>,
    because: HashMap<ServiceId, (usize, ServiceId)>,
}

impl Causes {
    /// Where to look, first things first: what explains most, then the worst, then what began first.
    /// Also what explains nothing but itself; what was stopped on purpose only where it explains
    /// something.
    pub fn first(&self) -> &[Cause] {
        &self.first
    }

    /// The one that explains most, where any explains others.
    pub fn main(&self) -> Option<&Cause> {
        self.first.first().filter(|cause| !cause.explains.is_empty())
    }

    /// What this one explains, and its place among causes; `None` where it explains nothing.
    pub fn explaining(&self, id: &ServiceId) -> Option<(usize, &Cause)> {
        let found = self.first.iter().enumerate().find(|(_, cause)| cause.service == *id);
        found.filter(|(_, cause)| !cause.explains.is_empty())
    }

    /// Because of which other service this one is not well, where one is seen.
    pub fn because(&self, id: &ServiceId) -> Option<&ServiceId> {
        self.because.get(id).map(|(_, cause)| cause)
    }

    /// What to sort by: causes in their order, each followed by what it explains; then all that
    /// is well.
    pub fn rank(&self, id: &ServiceId) -> (usize, bool) {
        if let Some((place, _)) = self.because.get(id) {
            return (*place, true);
        }
        let place = self.first.iter().position(|cause| cause.service == *id);
        (place.unwrap_or(usize::MAX), false)
    }
}

/// A service that is not well.
struct Ill<'s> {
    node: usize,
    id: &'s ServiceId,
    standing: &'s Since,
}

impl Ill<'_> {
    /// Whether others can be ill because of it, as far as how they stand tells.
    fn may_explain(&self, other: &Self) -> bool {
        let gone = |health| matches!(health, Health::Stopped | Health::Paused);
        if gone(other.standing.health) {
            // Somebody did that.
            return false;
        }
        // Nobody else's fault.
        if other.standing.why.contains(OOM_KILLED) {
            return false;
        }
        // What works in part does not take others down.
        let partly = matches!(self.standing.health, Health::Starting | Health::Degraded);
        if partly && other.standing.health.is_broken() {
            return false;
        }
        match (self.standing.at, other.standing.at) {
            (Some(mine), Some(theirs)) => mine.duration_since(theirs) <= NOTICED,
            _ => true,
        }
    }

    /// Whether it was ill for long when the other one became so.
    fn long_before(&self, other: &Self) -> bool {
        let times = self.standing.at.zip(other.standing.at);
        times.is_some_and(|(mine, theirs)| theirs.duration_since(mine) > NOTICED)
    }
}

/// Older first; what began nobody knows when comes last.
fn age(at: Option<Timestamp>) -> Timestamp {
    at.unwrap_or(Timestamp::MAX)
}

impl Dependencies {
    /// Which of these services explain others of them. `standing`: how all services stand.
    pub fn causes<'s>(&self, standing: impl Iterator<Item = (&'s ServiceId, &'s Since)>) -> Causes {
        let mut ill: Vec<Ill<'s>> = standing
            .filter(|(_, since)| !since.health.is_well())
            .filter_map(|(id, standing)| Some(Ill { node: *self.index.get(id)?, id, standing }))
            // What was to run to its end, and did.
            .filter(|ill| !(ill.standing.health == Health::Stopped && self.ends(ill.node)))
            .collect();
        // The worst first, then the oldest: of two that explain each other, the first one does.
        ill.sort_by_key(|ill| (std::cmp::Reverse(ill.standing.health), age(ill.standing.at), ill.id));
        let parents = self.parents(&ill);
        let roots: Vec<usize> = (0..ill.len()).map(|at| root(&parents, at)).collect();
        let mut first: Vec<(usize, Vec<(u32, &ServiceId)>)> = Vec::new();
        for (at, one) in ill.iter().enumerate() {
            if roots.get(at) != Some(&at) {
                continue;
            }
            let theirs =
                ill.iter().enumerate().filter(|(other, _)| *other != at && roots.get(*other) == Some(&at));
            let depth = |other: usize| parents.get(other).and_then(|p| p.as_ref()).map_or(0, |p| p.depth);
            let mut explains: Vec<(u32, &ServiceId)> =
                theirs.map(|(other, it)| (depth(other), it.id)).collect();
            explains.sort_unstable();
            if one.standing.health != Health::Stopped || !explains.is_empty() {
                first.push((at, explains));
            }
        }
        first.sort_by(|(a, a_explains), (b, b_explains)| {
            b_explains.len().cmp(&a_explains.len()).then_with(|| a.cmp(b))
        });
        let mut causes = Causes::default();
        for (place, (at, explains)) in first.into_iter().enumerate() {
            let Some(one) = ill.get(at) else { continue };
            for (_, id) in &explains {
                causes.because.insert((*id).clone(), (place, one.id.clone()));
            }
            let explains = explains.into_iter().map(|(_, id)| id.clone()).collect();
            causes.first.push(Cause { service: one.id.clone(), standing: one.standing.clone(), explains });
        }
        causes
    }

    fn ends(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|node| node.ends)
    }

    /// For each that is ill, the nearest that explains it.
    fn parents(&self, ill: &[Ill<'_>]) -> Vec<Option<Parent>> {
        let mut at_node: Vec<Option<usize>> = vec![None; self.nodes.len()];
        for (at, one) in ill.iter().enumerate() {
            if let Some(place) = at_node.get_mut(one.node) {
                *place = Some(at);
            }
        }
        // Who reaches whom, before two that reach each other are told apart.
        let mut seen = vec![false; self.nodes.len()];
        let mut reached: HashMap<(usize, usize), u32> = HashMap::new();
        for (cause, one) in ill.iter().enumerate().take(LOOKED_AT) {
            self.above(one.node, &mut seen, |node, depth| {
                let other = at_node.get(node).copied().flatten();
                if let Some((at, other)) = other.and_then(|at| Some((at, ill.get(at)?)))
                    && one.may_explain(other)
                {
                    reached.insert((cause, at), depth);
                }
            });
        }
        let mut parents: Vec<Option<Parent>> = ill.iter().map(|_| None).collect();
        for (&(cause, at), &depth) in &reached {
            if at < cause && reached.contains_key(&(at, cause)) {
                continue;
            }
            // What was ill long before, while this one was well, is the lesser suspect.
            let (Some(one), Some(other)) = (ill.get(cause), ill.get(at)) else { continue };
            let candidate = Parent { long_before: one.long_before(other), depth, cause };
            if let Some(parent) = parents.get_mut(at)
                && parent.as_ref().is_none_or(|known| candidate < *known)
            {
                *parent = Some(candidate);
            }
        }
        parents
    }
}

/// What explains one: of several the least.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Parent {
    long_before: bool,
    depth: u32,
    cause: usize,
}

/// Follow what explains it to what nothing explains; in a ring, to the first of it.
fn root(parents: &[Option<Parent>], start: usize) -> usize {
    let above = |at: usize| parents.get(at).and_then(Option::as_ref).map(|parent| parent.cause);
    let mut at = start;
    for _ in 0..parents.len() {
        match above(at) {
            Some(cause) => at = cause,
            None => return at,
        }
    }
    // More steps than there are services: it is a ring, and we are in it.
    let (mut first, entered) = (at, at);
    while let Some(next) = above(at).filter(|next| *next != entered) {
        at = next;
        first = first.min(at);
    }
    first
}
