//! The engine killed under a qd at work, and both at once as in a power failure.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::place::{Picture, Place, said};

/// Deploy the other version; when step `number` begins, the engine is killed, and started again.
/// What comes of it: qd waits for the engine and ends well, or goes back, but never in between.
pub fn engine_killed(place: &Place, number: u32) -> bool {
    let before = place.picture();
    let (args, to) = deploy(place, &before);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut child = place.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut hit = false;
    for line in lines.by_ref() {
        let line: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        if line["event"] == "began" && line["number"] == number && line["direction"] == "forward" {
            hit = true;
            place.reference.control("kill");
            place.reference.control("start");
            break;
        }
    }
    let rest: Vec<String> = lines.map(|line| line.unwrap()).collect();
    let out = child.wait_with_output().unwrap();
    let what = format!("{}: engine killed at step {number}: {rest:#?}\n{}", place.name, said(&out));
    ended(place, &before, to, out.status.code(), &what);
    hit
}

/// qd killed at a point, and the engine too; then it is picked up.
pub fn both_killed(place: &Place, point: &str, how: &str) {
    let before = place.picture();
    let (args, to) = deploy(place, &before);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let out = place.qd(&args, Some(point));
    assert!(!out.status.success(), "{}: {}", place.name, said(&out));
    place.reference.control("kill");
    place.reference.control("start");
    let out = place.qd(&[how, "--yes"], None);
    let what = format!("{}: both killed at {point}, {how}: {}", place.name, said(&out));
    let code = if how == "undo" && out.status.success() { Some(5) } else { out.status.code() };
    ended(place, &before, to, code, &what);
}

fn deploy(place: &Place, before: &Picture) -> (Vec<String>, &'static str) {
    let is_1 = before.values().all(|found| found.image == "qdcrash/app:1");
    let (tag, to) = if is_1 { (":2", "qdcrash/app:2") } else { (":1", "qdcrash/app:1") };
    let service = place.service_name();
    let args = ["deploy", &service, tag, "--pull", "never", "--yes", "-o", "json"];
    (args.map(str::to_owned).to_vec(), to)
}

/// Exactly the new replicas, or exactly the old ones.
fn ended(place: &Place, before: &Picture, to: &str, code: Option<i32>, what: &str) {
    let after = place.picture();
    match code {
        Some(0) => {
            assert!(after.keys().eq(before.keys()), "{what}\n{after:#?}");
            for (name, found) in &after {
                let old = &before[name];
                assert_eq!((found.image.as_str(), &found.policy), (to, &old.policy), "{what}");
                assert_eq!((found.state.as_str(), &found.scratch), ("running", &old.scratch), "{what}");
                assert_ne!(found.id, old.id, "{what}");
            }
        }
        Some(5) => assert_eq!(&after, before, "{what}"),
        _ => panic!("{what}\n{after:#?}"),
    }
}
