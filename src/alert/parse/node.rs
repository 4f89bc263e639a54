//! YAML as a tree in which everything knows its place, whatever it is.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::Mistake;
use crate::text::sanitize;

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1; 0 = unknown.
    pub(super) line: usize,
    /// From 1; 0 = unknown.
    pub(super) column: usize,
    /// Where it begins, and how long it is, in bytes of the text.
    pub(super) bytes: Option<(usize, usize)>,
}

impl Place {
    fn of(location: Location) -> Self {
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let span = location.span();
        Self {
            line: number(location.line()),
            column: number(location.column()),
            bytes: span.byte_offset().zip(span.byte_len()).map(|(from, len)| (number(from), number(len))),
        }
    }
}

/// A thing and its place.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) at: Place,
}

/// Anything YAML can say, as far as we ask.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Nothing,
    /// A scalar as it was written, whatever YAML takes it for.
    Text(String),
    List(Vec<At<Node>>),
    Map(Vec<(At<String>, At<Node>)>),
}

impl Node {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Nothing => "empty",
            Self::Text(_) => "one value",
            Self::List(_) => "a list",
            Self::Map(_) => "keys and values",
        }
    }
}

/// As it comes from the deserializer; what is not text has to be looked up in the source.
enum Raw {
    Nothing,
    Text(String),
    Typed(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

/// Read a text; `None` for one with nothing in it.
pub(super) fn read(text: &str) -> Result<Option<At<Node>>, Mistake> {
    let options = serde_saphyr::options! {
        // Nobody nests a rule deeper, and a file may come from a stranger.
        budget: serde_saphyr::budget! { max_depth: 24, max_documents: 1 },
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(Spanned { value: Raw::Nothing, .. }) => Ok(None),
        Ok(raw) => Ok(Some(node(raw, text))),
        Err(error) => {
            let place = error.location().map(Place::of).unwrap_or_default();
            let what = error.without_snippet().to_string();
            let what = what.lines().next().unwrap_or_default();
            Err(Mistake {
                line: place.line,
                column: place.column,
                what: format!("this is no YAML: {}", sanitize::label(what.trim_end_matches('.'), 160)),
                remedy: "write it like `- name: …`, with blanks, not tabs, before what belongs to it".into(),
            })
        }
    }
}

fn node(raw: Spanned<Raw>, text: &str) -> At<Node> {
    let at = Place::of(raw.referenced);
    let value = match raw.value {
        Raw::Nothing => Node::Nothing,
        Raw::Text(text) => Node::Text(text),
        Raw::Typed(shown) => {
            let defined = Place::of(raw.defined).bytes;
            let source = defined.and_then(|(from, length)| text.get(from..from.checked_add(length)?));
            Node::Text(source.map(str::trim).filter(|s| !s.is_empty()).map_or(shown, str::to_owned))
        }
        Raw::List(items) => Node::List(items.into_iter().map(|item| node(item, text)).collect()),
        Raw::Map(entries) => {
            let entry = |(key, value): (Spanned<String>, Spanned<Raw>)| {
                (At { at: Place::of(key.referenced), value: key.value }, node(value, text))
            };
            Node::Map(entries.into_iter().map(entry).collect())
        }
    };
    At { value, at }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Nothing)
            }
            fn visit_none<E>(self) -> Result<Raw, E> {
                Ok(Raw::Nothing)
            }
            fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Raw, D::Error> {
                from.deserialize_any(Any)
            }
            fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
                Ok(Raw::Text(text.to_owned()))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
                Ok(Raw::Typed(value.to_string()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
                Ok(Raw::Typed(value.to_string()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
                Ok(Raw::Typed(value.to_string()))
            }
            fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
                Ok(Raw::Typed(value.to_string()))
            }
            fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
                Ok(Raw::Typed(value.to_string()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
                Ok(Raw::Typed(value.to_string()))
            }
            fn visit_bytes<E>(self, value: &[u8]) -> Result<Raw, E> {
                Ok(Raw::Typed(String::from_utf8_lossy(value).into_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    all.push(item);
                }
                Ok(Raw::List(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    all.push(entry);
                }
                Ok(Raw::Map(all))
            }
        }
        from.deserialize_any(Any)
    }
}
