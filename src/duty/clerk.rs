//! The clerk: writes incidents down, keeps promises, looks what others did.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::{MissedTickBehavior, interval};

use super::{Known, LATELY, LIFTED, OVER, Word, acknowledged_words, silenced_words};
use crate::alert::{Change, Incident, Key, Occasion, Silence};
use crate::fleet::ServiceId;
use crate::journal::{IncidentQuery, Journal, JournalError, NoticeEnd, Query, Who};
use crate::notify::{Letter, Outbox, Settled, Standing, Target};

/// How often it is looked what others did.
const SYNC: Duration = Duration::from_secs(2);
/// Every so many looks promises of others who are gone are taken over, and ours are confirmed.
const INHERIT: u32 = 5;

/// What the clerk is told to do.
#[derive(Debug)]
pub(super) enum Order {
    /// This is the engine from here on.
    Meet { instance: String, host: String },
    /// The book has changed.
    Changed { instance: String, host: String, change: Box<Change> },
    /// Somebody has seen an incident.
    Acknowledge { id: i64, note: String },
    /// Nobody is to hear of these for a while.
    Silence { instance: String, silence: Box<Silence> },
    /// These silences are over.
    Lift { ids: Vec<i64> },
    /// Others are to be told from here on.
    Targets(Vec<Target>),
    /// Tell what is to be told within this time, and end.
    Leave(Duration),
}

/// See the module.
#[derive(Debug)]
pub(super) struct Clerk {
    journal: Option<Journal>,
    who: Who,
    outbox: Outbox,
    say: UnboundedSender<Word>,
    instance: Option<String>,
    host: String,
    /// Numbers of what is open.
    numbers: HashMap<Key, i64>,
    /// Where there is no journal: the last number given out, counting down.
    last: i64,
    /// Whether the journal could not be used last time.
    trouble: bool,
    looks: u32,
    /// How it stood with those who are told when that was told last.
    standing: Vec<Standing>,
}

impl Clerk {
    pub(super) fn new(
        journal: Option<Journal>,
        who: Who,
        outbox: Outbox,
        say: UnboundedSender<Word>,
    ) -> Self {
        Self {
            journal,
            who,
            outbox,
            say,
            instance: None,
            host: String::new(),
            numbers: HashMap::new(),
            last: 0,
            trouble: false,
            looks: 0,
            standing: Vec::new(),
        }
    }

    /// Until the orders end. How it stands with those who are told.
    pub(super) async fn work(mut self, mut orders: UnboundedReceiver<Order>) -> Vec<Standing> {
        let mut ticks = interval(SYNC);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(Order::Leave(patience)) => return self.leave(patience).await,
                    Some(order) => self.carry_out(order).await,
                    None => return self.outbox.standing(),
                },
                settled = self.outbox.settled() => self.settle(settled).await,
                _ = ticks.tick() => {
                    self.tell_standing();
                    self.look().await;
                }
            }
        }
    }

    async fn carry_out(&mut self, order: Order) {
        match order {
            Order::Meet { instance, host } => {
                self.host = host;
                self.instance = Some(instance);
                let mut known = self.known().await.unwrap_or_default();
                known.over = self.over(&known.instance).await;
                self.say(Word::Met(Box::new(known)));
                self.inherit().await;
            }
            Order::Changed { instance, host, change } => {
                self.host = host;
                self.changed(&instance, *change).await;
            }
            Order::Acknowledge { id, note } => {
                let Some(journal) = self.journal.clone() else { return };
                match journal.acknowledge(id, self.who.clone(), &note).await {
                    Ok(incident) => {
                        self.say(Word::Done(acknowledged_words(&incident)));
                        self.say(Word::One(Box::new(incident)));
                    }
                    Err(error) => self.say(Word::Refused(format!("not acknowledged: {error}"))),
                }
            }
            Order::Silence { instance, silence } => {
                let Some(journal) = self.journal.clone() else { return };
                let words = silenced_words(&silence);
                let written = journal.silence(&instance, *silence, self.who.clone()).await;
                self.asked("not silenced", words, written.map(|_| ())).await;
            }
            Order::Lift { ids } => {
                let Some(journal) = self.journal.clone() else { return };
                let mut lifted = Ok(());
                for id in ids {
                    lifted = lifted.and(journal.lift(id).await);
                }
                self.asked("still silenced", LIFTED.to_owned(), lifted).await;
            }
            Order::Targets(targets) => {
                // What the old ones have not sent is ours still, and no longer waits: the next look
                // takes it over.
                self.outbox = Outbox::new(targets);
                self.inherit().await;
            }
            Order::Leave(_) => {}
        }
    }

    /// Say what became of what was asked for, and what the journal has since.
    async fn asked(&mut self, refused: &str, done: String, result: Result<(), JournalError>) {
        self.say(match result {
            Ok(()) => Word::Done(done),
            Err(error) => Word::Refused(format!("{refused}: {error}")),
        });
        if let Some(known) = self.known().await {
            self.say(Word::Synced(Box::new(known)));
        }
    }

    fn tell_standing(&mut self) {
        let standing = self.outbox.standing();
        if standing != self.standing {
            self.standing.clone_from(&standing);
            self.say(Word::Standing(standing));
        }
    }

    fn say(&self, word: Word) {
        // Nobody listens any more: we are about to end, too.
        let _ = self.say.send(word);
    }

    /// What the journal says, or that it can't.
    fn heard<T>(&mut self, answer: Result<T, JournalError>) -> Option<T> {
        match answer {
            Ok(answer) => {
                if std::mem::take(&mut self.trouble) {
                    self.say(Word::Trouble(None));
                }
                Some(answer)
            }
            Err(error) => {
                tracing::warn!(%error, "incidents");
                if !std::mem::replace(&mut self.trouble, true) {
                    let words = format!("incidents are not written down: {error}. {}", error.remedy());
                    self.say(Word::Trouble(Some(words)));
                }
                None
            }
        }
    }

    async fn changed(&mut self, instance: &str, change: Change) {
        match change {
            Change::Opened(incident) => {
                let incident = self.opened(instance, incident).await;
                if incident.told {
                    self.promise(Occasion::Opened, incident).await;
                }
            }
            Change::Unmuted(mut incident) => {
                incident.id = incident.id.or_else(|| self.numbers.get(&incident.key).copied());
                let written = match (&self.journal, incident.id.filter(|id| *id > 0)) {
                    (Some(journal), Some(id)) => Some(journal.incident_told(id).await),
                    _ => None,
                };
                if let Some(written) = written {
                    self.heard(written);
                }
                self.promise(Occasion::Opened, incident).await;
            }
            Change::Closed(mut incident) => {
                let known = self.numbers.remove(&incident.key);
                incident.id = incident.id.or(known);
                let written = match (&self.journal, incident.id.filter(|id| *id > 0)) {
                    (Some(journal), Some(id)) => Some(journal.incident_closed(id, incident.clone()).await),
                    _ => None,
                };
                if let Some(written) = written {
                    self.heard(written);
                }
                if incident.told {
                    self.promise(Occasion::Closed, incident).await;
                }
            }
        }
    }

    /// With its number, and what others did to it.
    async fn opened(&mut self, instance: &str, incident: Incident) -> Incident {
        let written = match &self.journal {
            Some(journal) => Some(journal.incident_opened(instance, incident.clone()).await),
            None => None,
        };
        let known = written.and_then(|written| self.heard(written));
        let number = known.as_ref().and_then(|known| known.id).unwrap_or_else(|| {
            self.last -= 1;
            self.last
        });
        self.numbers.insert(incident.key.clone(), number);
        if let Some(known) = known {
            self.say(Word::One(Box::new(known)));
        }
        Incident { id: Some(number), ..incident }
    }

    /// Have everybody told who wants to hear of it, and whom nobody has promised it yet.
    async fn promise(&mut self, what: Occasion, incident: Incident) {
        let wanting = self.outbox.targets().filter(|target| target.wants(what, &incident));
        let names: Vec<String> = wanting.map(|target| target.name().to_owned()).collect();
        if names.is_empty() {
            return;
        }
        let promised = match (&self.journal, incident.id.filter(|id| *id > 0)) {
            (Some(journal), Some(id)) => {
                Some(journal.promise(id, what, names.clone(), self.who.clone()).await)
            }
            _ => None,
        };
        if let Some(notices) = promised.and_then(|promised| self.heard(promised)) {
            for notice in notices {
                self.send(notice.id, notice.target, what, incident.clone());
            }
            return;
        }
        // Twice is better than not at all.
        for name in names {
            self.last -= 1;
            self.send(self.last, name, what, incident.clone());
        }
    }

    fn send(&self, id: i64, target: String, what: Occasion, incident: Incident) {
        self.outbox.send(Letter { id, target, what, incident, host: self.host.clone() });
    }

    async fn settle(&mut self, settled: Settled) {
        let Settled { id, end } = settled;
        if let Err(why) = &end {
            tracing::warn!("a notice was given up: {why}");
        }
        let end = end.map_or_else(NoticeEnd::Dropped, |()| NoticeEnd::Sent);
        if let Some(journal) = self.journal.as_ref().filter(|_| id > 0) {
            let written = journal.settle(id, end).await;
            self.heard(written);
        }
    }

    /// What others did meanwhile.
    async fn look(&mut self) {
        if self.instance.is_none() || self.journal.is_none() {
            return;
        }
        if let Some(known) = self.known().await {
            self.say(Word::Synced(Box::new(known)));
        }
        self.looks = self.looks.wrapping_add(1);
        if self.looks.is_multiple_of(INHERIT) {
            self.inherit().await;
        }
    }

    /// What the journal knows of this engine; `None` where it can't be read.
    async fn known(&mut self) -> Option<Known> {
        let instance = self.instance.clone()?;
        let Some(journal) = self.journal.clone() else { return Some(Known { instance, ..Known::default() }) };
        let query =
            IncidentQuery { of: Query { instance: Some(instance.clone()), ..Query::default() }, open: true };
        let read = async {
            let open = journal.incidents(query).await?;
            let silences = journal.silences(&instance).await?;
            let operations = journal.unfinished(&instance).await?;
            Ok((open, silences, operations))
        };
        let read = read.await;
        let Some((open, silences, left)) = self.heard(read) else {
            // Being unable to read what was must not keep from telling what is.
            return Some(Known { instance, ..Known::default() });
        };
        let open: Vec<Incident> = open.into_iter().map(|(_, incident)| incident).collect();
        for incident in &open {
            if let Some(id) = incident.id {
                self.numbers.entry(incident.key.clone()).or_insert(id);
            }
        }
        let mut operations: Vec<(ServiceId, Arc<str>)> = Vec::new();
        for operation in left.into_iter().filter(|operation| operation.alive) {
            let what: Arc<str> = format!("{} by {}", operation.begun.change, operation.begun.who.user).into();
            operations.extend(operation.begun.services.into_iter().map(|service| (service, what.clone())));
        }
        Some(Known { instance, open, silences, operations, over: Vec::new() })
    }

    /// What is over lately, the newest first.
    async fn over(&mut self, instance: &str) -> Vec<Incident> {
        let Some(journal) = self.journal.clone() else { return Vec::new() };
        let since = Timestamp::now().checked_sub(LATELY).ok();
        let of = Query {
            instance: Some(instance.to_owned()),
            since,
            limit: Some(OVER as u32),
            ..Query::default()
        };
        let read = journal.incidents(IncidentQuery { of, open: false }).await;
        let found = self.heard(read).unwrap_or_default().into_iter().map(|(_, incident)| incident);
        let mut over: Vec<Incident> = found.filter(|incident| incident.closed.is_some()).collect();
        over.sort_by_key(|incident| std::cmp::Reverse(incident.closed.map(|(at, _)| at)));
        over
    }

    /// Promises of those who are gone are ours now.
    async fn inherit(&mut self) {
        let (Some(journal), Some(instance)) = (&self.journal, &self.instance) else { return };
        if self.outbox.targets().next().is_none() {
            // Somebody else may be able to keep them.
            return;
        }
        let (journal, instance) = (journal.clone(), instance.clone());
        // What is settled and not written down yet is no promise that nobody keeps.
        let waiting = self.outbox.waiting();
        while let Some(settled) = self.outbox.try_settled() {
            self.settle(settled).await;
        }
        let left = journal.inherit(&instance, self.who.clone(), waiting).await;
        for (notice, incident) in self.heard(left).unwrap_or_default() {
            self.send(notice.id, notice.target, notice.what, incident);
        }
    }

    async fn leave(mut self, patience: Duration) -> Vec<Standing> {
        let mut ends = Vec::new();
        self.outbox.flush(patience, |settled| ends.push(settled)).await;
        for settled in ends {
            self.settle(settled).await;
        }
        self.outbox.standing()
    }
}
