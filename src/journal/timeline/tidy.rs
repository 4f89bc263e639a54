//! Events as humans tell them: a restart is one thing and not five, a crash loop one and not
//! hundred.

use std::collections::HashMap;

use jiff::SignedDuration;

use super::{Moment, What};
use crate::fleet::ServiceId;
use crate::journal::EventRecord;

/// How long a stop may take, from its signal to its end.
const STOP: SignedDuration = SignedDuration::from_mins(10);
/// What is further apart than this is not the same run.
const APART: SignedDuration = SignedDuration::from_hours(1);
/// So many make a run.
const RUN: usize = 3;

/// One replica.
type Who = (ServiceId, String);

/// Events, oldest first, to moments, oldest first.
pub(super) fn tidy(events: Vec<EventRecord>) -> Vec<Moment> {
    let mut kept: Vec<Option<EventRecord>> = events.into_iter().map(Some).collect();
    fold_stops(&mut kept);
    let mut runs = runs(&kept);
    let mut moments = Vec::with_capacity(kept.len());
    for (index, event) in kept.into_iter().enumerate() {
        let Some(event) = event else { continue };
        let (at, services) = (event.at, vec![event.service.clone()]);
        let (until, times, event) = match runs.remove(&index) {
            Some(Run::Part) => continue,
            Some(Run::Head { last, times, note }) => (Some(last), times, EventRecord { note, ..event }),
            None => (None, 1, event),
        };
        moments.push(Moment { at, until, services, what: What::Event { event, times } });
    }
    moments
}

/// What a stop or a restart is made of goes into it.
fn fold_stops(events: &mut [Option<EventRecord>]) {
    let mut groups: HashMap<Who, Vec<usize>> = HashMap::new();
    for index in 0..events.len() {
        let Some(event) = events.get(index).cloned().flatten() else { continue };
        let group = groups.entry((event.service.clone(), event.replica.clone())).or_default();
        group.retain(|&i| {
            events.get(i).and_then(Option::as_ref).is_some_and(|e| event.at.duration_since(e.at) <= STOP)
        });
        let kind = |i: usize| events.get(i).and_then(Option::as_ref).map_or("", |e| e.kind.as_str());
        // Who dies without having been sent a signal was not stopped.
        let sent = group.iter().any(|&i| kind(i) == "killed");
        let asked = |i: usize| kind(i) != "died" || sent;
        match event.kind.as_str() {
            "killed" | "died" | "started" => group.push(index),
            "stopped" => {
                let parts: Vec<usize> =
                    group.iter().copied().filter(|&i| kind(i) != "started" && asked(i)).collect();
                // How it ended when it did not end well: killed after its grace, for one.
                let end = parts.iter().rev().find(|&&i| kind(i) == "died").map(|&i| note(events, i));
                take(events, &parts);
                if let (Some(end), Some(Some(stopped))) = (end, events.get_mut(index))
                    && !["exit 0", "exit 143"].contains(&end.as_str())
                {
                    stopped.note = end;
                }
                *group = vec![index];
            }
            "restarted" => {
                let parts: Vec<usize> = group.iter().copied().filter(|&i| asked(i)).collect();
                take(events, &parts);
                group.clear();
            }
            _ => group.clear(),
        }
    }
}

fn note(events: &[Option<EventRecord>], index: usize) -> String {
    events.get(index).and_then(Option::as_ref).map(|e| e.note.clone()).unwrap_or_default()
}

fn take(events: &mut [Option<EventRecord>], which: &[usize]) {
    for &index in which {
        if let Some(event) = events.get_mut(index) {
            *event = None;
        }
    }
}

/// What an event is in a run of the same.
enum Run {
    /// It stands for all of it.
    Head { last: jiff::Timestamp, times: u32, note: String },
    /// It is in another.
    Part,
}

/// Which run an event can be part of, and whether it counts in it.
fn class(event: &EventRecord) -> Option<(bool, bool)> {
    match event.kind.as_str() {
        "died" => Some((true, true)),
        "started" | "oom" => Some((true, false)),
        "unhealthy" => Some((false, true)),
        "healthy" => Some((false, false)),
        _ => None,
    }
}

/// Runs of deaths (with the starts between) and of failing checks (with the passing ones between).
fn runs(events: &[Option<EventRecord>]) -> HashMap<usize, Run> {
    let mut open: HashMap<Who, Vec<usize>> = HashMap::new();
    let mut found = HashMap::new();
    let at = |i: usize| events.get(i).and_then(Option::as_ref);
    for (index, event) in events.iter().enumerate() {
        let Some(event) = event else { continue };
        let run = open.entry((event.service.clone(), event.replica.clone())).or_default();
        let goes_on = run.last().and_then(|&i| at(i)).is_some_and(|last| {
            class(last).map(|(class, _)| class) == class(event).map(|(class, _)| class)
                && last.planned == event.planned
                && event.at.duration_since(last.at) <= APART
        });
        if !goes_on {
            close(&at, run, &mut found);
        }
        if class(event).is_some() {
            run.push(index);
        }
    }
    for mut run in open.into_values() {
        close(&at, &mut run, &mut found);
    }
    found
}

/// A run has ended: enough of the same are one.
fn close<'a>(
    at: &impl Fn(usize) -> Option<&'a EventRecord>,
    run: &mut Vec<usize>,
    found: &mut HashMap<usize, Run>,
) {
    let members = std::mem::take(run);
    let counts: Vec<usize> = members
        .iter()
        .copied()
        .filter(|&i| at(i).and_then(class).is_some_and(|(_, counts)| counts))
        .collect();
    let (Some(&first), Some(last)) = (counts.first(), counts.last().and_then(|&i| at(i))) else { return };
    if counts.len() < RUN {
        return;
    }
    let mut notes: Vec<&str> = Vec::new();
    for event in counts.iter().filter_map(|&i| at(i)) {
        if !event.note.is_empty() && !notes.contains(&event.note.as_str()) {
            notes.push(&event.note);
        }
    }
    let more = if notes.len() > 3 { ", …" } else { "" };
    let note = format!("{}{more}", notes.get(..3).unwrap_or(&notes).join(", "));
    // What came before the first of them, and how it stood after the last, is not in it.
    let after = counts.last().copied().unwrap_or(first);
    for &index in members.iter().filter(|&&i| i > first && i <= after) {
        found.insert(index, Run::Part);
    }
    let times = u32::try_from(counts.len()).unwrap_or(u32::MAX);
    found.insert(first, Run::Head { last: last.at, times, note });
}
