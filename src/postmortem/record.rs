//! What is kept of a death. Plain data: what was found, and no opinion (see [`super::Cause`]).
//!
//! Fields are added, never renamed: the journal keeps these for long.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::collect::UNSEEN;

/// The longest record in the journal, bytes of JSON.
const LONGEST: usize = 256 * 1024;
/// Deaths of one spell that are kept one by one.
const ENDS: usize = 64;
/// Two times of one death differ by less than this.
const SAME: SignedDuration = SignedDuration::from_millis(60);

/// Everything found about a death. All text in it is sanitised and masked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Record {
    /// The engine's host.
    pub host: String,
    /// What died.
    pub of: Subject,
    /// When it died; of several deaths, the last.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// When the run that ended had begun; absent: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub started: Option<Timestamp>,
    /// Its exit code, 128 + n for signal n; absent: nobody knows any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i64>,
    /// Whether the engine says that the kernel killed in it for memory.
    pub oom: bool,
    /// When the kernel did, where that was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub oom_at: Option<Timestamp>,
    /// Signals sent to it through the engine since it started.
    pub signals: Vec<Signal>,
    /// The engine was asked to stop it, and did.
    pub stopped: bool,
    /// Whether what the engine told around the death is known: that nobody asked it for a signal
    /// then means that nobody did.
    pub told: bool,
    /// Whether the start of the run that ended is among what the engine told: an engine that was
    /// started anew meanwhile remembers none from before.
    pub start_told: bool,
    /// The operation of quarterdeck that ended it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned: Option<String>,
    /// When the engine itself was away, where it died in that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outage: Option<Outage>,
    /// The engine's own words for a failure to start it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its restart policy; empty = not known.
    pub policy: String,
    /// How often the engine restarted it; absent: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarts: Option<u32>,
    /// Its memory limit, bytes; absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// When it died in this spell, the newest of many, oldest first.
    #[schemars(with = "Vec<String>")]
    pub ends: Vec<Timestamp>,
    /// How often it died in this spell.
    pub times: u32,
    /// The first of these deaths.
    #[schemars(with = "String")]
    pub first: Timestamp,
    /// The last lines it logged, oldest first.
    pub log: Vec<LogLine>,
    /// Lines left out of these to keep the record small.
    pub log_cut: u32,
    /// Its HEALTHCHECK; absent: none, or not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// What probes said last.
    pub probes: Vec<ProbeWord>,
    /// Usage in the five minutes before, oldest first; empty: nobody looked.
    pub usage: Vec<Sample>,
    /// The machine at that time; absent: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
    /// What was changed in the hour before, oldest first.
    pub changes: Vec<Moment>,
    /// What else happened to the service in that hour, oldest first.
    pub before: Vec<Moment>,
    /// Incidents of the service around that time.
    pub incidents: Vec<Note>,
    /// What could not be found out, and why.
    pub unknown: Vec<String>,
    /// Somebody looked on when it died; else this was put together afterwards.
    pub witnessed: bool,
}

/// What died.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Subject {
    /// `docker`, `swarm`, `demo`.
    pub engine: String,
    /// `project/service`, or the name of a lone container.
    pub service: String,
    /// The replica's name.
    pub replica: String,
    /// The replica's id.
    pub id: String,
    /// The image it was made from.
    pub image: String,
    /// That image's id.
    pub image_id: String,
    /// Compose's hash of its settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_hash: Option<String>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub created: Option<Timestamp>,
}

/// A signal sent through the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Signal {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Its name or number, as the engine says.
    pub signal: String,
}

/// The engine was away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outage {
    /// Since when.
    #[schemars(with = "String")]
    pub from: Timestamp,
    /// Until when.
    #[schemars(with = "String")]
    pub until: Timestamp,
}

/// A line it logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogLine {
    /// When; absent where the engine does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
    /// Written to standard error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stderr: bool,
    /// `error`, `warn`, …; empty: it does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub level: String,
    /// The line.
    pub text: String,
}

impl LogLine {
    /// Whether it says itself that something is wrong.
    pub fn is_error(&self) -> bool {
        matches!(self.level.as_str(), "error" | "fatal")
    }
}

/// A HEALTHCHECK and its last results.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// What is run.
    pub test: String,
    /// How often it failed in a row.
    pub streak: u32,
    /// The last results, oldest first.
    pub results: Vec<CheckResult>,
}

/// One result of a health check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckResult {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// 0 passed, 1 failed, −1 timed out or could not run.
    pub exit: i64,
    /// What it printed.
    pub output: String,
}

/// What a probe said last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeWord {
    /// The probe's name.
    pub probe: String,
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// `starting`, `passing`, `failing`.
    pub standing: String,
    /// Why it failed; empty where it did not.
    pub why: String,
}

/// Usage over a few seconds, each figure the highest in them; absent: not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// When these seconds begin.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f32>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<f32>,
    /// Processes and threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pids: Option<f32>,
    /// Bytes per second received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_rx: Option<f32>,
    /// Bytes per second sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_tx: Option<f32>,
}

/// The machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Machine {
    /// CPU in use, 0–1 of all cores.
    pub cpu: Option<f32>,
    /// Cores.
    pub cores: Option<u32>,
    /// Load over one minute.
    pub load: Option<f32>,
    /// Memory in use, bytes.
    pub memory: Option<u64>,
    /// Memory in all, bytes.
    pub memory_total: Option<u64>,
    /// Bytes in use on the file system of the engine's data.
    pub disk: Option<u64>,
    /// Its size, bytes.
    pub disk_total: Option<u64>,
}

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moment {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What, one sentence.
    pub what: String,
    /// By whom; empty: nobody said.
    pub by: String,
}

/// An incident, in a few words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// Its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// Since when.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What.
    pub what: String,
}

impl Record {
    /// How long the run that ended had lasted; `None`: not known.
    pub fn ran(&self) -> Option<SignedDuration> {
        let ran = self.at.duration_since(self.started?);
        (!ran.is_negative()).then_some(ran)
    }

    /// Whether it died for memory as the engine says: a process of it that was killed long before it
    /// ended did not end it.
    pub fn died_for_memory(&self) -> bool {
        self.oom && self.oom_at.is_none_or(|oom| self.at.duration_since(oom) <= SignedDuration::from_mins(1))
    }

    /// The most memory seen in the last so many seconds before it died, bytes.
    pub fn memory_peak(&self, within: SignedDuration) -> Option<f32> {
        let lately = self.usage.iter().filter(|s| self.at.duration_since(s.at) <= within);
        lately.filter_map(|s| s.memory).reduce(f32::max)
    }

    /// One more death of the same spell: what is known of the newer one, and how often it was.
    #[must_use]
    pub fn after(mut self, before: &Self) -> Self {
        let new = self.ends.iter().filter(|end| !knows(&before.ends, **end)).count();
        let counted = before.times.saturating_add(u32::try_from(new).unwrap_or(u32::MAX));
        self.times = self.times.max(counted);
        self.first = self.first.min(before.first);
        let mine = std::mem::take(&mut self.ends);
        self.ends.clone_from(&before.ends);
        self.ends.extend(mine.into_iter().filter(|end| !knows(&before.ends, *end)));
        self.tidy();
        if self.usage.is_empty() && !before.usage.is_empty() {
            self.usage.clone_from(&before.usage);
            self.unknown.retain(|what| what != UNSEEN);
        }
        self.machine = self.machine.or(before.machine);
        self.witnessed |= before.witnessed;
        self
    }

    /// Ends in order, and not too many.
    pub fn tidy(&mut self) {
        self.ends.sort_unstable();
        self.ends.dedup_by(|a, b| a.duration_since(*b).abs() <= SAME);
        self.ends.drain(..self.ends.len().saturating_sub(ENDS));
        self.times = self.times.max(u32::try_from(self.ends.len()).unwrap_or(u32::MAX)).max(1);
        self.first = self.ends.first().copied().unwrap_or(self.at).min(self.first);
    }

    /// As the journal keeps it: what does not fit is left out, log lines first, the oldest first.
    pub fn to_json(mut self) -> (Self, String) {
        loop {
            let json = serde_json::to_string(&self).unwrap_or_default();
            if json.len() <= LONGEST {
                return (self, json);
            }
            if !self.log.is_empty() {
                let cut = (self.log.len() / 4).max(1);
                self.log.drain(..cut);
                self.log_cut += u32::try_from(cut).unwrap_or(u32::MAX);
            } else if !self.before.is_empty() {
                self.before.drain(..(self.before.len() / 2).max(1));
            } else if self.check.take().is_none() {
                // Nothing that is left can be long.
                self.changes.clear();
                self.incidents.clear();
                self.error = None;
                let json = serde_json::to_string(&self).unwrap_or_default();
                return (self, json);
            }
        }
    }
}

fn knows(ends: &[Timestamp], end: Timestamp) -> bool {
    ends.iter().any(|known| known.duration_since(end).abs() <= SAME)
}
