//! Facts from the engine, the clock, and what follows from both.

use jiff::Timestamp;

use super::super::model::Model;
use super::super::{Effect, job, pane::Target};
use super::{ask, machine, pane, reveal, unfinished};
use crate::alert::{self, Severity};
use crate::fleet::{Changes, Clause, Health, Link, Observation, ServiceId};

/// In a fleet of more services than this, header and situation follow at most twice a second.
const MANY: u32 = 300;

/// The clock.
pub(super) fn now(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    // What is shown of time has a resolution of seconds.
    if now.as_second() != model.now.as_second() {
        model.dirty = true;
    }
    model.now = now;
    Vec::new()
}

/// A fact.
pub(super) fn observed(model: &mut Model, observation: Observation) -> Vec<Effect> {
    let Model { grid, fleet, .. } = model;
    let is_link = matches!(observation, Observation::Link(_));
    match &observation {
        Observation::Synced { .. } | Observation::Declared { .. } => grid.all_changed(),
        Observation::Applied { replica, .. } => {
            grid.service_changed(&replica.service);
            // Renamed or regrouped: the service it was in changes too.
            if let Some(before) = fleet.replica(&replica.id).filter(|r| r.service != replica.service) {
                grid.service_changed(&before.service);
            }
        }
        Observation::Removed { id, .. } => {
            if let Some(replica) = fleet.replica(id) {
                grid.service_changed(&replica.service);
            }
        }
        Observation::Happened(event) => grid.service_changed(&event.service),
        Observation::Sampled { .. }
        | Observation::Measured(_)
        | Observation::Scraped(_)
        | Observation::Unscraped { .. } => grid.usage_changed(),
        Observation::Probed(probed) => {
            grid.usage_changed();
            for told in probed {
                let known = fleet.probe(&told.service, told.replica.as_ref(), &told.probe);
                if known.is_none_or(|known| known.is_news(told)) {
                    grid.service_changed(&told.service);
                }
            }
        }
        Observation::Unprobed { service, .. } => grid.service_changed(service),
        Observation::Listening(_) => {
            for replica in fleet.shut_out() {
                grid.service_changed(&replica.service);
            }
        }
        Observation::Host(_) | Observation::Engine(_) | Observation::Link(_) | Observation::Blind { .. } => {}
    }
    if is_link {
        return link(model, observation);
    }
    let changes = model.fleet.apply(observation);
    note(model, changes);
    Vec::new()
}

fn link(model: &mut Model, observation: Observation) -> Vec<Effect> {
    let was_lost = matches!(model.fleet.link(), Some(Link::Lost { .. }));
    let changes = model.fleet.apply(observation);
    model.link_at = model.now;
    model.dirty = true;
    model.headline.stale = true;
    match model.fleet.link() {
        Some(Link::Live) if was_lost && model.reached() => {
            model.say("the engine is back; the data is live again");
        }
        Some(Link::Lost { why, .. }) if !was_lost && model.reached() => {
            let why = why.clone();
            model.fail(format!("{why}; trying again by itself"));
        }
        _ => {}
    }
    note(model, changes);
    Vec::new()
}

fn note(model: &mut Model, changes: Changes) {
    if changes == Changes::default() {
        return;
    }
    if changes.rows {
        model.grid.rows_changed();
    }
    model.dirty = true;
    model.headline.stale |= changes.rows || changes.facts || changes.header;
    let untold = &mut model.untold;
    untold.rows |= changes.rows;
    untold.facts |= changes.facts;
    untold.usage |= changes.usage;
    untold.header |= changes.header;
}

/// Bring what follows from the state up to date: rows, header, what the pane shows, which
/// replicas the engine should look at first. Cheap when nothing changed.
pub fn settle(model: &mut Model) -> Vec<Effect> {
    let layout = model.layout();
    model.grid.refresh(&model.fleet, model.now, layout.grid.height);
    headline(model);
    if model.untold.rows || model.untold.facts {
        ask::reconsider(model);
    }
    let mut effects = pane::show(model);
    reveal::leave(model);
    effects.extend(pane::told(model));
    effects.extend(unfinished::ask_journal(model));
    effects.extend(machine::read(model));
    let in_view = model.grid.in_view(&model.fleet);
    if in_view != model.in_view {
        model.in_view.clone_from(&in_view);
        effects.push(Effect::Focus(in_view));
    }
    effects
}

fn headline(model: &mut Model) {
    let at = model.now.as_millisecond();
    // A clock set back makes it due.
    let since = u64::try_from(at - model.headline.at).unwrap_or(u64::MAX);
    let calm = if model.headline.counts.services > MANY { 500 } else { 0 };
    let due = model.headline.stale && since >= calm;
    if due || since >= 1000 {
        model.headline.counts = model.fleet.counts(model.now);
        model.headline.situation = model.fleet.situation(model.now);
        model.headline.causes = model.fleet.causes(model.now);
        alert::by_cause(&mut model.board.open, &model.headline.causes);
        planned(model);
        alarming(model);
        model.headline.at = at;
        model.headline.stale = false;
    }
}

/// What an operation does to its services is no trouble to be alarmed about: it is said as what
/// it is.
fn planned(model: &mut Model) {
    let mut busy: Vec<(ServiceId, String)> = Vec::new();
    for job in &model.jobs {
        let how = if job.undoing.is_some() {
            "put back".to_owned()
        } else {
            job::being(job.change.command()).to_owned()
        };
        busy.extend(job.services.iter().map(|id| (id.clone(), how.clone())));
    }
    for other in &model.ledger.others {
        let how = format!("{} by {}", job::being(&other.begun.change), other.begun.who.user);
        busy.extend(other.begun.services.iter().map(|id| (id.clone(), how.clone())));
    }
    if busy.is_empty() {
        return;
    }
    let situation = &mut model.headline.situation;
    situation.clauses.retain(|c| c.service.as_ref().is_none_or(|id| !busy.iter().any(|(b, _)| b == id)));
    let words = match busy.as_slice() {
        [(id, how)] => format!("{} is being {how}", id.name),
        [(id, how), rest @ ..] => format!("{} is being {how}, so are {} more", id.name, rest.len()),
        [] => String::new(),
    };
    let clause = Clause { health: Health::Running, text: words, service: None };
    situation.clauses.insert(0, clause);
    situation.worst = situation.clauses.iter().map(|c| c.health).max().unwrap_or(Health::Running);
}

/// The worst incident somebody has to look at is said first, with the rule that found it.
fn alarming(model: &mut Model) {
    let Some(worst) = model.board.loud().next() else { return };
    let situation = &mut model.headline.situation;
    let lead = format!("{} {}", worst.severity, worst.key.rule);
    let service = worst.key.service.clone();
    let known = situation.clauses.iter().position(|c| c.service.is_some() && c.service == service);
    let health = match worst.severity {
        Severity::Critical | Severity::High => Health::Unhealthy,
        Severity::Medium => Health::Degraded,
        Severity::Low => Health::Running,
    };
    let clause = if let Some(at) = known {
        // Its trouble is told already: once is enough, and what is live says more.
        let clause = situation.clauses.remove(at);
        Clause { health: clause.health.max(health), text: format!("{lead}: {}", clause.text), service }
    } else {
        let name = service.as_ref().map_or("host", |id| &id.name);
        let figures = if worst.figures.is_empty() { String::new() } else { format!(": {}", worst.figures) };
        Clause { health, text: format!("{lead}: {name}{figures}"), service: None }
    };
    situation.worst = situation.worst.max(clause.health);
    situation.clauses.insert(0, clause);
}

/// The target the pane is about: the selected row.
pub(super) fn target(model: &Model) -> Option<Target> {
    model.grid.selected().cloned()
}
