//! A container's settings as the engine's JSON has them: what is its own and what came from its
//! image, its fingerprint, and what another one like it is made from. Pure.
//!
//! Works on the engine's own JSON, not on types of ours: a field we have never heard of (a newer
//! engine's) is carried over like any other.
//!
//! - `own`: its settings without its image's defaults.
//! - `volumes`, `networks`: what of it is tied to this one container.
//! - `hash`: the fingerprint.
//! - `limits`: how limits are said in it.
//! - `make`: the request that makes another one.

mod hash;
mod limits;
mod make;
mod networks;
mod own;
mod volumes;

use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Map, Value};

pub(in crate::engine) use hash::hash;
pub(super) use hash::{fingerprint, likeness};
pub(super) use limits::{change, limits, same as same_limits};
pub(super) use make::{Made, Order, make};
pub(super) use volumes::{is_anonymous, is_half_made};

/// An object as the engine has it.
pub(super) type Object = Map<String, Value>;

/// The parts of `GET /containers/{id}/json` that are its settings.
#[derive(Deserialize, Default, Clone, Debug)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Settings {
    pub(super) id: String,
    /// With its slash.
    pub(super) name: String,
    /// The image's id.
    pub(super) image: String,
    config: Option<Object>,
    host_config: Option<Object>,
    mounts: Option<Vec<Value>>,
    state: Option<Object>,
    #[serde(rename = "NetworkSettings")]
    network: NetworkSettings,
}

#[derive(Deserialize, Default, Clone, Debug)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    networks: Option<Object>,
}

impl Settings {
    /// The settings in an engine's answer.
    pub(super) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    /// Its name without the slash.
    pub(super) fn bare_name(&self) -> &str {
        self.name.strip_prefix('/').unwrap_or(&self.name)
    }

    /// Its labels.
    pub(super) fn label(&self, key: &str) -> Option<&str> {
        text(object(self.config(), "Labels"), key)
    }

    /// One of compose's labels.
    pub(super) fn compose(&self, key: &str) -> Option<&str> {
        self.label(&format!("{COMPOSE}{key}"))
    }

    fn config(&self) -> &Object {
        self.config.as_ref().unwrap_or_else(nothing)
    }

    /// What the engine does with it, as opposed to what runs in it.
    pub(super) fn host(&self) -> &Object {
        self.host_config.as_ref().unwrap_or_else(nothing)
    }

    /// The id (or name) of the container whose network it shares.
    pub(super) fn shares_network_of(&self) -> Option<&str> {
        text(self.host(), "NetworkMode")?.strip_prefix("container:")
    }

    /// It was made, and never started.
    fn is_new(&self) -> bool {
        self.state.as_ref().and_then(|state| text(state, "Status")) == Some("created")
    }

    fn mounts(&self) -> &[Value] {
        self.mounts.as_deref().unwrap_or_default()
    }

    /// The networks it hangs on, by name.
    pub(super) fn networks(&self) -> &Object {
        self.network.networks.as_ref().unwrap_or_else(nothing)
    }

    /// The first digits of its id, which the engine uses for names.
    fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }
}

/// An object with nothing in it.
fn nothing<'n>() -> &'n Object {
    static NOTHING: OnceLock<Object> = OnceLock::new();
    NOTHING.get_or_init(Object::new)
}

/// The object at `key`; an empty one where there is none.
fn object<'o>(of: &'o Object, key: &str) -> &'o Object {
    of.get(key).and_then(Value::as_object).unwrap_or_else(nothing)
}

/// The list at `key`; an empty one where there is none.
fn list<'o>(of: &'o Object, key: &str) -> &'o [Value] {
    of.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The text at `key`, if there is any.
fn text<'o>(of: &'o Object, key: &str) -> Option<&'o str> {
    of.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Whether a value says nothing: the engine spells that in many ways.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// Labels compose puts on what it makes. They say whose the container is, so they are its own even
/// where its image bears the same ones (compose labels what it builds, too).
const COMPOSE: &str = "com.docker.compose.";

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
