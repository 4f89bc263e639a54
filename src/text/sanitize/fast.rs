//! The short cut for nearly every line: printable text with, at most, colours and tabs.
//!
//! Whatever it does not know it leaves to [`super::screen`]; a property test holds the two equal.

use super::visible::{Kind, kind};
use super::{Clean, MAX_LINE, MAX_SPANS, TAB};
use crate::text::style::{self, Span, SpanStyle};

/// More parameters in one SGR than this are left to the full parser.
const MAX_PARAMS: usize = 16;

/// The sanitised line, or `None` when it needs the full parser.
pub(super) fn line(raw: &[u8]) -> Option<Clean> {
    if raw.len() > MAX_LINE {
        return None;
    }
    let text = str::from_utf8(raw).ok()?;
    let first = special(raw);
    if first == raw.len() {
        return Some(Clean { text: text.into(), spans: Box::default(), cut: false });
    }
    let mut out = String::with_capacity(raw.len() + 16);
    let mut spans: Vec<Span> = Vec::new();
    let mut style = SpanStyle::default();
    let (mut at, mut next) = (0, first);
    loop {
        let from = out.len();
        out.push_str(text.get(at..next)?);
        let Some(&byte) = raw.get(next) else {
            paint(&mut spans, from, out.len(), style);
            break;
        };
        match byte {
            b'\x1b' => {
                paint(&mut spans, from, out.len(), style);
                at = next + sgr(raw.get(next..)?, &mut style)?;
            }
            // Columns equal bytes only while everything before is ASCII.
            b'\t' if out.is_ascii() => {
                let stop = (out.len() / TAB + 1) * TAB;
                out.extend(std::iter::repeat_n(' ', stop - out.len()));
                paint(&mut spans, from, out.len(), style);
                at = next + 1;
            }
            0x80.. => {
                let rest = text.get(next..)?;
                let mut end = rest.len();
                for (offset, c) in rest.char_indices() {
                    if c.is_ascii() {
                        end = offset;
                        break;
                    }
                    if !matches!(kind(c), Kind::Plain(_)) {
                        return None;
                    }
                }
                out.push_str(rest.get(..end)?);
                paint(&mut spans, from, out.len(), style);
                at = next + end;
            }
            _ => return None,
        }
        next = at + special(raw.get(at..)?);
    }
    if out.len() > MAX_LINE {
        return None;
    }
    Some(Clean { text: out.into_boxed_str(), spans: spans.into_boxed_slice(), cut: false })
}

/// The index of the first byte that is not printable ASCII, else the length. In blocks, so that
/// the compiler can use the machine's wide registers.
pub(super) fn special(raw: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let odd = |b: &u8| b.wrapping_sub(0x20) >= 0x5f;
    let mut at = 0;
    for block in raw.chunks_exact(BLOCK) {
        if block.iter().fold(false, |any, b| any | odd(b)) {
            break;
        }
        at += BLOCK;
    }
    let rest = raw.get(at..).unwrap_or(&[]);
    at + rest.iter().position(odd).unwrap_or(rest.len())
}

/// Adds a span for `start..end`, or grows the last one.
pub(super) fn paint(spans: &mut Vec<Span>, start: usize, end: usize, style: SpanStyle) {
    if start == end || style.is_plain() {
        return;
    }
    if let Some(last) = spans.last_mut()
        && last.end as usize == start
        && last.style == style
    {
        last.end = end as u32;
    } else if spans.len() < MAX_SPANS {
        spans.push(Span { start: start as u32, end: end as u32, style });
    }
}

/// Reads `ESC [ digits and semicolons m` at the start of `raw` into `style`; how long it was.
fn sgr(raw: &[u8], style: &mut SpanStyle) -> Option<usize> {
    let body = raw.strip_prefix(b"\x1b[")?;
    let mut params = [0_u16; MAX_PARAMS];
    let mut count = 0;
    for (offset, &byte) in body.iter().enumerate() {
        let param = params.get_mut(count)?;
        match byte {
            b'0'..=b'9' => *param = param.saturating_mul(10).saturating_add(u16::from(byte - b'0')),
            b';' => count += 1,
            b'm' => {
                style::apply(style, params.get(..=count)?.chunks(1));
                return Some(2 + offset + 1);
            }
            _ => return None,
        }
    }
    None
}
