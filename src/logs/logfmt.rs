//! Logfmt lines: `level=info msg="two words" port=80`.

use super::flat::{Builder, Flat, Part, part};
use super::{Level, level};

/// Flattens a line that is logfmt from its first to its last byte and names a message or a level;
/// `None` for everything else, so that prose with a `=` in it stays as it is.
pub(super) fn flatten(text: &str) -> Option<Flat> {
    let mut builder = Builder::new(level::detect(text));
    let mut rest = text.trim();
    // A cheap no for nearly every line that is not logfmt.
    if !rest.split(' ').next()?.contains('=') {
        return None;
    }
    let mut has_level = false;
    let mut pairs = 0;
    while !rest.is_empty() {
        let end = rest.find(['=', ' ', '"']).unwrap_or(rest.len());
        let (key, tail) = rest.split_at_checked(end)?;
        if key.is_empty() || !key.chars().all(|c| c.is_alphanumeric() || "_-.@/".contains(c)) {
            return None;
        }
        let (value, tail) = match tail.strip_prefix('=') {
            None if tail.starts_with('"') => return None,
            // A bare word is a flag.
            None => (String::new(), tail),
            Some(tail) => value(tail)?,
        };
        pairs += 1;
        has_level |= part(key) == Part::Level && Level::from_word(&value).is_some();
        builder.add(key.to_owned(), value);
        rest = tail.strip_prefix(' ').unwrap_or(tail).trim_start();
    }
    (pairs >= 2 && (has_level || builder.has_message())).then(|| builder.finish())
}

/// A value and what follows it.
fn value(tail: &str) -> Option<(String, &str)> {
    let Some(quoted) = tail.strip_prefix('"') else {
        let end = tail.find(' ').unwrap_or(tail.len());
        let (value, rest) = tail.split_at_checked(end)?;
        return Some((value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let rest = quoted.get(at + 1..)?;
                return (rest.is_empty() || rest.starts_with(' ')).then_some((value, rest));
            }
            '\\' => match chars.next()?.1 {
                'n' | 'r' | 't' => value.push(' '),
                other => value.push(other),
            },
            c => value.push(c),
        }
    }
    None
}
