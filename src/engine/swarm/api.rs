//! The parts of the swarm's answers that are read, as the engine spells them; as forgiving as
//! Docker's (`engine::docker::api`). What is sent back is never made from these: it would lose what
//! is not here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::engine::docker::api::Healthcheck;

/// A map whose absence and null are the same as empty.
pub(super) type Map<T> = Option<BTreeMap<String, T>>;

/// One entry of `GET /services`.
#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Service {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) version: Version,
    pub(super) spec: ServiceSpec,
    pub(super) previous_spec: Option<ServiceSpec>,
    pub(super) endpoint: Option<Endpoint>,
    pub(super) update_status: Option<Update>,
    pub(super) service_status: Option<ServiceStatus>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Version {
    pub(super) index: u64,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ServiceSpec {
    pub(super) name: String,
    pub(super) labels: Map<Option<String>>,
    /// As it is, because its hash is over all of it; see [`Template`].
    pub(super) task_template: Value,
    pub(super) mode: Mode,
    pub(super) networks: Option<Vec<NetworkTarget>>,
    pub(super) update_config: Option<UpdateConfig>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Mode {
    pub(super) replicated: Option<Replicated>,
    pub(super) global: Option<Value>,
    pub(super) replicated_job: Option<Value>,
    pub(super) global_job: Option<Value>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Replicated {
    pub(super) replicas: Option<u64>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct UpdateConfig {
    pub(super) failure_action: Option<String>,
    pub(super) order: Option<String>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Endpoint {
    pub(super) ports: Option<Vec<PortConfig>>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PortConfig {
    pub(super) protocol: Option<String>,
    pub(super) target_port: Option<u32>,
    pub(super) published_port: Option<u32>,
    pub(super) publish_mode: Option<String>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Update {
    pub(super) state: Option<String>,
    pub(super) started_at: Option<String>,
    pub(super) completed_at: Option<String>,
    pub(super) message: Option<String>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ServiceStatus {
    pub(super) desired_tasks: Option<u64>,
}

/// What tasks are made from: a service's `TaskTemplate`, a task's `Spec`.
#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Template {
    pub(super) container_spec: Option<ContainerSpec>,
    pub(super) resources: Option<Resources>,
    pub(super) force_update: Option<u64>,
    pub(super) networks: Option<Vec<NetworkTarget>>,
}

/// A network that a service's tasks join.
#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NetworkTarget {
    /// Its id.
    pub(super) target: Option<String>,
    pub(super) aliases: Option<Vec<String>>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ContainerSpec {
    pub(super) image: Option<String>,
    pub(super) labels: Map<Option<String>>,
    pub(super) command: Option<Vec<String>>,
    pub(super) args: Option<Vec<String>>,
    pub(super) env: Option<Vec<String>>,
    pub(super) dir: Option<String>,
    pub(super) user: Option<String>,
    pub(super) hostname: Option<String>,
    #[serde(rename = "TTY")]
    pub(super) tty: Option<bool>,
    pub(super) mounts: Option<Vec<MountSpec>>,
    pub(super) healthcheck: Option<Healthcheck>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct MountSpec {
    #[serde(rename = "Type")]
    pub(super) kind: Option<String>,
    pub(super) source: Option<String>,
    pub(super) target: Option<String>,
    pub(super) read_only: Option<bool>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Resources {
    pub(super) limits: Option<ResourceLimits>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ResourceLimits {
    #[serde(rename = "NanoCPUs")]
    pub(super) nano_cpus: Option<i64>,
    pub(super) memory_bytes: Option<i64>,
    pub(super) pids: Option<i64>,
}

/// One entry of `GET /tasks`.
#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Task {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) created_at: Option<String>,
    pub(super) spec: Template,
    #[serde(rename = "ServiceID")]
    pub(super) service_id: String,
    pub(super) slot: Option<u64>,
    #[serde(rename = "NodeID")]
    pub(super) node_id: Option<String>,
    pub(super) status: TaskStatus,
    pub(super) desired_state: Option<String>,
    pub(super) networks_attachments: Option<Vec<Attachment>>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TaskStatus {
    pub(super) timestamp: Option<String>,
    pub(super) state: Option<String>,
    pub(super) err: Option<String>,
    pub(super) container_status: Option<ContainerStatus>,
    pub(super) port_status: Option<Endpoint>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ContainerStatus {
    #[serde(rename = "ContainerID")]
    pub(super) container_id: Option<String>,
    #[serde(rename = "PID")]
    pub(super) pid: Option<i64>,
    pub(super) exit_code: Option<i64>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Attachment {
    pub(super) network: AttachedNetwork,
    pub(super) addresses: Option<Vec<String>>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct AttachedNetwork {
    pub(super) spec: NetworkSpec,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NetworkSpec {
    pub(super) name: Option<String>,
}

/// One entry of `GET /nodes`.
#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Node {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) description: NodeDescription,
    pub(super) status: NodeStatus,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NodeStatus {
    pub(super) state: Option<String>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NodeDescription {
    pub(super) hostname: Option<String>,
}

impl Template {
    /// What is read of a template.
    pub(super) fn of(raw: &Value) -> Self {
        Self::deserialize(raw).unwrap_or_default()
    }

    /// The image as the spec has it, digest and all.
    pub(super) fn image(&self) -> &str {
        self.container_spec.as_ref().and_then(|spec| spec.image.as_deref()).unwrap_or_default()
    }
}
