//! A number out of what a command prints.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::config::{ExecRule, Pattern};
use crate::engine::EngineError;
use crate::fleet::{Reading, SHARE};
use crate::probe::{Tools, last_line};
use crate::text::{human, sanitize};

use super::target::Target;

/// The first number there is.
static NUMBER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)").ok());

/// Run it once in the target's replica.
pub(super) async fn run(tools: &Tools, target: &Target, rule: &ExecRule) -> Result<Reading, Arc<str>> {
    let Some(replica) = &target.replica else { return Err("there is no replica to run it in".into()) };
    let limit = target.pace.timeout;
    match tools.engine().exec(replica, &rule.argv, limit).await {
        Ok(output) if output.code == 0 => {
            let unit = if is_share(rule) { SHARE } else { &rule.unit };
            let value = number(rule, &String::from_utf8_lossy(&output.stdout))?;
            Ok(Reading { name: rule.name.as_str().into(), value, unit: unit.into() })
        }
        Ok(output) => {
            let said = [&output.stderr, &output.stdout].into_iter().find_map(|said| last_line(said));
            Err(match said {
                Some(line) => format!("exit {}: {line}", output.code).into(),
                None => format!("exit {}", output.code).into(),
            })
        }
        Err(EngineError::Overran { .. }) => {
            Err(format!("no answer within {}", human::duration(limit)).into())
        }
        Err(error) => Err(sanitize::label(&error.to_string(), 120)),
    }
}

/// Whether it prints two numbers that make a share.
fn is_share(rule: &ExecRule) -> bool {
    rule.pattern
        .as_ref()
        .is_some_and(|pattern| pattern.regex().capture_names().flatten().any(|it| it == "part"))
}

/// The number a text has, by the rule's pattern.
fn number(rule: &ExecRule, text: &str) -> Result<f64, Arc<str>> {
    let regex = rule.pattern.as_ref().map(Pattern::regex).or(NUMBER.as_ref());
    let Some(found) = regex.and_then(|regex| regex.captures(text)) else {
        return Err(match rule.pattern {
            Some(_) => "what it prints does not match the pattern".into(),
            None => "it prints no number".into(),
        });
    };
    let parsed = |group: Option<regex::Match<'_>>| {
        let word = group.map_or("", |it| it.as_str());
        let value = word.trim().parse().ok().filter(|value: &f64| value.is_finite());
        value.ok_or_else(|| Arc::from(format!("\"{}\" is no number", sanitize::label(word, 40))))
    };
    if !is_share(rule) {
        return parsed(found.get(1));
    }
    let part = parsed(found.name("part"))?;
    let whole = match found.name("whole") {
        Some(whole) => parsed(Some(whole))?,
        None => part + parsed(found.name("rest"))?,
    };
    if whole > 0.0 { Ok(part / whole) } else { Err("nothing to have a share of yet".into()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn rule(exec: &str) -> ExecRule {
        let text = format!("[[metrics]]\nservice = '*'\nexec = [{{ name = 'x', argv = ['y'], {exec} }}]");
        Settings::read("c.toml", &text).unwrap().metrics.remove(0).exec.remove(0)
    }

    #[test]
    fn numbers_are_found_in_what_is_printed() {
        for (exec, text, value) in [
            ("", "42\n", Ok(42.0)),
            ("", "  (integer) 7", Ok(7.0)),
            ("", "load -1.5e3 x", Ok(-1500.0)),
            ("", "none", Err("it prints no number")),
            ("pattern = 'LAG\\s+(\\d+)'", "TOPIC LAG 12", Ok(12.0)),
            ("pattern = '(\\w+)$'", "abc", Err("\"abc\" is no number")),
            ("pattern = 'x(\\d)'", "y1", Err("what it prints does not match the pattern")),
            (
                "pattern = '(?s)hits:(?<part>\\d+).*misses:(?<rest>\\d+)'",
                "keyspace_hits:90\r\nkeyspace_misses:10\r\n",
                Ok(0.9),
            ),
            ("pattern = '(?<part>\\d+) of (?<whole>\\d+)'", "3 of 4", Ok(0.75)),
            ("pattern = '(?<part>\\d+) of (?<whole>\\d+)'", "0 of 0", Err("nothing to have a share of yet")),
        ] {
            let found = number(&rule(exec), text);
            assert_eq!(found, value.map_err(Arc::from), "{exec} {text}");
        }
    }
}
