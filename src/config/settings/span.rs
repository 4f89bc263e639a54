//! Spans of time as people write them: `90s`, `2m`, `500ms`, `1m 30s`.

use std::time::Duration;

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serializer};

const WANTED: &str = "a time such as \"90s\", \"2m\" or \"500ms\"";

/// A span; `None` for what is none, or negative.
pub fn parse(text: &str) -> Option<Duration> {
    let span: jiff::SignedDuration = text.trim().parse().ok()?;
    Duration::try_from(span).ok()
}

/// The shortest exact way to write it.
fn show(span: Duration) -> String {
    let ms = span.as_millis();
    match ms {
        0 => "0s".to_owned(),
        _ if ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        _ if ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
        _ => format!("{ms}ms"),
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's `with` asks for this shape
pub(in super::super) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&show(*span))
}

pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    parse(&text).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &WANTED))
}

/// The same, where it may be absent.
pub(super) mod optional {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    #[allow(clippy::ref_option)] // serde's `with` asks for this shape
    pub(in super::super) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => super::serialize(span, to),
            None => to.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        super::deserialize(from).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_shown_as_people_write_them() {
        for (text, ms, shown) in [
            ("90s", 90_000, "90s"),
            ("2m", 120_000, "2m"),
            ("500ms", 500, "500ms"),
            ("1m 30s", 90_000, "90s"),
            ("0s", 0, "0s"),
        ] {
            let span = parse(text).unwrap_or_default();
            assert_eq!((span.as_millis(), show(span).as_str()), (ms, shown), "{text}");
        }
        for bad in ["", "soon", "-5s", "12"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
