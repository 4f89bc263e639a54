//! What is not done, why, and what to do instead.

use super::*;
use crate::fleet::{Port, Protocol, Role, State};

fn limit(cpus: Option<f64>, memory: Option<u64>) -> Change {
    Change::Limit { cpus, memory }
}

#[test]
fn scaling_is_refused_where_a_second_one_can_not_stand_beside() {
    let up = || Change::Scale { to: 4 };
    let set = || Set::of(Platform::GroupBuying);
    let path = "can't scale group-buying/auth-service: ";
    for (set, why, remedy) in [
        (
            set().set("auth-service", |b| {
                let host = Some(("0.0.0.0".parse().unwrap(), 3001));
                b.fixed_ports = vec![Port { container: 3001, protocol: Protocol::Tcp, host }];
            }),
            "it publishes host port 3001, which only one can hold",
            "without a host port",
        ),
        (
            set().set("auth-service", |b| {
                b.fixed_ports.clear();
                b.fixed_name = true;
            }),
            "its name is fixed (group-buying-auth-service-1), which only one can have",
            "container_name",
        ),
        (
            set().set("auth-service", |b| {
                b.fixed_ports.clear();
                b.addresses = vec!["backend 10.0.0.3".into()];
            }),
            "it has a static address (backend 10.0.0.3), which only one can have",
            "address",
        ),
        (
            set().set("auth-service", |b| {
                b.fixed_ports.clear();
                b.shares_network = Some("vpn".into());
            }),
            "it uses the network of vpn, where two would listen on the same ports",
            "network_mode",
        ),
        (
            set().set("auth-service", |b| {
                b.fixed_ports.clear();
                b.unlike = Some(("it was made by hand".into(), "Make it anew.".into()));
            }),
            "it was made by hand",
            "Make it anew.",
        ),
    ] {
        let said = set.refused(up(), "auth-service");
        assert!(said.contains(why) && said.contains(remedy), "{said}");
        assert!(
            said.starts_with(path) || said.starts_with("can't scale group-buying-auth-service-1: "),
            "{said}"
        );
    }
    let zero = set().refused(Change::Scale { to: 0 }, "order-service");
    assert_eq!(
        zero,
        "can't scale group-buying/order-service: its last replica holds its settings | Stop it instead: qd stop keeps them."
    );
    let same = set().refused(Change::Scale { to: 3 }, "order-service");
    assert!(
        same.starts_with("nothing to scale: group-buying/order-service has 3 replicas already"),
        "{same}"
    );
}

#[test]
fn a_lone_container_and_one_without_replicas_do_not_scale() {
    let mut set = Set::of(Platform::GroupBuying);
    let lone = ServiceId { engine: EngineId::new("demo"), project: None, name: "lone".into() };
    set.replicas[0].service = lone.clone();
    set.replicas[0].role = Role::Replica;
    set.tell();
    let plan = set.plan(Change::Scale { to: 2 }, &[Target::Service(lone)]);
    let said = plan.unwrap_err().to_string();
    assert_eq!(said, "can't scale lone: it is a lone container, which is one by its nature");

    let mut set = Set::of(Platform::GroupBuying);
    let id = set.id("settlement-service");
    set.replicas.retain(|r| r.service != id || r.role == Role::Job);
    set.tell();
    let said = set.refused(Change::Scale { to: 2 }, "settlement-service");
    assert!(said.contains("it has no replica, so there is nothing to make another one like"), "{said}");
    let said = set.refused(Change::Recreate, "settlement-service");
    assert!(said.starts_with("nothing to recreate: there is only a one-off job"), "{said}");
}

#[test]
fn what_is_so_already_is_no_change() {
    let set = Set::of(Platform::GroupBuying);
    let said = set.refused(redeploy(), "order-service");
    assert!(said.starts_with("nothing to deploy: group-buying/order-service runs 2.1.0 already ("), "{said}");
    assert!(said.contains("qd recreate") && said.contains("--force"), "{said}");
    let mut set = set;
    set.options.force = true;
    assert_eq!(set.one(redeploy(), "order-service").unwrap().expects.len(), 3);
    let said = Set::of(Platform::GroupBuying).refused(limit(Some(2.0), None), "postgres");
    assert!(said.starts_with("nothing to limit: group-buying-postgres-1 has these limits already"), "{said}");
}

#[test]
fn only_the_replicas_that_differ_are_replaced() {
    let mut set = Set::of(Platform::GroupBuying).image("group-buying/order-service:2.2.0", "sha256:22");
    let second = set.replicas.iter().find(|r| r.name.ends_with("order-service-2")).unwrap().id.clone();
    let blueprint = set.survey.replicas.iter_mut().find(|b| b.replica == second).unwrap();
    blueprint.image = Image { reference: "group-buying/order-service:2.2.0".into(), id: "sha256:22".into() };
    let plan = set.one(deploy(":2.2.0"), "order-service").unwrap();
    assert_eq!(plan.expects.len(), 2);
    assert_eq!(plan.skipped.len(), 1);
    assert_eq!(plan.skipped[0].why, "runs 2.2.0 already (22)");
}

#[test]
fn images_that_are_nowhere_are_refused_before_anything_is_touched() {
    let set = Set::of(Platform::GroupBuying).no_image("nowhere:1");
    let never = Change::Deploy { image: Some("nowhere:1".into()), pull: Pull::Never };
    let said = set.refused(never, "order-service");
    assert!(
        said.contains("there is no image nowhere:1 on this engine | Get it first (docker pull nowhere:1)"),
        "{said}"
    );
    let gone = rollback("group-buying/order-service:2.0.0", "sha256:0123456789abcdef");
    let said = set.refused(gone, "order-service");
    assert!(
        said.contains("the image it ran (2.0.0 0123456789ab) is no longer on this engine")
            && said.contains("Deploy group-buying/order-service:2.0.0 if the registry still has it"),
        "{said}"
    );
    // The name is there, but means another image by now.
    let moved = set.image("group-buying/order-service:2.0.0", "sha256:other");
    let said = moved.refused(rollback("group-buying/order-service:2.0.0", "sha256:0123"), "order-service");
    assert!(said.contains("is no longer on this engine"), "{said}");
    let id = moved.replicas.iter().find(|r| r.name.ends_with("redis-1")).unwrap().image.id.clone();
    let said = moved.no_image(&id).refused(Change::Recreate, "redis");
    assert!(said.contains("the image it runs"), "{said}");
}

#[test]
fn what_the_engine_removes_by_itself_has_no_way_back() {
    let set =
        || Set::of(Platform::GroupBuying).set("redis", |b| b.auto_remove = true).image("redis:8", "sha256:8");
    for change in [Change::Recreate, deploy("redis:8"), limit(None, Some(0))] {
        let set = set().set("redis", |b| b.limits.memory = Some(1 << 30));
        let said = set.refused(change, "redis");
        assert!(said.contains("it was started with --rm") && said.contains("without --rm once"), "{said}");
    }
}

#[test]
fn an_operation_left_in_the_middle_comes_first() {
    let mut set = Set::of(Platform::GroupBuying).image("redis:8", "sha256:8");
    let mut spare = set.replicas.iter().find(|r| r.name.ends_with("redis-1")).unwrap().clone();
    spare.id.id = "feedfacecafe".into();
    spare.name = "group-buying-redis-1.qd-ab1cd.old".into();
    spare.role = Role::Spare;
    set.replicas.push(spare);
    set.tell();
    for change in [Change::Recreate, deploy("redis:8"), Change::Scale { to: 2 }, limit(Some(1.0), None)] {
        let said = set.refused(change, "redis");
        assert!(said.contains("redis-1.qd-ab1cd.old was left by an operation that has not ended"), "{said}");
        assert!(said.contains("qd finish or qd undo"), "{said}");
    }
    assert_eq!(
        set.one(Change::Act(crate::fleet::Verb::Stop), "redis").unwrap().steps.len(),
        1,
        "spares are left"
    );
}

#[test]
fn what_vanished_since_is_gone() {
    let mut set = Set::of(Platform::GroupBuying);
    let id = set.replicas.iter().find(|r| r.name.ends_with("redis-1")).unwrap().id.clone();
    set.survey.replicas.retain(|b| b.replica != id);
    assert_eq!(
        set.one(Change::Recreate, "redis").unwrap_err().to_string(),
        "nothing to recreate: group-buying-redis-1 is gone"
    );
}

#[test]
fn dead_and_dying_replicas_are_left_alone() {
    let set = Set::of(Platform::GroupBuying).with("redis", |r| r.state = State::Dead);
    let said = set.refused(Change::Recreate, "redis");
    assert!(said.contains("group-buying-redis-1 is dead: only removal is left"), "{said}");
}

#[test]
fn deploys_without_gates_are_refused() {
    let mut set = Set::of(Platform::GroupBuying);
    set.options.wait = false;
    let said = set.refused(Change::Recreate, "redis");
    assert!(
        said.contains("can't recreate anything without waiting for it") && said.contains("--no-wait"),
        "{said}"
    );
    let scaled = set.one(Change::Scale { to: 5 }, "order-service").unwrap();
    assert!(!actions(&scaled).contains(&"wait"), "{:?}", actions(&scaled));
}

#[test]
fn limits_no_engine_takes_are_refused() {
    let set = Set::of(Platform::GroupBuying);
    for (change, why) in [
        (limit(None, None), "no limit was named"),
        (limit(Some(-1.0), None), "-1 CPUs can't be given"),
        (limit(Some(f64::NAN), None), "CPUs can't be given"),
        (limit(Some(4096.0), None), "4096 CPUs can't be given"),
        (limit(None, Some(1 << 20)), "is too little memory to run in"),
    ] {
        let said = set.refused(change, "redis");
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn one_image_for_several_services_is_a_slip() {
    let set = Set::of(Platform::GroupBuying).image("redis:8", "sha256:8");
    let both = [set.service("redis"), set.service("postgres")];
    let said = set.plan(deploy("redis:8"), &both).unwrap_err().to_string();
    assert!(said.contains("redis:8 was named for 2 services, and this one runs postgres:"), "{said}");
    let orders = set.image("group-buying/order-service:3", "sha256:3");
    let twice = [orders.service("order-service"), orders.service("order-service")];
    assert_eq!(orders.plan(deploy("group-buying/order-service:3"), &twice).unwrap().services.len(), 1);
}
