//! One thing to probe: which service, where, how, how often. Pure.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::config::{Expect, ExpectJson, ProbeRule, Scalar, Secret};
use crate::fleet::{EngineInfo, Protocol, Purpose, Replica, ReplicaId, ServiceId};

/// What tells one probe from every other: the service, the replica (`None` = the service as a
/// whole), and the probe's name.
pub type Key = (ServiceId, Option<ReplicaId>, Arc<str>);

/// One thing to probe.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Whose it is.
    pub service: ServiceId,
    /// The replica; `None` = the service as a whole.
    pub replica: Option<ReplicaId>,
    /// The probe's name, sanitised.
    pub name: Arc<str>,
    /// What a failure means.
    pub purpose: Purpose,
    /// Who asks for it.
    pub source: Source,
    /// What is asked.
    pub check: Check,
    /// Where.
    pub goal: Goal,
    /// How often.
    pub pace: Pace,
    /// When the replica started, where known.
    pub started: Option<Timestamp>,
}

impl Target {
    /// What tells it from every other.
    pub fn key(&self) -> Key {
        (self.service.clone(), self.replica.clone(), self.name.clone())
    }

    /// Whether it is the same thing at the same place: what was found out about the one holds for
    /// the other. A start time that was not known before makes no other.
    pub(super) fn is_still(&self, other: &Self) -> bool {
        let same_run = self.started.is_none() || other.started.is_none() || self.started == other.started;
        same_run && Self { started: None, ..self.clone() } == Self { started: None, ..other.clone() }
    }
}

/// Who asks for a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The nth `[[probe]]` of the config, from 1.
    Config(usize),
    /// A label of the container, in full.
    Label(Arc<str>),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(n) => write!(f, "config [[probe]] {n}"),
            Self::Label(name) => write!(f, "label {name}"),
        }
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    /// An HTTP request.
    Http(Arc<Http>),
    /// That it can be connected to.
    Tcp,
    /// A command in the replica.
    Exec(Arc<[String]>),
    /// `PostgreSQL`'s greeting.
    Postgres,
    /// Redis' PING.
    Redis,
    /// `MongoDB`'s hello.
    Mongodb,
    /// Kafka's `ApiVersions`.
    Kafka,
}

impl Check {
    /// Its word in config and labels.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Http(http) if http.tls => "https",
            Self::Http(_) => "http",
            Self::Tcp => "tcp",
            Self::Exec(_) => "exec",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Mongodb => "mongodb",
            Self::Kafka => "kafka",
        }
    }
}

/// An HTTP request, and what its answer must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Http {
    /// By TLS.
    pub tls: bool,
    /// The method.
    pub method: Arc<str>,
    /// Headers; names are good ones.
    pub headers: Vec<(String, Secret)>,
    /// What the answer must be, filled in for the service.
    pub expect: Expect,
    /// How many redirects are followed.
    pub redirects: u8,
    /// Whether the certificate must be good.
    pub verify_tls: bool,
}

impl Http {
    pub(super) fn new(rule: &ProbeRule, service: &ServiceId, tls: bool) -> Self {
        let filled = |json: &ExpectJson| ExpectJson {
            pointer: json.pointer.clone(),
            equals: match &json.equals {
                Scalar::Text(text) => Scalar::Text(fill(text, service)),
                other => other.clone(),
            },
        };
        let expect = Expect { json: rule.expect.json.as_ref().map(filled), ..rule.expect.clone() };
        Self {
            tls,
            method: rule.method.as_str().into(),
            headers: rule.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            expect,
            redirects: rule.redirects,
            verify_tls: rule.verify_tls,
        }
    }

    /// As a label asks: it is the container's own, so its certificate need not be anybody's.
    pub fn plain(tls: bool) -> Self {
        Self {
            tls,
            method: "GET".into(),
            headers: Vec::new(),
            expect: Expect::default(),
            redirects: 0,
            verify_tls: false,
        }
    }
}

/// Where a probe goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// To a URL.
    Url(Arc<str>),
    /// To a socket; with a path where it speaks HTTP.
    Socket {
        /// A name or address, without brackets.
        host: Arc<str>,
        /// The port.
        port: u16,
        /// It is published by the engine, which may accept for a replica that does not.
        proxied: bool,
        /// The path, or nothing.
        path: Arc<str>,
    },
    /// Into the replica.
    Inside,
    /// To a replica of an engine that is simulated: nothing leaves the process.
    Simulated {
        /// The port inside the container.
        port: u16,
        /// The path, or nothing.
        path: Arc<str>,
    },
    /// Nowhere: it can't be reached, and why (one clause).
    Nowhere(Arc<str>),
}

impl Goal {
    /// The same with a path.
    #[must_use]
    pub fn at(self, to: &str) -> Self {
        match self {
            Self::Socket { host, port, proxied, .. } => Self::Socket { host, port, proxied, path: to.into() },
            Self::Simulated { port, .. } => Self::Simulated { port, path: to.into() },
            other => other,
        }
    }

    /// Where an HTTP request goes, for humans; why it goes nowhere.
    pub fn url(&self, tls: bool) -> String {
        url(self, tls).unwrap_or_else(|| self.words())
    }

    /// For humans: `172.18.0.3:3000`, a URL, `inside`; why not.
    pub fn words(&self) -> String {
        match self {
            Self::Url(url) => url.to_string(),
            Self::Socket { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Socket { host, port, .. } => format!("{host}:{port}"),
            Self::Inside => "inside".into(),
            Self::Simulated { port, .. } => format!("demo:{port}"),
            Self::Nowhere(why) => why.to_string(),
        }
    }
}

/// Where an HTTP request goes.
pub(super) fn url(goal: &Goal, tls: bool) -> Option<String> {
    let scheme = if tls { "https" } else { "http" };
    match goal {
        Goal::Url(url) => Some(url.to_string()),
        Goal::Socket { host, port, path, .. } if host.contains(':') => {
            Some(format!("{scheme}://[{host}]:{port}{path}"))
        }
        Goal::Socket { host, port, path, .. } => Some(format!("{scheme}://{host}:{port}{path}")),
        _ => None,
    }
}

/// How often a probe is made, and what counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From the beginning of one attempt to that of the next.
    pub interval: Duration,
    /// How long an attempt may take.
    pub timeout: Duration,
    /// How often in a row it must fail before it counts.
    pub retries: u32,
    /// How long after the start failures do not count.
    pub start_period: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let ProbeRule { interval, timeout, retries, start_period, .. } = ProbeRule::default();
        Self { interval, timeout, retries, start_period }
    }
}

/// How the land lies: whether containers' own addresses can be reached from here, and where their
/// published ports are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lay {
    local: bool,
    simulated: bool,
    /// The engine's host as this machine reaches it.
    host: Arc<str>,
}

impl Lay {
    /// As the engine tells.
    pub fn of(engine: Option<&EngineInfo>) -> Self {
        let Some(engine) = engine else { return Self { host: "127.0.0.1".into(), ..Self::default() } };
        let remote = ["tcp://", "ssh://", "http://", "https://"];
        let address = remote.iter().find_map(|scheme| engine.endpoint.strip_prefix(scheme));
        let host = address.map_or("127.0.0.1", host_of);
        Self { local: engine.local, simulated: engine.kind == "demo", host: host.into() }
    }

    /// How to get to a port of a replica: at its own address where that can be reached, because
    /// what is published may be accepted by the engine for a replica that does not; else where it
    /// is published.
    pub fn reach(&self, replica: &Replica, port: u16) -> Goal {
        if self.simulated {
            return Goal::Simulated { port, path: "".into() };
        }
        let socket =
            |host: String, port, proxied| Goal::Socket { host: host.into(), port, proxied, path: "".into() };
        let here = replica.placed.as_ref().is_none_or(|placed| placed.here);
        if let Some(own) = replica.addresses.first().filter(|_| self.local && here) {
            return socket(own.to_string(), port, false);
        }
        let published =
            replica.ports.iter().filter(|it| it.container == port && it.protocol == Protocol::Tcp);
        let mut published: Vec<(IpAddr, u16)> = published.filter_map(|it| it.host).collect();
        // Those that are reached from anywhere first, IPv4 before IPv6.
        published.sort_by_key(|(ip, _)| (ip.is_loopback(), ip.is_ipv6()));
        let elsewhere = !self.local && &*self.host != "127.0.0.1";
        match published.first() {
            Some((ip, _)) if ip.is_loopback() && elsewhere => {
                nowhere(format!("port {port} is published on the loopback of the engine's machine only"))
            }
            Some((ip, port)) if ip.is_unspecified() => socket(self.host.to_string(), *port, true),
            Some((ip, port)) => socket(ip.to_string(), *port, true),
            None if self.local => {
                nowhere(format!("no address of its own is known, and port {port} is not published"))
            }
            None => nowhere(format!("port {port} is not published, and the engine is on another machine")),
        }
    }

    /// The same for the only TCP port a replica has; `say` is how to say which.
    pub fn only(&self, replica: &Replica, say: &str) -> Goal {
        let tcp = replica.ports.iter().filter(|port| port.protocol == Protocol::Tcp);
        let mut ports: Vec<u16> = tcp.map(|port| port.container).collect();
        ports.sort_unstable();
        ports.dedup();
        match ports.as_slice() {
            [port] => self.reach(replica, *port),
            [] => nowhere(format!("it exposes no port: say which by {say}")),
            many => {
                let list: Vec<String> = many.iter().take(8).map(u16::to_string).collect();
                nowhere(format!("it has several ports ({}): say which by {say}", list.join(", ")))
            }
        }
    }
}

fn nowhere(why: String) -> Goal {
    Goal::Nowhere(why.into())
}

/// `user@host:port/path` → `host`.
fn host_of(address: &str) -> &str {
    let authority = address.split('/').next().unwrap_or(address);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    }
}

/// `{service}` and `{project}` filled in.
pub fn fill(text: &str, service: &ServiceId) -> String {
    if !text.contains('{') {
        return text.to_owned();
    }
    text.replace("{service}", &service.name).replace("{project}", service.project.as_deref().unwrap_or(""))
}

/// What a probe is called that nobody named: `http /health`, `tcp 5432`, `postgres`.
pub fn default_name(word: &str, detail: &str) -> Arc<str> {
    let name = if detail.is_empty() { word.to_owned() } else { format!("{word} {detail}") };
    crate::text::sanitize::label(&name, 60)
}
