//! Free text: URLs, headers, `name=value` anywhere in it.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{MASK, is_path, is_secret_name, is_secret_value};

/// A regular expression of ours; that it compiles is tested. (Never matching is the fallback,
/// because a masker must not be the reason for a crash.)
fn regex(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

/// `Authorization: Bearer x`, `Cookie: x`, `X-Api-Key: x`: everything up to the quote or line end.
static HEADER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r#"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key|api-key|x-auth-token|x-access-token|x-csrf-token)(["']?\s*[:=]\s*["']?)([^"'\r\n]+)"#,
    )
});
/// `Bearer x` wherever it stands.
static BEARER: LazyLock<Option<Regex>> = LazyLock::new(|| regex(r"(?i)\b(bearer\s+)([a-z0-9._~+/=-]{8,})"));
/// `name=value`, `name = "value"`, `"name": "value"`.
static PAIR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(r#"([A-Za-z0-9_.-]{2,64})(["']?\s?=\s?|["']\s?:\s?|: )("[^"\r\n]*"?|'[^'\r\n]*'?|[^\s"'&,;)}\]]+)"#)
});
/// Names after which `: ` (as in prose) introduces a secret; with `=` or quotes far more do.
static PROSE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(r"(?i)(?:password|passwd|passphrase|secret|api[_-]?key|access[_-]?key|private[_-]?key)$")
});
/// Words that announce themselves as tokens.
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| regex(r"[A-Za-z0-9_][A-Za-z0-9_.+/=-]{15,}"));

/// A free text (an error, a health check's output, a label) with secrets masked: credentials in
/// URLs (the rest of the URL stays), auth headers, bearer tokens, `password=…` and the like.
pub fn text(text: &str) -> String {
    let mut out = urls(text);
    out = replace(&HEADER, out, |c| Some(format!("{}{}{MASK}", group(c, 1), group(c, 2))));
    out = replace(&BEARER, out, |c| Some(format!("{}{MASK}", group(c, 1))));
    out = replace(&PAIR, out, |c| {
        let (name, between, value) = (group(c, 1), group(c, 2), group(c, 3));
        let prose = between == ": ";
        let named =
            if prose { PROSE.as_ref().is_some_and(|r| r.is_match(name)) } else { is_secret_name(name) };
        let bare = value.trim_matches(['"', '\'']);
        if !named || bare.is_empty() || is_path(bare) || bare == MASK {
            return None;
        }
        let quote = value.chars().next().filter(|q| matches!(q, '"' | '\'')).map_or("", |q| match q {
            '"' => "\"",
            _ => "'",
        });
        let close = if value.len() > 1 && value.ends_with(['"', '\'']) { quote } else { "" };
        Some(format!("{name}{between}{quote}{MASK}{close}"))
    });
    replace(&WORD, out, |c| is_secret_value(group(c, 0)).then(|| MASK.to_owned())).into_owned()
}

fn group<'c>(captures: &'c Captures<'_>, n: usize) -> &'c str {
    captures.get(n).map_or("", |m| m.as_str())
}

/// Replaces every match for which `by` has something better.
fn replace<'t>(
    regex: &LazyLock<Option<Regex>>,
    text: Cow<'t, str>,
    by: impl Fn(&Captures<'_>) -> Option<String>,
) -> Cow<'t, str> {
    let Some(regex) = &**regex else { return text };
    if !regex.is_match(&text) {
        return text;
    }
    regex
        .replace_all(&text, |c: &Captures<'_>| by(c).unwrap_or_else(|| group(c, 0).to_owned()))
        .into_owned()
        .into()
}

/// Masks the credentials of every URL in a text.
fn urls(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let start = at + 3;
        out.push_str(rest.get(..start).unwrap_or(""));
        rest = rest.get(start..).unwrap_or("");
        let run = rest.get(..run_end(rest)).unwrap_or("");
        if let Some(end) = userinfo_end(run) {
            let info = run.get(..end).unwrap_or("");
            match info.split_once(':') {
                Some((user, "")) => {
                    out.push_str(user);
                    out.push(':');
                }
                Some((user, _)) => {
                    out.push_str(user);
                    out.push(':');
                    out.push_str(MASK);
                }
                // A lone user name is none of our business, a lone token is.
                None if info.len() >= 20 || is_secret_value(info) => out.push_str(MASK),
                None => out.push_str(info),
            }
            rest = rest.get(end..).unwrap_or("");
        }
    }
    out.push_str(rest);
    out.into()
}

/// Where a URL that begins after its `://` ends: at what can't be in one, or before the next URL.
fn run_end(text: &str) -> usize {
    let end = text
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`'))
        .unwrap_or(text.len());
    let run = text.get(..end).unwrap_or(text);
    match run.find("://") {
        Some(next) => run
            .get(..next)
            .and_then(|before| before.rfind([',', ';', '|']))
            // A URL within the query of this one.
            .or_else(|| run.find(['?', '/']).filter(|at| *at < next))
            .unwrap_or(next),
        None => end,
    }
}

/// Where the user info of a URL ends (at its `@`), if it has one. Passwords are not always
/// escaped: one with a `/` in it is recognised by what stands before not being a port.
fn userinfo_end(run: &str) -> Option<usize> {
    let authority = run.find(['/', '?', '#']).unwrap_or(run.len());
    if let Some(at) = run.get(..authority)?.rfind('@') {
        return Some(at);
    }
    let (_, port) = run.get(..authority)?.split_once(':')?;
    let is_port = !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit());
    if is_port { None } else { run.rfind('@') }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_pattern_compiles() {
        for regex in [&super::HEADER, &super::BEARER, &super::PAIR, &super::PROSE, &super::WORD] {
            assert!(regex.is_some());
        }
    }
}
