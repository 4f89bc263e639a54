//! What `[[metrics]]` may say, and what is said of mistakes in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::config::Settings;

#[test]
fn a_rule_says_little_and_means_the_defaults() {
    let settings = Settings::read("c.toml", "[[metrics]]\nservice = 'shop/*'\nhttp = '/metrics'").unwrap();
    let expected =
        MetricsRule { service: "shop/*".into(), http: Some("/metrics".into()), ..MetricsRule::default() };
    assert_eq!(settings.metrics, [expected]);
}

#[test]
fn every_mistake_is_told_at_its_line() {
    let text = "\
[[metrics]]
service = 'a'
http = '/metrics'
intervall = '5s'
keep = [{ family = 'x', tak = 'sum' }, { family = 'y', take = 'most' }]
[[metrics]]
http = '/metrics'
[[metrics]]
service = 'b'
[[metrics]]
service = 'c'
http = 'metrics'
[[metrics]]
service = 'd'
exec = [{ name = 'x', argv = ['y'] }]
keep = [{ family = 'x' }]
[[metrics]]
service = 'e'
http = '/metrics'
keep = [{ family = 'a.b' }]
[[metrics]]
service = 'f'
exec = [{ name = 'lag behind', argv = ['y'] }]
[[metrics]]
service = 'g'
exec = [{ name = 'x', argv = [] }]
[[metrics]]
service = 'h'
exec = [{ name = 'x', argv = ['y'], pattern = 'no group' }]
[[metrics]]
service = 'i'
exec = [{ name = 'x', argv = ['y'], pattern = '(' }]
[[metrics]]
service = 'j'
http = '/metrics'
interval = '10ms'
";
    let problems = Settings::read("c.toml", text).unwrap_err().0;
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let expected = [
        ("c.toml:4:1: [[metrics]] has no `intervall` (did you mean `interval`?)", "it has"),
        ("c.toml:5:25: [[metrics.keep]] has no `tak` (did you mean `take`?)", "it has"),
        ("c.toml:5:63: `take`: unknown variant `most`", "expected one of `sum`, `max`, `min`, `rate`"),
        ("c.toml:6:1: [[metrics]]: it names no service", "add `service = "),
        ("c.toml:8:1: [[metrics]]: it does not say what to ask", "or `exec`"),
        ("c.toml:10:1: [[metrics]]: `http` is neither a path nor a URL", "begin it with / or http://"),
        ("c.toml:13:1: [[metrics]]: `keep` is for `http` and `https`", "remove it"),
        ("c.toml:17:1: [[metrics]]: `a.b` is no name for a figure", "give it one"),
        ("c.toml:21:1: [[metrics]]: `lag behind` is no name for a figure", "letters, digits and _"),
        ("c.toml:24:1: [[metrics]]: `exec` names no program", "write it like `argv"),
        ("c.toml:27:1: [[metrics]]: the pattern of `x` has no one group", "in parentheses"),
        ("c.toml:32:47: `pattern`: no regular expression", "write it like `pattern = "),
        ("c.toml:33:1: [[metrics]]: `interval` is too short or too long", "between 1s and 24h"),
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, (what, remedy)) in said.iter().zip(expected) {
        assert!(said.starts_with(what) && said.contains(remedy), "{said}\nis not\n{what} … {remedy}");
    }
}
