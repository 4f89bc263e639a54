//! What is on the terminal, and the bytes that make it what it should be.
//!
//! Keeps the last frame and sends only what changed: nothing changed = zero bytes. ratatui's own
//! terminal hides the cursor and resets the style with every frame, changed or not, which alone
//! is more than a quiet screen may cost on a slow line. Must not: know the model.

mod encode;
mod scroll;

use std::io::{self, Write};

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use crate::engine::TermSize;
use encode::Encoder;

/// Frames larger than this are bracketed as one synchronised update, so that terminals that know
/// it don't tear; for less it would cost more than it brings.
const SYNCHRONISE: usize = 512;
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// The last frame, the next one, and how the terminal's pen stands.
pub(super) struct Screen {
    shown: Buffer,
    next: Buffer,
    encoder: Encoder,
    cursor: Option<Position>,
    /// What is on the terminal is not known: clear it and draw everything.
    unknown: bool,
    /// The terminal erases in the colour of its pen, so that blanks to the right edge need not be
    /// written one by one.
    erases: bool,
    bytes: Vec<u8>,
}

impl Screen {
    /// A screen of which nothing is known yet, on a terminal of that `TERM`.
    pub(super) fn new(size: TermSize, term: &str) -> Self {
        let area = Rect::new(0, 0, size.cols, size.rows);
        Self {
            shown: Buffer::empty(area),
            next: Buffer::empty(area),
            encoder: Encoder::default(),
            cursor: None,
            unknown: true,
            erases: erases_in_colour(term),
            bytes: Vec::with_capacity(4096),
        }
    }

    /// The terminal has another size: everything is drawn anew.
    pub(super) fn resize(&mut self, size: TermSize) {
        let area = Rect::new(0, 0, size.cols, size.rows);
        if area != self.next.area {
            self.shown = Buffer::empty(area);
            self.next = Buffer::empty(area);
            self.unknown = true;
        }
    }

    /// Somebody else wrote to the terminal: everything is drawn anew.
    pub(super) fn forget(&mut self) {
        self.unknown = true;
    }

    /// Draw a frame and write what changed. Says how many bytes that took.
    ///
    /// # Errors
    /// The terminal can't be written to.
    pub(super) fn draw(
        &mut self,
        out: &mut impl Write,
        render: impl FnOnce(&mut Buffer) -> Option<Position>,
    ) -> io::Result<usize> {
        self.next.reset();
        let cursor = render(&mut self.next);
        self.bytes.clear();
        if self.unknown {
            self.encoder.clear(&mut self.bytes);
            self.shown.reset();
            self.unknown = false;
            // Neither shown nor hidden is known.
            self.encoder.show_cursor(&mut self.bytes, false);
            self.cursor = None;
        }
        if let Some(shift) = scroll::find(&self.shown, &self.next) {
            if self.cursor.take().is_some() {
                self.encoder.show_cursor(&mut self.bytes, false);
            }
            self.encoder.shift(&mut self.bytes, &shift);
            scroll::apply(&mut self.shown, &shift);
        }
        let changed = self.shown.diff(&self.next);
        if !changed.is_empty() && self.cursor.is_some() {
            // It would be seen jumping about.
            self.encoder.show_cursor(&mut self.bytes, false);
            self.cursor = None;
        }
        let last = self.next.area.width.saturating_sub(1);
        let mut rest = changed.as_slice();
        while let [(x, y, cell), after @ ..] = rest {
            let blanks = if self.erases { blanks_to_edge(rest, &self.next) } else { 0 };
            if blanks >= WORTH_ERASING {
                self.encoder.erase(&mut self.bytes, *x, *y, cell);
                rest = rest.get(blanks..).unwrap_or(&[]);
            } else {
                self.encoder.cell(&mut self.bytes, *x, *y, cell, last);
                rest = after;
            }
        }
        if cursor != self.cursor {
            match cursor {
                Some(at) => {
                    self.encoder.to(&mut self.bytes, at.x, at.y);
                    self.encoder.show_cursor(&mut self.bytes, true);
                }
                None => self.encoder.show_cursor(&mut self.bytes, false),
            }
            self.cursor = cursor;
        }
        std::mem::swap(&mut self.shown, &mut self.next);
        let count = self.bytes.len();
        if count == 0 {
            return Ok(0);
        }
        if count > SYNCHRONISE {
            self.bytes.splice(..0, BEGIN.iter().copied());
            self.bytes.extend_from_slice(END);
        }
        out.write_all(&self.bytes)?;
        out.flush()?;
        let written = self.bytes.len();
        // A full redraw of a large terminal must not be remembered in memory for ever.
        self.bytes.shrink_to(16 * 1024);
        Ok(written)
    }
}

/// Blanks at the right edge that are cheaper erased than written.
const WORTH_ERASING: usize = 6;

/// How many of the first cells of `changed` go when the first one's row is erased from there to
/// the right edge; 0 where that would not make the row what it is in `next`.
fn blanks_to_edge(changed: &[(u16, u16, &Cell)], next: &Buffer) -> usize {
    let Some((x, y, first)) = changed.first() else { return 0 };
    // What only ink shows can't be erased into being.
    let inked = Modifier::UNDERLINED | Modifier::REVERSED | Modifier::CROSSED_OUT;
    let blank = |cell: &Cell| cell.symbol() == " " && cell.bg == first.bg && !cell.modifier.intersects(inked);
    let row = usize::from(*y) * usize::from(next.area.width);
    let tail = next.content.get(row + usize::from(*x)..row + usize::from(next.area.width)).unwrap_or(&[]);
    if tail.iter().all(blank) { changed.iter().take_while(|(_, row, _)| row == y).count() } else { 0 }
}

/// Whether a terminal erases in the colour of its pen (terminfo's `bce`). Those that don't would
/// show stripes; for a name nobody knows it is not believed.
fn erases_in_colour(term: &str) -> bool {
    const KNOWN: [&str; 13] = [
        "xterm",
        "tmux",
        "linux",
        "alacritty",
        "kitty",
        "foot",
        "rxvt",
        "st-",
        "wezterm",
        "konsole",
        "vte",
        "ghostty",
        "contour",
    ];
    KNOWN.iter().any(|name| term.starts_with(name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::num::NonZero;

    use ratatui::buffer::Buffer;
    use ratatui::layout::Position;
    use ratatui::style::{Color, Modifier, Style};

    use super::Screen;
    use crate::engine::TermSize;

    const SIZE: TermSize = TermSize { cols: 20, rows: 4 };

    fn blank() -> vt100::Parser {
        vt100::Parser::new(NonZero::new(SIZE.rows).unwrap(), NonZero::new(SIZE.cols).unwrap(), 0)
    }

    /// What a terminal shows after these frames, and the bytes of the last one.
    fn play(frames: &[&[(u16, u16, &str, Style)]]) -> (vt100::Parser, Vec<u8>) {
        let mut screen = Screen::new(SIZE, "xterm-256color");
        let mut terminal = blank();
        let mut last = Vec::new();
        for frame in frames {
            last.clear();
            screen
                .draw(&mut last, |buf| {
                    for (x, y, text, style) in *frame {
                        buf.set_string(*x, *y, text, *style);
                    }
                    None
                })
                .unwrap();
            terminal.process(&last);
        }
        (terminal, last)
    }

    #[test]
    fn nothing_changed_is_zero_bytes() {
        let frame: &[(u16, u16, &str, Style)] = &[(0, 0, "hello", Style::new().fg(Color::Red))];
        assert_eq!(play(&[frame, frame]).1, b"");
    }

    #[test]
    fn one_changed_figure_costs_little() {
        let style = Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Rgb(4, 5, 6));
        let (terminal, bytes) = play(&[&[(0, 1, "cpu 34%", style)], &[(0, 1, "cpu 35%", style)]]);
        assert_eq!(terminal.screen().contents().trim(), "cpu 35%");
        assert!(bytes.len() <= 8, "{} bytes: {:?}", bytes.len(), String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn the_terminal_shows_what_was_drawn() {
        let bold = Style::new().fg(Color::Indexed(99)).add_modifier(Modifier::BOLD | Modifier::REVERSED);
        let (terminal, _) = play(&[
            &[(0, 0, "plain", Style::new()), (3, 2, "日本語 wide", bold), (15, 3, "right", bold)],
            &[(0, 0, "plaid", Style::new()), (3, 2, "日x語 wide", bold), (15, 3, "right", Style::new())],
        ]);
        let screen = terminal.screen();
        let rows: Vec<String> = screen.rows(0, SIZE.cols).map(|row| row.trim_end().to_owned()).collect();
        assert_eq!(rows, ["plaid", "", "   日x語 wide", "               right"]);
        let cell = screen.cell(2, 3).unwrap();
        assert!(cell.bold() && cell.inverse());
        assert_eq!(cell.fgcolor(), vt100::Color::Idx(99));
        assert!(!screen.cell(3, 15).unwrap().bold());
        assert!(screen.hide_cursor());
    }

    /// What each cell looks like; a cell written with a blank looks like one never written.
    fn looks(terminal: &vt100::Parser) -> Vec<(String, vt100::Color, vt100::Color)> {
        let cells = (0..SIZE.rows).flat_map(|y| (0..SIZE.cols).map(move |x| (y, x)));
        let look = |(y, x)| {
            let cell = terminal.screen().cell(y, x).unwrap();
            let text = if cell.has_contents() { cell.contents() } else { " " };
            (text.to_owned(), cell.fgcolor(), cell.bgcolor())
        };
        cells.map(look).collect()
    }

    /// Frames of lines, the way a log has them.
    fn lines<'a>(rows: &[&'a str]) -> Vec<(u16, u16, &'a str, Style)> {
        let style = Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Rgb(4, 5, 6));
        rows.iter().enumerate().map(|(y, text)| (0, y as u16, *text, style)).collect()
    }

    #[test]
    fn blanks_to_the_edge_are_erased_where_that_keeps_their_colour() {
        let style = Style::new().bg(Color::Rgb(4, 5, 6));
        let full: &[(u16, u16, &str, Style)] = &[(0, 1, "a whole line of text", style)];
        let short: &[(u16, u16, &str, Style)] = &[(0, 1, "a whole             ", style)];
        let sent = |term: &str| {
            let (mut screen, mut terminal, mut last) = (Screen::new(SIZE, term), blank(), Vec::new());
            for frame in [full, short] {
                last.clear();
                let draw = |buf: &mut Buffer| {
                    for (x, y, text, style) in frame {
                        buf.set_string(*x, *y, text, *style);
                    }
                    None
                };
                screen.draw(&mut last, draw).unwrap();
                terminal.process(&last);
            }
            (looks(&terminal), last.len())
        };
        let (erased, few) = sent("xterm-256color");
        let (written, many) = sent("screen");
        assert_eq!(erased, written);
        assert!(few < many, "{few} bytes against {many}");
    }

    #[test]
    fn a_log_that_grows_is_moved_by_the_terminal() {
        let before = lines(&["12:00:01 one", "12:00:02 two", "12:00:03 three", "12:00:04 four"]);
        let after = lines(&["12:00:02 two", "12:00:03 three", "12:00:04 four", "12:00:05 five"]);
        let (terminal, bytes) = play(&[&before, &after]);
        let (fresh, _) = play(&[&after]);
        assert_eq!(looks(&terminal), looks(&fresh));
        assert!(bytes.len() < 80, "{} bytes: {:?}", bytes.len(), String::from_utf8_lossy(&bytes));
        let (back, bytes) = play(&[&after, &before]);
        assert_eq!(back.screen().contents(), play(&[&before]).0.screen().contents());
        assert!(bytes.len() < 80, "{} bytes: {:?}", bytes.len(), String::from_utf8_lossy(&bytes));
    }

    proptest::proptest! {
        #[test]
        fn whatever_moves_the_terminal_shows_the_last_frame(
            a in proptest::collection::vec(0usize..6, 4),
            b in proptest::collection::vec(0usize..6, 4),
            c in proptest::collection::vec(0usize..6, 4),
        ) {
            let words = ["", "alpha", "beta", "gamma 日本", "delta", "a whole line of text"];
            let frame = |rows: &[usize]| lines(&rows.iter().map(|&i| words[i]).collect::<Vec<_>>());
            let (a, b, c) = (frame(&a), frame(&b), frame(&c));
            let (terminal, _) = play(&[&a, &b, &c]);
            let (fresh, _) = play(&[&c]);
            proptest::prop_assert_eq!(looks(&terminal), looks(&fresh));
        }
    }

    #[test]
    fn every_style_arrives_whatever_the_one_before() {
        let styles = [
            Style::new(),
            Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
            Style::new().fg(Color::Red),
            Style::new().bg(Color::LightBlue).add_modifier(Modifier::DIM | Modifier::UNDERLINED),
            Style::new().fg(Color::Rgb(9, 8, 7)).add_modifier(Modifier::ITALIC),
            Style::new().fg(Color::DarkGray).bg(Color::Indexed(200)),
        ];
        for a in styles {
            for b in styles {
                let (terminal, _) = play(&[&[(0, 0, "a", a), (1, 0, "b", b)]]);
                let alone = play(&[&[(1, 0, "b", b)]]).0;
                assert_eq!(terminal.screen().cell(0, 1), alone.screen().cell(0, 1), "{a:?} then {b:?}");
            }
        }
    }

    #[test]
    fn the_cursor_is_where_text_is_typed() {
        let mut screen = Screen::new(SIZE, "xterm-256color");
        let mut terminal = blank();
        let mut bytes = Vec::new();
        screen.draw(&mut bytes, |_| Some(Position::new(4, 2))).unwrap();
        terminal.process(&bytes);
        assert!(!terminal.screen().hide_cursor());
        assert_eq!(terminal.screen().cursor_position(), (2, 4));
        bytes.clear();
        screen.draw(&mut bytes, |_| Some(Position::new(4, 2))).unwrap();
        assert!(bytes.is_empty());
    }
}
