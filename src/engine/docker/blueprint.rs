//! A container's settings as planning wants them. Pure.

use super::api::{Inspected, Network};
use super::spec::Settings;
use super::{inspect, map};
use crate::engine::Blueprint;
use crate::fleet::{EngineId, SpareName, SpecHash};
use crate::text::sanitize::label;

/// What of a container is looked at elsewhere.
pub(super) struct Seen<'s> {
    /// The fingerprint of its settings.
    pub(super) spec: SpecHash,
    /// Its image is there, so that its defaults can be told from the container's own settings.
    pub(super) has_image: bool,
    /// The name of the container whose network it shares.
    pub(super) host_of_network: Option<&'s str>,
    /// The engine is Podman.
    pub(super) podman: bool,
}

/// The longest value of a label of ours, characters.
const VALUE: usize = 200;

/// A container's blueprint.
pub(super) fn blueprint(
    engine: &EngineId,
    it: &Inspected,
    settings: &Settings,
    seen: &Seen<'_>,
) -> Blueprint {
    let replica = map::from_inspected(engine, it);
    let ours = |prefix: &str| {
        let labels = map::labels(it.config.labels.as_ref());
        let of_prefix = labels.filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value)));
        let mut found: Vec<(String, String)> = of_prefix
            .map(|(key, value)| (label(key, VALUE).to_string(), label(value.trim(), VALUE).to_string()))
            .collect();
        found.sort_unstable();
        found
    };
    let overlap = ours("quarterdeck.overlap").into_iter().find(|(rest, _)| rest.is_empty());
    let mut fixed_ports = map::claimed_ports(&it.host_config);
    fixed_ports.sort_unstable();
    fixed_ports.dedup();
    Blueprint {
        fixed_ports,
        port_ranges: map::port_ranges(&it.host_config),
        addresses: addresses(it),
        fixed_name: is_fixed(settings, &replica.name),
        shares_network: shares_network(it, seen.host_of_network),
        auto_remove: it.host_config.auto_remove == Some(true),
        policy: inspect::restart_policy(it.host_config.restart_policy.as_ref()),
        mounts: inspect::mounts(it),
        networks: inspect::networks(it),
        health: it.config.healthcheck.as_ref().and_then(inspect::health_spec),
        // Negative is for ever.
        stop_timeout: it.config.stop_timeout.map(|s| u32::try_from(s).unwrap_or(u32::MAX)),
        limits: replica.limits,
        gate: ours("quarterdeck.gate."),
        overlap: overlap.map(|(_, value)| value),
        spec: seen.spec,
        unlike: unlike(settings, seen),
        replica: replica.id,
        name: replica.name,
        image: replica.image,
    }
}

/// `network 10.0.0.3`, also `network 02:42:…`: what two containers can't have at once.
fn addresses(it: &Inspected) -> Vec<String> {
    let mut all = Vec::new();
    for (name, network) in it.network_settings.networks.iter().flatten() {
        let asked = network.as_ref().and_then(|n: &Network| n.asked.as_ref());
        let asked = asked.into_iter().flat_map(|asked| asked.v4.iter().chain(&asked.v6));
        let told = asked.filter(|address| !address.is_empty());
        all.extend(told.map(|address| format!("{} {}", label(name, map::NAME), label(address, 64))));
    }
    if let Some(mac) = it.config.mac_address.as_ref().filter(|mac| !mac.is_empty()) {
        let network = it.host_config.network_mode.as_deref().unwrap_or("bridge");
        all.push(format!("{} {}", label(network, map::NAME), label(mac, 64)));
    }
    all
}

/// Whether its name was given, not made from project, service and number as compose does (`_` in
/// its first generation, `-` since).
fn is_fixed(it: &Settings, name: &str) -> bool {
    let parts = (
        it.compose("project"),
        it.compose("service"),
        it.compose("container-number").and_then(|n| n.trim().parse::<u32>().ok()),
    );
    let (Some(project), Some(service), Some(number)) = parts else { return true };
    let name = SpareName::parse(name).map_or(name, |spare| spare.base);
    // Compose itself sets a predecessor aside as `0123456789ab_NAME`, and may have been killed then.
    let name = match name.split_once('_') {
        Some((id, rest)) if id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit()) => rest,
        _ => name,
    };
    !['_', '-'].iter().any(|by| name == format!("{project}{by}{service}{by}{number}"))
}

fn shares_network(it: &Inspected, name: Option<&str>) -> Option<String> {
    match it.host_config.network_mode.as_deref()? {
        "host" => Some("host".to_owned()),
        mode => {
            let other = mode.strip_prefix("container:")?;
            let short = other.get(..12).filter(|_| other.len() == 64).unwrap_or(other);
            Some(label(name.unwrap_or(short), map::NAME).to_string())
        }
    }
}

/// Why there can't be another one like it, and what to do.
fn unlike(it: &Settings, seen: &Seen<'_>) -> Option<(String, String)> {
    let says = |why: &str, remedy: &str| Some((why.to_owned(), remedy.to_owned()));
    if let Some(task) = it.label("com.docker.swarm.service.name") {
        let name = label(task, map::NAME);
        return says(
            &format!("Swarm looks after it (service {name})"),
            "Change the service, not its containers: Swarm would put them back as they were.",
        );
    }
    if it.label("io.kubernetes.pod.name").is_some() {
        return says(
            "Kubernetes looks after it",
            "Change its deployment with kubectl: the kubelet would put the container back as it was.",
        );
    }
    if let Some(unit) = it.label("PODMAN_SYSTEMD_UNIT") {
        let unit = label(unit, map::NAME);
        return says(
            &format!("systemd looks after it ({unit})"),
            "Change its unit, then systemctl restart it.",
        );
    }
    if seen.podman {
        return says(
            "Podman does not tell through its Docker API all that it takes to make another one like it",
            "Make it anew with what made it (podman-compose up, podman run).",
        );
    }
    if !seen.has_image {
        return says(
            "the image it was made from is no longer on this engine, so its own settings can't be told from the image's",
            "Get that image back (docker pull, docker load), or make it anew with what made it (docker-compose up).",
        );
    }
    None
}

#[cfg(test)]
#[path = "blueprint_tests.rs"]
mod tests;
