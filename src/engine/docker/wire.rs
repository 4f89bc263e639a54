//! HTTP to the engine: connections, calls, streams. Everything that crosses the wire crosses here.
//!
//! Why not bollard's own client: it hides whether an engine said "nothing changed" (304), fails a
//! whole list for one state it does not know, mistakes terminal output for frame headers, and
//! bounds only the wait for headers. So bollard's typed calls run over this module's connections
//! ([`Wire::typed`]), and what its decoders would lose is read here.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::endpoint::Endpoint;
use super::gather::Gathered;
use super::{failure, tls};
use crate::engine::EngineError;
use crate::text::sanitize::label;

/// The oldest API we can use: Docker 20.10.
const OLDEST: (u32, u32) = (1, 41);
/// Time for a connection, and for a ping: an engine that needs longer hangs.
pub(in crate::engine) const SOON: Duration = Duration::from_secs(5);
/// Time for an ordinary call.
pub(in crate::engine) const CALL: Duration = Duration::from_secs(20);
/// The largest answer that is read whole, bytes: ten thousand containers with long labels.
const LARGEST: usize = 64 << 20;
/// Idle connections kept. As many as inspects run at once.
const IDLE: usize = 4;

/// A byte stream to the engine, whatever it runs over.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// An answer read whole.
pub(in crate::engine) struct Answer {
    pub(in crate::engine) status: StatusCode,
    pub(in crate::engine) headers: http::HeaderMap,
    pub(in crate::engine) body: Bytes,
}

/// What the engine said about itself in the first answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    /// The API version to use, `(major, minor)`.
    pub(super) api: (u32, u32),
    /// Whether it is Podman's Docker API.
    pub(super) podman: bool,
    /// The engine's own version, sanitised; empty when it does not say. (`/version` says it too,
    /// but takes Podman over half a second.)
    pub(super) version: String,
}

/// The way to one engine. Cheap to share; connects when it must.
pub(in crate::engine) struct Wire {
    endpoint: Endpoint,
    greeting: Mutex<Option<Greeting>>,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl Wire {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, greeting: Mutex::new(None), idle: Mutex::new(Vec::new()) }
    }

    /// Where it leads, for words.
    pub(in crate::engine) fn shown(&self) -> String {
        self.endpoint.to_string()
    }

    /// Whether it leads through a unix socket.
    pub(super) fn is_socket(&self) -> bool {
        self.endpoint.is_socket()
    }

    /// Forget what the engine said about itself and all connections: it may come back another.
    pub(super) fn forget(&self) {
        *lock(&self.greeting) = None;
        lock(&self.idle).clear();
    }

    /// A fresh connection.
    pub(super) async fn dial(&self) -> Result<Box<dyn Io>, EngineError> {
        timeout(SOON, self.open()).await.map_err(|_| self.late(SOON, "connecting"))?
    }

    /// A fresh connection for an answer that may be much in small pieces.
    pub(super) async fn dial_gathered(&self) -> Result<Box<dyn Io>, EngineError> {
        let Some(path) = self.endpoint.socket() else { return self.dial().await };
        let socket = timeout(SOON, self.unix(path)).await.map_err(|_| self.late(SOON, "connecting"))??;
        Ok(Box::new(Gathered::new(socket)))
    }

    async fn unix(&self, path: &Path) -> Result<UnixStream, EngineError> {
        UnixStream::connect(path).await.map_err(|e| failure::connecting(&e, &self.shown()))
    }

    async fn open(&self) -> Result<Box<dyn Io>, EngineError> {
        if let Some(path) = self.endpoint.socket() {
            return Ok(Box::new(self.unix(path).await?));
        }
        let failed = |e: &std::io::Error| failure::connecting(e, &self.shown());
        let Endpoint::Tcp { host, port, tls } = &self.endpoint else {
            return Err(EngineError::NoSocket { endpoint: self.shown() });
        };
        let tcp = TcpStream::connect((host.as_str(), *port)).await.map_err(|e| failed(&e))?;
        // Requests are small and each waits for its answer.
        let _ = tcp.set_nodelay(true);
        let Some(files) = tls else { return Ok(Box::new(tcp)) };
        let broken = |why: String| EngineError::Tls { endpoint: self.shown(), why: failure::words(&why) };
        let config = tls::client(files).map_err(|e| broken(e.to_string()))?;
        let name =
            rustls::pki_types::ServerName::try_from(host.clone()).map_err(|e| broken(e.to_string()))?;
        let connector = tokio_rustls::TlsConnector::from(config);
        Ok(Box::new(connector.connect(name, tcp).await.map_err(|e| failed(&e))?))
    }

    /// The API version to use, asking the engine the first time.
    pub(super) async fn greeting(&self) -> Result<Greeting, EngineError> {
        if let Some(known) = lock(&self.greeting).clone() {
            return Ok(known);
        }
        let answer = self.call_at("/_ping", Method::GET, None, SOON, "a first ping").await?;
        if !answer.status.is_success() {
            return Err(failure::refused(answer.status, &answer.body, "the engine", &self.shown()));
        }
        let text = |name: &str| answer.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let greeting = greet(text("api-version"), text("server"))?;
        *lock(&self.greeting) = Some(greeting.clone());
        Ok(greeting)
    }

    /// GET `path` (below the version prefix) and read the JSON. `what` names the thing asked for
    /// in [`EngineError::Gone`].
    pub(in crate::engine) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        what: &str,
    ) -> Result<T, EngineError> {
        let answer = self.fetch(path, what).await?;
        serde_json::from_slice(&answer).map_err(|e| failure::garbage(&e, path_only(path)))
    }

    /// GET `path` (below the version prefix) and read the body whole.
    pub(in crate::engine) async fn fetch(&self, path: &str, what: &str) -> Result<Bytes, EngineError> {
        let path = self.versioned(path).await?;
        let answer = self.call_at(&path, Method::GET, None, CALL, path_only(&path)).await?;
        if answer.status.is_success() {
            Ok(answer.body)
        } else {
            Err(failure::refused(answer.status, &answer.body, what, &self.shown()))
        }
    }

    /// POST `body` to `path` (below the version prefix) and read the answer whole. What the engine
    /// finds wrong with a request is a refusal, not a failure of its own.
    pub(super) async fn post(
        &self,
        path: &str,
        body: &serde_json::Value,
        within: Duration,
        what: &str,
    ) -> Result<Bytes, EngineError> {
        let path = self.versioned(path).await?;
        let body = Bytes::from(body.to_string());
        let answer = self.call_at(&path, Method::POST, Some(body), within, path_only(&path)).await?;
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        Err(match failure::refused(answer.status, &answer.body, what, &self.shown()) {
            EngineError::Failed { status: 400 | 403, why } => EngineError::Conflict { why },
            other => other,
        })
    }

    /// `/v1.41` before `path`, by what was agreed on.
    pub(in crate::engine) async fn versioned(&self, path: &str) -> Result<String, EngineError> {
        let (major, minor) = self.greeting().await?.api;
        Ok(format!("/v{major}.{minor}{path}"))
    }

    /// One call with its answer read whole, over a kept connection where there is one.
    pub(in crate::engine) async fn call_at(
        &self,
        path: &str,
        method: Method,
        body: Option<Bytes>,
        within: Duration,
        during: &str,
    ) -> Result<Answer, EngineError> {
        let asked = request(path, method, body.unwrap_or_default())?;
        timeout(within, self.exchange(asked)).await.map_err(|_| self.late(within, during))?
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>) -> Result<Answer, EngineError> {
        // A kept connection may have died unseen; hyper then gives the request back unsent.
        let (mut sender, response) = loop {
            let kept = lock(&self.idle).pop();
            let Some(mut sender) = kept else {
                let mut sender = self.connect().await?;
                let response = sender.send_request(request).await.map_err(|e| self.broken(&e))?;
                break (sender, response);
            };
            if sender.ready().await.is_err() {
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(response) => break (sender, response),
                Err(mut failed) => match failed.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(self.broken(failed.error())),
                },
            }
        };
        let (parts, body) = response.into_parts();
        let body = match Limited::new(body, LARGEST).collect().await {
            Ok(all) => all.to_bytes(),
            Err(e) => {
                return Err(match e.downcast::<hyper::Error>() {
                    Ok(e) => self.broken(&e),
                    Err(e) => EngineError::Garbage { why: failure::words(&e.to_string()) },
                });
            }
        };
        if sender.ready().await.is_ok() {
            let mut idle = lock(&self.idle);
            if idle.len() < IDLE {
                idle.push(sender);
            }
        }
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    /// A call whose answer is a stream: waits for the headers only. An error status is an error.
    pub(super) async fn stream(&self, path: &str, what: &str) -> Result<Response<Incoming>, EngineError> {
        let path = self.versioned(path).await?;
        let asked = request(&path, Method::GET, Bytes::new())?;
        let send = async {
            let mut sender = self.connect().await?;
            sender.send_request(asked).await.map_err(|e| self.broken(&e))
        };
        let response = timeout(SOON, send).await.map_err(|_| self.late(SOON, path_only(&path)))??;
        self.checked(response, what).await
    }

    /// `response`, unless its status is an error; then that error, with the engine's words.
    pub(super) async fn checked(
        &self,
        response: Response<Incoming>,
        what: &str,
    ) -> Result<Response<Incoming>, EngineError> {
        let status = response.status();
        if status.is_success() || status == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(response);
        }
        let words = timeout(SOON, Limited::new(response.into_body(), 1 << 16).collect()).await;
        let words = words.ok().and_then(Result::ok).map(http_body_util::Collected::to_bytes);
        Err(failure::refused(status, &words.unwrap_or_default(), what, &self.shown()))
    }

    /// A fresh connection, its driver spawned; upgrades work on it.
    pub(super) async fn connect<B>(&self) -> Result<SendRequest<B>, EngineError>
    where
        B: hyper::body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let io = self.dial().await?;
        let (sender, connection) = http1::handshake(TokioIo::new(io)).await.map_err(|e| self.broken(&e))?;
        // Ends when the sender and the body are dropped, or with an error the sender sees too.
        tokio::spawn(connection.with_upgrades());
        Ok(sender)
    }

    /// bollard, with the agreed API version, over this module's connections.
    ///
    /// bollard takes 304 for success and so hides that nothing changed; here it comes out as an
    /// error answer of that status. It also drops the version from the path; here it is put back.
    pub(super) async fn typed(self: &Arc<Self>, within: Duration) -> Result<bollard::Docker, EngineError> {
        let (major, minor) = self.greeting().await?.api;
        let version = bollard::ClientVersion { major_version: major as usize, minor_version: minor as usize };
        let wire = self.clone();
        let version_prefix = format!("/v{major}.{minor}");
        let transport = move |request: bollard::BollardRequest| {
            let (wire, version_prefix) = (wire.clone(), version_prefix.clone());
            async move {
                let (mut parts, body) = request.into_parts();
                let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
                // bollard joins the version and the path in a way that loses the version.
                let prefix = if path.starts_with("/v1.") { "" } else { version_prefix.as_str() };
                parts.uri = format!("{prefix}{path}")
                    .parse()
                    .map_err(|e| bollard::errors::Error::from(http::Error::from(e)))?;
                parts.headers.insert(header::HOST, header::HeaderValue::from_static("docker"));
                let ours = |e: EngineError| bollard::errors::Error::from(std::io::Error::other(e));
                let mut sender = wire.connect().await.map_err(ours)?;
                let response = sender.send_request(Request::from_parts(parts, body)).await?;
                if response.status() == StatusCode::NOT_MODIFIED {
                    return Err(bollard::errors::Error::DockerResponseServerError {
                        status_code: StatusCode::NOT_MODIFIED.as_u16(),
                        message: String::new(),
                    });
                }
                Ok(response)
            }
        };
        bollard::Docker::connect_with_custom_transport(
            transport,
            Some("http://docker"),
            within.as_secs(),
            &version,
        )
        .map_err(|e| failure::bollard(e, "", &self.shown()))
    }

    /// The error for a call that took too long.
    pub(super) fn late(&self, after: Duration, during: &str) -> EngineError {
        EngineError::Timeout { endpoint: self.shown(), seconds: after.as_secs(), during: during.to_owned() }
    }

    fn broken(&self, error: &hyper::Error) -> EngineError {
        failure::talking(error, &self.shown())
    }
}

/// A request for `path` as it is given.
pub(super) fn request(path: &str, method: Method, body: Bytes) -> Result<Request<Full<Bytes>>, EngineError> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "docker")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("quarterdeck/", env!("CARGO_PKG_VERSION")))
        .body(Full::new(body))
        .map_err(|e| EngineError::Garbage { why: failure::words(&e.to_string()) })
}

/// What to make of a ping's headers.
fn greet(api: &str, server: &str) -> Result<Greeting, EngineError> {
    if api.is_empty() {
        return Err(EngineError::Garbage { why: "its answer to a ping names no API version".into() });
    }
    let offered = api
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)))
        .ok_or_else(|| EngineError::Garbage { why: failure::words(&format!("API version {api:?}")) })?;
    if offered < OLDEST {
        return Err(EngineError::ApiTooOld {
            found: format!("{}.{}", offered.0, offered.1),
            needed: format!("{}.{}", OLDEST.0, OLDEST.1),
        });
    }
    // What bollard was written for is the newest we speak.
    let newest = bollard::API_DEFAULT_VERSION;
    let newest = (newest.major_version as u32, newest.minor_version as u32);
    // `Docker/20.10.24 (linux)`, `Libpod/4.3.1 (linux)`
    let (name, rest) = server.split_once('/').unwrap_or_default();
    Ok(Greeting {
        api: offered.min(newest),
        podman: name == "Libpod",
        version: label(rest.split(' ').next().unwrap_or_default(), 40).to_string(),
    })
}

/// `segment` as one segment of a path: an id or name can't become another call.
pub(in crate::engine) fn segment(raw: &str) -> String {
    use std::fmt::Write;
    raw.bytes().fold(String::with_capacity(raw.len()), |mut out, b| {
        if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-') || (b == b'.' && raw.len() > 2) {
            out.push(b.into());
        } else {
            let _ = write!(out, "%{b:02X}");
        }
        out
    })
}

/// A path without its query and ids kept short: for words.
fn path_only(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

/// Nothing in these locks can panic half-way, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
