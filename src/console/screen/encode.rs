//! Cells as bytes: as few as the terminal needs, given where its pen stands and how it writes.

use std::fmt::Write as _;
use std::io::Write as _;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::scroll::Shift;

/// How the terminal's pen stands.
#[derive(Debug)]
pub(super) struct Encoder {
    /// Where the next character would land; `None` = not known.
    at: Option<(u16, u16)>,
    fg: Color,
    bg: Color,
    modifiers: Modifier,
    codes: String,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            at: None,
            fg: Color::Reset,
            bg: Color::Reset,
            modifiers: Modifier::empty(),
            codes: String::with_capacity(64),
        }
    }
}

/// What each modifier is switched on by.
const MODIFIERS: [(Modifier, &str); 8] = [
    (Modifier::BOLD, "1"),
    (Modifier::DIM, "2"),
    (Modifier::ITALIC, "3"),
    (Modifier::UNDERLINED, "4"),
    (Modifier::SLOW_BLINK, "5"),
    (Modifier::REVERSED, "7"),
    (Modifier::HIDDEN, "8"),
    (Modifier::CROSSED_OUT, "9"),
];

impl Encoder {
    /// Clear the terminal and begin from nothing.
    pub(super) fn clear(&mut self, out: &mut Vec<u8>) {
        *self = Self::default();
        out.extend_from_slice(b"\x1b[0m\x1b[2J");
    }

    /// Show or hide the cursor.
    #[allow(clippy::unused_self, reason = "everything that is written is written by the encoder")]
    pub(super) fn show_cursor(&mut self, out: &mut Vec<u8>, shown: bool) {
        out.extend_from_slice(if shown { b"\x1b[?25h" } else { b"\x1b[?25l" });
    }

    /// Move the pen.
    pub(super) fn to(&mut self, out: &mut Vec<u8>, x: u16, y: u16) {
        // Writing into a Vec can't fail.
        let _ = match self.at {
            Some(at) if at == (x, y) => Ok(()),
            Some((_, row)) if row == y => write!(out, "\x1b[{}G", x + 1),
            _ if x == 0 => write!(out, "\x1b[{}H", y + 1),
            _ => write!(out, "\x1b[{};{}H", y + 1, x + 1),
        };
        self.at = Some((x, y));
    }

    /// Let the terminal move rows. What comes in is blank in the default style.
    pub(super) fn shift(&mut self, out: &mut Vec<u8>, shift: &Shift) {
        if (self.fg, self.bg, self.modifiers) != (Color::Reset, Color::Reset, Modifier::empty()) {
            out.extend_from_slice(b"\x1b[0m");
            (self.fg, self.bg, self.modifiers) = (Color::Reset, Color::Reset, Modifier::empty());
        }
        let (top, foot) = (shift.rows.start + 1, shift.rows.end);
        // Setting a region sends the pen home, wherever that leaves it on odd terminals.
        let _ = write!(out, "\x1b[{top};{foot}r\x1b[{}H", if shift.up { foot } else { top });
        for _ in 0..shift.by {
            out.extend_from_slice(if shift.up { b"\n" } else { b"\x1bM" });
        }
        out.extend_from_slice(b"\x1b[r");
        self.at = None;
    }

    /// Write one cell; `last` is the terminal's last column.
    pub(super) fn cell(&mut self, out: &mut Vec<u8>, x: u16, y: u16, cell: &Cell, last: u16) {
        self.to(out, x, y);
        self.style(out, cell);
        let symbol = cell.symbol();
        out.extend_from_slice(symbol.as_bytes());
        let width = symbol.width() as u16;
        // Terminals disagree about how far emoji and joined characters move the pen, and at the
        // right edge it waits to wrap: say where to go next instead of guessing.
        let sure = plain(symbol) && x + width <= last;
        self.at = sure.then_some((x + width, y));
    }

    /// Erase to the right edge in the style of `cell`. The pen stays where it is.
    pub(super) fn erase(&mut self, out: &mut Vec<u8>, x: u16, y: u16, cell: &Cell) {
        self.to(out, x, y);
        self.style(out, cell);
        out.extend_from_slice(b"\x1b[K");
    }

    fn style(&mut self, out: &mut Vec<u8>, cell: &Cell) {
        if (cell.fg, cell.bg, cell.modifier) == (self.fg, self.bg, self.modifiers) {
            return;
        }
        self.codes.clear();
        // What is on and should be off: the codes for "off" are shared (22 ends bold and dim) and
        // not known everywhere; a reset is.
        if !(self.modifiers - cell.modifier).is_empty() {
            self.codes.push('0');
            self.modifiers = Modifier::empty();
            self.fg = Color::Reset;
            self.bg = Color::Reset;
        }
        let new = cell.modifier - self.modifiers;
        for (modifier, code) in MODIFIERS {
            if new.contains(modifier) {
                separate(&mut self.codes);
                self.codes.push_str(code);
            }
        }
        if new.contains(Modifier::RAPID_BLINK) {
            separate(&mut self.codes);
            self.codes.push('5');
        }
        if cell.fg != self.fg {
            separate(&mut self.codes);
            color(&mut self.codes, cell.fg, 30);
        }
        if cell.bg != self.bg {
            separate(&mut self.codes);
            color(&mut self.codes, cell.bg, 40);
        }
        (self.fg, self.bg, self.modifiers) = (cell.fg, cell.bg, cell.modifier);
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(self.codes.as_bytes());
        out.push(b'm');
    }
}

fn separate(codes: &mut String) {
    if !codes.is_empty() {
        codes.push(';');
    }
}

/// The SGR code of a colour; `base` is 30 for the foreground, 40 for the background.
fn color(codes: &mut String, color: Color, base: u8) {
    let (name, bright) = match color {
        Color::Reset => (9, false),
        Color::Black => (0, false),
        Color::Red => (1, false),
        Color::Green => (2, false),
        Color::Yellow => (3, false),
        Color::Blue => (4, false),
        Color::Magenta => (5, false),
        Color::Cyan => (6, false),
        Color::Gray => (7, false),
        Color::DarkGray => (0, true),
        Color::LightRed => (1, true),
        Color::LightGreen => (2, true),
        Color::LightYellow => (3, true),
        Color::LightBlue => (4, true),
        Color::LightMagenta => (5, true),
        Color::LightCyan => (6, true),
        Color::White => (7, true),
        Color::Indexed(n) => {
            let _ = write!(codes, "{};5;{n}", base + 8);
            return;
        }
        Color::Rgb(r, g, b) => {
            let _ = write!(codes, "{};2;{r};{g};{b}", base + 8);
            return;
        }
    };
    let _ = write!(codes, "{}", base + name + if bright { 60 } else { 0 });
}

/// Whether every terminal moves the pen by this symbol's width: one character, none of the
/// emoji or joining kind.
fn plain(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => {
            let n = u32::from(c);
            // ASCII, Latin, Greek, Cyrillic; box drawing, blocks and the geometric shapes in use.
            (0x20..0x500).contains(&n) || (0x2500..0x25fd).contains(&n) || n == 0x2026 || n == 0x2014
        }
        _ => false,
    }
}
