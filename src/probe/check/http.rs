//! HTTP and HTTPS: status, body, certificate.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::tls::TlsInfo;
use reqwest::{Method, Response};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::{Answer, MAX_ANSWER};
use crate::config::{ExpectJson, Scalar};
use crate::probe::attempt::{Found, Outcome, Tools};
use crate::probe::cert;
use crate::probe::target::{Http, Target};
use crate::probe::words;
use crate::text::{human, sanitize};

/// The longest value of an answer that is quoted, columns.
const QUOTED: usize = 60;

pub(super) async fn run(tools: &Tools, target: &Target, http: &Http, url: &str) -> Found {
    let limit = target.pace.timeout;
    // A little before the caller's own limit, which ends it too, in words that fit less well.
    let deadline = Instant::now() + limit.mul_f64(0.95);
    let failed = |error: &reqwest::Error| Found::from(words::http(error, limit, http.redirects));
    let mut response = match send(tools, http, url, limit).await {
        Ok(response) => response,
        Err(outcome) => return outcome.into(),
    };
    let info = response.extensions().get::<TlsInfo>();
    let certificate = info.and_then(TlsInfo::peer_certificate).and_then(cert::not_after);
    let status = response.status().as_u16();
    // A wrong status is said without waiting for what comes after it.
    let outcome = if http.expect.status.has(status) {
        let read = timeout_at(deadline, body(&mut response));
        match read.await {
            Ok(Ok((body, whole))) => judge(http, status, Some((&body, whole))),
            Ok(Err(error)) => return Found { certificate, ..failed(&error) },
            Err(_) => words::fail(format!("its answer did not end within {}", human::duration(limit))),
        }
    } else {
        judge(http, status, None)
    };
    Found { outcome, took: None, certificate }
}

/// Ask, and take whatever comes back; else why nothing does.
async fn send(tools: &Tools, http: &Http, url: &str, limit: Duration) -> Result<Response, Outcome> {
    let headers = headers(http).map_err(Outcome::Unknown)?;
    let Ok(method) = Method::from_bytes(http.method.as_bytes()) else {
        return Err(Outcome::Unknown("there is no such HTTP method".into()));
    };
    let client = tools
        .clients
        .of(http)
        .map_err(|error| Outcome::Unknown(format!("no HTTP client: {error}").into()))?;
    let sent = client.request(method, url).headers(headers).send().await;
    sent.map_err(|error| words::http(&error, limit, http.redirects))
}

/// Ask, and hand the body of a good answer on as it comes, until `take` has enough. An error is one
/// clause. Bounded by `limit`.
pub(super) async fn stream(
    tools: &Tools,
    http: &Http,
    url: &str,
    limit: Duration,
    mut take: impl FnMut(&[u8]) -> bool,
) -> Result<(), Outcome> {
    let deadline = Instant::now() + limit;
    let mut response = match timeout_at(deadline, send(tools, http, url, limit)).await {
        Ok(sent) => sent?,
        Err(_) => return Err(words::silent(limit)),
    };
    if !response.status().is_success() {
        return Err(words::fail(format!("status {}", response.status().as_u16())));
    }
    loop {
        match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(piece))) if take(&piece) => {}
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => return Err(words::http(&error, limit, http.redirects)),
            Err(_) => {
                return Err(words::fail(format!("its answer did not end within {}", human::duration(limit))));
            }
        }
    }
}

/// Any answer at all.
pub(super) async fn get(tools: &Tools, http: &Http, url: &str) -> Option<Answer> {
    let mut response = tools.clients.of(http).ok()?.get(url).send().await.ok()?;
    let status = response.status().as_u16();
    // A body that breaks off is one that says nothing.
    let body = body(&mut response).await.map(|(body, _)| body).unwrap_or_default();
    Some(Answer { status, body })
}

fn headers(http: &Http) -> Result<HeaderMap, Arc<str>> {
    let mut out = HeaderMap::new();
    for (name, value) in &http.headers {
        let value = value.reveal(|name| std::env::var(name).ok())?;
        let (Ok(name), Ok(mut value)) =
            (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()))
        else {
            return Err(format!("the header {} can't be sent", sanitize::label(name, 40)).into());
        };
        value.set_sensitive(true);
        out.insert(name, value);
    }
    Ok(out)
}

/// The body, or as much of it as is read; and whether that is all.
async fn body(response: &mut Response) -> Result<(Vec<u8>, bool), reqwest::Error> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        let room = MAX_ANSWER - body.len();
        body.extend_from_slice(piece.get(..room).unwrap_or(&piece));
        if piece.len() > room {
            return Ok((body, false));
        }
    }
    Ok((body, true))
}

/// Whether an answer is what it should be. `body`: as much as was read, and whether that is all.
pub(super) fn judge(http: &Http, status: u16, body: Option<(&[u8], bool)>) -> Outcome {
    let expect = &http.expect;
    if !expect.status.has(status) {
        return words::fail(format!("status {status}, wanted {}", expect.status));
    }
    let Some((body, whole)) = body else { return Outcome::Passed };
    if let Some(pattern) = &expect.body
        && !pattern.regex().is_match(&String::from_utf8_lossy(body))
    {
        let cut = if whole { "" } else { " (of which the first 64 KiB were read)" };
        return words::fail(format!("the body{cut} does not match {}", shown(pattern.regex().as_str())));
    }
    match &expect.json {
        None => Outcome::Passed,
        Some(_) if !whole => words::fail("the body is longer than 64 KiB: it is not read as JSON"),
        Some(json) => match serde_json::from_slice(body) {
            Ok(value) => says(&value, json),
            Err(_) => words::fail("the body is not JSON"),
        },
    }
}

/// Whether a document has the value it should have.
fn says(document: &Value, json: &ExpectJson) -> Outcome {
    let place =
        || if json.pointer.is_empty() { "the body".to_owned() } else { shown(&json.pointer).to_string() };
    let Some(value) = document.pointer(&json.pointer) else {
        return words::fail(format!("the body has no {}", place()));
    };
    let same = match (value, &json.equals) {
        (Value::String(is), Scalar::Text(wanted)) => is == wanted,
        (Value::Bool(is), Scalar::Bool(wanted)) => is == wanted,
        (Value::Number(is), Scalar::Whole(wanted)) => {
            is.as_i64() == Some(*wanted) || is.as_f64() == Some(*wanted as f64)
        }
        (Value::Number(is), Scalar::Number(wanted)) => is.as_f64() == Some(*wanted),
        _ => false,
    };
    if same {
        return Outcome::Passed;
    }
    let wanted = match &json.equals {
        Scalar::Text(text) => shown(text).to_string(),
        Scalar::Bool(it) => it.to_string(),
        Scalar::Whole(it) => it.to_string(),
        Scalar::Number(it) => it.to_string(),
    };
    let is = match value {
        Value::String(text) => shown(text).to_string(),
        other => shown(&other.to_string()).to_string(),
    };
    // A service that says who it is, and is another: the commonest wrong address.
    let says = if json.pointer == "/service" { "says".to_owned() } else { format!("{} is", place()) };
    words::fail(format!("{says} {is}, not {wanted}"))
}

fn shown(text: &str) -> Arc<str> {
    sanitize::label(text, QUOTED)
}
