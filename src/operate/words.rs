//! The sentences: one place, so the status line, the dialog and the commands say the same.

use std::collections::HashSet;
use std::time::Duration;

use super::{Outcome, Plan, Skipped, StepOutcome, Unit, Work};
use crate::engine::{Act, Done, EngineError, Step};
use crate::fleet::{ServiceId, Verb};

/// `a, b and c`; more than `max` are counted: `a, b and 7 more`.
pub(super) fn list(names: &[String], max: usize) -> String {
    let shown = if names.len() > max { max.saturating_sub(1).max(1) } else { names.len() };
    let head = names.iter().take(shown).cloned().collect::<Vec<_>>();
    let rest = names.len() - shown;
    if rest > 0 {
        return format!("{} and {rest} more", head.join(", "));
    }
    match head.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

/// `1 replica is …`, `3 replicas are …`.
pub(super) fn replicas_are(count: usize, what: &str) -> String {
    if count == 1 { format!("1 replica is {what}") } else { format!("{count} replicas are {what}") }
}

/// `2.1 s`, `350 ms`, `3 min 4 s`.
fn took(time: Duration) -> String {
    let ms = time.as_millis();
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// What a step is done with, for a plan's row.
pub(super) fn how(step: &Act<Unit>) -> String {
    match (step.verb, step.timeout, &step.signal) {
        (Verb::Stop | Verb::Restart, Some(seconds), _) => format!("killed after {seconds} s"),
        (Verb::Kill, _, Some(signal)) => format!("with {signal}"),
        (Verb::Remove, ..) if step.force => "forced".to_owned(),
        _ => String::new(),
    }
}

/// Why nothing is left to do: reasons with counts, most frequent first.
pub(super) fn nothing_left(skipped: &[Skipped], jobs: usize) -> String {
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

/// `order-service (3 replicas)`, `3 services (7 replicas)`, `shop-api-2`.
fn subject(services: &[ServiceId], names: &[&str]) -> String {
    let replicas = names.len();
    match (services, names) {
        ([_], [name]) => (*name).to_owned(),
        ([service], _) => format!("{} ({replicas} replicas)", service.name),
        _ if replicas == services.len() && replicas <= 3 => {
            list(&services.iter().map(|s| s.name.to_string()).collect::<Vec<_>>(), 3)
        }
        _ => {
            let projects: HashSet<_> = services.iter().map(|s| &s.project).collect();
            let place = match (projects.len(), services.first().and_then(|s| s.project.as_deref())) {
                (1, Some(project)) => format!(" of {project}"),
                _ => String::new(),
            };
            format!("{} services{place} ({replicas} replicas)", services.len())
        }
    }
}

/// The question before a change.
pub(super) fn question(plan: &Plan) -> String {
    let names: Vec<&str> = plan.steps.iter().map(|s| &*s.name).collect();
    let word = plan.intent.change.word();
    let mut chars = word.chars();
    let verb = chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>();
    let signal = plan.steps.first().and_then(|s| signal(&s.work));
    let with = signal.map(|s| format!(" with {s}")).unwrap_or_default();
    format!("{verb} {}{with}?", subject(&plan.services, &names))
}

fn signal(work: &Work) -> Option<&str> {
    match work {
        Work::Step(Step::Act(act)) => act.signal.as_deref(),
        _ => None,
    }
}

impl Outcome {
    /// What became of the job, in one sentence for the status line:
    /// `restarted order-service (3 replicas) in 2.1 s`, `kill failed for payment-1: …`.
    pub fn sentence(&self) -> String {
        let failed: Vec<(&StepOutcome, &EngineError)> = self.failed().collect();
        let good: Vec<&StepOutcome> = self.steps.iter().filter(|s| s.result.is_ok()).collect();
        if failed.is_empty() {
            let names: Vec<&str> = good.iter().map(|s| &**s.name()).collect();
            let what = subject(&self.services, &names);
            if good.iter().all(|s| s.result == Ok(Done::Unchanged)) {
                return format!("{what}: nothing to {}, it was so already", self.intent.change);
            }
            return format!("{} {what} in {}", self.signalled_or_done(), took(self.took));
        }
        // The first real failure tells; what was not begun because of it only counts.
        let told = failed.iter().find(|(_, e)| !matches!(e, EngineError::NotBegun { .. }));
        let (first, error) =
            told.or(failed.first()).copied().map_or((None, None), |(s, e)| (Some(s), Some(e)));
        let why = error.map(ToString::to_string).unwrap_or_default();
        let name = first.map(|s| s.name().as_ref()).unwrap_or_default();
        match (failed.len(), self.steps.len()) {
            (_, 1) => format!("{} failed for {name}: {why}", self.intent.change),
            (failed, all) if failed == all => {
                format!("{} failed for all {all} replicas: {name}: {why}", self.intent.change)
            }
            (failed, all) => {
                format!(
                    "{} {} of {all} replicas, {failed} failed: {name}: {why}",
                    self.intent.change.done(),
                    all - failed
                )
            }
        }
    }

    /// `killed`, but a signal that ends nothing was only sent.
    fn signalled_or_done(&self) -> String {
        match self.steps.first().and_then(|s| signal(&s.step.work)) {
            Some(signal) if self.intent.change.verb() == Some(Verb::Kill) => format!("sent {signal} to"),
            _ => self.intent.change.done().to_owned(),
        }
    }
}
