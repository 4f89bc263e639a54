//! What points to the cause, or beyond it: the few facts worth reading first. Pure.

use jiff::SignedDuration;

use super::{LogLine, Record};
use crate::logs::flatten;
use crate::text::{human, sanitize};

/// Columns of a quoted line.
const QUOTE: usize = 160;
/// The first words of a run may be so much older than its start.
const EARLY: SignedDuration = SignedDuration::from_secs(2);
/// Changes named.
const CHANGES: usize = 3;
/// Memory from this share of the limit on is worth a word.
const MUCH: f32 = 0.8;

/// The facts, the most telling first; each one sentence.
pub fn facts(it: &Record) -> Vec<String> {
    let mut facts = Vec::new();
    for change in it.changes.iter().rev().take(CHANGES) {
        let by = if change.by.is_empty() { String::new() } else { format!(" ({})", change.by) };
        facts.push(format!("{} before: {}{by}", span(it.at.duration_since(change.at)), change.what));
    }
    facts.extend(logged(it));
    facts.extend(memory(it));
    facts.extend(check(it));
    for probe in it.probes.iter().filter(|probe| probe.standing == "failing") {
        facts.push(format!("its probe {} was failing: {}", probe.probe, probe.why));
    }
    facts.extend(machine(it));
    match it.incidents.as_slice() {
        [] => {}
        [one] => facts.push(format!("an incident was open: {}", one.what)),
        many => facts.push(format!("{} incidents were open around that time", many.len())),
    }
    facts
}

/// A span of time in words; never negative.
pub(super) fn span(of: SignedDuration) -> String {
    human::duration(std::time::Duration::try_from(of).unwrap_or_default())
}

/// What it said last: the last error where it said one in its last run, else its last line.
fn logged(it: &Record) -> Option<String> {
    // An engine notes a start a little after the run's first words.
    let end_before = it.ends.iter().rev().find(|end| **end < it.at).copied();
    let began = it.started.map(|started| started - EARLY).max(end_before);
    let own = |line: &&LogLine| began.zip(line.at).is_none_or(|(began, at)| at >= began);
    let said = || it.log.iter().rev().filter(own).filter(|line| !line.text.trim().is_empty());
    // A trace ends in the least telling of its lines; what it is about stands at its head.
    let names_it =
        said().find(|line| line.is_error() && is_head(&line.text) && speaks_of_trouble(&line.text));
    let error = names_it.or_else(|| said().find(|line| line.is_error() && is_head(&line.text)));
    let (word, line) = match (error, said().next()) {
        (Some(error), _) => ("the last error it logged", error),
        (None, Some(last)) => ("the last it logged", last),
        (None, None) => return None,
    };
    let before =
        line.at.map(|at| format!(" ({} before)", span(it.at.duration_since(at)))).unwrap_or_default();
    let text = flatten(&line.text).map_or_else(|| line.text.clone(), |flat| flat.text);
    Some(format!("{word}{before}: {}", sanitize::fit(text.trim(), QUOTE)))
}

/// Not the inside of a trace or an object.
fn is_head(text: &str) -> bool {
    !text.starts_with([' ', '\t', '}', ']', ')', '^'])
}

fn speaks_of_trouble(text: &str) -> bool {
    let text = text.to_lowercase();
    ["error", "fatal", "panic", "exception", "fail", "refused", "denied"]
        .iter()
        .any(|word| text.contains(word))
}

fn memory(it: &Record) -> Option<String> {
    let limit = it.limit.filter(|limit| *limit > 0)?;
    let peak = it.memory_peak(SignedDuration::from_mins(5))?;
    let share = peak / limit as f32;
    if share < MUCH {
        return None;
    }
    let (peak, limit) = (human::bytes_long(peak as u64), human::bytes_long(limit));
    Some(format!("its memory reached {peak} of its limit of {limit} ({})", human::percent(share)))
}

fn check(it: &Record) -> Option<String> {
    let check = it.check.as_ref()?;
    let last = check.results.last().filter(|result| result.exit != 0)?;
    let often = if check.streak > 1 { format!(" {} times in a row", check.streak) } else { String::new() };
    let line = last.output.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Some(format!("its health check was failing{often}: {}", sanitize::fit(line.trim(), QUOTE)))
}

/// Only what is out of the ordinary.
fn machine(it: &Record) -> Option<String> {
    let machine = it.machine.as_ref()?;
    let mut words = Vec::new();
    if let (Some(load), Some(cores)) = (machine.load, machine.cores)
        && load > 2.0 * cores as f32
    {
        words.push(format!("a load of {load:.1} on {cores} cores"));
    }
    let share = |used: Option<u64>, all: Option<u64>| {
        used.zip(all).filter(|(_, all)| *all > 0).map(|(used, all)| used as f32 / all as f32)
    };
    if let Some(share) = share(machine.memory, machine.memory_total).filter(|share| *share > 0.9) {
        words.push(format!("{} of its memory in use", human::percent(share)));
    }
    if let Some(share) = share(machine.disk, machine.disk_total).filter(|share| *share > 0.95) {
        words.push(format!("{} of the engine's disk in use", human::percent(share)));
    }
    (!words.is_empty()).then(|| format!("the machine was under pressure: {}", words.join(", ")))
}
