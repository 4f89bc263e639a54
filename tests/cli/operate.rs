//! Changes on the demo fleet: what is planned, what is refused and why, what is done and undone.

use serde_json::Value;

use super::*;

/// A service with a fixed port: of it there can't be two.
const API: &str = "payments/api";

fn actions(json: &Value) -> Vec<&str> {
    json["steps"].as_array().unwrap().iter().map(|s| s["action"].as_str().unwrap()).collect()
}

#[test]
fn a_deploy_is_planned_in_the_open() {
    let user = User::new();
    let ran = user.demo(&["deploy", API, ":1.4.0", "--dry-run"]);
    ran.expect(0, &["warning: ", "nothing was done"]);
    for word in ["STEP", "pull", "create", "stop", "wait", "remove", "payment-api:1.4.0", "gap", "port 3000"]
    {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    let json = user.demo(&["deploy", API, ":1.4.0", "--dry-run", "-o", "json"]).json();
    assert_eq!((json["event"].as_str(), json["change"].as_str()), (Some("plan"), Some("deploy")));
    assert_eq!(json["images"][0]["to"], "payment-api:1.4.0");
    let actions = actions(&json);
    let at = |action| actions.iter().position(|a| *a == action).unwrap_or_else(|| panic!("{action}"));
    assert!(at("create") < at("stop") && at("stop") < at("start") && at("start") < at("wait"));
    assert_eq!(*actions.last().unwrap(), "remove", "the old one is kept until all is sure");
}

#[test]
fn every_change_can_be_looked_at_first() {
    let user = User::new();
    for (args, action) in [
        (&["scale", "payments/mock-providers", "1"][..], ""),
        (&["rollback", API], "create"),
        (&["recreate", "payments/redis"], "create"),
        (&["limit", API, "--cpus", "2", "--memory", "3g"], "limit"),
        (&["down", "payments"], "stop"),
        (&["up", "payments/"], ""),
        (&["restart", API, "--no-wait"], "restart"),
    ] {
        let ran = user.demo(&[args, &["--dry-run", "-o", "json"]].concat());
        let (lines, last) = ran.lines();
        assert_eq!((ran.code, lines.len(), &last["dry_run"]), (0, 0, &Value::from(true)), "{args:?}");
        assert!(ran.err.contains("nothing was done"), "{args:?}: {}", ran.err);
        match action {
            "" => assert!(last["sentence"].as_str().unwrap().starts_with("nothing to"), "{args:?}: {last}"),
            action => assert!(actions(&last).contains(&action), "{args:?}: {last}"),
        }
    }
}

#[test]
fn waiting_can_be_bounded_and_left_out() {
    let user = User::new();
    let waits = |args: &[&str]| {
        let json = user.demo(&[args, &["--dry-run", "-o", "json"]].concat()).json();
        let steps = json["steps"].as_array().unwrap().clone();
        steps.into_iter().filter(|s| s["action"] == "wait").count()
    };
    assert_eq!(waits(&["restart", API]), 1);
    assert_eq!(waits(&["restart", API, "--gate-timeout", "90s"]), 1);
    assert_eq!(waits(&["restart", API, "--no-wait"]), 0);
    user.demo(&["deploy", API, ":1.4.0", "--no-wait", "--dry-run"]).expect(2, &["--no-wait"]);
}

#[test]
fn what_cannot_be_done_is_refused_with_a_remedy() {
    let user = User::new();
    for (args, words) in [
        (&["scale", API, "3"][..], &["port 3000", "docker compose up"][..]),
        (&["scale", API, "0"], &["can't scale", "Stop it instead"]),
        (&["rollback", API, "--back", "50"], &["nothing to roll back", "qd history payments/api"]),
        (&["rollback", API, "--to", "77"], &["no revision 77", "qd history payments/api"]),
    ] {
        let ran = user.demo(&[args, &["--yes"]].concat());
        ran.expect(4, words);
        assert!(ran.out.is_empty(), "{args:?}: {}", ran.out);
    }
}

#[test]
fn a_service_is_named_where_one_is_meant() {
    let user = User::new();
    user.demo(&["deploy", "payments/", ":2", "--yes"]).expect(2, &["project", "project/service"]);
    user.demo(&["scale", "payments/=2", "--yes"]).expect(2, &["project"]);
    user.demo(&["scale", "payments/api=2", "api=3", "--yes"]).expect(2, &["twice"]);
    user.demo(&["up", "no-such", "--yes"]).expect(2, &["no-such", "payments"]);
}

#[test]
fn what_is_so_already_is_done_and_says_so() {
    let user = User::new();
    for args in [&["scale", "payments/redis", "1"][..], &["up", "payments"], &["deploy", API]] {
        let ran = user.demo(&[args, &["--yes"]].concat());
        ran.expect(0, &["nothing to"]);
        let (lines, last) = user.demo(&[args, &["--yes", "-o", "json"]].concat()).lines();
        assert!(lines.is_empty() && last["ok"] == true && last["end"] == "done", "{args:?}: {last}");
    }
}

#[test]
fn nothing_left_in_the_middle_is_nothing_to_finish() {
    let user = User::new();
    for word in ["finish", "undo"] {
        user.demo(&[word, "--yes"]).expect(0, &[&format!("nothing to {word}")]);
        user.demo(&[word, "77", "--yes"]).expect(2, &["no operation 77", "qd journal"]);
        user.demo(&["--no-journal", word]).expect(2, &["journal", "--no-journal"]);
        let json = user.demo(&[word, "-o", "json"]).json();
        assert_eq!((&json["change"], &json["operation"]), (&Value::from(word), &Value::Null));
        let schema = user.qd(&["schema", "left"]).json();
        super::demo::documented(&json, &schema, &schema, "left");
    }
    // Yesterday's deploy is in the demo's past, and has ended.
    let ran = user.qd(&["--demo=group-buying,seed=7", "undo", "1", "--yes"]);
    ran.expect(4, &["operation 1", "has ended", "qd rollback"]);
    let status = user.demo(&["status", "-o", "json"]).json();
    assert_eq!(status["unfinished"], serde_json::json!([]));
}

#[test]
fn rollback_needs_the_journal_or_an_image() {
    let user = User::new();
    user.demo(&["--no-journal", "rollback", API]).expect(2, &["journal", "qd deploy payments/api IMAGE"]);
}

/// The actions of steps that ended in that direction.
fn ended(lines: &[Value], direction: &str) -> Vec<String> {
    let ended = lines.iter().filter(|l| l["event"] == "ended" && l["direction"] == direction);
    ended.map(|l| l["action"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_good_deploy_commits_and_tells_every_step() {
    let user = User::new();
    let ran = user.demo(&["deploy", API, ":1.0.1", "--yes", "-o", "json"]);
    ran.expect(0, &["deployed payments/api 1.0.0 → 1.0.1"]);
    let (lines, last) = ran.lines();
    assert_eq!((&last["end"], &last["ok"]), (&Value::from("done"), &Value::from(true)), "{last}");
    assert!(last["operation"].is_number() && last["images"][0]["to"] == "payment-api:1.0.1", "{last}");
    assert_eq!(lines[0]["event"], "recorded");
    let forward = ended(&lines, "forward");
    assert!(["pull", "create", "start", "wait", "remove"].iter().all(|a| forward.iter().any(|f| f == a)));
    assert!(lines.iter().any(|l| l["event"] == "waiting" && l["remaining_ms"].is_u64()), "{lines:?}");
    assert!(ended(&lines, "back").is_empty());
    let schema = user.qd(&["schema", "step"]).json();
    for line in &lines {
        super::demo::documented(line, &schema, &schema, "step");
    }
    let schema = user.qd(&["schema", "act"]).json();
    super::demo::documented(&last, &schema, &schema, "act");
}

#[test]
fn a_bad_deploy_goes_back_and_says_why() {
    let user = User::new();
    // One that ends at once may be seen when the engine has started it again already.
    let whys: [(&str, &[&str]); 2] =
        [(":2.0.0", &["exited with 1", "died and was started again"]), (":1.1.0", &["migration 0042"])];
    for (tag, whys) in whys {
        let ran = user.demo(&["deploy", API, tag, "--yes", "--timeout", "12s", "-o", "json"]);
        ran.expect(5, &["going back", "undone", "it runs 1.0.0 as before"]);
        assert!(whys.iter().any(|why| ran.err.contains(why)), "{}", ran.err);
        let (lines, last) = ran.lines();
        assert_eq!((&last["end"], &last["ok"]), (&Value::from("undone"), &Value::from(false)), "{last}");
        assert!(lines.iter().any(|l| l["event"] == "undoing"), "{lines:?}");
        let back = ended(&lines, "back");
        assert_eq!(back.last().map(String::as_str), Some("remove"), "the new one goes last: {back:?}");
    }
    let ran = user.demo(&["deploy", API, ":2.0.0", "--yes"]);
    ran.expect(5, &["undone"]);
    assert!(ran.out.contains("failed") && ran.out.contains("back: started"), "{}", ran.out);
}

#[test]
fn an_image_that_is_nowhere_leaves_everything_untouched() {
    let user = User::new();
    let ran = user.demo(&["deploy", API, ":9.9.9", "--yes"]);
    ran.expect(4, &["9.9.9", "nothing was done"]);
    assert_eq!(ran.out.lines().count(), 1, "the pull failed, and nothing else was begun: {}", ran.out);
    user.demo(&["deploy", API, ":9.9.9", "--pull", "never", "--yes"]).expect(4, &["9.9.9"]);
}

#[test]
fn what_ran_before_comes_back() {
    let ran = User::new().demo(&["rollback", API, "--yes"]);
    ran.expect(0, &["rolled back payments/api"]);
    assert!(ran.out.contains("healthy"), "{}", ran.out);
}

#[test]
fn a_service_is_scaled_limited_and_brought_down() {
    let user = User::new();
    let group = |args: &[&str]| user.qd(&[&["--demo=group-buying,seed=7"], args].concat());
    let all: Value = group(&["status", "--no-usage", "-o", "json"]).json();
    let services = all["services"].as_array().unwrap();
    let several = services.iter().find(|s| s["total"].as_u64() > Some(1) && s["up"] == s["total"]).unwrap();
    let (path, total) = (several["path"].as_str().unwrap(), several["total"].as_u64().unwrap());
    let less = (total - 1).to_string();
    group(&["scale", path, &less, "--yes"]).expect(0, &["scaled", &format!("to {less}")]);
    user.demo(&["limit", API, "--memory", "3g", "--yes"]).expect(0, &["limited payments/api"]);
    let ran = user.demo(&["down", "payments", "--yes"]);
    ran.expect(0, &["brought down", "containers and volumes stay"]);
    assert_eq!(ran.out.lines().filter(|l| l.starts_with("stopped")).count(), 5, "{}", ran.out);
}

#[test]
fn what_failed_is_not_buried_among_what_is_well() {
    let user = User::new();
    let services =
        ["address-service", "auth-service", "factory-service", "seller-service", "payment-service"];
    let args = [&["--demo=group-buying,seed=7", "restart", "--yes", "--gate-timeout", "12s"], &services[..]];
    let ran = user.qd(&args.concat());
    ran.expect(
        1,
        &["restarted 4 of 5 replicas, 1 failed", "payment-service-1 does not stay up", "the other 4"],
    );
    assert!(ran.err.contains("payment-service-1 is ") && ran.err.lines().count() < 8, "{}", ran.err);
    let failed: Vec<&str> = ran.out.lines().filter(|l| l.starts_with("failed")).collect();
    assert_eq!(failed.len(), 1, "{}", ran.out);
}
