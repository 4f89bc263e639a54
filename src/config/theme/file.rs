//! Theme files: what is written, and how layers of it become one [`Theme`].
//!
//! ```toml
//! doc = "Mine"
//! inherits = "quarterdeck"
//!
//! [palette]
//! accent = "#ff8700"     # every role that uses `accent` follows
//!
//! [roles]
//! title = "accent bold"
//! selected = { bg = "accent", fg = "black" }
//! ```

use std::collections::HashMap;

use ratatui::style::{Color, Style};
use toml::de::DeTable;

use super::Depth;
use super::style::{ATTRIBUTES, Paint, Spec, colour, colour_names, read};
use super::{ROLES, Role, Theme};
use crate::config::document::{Document, Entry, Inherits, entries};
use crate::config::problem::{Problem, Problems, did_you_mean, quote};
use crate::text::sanitize;

/// One theme file as written.
#[derive(Clone, Debug)]
pub(in crate::config) struct Layer {
    /// Its file, as problems name it.
    file: String,
    /// One line about it.
    doc: Option<String>,
    /// The theme it changes.
    pub(in crate::config) inherits: Option<Inherits>,
    palette: HashMap<String, Color>,
    roles: HashMap<Role, Placed>,
}

/// A style and where it is written.
#[derive(Clone, Debug)]
struct Placed {
    spec: Spec,
    line: usize,
    column: usize,
}

impl Layer {
    /// Reads a file; all its mistakes at once.
    pub(in crate::config) fn read(file: &str, text: &str) -> Result<Self, Problems> {
        let mut document = Document::new(file, text);
        let mut layer = Self {
            file: file.to_owned(),
            doc: None,
            inherits: None,
            palette: HashMap::new(),
            roles: HashMap::new(),
        };
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
                "palette" => {
                    let table = document.table(&entry).map(entries).unwrap_or_default();
                    self.fill_palette(document, &table);
                }
                "roles" => {
                    let table = document.table(&entry).map(entries).unwrap_or_default();
                    self.fill_roles(document, &table);
                }
                key => document.at(
                    entry.key_at.clone(),
                    format!(
                        "a theme has no {}{}",
                        quote(key),
                        did_you_mean(key, ["doc", "inherits", "palette", "roles"])
                    ),
                    "it has doc, inherits, [palette] and [roles]",
                ),
            }
        }
    }

    fn fill_palette(&mut self, document: &mut Document<'_>, table: &[Entry<'_, '_>]) {
        for entry in table {
            if entry.key == "on" || ATTRIBUTES.iter().any(|(n, _)| *n == entry.key) {
                document.at(
                    entry.key_at.clone(),
                    format!("{} already means something in a style", quote(entry.key)),
                    "give the colour another name",
                );
                continue;
            }
            match colour(document, entry) {
                Some(Paint::Literal(c)) => {
                    self.palette.insert(entry.key.to_owned(), c);
                }
                Some(Paint::Named(name)) => match super::colour::literal(&name) {
                    Some(c) => {
                        self.palette.insert(entry.key.to_owned(), c);
                    }
                    None => document.at(
                        entry.value_at.clone(),
                        format!("{} is no colour{}", quote(&name), did_you_mean(&name, colour_names())),
                        "in the palette write #rrggbb, 0–255, or the name of one of the terminal's colours",
                    ),
                },
                None => {}
            }
        }
    }

    fn fill_roles(&mut self, document: &mut Document<'_>, table: &[Entry<'_, '_>]) {
        for entry in table {
            let Some(role) = Role::from_name(entry.key) else {
                let hint = did_you_mean(entry.key, Role::all().map(Role::name));
                document.at(
                    entry.key_at.clone(),
                    format!("there is no role {}{hint}", quote(entry.key)),
                    "`themes/quarterdeck.toml` lists every role",
                );
                continue;
            };
            if let Some(spec) = read(document, entry) {
                let (line, column) = document.place(&entry.value_at);
                self.roles.insert(role, Placed { spec, line, column });
            }
        }
    }
}

/// Puts layers together, the deepest first: later palettes and roles replace earlier ones, then
/// roles take their colours from the palette as it is in the end.
pub(in crate::config) fn resolve(name: &str, layers: &[Layer]) -> Result<Theme, Problems> {
    let palette = |wanted: &str| layers.iter().rev().find_map(|l| l.palette.get(wanted).copied());
    let mut styles = [Style::new(); ROLES];
    let (mut problems, mut missing) = (Vec::new(), Vec::new());
    for (role, style) in Role::all().zip(&mut styles) {
        let Some((layer, placed)) = layers.iter().rev().find_map(|l| Some((l, l.roles.get(&role)?))) else {
            missing.push(role.name());
            continue;
        };
        match placed.spec.style(palette) {
            Ok(found) => *style = found,
            Err(unknown) => {
                let known =
                    layers.iter().flat_map(|l| l.palette.keys().map(String::as_str)).chain(colour_names());
                problems.push(Problem {
                    file: layer.file.clone(),
                    line: placed.line,
                    column: placed.column,
                    what: format!("there is no colour {}{}", quote(&unknown), did_you_mean(&unknown, known)),
                    remedy: "add it to [palette], or write #rrggbb".into(),
                });
            }
        }
    }
    if !missing.is_empty() {
        let more = match missing.len().saturating_sub(5) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        missing.truncate(5);
        problems.push(Problem::whole(
            layers.last().map_or("", |l| l.file.as_str()),
            format!("the theme says nothing about {}{more}", missing.join(", ")),
            "add `inherits = \"quarterdeck\"`, or these roles",
        ));
    }
    if problems.is_empty() {
        let doc = layers.iter().rev().find_map(|l| l.doc.clone()).unwrap_or_default();
        Ok(Theme { name: name.to_owned(), doc, styles, depth: Depth::True })
    } else {
        problems.sort_by_key(|p| (p.line, p.column));
        Err(Problems(problems))
    }
}
