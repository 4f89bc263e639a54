//! What the grid's filter lets through: fuzzy, in the syntax of `fzf` (`^begin`, `end$`,
//! `'literal`, `!not`, blanks for "and").
//!
//! On the service's name; with a `/` in it on `project/service`. A project's name is matched as it
//! is written, not fuzzily: in a long path almost any three letters are found somewhere.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// A filter as typed, and compiled.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    text: String,
    pattern: Option<Pattern>,
}

impl Filter {
    /// The text as typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        self.pattern.is_none()
    }

    /// Take another text. Says whether anything changed.
    pub fn set(&mut self, text: &str) -> bool {
        if text == self.text {
            return false;
        }
        text.clone_into(&mut self.text);
        let pattern = Pattern::parse(text, CaseMatching::Smart, Normalization::Smart);
        self.pattern = (!pattern.atoms.is_empty()).then_some(pattern);
        true
    }

    /// Something that can try many names one after the other; `None` when everything passes.
    pub fn sieve(&self) -> Option<Sieve<'_>> {
        let pattern = self.pattern.as_ref()?;
        Some(Sieve {
            pattern,
            on_path: self.text.contains('/'),
            positive: !pattern.atoms.iter().any(|atom| atom.negative),
            text: self.text.trim().to_lowercase(),
            matcher: Matcher::new(Config::DEFAULT),
            path: String::new(),
            chars: Vec::new(),
            indices: Vec::new(),
        })
    }
}

/// How a name passed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// The greater the better; 0 where nothing of the name matched.
    pub score: u32,
    /// Which characters of the name matched, sorted; empty for an inverse match or one in the
    /// project's name.
    pub matched: Box<[u16]>,
}

/// A filter at work. Holds the matcher's scratch memory (some 100 kB), so it lives only as long
/// as one pass over the fleet.
pub struct Sieve<'a> {
    pattern: &'a Pattern,
    on_path: bool,
    positive: bool,
    text: String,
    matcher: Matcher,
    path: String,
    chars: Vec<char>,
    indices: Vec<u32>,
}

impl Sieve<'_> {
    /// Whether a service passes; then how well, and where.
    pub fn try_service(&mut self, project: Option<&str>, name: &str) -> Option<Passed> {
        if self.on_path {
            return self.try_path(project, name);
        }
        let by_name = self.try_path(None, name);
        if by_name.is_some() || !self.positive {
            return by_name;
        }
        let project = project?.to_lowercase();
        project.contains(&self.text).then(Passed::default)
    }

    fn try_path(&mut self, project: Option<&str>, name: &str) -> Option<Passed> {
        self.path.clear();
        let mut offset = 0;
        if let Some(project) = project {
            self.path.push_str(project);
            self.path.push('/');
            offset = project.chars().count() + 1;
        }
        self.path.push_str(name);
        self.indices.clear();
        // One index a character, not a grapheme: what is drawn is counted the same way.
        self.chars.clear();
        let haystack = if self.path.is_ascii() {
            Utf32Str::Ascii(self.path.as_bytes())
        } else {
            self.chars.extend(self.path.chars());
            Utf32Str::Unicode(&self.chars)
        };
        let score = self.pattern.indices(haystack, &mut self.matcher, &mut self.indices)?;
        self.indices.sort_unstable();
        self.indices.dedup();
        let in_name = self.indices.iter().filter_map(|&i| {
            let i = (i as usize).checked_sub(offset)?;
            u16::try_from(i).ok()
        });
        Some(Passed { score, matched: in_name.collect() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Filter;

    fn try_it(text: &str, project: Option<&str>, name: &str) -> Option<Vec<u16>> {
        let mut filter = Filter::default();
        filter.set(text);
        filter.sieve().unwrap().try_service(project, name).map(|p| p.matched.to_vec())
    }

    #[test]
    fn fuzzy_finds_and_tells_where() {
        assert_eq!(try_it("pay", Some("shop"), "payment"), Some(vec![0, 1, 2]));
        assert_eq!(try_it("pms", Some("shop"), "payment-service"), Some(vec![0, 3, 8]));
        assert_eq!(try_it("xyz", Some("shop"), "payment"), None);
        assert_eq!(try_it("spy", Some("shop"), "payment"), None, "letters of the project don't count");
    }

    #[test]
    fn the_project_counts_and_marks_nothing_in_the_name() {
        assert_eq!(try_it("shop", Some("shop"), "payment"), Some(vec![]));
        assert_eq!(try_it("shop/pay", Some("shop"), "payment"), Some(vec![0, 1, 2]));
    }

    #[test]
    fn an_inverse_filter_lets_the_others_through() {
        assert_eq!(try_it("!pay", Some("shop"), "payment"), None);
        assert_eq!(try_it("!pay", Some("shop"), "orders"), Some(vec![]));
    }

    #[test]
    fn wide_and_foreign_names_are_counted_in_characters() {
        assert_eq!(try_it("b", Some("日本"), "été-b"), Some(vec![4]));
    }

    #[test]
    fn blanks_alone_filter_nothing() {
        let mut filter = Filter::default();
        assert!(filter.set("  "));
        assert!(filter.is_empty());
    }
}
