//! The engine contract: one suite for every engine, on the demo fleet and on a real dockerd; and
//! what only a real one can show, checked against the docker CLI.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod contract;
mod hand;
mod logs;
mod machine;
mod platforms;
mod pull;
mod reads;
mod recreate;
mod replace;
mod scale;
mod steps;
mod survey;
