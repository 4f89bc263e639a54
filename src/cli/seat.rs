//! Where the user sits: the branch a change must not saw off.

use std::fs;

use super::setup::env;
use crate::operate::Seat;

/// What this process can tell about how it is reached, and how it reaches the engine.
pub(super) fn current(endpoint: &str) -> Seat {
    Seat {
        ssh_port: env("SSH_CONNECTION").and_then(|text| ssh_port(&text)),
        engine_port: engine_port(endpoint),
        container: fs::read_to_string("/proc/self/mountinfo").ok().and_then(|text| container(&text)),
    }
}

/// The server's port in `CLIENT PORT SERVER PORT`.
fn ssh_port(connection: &str) -> Option<u16> {
    connection.split_whitespace().nth(3)?.parse().ok()
}

/// The port of an engine on this machine.
fn engine_port(endpoint: &str) -> Option<u16> {
    let (scheme, rest) = endpoint.split_once("://")?;
    if scheme == "unix" || scheme == "npipe" {
        return None;
    }
    let (host, port) = rest.split('/').next()?.rsplit_once(':')?;
    let here = matches!(host, "localhost" | "[::1]") || host.starts_with("127.");
    port.parse().ok().filter(|_| here)
}

/// The container this process runs in, by the files its engine mounts into it:
/// `…/containers/ID/hostname` over `/etc/hostname`.
fn container(mountinfo: &str) -> Option<String> {
    mountinfo.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(3);
        let (root, place) = (fields.next()?, fields.next()?);
        if !matches!(place, "/etc/hostname" | "/etc/resolv.conf" | "/etc/hosts") {
            return None;
        }
        let is_id = |part: &&str| part.len() == 64 && part.bytes().all(|b| b.is_ascii_hexdigit());
        root.split('/').find(is_id).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_and_the_engine_are_reached_by_ports() {
        assert_eq!(ssh_port("10.0.0.3 51514 10.0.0.9 2222"), Some(2222));
        assert_eq!(ssh_port("nonsense"), None);
        for (endpoint, port) in [
            ("tcp://127.0.0.1:2375", Some(2375)),
            ("tcp://localhost:2376", Some(2376)),
            ("tcp://[::1]:2375", Some(2375)),
            ("tcp://10.0.0.3:2375", None),
            ("unix:///var/run/docker.sock", None),
            ("demo", None),
        ] {
            assert_eq!(engine_port(endpoint), port, "{endpoint}");
        }
    }

    #[test]
    fn a_container_is_known_by_what_its_engine_mounts() {
        let id = "0123456789abcdef".repeat(4);
        let inside = format!(
            "600 599 0:30 / / rw - overlay overlay rw\n\
             612 600 8:1 /var/lib/docker/containers/{id}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n"
        );
        assert_eq!(container(&inside), Some(id));
        assert_eq!(container("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"), None);
    }
}
