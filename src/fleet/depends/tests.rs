//! Names resolved, impact, and where to look first.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::*;
use crate::fleet::testing::{applied, at, exited, fleet, removed, running, service, synced};
use crate::fleet::{Compose, Fleet, Health, Joined, Port, Protocol, Replica, Since, Want};

/// A replica of `shop/NAME` on the project's network.
fn unit(name: &str) -> Replica {
    on(running("shop", name, &format!("shop-{name}-1")), "shop_default", &[name])
}

fn on(mut replica: Replica, network: &str, names: &[&str]) -> Replica {
    let ties = Arc::make_mut(replica.ties.get_or_insert_default());
    let names = names.iter().map(|name| (*name).into()).collect();
    ties.networks.push(Joined { network: network.into(), names });
    replica
}

/// `order:3006` by `ORDER_URL`.
fn wants(mut replica: Replica, hosts: &[&str]) -> Replica {
    let ties = Arc::make_mut(replica.ties.get_or_insert_default());
    for host in hosts {
        let (host, port) = host.split_once(':').map_or((*host, None), |(h, p)| (h, p.parse().ok()));
        let how = How::Variable(format!("{}_URL", host.to_ascii_uppercase()).into());
        ties.wants.push(Want { host: host.into(), port, how });
    }
    replica
}

fn depends(mut replica: Replica, on: &[&str], completes: &[&str]) -> Replica {
    let names = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
    let compose = Compose { depends_on: names(on), completes: names(completes), ..Compose::default() };
    replica.compose = Some(Arc::new(compose));
    replica
}

fn publishes(mut replica: Replica, container: u16, host: u16) -> Replica {
    let address = std::net::Ipv4Addr::UNSPECIFIED.into();
    replica.ports.push(Port { container, protocol: Protocol::Tcp, host: Some((address, host)) });
    replica
}

fn all(replicas: &[Replica]) -> Fleet {
    fleet([synced(1, replicas)])
}

/// `order by ORDER_URL` of a service of `shop`.
fn needs(fleet: &Fleet, name: &str) -> Vec<String> {
    let needs = fleet.dependencies().needs(&service("shop", name));
    let shown = |need: &Need| {
        let how: Vec<&str> = need.how.iter().map(How::word).collect();
        format!("{} by {}", need.service.path(), how.join(" "))
    };
    needs.iter().map(shown).collect()
}

fn outside(fleet: &Fleet, name: &str) -> Vec<String> {
    fleet.dependencies().outside(&service("shop", name)).iter().map(Outside::path).collect()
}

#[test]
fn names_mean_services_on_a_network_they_share() {
    let api = wants(depends(unit("api"), &["db", "gone"], &[]), &["db:5432", "api:80"]);
    let fleet = all(&[api, unit("db")]);
    assert_eq!(needs(&fleet, "api"), ["shop/db by DB_URL depends_on"]);
    let api = wants(unit("api"), &["cache", "db.shop_default:1", "tasks.db", "stripe.com:443", "other"]);
    let cache = on(running("", "redis", "redis"), "shop_default", &["cache"]);
    let other = on(running("other", "other", "other-1"), "other_default", &["other", "db"]);
    let fleet = all(&[api, unit("db"), cache, other]);
    assert_eq!(needs(&fleet, "api"), ["shop/db by DB.SHOP_DEFAULT_URL TASKS.DB_URL", "redis by CACHE_URL"]);
    assert_eq!(outside(&fleet, "api"), ["other", "stripe.com:443"]);
}

#[test]
fn of_several_of_that_name_its_own_projects_is_meant_else_all_of_them() {
    let api = on(wants(unit("api"), &["db"]), "shared", &["api"]);
    let theirs = |project: &str| on(running(project, "db", &format!("{project}-db-1")), "shared", &["db"]);
    assert_eq!(
        needs(&all(&[api.clone(), unit("db"), theirs("a"), theirs("b")]), "api"),
        ["shop/db by DB_URL"]
    );
    assert_eq!(
        needs(&all(&[api, theirs("a"), theirs("b")]), "api"),
        ["a/db by DB_URL", "b/db by DB_URL"],
        "the name server answers with either"
    );
}

#[test]
fn a_project_is_enough_before_networks_are_known() {
    let mut db = unit("db");
    db.ties = None;
    assert_eq!(needs(&all(&[wants(unit("api"), &["db", "shop-db-1"]), db]), "api").len(), 1);
    // Lone containers have nothing in common.
    let fleet = all(&[wants(running("", "a", "a"), &["b"]), running("", "b", "b")]);
    assert!(fleet.dependencies().needs(&service("", "a")).is_empty());
}

#[test]
fn addresses_and_ports_of_the_machine() {
    let mut db = publishes(unit("db"), 5432, 15432);
    db.addresses = vec!["10.1.2.3".parse().unwrap()];
    let api = wants(unit("api"), &["10.1.2.3:5432", "10.9.9.9:80"]);
    let fleet = all(&[api, db.clone()]);
    assert_eq!(needs(&fleet, "api"), ["shop/db by 10.1.2.3_URL"]);
    assert_eq!(outside(&fleet, "api"), ["10.9.9.9:80"]);
    for host in ["localhost:15432", "127.0.0.1:15432", "host.docker.internal:15432"] {
        assert_eq!(needs(&all(&[wants(unit("api"), &[host]), db.clone()]), "api").len(), 1, "{host}");
    }
    // Its own port, and a port of nobody: neither a need nor somebody outside.
    let api = publishes(wants(unit("api"), &["localhost:80", "localhost:9", "localhost"]), 80, 8080);
    let web = publishes(unit("web"), 3000, 80);
    let fleet = all(&[api, web]);
    assert_eq!((needs(&fleet, "api").len(), outside(&fleet, "api").len()), (0, 0));
}

#[test]
fn who_lives_in_anothers_network_needs_it() {
    let mut agent = unit("agent");
    Arc::make_mut(agent.ties.as_mut().unwrap()).within = Some("id-shop-vpn-1".into());
    assert_eq!(needs(&all(&[agent, unit("vpn")]), "agent"), ["shop/vpn by lives in its network"]);
}

#[test]
fn what_is_known_is_made_anew_only_when_it_changed() {
    let api = wants(unit("api"), &["db"]);
    let mut fleet = all(&[api.clone(), unit("db")]);
    assert_eq!(needs(&fleet, "api").len(), 1);
    let before = std::ptr::from_ref(&fleet.dependencies().nodes[0]);
    let mut sick = unit("db");
    sick.check = crate::fleet::HealthCheck::Unhealthy;
    fleet.apply(applied(2, &sick));
    assert_eq!(before, std::ptr::from_ref(&fleet.dependencies().nodes[0]), "health changes no edge");
    fleet.apply(applied(3, &wants(unit("api"), &[])));
    assert!(needs(&fleet, "api").is_empty());
    fleet.apply(applied(4, &api));
    assert_eq!(needs(&fleet, "api").len(), 1);
    fleet.apply(removed(5, "shop-db-1"));
    assert_eq!((needs(&fleet, "api").len(), outside(&fleet, "api")), (0, vec!["db".to_owned()]));
    // A list that knows less takes nothing away.
    let mut thin = api;
    (thin.ties, thin.restarts) = (None, None);
    fleet.apply(synced(6, &[thin, unit("db")]));
    assert_eq!(needs(&fleet, "api").len(), 1);
}

/// web → order → postgres, web → auth → postgres, order → kafka, job waits for postgres' migration.
fn shop() -> Vec<Replica> {
    vec![
        wants(unit("web"), &["order", "auth"]),
        wants(unit("order"), &["postgres", "kafka"]),
        wants(unit("auth"), &["postgres"]),
        unit("postgres"),
        unit("kafka"),
        unit("alone"),
    ]
}

#[test]
fn impact_is_who_needs_it_and_who_needs_those() {
    let fleet = all(&shop());
    let impact = |name: &str| -> Vec<(String, u32)> {
        let struck = fleet.dependencies().impact(&service("shop", name));
        struck.iter().map(|it| (it.service.name.to_string(), it.depth)).collect()
    };
    assert_eq!(impact("postgres"), [("auth".into(), 1), ("order".into(), 1), ("web".into(), 2)]);
    assert_eq!(impact("kafka"), [("order".into(), 1), ("web".into(), 2)]);
    assert!(impact("web").is_empty() && impact("nobody").is_empty());
}

#[test]
fn rings_are_borne() {
    let ring = [wants(unit("a"), &["b"]), wants(unit("b"), &["c"]), wants(unit("c"), &["a"])];
    let fleet = all(&ring);
    let struck = fleet.dependencies().impact(&service("shop", "a"));
    assert_eq!(struck.iter().map(|it| &*it.service.name).collect::<Vec<_>>(), ["c", "b"]);
    let ill: Vec<_> = ["a", "b", "c"].map(|name| (service("shop", name), down(0))).into();
    let causes = fleet.dependencies().causes(ill.iter().map(|(id, since)| (id, since)));
    assert_eq!(causes.first().len(), 1, "{causes:?}");
    assert_eq!(causes.first()[0].explains.len(), 2);
}

fn down(seconds: i64) -> Since {
    Since { health: Health::Down, at: Some(at(seconds)), why: String::new() }
}

fn so(health: Health, seconds: i64) -> Since {
    Since { health, ..down(seconds) }
}

/// `postgres: auth order` of each place to look.
fn causes(ill: &[(&str, Since)]) -> Vec<String> {
    let fleet = all(&shop());
    let ids: Vec<(ServiceId, &Since)> =
        ill.iter().map(|(name, since)| (service("shop", name), since)).collect();
    let causes = fleet.dependencies().causes(ids.iter().map(|(id, since)| (id, *since)));
    let name = |id: &ServiceId| id.name.to_string();
    for cause in causes.first() {
        for explained in &cause.explains {
            assert_eq!(causes.because(explained), Some(&cause.service));
            assert!(causes.rank(explained) > causes.rank(&cause.service));
        }
    }
    let shown = |cause: &Cause| {
        let explains: Vec<String> = cause.explains.iter().map(name).collect();
        format!("{}: {}", name(&cause.service), explains.join(" "))
    };
    causes.first().iter().map(shown).collect()
}

#[test]
fn look_first_where_nothing_else_explains_it() {
    assert_eq!(
        causes(&[
            ("web", down(9)),
            ("order", down(5)),
            ("auth", down(6)),
            ("postgres", down(4)),
            ("alone", down(0))
        ]),
        ["postgres: auth order web", "alone: "]
    );
    // Through one that is well all the same.
    assert_eq!(causes(&[("web", down(9)), ("postgres", down(4))]), ["postgres: web"]);
    // Two causes: the one that explains more; each explains what is nearest to it.
    assert_eq!(
        causes(&[
            ("web", down(9)),
            ("order", down(5)),
            ("auth", down(6)),
            ("postgres", down(4)),
            ("kafka", down(3))
        ]),
        ["kafka: order web", "postgres: auth"]
    );
    // Of two equally near, the one that became ill when it did.
    assert_eq!(
        causes(&[("order", down(900)), ("kafka", down(0)), ("postgres", so(Health::Stopped, 890))]),
        ["postgres: order", "kafka: "]
    );
    // Without edges: the worst, then the oldest.
    assert_eq!(
        causes(&[("alone", so(Health::Unhealthy, 0)), ("kafka", down(9)), ("postgres", down(5))]),
        ["postgres: ", "kafka: ", "alone: "]
    );
}

#[test]
fn what_was_stopped_explains_and_is_not_explained() {
    assert_eq!(
        causes(&[("auth", so(Health::Unhealthy, 9)), ("postgres", so(Health::Stopped, 4))]),
        ["postgres: auth"]
    );
    assert_eq!(causes(&[("auth", so(Health::Stopped, 9)), ("postgres", down(4))]), ["postgres: "]);
    assert!(causes(&[("alone", so(Health::Stopped, 9))]).is_empty());
}

#[test]
fn neither_the_half_well_nor_the_much_later_explains() {
    assert_eq!(causes(&[("auth", down(9)), ("postgres", so(Health::Degraded, 4))]), ["auth: ", "postgres: "]);
    assert_eq!(
        causes(&[("auth", so(Health::Degraded, 9)), ("postgres", so(Health::Degraded, 4))]),
        ["postgres: auth"]
    );
    let killed = Since { why: "OOM-killed, restarting".into(), ..down(9) };
    assert_eq!(causes(&[("auth", killed), ("postgres", down(4))]).len(), 2, "that is nobody else's fault");
    assert_eq!(causes(&[("auth", down(0)), ("postgres", down(119))]), ["postgres: auth"]);
    assert_eq!(causes(&[("auth", down(0)), ("postgres", down(121))]).len(), 2);
}

#[test]
fn a_migration_that_ran_is_no_trouble_and_one_that_failed_is() {
    let api = depends(unit("api"), &["migrate"], &["migrate"]);
    let migrated = |code| exited(unit("migrate"), code, 1);
    let fleet = all(&[api.clone(), migrated(0)]);
    let ids = [service("shop", "api"), service("shop", "migrate")];
    let ill = [so(Health::Unhealthy, 5), so(Health::Stopped, 1)];
    let causes = fleet.dependencies().causes(ids.iter().zip(&ill));
    assert_eq!(causes.because(&ids[0]), None, "{causes:?}");
    assert!(fleet.dependencies().impact(&ids[1]).is_empty(), "it has done its work");
    assert!(fleet.dependencies().needs(&ids[0])[0].completes());
}

#[test]
fn a_fleet_says_where_to_look() {
    let mut replicas = shop();
    replicas[3] = exited(replicas[3].clone(), 1, 40);
    replicas[1] = exited(replicas[1].clone(), 2, 45);
    let fleet = all(&replicas);
    let causes = fleet.causes(at(60));
    let main = causes.main().unwrap();
    assert_eq!((&*main.service.name, main.explains.len()), ("postgres", 1));
    assert!(all(&shop()).causes(at(60)).first().is_empty());
}

#[test]
fn many_services_all_ill_are_borne() {
    // Each of 1,000 needs the three before it.
    let name = |n: usize| format!("s{n:04}");
    let replicas: Vec<Replica> = (0..1000)
        .map(|n: usize| {
            let below: Vec<String> = (n.saturating_sub(3)..n).map(name).collect();
            let below: Vec<&str> = below.iter().map(String::as_str).collect();
            wants(unit(&name(n)), &below)
        })
        .collect();
    let fleet = all(&replicas);
    let ids: BTreeSet<ServiceId> = replicas.iter().map(|replica| replica.service.clone()).collect();
    let ill = down(0);
    let causes = fleet.dependencies().causes(ids.iter().map(|id| (id, &ill)));
    assert_eq!(&*causes.main().unwrap().service.name, "s0000");
    assert_eq!(causes.main().unwrap().explains.len(), 999);
    assert_eq!(fleet.dependencies().impact(&service("shop", "s0000")).len(), 999);
}

fn grown(fleet: &Fleet, of: &[&str], way: Way) -> Vec<String> {
    let ids: Vec<ServiceId> = of.iter().map(|name| service("shop", name)).collect();
    let line = |branch: &Branch| {
        let leaf = match &branch.leaf {
            Leaf::Service(id) => id.name.to_string(),
            Leaf::Outside(path) => format!("<{path}>"),
        };
        format!("{}{leaf}{}", branch.stem(true), if branch.above { " (above)" } else { "" })
    };
    fleet.dependencies().tree(&ids.iter().collect::<Vec<_>>(), way).iter().map(line).collect()
}

#[test]
fn a_tree_of_needs_and_one_of_impact() {
    let mut replicas = shop();
    replicas[2] = wants(unit("auth"), &["postgres", "mail.example.com:587"]);
    let fleet = all(&replicas);
    let names = ["alone", "auth", "kafka", "order", "postgres", "web"];
    assert_eq!(
        grown(&fleet, &names, Way::Needs),
        [
            "alone",
            "web",
            "|- auth",
            "|  |- postgres",
            "|  `- <mail.example.com:587>",
            "`- order",
            "   |- kafka",
            "   `- postgres",
        ]
    );
    assert_eq!(
        grown(&fleet, &["kafka", "postgres"], Way::Impact),
        ["kafka", "`- order", "   `- web", "postgres", "|- auth", "|  `- web", "`- order (above)"]
    );
    assert_eq!(grown(&fleet, &["postgres"], Way::Needs), ["postgres"]);
}

#[test]
fn a_tree_of_a_ring_ends() {
    let ring = [wants(unit("a"), &["b"]), wants(unit("b"), &["c"]), wants(unit("c"), &["a"])];
    assert_eq!(
        grown(&all(&ring), &["a", "b", "c"], Way::Needs),
        ["a", "`- b", "   `- c", "      `- a (above)"]
    );
}
