//! Who holds which port of the host, who wants it as well, and where that cannot both be had.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use super::{Fleet, Protocol, Replica, ReplicaId, Role, ServiceId, State};

/// A socket of the host that waits for connections (or datagrams), as the host itself tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The address it is bound to.
    pub address: IpAddr,
    /// Its number, 1–65535.
    pub port: u16,
    /// The transport.
    pub protocol: Protocol,
    /// Who has it open; `None` where we may not see.
    pub owner: Option<ListenerOwner>,
}

/// The process behind a [`Listener`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerOwner {
    /// Its id on the host.
    pub pid: u32,
    /// Its name, sanitised.
    pub name: Arc<str>,
    /// The container it runs in, by its engine's id; a container on the host's own network.
    pub container: Option<Arc<str>>,
}

/// One port of the host, and everyone who holds or wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// Its number.
    pub number: u16,
    /// The transport.
    pub protocol: Protocol,
    /// Who holds it first, then who wants it; never empty.
    pub claims: Vec<Claim>,
    /// Somebody can't have what he wants: a start will fail, or has failed.
    pub clash: bool,
}

/// One claim on a port of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Where it is bound, or will be.
    pub address: IpAddr,
    /// Who.
    pub by: Claimant,
    /// It is bound now. Else it will be as soon as the claimant is started.
    pub holds: bool,
}

/// Who claims a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claimant {
    /// A replica that publishes it, or listens on the host's own network.
    Replica {
        /// Of which service.
        service: ServiceId,
        /// Its name.
        name: Arc<str>,
        /// Which.
        id: ReplicaId,
        /// What it is doing.
        state: State,
        /// The port inside it.
        container: u16,
    },
    /// A service whose engine holds the port for it on every node.
    Service(ServiceId),
    /// Something that is no replica.
    Process {
        /// Its id and name; `None` where we may not see.
        known: Option<(u32, Arc<str>)>,
    },
}

impl Claimant {
    /// `shop/web`, `sshd (pid 812)`, `a process of another user`.
    pub fn words(&self) -> String {
        match self {
            Self::Replica { service, .. } | Self::Service(service) => service.path(),
            Self::Process { known: Some((pid, name)) } => format!("{name} (pid {pid})"),
            Self::Process { known: None } => "a process of another user".to_owned(),
        }
    }

    /// The service, where it is one's.
    pub fn service(&self) -> Option<&ServiceId> {
        match self {
            Self::Replica { service, .. } | Self::Service(service) => Some(service),
            Self::Process { .. } => None,
        }
    }
}

impl HostPort {
    /// Who stands in the way of one who wants it: who holds it, or wants it as well. Nobody stands
    /// in the way of one who holds it.
    pub(super) fn rivals(&self, claim: &Claim) -> Vec<String> {
        let others = self.claims.iter().filter(|other| !claim.holds && gets_in_way(claim, other));
        let mut names: Vec<String> = others.map(|other| other.by.words()).collect();
        names.dedup();
        names
    }

    /// `3001/tcp is held by shop/web; shop/api wants it too, and cannot start`.
    pub fn sentence(&self) -> String {
        let names = |holds: bool| {
            let mut names: Vec<String> =
                self.claims.iter().filter(|c| c.holds == holds).map(|c| c.by.words()).collect();
            names.dedup();
            names
        };
        let (holders, wanting) = (names(true), names(false));
        let mut text = format!("{}/{} is ", self.number, self.protocol.word());
        match (holders.is_empty(), wanting.as_slice()) {
            (false, _) => {
                let _ = write!(text, "held by {}", holders.join(" and "));
            }
            (true, _) if self.clash => {
                let _ = write!(text, "claimed by {}: only one of them can run", wanting.join(" and "));
            }
            (true, _) => {
                let _ = write!(text, "free, and will be taken by {} once it runs", wanting.join(" and "));
            }
        }
        if self.clash && !holders.is_empty() {
            let verb = if wanting.len() == 1 { "wants it too, and cannot start" } else { "want it too" };
            let _ = write!(text, "; {} {verb}", wanting.join(" and "));
        }
        text
    }
}

impl Fleet {
    /// Every port of the host that a replica publishes or will publish, or that a listener has
    /// (none where the host can't be read), by number.
    pub fn host_ports(&self, listeners: &[Listener]) -> Vec<HostPort> {
        let mut ports: BTreeMap<(u16, Protocol), Vec<Claim>> = BTreeMap::new();
        let replicas = || self.services().flat_map(|service| self.replicas_of(&service.id));
        for replica in replicas().filter(|replica| claims(replica)) {
            for port in &replica.ports {
                let Some((address, number)) = port.host.filter(|(_, number)| *number != 0) else { continue };
                let claim = Claim { address, by: of(replica, port.container), holds: replica.is_up() };
                ports.entry((number, port.protocol)).or_default().push(claim);
            }
        }
        for declared in self.declared() {
            for port in &declared.ports {
                let Some((address, number)) = port.host else { continue };
                let claims = ports.entry((number, port.protocol)).or_default();
                if claims.iter().all(|claim| claim.by.service() != Some(&declared.service)) {
                    let by = Claimant::Service(declared.service.clone());
                    claims.push(Claim { address, by, holds: true });
                }
            }
        }
        for listener in listeners {
            let claims = ports.entry((listener.port, listener.protocol)).or_default();
            let inside = listener.owner.as_ref().and_then(|owner| owner.container.as_deref());
            let replica = inside.and_then(|id| replicas().find(|replica| *replica.id.id == *id));
            if let Some(replica) = replica {
                if claims.iter().all(|claim| claim.by.service() != Some(&replica.service)) {
                    let by = of(replica, listener.port);
                    claims.push(Claim { address: listener.address, by, holds: true });
                }
                continue;
            }
            // What is published is listened on by the engine itself, for the replica.
            let is_proxy = |claim: &Claim| claim.holds && meet(claim.address, listener.address);
            if claims.iter().any(is_proxy) {
                continue;
            }
            let known = listener.owner.as_ref().map(|owner| (owner.pid, owner.name.clone()));
            let by = Claimant::Process { known };
            claims.push(Claim { address: listener.address, by, holds: true });
        }
        ports.into_iter().map(|((number, protocol), claims)| port(number, protocol, claims)).collect()
    }
}

/// Whether what it publishes counts: a job that has ended will not be started again, and what an
/// operation set aside shares its ports with its successor by intent.
fn claims(replica: &Replica) -> bool {
    match replica.role {
        Role::Replica => replica.state != State::Removing && replica.state != State::Dead,
        Role::Job => replica.is_up(),
        Role::Spare => false,
    }
}

pub(super) fn of(replica: &Replica, container: u16) -> Claimant {
    Claimant::Replica {
        service: replica.service.clone(),
        name: replica.name.clone(),
        id: replica.id.clone(),
        state: replica.state,
        container,
    }
}

fn port(number: u16, protocol: Protocol, mut claims: Vec<Claim>) -> HostPort {
    claims.sort_by(|a, b| {
        b.holds.cmp(&a.holds).then_with(|| a.by.cmp(&b.by)).then_with(|| a.address.cmp(&b.address))
    });
    let clash =
        claims.iter().any(|claim| !claim.holds && claims.iter().any(|other| gets_in_way(claim, other)));
    HostPort { number, protocol, claims, clash }
}

/// Whether they are two, and only one can be had.
fn gets_in_way(a: &Claim, b: &Claim) -> bool {
    let same = match (&a.by, &b.by) {
        (Claimant::Replica { id: a, .. }, Claimant::Replica { id: b, .. }) => a == b,
        (a, b) => a == b,
    };
    !same && meet(a.address, b.address)
}

/// Whether binding one address gets in the way of binding the other. A socket on `::` commonly has
/// IPv4, too.
fn meet(a: IpAddr, b: IpAddr) -> bool {
    let dual = |ip: IpAddr| ip.is_ipv6() && ip.is_unspecified();
    if dual(a) || dual(b) {
        return true;
    }
    a.is_ipv4() == b.is_ipv4() && (a == b || a.is_unspecified() || b.is_unspecified())
}

#[cfg(test)]
mod tests;
