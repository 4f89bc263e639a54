//! TCP: that it can be connected to, and that somebody is there.

use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::Wire;
use crate::probe::attempt::Outcome;
use crate::probe::words;

/// How long an engine's proxy takes to find out that nobody is behind a published port.
const PROXY: Duration = Duration::from_millis(250);

/// Connected; whether somebody is there. At a published port the engine's proxy accepts for a
/// replica that does not, and hangs up a moment later.
pub(super) async fn stays<S: Wire>(stream: &mut S, proxied: bool) -> Outcome {
    if !proxied {
        return Outcome::Passed;
    }
    let mut byte = [0];
    match tokio::time::timeout(PROXY, stream.read(&mut byte)).await {
        // Silent, or speaking first: there.
        Err(_) | Ok(Ok(1..)) => Outcome::Passed,
        Ok(Ok(0) | Err(_)) => {
            words::fail("the published port accepts and hangs up: nothing listens behind it")
        }
    }
}
