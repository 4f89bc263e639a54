//! What went wrong with a call, in the words of [`EngineError`].
//!
//! Every way a call can fail ends here, so each has one sentence, and all of the engine's words
//! are sanitised in one place.

use std::error::Error;
use std::io;

use http::StatusCode;
use serde::Deserialize;

use crate::engine::EngineError;
use crate::text::sanitize::label;

/// The longest piece of an engine's words that is kept, characters.
const WORDS: usize = 400;

/// The engine's words, safe to show, on one line; ids of 64 digits as short as `docker ps` has them.
pub(in crate::engine) fn words(raw: &str) -> String {
    let is_hex = |b: &u8| b.is_ascii_digit() || matches!(b, b'a'..=b'f');
    let mut short = String::new();
    let mut rest = raw.trim();
    while let Some(at) = rest.find(|c: char| c.is_ascii() && is_hex(&(c as u8))) {
        let digits = rest.as_bytes().iter().skip(at).take_while(|b| is_hex(b)).count();
        let kept = if digits == 64 { 12 } else { digits };
        short.push_str(&rest[..at + kept]);
        rest = &rest[at + digits..];
    }
    short.push_str(rest);
    label(&short, WORDS).to_string()
}

/// Opening the connection failed.
pub(super) fn connecting(error: &io::Error, endpoint: &str) -> EngineError {
    let endpoint = endpoint.to_owned();
    if let Some(tls) = tls_cause(error) {
        return EngineError::Tls { endpoint, why: tls };
    }
    match error.kind() {
        io::ErrorKind::NotFound if endpoint.starts_with("unix:") => EngineError::NoSocket { endpoint },
        io::ErrorKind::PermissionDenied => EngineError::Forbidden { endpoint },
        io::ErrorKind::ConnectionRefused => EngineError::Refused { endpoint },
        _ => EngineError::Unreachable { endpoint, why: words(&error.to_string()) },
    }
}

/// The connection was there and broke, or what came through it was not HTTP.
pub(super) fn talking(error: &hyper::Error, endpoint: &str) -> EngineError {
    if error.is_parse() {
        return EngineError::Garbage { why: format!("{endpoint} does not speak HTTP") };
    }
    match cause::<io::Error>(error) {
        Some(io) => reading(io, endpoint),
        None if error.is_incomplete_message() => hung_up(),
        None => EngineError::Disconnected { why: words(&error.to_string()) },
    }
}

/// Reading from an open connection failed.
pub(super) fn reading(error: &io::Error, endpoint: &str) -> EngineError {
    match tls_cause(error) {
        Some(why) => EngineError::Tls { endpoint: endpoint.to_owned(), why },
        None if error.kind() == io::ErrorKind::UnexpectedEof => hung_up(),
        None => EngineError::Disconnected { why: words(&error.to_string()) },
    }
}

fn hung_up() -> EngineError {
    EngineError::Disconnected { why: "it hung up in the middle of an answer".into() }
}

/// The engine answered with an error status; `what` is what the call was about, for 404.
pub(in crate::engine) fn refused(status: StatusCode, body: &[u8], what: &str, endpoint: &str) -> EngineError {
    #[derive(Deserialize)]
    struct Message {
        message: String,
    }
    let why = match serde_json::from_slice::<Message>(body) {
        Ok(m) => words(&m.message),
        Err(_) => words(&String::from_utf8_lossy(body.get(..4096).unwrap_or(body))),
    };
    let lower = why.to_ascii_lowercase();
    match status.as_u16() {
        400 if lower.contains("http request to an https server") => EngineError::Tls {
            endpoint: endpoint.to_owned(),
            why: "that port speaks TLS, and no TLS was asked for".into(),
        },
        400 if lower.contains("client version")
            && (lower.contains("too new") || lower.contains("too old")) =>
        {
            // Negotiation keeps to what the engine offers, so this is an engine that changed below us.
            EngineError::Garbage { why }
        }
        404 if lower.contains("no such container") || lower.contains("no such exec") || what.is_empty() => {
            EngineError::Gone { what: if what.is_empty() { why } else { what.to_owned() } }
        }
        409 => EngineError::Conflict { why },
        501 => EngineError::Unsupported {
            why: or(why, "the engine can't do that"),
            remedy: "It takes another engine, or a newer one.".into(),
        },
        status => EngineError::Failed { status, why: or(why, "it gave no reason") },
    }
}

/// bollard's error in our words.
pub(super) fn bollard(error: bollard::errors::Error, what: &str, endpoint: &str) -> EngineError {
    use bollard::errors::Error as E;
    match error {
        E::DockerResponseServerError { status_code, message } => {
            let status = StatusCode::from_u16(status_code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            refused(status, message.as_bytes(), what, endpoint)
        }
        E::HyperResponseError { err } => talking(&err, endpoint),
        // Our own transport puts its errors in here, see `wire`.
        E::IOError { err } => match err.downcast::<EngineError>() {
            Ok(ours) => ours,
            Err(err) => reading(&err, endpoint),
        },
        other => EngineError::Garbage { why: words(&other.to_string()) },
    }
}

/// An answer that is not what the API promises.
pub(in crate::engine) fn garbage(error: &serde_json::Error, during: &str) -> EngineError {
    EngineError::Garbage { why: words(&format!("{during}: {error}")) }
}

fn or(why: String, otherwise: &str) -> String {
    if why.is_empty() { otherwise.to_owned() } else { why }
}

/// rustls' own words, where TLS is at the bottom of it.
fn tls_cause(error: &io::Error) -> Option<String> {
    let tls = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>())?;
    Some(match tls {
        rustls::Error::InvalidMessage(_) => "the other side does not speak TLS".to_owned(),
        other => words(&other.to_string()),
    })
}

fn cause<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn io(kind: io::ErrorKind) -> io::Error {
        io::Error::new(kind, "words")
    }

    #[test]
    fn each_way_of_not_connecting_has_its_own_error() {
        let unix = "unix:///x.sock";
        assert!(matches!(connecting(&io(io::ErrorKind::NotFound), unix), EngineError::NoSocket { .. }));
        assert!(matches!(
            connecting(&io(io::ErrorKind::PermissionDenied), unix),
            EngineError::Forbidden { .. }
        ));
        assert!(matches!(
            connecting(&io(io::ErrorKind::ConnectionRefused), unix),
            EngineError::Refused { .. }
        ));
        assert!(matches!(
            connecting(&io(io::ErrorKind::Other), "tcp://x:1"),
            EngineError::Unreachable { .. }
        ));
        let tls = io::Error::other(rustls::Error::General("bad".into()));
        assert!(matches!(connecting(&tls, "https://x:1"), EngineError::Tls { .. }));
    }

    #[test]
    fn ids_in_the_engines_words_are_short() {
        let id = "79cd943137a1dc1e254703686caf7a7e93b2c5aad4197f6e66294394d0738d6c";
        assert_eq!(
            words(&format!("Container {id} is not running ")),
            "Container 79cd943137a1 is not running"
        );
        assert_eq!(words(&format!("sha256:{id}0 é cafe")), format!("sha256:{id}0 é cafe"));
    }

    #[test]
    fn statuses() {
        let with = |status: u16, body: &str| {
            refused(StatusCode::from_u16(status).unwrap_or_default(), body.as_bytes(), "web", "tcp://x:1")
        };
        assert_eq!(
            with(404, r#"{"message":"No such container: 1234"}"#),
            EngineError::Gone { what: "web".into() }
        );
        assert_eq!(with(409, r#"{"message":"is \u001b[31mrunning"}"#), {
            let EngineError::Conflict { why } = with(409, r#"{"message":"is \u001b[31mrunning"}"#) else {
                unreachable!("409")
            };
            assert!(!why.contains('\u{1b}'), "{why:?}");
            EngineError::Conflict { why }
        });
        assert!(matches!(
            with(400, "Client sent an HTTP request to an HTTPS server."),
            EngineError::Tls { .. }
        ));
        assert!(matches!(with(501, ""), EngineError::Unsupported { .. }));
        assert!(matches!(with(500, "<html>"), EngineError::Failed { status: 500, .. }));
        assert!(matches!(with(404, "page not found"), EngineError::Failed { status: 404, .. }));
    }
}
