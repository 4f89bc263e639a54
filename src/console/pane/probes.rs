//! What our own probes say, on the health tab: each with how it stands, its last result, what
//! certificate it was shown, and how the service answered lately.

use std::fmt::Write as _;

use jiff::Timestamp;
use ratatui::text::Span;

use super::sheet::{Sheet, View};
use super::{scope, words};
use crate::config::Role;
use crate::console::widget::text;
use crate::fleet::{Latency, Minutes, Probe, Purpose, Replica, Standing};
use crate::text::human;

/// A certificate that expires within so many days is news.
const SOON: i64 = 21;

/// The probes of `replica` and of its service as a whole; nothing where there are none.
pub(super) fn list<'a>(view: &View<'a>, sheet: &mut Sheet<'a>, replica: Option<&Replica>) {
    let scene = view.scene;
    let Some(service) = scope::service_of(scene.fleet, scene.target) else { return };
    let of = |probe: &&Probe| match &probe.last().replica {
        Some(id) => replica.is_some_and(|replica| replica.id == *id),
        None => true,
    };
    let mut probes = scene.fleet.probes(&service).filter(of).peekable();
    if probes.peek().is_none() {
        return;
    }
    sheet.head_with("PROBES", "ours, beside what the engine checks");
    for probe in probes {
        one(view, sheet, probe);
    }
    let over = |window: Minutes| {
        let latency = scene.fleet.latency(&service, window, scene.now)?;
        Some((format!("{} min", window.span().as_secs() / 60), answered(&latency)))
    };
    let lately: Vec<(String, String)> = Minutes::ALL.into_iter().filter_map(over).collect();
    if !lately.is_empty() {
        sheet.pairs(lately.iter().map(|(key, words)| (key.as_str(), words.clone(), Role::Text)));
    }
}

fn one(view: &View<'_>, sheet: &mut Sheet<'_>, probe: &Probe) {
    let (scene, last) = (view.scene, probe.last());
    let glyphs = scene.look.glyphs;
    let standing = probe.standing(scene.now);
    let (glyph, role) = match standing {
        Standing::Passing => (glyphs.ok, Role::Ok),
        Standing::Failing if last.purpose == Purpose::Readiness => (glyphs.warn, Role::Warn),
        Standing::Failing => (glyphs.bad, Role::Bad),
        Standing::Starting => (glyphs.missing, Role::Dim),
    };
    let mut told = if probe.is_stale(scene.now) {
        format!("no result since {}", words::ago(last.at, scene.now).trim_end_matches(" ago"))
    } else {
        let since = probe.since();
        format!(
            "{} since {} ({})",
            standing.word(),
            words::clock(since, scene.now, view.zone),
            words::ago(since, scene.now)
        )
    };
    if let Some((changes, _)) = probe.flapping(scene.now) {
        let _ = write!(told, ", flapping: {changes} changes in 10 min");
    }
    let name = text::clip(&last.probe, 24, glyphs.ellipsis);
    let pad = 24_usize.saturating_sub(text::width(&name));
    sheet.row(vec![
        Span::styled(format!(" {glyph} "), sheet.style(role)),
        Span::styled(format!("{name}{} ", " ".repeat(pad)), sheet.style(Role::Text)),
        Span::styled(format!("{:<9} ", last.purpose.word()), sheet.style(Role::Dim)),
        Span::styled(told, sheet.style(role)),
    ]);
    let took = last.took.map_or_else(String::new, |took| format!(", took {}", human::latency(took)));
    let result = match &last.result {
        Ok(()) => "passed".to_owned(),
        Err(why) => why.to_string(),
    };
    let of_all = if last.replica.is_none() { ", the service as a whole" } else { "" };
    let every = human::duration(last.interval);
    let story = format!("last {}: {result}{took}; every {every}{of_all}", words::ago(last.at, scene.now));
    let failed = last.result.is_err();
    sheet.say(if failed { role_of_failure(standing) } else { Role::Dim }, 3, &story);
    if let Some(expiry) = last.certificate {
        let (words, role) = certificate(expiry, scene.now, view);
        sheet.say(role, 3, &words);
    }
}

/// Within its retries a failure is a warning.
fn role_of_failure(standing: Standing) -> Role {
    if standing == Standing::Failing { Role::Bad } else { Role::Warn }
}

fn certificate(expiry: Timestamp, now: Timestamp, view: &View<'_>) -> (String, Role) {
    let day = words::clock(expiry, now, view.zone);
    let left = expiry.duration_since(now).as_hours() / 24;
    if expiry <= now {
        return (format!("its certificate expired {day} ({})", words::ago(expiry, now)), Role::Bad);
    }
    let days = match left {
        0 => "today or tomorrow".to_owned(),
        1 => "in 1 day".to_owned(),
        n => format!("in {n} days"),
    };
    let role = if left < SOON { Role::Warn } else { Role::Dim };
    (format!("its certificate expires {day} ({days})"), role)
}

/// `p50 12ms  p95 31ms  p99 40ms  errors 0% of 30`.
fn answered(latency: &Latency) -> String {
    let mut words = String::new();
    if let Some(took) = latency.took {
        for (name, value) in [("p50", took.p50), ("p95", took.p95), ("p99", took.p99)] {
            let _ = write!(words, "{name} {:<6} ", human::latency(value));
        }
    }
    let _ = write!(
        words,
        "errors {}% of {}",
        human::hundredths(latency.error_rate),
        human::count(latency.count.into())
    );
    words
}
