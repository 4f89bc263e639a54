//! Styles as theme files spell them: `"fg on bg bold underline"`, or a table.

use ratatui::style::{Color, Modifier, Style};
use toml::de::DeValue;

use super::colour::{NAMES, literal};
use crate::config::document::{Document, Entry, article, entries};
use crate::config::problem::{did_you_mean, quote};

/// The words for attributes.
pub(super) const ATTRIBUTES: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
    ("strike", Modifier::CROSSED_OUT),
];

/// A colour as written: known at once, or a name of the palette, known when layers are together.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Paint {
    /// The same in every theme.
    Literal(Color),
    /// Looked up in the palette.
    Named(String),
}

/// A style as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Spec {
    pub(super) fg: Option<Paint>,
    pub(super) bg: Option<Paint>,
    pub(super) attributes: Modifier,
}

impl Spec {
    /// The style, with the palette's colours; an unknown name is the error.
    pub(super) fn style(&self, palette: impl Fn(&str) -> Option<Color>) -> Result<Style, String> {
        let paint = |p: &Option<Paint>| match p {
            None => Ok(None),
            Some(Paint::Literal(c)) => Ok(Some(*c)),
            Some(Paint::Named(name)) => {
                palette(name).or_else(|| literal(name)).map(Some).ok_or_else(|| name.clone())
            }
        };
        Ok(Style {
            fg: paint(&self.fg)?,
            bg: paint(&self.bg)?,
            add_modifier: self.attributes,
            ..Style::new()
        })
    }
}

/// Hex and numbers mean one thing; a name may be the palette's.
fn paint(word: &str) -> Option<Paint> {
    if word.starts_with('#') || word.starts_with(|c: char| c.is_ascii_digit()) {
        literal(word).map(Paint::Literal)
    } else {
        Some(Paint::Named(word.to_owned()))
    }
}

/// Reads a role's value; mistakes are noted in `document`.
pub(super) fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> Option<Spec> {
    match entry.value {
        DeValue::String(text) => words(document, entry, text),
        DeValue::Table(_) => table(document, entry),
        other => {
            document.at(
                entry.value_at.clone(),
                format!("{} is {}, not a style", quote(entry.key), article(other)),
                "write \"colour on colour bold\", or { fg = \"…\", bg = \"…\", bold = true }",
            );
            None
        }
    }
}

/// `"fg on bg bold"`. The empty text is the plain style.
fn words(document: &mut Document<'_>, entry: &Entry<'_, '_>, text: &str) -> Option<Spec> {
    let mut spec = Spec::default();
    let mut refuse = |what: String, remedy: &str| document.at(entry.value_at.clone(), what, remedy);
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if let Some(&(_, attribute)) = ATTRIBUTES.iter().find(|(n, _)| *n == word) {
            spec.attributes |= attribute;
            continue;
        }
        let (slot, word) = if word == "on" {
            let Some(word) = words.next() else {
                refuse("no colour after `on`".into(), "name the background, like `on black`");
                return None;
            };
            (&mut spec.bg, word)
        } else {
            (&mut spec.fg, word)
        };
        if slot.is_some() {
            let hint = did_you_mean(word, ATTRIBUTES.iter().map(|(n, _)| *n));
            refuse(
                format!("{} is one colour too many{hint}", quote(word)),
                "write one colour, `on`, one colour, and any of bold, dim, italic, underline, reverse, strike",
            );
            return None;
        }
        *slot = paint(word);
        if slot.is_none() {
            refuse(format!("{} is no colour", quote(word)), "write #rrggbb, 0–255, or a name");
            return None;
        }
    }
    Some(spec)
}

/// `{ fg = "…", bg = "…", bold = true }`.
fn table(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> Option<Spec> {
    let mut spec = Spec::default();
    let before = document.problems.len();
    for field in &document.table(entry).map(entries).unwrap_or_default() {
        if let "fg" | "bg" = field.key {
            let colour = colour(document, field);
            *(if field.key == "fg" { &mut spec.fg } else { &mut spec.bg }) = colour;
        } else if let Some(&(_, attribute)) = ATTRIBUTES.iter().find(|(n, _)| *n == field.key) {
            match field.value.as_bool() {
                Some(on) => spec.attributes.set(attribute, on),
                None => document.at(
                    field.value_at.clone(),
                    format!("{} is {}", quote(field.key), article(field.value)),
                    "write true or false",
                ),
            }
        } else {
            let known = ATTRIBUTES.iter().map(|(n, _)| *n).chain(["fg", "bg"]);
            document.at(
                field.key_at.clone(),
                format!("a style has no {}{}", quote(field.key), did_you_mean(field.key, known)),
                "it has fg, bg, bold, dim, italic, underline, reverse and strike",
            );
        }
    }
    (document.problems.len() == before).then_some(spec)
}

/// A colour by itself: text, or 0–255 without quotes.
pub(super) fn colour(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> Option<Paint> {
    let text = match entry.value {
        DeValue::Integer(i) if i.radix() == 10 => i.as_str(),
        _ => document.string(entry)?,
    };
    let colour = paint(text.trim());
    if colour.is_none() || text.trim().contains(char::is_whitespace) {
        document.at(
            entry.value_at.clone(),
            format!("{} is no colour", quote(text)),
            "write #rrggbb, 0–255, or a name",
        );
        return None;
    }
    colour
}

/// Every word a colour may be, for suggestions.
pub(super) fn colour_names<'a>() -> impl Iterator<Item = &'a str> {
    NAMES.iter().map(|(n, _)| *n)
}
