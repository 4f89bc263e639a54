//! Swarm on a real engine: its rows, what is said to it, and what it does by itself. The private
//! engine becomes a swarm of one node for each test, and is none again after it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod bad_days;
mod commands;
mod keys;
mod node;
mod rows;
mod steer;
mod tasks;
mod two_nodes;
