//! Targets from config and labels: a pure function of replica, rules and how the land lies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::roster::Roster;
use super::rules::Rules;
use super::target::{Check, Goal, Lay, Source, Target};
use crate::config::Settings;
use crate::fleet::testing::running;
use crate::fleet::{
    EngineId, EngineInfo, Observation, Port, Protocol, Purpose, Replica, ReplicaId, Role, State,
};

fn engine() -> EngineId {
    EngineId::new("docker")
}

/// A running replica of `shop/name` at 172.18.0.3 that exposes 3000, published as 13000.
fn replica(name: &str, labels: &[(&str, &str)]) -> Replica {
    Replica {
        id: ReplicaId { engine: engine(), id: format!("{name}-id").into() },
        ports: vec![published(3000, "0.0.0.0", 13000)],
        addresses: vec!["172.18.0.3".parse().unwrap()],
        labels: Arc::new(labels.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()),
        ..running("shop", name, &format!("shop-{name}-1"))
    }
}

fn published(container: u16, ip: &str, host: u16) -> Port {
    Port { container, protocol: Protocol::Tcp, host: Some((ip.parse::<IpAddr>().unwrap(), host)) }
}

fn info(local: bool, endpoint: &str) -> EngineInfo {
    EngineInfo { kind: "docker".into(), local, endpoint: endpoint.into(), ..EngineInfo::default() }
}

fn local() -> Lay {
    Lay::of(Some(&info(true, "unix:///var/run/docker.sock")))
}

fn rules(text: &str) -> Rules {
    Rules::new(&Settings::read("c.toml", text).unwrap().probes)
}

/// Name and place of each.
fn shown(targets: &[Target]) -> Vec<(String, String)> {
    targets.iter().map(|target| (target.name.to_string(), target.goal.words())).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn globs_choose_services_and_names_are_filled_in() {
    let rules = rules(
        r#"
[[probe]]
service = "shop/api*"
http = "/health/{service}"
[[probe]]
service = "shop"
http = "http://{service}.{project}.example:8080/"
[[probe]]
service = "*/db"
exec = ["/usr/bin/pg_isready", "-d", "{service}"]
[[probe]]
service = "other/*"
tcp = 1
"#,
    );
    let of = |name: &str| rules.of(&replica(name, &[]), &local()).0;
    assert_eq!(
        shown(&of("api-1")),
        pairs(&[
            ("http /health/api-1", "172.18.0.3:3000"),
            ("http http://api-1.shop.example:8080/", "http://api-1.shop.example:8080/"),
        ])
    );
    let all = of("db");
    let exec = all.last().unwrap();
    assert_eq!((&*exec.name, &exec.goal), ("exec pg_isready", &Goal::Inside));
    assert!(matches!(&exec.check, Check::Exec(argv) if argv[2] == "db"), "{exec:?}");
    assert_eq!(all[0].replica, None, "a URL is the service's, not a replica's");
    assert!(exec.replica.is_some());
    let api = replica("api-1", &[]);
    assert_eq!(rules.idle(&[&api.service]), ["*/db", "other/*"]);
}

#[test]
fn own_addresses_go_before_published_ports_and_what_is_nowhere_says_why() {
    let rules = rules("[[probe]]\nservice = '*'\ntcp = 3000");
    let goal = |engine: &EngineInfo, change: fn(&mut Replica)| {
        let mut replica = replica("api", &[]);
        change(&mut replica);
        rules.of(&replica, &Lay::of(Some(engine))).0.remove(0).goal
    };
    let (here, there, ssh) = (
        info(true, "unix:///var/run/docker.sock"),
        info(false, "tcp://prod-1:2376"),
        info(false, "ssh://ada@prod-2:22"),
    );
    let desktop = info(false, "unix:///home/ada/.docker/desktop.sock");
    for (engine, change, words, proxied) in [
        (&here, (|_| {}) as fn(&mut Replica), "172.18.0.3:3000", false),
        (&here, |r| r.addresses = vec!["fd00::3".parse().unwrap()], "[fd00::3]:3000", false),
        (&here, |r| r.addresses.clear(), "127.0.0.1:13000", true),
        (&there, |_| {}, "prod-1:13000", true),
        (&ssh, |_| {}, "prod-2:13000", true),
        (&desktop, |_| {}, "127.0.0.1:13000", true),
        (&desktop, |r| r.ports = vec![published(3000, "127.0.0.1", 9)], "127.0.0.1:9", true),
        (&there, |r| r.ports = vec![published(3000, "10.1.1.1", 9)], "10.1.1.1:9", true),
    ] {
        let goal = goal(engine, change);
        assert_eq!(goal.words(), words);
        assert!(matches!(goal, Goal::Socket { proxied: is, .. } if is == proxied), "{words}");
    }
    for (engine, change, why) in [
        (
            &there,
            (|r| r.ports.clear()) as fn(&mut Replica),
            "port 3000 is not published, and the engine is on another machine",
        ),
        (
            &there,
            |r| r.ports = vec![published(3000, "127.0.0.1", 9)],
            "port 3000 is published on the loopback of the engine's machine only",
        ),
        (
            &here,
            |r| (r.addresses, r.ports) = (Vec::new(), Vec::new()),
            "no address of its own is known, and port 3000 is not published",
        ),
    ] {
        assert_eq!(goal(engine, change), Goal::Nowhere(why.into()));
    }
}

#[test]
fn without_a_port_the_only_one_is_meant() {
    let rules = rules("[[probe]]\nservice = '*'\nhttp = '/health'");
    let goal = |ports: Vec<Port>| {
        let replica = Replica { ports, ..replica("api", &[]) };
        rules.of(&replica, &local()).0.remove(0).goal.words()
    };
    assert_eq!(goal(vec![published(80, "0.0.0.0", 1), published(80, "::", 1)]), "172.18.0.3:80");
    assert_eq!(goal(vec![]), "it exposes no port: say which by `port = …`");
    let two = goal(vec![published(80, "0.0.0.0", 1), published(443, "0.0.0.0", 2)]);
    assert_eq!(two, "it has several ports (80, 443): say which by `port = …`");
}

#[test]
fn labels_declare_probes_of_their_own_container() {
    let labels = [
        ("probe.http", "/health"),
        ("probe.port", "8080"),
        ("probe.status", "200-204"),
        ("probe.interval", "5s"),
        ("probe.timeout", "250ms"),
        ("probe.retries", "2"),
        ("probe.start_period", "1m"),
        ("probe.ready.http", "/ready"),
        ("probe.ready.port", "8081"),
        ("probe.postgres", "true"),
        ("probe.redis", "6380"),
        ("gate.stay", "5s"),
    ];
    let (targets, wrong) = Rules::default().of(&replica("api", &labels), &local());
    assert_eq!(wrong, [] as [&str; 0]);
    assert_eq!(
        shown(&targets),
        pairs(&[
            ("http /health", "172.18.0.3:8080"),
            // The port named is that of all probes beside it that have none of their own.
            ("postgres 8080", "172.18.0.3:8080"),
            ("redis 6380", "172.18.0.3:6380"),
            ("http /ready", "172.18.0.3:8081"),
        ])
    );
    let http = &targets[0];
    assert_eq!(http.source, Source::Label("quarterdeck.probe.http".into()));
    let pace = http.pace;
    assert_eq!((pace.interval, pace.timeout), (Duration::from_secs(5), Duration::from_millis(250)));
    assert_eq!((pace.retries, pace.start_period), (2, Duration::from_mins(1)));
    assert!(matches!(&http.check, Check::Http(it) if it.expect.status.to_string() == "200-204"));
    assert_eq!(targets[3].purpose, Purpose::Readiness);
    assert_eq!(targets[3].pace.interval, Duration::from_secs(10), "each purpose has its own");
}

#[test]
fn labels_can_ask_for_nothing_but_ports_and_paths_and_are_told_so() {
    let labels = [
        ("probe.exec", "rm -rf /"),
        ("probe.http", "http://169.254.169.254/latest/meta-data"),
        ("probe.https", "//evil.example/ x"),
        ("probe.tcp", "10.0.0.1:22"),
        ("probe.htp", "/"),
        ("probe.interval", "often"),
        ("probe.retries", "0"),
        ("probe.ready.kafka", "70000"),
    ];
    let (targets, wrong) = Rules::default().of(&replica("api", &labels), &local());
    assert_eq!(targets, []);
    assert_eq!(wrong.len(), labels.len(), "{wrong:#?}");
    assert!(wrong[0].contains("shop/api: label quarterdeck.probe.exec asks for a command"), "{}", wrong[0]);
    assert!(wrong.iter().any(|it| it.contains("quarterdeck.probe.htp is unknown; there are http, https")));
    let quick = [("probe.tcp", "1"), ("probe.interval", "1ms"), ("probe.timeout", "9h")];
    let pace = Rules::default().of(&replica("api", &quick), &local()).0[0].pace;
    assert_eq!((pace.interval, pace.timeout), (Duration::from_secs(1), Duration::from_secs(30)));
}

#[test]
fn the_config_goes_before_labels_and_the_first_rule_before_the_next() {
    let rules = rules(
        "[[probe]]\nservice = 'shop/api'\nhttp = '/health'\ninterval = '1s'\n\
         [[probe]]\nservice = '*'\nhttp = '/health'\ninterval = '9s'\n\
         [[probe]]\nservice = '*'\nhttp = '/health'\npurpose = 'readiness'",
    );
    let labels = [("probe.http", "/health"), ("probe.interval", "30s")];
    let (targets, _) = rules.of(&replica("api", &labels), &local());
    assert_eq!(
        shown(&targets),
        pairs(&[("http /health", "172.18.0.3:3000"), ("http /health (ready)", "172.18.0.3:3000")])
    );
    assert_eq!(targets[0].pace.interval, Duration::from_secs(1));
}

#[test]
fn the_roster_follows_what_runs_and_says_only_what_changed() {
    let mut roster = Roster::new(rules(
        "[[probe]]\nservice = 'shop/api'\nhttp = 'http://shop.example/'\n[[probe]]\nservice = 'shop/db'\ntcp = 5432",
    ));
    let at = Timestamp::UNIX_EPOCH;
    let applied = |replica: &Replica| Observation::Applied { at, replica: Box::new(replica.clone()) };
    let names = |targets: super::roster::Targets| -> Vec<String> {
        targets.values().map(|t| format!("{} {}", t.service.name, t.goal.words())).collect()
    };
    assert!(roster.observe(&Observation::Engine(info(true, "unix:///x"))).is_none());
    let (api, db, web) = (replica("api", &[]), replica("db", &[]), replica("web", &[]));
    let second = Replica { id: ReplicaId { engine: engine(), id: "api-2".into() }, ..api.clone() };
    let all = vec![api.clone(), second.clone(), db.clone(), web.clone()];
    let synced = Observation::Synced { at, engine: engine(), replicas: all };
    let found = roster.observe(&synced).expect("there are targets now");
    assert_eq!(
        names(found),
        ["api http://shop.example/", "db 172.18.0.3:5432"],
        "a URL once, however many replicas"
    );
    assert!(roster.observe(&synced).is_none() && roster.observe(&applied(&api)).is_none(), "nothing new");
    // One of two replicas gone: the URL is still the service's.
    assert_eq!(roster.observe(&Observation::Removed { at, id: second.id }).map(names).unwrap().len(), 2);
    for change in [
        (|r| r.state = State::Paused) as fn(&mut Replica),
        |r| r.state = State::Exited,
        |r| r.role = Role::Spare,
        |r| r.role = Role::Job,
    ] {
        let mut other = db.clone();
        change(&mut other);
        assert_eq!(names(roster.observe(&applied(&other)).unwrap()), ["api http://shop.example/"]);
        roster.observe(&applied(&db)).unwrap();
    }
    // How the land lies may be told last.
    let there = roster.observe(&Observation::Engine(info(false, "tcp://prod-1:2376"))).map(names).unwrap();
    assert_eq!(
        there,
        ["api http://shop.example/", "db port 5432 is not published, and the engine is on another machine"]
    );
    assert!(roster.observe(&Observation::Engine(info(false, "tcp://prod-1:2376"))).is_none());
    roster.observe(&Observation::Engine(info(true, "unix:///x"))).unwrap();
    // What the list does not have is gone.
    let synced = Observation::Synced { at, engine: engine(), replicas: vec![db] };
    assert_eq!(names(roster.observe(&synced).unwrap()), ["db 172.18.0.3:5432"]);
}

#[test]
fn other_rules_keep_how_the_land_lies() {
    let mut before = Roster::new(rules(""));
    before.observe(&Observation::Engine(info(true, "unix:///var/run/docker.sock")));
    let mut roster = before.anew(rules("[[probe]]\nservice = '*'\nhttp = '/health'"));
    let applied = Observation::Applied { at: Timestamp::UNIX_EPOCH, replica: Box::new(replica("api", &[])) };
    let targets = roster.observe(&applied).unwrap();
    assert_eq!(targets.values().next().unwrap().goal.words(), "172.18.0.3:3000");
}
