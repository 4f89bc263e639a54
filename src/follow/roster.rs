//! Whose streams should be open: the fleet's observations, as far as a follow needs them.
//!
//! Reads no clock: observations and the time in, changes out. Facts can come twice (an event, and the replica itself
//! before or after it) or once (after a reconnect the event is lost); each is told once.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Subject, marker};
use crate::fleet::{EngineId, Event, EventKind, Exit, Link, Observation, Replica, ReplicaId, State};
use crate::logs::{Level, Line, Source};

/// Two reports of a start that lie this close are about the same start.
const SAME: SignedDuration = SignedDuration::from_secs(1);

/// How a member stands, for the task that reads its log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whether its processes exist.
    pub(super) up: bool,
    /// Grows when there is a reason to open its log again.
    pub(super) run: u64,
    /// When it last started.
    pub(super) started: Option<Timestamp>,
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    /// A new member: open its log. `fresh` = it was made while following, all its lines are new.
    Open { id: ReplicaId, source: Arc<Source>, standing: Standing, fresh: bool },
    /// A member stands differently.
    Stands(ReplicaId, Standing),
    /// A member is gone for good.
    Close(ReplicaId),
    /// Hand out a marker.
    Mark(Line),
}

struct Member {
    source: Arc<Source>,
    image: String,
    standing: Standing,
    /// A start that was told because the replica said so; its event may still come.
    told_by_replica: Option<Timestamp>,
    /// The last start that was told because of its event.
    told_by_event: Option<Timestamp>,
    /// Its last end was told.
    told_end: bool,
    /// Its removal was told.
    told_gone: bool,
}

/// The members of a follow.
pub(super) struct Roster {
    subject: Subject,
    members: HashMap<ReplicaId, Member>,
    /// Image tags of members that were, by the tag that names their place.
    past: HashMap<Arc<str>, String>,
    ourselves: Arc<Source>,
    lost: bool,
    /// The first list is how things are, not news.
    begun: bool,
}

impl Roster {
    /// A roster without members.
    pub(super) fn new(subject: Subject, engine: &EngineId) -> Self {
        Self {
            subject,
            members: HashMap::new(),
            past: HashMap::new(),
            ourselves: marker::ourselves(engine),
            lost: false,
            begun: false,
        }
    }

    /// Who speaks when it is about no replica.
    pub(super) fn ourselves(&self) -> &Arc<Source> {
        &self.ourselves
    }

    /// Takes the members there are at the beginning.
    pub(super) fn begin(&mut self, replicas: &[Replica]) -> Vec<Change> {
        let mut changes = Vec::new();
        for replica in replicas {
            self.seen(replica, &mut changes);
        }
        self.begun = !replicas.is_empty();
        changes
    }

    /// What follows from one observation that came in at `now`.
    pub(super) fn apply(&mut self, observation: Observation, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        match observation {
            Observation::Synced { at, engine, replicas } => {
                for replica in &replicas {
                    self.seen(replica, &mut changes);
                }
                let gone: Vec<ReplicaId> = self
                    .members
                    .keys()
                    .filter(|id| id.engine == engine && !replicas.iter().any(|r| r.id == **id))
                    .cloned()
                    .collect();
                for id in gone {
                    self.gone(&id, at, &mut changes);
                }
                self.begun = true;
            }
            Observation::Applied { replica, .. } => self.seen(&replica, &mut changes),
            Observation::Removed { at, id } => self.gone(&id, at, &mut changes),
            Observation::Happened(event) => self.happened(&event, &mut changes),
            Observation::Link(link) => self.link(&link, now, &mut changes),
            Observation::Declared { .. }
            | Observation::Blind { .. }
            | Observation::Sampled { .. }
            | Observation::Probed(_)
            | Observation::Unprobed { .. }
            | Observation::Measured(_)
            | Observation::Scraped(_)
            | Observation::Unscraped { .. }
            | Observation::Host(_)
            | Observation::Listening(_)
            | Observation::Engine(_) => {}
        }
        changes
    }

    fn seen(&mut self, replica: &Replica, changes: &mut Vec<Change>) {
        if !self.subject.covers(replica) {
            return;
        }
        let Some(member) = self.members.get_mut(&replica.id) else { return self.joins(replica, changes) };
        let before = member.standing;
        member.standing.up = replica.is_up();
        if replica.started.is_some() && replica.started != before.started {
            member.standing.started = replica.started;
            member.standing.run += 1;
        }
        if let Some(started) = replica.started.filter(|s| Some(*s) != before.started && replica.is_up())
            // Before the first inspect nobody knows when it started: learning it is no news.
            && before.started.is_some()
            && !near(member.told_by_event, started)
        {
            member.told_by_replica = Some(started);
            member.told_end = false;
            let text = format!("{} started", member.source.tag);
            changes.push(Change::Mark(marker::line(&member.source, started, Level::Info, &text)));
        }
        let ended = matches!(replica.state, State::Exited | State::Dead | State::Restarting);
        if before.up
            && ended
            && !member.told_end
            && let (Some(exit), Some(at)) = (replica.exit, replica.finished)
        {
            member.end(exit, at, changes);
        }
        if member.standing != before {
            changes.push(Change::Stands(replica.id.clone(), member.standing));
        }
    }

    fn joins(&mut self, replica: &Replica, changes: &mut Vec<Change>) {
        let source = self.subject.source(replica);
        let standing = Standing { up: replica.is_up(), run: 0, started: replica.started };
        let image = replica.image.tag().to_owned();
        // Not by its time of creation: the engine's clock may differ from ours.
        let fresh = self.begun;
        let mut told = None;
        if fresh {
            let at = replica.started.unwrap_or(replica.created);
            let before = self.past.get(&source.tag);
            let text = match before {
                Some(old) if *old != image => format!("{} recreated: {old} → {image}", source.tag),
                Some(_) => format!("{} recreated", source.tag),
                None if standing.up => format!("{} started", source.tag),
                None => format!("{} created", source.tag),
            };
            told = standing.up.then_some(at);
            changes.push(Change::Mark(marker::line(&source, at, Level::Info, &text)));
        }
        self.past.insert(Arc::clone(&source.tag), image.clone());
        let id = replica.id.clone();
        changes.push(Change::Open { id: id.clone(), source: Arc::clone(&source), standing, fresh });
        let member = Member {
            source,
            image,
            standing,
            told_by_replica: told,
            told_by_event: None,
            told_end: false,
            told_gone: false,
        };
        self.members.insert(id, member);
    }

    fn gone(&mut self, id: &ReplicaId, at: Timestamp, changes: &mut Vec<Change>) {
        if let Some(member) = self.members.remove(id) {
            if !member.told_gone {
                let text = format!("{} removed", member.source.tag);
                changes.push(Change::Mark(marker::line(&member.source, at, Level::Info, &text)));
            }
            // Where another has its place already, that one is what comes before the next.
            let stays = self.members.values().find(|it| it.source.tag == member.source.tag);
            let image = stays.map_or(member.image, |it| it.image.clone());
            self.past.insert(Arc::clone(&member.source.tag), image);
            changes.push(Change::Close(id.clone()));
        }
    }

    fn happened(&mut self, event: &Event, changes: &mut Vec<Change>) {
        let Some(member) = self.members.get_mut(&event.replica) else { return };
        let before = member.standing;
        match &event.kind {
            EventKind::Started => {
                let told = member.told_by_replica.take();
                member.told_by_event = Some(event.at);
                member.told_end = false;
                member.standing.up = true;
                if near(told, event.at) {
                    changes.push(Change::Stands(event.replica.clone(), member.standing));
                    return;
                }
                member.standing.run += 1;
                if !near(member.standing.started, event.at) {
                    member.standing.started = Some(event.at);
                }
            }
            EventKind::Died(exit) => {
                member.standing.up = false;
                if !member.told_end {
                    member.end(*exit, event.at, changes);
                }
                changes.push(Change::Stands(event.replica.clone(), member.standing));
                return;
            }
            EventKind::Destroyed => member.told_gone = true,
            _ => {}
        }
        if let Some((level, text)) = marker::event(&member.source.tag, &event.kind, before.started, event.at)
        {
            changes.push(Change::Mark(marker::line(&member.source, event.at, level, &text)));
        }
        if member.standing != before {
            changes.push(Change::Stands(event.replica.clone(), member.standing));
        }
    }

    fn link(&mut self, link: &Link, now: Timestamp, changes: &mut Vec<Change>) {
        match link {
            Link::Lost { why, .. } if !self.lost => {
                self.lost = true;
                let text = format!("connection to the engine lost: {why}");
                changes.push(Change::Mark(marker::line(&self.ourselves, now, Level::Error, &text)));
            }
            Link::Live if self.lost => {
                self.lost = false;
                let text = "connection to the engine is back";
                changes.push(Change::Mark(marker::line(&self.ourselves, now, Level::Info, text)));
                // Every stream may have been cut: go on where each was.
                for (id, member) in &mut self.members {
                    member.standing.run += 1;
                    changes.push(Change::Stands(id.clone(), member.standing));
                }
            }
            Link::Lost { .. } | Link::Live => {}
        }
    }
}

impl Member {
    fn end(&mut self, exit: Exit, at: Timestamp, changes: &mut Vec<Change>) {
        self.told_end = true;
        let (level, text) = marker::died(&self.source.tag, exit, self.standing.started, at);
        changes.push(Change::Mark(marker::line(&self.source, at, level, &text)));
    }
}

fn near(told: Option<Timestamp>, at: Timestamp) -> bool {
    told.is_some_and(|told| told.duration_since(at).abs() <= SAME)
}

#[cfg(test)]
#[path = "roster_tests.rs"]
mod tests;
