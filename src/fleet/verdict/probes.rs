//! What probes add to the verdict on what runs: worse where they fail, better where nothing else
//! says that it works.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::fleet::{Health, Probe, Purpose, Since, Standing};

/// The verdict `on` a replica (or a service as a whole), with what its own probes say at `now`. What
/// does not run, or is not up yet, needs no probe to say so.
pub(in crate::fleet) fn with_probes<'a>(
    on: Since,
    probes: impl Iterator<Item = &'a Probe> + Clone,
    now: Timestamp,
) -> Since {
    if on.health == Health::Starting && on.why.is_empty() {
        return Since { why: waits(probes, now), ..on };
    }
    if matches!(on.health, Health::Stopped | Health::Paused | Health::Starting | Health::Down) {
        return on;
    }
    let failing = |purpose: Purpose| {
        let mine = probes.clone().filter(move |probe| probe.last().purpose == purpose);
        mine.filter(|probe| probe.standing(now) == Standing::Failing)
    };
    let trouble = fails(Health::Unhealthy, "", failing(Purpose::Liveness), now)
        .or_else(|| fails(Health::Degraded, "not ready: ", failing(Purpose::Readiness), now))
        .or_else(|| flaps(probes.clone(), now));
    match trouble {
        Some(trouble) => worse(on, trouble),
        None => passing(on, probes, now),
    }
}

/// What something that starts says to the first who asks in vain: it is no trouble yet, and tells how
/// far it is.
fn waits<'a>(probes: impl Iterator<Item = &'a Probe>, now: Timestamp) -> String {
    let mut lately = probes.filter(|probe| !probe.is_stale(now));
    let told = lately.find_map(|probe| Some((probe.last().probe.clone(), probe.why()?.clone())));
    told.map(|(probe, why)| format!("{probe}: {why}")).unwrap_or_default()
}

/// What failing probes come to, in the words of the first.
fn fails<'a>(
    health: Health,
    says: &str,
    mut failing: impl Iterator<Item = &'a Probe> + Clone,
    now: Timestamp,
) -> Option<Since> {
    let at = failing.clone().map(Probe::since).min();
    let first = failing.next()?;
    let mut why = format!("{says}{}", first.last().probe);
    let _ = match first.why() {
        Some(reason) => write!(why, ": {reason}"),
        None => write!(why, " fails"),
    };
    match failing.count() {
        0 => {}
        1 => why.push_str(", and 1 more probe"),
        more => {
            let _ = write!(why, ", and {more} more probes");
        }
    }
    if let Some((changes, _)) = first.flapping(now) {
        let _ = write!(why, ", {}", flapping(changes));
    }
    Some(Since { health, at, why })
}

/// One that passes now, and will not for long.
fn flaps<'a>(probes: impl Iterator<Item = &'a Probe>, now: Timestamp) -> Option<Since> {
    let passing = probes.filter(|probe| probe.standing(now) == Standing::Passing);
    let mut flapping_ones = passing.filter_map(|probe| Some((probe, probe.flapping(now)?)));
    let (probe, (changes, since)) = flapping_ones.next()?;
    let why = format!("{}: {}", probe.last().probe, flapping(changes));
    Some(Since { health: Health::Degraded, at: Some(since), why })
}

/// `flapping, 5 changes in 10 min`: the wording of unsteadiness.
pub(super) fn flapping(changes: usize) -> String {
    format!("flapping, {changes} changes in 10 min")
}

/// Two verdicts on the same thing: the worse, with the other's words where they are as bad.
fn worse(on: Since, trouble: Since) -> Since {
    match on.health.cmp(&trouble.health) {
        std::cmp::Ordering::Less if on.why.is_empty() => trouble,
        std::cmp::Ordering::Less => {
            let why = format!("{}; {}", trouble.why, on.why);
            Since { why, ..trouble }
        }
        std::cmp::Ordering::Greater => on,
        std::cmp::Ordering::Equal => {
            let at = on.at.into_iter().chain(trouble.at).min();
            // What a probe found says more than that a check fails.
            let why = if on.why.is_empty() { trouble.why } else { format!("{}; {}", trouble.why, on.why) };
            Since { health: on.health, at, why }
        }
    }
}

/// Where nothing but the state was known, a probe that passes says that it works.
fn passing<'a>(on: Since, probes: impl Iterator<Item = &'a Probe>, now: Timestamp) -> Since {
    if on.health != Health::Running {
        return on;
    }
    let passing = probes.filter(|probe| probe.standing(now) == Standing::Passing);
    match passing.map(Probe::since).max() {
        Some(since) => Since { health: Health::Healthy, at: Some(since).max(on.at), why: on.why },
        None => on,
    }
}

#[cfg(test)]
#[path = "probe_tests.rs"]
mod tests;
