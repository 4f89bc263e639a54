//! Changes to a fleet: intent → plan → steps → outcome.
//!
//! Owns: what an intent means for which replicas ([`plan()`], pure), the order and concurrency of
//! steps, progress and outcome of every one ([`run()`]), and the sentences that say so. Must not:
//! draw, ask, or print.
//!
//! ```text
//!  targets + verb ──plan──▶ Plan { intent, skipped, warnings, confirm } ──(asked)──▶ run ──▶ Progress… Finished
//!                     └────▶ Refusal
//! ```

mod compose;
mod gate;
mod gate_times;
mod job;
mod look;
mod needs;
#[cfg(test)]
mod on_the_demo;
mod plan;
mod refusal;
mod revisions;
mod saga;
mod seat;
mod target;
#[cfg(test)]
mod testing;
mod token;
mod undo;
mod warn;
mod words;

#[cfg(test)]
mod tests;

pub use job::{
    Change, Direction, End, Expect, Gap, Gate, ImageChange, Intent, JobId, Outcome, Phase, PlannedStep,
    Progress, Pull, Rule, Seen, StepOutcome, Unit, Work, limited,
};
pub use look::{Look, LookError, look, survey};
pub use plan::{Confirm, Options, Plan, PlanJson, PlanRow, Seat, Skipped, plan, query};
pub use refusal::Refusal;
pub use revisions::{Back, choose};
pub use saga::{Bridge, Control, Resume, resume, run};
pub use target::Target;
pub use token::token;
pub use undo::undo;
