//! Who is on duty, seen from the runner: what rules found goes to the screen, what is asked for
//! incidents goes to them.

use jiff::Timestamp;

use super::super::{Effect, Msg};
use super::post::Event;
use super::{ConsoleError, Runner};
use crate::duty::Word;

impl Runner {
    /// Ask the alert rules, if it is time, and hang up what they found. Between two frames: what
    /// rings must not stand in the middle of one.
    pub(super) fn look_at_rules(&mut self) -> Result<(), ConsoleError> {
        if let Some(bytes) = self.post.look(&self.model.fleet, Timestamp::now()) {
            self.terminal.ring(&bytes)?;
        }
        self.hang_up();
        Ok(())
    }

    fn hang_up(&mut self) {
        if let Some(board) = self.post.board() {
            self.take(Msg::Incidents(Box::new(board)));
        }
    }

    pub(super) fn on_duty(&mut self, event: Event) {
        match event {
            Event::Read(brief) => match self.post.take_over(*brief, Timestamp::now()) {
                Ok(words) => words.into_iter().for_each(|words| self.take(Msg::Notice(words))),
                Err(problems) => {
                    for problem in problems {
                        self.take(Msg::Warning(format!("alerts: {problem}")));
                    }
                }
            },
            Event::Said(word) => self.hear(word),
        }
    }

    /// A word of whoever is on duty.
    fn hear(&mut self, word: Word) {
        if let Word::Done(words) = &word {
            self.take(Msg::Notice(words.clone()));
            self.post.soon();
        }
        let said = self.post.duty().and_then(|duty| duty.take(word, Timestamp::now()));
        if let Some(words) = said {
            self.take(Msg::Warning(words));
        }
        self.hang_up();
    }

    /// What is asked for incidents.
    pub(super) fn see_to(&mut self, effect: Effect) {
        let now = Timestamp::now();
        let Some(duty) = self.post.duty() else { return };
        let word = match effect {
            Effect::Acknowledge(key, note) => duty.acknowledge(&key, &note, now),
            Effect::Silence { target, until, reason } => duty.silence(&target, until, &reason, now),
            Effect::Lift(ids) => duty.lift(ids),
            _ => None,
        };
        if let Some(word) = word {
            self.hear(word);
        }
    }
}
