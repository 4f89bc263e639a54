//! Keymap files: what is written, and how layers of it become one [`Keymap`].
//!
//! ```toml
//! doc = "My keys"
//! inherits = "default"
//!
//! [grid]
//! "g p" = "next-problem"
//! "X" = "none"        # unbinds
//! ```

use std::collections::HashMap;

use toml::de::DeTable;

use super::{Binding, Chord, Context, Keymap};
use crate::action::Action;
use crate::config::document::{Document, Entry, Inherits, entries};
use crate::config::problem::{Problem, Problems, did_you_mean, quote};
use crate::text::sanitize;

/// The word that unbinds.
const NONE: &str = "none";

/// One keymap file as written.
#[derive(Clone, Debug)]
pub(in crate::config) struct Layer {
    /// Its file, as problems name it.
    file: String,
    /// One line about it.
    doc: Option<String>,
    /// The keymap it changes.
    pub(in crate::config) inherits: Option<Inherits>,
    lines: Vec<Written>,
}

/// One line of a keymap file.
#[derive(Clone, Debug)]
struct Written {
    context: Context,
    chords: Vec<Chord>,
    /// `None` unbinds.
    action: Option<Action>,
    line: usize,
    column: usize,
    /// Which layer, 0 = the deepest; set when layers are put together.
    layer: usize,
}

impl Written {
    fn name(&self) -> &'static str {
        self.action.map_or(NONE, Action::name)
    }
}

impl Layer {
    /// Reads a file; all its mistakes at once.
    pub(in crate::config) fn read(file: &str, text: &str) -> Result<Self, Problems> {
        let mut document = Document::new(file, text);
        let mut layer = Self { file: file.to_owned(), doc: None, inherits: None, lines: Vec::new() };
        if let Some(tree) = document.parse() {
            layer.fill(&mut document, &tree);
        }
        document.finish().map(|()| layer)
    }

    fn fill<'t>(&mut self, document: &mut Document<'t>, tree: &DeTable<'t>) {
        for entry in entries(tree) {
            match entry.key {
                "doc" => self.doc = document.string(&entry).map(|t| sanitize::label(t, 120).to_string()),
                "inherits" => self.inherits = document.inherits(&entry),
                key => {
                    if let Some(context) = Context::ALL.into_iter().find(|c| c.name() == key) {
                        let table = document.table(&entry).map(entries).unwrap_or_default();
                        for entry in &table {
                            self.lines.extend(line(document, context, entry));
                        }
                    } else {
                        let known = ["doc", "inherits", "global", "grid", "pane", "logs"];
                        document.at(
                            entry.key_at.clone(),
                            format!("a keymap has no {}{}", quote(key), did_you_mean(key, known)),
                            "it has doc, inherits, [global], [grid], [pane] and [logs]",
                        );
                    }
                }
            }
        }
        self.refuse_twice(document);
    }

    /// The same keys twice in one table of one file: one of the two lines would be dead. (TOML
    /// itself refuses the same spelling twice; this catches `G` and `shift-g`.)
    fn refuse_twice(&self, document: &mut Document<'_>) {
        let mut first: HashMap<(Context, &[Chord]), &Written> = HashMap::new();
        for line in &self.lines {
            if let Some(before) = first.insert((line.context, &line.chords), line) {
                document.problems.push(Problem {
                    file: self.file.clone(),
                    line: line.line,
                    column: line.column,
                    what: format!(
                        "`{}` in [{}] is bound to `{}` here and to `{}` in line {}",
                        Chord::show_sequence(&line.chords),
                        line.context.name(),
                        line.name(),
                        before.name(),
                        before.line,
                    ),
                    remedy: "keep one of the two".into(),
                });
            }
        }
    }
}

/// One `"keys" = "action"`.
fn line(document: &mut Document<'_>, context: Context, entry: &Entry<'_, '_>) -> Option<Written> {
    let chords = Chord::parse_sequence(entry.key)
        .map_err(|e| document.at(entry.key_at.clone(), e.to_string(), e.remedy()));
    let name = entry.value.as_str();
    let action = match name {
        Some(NONE) => Some(None),
        Some(name) => Action::from_name(name).map(Some),
        None => None,
    };
    if action.is_none() {
        let (what, hint) = match name {
            Some(name) => {
                let known = Action::ALL.iter().map(|a| a.name()).chain([NONE]);
                (format!("there is no action {}", quote(name)), did_you_mean(name, known))
            }
            None => (format!("{} is not bound to text", quote(entry.key)), String::new()),
        };
        document.at(
            entry.value_at.clone(),
            what + &hint,
            "bind an action that `qd keys` lists, or \"none\" to unbind",
        );
    }
    let (line, column) = document.place(&entry.key_at);
    Some(Written { context, chords: chords.ok()?, action: action?, line, column, layer: 0 })
}

/// Puts layers together, the deepest first: later ones rebind what earlier ones bound.
///
/// A sequence hidden by its own beginning (`g` over `g g`) could never be typed, so it is an
/// error, also where one of the two is inherited.
pub(in crate::config) fn resolve(name: &str, layers: &[Layer]) -> Result<Keymap, Problems> {
    let mut tables: [Vec<Written>; 4] = Default::default();
    for (depth, layer) in layers.iter().enumerate() {
        for line in &layer.lines {
            let table = &mut tables[line.context as usize];
            table.retain(|l| l.chords != line.chords);
            table.push(Written { layer: depth, ..line.clone() });
        }
    }
    // The user's own choice is shown before what it inherited.
    for table in &mut tables {
        table.sort_by_key(|l| (std::cmp::Reverse(l.layer), l.line));
    }

    let mut problems = Vec::new();
    let mut keymap = Keymap {
        name: name.to_owned(),
        doc: layers.iter().rev().find_map(|l| l.doc.clone()).unwrap_or_default(),
        bound: Default::default(),
    };
    let [global, ..] = &tables;
    for context in Context::ALL {
        let own = &tables[context as usize];
        let effective: Vec<&Written> = if context == Context::Global {
            own.iter().collect()
        } else {
            let inherited = global.iter().filter(|g| !own.iter().any(|o| o.chords == g.chords));
            own.iter().chain(inherited).collect()
        };
        hidden(layers, context, &effective, &mut problems);
        keymap.bound[context as usize] = effective
            .into_iter()
            .filter_map(|l| {
                let shown = Chord::show_sequence(&l.chords);
                Some(Binding { chords: l.chords.clone(), action: l.action?, shown })
            })
            .collect();
    }
    if keymap.keys(Context::Global, Action::Quit).is_empty() {
        let file = layers.last().map_or("", |l| l.file.as_str());
        problems.push(Problem::whole(
            file,
            "no key in [global] leaves quarterdeck",
            "bind one to `quit`, or add `inherits = \"default\"`",
        ));
    }
    if problems.is_empty() { Ok(keymap) } else { Err(Problems(problems)) }
}

/// Sequences that can't be typed because their beginning is bound.
fn hidden(layers: &[Layer], context: Context, table: &[&Written], problems: &mut Vec<Problem>) {
    let bound = || table.iter().filter(|l| l.action.is_some());
    for long in bound().filter(|l| l.chords.len() > 1) {
        for short in bound().filter(|s| s.chords.len() < long.chords.len()) {
            // Two global lines are reported once, for [global].
            let both_global = long.context == Context::Global && short.context == Context::Global;
            if !long.chords.starts_with(&short.chords) || (both_global && context != Context::Global) {
                continue;
            }
            let newer = if (long.layer, long.line) > (short.layer, short.line) { long } else { short };
            let older = if std::ptr::eq(*newer, *long) { short } else { long };
            let file = |l: &Written| layers.get(l.layer).map_or("", |f| f.file.as_str());
            let elsewhere =
                if newer.layer == older.layer { String::new() } else { format!(" of {}", file(older)) };
            let long_keys = Chord::show_sequence(&long.chords);
            problems.push(Problem {
                file: file(newer).to_owned(),
                line: newer.line,
                column: newer.column,
                what: format!(
                    "in [{}], `{}` = `{}` hides `{long_keys}` = `{}`, which could never be typed \
                     (the other is in line {}{elsewhere})",
                    context.name(),
                    Chord::show_sequence(&short.chords),
                    short.name(),
                    long.name(),
                    older.line,
                ),
                remedy: format!(
                    "choose other keys, or unbind one of the two with `\"{}\" = \"none\"` in [{}]",
                    Chord::show_sequence(&older.chords),
                    older.context.name(),
                ),
            });
        }
    }
}
