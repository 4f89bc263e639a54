//! Somebody on duty on the stage: the shipped rules over the demo world, with a journal's manners.

use jiff::Timestamp;
use quarterdeck::alert::{
    Acknowledged, Book, Change, Incident, Muting, Rules, Severity, Silence, default_rules,
};
use quarterdeck::console::{Board, Effect, Msg};
use quarterdeck::engine::TermSize;
use quarterdeck::fleet::Fleet;

use super::Stage;

pub struct Duty {
    book: Book,
    rules: usize,
    over: Vec<Incident>,
    silences: Vec<Silence>,
}

impl Duty {
    fn new() -> Self {
        let rules = Rules::of(Vec::new(), default_rules(), &[]);
        Self { book: Book::new(&rules), rules: rules.len(), over: Vec::new(), silences: Vec::new() }
    }

    /// What the rules find now.
    pub fn look(&mut self, fleet: &Fleet, now: Timestamp) -> Board {
        self.silences.retain(|silence| silence.until > now);
        let muting = Muting { operations: &[], silences: &self.silences };
        for change in self.book.evaluate(fleet, &muting, now) {
            if let Change::Closed(incident) = change {
                self.over.insert(0, incident);
            }
        }
        Board {
            rules: Some(self.rules),
            open: self.book.open().into_iter().cloned().collect(),
            over: self.over.clone(),
            silences: self.silences.clone(),
            ..Board::default()
        }
    }

    /// Do what was asked; gives back what is not its business.
    pub fn see_to(&mut self, effect: Effect, now: Timestamp) -> Option<Effect> {
        match effect {
            Effect::Acknowledge(key, note) => {
                let acknowledged = Some(Acknowledged { at: now, who: "ada".into(), note: note.into() });
                let known = self.book.incident(&key).unwrap().clone();
                self.book.learn(&Incident { acknowledged, ..known });
            }
            Effect::Silence { target, until, reason } => self.silences.push(Silence {
                id: self.silences.iter().map(|silence| silence.id).max().unwrap_or(0) + 1,
                target: target.into(),
                at: now,
                until,
                who: "ada".into(),
                reason: reason.into(),
            }),
            Effect::Lift(ids) => self.silences.retain(|silence| !ids.contains(&silence.id)),
            other => return Some(other),
        }
        None
    }
}

impl Stage {
    /// The fleet with somebody on duty, forty seconds after the start: what is down has been so for
    /// long enough.
    pub fn on_duty(size: TermSize) -> Self {
        let mut stage = Self::new(size);
        stage.duty = Some(Duty::new());
        stage.pass(40);
        stage
    }

    /// Ask the rules.
    pub fn look(&mut self) {
        if let Some(duty) = &mut self.duty {
            let board = duty.look(&self.model.fleet, self.now);
            self.send(Msg::Incidents(Box::new(board)));
            self.settle();
        }
    }

    /// How many incidents are open, by severity.
    pub fn open(&self, severity: Severity) -> usize {
        self.model.board.open.iter().filter(|incident| incident.severity == severity).count()
    }
}
