//! A container takes another one's place: everything that was set on it is there again, and what
//! came from its image comes from the new one.

use quarterdeck::engine::{Done, Place, Step};
use quarterdeck::fleet::Verb;
use serde_json::{Value, json};

use crate::hand::{Hand, differences, settings};
use crate::support::docker::engine;

/// Everything a `docker run` can say that this machine can do.
const EVERYTHING: &[&str] = &[
    "--hostname=fanny",
    "--domainname=example.com",
    "--user=0:7",
    "--workdir=/tmp",
    "--env=MODE=fast",
    "--env=SECRET=hunter2",
    "--env=EMPTY=",
    "--label=tier=web",
    "--label=empty=",
    "--network=recreate-a",
    "--ip=10.202.0.9",
    "--network-alias=web",
    "--network-alias=api",
    "--publish=127.0.0.1:18234:80",
    "--publish=127.0.0.1::81/udp",
    "--expose=9000",
    "--volume=recreate-data:/data",
    "--volume=recreate-ro:/ro:ro",
    "--volume=/anonymous",
    "--mount=type=volume,target=/also-anonymous",
    "--mount=type=volume,source=recreate-data,target=/again,readonly",
    "--volume=/etc/hosts:/host/hosts:ro",
    "--mount=type=bind,source=/etc/services,target=/host/services,readonly",
    "--tmpfs=/scratch:size=1m,mode=1777",
    "--cap-add=NET_ADMIN",
    "--cap-drop=MKNOD",
    "--device=/dev/null:/dev/nothing:rw",
    "--device-cgroup-rule=c 1:3 rwm",
    "--ulimit=nofile=1024:2048",
    "--memory=64m",
    "--memory-reservation=32m",
    "--memory-swap=96m",
    "--cpus=0.5",
    "--cpu-shares=512",
    "--cpuset-cpus=0",
    "--pids-limit=50",
    "--log-driver=json-file",
    "--log-opt=max-size=1m",
    "--log-opt=max-file=2",
    "--add-host=far:10.1.2.3",
    "--dns=9.9.9.9",
    "--dns-search=example.com",
    "--dns-option=ndots:2",
    "--sysctl=net.core.somaxconn=200",
    "--restart=on-failure:3",
    "--stop-signal=SIGUSR1",
    "--stop-timeout=1",
    "--shm-size=32m",
    "--group-add=7",
    "--oom-score-adj=100",
    "--init",
    "--interactive",
    "--tty",
    "--ipc=shareable",
    "--pid=host",
    "--security-opt=no-new-privileges",
    "--security-opt=seccomp=unconfined",
    "--read-only",
    "--health-cmd=test -f /anonymous/well",
    "--health-interval=1s",
    "--health-timeout=2s",
    "--health-retries=2",
    "--health-start-period=3s",
];

/// Take `name`'s place with one from `image`, as a deployment with a gap does it: each step twice,
/// because each may be repeated. Gives what it was and what it is.
fn replace(hand: &Hand, name: &str, image: quarterdeck::fleet::Image) -> (Value, Value) {
    let (new, old) = (format!("{name}.qd-abc12.new"), format!("{name}.qd-abc12.old"));
    let before = hand.look(name);
    let policy = |who: &str, from: &str, to: &str| {
        hand.step(Step::Policy { replica: hand.id(who), from: from.into(), to: to.into() })
    };
    let was = match &before["HostConfig"]["RestartPolicy"] {
        policy if policy["Name"] == "" => "no".to_owned(),
        policy if policy["MaximumRetryCount"] == 0 => policy["Name"].as_str().unwrap().to_owned(),
        policy => format!("{}:{}", policy["Name"].as_str().unwrap(), policy["MaximumRetryCount"]),
    };
    let id = hand.create(name, &new, image.clone(), Place::Instead).unwrap();
    assert_eq!(hand.create(name, &new, image.clone(), Place::Instead).unwrap(), id, "asked again: the same");
    assert_eq!(hand.look(&new)["State"]["Status"], "created", "it is not started");
    let state =
        |all: &Value| (all["Id"].clone(), all["State"]["Status"].clone(), all["State"]["StartedAt"].clone());
    assert_eq!(state(&hand.look(name)), state(&before), "the other one is left alone");
    let first = if was == "no" { Done::Unchanged } else { Done::Changed };
    assert_eq!(policy(name, &was, "no"), Ok(first));
    assert_eq!(policy(name, &was, "no"), Ok(Done::Unchanged));
    assert_eq!(hand.act(Verb::Stop, name), Ok(Done::Changed));
    assert_eq!(hand.act(Verb::Stop, name), Ok(Done::Unchanged));
    let predecessor = hand.id(name);
    let step = |replica: &quarterdeck::fleet::ReplicaId, from: &str, to: &str| {
        hand.step(Step::Rename { replica: replica.clone(), from: from.into(), to: to.into() })
    };
    let successor = hand.id(&new);
    for (who, from, to) in [(&predecessor, name, old.as_str()), (&successor, new.as_str(), name)] {
        assert_eq!(step(who, from, to), Ok(Done::Changed));
        assert_eq!(step(who, from, to), Ok(Done::Unchanged));
    }
    assert_eq!(hand.create(&old, &new, image, Place::Instead).map(|again| again == id), Ok(false));
    assert_eq!(hand.step(Step::Discard { name: new.as_str().into(), made: None }), Ok(Done::Changed));
    assert_eq!(hand.step(Step::Discard { name: new.as_str().into(), made: None }), Ok(Done::Unchanged));
    assert_eq!(hand.act(Verb::Start, name), Ok(Done::Changed));
    assert_eq!(hand.act(Verb::Start, name), Ok(Done::Unchanged));
    let after = hand.look(name);
    assert_eq!(after["Id"], json!(id));
    (before, after)
}

fn clear(hand: &Hand, names: &[&str]) {
    for name in names {
        let ends = ["", ".qd-abc12.new", ".qd-abc12.old"].map(|end| format!("{name}{end}"));
        hand.reference.remove(&ends.each_ref().map(String::as_str));
    }
}

#[test]
fn everything_that_was_set_is_there_again() {
    let Some(reference) = engine() else { return };
    let hand = Hand::new(reference);
    clear(&hand, &["everything", "friend"]);
    for network in ["recreate-a", "recreate-b"] {
        let _ = hand.reference.try_docker(&["network", "rm", network]);
    }
    hand.reference.docker(&["network", "create", "--subnet", "10.202.0.0/24", "recreate-a"]);
    hand.reference.docker(&["network", "create", "recreate-b"]);
    hand.reference.run("friend", &["--network=recreate-b"], "sleep 1000");
    hand.reference.run("everything", EVERYTHING, "sleep 1000");
    hand.reference.docker(&[
        "network",
        "connect",
        "--alias",
        "bee",
        "--link",
        "friend:buddy",
        "recreate-b",
        "everything",
    ]);
    hand.exec("everything", "echo precious >/anonymous/well; echo too >/also-anonymous/x; echo d >/data/x");

    let (before, after) = replace(&hand, "everything", hand.image("qdtest/base:1"));
    let differ = differences(&settings(&before), &settings(&after));
    // The volumes without names are mounted by the names they have, and that is all.
    let volume = |target: &str| {
        let mounts = before["Mounts"].as_array().unwrap().iter();
        let name = mounts.clone().find(|mount| mount["Destination"] == target).unwrap()["Name"].clone();
        name.as_str().unwrap().to_owned()
    };
    let mut binds = before["HostConfig"]["Binds"].clone();
    binds.as_array_mut().unwrap().push(json!(format!("{}:/anonymous", volume("/anonymous"))));
    assert_eq!(after["HostConfig"]["Binds"], binds);
    let expected = ["/HostConfig/Binds: ", "/HostConfig/Mounts: ", "/Mounts/|anonymous/Mode: \"\" → \"z\""];
    for difference in &differ {
        assert!(expected.iter().any(|e| difference.starts_with(e)), "changed: {difference}");
    }
    let mounts = &after["HostConfig"]["Mounts"];
    assert_eq!(mounts[0]["Source"], json!(volume("/also-anonymous")));
    assert_eq!(mounts[1], before["HostConfig"]["Mounts"][1]);
    assert_eq!(hand.exec("everything", "cat /anonymous/well /also-anonymous/x /data/x"), "precious\ntoo\nd");
    assert_eq!(hand.exec("everything", "ping -c1 -W2 buddy >/dev/null && echo there"), "there", "links work");
    assert_eq!(hand.exec("friend", "ping -c1 -W2 bee >/dev/null && echo there"), "there", "aliases work");

    // A second time there is nothing left that could differ.
    hand.reference.docker(&["rm", "everything.qd-abc12.old"]);
    let (before, after) = replace(&hand, "everything", hand.image("qdtest/base:1"));
    assert_eq!(differences(&settings(&before), &settings(&after)), Vec::<String>::new());
    assert_eq!(hand.exec("everything", "cat /anonymous/well"), "precious");
    clear(&hand, &["everything", "friend"]);
}

#[test]
fn a_new_images_defaults_apply_and_the_users_settings_stay() {
    let Some(reference) = engine() else { return };
    let hand = Hand::new(reference);
    clear(&hand, &["defaults"]);
    let old = hand.image_with(
        "qdtest/defaults:1",
        "SIGINT",
        &[
            "ENV MODE=one",
            "ENV COMMON=same",
            "ENV MINE=image",
            "CMD [\"sleep\",\"1001\"]",
            "WORKDIR /one",
            "USER 1:1",
            "LABEL tier=one",
            "LABEL mine=image",
            "EXPOSE 80",
            "VOLUME /data",
            "HEALTHCHECK --interval=7s --retries=9 CMD true",
        ],
    );
    let new = hand.image_with(
        "qdtest/defaults:2",
        "SIGQUIT",
        &[
            "ENV MODE=two",
            "ENV COMMON=same",
            "ENV MINE=image",
            "ENV MORE=two",
            "CMD [\"sleep\",\"1002\"]",
            "WORKDIR /two",
            "USER 2:2",
            "LABEL tier=two",
            "LABEL mine=image",
            "EXPOSE 81",
            "VOLUME /more",
            "HEALTHCHECK --interval=8s CMD test -d /",
        ],
    );
    let id = hand.reference.docker(&[
        "run",
        "-d",
        "--name=defaults",
        "--env=MINE=user",
        "--env=OWN=1",
        "--label=mine=user",
        "--publish=127.0.0.1:18235:80",
        "--health-retries=4",
        "qdtest/defaults:1",
    ]);
    hand.reference.docker(&["exec", "-u0", "defaults", "sh", "-c", "echo precious >/data/x"]);
    assert_eq!(hand.look("defaults")["Id"], json!(id));

    let (_, after) = replace(&hand, "defaults", new.clone());
    let config = &after["Config"];
    let mut env: Vec<&str> = config["Env"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    env.sort_unstable();
    assert_eq!(env, ["COMMON=same", "MINE=user", "MODE=two", "MORE=two", "OWN=1"]);
    assert_eq!(config["Cmd"], json!(["sleep", "1002"]));
    assert_eq!((&config["WorkingDir"], &config["User"]), (&json!("/two"), &json!("2:2")));
    assert_eq!(config["StopSignal"], "SIGQUIT");
    assert_eq!((&config["Labels"]["tier"], &config["Labels"]["mine"]), (&json!("two"), &json!("user")));
    assert_eq!(config["ExposedPorts"], json!({"80/tcp": {}, "81/tcp": {}}), "80 is published");
    assert_eq!(config["Healthcheck"]["Test"], json!(["CMD-SHELL", "test -d /"]));
    assert_eq!(config["Healthcheck"]["Interval"], json!(8_000_000_000_u64));
    assert_eq!(config["Healthcheck"]["Retries"], json!(4), "that was the user's");
    assert_eq!((&config["Image"], &after["Image"]), (&json!("qdtest/defaults:2"), &json!(&*new.id)));
    assert_eq!(hand.exec("defaults", "cat /data/x; ls -d /more"), "precious\n/more");
    assert_eq!(hand.reference.docker(&["port", "defaults", "80/tcp"]), "127.0.0.1:18235");

    // And back, though the old tag is somebody else's by now: the id decides.
    hand.reference.docker(&["tag", "qdtest/defaults:2", "qdtest/defaults:1"]);
    hand.reference.docker(&["rm", "defaults.qd-abc12.old"]);
    let (_, after) = replace(&hand, "defaults", old.clone());
    assert_eq!(after["Image"], json!(&*old.id));
    assert_eq!(after["Config"]["Image"], json!(&*old.id), "the tag would name another image");
    assert_eq!(after["Config"]["WorkingDir"], "/one");
    assert_eq!(after["Config"]["Healthcheck"]["Retries"], json!(4));
    assert_eq!(hand.exec("defaults", "cat /data/x"), "precious");
    clear(&hand, &["defaults"]);
}

#[test]
fn overridden_commands_stay_overridden() {
    let Some(reference) = engine() else { return };
    let hand = Hand::new(reference);
    let names = ["cmd-plain", "cmd-args", "cmd-entry", "cmd-none", "cmd-same"];
    clear(&hand, &names);
    let image = |n: u32| {
        let (entry, cmd) = (format!("ENTRYPOINT [\"env\",\"V={n}\"]"), format!("CMD [\"sleep\",\"{n}\"]"));
        hand.image_with(&format!("qdtest/entry:{n}"), "SIGTERM", &[&entry, &cmd])
    };
    let (_, new) = (image(1001), image(1002));
    let run = |name: &str, options: &[&str], args: &[&str]| {
        let mut all = vec!["run", "-d", "--name", name];
        all.extend(options);
        all.push("qdtest/entry:1001");
        all.extend(args);
        hand.reference.docker(&all);
    };
    run("cmd-plain", &[], &[]);
    run("cmd-args", &[], &["sleep", "77"]);
    run("cmd-entry", &["--entrypoint=sleep"], &["88"]);
    run("cmd-none", &["--entrypoint="], &["sleep", "99"]);
    for (name, entrypoint, cmd) in [
        ("cmd-plain", json!(["env", "V=1002"]), json!(["sleep", "1002"])),
        ("cmd-args", json!(["env", "V=1002"]), json!(["sleep", "77"])),
        ("cmd-entry", json!(["sleep"]), json!(["88"])),
        ("cmd-none", Value::Null, json!(["sleep", "99"])),
    ] {
        let (_, after) = replace(&hand, name, new.clone());
        assert_eq!((&after["Config"]["Entrypoint"], &after["Config"]["Cmd"]), (&entrypoint, &cmd), "{name}");
    }
    clear(&hand, &names);
}

#[test]
fn what_only_the_api_can_say() {
    let Some(reference) = engine() else { return };
    let hand = Hand::new(reference);
    clear(&hand, &["api-mac", "api-bridge"]);
    let _ = hand.reference.try_docker(&["network", "rm", "recreate-mac"]);
    hand.reference.docker(&["network", "create", "recreate-mac"]);
    for (name, network, mac) in
        [("api-mac", "recreate-mac", "02:42:0a:ca:00:99"), ("api-bridge", "default", "02:42:0a:ca:00:98")]
    {
        hand.post(
            &format!("/v1.41/containers/create?name={name}"),
            &json!({
                "Image": "qdtest/base:1", "Cmd": ["sleep", "1000"], "MacAddress": mac,
                "HostConfig": {"NetworkMode": network, "MaskedPaths": [], "ReadonlyPaths": []},
            }),
        );
        hand.reference.docker(&["start", name]);
        let (before, after) = replace(&hand, name, hand.image("qdtest/base:1"));
        assert_eq!(differences(&settings(&before), &settings(&after)), Vec::<String>::new(), "{name}");
        assert_eq!(hand.exec(name, "cat /sys/class/net/eth0/address"), mac);
    }
    clear(&hand, &["api-mac", "api-bridge"]);
    let _ = hand.reference.try_docker(&["network", "rm", "recreate-mac"]);
}

#[test]
fn whatever_network_it_has() {
    let Some(reference) = engine() else { return };
    let hand = Hand::new(reference);
    let names = ["net-base", "net-shared", "net-host", "net-none", "net-linked", "net-left", "net-auto"];
    clear(&hand, &names);
    let _ = hand.reference.try_docker(&["network", "rm", "recreate-left"]);
    hand.reference.docker(&["network", "create", "recreate-left"]);
    hand.reference.run("net-base", &[], "sleep 1000");
    hand.reference.run("net-shared", &["--network=container:net-base"], "sleep 1000");
    hand.reference.run("net-host", &["--network=host"], "sleep 1000");
    hand.reference.run("net-none", &["--network=none"], "sleep 1000");
    hand.reference.run("net-linked", &["--link=net-base:buddy"], "sleep 1000");
    hand.reference.run("net-left", &[], "sleep 1000");
    hand.reference.docker(&["network", "connect", "--alias=left", "recreate-left", "net-left"]);
    hand.reference.docker(&["network", "disconnect", "bridge", "net-left"]);
    let image = hand.image("qdtest/base:1");
    for name in ["net-base", "net-host", "net-none", "net-linked", "net-left"] {
        let (before, after) = replace(&hand, name, image.clone());
        let mut differ = differences(&settings(&before), &settings(&after));
        if name == "net-linked" {
            // What it was linked to was replaced just before: it is linked to the successor.
            let link = differ.pop().unwrap();
            assert!(link.ends_with("→ [\"/net-base:/net-linked/buddy\"]"), "{link}");
        }
        assert_eq!(differ, Vec::<String>::new(), "{name}");
        hand.reference.docker(&["rm", "-f", &format!("{name}.qd-abc12.old")]);
    }
    assert_eq!(hand.exec("net-linked", "ping -c1 -W2 buddy >/dev/null && echo there"), "there");
    // Whose network it shares was replaced meanwhile: it is asked for by an id that is gone.
    let gone = hand.create("net-shared", "net-shared.qd-abc12.new", image.clone(), Place::Instead);
    assert_eq!(
        gone.unwrap_err().to_string(),
        "the engine refused: the container whose network it shares is gone"
    );
    assert!(hand.reference.try_docker(&["inspect", "net-shared.qd-abc12.new"]).status.code() != Some(0));
    hand.reference.remove(&["net-shared"]);
    hand.reference.run("net-shared", &["--network=container:net-base", "--hostname="], "sleep 1000");
    let (before, after) = replace(&hand, "net-shared", image.clone());
    assert_eq!(differences(&settings(&before), &settings(&after)), Vec::<String>::new());
    hand.reference.remove(&["net-shared.qd-abc12.old"]);
    // While that one is set aside, its successor's network is meant.
    replace(&hand, "net-base", image.clone());
    let (_, after) = replace(&hand, "net-shared", image);
    assert_eq!(after["HostConfig"]["NetworkMode"], json!(format!("container:{}", hand.id("net-base").id)));
    clear(&hand, &names);
    let _ = hand.reference.try_docker(&["network", "rm", "recreate-left"]);
}
