//! What operations are tried on: a service of two replicas as compose makes it, and a lone container
//! with a fixed port; and what is looked at after.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::api;
use crate::support::docker::Reference;

/// What the images of these places do: they run, and end when asked to. Of the last one: it ends at
/// once; so does a new replica of the others while its service is [`Place::spoil`]ed.
const VERSIONS: [(&str, &str); 3] = [
    (
        "qdcrash/app:1",
        r#"["sh", "-c", "[ -e /data/bad ] && exit 3; trap 'exit 0' TERM; sleep 100000 & wait"]"#,
    ),
    ("qdcrash/app:2", r#"["sh", "-c", "trap 'exit 0' TERM; sleep 100000 & wait"]"#),
    ("qdcrash/app:bad", r#"["sh", "-c", "exit 3"]"#),
];

/// Make the images.
pub fn images(reference: &Reference) {
    for (tag, command) in VERSIONS {
        let mut build = Command::new("docker")
            .args(["build", "-q", "-t", tag, "-"])
            .env("DOCKER_HOST", &reference.host)
            .env("DOCKER_BUILDKIT", "0")
            .env_remove("DOCKER_CONTEXT")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let file = format!("FROM qdtest/base:1\nLABEL version={tag}\nVOLUME /scratch\nCMD {command}\n");
        build.stdin.take().unwrap().write_all(file.as_bytes()).unwrap();
        assert!(build.wait().unwrap().success(), "docker build of {tag}");
    }
}

/// Volumes made for one replica alone that no replica has.
pub fn stray_volumes(reference: &Reference) -> usize {
    let all = api::get(reference, &format!("/volumes?{}", api::filter("dangling", "true")));
    let all = all["Volumes"].as_array().into_iter().flatten();
    all.filter(|volume| volume["Name"].as_str().is_some_and(|name| name.len() == 64)).count()
}

/// A replica as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub id: String,
    pub state: String,
    pub image: String,
    pub policy: String,
    /// Its anonymous volume at `/scratch`.
    pub scratch: String,
}

impl Found {
    fn read(it: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let scratch = it["Mounts"].as_array().unwrap().iter().find(|m| m["Destination"] == "/scratch");
        Self {
            id: text(&it["Id"]),
            state: text(&it["State"]["Status"]),
            image: text(&it["Config"]["Image"]),
            policy: text(&it["HostConfig"]["RestartPolicy"]["Name"]),
            scratch: scratch.map(|mount| text(&mount["Name"])).unwrap_or_default(),
        }
    }
}

/// Replicas by name.
pub type Picture = BTreeMap<String, Found>;

/// A service, or a lone container, with a journal of its own.
pub struct Place {
    pub reference: Reference,
    /// The project, or the container's name.
    pub name: &'static str,
    pub compose: bool,
    home: TempDir,
}

impl Place {
    /// A service of two replicas that share a volume, as compose makes them, on version 1.
    pub fn service(reference: &Reference, name: &'static str) -> Self {
        let it = Self { reference: reference.clone(), name, compose: true, home: TempDir::new().unwrap() };
        it.clear();
        for number in 1..=2 {
            let (container, label) = (format!("{name}_web_{number}"), |key: &str, value: &str| {
                format!("com.docker.compose.{key}={value}")
            });
            let labels = [
                label("project", name),
                label("service", "web"),
                label("container-number", &number.to_string()),
                label("oneoff", "False"),
                label("config-hash", "c0ffee"),
                label("version", "1.29.2"),
            ];
            let data = format!("{name}-data:/data");
            let mut args = vec!["--name", &container, "-v", &data];
            for label in &labels {
                args.extend(["-l", label]);
            }
            it.run(&args);
        }
        it
    }

    /// A container by itself, with a fixed port, on version 1.
    pub fn lone(reference: &Reference, name: &'static str, port: u16) -> Self {
        let it = Self { reference: reference.clone(), name, compose: false, home: TempDir::new().unwrap() };
        it.clear();
        it.run(&["--name", name, "-p", &format!("{port}:80")]);
        it
    }

    fn run(&self, options: &[&str]) {
        let mut args = vec!["run", "-d", "--restart", "always", "--stop-timeout", "1"];
        args.extend(["-l", "quarterdeck.gate.stay=100ms", "-l", "quarterdeck.gate.settle=50ms"]);
        args.extend(options);
        args.push("qdcrash/app:1");
        self.reference.docker(&args);
    }

    /// Its service, as qd is told.
    pub fn service_name(&self) -> String {
        if self.compose { format!("{}/web", self.name) } else { self.name.to_owned() }
    }

    /// Remove all of it, with its volumes: those that a successor took over are its own by name.
    pub fn clear(&self) {
        let picture = self.picture();
        let names: Vec<&str> = picture.keys().map(String::as_str).collect();
        if names.is_empty() {
            return;
        }
        self.reference.remove(&names);
        let mut args = vec!["volume", "rm", "-f"];
        args.extend(picture.values().map(|found| found.scratch.as_str()));
        self.reference.docker(&args);
    }

    /// Every container of it, also one with a name it should not have.
    pub fn picture(&self) -> Picture {
        let path = format!("/containers/json?all=1&{}", api::filter("name", self.name));
        let all = api::get(&self.reference, &path);
        let ids = all.as_array().unwrap().iter().map(|it| it["Id"].as_str().unwrap());
        let looks = ids.map(|id| api::get(&self.reference, &format!("/containers/{id}/json")));
        let there = looks.filter(|it| !it.is_null());
        there
            .map(|it| (it["Name"].as_str().unwrap().trim_start_matches('/').to_owned(), Found::read(&it)))
            .collect()
    }

    /// Whether what starts from now on ends at once.
    pub fn spoil(&self, spoilt: bool) {
        let first = format!("{}_web_1", self.name);
        self.reference.docker(&["exec", &first, if spoilt { "touch" } else { "rm" }, "/data/bad"]);
    }

    /// How the journal says that the last operation ended, and that none is left in the middle.
    pub fn ended(&self) -> String {
        let out = self.qd(&["journal", "--everywhere", "-n", "4", "-o", "json"], None);
        let json: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", said(&out)));
        let mut last = String::new();
        for operation in json["moments"].as_array().unwrap().iter().map(|m| &m["operation"]) {
            if operation.is_null() {
                continue;
            }
            assert!(operation["ended"].is_string(), "left in the middle: {operation:#}");
            operation["state"].as_str().unwrap().clone_into(&mut last);
        }
        last
    }

    /// qd on this engine, with the place's own journal.
    pub fn command(&self, args: &[&str]) -> Command {
        self.through(Command::new(env!("CARGO_BIN_EXE_qd")), args)
    }

    fn through(&self, mut command: Command, args: &[&str]) -> Command {
        command.args(args);
        let dir = |name: &str| -> PathBuf { self.home.path().join(name) };
        command
            .env("DOCKER_HOST", &self.reference.host)
            .env_remove("DOCKER_CONTEXT")
            .env("HOME", self.home.path())
            .env("QD_STATE_DIR", dir("state"))
            .env("QD_CONFIG_DIR", dir("config"))
            .env_remove("QD_TEST_CRASH")
            .stdin(Stdio::null());
        command
    }

    /// Run qd to its end, killed for good after minutes; with `crash`, it is killed at that point.
    pub fn qd(&self, args: &[&str], crash: Option<&str>) -> Output {
        let mut timeout = Command::new("timeout");
        timeout.args(["-s", "KILL", "300", env!("CARGO_BIN_EXE_qd")]);
        let mut command = self.through(timeout, args);
        if let Some(point) = crash {
            command.env("QD_TEST_CRASH", point);
        }
        command.output().unwrap()
    }
}

/// What it said, for a failure.
pub fn said(out: &Output) -> String {
    format!(
        "{}\n{}{}",
        out.status,
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    )
}
