//! The private engine as a swarm of one node, with a stack on it.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quarterdeck::config::{EngineSettings, Protection};
use quarterdeck::engine::{Consent, Course, Done, Engine, EngineError, Managed, Order, Query, Step};
use quarterdeck::fleet::{EngineId, Fleet, Image, Replica, ServiceId, Summary};

use crate::support::docker::{Reference, engine};
use crate::support::eventually;
use crate::support::live::Live;

/// Images of the stack: what they are called and what they do.
const IMAGES: [(&str, &str); 3] = [
    ("qdswarm/api:1", "echo one; trap 'exit 0' TERM; while :; do sleep 0.1; done"),
    ("qdswarm/api:2", "echo two; trap 'exit 0' TERM; while :; do sleep 0.1; done"),
    ("qdswarm/api:bad", "echo bad; sleep 0.5; exit 3"),
];

/// A stack of what a swarm can have, with no longer waits than it must.
pub const STACK: &str = r#"
version: "3.8"
x-deploy: &deploy
  restart_policy: {delay: 500ms}
  update_config: {parallelism: 2, failure_action: rollback, monitor: 1500ms, delay: 0s}
  rollback_config: {parallelism: 2, monitor: 500ms}
services:
  web:
    image: qdswarm/api:1
    stop_grace_period: 1s
    environment: {DB_PASSWORD: hunter2, DB_URL: "postgres://u:hunter2@db:5432/x"}
    ports: [{target: 80, published: 8080, mode: ingress}]
    healthcheck: {test: ["CMD-SHELL", "echo fine"], interval: 1s, retries: 2}
    deploy:
      <<: *deploy
      replicas: 2
      resources: {limits: {cpus: "0.5", memory: 64M}}
      labels: {quarterdeck.gate.stay: 1s}
  agent:
    image: qdswarm/api:1
    stop_grace_period: 1s
    deploy: {<<: *deploy, mode: global}
  none:
    image: qdswarm/api:1
    deploy: {<<: *deploy, replicas: 0}
"#;

/// One more service for it, whose task fails, and which waits long before there is another one.
pub const CRASH: &str = r"
  crash:
    image: qdswarm/api:bad
    deploy: {restart_policy: {delay: 60s}}
";

/// See the module. Dropped, it leaves an engine without a swarm and without containers.
pub struct Swarm {
    pub reference: Reference,
}

impl Swarm {
    /// `None` (said loudly) where there is no private engine.
    pub fn begin() -> Option<Self> {
        Self::begin_at("127.0.0.1")
    }

    /// The same, reached by other nodes at this address, which becomes this machine's.
    pub fn begin_at(address: &str) -> Option<Self> {
        let began = Instant::now();
        let swarm = Self { reference: engine()? };
        swarm.end();
        for (tag, script) in IMAGES {
            swarm.image(tag, script);
        }
        swarm.init(address);
        eprintln!("   a swarm: after {} ms", began.elapsed().as_millis());
        Some(swarm)
    }

    /// `docker swarm init`, until tasks can be placed on it and ports published.
    pub fn init(&self, address: &str) {
        self.reference.docker(&["swarm", "init", "--advertise-addr", address]);
        eventually("a node that is ready, and its ingress network", Duration::from_mins(1), || {
            let nodes = self.reference.docker(&["node", "ls", "--format", "{{.Status}} {{.Availability}}"]);
            let networks = ["network", "ls", "--filter=driver=overlay", "--format={{.Name}}"];
            let networks = self.reference.docker(&networks);
            (nodes == "Ready Active" && networks.lines().any(|name| name == "ingress")).then_some(())
        });
    }

    /// `docker swarm leave`, until nothing of it is left.
    pub fn leave(&self) {
        let _ = self.reference.try_docker(&["swarm", "leave", "--force"]);
        // Its containers go with it, a moment later; and later still its networks: while the old
        // stack's is there, a new stack takes it for its own, and its services have none.
        let gone = |began: Instant| {
            let containers = ["ps", "-aq", "--filter=label=com.docker.swarm.task.id"];
            let networks = ["network", "ls", "-q", "--filter=label=com.docker.stack.namespace"];
            while began.elapsed() < Duration::from_secs(15) {
                let left = [&containers[..], &networks].map(|list| self.reference.docker(list));
                if left.iter().all(String::is_empty) {
                    return true;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            false
        };
        if !gone(Instant::now()) {
            // An engine that was left in the middle of something may keep a network until it ends.
            eprintln!("   the engine keeps something of the swarm that was left: started anew");
            self.reference.control("kill");
            self.reference.control("start");
        }
    }

    /// The image `tag` does `script` from now on.
    pub fn image(&self, tag: &str, script: &str) {
        let command = serde_json::json!(["sh", "-c", script]);
        let is = self.reference.try_docker(&["image", "inspect", "--format={{json .Config.Cmd}}", tag]);
        if serde_json::from_slice::<serde_json::Value>(&is.stdout).is_ok_and(|is| is == command) {
            return;
        }
        self.reference.remove(&["qdswarm-image"]);
        self.reference.docker(&["create", "--name", "qdswarm-image", "qdtest/base:1", "true"]);
        self.reference.docker(&["commit", "--change", &format!("CMD {command}"), "qdswarm-image", tag]);
        self.reference.remove(&["qdswarm-image"]);
    }

    /// `docker stack deploy` of this file as the stack `shop`.
    pub fn deploy(&self, stack: &str) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(stack.as_bytes()).unwrap();
        let path = file.path().to_str().unwrap();
        let deploy = ["stack", "deploy", "--resolve-image", "never", "-c", path, "shop"];
        // The network that is made for the stack is now and then not known yet to the call right
        // after, which makes its first service; the engine's own client does not ask again.
        eventually("the stack to be deployed", Duration::from_secs(30), || {
            let out = self.reference.try_docker(&deploy);
            let said = String::from_utf8_lossy(&out.stderr);
            let soon = said.contains("network shop_default not found");
            assert!(out.status.success() || soon, "docker {deploy:?}: {said}");
            if soon {
                eprintln!("   again: {said}");
                std::thread::sleep(Duration::from_millis(200));
            }
            out.status.success().then_some(())
        });
    }

    pub fn open(&self) -> Arc<dyn Engine> {
        let settings = EngineSettings { host: Some(self.reference.host.clone()), context: None };
        quarterdeck::engine::open(&settings, Protection::default()).expect("the address is understood")
    }

    pub fn watch(&self) -> Live {
        Live::watch(|| self.open())
    }

    /// The stack, watched until `web` has both of its replicas.
    pub fn with_stack(&self) -> Live {
        let live = self.watch();
        self.deploy(STACK);
        for (name, replicas) in [("web", 2), ("agent", 1)] {
            settled(&live, name, replicas);
            // Docker knows a moment before the swarm does.
            let runs = || (managed(&live, name).running == replicas).then_some(());
            eventually("the swarm to know", Duration::from_secs(30), runs);
        }
        live
    }

    fn end(&self) {
        self.leave();
        self.reference.clear();
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        let began = Instant::now();
        self.end();
        eprintln!("   no swarm any more: after {} ms", began.elapsed().as_millis());
    }
}

/// A service of the stack.
pub fn id(name: &str) -> ServiceId {
    ServiceId { engine: EngineId::new("swarm"), project: Some("shop".into()), name: name.into() }
}

pub fn image(reference: &str) -> Image {
    Image { reference: reference.into(), id: "".into() }
}

pub fn summary(fleet: &Fleet, name: &str) -> Option<Summary> {
    fleet.summary(&id(name), jiff::Timestamp::now())
}

/// Wait until a service has so many replicas, all of them well, and nothing else.
pub fn settled(live: &Live, name: &str, replicas: u32) -> Vec<Replica> {
    live.until(&format!("{name} {replicas}/{replicas}"), |fleet| {
        let it = summary(fleet, name)?;
        let so = it.up == replicas && it.total == replicas && it.health.health.is_well();
        so.then(|| fleet.replicas_of(&id(name)).cloned().collect())
    })
    .0
}

pub fn managed(live: &Live, name: &str) -> Managed {
    let query = Query { services: vec![id(name)], ..Query::default() };
    let survey = live.runtime.block_on(live.engine.survey(&query)).expect("the swarm answers");
    survey.managed(&id(name)).expect("it is there").clone()
}

pub fn perform(live: &Live, name: &str, step: Step) -> Result<Done, EngineError> {
    let order = Order { service: id(name), step, consent: Consent::Yes };
    live.runtime.block_on(live.engine.perform(order))
}

pub fn steer(live: &Live, name: &str, from: Course, to: Course) -> Result<Done, EngineError> {
    perform(live, name, Step::Steer { service: id(name), from, to })
}

pub fn replicas(n: u32) -> Course {
    Course { replicas: Some(n), ..Course::default() }
}

pub fn made_from(reference: &str) -> Course {
    Course { image: Some(image(reference)), ..Course::default() }
}
