//! A second node: what runs there, as the manager and as that worker see it.
//!
//! The worker is an engine in a network namespace of its own, a cable away.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use quarterdeck::engine::{EngineError, LogQuery, TermSize};
use quarterdeck::fleet::{EventKind, Health, HealthCheck, Observation, State};

use crate::node::{Swarm, managed, replicas, settled, steer, summary};
use crate::support::docker::{Reference, engine};
use crate::support::eventually;
use crate::support::live::{Live, replicas as all_replicas};
use crate::tasks::lines;

/// The worker's engine; ended when dropped.
struct Worker {
    dir: tempfile::TempDir,
    /// Holds the namespaces.
    holder: Child,
}

impl Worker {
    /// An engine at the other end of a cable.
    fn start() -> Self {
        let dir = tempfile::Builder::new().prefix("qdworker").tempdir_in("/tmp").unwrap();
        let holder = Command::new("unshare")
            .args(["--net", "--mount", "--uts", "--propagation", "private", "sleep", "infinity"])
            .stdin(Stdio::null())
            .spawn()
            .expect("unshare runs");
        let worker = Self { dir, holder };
        let pid = worker.holder.id().to_string();
        let namespace = format!("/proc/{pid}/ns/net");
        let own = std::fs::read_link("/proc/self/ns/net").unwrap();
        eventually("a network namespace", Duration::from_secs(10), || {
            std::fs::read_link(&namespace).ok().filter(|link| *link != own)
        });
        let _ = Command::new("ip").args(["link", "del", "qdcable0"]).stderr(Stdio::null()).status();
        run("ip", &["link", "add", "qdcable0", "type", "veth", "peer", "name", "qdcable1", "netns", &pid]);
        run("ip", &["addr", "add", "10.213.0.1/24", "dev", "qdcable0"]);
        run("ip", &["link", "set", "qdcable0", "up"]);
        worker.inside(&["ip", "addr", "add", "10.213.0.2/24", "dev", "qdcable1"]);
        worker.inside(&["ip", "link", "set", "qdcable1", "up"]);
        worker.inside(&["hostname", "qd-worker"]);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/engine");
        worker.inside(&[script, "start", worker.dir.path().to_str().unwrap()]);
        worker.inside(&[script, "images", worker.dir.path().to_str().unwrap()]);
        worker
    }

    fn join(&self, swarm: &Swarm) {
        let token = swarm.reference.docker(&["swarm", "join-token", "-q", "worker"]);
        let join = ["swarm", "join", "--token", &token, "--advertise-addr", "10.213.0.2", "10.213.0.1:2377"];
        self.reference().docker(&join);
    }

    fn inside(&self, command: &[&str]) {
        let pid = self.holder.id().to_string();
        let mut all = vec!["-t", pid.as_str(), "-n", "-m", "-u"];
        all.extend(command);
        run("nsenter", &all);
    }

    fn reference(&self) -> Reference {
        Reference { host: format!("unix://{}/docker.sock", self.dir.path().display()) }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.reference().try_docker(&["swarm", "leave", "--force"]);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/engine");
        let pid = self.holder.id().to_string();
        let stop = ["-t", pid.as_str(), "-n", "-m", "-u", script, "stop", self.dir.path().to_str().unwrap()];
        let _ = Command::new("nsenter").args(stop).status();
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn run(program: &str, args: &[&str]) {
    let out = Command::new(program).args(args).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(out.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

const TICK: &str =
    "echo first; trap 'exit 4' TERM; n=0; while :; do n=$((n+1)); echo line $n; sleep 0.2; done";

#[test]
fn what_runs_on_another_node() {
    if engine().is_none() {
        return;
    }
    let worker = Worker::start();
    let Some(swarm) = Swarm::begin_at("10.213.0.1") else { return };
    worker.join(&swarm);
    let live = swarm.watch();
    let labels =
        ["--label=com.docker.stack.namespace=shop", "--container-label=com.docker.stack.namespace=shop"];
    let there = ["--constraint=node.hostname==qd-worker", "--stop-grace-period=1s", "--restart-delay=500ms"];
    let mut create = vec!["service", "create", "--detach", "--no-resolve-image", "--name=shop_far"];
    create.extend(labels.into_iter().chain(there));
    create.extend(["--health-cmd=true", "--health-interval=1s", "--env=DB_PASSWORD=hunter2"]);
    create.extend(["--mount=type=volume,source=far-data,target=/data", "qdtest/base:1", "sh", "-c", TICK]);
    swarm.reference.docker(&create);
    let task = settled(&live, "far", 1).into_iter().next().unwrap();
    let placed = task.placed.clone().unwrap();
    assert_eq!((&*placed.node, placed.here), ("qd-worker", false));
    assert_eq!(
        (task.check, task.pid),
        (HealthCheck::Healthy, None),
        "running there means it passed its check"
    );

    // Its log comes through the swarm.
    let all = lines(&live, &task.id, &LogQuery::default(), 3);
    assert!(all[0].ends_with("Z first"), "{all:?}");
    let follow = LogQuery { follow: true, tail: Some(1), ..LogQuery::default() };
    assert!(lines(&live, &task.id, &follow, 4).len() >= 4);
    // Its settings are the swarm's; a shell is not to be had from here.
    let details = live.runtime.block_on(live.engine.inspect(&task.id)).unwrap();
    assert_eq!(details.command.first().map(String::as_str), Some("sh"));
    assert_eq!(details.mounts.first().map(|m| m.source.as_str()), Some("far-data"));
    assert!(!format!("{details:?}").contains("hunter2"), "secrets are masked");
    let size = TermSize { cols: 80, rows: 24 };
    let shell = live.runtime.block_on(live.engine.shell(&task.id, &[], size));
    let Err(refused @ EngineError::Unsupported { .. }) = shell else { panic!("a shell from afar") };
    assert!(
        refused.to_string().contains("qd-worker") && refused.remedy().contains("docker exec"),
        "{refused:?}"
    );

    // The worker groups its containers as the swarm does, and sends one to a manager.
    let at_worker = Live::watch(|| {
        let settings =
            quarterdeck::config::EngineSettings { host: Some(worker.reference().host), context: None };
        quarterdeck::engine::open(&settings, quarterdeck::config::Protection::default()).unwrap()
    });
    let (container, _) = at_worker.until("shop/far there", |f| {
        all_replicas(f).into_iter().find(|r| r.service.path() == "shop/far" && r.state == State::Running)
    });
    assert_eq!((container.id.engine.as_str(), container.number), ("docker", Some(1)));
    let query = quarterdeck::engine::Query { replicas: vec![container.id.clone()], ..Default::default() };
    let survey = at_worker.runtime.block_on(at_worker.engine.survey(&query)).unwrap();
    let unlike = survey.replica(&container.id).unwrap().unlike.clone();
    assert!(unlike.is_some_and(|(why, _)| why.contains("Swarm")));

    // It dies there: nobody's events come here, and yet it is told.
    worker.reference().docker(&["kill", "--signal=TERM", &container.id.id]);
    live.until("another one", |f| {
        all_replicas(f).into_iter().find(|r| r.service.path() == "shop/far" && r.id != task.id && r.is_up())
    });
    live.look(|s| {
        let died = s.log.iter().any(|o| {
            matches!(o, Observation::Happened(event)
                if event.replica == task.id && matches!(event.kind, EventKind::Died(exit) if exit.code == 4))
        });
        assert!(died, "its end was not told");
    });

    // And what is told to the swarm is done there.
    assert!(steer(&live, "far", replicas(1), replicas(3)).is_ok());
    settled(&live, "far", 3);
    assert_eq!(managed(&live, "far").wanted, 3);
    // The node goes away with all of it.
    drop(worker);
    live.until("nowhere to run", |f| {
        let health = summary(f, "far")?.health;
        (health.health == Health::Down && health.why.contains("no suitable node")).then_some(())
    });
}
