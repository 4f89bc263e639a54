//! A run of lines that lie, and go, together.

use std::sync::Arc;

use super::LineRef;
use crate::logs::{Level, Line, Source, Span, Stream};

/// One line, 24 bytes.
#[derive(Clone, Copy, Debug)]
struct Row {
    at: i64,
    /// Where its text starts in [`Segment::text`].
    start: u32,
    /// Its length (17 bits), level (3), stream (2) and whether it was cut (1).
    packed: u32,
    /// Where its spans start in [`Segment::spans`].
    spans: u32,
    span_count: u16,
    /// Which of [`Segment::sources`].
    source: u16,
}

const LEVELS: [Level; 7] =
    [Level::Unknown, Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Fatal];
const STREAMS: [Stream; 3] = [Stream::Stdout, Stream::Stderr, Stream::Marker];
const LEN_BITS: u32 = 17;
const LEN_MASK: u32 = (1 << LEN_BITS) - 1;

fn pack(len: usize, level: Level, stream: Stream, cut: bool) -> u32 {
    let stream = match stream {
        Stream::Stdout => 0,
        Stream::Stderr => 1,
        Stream::Marker => 2,
    };
    (len as u32 & LEN_MASK)
        | (level as u32) << LEN_BITS
        | stream << (LEN_BITS + 3)
        | u32::from(cut) << (LEN_BITS + 5)
}

/// A run of lines: text in one string, styles in one list, a row each.
#[derive(Debug)]
pub(super) struct Segment {
    /// The number of its first line.
    pub(super) first: u64,
    rows: Vec<Row>,
    text: String,
    spans: Vec<Span>,
    /// Who its lines are from: few, because a segment spans little time.
    sources: Vec<Arc<Source>>,
}

impl Segment {
    pub(super) fn new(first: u64) -> Self {
        Self { first, rows: Vec::new(), text: String::new(), spans: Vec::new(), sources: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Memory taken, bytes (of what is shared with other segments, only the pointers).
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.rows.capacity() * size_of::<Row>()
            + self.text.capacity()
            + self.spans.capacity() * size_of::<Span>()
            + self.sources.capacity() * size_of::<Arc<Source>>()
    }

    /// Whether one more line keeps it within `size` bytes. The first line always fits.
    pub(super) fn fits(&self, line: &Line, size: usize) -> bool {
        let used = (self.rows.len() + 1) * size_of::<Row>()
            + self.text.len()
            + line.text.len()
            + (self.spans.len() + line.spans.len()) * size_of::<Span>();
        self.rows.is_empty() || (used <= size && self.sources.len() < usize::from(u16::MAX))
    }

    /// Gives back what was reserved and is not needed.
    pub(super) fn seal(&mut self) {
        self.rows.shrink_to_fit();
        self.text.shrink_to_fit();
        self.spans.shrink_to_fit();
        self.sources.shrink_to_fit();
    }

    /// The time of its last line.
    pub(super) fn last_at(&self) -> i64 {
        self.rows.last().map_or(0, |row| row.at)
    }

    /// The row before which a line of time `at` belongs, looking back over at most `left` rows;
    /// `None` when that lies before this segment. With nothing left: the end.
    pub(super) fn place(&self, at: i64, left: &mut usize) -> Option<usize> {
        for (row, known) in self.rows.iter().enumerate().rev() {
            if known.at <= at {
                return Some(row + 1);
            }
            *left = left.checked_sub(1)?;
        }
        None
    }

    /// Puts a line before row `row`.
    pub(super) fn insert(&mut self, row: usize, line: &Line) {
        let start = self.text.len() as u32;
        let spans = self.spans.len() as u32;
        self.text.push_str(&line.text);
        self.spans.extend_from_slice(&line.spans);
        let new = Row {
            at: line.at,
            start,
            packed: pack(line.text.len(), line.level, line.stream, line.cut),
            spans,
            span_count: line.spans.len() as u16,
            source: self.intern(&line.source),
        };
        self.rows.insert(row.min(self.rows.len()), new);
    }

    fn intern(&mut self, source: &Arc<Source>) -> u16 {
        let last = self.rows.last().map(|row| row.source);
        if let Some(last) = last
            && self.sources.get(usize::from(last)).is_some_and(|s| Arc::ptr_eq(s, source))
        {
            return last;
        }
        let known = self.sources.iter().position(|s| Arc::ptr_eq(s, source) || s == source);
        known.unwrap_or_else(|| {
            self.sources.push(Arc::clone(source));
            self.sources.len() - 1
        }) as u16
    }

    pub(super) fn get(&self, seq: u64) -> Option<LineRef<'_>> {
        let row = self.rows.get(usize::try_from(seq.checked_sub(self.first)?).ok()?)?;
        let start = row.start as usize;
        let spans = row.spans as usize;
        Some(LineRef {
            seq,
            source: self.sources.get(usize::from(row.source))?,
            at: row.at,
            stream: *STREAMS.get((row.packed >> (LEN_BITS + 3) & 3) as usize)?,
            level: *LEVELS.get((row.packed >> LEN_BITS & 7) as usize)?,
            text: self.text.get(start..start + (row.packed & LEN_MASK) as usize)?,
            spans: self.spans.get(spans..spans + usize::from(row.span_count))?,
            cut: row.packed >> (LEN_BITS + 5) & 1 == 1,
        })
    }
}
