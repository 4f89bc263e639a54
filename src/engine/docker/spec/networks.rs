//! How a container hangs on its networks, without what the engine worked out itself.

use serde_json::{Value, json};

use super::{Object, Settings, is_nothing, list, object, text};
use crate::fleet::SpareName;

/// How a container is to hang on one network.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine::docker) struct Endpoint {
    /// The network's name.
    pub(in crate::engine::docker) network: String,
    /// The `EndpointSettings` asked for.
    pub(in crate::engine::docker) settings: Object,
}

/// What becomes of a container's endpoints in another one.
pub(super) struct Copy<'c> {
    /// The other one's name.
    pub(super) name: &'c str,
    /// Whether it takes over static addresses.
    pub(super) addresses: bool,
}

/// The endpoints of `of`, as asked for. None where the container has no networks of its own.
pub(super) fn endpoints(of: &Settings, copy: Option<&Copy<'_>>) -> Vec<Endpoint> {
    if !has_own(of) {
        return Vec::new();
    }
    let mut all: Vec<Endpoint> = of
        .networks()
        .iter()
        .map(|(network, settings)| Endpoint {
            network: network.clone(),
            settings: settings.as_object().map(|it| asked(of, network, it, copy)).unwrap_or_default(),
        })
        .collect();
    all.sort_by(|a, b| a.network.cmp(&b.network));
    all
}

/// Whether a container has networks of its own, not another's, the host's or none.
pub(super) fn has_own(of: &Settings) -> bool {
    let mode = mode(of.host());
    !(matches!(mode, "host" | "none") || mode.starts_with("container:"))
}

/// A `HostConfig`'s network mode; the default one by its name.
pub(super) fn mode(host: &Object) -> &str {
    match text(host, "NetworkMode") {
        None | Some("default") => "bridge",
        Some(mode) => mode,
    }
}

/// Whether `network` is the one the container was made on.
pub(super) fn is_first(of: &Settings, network: &str) -> bool {
    let mode = mode(of.host());
    mode == network || text(object(of.networks(), network), "NetworkID") == Some(mode)
}

/// Links on the engine's own bridge, as they were asked for: `other:alias`. The engine tells them as
/// `/other:/this-one/alias`, and keeps to the very container: one that was replaced meanwhile is
/// meant by its name.
pub(super) fn legacy_links(host: &Object) -> Vec<String> {
    let links = list(host, "Links").iter().filter_map(Value::as_str);
    links
        .map(|raw| {
            let (other, alias) = raw.split_once(':').unwrap_or((raw, raw));
            let alias = alias.rsplit('/').next().unwrap_or(alias);
            format!("{}:{alias}", base(other.trim_start_matches('/')))
        })
        .collect()
}

/// What was asked for, of what an endpoint has.
fn asked(of: &Settings, network: &str, settings: &Object, copy: Option<&Copy<'_>>) -> Object {
    let mut asked = Object::new();
    for key in ["Links", "DriverOpts", "GwPriority"] {
        if let Some(value) = settings.get(key).filter(|value| !is_nothing(value)) {
            asked.insert(key.into(), value.clone());
        }
    }
    let mut address = object(settings, "IPAMConfig").clone();
    address.retain(|_, value| !is_nothing(value));
    if copy.is_none_or(|copy| copy.addresses) && !address.is_empty() {
        asked.insert("IPAMConfig".into(), Value::Object(address));
    }
    // The engine's own bridge knows no aliases.
    if network != "bridge" {
        let aliases = aliases(of, settings, copy);
        if !aliases.is_empty() {
            asked.insert("Aliases".into(), json!(aliases));
        }
    }
    asked
}

/// Aliases that were asked for: not the names the engine adds by itself (the id's first digits, the
/// host name), nor its own name, which goes with it: compose 2 gives that as an alias.
fn aliases(of: &Settings, settings: &Object, copy: Option<&Copy<'_>>) -> Vec<String> {
    let hostname = text(of.config(), "Hostname").unwrap_or_default();
    let own = base(of.bare_name());
    let mut aliases: Vec<String> = Vec::new();
    for alias in list(settings, "Aliases").iter().filter_map(Value::as_str) {
        if alias.is_empty() || alias == of.short_id() || alias == hostname {
            continue;
        }
        let alias = match copy {
            Some(copy) if alias == own => base(copy.name),
            None if alias == own => continue,
            _ => alias,
        };
        if !aliases.iter().any(|known| known == alias) {
            aliases.push(alias.to_owned());
        }
    }
    aliases
}

/// A name without what an operation adds to it for a while.
fn base(name: &str) -> &str {
    SpareName::parse(name).map_or(name, |spare| spare.base)
}
