//! Why an attempt failed, in one clause that a human understands. Nothing of what a target says
//! gets through here unsanitised.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::CertificateError;

use super::attempt::Outcome;
use super::resolve::Unresolved;
use crate::text::{human, sanitize};

/// The longest quotation from a target, columns.
const QUOTED: usize = 120;

/// What a target said, in a clause.
pub(super) fn quoted(raw: &[u8]) -> Arc<str> {
    let text = String::from_utf8_lossy(raw.get(..1024).unwrap_or(raw));
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    sanitize::label(&one_line, QUOTED)
}

/// The last line a command said, in a clause.
pub fn last_line(said: &[u8]) -> Option<Arc<str>> {
    let last = said.rsplit(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty())?;
    Some(quoted(last))
}

/// `no answer within 3 s`.
pub(super) fn silent(limit: Duration) -> Outcome {
    fail(format!("no answer within {}", human::duration(limit)))
}

/// A failure.
pub(super) fn fail(words: impl Into<Arc<str>>) -> Outcome {
    Outcome::Failed(words.into())
}

/// What a broken connection means. Being out of something ourselves says nothing about the target.
pub(super) fn io(error: &io::Error) -> Outcome {
    if let Some(outcome) = error.get_ref().and_then(|inner| dig(inner)) {
        return outcome;
    }
    // EMFILE, ENFILE, ENOMEM, ENOBUFS, EADDRNOTAVAIL.
    if matches!(error.raw_os_error(), Some(24 | 23 | 12 | 105 | 99)) && cfg!(target_os = "linux") {
        return Outcome::Unknown(format!("qd itself is out of something: {}", plain(error)).into());
    }
    fail(match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused".into(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => "connection reset".into(),
        ErrorKind::ConnectionAborted => "connection aborted".into(),
        ErrorKind::HostUnreachable => "no route to it".into(),
        ErrorKind::NetworkUnreachable => "its network can't be reached".into(),
        ErrorKind::TimedOut => "no answer".into(),
        ErrorKind::UnexpectedEof => "closed without an answer".into(),
        _ => plain(error),
    })
}

/// What reqwest says happened, told by its cause.
pub(super) fn http(error: &reqwest::Error, limit: Duration, redirects: u8) -> Outcome {
    if error.is_timeout() {
        return silent(limit);
    }
    if error.is_redirect() {
        return fail(match redirects {
            0 => "redirects to nowhere".to_owned(),
            n => format!("redirects more than {n} times, or in a circle"),
        });
    }
    if error.is_builder() {
        return Outcome::Unknown(format!("the URL can't be used: {}", innermost(error)).into());
    }
    error.source().and_then(dig).unwrap_or_else(|| fail(innermost(error)))
}

/// The first error on the way down that we have words for.
fn dig(error: &(dyn Error + 'static)) -> Option<Outcome> {
    if let Some(outcome) = known(error) {
        return Some(outcome);
    }
    // What an error of the system's kind wraps is not its source.
    match error.downcast_ref::<io::Error>() {
        Some(error) => Some(io(error)),
        None => error.source().and_then(dig),
    }
}

/// Errors that we know by their type.
fn known(error: &(dyn Error + 'static)) -> Option<Outcome> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(tls(error));
    }
    if let Some(error) = error.downcast_ref::<Unresolved>() {
        return Some(fail(error.to_string()));
    }
    let error = error.downcast_ref::<hyper::Error>()?;
    if error.is_incomplete_message() {
        return Some(fail("closed without an answer"));
    }
    if error.is_parse_too_large() {
        return Some(fail("the answer's head is too long"));
    }
    error.is_parse().then(|| fail("the answer is not HTTP"))
}

fn tls(error: &rustls::Error) -> Outcome {
    use rustls::Error as Tls;
    let Tls::InvalidCertificate(certificate) = error else {
        return fail(match error {
            Tls::InvalidMessage(_) => "it does not speak TLS".into(),
            Tls::AlertReceived(alert) => format!("it refuses TLS: {alert:?}"),
            other => format!("TLS fails: {}", plain(other)),
        });
    };
    fail(match certificate {
        CertificateError::Expired => "its certificate has expired".into(),
        CertificateError::ExpiredContext { not_after, .. } => {
            match Timestamp::from_second(not_after.as_secs().cast_signed()) {
                Ok(at) => format!("its certificate expired at {}", human::rfc3339(at)),
                Err(_) => "its certificate has expired".into(),
            }
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet".into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name".into()
        }
        CertificateError::UnknownIssuer => "its certificate is not trusted (unknown issuer)".into(),
        CertificateError::Revoked => "its certificate is revoked".into(),
        other => format!("its certificate is not good: {other:?}"),
    })
}

fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    plain(error)
}

fn plain(error: &dyn Error) -> String {
    sanitize::label(&error.to_string(), QUOTED).to_string()
}
