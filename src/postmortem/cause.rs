//! Why it died: from what was found to a named cause, and how sure that is. Pure.

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Record, signal};
use crate::text::human;

/// A stop may take this long from its signal to its end.
const STOP: SignedDuration = SignedDuration::from_mins(10);
/// A signal through the engine is the one it died of when it came within this time before.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(10);
/// How far back memory counts as the memory it died with.
const LATELY: SignedDuration = SignedDuration::from_secs(30);
/// The engine's absence and the death it brings are no further apart.
const AROUND: SignedDuration = SignedDuration::from_secs(30);
/// Memory counts as full from this share on.
const FULL: f32 = 0.95;
/// Fewer deaths in a row are no loop.
const LOOP: u32 = 3;

/// What kind of death it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An operation of quarterdeck ended it.
    Operation,
    /// Somebody asked the engine to stop it.
    Stopped,
    /// Somebody asked the engine to kill it.
    KilledByRequest,
    /// It reached its own memory limit.
    OutOfMemory,
    /// The machine ran out of memory.
    HostOutOfMemory,
    /// A signal that did not come through the engine.
    KilledFromOutside,
    /// It crashed: a signal a program brings upon itself.
    Crashed,
    /// It never came up: the engine could not run it.
    NotStarted,
    /// It ended by itself, with an error.
    Failed,
    /// It ended by itself, without an error.
    Ended,
    /// The engine went away, and it with it.
    WithEngine,
    /// Nobody knows any more.
    Unknown,
}

impl Kind {
    /// As JSON and the journal spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Operation => "operation",
            Self::Stopped => "stopped",
            Self::KilledByRequest => "killed-by-request",
            Self::OutOfMemory => "out-of-memory",
            Self::HostOutOfMemory => "host-out-of-memory",
            Self::KilledFromOutside => "killed-from-outside",
            Self::Crashed => "crashed",
            Self::NotStarted => "not-started",
            Self::Failed => "failed",
            Self::Ended => "ended",
            Self::WithEngine => "with-engine",
            Self::Unknown => "unknown",
        }
    }

    /// Whether somebody wanted it: then it is no crash.
    pub fn is_wanted(self) -> bool {
        matches!(self, Self::Operation | Self::Stopped)
    }
}

/// It dies again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cadence {
    /// How often it died.
    pub times: u32,
    /// From the first to the last of these deaths, milliseconds.
    pub over_ms: u64,
    /// The usual time between two of them, milliseconds; absent: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_ms: Option<u64>,
    /// The engine waits longer each time.
    pub slowing: bool,
}

/// Why it died.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cause {
    /// What kind of death it was.
    pub kind: Kind,
    /// Whether that is certain; else it is what fits best.
    pub certain: bool,
    /// One sentence, without how often.
    pub why: String,
    /// How often, where it dies again and again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crash_loop: Option<Cadence>,
}

impl Cause {
    /// The cause of a death.
    pub fn of(it: &Record) -> Self {
        let (kind, certain, why) = why(it);
        let crash_loop = if kind.is_wanted() { None } else { cadence(it) };
        Self { kind, certain, why, crash_loop }
    }

    /// The whole sentence: `Crash loop, 7 deaths in 3 min: …`.
    pub fn sentence(&self) -> String {
        let why = if self.certain { self.why.clone() } else { format!("probably {}", lower(&self.why)) };
        match &self.crash_loop {
            None => upper(&why),
            Some(Cadence { times, over_ms, every_ms, slowing }) => {
                let span = |ms: u64| human::duration(std::time::Duration::from_millis(ms));
                let every = every_ms.map(|ms| {
                    let grows = if *slowing { ", the engine waits longer each time" } else { "" };
                    format!(" (every {}{grows})", span(ms))
                });
                let over = if *over_ms > 0 { format!(" in {}", span(*over_ms)) } else { String::new() };
                format!("Crash loop, {times} deaths{over}{}: {}", every.unwrap_or_default(), lower(&why))
            }
        }
    }
}

fn why(it: &Record) -> (Kind, bool, String) {
    if let Some(operation) = &it.planned {
        return (Kind::Operation, true, format!("ended by {operation}"));
    }
    // An engine that comes back ends what it finds running, by the same signals as a stop.
    if it.outage.is_some_and(|outage| it.at >= outage.from && it.at <= outage.until)
        && let Some(found) = with_engine(it)
    {
        return found;
    }
    if let Some(wanted) = stopped(it) {
        let unsure = "; or the engine was started anew and ended what it found running";
        let why = if it.start_told { wanted } else { format!("{wanted}{unsure}") };
        return (Kind::Stopped, it.start_told, why);
    }
    if let Some(found) = with_engine(it) {
        return found;
    }
    if it.died_for_memory() {
        return out_of_memory(it);
    }
    match it.exit {
        None if it.error.is_some() => not_started(it),
        None => (Kind::Unknown, true, "it ended; how, the engine does not know any more".into()),
        Some(_) if it.error.is_some() => not_started(it),
        Some(137) => killed(it),
        Some(0) => {
            let again = match it.policy.as_str() {
                "always" | "unless-stopped" => {
                    format!(", and its restart policy ({}) starts it again", it.policy)
                }
                _ => String::new(),
            };
            (Kind::Ended, true, format!("it ended by itself without an error (exit code 0){again}"))
        }
        Some(126) => {
            (Kind::NotStarted, true, "its command is there but cannot be executed (exit code 126)".into())
        }
        Some(127) => {
            let why = "a command was not found (exit code 127): its own, or one its shell wanted";
            (Kind::NotStarted, true, why.into())
        }
        Some(code) => match signal::of_exit(code) {
            Some(signal) => by_signal(it, code, signal),
            None => {
                (Kind::Failed, true, format!("it ended by itself with exit code {code}: an error of its own"))
            }
        },
    }
}

/// Somebody asked for its end, and how it took that.
fn stopped(it: &Record) -> Option<String> {
    let polite = it
        .signals
        .iter()
        .rev()
        .find(|asked| signal::asks_to_end(&asked.signal) && it.at.duration_since(asked.at) <= STOP);
    let killed = it.signals.iter().any(|asked| signal::number(&asked.signal) == Some(9));
    let name = polite.map_or("the stop", |asked| signal::name(&asked.signal));
    // Who is asked to end and runs out of memory meanwhile was still asked to end.
    match (it.stopped, polite, it.exit) {
        (true, _, Some(137)) => Some(format!(
            "stopped on request: it did not obey {name} in time, and the engine killed it (exit code 137)"
        )),
        (false, Some(_), Some(137)) if killed => Some(format!(
            "stopped on request: it did not obey {name} in time, and the engine killed it (exit code 137)"
        )),
        (true, _, Some(code)) => Some(format!("stopped on request (exit code {code})")),
        (true, _, None) => Some("stopped on request".into()),
        (false, Some(_), Some(code)) if !it.died_for_memory() && (code != 137 || killed) => {
            Some(format!("asked to end by {name} through the engine (exit code {code})"))
        }
        _ => None,
    }
}

fn with_engine(it: &Record) -> Option<(Kind, bool, String)> {
    if let Some(outage) = it.outage {
        let (from, until) = (outage.from - AROUND, outage.until + AROUND);
        if !it.died_for_memory() && it.at >= from && it.at <= until {
            let code = it.exit.map(|code| format!(" (exit code {code})")).unwrap_or_default();
            return Some((
                Kind::WithEngine,
                true,
                format!("it went down with the engine, which was away then{code}"),
            ));
        }
    }
    (it.exit == Some(255) && !it.told).then(|| {
        let why = "it went down with the engine or the machine: exit code 255 is what the engine notes for \
                   what it did not see end";
        (Kind::WithEngine, false, why.to_owned())
    })
}

fn out_of_memory(it: &Record) -> (Kind, bool, String) {
    let then = match it.exit {
        Some(137) | None => String::new(),
        Some(code) => format!("; with that it ended (exit code {code})"),
    };
    let Some(limit) = it.limit else {
        let why =
            format!("the machine ran out of memory (it has no limit of its own): the kernel killed it{then}");
        return (Kind::HostOutOfMemory, true, why);
    };
    let limit = human::bytes_long(limit);
    (Kind::OutOfMemory, true, format!("out of memory at its limit of {limit}: the kernel killed it{then}"))
}

fn not_started(it: &Record) -> (Kind, bool, String) {
    let error = it.error.as_deref().unwrap_or_default();
    let first = error.lines().find(|line| !line.trim().is_empty()).unwrap_or(error).trim();
    (Kind::NotStarted, true, format!("the engine could not start it: {first}"))
}

/// SIGKILL, and the engine does not say that it was for memory.
fn killed(it: &Record) -> (Kind, bool, String) {
    let asked =
        it.signals.iter().rev().find(|asked| {
            signal::number(&asked.signal) == Some(9) && it.at.duration_since(asked.at) <= AT_ONCE
        });
    if asked.is_some() {
        let why =
            "killed on request: somebody asked the engine for SIGKILL, as docker kill does (exit code 137)";
        return (Kind::KilledByRequest, true, why.into());
    }
    let full = |used: f32, all: u64| all > 0 && used >= FULL * all as f32;
    if let (Some(limit), Some(used)) = (it.limit, it.memory_peak(LATELY))
        && full(used, limit)
    {
        let (used, limit) = (human::bytes_long(used as u64), human::bytes_long(limit));
        let why = format!(
            "out of memory: it used {used} of its limit of {limit} when SIGKILL ended it (exit code 137); the \
             engine does not say so"
        );
        return (Kind::OutOfMemory, false, why);
    }
    if let Some(machine) = &it.machine
        && let (Some(used), Some(all)) = (machine.memory, machine.memory_total)
        && full(used as f32, all)
    {
        let why =
            "the machine was out of memory when SIGKILL ended it (exit code 137); the engine does not say so";
        return (Kind::HostOutOfMemory, false, why.into());
    }
    let why = "killed from outside the engine: SIGKILL (exit code 137), which nobody asked the engine for, and it \
               was not out of memory";
    if it.told {
        return (Kind::KilledFromOutside, true, why.into());
    }
    let why = "killed by SIGKILL (exit code 137), not for memory; who sent it nobody saw";
    (Kind::KilledFromOutside, false, why.into())
}

fn by_signal(it: &Record, code: i64, number: i64) -> (Kind, bool, String) {
    let name = signal::of_number(number);
    let asked = it.signals.iter().rev().any(|asked| {
        signal::number(&asked.signal) == Some(number) && it.at.duration_since(asked.at) <= AT_ONCE
    });
    if asked {
        let why = format!("ended on request: somebody sent it {name} through the engine (exit code {code})");
        return (Kind::KilledByRequest, true, why);
    }
    if let Some(meaning) = signal::meaning(number) {
        return (Kind::Crashed, true, format!("it crashed: {meaning} ({name}, exit code {code})"));
    }
    let unseen = if it.told { ", which did not come through the engine" } else { "" };
    (Kind::KilledFromOutside, it.told, format!("{name} ended it (exit code {code}){unseen}"))
}

/// How often, where it is often enough to be a loop.
fn cadence(it: &Record) -> Option<Cadence> {
    let times = it.times.max(it.ends.len() as u32);
    if times < LOOP {
        return None;
    }
    let ms = |span: SignedDuration| u64::try_from(span.as_millis()).unwrap_or(0);
    let mut gaps: Vec<u64> =
        it.ends.windows(2).filter_map(|pair| Some(ms(pair.get(1)?.duration_since(*pair.first()?)))).collect();
    // Twice as long as at first: no accident.
    let slowing = matches!((gaps.first(), gaps.last()), (Some(first), Some(last)) if gaps.len() > 2 && *last > first * 2);
    gaps.sort_unstable();
    let every_ms = gaps.get(gaps.len() / 2).copied();
    Some(Cadence { times, over_ms: ms(it.at.duration_since(it.first)), every_ms, slowing })
}

fn upper(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// With a small first letter, where it is not a name (`SIGTERM`).
fn lower(text: &str) -> String {
    let mut chars = text.chars();
    let name = text.chars().nth(1).is_some_and(char::is_uppercase);
    match chars.next() {
        Some(first) if !name => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}
