//! On duty: rules asked again and again, incidents written down, people told.
//!
//! Owns: what becomes of a change in the book of incidents (journal, webhooks), and what others did
//! to the same incidents (acknowledged, silenced, closed). Must not: draw, print, or observe an
//! engine; whoever is on duty brings the fleet.
//!
//! Asking is quick and done by the caller ([`Duty::look`]). Everything that may take time (the
//! journal, the network) is done by a clerk, a task of its own, who answers by [`Word`]s.

mod brief;
mod clerk;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::alert::{Acknowledged, Book, Change, Incident, Key, Muted, Muting, Rules, Silence};
use crate::fleet::{Fleet, Link, ServiceId};
use crate::journal::{Journal, Who};
use crate::notify::{Outbox, Standing, Target};
use crate::text::human;
pub use brief::Brief;
use clerk::{Clerk, Order};

/// Incidents that are over are kept so long, and so many of them.
const LATELY: SignedDuration = SignedDuration::from_hours(24);
const OVER: usize = 100;

/// What being on duty begins with.
#[derive(Debug)]
pub struct Posting {
    /// The rules in force.
    pub rules: Rules,
    /// Those who are told.
    pub targets: Vec<Target>,
    /// Where incidents are written down; `None`: nowhere, and two qd's know nothing of each other.
    pub journal: Option<Journal>,
    /// Who is on duty.
    pub who: Who,
    /// Look once: what holds now counts at once, however long it has to hold.
    pub once: bool,
}

/// What the clerk has to say. Give it to [`Duty::take`].
#[derive(Debug)]
pub enum Word {
    /// What the journal has of this engine, at the beginning.
    Met(Box<Known>),
    /// What others did meanwhile.
    Synced(Box<Known>),
    /// One incident as the journal has it now.
    One(Box<Incident>),
    /// What was asked for is done: what that was.
    Done(String),
    /// What was asked for can't be: why, and what to do.
    Refused(String),
    /// How it stands with those who are told, when that changed.
    Standing(Vec<Standing>),
    /// The journal can't be used: why. Incidents are told all the same. `None`: it can again.
    Trouble(Option<String>),
}

/// What the journal knows.
#[derive(Debug, Default)]
pub struct Known {
    instance: String,
    open: Vec<Incident>,
    silences: Vec<Silence>,
    operations: Vec<(ServiceId, Arc<str>)>,
    /// Those that are over, the newest first; only at the beginning.
    over: Vec<Incident>,
}

/// Whoever is on duty.
#[derive(Debug)]
pub struct Duty {
    book: Book,
    rules: Rules,
    known: Known,
    /// The engine the clerk was told of, and whether they know it by now.
    instance: Option<(String, bool)>,
    once: bool,
    /// Whose words are final: there is no journal, and nobody else. In words.
    alone: Option<Arc<str>>,
    /// What is over, the newest first.
    over: VecDeque<Incident>,
    standing: Vec<Standing>,
    trouble: Option<String>,
    orders: UnboundedSender<Order>,
    words: UnboundedReceiver<Word>,
    clerk: JoinHandle<Vec<Standing>>,
}

impl Duty {
    /// Go on duty. Must be called inside a tokio runtime.
    pub fn begin(posting: Posting) -> Self {
        let Posting { rules, targets, journal, who, once } = posting;
        let (orders, ordered) = mpsc::unbounded_channel();
        let (say, words) = mpsc::unbounded_channel();
        let alone = journal.is_none().then(|| who.words().into());
        let clerk = Clerk::new(journal, who, Outbox::new(targets), say);
        let clerk = tokio::spawn(clerk.work(ordered));
        let book = Book::new(&rules);
        Self {
            book,
            rules,
            known: Known::default(),
            instance: None,
            once,
            alone,
            over: VecDeque::new(),
            standing: Vec::new(),
            trouble: None,
            orders,
            words,
            clerk,
        }
    }

    /// Ask every rule of what is known, and tell what became of it. Nothing is asked before the
    /// journal has told what is open already.
    pub fn look(&mut self, fleet: &Fleet, now: Timestamp) -> Vec<Change> {
        if !self.meet(fleet) {
            return Vec::new();
        }
        let muting = Muting { operations: &self.known.operations, silences: &self.known.silences };
        let changes = if self.once {
            self.book.evaluate_at_once(fleet, &muting, now)
        } else {
            self.book.evaluate(fleet, &muting, now)
        };
        let (instance, host) = match fleet.engine() {
            Some(engine) => (engine.instance.clone(), engine.host.clone()),
            None => (String::new(), String::new()),
        };
        for change in &changes {
            if let Change::Closed(incident) = change {
                self.over.push_front(incident.clone());
            }
            self.order(Order::Changed {
                instance: instance.clone(),
                host: host.clone(),
                change: Box::new(change.clone()),
            });
        }
        let old =
            |incident: &Incident| incident.closed.is_some_and(|(at, _)| now.duration_since(at) > LATELY);
        while self.over.len() > OVER || self.over.back().is_some_and(old) {
            self.over.pop_back();
        }
        changes
    }

    /// Whether the clerk knows which engine it is, and we what is open on it.
    fn meet(&mut self, fleet: &Fleet) -> bool {
        let instance = match (fleet.engine(), fleet.link()) {
            (Some(engine), _) => engine.instance.clone(),
            // That nothing answers is worth telling, whoever it is that does not.
            (None, Some(Link::Lost { .. })) => String::new(),
            (None, _) => return false,
        };
        match &self.instance {
            Some((known, met)) if *known == instance => *met,
            _ => {
                self.instance = Some((instance.clone(), false));
                let host = fleet.engine().map(|engine| engine.host.clone()).unwrap_or_default();
                self.order(Order::Meet { instance, host });
                false
            }
        }
    }

    /// The next word of the clerk. Pends while there is none; nothing is lost when it is dropped.
    pub async fn word(&mut self) -> Word {
        match self.words.recv().await {
            Some(word) => word,
            None => std::future::pending().await,
        }
    }

    /// Take a word over. What is in it for people is returned: a refusal, a trouble.
    pub fn take(&mut self, word: Word, now: Timestamp) -> Option<String> {
        match word {
            Word::Met(known) => {
                if let Some((instance, met)) = &mut self.instance
                    && *instance == known.instance
                {
                    *met = true;
                }
                let fresh = known.open.iter().filter(|it| self.book.incident(&it.key).is_none());
                self.book.restore(fresh.cloned().collect(), now);
                self.learn(*known);
                self.over = std::mem::take(&mut self.known.over).into();
                None
            }
            Word::Synced(known) => {
                self.learn(*known);
                None
            }
            Word::One(incident) => {
                self.book.learn(&incident);
                None
            }
            Word::Standing(standing) => {
                self.standing = standing;
                None
            }
            Word::Done(_) => None,
            Word::Refused(why) => Some(why),
            Word::Trouble(why) => {
                self.trouble.clone_from(&why);
                why
            }
        }
    }

    fn learn(&mut self, known: Known) {
        for incident in &known.open {
            self.book.learn(incident);
        }
        self.known = known;
    }

    /// Incidents that are open, worst first.
    pub fn incidents(&self) -> Vec<&Incident> {
        self.book.open()
    }

    /// One of them.
    pub fn incident(&self, key: &Key) -> Option<&Incident> {
        self.book.incident(key)
    }

    /// What keeps a service's incidents quiet.
    pub fn muted(&self, service: &ServiceId, now: Timestamp) -> Option<Muted> {
        let muting = Muting { operations: &self.known.operations, silences: &self.known.silences };
        muting.of_service(service, now)
    }

    /// Silences in force.
    pub fn silences(&self) -> &[Silence] {
        &self.known.silences
    }

    /// The rules in force.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Those that are over since yesterday, the newest first, within reason.
    pub fn over(&self) -> impl Iterator<Item = &Incident> {
        self.over.iter()
    }

    /// How it stands with those who are told.
    pub fn standing(&self) -> &[Standing] {
        &self.standing
    }

    /// Why nothing can be written down at the moment.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Write down that somebody has seen an incident that is open. What became of it comes as a
    /// word; where there is no journal it is so at once, and the word is returned.
    pub fn acknowledge(&mut self, key: &Key, note: &str, now: Timestamp) -> Option<Word> {
        let Some(incident) = self.book.incident(key) else {
            return Some(Word::Refused(format!("{} is over by now", key.rule)));
        };
        if let Some(who) = &self.alone {
            let acknowledged = Some(Acknowledged { at: now, who: who.clone(), note: note.into() });
            let seen = Incident { acknowledged, ..incident.clone() };
            self.book.learn(&seen);
            return Some(Word::Done(acknowledged_words(&seen)));
        }
        let Some(id) = incident.id else {
            let words = format!("{} is not written down yet: try again in a moment", key.rule);
            return Some(Word::Refused(words));
        };
        self.order(Order::Acknowledge { id, note: note.to_owned() });
        None
    }

    /// Keep incidents quiet: of a service or a rule (a glob), until then. As
    /// [`Duty::acknowledge`].
    pub fn silence(&mut self, target: &str, until: Timestamp, reason: &str, now: Timestamp) -> Option<Word> {
        let who = self.alone.clone().unwrap_or_default();
        let id = self.known.silences.iter().map(|silence| silence.id).max().unwrap_or(0) + 1;
        let silence = Silence { id, target: target.into(), at: now, until, who, reason: reason.into() };
        if self.alone.is_some() {
            let words = silenced_words(&silence);
            self.known.silences.push(silence);
            return Some(Word::Done(words));
        }
        let Some((instance, _)) = self.instance.clone() else {
            return Some(Word::Refused("not silenced: no engine has been reached yet".to_owned()));
        };
        self.order(Order::Silence { instance, silence: Box::new(silence) });
        None
    }

    /// End silences by their numbers. As [`Duty::acknowledge`].
    pub fn lift(&mut self, ids: Vec<i64>) -> Option<Word> {
        if self.alone.is_some() {
            self.known.silences.retain(|silence| !ids.contains(&silence.id));
            return Some(Word::Done(LIFTED.to_owned()));
        }
        self.order(Order::Lift { ids });
        None
    }

    /// Other rules, and others to tell, from here on. What is open stays open.
    pub fn replace(&mut self, rules: Rules, targets: Vec<Target>, now: Timestamp) {
        self.book.replace(&rules, now);
        self.rules = rules;
        self.order(Order::Targets(targets));
    }

    fn order(&self, order: Order) {
        // The clerk works until we drop this.
        let _ = self.orders.send(order);
    }

    /// Go off duty: everything written down, and told as far as that is possible in this time. How
    /// it stands with those who are told.
    pub async fn end(self, patience: Duration) -> Vec<Standing> {
        let Self { orders, clerk, .. } = self;
        let _ = orders.send(Order::Leave(patience));
        // The journal may hang: nobody is kept for ever.
        timeout(patience + Duration::from_secs(5), clerk).await.ok().and_then(Result::ok).unwrap_or_default()
    }
}

/// What is said of an incident that was acknowledged.
fn acknowledged_words(incident: &Incident) -> String {
    format!("acknowledged: {}", incident.sentence())
}

/// What is said when something was silenced.
fn silenced_words(silence: &Silence) -> String {
    let span = human::duration(human::elapsed(silence.at, silence.until));
    format!("{} is silenced for {span}", silence.target)
}

/// What is said when silences have ended.
const LIFTED: &str = "no longer silenced";
