//! Roll back: to what ran before, by whatever way it came.

use crate::stage::{Stage, stage};

fn rolls_back(stage: &Stage, service: &str, name: &str) {
    stage.qd(&["status"]).expect(0);
    stage.qd(&["deploy", service, "qdtest/app:v2", "--yes"]).expect(0);
    stage.qd(&["rollback", service, "--yes"]).expect(0);
    assert_eq!(stage.answers(name, "version"), "v1");
    stage.qd(&["deploy", service, "qdtest/app:v2", "--yes"]).expect(0);
    stage.qd(&["deploy", service, "qdtest/app:v7", "--yes"]).expect(0);
    assert_eq!(stage.answers(name, "version"), "v7");
    let history = stage.qd(&["history", service]).expect(0).out;
    for tag in ["v1", "v2", "v7"] {
        assert!(history.contains(tag), "{history}");
    }
    // Two back; after the host came up again.
    stage.reference.control("kill");
    stage.reference.control("start");
    if stage.reference.inspect(name, "{{.State.Running}}") != "true" {
        stage.reference.docker(&["start", name]);
    }
    stage.healthy(name);
    stage.qd(&["rollback", service, "--to", "1", "--yes"]).expect(0);
    assert_eq!(stage.answers(name, "version"), "v1");
    assert_eq!(stage.reference.docker(&["exec", name, "cat", "/data/born"]), "v1");
}

#[test]
fn of_a_service_of_compose_v1() {
    let Some(stage) = stage() else { return };
    stage.compose(&["up", "-d", "web"]);
    stage.healthy("app_web_1");
    rolls_back(&stage, "app/web", "app_web_1");
}

#[test]
fn of_a_service_with_the_labels_of_compose_v2() {
    let Some(stage) = stage() else { return };
    let label = |key: &str, value: &str| format!("com.docker.compose.{key}={value}");
    let labels = [
        label("project", "shop"),
        label("service", "api"),
        label("container-number", "1"),
        label("oneoff", "False"),
        label("config-hash", "0123abcd"),
        label("version", "2.26.1"),
        label("depends_on", ""),
        label("project.working_dir", "/srv/shop"),
        label("project.config_files", "/srv/shop/compose.yml"),
        label("image", "sha256:0000"),
    ];
    let options: Vec<&str> = labels.iter().flat_map(|l| ["--label", l.as_str()]).collect();
    stage.lone("shop-api-1", "qdtest/app:v1", &options);
    rolls_back(&stage, "shop/api", "shop-api-1");
}

#[test]
fn of_a_lone_container_when_only_latest_moved() {
    let Some(stage) = stage() else { return };
    stage.lone("pos", "qdtest/app:latest", &["--publish", "18083:8080"]);
    stage.qd(&["status"]).expect(0);
    stage.reference.docker(&["tag", "qdtest/app:v2", "qdtest/app:latest"]);
    stage.qd(&["deploy", "pos", "--yes"]).expect(0);
    assert_eq!(stage.answers("pos", "version"), "v2");
    stage.qd(&["rollback", "pos", "--yes"]).expect(0);
    assert_eq!(stage.answers("pos", "version"), "v1");
    // The other way round somebody else deployed, by hand.
    stage.reference.remove(&["pos"]);
    stage.lone("pos", "qdtest/app:latest", &[]);
    assert_eq!(stage.answers("pos", "version"), "v2");
    stage.qd(&["status"]).expect(0);
    stage.qd(&["rollback", "pos", "--yes"]).expect(0);
    assert_eq!(stage.answers("pos", "version"), "v1");
}
