//! Where cgroup hierarchies are mounted, from `/proc/self/mountinfo`.

use std::path::{Path, PathBuf};

/// One mounted hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// Where it is mounted, below the reader's root.
    point: PathBuf,
    /// Which of the hierarchy's directories is mounted there; `/` unless we are in a container
    /// ourselves.
    top: String,
}

impl Mount {
    /// The directory of a cgroup on this mount; `None` when it lies outside of what is mounted.
    pub(super) fn dir(&self, cgroup: &str) -> Option<PathBuf> {
        if cgroup.split('/').any(|part| part == "..") {
            return None;
        }
        let below = cgroup.strip_prefix(self.top.trim_end_matches('/'))?;
        (below.is_empty() || below.starts_with('/')).then(|| self.point.join(below.trim_start_matches('/')))
    }

    /// The mount point itself.
    pub(super) fn point(&self) -> &Path {
        &self.point
    }
}

/// All mounted cgroup hierarchies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mounts {
    /// The unified hierarchy (v2).
    pub(super) unified: Option<Mount>,
    /// v1 hierarchies: `cpuacct`, `memory`, … and where.
    pub(super) v1: Vec<(String, Mount)>,
}

impl Mounts {
    /// What is mounted now. Nothing where there are no cgroups, or no `/proc`.
    pub(super) fn read(root: &Path) -> Self {
        match std::fs::read_to_string(root.join("proc/self/mountinfo")) {
            Ok(text) => Self::parse(&text, root),
            Err(error) => {
                tracing::debug!(%error, "no mount table, so no direct usage");
                Self::default()
            }
        }
    }

    fn parse(text: &str, root: &Path) -> Self {
        let mut mounts = Self::default();
        for line in text.lines() {
            // 36 35 98:0 /top /point rw,noatime shared:1 - cgroup source rw,memory
            let Some((left, right)) = line.split_once(" - ") else { continue };
            let mut left = left.split(' ').skip(3);
            let (Some(top), Some(point)) = (left.next(), left.next()) else { continue };
            let mut right = right.split(' ');
            let (kind, options) = (right.next().unwrap_or(""), right.nth(1).unwrap_or(""));
            let mount =
                || Mount { point: root.join(unescape(point).trim_start_matches('/')), top: unescape(top) };
            match kind {
                "cgroup2" if mounts.unified.is_none() => mounts.unified = Some(mount()),
                "cgroup" => {
                    for controller in options.split(',').filter(|option| CONTROLLERS.contains(option)) {
                        if mounts.v1(controller).is_none() {
                            mounts.v1.push((controller.to_owned(), mount()));
                        }
                    }
                }
                _ => {}
            }
        }
        mounts
    }

    /// The v1 hierarchy of a controller.
    pub(super) fn v1(&self, controller: &str) -> Option<&Mount> {
        self.v1.iter().find(|(name, _)| name == controller).map(|(_, mount)| mount)
    }
}

/// The v1 controllers usage is read from.
const CONTROLLERS: [&str; 4] = ["cpuacct", "memory", "blkio", "pids"];

/// Mount tables write blanks and the like as `\040`.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let code = after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let (Some(code), Some(tail)) = (code, after.get(3..)) {
            out.push(char::from(code));
            rest = tail;
        } else {
            out.push('\\');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HYBRID: &str = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";

    #[test]
    fn a_hybrid_host_has_both() {
        let mounts = Mounts::parse(HYBRID, Path::new("/"));
        let dir = |mount: Option<&Mount>| mount.unwrap().dir("/docker/abc").unwrap();
        assert_eq!(dir(mounts.v1("cpuacct")), Path::new("/sys/fs/cgroup/cpu,cpuacct/docker/abc"));
        assert_eq!(dir(mounts.v1("memory")), Path::new("/sys/fs/cgroup/memory/docker/abc"));
        assert_eq!(dir(mounts.unified.as_ref()), Path::new("/sys/fs/cgroup/unified/docker/abc"));
        assert_eq!(mounts.v1("pids"), None);
    }

    #[test]
    fn only_what_is_below_the_mounted_directory_is_found() {
        let text = "1 2 0:3 /kubepods/pod1 /cg\\040roup rw - cgroup2 cgroup2 rw\n";
        let mount = Mounts::parse(text, Path::new("/")).unified.unwrap();
        assert_eq!(mount.dir("/kubepods/pod1/x").unwrap(), Path::new("/cg roup/x"));
        assert_eq!(mount.dir("/kubepods/pod12/x"), None);
        assert_eq!(mount.dir("/other"), None);
        assert_eq!(mount.dir("/../other"), None);
    }
}
