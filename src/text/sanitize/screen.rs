//! One terminal line, emulated: what would be seen at the end, without doing what was asked.

use vte::{Params, Parser, Perform};

use super::fast::paint;
use super::visible::{Kind, joins, kind};
use super::{Clean, MAX_LINE, TAB};
use crate::text::style::{self, SpanStyle};

/// How far a cursor movement may leave the text: enough for aligned columns, too little to blow a
/// few bytes up to a screenful of blanks.
const MAX_GAP: usize = 256;
/// Bytes one cell may hold: a family of emoji fits, a tower of combining marks does not.
const MAX_CELL: usize = 40;

/// The sanitised line.
pub(super) fn line(raw: &[u8]) -> Clean {
    let mut screen = Screen::default();
    let mut parser = Parser::new();
    let mut feed = |bytes: &[u8]| parser.advance(&mut screen, bytes);
    for chunk in raw.utf8_chunks() {
        // The parser knows 7-bit controls only: 8-bit ones, as characters or as stray bytes,
        // become their 7-bit form, so that they go together with their payload.
        let mut rest = chunk.valid();
        while let Some((at, c1)) = rest.char_indices().find(|(_, c)| ('\u{80}'..='\u{9f}').contains(c)) {
            feed(rest.get(..at).unwrap_or("").as_bytes());
            feed(&[0x1b, (c1 as u8) - 0x40]);
            rest = rest.get(at + 2..).unwrap_or("");
        }
        feed(rest.as_bytes());
        match chunk.invalid() {
            [] => {}
            [c1 @ 0x80..=0x9f] => feed(&[0x1b, c1 - 0x40]),
            _ => feed("\u{fffd}".as_bytes()),
        }
    }
    screen.finish()
}

/// One column of the line.
#[derive(Clone, Copy, Default)]
struct Cell {
    /// Where its text starts in [`Screen::arena`].
    start: u32,
    /// The text's length; 0 for the right half of a wide character.
    len: u16,
    /// Whether the next cell is its right half.
    wide: bool,
    style: SpanStyle,
}

#[derive(Default)]
struct Screen {
    cells: Vec<Cell>,
    /// The text of all cells ever written, in the order of writing.
    arena: String,
    column: usize,
    style: SpanStyle,
    /// A joiner after an emoji, which stays if another emoji follows.
    joiner: bool,
    /// The cell that was written last, while the cursor has not moved: what marks belong to.
    last: Option<usize>,
    cut: bool,
}

impl Screen {
    /// Writes `c`, which takes `columns` (1 or 2), at the cursor.
    fn put(&mut self, c: char, columns: u8) {
        let wide = columns > 1;
        let end = self.column + 1 + usize::from(wide);
        if end > MAX_LINE {
            self.cut = true;
            return;
        }
        while self.cells.len() < self.column {
            self.blank();
        }
        let start = self.arena.len() as u32;
        self.arena.push(c);
        let cell = Cell { start, len: c.len_utf8() as u16, wide, style: self.style };
        self.last = Some(self.column);
        self.set(self.column, cell);
        if wide {
            self.set(self.column + 1, Cell { start, style: self.style, ..Cell::default() });
        }
        self.column = end;
    }

    /// Replaces one cell; what it tears apart becomes a blank.
    fn set(&mut self, at: usize, cell: Cell) {
        let right_half = cell.len == 0;
        if !right_half
            && let Some(old) = self.cells.get(at)
            && old.len == 0
            && at > 0
        {
            self.erase(at - 1);
        }
        if self.cells.get(at).is_some_and(|old| old.wide) {
            self.erase(at + 1);
        }
        match self.cells.get_mut(at) {
            Some(old) => *old = cell,
            None => self.cells.push(cell),
        }
    }

    /// Makes one existing cell a blank.
    fn erase(&mut self, at: usize) {
        if let Some(cell) = self.cells.get_mut(at) {
            *cell = Cell { start: self.arena.len() as u32, len: 1, ..Cell::default() };
            self.arena.push(' ');
        }
    }

    fn blank(&mut self) {
        self.cells.push(Cell::default());
        self.erase(self.cells.len() - 1);
    }

    /// Adds `c` to the cell written last; `false` when there is none or it is full.
    fn attach(&mut self, c: char) -> bool {
        let Some(cell) = self.last.and_then(|at| self.cells.get_mut(at)) else { return false };
        if (cell.start + u32::from(cell.len)) as usize != self.arena.len()
            || usize::from(cell.len) + c.len_utf8() > MAX_CELL
        {
            return false;
        }
        self.arena.push(c);
        cell.len += c.len_utf8() as u16;
        true
    }

    /// The last character of the cell written last, if marks can still go there.
    fn tail(&self) -> Option<char> {
        self.last.and_then(|_| self.arena.chars().next_back())
    }

    /// Shows a hidden character by its number.
    fn show(&mut self, c: char) {
        for digit in format!("<U+{:04X}>", c as u32).chars() {
            self.put(digit, 1);
        }
    }

    /// Ends a pending joiner: nothing it could join followed.
    fn flush(&mut self) {
        if std::mem::take(&mut self.joiner) {
            self.show('\u{200d}');
        }
    }

    /// Moves the cursor, after which marks have nothing to sit on.
    fn go(&mut self, column: usize) {
        self.column = column.min(self.cells.len().max(MAX_GAP));
        self.last = None;
    }

    fn finish(mut self) -> Clean {
        self.flush();
        let mut text = String::with_capacity(self.arena.len().min(MAX_LINE));
        let mut spans = Vec::new();
        for cell in &self.cells {
            let start = cell.start as usize;
            let piece = self.arena.get(start..start + usize::from(cell.len)).unwrap_or("");
            if text.len() + piece.len() > MAX_LINE {
                self.cut = true;
                break;
            }
            let from = text.len();
            text.push_str(piece);
            paint(&mut spans, from, text.len(), cell.style);
        }
        Clean { text: text.into_boxed_str(), spans: spans.into_boxed_slice(), cut: self.cut }
    }
}

impl Perform for Screen {
    fn print(&mut self, c: char) {
        if self.joiner {
            self.joiner = false;
            // Both must fit: half a joined pair would be a lone joiner.
            let room = self
                .last
                .and_then(|at| self.cells.get(at))
                .map_or(0, |cell| MAX_CELL.saturating_sub(usize::from(cell.len)));
            if joins(c) && kind(c) != Kind::Mark && room >= 3 + c.len_utf8() && self.attach('\u{200d}') {
                self.attach(c);
                return;
            }
            self.show('\u{200d}');
        }
        match kind(c) {
            Kind::Plain(columns) => self.put(c, columns),
            Kind::Mark => {
                if self.tail().is_none() {
                    // A mark with nothing to sit on gets the dotted circle, as charts do.
                    self.put('\u{25cc}', 1);
                }
                self.attach(c);
            }
            Kind::Joiner if self.tail().is_some_and(joins) => self.joiner = true,
            Kind::Joiner | Kind::Hidden => self.show(c),
            Kind::Control => {}
        }
    }

    fn execute(&mut self, byte: u8) {
        self.flush();
        match byte {
            b'\r' => self.go(0),
            0x08 => self.go(self.column.saturating_sub(1)),
            b'\t' => {
                let stop = (self.column / TAB + 1) * TAB;
                while self.column < stop && !self.cut {
                    self.put(' ', 1);
                }
            }
            // Line feed, vertical tab, form feed: one line stays one line.
            b'\n' | 0x0b | 0x0c => self.put(' ', 1),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        self.flush();
        if ignore || !intermediates.is_empty() {
            return;
        }
        let first = params.iter().next().and_then(|p| p.first().copied()).unwrap_or(0);
        let count = usize::from(first.max(1));
        match (action, first) {
            ('m', _) => style::apply(&mut self.style, params.iter()),
            // What progress bars use. Everything else a line could ask for is not done.
            ('G', _) => self.go(count - 1),
            ('C', _) => self.go(self.column.saturating_add(count)),
            ('D', _) => self.go(self.column.saturating_sub(count)),
            ('K', 0) => {
                self.last = None;
                if self.cells.get(self.column).is_some_and(|cell| cell.len == 0) {
                    self.erase(self.column - 1);
                }
                self.cells.truncate(self.column);
            }
            ('K', 1) => {
                self.last = None;
                if self.cells.get(self.column).is_some_and(|cell| cell.wide) {
                    self.erase(self.column + 1);
                }
                for at in 0..=self.column {
                    self.erase(at);
                }
            }
            ('K', 2) => {
                self.last = None;
                self.cells.clear();
            }
            _ => {}
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], _ignore: bool, byte: u8) {
        self.flush();
        // Next line.
        if intermediates.is_empty() && byte == b'E' {
            self.put(' ', 1);
        }
    }

    fn osc_dispatch(&mut self, _params: &[&[u8]], _bell: bool) {
        self.flush();
    }
}
