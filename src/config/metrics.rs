//! `[[metrics]]`: what services are asked about themselves, as written and resolved.
//!
//! Owns: what a rule may say, its defaults, and what is wrong with one. Must not: know which
//! services there are (that is `metrics`), or ask anything.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::probe::{self, Pattern};
use super::secret::Secret;
use super::settings::span;

/// The shortest time between two scrapes.
const QUICKEST: Duration = Duration::from_secs(1);
/// The longest a scrape, or the time between two, may be.
const SLOWEST: Duration = Duration::from_hours(24);
/// The most figures that one rule keeps.
const MAX_KEEPS: usize = 64;
/// The longest name of a figure, and the longest unit, characters.
const MAX_NAME: usize = 40;
const MAX_UNIT: usize = 16;

/// `[[metrics]]`: figures of all services it names, from their metrics in Prometheus' text and from
/// commands in them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsRule {
    /// Whose: `project/service`, a project, or a lone container; `*` and `?` stand for anything.
    #[schemars(extend("examples" = ["shop/*-service"]))]
    pub service: String,
    /// Scrape this: a path on every replica, or a whole URL for the service as one. `{service}` and
    /// `{project}` are filled in.
    #[schemars(extend("examples" = ["/metrics"]))]
    pub http: Option<String>,
    /// The same by TLS, where it is a path.
    #[schemars(extend("examples" = ["/metrics"]))]
    pub https: Option<String>,
    /// The port inside the container for `http` and `https` paths; absent = the only one it has.
    #[schemars(extend("examples" = [9000]))]
    pub port: Option<u16>,
    /// HTTP headers; a value may be `env:NAME` or `file:/PATH`.
    #[schemars(with = "BTreeMap<String, String>", extend("examples" = [{"authorization": "env:METRICS_TOKEN"}]))]
    pub headers: BTreeMap<String, Secret>,
    /// Whether the certificate must be good.
    pub verify_tls: bool,
    /// From one scrape to the next.
    #[serde(with = "span")]
    #[schemars(with = "String")]
    pub interval: Duration,
    /// How long a scrape may take.
    #[serde(with = "span")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// The family that counts requests; absent = found by the names that common libraries use.
    #[schemars(extend("examples" = ["orders_handled_total"]))]
    pub requests: Option<String>,
    /// The one that counts failures; absent = what the requests' labels call 5xx.
    #[schemars(extend("examples" = ["orders_failed_total"]))]
    pub errors: Option<String>,
    /// The histogram or summary of response times; absent = found by common names.
    #[schemars(extend("examples" = ["orders_duration_seconds"]))]
    pub durations: Option<String>,
    /// Other figures of the text, each by its name.
    pub keep: Vec<KeepRule>,
    /// Figures that commands in every replica print.
    pub exec: Vec<ExecRule>,
}

/// `keep`: one figure out of a text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeepRule {
    /// What it is called here, in alert rules too; absent = as the family is.
    #[schemars(extend("examples" = ["db_connections"]))]
    pub name: Option<String>,
    /// The family: a gauge, a counter, any sample's name.
    #[schemars(extend("examples" = ["pg_stat_activity_count"]))]
    pub family: String,
    /// Only series with all these labels.
    #[schemars(extend("examples" = [{"state": "active"}]))]
    pub labels: BTreeMap<String, String>,
    /// What one figure is made of several series, and whether it is how fast they grow; absent = the
    /// rate of a counter, the sum of anything else.
    pub take: Option<Take>,
    /// Its unit: `s`, `B`, `%`, `share`, or any word.
    #[schemars(extend("examples" = ["connections"]))]
    pub unit: String,
}

impl KeepRule {
    /// What it is called.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.family)
    }
}

/// How several series become one figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Take {
    /// All together.
    Sum,
    /// The greatest.
    Max,
    /// The least.
    Min,
    /// How much they grow a second, all together.
    Rate,
}

/// `exec`: a command in every replica whose output has a number in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExecRule {
    /// What the figure is called, in alert rules too.
    #[schemars(extend("examples" = ["queue_depth"]))]
    pub name: String,
    /// Program and arguments. `{service}` and `{project}` are filled in.
    #[schemars(extend("examples" = [["redis-cli", "llen", "jobs"]]))]
    pub argv: Vec<String>,
    /// A regular expression whose group is the number; or two groups, `part` and `rest` (or `whole`),
    /// of which the share is. Absent = the first number.
    #[schemars(with = "Option<String>", extend("examples" = ["lag: (\\d+)"]))]
    pub pattern: Option<Pattern>,
    /// Its unit, as above; of two groups it is `share`.
    #[schemars(extend("examples" = ["jobs"]))]
    pub unit: String,
}

impl Default for MetricsRule {
    fn default() -> Self {
        Self {
            service: String::new(),
            http: None,
            https: None,
            port: None,
            headers: BTreeMap::new(),
            verify_tls: true,
            interval: Duration::from_secs(15),
            timeout: Duration::from_secs(5),
            requests: None,
            errors: None,
            durations: None,
            keep: Vec::new(),
            exec: Vec::new(),
        }
    }
}

/// What is wrong, and the remedy.
type Wrong = Option<(String, String)>;

fn wrong(what: impl Into<String>, remedy: &str) -> Wrong {
    Some((what.into(), remedy.to_owned()))
}

/// A name that alert rules can speak of.
fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    name.len() <= MAX_NAME
        && chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl MetricsRule {
    /// What types can't tell: what is wrong, and the remedy.
    pub(super) fn problem(&self) -> Wrong {
        if self.service.trim().is_empty() {
            return wrong("it names no service", "add `service = \"project/service\"`; \"*\" is all");
        }
        let scrapes = self.http.is_some() || self.https.is_some();
        if !scrapes && self.exec.is_empty() {
            return wrong("it does not say what to ask", "add `http = \"/metrics\"`, or `exec`");
        }
        if let Some(problem) = self.problem_of_text(scrapes) {
            return Some(problem);
        }
        if let Some(problem) = probe::problem_of_http(self.http.as_deref(), self.https.as_deref(), self.port)
        {
            return Some(problem);
        }
        if let Some(problem) = probe::problem_of_headers(&self.headers) {
            return Some(problem);
        }
        for (key, time) in [("interval", self.interval), ("timeout", self.timeout)] {
            if !(QUICKEST..=SLOWEST).contains(&time) {
                return wrong(format!("`{key}` is too short or too long"), "choose between 1s and 24h");
            }
        }
        self.keep.iter().find_map(KeepRule::problem).or_else(|| self.exec.iter().find_map(ExecRule::problem))
    }

    /// What is for texts only.
    fn problem_of_text(&self, scrapes: bool) -> Wrong {
        let set = [
            ("port", self.port.is_some()),
            ("headers", !self.headers.is_empty()),
            ("verify_tls", !self.verify_tls),
            ("requests", self.requests.is_some()),
            ("errors", self.errors.is_some()),
            ("durations", self.durations.is_some()),
            ("keep", !self.keep.is_empty()),
        ];
        if let Some((key, _)) = set.iter().find(|(_, set)| *set && !scrapes) {
            return wrong(
                format!("`{key}` is for `http` and `https`"),
                "remove it, or add `http = \"/metrics\"`",
            );
        }
        if self.http.is_some() && self.https.is_some() {
            return wrong("it has `http` and `https`", "keep one of the two");
        }
        if self.keep.len() > MAX_KEEPS {
            return wrong(
                format!("it keeps more than {MAX_KEEPS} figures"),
                "keep those that somebody looks at",
            );
        }
        let families =
            [("requests", &self.requests), ("errors", &self.errors), ("durations", &self.durations)];
        let empty =
            families.iter().find(|(_, name)| name.as_ref().is_some_and(|name| name.trim().is_empty()));
        empty.and_then(|(key, _)| {
            wrong(format!("`{key}` is empty"), "remove the line to have it found by itself")
        })
    }
}

/// What a figure may not be called or counted in.
fn problem_of_figure(key: &str, name: &str, unit: &str) -> Wrong {
    if !is_name(name) {
        let what = format!("{} is no name for a figure", super::problem::quote(name));
        return wrong(what, &format!("{key} takes up to {MAX_NAME} letters, digits and _, no digit first"));
    }
    if unit.chars().count() > MAX_UNIT {
        return wrong(
            format!("the unit of {name} is too long"),
            &format!("write at most {MAX_UNIT} characters"),
        );
    }
    None
}

impl KeepRule {
    fn problem(&self) -> Wrong {
        if self.family.trim().is_empty() {
            return wrong("`keep` names no family", "write it like `keep = [{ family = \"queue_depth\" }]`");
        }
        if self.name.is_none() && !is_name(&self.family) {
            return wrong(
                format!("{} is no name for a figure", super::problem::quote(&self.family)),
                "give it one: `name = \"…\"`",
            );
        }
        problem_of_figure("`name`", self.name(), &self.unit)
    }
}

impl ExecRule {
    fn problem(&self) -> Wrong {
        if self.argv.first().is_none_or(String::is_empty) {
            return wrong(
                "`exec` names no program",
                "write it like `argv = [\"redis-cli\", \"llen\", \"jobs\"]`",
            );
        }
        if let Some(pattern) = &self.pattern {
            let named: Vec<&str> = pattern.regex().capture_names().flatten().collect();
            let is_share = named.contains(&"part") && (named.contains(&"rest") || named.contains(&"whole"));
            if !is_share && pattern.regex().captures_len() != 2 {
                return wrong(
                    format!("the pattern of {} has no one group", super::problem::quote(&self.name)),
                    "put the number in parentheses: `pattern = 'lag: (\\d+)'`",
                );
            }
        }
        problem_of_figure("`name`", &self.name, &self.unit)
    }
}
