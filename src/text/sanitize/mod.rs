//! The one function every outside text passes.
//!
//! SGR becomes style; every other CSI, OSC, DCS, APC, PM, SOS, 8-bit C1 and truncated sequence
//! goes, with its payload; `\r`, backspace, tabs and line erasing are done as a terminal would, so
//! a progress bar shows its last state; bidi and zero-width controls become visible
//! (`<U+202E>`); bytes that are no UTF-8 become U+FFFD. What comes out holds no control character
//! and passing it again changes nothing.

mod fast;
mod screen;
mod visible;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::style::Span;

/// The longest line kept, bytes; what is longer is cut and says so.
pub const MAX_LINE: usize = 64 * 1024;
/// The longest block kept, bytes.
pub const MAX_BLOCK: usize = 256 * 1024;
/// Raw bytes of one line that are looked at: escape sequences and overwritten text count.
const MAX_RAW: usize = 4 * MAX_LINE;
/// Styled runs kept of one line; what comes after is plain.
const MAX_SPANS: usize = 512;
/// Columns between tab stops.
const TAB: usize = 8;

/// A line made safe.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Clean {
    /// The text, no line end, at most [`MAX_LINE`] bytes.
    pub text: Box<str>,
    /// The styles it asked for: ascending, not overlapping, on character boundaries.
    pub spans: Box<[Span]>,
    /// Whether something had to be cut off its end.
    pub cut: bool,
}

/// One line of outside text, raw, without its line end (a trailing `\r` does not matter).
pub fn line(raw: &[u8]) -> Clean {
    let mut raw = raw;
    while let [rest @ .., b'\r'] = raw {
        raw = rest;
    }
    let bounded = raw.get(..MAX_RAW).unwrap_or(raw);
    let mut clean = fast::line(bounded).unwrap_or_else(|| screen::line(bounded));
    clean.cut |= bounded.len() < raw.len();
    clean
}

/// A label: one line without styles, for names, tags, labels. Newlines become blanks; cut to
/// `max` columns (the last one is then `…`), so a 4 kB name can't eat the screen.
pub fn label(raw: &str, max: usize) -> Arc<str> {
    let raw = raw.trim_end_matches(['\n', '\r']);
    if fast::special(raw.as_bytes()) == raw.len() {
        return fit(raw, max).into();
    }
    fit(&line(raw.as_bytes()).text, max).into()
}

/// Several lines (a health check's output, an engine's words): newlines stay, every line is
/// sanitised, styles are dropped. Cut to [`MAX_BLOCK`], with `…`.
pub fn block(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len().min(MAX_BLOCK));
    for (n, piece) in raw.split('\n').enumerate() {
        let clean = line(piece.as_bytes());
        if out.len() + clean.text.len() + 1 > MAX_BLOCK {
            out.push('…');
            break;
        }
        if n > 0 {
            out.push('\n');
        }
        out.push_str(&clean.text);
    }
    out
}

/// A sanitised text cut to `max` columns; what had to be cut ends in `…`. Never splits what a
/// reader sees as one character.
pub fn fit(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max || text.width() <= max {
        return text.into();
    }
    if max == 0 {
        return "".into();
    }
    let (mut columns, mut end) = (0, 0);
    for (at, cluster) in text.grapheme_indices(true) {
        let next = columns + cluster.width();
        if next > max - 1 {
            break;
        }
        columns = next;
        end = at + cluster.len();
    }
    let mut cut = text.get(..end).unwrap_or("").to_owned();
    cut.push('…');
    cut.into()
}
