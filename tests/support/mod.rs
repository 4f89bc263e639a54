//! What several test suites share: a real terminal, a private engine, a faulty proxy, hostile text.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

pub mod docker;
pub mod hostile;
pub mod live;
pub mod proxy;
pub mod pty;
pub mod registry;
pub mod webhook;

use std::time::{Duration, Instant};

/// Poll until `check` gives something; panics with `what` after `within`.
///
/// The bound is a safety net against hanging, generous on purpose: it is no timing assertion.
pub fn eventually<T>(what: &str, within: Duration, mut check: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(began.elapsed() < within, "not within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
