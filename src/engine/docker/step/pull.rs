//! An image from its registry.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use serde::Deserialize;
use tokio::time::timeout;

use super::super::wire::{Wire, request, segment};
use super::super::{Shared, failure, images};
use super::auth;
use crate::engine::{Done, EngineError};
use crate::text::sanitize::label;

/// The engine tells of its progress many times a second; unpacking a layer it is silent.
const SILENCE: Duration = Duration::from_mins(5);
/// The longest line of progress, bytes.
const LINE: usize = 1 << 20;

/// Pull what the reference stands for at its registry.
pub(super) async fn pull(shared: &Shared, reference: &str) -> Result<Done, EngineError> {
    let Some(name) = Name::parse(reference) else {
        return Err(EngineError::NoImage {
            why: format!("{:?} is no image reference", label(reference, 200)),
            remedy: "Write it as name:tag, e.g. registry.example.com/shop/api:1.4.2.".into(),
        });
    };
    let auth = auth::find(name.registry).await;
    let path = format!("/images/create?fromImage={}&tag={}", segment(name.repository), segment(name.tag));
    let said = talk(&shared.wire, &path, auth.header).await?;
    if let Some(why) = said {
        return Err(refusal(&name, reference, &why, auth.trouble.as_deref()));
    }
    let found = images::find(&shared.wire, reference).await?;
    let found = found.ok_or_else(|| EngineError::Garbage {
        why: format!("it says it pulled {} and has no such image", label(reference, 200)),
    })?;
    Ok(Done::Pulled { id: label(&found.id, 128) })
}

/// Call, and read to the end; what went wrong by the engine's words, if anything did.
async fn talk(wire: &Wire, path: &str, auth: Option<String>) -> Result<Option<String>, EngineError> {
    let path = wire.versioned(path).await?;
    let mut asked = request(&path, Method::POST, Bytes::new())?;
    if let Some(auth) = auth.and_then(|auth| auth.parse().ok()) {
        asked.headers_mut().insert("x-registry-auth", auth);
    }
    let late = || wire.late(SILENCE, "pulling an image");
    let mut sender = wire.connect().await?;
    let send = sender.send_request(asked);
    let response = timeout(SILENCE, send).await.map_err(|_| late())?;
    let response = response.map_err(|e| failure::talking(&e, &wire.shown()))?;
    let status = response.status();
    let mut body = response.into_body();
    let mut line = Vec::new();
    let mut whole = Vec::new();
    let mut wrong = None;
    while let Some(frame) = timeout(SILENCE, body.frame()).await.map_err(|_| late())? {
        let frame = frame.map_err(|e| failure::talking(&e, &wire.shown()))?;
        let Ok(piece) = frame.into_data() else { continue };
        if !status.is_success() {
            whole.extend(piece.iter().take(LINE.saturating_sub(whole.len())));
            continue;
        }
        for &byte in &piece {
            if byte == b'\n' {
                wrong = wrong.or(problem(&line));
                line.clear();
            } else if line.len() < LINE {
                line.push(byte);
            }
        }
    }
    if status.is_success() {
        return Ok(wrong.or(problem(&line)));
    }
    words_of(wire, status, &whole)
}

/// The engine's words in an answer that is an error about the image; other errors stay what they are.
fn words_of(wire: &Wire, status: StatusCode, body: &[u8]) -> Result<Option<String>, EngineError> {
    match failure::refused(status, body, "", &wire.shown()) {
        EngineError::Gone { what: why } | EngineError::Conflict { why } | EngineError::Failed { why, .. } => {
            Ok(Some(why))
        }
        other => Err(other),
    }
}

/// The error in a line of progress: the status was "well" long before.
fn problem(line: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Progress {
        error: Option<String>,
        #[serde(rename = "errorDetail")]
        detail: Option<Detail>,
    }
    #[derive(Deserialize)]
    struct Detail {
        message: Option<String>,
    }
    let progress: Progress = serde_json::from_slice(line).ok()?;
    let why = progress.error.or(progress.detail.and_then(|detail| detail.message))?;
    Some(failure::words(&why))
}

/// A reference, taken apart.
struct Name<'r> {
    /// The registry's host, with its port.
    registry: &'r str,
    repository: &'r str,
    /// A tag or a digest.
    tag: &'r str,
}

/// The registry of references that name none.
const HUB: &str = "docker.io";

impl<'r> Name<'r> {
    fn parse(reference: &'r str) -> Option<Self> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'/' | b':' | b'@' | b'-');
        let (repository, tag) = if let Some((repository, digest)) = reference.split_once('@') {
            (strip_tag(repository).0, digest)
        } else {
            strip_tag(reference)
        };
        // An id is no name: registries don't know it.
        let sound = !repository.is_empty() && repository != "sha256" && !tag.is_empty();
        if !sound || !reference.bytes().all(fits) || reference.contains("..") {
            return None;
        }
        let registry = match repository.split_once('/') {
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
            _ => HUB,
        };
        Some(Self { registry, repository, tag })
    }
}

/// A reference without its tag, and the tag. A colon before the last `/` is a port's.
fn strip_tag(reference: &str) -> (&str, &str) {
    match reference.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (reference, "latest"),
    }
}

/// The engine's words, put so that one knows what to do. `trouble`: why we came without credentials.
fn refusal(name: &Name<'_>, reference: &str, why: &str, trouble: Option<&str>) -> EngineError {
    let lower = why.to_ascii_lowercase();
    let any = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    let (registry, reference) = (label(name.registry, 200), label(reference, 300));
    let trouble = trouble.map(|why| format!(" No credentials were shown: {why}.")).unwrap_or_default();
    let login = if name.registry == HUB { String::new() } else { format!(" {registry}") };
    let (why, remedy) = if any(&["pull access denied", "repository does not exist"]) {
        // A registry does not say which of the two.
        (
            format!("{registry} has no image {reference}, or does not let us have it"),
            format!(
                "Check the name; if it is private, log in (docker login{login}) as the user qd runs as.{trouble}"
            ),
        )
    } else if any(&["manifest unknown", "not found", "no such image", "name unknown"]) {
        (
            format!("{registry} has no image {reference}"),
            "Check the name and the tag, and that it was pushed.".to_owned(),
        )
    } else if any(&["unauthorized", "denied", "authentication required", "no basic auth", "forbidden"]) {
        (
            format!("{registry} does not let us have {reference}: {why}"),
            format!("Log in (docker login{login}) as the user qd runs as.{trouble}"),
        )
    } else if any(&["toomanyrequests", "rate limit"]) {
        (
            format!("{registry} has had too many requests from here: {why}"),
            format!("Wait, or log in (docker login{login})."),
        )
    } else if any(&[
        "no such host",
        "connection refused",
        "i/o timeout",
        "timeout",
        "no route to host",
        "server misbehaving",
        "network is unreachable",
        "eof",
        "connection reset",
        "http response to https",
        "x509",
        "tls:",
    ]) {
        (
            format!("the registry {registry} can't be reached from the engine: {why}"),
            "Check the registry's name, the engine's network and proxy, and its insecure-registries."
                .to_owned(),
        )
    } else if lower.contains("no space left") {
        (
            format!("no room for {reference} on the engine's disk: {why}"),
            "Make room (docker system df tells what takes it).".to_owned(),
        )
    } else {
        (format!("{reference} can't be pulled: {why}"), "The engine's words say what it wants.".to_owned())
    };
    EngineError::NoImage { why, remedy }
}

#[cfg(test)]
#[path = "pull_tests.rs"]
mod tests;
