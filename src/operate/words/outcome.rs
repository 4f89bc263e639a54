//! Sentences about what became of it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::plan::{image_change, limit_words, names, one_change, signal};
use super::{subject, subject_in_full};
use crate::engine::{Done, EngineError};
use crate::fleet::Verb;
use crate::operate::{Change, Direction, End, Outcome, StepOutcome, Work};

impl Outcome {
    /// What became of the job, in one sentence for the status line and the journal:
    /// `restarted order-service (3 replicas) in 2.1 s`, `deploy of shop/api failed and was undone:
    /// shop-api-2 exited with 1; it runs 1.3.9 as before`.
    pub fn sentence(&self) -> String {
        match &self.end {
            End::Done => self.done(),
            End::Refused { why, .. } => format!("{} refused: {why}; nothing was done", self.deed()),
            End::Undone { why } => {
                let failed = self
                    .failed()
                    .any(|(step, error)| step.direction == Direction::Forward && !is_only_left(error));
                let how = if failed { "failed and was undone" } else { "was undone" };
                format!("{} {how}: {why}; {}", self.deed(), self.as_before())
            }
            End::Failed { why } => self.not_done(why),
            End::Interrupted { why } => {
                let number = self.operation.map(|n| format!(" {n}")).unwrap_or_default();
                format!(
                    "{} was left in the middle: {why}; qd finish{number} or qd undo{number} ends it",
                    self.deed()
                )
            }
        }
    }

    /// `deploy of shop/api`.
    fn deed(&self) -> String {
        let names = names(self.steps.iter().map(|s| &s.step));
        let subject = match (&self.intent.change, self.services.as_slice()) {
            // Nothing was tried yet: the services are all there is to say.
            (_, [one]) if names.is_empty() => one.path(),
            (Change::Act(_), _) => subject(&self.services, &names),
            (_, [one]) => one.path(),
            _ => subject_in_full(&self.services, &names),
        };
        format!("{} of {subject}", self.intent.change.noun())
    }

    fn done(&self) -> String {
        let forward = || self.steps.iter().filter(|s| s.direction == Direction::Forward);
        let names = names(forward().map(|s| &s.step));
        let change = &self.intent.change;
        let mut asked = forward().filter(|s| matches!(s.step.work, Work::Step(_))).peekable();
        if asked.peek().is_some() && asked.all(|s| matches!(s.result, Ok(Done::Unchanged))) {
            return format!("{}: nothing to {change}, it was so already", subject(&self.services, &names));
        }
        let only_asked = forward().all(|s| matches!(s.result, Ok(Done::Pulled { .. })));
        if !self.steps.is_empty() && only_asked {
            return format!("{}: the registry has nothing newer", subject_in_full(&self.services, &names));
        }
        let took = took(self.took);
        let counted = if names.len() > 1 { format!(" ({} replicas)", names.len()) } else { String::new() };
        let full = subject_in_full(&self.services, &names);
        let what = match (change, self.services.as_slice()) {
            (Change::Act(_), _) => subject(&self.services, &names),
            (Change::Deploy { .. } | Change::Rollback { .. }, [one]) => match one_change(&self.images) {
                Some(images) => format!("{} {images}{counted}", one.path()),
                None => full,
            },
            (Change::Scale { to }, [one]) => format!("{} to {to}", one.path()),
            (Change::Scale { to }, _) => format!("{full} to {to}"),
            (Change::Limit { cpus, memory }, _) => format!("{full} to {}", limit_words(*cpus, *memory)),
            (Change::Down, _) => format!("{full} (containers and volumes stay)"),
            _ => full,
        };
        format!("{} {what} in {took}", self.signalled_or_done())
    }

    /// `it runs 1.3.9 as before`.
    fn as_before(&self) -> String {
        match self.images.as_slice() {
            [one] => match image_change(&one.from, &one.to) {
                words if words.contains('(') => {
                    format!("it runs {} ({}) as before", one.from.tag(), one.from.short_id())
                }
                _ => format!("it runs {} as before", one.from.tag()),
            },
            _ => "everything is as it was".to_owned(),
        }
    }

    /// It failed, or part of it did, and was not taken back.
    fn not_done(&self, why: &str) -> String {
        let change = &self.intent.change;
        if !matches!(change, Change::Act(_) | Change::Up | Change::Down) {
            let undone = self.steps.iter().any(|s| s.direction == Direction::Back);
            let how = if undone { "failed, and could not be undone" } else { "failed" };
            return format!("{} {how}: {why}", self.deed());
        }
        let failed: Vec<(&StepOutcome, &EngineError)> = self.failed().collect();
        // The first real failure tells; what was not begun because of it only counts.
        let told = failed.iter().find(|(_, e)| !matches!(e, EngineError::NotBegun { .. }));
        let Some((first, error)) = told.or(failed.first()) else {
            return format!("{} failed: {why}", self.deed());
        };
        let all = names(self.steps.iter().map(|s| &s.step)).len();
        let real = failed.iter().filter(|(_, error)| !is_only_left(error));
        let bad: HashSet<_> = real.map(|(step, _)| (&step.step.service, step.name())).collect();
        let left = self.left();
        let name = first.name();
        // A gate's failure says itself what is not well.
        let gate = matches!(error, EngineError::NotWell { .. });
        let error = if gate { error.to_string() } else { format!("{name}: {error}") };
        match (bad.len(), left, all) {
            (_, _, 0 | 1) if gate => format!("{} failed: {error}", change.noun()),
            (_, _, 0 | 1) => format!("{} failed for {error}", change.noun()),
            (bad, _, all) if bad == all => {
                format!("{} failed for all {all} replicas: {error}", change.noun())
            }
            (bad, left, all) => {
                let counted = |n: usize, word| if n > 0 { format!(", {n} {word}") } else { String::new() };
                let (failed, rest) = (counted(bad, "failed"), counted(left, "left as they were"));
                let done = all.saturating_sub(bad + left);
                format!("{} {done} of {all} replicas{failed}{rest}: {error}", change.done())
            }
        }
    }

    /// How many replicas nothing was begun of.
    fn left(&self) -> usize {
        let mut touched: HashMap<_, bool> = HashMap::new();
        for step in &self.steps {
            let is_left = matches!(&step.result, Err(error) if is_only_left(error));
            *touched.entry((&step.step.service, step.name())).or_default() |= !is_left;
        }
        touched.values().filter(|touched| !**touched).count()
    }

    /// `killed`, but a signal that ends nothing was only sent.
    fn signalled_or_done(&self) -> String {
        match self.steps.first().and_then(|s| signal(&s.step.work)) {
            Some(signal) if self.intent.change.verb() == Some(Verb::Kill) => format!("sent {signal} to"),
            _ => self.intent.change.done().to_owned(),
        }
    }
}

/// `2.1 s`, `350 ms`, `3 min 4 s`: to the tenth, because it was measured.
fn took(time: Duration) -> String {
    let ms = time.as_millis();
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// A step that was not taken, rather than one that failed.
fn is_only_left(error: &EngineError) -> bool {
    matches!(error, EngineError::NotBegun { .. } | EngineError::Interrupted)
}
