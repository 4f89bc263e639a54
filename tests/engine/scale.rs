//! Scaling as compose would: what it finds after, it takes for its own work.

use std::path::Path;
use std::process::Command;

use quarterdeck::engine::{Create, Done, Place, Step};
use quarterdeck::fleet::Verb;
use serde_json::Value;

use crate::hand::{Hand, differences, settings};
use crate::support::docker::{Reference, engine};

const FILE: &str = r#"
version: "2.4"
services:
  db:
    image: qdtest/base:1
    command: ["sleep", "1000"]
    stop_grace_period: 0s
  web:
    image: qdtest/base:1
    command: ["sh", "-c", "sleep 1000"]
    depends_on: [db]
    stop_grace_period: 0s
    restart: unless-stopped
    environment: {MODE: fast, DATABASE_URL: "postgres://ann:hunter2@db:5432/x"}
    labels: {tier: web, quarterdeck.gate.stay: 2s}
    expose: ["80"]
    ports: ["8080"]
    volumes: ["data:/data", "/anonymous", "./conf:/conf:ro"]
    tmpfs: ["/scratch"]
    networks:
      front: {aliases: [shop]}
      back: {}
    healthcheck: {test: ["CMD", "true"], interval: 5s}
    ulimits: {nofile: 1024}
    cap_add: [NET_ADMIN]
    logging: {driver: json-file, options: {max-size: 1m}}
    extra_hosts: ["far:10.1.2.3"]
    mem_limit: 64m
volumes: {data: {}}
networks: {front: {}, back: {}}
"#;

/// One generation of compose.
struct Compose<'c> {
    reference: &'c Reference,
    command: Vec<String>,
    dir: &'c Path,
    /// What it puts between project, service and number.
    by: char,
}

impl Compose<'_> {
    fn run(&self, args: &[&str]) -> String {
        let (program, first) = self.command.split_first().unwrap();
        let out = Command::new(program)
            .args(first)
            .current_dir(self.dir)
            .args(["-p", "qdscale"])
            .args(args)
            .env("DOCKER_HOST", &self.reference.host)
            .env_remove("DOCKER_CONTEXT")
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "{program} {args:?}: {words}");
        words
    }

    fn name(&self, number: u32) -> String {
        format!("qdscale{0}web{0}{number}", self.by)
    }
}

/// Ids of the replicas of `web`, by name.
fn ids(hand: &Hand) -> Vec<String> {
    let label = "label=com.docker.compose.service=web";
    let all = hand.reference.docker(&[
        "ps",
        "-a",
        "--no-trunc",
        "--filter",
        label,
        "--format",
        "{{.Names}} {{.ID}}",
    ]);
    let mut all: Vec<String> = all.lines().map(str::to_owned).collect();
    all.sort_unstable();
    all
}

fn another(hand: &Hand, compose: &Compose<'_>, number: u32) {
    let create = || Create {
        like: hand.id(&compose.name(1)),
        image: hand.image("qdtest/base:1"),
        name: compose.name(number).into(),
        number: Some(number),
        place: Place::Beside,
        limits: None,
    };
    let made = hand.make(create()).unwrap();
    assert_eq!(hand.make(create()), Ok(made.clone()), "asked again: the same");
    assert_eq!(hand.act(Verb::Start, &compose.name(number)), Ok(Done::Changed));
    assert_eq!(hand.make(create()), Ok(made), "also while it runs");
}

/// What of the number and the name is in the settings, taken out.
fn without_number(all: &Value) -> Value {
    let mut it = settings(all);
    it["Name"] = Value::Null;
    // Compose 2 writes these as they come out of a map.
    for (of, list) in [("Config", "Env"), ("HostConfig", "Mounts")] {
        if let Some(items) = it[of][list].as_array_mut() {
            items.sort_by_key(ToString::to_string);
        }
    }
    for mount in it["Mounts"].as_object_mut().unwrap().values_mut() {
        if mount["Name"].as_str().is_some_and(|name| name.len() == 64) {
            mount["Name"] = Value::Null;
            mount["Source"] = Value::Null;
        }
    }
    it
}

fn scale_like(command: &[&str], by: char) {
    let Some(reference) = engine() else { return };
    let hand = Hand::new(reference.clone());
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("docker-compose.yml"), FILE).unwrap();
    std::fs::create_dir(dir.path().join("conf")).unwrap();
    let command = command.iter().map(|word| (*word).to_owned()).collect();
    let compose = Compose { reference: &reference, command, dir: dir.path(), by };
    compose.run(&["down", "-v", "-t", "0"]);

    // What compose makes for a second one, we make.
    compose.run(&["up", "-d", "--scale", "web=2"]);
    let theirs = hand.look(&compose.name(2));
    hand.reference.remove(&[&compose.name(2)]);
    another(&hand, &compose, 2);
    let ours = hand.look(&compose.name(2));
    assert_eq!(differences(&without_number(&theirs), &without_number(&ours)), Vec::<String>::new());
    let number = "com.docker.compose.container-number";
    assert_eq!(ours["Config"]["Labels"][number], "2");

    // 1 → 5 → 2, and compose finds nothing to do.
    for number in 3..=5 {
        another(&hand, &compose, number);
    }
    let before = ids(&hand);
    assert_eq!(before.len(), 5);
    compose.run(&["up", "-d", "--scale", "web=5"]);
    assert_eq!(ids(&hand), before, "nothing was made anew");
    for number in (3..=5).rev() {
        assert_eq!(hand.act(Verb::Stop, &compose.name(number)), Ok(Done::Changed));
        assert_eq!(hand.act(Verb::Remove, &compose.name(number)), Ok(Done::Changed));
    }
    let before = ids(&hand);
    compose.run(&["up", "-d", "--scale", "web=2"]);
    assert_eq!(ids(&hand), before, "nothing was made anew");
    let words = compose.run(&["up", "-d"]);
    eprintln!("   {words}");
    let after = ids(&hand);
    assert!(
        !after.is_empty() && after.iter().all(|id| before.contains(id)),
        "nothing was made anew: {after:?}"
    );
    eprintln!("   plain `up -d` leaves {} of {} replicas", after.len(), before.len());

    // One that took another one's place is compose's own, too, as long as the image is the same.
    let new = format!("{}.qd-abc12.new", compose.name(1));
    let id = hand.create(&compose.name(1), &new, hand.image("qdtest/base:1"), Place::Instead).unwrap();
    hand.reference.remove(&[&compose.name(1)]);
    assert_eq!(hand.rename(&new, &compose.name(1)), Ok(Done::Changed));
    hand.reference.docker(&["start", &compose.name(1)]);
    compose.run(&["up", "-d"]);
    assert!(ids(&hand).iter().any(|line| line.ends_with(&id)), "the successor was made anew");

    // A name that somebody else has is not ours to take.
    hand.reference.run(&compose.name(7), &[], "sleep 1000");
    let taken = hand.step(Step::Create(Create {
        like: hand.id(&compose.name(1)),
        image: hand.image("qdtest/base:1"),
        name: compose.name(7).into(),
        number: Some(7),
        place: Place::Beside,
        limits: None,
    }));
    assert!(taken.unwrap_err().to_string().contains("is taken by another container"));
    hand.reference.remove(&[&compose.name(7)]);
    compose.run(&["down", "-v", "-t", "0"]);
}

#[test]
fn compose_v1_finds_nothing_to_do_after_a_scale() {
    scale_like(&["docker-compose", "--no-ansi"], '_');
}

/// Compose 2, where it is installed or named: `QD_TEST_COMPOSE2=/path/to/docker-compose`.
#[test]
fn compose_v2_finds_nothing_to_do_after_a_scale() {
    match std::env::var("QD_TEST_COMPOSE2") {
        Ok(path) if !path.is_empty() => scale_like(&[&path], '-'),
        _ if has_plugin() => scale_like(&["docker", "compose"], '-'),
        _ => eprintln!("SKIPPED: compose 2 is not installed (QD_TEST_COMPOSE2 may name it)"),
    }
}

fn has_plugin() -> bool {
    Command::new("docker").args(["compose", "version"]).output().is_ok_and(|out| out.status.success())
}
