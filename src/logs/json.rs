//! JSON lines.

use serde_json::Value;

use super::flat::{Builder, Flat};
use super::level;
use crate::text::sanitize;

/// Objects within objects that get dotted keys; what lies deeper stays JSON.
const DEPTH: usize = 6;
/// Fields of one line at most.
const FIELDS: usize = 1000;

/// Flattens a line that is one whole JSON object; `None` otherwise (also when it nests deeper than
/// the parser goes, 128).
pub(super) fn flatten(text: &str) -> Option<Flat> {
    let Value::Object(object) = serde_json::from_str(text).ok()? else { return None };
    let mut builder = Builder::new(level::detect(text.trim_start()));
    for (key, value) in object {
        field(&mut builder, &key, value, DEPTH);
    }
    Some(builder.finish())
}

fn field(builder: &mut Builder, key: &str, value: Value, depth: usize) {
    if builder.len() >= FIELDS {
        return;
    }
    match value {
        Value::Object(object) if depth > 0 && !object.is_empty() => {
            for (inner, value) in object {
                field(builder, &format!("{key}.{inner}"), value, depth - 1);
            }
        }
        Value::String(string) => builder.add(clean(key), clean(&string)),
        other => builder.add(clean(key), clean(&other.to_string())),
    }
}

fn clean(text: &str) -> String {
    sanitize::line(text.as_bytes()).text.into()
}
