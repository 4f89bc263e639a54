//! What every command that changes something has in common: look, plan, ask, do, and say what
//! became of it.
//!
//! Owns: the way from an intent to an exit code. Must not: decide what an intent means for which
//! replicas ([`crate::operate`] does), or know one command from another (each has a file of its
//! own, which makes intents from names).

mod ask;
mod carry;
mod left;
mod live;
mod needs;
mod outcome;
mod plan;
mod report;
mod resume;
mod signals;
mod teller;
mod words;

use jiff::Timestamp;

use super::args::{ActFormat, AimArgs, AskArgs, GateArgs};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::{json, say, target};
use crate::engine::EngineError;
use crate::fleet::Fleet;
use crate::journal::OperationRecord;
use crate::operate::{self, Intent, Options, Plan, Seat, Target};

pub(super) use ask::ask;
pub(super) use carry::{Job, carry};
pub(super) use left::{Left, left};
use outcome::exit_of;
pub(super) use report::{act_schema, plan_schema, step_schema};
pub(super) use resume::{confirm_left, left_schema, nothing_left, show_left};

/// How a change is asked for, beside what it is.
#[derive(Clone, Debug)]
pub(super) struct How<'a> {
    /// How to ask and to print.
    pub(super) ask: &'a AskArgs,
    /// How long to wait.
    pub(super) gate: GateArgs,
    /// Seconds a graceful stop may take.
    pub(super) grace: Option<u32>,
    /// The signal to send.
    pub(super) signal: Option<String>,
    /// Remove also what runs.
    pub(super) force: bool,
}

impl<'a> How<'a> {
    /// With nothing but that.
    pub(super) fn new(ask: &'a AskArgs, gate: &GateArgs) -> Self {
        Self { ask, gate: gate.clone(), grace: None, signal: None, force: false }
    }
}

/// What there is before a change.
pub(super) struct Scene {
    /// Everything known.
    pub(super) fleet: Fleet,
    /// Operations that have not ended.
    pub(super) left: Vec<OperationRecord>,
}

/// Look at what there is; say what was left in the middle, and that nothing is written down where
/// that was not asked for.
pub(super) async fn look(session: &Session, ask: &AskArgs) -> Result<Scene, CliError> {
    // The guard at the engine's edge would refuse each step as well; saying so before asking
    // saves the user the question.
    if session.settings.read_only && !ask.dry_run {
        return Err(EngineError::ReadOnly.into());
    }
    let fleet = session.fleet().await?;
    let left = session.unfinished(&fleet).await;
    Ok(Scene { fleet, left })
}

impl Scene {
    /// What names mean here.
    pub(super) fn aim(&self, aim: &AimArgs) -> Result<Vec<Target>, CliError> {
        let project = aim.project.as_deref();
        let resolve = |name: &String| target::resolve(&self.fleet, name, project);
        Ok(aim.targets.iter().map(resolve).collect::<Result<_, _>>()?)
    }
}

/// Plan, ask, do, say: one intent after the other. All are planned and confirmed before the first
/// is begun; where one does not end well, those behind it are not begun.
pub(super) async fn run(
    session: &mut Session,
    scene: &Scene,
    intents: Vec<Intent>,
    how: &How<'_>,
) -> Result<Exit, CliError> {
    let mut plans = Vec::new();
    for intent in intents {
        match plan::plan(session, scene, &intent, how).await? {
            plan::Planned::Plan(plan) => plans.push(*plan),
            plan::Planned::Already(sentence, remedy) => {
                already(session, how, &intent, &sentence)?;
                if !remedy.is_empty() {
                    say(&format!("    {remedy}"));
                }
            }
        }
    }
    if how.ask.dry_run {
        return dry_run(session, scene, &plans, how);
    }
    left::tell(&scene.left, Timestamp::now());
    for plan in &plans {
        needs::locks(&plan.services, &scene.left)?;
        needs::journal(plan, session)?;
    }
    let mut jobs = Vec::new();
    for plan in plans {
        let consent = ask::confirm(&plan, how.ask)?;
        jobs.push(Job { plan, consent, resume: None });
    }
    let mut behind = jobs.len();
    for job in jobs {
        behind -= 1;
        let exit = carry(session, &scene.fleet, job, how.ask.output).await?;
        if exit != Exit::Done {
            if behind > 0 {
                say(&format!("qd: {behind} more that were asked for were not begun"));
            }
            return Ok(exit);
        }
    }
    session.out.flush()?;
    Ok(Exit::Done)
}

/// Everything is as it was asked to be, so scripts may repeat themselves.
fn already(session: &mut Session, how: &How<'_>, intent: &Intent, sentence: &str) -> Result<(), CliError> {
    if how.ask.output == ActFormat::Json {
        json::line(&mut session.out, &report::ActJson::already(&intent.change, how.ask.dry_run, sentence))?;
    }
    session.out.flush()?;
    say(sentence);
    Ok(())
}

/// Say what would be done.
fn dry_run(session: &mut Session, scene: &Scene, plans: &[Plan], how: &How<'_>) -> Result<Exit, CliError> {
    for plan in plans {
        match how.ask.output {
            ActFormat::Json => json::line(&mut session.out, &report::DryJson::of(plan))?,
            ActFormat::Table => {
                let out = &mut session.out;
                let text = plan::text(plan, &out.paint, out.fit(), out.glyphs);
                out.text(&text)?;
            }
        }
    }
    session.out.flush()?;
    left::tell(&scene.left, Timestamp::now());
    for plan in plans {
        plan::warn(plan);
        // What would be refused later is worth knowing now, and no reason not to show the plan.
        for trouble in [needs::locks(&plan.services, &scene.left), needs::journal(plan, session)] {
            if let Err(trouble) = trouble {
                say(&format!("warning: {trouble}"));
            }
        }
    }
    say("dry run: nothing was done");
    Ok(Exit::Done)
}

/// The command line's and the config's part of a plan.
fn options(session: &Session, how: &How<'_>) -> Options {
    Options {
        token: operate::token(),
        wait: !how.gate.no_wait,
        timeout: how.grace,
        signal: how.signal.clone(),
        force: how.force,
        // Read-only as a whole is the guard's business: a dry run may be planned all the same.
        protection: crate::config::Protection { read_only: false, ..session.settings.protection() },
        gate: session.settings.gate.clone(),
        seat: Seat::here(&session.engine.endpoint()),
    }
}
