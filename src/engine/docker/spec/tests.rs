#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)]

use serde_json::json;

use super::networks::Endpoint;
use super::own::own;
use super::*;
use crate::engine::Place;
use crate::fleet::Limits;

const ID: &str = "79cd943137a1dc1e254703686caf7a7e93b2c5aad4197f6e66294393d0738d6c";
const VOLUME: &str = "5a7c8dc55f700ec0206417a4f80971ba3a96f0fbfa79417e68d1308590be84c7";

fn object_of(value: Value) -> Object {
    let Value::Object(object) = value else { panic!("no object: {value}") };
    object
}

/// What of `config` is its own, on an image with that config.
fn own_of(config: Value, image: Value) -> Value {
    Value::Object(own(&object_of(config), &object_of(image), nothing()))
}

fn settings(value: Value) -> Settings {
    Settings::read(value.to_string().as_bytes()).unwrap()
}

type Change = fn(&mut Value);

/// A container with something of everything.
fn shop() -> Value {
    json!({
        "Id": ID, "Name": "/shop_api_1", "Image": "sha256:old",
        "Config": {
            "Hostname": "79cd943137a1", "User": "app", "Image": "shop/api:1", "WorkingDir": "/app",
            "AttachStdout": true, "Env": ["MODE=fast", "PATH=/bin"], "Cmd": ["serve"], "Entrypoint": null,
            "ExposedPorts": {"80/tcp": {}, "9000/tcp": {}}, "Volumes": {"/data": {}},
            "Labels": {
                "com.docker.compose.project": "shop", "com.docker.compose.service": "api",
                "com.docker.compose.container-number": "1", "com.docker.compose.config-hash": "aa",
                "com.docker.compose.image": "sha256:old", "com.docker.compose.replace": "api-1", "tier": "web",
            },
            "Future": {"Field": 1},
        },
        "HostConfig": {
            "NetworkMode": "shop_front", "Binds": ["conf:/conf:ro"], "RestartPolicy": {"Name": "always"},
            "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]},
            "Memory": 64 << 20, "MemorySwap": 128 << 20, "NanoCpus": 500_000_000, "ShmSize": 64 << 20,
            "Mounts": [{"Type": "volume", "Target": "/cache"}], "MaskedPaths": ["/proc/kcore"],
            "FutureHost": "kept",
        },
        "Mounts": [
            {"Type": "volume", "Name": "conf", "Destination": "/conf", "RW": false},
            {"Type": "volume", "Name": VOLUME, "Destination": "/data", "RW": true},
            {"Type": "volume", "Name": VOLUME.replace('5', "6"), "Destination": "/cache", "RW": true},
        ],
        "NetworkSettings": {"Networks": {
            "shop_front": {
                "IPAMConfig": {"IPv4Address": "10.0.0.9"}, "Aliases": ["api", "79cd943137a1", "shop_api_1"],
                "Links": null, "NetworkID": "n1", "IPAddress": "10.0.0.9", "MacAddress": "02:42:0a:00:00:09",
            },
            "shop_back": {"IPAMConfig": {}, "Aliases": ["api", "79cd943137a1"], "Links": ["shop_db_1:db"], "DriverOpts": null},
        }},
    })
}

fn order(place: Place) -> Order<'static> {
    let (name, number) = match place {
        Place::Instead => ("shop_api_1.qd-x7k2q.new", None),
        Place::Beside => ("shop_api_2", Some(2)),
    };
    Order {
        name,
        reference: "shop/api:2",
        image_id: "sha256:new",
        image: nothing(),
        old_image: nothing(),
        number,
        place,
        limits: None,
        network: None,
    }
}

fn image() -> Object {
    object_of(json!({"Env": ["PATH=/bin"], "Cmd": ["serve"], "Volumes": {"/data": {}}, "WorkingDir": "/app"}))
}

#[test]
fn what_equals_the_images_is_the_images() {
    let image = json!({
        "User": "app", "WorkingDir": "/app", "StopSignal": "SIGINT", "Env": ["A=1", "B=2"],
        "Labels": {"made-by": "ci", "com.docker.compose.service": "api"},
        "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/data": {}}, "OnBuild": ["RUN x"],
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5},
    });
    assert_eq!(
        own_of(image.clone(), image.clone()),
        json!({"Env": [], "Labels": {"com.docker.compose.service": "api"}, "ExposedPorts": {}, "Volumes": {}}),
        "compose's labels are the container's own though the image bears them too"
    );
    let config = json!({
        "User": "root", "WorkingDir": "", "StopSignal": "SIGTERM", "Env": ["A=2", "B=2", "C=3"],
        "Labels": {"made-by": "me"}, "ExposedPorts": {"80/tcp": {}, "81/tcp": {}}, "Volumes": {"/data": {}, "/x": {}},
        "Healthcheck": {"Test": ["CMD", "false"], "Interval": 5, "Retries": 2}, "Tty": true,
    });
    assert_eq!(
        own_of(config, image),
        json!({
            "User": "root", "StopSignal": "SIGTERM", "Env": ["A=2", "C=3"], "Labels": {"made-by": "me"},
            "ExposedPorts": {"81/tcp": {}}, "Volumes": {"/x": {}},
            "Healthcheck": {"Test": ["CMD", "false"], "Retries": 2}, "Tty": true,
        })
    );
}

#[test]
fn ports_that_are_published_stay_exposed() {
    let exposed = object_of(json!({"ExposedPorts": {"80/tcp": {}, "81/tcp": {}}}));
    let published = object_of(json!({"80/tcp": [{"HostPort": "8080"}]}));
    let own = own(&exposed, &exposed, &published);
    assert_eq!(Value::Object(own), json!({"ExposedPorts": {"80/tcp": {}}}));
}

#[test]
fn entrypoint_and_command_belong_together() {
    let image = json!({"Entrypoint": ["/run"], "Cmd": ["serve"]});
    for (config, own) in [
        (json!({"Entrypoint": ["/run"], "Cmd": ["serve"]}), json!({})),
        (json!({"Entrypoint": ["/run"], "Cmd": ["work"]}), json!({"Cmd": ["work"]})),
        // The command is cleared by setting the entrypoint, even to the same.
        (json!({"Entrypoint": ["/run"], "Cmd": null}), json!({"Entrypoint": ["/run"]})),
        (json!({"Entrypoint": ["sh"], "Cmd": null}), json!({"Entrypoint": ["sh"], "Cmd": null})),
        (json!({"Entrypoint": ["sh"], "Cmd": ["serve"]}), json!({"Entrypoint": ["sh"], "Cmd": ["serve"]})),
        // `--entrypoint ""`.
        (json!({"Entrypoint": null, "Cmd": ["ls"]}), json!({"Entrypoint": [""], "Cmd": ["ls"]})),
    ] {
        assert_eq!(own_of(config.clone(), image.clone()), own, "{config}");
    }
    let bare = json!({"Entrypoint": null, "Cmd": null});
    assert_eq!(own_of(json!({"Entrypoint": [], "Cmd": ["ls"]}), bare), json!({"Cmd": ["ls"]}));
}

#[test]
fn a_check_that_is_switched_off_stays_so() {
    let image = json!({"Healthcheck": {"Test": ["CMD", "true"], "Interval": 5}});
    let config = json!({"Healthcheck": {"Test": ["NONE"], "Interval": 5}});
    assert_eq!(own_of(config, image), json!({"Healthcheck": {"Test": ["NONE"]}}));
}

#[test]
fn the_fingerprint_knows_settings_and_nothing_else() {
    let print = |value: Value| fingerprint(&settings(value), Some(&image()));
    let first = print(shop());
    let with = |change: Change| {
        let mut changed = shop();
        change(&mut changed);
        print(changed)
    };
    let same: [(&str, Change); 11] = [
        ("name and number", |v| {
            v["Name"] = json!("/shop_api_2");
            v["Config"]["Labels"]["com.docker.compose.container-number"] = json!("2");
            v["NetworkSettings"]["Networks"]["shop_front"]["Aliases"] = json!(["api", "shop_api_2"]);
        }),
        ("id", |v| {
            v["Id"] = json!(ID.replace('7', "8"));
            v["Config"]["Hostname"] = json!("89cd943138a1");
            for network in ["shop_front", "shop_back"] {
                v["NetworkSettings"]["Networks"][network]["Aliases"] = json!(["api", "89cd943138a1"]);
            }
        }),
        ("compose's notes", |v| v["Config"]["Labels"]["com.docker.compose.config-hash"] = json!("bb")),
        ("image", |v| {
            v["Image"] = json!("sha256:x");
            v["Config"]["Image"] = json!("shop/api:2");
        }),
        ("addresses", |v| {
            v["NetworkSettings"]["Networks"]["shop_front"]["IPAddress"] = json!("10.0.0.10");
            v["NetworkSettings"]["Networks"]["shop_front"]["NetworkID"] = json!("n2");
        }),
        ("volumes the engine named, mounted by name", |v| {
            v["HostConfig"]["Binds"] = json!(["conf:/conf:ro", format!("{VOLUME}:/data")]);
            v["HostConfig"]["Mounts"][0]["Source"] = json!(VOLUME);
        }),
        ("restart policy", |v| v["HostConfig"]["RestartPolicy"]["Name"] = json!("no")),
        ("how it was run by hand", |v| v["Config"]["AttachStdout"] = json!(false)),
        ("fields that say nothing", |v| v["HostConfig"]["CpuShares"] = json!(0)),
        ("defaults said aloud", |v| {
            v["HostConfig"]["Runtime"] = json!("runc");
            v["HostConfig"]["ReadonlyPaths"] = json!(["/proc/bus"]);
        }),
        ("order", |v| {
            v["Config"]["Env"] = json!(["PATH=/bin", "MODE=fast"]);
            let host = v["HostConfig"].as_object_mut().unwrap();
            let memory = host.shift_remove("Memory").unwrap();
            host.insert("Memory".into(), memory);
        }),
    ];
    for (what, change) in same {
        assert_eq!(with(change), first, "{what} is no setting");
    }
    let other: [(&str, Change); 8] = [
        ("env", |v| v["Config"]["Env"] = json!(["MODE=slow", "PATH=/bin"])),
        ("a secret more", |v| v["Config"]["Env"] = json!(["MODE=fast", "PATH=/bin", "PASSWORD=x"])),
        ("command", |v| v["Config"]["Cmd"] = json!(["work"])),
        ("label", |v| v["Config"]["Labels"]["tier"] = json!("back")),
        ("limit", |v| v["HostConfig"]["Memory"] = json!(32 << 20)),
        ("mount", |v| v["HostConfig"]["Binds"] = json!(["conf:/conf"])),
        ("network", |v| {
            v["NetworkSettings"]["Networks"].as_object_mut().unwrap().shift_remove("shop_back");
        }),
        ("what we never heard of", |v| v["HostConfig"]["FutureHost"] = json!("changed")),
    ];
    for (what, change) in other {
        assert_ne!(with(change), first, "{what} is a setting");
    }
}

#[test]
fn secrets_do_not_go_into_the_fingerprint() {
    let with = |env: &str| {
        let mut it = shop();
        it["Config"]["Env"] = json!([env]);
        fingerprint(&settings(it), None)
    };
    assert_eq!(with("DB_PASSWORD=hunter2"), with("DB_PASSWORD=hunter3"));
    assert_ne!(with("DB_PASSWORD=hunter2"), with("DB_USER=hunter2"));
}

#[test]
fn an_image_whose_defaults_changed_does_not_flip_the_fingerprint() {
    let mut next = shop();
    next["Config"]["Env"] = json!(["MODE=fast", "PATH=/usr/bin"]);
    next["Config"]["Cmd"] = json!(["serve", "--new"]);
    let new_image = object_of(
        json!({"Env": ["PATH=/usr/bin"], "Cmd": ["serve", "--new"], "Volumes": {"/data": {}}, "WorkingDir": "/app"}),
    );
    assert_eq!(
        fingerprint(&settings(next), Some(&new_image)),
        fingerprint(&settings(shop()), Some(&image()))
    );
}

#[test]
fn the_successor_takes_the_place_with_everything() {
    let old_image = image();
    let made = make(&settings(shop()), &Order { old_image: &old_image, ..order(Place::Instead) });
    let body = Value::Object(made.body);
    assert_eq!(body["Image"], "shop/api:2");
    assert_eq!(body["Env"], json!(["MODE=fast"]));
    assert_eq!((body.get("Cmd"), body.get("WorkingDir"), body.get("Hostname")), (None, None, None));
    assert_eq!((&body["User"], &body["Future"]["Field"]), (&json!("app"), &json!(1)));
    assert_eq!(body["Labels"]["com.docker.compose.container-number"], "1");
    assert_eq!(body["Labels"]["com.docker.compose.config-hash"], "aa");
    assert_eq!(body["Labels"]["com.docker.compose.image"], "sha256:new");
    assert_eq!(body["HostConfig"]["FutureHost"], "kept");
    assert_eq!(body["HostConfig"]["Binds"], json!(["conf:/conf:ro", format!("{VOLUME}:/data")]));
    assert_eq!(body["HostConfig"]["Mounts"][0]["Source"], VOLUME.replace('5', "6"));
    assert_eq!(
        body["NetworkingConfig"]["EndpointsConfig"],
        json!({"shop_front": {
            "IPAMConfig": {"IPv4Address": "10.0.0.9"}, "Aliases": ["api", "shop_api_1"],
        }}),
        "one network at a time, its name for good"
    );
    let back = object_of(json!({"Links": ["shop_db_1:db"], "Aliases": ["api"]}));
    assert_eq!(made.connect, [Endpoint { network: "shop_back".into(), settings: back }]);
    assert_eq!(made.disconnect, None);
}

#[test]
fn one_beside_it_gets_what_is_not_the_other_ones() {
    let mut it = shop();
    it["HostConfig"]["Binds"] =
        json!(["conf:/conf:ro", format!("{VOLUME}:/data"), format!("{VOLUME}:/more")]);
    it["HostConfig"]["Mounts"][0]["Source"] = json!(VOLUME);
    it["Config"]["MacAddress"] = json!("02:42:0a:00:00:09");
    let image = image();
    let made = make(&settings(it), &Order { old_image: &image, image: &image, ..order(Place::Beside) });
    let body = Value::Object(made.body);
    assert_eq!(body["HostConfig"]["Binds"], json!(["conf:/conf:ro"]));
    assert_eq!(body["HostConfig"]["Mounts"], json!([{"Type": "volume", "Target": "/cache"}]));
    assert_eq!(body["Volumes"], json!({"/more": {}}), "the image declares /data");
    assert_eq!(body.get("MacAddress"), None);
    assert_eq!(body["Labels"]["com.docker.compose.container-number"], "2");
    assert_eq!(body["Labels"].get("com.docker.compose.replace"), None);
    assert_eq!(
        body["NetworkingConfig"]["EndpointsConfig"],
        json!({"shop_front": {"Aliases": ["api", "shop_api_2"]}}),
        "its own name instead of the other one's, and no static address"
    );
}

#[test]
fn who_shares_a_network_brings_no_name_of_its_own() {
    let mut it = shop();
    it["HostConfig"]["NetworkMode"] = json!(format!("container:{ID}"));
    it["Config"]["Hostname"] = json!("a-hosts-name");
    it["NetworkSettings"] = json!({"Networks": {}});
    let made = make(&settings(it), &order(Place::Instead));
    assert_eq!((made.body.get("Hostname"), made.body.get("ExposedPorts")), (None, None));
    assert_eq!((made.connect.len(), made.disconnect), (0, None));
    assert_eq!(made.body["NetworkingConfig"], json!({"EndpointsConfig": {}}));
}

#[test]
fn a_network_that_was_left_is_left_again() {
    let mut it = shop();
    it["HostConfig"]["NetworkMode"] = json!("default");
    let made = make(&settings(it), &order(Place::Instead));
    assert_eq!(made.disconnect.as_deref(), Some("bridge"));
    assert_eq!(made.connect.len(), 2);
}

#[test]
fn two_made_alike_are_alike() {
    let it = settings(shop());
    let made = make(&it, &order(Place::Beside));
    assert_eq!(likeness(it.host()), likeness(object(&made.body, "HostConfig")));
    let made = make(&it, &Order { limits: Some(Limits::default()), ..order(Place::Beside) });
    assert_ne!(likeness(it.host()), likeness(object(&made.body, "HostConfig")));
}

#[test]
fn limits_keep_to_the_way_they_are_said_in() {
    let wanted = Limits { cpus: Some(1.5), memory: Some(32 << 20), pids: Some(9) };
    let of = |host: Value, wanted: Limits| Value::Object(change(&object_of(host), wanted).fields);
    let mib = |n: i64| json!(n << 20);
    assert_eq!(
        of(json!({}), wanted),
        json!({"NanoCpus": 1_500_000_000, "Memory": mib(32), "MemorySwap": mib(64), "PidsLimit": 9})
    );
    let quota = json!({"CpuQuota": 50_000, "CpuPeriod": 50_000, "Memory": mib(64), "MemorySwap": mib(64)});
    assert_eq!(
        of(quota, Limits { pids: None, ..wanted }),
        json!({"CpuQuota": 75_000, "CpuPeriod": 50_000, "Memory": mib(32), "MemorySwap": mib(32)}),
        "no swap stays no swap"
    );
    let swap = |memory, sum| json!({"Memory": memory, "MemorySwap": sum});
    let memory = Limits { cpus: None, pids: None, ..wanted };
    assert_eq!(of(swap(mib(64), json!(-1)), memory)["MemorySwap"], json!(-1));
    assert_eq!(of(swap(mib(64), mib(80)), memory)["MemorySwap"], mib(48));
    let same = json!({"NanoCpus": 1_500_000_000, "Memory": mib(32), "MemorySwap": mib(64), "PidsLimit": 9});
    assert_eq!(of(same.clone(), wanted), json!({}), "what is so already is left alone");
    let less = change(&object_of(same.clone()), Limits::default());
    assert_eq!(less.taken_away, ["CPU", "memory"]);
    let mut without = object_of(same);
    without.extend(less.fields);
    assert_eq!(limits(&without), Limits::default());
}

#[test]
fn one_that_a_dying_engine_left_without_its_volumes_is_half_made() {
    let image = object_of(json!({"Volumes": {"/data": {}}}));
    let with = |status: &str, change: Change| {
        let mut shop = shop();
        shop["State"] = json!({"Status": status});
        change(&mut shop);
        is_half_made(&settings(shop), &image)
    };
    assert!(!with("created", |_| {}));
    assert!(with("created", |it| it["Mounts"] = json!([])));
    assert!(with("created", |it| it["Mounts"][0]["Destination"] = json!("/elsewhere")), "a bind is missing");
    assert!(!with("exited", |it| it["Mounts"] = json!([])), "it has run: what it has is its own");
    assert!(!with("created", |it| {
        it["Mounts"].as_array_mut().unwrap().remove(1);
        it["HostConfig"]["Tmpfs"] = json!({"/data/": ""});
    }));
}
