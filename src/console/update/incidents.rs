//! Incidents: the board that was hung up, the list, and what is asked about what is on it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::super::Effect;
use super::super::board::{Board, Loudness, loudness};
use super::super::dialog::{About, Dialog, Incidents, Reply};
use super::super::model::Model;
use super::super::pane::Target;
use super::super::widget::scroll::step;
use super::{ask, dialogs};
use crate::action::Action;
use crate::alert::Incident;
use crate::fleet::ServiceId;

/// A new picture of what the alert rules found.
pub(super) fn hung_up(model: &mut Model, board: Board) {
    model.board = board;
    model.dirty = true;
    model.headline.stale = true;
    let Model { dialogs, board, .. } = model;
    for dialog in dialogs {
        if let Dialog::Incidents(list) = dialog {
            list.settle(board);
        }
    }
}

/// Open the list.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let mut list = Incidents::default();
    list.settle(&model.board);
    model.dialogs.push(Dialog::Incidents(list));
    Vec::new()
}

/// A key for the list, which was taken off the stack.
pub(super) fn key(model: &mut Model, mut list: Incidents, key: KeyEvent) -> Vec<Effect> {
    let chosen = list.chosen(&model.board).cloned();
    let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match (key.code, chosen) {
        (KeyCode::Char('c'), _) if plain => {
            list.over = !list.over;
            list.settle(&model.board);
        }
        (KeyCode::Enter, Some(incident)) => {
            if jump(model, &incident) {
                return Vec::new();
            }
        }
        (KeyCode::Char('a'), Some(incident)) if plain => {
            model.dialogs.push(Dialog::Incidents(list));
            acknowledge(model, &incident);
            return Vec::new();
        }
        (KeyCode::Char('s'), Some(incident)) if plain => {
            let target =
                incident.key.service.as_ref().map_or_else(|| incident.key.rule.to_string(), ServiceId::path);
            model.dialogs.push(Dialog::Incidents(list));
            model.dialogs.push(Dialog::Reply(Box::new(Reply::silence(&target))));
            return Vec::new();
        }
        (KeyCode::Char('S'), Some(incident)) if plain => {
            model.dialogs.push(Dialog::Incidents(list));
            model.dialogs.push(Dialog::Reply(Box::new(Reply::silence(&incident.key.rule))));
            return Vec::new();
        }
        (KeyCode::Char('u'), Some(incident)) if plain => {
            model.dialogs.push(Dialog::Incidents(list));
            return unsilence(model, &incident);
        }
        _ => match dialogs::moving(model, key) {
            Some(Action::Cancel | Action::Quit | Action::Incidents) => return Vec::new(),
            Some(action) => {
                if let Some(rows) = step(action, 10) {
                    list.move_by(rows, &model.board);
                }
            }
            None => {}
        },
    }
    model.dialogs.push(Dialog::Incidents(list));
    Vec::new()
}

/// Go to what an incident is about; says whether there is anything to go to.
fn jump(model: &mut Model, incident: &Incident) -> bool {
    let Some(service) = &incident.key.service else {
        model.refuse(format!("{} is about the host: there is no row of it", incident.key.rule));
        return false;
    };
    if model.fleet.service(service).is_none() {
        model.refuse(format!("{} is gone", service.name));
        return false;
    }
    dialogs::to_row(model, service)
}

fn acknowledge(model: &mut Model, incident: &Incident) {
    if loudness(incident) == Loudness::Over {
        model.refuse(format!(
            "{} on {} is over: there is nothing to acknowledge",
            incident.key.rule,
            incident.subject()
        ));
        return;
    }
    model.dialogs.push(Dialog::Reply(Box::new(Reply::acknowledge(incident))));
}

fn unsilence(model: &mut Model, incident: &Incident) -> Vec<Effect> {
    let ids: Vec<i64> = model.board.silencing(&incident.key, model.now).map(|silence| silence.id).collect();
    if !ids.is_empty() {
        return vec![Effect::Lift(ids)];
    }
    let why = match &incident.muted {
        Some(muted) => format!("no silence to end: it is muted because {}", muted.why),
        None => "no silence to end: it is not silenced".to_owned(),
    };
    model.refuse(why);
    Vec::new()
}

/// Acknowledge the worst incident of the selected row.
pub(super) fn acknowledge_row(model: &mut Model) -> Vec<Effect> {
    let service = match model.grid.selected() {
        Some(Target::Service(id)) => Some(id.clone()),
        Some(Target::Replica(id)) => model.fleet.replica(id).map(|replica| replica.service.clone()),
        Some(Target::Project(_)) | None => None,
    };
    let board = &model.board;
    let found = service.as_ref().and_then(|id| board.worst(id).or_else(|| board.of(id).next())).cloned();
    match (found, service) {
        (Some(incident), _) => acknowledge(model, &incident),
        (None, Some(id)) => model.refuse(format!("{} has no open incident", id.name)),
        (None, None) => model.refuse("acknowledge: go to a service, or choose in the list of incidents"),
    }
    Vec::new()
}

/// Ask for how long the selected row is to be quiet.
pub(super) fn silence_row(model: &mut Model) -> Vec<Effect> {
    let target = match model.grid.selected() {
        Some(Target::Service(id)) => Some(id.path()),
        Some(Target::Replica(id)) => model.fleet.replica(id).map(|replica| replica.service.path()),
        Some(Target::Project(project)) => project.as_deref().map(str::to_owned),
        None => None,
    };
    match target {
        Some(target) => model.dialogs.push(Dialog::Reply(Box::new(Reply::silence(&target)))),
        None => model.refuse("silence: go to a service or a project"),
    }
    Vec::new()
}

/// A key for a reply, which was taken off the stack.
pub(super) fn reply_key(model: &mut Model, mut reply: Box<Reply>, key: KeyEvent) -> Vec<Effect> {
    match key.code {
        KeyCode::Esc => {
            model.say(format!("{}: cancelled", reply.title));
            return Vec::new();
        }
        KeyCode::Enter => match &reply.about {
            About::Acknowledge(key) => return vec![Effect::Acknowledge(key.clone(), reply.note())],
            About::Silence => match reply.quiet(model.now) {
                Ok((target, until, reason)) => return vec![Effect::Silence { target, until, reason }],
                Err(why) => reply.fields.problem = Some(why),
            },
        },
        _ => ask::edit(&mut reply.fields, key),
    }
    model.dialogs.push(Dialog::Reply(reply));
    Vec::new()
}
