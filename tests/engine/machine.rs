//! The engine's machine, as a real engine on this one shows it: sockets, disks, what it keeps.

use std::net::TcpListener;
use std::time::Duration;

use quarterdeck::engine::{Holding, Pile};
use quarterdeck::fleet::{Claimant, Fleet, Reach, Stake};
use quarterdeck::probe::{Tools, reach};

use crate::contract::open;
use crate::support::docker::{Reference, engine};
use crate::support::live::Live;

/// The fleet as a command sees it.
fn listed(live: &Live) -> Fleet {
    let mut fleet = Fleet::new();
    for observation in live.runtime.block_on(live.engine.list(false)).expect("the engine lists") {
        fleet.apply(observation);
    }
    fleet
}

#[test]
fn who_stands_on_a_port_that_a_stopped_container_wants_is_named() {
    let Some(reference) = engine() else { return };
    let names = ["machine-wants", "machine-serves"];
    reference.remove(&names);
    let foreign = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = foreign.local_addr().unwrap().port();
    let publish = format!("--publish=127.0.0.1:{port}:80");
    reference.docker(&["create", "--name", "machine-wants", &publish, "qdtest/base:1", "sleep", "1000"]);
    reference.run("machine-serves", &["--expose=81", "--expose=82"], "exec httpd -f -p 81 -h /tmp");
    let live = Live::watch(|| open(&reference.host));
    let listeners = live.runtime.block_on(live.engine.listeners()).expect("it is this machine");
    let fleet = listed(&live);
    let rows = fleet.port_rows(&listeners);
    let on = |number: u16| rows.iter().filter(move |row| row.number == Some(number)).collect::<Vec<_>>();
    let [process, wants] = on(port)[..] else { panic!("{:?}", on(port)) };
    let Claimant::Process { known: Some((pid, _)) } = &process.by else { panic!("{process:?}") };
    assert_eq!((process.stake, *pid), (Stake::Holds, std::process::id()));
    assert_eq!((wants.stake, wants.by.words().as_str()), (Stake::InVain, "machine-wants"));
    assert!(wants.rivals[0].contains(&format!("(pid {pid})")), "{:?}", wants.rivals);
    // What is only exposed is told, too, and asked at the container's own address.
    let tools = Tools::new(live.engine.clone());
    let ask = || live.runtime.block_on(reach(&tools, &fleet, |it| &*it.name == "machine-serves"));
    let answered = |said: &Reach| matches!(said, Reach::Answers(_));
    // It has only just been started.
    let mut answers = ask();
    for _ in 0..50 {
        if answers.values().any(answered) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        answers = ask();
    }
    let said: Vec<(u16, bool)> = answers.iter().map(|((_, port), said)| (*port, answered(said))).collect();
    assert_eq!(said, [(81, true), (82, false)], "{answers:?}");
    reference.remove(&names);
}

#[test]
fn disks_are_found_by_the_volumes_and_directories_on_them() {
    let Some(reference) = engine() else { return };
    reference.remove(&["machine-data"]);
    let directory = reference.dir().join("machine-directory");
    std::fs::create_dir_all(&directory).unwrap();
    let bind = format!("--volume={}:/files:ro", directory.display());
    reference.run("machine-data", &["--volume=machine-volume:/data", &bind], "sleep 1000");
    let live = Live::watch(|| open(&reference.host));
    let storage = live.runtime.block_on(live.engine.storage()).expect("it is this machine");
    let holds = |is: &dyn Fn(&Holding) -> bool| {
        let mut of = storage.disks.iter().filter(|disk| disk.holds.iter().any(is));
        let found = of.next().unwrap_or_else(|| panic!("{storage:?}"));
        assert!(of.next().is_none(), "told twice: {storage:?}");
        found
    };
    holds(&|it| *it == Holding::System);
    let engine = holds(&|it| *it == Holding::Engine);
    let volume = holds(
        &|it| matches!(it, Holding::Volume { name, of } if &**name == "machine-volume" && of.len() == 1),
    );
    assert_eq!(engine.mount, volume.mount, "volumes lie with the engine's data");
    let shown = directory.to_string_lossy();
    holds(&|it| matches!(it, Holding::Directory { path, .. } if **path == *shown));
    let space = engine.space.expect("it answers");
    assert!(space.used > 0 && space.used <= space.total, "{space:?}");
    reference.remove(&["machine-data"]);
    reference.docker(&["volume", "rm", "machine-volume"]);
}

/// Count, in use, and bytes as `docker system df` prints them.
fn told(reference: &Reference, kind: &str) -> (u64, u64, f64) {
    let lines =
        reference.docker(&["system", "df", "--format", "{{.Type}}|{{.TotalCount}}|{{.Active}}|{{.Size}}"]);
    let line = lines.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix('|')).unwrap();
    let [count, active, size] = line.split('|').collect::<Vec<_>>()[..] else { panic!("{line}") };
    let unit = size.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == 'e' || c == '+');
    let factor = match unit {
        "B" => 1.0,
        "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        other => panic!("{other}"),
    };
    let number: f64 = size.trim_end_matches(unit).parse().unwrap();
    (count.parse().unwrap(), active.parse().unwrap(), number * factor)
}

#[test]
fn what_the_engine_keeps_is_what_docker_says_it_keeps() {
    let Some(reference) = engine() else { return };
    let names = ["machine-up", "machine-down"];
    reference.remove(&names);
    reference.run(
        "machine-up",
        &["--volume=machine-kept:/data"],
        "head -c 300000 /dev/zero >/data/x; sleep 1000",
    );
    reference.run("machine-down", &[], "head -c 70000 /dev/zero >/x");
    reference.docker(&["wait", "machine-down"]);
    reference.docker(&["volume", "create", "machine-idle"]);
    let live = Live::watch(|| open(&reference.host));
    let kept = live.runtime.block_on(live.engine.disk_use()).expect("the engine adds up");
    let same = |kind: &str, pile: &Pile| {
        let (count, active, size) = told(&reference, kind);
        assert_eq!((pile.count, pile.active), (count, active), "{kind}");
        // Docker prints four figures.
        assert!((pile.size as f64 - size).abs() <= size * 0.001 + 1.0, "{kind}: {} is not {size}", pile.size);
    };
    same("Images", &kept.images);
    same("Containers", &kept.containers);
    same("Local Volumes", &kept.volumes);
    same("Build Cache", &kept.build_cache);
    assert!(kept.containers.reclaimable >= 70_000 && kept.volumes.size >= 300_000, "{kept:?}");
    assert!(kept.volumes.active < kept.volumes.count, "{kept:?}");
    reference.remove(&names);
    reference.docker(&["volume", "rm", "machine-kept", "machine-idle"]);
}
