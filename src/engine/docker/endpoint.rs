//! Where an engine is reached: parsed addresses, pure but for the look at which socket exists.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::engine::EngineError;
use crate::text::sanitize::label;

/// Where the engine is, as resolved. Nothing was opened yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// One named unix socket.
    Unix(PathBuf),
    /// Nothing was named: the first of these sockets that can be used, looked up anew at every
    /// connect, because the engine may be installed or started while we wait.
    Usual(Vec<PathBuf>),
    /// TCP, with TLS or without.
    Tcp {
        /// Name or address, without brackets.
        host: String,
        /// Port.
        port: u16,
        /// TLS, where asked for.
        tls: Option<TlsFiles>,
    },
}

/// Which certificates to use. Read at connect, so that a file mended while we retry is seen.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct TlsFiles {
    /// Authorities to trust; `None` = the system's.
    pub ca: Option<PathBuf>,
    /// Our certificate.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// Whether the server's certificate is checked.
    pub verify: bool,
}

/// The port `tcp://host` means without TLS, and with.
const PORTS: (u16, u16) = (2375, 2376);

impl Endpoint {
    /// Parse an address as `docker --host` takes it. `named` says where it came from, for errors.
    ///
    /// # Errors
    /// [`EngineError::Settings`] for what is no address, [`EngineError::Unsupported`] for `ssh://`.
    pub(super) fn parse(raw: &str, tls: Option<TlsFiles>, named: &str) -> Result<Self, EngineError> {
        let shown = label(&without_credentials(raw), 200);
        let bad = |what: &str| EngineError::Settings {
            why: format!("{named} is {shown:?}: {what}"),
            remedy: "Use unix:///path/to/docker.sock or tcp://host:port.".into(),
        };
        let raw = raw.trim();
        // As the docker CLI: a bare host:port is tcp, a bare path is a socket.
        let (scheme, rest) = match raw.split_once("://") {
            Some(parts) => parts,
            None if raw.starts_with('/') => ("unix", raw),
            None => ("tcp", raw),
        };
        match scheme {
            "unix" if rest.is_empty() => Err(bad("the socket's path is missing")),
            "unix" => Ok(Self::Unix(PathBuf::from(rest))),
            "tcp" | "http" | "https" => {
                let tls = if scheme == "https" {
                    Some(tls.unwrap_or(TlsFiles { verify: true, ..TlsFiles::default() }))
                } else {
                    tls
                };
                let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
                let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
                let default = if tls.is_some() { PORTS.1 } else { PORTS.0 };
                let (host, port) =
                    split_port(authority, default).ok_or_else(|| bad("host or port is wrong"))?;
                Ok(Self::Tcp { host, port, tls })
            }
            "ssh" => Err(EngineError::Settings {
                why: format!("{named} is {shown}: quarterdeck can't dial ssh:// yet"),
                remedy: format!(
                    "Forward the socket (ssh -nNT -L /tmp/qd.sock:/var/run/docker.sock {}) and use --host unix:///tmp/qd.sock, or run qd on that machine.",
                    ssh_target(rest)
                ),
            }),
            "npipe" => Err(bad("named pipes exist on Windows only, where quarterdeck does not run")),
            "fd" => Err(bad("fd:// is how an engine listens, not how it is reached")),
            _ => Err(bad("that scheme is not known")),
        }
    }

    /// The socket to use now, for unix sockets: the named one; of the usual ones the first we may
    /// write to, else the first that exists, else the first (so that the error names the default).
    pub(super) fn socket(&self) -> Option<&Path> {
        match self {
            Self::Unix(path) => Some(path),
            Self::Usual(paths) => paths
                .iter()
                .find(|p| may_write(p))
                .or_else(|| paths.iter().find(|p| p.exists()))
                .or_else(|| paths.first())
                .map(PathBuf::as_path),
            Self::Tcp { .. } => None,
        }
    }

    /// Whether it is a unix socket, so that the engine is probably on this machine.
    pub(super) fn is_socket(&self) -> bool {
        !matches!(self, Self::Tcp { .. })
    }
}

#[cfg(unix)]
fn may_write(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn may_write(path: &Path) -> bool {
    path.exists()
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port, tls } => {
                let scheme = if tls.is_some() { "https" } else { "tcp" };
                let host = label(host, 200);
                if host.contains(':') {
                    write!(f, "{scheme}://[{host}]:{port}")
                } else {
                    write!(f, "{scheme}://{host}:{port}")
                }
            }
            Self::Unix(_) | Self::Usual(_) => {
                let path = self.socket().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
                write!(f, "unix://{}", label(&path, 300))
            }
        }
    }
}

/// `user:secret@host` without the secret.
fn without_credentials(raw: &str) -> String {
    let (scheme, rest) = raw.split_once("://").unwrap_or(("", raw));
    let rest = match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{user}@{host}")
        }
        None => rest.to_owned(),
    };
    if scheme.is_empty() { rest } else { format!("{scheme}://{rest}") }
}

/// `user@host:22` as arguments of ssh, reduced to what can't be taken for an option or a command.
fn ssh_target(rest: &str) -> String {
    let authority = without_credentials(rest.split('/').next().unwrap_or_default());
    let (target, port) = match authority.rsplit_once(':') {
        Some((target, port)) if port.parse::<u16>().is_ok() => (target, format!("-p {port} ")),
        _ => (authority.as_str(), String::new()),
    };
    let safe: String =
        target.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '@' | '.' | '-' | '_')).collect();
    format!("{port}{}", safe.trim_start_matches('-'))
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
fn split_port(authority: &str, default: u16) -> Option<(String, u16)> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        match after.strip_prefix(':') {
            Some(port) => (host, port.parse().ok()?),
            None if after.is_empty() => (host, default),
            None => return None,
        }
    } else {
        match authority.split_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, default),
        }
    };
    let host = if host.is_empty() { "localhost" } else { host };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
    (port != 0 && host.chars().all(fits)).then(|| (host.to_owned(), port))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(raw: &str) -> Result<Endpoint, EngineError> {
        Endpoint::parse(raw, None, "DOCKER_HOST")
    }

    #[test]
    fn addresses_as_the_docker_cli_takes_them() {
        for (raw, shown) in [
            ("unix:///var/run/docker.sock", "unix:///var/run/docker.sock"),
            ("/run/x.sock", "unix:///run/x.sock"),
            ("tcp://10.0.0.3", "tcp://10.0.0.3:2375"),
            ("tcp://10.0.0.3:99", "tcp://10.0.0.3:99"),
            ("10.0.0.3:99", "tcp://10.0.0.3:99"),
            ("tcp://[::1]:99", "tcp://[::1]:99"),
            ("http://box/", "tcp://box:2375"),
            ("https://box", "https://box:2376"),
            ("tcp://:2375", "tcp://localhost:2375"),
        ] {
            assert_eq!(parse(raw).unwrap().to_string(), shown, "{raw}");
        }
    }

    #[test]
    fn what_is_no_address_names_the_variable() {
        for raw in
            ["", "unix://", "tcp://box:port", "tcp://box:0", "gopher://x", "tcp://a b", "npipe:////./pipe/x"]
        {
            let Err(EngineError::Settings { why, remedy }) = parse(raw) else {
                assert_eq!(raw, "", "only an empty host may pass, as localhost");
                continue;
            };
            assert!(why.contains("DOCKER_HOST"), "{why}");
            assert!(!remedy.is_empty());
        }
    }

    #[test]
    fn ssh_says_what_to_do_and_shows_no_password() {
        let Err(EngineError::Settings { why, remedy }) = parse("ssh://ann:hunter2@box:2222") else {
            unreachable!("ssh is not dialled");
        };
        assert!(!why.contains("hunter2") && !remedy.contains("hunter2"));
        assert!(remedy.contains("-p 2222 ann@box"), "{remedy}");
        let Err(EngineError::Settings { remedy, .. }) = parse("ssh://-oProxyCommand=touch /tmp/x;@h") else {
            unreachable!("ssh is not dialled");
        };
        assert!(!remedy.contains(";@") && !remedy.contains(" -oProxy"), "{remedy}");
    }

    #[test]
    fn credentials_and_escapes_in_an_address_are_not_shown() {
        let Err(EngineError::Settings { why, .. }) = parse("\u{1b}[31mgopher://ann:hunter2@x") else {
            unreachable!("not a scheme");
        };
        assert!(!why.contains("hunter2") && !why.contains('\u{1b}'), "{why}");
        assert_eq!(parse("tcp://ann:hunter2@box:1").unwrap().to_string(), "tcp://box:1");
    }

    #[test]
    fn of_the_usual_sockets_the_first_that_exists_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let there = dir.path().join("podman.sock");
        let usual = Endpoint::Usual(vec![dir.path().join("docker.sock"), there.clone()]);
        assert!(usual.to_string().ends_with("docker.sock"), "the default is named while none exists");
        std::fs::write(&there, "").unwrap();
        assert_eq!(usual.socket(), Some(there.as_path()));
    }
}
