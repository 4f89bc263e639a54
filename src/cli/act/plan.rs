//! From an intent to a plan, and a plan in words.

use std::fmt::Write as _;
use std::time::Duration;

use super::{How, Scene, needs, options, say};
use crate::cli::exit::CliError;
use crate::cli::session::Session;
use crate::cli::style::Paint;
use crate::cli::table::{Cell, Column, Table};
use crate::cli::target;
use crate::config::{Glyphs, Role};
use crate::fleet::{Fleet, Image, Replica, Role as ReplicaRole, ServiceId, State, Verb};
use crate::operate::{self, Change, Intent, LookError, Plan, Refusal, Rule, Work};
use crate::text::human;

/// What becomes of an intent.
pub(super) enum Planned {
    /// There is something to do.
    Plan(Box<Plan>),
    /// All is as it was asked to be: in a sentence, and what to do if that is not what is meant.
    Already(String, String),
}

/// Plan one intent.
pub(super) async fn plan(
    session: &Session,
    scene: &Scene,
    intent: &Intent,
    how: &How<'_>,
) -> Result<Planned, CliError> {
    let fleet = &scene.fleet;
    let planned = match operate::survey(session.engine.clone(), intent, fleet).await {
        Ok(survey) => operate::plan(intent, fleet, &survey, &options(session, how)),
        Err(LookError::Refused(refusal)) => Err(refusal),
        Err(LookError::Engine(error)) => return Err(error.into()),
    };
    match planned {
        Ok(mut plan) => {
            gates(&mut plan, how);
            Ok(Planned::Plan(Box::new(plan)))
        }
        Err(refusal) if already(intent, fleet, &refusal) => {
            let remedy = match &refusal {
                Refusal::Nothing { remedy, .. } => remedy.clone(),
                _ => String::new(),
            };
            Ok(Planned::Already(refusal.to_string(), remedy))
        }
        Err(refusal) => {
            // What stands in the way may be what an operation has set aside: then that is said, and
            // whose it is.
            needs::locks(&aimed(intent, fleet), &scene.left)?;
            Err(CliError::refused(refusal.to_string(), refusal.remedy()))
        }
    }
}

/// The services an intent means.
fn aimed(intent: &Intent, fleet: &Fleet) -> Vec<ServiceId> {
    let aimed = fleet.services().filter(|s| intent.targets.iter().any(|t| target::covers(t, &s.id, fleet)));
    aimed.map(|s| s.id.clone()).collect()
}

/// The command line's own deadline goes before labels and config.
fn gates(plan: &mut Plan, how: &How<'_>) {
    let Some(span) = how.gate.timeout else { return };
    for step in &mut plan.steps {
        if let Work::Gate(gate) = &mut step.work {
            // Where a gate watches for so long, less would only ever fail.
            let least = match gate.rule {
                Rule::Stays(watch) | Rule::Settles(watch) => watch + Duration::from_secs(1),
                Rule::Healthy | Rule::Completes | Rule::Converged => Duration::ZERO,
            };
            gate.deadline = span.0.max(least);
        }
    }
}

/// Nothing is left to do. That is success where everything is as it was asked to be (so scripts
/// may repeat themselves), and a refusal where it is not.
fn already(intent: &Intent, fleet: &Fleet, refusal: &Refusal) -> bool {
    if !matches!(refusal, Refusal::Nothing { .. }) {
        return false;
    }
    let aimed = aimed(intent, fleet);
    let replicas: Vec<&Replica> = aimed.iter().flat_map(|id| fleet.replicas_of(id)).collect();
    let mut counted = replicas.iter().filter(|r| r.role == ReplicaRole::Replica).map(|r| r.state).peekable();
    match intent.change {
        Change::Act(Verb::Start | Verb::Unpause) | Change::Up => {
            counted.peek().is_some() && counted.all(|state| state == State::Running)
        }
        Change::Act(Verb::Stop) | Change::Down => {
            let ended = |state| matches!(state, State::Exited | State::Created | State::Dead);
            counted.peek().is_some() && counted.all(ended)
        }
        Change::Act(Verb::Pause) => counted.peek().is_some() && counted.all(|state| state == State::Paused),
        Change::Act(_) | Change::Recreate => false,
        // It has that count, that image, these limits; unless nothing is left that could have.
        Change::Scale { .. } | Change::Deploy { .. } | Change::Rollback { .. } | Change::Limit { .. } => {
            let lives = |state| !matches!(state, State::Dead | State::Removing);
            replicas.is_empty() || counted.any(lives)
        }
    }
}

/// The plan for humans: a row a step, then images, gaps.
pub(super) fn text(plan: &Plan, paint: &Paint, fit: Option<usize>, glyphs: &Glyphs) -> String {
    let mut text = table(plan).render(paint, fit, glyphs.ellipsis);
    // A recreation changes none.
    for change in plan.images.iter().filter(|change| change.from != change.to) {
        // Writing to a String can't fail.
        let _ = writeln!(
            text,
            "image   {}: {} {} {}",
            change.service,
            image(&change.from),
            glyphs.arrow,
            image(&change.to)
        );
    }
    for gap in &plan.gaps {
        let lasts = match gap.lasts {
            Some(lasts) => format!("away for about {}", human::duration(lasts)),
            None => "never away".to_owned(),
        };
        let _ = writeln!(text, "gap     {}: {lasts}: {}", gap.service, gap.why);
    }
    text
}

/// `registry:5000/shop/api:1.4.2 (0123456789ab)`.
fn image(image: &Image) -> String {
    match image.short_id() {
        "" => format!("{} (not here yet)", image.reference),
        id => format!("{} ({id})", image.reference),
    }
}

fn table(plan: &Plan) -> Table {
    let mut table = Table::new(vec![
        Column::right("STEP"),
        Column::left("ACTION"),
        Column::shrinking("SERVICE"),
        Column::shrinking("REPLICA"),
        Column::left("ID"),
        Column::left("STATE"),
        Column::shrinking("NOTE"),
    ]);
    for row in plan.rows() {
        let role = if row.action == "skip" { Role::Dim } else { Role::Text };
        let step = if row.step == 0 { String::new() } else { row.step.to_string() };
        let (action, state) = (row.action.to_owned(), row.state.to_owned());
        let cells = [step, action, row.service, row.replica, row.id, state, row.note];
        table.row(cells.into_iter().map(|text| Cell::new(role, text)).collect());
    }
    table
}

/// The plan's warnings.
pub(super) fn warn(plan: &Plan) {
    for warning in &plan.warnings {
        say(&format!("warning: {warning}"));
    }
}

/// What a script's log should hold where nobody is asked: warnings, and what is left alone.
pub(super) fn announce(plan: &Plan) {
    warn(plan);
    for skipped in &plan.skipped {
        say(&format!("skipped {}: {}", skipped.name, skipped.why));
    }
}
