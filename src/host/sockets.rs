//! Sockets of this machine that wait for connections, and the processes that have them open.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;

use super::locate::{cgroup_file, ids};
use super::parse;
use crate::fleet::{Listener, ListenerOwner, Protocol};
use crate::text::sanitize::label;

/// The kernel's own bound for the name of a process is 15; threads may set longer ones.
const NAME: usize = 32;

/// The kernel's tables: file, transport, and the state of a socket that waits.
const TABLES: [(&str, Protocol, &[u8]); 4] = [
    ("tcp", Protocol::Tcp, b"0A"),
    ("tcp6", Protocol::Tcp, b"0A"),
    ("udp", Protocol::Udp, b"07"),
    ("udp6", Protocol::Udp, b"07"),
];

/// Every listening socket in the network namespace of this process, by number. Owners of sockets
/// of other users are seen by root only; the others' are `None`.
///
/// Reads `/proc/self/net` and, once, the open files of every process: about 20 µs a process.
///
/// # Errors
/// There is no `/proc/self/net/tcp`: this is no Linux, or `/proc` is not mounted.
pub fn listening() -> io::Result<Vec<Listener>> {
    listening_in(Path::new("/"))
}

/// The same below another root.
fn listening_in(root: &Path) -> io::Result<Vec<Listener>> {
    let mut sockets: Vec<(Socket, Protocol)> = Vec::new();
    for (table, protocol, waits) in TABLES {
        match std::fs::read(root.join("proc/self/net").join(table)) {
            Ok(text) => {
                sockets.extend(parse::lines(&text).filter_map(|l| socket(l, waits)).map(|s| (s, protocol)));
            }
            // A kernel without IPv6 has no such table.
            Err(error) if table == "tcp" => return Err(error),
            Err(_) => {}
        }
    }
    let owners = owners(root, &sockets.iter().map(|(socket, _)| socket.inode).collect::<Vec<_>>());
    let mut listeners: Vec<Listener> = sockets
        .into_iter()
        .map(|(Socket { address, port, inode }, protocol)| Listener {
            address,
            port,
            protocol,
            owner: owners.get(&inode).cloned(),
        })
        .collect();
    listeners.sort_by_key(|listener| (listener.port, listener.protocol, listener.address));
    // A server with several accepting sockets on one port (SO_REUSEPORT) is one listener.
    listeners.dedup();
    Ok(listeners)
}

struct Socket {
    address: IpAddr,
    port: u16,
    inode: u64,
}

/// `0: 0100007F:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 12345 …`
fn socket(line: &[u8], waits: &[u8]) -> Option<Socket> {
    let mut words = parse::words(line).skip(1);
    let local = std::str::from_utf8(words.next()?).ok()?;
    if words.nth(1)? != waits {
        return None;
    }
    let inode = parse::number(words.nth(5)?)?;
    let (address, port) = local.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    (port != 0).then_some(Socket { address: self::address(address)?, port, inode })
}

/// An address as the kernel prints it: words of 32 bits, each in this machine's byte order.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let word = u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    match hex.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
        32 => {
            let mut bytes = [0; 16];
            for (n, part) in bytes.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&word(n * 8)?);
            }
            let address = Ipv6Addr::from(bytes);
            Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4))
        }
        _ => None,
    }
}

/// Which processes have these sockets open, as far as we may see: of several the lowest pid, which
/// is the one that made the others.
fn owners(root: &Path, inodes: &[u64]) -> HashMap<u64, ListenerOwner> {
    let mut pids: HashMap<u64, u32> = HashMap::new();
    let Ok(processes) = std::fs::read_dir(root.join("proc")) else { return HashMap::new() };
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // Of another user, or gone meanwhile.
        let Ok(files) = std::fs::read_dir(process.path().join("fd")) else { continue };
        for file in files.flatten() {
            let Ok(link) = std::fs::read_link(file.path()) else { continue };
            let Some(inode) = link.to_str().and_then(inode) else { continue };
            if inodes.contains(&inode) {
                pids.entry(inode).and_modify(|known| *known = pid.min(*known)).or_insert(pid);
            }
        }
    }
    pids.into_iter().map(|(inode, pid)| (inode, owner(root, pid))).collect()
}

/// `socket:[12345]`.
fn inode(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

fn owner(root: &Path, pid: u32) -> ListenerOwner {
    let name = std::fs::read(root.join(format!("proc/{pid}/comm"))).unwrap_or_default();
    let container = cgroup_file(root, pid).and_then(|text| ids(&text).last().map(Arc::from));
    ListenerOwner { pid, name: label(&String::from_utf8_lossy(&name), NAME), container }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::fmt::Write as _;
    use std::fs;

    use super::*;

    const HEAD: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode\n";

    /// A line of a table, as a kernel of this machine's byte order writes it.
    fn line(ip: IpAddr, port: u16, state: &str, inode: u64) -> String {
        let octets = match ip {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        let mut hex = String::new();
        for word in octets.chunks_exact(4) {
            write!(hex, "{:08X}", u32::from_ne_bytes(word.try_into().unwrap())).unwrap();
        }
        format!(
            "   0: {hex}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  0 0 {inode} 1 0\n"
        )
    }

    fn root(tables: &[(&str, String)], processes: &[(u32, &str, &str, &[u64])]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let net = root.path().join("proc/self/net");
        fs::create_dir_all(&net).unwrap();
        for (name, lines) in tables {
            fs::write(net.join(name), format!("{HEAD}{lines}")).unwrap();
        }
        for (pid, name, cgroup, inodes) in processes {
            let dir = root.path().join(format!("proc/{pid}"));
            fs::create_dir_all(dir.join("fd")).unwrap();
            fs::write(dir.join("comm"), format!("{name}\n")).unwrap();
            fs::write(dir.join("cgroup"), cgroup).unwrap();
            for (n, inode) in inodes.iter().enumerate() {
                std::os::unix::fs::symlink(format!("socket:[{inode}]"), dir.join(format!("fd/{n}"))).unwrap();
            }
        }
        root
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn listeners_have_addresses_and_owners() {
        let container = "c0ffee".repeat(10) + "c0ff";
        let tcp = line(ip("127.0.0.1"), 3001, "0A", 11) + &line(ip("10.0.0.7"), 40000, "01", 12);
        let tcp6 = line(ip("::"), 80, "0A", 13) + &line(ip("::ffff:10.0.0.7"), 81, "0A", 14);
        let udp = line(ip("0.0.0.0"), 53, "07", 15);
        let cgroup = format!("0::/system.slice/docker-{container}.scope\n");
        let root = root(
            &[("tcp", tcp), ("tcp6", tcp6), ("udp", udp)],
            &[
                (812, "node", "0::/user.slice\n", &[11]),
                (99, "nginx", &cgroup, &[13]),
                (100, "nginx", "", &[13]),
            ],
        );
        let found = listening_in(root.path()).unwrap();
        let brief = |l: &Listener| {
            let owner = l.owner.as_ref().map(|o| (o.pid, o.name.to_string(), o.container.is_some()));
            (l.port, l.protocol, l.address, owner)
        };
        assert_eq!(
            found.iter().map(brief).collect::<Vec<_>>(),
            [
                (53, Protocol::Udp, ip("0.0.0.0"), None),
                (80, Protocol::Tcp, ip("::"), Some((99, "nginx".to_owned(), true))),
                (81, Protocol::Tcp, ip("10.0.0.7"), None),
                (3001, Protocol::Tcp, ip("127.0.0.1"), Some((812, "node".to_owned(), false))),
            ]
        );
        assert_eq!(found[1].owner.as_ref().unwrap().container.as_deref(), Some(container.as_str()));
    }

    #[test]
    fn what_is_no_table_is_no_listener() {
        let root = root(&[("tcp", "garbage\n 1: zz:0050 x 0A\n\n".to_owned())], &[]);
        assert_eq!(listening_in(root.path()).unwrap(), []);
        assert!(listening_in(Path::new("/nowhere")).is_err());
    }

    #[test]
    fn our_own_listener_is_found_with_us_as_its_owner() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let found = listening().unwrap();
        let own = found.iter().find(|l| l.port == port && l.protocol == Protocol::Tcp).unwrap();
        assert_eq!(own.address, ip("127.0.0.1"));
        assert_eq!(own.owner.as_ref().unwrap().pid, std::process::id());
    }

    proptest::proptest! {
        #[test]
        fn anything_is_survived(line in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            socket(&line, b"0A");
        }
    }
}
