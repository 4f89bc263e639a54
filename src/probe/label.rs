//! Probes that a container's labels ask for. Pure.
//!
//! Labels come with images, and those from strangers: they may name a port and a path of their own
//! container and how often to look, never a command, a URL or another host.

use std::sync::Arc;
use std::time::Duration;

use super::target::{Check, Goal, Http, Lay, Pace, Source, Target, default_name};
use crate::config::StatusRanges;
use crate::fleet::{Purpose, Replica};
use crate::text::{human, sanitize};

/// What labels about probes begin with, behind `quarterdeck.`.
pub(super) const PREFIX: &str = "probe.";
/// What those about readiness begin with behind that.
const READY: &str = "ready.";
/// What a label may be, for whoever misspelt one.
const KNOWN: &str = "http, https, tcp, postgres, redis, mongodb, kafka, port, status, interval, timeout, \
                     retries, start_period and ready.…";
/// A label can't have its container looked at more often than this.
const QUICKEST: Duration = Duration::from_secs(1);
/// Nor keep an attempt waiting longer.
const SLOWEST: Duration = Duration::from_secs(30);
/// The longest path.
const MAX_PATH: usize = 512;

/// The probes by label of one replica, and what is wrong with its labels.
pub(super) fn targets(replica: &Replica, lay: &Lay) -> (Vec<Target>, Vec<String>) {
    let mut wrong = Vec::new();
    let mut live = Said::default();
    let mut ready = Said::default();
    for (key, value) in replica.labels.iter() {
        let Some(rest) = key.strip_prefix(PREFIX) else { continue };
        let (said, key) = match rest.strip_prefix(READY) {
            Some(key) => (&mut ready, key),
            None => (&mut live, rest),
        };
        if let Err(what) = said.take(key, value.trim()) {
            let at = replica.service.path();
            wrong.push(format!("{at}: label quarterdeck.{PREFIX}{rest} {what}: ignored"));
        }
    }
    let mut out = live.targets(replica, lay, Purpose::Liveness);
    out.extend(ready.targets(replica, lay, Purpose::Readiness));
    (out, wrong)
}

/// What the labels of one purpose say.
#[derive(Default)]
struct Said {
    kinds: Vec<(Check, String)>,
    port: Option<u16>,
    status: Option<StatusRanges>,
    pace: Pace,
}

impl Said {
    /// One label; what is wrong with it, as the rest of a sentence.
    fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        let shown = || sanitize::label(value, 40);
        let time = |value: &str| {
            human::parse_duration(value)
                .map_err(|_| format!("says \"{}\", which is no time such as 10s", shown()))
        };
        match key {
            "http" | "https" => {
                let is_path = value.starts_with('/')
                    && value.len() <= MAX_PATH
                    && value.chars().all(|c| c.is_ascii_graphic());
                if !is_path {
                    return Err(format!("says \"{}\", which is no path such as /health", shown()));
                }
                self.kinds.push((Check::Http(Arc::new(Http::plain(key == "https"))), value.to_owned()));
            }
            "tcp" | "postgres" | "redis" | "mongodb" | "kafka" => {
                let check = match key {
                    "tcp" => Check::Tcp,
                    "postgres" => Check::Postgres,
                    "redis" => Check::Redis,
                    "mongodb" => Check::Mongodb,
                    _ => Check::Kafka,
                };
                // `true` and nothing: at the usual port.
                if !matches!(value, "" | "true" | "yes" | "1") && port(value).is_none() {
                    return Err(format!("says \"{}\", which is no port", shown()));
                }
                self.kinds.push((check, value.to_owned()));
            }
            "port" => {
                self.port =
                    Some(port(value).ok_or_else(|| format!("says \"{}\", which is no port", shown()))?);
            }
            "status" => {
                let ranges = StatusRanges::parse(value);
                self.status =
                    Some(ranges.ok_or_else(|| format!("says \"{}\", which are no status codes", shown()))?);
            }
            "interval" => self.pace.interval = time(value)?.clamp(QUICKEST, SLOWEST * 120),
            "timeout" => self.pace.timeout = time(value)?.clamp(Duration::from_millis(100), SLOWEST),
            "start_period" => self.pace.start_period = time(value)?.min(SLOWEST * 120),
            "retries" => {
                let number = value.parse().ok().filter(|n| (1..=100).contains(n));
                self.pace.retries =
                    number.ok_or_else(|| format!("says \"{}\", which is not from 1 to 100", shown()))?;
            }
            "exec" => return Err("asks for a command, which labels may not; write it into the config".into()),
            _ => return Err(format!("is unknown; there are {KNOWN}")),
        }
        Ok(())
    }

    fn targets(self, replica: &Replica, lay: &Lay, purpose: Purpose) -> Vec<Target> {
        let Self { kinds, port: chosen, status, pace } = self;
        let ready = if purpose == Purpose::Readiness { READY } else { "" };
        let say = format!("the label quarterdeck.{PREFIX}{ready}port");
        let one = |(check, value): (Check, String)| {
            let word = check.word();
            let usual = match check {
                Check::Postgres => Some(5432),
                Check::Redis => Some(6379),
                Check::Mongodb => Some(27017),
                Check::Kafka => Some(9092),
                _ => None,
            };
            let own = if matches!(check, Check::Http(_)) { None } else { port(&value).filter(|&p| p > 1) };
            let goal = match own.or(chosen).or(usual) {
                Some(port) => lay.reach(replica, port),
                None => lay.only(replica, &say),
            };
            let (detail, goal): (String, Goal) = match &check {
                Check::Http(_) => (value.clone(), goal.at(&value)),
                _ => (own.or(chosen).or(usual).map(|port| port.to_string()).unwrap_or_default(), goal),
            };
            let check = match (check, &status) {
                (Check::Http(http), Some(status)) => {
                    let mut http = (*http).clone();
                    http.expect.status = status.clone();
                    Check::Http(Arc::new(http))
                }
                (check, _) => check,
            };
            Target {
                service: replica.service.clone(),
                replica: Some(replica.id.clone()),
                name: default_name(word, &detail),
                purpose,
                source: Source::Label(format!("quarterdeck.{PREFIX}{ready}{word}").into()),
                check,
                goal,
                pace,
                started: replica.started,
            }
        };
        kinds.into_iter().map(one).collect()
    }
}

fn port(value: &str) -> Option<u16> {
    value.parse().ok().filter(|&port| port > 0)
}
