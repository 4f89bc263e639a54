//! Which engine is meant: flag, environment, context, the usual sockets — as the docker CLI.
//!
//! Must not: open anything. What it reads comes in through [`World`], so every case is testable.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::context;
use super::endpoint::{Endpoint, TlsFiles};
use crate::config::EngineSettings;
use crate::engine::EngineError;

/// What resolution reads of the world.
pub(super) trait World {
    /// An environment variable; empty counts as unset, as for the docker CLI.
    fn var(&self, name: &str) -> Option<OsString>;
    /// A file's text; `None` = there is none.
    fn read(&self, path: &Path) -> std::io::Result<Option<String>>;
    /// The names in a directory; empty when there is none.
    fn names(&self, dir: &Path) -> Vec<OsString>;

    /// A variable as text.
    fn text(&self, name: &str) -> Option<String> {
        self.var(name).map(|v| v.to_string_lossy().into_owned())
    }
    /// `~/.docker`, or what `DOCKER_CONFIG` says.
    fn config_dir(&self) -> Option<PathBuf> {
        match self.var("DOCKER_CONFIG") {
            Some(dir) => Some(dir.into()),
            None => Some(PathBuf::from(self.var("HOME")?).join(".docker")),
        }
    }
}

/// The process's own environment and files.
pub(super) struct Process;

impl World for Process {
    fn var(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name).filter(|v| !v.is_empty())
    }

    fn read(&self, path: &Path) -> std::io::Result<Option<String>> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn names(&self, dir: &Path) -> Vec<OsString> {
        let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
        entries.filter_map(Result::ok).map(|e| e.file_name()).collect()
    }
}

/// Which endpoint is meant. In this order: the settings' host, the settings' context,
/// `DOCKER_HOST`, `DOCKER_CONTEXT`, the config file's `currentContext`, the usual sockets.
///
/// # Errors
/// [`EngineError::Settings`], naming the variable or file that is wrong.
pub(super) fn resolve(settings: &EngineSettings, world: &dyn World) -> Result<Endpoint, EngineError> {
    if let Some(host) = filled(settings.host.as_ref()) {
        return Endpoint::parse(host, tls_variables(world), "the engine's host (--host or [engine] host)");
    }
    if let Some(name) = filled(settings.context.as_ref()) {
        return by_context(name, "--context or [engine] context", world);
    }
    if world.var("DOCKER_HOST").is_some() {
        return by_variables(world);
    }
    if let Some(name) = world.text("DOCKER_CONTEXT") {
        return by_context(&name, "DOCKER_CONTEXT", world);
    }
    match context::current(world)? {
        Some(name) => by_context(&name, "currentContext in the docker config file", world),
        None => by_variables(world),
    }
}

fn filled(setting: Option<&String>) -> Option<&str> {
    setting.map(String::as_str).filter(|s| !s.trim().is_empty())
}

fn by_context(name: &str, named: &str, world: &dyn World) -> Result<Endpoint, EngineError> {
    // The context "default" is the docker CLI's word for "what the environment says".
    if name == "default" { by_variables(world) } else { context::endpoint(name, named, world) }
}

fn by_variables(world: &dyn World) -> Result<Endpoint, EngineError> {
    match world.text("DOCKER_HOST") {
        Some(host) => Endpoint::parse(&host, tls_variables(world), "DOCKER_HOST"),
        None => Ok(Endpoint::Usual(usual_sockets(world))),
    }
}

/// TLS as `DOCKER_TLS_VERIFY`, `DOCKER_TLS` and `DOCKER_CERT_PATH` ask for it.
fn tls_variables(world: &dyn World) -> Option<TlsFiles> {
    let verify = world.var("DOCKER_TLS_VERIFY").is_some();
    if !verify && world.var("DOCKER_TLS").is_none() {
        return None;
    }
    let named = world.var("DOCKER_CERT_PATH").map(PathBuf::from);
    let dir = named.clone().or_else(|| world.config_dir())?;
    // Files of a directory that was named must be there; those of the default one may be absent.
    let file = |name: &str| {
        let path = dir.join(name);
        (named.is_some() || matches!(world.read(&path), Ok(Some(_)) | Err(_))).then_some(path)
    };
    Some(TlsFiles {
        // An authority nobody checks against needs not exist.
        ca: verify.then(|| file("ca.pem")).flatten(),
        cert: file("cert.pem"),
        key: file("key.pem"),
        verify,
    })
}

/// Docker's default socket, the rootless and Desktop ones, then Podman's.
fn usual_sockets(world: &dyn World) -> Vec<PathBuf> {
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
    let runtime = world.var("XDG_RUNTIME_DIR").map(PathBuf::from);
    let home = world.var("HOME").map(|h| PathBuf::from(h).join(".docker"));
    sockets.extend(runtime.iter().map(|dir| dir.join("docker.sock")));
    sockets
        .extend(home.iter().flat_map(|dir| [dir.join("run/docker.sock"), dir.join("desktop/docker.sock")]));
    sockets.push(PathBuf::from("/run/podman/podman.sock"));
    sockets.extend(runtime.iter().map(|dir| dir.join("podman/podman.sock")));
    sockets
}

#[cfg(test)]
#[path = "connect_tests.rs"]
mod tests;
