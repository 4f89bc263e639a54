//! What a step does, in words: one column in a table, one line as it happens.

use std::collections::HashSet;

use crate::engine::{Act, Place, Step};
use crate::fleet::{HealthCheck, Limits, ReplicaId, Verb};
use crate::operate::{Direction, PlannedStep, Rule, Seen, Unit, Work};
use crate::text::human;

/// What a step does and did: `stop`, `stopped`.
struct Words(&'static str, &'static str);

fn words(step: &PlannedStep, direction: Direction) -> Words {
    let back = direction == Direction::Back;
    match &step.work {
        Work::Gate(gate) => match gate.rule {
            Rule::Healthy => Words("wait", "healthy"),
            Rule::Stays(_) => Words("wait", "steady"),
            Rule::Settles(_) => Words("wait", "settled"),
            Rule::Completes => Words("wait", "completed"),
            Rule::Converged => Words("wait", "converged"),
        },
        Work::Step(Step::Act(Act { verb, .. })) if back => match verb {
            Verb::Start => Words("stop again", "stopped"),
            Verb::Stop => Words("start again", "started"),
            Verb::Pause => Words("unpause", "unpaused"),
            Verb::Unpause => Words("pause again", "paused"),
            Verb::Restart | Verb::Kill | Verb::Remove => Words("leave", "left"),
        },
        Work::Step(Step::Act(Act { verb: Verb::Kill, signal: Some(_), .. })) => Words("kill", "signalled"),
        Work::Step(Step::Act(Act { verb, .. })) => Words(verb.word(), verb.done()),
        Work::Step(Step::Pull { .. }) => Words("pull", "pulled"),
        Work::Step(Step::Create(_)) if back => Words("remove", "removed"),
        Work::Step(Step::Create(_)) => Words("create", "created"),
        Work::Step(Step::Rename { .. }) => Words("rename", "renamed"),
        Work::Step(Step::Policy { .. }) => Words("policy", "policy"),
        Work::Step(Step::Limit { .. }) => Words("limit", "limited"),
        Work::Step(Step::Discard { .. }) => Words("remove", "removed"),
        Work::Step(Step::Steer { .. }) => Words("update", "updated"),
    }
}

/// What a step does: `stop`, `rename`, …
pub(super) fn action(step: &PlannedStep, direction: Direction) -> &'static str {
    words(step, direction).0
}

/// What it did: `stopped`, `renamed`, …
pub(super) fn did(step: &PlannedStep, direction: Direction) -> &'static str {
    words(step, direction).1
}

/// Who is who in a plan: where replicas are replaced, the old and the new one have the same name.
#[derive(Debug, Default)]
pub(super) struct Cast {
    replaced: HashSet<ReplicaId>,
    /// Steps whose replicas take another one's place.
    made: HashSet<u32>,
}

impl Cast {
    /// Of these steps.
    pub(super) fn of(steps: &[PlannedStep]) -> Self {
        let mut cast = Self::default();
        for step in steps {
            if let Work::Step(Step::Create(create)) = &step.work
                && create.place == Place::Instead
            {
                cast.replaced.extend(create.like.is().cloned());
                cast.made.insert(step.number);
            }
        }
        cast
    }

    /// Whom a step is about, with what is worth telling: `api-1 → api-1.qd-x7k2q.old`,
    /// `api-1 (old)`.
    pub(super) fn object(&self, step: &PlannedStep, direction: Direction) -> String {
        let back = direction == Direction::Back;
        let turned = |from: &str, to: &str| {
            if back { format!("{to} → {from}") } else { format!("{from} → {to}") }
        };
        let name = self.name(step);
        match &step.work {
            Work::Step(Step::Rename { from, to, .. }) => turned(from, to),
            Work::Step(Step::Pull { reference }) => reference.to_string(),
            Work::Step(Step::Create(create)) if back => create.name.to_string(),
            Work::Step(Step::Create(create)) => format!("{} from {}", create.name, create.image.reference),
            Work::Step(Step::Policy { from, to, .. }) => format!("{name} restart {}", turned(from, to)),
            Work::Step(Step::Limit { from, to, .. }) => {
                format!("{name} {}", turned(&limits(from), &limits(to)))
            }
            _ => name,
        }
    }

    fn name(&self, step: &PlannedStep) -> String {
        let unit = match &step.work {
            Work::Step(step) => step.replica(),
            Work::Gate(gate) => gate.unit.as_ref(),
        };
        match unit {
            Some(Unit::Is(id)) if self.replaced.contains(id) => format!("{} (old)", step.name),
            Some(Unit::Made(number)) if self.made.contains(number) => format!("{} (new)", step.name),
            _ => step.name.to_string(),
        }
    }
}

/// `1.5 cpu 2.0G`, `none`.
fn limits(limits: &Limits) -> String {
    let cpus = limits.cpus.map(|cpus| format!("{} cpu", (cpus * 100.0).round() / 100.0));
    let memory = limits.memory.map(human::bytes);
    let parts: Vec<String> = cpus.into_iter().chain(memory).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(" ") }
}

/// What a gate sees, as short as it can be said: `starting, at most 42 s more: no route to host`.
pub(super) fn seen(seen: &Seen) -> String {
    let check = match seen.check {
        HealthCheck::None => None,
        HealthCheck::Starting => Some("starting"),
        HealthCheck::Healthy => Some("healthy"),
        HealthCheck::Unhealthy => Some("unhealthy"),
    };
    let state = check.or(seen.state.map(crate::fleet::State::word)).unwrap_or("waiting");
    // Whole seconds: tenths would flicker.
    let left = human::duration(std::time::Duration::from_secs(seen.remaining.as_secs()));
    let output = if seen.output.is_empty() { String::new() } else { format!(": {}", seen.output) };
    format!("{state}, at most {left} more{output}")
}

/// The id of the replica a step is about, in full; empty where there is none yet.
pub(super) fn id(step: &PlannedStep) -> String {
    step.replica().map(|id| id.id.to_string()).unwrap_or_default()
}
