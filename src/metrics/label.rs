//! What a container's labels ask to be scraped. Pure.
//!
//! Labels come with images, and those from strangers: they may name a port and a path of their own
//! container and how often to look, never a command, a URL or another host.

use std::sync::Arc;
use std::time::Duration;

use super::fold::Wanted;
use super::target::{Ask, Target};
use crate::config::MetricsRule;
use crate::fleet::Replica;
use crate::probe::{Http, Lay, Pace, default_name};
use crate::text::{human, sanitize};

/// The label, behind `quarterdeck.`; what else there is begins with it and a dot.
const LABEL: &str = "metrics";
/// A label can't have its container scraped more often than this.
const QUICKEST: Duration = Duration::from_secs(1);
/// Nor keep a scrape waiting longer.
const SLOWEST: Duration = Duration::from_secs(30);
/// Nor be looked at more seldom, which would be a mistake.
const RAREST: Duration = Duration::from_hours(1);
/// The longest path.
const MAX_PATH: usize = 512;

/// Whether a label is about metrics.
pub(super) fn is_ours(key: &str) -> bool {
    key.strip_prefix(LABEL).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What the labels of one replica ask for, and what is wrong with them.
pub(super) fn target(replica: &Replica, lay: &Lay) -> (Option<Target>, Vec<String>) {
    let mut wrong = Vec::new();
    let (mut path, mut port) = (None, None);
    let MetricsRule { interval, timeout, .. } = MetricsRule::default();
    let mut pace = Pace { interval, timeout, retries: 1, ..Pace::default() };
    for (key, value) in replica.labels.iter().filter(|(key, _)| is_ours(key)) {
        let value = value.trim();
        let shown = || sanitize::label(value, 40);
        let time = || {
            human::parse_duration(value)
                .map_err(|_| format!("says \"{}\", which is no time such as 15s", shown()))
        };
        let taken = match key.strip_prefix(LABEL).unwrap_or_default() {
            "" => is_path(value)
                .map(|it| path = Some(it))
                .ok_or_else(|| format!("says \"{}\", which is no path such as /metrics", shown())),
            ".port" => match value.parse().ok().filter(|&it: &u16| it > 0) {
                Some(it) => {
                    port = Some(it);
                    Ok(())
                }
                None => Err(format!("says \"{}\", which is no port", shown())),
            },
            ".interval" => time().map(|it| pace.interval = it.clamp(QUICKEST, RAREST)),
            ".timeout" => time().map(|it| pace.timeout = it.clamp(QUICKEST, SLOWEST)),
            ".exec" => Err("asks for a command, which labels may not; write it into the config".into()),
            _ => {
                Err("is unknown; there are quarterdeck.metrics, and .port, .interval and .timeout of it"
                    .into())
            }
        };
        if let Err(what) = taken {
            wrong.push(format!("{}: label quarterdeck.{key} {what}: ignored", replica.service.path()));
        }
    }
    let Some(path) = path else { return (None, wrong) };
    let goal = match port {
        Some(port) => lay.reach(replica, port),
        None => lay.only(replica, "the label quarterdeck.metrics.port"),
    };
    let target = Target {
        service: replica.service.clone(),
        replica: Some(replica.id.clone()),
        name: default_name("http", path),
        source: format!("label quarterdeck.{LABEL}").into(),
        ask: Ask::Text { http: Arc::new(Http::plain(false)), wanted: Arc::new(Wanted::default()) },
        goal: goal.at(path),
        pace,
        started: replica.started,
    };
    (Some(target), wrong)
}

/// `true` is where everybody has them.
fn is_path(value: &str) -> Option<&str> {
    match value {
        "true" | "yes" | "1" => Some("/metrics"),
        path => {
            (path.starts_with('/') && path.len() <= MAX_PATH && path.chars().all(|c| c.is_ascii_graphic()))
                .then_some(path)
        }
    }
}
