//! The process is killed at any moment: what was acknowledged is there, and what it had is free.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

/// The part of the child, which writes until it is killed.
const CHILD: &str = "journal::tests::crash::writes_until_it_is_killed";
const FILE: &str = "QD_TEST_JOURNAL";

#[test]
#[ignore = "what_was_acknowledged_survives_a_kill starts it"]
fn writes_until_it_is_killed() {
    let path = std::env::var_os(FILE).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let journal = Journal::open(Path::new(&path)).unwrap();
        let id = journal.begin(operation(&["api"], me("killed"))).await.unwrap();
        println!("\nbegun {id}");
        for number in 1.. {
            journal.step_begins(id, number, false).await.unwrap();
            journal.step_ended(id, number, false, well("")).await.unwrap();
            println!("step {number}");
            journal.saw("one", vec![sighting("api", "1", i64::from(number))]).await.unwrap();
        }
    });
}

fn start(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--ignored", "--nocapture", "--test-threads=1"])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let place = Place::new();
    for round in 1..=4_u32 {
        let mut child = start(&place.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let begun =
            lines.by_ref().find_map(|l| Some(l.strip_prefix("begun ")?.parse::<i64>().unwrap())).unwrap();
        // Somewhere in the midst of it, and each time somewhere else.
        let mut last = 0;
        for line in lines.by_ref().take(7 * round as usize) {
            last = line.strip_prefix("step ").unwrap().parse::<u32>().unwrap();
        }
        let journal = place.open();
        assert!(journal.unfinished("one").await.unwrap()[0].alive);
        assert!(matches!(journal.adopt(begun, me("ada")).await, Err(JournalError::Locked(_))));
        child.kill().unwrap();
        child.wait().unwrap();
        last = lines.map_while(|l| l.strip_prefix("step ")?.parse().ok()).last().unwrap_or(last);

        let left = journal.unfinished("one").await.unwrap();
        assert_eq!(left.len(), 1);
        assert!(!left[0].alive && left[0].begun.who.user == "killed");
        let ended = left[0].steps.iter().filter(|s| s.ended.is_some()).count();
        assert!(ended >= last as usize, "{ended} of {last}");
        journal.adopt(begun, me("ada")).await.unwrap();
        journal.ended(begun, end(OperationState::Undone)).await.unwrap();
    }
    assert_eq!(place.open().operations(Query::default()).await.unwrap().len(), 4);
}
