//! The request that makes another container like one there is.

use serde_json::{Value, json};

use super::networks::{Copy, Endpoint, endpoints, has_own, is_first, legacy_links, mode};
use super::own::own;
use super::{Object, Settings, limits, object, text, volumes};
use crate::engine::Place;
use crate::fleet::Limits;

/// What is to be made.
pub(in crate::engine::docker) struct Order<'o> {
    /// Its name.
    pub(in crate::engine::docker) name: &'o str,
    /// What its image is called.
    pub(in crate::engine::docker) reference: &'o str,
    /// Its image's id.
    pub(in crate::engine::docker) image_id: &'o str,
    /// Its image's `Config`.
    pub(in crate::engine::docker) image: &'o Object,
    /// The `Config` of the image the other one was made from.
    pub(in crate::engine::docker) old_image: &'o Object,
    /// Its number within the service, if it gets another one.
    pub(in crate::engine::docker) number: Option<u32>,
    /// Instead of the other one, or beside it.
    pub(in crate::engine::docker) place: Place,
    /// Limits instead of the other one's.
    pub(in crate::engine::docker) limits: Option<Limits>,
    /// Its network mode instead of the other one's.
    pub(in crate::engine::docker) network: Option<String>,
}

/// The request.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine::docker) struct Made {
    /// The body of `POST /containers/create`.
    pub(in crate::engine::docker) body: Object,
    /// To be connected before it is started: engines before 25 take one network at a time.
    pub(in crate::engine::docker) connect: Vec<Endpoint>,
    /// To be disconnected before it is started: the network it is made on, where the other one
    /// left that long ago.
    pub(in crate::engine::docker) disconnect: Option<String>,
}

/// What makes one like `of`.
pub(in crate::engine::docker) fn make(of: &Settings, order: &Order<'_>) -> Made {
    let mut host = of.host().clone();
    let mut body = own(of.config(), order.old_image, object(of.host(), "PortBindings"));
    body.insert("Image".into(), json!(order.reference));
    names(of, order.place, &mut body);
    labels(order, &mut body);
    match order.place {
        Place::Instead => volumes::take_over(of, &mut host),
        Place::Beside => volumes::leave_alone(&mut host, &mut body, order.image),
    }
    if let Some(wanted) = order.limits {
        host.extend(limits::change(of.host(), wanted).fields);
    }
    if let Some(mode) = &order.network {
        host.insert("NetworkMode".into(), json!(mode));
    }
    let links = legacy_links(of.host());
    if !links.is_empty() {
        host.insert("Links".into(), json!(links));
    }
    let copy = Copy { name: order.name, addresses: order.place == Place::Instead };
    let (first, connect): (Vec<_>, Vec<_>) =
        endpoints(of, Some(&copy)).into_iter().partition(|end| is_first(of, &end.network));
    let stray = has_own(of) && first.is_empty() && !connect.is_empty();
    let disconnect = stray.then(|| mode(of.host()).to_owned());
    let mut first: Object = first.into_iter().map(|end| (end.network, Value::Object(end.settings))).collect();
    if let Some(mac) = text(&body, "MacAddress") {
        // Newer engines want it said at the network.
        let mac = json!(mac);
        for end in first.values_mut().filter_map(Value::as_object_mut) {
            end.insert("MacAddress".into(), mac.clone());
        }
    }
    body.insert("NetworkingConfig".into(), json!({ "EndpointsConfig": first }));
    body.insert("HostConfig".into(), Value::Object(host));
    Made { body, connect, disconnect }
}

/// Names and addresses of its own: only those that were asked for, and that it may have.
fn names(of: &Settings, place: Place, body: &mut Object) {
    let shares = mode(of.host()).starts_with("container:");
    let made_up = text(body, "Hostname") == Some(of.short_id());
    if shares || made_up || text(of.host(), "UTSMode") == Some("host") {
        body.remove("Hostname");
    }
    if shares {
        body.remove("Domainname");
        body.remove("ExposedPorts");
    }
    if shares || place == Place::Beside || text(body, "MacAddress").is_none() {
        body.remove("MacAddress");
    }
}

/// What compose notes on a container, as compose would have noted it.
fn labels(order: &Order<'_>, body: &mut Object) {
    let Some(labels) = body.get_mut("Labels").and_then(Value::as_object_mut) else { return };
    let mut set = |key: &str, value: String| {
        if let Some(known) = labels.get_mut(key) {
            *known = Value::String(value);
        }
    };
    if let Some(number) = order.number {
        set("com.docker.compose.container-number", number.to_string());
    }
    set("com.docker.compose.image", order.image_id.to_owned());
    if order.place == Place::Beside {
        // It replaces none.
        labels.shift_remove("com.docker.compose.replace");
    }
}
