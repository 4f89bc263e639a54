//! Tells how an operation moves on: lines on standard output, a picture on standard error.

use std::collections::HashMap;

use super::live::Live;
use super::report::LineJson;
use super::words::{self, Cast};
use crate::cli::args::ActFormat;
use crate::cli::exit::CliError;
use crate::cli::out::Out;
use crate::cli::{json, say};
use crate::config::Role;
use crate::engine::{Done, EngineError};
use crate::fleet::{HealthCheck, State};
use crate::operate::{Direction, PlannedStep, Progress, StepOutcome};

/// What of a gate's sight is worth a line when it changes.
type Sight = (Option<State>, HealthCheck, String);

/// Tells one operation.
pub(super) struct Teller<'a> {
    out: &'a mut Out,
    format: ActFormat,
    steps: HashMap<u32, PlannedStep>,
    cast: Cast,
    live: Live,
    sights: HashMap<u32, Sight>,
    /// The first thing that could not be printed: the operation goes on, the error is told after.
    broken: Option<CliError>,
}

impl<'a> Teller<'a> {
    /// Tells an operation with these steps.
    pub(super) fn new(out: &'a mut Out, format: ActFormat, steps: &[PlannedStep]) -> Self {
        let live = Live::new(out.glyphs.ellipsis);
        let cast = Cast::of(steps);
        let steps = steps.iter().map(|step| (step.number, step.clone())).collect();
        Self { out, format, steps, cast, live, sights: HashMap::new(), broken: None }
    }

    /// Whether time alone changes what is shown.
    pub(super) fn ticks(&self) -> bool {
        self.live.is_on()
    }

    /// Time has passed.
    pub(super) fn tick(&mut self) {
        self.live.draw();
    }

    /// Words on standard error, above the picture.
    pub(super) fn say(&mut self, line: &str) {
        self.live.clear();
        say(line);
        self.live.draw();
    }

    /// It moved on.
    pub(super) fn tell(&mut self, progress: &Progress) {
        match progress {
            Progress::Recorded { operation, .. } => {
                if let Some(operation) = operation {
                    self.json(&LineJson::recorded(*operation));
                }
            }
            Progress::Began { number, direction, name, .. } => {
                let step = self.steps.get(number);
                let words = step.map_or_else(
                    || name.to_string(),
                    |step| {
                        let action = words::action(step, *direction);
                        format!("{action:<10} {}", self.cast.object(step, *direction))
                    },
                );
                self.live.began(*number, words);
                let line = LineJson::began(*number, *direction, name, step);
                self.json(&line);
            }
            Progress::Waiting { number, seen, .. } => {
                self.live.waiting(*number, seen);
                let sight = (seen.state, seen.check, seen.output.clone());
                if self.sights.insert(*number, sight.clone()).as_ref() != Some(&sight) {
                    let line = LineJson::waiting(*number, seen, self.steps.get(number));
                    self.json(&line);
                }
            }
            // What was never begun is no news: why it was not, the step before it said.
            Progress::Ended { outcome, .. } if is_only_left(outcome) => {}
            Progress::Ended { outcome, .. } => {
                self.live.ended(outcome.number);
                self.json(&LineJson::ended(outcome));
                if self.format == ActFormat::Table {
                    self.live.clear();
                    self.line(outcome);
                }
                self.live.draw();
            }
            Progress::Undoing { why, .. } => {
                self.json(&LineJson::undoing(why));
                self.say(&format!("going back: {why}"));
            }
            Progress::Finished { .. } => self.live.clear(),
        }
    }

    /// What could not be printed.
    pub(super) fn broken(self) -> Option<CliError> {
        self.broken
    }

    fn json(&mut self, line: &LineJson) {
        if self.format != ActFormat::Json || self.broken.is_some() {
            return;
        }
        self.broken = json::line(self.out, line).and_then(|()| self.out.flush()).err();
    }

    /// How one step ended: `created    shop-api-1 from shop/api:1.4.2`.
    fn line(&mut self, outcome: &StepOutcome) {
        if self.broken.is_some() {
            return;
        }
        let StepOutcome { direction, step, result, .. } = outcome;
        let object = self.cast.object(step, *direction);
        // What is done to go back is no less done: `back: started    api-1 (old)`.
        let back = if *direction == Direction::Back { "back: " } else { "" };
        let (role, line) = match result {
            Ok(Done::Unchanged) if !matches!(step.work, crate::operate::Work::Gate(_)) => {
                (Role::Dim, format!("{back}{:<10} {object} (it was so already)", "unchanged"))
            }
            Ok(_) => (Role::Text, format!("{back}{:<10} {object}", words::did(step, *direction))),
            // These name what they are about themselves.
            Err(error @ (EngineError::NotWell { .. } | EngineError::Changed { .. })) => {
                (Role::Bad, format!("{back}{:<10} {error}", "failed"))
            }
            Err(error) => (Role::Bad, format!("{back}{:<10} {object}: {error}", "failed")),
        };
        let line = self.out.paint.text(role, &line);
        self.broken = self.out.line(&line).and_then(|()| self.out.flush()).err();
    }
}

/// A step that was not taken, rather than one that failed.
pub(super) fn is_only_left(outcome: &StepOutcome) -> bool {
    matches!(outcome.result, Err(EngineError::NotBegun { .. }))
}
