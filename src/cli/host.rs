//! `qd host`: the machine, its disks, and what the engine keeps on them.

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::args::{HostArgs, TableOrJson};
use super::exit::{CliError, Exit};
use super::json;
use super::session::Session;
use crate::console::{DiskAsk, Facts, sheet};
use crate::engine::{Disk, DiskUse, EngineError, Holding, Pile, Storage};
use crate::fleet::{EngineInfo, HostUsage, ServiceId};

/// What `-o json` prints. Fields are added, never renamed. What can't be read is null.
#[derive(Debug, Serialize, JsonSchema)]
struct HostJson {
    /// The version of this schema.
    schema: u32,
    /// The machine's name, as the engine tells it.
    name: String,
    /// Whether the engine is on this machine, so that it can be read.
    local: bool,
    /// CPU in use, 0–1 of all cores.
    cpu: Option<f32>,
    /// Cores.
    cores: Option<u32>,
    /// Load averages over 1, 5 and 15 minutes.
    load: [Option<f32>; 3],
    /// Bytes of memory in use.
    memory: Option<u64>,
    /// Bytes of memory.
    memory_total: Option<u64>,
    /// Bytes of swap in use.
    swap: Option<u64>,
    /// Bytes of swap; 0 = none.
    swap_total: Option<u64>,
    /// Share of the last 10 s in which something waited, 0–1; null where the kernel does not tell.
    pressure: PressureJson,
    /// File systems that the machine, the engine and what it runs use.
    disks: Vec<DiskJson>,
    /// Why there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    disks_problem: Option<String>,
    /// Paths that can't be seen from here.
    unseen: Vec<String>,
    /// What the engine keeps; only with --disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<EngineJson>,
}

/// What something waited for.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct PressureJson {
    /// A CPU.
    cpu: Option<f32>,
    /// Memory.
    memory: Option<f32>,
    /// Disks.
    io: Option<f32>,
}

/// One file system.
#[derive(Debug, Serialize, JsonSchema)]
struct DiskJson {
    /// Where it is mounted.
    mount: String,
    /// What is mounted.
    source: String,
    /// `ext4`, ….
    kind: String,
    /// Nothing can be written to it.
    read_only: bool,
    /// Bytes in use; null when it did not answer.
    used: Option<u64>,
    /// Bytes in all.
    total: Option<u64>,
    /// Bytes left for whoever is not root.
    free: Option<u64>,
    /// Inodes in use; null where they are not counted.
    inodes: Option<u64>,
    /// Inodes in all.
    inodes_total: Option<u64>,
    /// What lies on it.
    holds: Vec<HoldingJson>,
}

/// What lies on a file system.
#[derive(Debug, Serialize, JsonSchema)]
struct HoldingJson {
    /// `system`, `engine`, `volume`, `directory`.
    kind: &'static str,
    /// A volume's name, a directory's path.
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    /// Who mounts it, `project/service`.
    services: Vec<String>,
}

/// What the engine keeps, as `docker system df` counts it.
#[derive(Debug, Serialize, JsonSchema)]
struct EngineJson {
    /// Images.
    images: PileJson,
    /// What containers wrote.
    containers: PileJson,
    /// Volumes.
    volumes: PileJson,
    /// What building left behind.
    build_cache: PileJson,
    /// Images without name and container; part of `images`.
    dangling: PileJson,
}

/// Objects of one kind.
#[derive(Debug, Serialize, JsonSchema)]
struct PileJson {
    /// How many.
    count: u64,
    /// How many are in use.
    active: u64,
    /// Bytes.
    size: u64,
    /// Bytes that nobody uses.
    reclaimable: u64,
}

/// The schema of the JSON output.
pub(super) fn schema() -> Schema {
    schema_for!(HostJson)
}

/// Print the machine.
pub(super) async fn run(session: &mut Session, args: &HostArgs) -> Result<Exit, CliError> {
    let fleet = session.fleet_with_usage().await?;
    let storage = session.engine.storage().await;
    let disk = if args.disk { DiskAsk::Told(session.engine.disk_use().await?) } else { DiskAsk::Not };
    let said = |error: EngineError| format!("{error}. {}", error.remedy());
    let storage = storage.map_err(said);
    if args.output == TableOrJson::Json {
        let made = host_json(fleet.engine(), fleet.host(), storage, &disk);
        json::pretty(&mut session.out, &made)?;
        session.out.flush()?;
        return Ok(Exit::Done);
    }
    let facts = Facts {
        engine: fleet.engine(),
        usage: fleet.host(),
        storage: Some(&storage),
        disk: &disk,
        how: "--disk adds up",
        ellipsis: session.out.glyphs.ellipsis,
    };
    for row in sheet(&facts, session.out.fit().unwrap_or(usize::MAX)) {
        let words: Vec<String> =
            row.iter().map(|(role, words)| session.out.paint.text(*role, words)).collect();
        session.out.line(words.concat().trim_end())?;
    }
    session.out.flush()?;
    Ok(Exit::Done)
}

fn host_json(
    engine: Option<&EngineInfo>,
    usage: Option<&HostUsage>,
    storage: Result<Storage, String>,
    disk: &DiskAsk,
) -> HostJson {
    let it = usage.copied().unwrap_or_default();
    let (storage, disks_problem) = match storage {
        Ok(storage) => (storage, None),
        Err(why) => (Storage::default(), Some(why)),
    };
    HostJson {
        schema: 1,
        name: engine.map(|engine| engine.host.clone()).unwrap_or_default(),
        local: engine.is_some_and(|engine| engine.local),
        cpu: it.cpu,
        cores: it.cores,
        load: [it.load1, it.load5, it.load15],
        memory: it.memory,
        memory_total: it.memory_total,
        swap: it.swap,
        swap_total: it.swap_total,
        pressure: PressureJson { cpu: it.pressure.cpu, memory: it.pressure.memory, io: it.pressure.io },
        disks: storage.disks.into_iter().map(disk_json).collect(),
        disks_problem,
        unseen: storage.unseen,
        engine: match disk {
            DiskAsk::Told(told) => Some(engine_json(told)),
            _ => None,
        },
    }
}

fn disk_json(disk: Disk) -> DiskJson {
    DiskJson {
        used: disk.space.map(|it| it.used),
        total: disk.space.map(|it| it.total),
        free: disk.space.map(|it| it.free),
        inodes: disk.space.and_then(|it| Some(it.inodes?.0)),
        inodes_total: disk.space.and_then(|it| Some(it.inodes?.1)),
        holds: disk.holds.iter().map(holding_json).collect(),
        mount: disk.mount,
        source: disk.source,
        kind: disk.kind,
        read_only: disk.read_only,
    }
}

fn holding_json(holding: &Holding) -> HoldingJson {
    let (kind, name) = match holding {
        Holding::System => ("system", String::new()),
        Holding::Engine => ("engine", String::new()),
        Holding::Volume { name, .. } => ("volume", name.to_string()),
        Holding::Directory { path, .. } => ("directory", path.to_string()),
    };
    HoldingJson { kind, name, services: holding.of().iter().map(ServiceId::path).collect() }
}

fn engine_json(told: &DiskUse) -> EngineJson {
    let pile = |it: Pile| PileJson {
        count: it.count,
        active: it.active,
        size: it.size,
        reclaimable: it.reclaimable,
    };
    EngineJson {
        images: pile(told.images),
        containers: pile(told.containers),
        volumes: pile(told.volumes),
        build_cache: pile(told.build_cache),
        dangling: pile(told.dangling),
    }
}
