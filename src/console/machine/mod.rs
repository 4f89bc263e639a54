//! What the console read of the machine for its pages: sockets, who answers, disks. Pure.

mod sheet;

use jiff::{SignedDuration, Timestamp};

pub use sheet::{Facts, Row, sheet};

use crate::engine::{DiskUse, Storage};
use crate::fleet::Listener;
use crate::probe::Answers;

/// How old sockets and disks may be while they are looked at.
const FRESH: SignedDuration = SignedDuration::from_secs(4);
/// How old the answers of ports may be: each is a connection.
const ANSWERED: SignedDuration = SignedDuration::from_secs(30);

/// Something that is read while somebody looks.
#[derive(Debug)]
pub struct Reading<T> {
    /// What was read last.
    pub known: Option<T>,
    /// When it was asked for last.
    asked: Option<Timestamp>,
    /// It is being read.
    under_way: bool,
}

impl<T> Default for Reading<T> {
    fn default() -> Self {
        Self { known: None, asked: None, under_way: false }
    }
}

impl<T> Reading<T> {
    /// Whether it is to be read now; if so, it is taken to be under way.
    fn due(&mut self, now: Timestamp, fresh: SignedDuration) -> bool {
        // A clock set back makes it due.
        let old = self.asked.is_none_or(|at| now.duration_since(at) >= fresh || now < at);
        if self.under_way || !old {
            return false;
        }
        (self.asked, self.under_way) = (Some(now), true);
        true
    }

    /// It was read.
    pub fn learn(&mut self, known: T) {
        (self.known, self.under_way) = (Some(known), false);
    }

    /// Read it again at the next occasion.
    pub fn forget(&mut self) {
        self.asked = None;
    }
}

/// What the engine's own objects take, as far as that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DiskAsk {
    /// It was not.
    #[default]
    Not,
    /// It is being added up.
    Asked,
    /// It could not be: one sentence and what to do.
    Failed(String),
    /// It was.
    Told(DiskUse),
}

/// All of it.
#[derive(Debug, Default)]
pub struct Machine {
    /// Sockets that wait for connections, or why they can't be seen.
    pub listeners: Reading<Result<Vec<Listener>, String>>,
    /// Who answers.
    pub answers: Reading<Answers>,
    /// Disks, or why they can't be seen.
    pub storage: Reading<Result<Storage, String>>,
    /// What the engine keeps.
    pub disk: DiskAsk,
    /// What that ask is called: an answer to another one is late.
    pub asks: u64,
}

impl Machine {
    /// Whether sockets are to be read.
    pub(super) fn wants_listeners(&mut self, now: Timestamp) -> bool {
        self.listeners.due(now, FRESH)
    }

    /// Whether ports are to be asked.
    pub(super) fn wants_answers(&mut self, now: Timestamp) -> bool {
        self.answers.due(now, ANSWERED)
    }

    /// Whether disks are to be read.
    pub(super) fn wants_storage(&mut self, now: Timestamp) -> bool {
        self.storage.due(now, FRESH)
    }

    /// The sockets, as far as they are known.
    pub fn sockets(&self) -> &[Listener] {
        match &self.listeners.known {
            Some(Ok(listeners)) => listeners,
            _ => &[],
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_reading_at_a_time_and_none_too_often() {
        let at = |s: i64| Timestamp::from_second(1_000 + s).unwrap();
        let mut machine = Machine::default();
        assert!(machine.wants_listeners(at(0)));
        assert!(!machine.wants_listeners(at(60)), "the first is under way");
        machine.listeners.learn(Ok(Vec::new()));
        assert!(machine.wants_listeners(at(60)));
        machine.listeners.learn(Err("no".to_owned()));
        assert!(!machine.wants_listeners(at(62)), "they are fresh");
        assert!(machine.wants_listeners(at(10)), "the clock was set back");
        machine.listeners.learn(Ok(Vec::new()));
        machine.listeners.forget();
        assert!(machine.wants_listeners(at(10)), "somebody asked for it");
    }
}
