//! The five platforms quarterdeck is for, on a real engine: each with the config a user of it would
//! write (`tests/platforms/{a,b,c,d,e}`), broken in every way it can be.
//!
//! `PostgreSQL`, Redis and nginx are real ones, out of Debian's packages. `MongoDB`, Kafka and
//! `OpenSearch` are in no Debian: `service/main.rs` answers the handshakes of the first two as their
//! documentation has them, so what is tested of those is that qd tells a good answer from a bad one,
//! not that a real server gives these.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod alerts;
mod faults;
mod inject;
mod matrix;
mod ports;
mod stage;
mod watching;
