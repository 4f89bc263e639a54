//! All mistakes of a bad `config.toml`, each with its place: the file is gone through key by key.

use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::load::{problem_of_items, problem_of_values};
use super::{Settings, schema};
use crate::config::document::{Document, Entry, article, entries};
use crate::config::problem::{Problem, Problems, did_you_mean, quote};
use crate::text::sanitize;

/// All mistakes of a bad `config.toml`.
pub(super) fn mistakes(file: &str, text: &str) -> Problems {
    let mut document = Document::new(file, text);
    if let Some(tree) = document.parse() {
        walk(&mut document, &schema(), &Trail::default(), &tree);
    }
    if let Err(problems) = document.finish() {
        return problems;
    }
    // Every part is right and the whole is not: we would rather be vague than wrong.
    let what = match toml::from_str::<Settings>(text) {
        Err(e) => sanitize::label(e.message(), 200).to_string(),
        Ok(_) => "its settings contradict each other".into(),
    };
    Problem::whole(file, what, "see `qd config schema`").into()
}

/// Where in the file a table is: the keys that lead to it.
#[derive(Clone, Default)]
struct Trail<'d>(Vec<Step<'d>>);

/// One key on the way, and whether its value is a list, of which one item is meant.
#[derive(Clone)]
struct Step<'d> {
    key: &'d str,
    in_list: bool,
}

impl<'d> Trail<'d> {
    fn then(&self, key: &'d str, in_list: bool) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step { key, in_list });
        Self(steps)
    }

    /// As a file writes it: `config.toml`, `[gate]`, `[[gate.for]]`.
    fn words(&self) -> String {
        let keys: Vec<&str> = self.0.iter().map(|step| step.key).collect();
        match self.0.last() {
            None => "config.toml".into(),
            Some(Step { in_list: true, .. }) => format!("[[{}]]", keys.join(".")),
            Some(_) => format!("[{}]", keys.join(".")),
        }
    }

    /// As the reference has it: `ui.theme`, `probe[].http`.
    fn of(&self, key: &str) -> String {
        let mut path = String::new();
        for step in &self.0 {
            path.push_str(step.key);
            path.push_str(if step.in_list { "[]." } else { "." });
        }
        path + key
    }

    /// A file with nothing in it but this value at this place.
    fn alone<'v>(&self, value: DeValue<'v>, at: &Range<usize>) -> DeTable<'v>
    where
        'd: 'v,
    {
        let mut value = value;
        let mut table = DeTable::new();
        for step in self.0.iter().rev() {
            if step.in_list {
                let mut list = DeArray::new();
                list.push(Spanned::new(at.clone(), value));
                value = DeValue::Array(list);
            }
            table = DeTable::new();
            table.insert(Spanned::new(at.clone(), step.key.into()), Spanned::new(at.clone(), value));
            value = DeValue::Table(table.clone());
        }
        table
    }
}

/// Every mistake of a table, key by key, and then of the whole.
fn walk<'d>(document: &mut Document<'_>, known: &Value, trail: &Trail<'d>, table: &'d DeTable<'_>) {
    for entry in entries(table) {
        let Some(known) = property(document, known, &entry, trail) else { continue };
        let before = document.problems.len();
        if known.get("properties").is_some() {
            let Some(section) = document.table(&entry) else { continue };
            let inner = trail.then(entry.key, false);
            walk(document, known, &inner, section);
            if document.problems.len() == before {
                // Each key is right by itself, so it is about how they go together.
                try_alone(document, trail, &entry);
            }
        } else if let Some(items) = known.get("items").filter(|items| items.get("properties").is_some())
            && let Some(list) = entry.value.as_array()
        {
            let inner = trail.then(entry.key, true);
            for item in list {
                let before = document.problems.len();
                let Some(table) = item.get_ref().as_table() else {
                    let what = format!("{} has {}, not a table", inner.words(), article(item.get_ref()));
                    document.at(item.span(), what, format!("write `{}` on a line of its own", inner.words()));
                    continue;
                };
                walk(document, items, &inner, table);
                if document.problems.len() == before {
                    let alone = inner.alone(item.get_ref().clone(), &item.span());
                    try_whole(document, &inner, alone, item.span());
                }
            }
        } else {
            try_alone(document, trail, &entry);
        }
    }
}

/// What the schema says of a key, or a problem.
fn property<'s>(
    document: &mut Document<'_>,
    schema: &'s Value,
    entry: &Entry<'_, '_>,
    trail: &Trail<'_>,
) -> Option<&'s Value> {
    let known = schema.get("properties")?.as_object()?;
    if let Some(property) = known.get(entry.key) {
        return Some(property);
    }
    let names: Vec<&str> = known.keys().map(String::as_str).collect();
    document.at(
        entry.key_at.clone(),
        format!(
            "{} has no {}{}",
            trail.words(),
            quote(entry.key),
            did_you_mean(entry.key, names.iter().copied())
        ),
        format!("it has {}", names.join(", ")),
    );
    None
}

/// Reads a file with nothing in it but this key; what is wrong then is wrong with this key.
fn try_alone(document: &mut Document<'_>, trail: &Trail<'_>, entry: &Entry<'_, '_>) {
    let mut table = DeTable::new();
    table.insert(
        Spanned::new(entry.key_at.clone(), entry.key.into()),
        Spanned::new(entry.value_at.clone(), entry.value.clone()),
    );
    let alone = if trail.0.is_empty() { table } else { trail.alone(DeValue::Table(table), &entry.value_at) };
    let (what, remedy) = match read_alone(alone, &entry.value_at) {
        Ok(settings) => match problem_of_values(&settings) {
            None => return,
            Some((what, remedy)) => (what.to_owned(), remedy.to_owned()),
        },
        Err(what) => (what, remedy(&trail.of(entry.key), entry.key)),
    };
    document.at(entry.value_at.clone(), format!("{}: {what}", quote(entry.key)), remedy);
}

/// Reads a file with nothing in it but this item of a list.
fn try_whole(document: &mut Document<'_>, trail: &Trail<'_>, alone: DeTable<'_>, at: Range<usize>) {
    let (what, remedy) = match read_alone(alone, &at) {
        // What is in a list of an item's says nothing by itself; it is told of the item.
        Ok(_) if trail.0.iter().filter(|step| step.in_list).count() > 1 => return,
        Ok(settings) => match problem_of_items(&settings) {
            None => return,
            Some(problem) => problem,
        },
        Err(what) => (what, "see `qd config schema`".into()),
    };
    document.at(at, format!("{}: {what}", trail.words()), remedy);
}

fn read_alone(table: DeTable<'_>, at: &Range<usize>) -> Result<Settings, String> {
    let from = toml::Deserializer::from(Spanned::new(at.clone(), table));
    Settings::deserialize(from).map_err(|error| {
        let first = error.message().lines().next().unwrap_or_default();
        sanitize::label(first, 200).to_string()
    })
}

/// What a right value looks like.
fn remedy(path: &str, key: &str) -> String {
    match super::reference::example(path) {
        Some(example) => format!("write it like `{key} = {example}`"),
        None => "see `qd config schema`".into(),
    }
}
