//! Usage of what runs: read directly where the engine is on this machine, else asked of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::api::Info;
use super::stats::Asker;
use super::wire::Wire;
use super::{Roster, Shared};
use crate::fleet::{HostUsage, Observation, ReplicaId, Usage};
use crate::host::{MachineReader, Target, UsageReader};

/// Time between the first two direct reads: rates need two, and nobody waits a second for them.
const FIRST: Duration = Duration::from_millis(200);
/// Time between reads after that.
const EVERY: Duration = Duration::from_secs(1);
/// The host's figures every so many sweeps: its disk does not change by the second.
const HOST_EVERY: u64 = 2;

/// The sweep by which a container must have been found.
const BLIND: u64 = 4;

/// How usage can be had, as it turns out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The engine is on this machine; its data lies at this path.
    Here(PathBuf),
    /// It is elsewhere, or we can't see its processes.
    Engine,
}

/// Whether the engine runs on this machine, so that its containers' cgroups can be read here.
///
/// A unix socket alone says little (it may lead into a virtual machine): a container's process
/// must be one of ours, seen by its cgroup; where nothing runs, name and kernel must be ours.
pub(super) fn is_local(wire: &Wire, info: &Info, up: &[(ReplicaId, Option<u32>)]) -> bool {
    if !wire.is_socket() {
        return false;
    }
    let mut told = up.iter().filter_map(|(id, pid)| Some((id, (*pid)?))).peekable();
    if told.peek().is_some() {
        return told.take(3).any(|(id, pid)| is_ours(id, pid));
    }
    let uname = rustix::system::uname();
    let same = |ours: &std::ffi::CStr, theirs: &Option<String>| {
        theirs.as_deref().is_some_and(|theirs| ours.to_bytes() == theirs.as_bytes())
    };
    same(uname.nodename(), &info.name) && same(uname.release(), &info.kernel_version)
}

fn is_ours(id: &ReplicaId, pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/cgroup")).is_ok_and(|text| text.contains(&*id.id))
}

/// Where the engine keeps its data: the file system whose filling up stops it.
pub(super) fn disk(info: &Info) -> PathBuf {
    info.docker_root_dir.as_deref().filter(|dir| !dir.is_empty()).unwrap_or("/").into()
}

/// One sweep of everything, for a snapshot.
pub(super) async fn once(up: &[(ReplicaId, Option<u32>)], disk: PathBuf) -> Vec<Observation> {
    let reader = Reader::new(disk, targets(up));
    let Some((reader, ..)) = sweep(reader, true).await else { return Vec::new() };
    sleep(FIRST).await;
    let Some((_, usages, host)) = sweep(reader, true).await else { return Vec::new() };
    let mut told = vec![Observation::Sampled { at: Timestamp::now(), usages }];
    told.extend(host.map(Observation::Host));
    told
}

/// Tell usage of what runs, until nobody listens.
pub(super) async fn sample(shared: Arc<Shared>, tell: mpsc::Sender<Observation>) {
    let mut source = shared.source.subscribe();
    loop {
        let now = source.borrow_and_update().clone();
        let ended = match now {
            None => source.changed().await.is_err(),
            Some(Source::Here(disk)) => tokio::select! {
                () = here(&shared, &tell, disk) => true,
                changed = source.changed() => changed.is_err(),
            },
            Some(Source::Engine) => tokio::select! {
                () = Asker::new(shared.clone(), tell.clone()).run() => true,
                changed = source.changed() => changed.is_err(),
            },
        };
        if ended {
            return;
        }
    }
}

/// Read directly, each second.
async fn here(shared: &Shared, tell: &mpsc::Sender<Observation>, disk: PathBuf) {
    let mut roster = shared.roster.subscribe();
    let first = roster.borrow_and_update().clone();
    let mut reader = Reader::new(disk, targets(&first));
    let mut clock = interval_at(Instant::now() + FIRST, EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for turn in 0_u64.. {
        let Some((back, usages, host)) = sweep(reader, turn < 2 || turn % HOST_EVERY == 0).await else {
            return;
        };
        reader = back;
        // The processes were seen, or we would not be here, but their cgroups can't be read.
        if turn == BLIND && usages.is_empty() && !roster.borrow().is_empty() {
            tracing::info!("no cgroup of a container can be read here: asking the engine for usage");
            shared.source.send_replace(Some(Source::Engine));
        }
        // The first read only gives later ones something to be compared with.
        if turn > 0 || usages.is_empty() {
            let at = Timestamp::now();
            let told = host.map(Observation::Host).into_iter();
            let told = told.chain((!usages.is_empty()).then_some(Observation::Sampled { at, usages }));
            for observation in told {
                if tell.send(observation).await.is_err() {
                    return;
                }
            }
        }
        wait(&mut clock, &mut roster, &mut reader).await;
    }
}

/// Until it is time for the next sweep; what starts meanwhile is found soon after it started.
async fn wait(clock: &mut tokio::time::Interval, roster: &mut watch::Receiver<Roster>, reader: &mut Reader) {
    loop {
        tokio::select! {
            _ = clock.tick() => return,
            changed = roster.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = roster.borrow_and_update().clone();
                reader.targets = Some(targets(&now));
            }
        }
    }
}

fn targets(up: &[(ReplicaId, Option<u32>)]) -> Vec<Target> {
    up.iter().map(|(replica, pid)| Target { replica: replica.clone(), pid: *pid }).collect()
}

/// The direct readers, which block and so travel to a thread for each sweep and back.
struct Reader {
    usage: Option<UsageReader>,
    machine: Option<MachineReader>,
    disk: PathBuf,
    /// New targets, to be set before the next sweep.
    targets: Option<Vec<Target>>,
}

impl Reader {
    fn new(disk: PathBuf, targets: Vec<Target>) -> Self {
        Self { usage: None, machine: None, disk, targets: Some(targets) }
    }

    fn read(&mut self, with_host: bool) -> (Vec<(ReplicaId, Usage)>, Option<HostUsage>) {
        let usage = self.usage.get_or_insert_with(|| UsageReader::new(Path::new("/")));
        if let Some(targets) = self.targets.take() {
            usage.set(targets);
        }
        let usages = usage.sweep();
        let host = with_host.then(|| {
            self.machine.get_or_insert_with(|| MachineReader::new(Path::new("/"), &self.disk)).read()
        });
        (usages, host)
    }
}

type Swept = (Reader, Vec<(ReplicaId, Usage)>, Option<HostUsage>);

/// `None` when the runtime is going down.
async fn sweep(mut reader: Reader, with_host: bool) -> Option<Swept> {
    let read = move || {
        let (usages, host) = reader.read(with_host);
        (reader, usages, host)
    };
    tokio::task::spawn_blocking(read).await.ok()
}
