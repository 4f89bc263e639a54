//! Ports as the engine tells them; folding for display is [`fold`].

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
