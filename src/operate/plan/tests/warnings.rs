//! What is worth knowing before.

use super::*;
use crate::config::Protection;
use crate::engine::Mount;
use crate::fleet::{How, Joined, Ties, Verb, Want};
use crate::operate::{Confirm, Seat};

fn act(verb: Verb) -> Change {
    Change::Act(verb)
}

fn volume(source: &str) -> Mount {
    Mount {
        kind: "volume".into(),
        source: source.into(),
        target: "/data".into(),
        read_only: false,
        anonymous: source.len() == 64,
    }
}

#[test]
fn who_talks_to_it_is_told_by_its_urls_on_a_network_they_share() {
    let joined = |network: &str, name: &str| Joined { network: network.into(), names: vec![name.into()] };
    let tied = |network: &str, name: &str, wants: Vec<Want>| {
        Some(Arc::new(Ties { wants, networks: vec![joined(network, name)], ..Ties::default() }))
    };
    let wants =
        |host: &str| vec![Want { host: host.into(), port: None, how: How::Variable("CACHE_URL".into()) }];
    let set = |network: &str| {
        Set::of(Platform::GroupBuying).with("redis", |r| r.ties = tied("backend", "cache", Vec::new())).with(
            "auth-service",
            |r| {
                // (Others depend on it by their labels.)
                Arc::make_mut(r.compose.as_mut().unwrap()).depends_on.clear();
                r.ties = tied(network, "auth", wants("cache"));
            },
        )
    };
    let said = set("backend").warnings(act(Verb::Stop), "redis").join("; ");
    assert!(said.contains("auth-service") && said.contains("depend on redis"), "{said}");
    let said = set("elsewhere").warnings(act(Verb::Stop), "redis").join("; ");
    assert!(!said.contains("auth-service"), "{said}");
}

#[test]
fn who_needs_those_that_need_it_is_counted() {
    let set = Set::of(Platform::GroupBuying);
    let said = set.warnings(act(Verb::Stop), "factory-service").join("; ");
    assert!(said.contains("on factory-service; ") && said.contains(" more on th"), "{said}");
}

#[test]
fn a_gap_tells_who_waits() {
    let set = Set::of(Platform::Storefront);
    let said = set.warnings(act(Verb::Restart), "kafka");
    assert!(
        said.iter()
            .any(|w| w.contains("notification-service") && w.contains("on kafka, which is away for up to")),
        "{said:?}"
    );
    let several = set.warnings(act(Verb::Restart), "notification-service");
    assert!(several.is_empty(), "{several:?}");
}

#[test]
fn guests_of_its_network_lose_theirs() {
    let set = Set::of(Platform::GroupBuying)
        .set("review-service", |b| b.shares_network = Some("group-buying-redis-1".into()));
    for change in [act(Verb::Restart), act(Verb::Stop), Change::Recreate] {
        let said = set.warnings(change, "redis").join("; ");
        assert!(
            said.contains("group-buying-review-service-1 uses the network of group-buying-redis-1"),
            "{said}"
        );
    }
    assert!(!set.warnings(act(Verb::Restart), "auth-service").join(";").contains("network"));
}

#[test]
fn data_that_goes_over_and_others_that_use_it() {
    let set = Set::of(Platform::GroupBuying)
        .image("redis:8", "sha256:8")
        .set("redis", |b| b.mounts = vec![volume("cache")])
        .set("review-service", |b| b.mounts = vec![volume("cache")]);
    let said = set.warnings(deploy("redis:8"), "redis");
    assert!(
        said.contains(
            &"volume cache goes over to 8 as it is: what that changes in it stays, also when this is undone"
                .to_owned()
        ),
        "{said:?}"
    );
    assert!(said.contains(&"group-buying/review-service uses volume cache too".to_owned()), "{said:?}");
    assert!(!set.warnings(Change::Recreate, "redis").iter().any(|w| w.contains("volume cache")));
    let writers = set.set("order-service", |b| b.mounts = vec![volume("uploads")]);
    let said = writers.warnings(Change::Scale { to: 4 }, "order-service");
    assert_eq!(said, ["all 4 replicas of order-service write to volume uploads: make sure that they can"]);
}

#[test]
fn what_is_removed_with_it() {
    let set = Set::of(Platform::GroupBuying).set("redis", |b| {
        b.auto_remove = true;
        b.mounts = vec![volume(&"ab".repeat(32))];
    });
    let said = set.warnings(act(Verb::Stop), "redis").join("; ");
    assert!(said.contains("started with --rm: the engine removes it when it stops"), "{said}");
    assert!(!set.warnings(act(Verb::Restart), "redis").join("; ").contains("--rm"));
    let mut forced = set;
    forced.options.force = true;
    let said = forced.warnings(act(Verb::Remove), "redis").join("; ");
    assert!(said.contains("1 volume that has no name will belong to nobody"), "{said}");
}

#[test]
fn the_branch_one_sits_on() {
    let with = |seat: Seat| {
        let mut set = Set::of(Platform::GroupBuying);
        set.options.seat = seat;
        set
    };
    let said =
        |set: &Set, name: &str| set.warnings(act(Verb::Restart), name).first().cloned().unwrap_or_default();
    let ssh = with(Seat { ssh_port: Some(6379), ..Seat::default() });
    assert!(said(&ssh, "redis").starts_with("your own session comes in through group-buying-redis-1"));
    assert!(!said(&ssh, "postgres").contains("session"));
    let engine = with(Seat { engine_port: Some(6379), ..Seat::default() });
    assert!(
        said(&engine, "redis").starts_with("the engine is reached through group-buying-redis-1 (port 6379)")
    );
    let id = ssh.replicas.iter().find(|r| r.name.ends_with("redis-1")).unwrap().id.id.clone();
    let inside = with(Seat { container: Some(id[..12].to_owned()), ..Seat::default() });
    assert!(said(&inside, "redis").starts_with("quarterdeck itself runs in group-buying-redis-1"));
    assert!(!said(&inside, "postgres").contains("itself"));
    let proxy = said(&with(Seat::default()), "nginx");
    assert!(proxy.starts_with("group-buying-nginx-1 stands in front of others (port 80)"), "{proxy}");
    let vpn = with(Seat { ssh_port: Some(22), ..Seat::default() })
        .with("redis", |r| r.image.reference = "linuxserver/wireguard:1".into());
    assert!(said(&vpn, "redis").contains("looks like a VPN"), "{}", said(&vpn, "redis"));
}

#[test]
fn two_that_start_want_one_port() {
    let mut set = Set::of(Platform::Storefront);
    set.replicas.iter_mut().for_each(|r| r.state = crate::fleet::State::Exited);
    set.tell();
    let said = set.plan(Change::Up, &set.whole()).unwrap().warnings.join("; ");
    assert!(said.contains("both want port 3001: only one of them will start"), "{said}");
}

#[test]
fn what_needs_something_that_does_not_run() {
    let set = Set::of(Platform::Storefront)
        .with("postgres", |r| r.state = crate::fleet::State::Exited)
        .with("user-service", |r| r.state = crate::fleet::State::Exited);
    let said = set.warnings(act(Verb::Start), "user-service").join("; ");
    assert!(said.contains("user-service depends on postgres, which does not run"), "{said}");
    let both = [set.service("postgres"), set.service("user-service")];
    let said = set.plan(act(Verb::Start), &both).unwrap().warnings.join("; ");
    assert!(!said.contains("does not run"), "{said}");
}

#[test]
fn less_memory_than_it_uses() {
    use crate::fleet::Usage;
    let mut set = Set::of(Platform::GroupBuying);
    let id = set.replicas.iter().find(|r| r.name.ends_with("postgres-1")).unwrap().id.clone();
    let usage = Usage { memory: Some(300 << 20), ..Usage::default() };
    set.observe(Observation::Sampled { at: start(), usages: vec![(id, usage)] });
    let limit = |memory: u64| Change::Limit { cpus: None, memory: Some(memory << 20) };
    let said = set.warnings(limit(256), "postgres").join("; ");
    assert!(said.contains("group-buying-postgres-1 uses 300M now, more than 256M"), "{said}");
    assert!(!set.warnings(limit(512), "postgres").join("; ").contains("now"));
}

#[test]
fn labels_that_make_no_sense_are_told_once() {
    let set = Set::of(Platform::GroupBuying)
        .set("order-service", |b| b.gate = vec![("deadline".into(), "soon".into())]);
    let said = set.warnings(act(Verb::Restart), "order-service");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("quarterdeck.gate.deadline says \"soon\""), "{said:?}");
}

/// The engine's edge asks for consent step by step: a plan must not be begun with less.
#[test]
fn consent_is_asked_for_as_the_engines_edge_will() {
    let mut set = Set::of(Platform::GroupBuying);
    set.options.protection = Protection { typed: vec!["group-buying".into()], ..Protection::default() };
    let sure = |change: Change| set.one(change, "order-service").unwrap().confirm;
    let word = Confirm::Typed("order-service".into());
    assert_eq!(sure(Change::Recreate), word);
    assert_eq!(sure(Change::Scale { to: 1 }), word);
    assert_eq!(sure(Change::Scale { to: 5 }), word, "undoing it removes what was made");
    assert_eq!(sure(act(Verb::Restart)), Confirm::Yes);
    assert_eq!(sure(Change::Limit { cpus: Some(1.5), memory: None }), Confirm::Yes);
}
