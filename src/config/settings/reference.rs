//! The documentation of the settings, out of their types: JSON schema and Markdown table.

use std::fmt::Write as _;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Settings;
use super::load::VARIABLES;

/// The JSON schema of `config.toml`, for editors and for `qd config schema`.
pub fn schema() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    // One piece, so that walking it needs no references.
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<Settings>().to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".into(), "quarterdeck's config.toml".into());
    }
    schema
}

/// The table of all settings as Markdown: key, type, default, meaning.
pub fn reference() -> String {
    let mut out = String::from("| key | type | default | what it does |\n|---|---|---|---|\n");
    for (path, property) in properties() {
        let variable = VARIABLES
            .iter()
            .find(|(_, key)| *key == path)
            .map_or_else(String::new, |(name, _)| format!(" Variable: `{name}`."));
        let default = match property.get("default") {
            None | Some(Value::Null) => "–".into(),
            Some(value) => format!("`{value}`"),
        };
        // Writing to a String can't fail.
        let _ = writeln!(
            out,
            "| `{path}` | {} | {default} | {}{variable} |",
            type_of(&property),
            doc(&property).replace('|', "\\|"),
        );
    }
    out
}

/// A right value for a key, as TOML: its example, else its default.
pub(super) fn example(path: &str) -> Option<String> {
    let (_, property) = properties().into_iter().find(|(p, _)| p == path)?;
    let value = property.pointer("/examples/0").or_else(|| property.get("default"))?;
    // JSON text, numbers, booleans and lists of them are TOML too.
    (!value.is_null()).then(|| value.to_string())
}

/// Every key with its schema, in the order of the file; defaults filled in from the root, which
/// has them all.
fn properties() -> Vec<(String, Value)> {
    let schema = schema();
    let defaults = serde_json::to_value(Settings::default()).unwrap_or_default();
    let mut out = Vec::new();
    let mut add = |path: String, default: Option<&Value>, property: &Value| {
        let mut property = property.clone();
        if let (Some(object), Some(default)) = (property.as_object_mut(), default) {
            object.insert("default".into(), default.clone());
        }
        out.push((path, property));
    };
    let children = |of: &Value| of.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    for (key, property) in children(&schema) {
        let default = defaults.get(&key);
        let section = children(&property);
        if section.is_empty() {
            add(key.clone(), default, &property);
            items(&mut add, &key, &property);
            continue;
        }
        for (name, property) in section {
            let path = format!("{key}.{name}");
            add(path.clone(), default.and_then(|d| d.get(&name)), &property);
            items(&mut add, &path, &property);
        }
    }
    out
}

/// The keys of the tables in a list, and those of the tables and lists in them.
fn items(add: &mut impl FnMut(String, Option<&Value>, &Value), path: &str, list: &Value) {
    fn keys(add: &mut impl FnMut(String, Option<&Value>, &Value), path: &str, of: &Value) {
        for (key, property) in of.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let path = format!("{path}.{key}");
            let inner = nested(property);
            if inner.is_none() {
                add(path.clone(), property.get("default"), property);
            }
            if let Some(item) = property.get("items") {
                keys(add, &format!("{path}[]"), item);
            }
            if let Some(inner) = inner {
                keys(add, &path, inner);
            }
        }
    }
    if let Some(item) = list.get("items") {
        keys(add, &format!("{path}[]"), item);
    }
}

/// The table that a key holds, be it optional or not.
fn nested(property: &Value) -> Option<&Value> {
    let choices = property.get("anyOf").and_then(Value::as_array);
    let mut all = std::iter::once(property).chain(choices.into_iter().flatten());
    all.find(|schema| schema.get("properties").is_some())
}

fn doc(property: &Value) -> String {
    let text = property.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The type in a word, or the words it may be.
fn type_of(property: &Value) -> String {
    if let Some(choices) = property.get("oneOf").or_else(|| property.get("enum")).and_then(Value::as_array) {
        let word = |c: &Value| c.get("const").unwrap_or(c).to_string();
        return choices.iter().map(|c| format!("`{}`", word(c))).collect::<Vec<_>>().join(", ");
    }
    // What may be absent is this or null.
    let choices = property.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    if let Some(one) = choices.into_iter().find(|one| one.get("oneOf").or_else(|| one.get("enum")).is_some())
    {
        return type_of(one);
    }
    let name = |t: &Value| match t.as_str() {
        Some("string") => Some("text"),
        Some("boolean") => Some("true, false"),
        Some("integer") => Some("number"),
        Some("array") => Some("list"),
        Some("object") => Some("table"),
        _ => None,
    };
    match property.get("type") {
        Some(Value::Array(types)) => types.iter().find_map(name),
        Some(one) => name(one),
        None => None,
    }
    .unwrap_or("value")
    .to_owned()
}
