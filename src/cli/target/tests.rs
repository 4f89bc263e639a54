//! A fleet with every way a name can be ambiguous.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::fleet::testing::running;
use crate::fleet::{EngineId, Observation, ReplicaId};

fn replica(project: Option<&str>, service: &str, name: &str, id: &str) -> Replica {
    let engine = EngineId::new("test");
    Replica {
        id: ReplicaId { engine: engine.clone(), id: id.into() },
        service: ServiceId { engine, project: project.map(Into::into), name: service.into() },
        ..running("", service, name)
    }
}

fn fleet() -> Fleet {
    let mut fleet = Fleet::new();
    fleet.apply(Observation::Synced {
        at: jiff::Timestamp::UNIX_EPOCH,
        engine: EngineId::new("docker"),
        replicas: vec![
            replica(Some("shop"), "api", "shop-api-1", "aaaa11112222"),
            replica(Some("shop"), "api", "shop-api-2", "aaaa33334444"),
            replica(Some("shop"), "web", "shop-web-1", "bbbb11112222"),
            replica(Some("till"), "api", "till-api-1", "cccc11112222"),
            replica(None, "registry", "registry", "dddd11112222"),
            replica(None, "web", "web", "eeee11112222"),
        ],
    });
    fleet
}

fn spelt(name: &str, project: Option<&str>) -> Result<String, TargetError> {
    let fleet = fleet();
    resolve(&fleet, name, project).map(|t| spelling(&fleet, &t))
}

#[test]
fn every_spelling_finds_its_one_thing() {
    for (name, project, want) in [
        ("shop/", None, "shop/"),
        ("shop/api", None, "shop/api"),
        ("api", Some("till"), "till/api"),
        ("registry", None, "/registry"),
        ("/web", None, "/web"),
        ("shop-api-2", None, "aaaa33334444 (shop-api-2)"),
        ("shop/shop-api-2", None, "aaaa33334444 (shop-api-2)"),
        ("aaaa3", None, "aaaa33334444 (shop-api-2)"),
        ("cccc11112222", None, "cccc11112222 (till-api-1)"),
    ] {
        assert_eq!(spelt(name, project).as_deref(), Ok(want), "{name}");
    }
}

#[test]
fn an_ambiguous_name_lists_all_and_does_nothing() {
    let candidates = |name| match spelt(name, None) {
        Err(TargetError::Ambiguous { candidates, .. }) => candidates,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(candidates("api"), ["shop/api", "till/api"]);
    let mut web = candidates("web");
    web.sort();
    assert_eq!(web, ["/web", "shop/web"]);
    assert_eq!(candidates("aaaa").len(), 2);
}

#[test]
fn what_is_not_there_is_said_with_what_could_be_meant() {
    let similar = |name| match spelt(name, None) {
        Err(TargetError::Nothing { similar, .. }) => similar,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(similar("registri"), ["registry"]);
    assert!(similar("zzz").is_empty());
    assert!(matches!(spelt("aaa", None), Err(TargetError::Nothing { .. })), "id prefix too short");
    assert!(matches!(spelt("shop", None), Err(TargetError::IsProject { .. })));
    assert!(matches!(spelt("nope/", None), Err(TargetError::NoProject { .. })));
    assert!(matches!(spelt("api", Some("nope")), Err(TargetError::NoProject { .. })));
    assert!(matches!(spelt("registry", Some("shop")), Err(TargetError::Nothing { .. })));
}

#[test]
fn a_project_covers_its_services_only() {
    let fleet = fleet();
    let covered = |name| {
        let target = resolve(&fleet, name, None).unwrap();
        fleet.services().filter(|s| covers(&target, &s.id, &fleet)).map(|s| s.id.path()).collect::<Vec<_>>()
    };
    assert_eq!(covered("shop/"), ["shop/api", "shop/web"]);
    assert_eq!(covered("till-api-1"), ["till/api"]);
    assert_eq!(covered("/"), ["registry", "web"]);
}
