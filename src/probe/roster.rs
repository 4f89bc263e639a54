//! Which targets there are now, from what the engine tells. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::rules::Rules;
use super::target::{Key, Lay, Target};
use super::work::{Asks, Work as _};
use crate::fleet::{Fleet, Observation, Replica, ReplicaId, Role, State};

/// All targets there are.
pub type Targets<W = Target> = Arc<BTreeMap<Key, Arc<W>>>;

/// Keeps the targets of all replicas that run. Of replicas that nobody asks anything of it keeps
/// nothing.
pub struct Roster<A: Asks = Rules> {
    rules: A,
    lay: Lay,
    by_replica: BTreeMap<ReplicaId, Noted<A::Target>>,
    /// Complaints that were told.
    told: BTreeSet<String>,
}

/// A replica that runs and of which something is asked.
struct Noted<W> {
    /// As it was told: how the land lies may be told after it.
    replica: Replica,
    targets: Vec<Arc<W>>,
}

/// Complaints about labels that are remembered, so that each is told once.
const TOLD: usize = 256;

impl<A: Asks> Roster<A> {
    /// Nothing known yet.
    pub fn new(rules: A) -> Self {
        Self { rules, lay: Lay::of(None), by_replica: BTreeMap::new(), told: BTreeSet::new() }
    }

    /// Nothing known yet but how the land lies; to go by other rules.
    #[must_use]
    pub fn anew(&self, rules: A) -> Self {
        Self { lay: self.lay.clone(), ..Self::new(rules) }
    }

    /// What the engine tells. The targets, where that changed them.
    pub fn observe(&mut self, observation: &Observation) -> Option<Targets<A::Target>> {
        let changed = match observation {
            Observation::Engine(engine) => {
                let lay = Lay::of(Some(engine));
                let moved = lay != self.lay;
                self.lay = lay;
                moved && self.note_again()
            }
            Observation::Synced { engine, replicas, .. } => {
                let listed: BTreeSet<&ReplicaId> = replicas.iter().map(|replica| &replica.id).collect();
                let before = self.by_replica.len();
                self.by_replica.retain(|id, _| id.engine != *engine || listed.contains(id));
                let gone = self.by_replica.len() != before;
                replicas.iter().fold(gone, |changed, replica| self.note(replica) || changed)
            }
            Observation::Applied { replica, .. } => self.note(replica),
            Observation::Removed { id, .. } => self.by_replica.remove(id).is_some(),
            _ => false,
        };
        changed.then(|| self.targets())
    }

    /// Put down all replicas once more; whether that changed anything.
    fn note_again(&mut self) -> bool {
        let all: Vec<Replica> = self.by_replica.values().map(|noted| noted.replica.clone()).collect();
        // Every one of them, whatever the others bring.
        all.iter().filter(|replica| self.note(replica)).count() > 0
    }

    /// Put down one replica; whether that changed anything.
    fn note(&mut self, replica: &Replica) -> bool {
        let counts = replica.role == Role::Replica && replica.state == State::Running;
        if !counts || !self.rules.concern(replica) {
            return self.by_replica.remove(&replica.id).is_some();
        }
        let (mut targets, wrong) = self.rules.of(replica, &self.lay);
        targets.retain(|target| !A::is_told(target));
        for sentence in wrong {
            if self.told.len() < TOLD && !self.told.contains(&sentence) {
                tracing::warn!("{sentence}");
                self.told.insert(sentence);
            }
        }
        let known = self.by_replica.get(&replica.id);
        let before = known.map(|known| known.targets.as_slice()).unwrap_or_default();
        let same = before.iter().map(Arc::as_ref).eq(&targets);
        let targets = targets.into_iter().map(Arc::new).collect();
        self.by_replica.insert(replica.id.clone(), Noted { replica: replica.clone(), targets });
        !same
    }

    /// All of them; what is about a service as a whole once, however many replicas it has.
    fn targets(&self) -> Targets<A::Target> {
        let all = self.by_replica.values().flat_map(|noted| &noted.targets);
        Arc::new(all.map(|target| (target.key(), target.clone())).collect())
    }

    /// The targets of a fleet as it stands, and what is wrong with its labels.
    pub fn survey(rules: &A, fleet: &Fleet) -> (Targets<A::Target>, Vec<String>) {
        let lay = Lay::of(fleet.engine());
        let mut wrong = BTreeSet::new();
        let mut targets = BTreeMap::new();
        for replica in fleet.services().flat_map(|service| fleet.replicas_of(&service.id)) {
            if replica.role != Role::Replica || replica.state != State::Running {
                continue;
            }
            let (found, complaints) = rules.of(replica, &lay);
            wrong.extend(complaints);
            targets.extend(found.into_iter().map(|target| (target.key(), Arc::new(target))));
        }
        (Arc::new(targets), wrong.into_iter().collect())
    }
}
