//! One webhook: its address and headers, looked up where the config says, and one attempt to tell.

use std::path::Path;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use reqwest::{Certificate, Client, StatusCode, Url, redirect};

use super::{Letter, NotifyError, body};
use crate::alert::{Incident, Occasion, Severity};
use crate::config::{Env, Format, Webhook};
use crate::text::sanitize;

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// A receiver can't make us wait for longer than this.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// A file with an address, a token or certificates is no larger.
const LARGEST: u64 = 1 << 20;

/// A webhook, ready to be used.
pub struct Target {
    /// Its name.
    pub(super) name: String,
    url: Url,
    headers: HeaderMap,
    format: Format,
    severity: Severity,
    resolved: bool,
    client: Client,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither its address nor its headers are for anybody's eyes.
        f.debug_struct("Target").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// One sanitised clause, without the address.
    pub(super) why: String,
    /// Whether another attempt may do better.
    pub(super) again: bool,
    /// How long the receiver asks to be left alone.
    pub(super) after: Option<Duration>,
}

impl Target {
    /// From the config, with what it refers to. `place` is its place in the list, from 1. Blocks.
    ///
    /// # Errors
    /// Something it refers to is not there, or makes no sense.
    pub fn of(hook: &Webhook, place: usize, env: Env<'_>) -> Result<Self, NotifyError> {
        let called = hook.name.clone().unwrap_or_else(|| format!("{place}"));
        let nonsense = |what: &'static str| NotifyError::Nonsense { hook: called.clone(), what };
        let address = match (&hook.url, &hook.url_env, &hook.url_file) {
            (Some(url), _, _) => url.clone(),
            (_, Some(name), _) => variable(name, &called, env)?,
            (_, _, Some(path)) => file(path, &called)?,
            (None, None, None) => return Err(nonsense("it has no address")),
        };
        let url = Url::parse(address.trim()).map_err(|_| nonsense("its address is none"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(nonsense("its address begins neither with https:// nor with http://"));
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers
            .insert(USER_AGENT, HeaderValue::from_static(concat!("quarterdeck/", env!("CARGO_PKG_VERSION"))));
        for (name, value) in &hook.headers {
            let value = match (value.strip_prefix("env:"), value.strip_prefix("file:")) {
                (Some(name), _) => variable(name, &called, env)?,
                (_, Some(path)) => file(Path::new(path), &called)?,
                (None, None) => value.clone(),
            };
            let name = HeaderName::try_from(name).map_err(|_| nonsense("a header's name is none"))?;
            let mut value =
                HeaderValue::try_from(value.trim()).map_err(|_| nonsense("a header's value is none"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        // Whoever is sent elsewhere would carry the incident, and the headers, to a stranger.
        let mut client = Client::builder().timeout(PATIENCE).redirect(redirect::Policy::none());
        if let Some(path) = &hook.ca_file {
            let pem = file(path, &called)?;
            let found = Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|_| nonsense("its ca_file holds no certificates (PEM)"))?;
            client = client.tls_certs_merge(found);
        }
        let client = client.build().map_err(|_| nonsense("TLS can't be set up for it"))?;
        let host = sanitize::label(url.host_str().unwrap_or_default(), 80).to_string();
        let name = hook.name.as_deref().map_or(host, |name| sanitize::label(name, 80).to_string());
        Ok(Self {
            name,
            url,
            headers,
            format: hook.format,
            severity: hook.severity,
            resolved: hook.resolved,
            client,
        })
    }

    /// Later ones of several with one name are called `name#2`, ….
    pub fn tell_apart(targets: &mut [Self]) {
        for at in 1..targets.len() {
            let (before, rest) = targets.split_at_mut(at);
            let Some(target) = rest.first_mut() else { break };
            let same = |known: &&Self| known.name.split('#').next() == Some(target.name.as_str());
            let times = before.iter().filter(same).count();
            if times > 0 {
                target.name = format!("{}#{}", target.name, times + 1);
            }
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it wants to hear of this.
    pub fn wants(&self, what: Occasion, incident: &Incident) -> bool {
        incident.severity >= self.severity && (what == Occasion::Opened || self.resolved)
    }

    /// Tell it, once.
    pub(super) async fn send(&self, letter: &Letter) -> Result<(), Failure> {
        let body = body(letter, self.format).to_string();
        let request = self.client.post(self.url.clone()).headers(self.headers.clone()).body(body);
        let answer = request.send().await.map_err(|error| Failure {
            why: words(&error.without_url()),
            again: true,
            after: None,
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let after =
            answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Err(Failure {
            why: format!("it answers {}", sanitize::label(&status.to_string(), 60)),
            again: status.is_server_error() || is_patient(status),
            after: after.map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT)),
        })
    }
}

/// Refusals that pass.
fn is_patient(status: StatusCode) -> bool {
    matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS)
}

/// What went wrong, down to its first cause: reqwest's own sentence says only that it did.
fn words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", PATIENCE.as_secs());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    sanitize::label(&cause.to_string(), 160).to_string()
}

fn variable(name: &str, hook: &str, env: Env<'_>) -> Result<String, NotifyError> {
    let value = env(name).filter(|value| !value.trim().is_empty());
    value.ok_or_else(|| NotifyError::NoVariable {
        hook: hook.to_owned(),
        name: sanitize::label(name, 80).to_string(),
    })
}

fn file(path: &Path, hook: &str) -> Result<String, NotifyError> {
    let unreadable =
        |why: String| NotifyError::Unreadable { hook: hook.to_owned(), path: path.to_owned(), why };
    let known = std::fs::metadata(path).map_err(|e| unreadable(e.to_string()))?;
    if !known.is_file() || known.len() > LARGEST {
        return Err(unreadable("it is no file of text under 1 MiB".into()));
    }
    std::fs::read_to_string(path).map_err(|e| unreadable(e.to_string()))
}
