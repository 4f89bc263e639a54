//! Sizes as people write them: `32MiB`, `500 MB`, `1g`.

use std::fmt;

use serde::de::{Error as _, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

/// Less could not hold a screen of long lines.
const MIN: u64 = 1 << 20;

const UNITS: &[(&str, u64)] = &[
    ("b", 1),
    ("", 1),
    ("kb", 1000),
    ("kib", 1 << 10),
    ("k", 1 << 10),
    ("mb", 1_000_000),
    ("mib", 1 << 20),
    ("m", 1 << 20),
    ("gb", 1_000_000_000),
    ("gib", 1 << 30),
    ("g", 1 << 30),
];

/// Bytes; `None` for what is no size or more than 64 bits hold.
pub(super) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_ascii_lowercase();
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// The shortest exact way to write it.
fn show(bytes: u64) -> String {
    let exact = [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    exact
        .iter()
        .find(|(_, f)| bytes > 0 && bytes.is_multiple_of(*f))
        .map_or_else(|| format!("{bytes}B"), |(unit, f)| format!("{}{unit}", bytes / f))
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's `with` asks for this shape
pub(super) fn serialize<S: Serializer>(bytes: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&show(*bytes))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    struct Size;
    impl Visitor<'_> for Size {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a size of at least 1MiB, such as \"32MiB\"")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<u64, E> {
            let bytes = parse(text).filter(|b| *b >= MIN);
            bytes.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
        }

        fn visit_i64<E: serde::de::Error>(self, bytes: i64) -> Result<u64, E> {
            let size = u64::try_from(bytes).ok().filter(|b| *b >= MIN);
            size.ok_or_else(|| E::invalid_value(Unexpected::Signed(bytes), &self))
        }
    }
    from.deserialize_any(Size).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("32MiB", Some(32 << 20)),
            (" 32 mib ", Some(32 << 20)),
            ("500 MB", Some(500_000_000)),
            ("1g", Some(1 << 30)),
            ("4096", Some(4096)),
            ("17179869184GiB", None),
            ("MiB", None),
            ("-1MiB", None),
            ("1.5GiB", None),
            ("12 parsecs", None),
            ("", None),
        ] {
            assert_eq!(parse(text), bytes, "{text}");
        }
    }

    proptest! {
        #[test]
        fn showing_is_the_inverse_of_reading(bytes: u64) {
            prop_assert_eq!(parse(&show(bytes)), Some(bytes));
        }
    }
}
