//! Where the user sits: found out once, so that no plan saws that branch off unsaid.

use std::path::Path;

use super::Seat;

impl Seat {
    /// By this process's environment and files. `endpoint`: where the engine is reached, as
    /// [`crate::engine::Engine::endpoint`] says it. Reads two small files; does not block otherwise.
    pub fn here(endpoint: &str) -> Self {
        let session = std::env::var("SSH_CONNECTION").ok();
        let inside = Path::new("/.dockerenv").exists() || Path::new("/run/.containerenv").exists();
        let host = std::fs::read_to_string("/etc/hostname").ok().filter(|_| inside);
        Self::of(session.as_deref(), endpoint, host.as_deref())
    }

    /// By what is known: `SSH_CONNECTION` (`client port server port`), the engine's endpoint, and
    /// the host name where this is a container.
    fn of(session: Option<&str>, endpoint: &str, container: Option<&str>) -> Self {
        let ssh_port = session.and_then(|s| s.split_whitespace().nth(3)).and_then(|port| port.parse().ok());
        let address =
            endpoint.split_once("://").filter(|(scheme, _)| matches!(*scheme, "tcp" | "http" | "https"));
        let engine_port = address.and_then(|(_, address)| {
            let address = address.split('/').next().unwrap_or_default();
            address.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
        });
        let container = container.map(str::trim).filter(|name| !name.is_empty()).map(ToOwned::to_owned);
        Self { ssh_port, engine_port, container }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_branch_is_found() {
        let seat =
            Seat::of(Some("10.0.0.3 50122 10.0.0.9 2222"), "tcp://127.0.0.1:2375", Some("0123456789ab\n"));
        assert_eq!((seat.ssh_port, seat.engine_port), (Some(2222), Some(2375)));
        assert_eq!(seat.container.as_deref(), Some("0123456789ab"));
        let at_home = Seat::of(None, "unix:///var/run/docker.sock", None);
        assert_eq!(at_home, Seat::default());
        for odd in ["", "x", "1 2 3", "a b c d", "1 2 3 99999"] {
            assert_eq!(Seat::of(Some(odd), "ssh://root@prod-1", Some(" ")), Seat::default(), "{odd}");
        }
        assert_eq!(Seat::of(None, "https://[::1]:2376/v1", None).engine_port, Some(2376));
    }
}
