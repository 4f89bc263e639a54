#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::fleet::testing::{exited, running, synced};
use crate::fleet::{Declared, EngineId, Image, Observation, Port};

const ANY: &str = "0.0.0.0";

fn publishing(mut replica: Replica, address: &str, host: u16, container: u16) -> Replica {
    let host = Some((address.parse().unwrap(), host));
    replica.ports.push(Port { container, protocol: Protocol::Tcp, host });
    replica
}

fn fleet(replicas: &[Replica]) -> Fleet {
    let mut fleet = Fleet::new();
    fleet.apply(synced(0, replicas));
    fleet
}

fn listener(address: &str, port: u16, owner: Option<(u32, &str)>) -> Listener {
    let owner = owner.map(|(pid, name)| ListenerOwner { pid, name: name.into(), container: None });
    Listener { address: address.parse().unwrap(), port, protocol: Protocol::Tcp, owner }
}

fn sentences(ports: &[HostPort]) -> Vec<String> {
    ports.iter().map(HostPort::sentence).collect()
}

#[test]
fn two_services_of_one_port_clash_as_soon_as_one_of_them_is_down() {
    let web = publishing(running("shop", "customer-web", "web-1"), ANY, 3001, 3000);
    let order = publishing(exited(running("shop", "order-service", "order-1"), 128, 5), ANY, 3001, 3001);
    let ports = fleet(&[web, order]).host_ports(&[]);
    assert_eq!(
        sentences(&ports),
        ["3001/tcp is held by shop/customer-web; shop/order-service wants it too, and cannot start"]
    );
    assert!(ports[0].clash);
}

#[test]
fn two_that_are_both_down_are_told_before_one_is_started() {
    let a = publishing(exited(running("a", "api", "a-1"), 0, 5), ANY, 80, 80);
    let b = publishing(exited(running("b", "api", "b-1"), 0, 5), "127.0.0.1", 80, 80);
    let ports = fleet(&[a, b]).host_ports(&[]);
    assert!(ports[0].clash);
    assert_eq!(ports[0].sentence(), "80/tcp is claimed by a/api and b/api: only one of them can run");
}

#[test]
fn addresses_and_transports_that_do_not_meet_are_no_clash() {
    let a = publishing(running("a", "api", "a-1"), "10.0.0.1", 80, 80);
    let b = publishing(exited(running("b", "api", "b-1"), 0, 5), "10.0.0.2", 80, 80);
    assert!(!fleet(&[a.clone(), b]).host_ports(&[])[0].clash);
    let mut udp = exited(running("b", "dns", "b-1"), 0, 5);
    let host = Some(("0.0.0.0".parse().unwrap(), 80));
    udp.ports.push(Port { container: 80, protocol: Protocol::Udp, host });
    let ports = fleet(&[a, udp]).host_ports(&[]);
    assert_eq!(ports.len(), 2);
    assert!(ports.iter().all(|port| !port.clash));
}

#[test]
fn one_replica_on_both_families_is_one_claimant() {
    let both = publishing(publishing(running("a", "api", "a-1"), ANY, 80, 80), "::", 80, 80);
    let ports = fleet(&[both]).host_ports(&[]);
    assert_eq!((ports.len(), ports[0].claims.len(), ports[0].clash), (1, 2, false));
    assert_eq!(ports[0].sentence(), "80/tcp is held by a/api");
}

#[test]
fn a_stopped_one_of_a_published_port_is_told_as_wanting() {
    let down = publishing(exited(running("a", "api", "a-1"), 0, 5), ANY, 80, 80);
    let ports = fleet(&[down]).host_ports(&[]);
    assert!(!ports[0].clash);
    assert_eq!(ports[0].sentence(), "80/tcp is free, and will be taken by a/api once it runs");
}

#[test]
fn a_listener_that_is_no_container_is_told_and_the_proxy_is_not() {
    let web = publishing(running("shop", "web", "web-1"), ANY, 3000, 3000);
    let down = publishing(exited(running("shop", "api", "api-1"), 128, 5), ANY, 3001, 3001);
    let fleet = fleet(&[web, down]);
    let listeners = [
        listener(ANY, 3000, Some((77, "docker-proxy"))),
        listener("::", 3001, Some((812, "node"))),
        listener("127.0.0.1", 22, None),
    ];
    let ports = fleet.host_ports(&listeners);
    assert_eq!(
        sentences(&ports),
        [
            "22/tcp is held by a process of another user",
            "3000/tcp is held by shop/web",
            "3001/tcp is held by node (pid 812); shop/api wants it too, and cannot start",
        ]
    );
    assert_eq!(ports.iter().map(|p| p.clash).collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn a_container_on_the_hosts_network_is_known_by_its_process() {
    let proxy = running("edge", "nginx", "nginx-1");
    let mut at = listener(ANY, 443, Some((900, "nginx")));
    at.owner.as_mut().unwrap().container = Some(proxy.id.id.clone());
    let ports = fleet(&[proxy]).host_ports(&[at]);
    assert_eq!(ports[0].sentence(), "443/tcp is held by edge/nginx");
}

#[test]
fn a_service_the_engine_publishes_holds_its_port_without_any_replica() {
    let mut fleet = Fleet::new();
    let service = ServiceId { engine: EngineId::new("swarm"), project: None, name: "web".into() };
    let declared = Declared {
        service,
        desired: 0,
        global: false,
        image: Image { reference: "web:1".into(), id: "".into() },
        ports: vec![Port {
            container: 80,
            protocol: Protocol::Tcp,
            host: Some(("0.0.0.0".parse().unwrap(), 8080)),
        }],
        update: None,
        ties: None,
    };
    fleet.apply(Observation::Declared {
        at: crate::fleet::testing::at(0),
        engine: EngineId::new("swarm"),
        services: vec![declared],
    });
    let ports = fleet.host_ports(&[listener("::", 8080, Some((1, "dockerd")))]);
    assert_eq!(sentences(&ports), ["8080/tcp is held by web"]);
}

#[test]
fn what_was_set_aside_and_jobs_that_ended_claim_nothing() {
    let web = publishing(running("shop", "web", "web-1"), ANY, 80, 80);
    let mut spare = publishing(exited(running("shop", "web", "web-1.qd-k7x2p.old"), 0, 5), ANY, 80, 80);
    spare.role = Role::Spare;
    let mut job = publishing(exited(running("shop", "web", "web-run-1"), 0, 5), ANY, 80, 80);
    job.role = Role::Job;
    assert!(!fleet(&[web, spare, job]).host_ports(&[])[0].clash);
}
