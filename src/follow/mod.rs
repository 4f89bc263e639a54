//! Log streams of a *subject*, which live through restart and recreate.
//!
//! Owns: which replicas' streams are open, cutting chunks into lines, merging by time, markers,
//! lag and drops. Must not: draw, or hold the lines (that is [`crate::logs`]).

mod subject;

pub use subject::{Batch, Subject};
