//! The reader on fake trees: v1, v2, both, and what goes missing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use super::super::network::net_path;
use super::*;
use crate::fleet::EngineId;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const OTHER: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

struct Tree(tempfile::TempDir);

impl Tree {
    fn new(mountinfo: &str) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        tree.write("proc/self/mountinfo", mountinfo);
        tree.net("self", "eth0", 7, 7);
        tree
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.0.path().join(path)).unwrap();
    }

    fn net(&self, pid: &str, name: &str, rx: u64, tx: u64) {
        let head = "Inter-| Receive | Transmit\n face |bytes packets\n";
        let lo = "    lo: 5000 1 0 0 0 0 0 0 5000 1 0 0 0 0 0 0\n";
        let line = format!("  {name}: {rx} 1 0 0 0 0 0 0 {tx} 1 0 0 0 0 0 0\n");
        self.write(&format!("proc/{pid}/net/dev"), &format!("{head}{lo}{line}"));
    }

    /// The namespace link of a process, as the kernel shows it.
    fn namespace(&self, pid: &str, number: u32) {
        let dir = self.0.path().join(format!("proc/{pid}/ns"));
        fs::create_dir_all(&dir).unwrap();
        std::os::unix::fs::symlink(format!("net:[{number}]"), dir.join("net")).unwrap();
    }

    fn reader(&self, keep: usize) -> UsageReader {
        UsageReader::with_budget(self.0.path(), Budget::new(keep))
    }

    fn root(&self) -> &Path {
        self.0.path()
    }
}

const V2: &str = "30 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
const V1: &str = "\
31 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
32 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 23 0:28 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio
34 23 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
";

fn target(id: &str, pid: Option<u32>) -> Target {
    Target { replica: ReplicaId { engine: EngineId::new("docker"), id: id.into() }, pid }
}

/// A container on v2 under systemd, with an init system of its own below its cgroup.
fn v2() -> (Tree, String) {
    let tree = Tree::new(V2);
    let dir = format!("sys/fs/cgroup/system.slice/docker-{ID}.scope");
    tree.write("proc/42/cgroup", &format!("0::/system.slice/docker-{ID}.scope/init.scope\n"));
    tree.net("42", "eth0", 1000, 2000);
    tree.write(&format!("{dir}/cpu.stat"), "usage_usec 1000000\nuser_usec 1\n");
    tree.write(&format!("{dir}/memory.current"), "5000000\n");
    tree.write(&format!("{dir}/memory.stat"), "anon 1\ninactive_file 1000000\n");
    tree.write(&format!("{dir}/io.stat"), "8:0 rbytes=0 wbytes=4096 rios=0 wios=1\n");
    tree.write(&format!("{dir}/pids.current"), "3\n");
    tree.write(&format!("{dir}/cgroup.procs"), "");
    (tree, dir)
}

fn v1() -> Tree {
    let tree = Tree::new(V1);
    tree.write(
        "proc/42/cgroup",
        &format!(
            "9:name=systemd:/docker/{ID}\n4:memory:/docker/{ID}\n3:cpu,cpuacct:/docker/{ID}\n\
             2:blkio:/docker/{ID}\n1:pids:/docker/{ID}\n0::/\n"
        ),
    );
    tree.net("42", "eth0", 0, 0);
    tree.write(&format!("sys/fs/cgroup/cpu,cpuacct/docker/{ID}/cpuacct.usage"), "1000000000\n");
    tree.write(&format!("sys/fs/cgroup/memory/docker/{ID}/memory.usage_in_bytes"), "5000000\n");
    tree.write(
        &format!("sys/fs/cgroup/memory/docker/{ID}/memory.stat"),
        "inactive_file 5\ntotal_inactive_file 1000000\n",
    );
    tree.write(
        &format!("sys/fs/cgroup/blkio/docker/{ID}/blkio.throttle.io_service_bytes"),
        "8:0 Read 0\n8:0 Write 4096\nTotal 4096\n",
    );
    tree.write(&format!("sys/fs/cgroup/pids/docker/{ID}/pids.current"), "3\n");
    tree
}

fn only(usages: Vec<(ReplicaId, Usage)>) -> Usage {
    let [(id, usage)] = usages.try_into().expect("one replica");
    assert_eq!(&*id.id, ID);
    usage
}

fn pause() {
    std::thread::sleep(Duration::from_millis(40));
}

#[test]
fn the_first_sweep_has_levels_and_the_second_rates() {
    let (tree, dir) = v2();
    // With descriptors kept, and with each file reopened: the same.
    for keep in [100, 2, 0] {
        tree.write(&format!("{dir}/cpu.stat"), "usage_usec 1000000\n");
        tree.net("42", "eth0", 1000, 2000);
        let mut reader = tree.reader(keep);
        reader.set(vec![target(ID, Some(42))]);
        let first = only(reader.sweep());
        let levels = Usage { memory: Some(4_000_000), pids: Some(3), ..Usage::default() };
        assert_eq!(first, levels, "keep {keep}");
        pause();
        tree.write(&format!("{dir}/cpu.stat"), "usage_usec 1100000\n");
        tree.net("42", "eth0", 2000, 2000);
        let second = only(reader.sweep());
        // 0.1 s of CPU time within 40 ms and some: at most 2.5 cores.
        let cpu = second.cpu.expect("cpu");
        assert!(cpu > 0.05 && cpu <= 2.5, "{cpu}");
        assert!(second.net_rx.expect("rx") > 0.0);
        assert_eq!((second.net_tx, second.block_read, second.block_write), (Some(0.0), Some(0.0), Some(0.0)));
    }
}

#[test]
fn v1_counts_the_same_things_under_other_names() {
    let tree = v1();
    let mut reader = tree.reader(100);
    reader.set(vec![target(ID, Some(42))]);
    let first = only(reader.sweep());
    assert_eq!((first.memory, first.pids), (Some(4_000_000), Some(3)));
    pause();
    tree.write(&format!("sys/fs/cgroup/cpu,cpuacct/docker/{ID}/cpuacct.usage"), "1040000000\n");
    tree.write(
        &format!("sys/fs/cgroup/blkio/docker/{ID}/blkio.throttle.io_service_bytes"),
        "8:0 Read 8192\n8:0 Write 4096\n",
    );
    let second = only(reader.sweep());
    assert!(second.cpu.is_some_and(|cpu| cpu > 0.02 && cpu <= 1.0), "{second:?}");
    assert!(second.block_read.is_some_and(|rate| rate > 0.0));
    assert_eq!(second.block_write, Some(0.0));
}

#[test]
fn what_v1_lacks_comes_from_v2_beside_it() {
    let tree = Tree::new(&format!(
        "{}{}",
        "32 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
        "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    ));
    tree.write("proc/42/cgroup", &format!("4:memory:/docker/{ID}\n0::/docker/{ID}\n"));
    tree.write(&format!("sys/fs/cgroup/memory/docker/{ID}/memory.usage_in_bytes"), "10\n");
    tree.write(&format!("sys/fs/cgroup/memory/docker/{ID}/memory.stat"), "total_inactive_file 4\n");
    tree.write(&format!("sys/fs/cgroup/unified/docker/{ID}/cpu.stat"), "usage_usec 1\n");
    let mut reader = tree.reader(100);
    reader.set(vec![target(ID, Some(42))]);
    assert_eq!(only(reader.sweep()).memory, Some(6));
    pause();
    let usage = only(reader.sweep());
    assert_eq!((usage.cpu, usage.pids, usage.block_read), (Some(0.0), None, None));
}

#[test]
fn a_file_that_is_absent_or_silent_is_missing_and_not_zero() {
    let (tree, dir) = v2();
    for file in ["cpu.stat", "memory.stat", "io.stat"] {
        tree.remove(&format!("{dir}/{file}"));
    }
    tree.write(&format!("{dir}/pids.current"), "0\n");
    tree.net("42", "lo", 1, 1);
    let mut reader = tree.reader(100);
    reader.set(vec![target(ID, Some(42))]);
    reader.sweep();
    pause();
    assert_eq!(only(reader.sweep()), Usage::default());
}

#[test]
fn a_container_without_a_cgroup_of_its_own_is_not_read() {
    let tree = Tree::new(V2);
    tree.write("proc/42/cgroup", "0::/user.slice\n");
    tree.write("sys/fs/cgroup/user.slice/memory.current", "999\n");
    tree.write("sys/fs/cgroup/user.slice/memory.stat", "inactive_file 0\n");
    let mut reader = tree.reader(100);
    reader.set(vec![target(ID, Some(42))]);
    assert_eq!(reader.sweep(), []);
}

#[test]
fn without_a_pid_the_container_is_looked_for() {
    let (tree, dir) = v2();
    // A container inside it: its processes name both, and must not be taken for the outer's.
    tree.write("proc/7/cgroup", &format!("0::/system.slice/docker-{ID}.scope/docker/{OTHER}\n"));
    tree.write(&format!("{dir}/docker/{OTHER}/memory.current"), "70\n");
    tree.write(&format!("{dir}/docker/{OTHER}/memory.stat"), "inactive_file 0\n");
    tree.write("proc/42/cgroup", &format!("0::/system.slice/docker-{ID}.scope\n"));
    tree.net("7", "eth0", 1, 1);
    let mut reader = tree.reader(100);
    reader.set(vec![target(ID, None), target(OTHER, None)]);
    let usages = reader.sweep();
    let memory: Vec<_> = usages.iter().map(|(id, usage)| (&*id.id, usage.memory)).collect();
    assert_eq!(memory, [(ID, Some(4_000_000)), (OTHER, Some(70))]);
    let found = scan(tree.root(), &[ID, OTHER]);
    assert_eq!((found[ID].0, found[OTHER].0), (42, 7));
}

#[test]
fn a_stale_pid_is_not_believed() {
    let (tree, _) = v2();
    // The pid told belongs to something else by now; the container runs under another.
    tree.write("proc/99/cgroup", "0::/user.slice\n");
    let mut reader = tree.reader(100);
    reader.set(vec![target(ID, Some(99))]);
    assert_eq!(only(reader.sweep()).memory, Some(4_000_000));
}

#[test]
fn a_vanished_cgroup_drops_its_replica_until_it_is_there_again() {
    let (tree, dir) = v2();
    let mut reader = tree.reader(0);
    reader.set(vec![target(ID, Some(42))]);
    assert_eq!(reader.sweep().len(), 1);
    tree.remove(&format!("{dir}/memory.current"));
    assert_eq!(reader.sweep(), []);
    assert_eq!(reader.sweep(), []);
    tree.write(&format!("{dir}/memory.current"), "3000000\n");
    tree.write("proc/43/cgroup", &format!("0::/system.slice/docker-{ID}.scope\n"));
    reader.set(vec![target(ID, Some(43))]);
    let usage = only(reader.sweep());
    assert_eq!((usage.memory, usage.cpu), (Some(2_000_000), None));
}

#[test]
fn the_hosts_network_is_not_the_containers() {
    let (tree, _) = v2();
    tree.namespace("1", 4_026_531_840);
    tree.namespace("42", 4_026_531_840);
    let mut reader = tree.reader(100);
    reader.set(vec![target(ID, Some(42))]);
    reader.sweep();
    pause();
    assert_eq!(only(reader.sweep()).net_rx, None);
}

#[test]
fn the_engines_network_is_the_hosts_even_when_it_is_not_ours() {
    let (tree, _) = v2();
    // 42 was forked by 41 in the same container, which was started by the shim 40.
    tree.write("proc/42/stat", "42 (a) (b) c) S 41 42 42 0\n");
    tree.write("proc/41/stat", "41 (init) S 40 41 41 0\n");
    tree.write("proc/41/cgroup", &format!("0::/system.slice/docker-{ID}.scope\n"));
    tree.write("proc/40/cgroup", "0::/system.slice/docker.service\n");
    for (pid, number) in [("1", 1), ("self", 1), ("40", 2), ("41", 3), ("42", 3)] {
        tree.namespace(pid, number);
    }
    assert!(net_path(tree.root(), ID, 42).is_some());
    tree.remove("proc/42/ns/net");
    tree.namespace("42", 2);
    assert_eq!(net_path(tree.root(), ID, 42), None);
}

#[test]
fn where_namespaces_are_hidden_the_counters_tell() {
    let (tree, _) = v2();
    tree.net("42", "eth0", 5_000_007, 7);
    tree.net("self", "eth0", 5_000_007, 7);
    assert_eq!(net_path(tree.root(), ID, 42), None);
    tree.net("self", "eth0", 5_000_009, 7);
    assert!(net_path(tree.root(), ID, 42).is_some());
    tree.net("self", "wlan0", 5_000_007, 7);
    assert!(net_path(tree.root(), ID, 42).is_some());
}

#[test]
fn when_its_first_process_ends_another_one_tells_of_the_network() {
    let (tree, dir) = v2();
    let mut reader = tree.reader(100);
    reader.set(vec![target(ID, Some(42))]);
    reader.sweep();
    tree.remove("proc/42/net/dev");
    tree.write(&format!("{dir}/cgroup.procs"), "57\n55\n");
    tree.net("55", "eth0", 3000, 2000);
    pause();
    assert!(only(reader.sweep()).net_rx.is_some_and(|rate| rate > 0.0));
}

#[test]
fn leaving_a_target_out_gives_its_descriptors_back() {
    let (tree, _) = v2();
    let budget = Budget::new(5);
    let mut reader = UsageReader::with_budget(tree.root(), budget.clone());
    reader.set(vec![target(ID, Some(42))]);
    assert_eq!(budget.left(), 0);
    reader.set(Vec::new());
    assert_eq!(budget.left(), 5);
    assert_eq!(reader.sweep(), []);
}
