//! A swarm that can't answer.

use jiff::Timestamp;
use quarterdeck::fleet::{Link, State};

use crate::node::Swarm;
use crate::support::live::replicas;

#[test]
fn a_locked_swarm_is_a_sentence_and_everything_else_goes_on() {
    let Some(swarm) = Swarm::begin() else { return };
    swarm.reference.run("lone", &["--restart=always"], "sleep 1000");
    swarm.reference.docker(&["swarm", "update", "--autolock=true"]);
    let key = swarm.reference.docker(&["swarm", "unlock-key", "-q"]);
    let live = swarm.with_stack();
    swarm.reference.control("kill");
    live.until("lost", |f| matches!(f.link(), Some(Link::Lost { .. })).then_some(()));
    swarm.reference.control("start");
    live.until("back, and locked", |f| {
        let sentence = f.situation(Timestamp::now()).text();
        (matches!(f.link(), Some(Link::Live)) && sentence.contains("the swarm is locked")).then_some(())
    });
    live.replica("lone", "runs", |r| r.state == State::Running);
    // A command that comes now hears the same.
    let listed = live.runtime.block_on(live.engine.list(false)).unwrap();
    let mut fleet = quarterdeck::fleet::Fleet::new();
    for observation in listed {
        fleet.apply(observation);
    }
    assert!(fleet.situation(Timestamp::now()).text().contains("swarm unlock"));
    assert!(replicas(&fleet).iter().any(|r| &*r.name == "lone"));

    let mut unlock = std::process::Command::new("docker")
        .args(["swarm", "unlock"])
        .env("DOCKER_HOST", &swarm.reference.host)
        .env_remove("DOCKER_CONTEXT")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut unlock.stdin.take().unwrap(), format!("{key}\n").as_bytes()).unwrap();
    assert!(unlock.wait().unwrap().success());
    live.until("unlocked", |f| (!f.situation(Timestamp::now()).text().contains("locked")).then_some(()));
    crate::node::settled(&live, "web", 2);
}
