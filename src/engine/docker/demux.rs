//! A log as it comes through the wire → [`LogChunk`]s. Pure.
//!
//! Without a terminal every line comes in frames of eight header bytes (stream, length) and a
//! payload; with one it comes raw. Nothing is held back but a header or a time stamp cut in two,
//! so a frame of any length costs no memory.
//!
//! The engine cuts lines at 16 KiB and puts a time stamp before every piece. Only the first of a
//! line belongs there; the others are taken out here, because only frames tell them from text.

use bytes::{Buf, Bytes, BytesMut};

use crate::engine::{EngineError, LogChunk};
use crate::logs::Stream;

/// Where the engine cuts long lines, bytes.
const PIECE: usize = 16 * 1024;
/// The longest time stamp with its blank: `2026-11-20T12:54:59.252207308+00:00 `.
const STAMP: usize = 36;

/// Takes a log apart; see the module.
pub(super) struct Demux {
    framed: bool,
    state: State,
    /// Bytes of a header, or of what may be a time stamp, that are still incomplete.
    held: Vec<u8>,
    /// For stdout and stderr: whether the last line is still open.
    open: [bool; 2],
    /// Raw: bytes of the open line since its last time stamp; `None` within that stamp.
    length: Option<usize>,
    out: BytesMut,
    stream: Stream,
    ready: Vec<LogChunk>,
}

#[derive(Clone, Copy)]
enum State {
    Header,
    /// At the start of a frame that goes on with an open line: a stamp to be taken out.
    Stamp(Kind, usize),
    Payload(Kind, usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Out,
    Err,
    /// The engine's own error, in the middle of the log.
    System,
}

impl Demux {
    /// `framed` = the replica has no terminal.
    pub(super) fn new(framed: bool) -> Self {
        Self {
            framed,
            state: State::Header,
            held: Vec::new(),
            open: [false; 2],
            length: None,
            out: BytesMut::new(),
            stream: Stream::Stdout,
            ready: Vec::new(),
        }
    }

    /// Take some of the log.
    ///
    /// # Errors
    /// [`EngineError::Garbage`] for what is no frame, [`EngineError::Failed`] with the engine's
    /// words when it says in the middle of a log that it can't go on.
    pub(super) fn push(&mut self, data: Bytes) -> Result<(), EngineError> {
        if self.framed { self.frames(data) } else { self.raw(data) }
    }

    /// Bytes that [`Demux::take`] would give.
    pub(super) fn len(&self) -> usize {
        self.out.len() + self.ready.iter().map(|c| c.bytes.len()).sum::<usize>()
    }

    /// What was taken apart so far: as few chunks as the streams allow, in order.
    pub(super) fn take(&mut self) -> Vec<LogChunk> {
        self.flush();
        std::mem::take(&mut self.ready)
    }

    fn flush(&mut self) {
        if !self.out.is_empty() {
            let bytes = self.out.split().freeze();
            self.ready.push(LogChunk { stream: self.stream, bytes });
        }
    }

    fn put(&mut self, kind: Kind, bytes: &[u8]) {
        let stream = if kind == Kind::Err { Stream::Stderr } else { Stream::Stdout };
        if stream != self.stream {
            self.flush();
            self.stream = stream;
        }
        self.out.extend_from_slice(bytes);
    }

    fn frames(&mut self, mut data: Bytes) -> Result<(), EngineError> {
        while !data.is_empty() {
            match self.state {
                State::Header => {
                    if let Some((kind, length)) = self.header(&mut data)? {
                        self.state = match kind {
                            _ if length == 0 => State::Header,
                            Kind::Out | Kind::Err if self.open[kind as usize] => State::Stamp(kind, length),
                            _ => State::Payload(kind, length),
                        };
                    }
                }
                State::Stamp(kind, left) => {
                    let took = data.len().min(left).min(STAMP - self.held.len());
                    self.held.extend_from_slice(&data[..took]);
                    data.advance(took);
                    let left = left - took;
                    let whole = self.held.contains(&b' ') || left == 0 || self.held.len() == STAMP;
                    self.state = State::Stamp(kind, left);
                    if whole {
                        let held = std::mem::take(&mut self.held);
                        let text = &held[stamp(&held).unwrap_or(0)..];
                        self.put(kind, text);
                        self.close(kind, held.last() == Some(&b'\n'), left);
                    }
                }
                State::Payload(kind, left) => {
                    let took = data.len().min(left);
                    let payload = data.split_to(took);
                    if kind == Kind::System {
                        return Err(EngineError::Failed {
                            status: 500,
                            why: super::failure::words(&String::from_utf8_lossy(&payload)),
                        });
                    }
                    self.put(kind, &payload);
                    self.close(kind, payload.last() == Some(&b'\n'), left - took);
                }
            }
        }
        Ok(())
    }

    /// After some of a frame's payload: what comes next.
    fn close(&mut self, kind: Kind, line_ended: bool, left: usize) {
        if left > 0 {
            self.state = State::Payload(kind, left);
        } else {
            self.open[usize::from(kind == Kind::Err)] = !line_ended;
            self.state = State::Header;
        }
    }

    /// The next header, once it is whole.
    fn header(&mut self, data: &mut Bytes) -> Result<Option<(Kind, usize)>, EngineError> {
        let took = data.len().min(8 - self.held.len());
        self.held.extend_from_slice(&data[..took]);
        data.advance(took);
        let &[kind, 0, 0, 0, a, b, c, d] = self.held.as_slice() else {
            return if self.held.len() < 8 {
                Ok(None)
            } else {
                Err(EngineError::Garbage { why: "its log is not in frames".into() })
            };
        };
        self.held.clear();
        let kind = match kind {
            0 | 1 => Kind::Out,
            2 => Kind::Err,
            3 => Kind::System,
            _ => return Err(EngineError::Garbage { why: "its log has a stream nobody knows".into() }),
        };
        Ok(Some((kind, u32::from_be_bytes([a, b, c, d]) as usize)))
    }

    /// With a terminal: lines as they are, but for the time stamps in the middle of long ones.
    #[allow(clippy::unnecessary_wraps)] // as `frames`
    fn raw(&mut self, mut data: Bytes) -> Result<(), EngineError> {
        while !data.is_empty() {
            match self.length {
                // Within a line's own stamp.
                None => {
                    let end = memchr::memchr2(b' ', b'\n', &data);
                    let took = end.map_or(data.len(), |at| at + 1);
                    let piece = data.split_to(took);
                    if end.is_some() && piece.last() == Some(&b' ') {
                        self.length = Some(0);
                    }
                    self.put(Kind::Out, &piece);
                }
                // A whole piece without a line end: what follows may be a stamp.
                Some(PIECE) => {
                    let took = data.len().min(STAMP - self.held.len());
                    let until = data[..took].iter().position(|b| matches!(b, b' ' | b'\n'));
                    let took = until.map_or(took, |at| at + 1);
                    self.held.extend_from_slice(&data[..took]);
                    data.advance(took);
                    if until.is_some() || self.held.len() == STAMP {
                        let held = std::mem::take(&mut self.held);
                        let text = &held[stamp(&held).unwrap_or(0)..];
                        self.put(Kind::Out, text);
                        self.length = if text.last() == Some(&b'\n') { None } else { Some(text.len()) };
                    }
                }
                Some(length) => {
                    let room = data.len().min(PIECE.saturating_sub(length).max(1));
                    let end = memchr::memchr(b'\n', &data[..room]);
                    let piece = data.split_to(end.map_or(room, |at| at + 1));
                    self.length = if end.is_some() { None } else { Some(length + piece.len()) };
                    self.put(Kind::Out, &piece);
                }
            }
        }
        Ok(())
    }

    /// The end of the log: what was held back because it was cut in two.
    pub(super) fn end(&mut self) {
        if !self.framed || matches!(self.state, State::Stamp(..)) {
            let held = std::mem::take(&mut self.held);
            let kind = if let State::Stamp(kind, _) = self.state { kind } else { Kind::Out };
            self.put(kind, &held);
        }
    }
}

/// The length of the time stamp (with its blank) that `bytes` begin with.
fn stamp(bytes: &[u8]) -> Option<usize> {
    let end = memchr::memchr(b' ', bytes)?;
    let fits = bytes.iter().take(20).enumerate().all(|(at, b)| match at {
        4 | 7 => *b == b'-',
        10 => *b == b'T',
        13 | 16 => *b == b':',
        19 => matches!(b, b'.' | b'Z' | b'+' | b'-'),
        _ => b.is_ascii_digit(),
    });
    (end >= 20 && fits).then_some(end + 1)
}

#[cfg(test)]
#[path = "demux_tests.rs"]
mod tests;
