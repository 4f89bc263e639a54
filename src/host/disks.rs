//! File systems, by the paths that lie on them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use super::mounts::unescape;
use crate::text::sanitize::label;

/// How long a file system that is somewhere else may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest path shown, columns.
const NAME: usize = 300;

/// A file system that some path lies on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Where it is mounted; where that is in several places, the one of the first path. Sanitised.
    pub mount: String,
    /// What is mounted: `/dev/sda1`, `server:/export`, sanitised.
    pub source: String,
    /// `ext4`, `nfs4`, ….
    pub kind: String,
    /// Nothing can be written to it.
    pub read_only: bool,
    /// How full it is; `None` when it did not answer in time.
    pub space: Option<Space>,
    /// Which of the paths asked about lie on it, by their place.
    pub holds: Vec<usize>,
}

/// How full a file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes in use.
    pub used: u64,
    /// Bytes in all.
    pub total: u64,
    /// Bytes that whoever is not root may still use.
    pub free: u64,
    /// Inodes in use and in all; `None` where they are not counted (btrfs and the like).
    pub inodes: Option<(u64, u64)>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disks {
    /// Each file system once, by where it is mounted.
    pub disks: Vec<Disk>,
    /// Which of the paths can't be seen from here, by their place.
    pub unseen: Vec<usize>,
}

/// How full the file system of a path is.
pub(super) fn space(path: &Path) -> io::Result<Space> {
    let told = rustix::fs::statvfs(path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
    Ok(Space {
        used: bytes(told.f_blocks.saturating_sub(told.f_bfree)),
        total: bytes(told.f_blocks),
        free: bytes(told.f_bavail),
        inodes: (told.f_files > 0).then(|| (told.f_files.saturating_sub(told.f_ffree), told.f_files)),
    })
}

/// The file systems these paths lie on. A path whose directory we may not enter is told by its
/// mount point alone.
///
/// Blocks as long as a disk takes to answer; of those that are somewhere else (NFS and the like)
/// each at most two seconds, and one that hangs is not asked again until it answers.
///
/// # Errors
/// There is no mount table: this is no Linux, or `/proc` is not mounted.
pub fn disks(paths: &[PathBuf]) -> io::Result<Disks> {
    let table = std::fs::read_to_string("/proc/self/mountinfo")?;
    Ok(found(&mounts(&table), paths, &|path| std::fs::canonicalize(path), &ask))
}

/// One line of the mount table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mounted {
    /// `8:1`.
    device: String,
    point: PathBuf,
    kind: String,
    source: String,
    read_only: bool,
}

impl Mounted {
    /// What tells file systems from each other: the same device may be mounted by parts.
    fn key(&self) -> String {
        if self.source.starts_with('/') { self.source.clone() } else { self.device.clone() }
    }

    /// It is on another machine, or in another program: it may never answer.
    fn is_elsewhere(&self) -> bool {
        let kind = self.kind.as_str();
        kind.starts_with("nfs")
            || kind.starts_with("fuse")
            || ["cifs", "smb3", "9p", "ceph", "afs", "glusterfs", "autofs", "ncpfs"].contains(&kind)
    }
}

fn mounts(table: &str) -> Vec<Mounted> {
    let line = |line: &str| {
        // 36 35 98:0 /top /point rw,noatime shared:1 - ext4 /dev/sda1 rw
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(2);
        let (device, point, options) = (left.next()?, left.nth(1)?, left.next()?);
        let mut right = right.split(' ');
        let (kind, source) = (right.next()?, right.next()?);
        let reads = |options: &str| options.split(',').any(|option| option == "ro");
        Some(Mounted {
            device: device.to_owned(),
            point: PathBuf::from(unescape(point)),
            kind: kind.to_owned(),
            source: unescape(source),
            read_only: reads(options) || right.next().is_some_and(reads),
        })
    };
    table.lines().filter_map(line).collect()
}

/// The mount a path lies on: the one of the longest mount point, and of those the last, which lies
/// over the others.
fn below<'m>(mounts: &'m [Mounted], path: &Path) -> Option<&'m Mounted> {
    let over = mounts.iter().filter(|mount| path.starts_with(&mount.point));
    over.max_by_key(|mount| mount.point.components().count())
}

fn found(
    mounts: &[Mounted],
    paths: &[PathBuf],
    canonical: &dyn Fn(&Path) -> io::Result<PathBuf>,
    ask: &dyn Fn(&Path, bool) -> Option<Space>,
) -> Disks {
    let mut disks = Disks::default();
    let mut by_key: BTreeMap<String, (&Mounted, Vec<usize>)> = BTreeMap::new();
    for (place, path) in paths.iter().enumerate() {
        if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
            disks.unseen.push(place);
            continue;
        }
        // Links are followed only where that can't hang.
        let own = match below(mounts, path) {
            Some(mount) if !mount.is_elsewhere() => match canonical(path) {
                Ok(own) => own,
                // We may not look: it is where it says, as far as we know.
                Err(why) if why.kind() == io::ErrorKind::PermissionDenied => path.clone(),
                Err(_) => {
                    disks.unseen.push(place);
                    continue;
                }
            },
            _ => path.clone(),
        };
        let Some(mount) = below(mounts, &own) else {
            disks.unseen.push(place);
            continue;
        };
        by_key.entry(mount.key()).or_insert((mount, Vec::new())).1.push(place);
    }
    let shown = |text: &str| label(text, NAME).to_string();
    disks.disks = by_key
        .into_values()
        .map(|(mount, holds)| Disk {
            mount: shown(&mount.point.to_string_lossy()),
            source: shown(&mount.source),
            kind: shown(&mount.kind),
            read_only: mount.read_only,
            space: ask(&mount.point, mount.is_elsewhere()),
            holds,
        })
        .collect();
    disks.disks.sort_by(|a, b| a.mount.cmp(&b.mount));
    disks
}

/// Mount points that were asked and have not answered yet.
static SILENT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn ask(point: &Path, elsewhere: bool) -> Option<Space> {
    if !elsewhere {
        return space(point).ok();
    }
    let silent = || SILENT.lock().unwrap_or_else(PoisonError::into_inner);
    if !silent().insert(point.to_owned()) {
        return None;
    }
    let (tell, told) = mpsc::channel();
    let point = point.to_owned();
    // A thread of its own: nothing ends a call to a server that is gone.
    let asker = std::thread::Builder::new().name("disk".to_owned()).spawn(move || {
        let space = space(&point).ok();
        SILENT.lock().unwrap_or_else(PoisonError::into_inner).remove(&point);
        let _ = tell.send(space);
    });
    asker.ok()?;
    told.recv_timeout(PATIENCE).ok().flatten()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    const TABLE: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:5 / /proc rw - proc proc rw
30 22 8:17 / /var/lib/docker rw,relatime - xfs /dev/sdb1 rw
31 30 8:17 /volumes/x /mnt/x rw,relatime - xfs /dev/sdb1 rw
40 22 0:50 / /srv/my\\040share ro,relatime - nfs4 nas:/export rw
41 22 0:60 / /data rw - btrfs /dev/sdc rw
42 41 0:61 /@db /data/db rw - btrfs /dev/sdc rw
garbage
";

    fn look(paths: &[&str], ask: &dyn Fn(&Path, bool) -> Option<Space>) -> Disks {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let canonical = |path: &Path| match path.to_str().unwrap() {
            "/link" => Ok(PathBuf::from("/var/lib/docker/there")),
            "/gone" => Err(io::ErrorKind::NotFound.into()),
            path if path.starts_with("/var/lib/docker/volumes") => {
                Err(io::ErrorKind::PermissionDenied.into())
            }
            path if path.starts_with("/srv/my share") => panic!("a link on a server is not followed"),
            path => Ok(PathBuf::from(path)),
        };
        found(&mounts(TABLE), &paths, &canonical, ask)
    }

    #[test]
    fn each_file_system_is_told_once_with_what_lies_on_it() {
        let full = Space { used: 1, total: 2, free: 1, inodes: None };
        let ask = |point: &Path, elsewhere: bool| {
            assert_eq!(elsewhere, point == Path::new("/srv/my share"));
            (!elsewhere).then_some(full)
        };
        let paths = [
            "/",
            "/var/lib/docker",
            "/var/lib/docker/volumes/a/_data",
            "/link",
            "/mnt/x/y",
            "/srv/my share/z",
            "/gone",
            "relative",
            "/data/db/1",
            "/data",
            "/../etc",
            "/var/lib/dockerish",
        ];
        let disks = look(&paths, &ask);
        let brief: Vec<_> = disks.disks.iter().map(|d| (d.mount.as_str(), d.holds.clone())).collect();
        assert_eq!(
            brief,
            [
                ("/", vec![0, 11]),
                ("/data/db", vec![8, 9]),
                ("/srv/my share", vec![5]),
                ("/var/lib/docker", vec![1, 2, 3, 4]),
            ]
        );
        assert_eq!(disks.unseen, [6, 7, 10]);
        let nas = disks.disks.iter().find(|d| d.kind == "nfs4").unwrap();
        assert_eq!((nas.read_only, nas.space, nas.source.as_str()), (true, None, "nas:/export"));
    }

    #[test]
    fn this_machines_root_is_found_and_some_of_it_is_used() {
        let disks = disks(&[PathBuf::from("/"), PathBuf::from("/proc/self")]).unwrap();
        let root = disks.disks.iter().find(|disk| disk.holds.contains(&0)).unwrap();
        let space = root.space.unwrap();
        assert!(space.used > 0 && space.used <= space.total && space.free <= space.total);
    }

    #[test]
    fn a_server_is_asked_on_a_thread_of_its_own() {
        assert!(ask(Path::new("/"), true).is_some_and(|space| space.total > 0));
        assert!(ask(Path::new("/"), true).is_some(), "it has answered, so it is asked again");
    }
}
