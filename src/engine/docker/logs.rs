//! A replica's log: the request, and reading its answer fast.
//!
//! The engine sends one HTTP chunk a line. So the connection is driven by the task that reads
//! (no hand-over between tasks a line), a busy socket is not looked at for every line
//! ([`super::gather`]), and as much as is there is handed out at once.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::{self, BoxFuture};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt, TryFutureExt, TryStreamExt};
use http::Method;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::time::timeout;

use super::demux::Demux;
use super::wire::{CALL, Wire, request, segment};
use super::{failure, inspect};
use crate::engine::{EngineError, LogChunk, LogQuery};
use crate::fleet::ReplicaId;
use crate::text::sanitize::label;

/// How much is handed out at once, bytes, while more is there already.
const BATCH: usize = 64 * 1024;

/// Log chunks of one replica, oldest first; see [`crate::engine::Engine::logs`].
pub(super) fn logs(
    wire: Arc<Wire>,
    of: ReplicaId,
    query: LogQuery,
) -> BoxStream<'static, Result<LogChunk, EngineError>> {
    let open = async move {
        // Before API 1.42 the answer does not say whether it is in frames; a terminal does.
        let inspected = inspect::fetch_bare(&wire, &of.id).await?;
        let driver = inspected.host_config.log_config.and_then(|l| l.driver).unwrap_or_default();
        if driver == "none" {
            return Err(unreadable(&driver));
        }
        let (base, tty) = (format!("/containers/{}", segment(&of.id)), inspected.config.tty.unwrap_or(false));
        Reader::open(&wire, &path(&base, &query), tty, &driver, of.short()).await
    };
    open.map_ok(Reader::chunks).try_flatten_stream().boxed()
}

/// Log chunks of another thing that has a log, at `base` (`/tasks/ID`).
pub(in crate::engine) fn logs_at(
    wire: Arc<Wire>,
    base: String,
    tty: bool,
    what: String,
    query: LogQuery,
) -> BoxStream<'static, Result<LogChunk, EngineError>> {
    let open = async move { Reader::open(&wire, &path(&base, &query), tty, "", &what).await };
    open.map_ok(Reader::chunks).try_flatten_stream().boxed()
}

/// An open log.
struct Reader {
    /// Drives the connection; polled when the body has nothing.
    connection: Option<BoxFuture<'static, ()>>,
    body: Incoming,
    demux: Demux,
    endpoint: String,
    ended: bool,
}

impl Reader {
    async fn open(wire: &Wire, path: &str, tty: bool, driver: &str, what: &str) -> Result<Self, EngineError> {
        let path = wire.versioned(path).await?;
        let asked = request(&path, Method::GET, Bytes::new())?;
        let endpoint = wire.shown();
        let open = async {
            let io = TokioIo::new(wire.dial_gathered().await?);
            let (mut sender, connection) =
                http1::handshake(io).await.map_err(|e| failure::talking(&e, &endpoint))?;
            // Its error reaches the body too, which is where it is told.
            let connection = connection.map(drop).boxed();
            let response = sender.send_request(asked).boxed();
            Ok(match future::select(response, connection).await {
                future::Either::Left((response, connection)) => (response, Some(connection)),
                future::Either::Right(((), response)) => (response.await, None),
            })
        };
        let (response, connection) =
            timeout(CALL, open).await.map_err(|_| wire.late(CALL, "opening a log"))??;
        let response = response.map_err(|e| failure::talking(&e, &endpoint))?;
        if !response.status().is_success() {
            // The words of the refusal come through the connection too.
            let driven = connection.unwrap_or_else(|| future::ready(()).boxed());
            let (refused, ()) = future::join(wire.checked(response, what), driven).await;
            return Err(match refused {
                Err(EngineError::Unsupported { .. }) => unreadable(driver),
                Err(EngineError::Failed { why, .. } | EngineError::Conflict { why })
                    if why.contains("does not support read") =>
                {
                    unreadable(driver)
                }
                Err(error) => error,
                Ok(_) => EngineError::Garbage { why: "a log with an error status".into() },
            });
        }
        Ok(Self { connection, body: response.into_body(), demux: Demux::new(!tty), endpoint, ended: false })
    }

    /// All of it, as a stream.
    fn chunks(self) -> BoxStream<'static, Result<LogChunk, EngineError>> {
        stream::try_unfold(self, |mut reader| async move {
            let batch = reader.batch().await?;
            Ok(batch.map(|chunks| (stream::iter(chunks.into_iter().map(Ok)), reader)))
        })
        .try_flatten()
        .boxed()
    }

    /// The next chunks: all that is there, at most about [`BATCH`] bytes. `None` at the end.
    async fn batch(&mut self) -> Result<Option<Vec<LogChunk>>, EngineError> {
        future::poll_fn(|cx| {
            while !self.ended && self.demux.len() < BATCH {
                match self.poll_data(cx) {
                    Poll::Ready(Some(Ok(data))) => self.demux.push(data)?,
                    Poll::Ready(Some(Err(e))) => {
                        return Poll::Ready(Err(failure::talking(&e, &self.endpoint)));
                    }
                    Poll::Ready(None) => {
                        self.demux.end();
                        self.ended = true;
                    }
                    Poll::Pending if self.demux.len() == 0 => return Poll::Pending,
                    Poll::Pending => break,
                }
            }
            let chunks = self.demux.take();
            Poll::Ready(Ok(if chunks.is_empty() && self.ended { None } else { Some(chunks) }))
        })
        .await
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        loop {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => return Poll::Ready(Some(Ok(data))),
                    Err(_trailers) => continue,
                },
                Poll::Ready(Some(Err(e))) => return Poll::Ready(Some(Err(e))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {}
            }
            let Some(connection) = &mut self.connection else { return Poll::Pending };
            let ended = connection.poll_unpin(cx).is_ready();
            if ended {
                self.connection = None;
            }
            // What the connection read lies in the body now, or nothing came.
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Poll::Ready(Some(Err(e))) => return Poll::Ready(Some(Err(e))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

fn unreadable(driver: &str) -> EngineError {
    const READABLE: &str = "run the container with the json-file, local or journald driver.";
    let driver = label(driver, 40);
    let (why, instead) = match &*driver {
        "none" => ("this container keeps no log (log driver none)".to_owned(), "To have one, "),
        "" => ("the engine can't read this container's log".to_owned(), "To have one that it can, "),
        _ => (
            format!("the log driver {driver} can't be read back"),
            "Read the log where the driver sends it, or ",
        ),
    };
    EngineError::Unsupported { why, remedy: format!("{instead}{READABLE}") }
}

fn path(base: &str, query: &LogQuery) -> String {
    let follow = u8::from(query.follow);
    let mut path = format!("{base}/logs?stdout=1&stderr=1&timestamps=1&follow={follow}");
    let mut add = |key: &str, value: String| {
        path.push('&');
        path.push_str(key);
        path.push('=');
        path.push_str(&value);
    };
    add("tail", query.tail.map_or_else(|| "all".into(), |n| n.to_string()));
    if let Some(since) = query.since {
        add("since", seconds(since));
    }
    if let Some(until) = query.until {
        add("until", seconds(until));
    }
    path
}

/// Seconds since the Unix epoch with nanoseconds, as the API takes a time.
fn seconds(at: Timestamp) -> String {
    // The API knows no times before the epoch, and no log has one.
    let at = at.max(Timestamp::UNIX_EPOCH);
    format!("{}.{:09}", at.as_second(), at.subsec_nanosecond())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_query_as_the_api_takes_it() {
        let query = LogQuery {
            follow: true,
            tail: Some(10),
            since: Some("2026-11-20T12:00:00.5Z".parse().unwrap()),
            until: None,
        };
        assert_eq!(
            path("/containers/ab", &query),
            "/containers/ab/logs?stdout=1&stderr=1&timestamps=1&follow=1&tail=10&since=1795176000.500000000"
        );
        assert!(path("/tasks/ab", &LogQuery::default()).ends_with("&follow=0&tail=all"));
        assert_eq!(seconds("1960-01-01T00:00:00Z".parse().unwrap()), "0.000000000");
    }

    #[test]
    fn drivers_that_keep_nothing_are_named() {
        assert!(unreadable("syslog").to_string().contains("syslog"));
        assert!(!unreadable("x\u{1b}[31m").to_string().contains('\u{1b}'));
        assert_eq!(
            unreadable("syslog").remedy(),
            "Read the log where the driver sends it, or run the container with the json-file, local or journald driver."
        );
        assert_eq!(
            unreadable("none").remedy(),
            "To have one, run the container with the json-file, local or journald driver."
        );
    }
}
