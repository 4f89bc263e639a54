#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::fleet::EngineId;

fn seen<'s>() -> Seen<'s> {
    Seen { spec: SpecHash(1), has_image: true, host_of_network: None, podman: false }
}

fn read(it: &Value, seen: &Seen<'_>) -> Blueprint {
    let settings = Settings::read(it.to_string().as_bytes()).unwrap();
    blueprint(&EngineId::new("docker"), &serde_json::from_value(it.clone()).unwrap(), &settings, seen)
}

fn compose(name: &str, number: &str) -> Value {
    json!({
        "Id": "79cd943137a1dc1e254703686caf7a7e93b2c5aad4197f6e66294393d0738d6c", "Name": format!("/{name}"),
        "Config": {"Labels": {
            "com.docker.compose.project": "shop", "com.docker.compose.service": "api",
            "com.docker.compose.container-number": number,
        }},
    })
}

#[test]
fn a_name_is_fixed_unless_compose_made_it() {
    let fixed = |name: &str, number: &str| read(&compose(name, number), &seen()).fixed_name;
    for name in ["shop_api_2", "shop-api-2", "shop-api-2.qd-x7k2q.old", "0123456789ab_shop_api_2"] {
        assert!(!fixed(name, "2"), "{name}");
    }
    for name in ["shop_api_1", "shop_api-2", "api", "my_shop_api_2"] {
        assert!(fixed(name, "2"), "{name}");
    }
    assert!(read(&json!({"Id": "x", "Name": "/web"}), &seen()).fixed_name, "a lone container's is");
}

#[test]
fn what_two_cannot_have_at_once() {
    let it = json!({
        "Id": "x", "Name": "/web", "Config": {"MacAddress": "02:42:0a:00:00:09"},
        "HostConfig": {
            "AutoRemove": true, "NetworkMode": "front",
            "PortBindings": {
                "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}], "81/tcp": [{"HostIp": "", "HostPort": ""}],
                "82/tcp": [{"HostIp": "", "HostPort": "9000-9010"}], "83/udp": null,
            },
        },
        "NetworkSettings": {"Networks": {
            "front": {"IPAMConfig": {"IPv4Address": "10.0.0.9", "IPv6Address": ""}, "IPAddress": "10.0.0.9"},
            "back": {"IPAMConfig": null, "IPAddress": "10.0.1.2"},
        }},
        "Mounts": [
            {"Type": "volume", "Name": "5a7c8dc55f700ec0206417a4f80971ba3a96f0fbfa79417e68d1308590be84c7", "Destination": "/a", "RW": true},
            {"Type": "volume", "Name": "data", "Destination": "/d", "RW": true},
        ],
    });
    let it = read(&it, &seen());
    assert_eq!(it.fixed_ports.iter().map(|p| p.host.unwrap().1).collect::<Vec<_>>(), [8080]);
    assert_eq!(it.port_ranges, [(9000, 9010)]);
    assert_eq!(it.addresses, ["front 10.0.0.9", "front 02:42:0a:00:00:09"]);
    assert_eq!(it.mounts.iter().map(|m| m.anonymous).collect::<Vec<_>>(), [true, false]);
    assert!(it.auto_remove);
    assert_eq!(it.policy, "no");
}

#[test]
fn labels_of_ours_are_read_as_they_are() {
    let it = json!({"Id": "x", "Name": "/web", "Config": {"Labels": {
        "quarterdeck.gate.deadline": " 90s ", "quarterdeck.gate.stay": "5s", "quarterdeck.overlap": "no",
        "quarterdeck.overlapping": "x", "other": "y",
    }}});
    let it = read(&it, &seen());
    assert_eq!(it.gate, [("deadline".into(), "90s".into()), ("stay".into(), "5s".into())]);
    assert_eq!(it.overlap.as_deref(), Some("no"));
    assert_eq!(read(&compose("shop_api_1", "1"), &seen()).overlap, None);
}

#[test]
fn whose_network_it_shares() {
    let shares = |mode: &str, name: Option<&str>| {
        let it = json!({"Id": "x", "Name": "/web", "HostConfig": {"NetworkMode": mode}});
        read(&it, &Seen { host_of_network: name, ..seen() }).shares_network
    };
    let other = "container:79cd943137a1dc1e254703686caf7a7e93b2c5aad4197f6e66294393d0738d6c";
    assert_eq!(shares(other, Some("vpn")).as_deref(), Some("vpn"));
    assert_eq!(shares(other, None).as_deref(), Some("79cd943137a1"));
    assert_eq!(shares("container:vpn", None).as_deref(), Some("vpn"));
    assert_eq!(shares("host", None).as_deref(), Some("host"));
    assert_eq!((shares("default", None), shares("front", None)), (None, None));
}

#[test]
fn what_somebody_else_looks_after_is_not_copied() {
    let why = |labels: Value, seen: &Seen<'_>| {
        let it = json!({"Id": "x", "Name": "/web", "Config": {"Labels": labels}});
        read(&it, seen).unlike.map(|(why, remedy)| format!("{why}. {remedy}"))
    };
    assert_eq!(why(json!({}), &seen()), None);
    let says = |labels, part: &str| {
        let said = why(labels, &seen()).unwrap();
        assert!(said.contains(part), "{said}");
    };
    says(json!({"com.docker.swarm.service.name": "shop_api"}), "Swarm looks after it (service shop_api)");
    says(json!({"io.kubernetes.pod.name": "x"}), "Kubernetes");
    says(json!({"PODMAN_SYSTEMD_UNIT": "web.service"}), "systemd looks after it (web.service)");
    assert!(why(json!({}), &Seen { podman: true, ..seen() }).unwrap().contains("Podman"));
    assert!(
        why(json!({}), &Seen { has_image: false, ..seen() }).unwrap().contains("no longer on this engine")
    );
}
