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

mod job;
mod plan;
mod protect;
mod run;
mod target;
mod warn;
mod words;

#[cfg(test)]
mod tests;

pub use job::{Intent, JobId, Outcome, PlannedStep, Progress, StepOutcome};
pub use plan::{Confirm, Options, Plan, PlanRow, Refusal, Skipped, plan};
pub use protect::protects;
pub use run::run;
pub use target::Target;
