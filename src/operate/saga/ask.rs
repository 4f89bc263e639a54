//! Engine calls: bounded in time, panics caught, and asked again when the engine went away.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::Saga;
use crate::engine::{Details, Done, EngineError, Order, Step};
use crate::fleet::{ReplicaId, ServiceId, Verb};
use crate::operate::gate::GRACE;

/// How long a call may take beyond the grace it was given.
const SLACK: Duration = Duration::from_secs(30);
/// The bound where the container's own stop timeout applies, which is not known here.
const UNKNOWN_GRACE: Duration = Duration::from_mins(2);
/// Getting an image: the registry may be far away, and only the user knows when it takes too long.
const PULL: Duration = Duration::from_hours(1);
/// Looking at a replica.
const LOOK: Duration = Duration::from_secs(15);
/// How often a step is asked again whose call was cut: it may have happened each time, and if the
/// engine dies of it, that has to end.
const CUTS: u32 = 3;
/// The first wait before asking again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// What a step led to, and whether it was asked for more than once.
pub(super) struct Answer {
    pub(super) result: Result<Done, EngineError>,
    pub(super) again: bool,
}

/// How much longer an engine that went away is waited for.
pub(super) struct Patience {
    since: Option<Instant>,
    cuts: u32,
    pause: Duration,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { since: None, cuts: 0, pause: PAUSES.0 }
    }

    /// How long to wait before asking again; `None`: not again.
    fn again(&mut self, error: &EngineError, now: Instant) -> Option<Duration> {
        let cut = match error {
            EngineError::Disconnected { .. } => 1,
            // A call that hung for its whole time is asked for once more, not three times.
            EngineError::Timeout { .. } => CUTS - 1,
            _ => 0,
        };
        self.cuts += cut;
        let since = *self.since.get_or_insert(now);
        if self.cuts > CUTS || now.duration_since(since) > GRACE {
            return None;
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(PAUSES.1);
        Some(pause)
    }

    /// Whether all the time is over.
    fn worn(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| now.duration_since(since) > GRACE)
    }
}

/// Whether the engine could not be reached, or went away in the middle of the answer; it may come
/// back.
pub(super) fn away(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::NoSocket { .. }
            | EngineError::Refused { .. }
            | EngineError::Unreachable { .. }
            | EngineError::Timeout { .. }
            | EngineError::Disconnected { .. }
    )
}

/// Whether a call that failed so may have had an effect all the same.
pub(super) fn maybe(error: &EngineError) -> bool {
    !matches!(
        error,
        EngineError::NoSocket { .. }
            | EngineError::Refused { .. }
            | EngineError::Forbidden { .. }
            | EngineError::Unreachable { .. }
            | EngineError::Gone { .. }
            | EngineError::NoImage { .. }
            | EngineError::Conflict { .. }
            | EngineError::Unsupported { .. }
            | EngineError::NotBegun { .. }
            | EngineError::ReadOnly
            | EngineError::Protected { .. }
            | EngineError::Changed { .. }
            | EngineError::Unrecorded { .. }
            | EngineError::Failed { status: 400..=499, .. }
    )
}

/// How long a step may take. `own`: the replica's own stop timeout, if that is known.
pub(super) fn bound(step: &Step, own: Option<Duration>) -> Duration {
    match step {
        Step::Act(act) => match (act.verb, act.timeout) {
            (Verb::Stop | Verb::Restart, Some(seconds)) => Duration::from_secs(seconds.into()) + SLACK,
            (Verb::Stop | Verb::Restart, None) => own.unwrap_or(UNKNOWN_GRACE).max(UNKNOWN_GRACE) + SLACK,
            // Deleting layers may take long.
            (Verb::Remove, _) => UNKNOWN_GRACE + SLACK,
            _ => SLACK + SLACK,
        },
        Step::Pull { .. } => PULL,
        _ => UNKNOWN_GRACE + SLACK,
    }
}

/// The replica's own stop timeout, where the engine tells.
pub(super) fn stop_timeout(details: &Details) -> Option<Duration> {
    let seconds = details.raw.get("Config")?.get("StopTimeout")?.as_u64()?;
    Some(Duration::from_secs(seconds.min(3600)))
}

impl Saga {
    /// Perform a step, also through an engine that goes away and comes back.
    pub(super) async fn ask(&self, service: &ServiceId, step: Step, own: Option<Duration>) -> Answer {
        let allowed = bound(&step, own);
        let mut patience = Patience::new();
        let mut again = false;
        loop {
            let order = Order { service: service.clone(), step: step.clone(), consent: self.consent };
            let result = self.once(order, allowed).await;
            let Err(error) = &result else { return Answer { result, again } };
            again |= maybe(error);
            if !self.wait_for_engine(&mut patience, error).await {
                return Answer { result, again };
            }
        }
    }

    async fn once(&self, order: Order, allowed: Duration) -> Result<Done, EngineError> {
        let during = match &order.step {
            Step::Act(act) => act.verb.word(),
            step => word(step),
        };
        // A bug in an engine must not leave a job on the screen for ever.
        let call = AssertUnwindSafe(async { self.engine.perform(order).await }).catch_unwind();
        match tokio::time::timeout(allowed, call).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(broke()),
            Err(_) => Err(EngineError::Timeout {
                endpoint: self.engine.endpoint(),
                seconds: allowed.as_secs(),
                during: format!("{during}; it may still happen"),
            }),
        }
    }

    /// Look at a replica, also through an engine that goes away and comes back.
    pub(super) async fn look(&self, id: &ReplicaId) -> Result<Details, EngineError> {
        let mut patience = Patience::new();
        loop {
            let result = self.look_once(id).await;
            let Err(error) = &result else { return result };
            if !self.wait_for_engine(&mut patience, error).await {
                return result;
            }
        }
    }

    /// Look at a replica now.
    pub(super) async fn look_once(&self, id: &ReplicaId) -> Result<Details, EngineError> {
        let call = AssertUnwindSafe(async { self.engine.inspect(id).await }).catch_unwind();
        match tokio::time::timeout(LOOK, call).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(broke()),
            Err(_) => Err(self.hung("inspect")),
        }
    }

    pub(super) fn hung(&self, during: &str) -> EngineError {
        let endpoint = self.engine.endpoint();
        EngineError::Timeout { endpoint, seconds: LOOK.as_secs(), during: during.to_owned() }
    }

    /// After a call failed: wait before it is made again. `false`: it is not made again.
    async fn wait_for_engine(&self, patience: &mut Patience, error: &EngineError) -> bool {
        if !away(error) {
            return false;
        }
        self.engine_was_away();
        if !self.patient() {
            return false;
        }
        let Some(pause) = patience.again(error, Instant::now()) else {
            if patience.worn(Instant::now()) {
                // Nothing else of this operation waits that long again.
                self.engine_is_gone();
            }
            return false;
        };
        tokio::select! {
            () = self.halt.cancelled() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }
}

fn broke() -> EngineError {
    EngineError::Garbage { why: "quarterdeck's own call broke; see its log".to_owned() }
}

/// What a step does, in one or two words.
pub(super) fn word<U>(step: &Step<U>) -> &'static str {
    match step {
        Step::Act(act) => act.verb.word(),
        Step::Pull { .. } => "pull",
        Step::Create(_) => "create",
        Step::Rename { .. } => "rename",
        Step::Policy { .. } => "restart policy",
        Step::Limit { .. } => "limits",
        Step::Discard { .. } => "remove",
        Step::Steer { .. } => "update",
    }
}
