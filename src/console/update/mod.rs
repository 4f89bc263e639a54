//! What a message changes, and what has to happen outside because of it.
//!
//! Pure: no IO, no clock (time arrives as [`Msg::Now`]). [`update`] takes one message; [`settle`]
//! brings what follows from many of them (rows, header, what the pane shows) up to date, once
//! before drawing or before a key is understood.

mod act;
mod ask;
mod dialogs;
mod grid;
mod incidents;
mod jobs;
mod keys;
mod machine;
mod mouse;
mod observe;
mod palette;
mod pane;
mod postmortem;
mod prompt;
mod reveal;
mod revisions;
mod unfinished;

use super::model::Model;
use super::{Effect, Msg};

pub use observe::settle;
pub use postmortem::Answer;

/// Take one message.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Now(now) => observe::now(model, now),
        Msg::Key(key) => keys::key(model, key),
        Msg::Mouse(event) => mouse::mouse(model, event),
        Msg::Paste(text) => prompt::paste(model, &text),
        Msg::Resize(size) => {
            model.size = size;
            model.dirty = true;
            Vec::new()
        }
        Msg::Observed(observation) => observe::observed(model, observation),
        Msg::Lines(number, mut batch) => {
            let mut changed = false;
            for pane in model.panes.each() {
                changed |= pane.lines(number, &mut batch);
            }
            model.dirty |= changed;
            Vec::new()
        }
        Msg::Inspected(replica, result) => {
            let mut changed = false;
            for pane in model.panes.each() {
                changed |= pane.inspected(&replica, &result);
            }
            model.dirty |= changed;
            Vec::new()
        }
        Msg::Revealed(replica, result) => {
            reveal::came(model, &replica, result);
            Vec::new()
        }
        Msg::Listeners(listeners) => {
            model.machine.listeners.learn(listeners);
            model.dirty = true;
            Vec::new()
        }
        Msg::Answers(answers) => {
            model.machine.answers.learn(answers);
            model.dirty = true;
            Vec::new()
        }
        Msg::Storage(storage) => {
            model.machine.storage.learn(storage);
            model.dirty = true;
            Vec::new()
        }
        Msg::DiskUse(ask, told) => {
            machine::disk_use(model, ask, told);
            Vec::new()
        }
        Msg::Surveyed(number, token, result) => ask::surveyed(model, number, token, *result),
        Msg::Revisions(number, result) => revisions::came(model, number, result),
        Msg::PostMortem(number, answer) => {
            postmortem::came(model, number, answer);
            Vec::new()
        }
        Msg::Unfinished(result) => {
            unfinished::came(model, result);
            Vec::new()
        }
        Msg::History(of, Ok(history)) => {
            let mut changed = false;
            for pane in model.panes.each() {
                changed |= pane.history(of.as_ref(), &history);
            }
            model.dirty |= changed;
            Vec::new()
        }
        // What can't be read is told where it is asked for what is unfinished, once.
        Msg::History(_, Err(_)) => Vec::new(),
        Msg::Recording(problem) => {
            unfinished::recording(model, problem);
            Vec::new()
        }
        Msg::Incidents(board) => {
            incidents::hung_up(model, *board);
            Vec::new()
        }
        Msg::Job(progress) => jobs::progress(model, progress),
        Msg::Saved(Ok(path)) => {
            model.say(format!("saved to {}", path.display()));
            Vec::new()
        }
        Msg::Saved(Err(why)) => {
            model.fail(why);
            Vec::new()
        }
        Msg::ShellEnded(result) => {
            match result {
                Ok(Some(0)) => model.say("the shell ended"),
                Ok(Some(code)) => model.say(format!("the shell ended with exit code {code}")),
                Ok(None) => model.say("the shell ended; the engine did not tell how"),
                Err(error) => model.fail(format!("no shell: {error}. {}", error.remedy())),
            }
            Vec::new()
        }
        Msg::Theme(result) => {
            dialogs::theme_loaded(model, result);
            Vec::new()
        }
        Msg::Keymap(result) => {
            dialogs::keymap_loaded(model, result);
            Vec::new()
        }
        Msg::Choices { themes, keymaps } => {
            model.themes = themes;
            model.keymaps = keymaps;
            Vec::new()
        }
        Msg::Notice(text) => {
            model.say(text);
            Vec::new()
        }
        Msg::Warning(text) => {
            model.fail(text);
            Vec::new()
        }
        Msg::Terminate => vec![Effect::Quit],
    }
}
