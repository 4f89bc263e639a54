//! `qd inspect --reveal`: what is masked is shown when it is meant, and that is written down.

use quarterdeck::journal::Journal;
use serde_json::Value;

use super::fake::{Fake, INSTANCE, SECRET};
use super::pty::Term;
use super::*;

/// A service of the demo with a masked value, that name and that value.
const DEMO: (&str, &str, &str) = ("payments/postgres", "POSTGRES_PASSWORD", "Sup3r-s3cret");

/// Everything a user's qd ever wrote.
fn written(user: &User) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(user.home.path().join("state")).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_file() {
            all.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
        }
    }
    all
}

#[test]
fn nothing_is_shown_unless_it_is_asked_for() {
    let (service, name, value) = DEMO;
    let user = User::new();
    for args in [&["inspect", service][..], &["inspect", service, "-o", "json"]] {
        let ran = user.demo(args);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains(name) && !ran.out.contains(value), "{}", ran.out);
    }
    user.demo(&["inspect", service, "--yes"]).expect(2, &["--reveal"]);
}

#[test]
fn it_is_asked_for_and_meant() {
    let (service, name, value) = DEMO;
    let user = User::new();
    let ran = user.demo(&["inspect", service, "--reveal"]);
    ran.expect(4, &["masked value", name, "Nobody to ask", "--yes"]);
    assert!(ran.out.is_empty());
    let ran = user.demo(&["inspect", service, "--reveal", "--yes"]);
    assert!(ran.code == 0 && ran.out.contains(&format!("{name}={value}")), "{}{}", ran.out, ran.err);
    let json = user.demo(&["inspect", service, "--reveal", "--yes", "-o", "json"]).json();
    let env = json[0]["Config"]["Env"].as_array().unwrap();
    assert!(env.contains(&Value::from(format!("{name}={value}"))), "{json}");
    // Looking is no change.
    let ran = user.demo(&["--read-only", "inspect", service, "--reveal", "--yes"]);
    assert!(ran.code == 0 && ran.out.contains(value), "{}", ran.err);
    let kept = User::with_config("[[protect]]\nproject = \"payments\"\nlevel = \"read-only\"\n");
    let ran = kept.demo(&["inspect", service, "--reveal", "--yes"]);
    assert!(ran.code == 0 && ran.out.contains(value), "{}", ran.err);
}

#[test]
fn a_terminal_is_asked() {
    let (service, name, value) = DEMO;
    for (answer, code) in [("y\r", 0), ("\r", 4)] {
        let user = User::new();
        let args = ["--demo=payments,seed=7", "inspect", service, "--reveal"];
        let mut term = Term::start(&args, 120, 60, &[], user.home.path());
        term.see("[y/N]");
        assert!(term.text().contains(name) && !term.text().contains(value), "{}", term.text());
        term.keys(answer);
        assert_eq!(term.end().code(), Some(code), "{}", term.text());
        assert_eq!(term.text().contains(value), code == 0, "{}", term.text());
    }
}

#[test]
fn it_is_written_down_by_name_and_never_by_value() {
    let user = User::new();
    let fake = Fake::start(&user);
    let ran = fake.qd(&user, &["inspect", "web", "--reveal", "--yes", "-vv"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains(&format!("DB_PASSWORD={SECRET}")), "{}", ran.out);
    assert!(!ran.err.contains(SECRET), "it is in the log: {}", ran.err);
    assert!(fake.changes().is_empty());
    assert!(!written(&user).contains(SECRET), "its value was kept");

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let reveals = runtime.block_on(async {
        let journal = Journal::open_to_read(&user.journal()).unwrap();
        let of = quarterdeck::journal::Query { instance: Some(INSTANCE.into()), ..Default::default() };
        journal.reveals(of).await.unwrap()
    });
    assert_eq!(reveals.len(), 1, "{reveals:?}");
    assert_eq!(
        (reveals[0].service.path(), &*reveals[0].names),
        ("shop/web".into(), &["API_KEY".into(), "DB_PASSWORD".into()][..])
    );
    assert!(!reveals[0].who.user.is_empty() && !reveals[0].who.host.is_empty());
    let ran = fake.qd(&user, &["journal", "web"]);
    assert!(ran.out.contains("the values of API_KEY and DB_PASSWORD were shown"), "{}", ran.out);
    let json = fake.qd(&user, &["journal", "web", "-o", "json"]).json();
    let moment = json["moments"].as_array().unwrap().iter().find(|m| m["kind"] == "reveal").unwrap();
    assert_eq!(moment["secrets"], serde_json::json!(["API_KEY", "DB_PASSWORD"]));
    let report = fake.qd(&user, &["journal", "web", "-o", "markdown"]).out;
    assert!(report.contains("2 secrets shown"), "{report}");
}

#[test]
fn what_can_not_be_written_down_is_not_shown() {
    let user = User::new();
    std::fs::write(user.home.path().join("state"), "a file, not a directory").unwrap();
    let fake = Fake::start(&user);
    let ran = fake.qd(&user, &["inspect", "web", "--reveal", "--yes"]);
    ran.expect(4, &["journal.db", "nothing was shown", "--no-journal"]);
    assert!(ran.out.is_empty());
    let ran = fake.qd(&user, &["--no-journal", "inspect", "web", "--reveal", "--yes"]);
    assert!(ran.code == 0 && ran.out.contains(SECRET), "{}{}", ran.out, ran.err);
}

#[test]
fn where_nothing_is_masked_nothing_is_asked_or_written() {
    let user = User::new();
    let nothing = user.demo(&["inspect", "payments/redis", "--reveal"]);
    nothing.expect(0, &["nothing in its environment is masked"]);
    assert!(nothing.out.contains("payment-redis") || nothing.out.contains("redis"), "{}", nothing.out);
}
