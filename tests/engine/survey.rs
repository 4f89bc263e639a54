//! What planning asks a real engine.

use std::time::Duration;

use quarterdeck::engine::{Blueprint, Query, Survey};
use quarterdeck::fleet::{Link, State};

use crate::contract::open;
use crate::support::docker::{Reference, engine};
use crate::support::live::Live;

fn survey(live: &Live, query: &Query) -> Survey {
    live.runtime.block_on(live.engine.survey(query)).expect("the engine answers")
}

fn blueprint(live: &Live, name: &str) -> Blueprint {
    let replica = live.replica(name, "inspected", |r| r.restarts.is_some());
    let found = survey(live, &Query { replicas: vec![replica.id.clone()], ..Query::default() });
    let found = found.replica(&replica.id).expect("it is there").clone();
    assert_eq!(Some(found.spec), replica.spec, "{name}: watch and survey see the same settings");
    found
}

fn live(reference: &Reference) -> Live {
    let live = Live::watch(|| open(&reference.host));
    live.until("live", |fleet| matches!(fleet.link(), Some(Link::Live)).then_some(()));
    live
}

#[test]
fn a_survey_tells_what_decides_how_a_replica_can_be_changed() {
    let Some(reference) = engine() else { return };
    let names = ["survey-a", "survey-b", "survey-h"];
    reference.remove(&names);
    let _ = reference.try_docker(&["network", "rm", "survey-net"]);
    reference.docker(&["network", "create", "--subnet", "10.201.0.0/24", "survey-net"]);
    reference.run(
        "survey-a",
        &[
            "--network=survey-net",
            "--ip=10.201.0.9",
            "--network-alias=web",
            "--publish=127.0.0.1:18233:80",
            "--publish=81",
            "--volume=survey-data:/data",
            "--volume=/scratch",
            "--restart=on-failure:3",
            "--stop-timeout=7",
            "--memory=64m",
            "--cpus=0.5",
            "--health-cmd=true",
            "--health-interval=3s",
            "--label=quarterdeck.gate.deadline=90s",
            "--label=quarterdeck.overlap=yes",
            "--env=DATABASE_URL=postgres://ann:hunter2@db:5432/shop",
        ],
        "sleep 1000",
    );
    reference.run("survey-b", &["--network=container:survey-a", "--rm"], "sleep 1000");
    reference.run("survey-h", &["--network=host"], "sleep 1000");
    let live = live(&reference);

    let a = blueprint(&live, "survey-a");
    assert_eq!(a.fixed_ports.iter().map(|p| p.host.unwrap().1).collect::<Vec<_>>(), [18233]);
    assert_eq!(a.addresses, ["survey-net 10.201.0.9"]);
    assert!(a.fixed_name && !a.auto_remove);
    assert_eq!((a.policy.as_str(), a.stop_timeout), ("on-failure:3", Some(7)));
    assert_eq!((a.limits.memory, a.limits.cpus), (Some(64 << 20), Some(0.5)));
    assert_eq!(a.health.as_ref().unwrap().interval, Duration::from_secs(3));
    assert_eq!(a.gate, [("deadline".to_owned(), "90s".to_owned())]);
    assert_eq!(a.overlap.as_deref(), Some("yes"));
    assert_eq!(a.unlike, None);
    let mut mounts: Vec<_> = a.mounts.iter().map(|m| (m.target.as_str(), m.anonymous)).collect();
    mounts.sort_unstable();
    assert_eq!(mounts, [("/data", false), ("/scratch", true)]);
    assert!(!format!("{a:?}").contains("hunter2"), "a survey holds no secret");

    let b = blueprint(&live, "survey-b");
    assert_eq!((b.shares_network.as_deref(), b.auto_remove), (Some("survey-a"), true));
    assert_eq!(blueprint(&live, "survey-h").shares_network.as_deref(), Some("host"));

    let id = a.image.id.clone();
    let asked = ["qdtest/base:1".into(), id.clone(), "qdtest/none:9".into(), "../containers/json".into()];
    let images = survey(&live, &Query { images: asked.to_vec(), ..Query::default() }).images;
    assert_eq!(images.iter().map(|(asked, _)| asked.clone()).collect::<Vec<_>>(), asked);
    let found: Vec<Option<_>> =
        images.iter().map(|(_, found)| found.as_ref().map(|f| f.id.clone())).collect();
    assert_eq!(found, [Some(id.clone()), Some(id), None, None]);
    assert!(images[0].1.as_ref().unwrap().tags.contains(&"qdtest/base:1".into()));

    // What is gone is missing, and no error.
    let gone = live.replica("survey-h", "runs", |r| r.state == State::Running).id;
    reference.remove(&["survey-h"]);
    assert!(survey(&live, &Query { replicas: vec![gone], ..Query::default() }).replicas.is_empty());
    reference.remove(&names);
    let _ = reference.try_docker(&["network", "rm", "survey-net"]);
}

#[test]
fn the_engine_says_which_one_it_is_and_settings_have_a_fingerprint_that_lasts() {
    let Some(reference) = engine() else { return };
    let names = ["print-1", "print-2", "print-3"];
    reference.remove(&names);
    let options = ["--env=MODE=fast", "--volume=/scratch", "--memory=32m"];
    reference.run("print-1", &options, "sleep 1000");
    reference.run("print-2", &options, "sleep 1000");
    reference.run("print-3", &["--env=MODE=slow"], "sleep 1000");
    let live = live(&reference);
    let instance = reference.docker(&["info", "--format", "{{.ID}}"]);
    live.until("says which one", |fleet| (fleet.engine()?.instance == instance).then_some(()));

    let spec = |name: &str| live.replica(name, "has a fingerprint", |r| r.spec.is_some()).spec.unwrap();
    assert_eq!(spec("print-1"), spec("print-2"), "two that were made alike");
    assert_ne!(spec("print-1"), spec("print-3"));
    let before = spec("print-1");
    reference.docker(&["restart", "-t", "0", "print-1"]);
    reference.docker(&["update", "--restart", "always", "print-1"]);
    reference.docker(&["rename", "print-1", "print-1.qd-abc12.old"]);
    let again = live.replica("print-1.qd-abc12.old", "looked at again", |r| r.spec.is_some() && r.kept_up);
    assert_eq!(again.spec, Some(before), "neither a restart, nor its policy, nor its name");
    reference.docker(&["update", "--memory", "48m", "--memory-swap", "96m", "print-2"]);
    live.replica("print-2", "changed", |r| r.spec.is_some_and(|spec| spec != before));
    reference.remove(&["print-1.qd-abc12.old", "print-2", "print-3"]);
}
