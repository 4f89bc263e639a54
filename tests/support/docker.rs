//! The private engine, driven through the docker CLI: the reference qd is checked against.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The private engine `tests/run` started; `None` (said loudly) where there is none.
pub fn engine() -> Option<Reference> {
    match std::env::var("QD_TEST_ENGINE") {
        Ok(host) if !host.is_empty() => Some(Reference { host }),
        _ => {
            eprintln!("SKIPPED: no private engine (QD_TEST_ENGINE is not set); tests/run starts one");
            None
        }
    }
}

/// The docker CLI on the private engine.
#[derive(Clone)]
pub struct Reference {
    /// `unix://…/docker.sock`.
    pub host: String,
}

impl Reference {
    /// Run `docker ARGS`; panics with its words when it fails.
    pub fn docker(&self, args: &[&str]) -> String {
        let out = self.try_docker(args);
        assert!(out.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    }

    /// Run `docker ARGS`, whatever becomes of it.
    pub fn try_docker(&self, args: &[&str]) -> Output {
        Command::new("docker")
            .args(args)
            .env("DOCKER_HOST", &self.host)
            .env_remove("DOCKER_CONTEXT")
            .output()
            .expect("the docker CLI is installed")
    }

    /// Run docker-compose v1 in a fixture's directory.
    pub fn compose(&self, fixture: &str, project: &str, args: &[&str]) -> String {
        let out = Command::new("docker-compose")
            .current_dir(fixture_dir(fixture))
            .args(["-p", project, "--no-ansi"])
            .args(args)
            // Platforms E and B both want 3001; on one engine one of them has to yield.
            .env("MOCK_PORT", "13001")
            .env("DOCKER_HOST", &self.host)
            .env_remove("DOCKER_CONTEXT")
            .output()
            .expect("docker-compose is installed");
        assert!(out.status.success(), "docker-compose {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// `docker run -d` of the base image with a script; gives the container's id.
    pub fn run(&self, name: &str, options: &[&str], script: &str) -> String {
        let mut args = vec!["run", "-d", "--name", name];
        args.extend(options);
        args.extend(["qdtest/base:1", "sh", "-c", script]);
        self.docker(&args)
    }

    /// Remove containers by name, whatever their state; those that are not there are no error.
    pub fn remove(&self, names: &[&str]) {
        let mut args = vec!["rm", "-fv"];
        args.extend(names);
        let _ = self.try_docker(&args);
    }

    /// Remove every container.
    pub fn clear(&self) {
        let ids = self.docker(&["ps", "-aq"]);
        let ids: Vec<&str> = ids.split_whitespace().collect();
        if !ids.is_empty() {
            self.remove(&ids);
        }
        let _ = self.try_docker(&["network", "prune", "-f"]);
    }

    /// `docker inspect` of one container with a Go template.
    pub fn inspect(&self, name: &str, template: &str) -> String {
        self.docker(&["inspect", "--format", template, name])
    }

    /// The directory the private engine lives in.
    pub fn dir(&self) -> PathBuf {
        Path::new(self.host.trim_start_matches("unix://")).parent().unwrap().to_owned()
    }

    /// `tests/support/engine VERB` on this engine: `kill`, `start`.
    pub fn control(&self, verb: &str) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/engine");
        let status =
            Command::new(script).arg(verb).arg(self.dir()).status().expect("tests/support/engine runs");
        assert!(status.success(), "tests/support/engine {verb} failed");
    }
}

/// Where a fixture lies.
pub fn fixture_dir(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}
