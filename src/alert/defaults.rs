//! The rules qd comes with: a file like any other, inside the binary.

use std::fmt::Write as _;

use super::{Rule, parse};
use crate::text::human;

/// The shipped rule file.
pub const DEFAULTS: &str = include_str!("default.yaml");

/// Its rules.
pub fn default_rules() -> Vec<Rule> {
    parse("default.yaml (shipped)", DEFAULTS).rules
}

/// Their table as Markdown, for the README.
pub fn defaults_markdown() -> String {
    let mut out = String::from("| rule | condition | for | severity |\n|---|---|---|---|\n");
    for rule in default_rules() {
        let span = if rule.duration.is_zero() { "at once".into() } else { human::duration(rule.duration) };
        // Writing to a String can't fail.
        let _ = writeln!(out, "| {} | `{}` | {span} | {} |", rule.name, rule.condition.text(), rule.severity);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_have_no_mistake_and_say_what_to_do() {
        let parsed = parse("default.yaml", DEFAULTS);
        assert_eq!(parsed.mistakes, []);
        assert_eq!(parsed.rules.len(), DEFAULTS.matches("- name:").count() - 1, "one is in the comment");
        for rule in parsed.rules {
            assert!(rule.description.ends_with('.'), "{}", rule.name);
        }
    }
}
