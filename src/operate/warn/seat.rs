//! The branch the user sits on.

use super::{Struck, ends};
use crate::fleet::{Protocol, Replica, ServiceId, Verb};
use crate::operate::plan::{Draft, Scene, Weight};
use crate::text::human;

/// What carries a VPN, by a word in its image's or its own name.
const VPNS: [&str; 9] = [
    "wireguard",
    "wg-easy",
    "openvpn",
    "tailscale",
    "headscale",
    "zerotier",
    "netbird",
    "softether",
    "cloudflared",
];
/// What others stand behind, by a word in its image's name.
const PROXIES: [&str; 8] =
    ["traefik", "nginx", "caddy", "haproxy", "envoy", "swag", "nginx-proxy-manager", "sshpiper"];
/// Ports by which people come in.
const DOORS: [u16; 5] = [22, 80, 443, 8080, 8443];

/// Warn of every replica among these that the user's own access, or that of everybody, hangs on.
pub(super) fn sawn_off(scene: &Scene, struck: &[Struck], services: &[ServiceId], draft: &mut Draft) {
    let seat = &scene.options.seat;
    let far = seat.ssh_port.is_some() || scene.fleet.engine().is_some_and(|engine| !engine.local);
    for hit in struck {
        let replica = hit.replica;
        let publishes =
            |number: Option<u16>| number.is_some_and(|number| published(replica).any(|p| p == number));
        if seat.container.as_deref().is_some_and(|container| is_itself(replica, container)) {
            let words = format!(
                "quarterdeck itself runs in {}: it ends with it, in the middle of this",
                replica.name
            );
            draft.warn(Weight::Seat, words);
        }
        if publishes(seat.ssh_port) {
            let words = format!(
                "your own session comes in through {}: it may be cut off (by SSH on port {})",
                replica.name,
                seat.ssh_port.unwrap_or_default()
            );
            draft.warn(Weight::Seat, words);
        }
        if publishes(seat.engine_port) {
            let words = format!(
                "the engine is reached through {} (port {}): it can't be reached while that is down",
                replica.name,
                seat.engine_port.unwrap_or_default()
            );
            draft.warn(Weight::Seat, words);
        }
        if far && is_one_of(replica, &VPNS) && hit.verb != Verb::Pause {
            let words = format!("{} looks like a VPN: your own access may hang on it", replica.name);
            draft.warn(Weight::Seat, words);
        }
    }
    for id in services {
        let away =
            ends(scene, struck, id) || draft.gaps.iter().any(|g| g.service == *id && g.lasts.is_some());
        let proxy = struck.iter().map(|hit| hit.replica).find(|r| r.service == *id && is_proxy(r));
        if let Some(proxy) = proxy.filter(|_| away) {
            let doors = published(proxy).filter(|number| DOORS.contains(number));
            let mut doors: Vec<String> = doors.map(|number| number.to_string()).collect();
            doors.dedup();
            let words = format!(
                "{} stands in front of others (port {}): what comes in through it is away meanwhile",
                proxy.name,
                human::list(&doors, 3)
            );
            draft.warn(Weight::Seat, words);
        }
    }
}

fn published(replica: &Replica) -> impl Iterator<Item = u16> {
    let tcp = replica.ports.iter().filter(|port| port.protocol == Protocol::Tcp);
    tcp.filter_map(|port| port.host.map(|(_, number)| number))
}

/// By id, or by the host name a container has unless it was given another one: the id's first 12.
fn is_itself(replica: &Replica, container: &str) -> bool {
    let by_id = container.len() >= 12 && replica.id.id.starts_with(container);
    by_id || *replica.name == *container
}

/// Whether a word of the image's last part is one of these.
fn is_one_of(replica: &Replica, words: &[&str]) -> bool {
    let reference = &replica.image.reference;
    let last = reference.rsplit('/').next().unwrap_or_default();
    let image = last.split([':', '@']).next().unwrap_or_default();
    let is = |name: &str| {
        words.iter().any(|word| name == *word || name.split(['-', '_', '.']).any(|part| part == *word))
    };
    is(image) || is(&replica.service.name)
}

fn is_proxy(replica: &Replica) -> bool {
    is_one_of(replica, &PROXIES) && published(replica).any(|number| DOORS.contains(&number))
}
