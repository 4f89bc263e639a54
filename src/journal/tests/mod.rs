//! The journal as its users see it, on a real file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_days;
#[cfg(unix)]
mod crash;
mod history;
mod incidents;
mod locks;
mod postmortems;
mod records;
mod revisions;

use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::fleet::{EngineId, Image, SpecHash};

/// A place for a journal, gone at the end of the test.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("state/journal.db")
    }

    fn open(&self) -> Journal {
        Journal::open(&self.path()).unwrap()
    }
}

fn service(name: &str) -> ServiceId {
    ServiceId { engine: EngineId::new("docker"), project: Some("shop".into()), name: name.into() }
}

fn image(tag: &str) -> Image {
    Image { reference: format!("shop/api:{tag}").into(), id: format!("sha256:{tag}").into() }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// This process, as `name`.
fn me(name: &str) -> Who {
    Who { user: name.into(), ..Who::current(&|_| None) }
}

/// Somebody whose process is gone for certain.
fn dead() -> Who {
    Who { user: "ghost".into(), pid: u32::MAX, began: 1, ..Who::current(&|_| None) }
}

fn operation(services: &[&str], who: Who) -> NewOperation {
    NewOperation {
        instance: "one".into(),
        host: "prod-1".into(),
        endpoint: "unix:///var/run/docker.sock".into(),
        services: services.iter().map(|name| service(name)).collect(),
        change: "deploy".into(),
        sentence: "deploy shop/api 1 → 2".into(),
        plan: r#"{"any":"thing"}"#.into(),
        images: vec![(service("api"), image("1"), image("2"))],
        who,
    }
}

fn well(done: &str) -> StepEnd {
    StepEnd { ok: true, done: done.into(), note: String::new() }
}

fn end(state: OperationState) -> OperationEnd {
    OperationEnd { state, sentence: "so it ended".into(), took: Duration::from_micros(1_234_567) }
}

fn sighting(name: &str, tag: &str, second: i64) -> Sighting {
    Sighting { service: service(name), image: image(tag), spec: Some(SpecHash(7)), at: at(second), by: None }
}
