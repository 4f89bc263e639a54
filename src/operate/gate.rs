//! A gate's judgement: from what the engine says of a replica to *well*, *wait* or *failed*, with
//! the sentence. Pure: looks and times come in.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Direction, Gate, Rule, Seen};
use crate::engine::{Details, HealthSpec, Managed, UpdateState};
use crate::fleet::{Exit, HealthCheck, State};

/// How long an engine that went away in the middle may stay away beyond the deadline.
pub(super) const GRACE: Duration = Duration::from_mins(1);
/// How long after it came back it may take to bring its replicas up again.
const RISE: Duration = Duration::from_secs(5);
/// What a replica without HEALTHCHECK has to run for where the plan thought it would have one.
const STAY: Duration = Duration::from_secs(5);
/// What a replica may take to answer its first probe beyond what the probe itself allows.
const ANSWER: Duration = Duration::from_secs(5);
/// The longest health check output in a sentence, characters.
const OUTPUT: usize = 200;

/// A gate at work.
#[derive(Debug)]
pub(super) struct Watch {
    name: Arc<str>,
    rule: Rule,
    deadline: Duration,
    began: Instant,
    /// How long the engine was away since: time that nobody could use.
    away: Duration,
    /// Since when it is away.
    lost: Option<Instant>,
    /// Until when what is down may still come up: the engine itself came up only just now.
    rising: Option<Instant>,
    /// How often it had been restarted before it was started, if that is known.
    before: Option<u32>,
    base: Option<Base>,
    /// Since when it is seen to run.
    running: Option<Instant>,
    /// Since when it is seen to be well.
    became: Option<Instant>,
    /// Since when it was well, by an earlier gate.
    well: Option<Well>,
    output: String,
}

/// What tells that a replica was not restarted meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Base {
    restarts: Option<u32>,
    started: Option<Timestamp>,
}

/// That a replica became well, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Well {
    since: Instant,
    base: Base,
}

/// What a look led to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Look {
    /// Not yet.
    Waiting(Seen),
    /// The gate is open.
    Open,
    /// It won't open: the rest of a sentence that begins with the replica's name.
    Failed(String),
}

impl Watch {
    /// A gate that begins now. `before`: how often the replica had been restarted before this
    /// operation started it. `well`: by an earlier gate.
    pub(super) fn new(
        name: Arc<str>,
        gate: &Gate,
        before: Option<u32>,
        well: Option<Well>,
        now: Instant,
    ) -> Self {
        Self {
            name,
            rule: gate.rule.clone(),
            deadline: gate.deadline,
            began: now,
            away: Duration::ZERO,
            lost: None,
            rising: None,
            before,
            base: None,
            running: None,
            became: None,
            well,
            output: String::new(),
        }
    }

    /// When it became well, once it is.
    pub(super) fn well(&self) -> Option<Well> {
        let base = self.base?;
        let since = self.well.filter(|w| w.base == base).map(|w| w.since).or(self.became)?;
        Some(Well { since, base })
    }

    /// The engine does not answer. Whether that is still bearable.
    pub(super) fn lost(&mut self, now: Instant) -> bool {
        self.lost.get_or_insert(now);
        now.duration_since(self.began) <= self.away + self.deadline + GRACE
    }

    /// What is told while the engine does not answer.
    pub(super) fn blind(&self, why: &str, now: Instant) -> Seen {
        self.seen(None, HealthCheck::None, why.to_owned(), now)
    }

    /// The engine says this of the replica.
    pub(super) fn saw(&mut self, details: &Details, now: Instant) -> Look {
        self.found_again(now);
        let replica = &details.replica;
        if let Some(output) = last_output(details) {
            self.output = output;
        }
        if self.rule == Rule::Completes {
            return self.completes(details, now);
        }
        match replica.state {
            State::Running => self.runs(details, now),
            State::Exited
                if self.rising.is_some_and(|until| now < until) && details.restart_policy != "no" =>
            {
                self.wait(details, now)
            }
            State::Exited => Look::Failed(ended(replica.exit, details.error.as_deref(), &self.output)),
            State::Restarting => Look::Failed(format!(
                "does not stay up: {}",
                ended(replica.exit, details.error.as_deref(), &self.output)
            )),
            State::Removing | State::Dead => Look::Failed(format!("is {}", replica.state.word())),
            State::Created | State::Paused => {
                (self.running, self.became) = (None, None);
                self.wait(details, now)
            }
        }
    }

    fn completes(&self, details: &Details, now: Instant) -> Look {
        match (details.replica.state, details.replica.exit) {
            (State::Exited, Some(Exit { code: 0, .. }) | None) => Look::Open,
            (State::Exited | State::Dead | State::Restarting, exit) => {
                Look::Failed(ended(exit, details.error.as_deref(), &self.output))
            }
            (State::Removing, _) => Look::Failed("is being removed".to_owned()),
            _ => self.wait(details, now),
        }
    }

    fn runs(&mut self, details: &Details, now: Instant) -> Look {
        let replica = &details.replica;
        let seen = Base { restarts: replica.restarts, started: replica.started };
        let restarted = match (self.base.or(self.well.map(|w| w.base)), self.before, replica.restarts) {
            (Some(base), ..) => base != seen,
            // An engine that counts anew with every start shows less than before.
            (None, Some(before), Some(count)) => count > if count < before { 0 } else { before },
            _ => false,
        };
        if restarted {
            let why = format!("died and was started again{}", after(&self.output));
            return Look::Failed(why);
        }
        self.base = Some(seen);
        let running = *self.running.get_or_insert(now);
        let check = check(details);
        if check == HealthCheck::Unhealthy {
            return Look::Failed(format!("is unhealthy{}", after(&self.output)));
        }
        let well = check == HealthCheck::Healthy || (check == HealthCheck::None && details.health.is_none());
        let needed = match self.rule {
            Rule::Healthy if check == HealthCheck::None => STAY,
            Rule::Healthy | Rule::Completes | Rule::Converged => Duration::ZERO,
            Rule::Stays(time) | Rule::Settles(time) => time,
        };
        if !well {
            self.became = None;
            return self.wait(details, now);
        }
        // Without a check it is well as long as it runs; with one, since that first passed.
        let first = if check == HealthCheck::None { running } else { now };
        let became = *self.became.get_or_insert(first);
        let since = match (&self.rule, self.well) {
            (Rule::Settles(_), Some(well)) if well.base == seen => well.since,
            (Rule::Settles(_), _) => became,
            _ => running,
        };
        if now.duration_since(since) >= needed {
            return Look::Open;
        }
        self.wait(details, now)
    }

    /// The engine answers (again): what it did meanwhile to its replicas is not their fault.
    fn found_again(&mut self, now: Instant) {
        if let Some(lost) = self.lost.take() {
            self.away += now.duration_since(lost);
            self.rising = Some(now + RISE);
            (self.base, self.running, self.became) = (None, None, None);
            (self.well, self.before) = (None, None);
        }
    }

    /// The engine has nothing against it, and it does not answer as it should: `why`, a clause.
    /// `patience`: how long after its start it may take to answer, by its probes' own account.
    pub(super) fn unanswered(
        &mut self,
        details: &Details,
        why: &str,
        patience: Duration,
        now: Instant,
    ) -> Look {
        let allowed = self.allowed(details.health.as_ref()).max(patience + ANSWER) + self.away;
        if now.duration_since(self.began) > allowed {
            let time = span(allowed);
            return Look::Failed(format!("runs and does not answer as it should after {time}: {why}"));
        }
        let mut seen = self.seen(Some(details.replica.state), details.replica.check, why.to_owned(), now);
        seen.remaining = allowed.saturating_sub(now.duration_since(self.began));
        Look::Waiting(seen)
    }

    fn wait(&self, details: &Details, now: Instant) -> Look {
        let allowed = self.allowed(details.health.as_ref());
        if now.duration_since(self.began) > allowed + self.away {
            return Look::Failed(self.late(details, allowed));
        }
        let replica = &details.replica;
        let mut seen = self.seen(Some(replica.state), replica.check, self.output.clone(), now);
        seen.remaining = (allowed + self.away).saturating_sub(now.duration_since(self.began));
        Look::Waiting(seen)
    }

    /// A plan made for a replica without HEALTHCHECK knew nothing of the time that one takes.
    fn allowed(&self, health: Option<&HealthSpec>) -> Duration {
        match (&self.rule, health) {
            (Rule::Stays(_), Some(spec)) => self.deadline.max(natural(spec)),
            _ => self.deadline,
        }
    }

    fn late(&self, details: &Details, allowed: Duration) -> String {
        let time = span(allowed);
        let state = details.replica.state;
        match self.rule {
            Rule::Completes => format!("has not ended after {time}"),
            _ if state != State::Running => format!("is {} after {time}", state.word()),
            _ if details.health.is_some() => format!("is not healthy after {time}{}", after(&self.output)),
            _ => format!("did not stay up for long enough within {time}"),
        }
    }

    fn seen(&self, state: Option<State>, check: HealthCheck, output: String, now: Instant) -> Seen {
        let remaining = (self.deadline + self.away).saturating_sub(now.duration_since(self.began));
        Seen { name: self.name.clone(), state, check, output, remaining }
    }

    /// The engine says this of a service that it looks after itself.
    pub(super) fn converged(&mut self, managed: &Managed, direction: Direction, now: Instant) -> Look {
        let (running, wanted) = (managed.running, managed.wanted);
        self.found_again(now);
        let message = managed.update.as_ref().map(|u| one_line(&u.message)).unwrap_or_default();
        let update = managed.update.as_ref().map(|u| u.state);
        let under_way = match update {
            Some(UpdateState::Paused) => return Look::Failed(format!("was not updated{}", after(&message))),
            Some(UpdateState::RollbackPaused) => {
                return Look::Failed(format!("was not rolled back{}", after(&message)));
            }
            Some(UpdateState::RollingBack | UpdateState::RolledBack) if direction == Direction::Forward => {
                return Look::Failed(format!("was rolled back by the engine{}", after(&message)));
            }
            Some(UpdateState::Updating | UpdateState::RollingBack) => true,
            Some(UpdateState::Completed | UpdateState::RolledBack) | None => false,
        };
        // As many as wanted, and not more: those of which there are too many have to be chosen first,
        // and then to end.
        let enough = !under_way && running == wanted;
        if enough && managed.leaving == 0 {
            return Look::Open;
        }
        let spent = now.duration_since(self.began);
        if spent > self.deadline + self.away {
            if enough {
                // What is slow to end does so without anybody waiting for it.
                return Look::Open;
            }
            let time = span(self.deadline);
            return Look::Failed(format!(
                "has {running} of {wanted} replicas after {time}{}",
                after(&message)
            ));
        }
        let words = match managed.leaving {
            _ if !message.is_empty() => message,
            0 => format!("{running} of {wanted} replicas"),
            leaving => format!("{running} of {wanted} replicas, {leaving} ending"),
        };
        Look::Waiting(self.seen(None, HealthCheck::None, words, now))
    }
}

/// How long a replica may take to be well by its own health check: as long as that could fail
/// before it counts, and a little.
pub(super) fn natural(spec: &HealthSpec) -> Duration {
    // Zero stands for Docker's default.
    let or = |time: Duration| if time.is_zero() { Duration::from_secs(30) } else { time };
    let retries = if spec.retries == 0 { 3 } else { spec.retries.min(1_000) };
    let time = spec.start_period + (or(spec.interval) + or(spec.timeout)) * retries + or(spec.interval);
    (time + Duration::from_secs(10)).max(Duration::from_secs(30))
}

/// What its HEALTHCHECK says, where it says it of this run: a result from before the last start is
/// none.
fn check(details: &Details) -> HealthCheck {
    let replica = &details.replica;
    let stale = match (details.health_log.last(), replica.started) {
        (Some(last), Some(started)) => last.end < started,
        _ => false,
    };
    if stale && replica.check == HealthCheck::Unhealthy { HealthCheck::Starting } else { replica.check }
}

/// `exited with 1: curl: (7) …`.
fn ended(exit: Option<Exit>, error: Option<&str>, output: &str) -> String {
    let how = match exit {
        Some(Exit { oom: true, .. }) => "was killed: out of memory".to_owned(),
        Some(Exit { code, .. }) => format!("exited with {code}"),
        None => "exited".to_owned(),
    };
    match error.map(one_line).filter(|e| !e.is_empty()) {
        Some(error) => format!("{how}: {error}"),
        None => format!("{how}{}", after(output)),
    }
}

fn after(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!(": {output}") }
}

/// What the last check of this run printed.
fn last_output(details: &Details) -> Option<String> {
    let last = details.health_log.last()?;
    let ours = details.replica.started.is_none_or(|started| last.end >= started);
    ours.then(|| one_line(&last.output))
}

/// On one line, and not longer than a sentence bears.
fn one_line(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = line.char_indices().nth(OUTPUT) {
        line.truncate(at);
        line.push('…');
    }
    line
}

/// `30 s`, `500 ms`, `2 min 5 s`.
pub(super) fn span(time: Duration) -> String {
    let (seconds, ms) = (time.as_secs(), time.subsec_millis());
    match (seconds, ms) {
        (0, ms) => format!("{ms} ms"),
        (..60, 0) => format!("{seconds} s"),
        (..60, ms) => format!("{seconds}.{} s", ms / 100),
        _ if seconds % 60 == 0 => format!("{} min", seconds / 60),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
