//! Which lines are shown, and what is highlighted in them.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use thiserror::Error;

use super::{Level, LineRef, Stream};

/// Matches of one line that are highlighted; a hostile line can't make more work than this.
const MAX_RANGES: usize = 256;
/// A compiled pattern may take this much memory, bytes.
const MAX_PROGRAM: usize = 1 << 20;

/// A pattern that can't be used: one sentence, sanitised by the caller's input line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PatternError {
    /// Not a regular expression.
    #[error(
        "`{pattern}` is not a regular expression: {why} (write \\ before a character that is meant as it is)"
    )]
    Syntax {
        /// What was written.
        pattern: String,
        /// What is wrong with it.
        why: String,
    },
    /// It would take too much memory.
    #[error("`{pattern}` is too big a pattern: repeat less")]
    TooBig {
        /// What was written.
        pattern: String,
    },
}

/// A regular expression with smart case: without an upper-case letter it matches either case.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// [`PatternError`], a sentence for the screen.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        let upper = literal_upper(pattern);
        RegexBuilder::new(pattern).case_insensitive(!upper).size_limit(MAX_PROGRAM).build().map_or_else(
            |error| {
                let pattern = pattern.to_owned();
                Err(match error {
                    regex::Error::Syntax(text) => {
                        // The library draws a picture over several lines; the last one says why.
                        let last = text.lines().next_back().unwrap_or_default();
                        let why = last.strip_prefix("error: ").unwrap_or(last).to_owned();
                        PatternError::Syntax { pattern, why }
                    }
                    regex::Error::CompiledTooBig(_) => PatternError::TooBig { pattern },
                    _ => PatternError::Syntax { pattern, why: "it can't be compiled".into() },
                })
            },
            |regex| Ok(Self { regex }),
        )
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    /// Whether it occurs in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Where it occurs in `text`, as byte ranges; empty matches and those beyond the first 256 are
    /// left out.
    pub fn ranges<'t>(&self, text: &'t str) -> impl Iterator<Item = Range<usize>> + use<'_, 't> {
        self.regex.find_iter(text).map(|m| m.range()).filter(|r| !r.is_empty()).take(MAX_RANGES)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// Whether a pattern holds an upper-case letter that is no part of an escape (`\S`, `\W`).
fn literal_upper(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.chars().any(|c| {
        let literal = !std::mem::take(&mut escaped);
        escaped = literal && c == '\\';
        literal && c.is_uppercase()
    })
}

/// Which lines are shown. Markers always are: they say why there is nothing else.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Lines must match all of these.
    pub include: Vec<Pattern>,
    /// Lines must match none of these.
    pub exclude: Vec<Pattern>,
    /// Lines below are hidden; lines of unknown level only by more than [`Level::Info`].
    pub min_level: Level,
}

impl Filter {
    /// Adds what a person typed: a regular expression, or `!` and one that must not match. Blank
    /// text adds nothing.
    ///
    /// # Errors
    /// [`PatternError`]; the filter is then as it was.
    pub fn add(&mut self, typed: &str) -> Result<(), PatternError> {
        let (list, pattern) = match typed.strip_prefix('!') {
            Some(rest) => (&mut self.exclude, rest),
            None => (&mut self.include, typed),
        };
        if !pattern.is_empty() {
            list.push(Pattern::new(pattern)?);
        }
        Ok(())
    }

    /// Whether it shows everything.
    pub fn is_all(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty() && self.min_level <= Level::Trace
    }

    /// Whether a line is shown.
    pub fn shows(&self, line: &LineRef<'_>) -> bool {
        self.accepts(line.stream, line.level, line.text)
    }

    /// Whether a line of that stream, level and text is shown.
    pub fn accepts(&self, stream: Stream, level: Level, text: &str) -> bool {
        if stream == Stream::Marker {
            return true;
        }
        let level = if level == Level::Unknown { Level::Info } else { level };
        level >= self.min_level
            && self.include.iter().all(|p| p.is_match(text))
            && !self.exclude.iter().any(|p| p.is_match(text))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::{Filter, Pattern};
    use crate::logs::{Level, Stream};

    #[test]
    fn patterns_take_either_case_unless_they_name_one() {
        assert!(Pattern::new("error").unwrap().is_match("An ERROR"));
        assert!(!Pattern::new("Error").unwrap().is_match("an error"));
        assert!(Pattern::new(r"\Serror").unwrap().is_match("xERROR"), "an escape is not a letter");
    }

    #[test]
    fn a_bad_pattern_is_one_sentence() {
        let sentence = Pattern::new("(a").unwrap_err().to_string();
        assert!(sentence.contains("unclosed group") && !sentence.contains('\n'), "{sentence}");
        let sentence = Pattern::new("a{1000}{1000}{1000}").unwrap_err().to_string();
        assert!(sentence.contains("too big") && !sentence.contains('\n'), "{sentence}");
    }

    #[test]
    fn in_out_and_level() {
        let mut filter = Filter::default();
        assert!(filter.is_all());
        filter.add("").unwrap();
        filter.add("!").unwrap();
        assert!(filter.is_all());
        filter.add("request").unwrap();
        filter.add("!health").unwrap();
        let shows = |f: &Filter, level, text| f.accepts(Stream::Stdout, level, text);
        assert!(shows(&filter, Level::Unknown, "request /"));
        assert!(!shows(&filter, Level::Unknown, "request /health"));
        assert!(!shows(&filter, Level::Unknown, "other"));
        filter.min_level = Level::Info;
        assert!(shows(&filter, Level::Unknown, "request /"));
        assert!(!shows(&filter, Level::Debug, "request /"));
        filter.min_level = Level::Warn;
        assert!(!shows(&filter, Level::Unknown, "request /"));
        assert!(shows(&filter, Level::Error, "request /"));
        assert!(filter.accepts(Stream::Marker, Level::Unknown, "api-1 started"));
        let before = filter.clone();
        assert!(filter.add("(").is_err());
        assert_eq!(filter, before);
    }

    #[test]
    fn ranges_are_bounded_and_not_empty() {
        let all = Pattern::new("a*").unwrap();
        assert_eq!(all.ranges("baabba").collect::<Vec<_>>(), [1..3, 5..6]);
        assert_eq!(Pattern::new("a").unwrap().ranges(&"a".repeat(9999)).count(), 256);
    }
}
