//! Ports as the engine tells them ([`Port`]), and folded for display ([`fold`]).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

/// The transport of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// Lower case, as `docker ps` shows it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

/// One port of a replica: exposed, or exposed and published.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port {
    /// The port inside the container, 1–65535.
    pub container: u16,
    /// The transport.
    pub protocol: Protocol,
    /// The address on the host it is published at; `None` when it is only exposed.
    pub host: Option<(IpAddr, u16)>,
}

/// Where on the host a port is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bind {
    /// On all addresses: of IPv4, of IPv6, or both.
    Any {
        /// `0.0.0.0`.
        v4: bool,
        /// `::`.
        v6: bool,
    },
    /// On one address that other machines may reach.
    Address(IpAddr),
    /// On loopback: reachable from the host only.
    Loopback {
        /// `127.0.0.1` (or another of 127/8).
        v4: bool,
        /// `::1`.
        v6: bool,
    },
}

impl Bind {
    /// The bind without its family, so that both families of one port fold into one.
    fn of(address: IpAddr) -> Self {
        let (v4, v6) = (address.is_ipv4(), address.is_ipv6());
        if address.is_unspecified() {
            Self::Any { v4, v6 }
        } else if address.is_loopback() {
            Self::Loopback { v4, v6 }
        } else {
            Self::Address(address)
        }
    }

    /// The same with both families forgotten: the key under which families meet.
    fn without_family(self) -> Self {
        match self {
            Self::Any { .. } => Self::Any { v4: false, v6: false },
            Self::Loopback { .. } => Self::Loopback { v4: false, v6: false },
            address @ Self::Address(_) => address,
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any { v4: a, v6: b }, Self::Any { v4, v6 }) => Self::Any { v4: a || v4, v6: b || v6 },
            (Self::Loopback { v4: a, v6: b }, Self::Loopback { v4, v6 }) => {
                Self::Loopback { v4: a || v4, v6: b || v6 }
            }
            (a, _) => a,
        }
    }

    /// In full: `*`, `0.0.0.0`, `[::]`, `127.0.0.1`, `[fd00::1]`.
    fn words(self) -> String {
        match self {
            Self::Any { v4: true, v6: false } => "0.0.0.0".to_owned(),
            Self::Any { v4: false, v6: true } => "[::]".to_owned(),
            Self::Any { .. } => "*".to_owned(),
            Self::Loopback { v4: false, v6: true } => "[::1]".to_owned(),
            Self::Loopback { .. } => "127.0.0.1".to_owned(),
            Self::Address(IpAddr::V4(address)) => address.to_string(),
            Self::Address(IpAddr::V6(address)) => format!("[{address}]"),
        }
    }
}

/// A run of ports, first to last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First port.
    pub first: u16,
    /// Last port; the first again for a single port.
    pub last: u16,
}

impl Span {
    fn one(port: u16) -> Self {
        Self { first: port, last: port }
    }

    fn follows(self, port: u16) -> bool {
        self.last.checked_add(1) == Some(port)
    }

    /// `8000-8005`, or `8000`.
    fn words(self) -> String {
        if self.first == self.last { self.first.to_string() } else { format!("{}-{}", self.first, self.last) }
    }

    /// `3106-7`: what the last has in common with the first is left out.
    fn brief(self) -> String {
        let (first, last) = (self.first.to_string(), self.last.to_string());
        if first == last {
            return first;
        }
        let common = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
        let last = if first.len() == last.len() { last.get(common..).unwrap_or(&last) } else { &last };
        format!("{first}-{last}")
    }
}

/// Ports folded for display.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PortRange {
    /// Where it is published and at which host ports; `None` when it is only exposed.
    pub host: Option<(Bind, Span)>,
    /// The ports inside the container: as many as host ports, or one for all of them (replicas of
    /// one service published side by side).
    pub container: Span,
    /// The transport.
    pub protocol: Protocol,
}

impl PortRange {
    /// Reachable from the host only.
    pub fn is_loopback(&self) -> bool {
        matches!(self.host, Some((Bind::Loopback { .. }, _)))
    }

    /// For the grid: `3005`, `3106-7→3006`, `8000-8005`, `lo:9000`, `53/udp`; `(5432)` when only
    /// exposed. `arrow` is the glyph between host and container port.
    pub fn short(&self, arrow: &str) -> String {
        let mut text = String::new();
        match self.host {
            None => text.push_str(&self.container.words()),
            Some((bind, host)) => {
                match bind {
                    Bind::Any { .. } => {}
                    Bind::Loopback { .. } => text.push_str("lo:"),
                    Bind::Address(_) => {
                        let _ = write!(text, "{}:", bind.words());
                    }
                }
                if host == self.container {
                    text.push_str(&host.words());
                } else {
                    let _ = write!(text, "{}{arrow}{}", host.brief(), self.container.brief());
                }
            }
        }
        if self.protocol != Protocol::Tcp {
            let _ = write!(text, "/{}", self.protocol.word());
        }
        if self.host.is_none() { format!("({text})") } else { text }
    }

    /// For the ports tab: `127.0.0.1:3106-3107 → 3006/tcp`; `5432/tcp` when only exposed.
    pub fn long(&self, arrow: &str) -> String {
        let inside = format!("{}/{}", self.container.words(), self.protocol.word());
        match self.host {
            Some((bind, host)) => format!("{}:{} {arrow} {inside}", bind.words(), host.words()),
            None => inside,
        }
    }
}

/// Fold ports for display: both families of a published port into one, consecutive ports into
/// ranges; published ones first (open to all, then by address, then loopback), by number. A port
/// that is published somewhere is not told again as exposed.
pub fn fold(ports: &[Port]) -> Vec<PortRange> {
    // Sorted by what may form a range; the value gathers address families.
    let mut published: BTreeMap<(Bind, Protocol, u16, u16), Bind> = BTreeMap::new();
    for port in ports {
        if let Some((address, host)) = port.host {
            let bind = Bind::of(address);
            published
                .entry((bind.without_family(), port.protocol, host, port.container))
                .and_modify(|known| *known = known.or(bind))
                .or_insert(bind);
        }
    }
    let mut ranges: Vec<PortRange> = Vec::new();
    for ((_, protocol, host, container), bind) in &published {
        let next = PortRange {
            host: Some((*bind, Span::one(*host))),
            container: Span::one(*container),
            protocol: *protocol,
        };
        if !ranges.last_mut().is_some_and(|range| extend(range, &next)) {
            ranges.push(next);
        }
    }
    let is_published = |port: &Port| {
        published
            .keys()
            .any(|(_, protocol, _, inside)| (*protocol, *inside) == (port.protocol, port.container))
    };
    let mut exposed: Vec<(Protocol, u16)> = ports
        .iter()
        .filter(|port| port.host.is_none() && !is_published(port))
        .map(|port| (port.protocol, port.container))
        .collect();
    exposed.sort_unstable();
    exposed.dedup();
    for (protocol, container) in exposed {
        let next = PortRange { host: None, container: Span::one(container), protocol };
        if !ranges.last_mut().is_some_and(|range| extend(range, &next)) {
            ranges.push(next);
        }
    }
    ranges
}

/// Add a single port to a range if it is the next one; says whether it was.
fn extend(range: &mut PortRange, next: &PortRange) -> bool {
    if range.protocol != next.protocol {
        return false;
    }
    let inside = next.container.first;
    match (&mut range.host, &next.host) {
        (None, None) if range.container.follows(inside) => range.container.last = inside,
        (Some((bind, host)), Some((next_bind, next_host)))
            if *bind == *next_bind && host.follows(next_host.first) =>
        {
            let single = host.first == host.last;
            let in_step = range.container.follows(inside)
                && (single || range.container.last - range.container.first == host.last - host.first);
            let to_one = range.container == Span::one(inside);
            if !in_step && !to_one {
                return false;
            }
            host.last = next_host.first;
            range.container.last = inside;
        }
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests;
