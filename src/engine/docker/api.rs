//! The parts of the engine's answers that are read, as the engine spells them.
//!
//! Our own types, because they forgive: everything may be missing or null (Podman leaves much
//! out), and a word we don't know fails one field, not the whole list. Field names are the API's;
//! see the Docker Engine API reference for their meaning.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::fleet::SpecHash;

/// A map whose absence and null are the same as empty.
pub(in crate::engine) type Map<T> = Option<BTreeMap<String, T>>;

/// One entry of `GET /containers/json`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) names: Option<Vec<String>>,
    pub(super) image: Option<String>,
    #[serde(rename = "ImageID")]
    pub(super) image_id: Option<String>,
    /// Seconds since the Unix epoch.
    pub(super) created: Option<i64>,
    pub(super) ports: Option<Vec<EntryPort>>,
    pub(super) labels: Map<Option<String>>,
    pub(super) state: Option<String>,
    /// Its networks only.
    pub(super) network_settings: Option<NetworkSettings>,
    /// Its network mode only.
    pub(super) host_config: Option<HostConfig>,
    pub(super) mounts: Option<Vec<MountPoint>>,
    /// For humans: `Up 2 hours (healthy)`, `Exited (137) 3 minutes ago`.
    pub(super) status: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct EntryPort {
    #[serde(rename = "IP")]
    pub(super) ip: Option<String>,
    pub(super) private_port: Option<u16>,
    pub(super) public_port: Option<u16>,
    #[serde(rename = "Type")]
    pub(super) protocol: Option<String>,
}

/// `GET /containers/{id}/json`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Inspected {
    pub(super) id: String,
    pub(super) created: Option<String>,
    pub(super) path: Option<String>,
    pub(super) args: Option<Vec<String>>,
    pub(super) state: InspectedState,
    /// The image's id.
    pub(super) image: Option<String>,
    pub(super) log_path: Option<String>,
    pub(super) name: Option<String>,
    pub(super) restart_count: Option<i64>,
    pub(super) host_config: HostConfig,
    pub(super) mounts: Option<Vec<MountPoint>>,
    pub(super) config: Config,
    pub(super) network_settings: NetworkSettings,
    /// The fingerprint of its settings: not the engine's, worked out where the whole answer is.
    #[serde(skip)]
    pub(super) spec: Option<SpecHash>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct InspectedState {
    pub(super) status: Option<String>,
    pub(super) running: Option<bool>,
    #[serde(rename = "OOMKilled")]
    pub(super) oom_killed: Option<bool>,
    pub(super) pid: Option<i64>,
    pub(super) exit_code: Option<i64>,
    pub(super) error: Option<String>,
    pub(super) started_at: Option<String>,
    pub(super) finished_at: Option<String>,
    pub(super) health: Option<InspectedHealth>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct InspectedHealth {
    pub(super) status: Option<String>,
    pub(super) failing_streak: Option<i64>,
    pub(super) log: Option<Vec<HealthEntry>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct HealthEntry {
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
    pub(super) exit_code: Option<i64>,
    pub(super) output: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct HostConfig {
    pub(super) restart_policy: Option<RestartPolicy>,
    pub(super) log_config: Option<LogConfig>,
    pub(super) network_mode: Option<String>,
    /// `/db:/web/db`: legacy.
    pub(super) links: Option<Vec<String>>,
    pub(super) auto_remove: Option<bool>,
    pub(super) port_bindings: Map<Option<Vec<Binding>>>,
    pub(super) memory: Option<i64>,
    pub(super) nano_cpus: Option<i64>,
    pub(super) cpu_quota: Option<i64>,
    pub(super) cpu_period: Option<i64>,
    pub(super) cpuset_cpus: Option<String>,
    pub(super) pids_limit: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RestartPolicy {
    pub(super) name: Option<String>,
    pub(super) maximum_retry_count: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct LogConfig {
    #[serde(rename = "Type")]
    pub(super) driver: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct MountPoint {
    #[serde(rename = "Type")]
    pub(super) kind: Option<String>,
    pub(super) name: Option<String>,
    pub(super) source: Option<String>,
    pub(super) destination: Option<String>,
    #[serde(rename = "RW")]
    pub(super) writable: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Config {
    pub(super) hostname: Option<String>,
    pub(super) user: Option<String>,
    pub(super) tty: Option<bool>,
    pub(super) env: Option<Vec<String>>,
    /// As written when the container was made.
    pub(super) image: Option<String>,
    pub(super) working_dir: Option<String>,
    pub(super) mac_address: Option<String>,
    pub(super) labels: Map<Option<String>>,
    pub(super) exposed_ports: Map<serde::de::IgnoredAny>,
    pub(super) healthcheck: Option<Healthcheck>,
    /// Seconds.
    pub(super) stop_timeout: Option<i64>,
}

/// Times in nanoseconds.
#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::engine) struct Healthcheck {
    pub(in crate::engine) test: Option<Vec<String>>,
    pub(in crate::engine) interval: Option<i64>,
    pub(in crate::engine) timeout: Option<i64>,
    pub(in crate::engine) start_period: Option<i64>,
    pub(in crate::engine) retries: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NetworkSettings {
    pub(super) ports: Map<Option<Vec<Binding>>>,
    pub(super) networks: Map<Option<Network>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Binding {
    pub(super) host_ip: Option<String>,
    pub(super) host_port: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Network {
    #[serde(rename = "IPAddress")]
    pub(super) address: Option<String>,
    #[serde(rename = "GlobalIPv6Address")]
    pub(super) address6: Option<String>,
    pub(super) gateway: Option<String>,
    #[serde(rename = "IPv6Gateway")]
    pub(super) gateway6: Option<String>,
    pub(super) aliases: Option<Vec<String>>,
    /// Addresses that were asked for.
    #[serde(rename = "IPAMConfig")]
    pub(super) asked: Option<AskedAddress>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct AskedAddress {
    #[serde(rename = "IPv4Address")]
    pub(super) v4: Option<String>,
    #[serde(rename = "IPv6Address")]
    pub(super) v6: Option<String>,
}

/// `GET /images/{name}/json`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ImageInspected {
    pub(super) id: String,
    pub(super) repo_tags: Option<Vec<String>>,
    pub(super) repo_digests: Option<Vec<String>>,
    pub(super) config: Option<serde_json::Map<String, serde_json::Value>>,
}

/// `GET /info`.
#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Info {
    pub(super) name: Option<String>,
    #[serde(rename = "ID")]
    pub(super) id: Option<String>,
    #[serde(rename = "NCPU")]
    pub(super) cpus: Option<u32>,
    pub(super) mem_total: Option<u64>,
    pub(super) kernel_version: Option<String>,
    pub(super) docker_root_dir: Option<String>,
}

/// One line of `GET /events`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(in crate::engine) struct Message {
    /// What it is about: `container`, `network`.
    #[serde(rename = "Type")]
    pub(in crate::engine) about: Option<String>,
    #[serde(rename = "Action")]
    pub(in crate::engine) action: Option<String>,
    /// The old name of `Action`, all that some Podman versions send.
    pub(in crate::engine) status: Option<String>,
    #[serde(rename = "Actor")]
    pub(in crate::engine) actor: Actor,
    pub(in crate::engine) time: Option<i64>,
    #[serde(rename = "timeNano")]
    pub(in crate::engine) time_nano: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(in crate::engine) struct Actor {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(rename = "Attributes")]
    pub(super) attributes: Map<Option<String>>,
}

/// `GET /containers/{id}/stats`, one shot.
#[derive(Deserialize, Default)]
#[serde(default)]
#[allow(clippy::struct_field_names)] // the API's names
pub(super) struct Stats {
    pub(super) read: Option<String>,
    pub(super) cpu_stats: CpuStats,
    pub(super) memory_stats: MemoryStats,
    pub(super) pids_stats: PidsStats,
    pub(super) blkio_stats: BlkioStats,
    pub(super) networks: Map<NetworkStats>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct CpuStats {
    pub(super) cpu_usage: Option<CpuUsage>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct CpuUsage {
    /// Nanoseconds of CPU time since the container started.
    pub(super) total_usage: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct MemoryStats {
    pub(super) usage: Option<u64>,
    pub(super) stats: Map<serde_json::Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct PidsStats {
    pub(super) current: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct BlkioStats {
    pub(super) io_service_bytes_recursive: Option<Vec<BlkioEntry>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct BlkioEntry {
    pub(super) op: Option<String>,
    pub(super) value: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct NetworkStats {
    pub(super) rx_bytes: Option<u64>,
    pub(super) tx_bytes: Option<u64>,
}
