#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::{MAX_LINE, block, fast, fit, label, line, screen};
use crate::text::{Span, SpanColor, SpanStyle};

fn text(raw: impl AsRef<[u8]>) -> String {
    line(raw.as_ref()).text.into()
}

/// What must never come out, written down apart from the code that decides.
fn is_safe(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}'
                | '\u{61c}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
    })
}

#[test]
fn escape_sequences_go_with_their_payload() {
    for (raw, want) in [
        (&b"a\x1b[2Jb"[..], "ab"),
        (b"a\x1b]0;title\x07b", "ab"),
        (b"a\x1b]52;c;ZXZpbA==\x1b\\b", "ab"),
        (b"a\x1bPq#0;2;0;0;0\x1b\\b", "ab"),
        (b"a\x1b_payload\x1b\\b", "ab"),
        (b"a\x1b^payload\x1b\\b", "ab"),
        (b"a\x1bXpayload\x1b\\b", "ab"),
        (b"a\x1b(0b", "ab"),
        (b"a\x1bcb", "ab"),
        (b"a\x9b31mb", "ab"),
        (b"a\x9d0;title\x9cb", "ab"),
        (b"a\xc2\x9b31mb", "ab"),
        (b"a\xc2\x9d0;title\xc2\x9cb", "ab"),
        (b"a\xc2\x90payload\x1b\\b", "ab"),
        (b"a\x1b[", "a"),
        (b"a\x1b", "a"),
        (b"a\x1b]0;no end", "a"),
        (b"a\x1b[?25lb\x1b[?1049hc", "abc"),
        (b"\x07a\x00b\x7fc\x0e", "abc"),
        (b"\x1b]8;;https://x.example\x1b\\link\x1b]8;;\x1b\\ after", "link after"),
    ] {
        assert_eq!(text(raw), want, "{raw:?}");
    }
}

#[test]
fn shows_what_a_terminal_would_show_last() {
    for (raw, want) in [
        ("10%\r50%\r100%", "100%"),
        ("downloading\rdone", "doneloading"),
        ("downloading\r\x1b[Kdone", "done"),
        ("downloading\x1b[2K\x1b[1Gdone", "done"),
        ("abc\x08\x08X", "aXc"),
        ("abc\r\r", "abc"),
        ("a\tb", "a       b"),
        ("12345678\tb", "12345678        b"),
        ("é\tb", "é       b"),
        ("one\ntwo", "one two"),
        ("漢字\rab", "ab字"),
        ("漢字\ra", "a 字"),
        ("a\x1b[3Cb", "a   b"),
    ] {
        assert_eq!(text(raw), want, "{raw:?}");
    }
    // A few bytes must not become a screenful.
    assert!(text("\x1b[60000Cx").len() < 300);
}

#[test]
fn colours_become_spans() {
    let fg = |c| SpanStyle { fg: Some(c), ..SpanStyle::default() };
    let red = fg(SpanColor::Indexed(1));
    for raw in [
        "\x1b[31mred\x1b[0m plain",
        "\x1b[31mr\x1b[31med\x1b[m plain",
        "\x1b[31mrXd\x1b[2De\x1b[C\x1b[0m plain",
    ] {
        let clean = line(raw.as_bytes());
        assert_eq!(&*clean.text, "red plain");
        assert_eq!(&*clean.spans, [Span { start: 0, end: 3, style: red }], "{raw:?}");
    }
    for (sgr, style) in [
        ("38;5;208", fg(SpanColor::Indexed(208))),
        ("38;2;1;2;3", fg(SpanColor::Rgb(1, 2, 3))),
        ("38:2::1:2:3", fg(SpanColor::Rgb(1, 2, 3))),
        ("38:5:9", fg(SpanColor::Indexed(9))),
        ("97", fg(SpanColor::Indexed(15))),
        ("1;31", SpanStyle { bold: true, ..red }),
        ("58;5;3;31", red),
        ("8;5;31", red),
        ("7", SpanStyle { reverse: true, ..SpanStyle::default() }),
    ] {
        let clean = line(format!("\x1b[{sgr}mx").as_bytes());
        assert_eq!(&*clean.spans, [Span { start: 0, end: 1, style }], "{sgr}");
    }
}

#[test]
fn invisible_characters_become_visible() {
    assert_eq!(text("safe\u{202e}gnp.exe"), "safe<U+202E>gnp.exe");
    assert_eq!(text("a\u{200b}b\u{feff}"), "a<U+200B>b<U+FEFF>");
    assert_eq!(text("a\u{200d}b"), "a<U+200D>b");
    assert_eq!(text("👩\u{200d}💻 ok"), "👩\u{200d}💻 ok");
    assert_eq!(text("👩\u{200d}x"), "👩<U+200D>x");
    assert_eq!(text("👩\u{200d}"), "👩<U+200D>");
    assert_eq!(text("e\u{301}"), "e\u{301}");
    assert_eq!(text("\u{301}"), "\u{25cc}\u{301}");
    let tower = format!("e{}", "\u{301}".repeat(5000));
    assert!(text(&tower).len() < 64);
}

#[test]
fn bytes_that_are_no_utf8_are_replaced() {
    assert_eq!(text(b"a\xffb\xe2\x82"), "a\u{fffd}b\u{fffd}");
}

#[test]
fn long_lines_are_cut_on_a_character() {
    for unit in ["x", "é", "漢", "\u{202e}", "\x1b[31mx"] {
        let clean = line(unit.repeat(MAX_LINE + 1).as_bytes());
        assert!(clean.cut, "{unit:?}");
        assert!(clean.text.len() <= MAX_LINE);
        assert!(is_safe(&clean.text));
    }
    assert!(!line("x".repeat(MAX_LINE).as_bytes()).cut);
}

#[test]
fn labels_are_one_bounded_line() {
    assert_eq!(&*label("api", 10), "api");
    assert_eq!(&*label("a\nb\x1b[31mc\n", 10), "a bc");
    assert_eq!(&*label("0123456789", 10), "0123456789");
    assert_eq!(&*label("0123456789x", 10), "012345678…");
    assert_eq!(&*label("漢字漢字", 5), "漢字…");
    assert_eq!(&*label("x", 0), "");
    assert_eq!(fit("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
}

#[test]
fn blocks_keep_their_lines() {
    assert_eq!(block("one\r\n\x1b[31mtwo\n\nthree"), "one\ntwo\n\nthree");
    assert!(block(&"x\n".repeat(1_000_000)).ends_with('…'));
}

/// Pieces a hostile log could be made of.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        "[ -~]{0,12}".prop_map(String::into_bytes),
        "\\PC{0,6}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..6),
        ("[0-9;:?<=>]{0,9}", "[@-~]").prop_map(|(p, f)| format!("\x1b[{p}{f}").into_bytes()),
        "[0-9;:]{0,9}".prop_map(|p| format!("\x1b[{p}m").into_bytes()),
        "[0-2]?".prop_map(|p| format!("\x1b[{p}K").into_bytes()),
        ("[\\]PX^_]", "[ -~]{0,9}").prop_map(|(i, p)| format!("\x1b{i}{p}").into_bytes()),
        Just(b"\x1b\\".to_vec()),
        Just(b"\x07".to_vec()),
        (0x80_u8..=0x9f).prop_map(|b| vec![b]),
        (0x80_u8..=0x9f).prop_map(|b| vec![0xc2, b]),
        prop_oneof![Just("\r"), Just("\n"), Just("\t"), Just("\x08"), Just("\x1b")]
            .prop_map(|s| s.as_bytes().to_vec()),
        prop_oneof![
            Just("\u{202e}"),
            Just("\u{2066}"),
            Just("\u{200b}"),
            Just("\u{200d}"),
            Just("👩"),
            Just("\u{fe0f}"),
            Just("\u{301}"),
            Just("\u{1f3fd}"),
            Just("漢"),
        ]
        .prop_map(|s| s.as_bytes().to_vec()),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn check(raw: &[u8]) {
    let clean = line(raw);
    assert!(is_safe(&clean.text), "{:?}", clean.text);
    let mut end = 0;
    for span in &clean.spans {
        assert!(span.start >= end && span.start < span.end, "{:?}", clean.spans);
        assert!(clean.text.get(span.start as usize..span.end as usize).is_some());
        end = span.end;
    }
    let again = line(clean.text.as_bytes());
    assert_eq!(again.text, clean.text, "passing it again must change nothing");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn arbitrary_bytes_come_out_safe(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(&raw);
    }

    #[test]
    fn escape_soups_come_out_safe(raw in soup()) {
        check(&raw);
    }

    #[test]
    fn the_short_cut_is_only_shorter(raw in soup()) {
        if let Some(short) = fast::line(&raw) {
            prop_assert_eq!(short, screen::line(&raw));
        }
    }

    #[test]
    fn labels_fit(raw in "\\PC{0,40}", max in 0_usize..30) {
        let label = label(&raw, max);
        prop_assert!(is_safe(&label));
        prop_assert!(unicode_width::UnicodeWidthStr::width(&*label) <= max);
    }

    #[test]
    fn blocks_come_out_safe(raw in soup()) {
        let raw = String::from_utf8_lossy(&raw);
        let block = block(&raw);
        prop_assert!(block.split('\n').all(is_safe));
        prop_assert_eq!(block.matches('\n').count(), raw.matches('\n').count());
    }
}
