//! The engine's stream of events, line by line.

use bytes::BytesMut;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use jiff::Timestamp;

use super::api::Message;
use super::failure;
use super::wire::Wire;
use crate::engine::EngineError;

/// What is asked for: what changes a container. Not `exec_*`: most of a node's events are health
/// checks being run. Of a start that fails (a port that is taken, a command that is not there) the
/// only trace is that the container leaves its networks again.
const DOCKER: &str = r#"{"type":["container","network"],"event":["disconnect","create","start","die","stop","restart","kill","oom","pause","unpause","rename","destroy","update","health_status"]}"#;
/// Podman has its own words for some.
const PODMAN: &str = r#"{"type":["container"],"event":["create","start","die","died","stop","restart","kill","oom","pause","unpause","rename","destroy","remove","update","health_status"]}"#;

/// The longest line taken for an event, bytes. Labels are in it.
const LONGEST: usize = 4 << 20;

/// An open stream of events.
pub(in crate::engine) struct Events {
    body: Incoming,
    buffer: BytesMut,
    /// How much of the buffer has no line end in it, so that it is not searched again.
    searched: usize,
    endpoint: String,
}

impl Events {
    /// Open it. Once this returns, no later event is missed.
    pub(super) async fn open(wire: &Wire) -> Result<Self, EngineError> {
        let filter = if wire.greeting().await?.podman { PODMAN } else { DOCKER };
        Self::of(wire, filter).await
    }

    /// The same with a filter of one's own.
    pub(in crate::engine) async fn of(wire: &Wire, filter: &str) -> Result<Self, EngineError> {
        Self::at(wire, &format!("/events?filters={}", super::wire::segment(filter))).await
    }

    /// Those between two times, as far as the engine remembers any; then the stream ends.
    pub(super) async fn between(
        wire: &Wire,
        filter: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Self, EngineError> {
        let point = |at: Timestamp| format!("{}.{:09}", at.as_second(), at.subsec_nanosecond().max(0));
        let filter = super::wire::segment(filter);
        Self::at(wire, &format!("/events?since={}&until={}&filters={filter}", point(since), point(until)))
            .await
    }

    async fn at(wire: &Wire, path: &str) -> Result<Self, EngineError> {
        let response = wire.stream(path, "the engine's events").await?;
        Ok(Self { body: response.into_body(), buffer: BytesMut::new(), searched: 0, endpoint: wire.shown() })
    }

    /// The next event. Cancelling it loses nothing.
    ///
    /// # Errors
    /// [`EngineError::Disconnected`] at the end of the stream: the engine went away.
    pub(in crate::engine) async fn next(&mut self) -> Result<Message, EngineError> {
        loop {
            if let Some(line) = take_line(&mut self.buffer, &mut self.searched) {
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return serde_json::from_slice(&line).map_err(|e| failure::garbage(&e, "an event"));
            }
            if self.buffer.len() > LONGEST {
                return Err(EngineError::Garbage { why: "an event without end".into() });
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        self.buffer.extend_from_slice(data);
                    }
                }
                Some(Err(e)) => return Err(failure::talking(&e, &self.endpoint)),
                None => {
                    return Err(EngineError::Disconnected {
                        why: "the engine closed its stream of events".into(),
                    });
                }
            }
        }
    }
}

/// The first whole line of `buffer`, taken out of it.
fn take_line(buffer: &mut BytesMut, searched: &mut usize) -> Option<BytesMut> {
    if let Some(at) = memchr::memchr(b'\n', buffer.get(*searched..)?) {
        let line = buffer.split_to(*searched + at + 1);
        *searched = 0;
        Some(line)
    } else {
        *searched = buffer.len();
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let (mut buffer, mut searched) = (BytesMut::new(), 0);
        let mut lines = Vec::new();
        for piece in ["{\"a\"", ":1}\r", "\n{\"b\":2}\n{", "\"c\":3}\n"] {
            buffer.extend_from_slice(piece.as_bytes());
            while let Some(line) = take_line(&mut buffer, &mut searched) {
                lines.push(serde_json::from_slice::<serde_json::Value>(&line).unwrap().to_string());
            }
        }
        assert_eq!(lines, ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]);
        assert!(buffer.is_empty());
    }

    #[test]
    fn the_filters_are_what_the_engine_reads() {
        for filter in [DOCKER, PODMAN] {
            let read: serde_json::Value = serde_json::from_str(filter).unwrap();
            assert!(
                read["event"].as_array().unwrap().iter().all(|e| !e.as_str().unwrap().starts_with("exec"))
            );
        }
    }
}
