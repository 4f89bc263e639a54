//! Operations on a real engine, by command, as a user gives them: deploy, undo, roll back, scale,
//! and what is left behind (nothing).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod bad_days;
mod deploy;
mod overlap;
mod rollback;
mod scale;
mod stage;
