//! Everything about one replica, as an engine's inspect would tell it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::survey::gate;
use super::{Unit, World};
use crate::engine::demo::platform::{Check, Spec};
use crate::engine::demo::random::{hash, named};
use crate::engine::{Details, EngineError, HealthSpec, Mount, NetworkLink, Secrets};
use crate::fleet::{HealthCheck, ReplicaId, Role, State};
use crate::text::mask;

impl World {
    /// Everything about one replica, as known now; secrets masked.
    ///
    /// # Errors
    /// [`EngineError::Gone`] for a replica that is not there.
    pub fn inspect(&self, of: &ReplicaId) -> Result<Details, EngineError> {
        let unit = self.find(of)?;
        let spec = &self.specs[unit.spec];
        let replica = &unit.replica;
        let profile = spec.program.profile();
        let mut details = Details {
            replica: replica.clone(),
            command: command(spec),
            env: env(spec),
            labels: Self::labels(spec, unit),
            mounts: mounts(spec),
            networks: vec![self.network(spec, unit)],
            restart_policy: unit.policy.clone(),
            user: spec.user.to_owned(),
            workdir: profile.workdir.to_owned(),
            hostname: replica.id.short().to_owned(),
            log_driver: "json-file".to_owned(),
            log_path: Some(format!("/var/lib/docker/containers/{0}/{0}-json.log", replica.id.id)),
            health: spec.check.as_ref().map(health_spec),
            health_log: self.health_log(unit),
            failing_streak: Self::failing_streak(unit),
            error: unit.error.clone(),
            raw: Value::Null,
        };
        details.raw = raw(&details);
        Ok(details)
    }

    /// What [`World::inspect`] masks in the environment of one replica.
    ///
    /// # Errors
    /// [`EngineError::Gone`] for a replica that is not there.
    pub fn reveal(&self, of: &ReplicaId) -> Result<Secrets, EngineError> {
        let all = plain_env(&self.specs[self.find(of)?.spec]);
        Ok(Secrets::of(all.iter().map(|(name, value)| (name.as_str(), value.as_str()))))
    }

    fn labels(spec: &Spec, unit: &Unit) -> Vec<(String, String)> {
        let replica = &unit.replica;
        let version = replica.image.tag().to_owned();
        let mut labels = vec![
            ("org.opencontainers.image.version".to_owned(), version),
            ("org.opencontainers.image.title".to_owned(), spec.name.to_string()),
        ];
        if let (Some(project), Some(placed)) = (&spec.project, &replica.placed) {
            for (key, value) in [
                ("stack.namespace", project.to_string()),
                ("swarm.service.name", format!("{project}_{}", spec.name)),
                ("swarm.task.id", placed.task.to_string()),
                ("swarm.task.name", replica.name.to_string()),
            ] {
                labels.push((format!("com.docker.{key}"), value));
            }
        }
        if let (Some(project), Some(compose)) = (&spec.project, &replica.compose) {
            let number = replica.number.unwrap_or(1).to_string();
            let oneoff = if spec.role == Role::Job { "True" } else { "False" };
            let needs: Vec<String> =
                spec.needs.iter().map(|need| format!("{need}:service_healthy:false")).collect();
            for (key, value) in [
                ("project", project.to_string()),
                ("service", spec.name.to_string()),
                ("container-number", number),
                ("oneoff", oneoff.to_owned()),
                ("config-hash", compose.config_hash.as_deref().unwrap_or_default().to_owned()),
                ("depends_on", needs.join(",")),
                ("image", replica.image.id.to_string()),
                ("project.config_files", compose.config_files.as_deref().unwrap_or_default().to_owned()),
                ("project.working_dir", compose.working_dir.as_deref().unwrap_or_default().to_owned()),
                ("version", "2.40.0".to_owned()),
            ] {
                labels.push((format!("com.docker.compose.{key}"), value));
            }
        }
        let gate = gate(spec).into_iter();
        labels.extend(gate.map(|(key, value)| (format!("quarterdeck.gate.{key}"), value)));
        labels.sort();
        labels
    }

    pub(super) fn network(&self, spec: &Spec, unit: &Unit) -> NetworkLink {
        let net = 16 + named(self.seed, spec.project.as_deref().unwrap_or("bridge")) % 16;
        let host = 2 + hash(unit.seed, 77) % 250;
        let address = if unit.replica.is_up() { format!("172.{net}.0.{host}") } else { String::new() };
        match &spec.project {
            Some(project) => NetworkLink {
                name: format!("{project}_default"),
                address,
                aliases: vec![unit.replica.name.to_string(), spec.name.to_string()],
            },
            None => NetworkLink { name: "bridge".to_owned(), address, aliases: Vec::new() },
        }
    }
}

/// Program and arguments as started, secrets masked.
pub(super) fn command(spec: &Spec) -> Vec<String> {
    let words: Vec<String> =
        spec.program.profile().command.iter().chain(spec.args).map(|&word| word.to_owned()).collect();
    mask::args(&words)
}

/// The environment, secrets masked.
fn env(spec: &Spec) -> Vec<(String, String)> {
    let masked = |(name, value): (String, String)| {
        let value = mask::env(&name, &value);
        (name, value)
    };
    plain_env(spec).into_iter().map(masked).collect()
}

/// The environment as it is.
pub(super) fn plain_env(spec: &Spec) -> Vec<(String, String)> {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let port = spec.ports.first().map(|(container, _)| ("PORT".to_owned(), container.to_string()));
    let calls = spec.calls.iter().map(|(name, port)| {
        let key = name.strip_suffix("-service").unwrap_or(name).replace('-', "_").to_ascii_uppercase();
        (format!("{key}_SERVICE_URL"), format!("http://{name}:{port}"))
    });
    let own = spec.env.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
    std::iter::once(("PATH".to_owned(), path.to_owned())).chain(port).chain(own).chain(calls).collect()
}

pub(super) fn mounts(spec: &Spec) -> Vec<Mount> {
    spec.mounts
        .iter()
        .map(|&(kind, source, target, read_only)| Mount {
            anonymous: false,
            kind: kind.to_owned(),
            source: source.to_owned(),
            target: target.to_owned(),
            read_only,
        })
        .collect()
}

pub(super) fn health_spec(check: &Check) -> HealthSpec {
    let seconds = |s: u32| Duration::from_secs(s.into());
    HealthSpec {
        test: vec!["CMD-SHELL".to_owned(), check.test.clone()],
        interval: seconds(check.interval),
        timeout: seconds(check.timeout),
        retries: check.retries,
        start_period: seconds(check.start_period),
    }
}

/// The whole answer in the shape `docker inspect` gives it, from what is already masked.
fn raw(details: &Details) -> Value {
    let replica = &details.replica;
    let time = |at: Option<Timestamp>| at.map_or("0001-01-01T00:00:00Z".to_owned(), |at| at.to_string());
    let ports: serde_json::Map<String, Value> = replica
        .ports
        .iter()
        .map(|port| {
            let bound =
                port.host.map(|(ip, port)| json!([{"HostIp": ip.to_string(), "HostPort": port.to_string()}]));
            (format!("{}/tcp", port.container), bound.unwrap_or(Value::Null))
        })
        .collect();
    let mut state = json!({
        "Status": replica.state.word(),
        "Running": replica.is_up(),
        "Paused": replica.state == State::Paused,
        "Restarting": replica.state == State::Restarting,
        "OOMKilled": replica.exit.is_some_and(|exit| exit.oom),
        "Dead": replica.state == State::Dead,
        "Pid": replica.pid.unwrap_or(0),
        "ExitCode": replica.exit.map_or(0, |exit| exit.code),
        "Error": details.error.as_deref().unwrap_or_default(),
        "StartedAt": time(replica.started),
        "FinishedAt": time(replica.finished),
    });
    if details.health.is_some()
        && let Some(object) = state.as_object_mut()
    {
        let status = match replica.check {
            HealthCheck::None => "none",
            HealthCheck::Starting => "starting",
            HealthCheck::Healthy => "healthy",
            HealthCheck::Unhealthy => "unhealthy",
        };
        let log: Vec<Value> = details
            .health_log
            .iter()
            .map(|log| {
                json!({
                    "Start": log.start.to_string(), "End": log.end.to_string(),
                    "ExitCode": log.exit, "Output": log.output,
                })
            })
            .collect();
        let health = json!({"Status": status, "FailingStreak": details.failing_streak, "Log": log});
        object.insert("Health".to_owned(), health);
    }
    let labels: serde_json::Map<String, Value> =
        details.labels.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    let networks: serde_json::Map<String, Value> = details
        .networks
        .iter()
        .map(|net| (net.name.clone(), json!({"Aliases": net.aliases, "IPAddress": net.address})))
        .collect();
    let env: Vec<String> = details.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    json!({
        "Id": replica.id.id,
        "Created": replica.created.to_string(),
        "Name": format!("/{}", replica.name),
        "RestartCount": replica.restarts.unwrap_or(0),
        "Image": replica.image.id,
        "LogPath": details.log_path,
        "State": state,
        "Config": {
            "Hostname": details.hostname, "User": details.user, "Tty": false, "Env": env,
            "Cmd": details.command, "Image": replica.image.reference,
            "WorkingDir": details.workdir, "Labels": labels,
        },
        "HostConfig": {
            "RestartPolicy": {"Name": details.restart_policy},
            "NanoCpus": replica.limits.cpus.map_or(0, |cpus| (cpus * 1e9) as u64),
            "Memory": replica.limits.memory.unwrap_or(0),
            "LogConfig": {"Type": details.log_driver},
        },
        "Mounts": details.mounts,
        "NetworkSettings": {"Ports": ports, "Networks": networks},
    })
}
