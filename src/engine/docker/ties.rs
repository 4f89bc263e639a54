//! An inspected container → what ties it to others. Pure.

use std::sync::Arc;

use super::api::{Inspected, Network};
use super::map::NAME;
use crate::engine::wants::wants;
use crate::fleet::{How, Joined, Ties, Want};
use crate::text::sanitize::label;

/// Networks, and names in one of them, that are kept.
const MANY: usize = 32;

/// Whom its settings name, and by which names others find it. `name`: its own.
pub(super) fn ties(it: &Inspected, name: &str) -> Ties {
    let mode = it.host_config.network_mode.as_deref().unwrap_or_default();
    let mut all = wants(it.config.env.iter().flatten().map(String::as_str));
    all.extend(it.host_config.links.iter().flatten().take(MANY).filter_map(|link| linked(link)));
    let networks = it.network_settings.networks.iter().flatten();
    Ties {
        wants: all,
        // The default bridge, and what is no network of its own, have no names.
        networks: networks
            .filter(|(network, _)| !matches!(network.as_str(), "bridge" | "host" | "none"))
            .take(MANY)
            .map(|(network, found)| joined(it, name, network, found.as_ref()))
            .collect(),
        within: mode.strip_prefix("container:").map(|other| label(other, NAME)),
        on_host: mode == "host",
    }
}

/// `/db:/web/alias`: the container before the colon.
fn linked(link: &str) -> Option<Want> {
    let other = link.split(':').next()?.trim_start_matches('/');
    let host = label(&other.to_ascii_lowercase(), NAME);
    (!host.is_empty()).then_some(Want { host, port: None, how: How::Link })
}

fn joined(it: &Inspected, name: &str, network: &str, found: Option<&Network>) -> Joined {
    let aliases = found.into_iter().flat_map(|found| found.aliases.iter().flatten());
    let own = [name, it.id.get(..12).unwrap_or(&it.id), it.config.hostname.as_deref().unwrap_or_default()];
    let mut names: Vec<Arc<str>> = own
        .into_iter()
        .chain(aliases.take(MANY).map(String::as_str))
        .filter(|name| !name.is_empty())
        .map(|name| label(&name.to_ascii_lowercase(), NAME))
        .collect();
    names.sort_unstable();
    names.dedup();
    Joined { network: label(network, NAME), names }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_networks_and_whom_it_needs() {
        let it: Inspected = serde_json::from_value(json!({
            "Id": "0123456789abcdef", "Name": "/shop-api-1",
            "Config": {"Hostname": "api-host", "Env": ["DB_URL=postgres://u:hunter2@DB:5432/x", "A=b", "C"]},
            "HostConfig": {"NetworkMode": "shop_default", "Links": ["/Cache:/shop-api-1/cache"]},
            "NetworkSettings": {"Networks": {
                "shop_default": {"Aliases": ["api", "shop-api-1", "0123456789ab"]},
                "bridge": {"Aliases": null}, "back": null,
            }},
        }))
        .unwrap();
        let ties = ties(&it, "shop-api-1");
        let wants: Vec<(&str, Option<u16>, &str)> =
            ties.wants.iter().map(|w| (&*w.host, w.port, w.how.word())).collect();
        assert_eq!(wants, [("db", Some(5432), "DB_URL"), ("cache", None, "link")]);
        assert!(!format!("{ties:?}").contains("hunter2"));
        let networks: Vec<&str> = ties.networks.iter().map(|j| &*j.network).collect();
        assert_eq!(networks, ["back", "shop_default"]);
        let names: Vec<&str> = ties.networks[1].names.iter().map(|n| &**n).collect();
        assert_eq!(names, ["0123456789ab", "api", "api-host", "shop-api-1"]);
        assert_eq!((ties.within, ties.on_host), (None, false));
    }

    #[test]
    fn anothers_network_and_the_machines() {
        let of = |mode: &str| {
            let it = json!({"Id": "a", "HostConfig": {"NetworkMode": mode}});
            ties(&serde_json::from_value(it).unwrap(), "x")
        };
        assert_eq!(of("container:vpn").within.as_deref(), Some("vpn"));
        assert!(of("host").on_host);
    }
}
