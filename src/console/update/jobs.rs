//! Changes to the host: asked for, planned, confirmed, run, and what became of them.

use super::super::Effect;
use super::super::dialog::{Confirm, Dialog, Message};
use super::super::model::{Job, Model};
use super::super::pane::Target;
use super::super::widget::Scroll;
use crate::config::Protection;
use crate::engine::{Consent, EngineError, Survey};
use crate::fleet::{State, Verb};
use crate::operate::{
    Change, Confirm as Sure, Intent, JobId, Options, Outcome, Plan, Progress, Refusal, plan,
};

/// Ask for a change of what is marked, else selected.
pub(super) fn ask(model: &mut Model, verb: Verb) -> Vec<Effect> {
    let aim = model.grid.aim();
    ask_for(model, verb, aim)
}

/// Ask for a change of these.
pub(super) fn ask_for(model: &mut Model, verb: Verb, aim: Vec<Target>) -> Vec<Effect> {
    if refused(model) {
        return Vec::new();
    }
    match planned(model, verb, &aim, false) {
        Ok((plan, force)) => {
            let typed = tui_input::Input::default();
            let confirm = Confirm { plan, aim, force, typed, scroll: Scroll::default(), lapsed: None };
            model.dialogs.push(Dialog::Confirm(Box::new(confirm)));
        }
        Err(refusal) => model.refuse(refusal.to_string()),
    }
    Vec::new()
}

/// Plan; a removal that is refused because everything runs is planned by force, and says so.
fn planned(model: &Model, verb: Verb, aim: &[Target], force: bool) -> Result<(Plan, bool), Refusal> {
    let with = |force| {
        // Read-only as a whole was refused before.
        let protection = Protection { read_only: false, ..model.settings.protection() };
        let options = Options { force, protection, ..Options::default() };
        let intent = Intent { change: Change::Act(verb), targets: aim.to_vec() };
        plan(&intent, &model.fleet, &Survey::default(), &options)
    };
    match with(force) {
        Err(refusal) if verb == Verb::Remove && !force => match with(true) {
            Ok(plan) => Ok((plan, true)),
            Err(_) => Err(refusal),
        },
        planned => planned.map(|plan| (plan, force)),
    }
}

/// The first of two places that say so; the engine's edge is the other.
fn refused(model: &mut Model) -> bool {
    if model.settings.read_only {
        model.refuse(EngineError::ReadOnly.to_string());
    }
    model.settings.read_only
}

/// The fleet moved on: a question about what is gone says so instead of standing there as if.
pub(super) fn reconsider(model: &mut Model) {
    let lapsed = match model.dialogs.last() {
        Some(Dialog::Confirm(confirm)) => {
            let verb = confirm.plan.intent.change.verb();
            verb.and_then(|verb| planned(model, verb, &confirm.aim, confirm.force).err())
        }
        _ => return,
    };
    if let Some(Dialog::Confirm(confirm)) = model.dialogs.last_mut() {
        confirm.lapsed = lapsed.map(|refusal| refusal.to_string());
    }
}

/// Yes was said.
pub(super) fn confirmed(model: &mut Model, confirm: &Confirm) -> Vec<Effect> {
    // The fleet may have moved on while the question stood there: aim again.
    let change = confirm.plan.intent.change.clone();
    let Some(verb) = change.verb() else { return Vec::new() };
    let plan = match planned(model, verb, &confirm.aim, confirm.force) {
        Ok((plan, force)) if force == confirm.force => plan,
        Ok(_) => {
            model.refuse("what it was about has changed meanwhile: nothing was done, ask again");
            return Vec::new();
        }
        Err(refusal) => {
            model.refuse(refusal.to_string());
            return Vec::new();
        }
    };
    let meant = |p: &Plan| {
        let mut ids: Vec<_> = p.steps.iter().filter_map(|s| s.replica().cloned()).collect();
        ids.sort();
        ids
    };
    let (then, now) = (meant(&confirm.plan), meant(&plan));
    if now.iter().any(|id| then.binary_search(id).is_err()) {
        model.refuse("there are other replicas now than you were shown: nothing was done, ask again");
        return Vec::new();
    }
    let id = JobId(model.next_job);
    model.next_job += 1;
    let what = plan.question();
    let what = what.split_once(' ').map_or("", |(_, rest)| rest).trim_end_matches('?').to_owned();
    let steps = plan.steps.len();
    model.jobs.push(Job { id, change, what, steps, ended: 0, at: String::new(), cancelled: false });
    model.grid.clear_marks();
    let consent = match &plan.confirm {
        Sure::Open => Consent::None,
        Sure::Yes => Consent::Yes,
        Sure::Typed(_) => Consent::Typed,
    };
    vec![Effect::Run(id, Box::new(plan), consent)]
}

/// Cancel the newest job that is not being cancelled already; `None` where there is none.
pub(super) fn cancel(model: &mut Model) -> Option<Effect> {
    let job = model.jobs.iter_mut().rev().find(|j| !j.cancelled)?;
    job.cancelled = true;
    let (id, words) = (job.id, format!("cancelling: {} {}", job.change, job.what));
    model.refuse(words);
    Some(Effect::CancelJob(id))
}

/// A job moved on.
pub(super) fn progress(model: &mut Model, progress: Progress) -> Vec<Effect> {
    model.dirty = true;
    let id = progress.job();
    match progress {
        Progress::Began { name, .. } => {
            if let Some(job) = model.jobs.iter_mut().find(|j| j.id == id) {
                job.at = name.to_string();
            }
        }
        Progress::Recorded { .. } | Progress::Waiting { .. } | Progress::Undoing { .. } => {}
        Progress::Ended { .. } => {
            if let Some(job) = model.jobs.iter_mut().find(|j| j.id == id) {
                job.ended += 1;
            }
        }
        Progress::Finished { outcome, .. } => {
            let cancelled = model.jobs.iter().any(|j| j.id == id && j.cancelled);
            model.jobs.retain(|j| j.id != id);
            match called_off(&outcome).filter(|_| cancelled) {
                Some(words) => model.refuse(words),
                None => finished(model, &outcome),
            }
        }
    }
    Vec::new()
}

/// What became of a job the user cancelled; `None` where nothing was left undone, or something
/// failed by itself.
fn called_off(outcome: &Outcome) -> Option<String> {
    let (mut left, mut given_up) = (0, 0);
    for (_, error) in outcome.failed() {
        match error {
            EngineError::NotBegun { .. } => left += 1,
            EngineError::Interrupted => given_up += 1,
            _ => return None,
        }
    }
    let all = outcome.steps.len();
    let mut words = vec![format!("{} of {all} done", all - left - given_up)];
    if given_up > 0 {
        words.push(format!("{given_up} under way, which the engine may still finish"));
    }
    if left > 0 {
        words.push(format!("{left} left alone"));
    }
    (left + given_up > 0).then(|| format!("{} cancelled: {}", outcome.intent.change, words.join(", ")))
}

fn finished(model: &mut Model, outcome: &Outcome) {
    if outcome.ok() {
        model.say(outcome.sentence());
        return;
    }
    model.fail(outcome.sentence());
    let mut text = vec![outcome.sentence(), String::new()];
    for (step, error) in outcome.failed() {
        text.push(format!("{}: {error}", step.name()));
        text.push(format!("  {}", error.remedy()));
    }
    // Never under the user's fingers: who is typing reads it in the status line, and in :messages.
    if model.dialogs.is_empty() && model.prompt.is_none() {
        let title = format!("{} failed", outcome.intent.change);
        model.dialogs.push(Dialog::Message(Message { title, text, bad: true, scroll: Scroll::default() }));
    }
}

/// A shell in the selected replica.
pub(super) fn shell(model: &mut Model) -> Vec<Effect> {
    if refused(model) {
        return Vec::new();
    }
    let replica = match model.grid.selected() {
        None => Err("nothing is selected".to_owned()),
        Some(Target::Project(_)) => Err("a shell runs in one container: select a service".to_owned()),
        Some(Target::Replica(id)) => Ok(model.fleet.replica(id)),
        Some(Target::Service(id)) => {
            // Replicas come before jobs, so a job is meant only where nothing else runs.
            let running = model.fleet.replicas_of(id).find(|r| r.state == State::Running);
            Ok(running.or_else(|| model.fleet.replicas_of(id).next()))
        }
    };
    let replica = match replica {
        Ok(Some(replica)) if replica.state == State::Running => replica,
        Ok(Some(replica)) => {
            let (name, word) = (replica.name.clone(), replica.state.word());
            model.refuse(format!("no shell: {name} is {word}, a shell needs a running container"));
            return Vec::new();
        }
        Ok(None) => {
            model.refuse("no shell: there is no container");
            return Vec::new();
        }
        Err(why) => {
            model.refuse(format!("no shell: {why}"));
            return Vec::new();
        }
    };
    let (id, name) = (replica.id.clone(), replica.name.clone());
    model.say(format!("opening a shell in {name}"));
    vec![Effect::Shell(id)]
}
