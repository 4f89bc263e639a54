//! The alert rules in force: the shipped ones and the user's files, and what is wrong with them.

use std::path::Path;

use super::library::read;
use super::problem::{Problem, Problems};
use super::settings::AlertSettings;
use crate::alert::{self, Parsed, Rules};
use crate::text::sanitize;

/// What the rule files come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadedRules {
    /// Every rule that can be used.
    pub rules: Rules,
    /// What is wrong with the others, and with files that can't be read.
    pub problems: Vec<Problem>,
}

/// Read every rule file the settings name, over the defaults. Never fails: a rule with a mistake is
/// left out and told.
pub fn alert_rules(settings: &AlertSettings) -> LoadedRules {
    let mut own = Parsed::default();
    let mut problems = Vec::new();
    for path in &settings.rules {
        match rules_of(path) {
            Ok((parsed, wrong)) => {
                own.rules.extend(parsed.rules);
                own.off.extend(parsed.off);
                problems.extend(wrong);
            }
            Err(Problems(wrong)) => problems.extend(wrong),
        }
    }
    let defaults = if settings.defaults { alert::default_rules() } else { Vec::new() };
    LoadedRules { rules: Rules::of(defaults, own.rules, &own.off), problems }
}

/// One file, and its mistakes.
fn rules_of(path: &Path) -> Result<(Parsed, Vec<Problem>), Problems> {
    let text = read(path)?;
    let shown = sanitize::label(&path.display().to_string(), 200).to_string();
    let parsed = alert::parse(&shown, &text);
    let wrong = problems(&shown, &parsed);
    Ok((parsed, wrong))
}

/// Mistakes as every other file's are told.
pub(super) fn problems(file: &str, parsed: &Parsed) -> Vec<Problem> {
    let problem = |mistake: &alert::Mistake| Problem {
        file: file.to_owned(),
        line: mistake.line,
        column: mistake.column,
        what: mistake.what.clone(),
        remedy: mistake.remedy.clone(),
    };
    parsed.mistakes.iter().map(problem).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn files_go_over_the_defaults_and_a_bad_one_spoils_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let good = write(
            "good.yaml",
            "alerts:\n- {name: ServiceDown, condition: health_check_failed}\n- {name: HighCpu, enabled: false}\n",
        );
        let bad = write(
            "bad.yaml",
            "alerts:\n- {name: A, condition: eror_rate > 5%}\n- {name: B, condition: cpu > 1%}\n",
        );
        let mut settings = AlertSettings {
            rules: vec![good, bad, dir.path().join("none.yaml")],
            ..AlertSettings::default()
        };
        let loaded = alert_rules(&settings);
        let names: Vec<&str> = loaded.rules.iter().map(|rule| &*rule.name).collect();
        assert!(
            names.contains(&"B") && names.contains(&"DiskFull") && !names.contains(&"HighCpu"),
            "{names:?}"
        );
        assert_eq!(names.iter().filter(|name| **name == "ServiceDown").count(), 1);
        let down = loaded.rules.iter().find(|rule| &*rule.name == "ServiceDown").unwrap();
        assert_eq!(down.condition.text(), "health_check_failed");
        let said: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 2);
        assert!(said[0].contains("bad.yaml:2:") && said[0].contains("error_rate"), "{said:?}");
        assert!(said[1].contains("none.yaml") && said[1].contains("can't be read"), "{said:?}");
        settings.defaults = false;
        assert_eq!(alert_rules(&settings).rules.len(), 2);
    }
}
