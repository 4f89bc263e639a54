//! `qd history` and `qd journal`: what they show of a journal with something in it, on the demo and
//! where no engine can be reached.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use quarterdeck::fleet::{EngineId, Image, ServiceId};
use quarterdeck::journal::{
    EngineRecord, EventRecord, Journal, NewOperation, OperationEnd, OperationState, Sighting, StepEnd, Who,
};
use serde_json::Value;

use super::*;

/// A deploy on the first engine, in the middle of what is on record.
const DEPLOY: &str = "deploy shop/web 1 → 2";

fn service(name: &str) -> ServiceId {
    ServiceId { engine: EngineId::new("docker"), project: Some("shop".into()), name: name.into() }
}

fn image(tag: &str) -> Image {
    let id = format!("sha256:{}", tag.repeat(64).get(..64).unwrap());
    Image { reference: format!("shop/web:{tag}").into(), id: id.into() }
}

fn ada() -> Who {
    Who { user: "ada".into(), ssh_from: Some("10.0.0.3".into()), host: "desk".into(), ..Who::default() }
}

fn ago(minutes: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_mins(minutes)
}

fn event(minutes: i64, name: &str, kind: &str, note: &str, planned: Option<i64>) -> EventRecord {
    EventRecord {
        at: ago(minutes),
        service: service(name),
        replica: format!("shop-{name}-1"),
        kind: kind.into(),
        note: note.into(),
        planned,
    }
}

fn deploy(instance: &str, host: &str, sentence: &str) -> NewOperation {
    NewOperation {
        instance: instance.into(),
        host: host.into(),
        endpoint: format!("tcp://{host}:2376"),
        services: vec![service("web")],
        change: "deploy".into(),
        sentence: sentence.into(),
        plan: "{}".into(),
        images: vec![(service("web"), image("1"), image("2"))],
        who: ada(),
    }
}

/// A user whose journal knows `prod-1` (two hours of a deploy, a crash loop, a secret shown), and
/// with `both` another engine that runs a service of the same name.
fn remembering(both: bool) -> User {
    let user = User::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let journal = Journal::open(&user.journal()).unwrap();
        first(&journal).await;
        if both {
            second(&journal).await;
        }
    });
    user
}

async fn first(journal: &Journal) {
    let engine = "AAAA:BBBB:CCCC";
    journal.met(EngineRecord { instance: engine.into(), host: "prod-1".into() }).await.unwrap();
    let saw = |minutes, tag, by| Sighting {
        service: service("web"),
        image: image(tag),
        spec: None,
        at: ago(minutes),
        by,
    };
    journal.saw(engine, vec![saw(120, "1", None)]).await.unwrap();
    let id = journal.begin(deploy(engine, "prod-1", DEPLOY)).await.unwrap();
    for number in 1..=2 {
        journal.step_begins(id, number, false).await.unwrap();
        let end = StepEnd { ok: true, done: "\"Done\"".into(), note: String::new() };
        journal.step_ended(id, number, false, end).await.unwrap();
    }
    let end = OperationEnd {
        state: OperationState::Done,
        sentence: "deployed shop/web: 1 → 2".into(),
        took: Duration::from_secs(9),
    };
    journal.ended(id, end).await.unwrap();
    journal.saw(engine, vec![saw(1, "2", Some(id))]).await.unwrap();
    let mut events = vec![event(90, "api", "unhealthy", "", None)];
    events.extend((0..4).map(|n| event(30 - n, "web", "died", "exit 1", None)));
    events.push(event(0, "web", "started", "", Some(id)));
    journal.happened(engine, events).await.unwrap();
    journal.revealed(engine, &service("web"), vec!["DB_PASSWORD".into()], ada(), ago(20)).await.unwrap();
}

async fn second(journal: &Journal) {
    let engine = "DDDD:EEEE:FFFF";
    let saw = Sighting { service: service("web"), image: image("7"), spec: None, at: ago(45), by: None };
    journal.saw(engine, vec![saw]).await.unwrap();
    // Nothing tells this engine's name but an operation on it.
    let end = OperationEnd {
        state: OperationState::Failed,
        sentence: "no such image".into(),
        took: Duration::ZERO,
    };
    journal.recall(deploy(engine, "prod-2", "deploy shop/web 7 → 8"), ago(44), end).await.unwrap();
    journal.happened(engine, vec![event(29, "web", "died", "exit 2", None)]).await.unwrap();
}

/// What the words of a command without an engine begin with.
const WITHOUT: &str = "of every engine in it";

fn documented(json: &Value, of: &str) {
    let schema = User::new().qd(&["schema", of]).json();
    super::demo::documented(json, &schema, &schema, of);
}

#[test]
fn history_tells_what_ran_by_whom_and_since_when() {
    let user = remembering(false);
    let ran = user.qd(&["history", "web"]);
    ran.expect(0, &[WITHOUT]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", ran.out);
    assert!(!lines[0].contains("ENGINE"), "one engine needs no name: {}", ran.out);
    assert!(lines[1].contains("shop/web:2") && lines[1].contains("#1 deploy, ada (from 10.0.0.3)"));
    assert!(lines[1].contains("the last") && !lines[1].contains("runs now"), "nobody looked: {}", ran.out);
    assert!(lines[2].trim_start().starts_with("1  shop/web:1  ") && lines[2].ends_with("ago"), "{}", ran.out);

    let json = user.qd(&["history", "shop/web", "-o", "json"]).json();
    documented(&json, "history");
    assert_eq!((&json["schema"], &json["service"]), (&Value::from(1), &Value::from("shop/web")));
    let revisions = json["revisions"].as_array().unwrap();
    let numbers: Vec<_> = revisions.iter().map(|r| r["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [2, 1]);
    assert_eq!(revisions[0]["engine"], "prod-1");
    assert_eq!((&revisions[0]["operation"], &revisions[1]["operation"]), (&Value::from(1), &Value::Null));

    let ran = user.qd(&["history", "web", "-n", "1"]);
    assert!(ran.out.lines().count() == 2 && ran.out.contains("shop/web:2"), "{}", ran.out);
}

#[test]
fn history_tells_engines_apart() {
    let user = remembering(true);
    let ran = user.qd(&["history", "web"]);
    ran.expect(0, &[WITHOUT]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("ENGINE") && lines.len() == 4, "{}", ran.out);
    assert!(lines[1].starts_with("prod-1 ") && lines[2].starts_with("prod-1 "), "{}", ran.out);
    assert!(lines[3].starts_with("prod-2 ") && lines[3].contains("shop/web:7"), "{}", ran.out);
    let json = user.qd(&["history", "web", "-o", "json"]).json();
    let of =
        |r: &Value| (r["engine"].as_str().unwrap().to_owned(), r["instance"].as_str().unwrap().to_owned());
    let engines: Vec<_> = json["revisions"].as_array().unwrap().iter().map(of).collect();
    assert_eq!(engines[1], ("prod-1".to_owned(), "AAAA:BBBB:CCCC".to_owned()));
    assert_eq!(engines[2], ("prod-2".to_owned(), "DDDD:EEEE:FFFF".to_owned()));
}

#[test]
fn what_is_not_on_record_is_said_to_be_so() {
    let user = remembering(true);
    for command in ["history", "journal"] {
        let ran = user.qd(&[command, "nosuch"]);
        ran.expect(2, &["the journal knows no service \"nosuch\"", "See qd journal"]);
        assert!(ran.out.is_empty());
        user.demo(&[command, "nosuch"]).expect(2, &["\"nosuch\"", "here, and none in the journal"]);
        user.demo(&[command, "apo"]).expect(2, &["Did you mean", "payments/api"]);
    }
    user.qd(&["journal", "99"]).expect(2, &["no operation 99", "qd journal"]);
    user.qd(&["history", "shop/"]).expect(2, &["means 2 services", "project/service"]);
    user.qd(&["history", "web", "-n", "0"]).expect(2, &["0"]);
    user.qd(&["journal", "-n", "0"]).expect(2, &["0"]);
}

#[test]
fn an_empty_journal_says_that_it_is_empty() {
    let user = User::new();
    let ran = user.qd(&["journal"]);
    ran.expect(0, &["the journal is empty", "journal.db"]);
    assert!(ran.out.is_empty());
    let json = user.qd(&["journal", "-o", "json"]).json();
    assert_eq!(json["moments"], serde_json::json!([]));
    let ran = user.qd(&["journal", "-o", "markdown"]);
    assert!(ran.code == 0 && ran.out.contains("Nothing of note was recorded"), "{}", ran.out);
    // Something is on record, but not of that.
    let ran = user.demo(&["journal", "postgres"]);
    ran.expect(0, &["nothing happened of payments/postgres", "qd history payments/postgres"]);
    assert!(ran.out.is_empty());
}

#[test]
fn the_journal_is_a_table_of_moments() {
    let user = remembering(false);
    let ran = user.qd(&["journal"]);
    ran.expect(0, &[WITHOUT]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("TIME") && !lines[0].contains("ENGINE"), "{}", ran.out);
    let at = |word: &str| {
        lines.iter().position(|l| l.contains(word)).unwrap_or_else(|| panic!("{word}: {}", ran.out))
    };
    assert!(at("became unhealthy") < at("died 4 times in 3 min"), "{}", ran.out);
    assert!(at("died 4 times") < at("the value of DB_PASSWORD was shown"), "{}", ran.out);
    assert!(at("DB_PASSWORD") < at("#1 deploy shop/web 1 → 2: done in 9 s"), "{}", ran.out);
    assert!(lines[at("DB_PASSWORD")].ends_with("ada (from 10.0.0.3)"), "{}", ran.out);
    assert!(!ran.out.contains("shop-web-1 started"), "part of an operation: {}", ran.out);
    let ran = user.qd(&["journal", "--all"]);
    assert!(ran.out.contains("shop-web-1 started") && ran.out.contains("operation 1"), "{}", ran.out);
}

/// The sentences of `qd journal ARGS`.
fn told(user: &User, args: &[&str]) -> Vec<String> {
    let json = user.qd(&[&["journal", "-o", "json"], args].concat()).json();
    documented(&json, "journal");
    let moments = json["moments"].as_array().unwrap();
    assert!(moments.iter().is_sorted_by_key(|m| m["at"].as_str().unwrap().to_owned()), "{json}");
    moments.iter().map(|m| m["sentence"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_journal_is_filtered_by_service_time_and_words() {
    let user = remembering(false);
    assert_eq!(told(&user, &[]).len(), 4);
    assert_eq!(told(&user, &["api"]), ["shop-api-1 became unhealthy"]);
    assert_eq!(told(&user, &["shop/"]).len(), 4);
    assert_eq!(told(&user, &["-g", "DIED web"]), ["shop-web-1 died 4 times in 3 min (exit 1)"]);
    assert_eq!(told(&user, &["-n", "1"]).len(), 1);
    assert!(told(&user, &["-n", "1"])[0].contains(DEPLOY));
    assert_eq!(told(&user, &["--until", "1h"]), ["shop-api-1 became unhealthy"]);
    assert_eq!(told(&user, &["--since", "60m", "--until", "25m"]).len(), 1);
    let ran = user.qd(&["journal", "-g", "nothing like it"]);
    ran.expect(0, &["nothing that matches is on record"]);
    let ran = user.qd(&["journal", "--since", "5m", "--until", "1h"]);
    ran.expect(2, &["--since is later than --until"]);
}

#[test]
fn since_is_how_long_ago_or_a_time() {
    let user = remembering(false);
    let rfc = ago(60).to_string();
    let seconds = ago(60).as_second().to_string();
    // The tests' time zone is UTC.
    let civil = ago(60).strftime("%Y-%m-%dT%H:%M:%S").to_string();
    for since in ["1h", "60m", "1h0m", &rfc, &seconds, &civil] {
        let told = told(&user, &["--since", since]);
        assert_eq!(told.len(), 3, "{since}: {told:?}");
    }
    assert_eq!(told(&user, &["--since", "2h30m"]).len(), 4);
    let day = ago(10).strftime("%Y-%m-%d").to_string();
    assert!(told(&user, &["--since", &day]).iter().any(|s| s.contains(DEPLOY)), "{day}");
    for wrong in ["yesterday", "-5m", "5 parsecs", ""] {
        let ran = user.qd(&["journal", "--since", wrong]);
        ran.expect(2, &["is not a time", "how long ago"]);
        assert!(ran.out.is_empty());
    }
}

#[test]
fn what_happened_on_several_engines_is_told_apart() {
    let user = remembering(true);
    let ran = user.qd(&["journal", "web"]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].contains("ENGINE"), "{}", ran.out);
    let line =
        |words: &str| *lines.iter().find(|l| l.contains(words)).unwrap_or_else(|| panic!("{}", ran.out));
    assert!(line("died 4 times in 3 min (exit 1)").contains("prod-1"), "{}", ran.out);
    // Another engine's death in between is none of them.
    assert!(line("died (exit 2)").contains("prod-2"), "{}", ran.out);
    assert!(line("no such image").contains("prod-2"), "{}", ran.out);
    let json = user.qd(&["journal", "-o", "json"]).json();
    let engines: Vec<_> = json["moments"].as_array().unwrap().iter().map(|m| m["engine"].clone()).collect();
    assert!(engines.contains(&"prod-1".into()) && engines.contains(&"prod-2".into()), "{json}");
    // Newest first chosen, whichever engine it is of.
    assert_eq!(told(&user, &["-n", "2"]).len(), 2);
    let report = user.qd(&["journal", "web", "-o", "markdown"]).out;
    assert_eq!(report.matches("# What happened to web on prod-").count(), 2, "{report}");
}

#[test]
fn the_journal_is_a_report_of_an_incident() {
    let user = remembering(false);
    let ran = user.qd(&["journal", "web", "--since", "3h", "-o", "markdown"]);
    ran.expect(0, &[]);
    for words in [
        "# What happened to web on prod-1",
        "1 operation (1 done); 4 unplanned deaths (shop-web-1); 1 secret shown",
        "## What changed",
        "| shop/web | shop/web:1 (",
        "## Timeline",
        "**shop-web-1 died 4 times in 3 min (exit 1)**",
        "the value of DB\\_PASSWORD was shown",
        "## Operations",
        "### 1: deploy shop/web 1 → 2",
        "| Time | Step | What | Took | Result |",
    ] {
        assert!(ran.out.contains(words), "{words:?} is not in: {}", ran.out);
    }
    assert!(!ran.out.contains("shop-api-1"), "another service's: {}", ran.out);
}

#[test]
fn one_operation_is_told_with_its_steps() {
    let user = remembering(true);
    let ran = user.qd(&["journal", "1"]);
    // It needs no engine, so it says nothing about one.
    assert!(ran.code == 0 && ran.err.is_empty(), "{}", ran.err);
    for words in [DEPLOY, "prod-1 (tcp://prod-1:2376)", "ada (from 10.0.0.3) on desk", "STEP", "shop/web:1 ("]
    {
        assert!(ran.out.contains(words), "{words:?} is not in: {}", ran.out);
    }
    let json = user.qd(&["journal", "2", "-o", "json"]).json();
    assert_eq!((&json["state"], &json["outcome"]), (&Value::from("failed"), &Value::from("no such image")));
    let report = user.qd(&["journal", "2", "-o", "markdown"]).out;
    assert!(report.starts_with("# What happened to operation 2 on prod-2"), "{report}");
    assert!(!report.contains(DEPLOY), "{report}");
}

#[test]
fn the_demo_has_a_past_too() {
    let user = User::new();
    let demo = |args: &[&str]| user.qd(&[&["--demo=group-buying,seed=7"], args].concat());
    let ran = demo(&["history", "product-service"]);
    assert!(ran.code == 0 && ran.err.is_empty(), "{}", ran.err);
    assert!(ran.out.contains("runs now") && ran.out.contains("#1 deploy, ada"), "{}", ran.out);
    let json = demo(&["journal", "--since", "2d", "-o", "json"]).json();
    documented(&json, "journal");
    let kinds: Vec<_> = json["moments"].as_array().unwrap().iter().map(|m| m["kind"].clone()).collect();
    assert!(kinds.contains(&"operation".into()) && kinds.contains(&"health".into()), "{json}");
    // A report of all there is covers all it tells.
    let report = demo(&["journal", "-o", "markdown", "--utc"]).out;
    let begins = report.lines().nth(2).unwrap().get(..19).unwrap().to_owned();
    let rows = report.lines().filter_map(|l| l.strip_prefix("| 20")).map(|l| format!("20{}", &l[..17]));
    assert_eq!(rows.min(), Some(begins), "{report}");
}
