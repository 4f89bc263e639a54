//! Steps on the private engine, one at a time, and what `docker inspect` says after.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use quarterdeck::engine::{Act, Consent, Create, Done, Engine, EngineError, Order, Place, Step};
use quarterdeck::fleet::{Image, ReplicaId, ServiceId, Verb};
use serde_json::{Value, json};

use crate::contract::open;
use crate::support::docker::Reference;

/// An engine, asked by hand.
pub struct Hand {
    pub reference: Reference,
    pub runtime: tokio::runtime::Runtime,
    pub engine: Arc<dyn Engine>,
}

impl Hand {
    pub fn new(reference: Reference) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let engine = open(&reference.host);
        Self { reference, runtime, engine }
    }

    /// Perform a step.
    pub fn step(&self, step: Step) -> Result<Done, EngineError> {
        let service = ServiceId { engine: self.engine.id().clone(), project: None, name: "any".into() };
        self.runtime.block_on(self.engine.perform(Order { service, step, consent: Consent::Yes }))
    }

    /// Perform a lifecycle verb, with no patience.
    pub fn act(&self, verb: Verb, name: &str) -> Result<Done, EngineError> {
        let act = Act { force: verb == Verb::Remove, timeout: Some(0), ..Act::new(verb, self.id(name)) };
        self.step(act.into())
    }

    /// Rename by names.
    pub fn rename(&self, from: &str, to: &str) -> Result<Done, EngineError> {
        self.step(Step::Rename { replica: self.id(from), from: from.into(), to: to.into() })
    }

    /// Make one like `like`; gives its id.
    pub fn create(&self, like: &str, name: &str, image: Image, place: Place) -> Result<String, EngineError> {
        self.make(Create { like: self.id(like), image, name: name.into(), number: None, place, limits: None })
    }

    /// Make what is asked for; gives its id.
    pub fn make(&self, create: Create) -> Result<String, EngineError> {
        self.step(Step::Create(create)).map(|done| match done {
            Done::Made(id) => id.id.to_string(),
            other => panic!("made nothing: {other:?}"),
        })
    }

    /// A container's id by its name.
    pub fn id(&self, name: &str) -> ReplicaId {
        let id = self.reference.inspect(name, "{{.Id}}");
        ReplicaId { engine: self.engine.id().clone(), id: id.into() }
    }

    /// What an image's reference stands for.
    pub fn image(&self, reference: &str) -> Image {
        let id = self.reference.docker(&["image", "inspect", "--format", "{{.Id}}", reference]);
        Image { reference: reference.into(), id: id.into() }
    }

    /// All that `docker inspect` says.
    pub fn look(&self, name: &str) -> Value {
        let all: Vec<Value> = serde_json::from_str(&self.reference.docker(&["inspect", name])).unwrap();
        all.into_iter().next().unwrap()
    }

    /// What a command in a container prints.
    pub fn exec(&self, name: &str, script: &str) -> String {
        self.reference.docker(&["exec", name, "sh", "-c", script])
    }

    /// Call the API itself, for what the CLI of another version does not say.
    pub fn post(&self, path: &str, body: &Value) -> String {
        let mut stream = UnixStream::connect(self.reference.host.trim_start_matches("unix://")).unwrap();
        let body = body.to_string();
        let head = format!(
            "POST {path} HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.lines().next().unwrap().contains(" 20"), "{path}: {answer}");
        answer
    }

    /// An image from the base image with other defaults, `ENV A=1` and the like.
    pub fn image_with(&self, reference: &str, stop_signal: &str, changes: &[&str]) -> Image {
        let maker = "image-maker";
        self.reference.remove(&[maker]);
        // Committing takes all Dockerfile instructions but this one.
        let stop = format!("--stop-signal={stop_signal}");
        self.reference.docker(&["create", "--name", maker, &stop, "qdtest/base:1", "true"]);
        let mut args = vec!["commit"];
        for change in changes {
            args.extend(["--change", change]);
        }
        args.extend([maker, reference]);
        self.reference.docker(&args);
        self.reference.remove(&[maker]);
        self.image(reference)
    }
}

/// What must be the same after as before: everything but the container's own ids, times and paths.
pub fn settings(all: &Value) -> Value {
    let mut networks = all["NetworkSettings"]["Networks"].clone();
    let own: String = all["Id"].as_str().unwrap().chars().take(12).collect();
    for network in networks.as_object_mut().unwrap().values_mut() {
        let network = network.as_object_mut().unwrap();
        for key in ["EndpointID", "NetworkID"] {
            network.shift_remove(key);
        }
        if network["IPAMConfig"].as_object().is_none_or(serde_json::Map::is_empty) {
            // An address the engine picked.
            for key in ["IPAddress", "MacAddress", "IPAMConfig"] {
                network.shift_remove(key);
            }
        }
        if let Some(aliases) = network["Aliases"].as_array_mut() {
            aliases.retain(|alias| alias != &json!(own));
            aliases.sort_by_key(ToString::to_string);
        }
        if let Some(names) = network.get_mut("DNSNames").and_then(Value::as_array_mut) {
            names.retain(|alias| alias != &json!(own));
        }
        // None, said in different ways by one engine.
        for key in ["DriverOpts", "Links"] {
            if network[key].as_object().is_some_and(serde_json::Map::is_empty) {
                network[key] = Value::Null;
            }
        }
    }
    let mut mounts = all["Mounts"].clone();
    mounts.as_array_mut().unwrap().sort_by_key(|mount| mount["Destination"].to_string());
    let mounts: serde_json::Map<String, Value> = mounts
        .as_array()
        .unwrap()
        .iter()
        .map(|mount| (mount["Destination"].as_str().unwrap().replace('/', "|"), mount.clone()))
        .collect();
    let mut config = all["Config"].clone();
    if config["Hostname"] == json!(own) {
        config["Hostname"] = json!("its id");
    }
    json!({
        "Config": config, "HostConfig": all["HostConfig"], "Mounts": mounts, "Networks": networks,
        "Image": all["Image"], "Path": all["Path"], "Args": all["Args"], "Name": all["Name"],
        "Driver": all["Driver"], "AppArmorProfile": all["AppArmorProfile"], "Platform": all["Platform"],
    })
}

/// Every place in which two JSON values differ, as `/Config/Env/0: 1 → 2`.
pub fn differences(a: &Value, b: &Value) -> Vec<String> {
    let mut found = Vec::new();
    differ("", a, b, &mut found);
    found
}

fn differ(path: &str, a: &Value, b: &Value, found: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let none = Value::String("nothing".into());
                differ(
                    &format!("{path}/{key}"),
                    a.get(key).unwrap_or(&none),
                    b.get(key).unwrap_or(&none),
                    found,
                );
            }
        }
        _ if a == b => {}
        _ => found.push(format!("{path}: {a} → {b}")),
    }
}
