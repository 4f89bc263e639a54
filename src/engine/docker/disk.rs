//! The engine's machine: its sockets, its file systems, and what the engine keeps on them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde::Deserialize;
use tokio::time::timeout;

use super::api::{Entry, Info};
use super::{Shared, failure, inspect, map, usage};
use crate::engine::{Disk, DiskUse, EngineError, Holding, Storage};
use crate::fleet::{EngineId, Listener, ServiceId};
use crate::host;
use crate::text::sanitize::label;

/// How long an engine may take to add up its disk use: it walks every volume and layer.
const ADDING_UP: Duration = Duration::from_mins(10);
/// How long this machine's file systems may take to answer all together.
const DISKS: Duration = Duration::from_secs(8);
/// The newest API whose answer has each object in it; later ones send sums of their own.
const EACH: (u32, u32) = (1, 51);
/// Containers inspected to find out whether the engine is on this machine.
const LOOKS: usize = 3;
/// The longest path kept, columns.
const PATH: usize = 300;
/// Where no data lies: sockets, devices, the kernel's own.
const NO_DATA: [&str; 5] = ["/run/", "/var/run/", "/proc", "/sys", "/dev"];

/// Every listening socket of the engine's machine.
pub(super) async fn listeners(shared: Arc<Shared>) -> Result<Vec<Listener>, EngineError> {
    let (info, entries) = look(&shared).await?;
    if !is_here(&shared, &info, &entries).await {
        return Err(elsewhere("its sockets and processes can't be seen from here"));
    }
    let read = tokio::task::spawn_blocking(host::listening).await;
    read.unwrap_or_else(|why| Err(std::io::Error::other(why))).map_err(|why| EngineError::Unsupported {
        why: format!("this machine's sockets can't be read: {why}"),
        remedy: "Mount /proc (in a container: run it with --network=host and --pid=host).".to_owned(),
    })
}

/// The file systems of the engine's machine, by what lies on them.
pub(super) async fn storage(shared: Arc<Shared>) -> Result<Storage, EngineError> {
    let (info, entries) = look(&shared).await?;
    if !is_here(&shared, &info, &entries).await {
        return Err(elsewhere("its file systems can't be seen from here"));
    }
    let (paths, holdings): (Vec<PathBuf>, Vec<Holding>) =
        holdings(&shared.id, &info, &entries).into_iter().unzip();
    let failed = |why: String| EngineError::Unsupported {
        why: format!("this machine's file systems can't be read: {why}"),
        remedy: "See whether df answers: a disk or a server it is mounted from may hang.".to_owned(),
    };
    let read = tokio::task::spawn_blocking(move || host::disks(&paths));
    let found = match timeout(DISKS, read).await {
        Ok(Ok(found)) => found.map_err(|why| failed(why.to_string()))?,
        Ok(Err(why)) => return Err(failed(why.to_string())),
        Err(_) => return Err(failed(format!("no answer within {} s", DISKS.as_secs()))),
    };
    Ok(joined(found, &holdings))
}

fn joined(found: host::Disks, holdings: &[Holding]) -> Storage {
    let disk = |disk: host::Disk| {
        let mut holds: Vec<Holding> =
            disk.holds.iter().filter_map(|place| holdings.get(*place)).cloned().collect();
        holds.sort();
        let host::Disk { mount, source, kind, read_only, space, .. } = disk;
        Disk { mount, source, kind, read_only, space, holds }
    };
    let unseen = found.unseen.iter().filter_map(|place| match holdings.get(*place)? {
        Holding::System => Some("/".to_owned()),
        Holding::Engine => Some("the engine's data".to_owned()),
        Holding::Volume { name, .. } => Some(format!("volume {name}")),
        Holding::Directory { path, .. } => Some(path.to_string()),
    });
    Storage { unseen: unseen.collect(), disks: found.disks.into_iter().map(disk).collect() }
}

async fn look(shared: &Shared) -> Result<(Info, Vec<Entry>), EngineError> {
    let wire = &shared.wire;
    tokio::try_join!(
        wire.get::<Info>("/info", "the engine"),
        wire.get::<Vec<Entry>>("/containers/json?all=1", "the engine"),
    )
}

/// Whether the engine runs on this machine; see [`usage::is_local`].
async fn is_here(shared: &Arc<Shared>, info: &Info, entries: &[Entry]) -> bool {
    let mut up = Vec::new();
    for entry in entries.iter().filter(|it| it.state.as_deref() == Some("running")).take(LOOKS) {
        if let Ok(it) = inspect::fetch(shared, &entry.id).await {
            let replica = map::from_inspected(&shared.id, &it);
            up.push((replica.id, replica.pid));
        }
    }
    usage::is_local(&shared.wire, info, &up)
}

fn elsewhere(what: &str) -> EngineError {
    EngineError::Unsupported {
        why: format!("the engine's machine is another one: {what}"),
        remedy: "Run qd there.".to_owned(),
    }
}

/// Paths of the machine that matter, and what lies there.
fn holdings(engine: &EngineId, info: &Info, entries: &[Entry]) -> Vec<(PathBuf, Holding)> {
    let mut all = vec![(PathBuf::from("/"), Holding::System), (usage::disk(info), Holding::Engine)];
    let mut mounted: BTreeMap<(&str, &str, &str), Vec<ServiceId>> = BTreeMap::new();
    for entry in entries {
        let service = map::from_entry(engine, entry).service;
        for mount in entry.mounts.iter().flatten() {
            let (kind, name) =
                (mount.kind.as_deref().unwrap_or_default(), mount.name.as_deref().unwrap_or_default());
            let source = mount.source.as_deref().filter(|it| it.starts_with('/'));
            let Some(source) = source.filter(|_| kind == "bind" || kind == "volume") else { continue };
            if kind == "bind" && NO_DATA.iter().any(|dir| source.starts_with(dir)) {
                continue;
            }
            let of = mounted.entry((kind, name, source)).or_default();
            if !of.contains(&service) {
                of.push(service.clone());
            }
        }
    }
    all.extend(mounted.into_iter().map(|((kind, name, source), of)| {
        let holding = if kind == "volume" {
            Holding::Volume { name: label(name, PATH), of }
        } else {
            Holding::Directory { path: label(source, PATH), of }
        };
        (PathBuf::from(source), holding)
    }));
    all
}

/// What the engine's own objects take on its disk.
pub(super) async fn disk_use(shared: Arc<Shared>) -> Result<DiskUse, EngineError> {
    let wire = &shared.wire;
    let (major, minor) = wire.greeting().await?.api.min(EACH);
    let path = format!("/v{major}.{minor}/system/df");
    let answer = wire.call_at(&path, Method::GET, None, ADDING_UP, "adding up disk use").await?;
    if !answer.status.is_success() {
        return Err(failure::refused(answer.status, &answer.body, "disk use", &wire.shown()));
    }
    let told: Told = serde_json::from_slice(&answer.body).map_err(|e| failure::garbage(&e, "disk use"))?;
    Ok(told.sum())
}

/// `GET /system/df`. Sizes of −1 are not known.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Told {
    layers_size: Option<i64>,
    images: Option<Vec<ToldImage>>,
    containers: Option<Vec<ToldContainer>>,
    volumes: Option<Vec<ToldVolume>>,
    build_cache: Option<Vec<ToldCache>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct ToldImage {
    repo_tags: Option<Vec<String>>,
    size: Option<i64>,
    shared_size: Option<i64>,
    containers: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct ToldContainer {
    size_rw: Option<i64>,
    state: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct ToldVolume {
    usage_data: Option<ToldUsage>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct ToldUsage {
    size: Option<i64>,
    ref_count: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct ToldCache {
    size: Option<i64>,
    in_use: bool,
    shared: bool,
}

fn bytes(told: Option<i64>) -> u64 {
    told.and_then(|it| u64::try_from(it).ok()).unwrap_or(0)
}

impl ToldImage {
    /// Bytes that no other image has as well; `None` where that is not known.
    fn own(&self) -> Option<u64> {
        let known = |it: Option<i64>| u64::try_from(it?).ok();
        Some(known(self.size)?.saturating_sub(known(self.shared_size)?))
    }

    fn is_used(&self) -> bool {
        self.containers.is_some_and(|n| n != 0)
    }

    fn is_dangling(&self) -> bool {
        let none = |tags: &Vec<String>| tags.iter().all(|tag| tag == "<none>:<none>");
        !self.is_used() && self.repo_tags.as_ref().is_none_or(none)
    }
}

impl Told {
    /// The sums, by the rules of `docker system df`.
    fn sum(&self) -> DiskUse {
        let mut told = DiskUse::default();
        let images = self.images.as_deref().unwrap_or_default();
        let mut in_use = 0_u64;
        for image in images {
            let own = image.own().unwrap_or(0);
            told.images.count += 1;
            if image.is_used() {
                told.images.active += 1;
                in_use = in_use.saturating_add(own);
            }
            if image.is_dangling() {
                told.dangling.count += 1;
                told.dangling.size = told.dangling.size.saturating_add(own);
            }
        }
        told.images.size = bytes(self.layers_size);
        told.images.reclaimable = told.images.size.saturating_sub(in_use);
        told.dangling.reclaimable = told.dangling.size;
        for container in self.containers.iter().flatten() {
            let up = matches!(container.state.as_deref(), Some("running" | "paused" | "restarting"));
            told.containers.add(up, bytes(container.size_rw));
        }
        for volume in self.volumes.iter().flatten() {
            let usage = volume.usage_data.as_ref();
            // How often it is used may be unknown: then it is not taken for unused.
            let used = usage.and_then(|it| it.ref_count).is_none_or(|n| n != 0);
            told.volumes.add(used, bytes(usage.and_then(|it| it.size)));
        }
        for cache in self.build_cache.iter().flatten() {
            // What is shared is counted where it is not.
            told.build_cache.add(cache.in_use, if cache.shared { 0 } else { bytes(cache.size) });
        }
        told
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::Pile;

    fn sum(told: serde_json::Value) -> DiskUse {
        serde_json::from_value::<Told>(told).unwrap().sum()
    }

    #[test]
    fn disk_use_is_added_up_as_the_docker_cli_does() {
        let told = sum(json!({
            "LayersSize": 1000,
            "Images": [
                {"RepoTags": ["a:1"], "Size": 500, "SharedSize": 100, "Containers": 2},
                {"RepoTags": ["b:1"], "Size": 300, "SharedSize": 100, "Containers": 0},
                {"RepoTags": null, "Size": 150, "SharedSize": 100, "Containers": 0},
                {"RepoTags": ["<none>:<none>"], "Size": 80, "SharedSize": 0, "Containers": 1},
            ],
            "Containers": [{"SizeRw": 7, "State": "running"}, {"SizeRw": 11, "State": "exited"}, {"State": "paused"}],
            "Volumes": [
                {"UsageData": {"Size": 20, "RefCount": 1}},
                {"UsageData": {"Size": 30, "RefCount": 0}},
                {"UsageData": {"Size": -1, "RefCount": -1}},
                {"UsageData": null},
            ],
            "BuildCache": [
                {"Size": 5, "InUse": false, "Shared": false},
                {"Size": 6, "InUse": true, "Shared": false},
                {"Size": 7, "InUse": false, "Shared": true},
            ],
        }));
        let pile = |count, active, size, reclaimable| Pile { count, active, size, reclaimable };
        assert_eq!(told.images, pile(4, 2, 1000, 1000 - 400 - 80));
        assert_eq!(told.dangling, pile(1, 0, 50, 50));
        assert_eq!(told.containers, pile(3, 2, 18, 11));
        assert_eq!(told.volumes, pile(4, 3, 50, 30));
        assert_eq!(told.build_cache, pile(3, 1, 11, 5));
        assert_eq!((told.size(), told.reclaimable()), (1079, 520 + 11 + 30 + 5));
    }

    #[test]
    fn nothing_is_nothing() {
        let nothing = json!({"LayersSize": -1, "Images": null, "Volumes": [], "BuildCache": null});
        assert_eq!(sum(nothing), DiskUse::default());
    }

    #[test]
    fn volumes_and_directories_are_told_with_who_mounts_them() {
        let entry = |name: &str, mounts: serde_json::Value| {
            let it = json!({"Id": name.repeat(8), "Names": [format!("/{name}")], "Mounts": mounts});
            serde_json::from_value::<Entry>(it).unwrap()
        };
        let volume = json!({"Type": "volume", "Name": "pg", "Source": "/var/lib/docker/volumes/pg/_data"});
        let entries = [
            entry(
                "a",
                json!([volume, {"Type": "bind", "Source": "/var/run/docker.sock"}, {"Type": "tmpfs"}]),
            ),
            entry("b", json!([volume, {"Type": "bind", "Source": "/srv/\u{1b}[1mx"}])),
        ];
        let info = Info { docker_root_dir: Some("/data/docker".into()), ..Info::default() };
        let told = holdings(&EngineId::new("docker"), &info, &entries);
        let brief: Vec<String> = told
            .iter()
            .map(|(path, holding)| format!("{} {:?}", path.display(), holding.of().len()))
            .collect();
        assert_eq!(
            brief,
            ["/ 0", "/data/docker 0", "/srv/\u{1b}[1mx 1", "/var/lib/docker/volumes/pg/_data 2"]
        );
        assert!(!format!("{:?}", told[2].1).contains("\\u{1b}"), "{:?}", told[2].1);
    }
}
