//! What the tabs say about states, exits and events: the same words and glyphs on every page.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::{Glyphs, Role};
use crate::fleet::{EventKind, Exit, Health, HealthCheck};
use crate::text::human;

/// A verdict's glyph and how it looks.
pub(super) fn health(health: Health, glyphs: &Glyphs) -> (&'static str, Role) {
    match health {
        Health::Healthy => (glyphs.ok, Role::Ok),
        Health::Running => (glyphs.running, Role::Info),
        Health::Stopped => (glyphs.stopped, Role::Stopped),
        Health::Paused => (glyphs.paused, Role::Warn),
        Health::Starting | Health::Degraded => (glyphs.warn, Role::Warn),
        Health::Unhealthy | Health::Down => (glyphs.bad, Role::Bad),
    }
}

/// `12:03:21`, or with the date where it is not today's.
pub(super) fn clock(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let format = if at.date() == now.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    at.strftime(format).to_string()
}

/// `4m ago`; `just now` for what the clocks disagree about.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    match Duration::try_from(now.duration_since(at)) {
        Ok(age) if age.as_secs() > 0 => format!("{} ago", human::age(age)),
        _ => "just now".into(),
    }
}

/// `0.12s`, `3.4s`, `90s`: how long one check took.
pub(super) fn seconds(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    match seconds {
        s if s < 1.0 => format!("{s:.2}s"),
        s if s < 10.0 => format!("{s:.1}s"),
        s => format!("{s:.0}s"),
    }
}

/// What an exit code means, in words; `None` where only the program knows.
pub(super) fn exit_meaning(exit: Exit) -> Option<&'static str> {
    Some(match (exit.code, exit.oom) {
        (_, true) => "the kernel killed it for memory (OOM)",
        (0, _) => "it ended by itself, without an error",
        (125, _) => "the engine itself failed to run it",
        (126, _) => "its command is there but can't be executed",
        (127, _) => "its command was not found in the image",
        (129, _) => "SIGHUP ended it",
        (130, _) => "SIGINT ended it (ctrl-c)",
        (131, _) => "SIGQUIT ended it",
        (132, _) => "illegal instruction (SIGILL): is the image built for this processor?",
        (134, _) => "it aborted itself (SIGABRT)",
        (135, _) => "bus error (SIGBUS)",
        (136, _) => "arithmetic error (SIGFPE)",
        // Everybody reads 137 as out of memory; only the engine knows.
        (137, _) => "SIGKILL ended it; the engine does not say it was out of memory",
        (139, _) => "it crashed (SIGSEGV)",
        (141, _) => "broken pipe (SIGPIPE)",
        (143, _) => "SIGTERM ended it: a normal stop",
        _ => return None,
    })
}

/// `exit 1`, `exit 137, OOM`.
pub(super) fn exit(exit: Exit) -> String {
    if exit.oom { format!("exit {}, OOM", exit.code) } else { format!("exit {}", exit.code) }
}

/// An event in words, and how it looks.
pub(super) fn event(kind: &EventKind) -> (String, Role) {
    match kind {
        EventKind::Created => ("created".into(), Role::Text),
        EventKind::Started => ("started".into(), Role::Ok),
        EventKind::Died(how) => {
            let role = if how.code == 0 && !how.oom { Role::Stopped } else { Role::Bad };
            (format!("died: {}", exit(*how)), role)
        }
        EventKind::Killed(signal) => (format!("got signal {signal}"), Role::Warn),
        EventKind::Oom => ("out of memory: the kernel killed a process of it".into(), Role::Bad),
        EventKind::Stopped => ("stopped on request".into(), Role::Stopped),
        EventKind::Restarted => ("restarted on request".into(), Role::Ok),
        EventKind::Paused => ("paused".into(), Role::Warn),
        EventKind::Unpaused => ("unpaused".into(), Role::Ok),
        EventKind::Renamed(old) => (format!("renamed, was {old}"), Role::Text),
        EventKind::Health(check) => match check {
            HealthCheck::Healthy => ("became healthy".into(), Role::Ok),
            HealthCheck::Unhealthy => ("became unhealthy".into(), Role::Bad),
            HealthCheck::Starting => ("health check starting".into(), Role::Warn),
            HealthCheck::None => ("health check gone".into(), Role::Dim),
        },
        EventKind::Updated => ("limits or restart policy changed".into(), Role::Text),
        EventKind::Destroyed => ("removed".into(), Role::Stopped),
    }
}

/// Words of a command line, quoted where a shell would need it.
pub(super) fn command(argv: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+".contains(c);
    let quote = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    argv.iter().map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_engine_says_out_of_memory() {
        let killed = Exit { code: 137, oom: false };
        assert!(exit_meaning(killed).is_some_and(|m| m.contains("does not say")));
        assert!(exit_meaning(Exit { oom: true, ..killed }).is_some_and(|m| m.contains("OOM")));
        assert_eq!(exit_meaning(Exit { code: 3, oom: false }), None);
    }

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        let argv = ["sh", "-c", "echo 'a b' $HOME", ""].map(str::to_owned);
        assert_eq!(command(&argv), r"sh -c 'echo '\''a b'\'' $HOME' ''");
    }
}
