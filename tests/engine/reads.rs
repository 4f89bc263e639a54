//! What watching costs the engine, by counting requests; and what a stranger container can do.

use quarterdeck::fleet::{Link, State};

use crate::contract::open;
use crate::support::docker::engine;
use crate::support::hostile;
use crate::support::live::{Live, replicas};
use crate::support::proxy::Proxy;

#[test]
fn watching_asks_the_engine_for_nothing_once_everything_is_known() {
    let Some(reference) = engine() else { return };
    reference.clear();
    for i in 0..5 {
        reference.run(&format!("quiet-{i}"), &[], "sleep 1000");
    }
    let socket = reference.dir().join("counting.sock");
    let proxy = Proxy::start(&socket, &reference.dir().join("docker.sock"));
    let live = Live::watch(|| open(&proxy.host()));
    live.until("all inspected", |f| {
        (replicas(f).iter().filter(|r| r.restarts.is_some()).count() == 5).then_some(())
    });
    live.until("usage", |f| {
        let now = jiff::Timestamp::now();
        let first = replicas(f).into_iter().next()?;
        f.replica_summary(&first.id, now)?.usage.memory.map(|_| ())
    });
    std::thread::sleep(std::time::Duration::from_secs(1));
    proxy.take_requests();
    std::thread::sleep(std::time::Duration::from_secs(8));
    let seen = proxy.take_requests();
    let costly: Vec<&String> = seen.iter().filter(|r| !r.contains("/_ping")).collect();
    assert!(costly.is_empty(), "in 8 idle seconds it asked: {costly:?}");
    assert!(seen.len() <= 8, "too many pings: {seen:?}");
    reference.clear();
}

#[test]
fn hostile_names_and_labels_arrive_clean() {
    let Some(reference) = engine() else { return };
    reference.clear();
    for (i, payload) in hostile::PAYLOADS.iter().enumerate() {
        let name = format!("hostile-{i}");
        let service = format!("com.docker.compose.service={payload}");
        let project = format!("com.docker.compose.project={payload}{}", "x".repeat(4096));
        let number = "com.docker.compose.container-number=\u{1b}[1m-7".to_owned();
        reference.run(&name, &["-l", &service, "-l", &project, "-l", &number, "-e", payload], "sleep 1000");
    }
    let live = Live::watch(|| open(&reference.host));
    live.until("all there", |f| (replicas(f).len() == hostile::PAYLOADS.len()).then_some(()));
    for replica in live.look(|s| replicas(&s.fleet)) {
        let details = live.runtime.block_on(live.engine.inspect(&replica.id)).expect("inspect works");
        let everything = format!("{}|{:?}|{}", replica.service, replica.number, details.labels.len());
        assert!(!everything.chars().any(char::is_control), "a control character got through: {everything:?}");
        for (key, value) in details.labels.iter().chain(&details.env) {
            let bad = |c: char| c.is_control() && c != '\n';
            assert!(!key.contains(bad) && !value.contains(bad), "{key:?}={value:?}");
        }
        assert!(
            replica.service.name.chars().count() <= 256,
            "a name of {} characters",
            replica.service.name.len()
        );
    }
    reference.clear();
}

#[test]
fn a_container_that_vanishes_while_it_is_looked_at_is_no_error() {
    let Some(reference) = engine() else { return };
    reference.clear();
    let live = Live::watch(|| open(&reference.host));
    live.until("live", |fleet| matches!(fleet.link(), Some(Link::Live)).then_some(()));
    for i in 0..10 {
        reference.docker(&["run", "--rm", "--name", &format!("brief-{i}"), "qdtest/base:1", "true"]);
    }
    live.until("all gone again", |f| replicas(f).is_empty().then_some(()));
    assert!(live.look(|s| matches!(s.fleet.link(), Some(Link::Live))));
    // And a crash loop is seen as one: restarting, counted, with its exit code.
    reference.run("looper", &["--restart", "always"], "exit 3");
    live.replica("looper", "restarted and counted", |r| r.restarts.is_some_and(|n| n >= 2));
    live.replica("looper", "between two runs", |r| {
        r.state == State::Restarting || r.exit.is_some_and(|e| e.code == 3)
    });
    // Out of memory is what the engine says, not what an exit code suggests.
    reference.run(
        "oom",
        &["--memory", "8m", "--memory-swap", "8m"],
        "x=$(head -c 64000000 /dev/zero | tr '\\0' x); echo $x",
    );
    live.replica("oom", "killed for memory", |r| r.exit.is_some_and(|e| e.oom));
    reference.clear();
}
