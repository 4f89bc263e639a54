//! Docker contexts: `config.json` and `contexts/meta/*/meta.json` of the docker CLI.
//!
//! A context's directory is named by a hash of its name; we look the name up in the files instead,
//! so no hash is needed.

use std::path::Path;

use serde::Deserialize;

use super::connect::World;
use super::endpoint::{Endpoint, TlsFiles};
use crate::engine::EngineError;
use crate::text::sanitize::label;

#[derive(Deserialize, Default)]
#[serde(default)]
struct ConfigFile {
    #[serde(rename = "currentContext")]
    current: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    name: String,
    #[serde(default)]
    endpoints: Endpoints,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Endpoints {
    docker: Option<DockerEndpoint>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct DockerEndpoint {
    host: String,
    #[serde(rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// The config file's `currentContext`; `None` when there is no file or it names none.
///
/// # Errors
/// [`EngineError::Settings`] when the file can't be read or is no JSON: a context that silently
/// does not apply would lead to the wrong host.
pub(super) fn current(world: &dyn World) -> Result<Option<String>, EngineError> {
    let Some(path) = world.config_dir().map(|d| d.join("config.json")) else { return Ok(None) };
    let remedy = "Mend the file, or name the engine with --host or DOCKER_HOST.";
    let Some(text) = world.read(&path).map_err(|e| broken(&path, &e.to_string(), remedy))? else {
        return Ok(None);
    };
    let file: ConfigFile = serde_json::from_str(&text).map_err(|e| broken(&path, &e.to_string(), remedy))?;
    Ok(file.current.filter(|name| !name.is_empty()))
}

/// The endpoint of the context `name`, which `named` asked for.
///
/// # Errors
/// [`EngineError::Settings`]: no such context (and which there are), or a broken file.
pub(super) fn endpoint(name: &str, named: &str, world: &dyn World) -> Result<Endpoint, EngineError> {
    let shown = label(name, 80);
    let Some(contexts) = world.config_dir().map(|d| d.join("contexts")) else {
        return Err(EngineError::Settings {
            why: format!("{named} is {shown:?}, but there is no home directory to look contexts up in"),
            remedy: "Set DOCKER_CONFIG, or name the engine with --host.".into(),
        });
    };
    let mut known = Vec::new();
    for dir in world.names(&contexts.join("meta")) {
        let path = contexts.join("meta").join(&dir).join("meta.json");
        let Ok(Some(text)) = world.read(&path) else { continue };
        let Ok(meta) = serde_json::from_str::<Meta>(&text) else { continue };
        if meta.name != name {
            known.push(label(&meta.name, 80).to_string());
            continue;
        }
        let Some(docker) = meta.endpoints.docker.filter(|d| !d.host.is_empty()) else {
            return Err(broken(
                &path,
                &format!("context {shown:?} names no docker endpoint"),
                "Mend it with docker context update, or use another.",
            ));
        };
        let tls = tls_files(&contexts.join("tls").join(&dir).join("docker"), docker.skip_tls_verify, world);
        return Endpoint::parse(&docker.host, tls, &format!("the host of context {shown:?}"));
    }
    known.sort();
    known.insert(0, "default".into());
    Err(EngineError::Settings {
        why: format!("{named} is {shown:?}, and there is no such context"),
        remedy: format!("Use one of: {} (docker context ls).", known.join(", ")),
    })
}

/// The certificates a context keeps, if any.
fn tls_files(dir: &Path, skip_verify: bool, world: &dyn World) -> Option<TlsFiles> {
    let names = world.names(dir);
    let file = |name: &str| names.iter().any(|n| n == name).then(|| dir.join(name));
    let files =
        TlsFiles { ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem"), verify: !skip_verify };
    let any = files.ca.is_some() || files.cert.is_some() || files.key.is_some();
    (any || skip_verify).then_some(files)
}

fn broken(path: &Path, why: &str, remedy: &str) -> EngineError {
    EngineError::Settings {
        why: format!("{}: {}", label(&path.to_string_lossy(), 200), label(why, 300)),
        remedy: remedy.into(),
    }
}
