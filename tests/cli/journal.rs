//! The journal as commands use it: what they saw, what was left in the middle, and a disk that
//! can't be written.

use quarterdeck::fleet::{EngineId, Image, ServiceId};
use quarterdeck::journal::{Journal, NewOperation, Who};
use serde_json::Value;

use super::fake::{Fake, INSTANCE};
use super::*;

/// A user whose journal can't be made: its place is taken by a file.
fn nowhere_to_write() -> User {
    let user = User::new();
    std::fs::write(user.home.path().join("state"), "a file, not a directory").unwrap();
    user
}

fn web() -> ServiceId {
    ServiceId { engine: EngineId::new("docker"), project: Some("shop".into()), name: "web".into() }
}

/// Leave an operation in the middle, as a qd does that is killed.
fn leave_in_the_middle(user: &User) -> i64 {
    let path = user.home.path().join("state/journal.db");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let journal = Journal::open(&path).unwrap();
        let who = Who { user: "ada".into(), host: "fakehost".into(), ..Who::default() };
        let operation = NewOperation {
            instance: INSTANCE.into(),
            host: "fakehost".into(),
            endpoint: "unix:///somewhere".into(),
            services: vec![web()],
            change: "deploy".into(),
            sentence: "deploy web 1 → 2".into(),
            plan: "{}".into(),
            images: vec![(web(), Image::default(), Image::default())],
            who,
        };
        let id = journal.begin(operation).await.unwrap();
        journal.left(id, "killed").await.unwrap();
        id
    })
}

#[test]
fn where_nothing_can_be_written_looking_works_with_a_warning() {
    let user = nowhere_to_write();
    let fake = Fake::start(&user);
    let ran = fake.qd(&user, &["status", "--no-usage"]);
    ran.expect(0, &["warning: not recorded", "journal.db"]);
    assert!(ran.out.contains("web"), "{}", ran.out);
    let ran = fake.qd(&user, &["--no-journal", "status", "--no-usage"]);
    assert!(ran.code == 0 && ran.err.is_empty(), "{}", ran.err);
}

#[test]
fn where_nothing_can_be_written_what_needs_it_is_refused() {
    let user = nowhere_to_write();
    let fake = Fake::start(&user);
    for args in [&["scale", "web", "2"][..], &["recreate", "web"], &["limit", "web", "--cpus", "1"]] {
        let ran = fake.qd(&user, &[args, &["--yes"]].concat());
        ran.expect(4, &["journal", "--no-journal"]);
        assert!(ran.out.is_empty(), "{args:?}: {}", ran.out);
        // Looking at the plan is allowed, and says what stands in the way.
        let ran = fake.qd(&user, &[args, &["--dry-run"]].concat());
        ran.expect(0, &["warning:", "journal.db"]);
    }
    assert!(fake.changes().is_empty(), "{:?}", fake.changes());
    fake.qd(&user, &["rollback", "web", "--yes"]).expect(4, &["journal.db", "qd deploy shop/web IMAGE"]);
    fake.qd(&user, &["undo"]).expect(4, &["journal.db"]);
    // A plain verb needs none: it is only not on record.
    let ran = fake.qd(&user, &["pause", "web", "--yes"]);
    ran.expect(0, &["warning: not recorded", "paused"]);
    assert_eq!(fake.changes().len(), 1, "{:?}", fake.changes());
}

#[test]
fn what_was_left_in_the_middle_is_told_and_holds_its_service() {
    let user = User::new();
    let fake = Fake::start(&user);
    let id = leave_in_the_middle(&user);
    let sentence = format!("operation {id} (deploy shop/web) was left in the middle");
    let advice = format!("qd finish {id}, or qd undo {id}");

    let ran = fake.qd(&user, &["status", "--no-usage", "-o", "json"]);
    ran.expect(0, &[&sentence, "by ada", &advice]);
    let json = ran.json();
    let left = &json["unfinished"][0];
    assert_eq!((&left["operation"], &left["alive"]), (&Value::from(id), &Value::from(false)));
    assert_eq!(left["services"], serde_json::json!(["shop/web"]));
    let schema = user.qd(&["schema", "status"]).json();
    super::demo::documented(&json, &schema, &schema, "status");

    for args in [&["pause", "web", "--yes"][..], &["recreate", "web", "--yes"], &["stop", "web"]] {
        let ran = fake.qd(&user, args);
        ran.expect(4, &[&sentence, "nothing was done", &advice]);
        assert!(ran.out.is_empty(), "{args:?}: {}", ran.out);
    }
    fake.qd(&user, &["stop", "web", "--dry-run"]).expect(0, &[&sentence, "warning:"]);
    assert!(fake.changes().is_empty(), "{:?}", fake.changes());

    // Its plan is none that could be read.
    fake.qd(&user, &["undo", "--yes"]).expect(4, &["plan can't be read"]);
    fake.qd(&user, &["undo", "77", "--yes"]).expect(2, &["no operation 77"]);
}

#[test]
fn what_a_command_saw_is_on_record() {
    let user = User::new();
    let fake = Fake::start(&user);
    let ran = fake.qd(&user, &["status", "--no-usage"]);
    assert!(ran.code == 0 && ran.err.is_empty(), "{}", ran.err);
    let path = user.home.path().join("state/journal.db");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let seen = runtime.block_on(async {
        let journal = Journal::open_to_read(&path).unwrap();
        journal.revisions(INSTANCE, &web()).await.unwrap()
    });
    assert_eq!(seen.len(), 1);
    assert_eq!((&*seen[0].image.reference, seen[0].current), ("web:1", true));
    // With nothing else seen there is nothing to go back to.
    fake.qd(&user, &["rollback", "web", "--yes"]).expect(4, &["nothing to roll back", "qd history shop/web"]);
}

#[test]
fn the_doctor_looks_at_the_journal() {
    let user = User::new();
    let check = |user: &User, args: &[&str]| {
        let ran = user.qd(&[args, &["doctor", "-o", "json"]].concat());
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        let checks = json["checks"].as_array().unwrap().clone();
        let found = checks.into_iter().find(|c| c["name"] == "journal").unwrap();
        (found["verdict"].as_str().unwrap().to_owned(), found["seen"].as_str().unwrap().to_owned())
    };
    assert_eq!(check(&user, &[]).0, "ok");
    assert!(user.home.path().join("state/journal.db").exists());
    let (verdict, seen) = check(&nowhere_to_write(), &[]);
    assert!(verdict == "warn" && seen.contains("journal.db") && seen.contains("refused"), "{seen}");
    let (verdict, seen) = check(&nowhere_to_write(), &["--no-journal"]);
    assert!(verdict == "ok" && seen.contains("--no-journal"), "{seen}");
}
