#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

/// The very file of the storefront platform.
const STOREFRONT: &str = "\
alerts:
  - name: HighErrorRate
    condition: error_rate > 5%
    duration: 5m
    severity: critical
  - name: HighResponseTime
    condition: p95_response_time > 1s
    duration: 10m
    severity: warning
  - name: ServiceDown
    condition: health_check_failed
    duration: 1m
    severity: critical
";

/// `line:column what` of every mistake, and the names of the rules read.
fn told(text: &str) -> (Vec<String>, Vec<String>) {
    let parsed = parse("rules.yaml", text);
    let mistake = |m: &Mistake| {
        assert!(!m.remedy.is_empty(), "{m:?}");
        format!("{}:{} {}", m.line, m.column, m.what)
    };
    let name = |rule: &Rule| rule.name.to_string();
    (parsed.mistakes.iter().map(mistake).collect(), parsed.rules.iter().map(name).collect())
}

#[test]
fn the_rules_operators_have_are_read_as_written() {
    let parsed = parse("rules.yaml", STOREFRONT);
    assert_eq!(parsed.mistakes, []);
    let read: Vec<_> = parsed
        .rules
        .iter()
        .map(|rule| {
            (&*rule.name, rule.condition.text(), rule.duration.as_secs(), rule.severity, &*rule.source)
        })
        .collect();
    assert_eq!(
        read,
        [
            ("HighErrorRate", "error_rate > 5%", 300, Severity::Critical, "rules.yaml:2"),
            ("HighResponseTime", "p95_response_time > 1s", 600, Severity::Medium, "rules.yaml:6"),
            ("ServiceDown", "health_check_failed", 60, Severity::Critical, "rules.yaml:10"),
        ]
    );
}

#[test]
fn everything_a_rule_may_say() {
    let text = "- name: Loop\n  condition: restarts >= 3\n  within: 5m\n  duration: 90\n  severity: high\n  \
                service: [shop/*, api]\n  except: shop/job-*\n  labels: {quarterdeck.team: 'pay*', tier: 1}\n  \
                description: |\n    Look at\n    its log.\n- name: Off\n  enabled: no\n";
    let parsed = parse("r", text);
    assert_eq!(parsed.mistakes, []);
    let [rule] = parsed.rules.as_slice() else { panic!("{:?}", parsed.rules) };
    assert_eq!((rule.within.as_secs(), rule.duration.as_secs(), rule.severity), (300, 90, Severity::High));
    assert_eq!(rule.scope.services, ["shop/*", "api"]);
    assert_eq!(rule.scope.except, ["shop/job-*"]);
    assert_eq!(rule.scope.labels, [("team".into(), "pay*".into()), ("tier".into(), "1".into())]);
    assert_eq!(&*rule.description, "Look at its log.");
    assert_eq!(parsed.off, ["Off".into()]);
}

#[test]
fn a_mistake_spoils_its_own_rule_only() {
    let text = "alerts:\n  - name: A\n    condition: eror_rate > 5%\n  - name: B\n    condition: cpu > 5%\n  \
                - name: C\n    condition: cpu > 5%\n    sevrity: high\n  - name: D\n    condition: \"cpu > 5x\"\n    \
                duration: soon\n  - just text\n  - name: E\n  - condition: cpu > 1%\n  \
                - {name: F, condition: cpu > 1%, severity: dire}\n  - name: B\n    condition: cpu > 6%\n  \
                - name: [G]\n    condition: cpu > 1%\nalert: x\n";
    let (mistakes, rules) = told(text);
    assert_eq!(rules, ["B"]);
    insta::assert_snapshot!(mistakes.join("\n"), @r"
    3:16 there is no metric `eror_rate` (did you mean `error_rate`?)
    8:5 a rule has no `sevrity` (did you mean `severity`?)
    10:24 `x` is no unit
    11:15 `soon` is no time
    12:5 a rule is one value, not keys and values
    13:5 the rule has no condition
    14:5 the rule has no name
    15:46 there is no severity `dire`
    16:5 there is a rule `B` for the same services at line 4
    18:11 `name` is a list, not text
    20:1 a rule file has no `alert` (did you mean `alerts`?)
    ");
}

#[test]
fn what_is_no_yaml_loses_no_more_than_it_has_to() {
    let broken = format!(
        "{STOREFRONT}  - name: Broken\n    condition: [cpu\n  - name: Last\n    condition: cpu > 1x\n"
    );
    let (mistakes, rules) = told(&broken);
    assert_eq!(rules, ["HighErrorRate", "HighResponseTime", "ServiceDown"]);
    assert!(mistakes.iter().any(|m| m.contains("this is no YAML")), "{mistakes:?}");
    assert!(mistakes.iter().any(|m| m.starts_with("17:23 `x` is no unit")), "{mistakes:?}");

    let (mistakes, rules) = told("alerts:\n\t- name: A\n");
    assert_eq!((mistakes.len(), rules.len()), (1, 0), "{mistakes:?}");
}

#[test]
fn files_that_are_something_else_say_so() {
    for (text, what) in [
        ("", "empty"),
        ("# only a comment\n", "empty"),
        ("hello", "not a list of rules"),
        ("alerts: 5", "`alerts` is one value, not a list"),
        ("{}", "has no rules"),
        ("services: {}\n", "a rule file has no `services`"),
    ] {
        let (mistakes, rules) = told(text);
        assert!(mistakes.first().is_some_and(|m| m.contains(what)), "{text}: {mistakes:?}");
        assert_eq!(rules, [""; 0]);
    }
    assert_eq!(told("alerts:\n"), (vec![], vec![]), "a list with nothing in it yet");
}

#[test]
fn names_stay_as_written_whatever_yaml_takes_them_for() {
    let (mistakes, rules) = told("- {name: 0755, condition: cpu > 1%}\n- {name: yes, condition: cpu > 1%}\n");
    assert_eq!((mistakes, rules), (vec![], vec!["0755".to_owned(), "yes".to_owned()]));
}

#[test]
fn hostile_names_are_made_safe() {
    let parsed = parse("r", "- name: \"a\\e[2Jb\\u202e\"\n  condition: cpu > 1%\n");
    assert_eq!(&*parsed.rules[0].name, "ab<U+202E>");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_places_lie_in_it(text in "(- |  |name|: |\n|cpu > 1%|\\[|\\{|'|\"|&a |\\*a|#|alerts:|condition: |[a-z]){0,40}") {
        let lines = text.lines().count() + 1;
        for mistake in parse("r", &text).mistakes {
            prop_assert!(mistake.line <= lines, "{mistake:?}");
        }
    }

    #[test]
    fn one_bad_rule_among_good_ones(bad in 0_usize..8, what in "(cond: x|condition: cpu >|duration: never|severity: 9|service: \\[\\])") {
        let mut text = String::from("alerts:\n");
        for n in 0..8 {
            let _ = write!(text, "  - name: R{n}\n    condition: cpu > {n}%\n");
            if n == bad {
                let what = if what.starts_with("condition") { "within: 9h" } else { &what };
                let _ = writeln!(text, "    {what}");
            }
        }
        let parsed = parse("r", &text);
        prop_assert_eq!(parsed.rules.len(), 7);
        prop_assert_eq!(parsed.mistakes.len(), 1);
        prop_assert_eq!(parsed.mistakes[0].line, 2 + 2 * bad + 2);
    }
}
