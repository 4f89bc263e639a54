//! What was left in the middle: told once, offered, finished or undone; and what others are at.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input as Line;
use tui_input::backend::crossterm::EventHandler;

use super::super::Effect;
use super::super::dialog::{Dialog, Sure, Unfinished, Yes};
use super::super::ledger::Recording;
use super::super::model::{Job, Model};
use super::super::widget::scroll::step;
use super::{ask, dialogs, jobs};
use crate::action::Action;
use crate::engine::Consent;
use crate::journal::{JournalError, OperationRecord};
use crate::operate::{Confirm, Plan, Resume};

/// Ask the journal, when it is time.
pub(super) fn ask_journal(model: &mut Model) -> Option<Effect> {
    let known = model.fleet.engine().is_some_and(|e| !e.instance.is_empty());
    (known && model.ledger.due(model.now)).then_some(Effect::Unfinished)
}

/// The journal answered.
pub(super) fn came(model: &mut Model, result: Result<Vec<OperationRecord>, JournalError>) {
    let records = match result {
        Ok(records) => records,
        Err(error) => return recording(model, Some(error)),
    };
    if !model.ledger.learn(records, &model.jobs) {
        return;
    }
    model.dirty = true;
    model.headline.stale = true;
    model.grid.usage_changed();
    // Once, and never under the user's fingers; the badge stays.
    let new = model.ledger.left.iter().any(|r| !model.ledger.offered.contains(&r.id));
    if new && model.dialogs.is_empty() && model.prompt.is_none() && !model.settings.read_only {
        offer(model);
    }
    if let Some(Dialog::Unfinished(open)) = model.dialogs.last_mut() {
        open.records.clone_from(&model.ledger.left);
        open.selected = open.selected.min(open.records.len().saturating_sub(1));
        if open.records.is_empty() {
            model.dialogs.pop();
        }
    }
}

/// The journal can't be written (any more), or can be again.
pub(super) fn recording(model: &mut Model, problem: Option<JournalError>) {
    model.dirty = true;
    model.ledger.recording = match problem {
        None => {
            model.say("the journal can be written again");
            Recording::On
        }
        Some(error) => {
            let (why, remedy) = (error.to_string(), error.remedy());
            model.fail(format!("nothing is recorded: {why}. {remedy}"));
            Recording::Broken { why, remedy }
        }
    };
}

fn offer(model: &mut Model) {
    let records = model.ledger.left.clone();
    model.ledger.offered = records.iter().map(|r| r.id).collect();
    model.dialogs.push(Dialog::Unfinished(Unfinished { records, selected: 0 }));
}

/// Show what is unfinished.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    if ask::refused(model) {
        return Vec::new();
    }
    if !model.ledger.left.is_empty() {
        offer(model);
        return Vec::new();
    }
    let words = match (&model.ledger.recording, model.ledger.others.first()) {
        (Recording::Broken { why, remedy }, _) => format!("the journal can't be asked: {why}. {remedy}"),
        (Recording::Unwanted, _) => "there is no journal to ask".to_owned(),
        (Recording::On, Some(other)) => {
            format!(
                "nothing was left in the middle; {} is at: {}",
                other.begun.who.user, other.begun.sentence
            )
        }
        (Recording::On, None) => "nothing was left in the middle".to_owned(),
    };
    model.refuse(words);
    Vec::new()
}

/// Finish or undo the operation of that number, else the only one.
pub(super) fn bring(model: &mut Model, how: Resume, number: Option<i64>) -> Vec<Effect> {
    if ask::refused(model) {
        return Vec::new();
    }
    let left = &model.ledger.left;
    let record = match (number, left.as_slice()) {
        (Some(number), _) => left.iter().find(|r| r.id == number).cloned(),
        (None, [only]) => Some(only.clone()),
        (None, _) => return open(model),
    };
    if let Some(record) = record {
        return resume(model, record, how);
    }
    let number = number.unwrap_or_default();
    model.refuse(format!("operation {number} was not left in the middle"));
    Vec::new()
}

/// A key for the dialog, which was taken off the stack.
pub(super) fn key(model: &mut Model, mut open: Unfinished, key: KeyEvent) -> Vec<Effect> {
    let how = match key.code {
        KeyCode::Char('f') => Some(Resume::Finish),
        KeyCode::Char('u') if !key.modifiers.contains(KeyModifiers::CONTROL) => Some(Resume::Undo),
        _ => None,
    };
    if let Some(how) = how {
        return match open.chosen().cloned() {
            Some(record) => resume(model, record, how),
            None => Vec::new(),
        };
    }
    match dialogs::moving(model, key) {
        Some(Action::Cancel | Action::Quit) => {
            let again = model.skin.keymap.key(model.context(), Action::Unfinished).unwrap_or(":unfinished");
            let again = again.to_owned();
            model.say(format!("left as it is; {again} brings it back, qd finish and qd undo do the same"));
            return Vec::new();
        }
        Some(action) => {
            if let Some(rows) = step(action, 6) {
                let last = open.records.len().saturating_sub(1);
                open.selected = open.selected.saturating_add_signed(rows).min(last);
            }
        }
        None => {}
    }
    model.dialogs.push(Dialog::Unfinished(open));
    Vec::new()
}

/// Bring one to an end; what is protected takes its typed name, as its beginning did.
fn resume(model: &mut Model, record: OperationRecord, how: Resume) -> Vec<Effect> {
    let plan = serde_json::from_str::<Plan>(&record.begun.plan).ok();
    if let Some(Confirm::Typed(word)) = plan.map(|p| p.confirm) {
        model.dialogs.push(Dialog::Sure(Box::new(Sure {
            title: format!("{} operation {}", how.word(), record.id),
            question: format!("{}: {}?", how.word(), record.begun.sentence),
            text: vec!["It is protected.".to_owned()],
            verb: how.word(),
            word: Some(word),
            typed: Line::default(),
            yes: Yes::Resume(Box::new(record), how),
        })));
        return Vec::new();
    }
    go_on(model, record, how, Consent::Yes)
}

fn go_on(model: &mut Model, record: OperationRecord, how: Resume, consent: Consent) -> Vec<Effect> {
    let id = ask::next_job(model);
    let Ok(plan) = serde_json::from_str::<Plan>(&record.begun.plan) else {
        model.fail(format!("operation {}: its plan can't be read by this qd", record.id));
        return Vec::new();
    };
    let mut job = Job::new(id, &plan);
    job.operation = Some(record.id);
    if how == Resume::Undo {
        job.undoing = Some("left in the middle".to_owned());
    }
    model.jobs.push(job);
    model.ledger.left.retain(|r| r.id != record.id);
    vec![Effect::Resume(id, Box::new(record), how, consent)]
}

/// A key for one more question, which was taken off the stack.
pub(super) fn sure_key(model: &mut Model, mut sure: Box<Sure>, key: KeyEvent) -> Vec<Effect> {
    let typed = sure.word.is_some();
    let ready = sure.word.as_deref().is_none_or(|word| word == sure.typed.value().trim());
    match key.code {
        KeyCode::Esc => {
            model.say(format!("{}: not done", sure.verb));
            return Vec::new();
        }
        KeyCode::Char('n' | 'N' | 'q') if !typed => {
            model.say(format!("{}: not done", sure.verb));
            return Vec::new();
        }
        KeyCode::Char('y' | 'Y') if !typed => return said_yes(model, sure.yes),
        KeyCode::Enter if typed && ready => return said_yes(model, sure.yes),
        KeyCode::Enter if typed => {
            let word = sure.word.as_deref().unwrap_or_default().to_owned();
            model.refuse(format!("type {word} to confirm, esc to leave it"));
        }
        KeyCode::Enter => {
            let verb = sure.verb;
            model.refuse(format!("enter does not {verb}: press y"));
        }
        _ if typed => {
            sure.typed.handle_event(&Event::Key(key));
        }
        _ => {}
    }
    model.dialogs.push(Dialog::Sure(sure));
    Vec::new()
}

fn said_yes(model: &mut Model, yes: Yes) -> Vec<Effect> {
    match yes {
        Yes::Cancel(id) => jobs::turn_back(model, id).into_iter().collect(),
        Yes::Reveal(replica, service) => vec![Effect::Reveal(replica, service)],
        Yes::Resume(record, how) => go_on(model, *record, how, Consent::Typed),
    }
}
