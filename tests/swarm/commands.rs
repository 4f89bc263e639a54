//! The same by command.

use std::process::{Command, Stdio};

use quarterdeck::fleet::Health;

use crate::node::{CRASH, STACK, Swarm, managed, settled, summary};

/// Runs `qd ARGS` on the private engine, with a home of its own; gives exit code and all it said.
fn qd(swarm: &Swarm, home: &tempfile::TempDir, args: &[&str]) -> (i32, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_qd"))
        .args(args)
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name == "PATH"))
        .env("HOME", home.path())
        .env("QD_CONFIG_DIR", home.path().join("config"))
        .env("QD_STATE_DIR", home.path().join("state"))
        .env("DOCKER_HOST", &swarm.reference.host)
        .env("TERM", "dumb")
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    eprintln!("   qd {}: {:?}\n{said}", args.join(" "), out.status.code());
    (out.status.code().unwrap_or(-1), said)
}

#[test]
fn status_and_logs_of_a_stack_and_of_a_task_that_failed() {
    let Some(swarm) = Swarm::begin() else { return };
    let home = tempfile::tempdir().unwrap();
    let live = swarm.with_stack();
    let (code, said) = qd(&swarm, &home, &["status", "--all"]);
    assert_eq!(code, 0, "{said}");
    for row in ["none     0/0", "web      2/2", "agent    1/1"] {
        assert!(said.contains(row), "no {row:?} in:\n{said}");
    }
    let (code, said) = qd(&swarm, &home, &["logs", "shop/web"]);
    assert_eq!((code, said.matches("one").count()), (0, 2), "{said}");

    swarm.deploy(&format!("{STACK}{CRASH}"));
    live.until("it failed", |f| (summary(f, "crash")?.health.health == Health::Down).then_some(()));
    let (code, said) = qd(&swarm, &home, &["status"]);
    let says = |row: &str| row.contains("crash ") && row.contains("0/1") && row.contains("exit 3");
    assert!(code == 0 && said.lines().any(says), "{code}: {said}");
    let (code, said) = qd(&swarm, &home, &["logs", "shop/crash"]);
    assert!(code == 0 && said.contains("bad"), "{code}: {said}");
}

#[test]
fn scale_deploy_and_roll_back() {
    let Some(swarm) = Swarm::begin() else { return };
    let home = tempfile::tempdir().unwrap();
    let live = swarm.with_stack();
    assert_eq!(qd(&swarm, &home, &["scale", "shop/web", "3", "--yes"]).0, 0);
    assert_eq!(managed(&live, "web").running, 3);
    assert_eq!(qd(&swarm, &home, &["scale", "shop/web", "1", "--yes"]).0, 0);
    settled(&live, "web", 1);

    assert_eq!(qd(&swarm, &home, &["deploy", "shop/web", "qdswarm/api:2", "--yes"]).0, 0);
    let now = managed(&live, "web");
    assert_eq!((&*now.image.reference, now.running), ("qdswarm/api:2", 1));

    // It fails; the swarm takes it back by itself, and that is told as what it is.
    let (code, said) = qd(&swarm, &home, &["deploy", "shop/web", "qdswarm/api:bad", "--yes"]);
    assert_eq!(code, 5, "undone: {said}");
    assert!(said.contains("exit 3"), "the task is named with its end: {said}");
    let now = managed(&live, "web");
    assert_eq!((&*now.image.reference, now.running), ("qdswarm/api:2", 1));

    assert_eq!(qd(&swarm, &home, &["rollback", "shop/web", "--yes"]).0, 0);
    assert_eq!(&*managed(&live, "web").image.reference, "qdswarm/api:1");
    let (code, said) = qd(&swarm, &home, &["stop", "shop/web", "--yes"]);
    assert!(code == 4 && said.contains("qd scale"), "{code}: {said}");
}
