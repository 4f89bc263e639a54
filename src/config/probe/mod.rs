//! `[[probe]]`: how qd itself checks services, as written and resolved.
//!
//! Owns: what a probe may say, its defaults, and what is wrong with one. Must not: know which
//! services there are (that is `probe`), or probe anything.

mod pattern;
mod place;
mod status;
#[cfg(test)]
mod tests;

pub use pattern::Pattern;
pub use place::Place;
pub use status::StatusRanges;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::secret::Secret;
use super::settings::span;

/// The shortest time between two attempts.
const QUICKEST: Duration = Duration::from_millis(100);
/// The longest an attempt, or the time between two, may be.
const SLOWEST: Duration = Duration::from_hours(24);
/// The most redirects that are followed.
const MAX_REDIRECTS: u8 = 20;
/// The most failures in a row that may be asked for.
const MAX_RETRIES: u32 = 1_000;

/// What it means when a probe fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProbePurpose {
    /// It does not work.
    #[default]
    Liveness,
    /// It works, and can't serve just now.
    Readiness,
}

/// `[[probe]]`: a check of qd's own, of all services it names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeRule {
    /// Whose: `project/service`, a project, or a lone container; `*` and `?` stand for anything.
    #[schemars(extend("examples" = ["shop/*-service"]))]
    pub service: String,
    /// Its name in tables and sentences; absent = what it does (`http /health`).
    #[schemars(extend("examples" = ["front page"]))]
    pub name: Option<String>,
    /// What a failure means: it does not work, or it can't serve just now.
    pub purpose: ProbePurpose,
    /// GET this: a path on every replica, or a whole URL for the service as one. `{service}` and
    /// `{project}` are filled in.
    #[schemars(extend("examples" = ["/health"]))]
    pub http: Option<String>,
    /// The same by TLS, where it is a path.
    #[schemars(extend("examples" = ["/health"]))]
    pub https: Option<String>,
    /// Connect to this port of every replica, or to one `host:port`.
    #[schemars(with = "Option<String>", extend("examples" = [5432]))]
    pub tcp: Option<Place>,
    /// Run this in every replica; exit code 0 passes.
    #[schemars(extend("examples" = [["pg_isready", "-q"]]))]
    pub exec: Option<Vec<String>>,
    /// The startup message of `PostgreSQL`: a port, or `host:port`.
    #[schemars(with = "Option<String>", extend("examples" = [5432]))]
    pub postgres: Option<Place>,
    /// A PING to Redis; as above.
    #[schemars(with = "Option<String>", extend("examples" = [6379]))]
    pub redis: Option<Place>,
    /// The hello of `MongoDB`; as above.
    #[schemars(with = "Option<String>", extend("examples" = [27017]))]
    pub mongodb: Option<Place>,
    /// The first question of every Kafka client; as above.
    #[schemars(with = "Option<String>", extend("examples" = [9092]))]
    pub kafka: Option<Place>,
    /// The port inside the container for `http` and `https` paths; absent = the only one it has.
    #[schemars(extend("examples" = [3000]))]
    pub port: Option<u16>,
    /// The HTTP method.
    pub method: String,
    /// HTTP headers; a value may be `env:NAME` or `file:/PATH`.
    #[schemars(with = "BTreeMap<String, String>", extend("examples" = [{"authorization": "env:HEALTH_TOKEN"}]))]
    pub headers: BTreeMap<String, Secret>,
    /// What an HTTP answer must be.
    pub expect: Expect,
    /// How many redirects are followed; 0 = the redirect is the answer.
    pub redirects: u8,
    /// Whether the certificate must be good.
    pub verify_tls: bool,
    /// From the beginning of one attempt to that of the next.
    #[serde(with = "span")]
    #[schemars(with = "String")]
    pub interval: Duration,
    /// How long an attempt may take.
    #[serde(with = "span")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// How often in a row it must fail before it counts.
    pub retries: u32,
    /// How long after a replica's start failures do not count.
    #[serde(with = "span")]
    #[schemars(with = "String")]
    pub start_period: Duration,
}

/// `expect`: what an HTTP answer must be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The status codes that pass.
    #[schemars(with = "String")]
    pub status: StatusRanges,
    /// A regular expression that the first 64 KiB of the body must match.
    #[schemars(with = "Option<String>", extend("examples" = ["\"status\": *\"ok\""]))]
    pub body: Option<Pattern>,
    /// A value the body, read as JSON, must have.
    #[schemars(extend("examples" = [{"pointer": "/service", "equals": "{service}"}]))]
    pub json: Option<ExpectJson>,
}

/// `expect.json`: one value in a JSON body.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectJson {
    /// Where (RFC 6901).
    #[schemars(extend("examples" = ["/service"]))]
    pub pointer: String,
    /// What it must be; `{service}` and `{project}` are filled in.
    #[schemars(with = "String", extend("examples" = ["{service}"]))]
    pub equals: Scalar,
}

/// A single value, as TOML and JSON both have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a text, a number, true or false")]
pub enum Scalar {
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Number(f64),
    /// Text.
    Text(String),
}

impl Default for Scalar {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Default for ProbeRule {
    fn default() -> Self {
        Self {
            service: String::new(),
            name: None,
            purpose: ProbePurpose::default(),
            http: None,
            https: None,
            tcp: None,
            exec: None,
            postgres: None,
            redis: None,
            mongodb: None,
            kafka: None,
            port: None,
            method: "GET".into(),
            headers: BTreeMap::new(),
            expect: Expect::default(),
            redirects: 0,
            verify_tls: true,
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(3),
            retries: 3,
            start_period: Duration::ZERO,
        }
    }
}

/// The keys of which a probe has exactly one.
const KINDS: &str = "`http`, `https`, `tcp`, `exec`, `postgres`, `redis`, `mongodb` or `kafka`";

/// What is wrong with where HTTP goes.
pub(super) fn problem_of_http(
    http: Option<&str>,
    https: Option<&str>,
    port: Option<u16>,
) -> Option<(String, String)> {
    let wrong = |what: &str, remedy: &str| Some((what.to_owned(), remedy.to_owned()));
    let is_url = |text: &str| text.starts_with("http://") || text.starts_with("https://");
    if http.is_some_and(|http| !http.starts_with('/') && !is_url(http)) {
        return wrong("`http` is neither a path nor a URL", "begin it with / or http://");
    }
    if https.is_some_and(|path| !path.starts_with('/')) {
        return wrong("`https` is not a path", "begin it with /, or put the whole URL into `http`");
    }
    let url = http.filter(|http| is_url(http));
    if url.is_some_and(|url| http::Uri::try_from(url.replace(['{', '}'], "x")).is_err()) {
        return wrong("`http` is no URL", "write it like \"http://shop.example:8080/health\"");
    }
    if url.is_some() && port.is_some() {
        return wrong("`port` is in the URL already", "write it there: \"http://host:8080/\"");
    }
    if port == Some(0) {
        return wrong("there is no port 0", "write one from 1 to 65535");
    }
    None
}

/// What is wrong with the names of headers.
pub(super) fn problem_of_headers(headers: &BTreeMap<String, Secret>) -> Option<(String, String)> {
    let bad = headers.keys().find(|name| http::HeaderName::try_from(name.as_str()).is_err())?;
    let what = format!("{} is no HTTP header", super::problem::quote(bad));
    Some((what, "its name has letters, digits and -".to_owned()))
}

impl ProbeRule {
    /// What types can't tell: what is wrong, and the remedy.
    pub(super) fn problem(&self) -> Option<(String, String)> {
        let wrong = |what: &str, remedy: &str| Some((what.to_owned(), remedy.to_owned()));
        if self.service.trim().is_empty() {
            return wrong("it names no service", "add `service = \"project/service\"`; \"*\" is all");
        }
        if self.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            return wrong("its name is empty", "remove the line to have it named by what it does");
        }
        let places = [&self.tcp, &self.postgres, &self.redis, &self.mongodb, &self.kafka];
        let kinds = usize::from(self.http.is_some())
            + usize::from(self.https.is_some())
            + usize::from(self.exec.is_some())
            + places.iter().filter(|place| place.is_some()).count();
        if kinds == 0 {
            return wrong("it does not say what to check", &format!("add one of {KINDS}"));
        }
        if kinds > 1 {
            return wrong("it says several things to check", &format!("keep one of {KINDS}"));
        }
        if self.exec.as_ref().is_some_and(|argv| argv.first().is_none_or(String::is_empty)) {
            return wrong("`exec` names no program", "write it like `exec = [\"pg_isready\", \"-q\"]`");
        }
        self.problem_of_http().or_else(|| self.problem_of_times())
    }

    fn problem_of_http(&self) -> Option<(String, String)> {
        let wrong = |what: String, remedy: &str| Some((what, remedy.to_owned()));
        let is_http = self.http.is_some() || self.https.is_some();
        if self.port.is_some() && !is_http {
            return wrong("`port` is for `http` and `https`".into(), "write it like `tcp = 5432`");
        }
        if let Some(problem) = problem_of_http(self.http.as_deref(), self.https.as_deref(), self.port) {
            return Some(problem);
        }
        let plain = Self::default();
        let http_only = [
            ("method", self.method != plain.method),
            ("headers", !self.headers.is_empty()),
            ("expect", self.expect != plain.expect),
            ("redirects", self.redirects != plain.redirects),
            ("verify_tls", self.verify_tls != plain.verify_tls),
        ];
        if let Some((key, _)) = http_only.iter().find(|(_, set)| *set && !is_http) {
            return wrong(format!("`{key}` is for `http` and `https`"), "remove it");
        }
        if http::Method::try_from(self.method.as_str()).is_err() {
            return wrong("`method` is no HTTP method".into(), "write it like \"GET\" or \"HEAD\"");
        }
        if let Some(problem) = problem_of_headers(&self.headers) {
            return Some(problem);
        }
        if self.redirects > MAX_REDIRECTS {
            return wrong(format!("`redirects` is more than {MAX_REDIRECTS}"), "a health check needs few");
        }
        if let Some(json) = &self.expect.json
            && !json.pointer.is_empty()
            && !json.pointer.starts_with('/')
        {
            return wrong("`pointer` does not begin with /".into(), "write it like \"/service\"");
        }
        None
    }

    fn problem_of_times(&self) -> Option<(String, String)> {
        let wrong = |what: String, remedy: &str| Some((what, remedy.to_owned()));
        for (key, time) in [("interval", self.interval), ("timeout", self.timeout)] {
            if !(QUICKEST..=SLOWEST).contains(&time) {
                return wrong(format!("`{key}` is too short or too long"), "choose between 100ms and 24h");
            }
        }
        if self.start_period > SLOWEST {
            return wrong("`start_period` is too long".into(), "choose at most 24h");
        }
        if self.retries == 0 || self.retries > MAX_RETRIES {
            return wrong("`retries` is out of range".into(), "choose from 1 to 1000");
        }
        None
    }
}
