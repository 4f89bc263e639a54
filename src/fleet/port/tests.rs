//! Folding ports: as `docker ps` users expect, and without losing or inventing any.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn tcp(address: &str, host: u16, container: u16) -> Port {
    Port { container, protocol: Protocol::Tcp, host: Some((address.parse().unwrap(), host)) }
}

fn exposed(container: u16) -> Port {
    Port { container, protocol: Protocol::Tcp, host: None }
}

fn short(ports: &[Port]) -> Vec<String> {
    fold(ports).iter().map(|range| range.short("→")).collect()
}

#[test]
fn both_families_of_a_port_are_one() {
    let ports = [tcp("0.0.0.0", 3005, 3005), tcp("::", 3005, 3005)];
    assert_eq!(short(&ports), ["3005"]);
    assert_eq!(fold(&ports)[0].long("→"), "*:3005 → 3005/tcp");
    assert_eq!(fold(&ports[..1])[0].long("→"), "0.0.0.0:3005 → 3005/tcp");
    assert_eq!(fold(&ports[1..])[0].long("→"), "[::]:3005 → 3005/tcp");
}

#[test]
fn runs_are_ranges() {
    assert_eq!(short(&[tcp("0.0.0.0", 3107, 3006), tcp("0.0.0.0", 3106, 3006)]), ["3106-7→3006"]);
    let run: Vec<Port> = (8000..=8005).map(|n| tcp("0.0.0.0", n, n)).collect();
    assert_eq!(short(&run), ["8000-8005"]);
    assert_eq!(short(&[tcp("0.0.0.0", 9999, 80), tcp("0.0.0.0", 10000, 81)]), ["9999-10000→80-1"]);
    // A run whose inside changes its step is two.
    let mixed = [tcp("0.0.0.0", 1, 7), tcp("0.0.0.0", 2, 7), tcp("0.0.0.0", 3, 8)];
    assert_eq!(short(&mixed), ["1-2→7", "3→8"]);
    assert_eq!(short(&[exposed(80), exposed(81), exposed(90)]), ["(80-81)", "(90)"]);
    assert_eq!(short(&[tcp("0.0.0.0", 65535, 65535), tcp("0.0.0.0", 1, 1)]), ["1", "65535"]);
}

#[test]
fn loopback_and_single_addresses_are_marked() {
    let ports = [
        tcp("127.0.0.1", 9000, 9000),
        tcp("::1", 9000, 9000),
        tcp("10.0.0.5", 53, 53),
        tcp("0.0.0.0", 80, 8080),
        Port { protocol: Protocol::Udp, ..tcp("0.0.0.0", 53, 53) },
        exposed(5432),
    ];
    assert_eq!(short(&ports), ["80→8080", "53/udp", "10.0.0.5:53", "lo:9000", "(5432)"]);
    let folded = fold(&ports);
    assert_eq!(folded.iter().filter(|range| range.is_loopback()).count(), 1);
    assert_eq!(folded[3].long("->"), "127.0.0.1:9000 -> 9000/tcp");
    assert_eq!(folded[4].long("->"), "5432/tcp");
}

#[test]
fn what_is_published_is_not_told_again_as_exposed() {
    assert_eq!(short(&[tcp("0.0.0.0", 8080, 80), exposed(80), exposed(81)]), ["8080→80", "(81)"]);
}

/// Few numbers, so that runs and duplicates are common.
fn any_port() -> impl Strategy<Value = Port> {
    let address = prop::sample::select(vec!["0.0.0.0", "::", "127.0.0.1", "::1", "10.0.0.5"]);
    let near_the_ends = prop_oneof![1..12_u16, 65530..=65535_u16];
    let protocol = prop::sample::select(vec![Protocol::Tcp, Protocol::Udp]);
    (1..12_u16, protocol, prop::option::of((address, near_the_ends))).prop_map(
        |(container, protocol, host)| Port {
            container,
            protocol,
            host: host.map(|(address, port)| (address.parse().unwrap(), port)),
        },
    )
}

type Plain = (Option<(Bind, u16)>, Protocol, u16);

/// What a range stands for, one by one.
fn unfold(range: &PortRange) -> Vec<Plain> {
    let inside = range.container;
    match range.host {
        None => (inside.first..=inside.last).map(|port| (None, range.protocol, port)).collect(),
        Some((bind, host)) => (host.first..=host.last)
            .map(|port| {
                let container = if inside.first == inside.last {
                    inside.first
                } else {
                    inside.first + (port - host.first)
                };
                (Some((bind.without_family(), port)), range.protocol, container)
            })
            .collect(),
    }
}

proptest! {
    #[test]
    fn folding_loses_and_invents_nothing(ports in prop::collection::vec(any_port(), 0..40)) {
        let published: BTreeSet<Plain> = ports
            .iter()
            .filter_map(|port| {
                let (address, host) = port.host?;
                Some((Some((Bind::of(address).without_family(), host)), port.protocol, port.container))
            })
            .collect();
        let hidden = |port: &Port| {
            published.iter().any(|(_, protocol, inside)| (*protocol, *inside) == (port.protocol, port.container))
        };
        let exposed = ports.iter().filter(|port| port.host.is_none() && !hidden(port));
        let mut expected = published.clone();
        expected.extend(exposed.map(|port| (None, port.protocol, port.container)));
        let ranges = fold(&ports);
        let unfolded: Vec<Plain> = ranges.iter().flat_map(unfold).collect();
        prop_assert_eq!(unfolded.len(), expected.len(), "nothing twice: {:?}", ranges);
        prop_assert_eq!(unfolded.into_iter().collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(ports in prop::collection::vec(any_port(), 0..20)) {
        let mut reversed = ports.clone();
        reversed.reverse();
        prop_assert_eq!(fold(&ports), fold(&reversed));
    }
}
