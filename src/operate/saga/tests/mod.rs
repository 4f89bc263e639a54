//! The runner over a yard of containers in memory, with a notebook for a journal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod acts;
mod crash;
mod deploy;
mod gates;
mod notes;
mod plans;

pub(super) use notes::Notes;
