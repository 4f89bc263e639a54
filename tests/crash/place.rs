//! What operations are tried on: a service of two replicas as compose makes it, and a lone container
//! with a fixed port; and what is looked at after.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

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
            .env_remove("DOCKER_CONTEXT")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let file = format!("FROM qdtest/base:1\nLABEL version={tag}\nVOLUME /scratch\nCMD {command}\n");
        build.stdin.take().unwrap().write_all(file.as_bytes()).unwrap();
        assert!(build.wait().unwrap().success(), "docker build of {tag}");
    }
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
    /// A service with so many replicas, as compose makes them, on version 1.
    pub fn service(reference: &Reference, name: &'static str, replicas: u32) -> Self {
        let it = Self { reference: reference.clone(), name, compose: true, home: TempDir::new().unwrap() };
        it.clear();
        for number in 1..=replicas {
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
        args.extend(["-l", "quarterdeck.gate.stay=200ms", "-l", "quarterdeck.gate.settle=100ms"]);
        args.extend(options);
        args.push("qdcrash/app:1");
        self.reference.docker(&args);
    }

    /// Its service, as qd is told.
    pub fn service_name(&self) -> String {
        if self.compose { format!("{}/web", self.name) } else { self.name.to_owned() }
    }

    fn clear(&self) {
        let names: Vec<String> = self.picture().into_keys().collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if !names.is_empty() {
            self.reference.remove(&names);
        }
    }

    /// Every container of it, also one with a name it should not have.
    pub fn picture(&self) -> Picture {
        let filter = format!("name={}", self.name);
        let ids = self.reference.docker(&["ps", "-aq", "--no-trunc", "--filter", &filter]);
        if ids.is_empty() {
            return Picture::new();
        }
        let format = "{{.Name}} {{.Id}} {{.State.Status}} {{.Config.Image}} {{.HostConfig.RestartPolicy.Name}} \
                      {{range .Mounts}}{{if eq .Destination \"/scratch\"}}{{.Name}}{{end}}{{end}}";
        let mut args = vec!["inspect", "--format", format];
        args.extend(ids.split_whitespace());
        let lines = self.reference.docker(&args);
        let read = |line: &str| {
            let mut words = line.split(' ').map(str::to_owned);
            let mut next = || words.next().unwrap();
            let name = next().trim_start_matches('/').to_owned();
            let (id, state, image, policy, scratch) = (next(), next(), next(), next(), next());
            (name, Found { id, state, image, policy, scratch })
        };
        lines.lines().map(read).collect()
    }

    /// Whether what starts from now on ends at once.
    pub fn spoil(&self, spoilt: bool) {
        let first = format!("{}_web_1", self.name);
        self.reference.docker(&["exec", &first, if spoilt { "touch" } else { "rm" }, "/data/bad"]);
    }

    /// Volumes made for one replica alone that no replica has.
    pub fn stray_volumes(&self) -> usize {
        let all = self.reference.docker(&["volume", "ls", "-q", "--filter", "dangling=true"]);
        all.lines().filter(|name| name.len() == 64).count()
    }

    /// qd on this engine, with the place's own journal; killed for good after three minutes.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.args(["-s", "KILL", "180", env!("CARGO_BIN_EXE_qd")]);
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

    /// Run qd to its end; with `crash`, it is killed at that point.
    pub fn qd(&self, args: &[&str], crash: Option<&str>) -> Output {
        let mut command = self.command(args);
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
