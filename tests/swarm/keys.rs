//! The same by key, the way a user has it.

use std::time::Duration;

use crate::node::{Swarm, managed};
use crate::support::pty::Term;

#[test]
fn scale_deploy_and_roll_back_by_key() {
    let Some(swarm) = Swarm::begin() else { return };
    let live = swarm.with_stack();
    let home = tempfile::tempdir().unwrap();
    let mut term = Term::start(&["--host", &swarm.reference.host], 120, 40, &[], home.path());
    term.see("web");
    term.wait("the swarm's rows", |text| text.contains("2/2") && text.contains("0/0"));
    term.keys("/\u{15}web\r");
    term.keys("g");
    term.keys("g");
    term.settle(Duration::from_millis(100));

    // Asked for a value, shown the plan, said yes to, seen to the end.
    let mut change = |key: &str, value: &str, wanted: &dyn Fn() -> bool| {
        term.keys(key);
        term.settle(Duration::from_millis(300));
        if !value.is_empty() {
            term.keys(&format!("\u{15}{value}\r"));
            term.settle(Duration::from_millis(300));
        }
        if key == "R" {
            term.wait("revisions", |text| text.contains("Roll back"));
            term.keys("\r");
        }
        term.see("please confirm");
        term.keys("y");
        let began = std::time::Instant::now();
        while !wanted() {
            assert!(began.elapsed() < Duration::from_mins(1), "{key} {value}: never done:\n{}", term.text());
            term.read(Duration::from_millis(50));
        }
        term.settle(Duration::from_millis(500));
        term.escape();
        term.settle(Duration::from_millis(200));
    };
    change("S", "3", &|| managed(&live, "web").running == 3);
    change("S", "1", &|| managed(&live, "web").running == 1 && managed(&live, "web").wanted == 1);
    let runs = |tag: &str| {
        let it = managed(&live, "web");
        it.image.tag() == tag && it.running == it.wanted
    };
    change("D", "qdswarm/api:2", &|| runs("2"));
    change("R", "", &|| runs("1"));
    term.quit();
    term.assert_restored();
}
