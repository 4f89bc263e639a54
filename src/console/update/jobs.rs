//! Jobs under way: how they move on, how they are called off, and what became of them.

use super::super::Effect;
use super::super::dialog::{Dialog, Message, Sure, Yes};
use super::super::model::Model;
use super::super::pane::Target;
use super::super::widget::Scroll;
use super::ask::refused;
use crate::engine::EngineError;
use crate::fleet::State;
use crate::operate::{End, JobId, Outcome, Progress};

/// Cancel the newest job that is not being cancelled already; says whether there was one. What
/// would be taken back is asked about once more: escape is pressed for many reasons.
pub(super) fn cancel(model: &mut Model) -> Option<Vec<Effect>> {
    let job = model.jobs.iter().rev().find(|j| !j.cancelled && j.undoing.is_none())?;
    if !job.undoes() {
        return Some(turn_back(model, job.id).into_iter().collect());
    }
    let sure = Sure {
        title: "cancel".to_owned(),
        question: format!("{} {}: undo it?", job.change, job.what),
        text: vec![
            format!("{} of {} steps are done.", job.ended, job.steps),
            "What was done is taken back in reverse order; then all is as it was before.".to_owned(),
        ],
        verb: "undo",
        word: None,
        typed: tui_input::Input::default(),
        yes: Yes::Cancel(job.id),
    };
    model.dialogs.push(Dialog::Sure(Box::new(sure)));
    Some(Vec::new())
}

/// Call a job off.
pub(super) fn turn_back(model: &mut Model, id: JobId) -> Option<Effect> {
    let Some(job) = model.jobs.iter_mut().find(|j| j.id == id) else {
        model.refuse("it has ended meanwhile");
        return None;
    };
    job.cancelled = true;
    let words = format!("cancelling: {} {}", job.change, job.what);
    model.refuse(words);
    Some(Effect::CancelJob(id))
}

/// A job moved on.
pub(super) fn progress(model: &mut Model, progress: Progress) -> Vec<Effect> {
    model.dirty = true;
    let id = progress.job();
    let now = model.now;
    if let Some(job) = model.jobs.iter_mut().find(|j| j.id == id) {
        job.moved(&progress, now);
    }
    match progress {
        Progress::Undoing { why, .. } => {
            model.headline.stale = true;
            if let Some(job) = model.jobs.iter().find(|j| j.id == id).filter(|j| !j.cancelled) {
                let words = format!("{} {}: {why}: undoing it", job.change, job.what);
                model.fail(words);
            }
        }
        Progress::Finished { outcome, .. } => {
            let cancelled = model.jobs.iter().any(|j| j.id == id && j.cancelled);
            model.jobs.retain(|j| j.id != id);
            model.headline.stale = true;
            // What it left, if anything, is asked for at once.
            model.ledger.asked = None;
            if let Some(Dialog::Sure(sure)) = model.dialogs.last()
                && matches!(sure.yes, Yes::Cancel(job) if job == id)
            {
                model.dialogs.pop();
            }
            match called_off(&outcome).filter(|_| cancelled) {
                Some(words) => model.refuse(words),
                None => finished(model, &outcome, cancelled),
            }
        }
        _ => {}
    }
    Vec::new()
}

/// What became of a job the user cancelled; `None` where nothing was left undone, or something
/// failed by itself, or everything was taken back.
fn called_off(outcome: &Outcome) -> Option<String> {
    if !matches!(outcome.end, End::Failed { .. }) {
        return None;
    }
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

fn finished(model: &mut Model, outcome: &Outcome, cancelled: bool) {
    let sentence = outcome.sentence();
    match &outcome.end {
        End::Done => {
            model.say(sentence);
            return;
        }
        // As the user wanted it.
        End::Undone { .. } if cancelled => {
            model.say(sentence);
            return;
        }
        End::Refused { remedy, .. } => model.refuse(format!("{sentence} {remedy}").trim_end().to_owned()),
        End::Undone { .. } | End::Failed { .. } | End::Interrupted { .. } => model.fail(sentence.clone()),
    }
    // Never under the user's fingers: who is typing reads it in the status line, and in :messages.
    if model.dialogs.is_empty() && model.prompt.is_none() {
        let text = report(outcome, sentence);
        let title = match &outcome.end {
            End::Refused { .. } => "nothing was done".to_owned(),
            End::Undone { .. } => format!("{} failed and was undone", outcome.intent.change),
            End::Interrupted { .. } => format!("{} was left in the middle", outcome.intent.change),
            End::Done | End::Failed { .. } => format!("{} failed", outcome.intent.change),
        };
        let bad = !matches!(outcome.end, End::Refused { .. });
        model.dialogs.push(Dialog::Message(Message { title, text, bad, scroll: Scroll::default() }));
    }
}

/// What became of it, why, how things stand, what to type.
fn report(outcome: &Outcome, sentence: String) -> Vec<String> {
    // The sentence tells why already, as a rule.
    let also = |why: &String| (!sentence.contains(why.as_str())).then(|| format!("Why: {why}"));
    let mut more = Vec::new();
    match &outcome.end {
        End::Refused { why, remedy } => {
            more.extend(also(why));
            more.push(remedy.clone());
        }
        End::Undone { why } => {
            more.extend(also(why));
            more.push("Everything is again as it was before.".to_owned());
        }
        End::Interrupted { why } => {
            more.extend(also(why));
            more.push(match outcome.operation {
                Some(n) => format!("The journal has it as operation {n}: qd finish {n}, or qd undo {n}."),
                None => "There is no journal: what was begun has to be ended by hand.".to_owned(),
            });
        }
        End::Done | End::Failed { .. } => {}
    }
    let mut text = vec![sentence];
    if !more.is_empty() {
        text.push(String::new());
        text.append(&mut more);
    }
    let failed: Vec<_> = outcome.failed().collect();
    if !failed.is_empty() {
        text.push(String::new());
    }
    for (step, error) in failed {
        text.push(format!("{}: {error}", step.name()));
        text.push(format!("  {}", error.remedy()));
    }
    if !outcome.advice.is_empty() {
        text.push(String::new());
        text.extend(outcome.advice.iter().cloned());
    }
    text.dedup();
    text
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
