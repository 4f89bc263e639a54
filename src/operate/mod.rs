//! Changes to a fleet: intent → plan → steps → outcome.
//!
//! Owns: what an intent means for which replicas, the order and concurrency of steps, progress
//! and outcome of every one. Must not: draw, ask, or print.

mod job;

pub use job::{Intent, JobId, Outcome, Progress, StepOutcome};
