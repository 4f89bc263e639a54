//! On duty beside the screen: the alert rules asked every second, people told, the board hung up.
//!
//! Rules and webhooks are read on a thread of their own (they are files, and TLS takes its time to
//! set up); until then nobody is on duty, and nobody waits for it.

use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, timeout};

use super::super::board::Board;
use crate::alert::{Change, Incident};
use crate::config::AlertSettings;
use crate::duty::{Brief, Duty, Posting, Word};
use crate::fleet::Fleet;
use crate::journal::{Journal, Who};
use crate::notify;

/// How often the rules are asked.
const LOOK: Duration = Duration::from_secs(1);
/// What opens this soon was so before, and whoever has just opened the screen is looking at it:
/// nothing rings.
const LOOKING: Duration = Duration::from_secs(5);
/// How long webhooks may take when we leave. What is left in the journal the next qd sends.
const FAREWELL: Duration = Duration::from_secs(1);

/// What comes of it.
pub(super) enum Event {
    /// Rules and webhooks were read.
    Read(Box<Brief>),
    /// Whoever is on duty has something to say.
    Said(Word),
}

/// Somebody on duty, or on their way.
pub(super) struct Post {
    outside: Handle,
    settings: AlertSettings,
    /// The demo's incidents are nobody's business outside.
    demo: bool,
    journal: Option<Journal>,
    who: Who,
    tell: UnboundedSender<Brief>,
    read: UnboundedReceiver<Brief>,
    duty: Option<Duty>,
    began: Instant,
    looked: Option<Instant>,
    shown: Board,
}

impl Post {
    /// Begin to read what there is to go by.
    pub(super) fn new(
        outside: Handle,
        settings: AlertSettings,
        demo: bool,
        journal: Option<Journal>,
        who: Who,
    ) -> Self {
        let (tell, read) = mpsc::unbounded_channel();
        let post = Self {
            outside,
            settings,
            demo,
            journal,
            who,
            tell,
            read,
            duty: None,
            began: Instant::now(),
            looked: None,
            shown: Board::default(),
        };
        post.brief();
        post
    }

    /// Other settings from here on; also where only a file of rules changed.
    pub(super) fn reread(&mut self, settings: AlertSettings) {
        self.settings = settings;
        self.brief();
    }

    fn brief(&self) {
        let (settings, tell) = (self.settings.clone(), self.tell.clone());
        self.outside.spawn_blocking(move || {
            // Nobody waits for it any more: we are leaving.
            let _ = tell.send(Brief::read(&settings, &|name| std::env::var(name).ok()));
        });
    }

    /// The next event. Nothing is lost when it is dropped.
    pub(super) async fn next(&mut self) -> Event {
        let Self { read, duty, .. } = self;
        let said = async {
            match duty {
                Some(duty) => duty.word().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(brief) = read.recv() => Event::Read(Box::new(brief)),
            word = said => Event::Said(word),
        }
    }

    /// Go by what was read. What is wrong with it is returned: at the start all the rest is in
    /// force; later on what was in force stays, so that a slip of the pen closes no incident.
    pub(super) fn take_over(&mut self, brief: Brief, now: Timestamp) -> Result<Option<String>, Vec<String>> {
        let Brief { rules, mut targets, problems } = brief;
        if self.demo {
            targets.clear();
        }
        if let Some(duty) = &mut self.duty {
            if !problems.is_empty() {
                return Err(problems);
            }
            let words = format!("alerts taken over: {} rules, {} webhooks", rules.len(), targets.len());
            duty.replace(rules, targets, now);
            return Ok(Some(words));
        }
        let (journal, who) = (self.journal.clone(), self.who.clone());
        let _outside = self.outside.enter();
        self.duty = Some(Duty::begin(Posting { rules, targets, journal, who, once: false }));
        if problems.is_empty() { Ok(None) } else { Err(problems) }
    }

    /// Whoever is on duty, if somebody is by now.
    pub(super) fn duty(&mut self) -> Option<&mut Duty> {
        self.duty.as_mut()
    }

    /// Ask the rules at the next opportunity: what was asked for is done, and to be seen.
    pub(super) fn soon(&mut self) {
        self.looked = None;
    }

    /// Ask the rules, if it is time. What the terminal is to be written because of it.
    pub(super) fn look(&mut self, fleet: &Fleet, now: Timestamp) -> Option<Vec<u8>> {
        let duty = self.duty.as_mut()?;
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return None;
        }
        self.looked = Some(Instant::now());
        let changes = duty.look(fleet, now);
        for change in &changes {
            log(change);
        }
        let heard = |change: &&Change| {
            let incident = change.incident();
            let open = !matches!(change, Change::Closed(_));
            open && incident.muted.is_none() && incident.severity >= self.settings.severity
        };
        let heard: Vec<&Incident> = changes.iter().filter(heard).map(Change::incident).collect();
        let worst = heard.iter().max_by_key(|incident| incident.severity)?;
        if self.began.elapsed() < LOOKING {
            return None;
        }
        Some(notify::ring(&self.settings.terminal, worst, heard.len() - 1))
    }

    /// A new picture of it all, where it differs from the last one.
    pub(super) fn board(&mut self) -> Option<Board> {
        let duty = self.duty.as_ref()?;
        let board = Board {
            rules: Some(duty.rules().len()),
            open: duty.incidents().into_iter().cloned().collect(),
            over: duty.over().cloned().collect(),
            silences: duty.silences().to_vec(),
            standing: duty.standing().to_vec(),
            trouble: duty.trouble().map(str::to_owned),
        };
        if board == self.shown {
            return None;
        }
        self.shown.clone_from(&board);
        Some(board)
    }

    /// Go off duty.
    pub(super) async fn end(self) {
        if let Some(duty) = self.duty {
            // A disk that hangs keeps nobody here.
            let _ = timeout(FAREWELL * 2, duty.end(FAREWELL)).await;
        }
    }
}

/// What became of an incident, in qd's own log.
fn log(change: &Change) {
    let incident = change.incident();
    match change {
        Change::Opened(_) | Change::Unmuted(_) => {
            tracing::warn!("incident ({}): {}", incident.severity, incident.sentence());
        }
        Change::Closed(_) => tracing::info!("incident over: {}", incident.sentence()),
    }
}
