//! What the swarm is told, and what it does by itself.

use quarterdeck::engine::{Act, Course, Done, EngineError, Step, UpdateState};
use quarterdeck::fleet::{Health, Image, Limits, Replica, Verb};
use serde_json::Value;

use crate::node::{Swarm, id, image, made_from, managed, perform, replicas, settled, steer, summary};
use crate::support::eventually;
use crate::support::live::Live;

/// The service's spec, as the docker CLI tells it.
fn spec(swarm: &Swarm, name: &str) -> Value {
    let raw = swarm.reference.docker(&["service", "inspect", &format!("shop_{name}")]);
    serde_json::from_str::<Value>(&raw).unwrap()[0]["Spec"].clone()
}

/// Wait until an update stands so, and every wanted replica runs as the service says.
fn converged(live: &Live, state: UpdateState) {
    eventually("the update to end", std::time::Duration::from_mins(1), || {
        let it = managed(live, "web");
        let so = it.update.as_ref().is_some_and(|update| update.state == state);
        (so && it.running == it.wanted).then_some(())
    });
}

/// Wait for a replica of that service that satisfies `check`.
fn one_of(live: &Live, name: &str, check: impl Fn(&Replica) -> bool) -> Replica {
    live.until(&format!("one of {name}"), |f| f.replicas_of(&id(name)).find(|r| check(r)).cloned()).0
}

#[test]
fn scaling_changes_the_number_and_nothing_else() {
    let Some(swarm) = Swarm::begin() else { return };
    let live = swarm.with_stack();
    let before = spec(&swarm, "web");
    assert_eq!(steer(&live, "web", replicas(2), replicas(3)), Ok(Done::Changed));
    assert_eq!(steer(&live, "web", replicas(2), replicas(3)), Ok(Done::Unchanged), "asked again");
    settled(&live, "web", 3);
    let mut wanted = before.clone();
    wanted["Mode"]["Replicated"]["Replicas"] = 3.into();
    assert_eq!(spec(&swarm, "web"), wanted);
    let refused = steer(&live, "web", replicas(5), replicas(6));
    assert!(matches!(refused, Err(EngineError::Changed { .. })), "somebody else set it to 3: {refused:?}");
    assert_eq!(steer(&live, "web", replicas(3), replicas(2)), Ok(Done::Changed));
    settled(&live, "web", 2);
    assert_eq!(spec(&swarm, "web"), before);
    // Down to none, and up again.
    assert_eq!(steer(&live, "web", replicas(2), replicas(0)), Ok(Done::Changed));
    live.until("scaled to 0", |f| (summary(f, "web")?.health.why == "scaled to 0").then_some(()));
    assert_eq!(steer(&live, "web", replicas(0), replicas(1)), Ok(Done::Changed));
    settled(&live, "web", 1);
    let global = steer(&live, "agent", Course::default(), replicas(2));
    assert!(matches!(global, Err(EngineError::Unsupported { .. })), "{global:?}");
    let gone = steer(&live, "nobody", Course::default(), replicas(2));
    assert!(matches!(gone, Err(EngineError::Gone { .. })), "{gone:?}");
}

#[test]
fn an_update_replaces_every_task_and_a_rollback_by_hand_toggles() {
    let Some(swarm) = Swarm::begin() else { return };
    let live = swarm.with_stack();
    let before = managed(&live, "web");
    assert_eq!((before.replicas, before.wanted, before.running), (Some(2), 2, 2));
    assert_eq!((&*before.image.reference, before.previous), ("qdswarm/api:1", None));
    assert!(before.image.id.starts_with("sha256:") && before.rolls_back && !before.start_first);
    assert_eq!(before.gate, [("stay".to_owned(), "1s".to_owned())]);
    assert_eq!(before.health.map(|it| it.interval.as_secs()), Some(1));
    // Whom its environment names; nobody here is called so.
    let outside = live.look(|seen| {
        let all = seen.fleet.services().filter(|it| &*it.id.name == "web");
        let outside = all.flat_map(|it| seen.fleet.dependencies().outside(&it.id));
        outside.map(quarterdeck::fleet::Outside::path).collect::<Vec<_>>()
    });
    assert_eq!(outside, ["db:5432"]);
    let old = settled(&live, "web", 2);

    assert_eq!(
        steer(&live, "web", made_from("qdswarm/api:1"), made_from("qdswarm/api:2")),
        Ok(Done::Changed)
    );
    live.until("updating", |f| summary(f, "web")?.health.why.starts_with("updating").then_some(()));
    converged(&live, UpdateState::Completed);
    let new = settled(&live, "web", 2);
    assert!(new.iter().all(|r| &*r.image.reference == "qdswarm/api:2" && old.iter().all(|o| o.id != r.id)));
    let after = managed(&live, "web");
    assert_eq!(after.previous, Some(image("qdswarm/api:1")));
    assert_ne!(after.image.id, before.image.id, "the very image is known where a task runs here");
    assert_eq!(after.spec, before.spec, "settings are the same: only the image changed");
    assert_eq!(new.first().and_then(|r| r.spec), Some(after.spec));

    // By hand, as the docker CLI does it: what was left is now what it would go back to.
    swarm.reference.docker(&["service", "rollback", "--detach", "shop_web"]);
    converged(&live, UpdateState::RolledBack);
    let back = managed(&live, "web");
    assert_eq!(&*back.image.reference, "qdswarm/api:1");
    assert_eq!(back.previous, Some(image("qdswarm/api:2")));
    live.until("no word of it", |f| summary(f, "web")?.health.why.is_empty().then_some(()));
}

#[test]
fn a_failing_update_is_taken_back_by_the_swarm_and_names_the_task() {
    let Some(swarm) = Swarm::begin() else { return };
    let live = swarm.with_stack();
    let before = spec(&swarm, "web");
    let (from, to) = (made_from("qdswarm/api:1"), made_from("qdswarm/api:bad"));
    assert_eq!(steer(&live, "web", from.clone(), to.clone()), Ok(Done::Changed));
    converged(&live, UpdateState::RolledBack);
    let after = managed(&live, "web");
    let message = after.update.unwrap().message;
    assert!(message.starts_with("task shop_web.") && message.ends_with(" failed: exit 3"), "{message}");
    assert_eq!((&*after.image.reference, after.previous), ("qdswarm/api:1", None));
    assert_eq!(spec(&swarm, "web"), before, "as it was, by the swarm's own doing");
    settled(&live, "web", 2);
    live.until("it says so", |f| {
        let why = summary(f, "web")?.health.why;
        (why.starts_with("rolled back: task shop_web.") && why.contains("exit 3")).then_some(())
    });
    assert_eq!(steer(&live, "web", to, from), Ok(Done::Unchanged), "there is nothing left to undo");
}

#[test]
fn an_update_that_pauses_says_so() {
    let Some(swarm) = Swarm::begin() else { return };
    let live = swarm.with_stack();
    swarm.reference.docker(&[
        "service",
        "update",
        "--detach",
        "--update-failure-action",
        "pause",
        "shop_web",
    ]);
    assert_eq!(
        steer(&live, "web", made_from("qdswarm/api:1"), made_from("qdswarm/api:bad")),
        Ok(Done::Changed)
    );
    live.until("paused", |f| {
        let health = summary(f, "web")?.health;
        let so = health.why.starts_with("update paused: task shop_web.");
        (so && health.health >= Health::Degraded).then_some(())
    });
}

#[test]
fn limits_and_restarts_replace_tasks() {
    let Some(swarm) = Swarm::begin() else { return };
    let live = swarm.with_stack();
    let was = managed(&live, "agent");
    assert_eq!((was.replicas, was.wanted, was.running), (None, 1, 1));
    let old = settled(&live, "agent", 1);
    let limits = Limits { cpus: Some(0.25), memory: Some(32 << 20), pids: None };
    let course = |limits| Course { limits: Some(limits), ..Course::default() };
    assert_eq!(steer(&live, "agent", course(was.limits), course(limits)), Ok(Done::Changed));
    let new = one_of(&live, "agent", |r| r.limits == limits && old.iter().all(|o| o.id != r.id));
    settled(&live, "agent", 1);
    assert_eq!(managed(&live, "agent").limits, limits);
    // Restart is to have everything replaced though nothing changed.
    assert_eq!(perform(&live, "agent", Act::new(Verb::Restart, new.id.clone()).into()), Ok(Done::Changed));
    one_of(&live, "agent", |r| r.id != new.id);
    let now = managed(&live, "agent");
    assert_eq!(now.force, was.force + 1);
    // Taken back, it is replaced once more.
    let force = |n| Course { force: Some(n), ..Course::default() };
    assert_eq!(steer(&live, "agent", force(now.force), force(was.force)), Ok(Done::Changed));
}

#[test]
fn an_image_is_that_very_image_also_when_its_name_moved_on() {
    let Some(swarm) = Swarm::begin() else { return };
    let live = swarm.with_stack();
    let first = managed(&live, "web").image;
    swarm.image("qdswarm/api:1", "echo moved; trap 'exit 0' TERM; while :; do sleep 0.1; done");
    // The same name anew: only being told to look again makes the swarm look.
    let course =
        |image: &Image, force| Course { image: Some(image.clone()), force: Some(force), ..Course::default() };
    let query = quarterdeck::engine::Query { images: vec!["qdswarm/api:1".into()], ..Default::default() };
    let survey = live.runtime.block_on(live.engine.survey(&query)).unwrap();
    let moved = Image { id: survey.image("qdswarm/api:1").unwrap().id.clone(), ..first.clone() };
    assert_ne!(first.id, moved.id);
    assert_eq!(steer(&live, "web", course(&first, 0), course(&moved, 1)), Ok(Done::Changed));
    converged(&live, UpdateState::Completed);
    assert_eq!(managed(&live, "web").image, moved);
    // Back to what the name does not mean any more.
    let (from, to) = (course(&moved, 1), course(&first, 1));
    assert_eq!(steer(&live, "web", from.clone(), to.clone()), Ok(Done::Changed));
    converged(&live, UpdateState::Completed);
    assert_eq!(managed(&live, "web").image.id, first.id);
    assert!(settled(&live, "web", 2).iter().all(|r| r.image.id == first.id));
    assert_eq!(steer(&live, "web", from.clone(), to.clone()), Ok(Done::Unchanged));
    assert_eq!(steer(&live, "web", to, from), Ok(Done::Changed), "and undone");
}

#[test]
fn what_the_swarm_would_undo_is_refused() {
    let Some(swarm) = Swarm::begin() else { return };
    let live = swarm.with_stack();
    let task = settled(&live, "web", 2).into_iter().next().unwrap();
    for verb in Verb::ALL.into_iter().filter(|verb| *verb != Verb::Restart) {
        let refused = perform(&live, "web", Act::new(verb, task.id.clone()).into()).unwrap_err();
        assert!(matches!(refused, EngineError::Unsupported { .. }), "{verb}: {refused:?}");
        assert!(refused.remedy().contains("qd scale shop/web"), "{verb}: {}", refused.remedy());
    }
    let discard = perform(&live, "web", Step::Discard { name: "shop_web.1".into(), made: None });
    assert!(matches!(discard, Err(EngineError::Unsupported { .. })));
    assert_eq!(live.look(|s| s.fleet.replicas_of(&id("web")).count()), 2);
}
