//! What the schedule does again and again, and what a roster is made of: probes here, scrapes
//! elsewhere.

use super::target::{Key, Lay, Pace};
use crate::fleet::{Observation, Replica};

/// One thing to do again and again.
pub trait Work: PartialEq + Send + Sync + Sized + 'static {
    /// What doing it once comes to.
    type Done: Send + 'static;
    /// What is remembered from one time to the next.
    type State: Default + Send;
    /// What is told.
    type Fact: Send;

    /// What tells it from every other.
    fn key(&self) -> Key;
    /// How often.
    fn pace(&self) -> &Pace;
    /// Whether it is the same thing at the same place: what is remembered of the one holds for the
    /// other.
    fn is_still(&self, other: &Self) -> bool;
    /// It was done once more.
    fn ended(&self, state: &mut Self::State, done: Self::Done) -> Ended<Self::Fact>;
    /// Whether a fact is of the work with this key.
    fn is_of(fact: &Self::Fact, key: &Key) -> bool;
    /// Facts, as the fleet is told.
    fn told(facts: Vec<Self::Fact>) -> Observation;
    /// There is no such work any more.
    fn gone(key: Key) -> Observation;
}

/// What follows from having done something once.
pub struct Ended<F> {
    /// Whether it went well; `None` where that was not found out.
    pub passed: Option<bool>,
    /// What to tell, and whether that is news.
    pub fact: Option<(F, bool)>,
}

/// Who says what there is to do about a replica that runs.
pub trait Asks {
    /// What there is to do.
    type Target: Work;

    /// Whether anything could be.
    fn concern(&self, replica: &Replica) -> bool;
    /// All of it, and what is wrong with the replica's labels, each a sentence.
    fn of(&self, replica: &Replica, lay: &Lay) -> (Vec<Self::Target>, Vec<String>);
    /// Whether the engine itself tells what it comes to: a simulated one does, of what its own labels
    /// ask for.
    fn is_told(target: &Self::Target) -> bool;
}
