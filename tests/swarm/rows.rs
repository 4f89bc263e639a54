//! What is on the screen.

use jiff::Timestamp;
use quarterdeck::fleet::{Fleet, Health, Link, State};

use crate::node::{STACK, Swarm, id, settled, summary};
use crate::support::live::replicas;

fn rows(fleet: &Fleet) -> Vec<String> {
    let now = Timestamp::now();
    let row =
        |id| fleet.summary(id, now).map(|it| format!("{} {} {}/{}", id.engine, id.path(), it.up, it.total));
    fleet.services().filter_map(|it| row(&it.id)).collect()
}

#[test]
fn rows_stand_right_after_a_stack_was_deployed_and_compose_beside_it_is_untouched() {
    let Some(swarm) = Swarm::begin() else { return };
    let labels = ["com.docker.compose.project=pay", "com.docker.compose.service=db"];
    let mut options: Vec<&str> = labels.iter().flat_map(|label| ["-l", label]).collect();
    options.extend(["-l", "com.docker.compose.container-number=1"]);
    swarm.reference.run("pay_db_1", &options, "sleep 1000");
    swarm.reference.run("lone", &[], "sleep 1000");
    let live = swarm.watch();
    live.until("what is no swarm's", |f| (rows(f) == ["docker pay/db 1/1", "docker lone 1/1"]).then_some(()));
    let others = || {
        live.look(|s| {
            replicas(&s.fleet).into_iter().filter(|r| r.id.engine.as_str() == "docker").collect::<Vec<_>>()
        })
    };
    live.replica("lone", "inspected", |r| r.restarts.is_some());
    live.replica("pay_db_1", "inspected", |r| r.restarts.is_some());
    let before = others();

    swarm.deploy(STACK);
    live.until("a row for every service", |f| {
        let known = ["web", "agent", "none"].iter().all(|name| summary(f, name).is_some());
        known.then_some(())
    });
    settled(&live, "web", 2);
    settled(&live, "agent", 1);
    let all = [
        "docker pay/db 1/1",
        "docker lone 1/1",
        "swarm shop/agent 1/1",
        "swarm shop/none 0/0",
        "swarm shop/web 2/2",
    ];
    live.until("and no other", |f| (rows(f) == all).then_some(()));
    assert_eq!(others(), before, "what is no swarm's is as it was");

    // They run before it is known that they have a check, and what it says.
    let well = |f: &Fleet| summary(f, "web").filter(|web| web.health.health == Health::Healthy);
    let (web, _) = live.until("web is healthy", well);
    assert_eq!((web.desired, &*web.revision), (Some(2), "1"));
    assert!(web.ports.iter().any(|p| p.container == 80 && p.host.is_some_and(|(_, port)| port == 8080)));
    assert_eq!(web.limits.memory, Some(2 * (64 << 20)));
    let none = live.look(|s| summary(&s.fleet, "none").unwrap());
    assert_eq!((none.health.health, none.health.why.as_str()), (Health::Stopped, "scaled to 0"));
    for replica in live.look(|s| s.fleet.replicas_of(&id("web")).cloned().collect::<Vec<_>>()) {
        assert!(
            replica.name.starts_with(&format!("shop_web.{}.", replica.number.unwrap())),
            "{}",
            replica.name
        );
        assert_eq!(replica.state, State::Running);
        assert!(replica.pid.is_some() && !replica.image.id.is_empty(), "{replica:?}");
        assert!(replica.placed.unwrap().here);
        live.until("its usage", |f| {
            f.replica_summary(&replica.id, Timestamp::now())?.usage.memory.map(|_| ())
        });
    }

    // A command that does not watch sees the same.
    let mut listed = Fleet::new();
    for observation in live.runtime.block_on(live.engine.list(true)).unwrap() {
        listed.apply(observation);
    }
    assert_eq!(rows(&listed), all);
    let usage = listed.summary(&id("web"), Timestamp::now()).unwrap().usage;
    assert!(usage.memory.is_some(), "{usage:?}");
}

#[test]
fn a_service_that_fails_says_why() {
    let Some(swarm) = Swarm::begin() else { return };
    let live = swarm.watch();
    swarm.deploy(
        r#"
version: "3.8"
services:
  crash:
    image: qdswarm/api:bad
    deploy: {restart_policy: {delay: 200ms}}
  missing:
    image: qdswarm/nothing:1
    deploy: {restart_policy: {delay: 200ms}}
  stuck:
    image: qdswarm/api:1
    deploy: {placement: {constraints: ["node.labels.nowhere == yes"]}}
  sick:
    image: qdswarm/api:1
    stop_grace_period: 1s
    healthcheck: {test: ["CMD-SHELL", "exit 1"], interval: 300ms, retries: 1}
    deploy: {restart_policy: {delay: 200ms}}
  once:
    image: qdswarm/api:bad
    deploy: {restart_policy: {condition: none}}
"#,
    );
    let says = |name: &str, words: &str| {
        live.until(&format!("{name}: {words}"), |f| {
            let it = summary(f, name)?;
            (it.health.health == Health::Down && it.health.why.contains(words)).then_some(it)
        })
        .0
    };
    says("crash", "exit 3");
    let crash = says("crash", "restarts in");
    assert_eq!((crash.up, crash.total), (0, 1));
    says("missing", "No such image: qdswarm/nothing:1");
    says("stuck", "no suitable node");
    says("sick", "unhealthy");
    let once = says("once", "exit 3");
    assert_eq!((once.up, once.total), (0, 1), "{once:?}");
    let sentence = live.look(|s| s.fleet.situation(Timestamp::now()).text());
    assert!(sentence.contains("crash down"), "{sentence}");
}

#[test]
fn a_swarm_that_is_left_takes_its_rows_with_it() {
    let Some(swarm) = Swarm::begin() else { return };
    swarm.reference.run("lone", &[], "sleep 1000");
    let live = swarm.with_stack();
    live.replica("lone", "there", |_| true);
    swarm.reference.docker(&["swarm", "leave", "--force"]);
    live.until("only what is no swarm's", |f| (rows(f) == ["docker lone 1/1"]).then_some(()));
    live.look(|s| {
        assert!(matches!(s.fleet.link(), Some(Link::Live)));
        let sentence = s.fleet.situation(Timestamp::now()).text();
        assert!(!sentence.contains("swarm"), "no trouble: {sentence}");
    });
    // And comes back with them.
    swarm.leave();
    swarm.init("127.0.0.1");
    swarm.deploy(STACK);
    settled(&live, "web", 2);
}
