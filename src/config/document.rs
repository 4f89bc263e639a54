//! A TOML file with its places: every key and value knows its line, so every mistake can be
//! reported, all in one go.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Problems, quote};
use crate::text::sanitize;

/// A file being read: its text, and the mistakes found so far.
pub(super) struct Document<'t> {
    file: &'t str,
    text: &'t str,
    /// Mistakes so far, in the order they were found.
    pub(super) problems: Vec<Problem>,
}

/// An entry of a table: a key, its value, and where both are.
pub(super) struct Entry<'d, 't> {
    pub(super) key: &'d str,
    pub(super) key_at: Range<usize>,
    pub(super) value: &'d DeValue<'t>,
    pub(super) value_at: Range<usize>,
}

/// `inherits = "name"`, and where it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inherits {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl<'t> Document<'t> {
    /// Begins to read `text`, called `file` in problems.
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, problems: Vec::new() }
    }

    /// The tree. What is no TOML becomes a problem; the rest of the tree is still usable, but
    /// incomplete, so callers stop after it.
    pub(super) fn parse(&mut self) -> Option<DeTable<'t>> {
        let (tree, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let what = error.message();
            let remedy = if what.contains("duplicate key") {
                "keep one of the two"
            } else {
                "write it as TOML: `key = \"value\"`, `[table]`"
            };
            self.at(error.span().unwrap_or(0..0), sanitize::label(what, 200).to_string(), remedy);
        }
        errors.is_empty().then(|| tree.into_inner())
    }

    /// Line and column of a place, both from 1.
    pub(super) fn place(&self, at: &Range<usize>) -> (usize, usize) {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line = line_of(before.as_bytes());
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }

    /// Notes a mistake at a place.
    pub(super) fn at(&mut self, at: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) {
        let (line, column) = self.place(&at);
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line,
            column,
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// All mistakes in the order of the file, if there were any.
    pub(super) fn finish(mut self) -> Result<(), Problems> {
        self.problems.sort_by_key(|p| (p.line, p.column));
        if self.problems.is_empty() { Ok(()) } else { Err(Problems(self.problems)) }
    }

    /// The value as text, or a problem.
    pub(super) fn string<'d>(&mut self, entry: &Entry<'d, '_>) -> Option<&'d str> {
        let text = entry.value.as_str();
        if text.is_none() {
            let key = quote(entry.key);
            self.at(
                entry.value_at.clone(),
                format!("{key} is {}, not text", article(entry.value)),
                "put it in \"quotes\"",
            );
        }
        text
    }

    /// The value as the name of what is inherited.
    pub(super) fn inherits(&mut self, entry: &Entry<'_, '_>) -> Option<Inherits> {
        let name = self.string(entry)?.to_owned();
        let (line, column) = self.place(&entry.value_at);
        Some(Inherits { name, line, column })
    }

    /// The value as a table, or a problem.
    pub(super) fn table<'d, 'v>(&mut self, entry: &Entry<'d, 'v>) -> Option<&'d DeTable<'v>> {
        let table = entry.value.as_table();
        if table.is_none() {
            let key = quote(entry.key);
            self.at(
                entry.value_at.clone(),
                format!("{key} is {}, not a table", article(entry.value)),
                format!("write `[{}]` on a line of its own", key.trim_matches('`')),
            );
        }
        table
    }
}

/// The line, from 1, that follows this much text.
pub(super) fn line_of(before: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', before).count() + 1
}

/// The entries of a table in the order they are written.
pub(super) fn entries<'d, 't>(table: &'d DeTable<'t>) -> Vec<Entry<'d, 't>> {
    let mut all: Vec<_> = table
        .iter()
        .map(|(key, value): (&Spanned<_>, &Spanned<_>)| Entry {
            key: key.get_ref(),
            key_at: key.span(),
            value: value.get_ref(),
            value_at: value.span(),
        })
        .collect();
    all.sort_by_key(|e| e.key_at.start);
    all
}

/// "a string", "an integer": what a value is, in a sentence.
pub(super) fn article(value: &DeValue<'_>) -> String {
    let name = value.type_str();
    let article = if name.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {name}")
}
