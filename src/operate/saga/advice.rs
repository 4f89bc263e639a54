//! What is said when an operation did not end as wanted: what state each replica is in, and what to
//! type.

use std::collections::HashSet;

use super::Saga;
use super::ask::away;
use super::forward::removes;
use crate::engine::{Act, Course, Create, Details, EngineError, Step};
use crate::fleet::{Exit, HealthCheck, Limits, State, Verb};
use crate::operate::{End, Phase, PlannedStep, Unit, Work};

impl Saga {
    /// The lines for an end.
    pub(super) async fn advice(&self, end: &End) -> Vec<String> {
        let mut lines = match end {
            End::Done => self.leftovers().await,
            End::Refused { .. } | End::Undone { .. } => Vec::new(),
            End::Failed { .. } | End::Interrupted { .. } => {
                self.states(matches!(end, End::Failed { .. })).await
            }
        };
        if let (End::Interrupted { .. }, Some(operation)) = (end, self.pen.operation()) {
            lines.push(format!("to go on: qd finish {operation}"));
            if !self.removed_any() {
                lines.push(format!("to go back: qd undo {operation}"));
            }
        }
        if let Some(why) = &self.told().unwritten {
            lines.push(format!("the journal misses parts of this: {why}"));
        }
        lines
    }

    /// What clearing up left behind.
    async fn leftovers(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (at, planned) in self.plan.steps.iter().enumerate() {
            if !self.clears_up(planned) || self.ledger().did(at) {
                continue;
            }
            let Some(id) = planned.replica() else { continue };
            match self.look_once(id).await {
                Err(EngineError::Gone { .. }) => {}
                Ok(details) => {
                    let name = &details.replica.name;
                    lines.push(format!("{name} is left over ({}): docker rm -f {name}", state(&details)));
                }
                Err(_) => {
                    lines.push(format!("{} may be left over: docker rm -f {}", planned.name, id.short()));
                }
            }
        }
        lines
    }

    /// A line for each replica that was begun with; many that are well are only counted, so that
    /// they don't hide the one that is not.
    async fn states(&self, ended: bool) -> Vec<String> {
        /// So many well ones are named.
        const NAMED: usize = 3;
        let (mut lines, mut well) = (Vec::new(), Vec::new());
        let mut told: HashSet<Unit> = HashSet::new();
        for (at, planned) in self.plan.steps.iter().enumerate() {
            if !self.ledger().ever(at) {
                continue;
            }
            let unit = match &planned.work {
                Work::Step(Step::Create(_)) => Unit::Made(planned.number),
                Work::Step(step) => match step.replica() {
                    Some(unit) => unit.clone(),
                    None => continue,
                },
                Work::Gate(gate) => match &gate.unit {
                    Some(unit) => unit.clone(),
                    None => continue,
                },
            };
            if told.insert(unit.clone()) {
                match self.line(&unit, planned, ended).await {
                    Some((line, true)) => well.push(line),
                    Some((line, false)) => lines.push(line),
                    None => {}
                }
            }
        }
        match well.len() {
            0..=NAMED => lines.extend(well),
            n if lines.is_empty() => lines.push(format!("all {n} that were begun with are up and well")),
            n => lines.push(format!("the other {n} that were begun with are up and well")),
        }
        for (at, planned) in self.plan.steps.iter().enumerate() {
            let Some(step @ Step::Steer { .. }) = self.back_of(at, planned, ended) else { continue };
            let Ok(step) = step.named(|unit| self.resolve(&unit)) else { continue };
            lines.extend(
                command(&step, "").map(|c| format!("{}: to bring it back: {c}", planned.service.path())),
            );
        }
        lines
    }

    /// What takes a step back that should have been taken back.
    fn back_of(&self, at: usize, planned: &PlannedStep, ended: bool) -> Option<Step<Unit>> {
        if !ended || !self.reverts || planned.phase != Phase::Forward {
            return None;
        }
        self.ledger().back(at, planned)
    }

    /// How it stands and what to type; and whether it is well and nothing is to be typed.
    async fn line(&self, unit: &Unit, planned: &PlannedStep, ended: bool) -> Option<(String, bool)> {
        let known = self.resolve(unit).ok();
        let looked = match &known {
            Some(id) => self.look_once(id).await,
            // It was to be made, and nobody knows whether it was.
            None if self.ledger().tried(self.place(planned)) => Err(EngineError::Interrupted),
            None => return None,
        };
        let mut name = planned.name.to_string();
        let says = match &looked {
            Ok(details) => {
                name = details.replica.name.to_string();
                format!("{name} is {}", state(details))
            }
            Err(EngineError::Gone { .. }) if unit.is().is_none() => return None,
            // Nothing that could be typed brings it back.
            Err(EngineError::Gone { .. }) => {
                return Some((format!("{name} is gone: somebody removed it"), false));
            }
            Err(error) if away(error) => format!("{name}: not known, the engine does not answer"),
            Err(_) => format!("{name} may have been made"),
        };
        let mut commands = Vec::new();
        let mut called = name;
        for (at, planned) in self.plan.steps.iter().enumerate().rev() {
            let about = match &planned.work {
                Work::Step(Step::Create(_)) => Unit::Made(planned.number) == *unit,
                Work::Step(step) => step.replica() == Some(unit),
                Work::Gate(_) => false,
            };
            if !about {
                continue;
            }
            let Some(back) = self.back_of(at, planned, ended) else { continue };
            let Ok(back) = back.named(|u| self.resolve(&u)) else { continue };
            if let Step::Rename { to, .. } = &back
                && **to == *called
            {
                continue;
            }
            commands.extend(command(&back, &called));
            if let Step::Rename { to, .. } = back {
                called = to.to_string();
            }
        }
        // What is to be removed need not be put right before.
        if let Some(last) = commands.iter().rposition(|c| c.starts_with("docker rm ")) {
            commands = commands.split_off(last);
            if let (Some(first), Ok(details)) = (commands.first_mut(), &looked) {
                *first = format!("docker rm -f -v {}", details.replica.name);
            }
        }
        if commands.is_empty() {
            return Some((says, looked.is_ok_and(|details| is_well(&details))));
        }
        Some((format!("{says}; to bring it back as it was: {}", commands.join(" && ")), false))
    }

    /// Whether a predecessor is removed, or may be: then there is no way back.
    pub(super) fn removed_any(&self) -> bool {
        let ledger = self.ledger();
        let mut steps = self.plan.steps.iter().enumerate();
        steps.any(|(at, step)| step.phase == Phase::Commit && removes(step) && ledger.did(at))
    }
}

/// Up, and not known to be otherwise than well.
fn is_well(details: &Details) -> bool {
    let replica = &details.replica;
    replica.state == State::Running && matches!(replica.check, HealthCheck::Healthy | HealthCheck::None)
}

/// `running, unhealthy`, `exited with 1`, `restarting (exit 1)`.
fn state(details: &Details) -> String {
    let replica = &details.replica;
    let check = match replica.check {
        HealthCheck::Healthy => ", healthy",
        HealthCheck::Unhealthy => ", unhealthy",
        HealthCheck::Starting => ", not healthy yet",
        HealthCheck::None => "",
    };
    match (replica.is_up(), replica.exit) {
        (true, _) => format!("{}{check}", replica.state.word()),
        (false, Some(Exit { code, .. })) if replica.state == State::Exited => format!("exited with {code}"),
        (false, Some(Exit { code, .. })) => format!("{} (exit {code})", replica.state.word()),
        (false, None) => replica.state.word().to_owned(),
    }
}

/// The engine's own command for a step.
fn command(step: &Step, name: &str) -> Option<String> {
    Some(match step {
        Step::Act(Act { verb, force, .. }) => match verb {
            Verb::Remove if *force => format!("docker rm -f {name}"),
            Verb::Remove => format!("docker rm {name}"),
            verb => format!("docker {} {name}", verb.word()),
        },
        Step::Rename { to, .. } => format!("docker rename {name} {to}"),
        Step::Policy { to, .. } => format!("docker update --restart={to} {name}"),
        Step::Limit { to, .. } => format!("docker update{} {name}", limits(to)),
        Step::Discard { name, .. } => format!("docker rm -f -v {name}"),
        Step::Create(Create { .. }) | Step::Pull { .. } => return None,
        Step::Steer { service, to, .. } => {
            let name = match &service.project {
                Some(project) => format!("{project}_{}", service.name),
                None => service.name.to_string(),
            };
            format!("docker service update{} {name}", course(to))
        }
    })
}

fn limits(limits: &Limits) -> String {
    let cpus = limits.cpus.unwrap_or(0.0);
    let memory = limits.memory.map_or_else(|| "0".to_owned(), |m| m.to_string());
    format!(" --cpus={cpus} --memory={memory} --memory-swap=-1")
}

fn course(to: &Course) -> String {
    let image = to.image.as_ref().map(|i| format!(" --image={}", i.reference)).unwrap_or_default();
    let replicas = to.replicas.map(|n| format!(" --replicas={n}")).unwrap_or_default();
    let limits = to.limits.map(|l| {
        let (cpus, memory) = (l.cpus.unwrap_or(0.0), l.memory.unwrap_or(0));
        format!(" --limit-cpu={cpus} --limit-memory={memory}")
    });
    let words = format!("{image}{replicas}{}", limits.unwrap_or_default());
    if words.is_empty() { " --force".to_owned() } else { words }
}
