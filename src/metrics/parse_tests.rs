//! Lines good and bad; and that a bad one costs itself only, wherever it stands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Each sample as `name{label=value|…} value`.
fn read(text: &[u8]) -> (Vec<String>, Tally) {
    let mut out = Vec::new();
    let tally = parse(text, &mut |line: Line<'_>| {
        if let Line::Sample(sample) = line {
            out.push(shown(&sample));
        }
    });
    (out, tally)
}

fn shown(sample: &Sample<'_>) -> String {
    let labels: Vec<String> =
        sample.labels.iter().map(|(name, value)| format!("{name}={}", value.text())).collect();
    format!("{}{{{}}} {}", sample.name, labels.join("|"), sample.value)
}

#[test]
fn good_lines_are_read() {
    for (line, is) in [
        ("up 1", "up{} 1"),
        ("  up\t1  ", "up{} 1"),
        ("up 1\r", "up{} 1"),
        ("up{} 1.5e-3", "up{} 0.0015"),
        ("a:b_c9{x=\"1\"} -7 1395066363000", "a:b_c9{x=1} -7"),
        ("a{x=\"1\",y=\"2\",} +Inf", "a{x=1|y=2} inf"),
        ("a { x = \"1\" , y = \"2\" } -Inf", "a{x=1|y=2} -inf"),
        ("a{x=\"} # , = \\\" \"} NaN", "a{x=} # , = \" } NaN"),
        (r#"a{path="C:\\DIR\\",error="no\n\"file\""} 1"#, "a{path=C:\\DIR\\|error=no\n\"file\"} 1"),
        (r#"a{x="odd \escape\\n"} 1"#, "a{x=odd \\escape\\n} 1"),
        ("a_bucket{le=\"0.1\"} 8 1.52e9 # {trace_id=\"x}y\"} 0.05 1.5e9", "a_bucket{le=0.1} 8"),
        ("a_total 3 # {} 1", "a_total{} 3"),
        ("{\"a.b c\",x=\"1\"} 2", "a.b c{x=1} 2"),
        ("a{\"x.y\"=\"1\"} 2", "a{x.y=1} 2"),
        ("a 18446744073709551615", "a{} 18446744073709552000"),
        ("a 000000000000000000000000000000012", "a{} 12"),
    ] {
        let (out, tally) = read(line.as_bytes());
        assert_eq!(out, [is], "{line}");
        assert_eq!((tally.samples, tally.bad), (1, 0), "{line}");
    }
}

#[test]
fn what_is_no_sample_is_no_mistake() {
    let text =
        b"# HELP a What \"it\" is {\n#\n\n   \n# TYPE a gauge\n# UNIT a seconds\n# EOF\n#a 1\n# TYPE odd\n";
    assert_eq!(read(text), (Vec::new(), Tally::default()));
    let mut meta = Vec::new();
    parse(text, &mut |line: Line<'_>| meta.push(format!("{line:?}")));
    assert_eq!(
        meta,
        ["Type { family: \"a\", kind: \"gauge\" }", "Unit { family: \"a\", unit: \"seconds\" }",]
    );
}

#[test]
fn bad_lines_are_counted_and_the_first_is_told() {
    for (line, what) in [
        ("a", "it has no value"),
        ("a ", "it has no value"),
        ("a{x=\"1\"}", "it has no value"),
        ("a one", "its value is no number"),
        ("a 1 soon", "its time is no number"),
        ("a 1 2 3", "something follows its time"),
        ("a{x=\"1\" 1", "its labels are not separated by commas"),
        ("a{x=\"1", "a label's value does not end"),
        ("a{x=\"1\\\"} 1", "a label's value does not end"),
        ("a{x=1} 1", "a label's value has no quotes"),
        ("a{x} 1", "a label has no value"),
        ("a{=\"1\"} 1", "a label has no name"),
        ("a{x=\"1\"y=\"2\"} 1", "its labels are not separated by commas"),
        ("a-b 1", "its name has a character that no name has"),
        ("9a 1", "its name has a character that no name has"),
        ("<html>", "it begins with no name"),
        ("{x=\"1\"} 1", "it begins with no name"),
        ("\u{fffd} 1", "it begins with no name"),
    ] {
        let text = format!("good 1\n{line}\nbetter 2\nworse\n");
        let (out, tally) = read(text.as_bytes());
        assert_eq!(out, ["good{} 1", "better{} 2"], "{line}");
        assert_eq!((tally.bad, tally.first_bad), (2, Some((2, Bad(what)))), "{line}");
    }
}

#[test]
fn a_line_without_end_costs_no_memory_and_no_other() {
    let mut reader = Reader::default();
    let mut seen = 0;
    let mut count = |_: Line<'_>| seen += 1;
    reader.feed(b"a 1\n", &mut count);
    for _ in 0..1000 {
        reader.feed(&[b'x'; 4096], &mut count);
        assert!(reader.carry.capacity() <= 2 * MAX_LINE);
    }
    reader.feed(b"\nb 2\n", &mut count);
    let tally = reader.end(true, &mut count);
    assert_eq!((tally.samples, tally.bad), (2, 1));
    assert_eq!(tally.first_bad, Some((2, Bad("it is longer than 64 KiB"))));
    assert_eq!(seen, 2);
}

#[test]
fn of_a_text_that_was_cut_the_last_line_is_none() {
    let mut reader = Reader::default();
    let mut seen = Vec::new();
    let mut keep = |line: Line<'_>| {
        if let Line::Sample(sample) = line {
            seen.push(sample.value);
        }
    };
    reader.feed(b"a 1\na 12", &mut keep);
    reader.end(false, &mut keep);
    assert_eq!(seen, [1.0], "it was 1234 perhaps");
}

#[test]
fn of_names_nobody_wants_nothing_more_is_looked_at() {
    struct OnlyA(u32);
    impl Visit for OnlyA {
        fn wants(&mut self, name: &str) -> bool {
            name == "a"
        }
        fn line(&mut self, _: Line<'_>) {
            self.0 += 1;
        }
    }
    let mut only = OnlyA(0);
    let tally = parse(b"a 1\nb garbage\nab 2\na{} 2\n", &mut only);
    assert_eq!((only.0, tally), (2, Tally { samples: 2, ..Tally::default() }));
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        ("[a-z_:]{1,8}", vec(("[a-z]{1,4}", "[^\n\"\\\\]{0,6}"), 0..3), any::<f32>()).prop_map(
            |(name, labels, value)| {
                let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}=\"{v}\"")).collect();
                format!("{name}{{{}}} {value}", labels.join(","))
            }
        ),
        "# [A-Z]{4} [a-z]{1,5} [a-z]{1,5}",
    ]
}

proptest! {
    #[test]
    fn anything_at_all_is_read_in_any_pieces(text: Vec<u8>, cut in 1_usize..40) {
        let whole = read(&text);
        let (mut reader, mut out) = (Reader::default(), Vec::new());
        let mut keep = |line: Line<'_>| {
            if let Line::Sample(sample) = line {
                out.push(shown(&sample));
            }
        };
        for piece in text.chunks(cut) {
            reader.feed(piece, &mut keep);
        }
        let tally = reader.end(true, &mut keep);
        prop_assert_eq!((out, tally), whole);
    }

    #[test]
    fn a_bad_line_never_changes_another(lines in vec(line(), 0..12), bad: String, at: usize) {
        let bad = bad.replace('\n', " ");
        let good = read(lines.join("\n").as_bytes());
        prop_assert_eq!(good.1.bad, 0);
        let mut with = lines.clone();
        with.insert(at % (lines.len() + 1), format!("!{bad}"));
        let (out, tally) = read(with.join("\n").as_bytes());
        prop_assert_eq!((out, tally.samples, tally.bad), (good.0, good.1.samples, 1));
    }
}
