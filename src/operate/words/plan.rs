//! Sentences about what will be done.

use std::collections::HashSet;
use std::sync::Arc;

use super::{replicas_are, subject, subject_in_full};
use crate::engine::{Act, Blueprint, Step};
use crate::fleet::{Image, Limits, ServiceId, Verb};
use crate::operate::{Change, Gap, Gate, ImageChange, Plan, PlannedStep, Rule, Skipped, Unit, Work};
use crate::text::human;

/// What a step is done with, for a plan's row.
pub(in super::super) fn how(step: &Act<Unit>, blueprint: Option<&Blueprint>) -> String {
    let own = blueprint.and_then(|b| b.stop_timeout);
    match (step.verb, step.timeout.or(own), &step.signal) {
        (Verb::Stop | Verb::Restart, Some(seconds), _) => format!("killed after {seconds} s"),
        (Verb::Kill, _, Some(signal)) => format!("with {signal}"),
        (Verb::Remove, ..) if step.force => "forced".to_owned(),
        _ => String::new(),
    }
}

/// What a gate waits for, and how long.
pub(in super::super) fn gate(gate: &Gate) -> String {
    let what = match &gate.rule {
        Rule::Healthy => "until it is healthy".to_owned(),
        Rule::Stays(time) => format!("until it is up {} without restart", human::duration(*time)),
        Rule::Settles(time) => format!("until it is well for {}", human::duration(*time)),
        Rule::Completes => "until it ends with exit code 0".to_owned(),
        Rule::Converged => "until all of it runs".to_owned(),
    };
    format!("{what}, at most {}", human::duration(gate.deadline))
}

/// `1.3.9 → 1.4.2`, `latest (aaaaaaaaaaaa → bbbbbbbbbbbb)`, `api:1 → other:1`.
pub(in super::super) fn image_change(from: &Image, to: &Image) -> String {
    if from.reference == to.reference {
        return match (from.id.is_empty(), to.id.is_empty()) {
            _ if from.id == to.id => from.tag().to_owned(),
            (_, true) => format!("{} ({} → what the registry has)", from.tag(), from.short_id()),
            _ => format!("{} ({} → {})", from.tag(), from.short_id(), to.short_id()),
        };
    }
    let name = |image: &Image| {
        let tag = image.tag().len() + 1;
        image.reference.get(..image.reference.len().saturating_sub(tag)).unwrap_or_default().to_owned()
    };
    if from.tag() == to.tag() || (name(from) != name(to) && !from.reference.starts_with("sha256:")) {
        return format!("{} → {}", from.reference, to.reference);
    }
    format!("{} → {}", from.tag(), to.tag())
}

/// `1.4.2`, but `latest 0123456789ab`, which says nothing otherwise.
pub(in super::super) fn version(image: &Image) -> String {
    match image.tag() {
        "latest" if !image.id.is_empty() => format!("latest {}", image.short_id()),
        tag => tag.to_owned(),
    }
}

/// `cpus 1 → 2, memory 512M → unlimited`.
pub(in super::super) fn limits(from: Limits, to: Limits) -> String {
    let cpus = |limits: Limits| limits.cpus.map_or("unlimited".to_owned(), |cpus| cpus.to_string());
    let memory = |limits: Limits| limits.memory.map_or("unlimited".to_owned(), human::bytes);
    let mut parts = Vec::new();
    if from.cpus != to.cpus {
        parts.push(format!("cpus {} → {}", cpus(from), cpus(to)));
    }
    if from.memory != to.memory {
        parts.push(format!("memory {} → {}", memory(from), memory(to)));
    }
    parts.join(", ")
}

/// Why nothing is left to do: reasons with counts, most frequent first.
pub(in super::super) fn nothing_left(skipped: &[Skipped], jobs: usize) -> String {
    if skipped.is_empty() {
        return match jobs {
            0 => "there are no containers".to_owned(),
            1 => "there is only a one-off job (choose the job itself)".to_owned(),
            n => format!("there are only {n} one-off jobs (choose a job itself)"),
        };
    }
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for skip in skipped {
        match reasons.iter_mut().find(|(why, _)| **why == *skip.why) {
            Some((_, count)) => *count += 1,
            None => reasons.push((&skip.why, 1)),
        }
    }
    reasons.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    match (reasons.as_slice(), skipped) {
        ([(why, 1)], [only]) => format!("{} is {why}", only.name),
        ([(why, count)], _) => format!("all {} ", replicas_are(*count, why)).trim_end().to_owned(),
        _ => reasons.iter().map(|&(why, n)| replicas_are(n, why)).collect::<Vec<_>>().join(", "),
    }
}

/// The replicas these steps are about, each once.
pub(super) fn names<'a>(steps: impl Iterator<Item = &'a PlannedStep>) -> Vec<&'a str> {
    let mut seen: HashSet<(&ServiceId, &Arc<str>)> = HashSet::new();
    let about_a_replica = |s: &&PlannedStep| {
        !matches!(&s.work, Work::Step(Step::Pull { .. } | Step::Steer { .. })) && !is_service(s)
    };
    steps.filter(about_a_replica).filter(|s| seen.insert((&s.service, &s.name))).map(|s| &*s.name).collect()
}

/// Whether a step waits for a service as its engine looks after it.
fn is_service(step: &PlannedStep) -> bool {
    matches!(&step.work, Work::Gate(gate) if gate.unit.is_none())
}

/// The question before a change.
pub(in super::super) fn question(plan: &Plan) -> String {
    let word = plan.intent.change.word();
    let mut chars = word.chars();
    let verb = chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>();
    format!("{verb} {}?", about(plan))
}

/// The question without verb and mark.
pub(in super::super) fn about(plan: &Plan) -> String {
    let names = names(plan.steps.iter());
    detailed(plan, &subject(&plan.services, &names), names.len())
}

/// The plan in one line.
pub(in super::super) fn sentence(plan: &Plan) -> String {
    let names = names(plan.steps.iter());
    let detail = detailed(plan, &subject_in_full(&plan.services, &names), names.len());
    format!("{} {detail}", plan.intent.change.word())
}

fn detailed(plan: &Plan, subject: &str, replicas: usize) -> String {
    let service = || subject.split(" (").next().unwrap_or(subject).to_owned();
    let counted = || if replicas > 1 { format!(" ({replicas} replicas)") } else { String::new() };
    match &plan.intent.change {
        Change::Act(_) => {
            let signal = plan.steps.first().and_then(|s| signal(&s.work));
            format!("{subject}{}", signal.map(|s| format!(" with {s}")).unwrap_or_default())
        }
        Change::Scale { to } if plan.services.len() == 1 => match from_count(&plan.steps, *to) {
            Some(from) => format!("{} from {from} to {to}", named(plan, subject)),
            None => format!("{} to {to}", named(plan, subject)),
        },
        Change::Scale { to } => format!("{} to {to}", service()),
        Change::Deploy { .. } | Change::Rollback { .. } => match one_change(&plan.images) {
            Some(images) => format!("{} {images}{}", named(plan, subject), counted()),
            None => subject.to_owned(),
        },
        Change::Limit { cpus, memory } => format!("{subject} to {}", limit_words(*cpus, *memory)),
        Change::Up | Change::Down => whole(&plan.services, subject),
        Change::Recreate => subject.to_owned(),
    }
}

/// The service, by the name the subject uses.
fn named(plan: &Plan, subject: &str) -> String {
    match plan.services.as_slice() {
        [one] if subject.contains('/') => one.path(),
        [one] => one.name.to_string(),
        _ => subject.to_owned(),
    }
}

/// How many there were before: what is wanted, without what is made, with what is taken away.
fn from_count(steps: &[PlannedStep], to: u32) -> Option<u32> {
    if let Some(from) = steps.iter().find_map(|step| match &step.work {
        Work::Step(Step::Steer { from, .. }) => Some(from.replicas),
        _ => None,
    }) {
        return from;
    }
    let count = |is: fn(&Step<Unit>) -> bool| {
        let all = steps.iter().filter(|s| matches!(&s.work, Work::Step(step) if is(step)));
        u32::try_from(all.count()).unwrap_or(u32::MAX)
    };
    let made = count(|step| matches!(step, Step::Create(_)));
    let removed = count(|step| matches!(step, Step::Act(Act { verb: Verb::Remove, .. })));
    (to + removed).checked_sub(made)
}

/// The images of one service, where there is one change only.
pub(super) fn one_change(images: &[ImageChange]) -> Option<String> {
    match images {
        [one] => Some(image_change(&one.from, &one.to)),
        [first, rest @ ..] if rest.iter().all(|c| c.service == first.service && c.to == first.to) => {
            // Replicas ran different images before.
            Some(format!("→ {}", first.to.tag()))
        }
        _ => None,
    }
}

pub(super) fn limit_words(cpus: Option<f64>, memory: Option<u64>) -> String {
    let cpus = cpus.map(|cpus| match cpus {
        0.0 => "unlimited cpus".to_owned(),
        cpus => format!("{cpus} cpus"),
    });
    let memory = memory.map(|memory| match memory {
        0 => "unlimited memory".to_owned(),
        memory => format!("{} memory", human::bytes(memory)),
    });
    cpus.into_iter().chain(memory).collect::<Vec<_>>().join(" and ")
}

/// A project as a whole: `shop (4 services, 7 replicas)`.
fn whole(services: &[ServiceId], subject: &str) -> String {
    let (Some(first), true) = (services.first(), services.len() > 1) else { return subject.to_owned() };
    let one = services.iter().all(|s| s.project == first.project);
    let replicas = subject.rsplit_once(" (").map(|(_, count)| count.trim_end_matches(')'));
    match (&first.project, replicas) {
        (Some(project), Some(replicas)) if one => {
            format!("{project} ({} services, {replicas})", services.len())
        }
        _ => subject.to_owned(),
    }
}

pub(super) fn signal(work: &Work) -> Option<&str> {
    match work {
        Work::Step(Step::Act(act)) => act.signal.as_deref(),
        _ => None,
    }
}

impl Gap {
    /// `api is away for up to 15 s: …`, `api is not away: …`.
    pub fn sentence(&self) -> String {
        match self.lasts {
            Some(lasts) => {
                format!("{} is away for up to {}: {}", self.service.name, human::duration(lasts), self.why)
            }
            None => format!("{} is not away: {}", self.service.name, self.why),
        }
    }
}

impl ImageChange {
    /// `api 1.3.9 → 1.4.2`, `api latest (aaaaaaaaaaaa → bbbbbbbbbbbb)`.
    pub fn sentence(&self) -> String {
        format!("{} {}", self.service.name, image_change(&self.from, &self.to))
    }
}
