//! The commands on the demo fleet.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

#[test]
fn status_begins_with_the_situation_and_has_no_escapes() {
    let user = User::new();
    let json = user.demo(&["status", "-o", "json"]).json();
    for format in ["table", "wide"] {
        let ran = user.demo(&["status", "-o", format]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(!ran.out.contains('\u{1b}') && ran.err.is_empty());
        assert!(ran.out.lines().nth(1).unwrap().contains("DEMO"), "{}", ran.out);
        for service in json["services"].as_array().unwrap() {
            assert!(ran.out.contains(service["name"].as_str().unwrap()), "{format}: {service}");
        }
    }
    assert!(!json["situation"]["text"].as_str().unwrap().is_empty());
}

#[test]
fn status_has_usage_of_what_runs() {
    let json = User::new().demo(&["status", "-o", "json"]).json();
    let replicas =
        json["services"].as_array().unwrap().iter().flat_map(|s| s["replicas"].as_array().unwrap());
    let running: Vec<&Value> = replicas.filter(|r| r["state"] == "running").collect();
    assert!(!running.is_empty());
    for replica in running {
        assert!(replica["usage"]["cpu"].is_number() && replica["usage"]["memory"].is_number(), "{replica}");
    }
}

#[test]
fn the_same_seed_is_the_same_fleet() {
    let user = User::new();
    assert_eq!(services(&user), services(&user));
    let names = |spec: &str| {
        let json = user.qd(&[spec, "status", "--all", "--no-usage", "-o", "json"]).json();
        let all = json["services"].as_array().unwrap().iter();
        all.map(|s| s["path"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(names("--demo=payments,services=40").len(), 40);
    assert_ne!(names("--demo=payments"), names("--demo=storefront"));
}

#[test]
fn a_platform_that_is_not_there_names_those_that_are() {
    User::new().qd(&["--demo=atlantis", "status"]).expect(2, &["atlantis", "group-buying", "payments"]);
}

#[test]
fn status_shows_only_what_is_named_and_names_what_is_not_there() {
    let user = User::new();
    let one = running(&user);
    let json = user.demo(&["status", &one, "-o", "json"]).json();
    assert_eq!(json["services"].as_array().unwrap().len(), 1);
    assert_eq!(json["services"][0]["path"], one.as_str());
    user.demo(&["status", "no-such-thing"]).expect(2, &["no-such-thing"]);
}

#[test]
fn status_watch_in_a_pipe_prints_one_json_object_a_line() {
    // Its crash loop sees to it that something changes soon.
    let ran = User::new().shell("qd --demo=group-buying,seed=7 status --watch -o json | head -n 2");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert!(ran.err.is_empty(), "{}", ran.err);
}

/// Every field of `value` has a place, and a description, in `schema`.
pub(super) fn documented(value: &Value, schema: &Value, root: &Value, path: &str) {
    let reference = schema.get("$ref").or_else(|| schema.pointer("/anyOf/0/$ref")).and_then(Value::as_str);
    let schema = reference.map_or(schema, |name| root.pointer(name.trim_start_matches('#')).unwrap());
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let of = schema["properties"].get(key);
                let of = of.unwrap_or_else(|| panic!("{path}/{key} is not in the schema"));
                assert!(of.get("description").is_some(), "{path}/{key} is not described");
                documented(value, of, root, &format!("{path}/{key}"));
            }
        }
        Value::Array(items) => {
            for item in items {
                documented(item, &schema["items"], root, &format!("{path}[]"));
            }
        }
        _ => {}
    }
}

#[test]
fn every_field_of_the_json_is_in_its_schema() {
    let user = User::new();
    let one = running(&user);
    for (of, json) in [
        ("status", user.demo(&["status", "-o", "json"]).json()),
        ("plan", user.demo(&["restart", &one, "--dry-run", "-o", "json"]).json()),
        ("plan", user.demo(&["deploy", "payments/api", ":1.4.0", "--dry-run", "-o", "json"]).json()),
        ("act", user.demo(&["restart", &one, "--yes", "-o", "json"]).lines().1),
        ("doctor", user.demo(&["doctor", "-o", "json"]).json()),
        ("check", user.demo(&["check", "payments/api", "-o", "json"]).json()),
        ("probes", user.demo(&["probe", "list", "-o", "json"]).json()),
    ] {
        let schema = user.qd(&["schema", of]).json();
        documented(&json, &schema, &schema, of);
    }
    let schema = user.qd(&["schema", "step"]).json();
    let (lines, _) = user.demo(&["restart", &one, "--yes", "-o", "json"]).lines();
    assert!(!lines.is_empty());
    for line in lines {
        documented(&line, &schema, &schema, "step");
    }
}

#[test]
fn read_only_refuses_every_verb_and_nothing_is_printed_as_done() {
    let user = User::new();
    let from_config = User::with_config("read_only = true\n");
    let one = running(&user);
    for verb in VERBS {
        for ran in [
            user.demo(&["--read-only", verb, &one, "--yes"]),
            from_config.demo(&[verb, &one, "--yes", "-o", "json"]),
        ] {
            ran.expect(4, &["read-only"]);
            assert!(ran.out.is_empty(), "{verb}: {}", ran.out);
        }
    }
    assert_eq!(user.demo(&["--read-only", "stop", &one, "--dry-run"]).code, 0, "looking is allowed");
}

#[test]
fn without_a_terminal_and_without_yes_nothing_is_done() {
    let user = User::new();
    let one = running(&user);
    let ran = user.demo(&["stop", &one]);
    ran.expect(4, &["not confirmed", "--yes", "--dry-run"]);
    assert!(ran.out.is_empty());
}

#[test]
fn a_dry_run_shows_the_plan_and_does_nothing() {
    let user = User::new();
    let one = running(&user);
    let ran = user.demo(&["stop", &one, "--dry-run"]);
    ran.expect(0, &["nothing was done"]);
    assert!(ran.out.contains("ACTION") && ran.out.contains("stop"), "{}", ran.out);
    let json = user.demo(&["stop", &one, "--dry-run", "-o", "json"]).json();
    assert_eq!(json["dry_run"], true);
    assert!(json["steps"].as_array().unwrap().iter().all(|s| s["action"] == "stop"));
}

#[test]
fn an_action_says_what_became_of_each_replica() {
    let user = User::new();
    let one = running(&user);
    for (verb, done) in
        [("restart", "restarted"), ("stop", "stopped"), ("pause", "paused"), ("kill", "killed")]
    {
        let ran = user.demo(&[verb, &one, "--yes"]);
        ran.expect(0, &[done]);
        assert!(ran.out.starts_with(done), "{verb}: {}", ran.out);
        let (lines, json) = user.demo(&[verb, &one, "--yes", "-o", "json"]).lines();
        assert!(lines.iter().any(|l| l["event"] == "ended" && l["result"] == "changed"), "{lines:?}");
        assert_eq!((&json["ok"], &json["end"]), (&Value::from(true), &Value::from("done")));
        assert!(json["steps"].as_array().unwrap().iter().any(|s| s["result"] == "changed"));
    }
}

#[test]
fn what_is_so_already_is_done() {
    let user = User::new();
    let one = running(&user);
    user.demo(&["start", &one, "--yes"]).expect(0, &["already running"]);
    user.demo(&["rm", &one, "--yes"]).expect(4, &["force"]);
    user.demo(&["rm", &one, "--yes", "--force"]).expect(0, &["removed"]);
}

#[test]
fn a_name_that_means_nothing_or_too_much_does_nothing() {
    let user = User::new();
    user.demo(&["restart", "no-such-thing", "--yes"]).expect(2, &["no-such-thing"]);
    let all = services(&user);
    let project = all.iter().find_map(|(path, _)| path.split_once('/')).unwrap().0;
    user.demo(&["restart", project, "--yes"]).expect(2, &[&format!("{project}/")]);
}

#[test]
fn what_is_protected_wants_its_name_and_yes_is_not_enough() {
    let user = User::with_config("protected = [\"*\"]\n");
    let one = running(&user);
    let word = one.rsplit('/').next().unwrap();
    user.demo(&["stop", &one, "--yes"]).expect(4, &["protected", "--confirm"]);
    user.demo(&["stop", &one, "--yes", "--confirm", "wrong"]).expect(4, &["protected", "wrong"]);
    user.demo(&["stop", &one, "--confirm", word]).expect(0, &["stopped"]);
    user.demo(&["restart", &one, "--yes"]).expect(0, &["restarted"]);
}

#[test]
fn logs_come_as_text_json_and_raw_without_escapes() {
    let user = User::new();
    let one = running(&user);
    let text = user.demo(&["logs", &one, "--tail", "20"]);
    assert_eq!(text.code, 0, "{}", text.err);
    assert!(!text.out.is_empty() && text.out.lines().count() <= 20 * 8);
    for args in [&["logs"][..], &["logs", "-o", "raw"], &["logs", "-o", "json"], &["logs", "-t", "--utc"]] {
        let ran = user.demo(&[args, &["--tail", "50"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(!ran.out.contains('\u{1b}') && !ran.out.is_empty(), "{args:?}");
    }
    let json = user.demo(&["logs", "-o", "json", "--tail", "50"]);
    let lines: Vec<Value> = json.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let time = |l: &Value| l["at"].as_str().map(|t| t.parse::<jiff::Timestamp>().unwrap());
    let times: Vec<jiff::Timestamp> = lines.iter().filter_map(time).collect();
    assert!(times.len() > 50 && times.is_sorted(), "merged by time");
}

#[test]
fn logs_are_filtered_by_pattern_and_level() {
    let user = User::new();
    let bad = user.demo(&["logs", "-o", "json", "--level", "error"]);
    assert_eq!(bad.code, 0, "{}", bad.err);
    let levels: BTreeSet<String> = bad
        .out
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap())
        .filter(|l| l["stream"] != "marker")
        .map(|l| l["level"].as_str().unwrap_or("none").to_owned())
        .collect();
    assert!(levels.iter().all(|l| l == "error" || l == "fatal"), "{levels:?}");
    let all = user.demo(&["logs", "-o", "raw", "--tail", "200"]);
    let with = user.demo(&["logs", "-o", "raw", "--tail", "200", "--grep", "e"]);
    let without = user.demo(&["logs", "-o", "raw", "--tail", "200", "--exclude", "e"]);
    assert!(with.out.lines().all(|l| l.to_lowercase().contains('e')));
    assert!(!without.out.lines().any(|l| l.to_lowercase().contains('e')));
    assert!(with.out.lines().count() <= all.out.lines().count());
    user.demo(&["logs", "--grep", "("]).expect(2, &["--grep"]);
    user.demo(&["logs", "--since", "soon"]).expect(2, &["--since", "soon"]);
}

#[test]
fn inspect_prints_a_page_or_a_list() {
    let user = User::new();
    let one = running(&user);
    let text = user.demo(&["inspect", &one]);
    assert_eq!(text.code, 0, "{}", text.err);
    assert!(text.out.contains("image") && !text.out.contains('\u{1b}'), "{}", text.out);
    assert!(user.demo(&["inspect", &one, "-o", "json"]).json().is_array());
}

#[test]
fn the_doctor_is_content_with_the_demo() {
    let ran = User::new().demo(&["doctor"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(!ran.out.contains("FAIL") && !ran.out.contains('\u{1b}'));
}

#[test]
fn the_tree_says_who_needs_whom() {
    let user = User::new();
    let json = user.qd(&["--demo=group-buying", "tree", "-o", "json"]).json();
    let services = json["services"].as_array().unwrap();
    let of = |name: &str| services.iter().find(|s| s["service"] == format!("group-buying/{name}")).unwrap();
    let order = of("order-service");
    let needs: Vec<&str> =
        order["needs"].as_array().unwrap().iter().map(|n| n["service"].as_str().unwrap()).collect();
    let wanted = ["logistics-service", "notification-service", "payment-service", "postgres", "redis"];
    assert_eq!(needs, wanted.map(|name| format!("group-buying/{name}")));
    assert_eq!(order["needs"][0]["how"][0], "LOGISTICS_SERVICE_URL");
    let struck = of("factory-service")["impact"].as_array().unwrap();
    assert_eq!((&struck[0]["depth"], &struck[1]["depth"]), (&1.into(), &2.into()), "{struck:?}");
    let all = user.qd(&["--demo=group-buying", "tree", "-o", "json"]).out;
    assert!(!all.contains("zhifu") && !all.contains("pk_live"), "no secret");

    let wide = user.qd(&["--demo=group-buying", "tree", "order-service", "-o", "wide"]);
    assert_eq!(wide.code, 0, "{}", wide.err);
    assert!(
        wide.out.contains(" logistics-service") && wide.out.contains("LOGISTICS_SERVICE_URL"),
        "{}",
        wide.out
    );
    let impact = user.qd(&["--demo=group-buying", "--ascii", "deps", "factory-service", "--impact"]).out;
    let lines: Vec<&str> = impact.lines().map(str::trim_start).collect();
    assert!(lines[2].starts_with("factory-service"), "{impact}");
    assert!(lines[3].starts_with("`- warehouse-service"), "{impact}");
    assert!(lines[4].starts_with("`- group-buying-service"), "{impact}");
    user.qd(&["--demo=group-buying", "tree", "nobody"]).expect(2, &["nobody"]);
}
