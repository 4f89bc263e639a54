//! Styles as escape sequences, for commands that print on a terminal.
//!
//! The only place of this room that makes escape sequences, and it makes none unless told that
//! the reader is a terminal that wants colour.

use std::fmt::Write as _;

use ratatui::style::{Color, Modifier, Style};

use crate::config::{Role, Theme};
use crate::text::SpanStyle;

/// Ends every style.
pub(super) const RESET: &str = "\x1b[0m";

/// Paints text in the roles of a theme, or leaves it alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Paint {
    theme: Option<Theme>,
}

impl Paint {
    /// Paint in the roles of this theme.
    pub(super) fn new(theme: Theme) -> Self {
        Self { theme: Some(theme) }
    }

    /// Leave all text alone.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// Whether anything is painted at all.
    pub(super) fn is_on(&self) -> bool {
        self.theme.is_some()
    }

    /// The sequence that begins a role's style; empty when there is nothing to paint.
    pub(super) fn begin(&self, role: Role) -> String {
        // Plain text keeps the terminal's own colours: a command's output is part of the
        // user's scrollback, not a screen of ours.
        match &self.theme {
            Some(theme) if role != Role::Text => sgr(Style { bg: None, ..theme.style(role) }),
            _ => String::new(),
        }
    }

    /// The sequence that begins a style a log line asked for itself.
    pub(super) fn begin_span(&self, style: &SpanStyle) -> String {
        self.theme.as_ref().map(|theme| sgr(span_style(theme, style))).unwrap_or_default()
    }

    /// `text` in the style of a role.
    pub(super) fn text(&self, role: Role, text: &str) -> String {
        let begin = self.begin(role);
        if begin.is_empty() || text.is_empty() { text.to_owned() } else { format!("{begin}{text}{RESET}") }
    }
}

/// The style a log line asked for itself, in the colours the theme's terminal shows.
fn span_style(theme: &Theme, style: &SpanStyle) -> Style {
    let mut asked = Style { fg: style.fg.and_then(|c| theme.outside(c)), ..Style::new() };
    asked.bg = style.bg.and_then(|c| theme.outside(c));
    for (on, flag) in [
        (style.bold, Modifier::BOLD),
        (style.dim, Modifier::DIM),
        (style.italic, Modifier::ITALIC),
        (style.underline, Modifier::UNDERLINED),
        (style.reverse, Modifier::REVERSED),
    ] {
        if on {
            asked = asked.add_modifier(flag);
        }
    }
    asked
}

/// The sequence that switches a style on; empty for the plain style.
fn sgr(style: Style) -> String {
    let mut codes = Codes::default();
    for (flag, code) in [
        (Modifier::BOLD, 1),
        (Modifier::DIM, 2),
        (Modifier::ITALIC, 3),
        (Modifier::UNDERLINED, 4),
        (Modifier::REVERSED, 7),
        (Modifier::CROSSED_OUT, 9),
    ] {
        if style.add_modifier.contains(flag) {
            codes.push(code);
        }
    }
    if let Some(color) = style.fg {
        codes.color(color, 30);
    }
    if let Some(color) = style.bg {
        codes.color(color, 40);
    }
    codes.sequence()
}

/// SGR parameters in the making.
#[derive(Default)]
struct Codes(String);

impl Codes {
    fn push(&mut self, code: u8) {
        let separator = if self.0.is_empty() { "" } else { ";" };
        // Writing to a String can't fail.
        let _ = write!(self.0, "{separator}{code}");
    }

    /// `base` is 30 for the foreground, 40 for the background.
    fn color(&mut self, color: Color, base: u8) {
        let basic = |n: u8| if n < 8 { base + n } else { base + 60 + (n - 8) };
        match color {
            Color::Reset => self.push(base + 9),
            Color::Rgb(r, g, b) => {
                for code in [base + 8, 2, r, g, b] {
                    self.push(code);
                }
            }
            Color::Indexed(n) if n >= 16 => {
                for code in [base + 8, 5, n] {
                    self.push(code);
                }
            }
            other => self.push(basic(ansi(other))),
        }
    }

    fn sequence(self) -> String {
        if self.0.is_empty() { String::new() } else { format!("\x1b[{}m", self.0) }
    }
}

/// The number of one of the sixteen.
fn ansi(color: Color) -> u8 {
    match color {
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        Color::Indexed(n) => n.min(15),
        Color::Black | Color::Reset | Color::Rgb(..) => 0,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn styles_become_sequences() {
        assert_eq!(sgr(Style::new()), "");
        assert_eq!(sgr(Style::new().fg(Color::Red).add_modifier(Modifier::BOLD)), "\x1b[1;31m");
        assert_eq!(
            sgr(Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Indexed(200))),
            "\x1b[38;2;1;2;3;48;5;200m"
        );
        assert_eq!(sgr(Style::new().fg(Color::LightGreen).bg(Color::Reset)), "\x1b[92;49m");
        assert_eq!(sgr(Style::new().fg(Color::Indexed(9))), "\x1b[91m");
    }

    #[test]
    fn no_paint_no_escape() {
        assert_eq!(Paint::none().text(Role::Bad, "down"), "down");
    }
}
