//! Settings minus defaults: what the user set, told from what the image brought.
//!
//! An engine merges an image's defaults into a container's settings when it makes it, and forgets
//! which is which. Here that is undone: a value equal to the image's is taken for the image's, so
//! that another image's defaults apply in its place.

use serde_json::{Value, json};

use super::{COMPOSE, Object, is_nothing, list, object};

/// A container's `Config` without what came from an image with that `Config`.
///
/// `published`: its `PortBindings`. Ports in them stay exposed, because the engine publishes only
/// what is exposed.
pub(super) fn own(config: &Object, image: &Object, published: &Object) -> Object {
    let mut own = config.clone();
    // What only the image says, and what can't be asked for.
    for key in ["OnBuild", "ArgsEscaped", "Image"] {
        own.remove(key);
    }
    for key in ["User", "WorkingDir", "StopSignal", "Shell"] {
        if same(own.get(key), image.get(key)) {
            own.remove(key);
        }
    }
    let inherited = list(image, "Env");
    retain_items(&mut own, "Env", |item| !inherited.contains(item));
    let inherited = object(image, "Labels");
    retain_fields(&mut own, "Labels", |key, value| {
        key.starts_with(COMPOSE) || inherited.get(key) != Some(value)
    });
    let inherited = object(image, "ExposedPorts");
    retain_fields(&mut own, "ExposedPorts", |port, _| {
        published.contains_key(port) || !inherited.contains_key(port)
    });
    let inherited = object(image, "Volumes");
    retain_fields(&mut own, "Volumes", |path, _| !inherited.contains_key(path));
    command(&mut own, image);
    health(&mut own, image);
    own
}

/// Entrypoint and command. An engine takes the image's command only where the entrypoint is the
/// image's too, so the two have to be looked at together.
fn command(own: &mut Object, image: &Object) {
    let is_same = |own: &Object, key: &str| list(own, key) == list(image, key);
    if !is_same(own, "Entrypoint") {
        if list(own, "Entrypoint").is_empty() {
            // The user took the image's entrypoint away: this is how that is said.
            own.insert("Entrypoint".into(), json!([""]));
        }
        return;
    }
    if is_same(own, "Cmd") {
        own.remove("Entrypoint");
        own.remove("Cmd");
    } else if list(own, "Cmd").is_empty() {
        // The same entrypoint, set anew: that is what cleared the image's command.
        own.remove("Cmd");
    } else {
        own.remove("Entrypoint");
    }
}

/// The health check, of which each part may be the image's.
fn health(own: &mut Object, image: &Object) {
    let inherited = object(image, "Healthcheck");
    if own.get("Healthcheck").is_none_or(is_nothing) || same(own.get("Healthcheck"), image.get("Healthcheck"))
    {
        own.remove("Healthcheck");
        return;
    }
    retain_fields(own, "Healthcheck", |key, value| inherited.get(key) != Some(value));
}

/// The same, or both not there.
fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a.filter(|v| !is_nothing(v)), b.filter(|v| !is_nothing(v))) {
        (None, _) => true,
        (Some(a), b) => Some(a) == b,
    }
}

fn retain_items(of: &mut Object, key: &str, keep: impl Fn(&Value) -> bool) {
    if let Some(items) = of.get_mut(key).and_then(Value::as_array_mut) {
        items.retain(keep);
    }
}

fn retain_fields(of: &mut Object, key: &str, keep: impl Fn(&str, &Value) -> bool) {
    if let Some(fields) = of.get_mut(key).and_then(Value::as_object_mut) {
        fields.retain(|key, value| keep(key, value));
    }
}
