//! A condition's text in pieces, each with its place.

use super::condition::Slip;
use super::metric::{UNITS, Unit, suffix};
use crate::text::near::did_you_mean;
use crate::text::sanitize;

/// Longer conditions are no conditions.
const LONGEST: usize = 4096;

/// A piece of a condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// A metric's name.
    Name(&'t str),
    /// A name in quotes: taken as it is.
    Quoted(&'t str),
    /// A number, with what it measures where that was said, as written.
    Number(f64, Option<Unit>, &'t str),
    /// `>`, `>=`, `<`, `<=`, `==`, `!=`.
    Compare(Compare),
    /// `and`, `&&`.
    And,
    /// `or`, `||`.
    Or,
    /// `not`, `!`.
    Not,
    Plus,
    Minus,
    Times,
    Divide,
    Open,
    Close,
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    More,
    Least,
    Less,
    Most,
    Equal,
    Unequal,
}

/// A piece, and where it begins, in bytes.
pub(super) type Placed<'t> = (Token<'t>, usize);

/// Cut the text.
pub(super) fn lex(text: &str) -> Result<Vec<Placed<'_>>, Slip> {
    if text.len() > LONGEST {
        let what = format!("the condition is longer than {LONGEST} characters");
        return Err(Slip::new(0, what, "split it into several rules"));
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len() - rest.trim_start().len();
        if blank > 0 {
            at += blank;
            continue;
        }
        let (token, length) = next(rest, at)?;
        tokens.push((token, at));
        at += length;
    }
    Ok(tokens)
}

fn next(rest: &str, at: usize) -> Result<(Token<'_>, usize), Slip> {
    const SIGNS: &[(&str, Token<'static>)] = &[
        (">=", Token::Compare(Compare::Least)),
        ("<=", Token::Compare(Compare::Most)),
        ("==", Token::Compare(Compare::Equal)),
        ("!=", Token::Compare(Compare::Unequal)),
        ("&&", Token::And),
        ("||", Token::Or),
        (">", Token::Compare(Compare::More)),
        ("<", Token::Compare(Compare::Less)),
        ("=", Token::Compare(Compare::Equal)),
        ("!", Token::Not),
        ("+", Token::Plus),
        ("-", Token::Minus),
        ("*", Token::Times),
        ("/", Token::Divide),
        ("(", Token::Open),
        (")", Token::Close),
    ];
    if let Some((sign, token)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return Ok((token.clone(), sign.len()));
    }
    let first = rest.chars().next().unwrap_or(' ');
    if first.is_ascii_digit() || first == '.' {
        return number(rest, at);
    }
    if matches!(first, '"' | '\'' | '`') {
        return quoted(rest, first, at);
    }
    let length = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
    let word = rest.get(..length).unwrap_or_default();
    if word.is_empty() {
        let what = format!("`{}` means nothing in a condition", sanitize::label(&first.to_string(), 8));
        return Err(Slip::new(at, what, "write it like `error_rate > 5% and request_rate > 1`"));
    }
    let token = match word.to_ascii_lowercase().as_str() {
        "and" => Token::And,
        "or" => Token::Or,
        "not" => Token::Not,
        _ => Token::Name(word),
    };
    Ok((token, length))
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.')
}

fn quoted(rest: &str, quote: char, at: usize) -> Result<(Token<'_>, usize), Slip> {
    let inside = rest.get(1..).unwrap_or_default();
    match inside.find(quote) {
        Some(end) if end > 0 => Ok((Token::Quoted(inside.get(..end).unwrap_or_default()), end + 2)),
        Some(_) => Err(Slip::new(at, "the quotes hold no name", "put a metric's name in them")),
        None => Err(Slip::new(at, format!("{quote} is opened and never closed"), "close it")),
    }
}

/// A number and its unit; times may come in several: `1h30m`.
fn number(rest: &str, at: usize) -> Result<(Token<'_>, usize), Slip> {
    let (mut sum, mut unit, mut used) = (0.0, None, 0);
    loop {
        let tail = rest.get(used..).unwrap_or_default();
        let (value, length) = digits(tail, at + used)?;
        let behind = tail.get(length..).unwrap_or_default();
        // `5 m` is five minutes, `5 and` is not.
        let gap = behind.len() - behind.trim_start_matches(' ').len();
        let word = unit_word(behind.get(gap..).unwrap_or_default());
        match suffix(word) {
            Some((measures, factor)) => {
                (sum, unit, used) = (sum + value * factor, Some(measures), used + length + gap + word.len());
            }
            None if gap == 0 && !word.is_empty() => {
                const WORDS: [&str; 13] =
                    ["ms", "s", "min", "h", "d", "B", "KiB", "MiB", "GiB", "kB", "MB", "GB", "TB"];
                let shown = sanitize::label(word, 20);
                // Of one letter nothing can be told.
                let hint = if word.len() > 1 { did_you_mean(word, WORDS) } else { String::new() };
                let what = format!("`{shown}` is no unit{hint}");
                return Err(Slip::new(at + used + length, what, format!("units are {UNITS}")));
            }
            None => (sum, used) = (sum + value, used + length),
        }
        let more = rest.get(used..).is_some_and(|more| more.starts_with(|c: char| c.is_ascii_digit()));
        if unit != Some(Unit::Time) || !more {
            break;
        }
    }
    if !sum.is_finite() {
        return Err(Slip::new(at, "the number is too large", "write a smaller one"));
    }
    Ok((Token::Number(sum, unit, rest.get(..used).unwrap_or_default()), used))
}

fn unit_word(text: &str) -> &str {
    if text.starts_with('%') {
        return text.get(..1).unwrap_or_default();
    }
    let end = text.find(|c: char| !(c.is_alphabetic() || c == '_')).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn digits(text: &str, at: usize) -> Result<(f64, usize), Slip> {
    let mut length = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    // `1e3`, `2.5e-4`.
    let behind = text.get(length..).unwrap_or_default();
    if let Some(power) = behind.strip_prefix(['e', 'E']) {
        let sign = usize::from(power.starts_with(['+', '-']));
        let digits = power.get(sign..).unwrap_or_default();
        let digits = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        if digits > 0 {
            length += 1 + sign + digits;
        }
    }
    let shown = text.get(..length).unwrap_or_default();
    shown.parse().map(|value| (value, length)).map_err(|_| {
        Slip::new(at, format!("`{}` is no number", sanitize::label(shown, 20)), "write it like 1.5")
    })
}
