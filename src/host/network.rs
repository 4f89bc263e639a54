//! Whose network a container uses: its own, or the host's, which must not be counted as its own.

use std::path::Path;

use super::locate::cgroup_file;
use super::parse;

/// The file that counts a process's network, unless that is the host's own network.
pub(super) fn net_path(root: &Path, container: &str, pid: u32) -> Option<String> {
    let proc = |pid: &str| root.join("proc").join(pid);
    let network = |pid: &str| std::fs::read_link(proc(pid).join("ns/net")).ok();
    let counters = |pid: &str| proc(pid).join("net/dev");
    let own = pid.to_string();
    let is_host = match network(&own) {
        Some(namespace) => {
            // What started the container lives in the engine's network, which is what the container
            // gets as "host"; it need not be ours.
            let starter = outside_parent(root, container, pid).map(|pid| pid.to_string());
            let hosts = [starter.as_deref(), Some("1"), Some("self")];
            hosts.into_iter().flatten().any(|host| network(host).as_ref() == Some(&namespace))
        }
        // We may not look at its namespace, but its counters tell: the host's are the same as ours.
        None => have_same_interfaces(&counters(&own), &counters("self")),
    };
    if is_host { None } else { Some(counters(&own).to_str()?.to_owned()) }
}

/// Whether two `net/dev` are of one namespace: the same interfaces, and the counters of `a` lie
/// between those of `b` read just before and just after.
fn have_same_interfaces(a: &Path, b: &Path) -> bool {
    let names = |text: &[u8]| -> Vec<Vec<u8>> {
        parse::lines(text)
            .skip(2)
            .filter_map(|line| Some(line.split(|c| *c == b':').next()?.to_vec()))
            .collect()
    };
    let (Ok(before), Ok(text), Ok(after)) = (std::fs::read(b), std::fs::read(a), std::fs::read(b)) else {
        return false;
    };
    let between = match (parse::net_dev(&before), parse::net_dev(&text), parse::net_dev(&after)) {
        (Some(low), Some(own), Some(high)) => {
            (low.0..=high.0).contains(&own.0) && (low.1..=high.1).contains(&own.1)
        }
        _ => false,
    };
    between && names(&text) == names(&before)
}

/// The nearest ancestor of a container's process that is not in the container: what started it.
fn outside_parent(root: &Path, container: &str, pid: u32) -> Option<u32> {
    let mut pid = pid;
    for _ in 0..32 {
        let stat = std::fs::read_to_string(root.join(format!("proc/{pid}/stat"))).ok()?;
        // The name in parentheses may hold anything, so count from its end: state, parent.
        pid = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        if !cgroup_file(root, pid)?.contains(container) {
            return Some(pid);
        }
    }
    None
}
