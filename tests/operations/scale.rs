//! Scale as compose would, so that compose finds nothing to mend.

use crate::stage::stage;

fn ids(containers: &[String]) -> Vec<&str> {
    containers.iter().filter_map(|c| c.split(' ').nth(1)).collect()
}

#[test]
fn up_and_down_and_compose_changes_nothing() {
    let Some(stage) = stage() else { return };
    stage.compose(&["up", "-d", "db", "web"]);
    stage.healthy("app_web_1");
    stage.qd(&["scale", "app/web", "5", "--yes"]).expect(0);
    let five: Vec<String> = (1..=5).map(|n| format!("app_web_{n}")).collect();
    assert_eq!(stage.names()[1..], five[..]);
    for name in &five {
        stage.healthy(name);
    }
    let before = stage.containers();
    stage.compose(&["up", "-d", "--scale", "web=5", "db", "web"]);
    assert_eq!(ids(&stage.containers()), ids(&before), "compose recreated nothing at five");

    stage.qd(&["scale", "app/web", "2", "--yes"]).expect(0);
    assert_eq!(stage.names()[1..], five[..2], "the highest numbers went");
    let before = stage.containers();
    stage.compose(&["up", "-d", "--scale", "web=2", "db", "web"]);
    assert_eq!(ids(&stage.containers()), ids(&before), "compose recreated nothing at two");
    let said = stage.compose(&["up", "-d", "db"]);
    assert_eq!(ids(&stage.containers()), ids(&before), "{said}");
}

#[test]
fn what_cannot_be_scaled_is_refused_with_the_remedy() {
    let Some(stage) = stage() else { return };
    stage.compose(&["up", "-d", "edge", "named"]);
    stage.lone("lone", "qdtest/app:v1", &[]);
    let before = stage.containers();
    for (service, why) in [("app/edge", "18080"), ("app/named", "container_name"), ("lone", "compose")] {
        let said = stage.qd(&["scale", service, "3", "--yes"]).expect(4).said();
        assert!(said.contains(why), "{service}: {said}");
    }
    let said = stage.qd(&["scale", "app/named", "0", "--yes"]).expect(4).said();
    assert!(said.contains("stop"), "{said}");
    assert_eq!(ids(&stage.containers()), ids(&before));
}

#[test]
fn a_replica_that_never_gets_well_takes_the_new_ones_away_again() {
    let Some(stage) = stage() else { return };
    stage.compose(&["up", "-d", "web"]);
    stage.healthy("app_web_1");
    // Its copies will lack what the first one has: they can't get well.
    stage.reference.docker(&["exec", "app_web_1", "sh", "-c", "true"]);
    let before = stage.containers();
    let ended = stage.qd(&["scale", "app/web", "3", "--yes", "--timeout", "1ms"]);
    assert_eq!(ended.code, 5, "{}", ended.said());
    assert_eq!(stage.containers(), before);
}
