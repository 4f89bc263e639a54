//! The sanitiser of logs, labels and blocks: whatever comes in, nothing that a terminal would obey
//! comes out, and passing it again changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quarterdeck::logs::flatten;
use quarterdeck::text::sanitize::{MAX_BLOCK, block, label, line};
use quarterdeck::text::{MAX_LINE, mask};
use unicode_width::UnicodeWidthStr;

/// What must never come out, written down apart from the code that decides.
fn assert_safe(text: &str, except: Option<char>) {
    let bad = text.chars().find(|&c| {
        (c.is_control() && Some(c) != except)
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}'
                | '\u{61c}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
    });
    assert!(bad.is_none(), "{bad:?} came out in {text:?}");
}

fuzz_target!(|raw: &[u8]| {
    let clean = line(raw);
    assert_safe(&clean.text, None);
    assert!(clean.text.len() <= MAX_LINE);
    let mut end = 0;
    for span in &clean.spans {
        assert!(span.start >= end && span.start < span.end, "{:?}", clean.spans);
        assert!(clean.text.get(span.start as usize..span.end as usize).is_some(), "{:?}", clean.spans);
        end = span.end;
    }
    assert_eq!(line(clean.text.as_bytes()).text, clean.text, "passing it again changes it");

    let text = String::from_utf8_lossy(raw);
    let max = usize::from(raw.first().copied().unwrap_or(0) % 40);
    let short = label(&text, max);
    assert_safe(&short, None);
    assert!(short.width() <= max, "{short:?} is wider than {max}");
    let lines = block(&text);
    assert_safe(&lines, Some('\n'));
    assert!(lines.len() <= MAX_BLOCK + '…'.len_utf8());

    // What is done to a line after that: JSON made flat, secrets masked.
    if let Some(flat) = flatten(&clean.text) {
        assert_safe(&flat.text, None);
    }
    assert_safe(&mask::text(&clean.text), None);
});
