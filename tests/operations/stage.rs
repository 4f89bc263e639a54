//! What these tests share: the app in its versions, qd as a process, what an inspect says without
//! what may differ.

use std::process::{Command, Stdio};
use std::sync::Once;
use std::time::Duration;

use serde_json::Value;

use crate::support::docker::{Reference, engine};

/// A version of the app: what it is called, and how it behaves.
const VERSIONS: [(&str, &str); 6] =
    [("v1", "good"), ("v2", "good"), ("v3", "sick"), ("v4", "exits"), ("v6", "dies"), ("v7", "good")];

/// Serves `/version` and `/health` on 8080, remembers in `/data` who was first, and ends politely.
const APP: &str = r"mkdir -p /var/www /data
echo $VERSION >/var/www/version
[ -e /data/born ] || echo $VERSION >/data/born
[ $MODE = sick ] || echo ok >/var/www/health
[ $MODE = exits ] && { echo cannot start >&2; exit 3; }
[ $MODE = dies ] && (sleep 5; kill -TERM 1) &
httpd -f -p 8080 -h /var/www & web=$!
trap 'kill $web; wait; exit 0' TERM
wait $web";

/// An engine with nothing on it but the app's images, and qd with a home of its own.
pub struct Stage {
    pub reference: Reference,
    home: tempfile::TempDir,
}

/// How a command ended.
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Panics with everything unless it ended so.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit {}, not {code}\n{}\n{}", self.code, self.out, self.err);
        self
    }

    /// Everything it said.
    pub fn said(&self) -> String {
        format!("{}\n{}", self.out, self.err)
    }
}

/// A stage; `None` where there is no engine.
pub fn stage() -> Option<Stage> {
    static IMAGES: Once = Once::new();
    let reference = engine()?;
    reference.clear();
    let _ = reference.try_docker(&["volume", "prune", "-f"]);
    IMAGES.call_once(|| build(&reference));
    reference.docker(&["tag", "qdtest/app:v1", "qdtest/app:latest"]);
    Some(Stage::on(reference))
}

fn build(reference: &Reference) {
    for (version, mode) in VERSIONS {
        let script = serde_json::to_string(APP).unwrap();
        let file = format!(
            "FROM qdtest/base:1\nENV VERSION={version} MODE={mode}\nEXPOSE 8080\nVOLUME /data\n\
             LABEL version={version}\n\
             HEALTHCHECK --interval=300ms --timeout=2s --retries=3 CMD wget -q -O- http://127.0.0.1:8080/health\n\
             CMD [\"sh\", \"-c\", {script}]\n"
        );
        let mut child = Command::new("docker")
            .args(["build", "-q", "-t", &format!("qdtest/app:{version}"), "-"])
            .env("DOCKER_HOST", &reference.host)
            .env("DOCKER_BUILDKIT", "0")
            .env_remove("DOCKER_CONTEXT")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), file.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "the app's image {version} could not be built");
    }
}

impl Stage {
    /// An engine as it is, and qd with a home of its own.
    pub fn on(reference: Reference) -> Self {
        Self { reference, home: tempfile::tempdir().unwrap() }
    }

    /// qd, as a process, to be spawned.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        command
            .args(["--host", &self.reference.host])
            .args(args)
            .env("QD_STATE_DIR", self.home.path().join("state"))
            .env("QD_CONFIG_DIR", self.home.path().join("config"))
            .env_remove("DOCKER_HOST")
            .env_remove("DOCKER_CONTEXT")
            .stdin(Stdio::null());
        command
    }

    /// Where qd keeps its journal.
    pub fn state(&self) -> std::path::PathBuf {
        self.home.path().join("state")
    }

    /// What a container's image is called.
    pub fn inspect_image(&self, name: &str) -> String {
        self.reference.inspect(name, "{{.Config.Image}}")
    }

    /// Run qd to its end.
    pub fn qd(&self, args: &[&str]) -> Ended {
        let out = self.command(args).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ended { code: out.status.code().unwrap_or(-1), out: text(&out.stdout), err: text(&out.stderr) }
    }

    /// A lone container of the app, healthy.
    pub fn lone(&self, name: &str, image: &str, options: &[&str]) {
        let mut args = vec!["run", "-d", "--name", name, "--label", "quarterdeck.gate.settle=300ms"];
        args.extend(options);
        args.push(image);
        self.reference.docker(&args);
        self.healthy(name);
    }

    /// The fixture, up, as compose 1.29 makes it.
    pub fn compose(&self, args: &[&str]) -> String {
        self.reference.compose("app", "app", args)
    }

    /// Wait until a container is healthy.
    pub fn healthy(&self, name: &str) {
        for _ in 0..200 {
            if self.reference.inspect(name, "{{.State.Health.Status}}") == "healthy" {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{name} never became healthy: {}", self.reference.docker(&["logs", name]));
    }

    /// What a container answers on a path.
    pub fn answers(&self, name: &str, path: &str) -> String {
        let url = format!("http://127.0.0.1:8080/{path}");
        self.reference.docker(&["exec", name, "wget", "-q", "-O-", &url])
    }

    /// All containers by name, with id and state, sorted: to see that nothing is left behind.
    pub fn containers(&self) -> Vec<String> {
        let all =
            self.reference.docker(&["ps", "-a", "--no-trunc", "--format", "{{.Names}} {{.ID}} {{.State}}"]);
        let mut all: Vec<String> = all.lines().map(str::to_owned).collect();
        all.sort();
        all
    }

    /// Names of all containers, sorted.
    pub fn names(&self) -> Vec<String> {
        self.containers().iter().filter_map(|c| c.split(' ').next().map(str::to_owned)).collect()
    }

    /// Names of all volumes, sorted.
    pub fn volumes(&self) -> Vec<String> {
        let mut all: Vec<String> =
            self.reference.docker(&["volume", "ls", "-q"]).lines().map(str::to_owned).collect();
        all.sort();
        all
    }

    /// What `docker inspect` says, without what may differ between a container and its equal.
    pub fn settings(&self, name: &str) -> Value {
        let all: Vec<Value> = serde_json::from_str(&self.reference.docker(&["inspect", name])).unwrap();
        let mut it = all.into_iter().next().unwrap();
        let id = it["Id"].as_str().unwrap().to_owned();
        for key in [
            "Id",
            "Created",
            "ResolvConfPath",
            "HostnamePath",
            "HostsPath",
            "LogPath",
            "GraphDriver",
            "State",
            "ExecIDs",
        ] {
            it.as_object_mut().unwrap().remove(key);
        }
        if it["Config"]["Hostname"].as_str().is_some_and(|h| id.starts_with(h)) {
            it["Config"]["Hostname"] = "its id".into();
        }
        let network = it["NetworkSettings"].as_object_mut().unwrap();
        for key in [
            "SandboxID",
            "SandboxKey",
            "EndpointID",
            "Gateway",
            "IPAddress",
            "MacAddress",
            "IPPrefixLen",
            "GlobalIPv6Address",
            "GlobalIPv6PrefixLen",
            "IPv6Gateway",
        ] {
            network.remove(key);
        }
        for (_, network) in network["Networks"].as_object_mut().unwrap() {
            let network = network.as_object_mut().unwrap();
            for key in ["EndpointID", "IPAddress", "MacAddress", "Gateway", "IPPrefixLen"] {
                network.remove(key);
            }
            if let Some(aliases) = network.get_mut("Aliases").and_then(Value::as_array_mut) {
                aliases.retain(|a| !a.as_str().is_some_and(|a| id.starts_with(a)));
                aliases.sort_by_key(ToString::to_string);
            }
        }
        if let Some(list) = it["Mounts"].as_array_mut() {
            list.sort_by_key(|m| m["Destination"].to_string());
            for mount in list {
                // `z` where it was named, nothing where it was not: the same volume on the same path.
                mount.as_object_mut().unwrap().remove("Mode");
            }
        }
        // What was anonymous is carried over by its name.
        let anonymous = |bind: &Value| {
            let name = bind.as_str().and_then(|b| b.split(':').next()).unwrap_or_default();
            name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit())
        };
        let binds = &mut it["HostConfig"]["Binds"];
        let named: Vec<Value> =
            binds.as_array().into_iter().flatten().filter(|b| !anonymous(b)).cloned().collect();
        *binds = named.into();
        it
    }
}

/// Where two values differ: `path: one, other`.
pub fn differences(one: &Value, other: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk("", one, other, &mut found);
    found
}

fn walk(path: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))) {
                let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                walk(&format!("{path}/{key}"), a, b, found);
            }
        }
        _ if one == other => {}
        _ => found.push(format!("{path}: {one} | {other}")),
    }
}
