//! How a step is taken back. Pure: a step carries what was before, so what undoes it follows from
//! the step alone.

use super::{PlannedStep, Unit, Work};
use crate::engine::{Act, Create, Done, Step};
use crate::fleet::{State, Verb};

/// The step that takes `step` back; `None` where there is nothing to take back, or it can't be.
/// `done` is what it led to; `None`: nobody knows whether it happened at all. What comes out can be
/// asked for in both cases.
pub fn undo(step: &PlannedStep, done: Option<&Done>) -> Option<Step<Unit>> {
    let Work::Step(work) = &step.work else { return None };
    // A stop that found the replica down already: it went down by itself meanwhile, and the engine
    // would have brought it up again, had we not been there.
    let stop = matches!(work, Step::Act(Act { verb: Verb::Stop, .. }));
    if done == Some(&Done::Unchanged) && !stop {
        return None;
    }
    match work.clone() {
        Step::Act(act) => opposite(act, step.state).map(Step::Act),
        Step::Create(Create { name, .. }) => Some(Step::Discard { name, made: None }),
        Step::Rename { replica, from, to } => {
            (from != to).then_some(Step::Rename { replica, from: to, to: from })
        }
        Step::Policy { replica, from, to } => {
            (from != to).then_some(Step::Policy { replica, from: to, to: from })
        }
        Step::Limit { replica, from, to } => {
            (from != to).then_some(Step::Limit { replica, from: to, to: from })
        }
        Step::Steer { service, from, to } => {
            (from != to).then_some(Step::Steer { service, from: to, to: from })
        }
        Step::Pull { .. } | Step::Discard { .. } => None,
    }
}

/// The verb that brings a replica back to the state it was in.
fn opposite(act: Act<Unit>, was: State) -> Option<Act<Unit>> {
    let was_up = matches!(was, State::Running | State::Restarting | State::Paused);
    // What an operation makes was not there before, whatever the plan says for words.
    let made = act.replica.is().is_none();
    let verb = match act.verb {
        Verb::Start if made || !was_up => Verb::Stop,
        Verb::Stop if was_up => Verb::Start,
        Verb::Pause if was != State::Paused => Verb::Unpause,
        Verb::Unpause if was == State::Paused => Verb::Pause,
        _ => return None,
    };
    Some(Act::new(verb, act.replica))
}
