//! What is wrong with a file the user wrote: where, what, and what to do about it.

use std::fmt;

pub(super) use crate::text::near::did_you_mean;
use crate::text::sanitize;

/// One mistake in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as the user knows it: its path, or `keymaps/k9s.toml (shipped)`.
    pub file: String,
    /// Line, from 1; 0 = the file as a whole.
    pub line: usize,
    /// Column in characters, from 1; 0 = the line as a whole.
    pub column: usize,
    /// What is wrong, as a sentence without full stop.
    pub what: String,
    /// What to do, as a sentence without full stop; never empty.
    pub remedy: String,
}

impl Problem {
    /// A problem of a file as a whole.
    pub fn whole(file: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.into(), line: 0, column: 0, what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        write!(f, ": {}; {}", self.what, self.remedy)
    }
}

/// All mistakes found; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct Problems(pub Vec<Problem>);

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A piece of a file, safe to show in a sentence: files may come from strangers.
pub(super) fn quote(raw: &str) -> String {
    format!("`{}`", sanitize::label(raw, 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_place_what_and_remedy() {
        let mut problem = Problem::whole("a.toml", "no such thing", "remove it");
        assert_eq!(problem.to_string(), "a.toml: no such thing; remove it");
        problem.line = 3;
        assert_eq!(problem.to_string(), "a.toml:3: no such thing; remove it");
        problem.column = 7;
        assert_eq!(problem.to_string(), "a.toml:3:7: no such thing; remove it");
    }
}
