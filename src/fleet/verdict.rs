//! The verdict on one replica, and on a service from its replicas'.
//!
//! `restarting` for a minute is not up; exit 137 is not out of memory unless the engine says so;
//! what was stopped on purpose is not broken.

mod probes;

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::track::{SETTLED, Track};
use crate::text::sanitize::label;

use super::{Declared, Exit, Health, HealthCheck, Placed, Replica, Since, State, UpdateState};

pub(super) use probes::with_probes;

/// It was to be started, and was not.
const COULD_NOT_START: &str = "could not start";
/// The longest of an engine's words for that, columns.
const REFUSED: usize = 120;
/// Why a replica is unhealthy by its own check.
const CHECK_FAILS: &str = "health check fails";

/// The verdict on one replica at `now`, its probes left out.
pub(super) fn of_replica(replica: &Replica, track: &Track, now: Timestamp) -> Since {
    let say = |health, at, why: &str| Since { health, at, why: why.to_owned() };
    match replica.state {
        State::Created => created(replica),
        State::Restarting => down(replica, track, now),
        State::Running if is_looping(replica, track, now) => down(replica, track, now),
        State::Running => running(replica, track, now),
        State::Paused => say(Health::Paused, track.state_since(State::Paused), ""),
        State::Removing => say(Health::Stopped, track.state_since(State::Removing), "being removed"),
        State::Dead => say(Health::Down, replica.finished, "dead, can only be removed"),
        State::Exited => exited(replica, track, now),
    }
}

/// Made, and not started: nobody asked for it yet, or it could not be (a port that is taken, a
/// command that is not there).
fn created(replica: &Replica) -> Since {
    let at = Some(replica.created);
    if let Some(placed) = &replica.placed {
        return on_its_way(placed, at);
    }
    if let Some(why) = refused(replica) {
        return Since { health: Health::Down, at, why };
    }
    match replica.exit.filter(|exit| exit.code != 0) {
        Some(exit) => {
            Since { health: Health::Down, at, why: format!("{COULD_NOT_START}, {}", exit_words(exit, false)) }
        }
        None => Since { health: Health::Stopped, at, why: "never started".to_owned() },
    }
}

/// Why it could not be started, where its engine says so.
fn refused(replica: &Replica) -> Option<String> {
    if let Some(port) = replica.port_taken() {
        return Some(format!("{COULD_NOT_START}: {}", taken(port)));
    }
    // What was being done comes first, and what went wrong last.
    let words = replica.refused.as_deref()?.trim_end_matches(": unknown");
    let mut parts = words.rsplitn(3, ": ");
    let (last, before) = (parts.next()?, parts.next());
    let words = before.map_or_else(|| last.to_owned(), |before| format!("{before}: {last}"));
    Some(format!("{COULD_NOT_START}: {}", label(&words, REFUSED)))
}

/// `port 3001 is taken`: where it is known by whom, [`held_by`] says so.
fn taken(port: u16) -> String {
    format!("port {port} is taken")
}

/// `why` with who has the port that was taken.
pub(super) fn held_by(why: &str, port: u16, holder: &str) -> String {
    why.replace(&taken(port), &format!("port {port} is held by {holder}"))
}

/// The engine has it in hand: nobody needs to start it. Where it says what keeps it, it is stuck.
fn on_its_way(placed: &Placed, at: Option<Timestamp>) -> Since {
    if placed.trouble.is_empty() {
        Since { health: Health::Starting, at, why: placed.stage.to_string() }
    } else {
        Since { health: Health::Down, at, why: placed.trouble.to_string() }
    }
}

fn running(replica: &Replica, track: &Track, now: Timestamp) -> Since {
    let started = track.started(replica);
    let (health, at) = match replica.check {
        HealthCheck::None => (Health::Running, started),
        HealthCheck::Starting => (Health::Starting, started),
        HealthCheck::Healthy => (Health::Healthy, track.check_since(HealthCheck::Healthy).or(started)),
        HealthCheck::Unhealthy => (Health::Unhealthy, track.check_since(HealthCheck::Unhealthy)),
    };
    let flaps = track.flapping(now);
    let why = if health == Health::Unhealthy { CHECK_FAILS } else { "" };
    match (health, flaps) {
        // It passes now, and will not for long.
        (Health::Healthy, Some((changes, since))) => {
            let why = format!("health check {}", probes::flapping(changes));
            Since { health: Health::Degraded, at: Some(since), why }
        }
        (Health::Unhealthy, Some((changes, _))) => {
            Since { health, at, why: format!("{why}, {}", probes::flapping(changes)) }
        }
        _ => Since { health, at, why: why.to_owned() },
    }
}

/// Whether a running replica is only between two ends: it ended at least twice lately, and has not
/// run long enough (or passed its check) since.
fn is_looping(replica: &Replica, track: &Track, now: Timestamp) -> bool {
    replica.check != HealthCheck::Healthy
        && track.started(replica).is_some_and(|start| now.duration_since(start) < SETTLED)
        && track.cadence(replica, now).is_some()
}

fn down(replica: &Replica, track: &Track, now: Timestamp) -> Since {
    // Where each try is a replica of its own, what is before us is only the last of a spell.
    let spell = replica.placed.as_ref().filter(|_| replica.restarts > Some(1)).map(|_| replica.created);
    let at = spell.or(track.down_since()).or(replica.finished);
    let oom = replica.exit.is_some_and(|exit| track.was_oom(exit, replica));
    // An engine that says what went wrong says more than an exit code, but for one thing.
    let said = replica.placed.as_ref().map(|placed| &placed.trouble).filter(|said| !said.is_empty() && !oom);
    let ended = match said {
        Some(said) => Some(said.to_string()),
        None => replica.exit.map(|exit| exit_words(exit, oom)),
    };
    let mut why = ended.unwrap_or_default();
    match track.cadence(replica, now) {
        Some(cadence) => {
            let over = cadence.over.map(|over| format!(" in {}", span(over))).unwrap_or_default();
            let _ = if why.is_empty() {
                write!(why, "restarting, {} times{over}", cadence.times)
            } else {
                write!(why, ", {} restarts{over}", cadence.times)
            };
        }
        None if replica.state == State::Restarting => {
            why.push_str(if why.is_empty() { "restarting" } else { ", restarting" });
            if let Some(n) = replica.restarts.filter(|n| *n > 1) {
                let _ = write!(why, ", {n} times");
            }
        }
        None => {}
    }
    Since { health: Health::Down, at, why }
}

fn exited(replica: &Replica, track: &Track, now: Timestamp) -> Since {
    if let Some(why) = refused(replica) {
        return Since { health: Health::Down, at: replica.finished, why };
    }
    let Some(exit) = replica.exit else {
        if let Some(placed) = replica.placed.as_ref().filter(|placed| !placed.trouble.is_empty()) {
            let why = placed.trouble.to_string();
            return Since { health: Health::Down, at: replica.finished, why };
        }
        return Since { health: Health::Stopped, at: replica.finished, why: "exited".to_owned() };
    };
    let oom = track.was_oom(exit, replica);
    // An end by SIGTERM or SIGINT that nobody saw was most likely asked for before we looked.
    // So was any end after which the engine would have started it again, had nobody asked.
    let polite = (matches!(exit.code, 130 | 143) || replica.kept_up) && !track.saw_end();
    if !oom && (exit.code == 0 || polite || track.was_asked()) {
        let why = match exit.code {
            0 => String::new(),
            130 | 143 if track.was_asked() => String::new(),
            _ => exit_words(exit, false),
        };
        return Since { health: Health::Stopped, at: replica.finished, why };
    }
    down(replica, track, now)
}

/// The words for what the kernel killed for memory.
pub(super) const OOM_KILLED: &str = "OOM-killed";

/// `exit 1`, `OOM-killed`, `killed (exit 137)`.
fn exit_words(exit: Exit, oom: bool) -> String {
    match exit.code {
        _ if oom => OOM_KILLED.to_owned(),
        126 => "exit 126 (not executable)".to_owned(),
        127 => "exit 127 (command not found)".to_owned(),
        134 => "aborted (exit 134)".to_owned(),
        137 => "killed (exit 137)".to_owned(),
        139 => "segmentation fault (exit 139)".to_owned(),
        143 => "terminated (exit 143)".to_owned(),
        code => format!("exit {code}"),
    }
}

/// `40 s`, `3 min`, `2 h`: the wording of cadences.
fn span(over: SignedDuration) -> String {
    let seconds = over.as_secs().max(1);
    match seconds {
        ..=59 => format!("{seconds} s"),
        60..=5399 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h", (seconds + 1800) / 3600),
    }
}

/// Whether a replica with this verdict serves.
pub(super) fn is_up(health: Health) -> bool {
    matches!(health, Health::Healthy | Health::Running | Health::Starting)
}

/// The verdict on a service from its replicas' (jobs and spares left out). `None` without replicas.
///
/// All alike: their verdict. Some serve and some do not: degraded. None serves: the worst.
pub(super) fn of_service(replicas: &[Since]) -> Option<Since> {
    let worst = replicas.iter().max_by_key(|since| since.health)?;
    let total = replicas.len();
    let up = replicas.iter().filter(|since| is_up(since.health)).count();
    if up == 0 || up == total {
        return Some(all_alike(replicas, worst));
    }
    let like_worst = replicas.iter().filter(|since| since.health == worst.health);
    let since = like_worst.clone().filter_map(|since| since.at).min();
    let mut why = format!("{} of {total} {}", like_worst.count(), worst.health.word());
    let says_more = !worst.why.is_empty() && worst.why != CHECK_FAILS;
    if says_more && matches!(worst.health, Health::Degraded | Health::Unhealthy | Health::Down) {
        let _ = write!(why, ": {}", worst.why);
    }
    Some(Since { health: Health::Degraded, at: since, why })
}

fn all_alike(replicas: &[Since], worst: &Since) -> Since {
    let same = || replicas.iter().filter(|since| since.health == worst.health);
    let times = same().filter_map(|since| since.at);
    // Good news holds since the last replica joined in, bad news since the first fell.
    let at = if worst.health <= Health::Stopped { times.max() } else { times.min() };
    let why = match same().count() {
        n if n < replicas.len() && worst.health == Health::Starting => {
            format!("{n} of {} starting", replicas.len())
        }
        _ => worst.why.clone(),
    };
    Since { health: worst.health, at, why }
}

/// The verdict on a service its engine looks after: what its `count` replicas say, how many there
/// should be, and how its last update stands.
pub(super) fn of_declared(of_replicas: Option<Since>, count: usize, declared: &Declared) -> Since {
    let desired = declared.desired as usize;
    let mut since = of_replicas.unwrap_or_else(|| match desired {
        0 if declared.global => Since { health: Health::Stopped, at: None, why: "no node for it".into() },
        0 => Since { health: Health::Stopped, at: None, why: "scaled to 0".into() },
        n => Since { health: Health::Starting, at: None, why: format!("0 of {n} replicas") },
    });
    if count < desired && since.health.is_well() {
        since.health = Health::Degraded;
        since.why = format!("{count} of {desired} replicas");
    }
    let Some(update) = &declared.update else { return since };
    let (words, at_least) = match update.state {
        // By hand, and done: no news.
        UpdateState::RolledBack if update.message.is_empty() => return since,
        UpdateState::Completed => return since,
        UpdateState::Updating => ("updating", Health::Healthy),
        UpdateState::Paused => ("update paused", Health::Degraded),
        UpdateState::RollingBack => ("rolling back", Health::Degraded),
        UpdateState::RollbackPaused => ("rollback paused", Health::Degraded),
        UpdateState::RolledBack => ("rolled back", Health::Healthy),
    };
    if since.health < at_least {
        since.health = at_least;
        since.at = update.at;
    }
    let mut why = words.to_owned();
    // The engine's words say which replica failed; that of a replica is one more witness of it.
    let because = if update.message.is_empty() { &since.why } else { &update.message };
    if !because.is_empty() {
        let _ = write!(why, ": {because}");
    }
    since.why = why;
    since
}

#[cfg(test)]
mod tests;
