//! Lifecycle verbs, one call each, over bollard.

use std::sync::Arc;
use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::{
    KillContainerOptions, RemoveContainerOptions, RestartContainerOptions, StopContainerOptions,
};
use tokio::time::timeout;

use super::super::wire::{CALL, Wire, segment};
use super::super::{failure, inspect};
use crate::engine::{Act, Done, EngineError};
use crate::fleet::Verb;

/// Time beyond its own stop timeout that a container may take to stop: unmounting, networks.
const GRACE: Duration = Duration::from_secs(30);
/// Docker's stop timeout where a container has none of its own.
const STOP: u32 = 10;
/// The longest stop timeout we wait for.
const LONGEST: u32 = 3600;

/// Do it. Ends when the engine says it is done.
pub(in crate::engine::docker) async fn act(wire: Arc<Wire>, step: Act) -> Result<Done, EngineError> {
    let what = step.replica.short().to_owned();
    let id = segment(&step.replica.id);
    let within = match step.verb {
        Verb::Stop | Verb::Restart => stop_time(&wire, &step).await? + GRACE,
        // Removing deletes the container's layers, which may be large.
        Verb::Remove => GRACE * 4,
        Verb::Start => GRACE * 2,
        Verb::Pause | Verb::Unpause | Verb::Kill => CALL,
    };
    let docker = wire.typed(within).await?;
    let seconds = step.timeout.map(|t| i32::try_from(t).unwrap_or(i32::MAX));
    let call = async {
        match step.verb {
            Verb::Start => docker.start_container(&id, None).await,
            Verb::Stop => {
                let options = StopContainerOptions { t: seconds, ..StopContainerOptions::default() };
                docker.stop_container(&id, Some(options)).await
            }
            Verb::Restart => {
                let options = RestartContainerOptions { t: seconds, ..RestartContainerOptions::default() };
                docker.restart_container(&id, Some(options)).await
            }
            Verb::Pause => docker.pause_container(&id).await,
            Verb::Unpause => docker.unpause_container(&id).await,
            Verb::Kill => {
                let signal = step.signal.clone().unwrap_or_else(|| "SIGKILL".into());
                docker.kill_container(&id, Some(KillContainerOptions { signal })).await
            }
            Verb::Remove => {
                // Volumes stay, also anonymous ones: what they hold can't be brought back. Only an
                // operation that takes back what it made a moment ago wants them gone.
                let options = RemoveContainerOptions { v: step.volumes, force: step.force, link: false };
                docker.remove_container(&id, Some(options)).await
            }
        }
    };
    let late = || wire.late(within, step.verb.word());
    match timeout(within, call).await.map_err(|_| late())? {
        Ok(()) => Ok(Done::Changed),
        Err(Error::DockerResponseServerError { status_code: 304, .. }) => Ok(Done::Unchanged),
        Err(Error::RequestTimeoutError) => Err(late()),
        Err(error) => match settle(&step, failure::bollard(error, &what, &wire.shown())) {
            Err(EngineError::Conflict { why })
                if step.verb == Verb::Remove && why.contains("in progress") =>
            {
                inspect::until_gone(&wire, &step.replica.id, within).await?;
                Ok(Done::Changed)
            }
            settled => settled,
        },
    }
}

/// Podman and Docker answer some requests that change nothing with a conflict instead of 304.
fn settle(step: &Act, error: EngineError) -> Result<Done, EngineError> {
    let (EngineError::Conflict { why } | EngineError::Failed { why, .. }) = &error else { return Err(error) };
    let kills = step.signal.as_deref().is_none_or(|signal| matches!(signal, "SIGKILL" | "KILL" | "9"));
    let nothing_to_do = match step.verb {
        Verb::Pause => why.contains("is already paused"),
        Verb::Unpause => why.contains("is not paused"),
        Verb::Kill if kills => {
            why.contains("is not running") || why.contains("can only kill running containers")
        }
        _ => false,
    };
    if nothing_to_do { Ok(Done::Unchanged) } else { Err(error) }
}

/// How long a stop may take by the container's own rules.
async fn stop_time(wire: &Wire, step: &Act) -> Result<Duration, EngineError> {
    let seconds = if let Some(seconds) = step.timeout {
        seconds
    } else {
        let own = inspect::fetch_bare(wire, &step.replica.id).await?.config.stop_timeout;
        // Negative means for ever.
        own.map_or(STOP, |s| u32::try_from(s).unwrap_or(LONGEST))
    };
    Ok(Duration::from_secs(seconds.min(LONGEST).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{EngineId, ReplicaId};

    #[test]
    fn a_conflict_that_means_nothing_to_do_is_no_error() {
        let id = ReplicaId { engine: EngineId::new("docker"), id: "x".into() };
        let settle = |verb, signal: Option<&str>, why: &str| {
            let act = Act { signal: signal.map(str::to_owned), ..Act::new(verb, id.clone()) };
            super::settle(&act, EngineError::Conflict { why: why.into() })
        };
        assert_eq!(settle(Verb::Pause, None, "Container x is already paused"), Ok(Done::Unchanged));
        assert_eq!(settle(Verb::Unpause, None, "Container x is not paused"), Ok(Done::Unchanged));
        assert_eq!(settle(Verb::Kill, None, "Container x is not running"), Ok(Done::Unchanged));
        assert!(settle(Verb::Kill, Some("SIGHUP"), "Container x is not running").is_err());
        assert!(settle(Verb::Pause, None, "Container x is not running").is_err());
        assert!(settle(Verb::Kill, None, "Container x is not paused").is_err());
    }
}
