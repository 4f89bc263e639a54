//! Volumes without a name of the user's: they belong to one container, and go with its place.

use serde_json::{Value, json};

use super::{Object, Settings, list, object, text};

/// Whether a volume's name is one an engine made up: the volume is known to nobody else.
pub(in crate::engine::docker) fn is_anonymous(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
}

/// Whether a container that was never started lacks something its image or its settings mount: an
/// engine that dies while it makes one leaves it so, and it would run without its data.
pub(in crate::engine::docker) fn is_half_made(found: &Settings, image: &Object) -> bool {
    let at = |path: &str, target: &str| path.trim_end_matches('/') == target.trim_end_matches('/');
    let mounted = |target: &str| {
        let mut mounts = found.mounts().iter().filter_map(Value::as_object);
        mounts.any(|mount| text(mount, "Destination").is_some_and(|path| at(path, target)))
            || object(found.host(), "Tmpfs").keys().any(|path| at(path, target))
    };
    let volumes = object(image, "Volumes").keys().chain(object(found.config(), "Volumes").keys());
    let binds = list(found.host(), "Binds").iter().filter_map(Value::as_str).map(|bind| parts(bind).1);
    found.is_new() && volumes.map(String::as_str).chain(binds).any(|target| !mounted(target))
}

/// `source:target[:modes]`.
pub(super) fn parts(bind: &str) -> (&str, &str, &str) {
    let mut parts = bind.splitn(3, ':');
    let mut next = || parts.next().unwrap_or_default();
    (next(), next(), next())
}

/// Whether an entry of `Binds` mounts an anonymous volume.
pub(super) fn binds_anonymous(bind: &Value) -> bool {
    bind.as_str().is_some_and(|bind| is_anonymous(parts(bind).0))
}

/// Whether an entry of `HostConfig.Mounts` mounts an anonymous volume, or asks for one.
pub(super) fn mounts_anonymous(mount: &Value) -> bool {
    let Some(mount) = mount.as_object() else { return false };
    text(mount, "Type") == Some("volume") && text(mount, "Source").is_none_or(is_anonymous)
}

/// In `host`, every volume of `of` that the engine named is mounted by that name where it was.
pub(super) fn take_over(of: &Settings, host: &mut Object) {
    for mount in of.mounts().iter().filter_map(Value::as_object) {
        if text(mount, "Type") != Some("volume") {
            continue;
        }
        let (Some(name), Some(target)) = (text(mount, "Name"), text(mount, "Destination")) else { continue };
        if asked_for(host, name, target) {
            continue;
        }
        let read_only = mount.get("RW") == Some(&Value::Bool(false));
        if target.contains(':') {
            // Can't be said as a bind.
            push(
                host,
                "Mounts",
                json!({"Type": "volume", "Source": name, "Target": target, "ReadOnly": read_only}),
            );
        } else {
            let mode = if read_only { ":ro" } else { "" };
            push(host, "Binds", json!(format!("{name}:{target}{mode}")));
        }
    }
}

/// Whether `host` says already what is mounted at `target`; a volume it left to the engine to name
/// is said to be `name`.
fn asked_for(host: &mut Object, name: &str, target: &str) -> bool {
    let at = |path: &str| path.trim_end_matches('/') == target.trim_end_matches('/');
    if list(host, "Binds").iter().filter_map(Value::as_str).any(|bind| at(parts(bind).1)) {
        return true;
    }
    let mounts = host.get_mut("Mounts").and_then(Value::as_array_mut);
    let mounts = mounts.into_iter().flatten().filter_map(Value::as_object_mut);
    for mount in mounts {
        if text(mount, "Target").is_some_and(at) {
            if text(mount, "Source").is_none() {
                mount.insert("Source".into(), json!(name));
            }
            return true;
        }
    }
    false
}

/// In `host` and `config`, nothing of the volumes that belong to another container alone: it gets
/// fresh ones at the same paths.
pub(super) fn leave_alone(host: &mut Object, config: &mut Object, image: &Object) {
    let mut targets = Vec::new();
    if let Some(binds) = host.get_mut("Binds").and_then(Value::as_array_mut) {
        binds.retain(|bind| {
            let anonymous = binds_anonymous(bind);
            if anonymous {
                targets.push(parts(bind.as_str().unwrap_or_default()).1.to_owned());
            }
            !anonymous
        });
    }
    if let Some(mounts) = host.get_mut("Mounts").and_then(Value::as_array_mut) {
        for mount in mounts.iter_mut().filter(|mount| mounts_anonymous(mount)) {
            if let Some(mount) = mount.as_object_mut() {
                mount.remove("Source");
            }
        }
    }
    targets.retain(|target| !object(image, "Volumes").contains_key(target));
    if targets.is_empty() {
        return;
    }
    let volumes = config.entry("Volumes").or_insert(Value::Null);
    if !volumes.is_object() {
        *volumes = json!({});
    }
    if let Some(volumes) = volumes.as_object_mut() {
        volumes.extend(targets.into_iter().map(|target| (target, json!({}))));
    }
}

fn push(of: &mut Object, key: &str, item: Value) {
    let items = of.entry(key).or_insert(Value::Null);
    match items {
        Value::Array(items) => items.push(item),
        other => *other = Value::Array(vec![item]),
    }
}
