//! What `[[probe]]` may say, and what is said of mistakes in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::config::Settings;

fn said(text: &str) -> Vec<String> {
    Settings::read("c.toml", text).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[test]
fn a_probe_says_little_and_means_the_defaults() {
    let settings = Settings::read("c.toml", "[[probe]]\nservice = 'shop/*'\nhttp = '/health'").unwrap();
    let expected =
        ProbeRule { service: "shop/*".into(), http: Some("/health".into()), ..ProbeRule::default() };
    assert_eq!(settings.probes, [expected]);
}

#[test]
fn every_kind_can_be_written() {
    let text = r#"
[[probe]]
service = "a"
name = "front page"
purpose = "readiness"
http = "https://shop.example/{service}"
method = "HEAD"
headers = { authorization = "env:TOKEN", host = "shop" }
expect = { status = "200,301", body = "o.", json = { pointer = "/service", equals = "{service}" } }
redirects = 3
verify_tls = false
interval = "30s"
timeout = "500ms"
retries = 2
start_period = "1m"
[[probe]]
service = "b"
https = "/"
port = 8443
expect.status = 204
expect.json = { pointer = "/ready", equals = true }
[[probe]]
service = "c"
tcp = 5432
[[probe]]
service = "d"
exec = ["pg_isready", "-q"]
[[probe]]
service = "e"
postgres = "db.example:5432"
[[probe]]
service = "f"
redis = 6379
[[probe]]
service = "g"
mongodb = 27017
[[probe]]
service = "h"
kafka = 9092
"#;
    let settings = Settings::read("c.toml", text).unwrap();
    assert_eq!(settings.probes.len(), 8);
    assert_eq!(settings.probes[1].expect.json.as_ref().unwrap().equals, Scalar::Bool(true));
    let echo = toml::to_string(&settings).unwrap();
    assert!(
        echo.contains("env:TOKEN") && echo.contains("***") && !echo.contains("host = \"shop\""),
        "{echo}"
    );
}

#[test]
fn every_mistake_is_told_at_its_line() {
    let text = "\
[[probe]]
service = 'a'
htp = '/health'
[[probe]]
service = 'b'
http = '/health'
intervall = '5s'
timeout = 'soon'
expect = { status = 'fine', jsn = {}, body = '(' }
[[probe]]
service = 'c'
http = 'health'
[[probe]]
http = '/health'
[[probe]]
service = 'd'
[[probe]]
service = 'e'
tcp = 1
redis = 6379
[[probe]]
service = 'f'
tcp = 'nowhere'
[[probe]]
service = 'g'
tcp = 80
redirects = 3
[[probe]]
service = 'h'
http = '/'
headers = { x = 'file:token' }
[[probe]]
service = 'i'
http = '/'
interval = '1ms'
";
    let expected = [
        ("c.toml:3:1: [[probe]] has no `htp` (did you mean `http`?)", "it has service, name"),
        ("c.toml:7:1: [[probe]] has no `intervall` (did you mean `interval`?)", "it has"),
        ("c.toml:8:11: `timeout`: invalid value: string \"soon\"", "like `timeout = \"3s\"`"),
        ("c.toml:9:21: `status`: invalid value: string \"fine\"", "like `status = \"200-399\"`"),
        ("c.toml:9:29: [probe.expect] has no `jsn` (did you mean `json`?)", "it has status, body, json"),
        ("c.toml:9:46: `body`: no regular expression: unclosed group", "like `body = "),
        ("c.toml:10:1: [[probe]]: `http` is neither a path nor a URL", "begin it with / or http://"),
        ("c.toml:13:1: [[probe]]: it names no service", "add `service = "),
        ("c.toml:15:1: [[probe]]: it does not say what to check", "add one of `http`"),
        ("c.toml:17:1: [[probe]]: it says several things to check", "keep one of"),
        ("c.toml:23:7: `tcp`: invalid value: string \"nowhere\", expected a port", "like `tcp = 5432`"),
        ("c.toml:24:1: [[probe]]: `redirects` is for `http` and `https`", "remove it"),
        ("c.toml:31:11: `headers`: the path depends on where qd is started", "like `headers = {"),
        ("c.toml:32:1: [[probe]]: `interval` is too short or too long", "choose between"),
    ];
    let said = said(text);
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, (what, remedy)) in said.iter().zip(expected) {
        assert!(said.starts_with(what) && said.contains(remedy), "{said}\nis not\n{what} … {remedy}");
    }
}
