//! Names → services: what settings name is looked up as the engine's own name server would.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use super::{Dependencies, Need, Node, Outside};
use crate::fleet::{Compose, Declared, How, Port, Replica, Role, ServiceId, Ties, Want};

/// Names of others kept of one service.
const OUTSIDE: usize = 32;
/// Ways kept in which one service is seen to need another.
const WAYS: usize = 8;

/// One unit of a service, or what its engine declared of it.
pub(in crate::fleet) enum Unit<'f> {
    Replica(&'f Replica),
    Declared(&'f Declared),
}

impl<'f> Unit<'f> {
    fn service(&self) -> &'f ServiceId {
        match self {
            Self::Replica(replica) => &replica.service,
            Self::Declared(declared) => &declared.service,
        }
    }

    fn ties(&self) -> Option<&'f Ties> {
        match self {
            Self::Replica(replica) => replica.ties.as_deref(),
            Self::Declared(declared) => declared.ties.as_deref(),
        }
    }

    fn compose(&self) -> Option<&'f Compose> {
        match self {
            Self::Replica(replica) => replica.compose.as_deref(),
            Self::Declared(_) => None,
        }
    }

    fn ports(&self) -> &'f [Port] {
        match self {
            Self::Replica(replica) => &replica.ports,
            Self::Declared(declared) => &declared.ports,
        }
    }

    /// Whether others may mean it: a job beside a service serves nobody.
    fn serves(&self) -> bool {
        !matches!(self, Self::Replica(replica) if replica.role == Role::Job)
    }
}

/// By what others find a service.
#[derive(Default)]
struct Directory<'f> {
    /// By name: where, and in which network it is called so (`None`: wherever its project is).
    names: HashMap<Cow<'f, str>, Vec<(usize, Option<&'f str>)>>,
    addresses: HashMap<IpAddr, usize>,
    /// By port of the engine's machine.
    published: HashMap<u16, Vec<(usize, IpAddr)>>,
    /// By the id, and the name, of a container.
    containers: HashMap<&'f str, usize>,
}

impl Dependencies {
    /// From all there is. `machine`: what the engine's machine is called.
    pub(in crate::fleet) fn of<'f>(
        rows: impl Iterator<Item = &'f ServiceId>,
        units: &[Unit<'f>],
        machine: Option<&str>,
    ) -> Self {
        let ids: Vec<&ServiceId> = rows.collect();
        let places: HashMap<&ServiceId, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let directory = Directory::of(&places, units);
        let mut found: Vec<Found<'_>> = ids.iter().map(|_| Found::default()).collect();
        for unit in units {
            let Some(&at) = places.get(unit.service()) else { continue };
            let Some(found) = found.get_mut(at) else { continue };
            let asks = Asks { at, unit, ids: &ids, directory: &directory, machine };
            asks.compose(&places, found);
            if let Some(ties) = unit.ties() {
                asks.ties(ties, found);
            }
        }
        Self::joined(&ids, found)
    }

    fn joined(ids: &[&ServiceId], found: Vec<Found<'_>>) -> Self {
        let mut nodes: Vec<Node> = Vec::with_capacity(ids.len());
        for (id, found) in ids.iter().zip(found) {
            let down: Vec<usize> = found.needs.keys().copied().collect();
            let need = |(to, how): (usize, BTreeSet<How>)| {
                let service = (*ids.get(to)?).clone();
                Some(Need { service, how: how.into_iter().take(WAYS).collect() })
            };
            let needs = found.needs.into_iter().filter_map(need).collect();
            let outside = found.outside.into_iter().map(|((host, port), how)| Outside {
                host: host.into(),
                port,
                how: how.into_iter().take(WAYS).collect(),
            });
            let outside = outside.collect();
            nodes.push(Node { id: (*id).clone(), needs, down, up: Vec::new(), ends: false, outside });
        }
        let mut up: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
        let mut waited = vec![false; nodes.len()];
        for (from, node) in nodes.iter().enumerate() {
            for (need, &to) in node.needs.iter().zip(&node.down) {
                if need.completes() {
                    if let Some(waited) = waited.get_mut(to) {
                        *waited = true;
                    }
                } else if let Some(up) = up.get_mut(to) {
                    up.push(from);
                }
            }
        }
        for ((node, up), waited) in nodes.iter_mut().zip(up).zip(waited) {
            node.ends = waited && up.is_empty();
            node.up = up;
        }
        let index = nodes.iter().enumerate().map(|(at, node)| (node.id.clone(), at)).collect();
        Self { index, nodes }
    }
}

impl<'f> Directory<'f> {
    fn of(places: &HashMap<&ServiceId, usize>, units: &[Unit<'f>]) -> Self {
        let mut directory = Self::default();
        for unit in units.iter().filter(|unit| unit.serves()) {
            let Some(&at) = places.get(unit.service()) else { continue };
            directory.name(&unit.service().name, at, None);
            for joined in unit.ties().map_or(&[][..], |ties| &ties.networks) {
                for name in &joined.names {
                    directory.name(name, at, Some(&joined.network));
                }
            }
            for port in unit.ports() {
                if let Some((address, number)) = port.host.filter(|(_, number)| *number != 0) {
                    let all = directory.published.entry(number).or_default();
                    if !all.contains(&(at, address)) {
                        all.push((at, address));
                    }
                }
            }
            let Unit::Replica(replica) = unit else { continue };
            directory.name(&replica.name, at, None);
            directory.containers.insert(&replica.id.id, at);
            directory.containers.insert(&replica.name, at);
            for address in replica.addresses.iter().filter(|address| !address.is_loopback()) {
                directory.addresses.insert(*address, at);
            }
            if unit.ties().is_some_and(|ties| ties.on_host) {
                // On the machine's own network what it exposes is there for all.
                for port in &replica.ports {
                    let all = directory.published.entry(port.container).or_default();
                    all.push((at, IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)));
                }
            }
        }
        directory
    }

    fn name(&mut self, name: &'f str, at: usize, network: Option<&'f str>) {
        // Name servers do not mind case; what settings name is in lower case here.
        let upper = name.bytes().any(|b| b.is_ascii_uppercase());
        let name = if upper { Cow::Owned(name.to_ascii_lowercase()) } else { Cow::Borrowed(name) };
        let all = self.names.entry(name).or_default();
        if !all.contains(&(at, network)) {
            all.push((at, network));
        }
    }
}

/// What is found of one service.
#[derive(Default)]
struct Found<'f> {
    needs: BTreeMap<usize, BTreeSet<How>>,
    outside: BTreeMap<(&'f str, Option<u16>), BTreeSet<How>>,
}

impl Found<'_> {
    fn need(&mut self, from: usize, to: usize, how: &How) {
        if from == to {
            return;
        }
        let all = self.needs.entry(to).or_default();
        if *how == How::DependsOn {
            all.remove(&How::Completes);
        }
        all.insert(how.clone());
    }
}

/// Who asks for names.
struct Asks<'a, 'f> {
    at: usize,
    unit: &'a Unit<'f>,
    ids: &'a [&'f ServiceId],
    directory: &'a Directory<'f>,
    machine: Option<&'a str>,
}

impl<'f> Asks<'_, 'f> {
    fn compose(&self, places: &HashMap<&ServiceId, usize>, found: &mut Found<'f>) {
        let Some(compose) = self.unit.compose() else { return };
        for name in &compose.depends_on {
            let needed = ServiceId { name: name.clone(), ..self.unit.service().clone() };
            if let Some(&to) = places.get(&needed) {
                let waits = compose.completes.contains(name);
                found.need(self.at, to, if waits { &How::Completes } else { &How::DependsOn });
            }
        }
    }

    fn ties(&self, ties: &'f Ties, found: &mut Found<'f>) {
        let host = ties.within.as_deref().and_then(|within| self.directory.containers.get(within));
        if let Some(&host) = host {
            found.need(self.at, host, &How::Network);
        }
        for want in &ties.wants {
            match self.resolve(ties, want) {
                Meant::Services(services) => {
                    for to in services {
                        found.need(self.at, to, &want.how);
                    }
                }
                Meant::Outside => {
                    let key = (&*want.host, want.port);
                    if found.outside.len() < OUTSIDE || found.outside.contains_key(&key) {
                        found.outside.entry(key).or_default().insert(want.how.clone());
                    }
                }
                Meant::Nobody => {}
            }
        }
    }

    fn resolve(&self, ties: &Ties, want: &Want) -> Meant {
        let host = &*want.host;
        let address: Option<IpAddr> = host.parse().ok();
        if is_itself(host, address) {
            let own = self.unit.ports().iter().any(|port| Some(port.container) == want.port);
            return if own && !ties.on_host { Meant::Nobody } else { self.published(want.port, None) };
        }
        let machine = self.machine.is_some_and(|machine| machine.eq_ignore_ascii_case(host));
        if machine || is_machine(host) {
            return self.published(want.port, None);
        }
        if let Some(address) = address {
            if let Some(&at) = self.directory.addresses.get(&address) {
                return Meant::Services(vec![at]);
            }
            return match self.published(want.port, Some(address)) {
                Meant::Nobody => Meant::Outside,
                meant => meant,
            };
        }
        let named = self.named(ties, host);
        if named.is_empty() { Meant::Outside } else { Meant::Services(named) }
    }

    /// Who has a port of the engine's machine (on that address).
    fn published(&self, port: Option<u16>, on: Option<IpAddr>) -> Meant {
        let all = port.and_then(|port| self.directory.published.get(&port));
        let there = |(_, address): &&(usize, IpAddr)| on.is_none_or(|on| *address == on);
        let mut services: Vec<usize> = all.into_iter().flatten().filter(there).map(|(at, _)| *at).collect();
        services.dedup();
        if services.is_empty() { Meant::Nobody } else { Meant::Services(services) }
    }

    /// Who is called so where the asker can ask: on a network they share, else in its project.
    /// Of several those of its own project.
    fn named(&self, ties: &Ties, host: &str) -> Vec<usize> {
        let mut tries = vec![(host, None)];
        // Swarm's name for all tasks of a service; Docker's for a name in one network.
        tries.extend(host.strip_prefix("tasks.").map(|name| (name, None)));
        tries.extend(host.split_once('.').map(|(name, network)| (name, Some(network))));
        for (name, network) in tries {
            let Some(all) = self.directory.names.get(name) else { continue };
            let shares = |net: &str| {
                network.is_none_or(|asked| asked == net)
                    && ties.networks.iter().any(|own| *own.network == *net)
            };
            let by = |wanted: &dyn Fn(usize, Option<&str>) -> bool| {
                let mut found: Vec<usize> =
                    all.iter().filter(|(at, net)| wanted(*at, *net)).map(|(at, _)| *at).collect();
                found.dedup();
                found
            };
            let shared = by(&|at, net| self.on_same_engine(at) && net.is_some_and(shares));
            let (mine, others): (Vec<usize>, Vec<usize>) =
                shared.into_iter().partition(|at| self.of_same_project(*at));
            if !mine.is_empty() {
                return mine;
            }
            if !others.is_empty() {
                return others;
            }
            let of_project = by(&|at, net| net.is_none() && network.is_none() && self.of_same_project(at));
            if !of_project.is_empty() {
                return of_project;
            }
        }
        Vec::new()
    }

    fn on_same_engine(&self, at: usize) -> bool {
        self.ids.get(at).is_some_and(|id| id.engine == self.unit.service().engine)
    }

    /// Lone containers have none in common, whatever engine runs them.
    fn of_same_project(&self, at: usize) -> bool {
        let own = self.unit.service();
        own.project.is_some()
            && self.ids.get(at).is_some_and(|id| id.project == own.project && id.engine == own.engine)
    }
}

/// Who is meant by a host.
enum Meant {
    Services(Vec<usize>),
    /// Somebody who is no service here.
    Outside,
    /// The asker itself, or nobody in particular.
    Nobody,
}

/// Whether a host means whoever asks. What is told to a browser through a server's settings means
/// the machine, so its published ports are tried as well.
fn is_itself(host: &str, address: Option<IpAddr>) -> bool {
    host == "localhost" || address.is_some_and(|it| it.is_loopback() || it.is_unspecified())
}

/// Names of the engine's machine as containers know it.
fn is_machine(host: &str) -> bool {
    matches!(
        host,
        "host.docker.internal" | "gateway.docker.internal" | "host.containers.internal" | "172.17.0.1"
    )
}
