//! Ports as a list for people: a row for each who has, wants or exposes one.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Claim, Claimant, Fleet, HostPort, Listener, Protocol, ReplicaId, Role};

/// How somebody stands to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stake {
    /// It is bound for him now.
    Holds,
    /// He wants it, and can't have it.
    InVain,
    /// It will be bound for him once he runs.
    OnceUp,
    /// It is no port of the host: containers on his networks reach it.
    Exposed,
}

impl Stake {
    /// `holds it`, `can't have it`, `once it runs`, `exposed only`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds it",
            Self::InVain => "can't have it",
            Self::OnceUp => "once it runs",
            Self::Exposed => "exposed only",
        }
    }
}

/// Whether somebody answers at a port, when he was last asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Somebody does, after this time.
    Answers(Duration),
    /// Nobody does, and how that shows: one sanitised clause.
    Silent(Arc<str>),
    /// That can't be found out, and why: one sanitised clause.
    Unknown(Arc<str>),
}

/// One row: a port, and one who has to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortRow {
    /// The port of the host; `None` where it is only exposed.
    pub number: Option<u16>,
    /// The transport.
    pub protocol: Protocol,
    /// The addresses of the host it is bound to, or will be.
    pub on: Vec<IpAddr>,
    /// Who.
    pub by: Claimant,
    /// How he stands to it.
    pub stake: Stake,
    /// Who holds the port that he wants in vain, or wants it as well.
    pub rivals: Vec<String>,
    /// Somebody holds it now.
    pub held: bool,
}

impl PortRow {
    /// The port inside the container.
    pub fn inside(&self) -> Option<u16> {
        match self.by {
            Claimant::Replica { container, .. } => Some(container),
            Claimant::Service(_) | Claimant::Process { .. } => None,
        }
    }

    /// Where whether he answers is known by.
    pub fn place(&self) -> Option<(&ReplicaId, u16)> {
        match &self.by {
            Claimant::Replica { id, container, .. } => Some((id, *container)),
            Claimant::Service(_) | Claimant::Process { .. } => None,
        }
    }

    /// Who can get at it: `*` all interfaces, `lo` this host only, else the addresses.
    pub fn bind(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        for address in &self.on {
            let word = match address {
                it if it.is_unspecified() => "*".to_owned(),
                IpAddr::V4(it) => it.to_string(),
                IpAddr::V6(it) => format!("[{it}]"),
            };
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words.join(" ")
    }

    /// The same in a sentence: `all interfaces`, `this host only`, an address; empty where it is
    /// only exposed.
    pub fn reachable_from(&self) -> &'static str {
        match self.on.as_slice() {
            [] => "",
            all if all.iter().any(IpAddr::is_unspecified) => "all interfaces",
            all if all.iter().all(IpAddr::is_loopback) => "this host only",
            _ => "one address",
        }
    }

    /// `1433/tcp`; the port inside in parentheses where it is only exposed.
    pub fn port(&self) -> String {
        let protocol = self.protocol.word();
        match self.number {
            Some(number) => format!("{number}/{protocol}"),
            None => format!("({}/{protocol})", self.inside().unwrap_or_default()),
        }
    }
}

impl Fleet {
    /// Every port with everyone who has to do with it: those of the host by number, then what is
    /// only exposed by what runs.
    pub fn port_rows(&self, listeners: &[Listener]) -> Vec<PortRow> {
        let mut rows: Vec<PortRow> = Vec::new();
        for port in self.host_ports(listeners) {
            let first = rows.len();
            for claim in &port.claims {
                // Both families of one claimant are one row.
                let own = rows.iter_mut().skip(first);
                let mut same =
                    own.filter(|row| row.by == claim.by && (row.stake == Stake::Holds) == claim.holds);
                match same.next() {
                    Some(row) => row.on.push(claim.address),
                    None => rows.push(row(&port, claim)),
                }
            }
        }
        rows.extend(self.exposed());
        rows
    }

    fn exposed(&self) -> Vec<PortRow> {
        let mut rows = Vec::new();
        let up = self.services().flat_map(|service| self.replicas_of(&service.id));
        for replica in up.filter(|replica| replica.is_up() && replica.role != Role::Spare) {
            for port in &replica.ports {
                let same = |other: &super::Port| {
                    other.host.is_some()
                        && (other.container, other.protocol) == (port.container, port.protocol)
                };
                if port.host.is_some() || replica.ports.iter().any(same) {
                    continue;
                }
                rows.push(PortRow {
                    number: None,
                    protocol: port.protocol,
                    on: Vec::new(),
                    by: super::claim::of(replica, port.container),
                    stake: Stake::Exposed,
                    rivals: Vec::new(),
                    held: false,
                });
            }
        }
        rows.sort_by(|a, b| (a.inside(), a.protocol, &a.by).cmp(&(b.inside(), b.protocol, &b.by)));
        rows
    }
}

fn row(port: &HostPort, claim: &Claim) -> PortRow {
    let rivals = port.rivals(claim);
    let stake = match (claim.holds, rivals.is_empty()) {
        (true, _) => Stake::Holds,
        (false, false) => Stake::InVain,
        (false, true) => Stake::OnceUp,
    };
    PortRow {
        number: Some(port.number),
        protocol: port.protocol,
        on: vec![claim.address],
        by: claim.by.clone(),
        stake,
        rivals,
        held: port.claims.iter().any(|claim| claim.holds),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::fleet::testing::{exited, running, synced};
    use crate::fleet::{ListenerOwner, Port, Replica};

    fn with(mut replica: Replica, container: u16, host: &[(&str, u16)]) -> Replica {
        let port = |host| Port { container, protocol: Protocol::Tcp, host };
        if host.is_empty() {
            replica.ports.push(port(None));
        }
        replica.ports.extend(host.iter().map(|(ip, number)| port(Some((ip.parse().unwrap(), *number)))));
        replica
    }

    fn rows(replicas: &[Replica], listeners: &[Listener]) -> Vec<String> {
        let mut fleet = Fleet::new();
        fleet.apply(synced(0, replicas));
        let words = |row: &PortRow| {
            format!(
                "{} {} {} {} [{}] {}",
                row.port(),
                row.bind(),
                row.by.words(),
                row.stake.word(),
                row.rivals.join(", "),
                row.reachable_from(),
            )
        };
        fleet.port_rows(listeners).iter().map(words).collect()
    }

    #[test]
    fn every_port_has_a_row_for_each_who_has_to_do_with_it() {
        let web = with(running("shop", "web", "web-1"), 3000, &[("0.0.0.0", 3001), ("::", 3001)]);
        let web = with(web, 9229, &[]);
        // Exposed as well as published is published.
        let web = with(web, 3000, &[]);
        let db = with(running("shop", "db", "db-1"), 5432, &[("127.0.0.1", 5433)]);
        let api = with(exited(running("other", "api", "api-1"), 128, 5), 8080, &[("0.0.0.0", 3001)]);
        let late = with(exited(running("other", "late", "late-1"), 0, 5), 70, &[("10.0.0.1", 70)]);
        assert_eq!(
            rows(&[web, db, api, late], &[]),
            [
                "70/tcp 10.0.0.1 other/late once it runs [] one address",
                "3001/tcp * shop/web holds it [] all interfaces",
                "3001/tcp * other/api can't have it [shop/web] all interfaces",
                "5433/tcp 127.0.0.1 shop/db holds it [] this host only",
                "(9229/tcp)  shop/web exposed only [] ",
            ]
        );
    }

    #[test]
    fn two_stopped_ones_of_two_projects_are_in_each_others_way() {
        let a = with(exited(running("a", "api", "a-1"), 0, 5), 80, &[("0.0.0.0", 80)]);
        let b = with(exited(running("b", "api", "b-1"), 0, 5), 80, &[("0.0.0.0", 80)]);
        assert_eq!(
            rows(&[a, b], &[]),
            [
                "80/tcp * a/api can't have it [b/api] all interfaces",
                "80/tcp * b/api can't have it [a/api] all interfaces",
            ]
        );
    }

    #[test]
    fn a_process_stands_in_the_way_by_its_name() {
        let down = with(exited(running("a", "api", "a-1"), 128, 5), 80, &[("0.0.0.0", 80)]);
        let owner = Some(ListenerOwner { pid: 812, name: "node".into(), container: None });
        let at = Listener { address: "::".parse().unwrap(), port: 80, protocol: Protocol::Tcp, owner };
        let rows = rows(&[down], &[at]);
        assert_eq!(rows[0], "80/tcp * node (pid 812) holds it [] all interfaces");
        assert_eq!(rows[1], "80/tcp * a/api can't have it [node (pid 812)] all interfaces");
    }
}
