//! Deploy: what is good commits; what is not ends as if nothing had been.

use crate::stage::{Stage, differences, stage};

/// What must be the same afterwards: everything but the image and what comes from it.
fn same_but_image(before: &serde_json::Value, after: &serde_json::Value) -> Vec<String> {
    let from_image = |d: &String| {
        d.starts_with("/Image:")
            || d.starts_with("/Config/Image:")
            || d.starts_with("/Config/Labels/version:")
            || (d.starts_with("/Config/Env:") && d.contains("VERSION=v1") && d.contains("VERSION=v2"))
    };
    differences(before, after).into_iter().filter(|d| !from_image(d)).collect()
}

/// Everything a deploy must keep.
struct Before {
    containers: Vec<String>,
    volumes: Vec<String>,
    settings: serde_json::Value,
}

impl Before {
    fn of(stage: &Stage, name: &str) -> Self {
        Self { containers: stage.containers(), volumes: stage.volumes(), settings: stage.settings(name) }
    }

    /// Not even an id has changed, and it answers.
    fn still(&self, stage: &Stage, name: &str) {
        assert_eq!(stage.containers(), self.containers, "containers, ids and states are as before");
        assert_eq!(stage.volumes(), self.volumes, "no volume appeared or went");
        assert_eq!(differences(&self.settings, &stage.settings(name)), Vec::<String>::new());
        stage.healthy(name);
        assert_eq!(stage.answers(name, "version"), "v1");
    }
}

fn deploys(stage: &Stage, service: &str, name: &str) {
    let before = Before::of(stage, name);
    let deploy = |image: &str| stage.qd(&["deploy", service, image, "--yes"]);

    let said = deploy("qdtest/app:v3").expect(5).said();
    assert!(said.contains("unhealthy") && said.contains("undone"), "{said}");
    before.still(stage, name);

    let said = deploy("qdtest/app:v4").expect(5).said();
    // Where the engine starts it again at once, it may not be seen down.
    assert!(said.contains("exited with 3") || said.contains("died and was started again"), "{said}");
    before.still(stage, name);

    let missing = deploy("qdtest/app:v5");
    assert!(missing.code == 4 || missing.code == 5, "{}: {}", missing.code, missing.said());
    assert!(missing.said().contains("qdtest/app:v5"), "{}", missing.said());
    before.still(stage, name);

    let said = stage.qd(&["deploy", service, "qdtest/app:v2", "--dry-run"]).expect(0).said();
    assert!(said.contains("v1") && said.contains("v2"), "{said}");
    before.still(stage, name);

    deploy("qdtest/app:v2").expect(0);
    assert_eq!(stage.names(), names(&before.containers), "the names are the same");
    assert_eq!(stage.answers(name, "version"), "v2");
    assert_eq!(stage.reference.docker(&["exec", name, "cat", "/data/born"]), "v1", "its data is there");
    assert_eq!(same_but_image(&before.settings, &stage.settings(name)), Vec::<String>::new());
    assert_eq!(stage.volumes(), before.volumes);
}

fn names(containers: &[String]) -> Vec<String> {
    containers.iter().filter_map(|c| c.split(' ').next().map(str::to_owned)).collect()
}

#[test]
fn of_a_compose_service() {
    let Some(stage) = stage() else { return };
    stage.compose(&["up", "-d", "db", "web"]);
    stage.healthy("app_web_1");
    deploys(&stage, "app/web", "app_web_1");
}

#[test]
fn of_a_service_with_a_fixed_port() {
    let Some(stage) = stage() else { return };
    stage.compose(&["up", "-d", "edge"]);
    stage.healthy("app_edge_1");
    deploys(&stage, "app/edge", "app_edge_1");
}

#[test]
fn of_a_lone_container() {
    let Some(stage) = stage() else { return };
    stage.reference.docker(&["network", "create", "lonely"]);
    let options = [
        "--env",
        "COLOR=red",
        "--network",
        "lonely",
        "--network-alias",
        "shop",
        "--memory",
        "64m",
        "--restart",
        "always",
        "--stop-timeout",
        "2",
        "--publish",
        "18081:8080",
        "--hostname",
        "front",
        "--volume",
        "kept:/kept",
    ];
    stage.lone("lone", "qdtest/app:v1", &options);
    deploys(&stage, "lone", "lone");
}

#[test]
fn what_is_well_and_dies_a_moment_later_is_undone() {
    let Some(stage) = stage() else { return };
    stage.lone("lone", "qdtest/app:v1", &["--label", "quarterdeck.gate.settle=8s"]);
    let before = Before::of(&stage, "lone");
    let said = stage.qd(&["deploy", "lone", "qdtest/app:v6", "--yes"]).expect(5).said();
    assert!(said.contains("exited") || said.contains("died") || said.contains("restart"), "{said}");
    before.still(&stage, "lone");
}

#[test]
fn what_somebody_else_replaced_meanwhile_is_not_touched() {
    let Some(stage) = stage() else { return };
    stage.lone("lone", "qdtest/app:v1", &[]);
    // Between the plan and the yes, somebody makes a new one of that name.
    let mut term = crate::support::pty::Term::start(
        &["--host", &stage.reference.host, "deploy", "lone", "qdtest/app:v2"],
        180,
        30,
        &[],
        tempfile::tempdir().unwrap().path(),
    );
    term.see("[y/N]");
    stage.reference.remove(&["lone"]);
    stage.lone("lone", "qdtest/app:v1", &[]);
    let containers = stage.containers();
    term.keys("y\r");
    term.see("nothing was");
    assert_eq!(stage.containers(), containers);
}

#[test]
fn a_port_taken_meanwhile_is_undone() {
    let Some(stage) = stage() else { return };
    stage.lone("lone", "qdtest/app:v1", &["--publish", "18082:8080"]);
    let before = stage.settings("lone");
    // A foreign process takes the port in the gap, when the old one has let it go.
    let taker = std::thread::spawn(|| {
        for _ in 0..4_000 {
            if let Ok(listener) = std::net::TcpListener::bind("0.0.0.0:18082") {
                std::thread::sleep(std::time::Duration::from_secs(3));
                drop(listener);
                return true;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        false
    });
    let ended = stage.qd(&["deploy", "lone", "qdtest/app:v2", "--yes"]);
    if !taker.join().unwrap() {
        eprintln!("the port was never free for another process: nothing shown");
        return;
    }
    // Taking back needs the port too: it is tried until it is free, or told exactly.
    let said = ended.said();
    assert!(said.contains("18082") || said.contains("port"), "{said}");
    assert!(matches!(ended.code, 1 | 5), "{}: {said}", ended.code);
    if ended.code == 5 {
        assert_eq!(differences(&before, &stage.settings("lone")), Vec::<String>::new());
    } else {
        assert!(said.contains("docker start"), "it says what to type: {said}");
    }
    assert!(!stage.names().iter().any(|n| n.contains(".new")), "{:?}", stage.names());
}
