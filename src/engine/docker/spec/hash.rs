//! The fingerprint of a container's settings.
//!
//! It must not change with the image, the name or the number, nor with what is tied to this one
//! container (ids, addresses, volumes the engine named), nor with the order or the new fields of
//! another engine version. So: defaults are taken off, what says nothing is left out, lists
//! without an order are sorted, fields are sorted. The restart policy is left out too: operations
//! change it for a while.

use serde_json::{Value, json};

use super::networks::{endpoints, legacy_links, mode};
use super::own::own;
use super::volumes::{binds_anonymous, mounts_anonymous};
use super::{COMPOSE, Object, Settings, is_nothing, object, text};
use crate::fleet::SpecHash;
use crate::text::mask;

/// The size of `/dev/shm` nobody asked for.
const SHM: u64 = 64 << 20;

/// The fingerprint of a container's settings, made from an image with that `Config`; `None` where
/// the image is gone: then its defaults count as the container's.
pub(in crate::engine::docker) fn fingerprint(of: &Settings, image: Option<&Object>) -> SpecHash {
    let none = Object::new();
    let config = own(of.config(), image.unwrap_or(&none), object(of.host(), "PortBindings"));
    let networks: Object =
        endpoints(of, None).into_iter().map(|e| (e.network, Value::Object(e.settings))).collect();
    hash(json!({
        "Config": own_config(&of.id, config, of.host()),
        "HostConfig": own_host(of.host()),
        "Networks": networks,
    }))
}

/// What the engine does with containers of this `HostConfig`: the same for two that were made
/// alike.
pub(in crate::engine::docker) fn likeness(host: &Object) -> SpecHash {
    hash(Value::Object(own_host(host)))
}

fn own_config(id: &str, mut config: Object, host: &Object) -> Object {
    let short = id.get(..12).unwrap_or(id);
    // How it was run by hand the first time, and what may be another's.
    for key in ["AttachStdin", "AttachStdout", "AttachStderr", "StdinOnce"] {
        config.remove(key);
    }
    let shared = mode(host).starts_with("container:") || mode(host) == "host";
    if shared || text(&config, "Hostname") == Some(short) {
        config.remove("Hostname");
    }
    if let Some(labels) = config.get_mut("Labels").and_then(Value::as_object_mut) {
        labels.retain(|key, _| {
            !(key.starts_with(COMPOSE)
                || key.starts_with("io.podman.compose.")
                || key.starts_with("desktop.docker.io/"))
        });
    }
    // Podman puts the id into the environment.
    let made_up = format!("HOSTNAME={short}");
    if let Some(env) = config.get_mut("Env").and_then(Value::as_array_mut) {
        env.retain(|pair| pair.as_str() != Some(&made_up));
    }
    sort(&mut config, "Env");
    let published = object(host, "PortBindings");
    keys(&mut config, "ExposedPorts", |port| !published.contains_key(port));
    keys(&mut config, "Volumes", |_| true);
    if let Some(health) = config.get("Healthcheck").and_then(Value::as_object) {
        let health = plain(health.clone());
        config.insert("Healthcheck".into(), Value::Object(health));
    }
    plain(config)
}

fn own_host(host: &Object) -> Object {
    let mut host = host.clone();
    for key in ["ContainerIDFile", "ConsoleSize", "RestartPolicy"] {
        host.remove(key);
    }
    host.insert("NetworkMode".into(), json!(mode(&host)));
    for key in ["NetworkMode", "PidMode", "IpcMode"] {
        // Whose it shares is a matter of ids, which change when that one is replaced.
        if text(&host, key).is_some_and(|value| value.starts_with("container:")) {
            host.insert(key.into(), json!("container"));
        }
    }
    for key in ["MaskedPaths", "ReadonlyPaths"] {
        // The engine's own list, which grows from version to version; empty is what users ask for.
        let custom = host.get(key).and_then(Value::as_array).is_some_and(Vec::is_empty);
        host.remove(key);
        if custom {
            host.insert(key.into(), json!("none"));
        }
    }
    if matches!(text(&host, "Runtime"), Some("runc" | "io.containerd.runc.v2")) {
        host.remove("Runtime");
    }
    if host.get("ShmSize").and_then(Value::as_u64) == Some(SHM) {
        host.remove("ShmSize");
    }
    for key in ["PidsLimit", "MemorySwappiness"] {
        if host.get(key).and_then(Value::as_i64).is_some_and(|n| n < 0) {
            host.remove(key);
        }
    }
    if let Some(binds) = host.get_mut("Binds").and_then(Value::as_array_mut) {
        binds.retain(|bind| !binds_anonymous(bind));
    }
    if let Some(mounts) = host.get_mut("Mounts").and_then(Value::as_array_mut) {
        for mount in mounts {
            let anonymous = mounts_anonymous(mount);
            let Some(fields) = mount.as_object_mut() else { continue };
            if anonymous {
                fields.remove("Source");
            }
            *fields = plain(std::mem::take(fields));
        }
    }
    let links = json!(legacy_links(&host));
    host.insert("Links".into(), links);
    // Compose 2 writes some of these as they come out of a map.
    for key in
        ["Binds", "Mounts", "Links", "CapAdd", "CapDrop", "SecurityOpt", "GroupAdd", "ExtraHosts", "Ulimits"]
    {
        sort(&mut host, key);
    }
    plain(host)
}

/// Without what says nothing.
fn plain(mut fields: Object) -> Object {
    fields.retain(|_, value| !is_nothing(value));
    fields
}

fn sort(of: &mut Object, key: &str) {
    if let Some(items) = of.get_mut(key).and_then(Value::as_array_mut) {
        items.sort_by_cached_key(Value::to_string);
    }
}

/// An object used as a set becomes the sorted list of what is in it.
fn keys(of: &mut Object, key: &str, keep: impl Fn(&str) -> bool) {
    if let Some(fields) = of.get(key).and_then(Value::as_object) {
        let mut names: Vec<&String> = fields.keys().filter(|name| keep(name)).collect();
        names.sort_unstable();
        let names = json!(names);
        of.insert(key.into(), names);
    }
}

/// FNV-1a over the masked text: it must be the same in every build, and needs to hide nothing.
pub(in crate::engine) fn hash(mut canonical: Value) -> SpecHash {
    mask::json(&mut canonical);
    canonical.sort_all_objects();
    let text = canonical.to_string();
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    SpecHash(hash)
}
