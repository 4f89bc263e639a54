//! Structured lines made readable: message first, then the fields as `key=value`.

use std::ops::Range;

use super::{Level, MAX_LINE};

/// A structured line, flattened. Sanitised again: JSON can spell any control character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flat {
    /// The level it names; [`Level::Unknown`] when it names none.
    pub level: Level,
    /// The message, then the fields: `listening port=8080 tls.cert="a b"`. Level and time are not
    /// in it.
    pub text: String,
    /// Where the message ends in `text`.
    pub message: usize,
    /// Where the field keys are in `text`, without the `=`; ascending.
    pub keys: Vec<Range<usize>>,
}

/// Flattens a line that is one JSON object (nested ones get dotted keys) or logfmt;
/// `None` for every other line.
pub fn flatten(text: &str) -> Option<Flat> {
    match text.trim_start().as_bytes().first()? {
        b'{' => super::json::flatten(text),
        _ => super::logfmt::flatten(text),
    }
}

/// What a field's key says it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Message,
    Level,
    Time,
    Field,
}

/// Which part a key names.
pub(super) fn part(key: &str) -> Part {
    let key = key.strip_prefix('@').unwrap_or(key);
    let is = |known: &[&str]| known.iter().any(|k| key.eq_ignore_ascii_case(k));
    if is(&["msg", "message", "log", "text", "event", "short_message", "body"]) {
        Part::Message
    } else if is(&[
        "level",
        "lvl",
        "severity",
        "loglevel",
        "log_level",
        "log.level",
        "levelname",
        "severity_text",
        "s",
    ]) {
        Part::Level
    } else if is(&["time", "timestamp", "ts", "t", "datetime", "date", "asctime", "eventtime", "t.$date"]) {
        Part::Time
    } else {
        Part::Field
    }
}

/// Collects parts into a [`Flat`].
#[derive(Default)]
pub(super) struct Builder {
    flat: Flat,
    fields: Vec<(String, String)>,
    message: Option<String>,
}

impl Builder {
    /// Takes the level from the whole line: [`super::level::detect`] knows how to read it.
    pub(super) fn new(level: Level) -> Self {
        Self { flat: Flat { level, ..Flat::default() }, ..Self::default() }
    }

    /// Adds one field; both texts are sanitised.
    pub(super) fn add(&mut self, key: String, value: String) {
        match part(&key) {
            Part::Message if self.message.is_none() && !value.is_empty() => self.message = Some(value),
            // The `s` of mongod is a letter; anybody else's is a field.
            Part::Level if self.flat.level != Level::Unknown && (key != "s" || value.len() <= 2) => {}
            Part::Time => {}
            _ => self.fields.push((key, value)),
        }
    }

    /// How many fields there are, the message among them.
    pub(super) fn len(&self) -> usize {
        self.fields.len() + usize::from(self.message.is_some())
    }

    pub(super) fn has_message(&self) -> bool {
        self.message.is_some()
    }

    pub(super) fn finish(mut self) -> Flat {
        let mut text = self.message.take().unwrap_or_default();
        self.flat.message = text.len();
        for (key, value) in &self.fields {
            if text.len() + key.len() + value.len() + 4 > MAX_LINE {
                text.push('…');
                break;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            let start = text.len();
            text.push_str(key);
            self.flat.keys.push(start..text.len());
            text.push('=');
            if value.is_empty() || value.contains([' ', '"', '=']) {
                text.push('"');
                text.push_str(value);
                text.push('"');
            } else {
                text.push_str(value);
            }
        }
        self.flat.text = text;
        self.flat
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::{Flat, flatten};
    use crate::logs::{Level, MAX_LINE};
    use proptest::prelude::*;

    fn keys(flat: &Flat) -> Vec<&str> {
        flat.keys.iter().map(|range| &flat.text[range.clone()]).collect()
    }

    #[test]
    fn json_becomes_message_and_fields() {
        for (raw, level, text) in [
            (
                r#"{"level":30,"time":1700000000,"pid":1,"hostname":"a","msg":"listening","port":8080}"#,
                Level::Info,
                "listening pid=1 hostname=a port=8080",
            ),
            (
                r#"{"@timestamp":"x","log.level":"ERROR","message":"no route","err":{"code":"E1","at":[1,2]}}"#,
                Level::Error,
                "no route err.code=E1 err.at=[1,2]",
            ),
            (
                r#"{"t":{"$date":"x"},"s":"I","c":"NETWORK","id":1,"msg":"ok","attr":{"n":null,"b":true}}"#,
                Level::Info,
                "ok c=NETWORK id=1 attr.n=null attr.b=true",
            ),
            (r#"{"a":"x y","b":"","c":"q\"r"}"#, Level::Unknown, r#"a="x y" b="" c="q"r""#),
            (r#"{"msg":"\u001b[31mred\u001b[0m \u202e","level":"warn"}"#, Level::Warn, "red <U+202E>"),
            (r#"{"msg":"one","message":"two"}"#, Level::Unknown, "one message=two"),
            (r#"{"msg":{"a":1}}"#, Level::Unknown, "msg.a=1"),
            ("{}", Level::Unknown, ""),
        ] {
            let flat = flatten(raw).unwrap();
            assert_eq!((flat.level, flat.text.as_str()), (level, text), "{raw}");
        }
        let flat = flatten(r#"{"msg":"m","a":{"b":1},"c":"x y"}"#).unwrap();
        assert_eq!(keys(&flat), ["a.b", "c"]);
        assert_eq!(flat.message, 1);
    }

    #[test]
    fn logfmt_becomes_message_and_fields() {
        let flat =
            flatten(r#"time="2024-01-01T00:00:00Z" level=warning msg="disk \"a\" full" used=91% free"#)
                .unwrap();
        assert_eq!((flat.level, flat.text.as_str()), (Level::Warn, r#"disk "a" full used=91% free="""#));
        assert_eq!(keys(&flat), ["used", "free"]);
        for other in [
            "",
            "plain text",
            "a=b",
            "GET /x?a=b HTTP/1.1 level",
            "retry in x=3 y=4 seconds",
            "INFO msg=hello a=b",
            "level=info msg=\"no end",
            "[1,2]",
            "{not json}",
            r#"{"a":1} trailing"#,
        ] {
            assert_eq!(flatten(other), None, "{other}");
        }
    }

    #[test]
    fn deep_and_huge_input_is_bounded() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100));
        assert!(flatten(&deep).unwrap().text.len() < deep.len());
        let deeper = format!("{}1{}", r#"{"a":"#.repeat(5000), "}".repeat(5000));
        assert_eq!(flatten(&deeper), None);
        let fields: Vec<String> = (0..20_000).map(|n| format!("\"{n}\":{n}")).collect();
        let wide = format!("{{{}}}", fields.join(","));
        assert!(flatten(&wide).unwrap().text.len() <= MAX_LINE);
    }

    proptest! {
        #[test]
        fn whatever_comes_out_is_safe(
            keys in proptest::collection::vec("\\PC{0,8}", 0..6),
            values in proptest::collection::vec(".{0,12}", 0..6),
        ) {
            let object: serde_json::Map<String, serde_json::Value> =
                keys.into_iter().zip(values.into_iter().map(Into::into)).collect();
            let flat = flatten(&serde_json::Value::Object(object).to_string()).unwrap();
            prop_assert!(!flat.text.chars().any(char::is_control), "{:?}", flat.text);
            for range in flat.keys {
                prop_assert!(flat.text.get(range).is_some());
            }
        }

        #[test]
        fn anything_is_taken(text in "\\PC{0,60}", soup in "[a-c=\"\\\\ {}:,]{0,40}") {
            let _ = (flatten(&text), flatten(&soup));
        }
    }
}
