//! Each step on a real engine: done once, asked for twice, cut off in between, and where somebody
//! else was at it.

use quarterdeck::engine::{Act, Create, Done, EngineError, Place, Step};
use quarterdeck::fleet::{Image, Limits, ReplicaId, Verb};
use serde_json::json;

use crate::hand::Hand;
use crate::support::docker::engine;

fn hand(names: &[&str]) -> Option<Hand> {
    let hand = Hand::new(engine()?);
    for name in names {
        let ends = ["", ".qd-abc12.new", ".qd-abc12.old"].map(|end| format!("{name}{end}"));
        hand.reference.remove(&ends.each_ref().map(String::as_str));
    }
    Some(hand)
}

fn volumes(hand: &Hand) -> Vec<String> {
    let mut all: Vec<String> =
        hand.reference.docker(&["volume", "ls", "-q"]).lines().map(str::to_owned).collect();
    all.sort_unstable();
    all
}

#[test]
fn a_create_that_was_cut_off_is_completed() {
    let Some(hand) = hand(&["cut"]) else { return };
    for network in ["cut-a", "cut-b", "cut-c"] {
        let _ = hand.reference.try_docker(&["network", "rm", network]);
        hand.reference.docker(&["network", "create", network]);
    }
    hand.reference.run("cut", &["--network=cut-a", "--stop-timeout=0"], "sleep 1000");
    for network in ["cut-b", "cut-c"] {
        hand.reference.docker(&["network", "connect", "--alias=alias", network, "cut"]);
    }
    let image = hand.image("qdtest/base:1");
    let create = || hand.create("cut", "cut.qd-abc12.new", image.clone(), Place::Instead);
    let networks = || {
        let all = hand.look("cut.qd-abc12.new")["NetworkSettings"]["Networks"].clone();
        all.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let id = create().unwrap();
    assert_eq!(networks(), ["cut-a", "cut-b", "cut-c"]);
    for cut in [&["cut-c"][..], &["cut-b", "cut-c"]] {
        for network in cut {
            hand.reference.docker(&["network", "disconnect", network, "cut.qd-abc12.new"]);
        }
        assert_eq!(create().as_ref(), Ok(&id));
        assert_eq!(networks(), ["cut-a", "cut-b", "cut-c"]);
    }
    let aliases = &hand.look("cut.qd-abc12.new")["NetworkSettings"]["Networks"]["cut-c"]["Aliases"];
    assert!(aliases.as_array().unwrap().contains(&json!("alias")), "{aliases}");
    assert_eq!(hand.act(Verb::Start, "cut.qd-abc12.new"), Ok(Done::Changed));
    assert_eq!(create(), Ok(id), "also when it runs already");

    // A network that is no more is named, by the create or (older engines look only then) the start.
    hand.reference.remove(&["cut.qd-abc12.new"]);
    hand.reference.docker(&["stop", "cut"]);
    hand.reference.docker(&["network", "disconnect", "-f", "cut-c", "cut"]);
    hand.reference.docker(&["network", "connect", "cut-c", "cut"]);
    hand.reference.docker(&["network", "rm", "cut-c"]);
    let why = match create() {
        Ok(_) => hand.act(Verb::Start, "cut.qd-abc12.new").unwrap_err(),
        Err(why) => {
            assert!(!hand.reference.try_docker(&["inspect", "cut.qd-abc12.new"]).status.success());
            why
        }
    };
    assert!(why.to_string().contains("cut-c not found"), "{why}");
    hand.reference.remove(&["cut", "cut.qd-abc12.new"]);
    for network in ["cut-a", "cut-b"] {
        hand.reference.docker(&["network", "rm", network]);
    }
}

#[test]
fn names_that_are_taken_and_images_that_are_not_there() {
    let Some(hand) = hand(&["taken", "taken-2", "taken-x"]) else { return };
    hand.reference.run("taken", &[], "sleep 1000");
    hand.reference.run("taken-2", &["--memory=32m"], "sleep 1000");
    let image = hand.image("qdtest/base:1");
    let error = hand.create("taken", "taken-2", image.clone(), Place::Beside).unwrap_err();
    assert_eq!(error, EngineError::Conflict { why: "the name taken-2 is taken by another container".into() });
    assert_eq!(hand.look("taken-2")["State"]["Status"], "running", "it is left alone");

    let other = hand.image_with("qdtest/taken:2", "SIGTERM", &["ENV A=1"]);
    hand.create("taken", "taken.qd-abc12.new", image.clone(), Place::Instead).unwrap();
    let error = hand.create("taken", "taken.qd-abc12.new", other, Place::Instead).unwrap_err();
    assert!(matches!(error, EngineError::Conflict { .. }), "another image: {error:?}");

    for (reference, id, words) in [
        ("qdtest/none:9", "", "the image qdtest/none:9 is not on this engine"),
        (
            "qdtest/base:1",
            "sha256:00000000000000000000",
            "the image qdtest/base:1 (000000000000) is not on this engine",
        ),
    ] {
        let image = Image { reference: reference.into(), id: id.into() };
        let error = hand.create("taken", "taken-x", image, Place::Instead).unwrap_err();
        assert!(matches!(error, EngineError::NoImage { .. }), "{error:?}");
        assert_eq!(error.to_string(), words);
    }
    let gone = ReplicaId { id: "0".repeat(64).into(), ..hand.id("taken") };
    let create = Create {
        like: gone.clone(),
        image: image.clone(),
        name: "taken-x".into(),
        number: None,
        place: Place::Instead,
        limits: None,
    };
    assert!(matches!(hand.make(create), Err(EngineError::Gone { .. })));
    assert!(!hand.reference.try_docker(&["inspect", "taken-x"]).status.success(), "nothing was made");
    hand.reference.remove(&["taken", "taken-2", "taken.qd-abc12.new"]);
    let _ = hand.reference.try_docker(&["rmi", "qdtest/taken:2"]);
}

#[test]
fn discarding_takes_what_was_made_and_nothing_else() {
    let Some(hand) = hand(&["discard", "discard-2", "discard-3"]) else { return };
    let discard = |name: &str| hand.step(Step::Discard { name: name.into(), made: None });
    hand.reference.run("discard", &["--volume=/data", "--volume=discard-named:/named"], "sleep 1000");
    hand.exec("discard", "echo precious >/data/x");
    let before = volumes(&hand);
    let image = hand.image("qdtest/base:1");
    // Instead of it: its volume is shared, and survives.
    let new = "discard.qd-abc12.new";
    hand.create("discard", new, image.clone(), Place::Instead).unwrap();
    hand.reference.docker(&["stop", "-t0", "discard"]);
    assert_eq!(hand.act(Verb::Start, new), Ok(Done::Changed));
    assert_eq!(discard(new), Ok(Done::Changed), "also while it runs");
    assert_eq!(discard(new), Ok(Done::Unchanged));
    assert_eq!(volumes(&hand), before);
    hand.reference.docker(&["start", "discard"]);
    assert_eq!(hand.exec("discard", "cat /data/x"), "precious");
    // Beside it: its fresh volume goes with it.
    hand.create("discard", "discard-2", image.clone(), Place::Beside).unwrap();
    assert_ne!(volumes(&hand), before);
    assert_eq!(discard("discard-2"), Ok(Done::Changed));
    assert_eq!(volumes(&hand), before);
    // What has run under an ordinary name is somebody's.
    hand.create("discard", "discard-3", image, Place::Beside).unwrap();
    hand.reference.docker(&["start", "discard-3"]);
    hand.reference.docker(&["stop", "-t0", "discard-3"]);
    for name in ["discard", "discard-3"] {
        assert!(matches!(discard(name), Err(EngineError::Changed { .. })), "{name}");
    }
    // An id's first digits are no name.
    let digits: String = hand.id("discard").id.chars().take(8).collect();
    assert_eq!(discard(&digits), Ok(Done::Unchanged));
    hand.reference.docker(&["rename", "discard-3", "discard.qd-abc12.old"]);
    assert!(discard("discard.qd-abc12.old").is_err(), "a predecessor is not what was made");
    hand.reference.remove(&["discard", "discard.qd-abc12.old"]);
    let _ = hand.reference.try_docker(&["volume", "rm", "discard-named"]);
}

#[test]
fn removing_keeps_every_volume() {
    let Some(hand) = hand(&["keep"]) else { return };
    hand.reference.run("keep", &["--volume=/data"], "sleep 1000");
    let before = volumes(&hand);
    let id = hand.id("keep");
    assert_eq!(hand.act(Verb::Remove, "keep"), Ok(Done::Changed));
    assert_eq!(volumes(&hand), before);
    let again = hand.step(Act { force: true, ..Act::new(Verb::Remove, id) }.into());
    assert!(matches!(again, Err(EngineError::Gone { .. })), "{again:?}");
    let _ = hand.reference.try_docker(&["volume", "prune", "-f"]);
}

#[test]
fn renaming_minds_what_others_did() {
    let Some(hand) = hand(&["rename-a", "rename-b", "rename-c"]) else { return };
    hand.reference.run("rename-a", &[], "sleep 1000");
    hand.reference.run("rename-b", &[], "sleep 1000");
    let a = hand.id("rename-a");
    let rename = |from: &str, to: &str| {
        hand.step(Step::Rename { replica: a.clone(), from: from.into(), to: to.into() })
    };
    let taken = rename("rename-a", "rename-b").unwrap_err();
    assert!(matches!(&taken, EngineError::Conflict { why } if why.contains("already in use")), "{taken:?}");
    assert_eq!(rename("rename-a", "rename-c"), Ok(Done::Changed));
    assert_eq!(rename("rename-a", "rename-c"), Ok(Done::Unchanged));
    let changed = rename("rename-a", "rename-x").unwrap_err();
    assert_eq!(
        changed.to_string(),
        "rename-a is not as it was when this was planned: it is called rename-c now"
    );
    hand.reference.remove(&["rename-b", "rename-c"]);
    assert!(matches!(rename("rename-c", "rename-a"), Err(EngineError::Gone { .. })));
}

#[test]
fn policies_change_back_and_forth() {
    let Some(hand) = hand(&["policy", "policy-rm"]) else { return };
    hand.reference.run("policy", &["--restart=on-failure:3"], "sleep 1000");
    hand.reference.run("policy-rm", &["--rm"], "sleep 1000");
    let policy = |name: &str, from: &str, to: &str| {
        hand.step(Step::Policy { replica: hand.id(name), from: from.into(), to: to.into() })
    };
    let now = || hand.reference.inspect("policy", "{{json .HostConfig.RestartPolicy}}");
    assert_eq!(policy("policy", "on-failure:3", "no"), Ok(Done::Changed));
    assert_eq!(now(), r#"{"Name":"no","MaximumRetryCount":0}"#);
    assert_eq!(policy("policy", "on-failure:3", "no"), Ok(Done::Unchanged));
    assert_eq!(policy("policy", "no", "on-failure:3"), Ok(Done::Changed));
    assert_eq!(now(), r#"{"Name":"on-failure","MaximumRetryCount":3}"#);
    let changed = policy("policy", "always", "no").unwrap_err();
    assert!(changed.to_string().ends_with("its restart policy is on-failure:3, not always"), "{changed}");
    let refused = policy("policy-rm", "no", "always").unwrap_err();
    assert!(matches!(refused, EngineError::Conflict { .. }), "{refused:?}");
    hand.reference.remove(&["policy", "policy-rm"]);
}

#[test]
fn limits_change_while_it_runs() {
    const MIB: u64 = 1 << 20;
    let Some(hand) = hand(&["limit", "limit-quota", "limit-none"]) else { return };
    hand.reference.run("limit", &["--memory=64m", "--cpus=0.5", "--pids-limit=50"], "sleep 1000");
    hand.reference.run("limit-quota", &["--cpu-quota=25000", "--cpu-period=50000"], "sleep 1000");
    hand.reference.run("limit-none", &[], "sleep 1000");
    let limit =
        |name: &str, from: Limits, to: Limits| hand.step(Step::Limit { replica: hand.id(name), from, to });
    let host = |name: &str, fields: &str| {
        let all = hand.look(name)["HostConfig"].clone();
        fields.split(' ').map(|field| all[field].to_string()).collect::<Vec<_>>().join(" ")
    };
    let from = Limits { cpus: Some(0.5), memory: Some(64 * MIB), pids: Some(50) };
    let to = Limits { cpus: Some(0.75), memory: Some(32 * MIB), pids: None };
    assert_eq!(limit("limit", from, to), Ok(Done::Changed));
    assert_eq!(host("limit", "NanoCpus Memory MemorySwap"), "750000000 33554432 67108864");
    assert_eq!(limit("limit", from, to), Ok(Done::Unchanged));
    assert_eq!(limit("limit", to, from), Ok(Done::Changed), "and back, upwards, beyond the old swap");
    assert_eq!(host("limit", "NanoCpus Memory MemorySwap PidsLimit"), "500000000 67108864 134217728 50");
    let meant = hand.exec(
        "limit",
        "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null || true",
    );
    assert!(meant.is_empty() || meant.contains("67108864"), "the kernel knows too: {meant}");

    let none = Limits::default();
    assert_eq!(
        limit("limit-quota", Limits { cpus: Some(0.5), ..none }, Limits { cpus: Some(0.25), ..none }),
        Ok(Done::Changed)
    );
    assert_eq!(host("limit-quota", "NanoCpus CpuQuota CpuPeriod"), "0 12500 50000");
    assert_eq!(limit("limit-none", none, Limits { memory: Some(48 * MIB), ..none }), Ok(Done::Changed));
    assert_eq!(host("limit-none", "Memory MemorySwap"), "50331648 100663296");

    let away = limit("limit", from, Limits { pids: Some(50), ..none }).unwrap_err();
    assert!(matches!(away, EngineError::Unsupported { .. }), "{away:?}");
    assert!(away.to_string().contains("take a CPU or memory limit away"), "{away}");
    let changed =
        limit("limit", Limits { memory: Some(MIB), ..from }, Limits { memory: Some(40 * MIB), ..from });
    assert!(matches!(changed, Err(EngineError::Changed { .. })), "{changed:?}");
    let refused = limit("limit", from, Limits { memory: Some(1024), ..from }).unwrap_err();
    assert!(matches!(&refused, EngineError::Conflict { why } if why.contains("6MB")), "{refused:?}");

    // What can't be taken away from one that runs, another one is made without.
    let create = |limits: Option<Limits>| {
        hand.reference.remove(&["limit.qd-abc12.new"]);
        hand.make(Create {
            like: hand.id("limit"),
            image: hand.image("qdtest/base:1"),
            name: "limit.qd-abc12.new".into(),
            number: None,
            place: Place::Instead,
            limits,
        })
        .unwrap();
        host("limit.qd-abc12.new", "NanoCpus Memory MemorySwap")
    };
    assert_eq!(create(None), "500000000 67108864 134217728");
    assert_eq!(create(Some(none)), "0 0 0");
    assert_eq!(create(Some(Limits { cpus: None, ..from })), "0 67108864 134217728");
    assert!(hand.step(Act::new(Verb::Start, hand.id("limit.qd-abc12.new")).into()).is_ok());
    hand.reference.remove(&["limit", "limit-quota", "limit-none", "limit.qd-abc12.new"]);
}

#[test]
fn verbs_that_find_nothing_to_do() {
    let Some(hand) = hand(&["verbs", "verbs-loop"]) else { return };
    hand.reference.run("verbs", &[], "sleep 1000");
    assert_eq!(hand.act(Verb::Kill, "verbs"), Ok(Done::Changed));
    assert_eq!(hand.act(Verb::Kill, "verbs"), Ok(Done::Unchanged));
    assert_eq!(hand.act(Verb::Stop, "verbs"), Ok(Done::Unchanged));
    let hup = Act { signal: Some("SIGHUP".into()), ..Act::new(Verb::Kill, hand.id("verbs")) };
    assert!(hand.step(hup.into()).is_err(), "a signal nobody got is not delivered");
    // One that dies all the time: the engine waits to start it again, and is told not to.
    hand.reference.run("verbs-loop", &["--restart=always"], "exit 1");
    for _ in 0..200 {
        if hand.reference.inspect("verbs-loop", "{{.State.Status}} {{gt .RestartCount 3}}")
            == "restarting true"
        {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(hand.act(Verb::Stop, "verbs-loop"), Ok(Done::Changed));
    let count = || hand.reference.inspect("verbs-loop", "{{.State.Status}} {{.RestartCount}}");
    let stopped = count();
    assert!(stopped.starts_with("exited"), "{stopped}");
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert_eq!(count(), stopped, "it stays stopped");
    hand.reference.remove(&["verbs", "verbs-loop"]);
}

#[test]
fn services_are_not_docker_s_to_steer() {
    let Some(hand) = hand(&[]) else { return };
    let service =
        quarterdeck::fleet::ServiceId { engine: hand.engine.id().clone(), project: None, name: "x".into() };
    let steer = Step::Steer {
        service,
        from: quarterdeck::engine::Course::default(),
        to: quarterdeck::engine::Course::default(),
    };
    assert!(matches!(hand.step(steer), Err(EngineError::Unsupported { .. })));
}
