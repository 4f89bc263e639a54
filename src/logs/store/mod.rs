//! Lines in memory: bounded by bytes, in time order, filtered without scanning again.
//!
//! Lines lie in segments: their text one after the other in one string, a fixed 24-byte row for
//! each. The oldest segment goes as a whole when the bound is reached, so keeping a million lines
//! costs no allocation per line and dropping them nothing.
//!
//! Every line has a sequence number that grows by one per line and is never used again; a view
//! holds numbers, not positions, so what it shows does not move when old lines go. (A line that
//! arrives late is put where its time belongs; the few lines after it then move up by one.)
//!
//! Which lines the filter shows is kept as a list of their numbers, grown as lines arrive. A new
//! filter is applied from the newest line backwards, a slice at a time ([`LogStore::work`]), so
//! that a page is there at once and no keypress waits for a million lines.

mod segment;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use segment::Segment;

use super::{Filter, Level, Line, Pattern, Source, Span, Stream};

/// Segments a full store has, about: what goes at once is a 64th of it.
const SEGMENTS: usize = 64;
/// The largest segment, bytes.
const MAX_SEGMENT: usize = 512 * 1024;
/// The smallest bound that makes sense, bytes.
const MIN_BOUND: usize = 64 * 1024;
/// How many lines back a late line may be put.
const REORDER: usize = 2048;
/// Lines a new filter is applied to at once, before the first frame.
const FIRST_SLICE: usize = 20_000;

/// A line in the store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineRef<'a> {
    /// Its number.
    pub seq: u64,
    /// From which replica.
    pub source: &'a Arc<Source>,
    /// The engine's time for it, nanoseconds since the Unix epoch; 0 where it gives none.
    pub at: i64,
    /// stdout, stderr or marker.
    pub stream: Stream,
    /// Detected level.
    pub level: Level,
    /// The sanitised text.
    pub text: &'a str,
    /// Styles asked for by the line.
    pub spans: &'a [Span],
    /// Whether it was longer and was cut.
    pub cut: bool,
}

/// What the store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Lines held.
    pub lines: u64,
    /// Lines held that the filter shows, as far as it has been applied.
    pub visible: u64,
    /// Memory they take, bytes.
    pub bytes: u64,
    /// Lines that had to go since the last [`LogStore::clear`] because memory is bounded.
    pub evicted: u64,
}

/// Log lines, bounded by bytes; see the module.
#[derive(Debug)]
pub struct LogStore {
    segments: VecDeque<Segment>,
    /// The number the next line gets.
    next: u64,
    /// Bytes of all segments but the last.
    sealed: usize,
    bound: usize,
    segment_size: usize,
    evicted: u64,
    filter: Filter,
    /// Numbers of the lines the filter shows, ascending; not kept while it shows everything.
    index: VecDeque<u64>,
    /// The filter has been applied to lines from this number on.
    scanned: u64,
}

impl LogStore {
    /// An empty store of at most `bytes` (at least 64 KiB), the filter's index included.
    pub fn new(bytes: u64) -> Self {
        let bound = usize::try_from(bytes).unwrap_or(usize::MAX).max(MIN_BOUND);
        Self {
            segments: VecDeque::new(),
            next: 0,
            sealed: 0,
            bound,
            segment_size: (bound / SEGMENTS).clamp(4096, MAX_SEGMENT),
            evicted: 0,
            filter: Filter::default(),
            index: VecDeque::new(),
            scanned: 0,
        }
    }

    /// Adds lines; see [`Self::push`].
    pub fn extend(&mut self, lines: impl IntoIterator<Item = Line>) {
        for line in lines {
            self.push(&line);
        }
    }

    /// Adds a line where its time belongs, or at the end when that is too far back (or it has no
    /// time). May drop the oldest lines.
    pub fn push(&mut self, line: &Line) {
        let at_end = self.segments.back().is_none_or(|s| line.at == 0 || s.last_at() <= line.at);
        let seq = if at_end { self.append(line) } else { self.insert(line) };
        if !self.filter.is_all() && seq >= self.scanned {
            self.note(seq, self.filter.accepts(line.stream, line.level, &line.text));
        }
        while self.bytes() > self.bound && self.segments.len() > 1 {
            self.evict();
        }
    }

    /// Forgets all lines; numbers go on.
    pub fn clear(&mut self) {
        self.segments.clear();
        self.index.clear();
        (self.sealed, self.evicted, self.scanned) = (0, 0, self.next);
    }

    /// What the store holds.
    pub fn counters(&self) -> Counters {
        let lines = self.next - self.first();
        Counters { lines, visible: self.visible() as u64, bytes: self.bytes() as u64, evicted: self.evicted }
    }

    /// The numbers of the lines held.
    pub fn seqs(&self) -> Range<u64> {
        self.first()..self.next
    }

    /// Whether it holds no line.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// The line of that number, shown by the filter or not; `None` when it is gone or not there
    /// yet.
    pub fn get(&self, seq: u64) -> Option<LineRef<'_>> {
        let segment = self.segments.get(self.segment_of(seq)?)?;
        segment.get(seq)
    }

    /// The filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Shows only what `filter` shows. Applied to the newest lines at once, to the others by
    /// [`Self::work`].
    pub fn set_filter(&mut self, filter: Filter) {
        if filter == self.filter {
            return;
        }
        self.filter = filter;
        self.index.clear();
        self.scanned = if self.filter.is_all() { self.first() } else { self.next };
        self.work(FIRST_SLICE);
    }

    /// Applies a new filter to up to `lines` older lines; whether there is more to do. Call it
    /// between frames until it says no: about 10 ms per 100,000 lines.
    pub fn work(&mut self, lines: usize) -> bool {
        let first = self.first();
        let until = self.scanned.saturating_sub(lines as u64).max(first);
        while self.scanned > until {
            let seq = self.scanned - 1;
            if self.get(seq).is_some_and(|line| self.filter.shows(&line)) {
                self.index.push_front(seq);
            }
            self.scanned = seq;
        }
        self.scanned > first
    }

    /// How many lines the filter shows, as far as it has been applied.
    pub fn visible(&self) -> usize {
        if self.filter.is_all() { (self.next - self.first()) as usize } else { self.index.len() }
    }

    /// How many shown lines come before number `seq`. With [`Self::visible`] the place of a
    /// scroll bar.
    pub fn rank(&self, seq: u64) -> usize {
        if self.filter.is_all() {
            (seq.clamp(self.first(), self.next) - self.first()) as usize
        } else {
            self.index.partition_point(|&s| s < seq)
        }
    }

    /// The number of the shown line with that many shown lines before it.
    pub fn at_rank(&self, rank: usize) -> Option<u64> {
        if self.filter.is_all() {
            Some(self.first() + rank as u64).filter(|&seq| seq < self.next)
        } else {
            self.index.get(rank).copied()
        }
    }

    /// How many shown lines have a number of `seq` or more: the "N new lines" of a frozen view
    /// whose store ended at `seq` when it froze.
    pub fn count_from(&self, seq: u64) -> usize {
        self.visible() - self.rank(seq)
    }

    /// Shown lines from number `seq` on, ascending.
    pub fn forward(&self, seq: u64) -> impl Iterator<Item = LineRef<'_>> {
        (self.rank(seq)..).map_while(|rank| self.get(self.at_rank(rank)?))
    }

    /// Shown lines before number `seq`, descending. `backward(u64::MAX)` begins at the newest.
    pub fn backward(&self, seq: u64) -> impl Iterator<Item = LineRef<'_>> {
        (0..self.rank(seq)).rev().map_while(|rank| self.get(self.at_rank(rank)?))
    }

    /// The first shown line after number `seq` that matches.
    pub fn next_match(&self, pattern: &Pattern, seq: u64) -> Option<u64> {
        self.forward(seq.saturating_add(1)).find(|line| pattern.is_match(line.text)).map(|line| line.seq)
    }

    /// The last shown line before number `seq` that matches.
    pub fn prev_match(&self, pattern: &Pattern, seq: u64) -> Option<u64> {
        self.backward(seq).find(|line| pattern.is_match(line.text)).map(|line| line.seq)
    }

    /// The lowest number held.
    fn first(&self) -> u64 {
        self.segments.front().map_or(self.next, |s| s.first)
    }

    fn bytes(&self) -> usize {
        self.sealed + self.segments.back().map_or(0, Segment::bytes) + self.index.len() * size_of::<u64>()
    }

    /// The index of the segment that holds `seq`.
    fn segment_of(&self, seq: u64) -> Option<usize> {
        self.segments.partition_point(|s| s.first <= seq).checked_sub(1)
    }

    fn append(&mut self, line: &Line) -> u64 {
        let seq = self.next;
        if self.segments.back().is_none_or(|s| !s.fits(line, self.segment_size)) {
            if let Some(last) = self.segments.back_mut() {
                last.seal();
                self.sealed += last.bytes();
            }
            self.segments.push_back(Segment::new(seq));
        }
        if let Some(last) = self.segments.back_mut() {
            last.insert(last.len(), line);
            self.next += 1;
        }
        seq
    }

    /// Puts a late line before the lines that are younger.
    fn insert(&mut self, line: &Line) -> u64 {
        let mut left = REORDER;
        for n in (0..self.segments.len()).rev() {
            let Some(segment) = self.segments.get_mut(n) else { break };
            // Older than everything near enough: before the very first line, or too late.
            let row = match segment.place(line.at, &mut left) {
                None if n == 0 && left > 0 => 0,
                None => continue,
                Some(row) => row,
            };
            let seq = segment.first + row as u64;
            let before = segment.bytes();
            segment.insert(row, line);
            if n + 1 < self.segments.len() {
                self.sealed += self.segments.get(n).map_or(0, Segment::bytes) - before;
            }
            for later in self.segments.range_mut(n + 1..) {
                later.first += 1;
            }
            self.next += 1;
            self.make_room(seq);
            return seq;
        }
        self.append(line)
    }

    /// Moves what the index knows by one, from `seq` on.
    fn make_room(&mut self, seq: u64) {
        if seq < self.scanned {
            self.scanned += 1;
        }
        for shown in self.index.iter_mut().rev().take_while(|shown| **shown >= seq) {
            *shown += 1;
        }
    }

    /// Takes note of a new line's visibility.
    fn note(&mut self, seq: u64, shown: bool) {
        if shown {
            let at = self.index.iter().rev().take_while(|s| **s > seq).count();
            self.index.insert(self.index.len() - at, seq);
        }
    }

    fn evict(&mut self) {
        let Some(old) = self.segments.pop_front() else { return };
        self.sealed = self.sealed.saturating_sub(old.bytes());
        self.evicted += old.len() as u64;
        let first = self.first();
        while self.index.front().is_some_and(|&seq| seq < first) {
            self.index.pop_front();
        }
        self.scanned = self.scanned.max(first);
    }
}
