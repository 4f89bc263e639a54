//! JSON as it leaves qd: what a terminal could take for a command or a trick is escaped.
//!
//! Text is sanitised where it enters, but JSON may carry raw engine answers too; `\u009b` says
//! the same as the raw byte to every JSON reader and nothing at all to a terminal.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use super::exit::CliError;

/// Write `value` on one line.
pub(super) fn line(out: &mut impl Write, value: &impl Serialize) -> Result<(), CliError> {
    write(&mut *out, value, Safe(CompactFormatter))?;
    out.write_all(b"\n")?;
    Ok(())
}

/// Write `value` indented, for humans and machines.
pub(super) fn pretty(out: &mut impl Write, value: &impl Serialize) -> Result<(), CliError> {
    write(&mut *out, value, Safe(PrettyFormatter::new()))?;
    out.write_all(b"\n")?;
    Ok(())
}

fn write<W: Write, F: Formatter>(out: W, value: &impl Serialize, format: F) -> Result<(), CliError> {
    let mut serializer = serde_json::Serializer::with_formatter(out, format);
    value.serialize(&mut serializer).map_err(|e| match e.io_error_kind() {
        Some(kind) => io::Error::from(kind).into(),
        None => CliError::failed(
            format!("cannot write JSON: {e}"),
            "This is a fault of quarterdeck; please report it.",
        ),
    })
}

/// Characters that are legal in JSON but move, hide or reorder what a terminal shows.
fn is_tricky(c: char) -> bool {
    matches!(c,
        '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A formatter that escapes [`is_tricky`] characters and leaves layout to the one inside.
struct Safe<F>(F);

impl<F: Formatter> Formatter for Safe<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // Nearly all text is plain: one look tells.
        if fragment.bytes().all(|b| b < 0x7f) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|&(_, c)| is_tricky(c)) {
            let (before, after) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            write!(writer, "\\u{:04x}", u32::from(c))?;
            rest = after.get(c.len_utf8()..).unwrap_or("");
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_key(writer)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn tricks_are_escaped_and_nothing_is_lost() {
        let hostile = "a\u{9b}31mb\u{202e}c\u{1b}]0;x\u{7}d\u{7f}é数";
        let mut out = Vec::new();
        line(&mut out, &serde_json::json!({ "k\u{9b}": [hostile, 1] })).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.trim_end().chars().any(|c| c.is_control() || is_tricky(c)), "{text:?}");
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back["k\u{9b}"][0], hostile);
    }

    #[test]
    fn pretty_is_indented() {
        let mut out = Vec::new();
        pretty(&mut out, &serde_json::json!({ "a": [1] })).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "{\n  \"a\": [\n    1\n  ]\n}\n");
    }
}
