//! Chunks in, lines out: with bounded memory whatever comes.

use super::stamp::stamp;
use crate::logs::{MAX_LINE, Stream};

/// Docker stores a long line in messages of this size, each sent with a time stamp of its own.
const MESSAGE: usize = 16 * 1024;
/// The longest time stamp with its blank: `2026-11-20T12:03:21.113456789+02:00 `.
const STAMP: usize = 36;
/// Raw bytes kept of a line that is not complete yet: the longest line and its time stamps.
const MAX_PENDING: usize = MAX_LINE + STAMP * (MAX_LINE / MESSAGE + 1);

/// A line as cut, before it is sanitised.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Raw<'a> {
    /// The engine's time, nanoseconds since the Unix epoch; 0 where there is none.
    pub(super) at: i64,
    /// stdout or stderr.
    pub(super) stream: Stream,
    /// The text, without time stamp and line feed.
    pub(super) text: &'a [u8],
    /// Whether there was more of it.
    pub(super) cut: bool,
    /// Whether its line feed has come. Otherwise the rest, if any, will be a line of its own.
    pub(super) complete: bool,
}

/// Cuts one replica's chunks into lines.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    stdout: Pending,
    stderr: Pending,
}

/// What of a line has come so far.
#[derive(Debug, Default)]
struct Pending {
    bytes: Vec<u8>,
    /// Too long: what comes before the next line feed is skipped.
    skipping: bool,
    /// A part of the line was handed out already; what comes has no time stamp.
    shown: bool,
    /// The time of the line before: for lines without one.
    at: i64,
}

impl Cutter {
    /// Takes a chunk; hands every line it completes to `emit`.
    pub(super) fn push(&mut self, stream: Stream, chunk: &[u8], mut emit: impl FnMut(Raw<'_>)) {
        let pending = if stream == Stream::Stderr { &mut self.stderr } else { &mut self.stdout };
        let mut rest = chunk;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, tail) = rest.split_at(end);
            pending.complete(stream, line, &mut emit);
            rest = tail.get(1..).unwrap_or(&[]);
        }
        pending.keep(stream, rest, &mut emit);
    }

    /// Whether a part of a line waits for the rest.
    pub(super) fn is_pending(&self) -> bool {
        [&self.stdout, &self.stderr].iter().any(|p| !p.bytes.is_empty())
    }

    /// Whether what waits has been overwritten already by `\r`: a progress bar that may never end.
    pub(super) fn is_progress(&self) -> bool {
        [&self.stdout, &self.stderr].iter().any(|p| memchr::memchr(b'\r', &p.bytes).is_some())
    }

    /// Hands out what waits for the rest of its line.
    pub(super) fn flush(&mut self, mut emit: impl FnMut(Raw<'_>)) {
        for (stream, pending) in [(Stream::Stdout, &mut self.stdout), (Stream::Stderr, &mut self.stderr)] {
            if !pending.bytes.is_empty() {
                let bytes = std::mem::take(&mut pending.bytes);
                pending.emit(stream, &bytes, false, false, &mut emit);
                pending.shown = true;
            }
        }
    }

    /// Forgets the parts of lines: the stream begins anew.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Pending {
    fn complete(&mut self, stream: Stream, tail: &[u8], emit: &mut impl FnMut(Raw<'_>)) {
        if std::mem::take(&mut self.skipping) {
            self.shown = false;
            return;
        }
        if self.bytes.is_empty() {
            // Nearly every line: straight from the chunk. Of a line that was shown without its
            // end, the bare end is no line.
            if !(self.shown && tail.iter().all(|b| *b == b'\r')) {
                self.emit(stream, tail, false, true, emit);
            }
        } else {
            let mut bytes = std::mem::take(&mut self.bytes);
            let room = MAX_PENDING.saturating_sub(bytes.len());
            bytes.extend_from_slice(tail.get(..room).unwrap_or(tail));
            self.emit(stream, &bytes, tail.len() > room, true, emit);
            bytes.clear();
            // The buffer is used again, unless a monster made it big.
            if bytes.capacity() <= MESSAGE {
                self.bytes = bytes;
            }
        }
        self.shown = false;
    }

    fn keep(&mut self, stream: Stream, part: &[u8], emit: &mut impl FnMut(Raw<'_>)) {
        if self.skipping {
            return;
        }
        let room = MAX_PENDING.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(part.get(..room).unwrap_or(part));
        if part.len() > room {
            let bytes = std::mem::take(&mut self.bytes);
            // The line counts as complete: its rest will never be shown.
            self.emit(stream, &bytes, true, true, emit);
            self.skipping = true;
        }
    }

    fn emit(
        &mut self,
        stream: Stream,
        line: &[u8],
        cut: bool,
        complete: bool,
        emit: &mut impl FnMut(Raw<'_>),
    ) {
        let mut text = line;
        if !self.shown
            && let Some((at, len)) = stamp(line)
        {
            self.at = at;
            text = line.get(len..).unwrap_or(&[]);
        }
        let joined;
        if text.len() > MESSAGE {
            joined = join(text);
            text = &joined;
        }
        let cut = cut || text.len() > MAX_LINE;
        let text = text.get(..MAX_LINE).unwrap_or(text);
        emit(Raw { at: self.at, stream, text, cut, complete });
    }
}

/// Takes the time stamps out of a line that the engine stored as several messages.
fn join(text: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((message, tail)) = rest.split_at_checked(MESSAGE) {
        joined.extend_from_slice(message);
        rest = match stamp(tail) {
            Some((_, len)) => tail.get(len..).unwrap_or(&[]),
            None => tail,
        };
    }
    joined.extend_from_slice(rest);
    joined
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Got = (i64, Stream, String, bool);

    fn cut_all(chunks: &[(Stream, &[u8])]) -> Vec<Got> {
        let mut cutter = Cutter::default();
        let mut got = Vec::new();
        let mut emit = |raw: Raw<'_>| {
            got.push((raw.at, raw.stream, String::from_utf8_lossy(raw.text).into_owned(), raw.cut));
        };
        for (stream, chunk) in chunks {
            cutter.push(*stream, chunk, &mut emit);
        }
        cutter.flush(&mut emit);
        got
    }

    const T1: &str = "1970-01-01T00:00:01.000000000Z ";
    const T2: &str = "1970-01-01T00:00:02.000000000Z ";
    const S: i64 = 1_000_000_000;

    #[test]
    fn lines_across_chunks_and_streams() {
        use Stream::{Stderr, Stdout};
        let (a, b, c) = (format!("{T1}one\n{T2}tw"), format!("{T1}err\n"), "o\r\n");
        assert_eq!(
            cut_all(&[
                (Stdout, a.as_bytes()),
                (Stderr, b.as_bytes()),
                (Stdout, c.as_bytes()),
                (Stdout, b"no stamp")
            ]),
            [
                (S, Stdout, "one".into(), false),
                (S, Stderr, "err".into(), false),
                (2 * S, Stdout, "two\r".into(), false),
                (2 * S, Stdout, "no stamp".into(), false),
            ]
        );
    }

    #[test]
    fn a_long_line_is_joined_from_the_engines_messages() {
        let part = "x".repeat(MESSAGE);
        let raw = format!("{T1}{part}{T2}{part}{T2}end\n");
        let got = cut_all(&[(Stream::Stdout, raw.as_bytes())]);
        assert_eq!(got, [(S, Stream::Stdout, format!("{part}{part}end"), false)]);
    }

    #[test]
    fn a_monster_is_cut_and_the_next_line_is_whole() {
        for size in [1000, 16 * 1024, 1 << 20] {
            let piece = vec![b'x'; size];
            let mut chunks: Vec<(Stream, &[u8])> = vec![(Stream::Stdout, T1.as_bytes())];
            chunks.extend(std::iter::repeat_n((Stream::Stdout, &*piece), 10_000_000 / size));
            chunks.push((Stream::Stdout, b"\n1970-01-01T00:00:02Z next\n"));
            let got = cut_all(&chunks);
            assert_eq!(got.len(), 2);
            assert_eq!((got[0].2.len(), got[0].3), (MAX_LINE, true));
            assert_eq!(got[1], (2 * S, Stream::Stdout, "next".into(), false));
        }
    }

    #[test]
    fn a_part_shown_early_does_not_come_again() {
        let mut cutter = Cutter::default();
        let mut got = Vec::new();
        let mut emit = |raw: Raw<'_>| got.push((raw.at, raw.text.to_vec(), raw.complete));
        cutter.push(Stream::Stdout, format!("{T2}Password: ").as_bytes(), &mut emit);
        assert!(cutter.is_pending());
        cutter.flush(&mut emit);
        assert!(!cutter.is_pending());
        cutter.push(Stream::Stdout, format!("\r\n{T2}a").as_bytes(), &mut emit);
        cutter.flush(&mut emit);
        cutter.push(Stream::Stdout, b"b\n", &mut emit);
        let text = |s: &str| s.as_bytes().to_vec();
        assert_eq!(
            got,
            [(2 * S, text("Password: "), false), (2 * S, text("a"), false), (2 * S, text("b"), true)]
        );
    }

    proptest! {
        /// However a stream is chopped up, the same lines come out.
        #[test]
        fn chopping_changes_nothing(
            lines in proptest::collection::vec("[a-z\\r ]{0,20}", 1..8),
            cuts in proptest::collection::vec(0_usize..400, 0..8),
        ) {
            let whole: String = lines.iter().flat_map(|l| [T1, l, "\n"]).collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(whole.len())).collect();
            cuts.extend([0, whole.len()]);
            cuts.sort_unstable();
            let chunks: Vec<(Stream, &[u8])> =
                cuts.windows(2).map(|w| (Stream::Stdout, &whole.as_bytes()[w[0]..w[1]])).collect();
            prop_assert_eq!(cut_all(&chunks), cut_all(&[(Stream::Stdout, whole.as_bytes())]));
        }
    }
}
