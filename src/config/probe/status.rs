//! Which HTTP status codes pass: `200-399`, `200,204`, `2xx`.

use std::fmt;

use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const WANTED: &str = "status codes such as \"200-399\", \"200,204\" or \"2xx\"";

/// Ranges of status codes, each first to last, both included, 100–599.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusRanges(Vec<(u16, u16)>);

impl StatusRanges {
    /// Whether a code is among them.
    pub fn has(&self, code: u16) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&code))
    }

    /// As people write them; `None` for what makes no sense.
    pub fn parse(text: &str) -> Option<Self> {
        let all: Option<Vec<_>> = text.split(',').map(|part| range(part.trim())).collect();
        all.map(Self)
    }
}

fn range(text: &str) -> Option<(u16, u16)> {
    let code = |text: &str| text.trim().parse().ok().filter(|code| (100..=599).contains(code));
    if let Some(class) = text.strip_suffix("xx") {
        let class: u16 = class.parse().ok().filter(|class| (1..=5).contains(class))?;
        return Some((class * 100, class * 100 + 99));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (code(first)?, code(last)?);
    (first <= last).then_some((first, last))
}

impl Default for StatusRanges {
    /// What is no error.
    fn default() -> Self {
        Self(vec![(200, 399)])
    }
}

impl fmt::Display for StatusRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (first, last)) in self.0.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

impl Serialize for StatusRanges {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StatusRanges {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader)
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = StatusRanges;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WANTED)
    }

    fn visit_i64<E: serde::de::Error>(self, code: i64) -> Result<StatusRanges, E> {
        StatusRanges::parse(&code.to_string())
            .ok_or_else(|| E::invalid_value(Unexpected::Signed(code), &self))
    }

    fn visit_u64<E: serde::de::Error>(self, code: u64) -> Result<StatusRanges, E> {
        StatusRanges::parse(&code.to_string())
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(code), &self))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<StatusRanges, E> {
        StatusRanges::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_lists_and_classes() {
        for (text, shown, yes, no) in [
            ("200-399", "200-399", 301, 404),
            ("2xx", "200-299", 204, 300),
            ("200, 204", "200,204", 204, 201),
            ("401", "401", 401, 200),
            ("2xx,418", "200-299,418", 418, 417),
        ] {
            let ranges = StatusRanges::parse(text).unwrap_or_default();
            assert_eq!(ranges.to_string(), shown);
            assert!(ranges.has(yes) && !ranges.has(no), "{text}");
        }
        for bad in ["", "ok", "20", "600", "399-200", "6xx", "200-", "200,"] {
            assert_eq!(StatusRanges::parse(bad), None, "{bad}");
        }
    }
}
