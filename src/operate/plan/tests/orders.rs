//! Which step comes when.

use super::*;
use crate::engine::{Needs, Place, Step};
use crate::fleet::{Exit, Role, State, Verb};
use crate::operate::{Phase, Rule, Work};

#[test]
fn the_predecessor_stops_first_only_where_two_would_clash() {
    let gap = ["create", "policy", "stop", "rename", "rename", "start", "wait", "wait", "remove"];
    let overlap = ["create", "start", "wait", "policy", "stop", "rename", "rename", "wait", "remove"];
    let base = || {
        Set::of(Platform::GroupBuying).set("wallet-service", |b| {
            b.fixed_ports.clear();
            b.policy = "always".into();
        })
    };
    let mount = |read_only, source: &str| crate::engine::Mount {
        kind: "volume".into(),
        source: source.into(),
        target: "/data".into(),
        read_only,
        anonymous: source.len() == 64,
    };
    let anonymous = "0123456789abcdef".repeat(4);
    for (case, set, wanted, why) in [
        ("plain", base(), overlap, "is well before the old one stops"),
        (
            "address",
            base().set("wallet-service", |b| b.addresses = vec!["net 10.0.0.3".into()]),
            gap,
            "10.0.0.3",
        ),
        (
            "host",
            base().set("wallet-service", |b| b.shares_network = Some("host".into())),
            gap,
            "host's own network",
        ),
        (
            "guest",
            base().set("wallet-service", |b| b.shares_network = Some("vpn".into())),
            gap,
            "network of vpn",
        ),
        (
            "written",
            base().set("wallet-service", |b| b.mounts = vec![mount(false, "ledger")]),
            gap,
            "volume ledger",
        ),
        (
            "read",
            base().set("wallet-service", |b| b.mounts = vec![mount(true, "ledger")]),
            overlap,
            "well before",
        ),
        (
            "anonymous",
            base().set("wallet-service", |b| b.mounts = vec![mount(false, &anonymous)]),
            gap,
            "the volume at /data",
        ),
        (
            "label yes",
            base().set("wallet-service", |b| {
                b.mounts = vec![mount(false, "ledger")];
                b.overlap = Some("yes".into());
            }),
            overlap,
            "well before",
        ),
        ("label no", base().set("wallet-service", |b| b.overlap = Some("no".into())), gap, "says no"),
        (
            "socket",
            base().set("wallet-service", |b| {
                b.mounts = vec![crate::engine::Mount {
                    kind: "bind".into(),
                    ..mount(false, "/var/run/docker.sock")
                }];
            }),
            overlap,
            "well before",
        ),
    ] {
        let plan = set.one(Change::Recreate, "wallet-service").unwrap();
        assert_eq!(actions(&plan), wanted, "{case}");
        assert_eq!(plan.gaps.len(), 1, "{case}");
        assert!(plan.gaps[0].why.contains(why), "{case}: {}", plan.gaps[0].why);
        assert_eq!(plan.gaps[0].lasts.is_some(), wanted == gap, "{case}");
    }
}

#[test]
fn two_that_share_a_volume_already_show_that_they_can() {
    let mount = crate::engine::Mount {
        kind: "volume".into(),
        source: "uploads".into(),
        target: "/data".into(),
        read_only: false,
        anonymous: false,
    };
    let set = Set::of(Platform::GroupBuying).set("order-service", |b| {
        b.fixed_ports.clear();
        b.mounts = vec![mount.clone()];
    });
    let plan = set.one(Change::Recreate, "order-service").unwrap();
    assert_eq!(actions(&plan)[..3], ["create", "start", "wait"]);
    let alone = set.with("order-service", |r| {
        if !r.name.ends_with("-1") {
            r.state = State::Exited;
        }
    });
    let plan = alone.one(Change::Recreate, "order-service").unwrap();
    assert_eq!(actions(&plan)[..2], ["create", "policy"], "one alone shows nothing");
}

#[test]
fn a_range_of_ports_is_as_wide_as_it_is() {
    let ranged = |first: u16, last: u16| {
        let set = Set::of(Platform::GroupBuying).with("order-service", |r| {
            let number = u16::try_from(r.number.unwrap()).unwrap();
            for port in &mut r.ports {
                port.host = port.host.map(|(ip, _)| (ip, 9000 + number));
            }
        });
        set.set("order-service", |b| b.port_ranges = vec![(first, last)])
    };
    let plan = ranged(9001, 9004).one(Change::Recreate, "order-service").unwrap();
    assert_eq!(actions(&plan)[..3], ["create", "start", "wait"]);
    let full = ranged(9001, 9003);
    let plan = full.one(Change::Recreate, "order-service").unwrap();
    assert_eq!(actions(&plan)[..3], ["create", "policy", "stop"]);
    assert!(plan.gaps[0].why.contains("no port from 9001 to 9003 is free"), "{}", plan.gaps[0].why);
    assert!(
        full.refused(Change::Scale { to: 4 }, "order-service")
            .contains("0 of these are free | Widen the range")
    );
    assert!(ranged(9001, 9010).one(Change::Scale { to: 10 }, "order-service").is_ok());
    assert!(
        ranged(9001, 9010)
            .refused(Change::Scale { to: 11 }, "order-service")
            .contains("8 more need host ports")
    );
}

#[test]
fn a_label_that_says_neither_is_named() {
    let set = Set::of(Platform::GroupBuying).set("wallet-service", |b| b.overlap = Some("maybe".into()));
    let warnings = set.warnings(Change::Recreate, "wallet-service");
    assert!(warnings.iter().any(|w| w.contains("quarterdeck.overlap says \"maybe\"")), "{warnings:?}");
}

#[test]
fn restarts_and_starts_can_not_be_taken_back_stops_can() {
    let set = Set::of(Platform::GroupBuying);
    for (verb, name, phase) in [
        (Verb::Restart, "redis", Phase::Commit),
        (Verb::Stop, "redis", Phase::Forward),
        (Verb::Pause, "redis", Phase::Forward),
        (Verb::Unpause, "office-service", Phase::Forward),
        (Verb::Kill, "redis", Phase::Commit),
    ] {
        let plan = set.one(Change::Act(verb), name).unwrap();
        assert!(plan.steps.iter().all(|s| s.phase == phase), "{verb}");
    }
}

#[test]
fn stopped_replicas_are_started_before_others_are_made() {
    let set = Set::of(Platform::GroupBuying).with("order-service", |r| {
        if r.number == Some(2) {
            r.state = State::Exited;
        }
    });
    let plan = set.one(Change::Scale { to: 4 }, "order-service").unwrap();
    let starts: Vec<&str> =
        plan.steps.iter().filter(|s| s.verb() == Some(Verb::Start)).map(|s| &*s.name).collect();
    assert_eq!(starts, ["group-buying-order-service-2", "group-buying-order-service-4"]);
    assert_eq!(plan.skipped.len(), 2);
    let same = set.one(Change::Scale { to: 3 }, "order-service").unwrap();
    assert_eq!(actions(&same), ["start", "wait", "wait"]);
}

#[test]
fn a_new_replica_is_like_one_that_is_well_and_its_name_is_free() {
    let mut set = Set::of(Platform::GroupBuying).with("order-service", |r| {
        if r.number == Some(1) {
            r.check = crate::fleet::HealthCheck::Unhealthy;
        }
    });
    // Somebody's lone container has the next name.
    let squatter = set.replicas.iter_mut().find(|r| r.name.ends_with("redis-1")).unwrap();
    squatter.name = "group-buying-order-service-4".into();
    set.tell();
    let plan = set.one(Change::Scale { to: 4 }, "order-service").unwrap();
    let Work::Step(Step::Create(create)) = &plan.steps[0].work else { panic!("{:?}", plan.steps[0]) };
    assert_eq!((&*create.name, create.number), ("group-buying-order-service-5", Some(5)));
    assert_eq!(create.place, Place::Beside);
    let like = set.fleet.replica(create.like.is().unwrap()).unwrap();
    assert_eq!(like.number, Some(2));
}

#[test]
fn a_dependency_that_completes_is_waited_for_in_its_own_way() {
    let mut set = Set::of(Platform::Payments);
    set.replicas.iter_mut().for_each(|r| {
        r.state = State::Exited;
        let compose = r.compose.as_mut().map(Arc::make_mut).unwrap();
        if compose.depends_on.contains(&arc("postgres")) {
            compose.completes = vec!["postgres".into()];
        }
    });
    set.tell();
    let up = set.plan(Change::Up, &set.whole()).unwrap();
    let gate = |plan: &Plan, name: &str| {
        plan.steps
            .iter()
            .find_map(|s| match &s.work {
                Work::Gate(gate) if &*s.service.name == name => Some(gate.rule.clone()),
                _ => None,
            })
            .unwrap()
    };
    assert_eq!(gate(&up, "postgres"), Rule::Completes);
    assert_ne!(gate(&up, "redis"), Rule::Completes);

    // It has completed, and everything that waits for it runs: not again.
    let postgres = set.id("postgres");
    set.replicas.iter_mut().for_each(|r| {
        let redis = &*r.service.name == "redis";
        if r.service == postgres {
            r.exit = Some(Exit { code: 0, oom: false });
        } else if !redis {
            r.state = State::Running;
        }
    });
    set.tell();
    let up = set.plan(Change::Up, &set.whole()).unwrap();
    assert_eq!(up.services, [set.id("redis")]);
    assert!(up.skipped.iter().any(|s| s.why.contains("ran to its end")), "{:?}", up.skipped);
}

#[test]
fn what_runs_but_is_not_well_yet_is_waited_for_where_others_need_it() {
    let mut set = Set::of(Platform::Payments);
    set.replicas.iter_mut().for_each(|r| {
        if &*r.service.name == "postgres" {
            r.check = crate::fleet::HealthCheck::Starting;
        } else if &*r.service.name == "api" {
            r.state = State::Exited;
        }
    });
    set.tell();
    let up = set.plan(Change::Up, &set.whole()).unwrap();
    let first = &up.steps[0];
    assert_eq!((&*first.service.name, up.rows()[0].action), ("postgres", "wait"));
    let start = up.steps.iter().find(|s| s.verb().is_some()).unwrap();
    assert!(start.wave > first.wave && &*start.service.name == "api");
}

#[test]
fn compose_files_give_the_order_where_labels_do_not() {
    let mut set = Set::of(Platform::Payments);
    set.replicas.iter_mut().for_each(|r| {
        r.state = State::Exited;
        Arc::make_mut(r.compose.as_mut().unwrap()).depends_on.clear();
    });
    set.tell();
    let flat = set.plan(Change::Up, &set.whole()).unwrap();
    assert!(flat.steps.iter().all(|s| s.wave == 0));
    assert!(
        flat.warnings.iter().any(|w| w.starts_with("nothing says in which order")),
        "{:?}",
        flat.warnings
    );
    let service = set.id("api");
    set.survey.needs =
        vec![Needs { service, depends_on: vec!["postgres".into(), "redis".into()], completes: Vec::new() }];
    let ordered = set.plan(Change::Up, &set.whole()).unwrap();
    let wave = |name: &str| ordered.steps.iter().find(|s| &*s.service.name == name).unwrap().wave;
    assert!(wave("postgres") < wave("api") && wave("redis") < wave("api"));
    assert!(!ordered.warnings.iter().any(|w| w.starts_with("nothing says")), "{:?}", ordered.warnings);
}

#[test]
fn what_ended_well_by_itself_is_started_without_a_gate() {
    let brief = |set: Set, seconds: i64| {
        set.with("review-service", move |r| {
            r.state = State::Exited;
            r.check = crate::fleet::HealthCheck::None;
            r.kept_up = false;
            r.exit = Some(Exit { code: 0, oom: false });
            r.started = Some(start());
            r.finished = Some(start() + jiff::SignedDuration::from_secs(seconds));
        })
    };
    let job = brief(Set::of(Platform::GroupBuying), 3);
    assert_eq!(actions(&job.one(Change::Act(Verb::Start), "review-service").unwrap()), ["start"]);
    let service = brief(Set::of(Platform::GroupBuying), 3600);
    assert_eq!(actions(&service.one(Change::Act(Verb::Start), "review-service").unwrap()), ["start", "wait"]);
}

#[test]
fn a_new_image_brings_its_own_health_check_unless_the_service_has_one() {
    let check = |seconds| {
        Some(crate::engine::HealthSpec {
            test: vec!["CMD".into(), "true".into()],
            interval: std::time::Duration::from_secs(seconds),
            timeout: std::time::Duration::from_secs(1),
            retries: 1,
            start_period: std::time::Duration::ZERO,
        })
    };
    let mut set = Set::of(Platform::GroupBuying).image("redis:8", "sha256:8").set("redis", |b| {
        b.health = check(7);
        b.gate.clear();
    });
    let rule = |set: &Set| {
        let plan = set.one(deploy("redis:8"), "redis").unwrap();
        plan.steps
            .into_iter()
            .find_map(|s| match s.work {
                Work::Gate(gate) => Some((gate.rule, gate.deadline.as_secs())),
                Work::Step(_) => None,
            })
            .unwrap()
    };
    assert_eq!(rule(&set), (Rule::Healthy, 30), "its own: the old image has none");
    let old = set.replicas.iter().find(|r| r.name.ends_with("redis-1")).unwrap().image.id.clone();
    for (asked, facts) in &mut set.survey.images {
        if *asked == old {
            facts.as_mut().unwrap().health = check(7);
        }
        if **asked == *"sha256:8" {
            facts.as_mut().unwrap().health = check(60);
        }
    }
    assert_eq!(rule(&set), (Rule::Healthy, 131), "the new image's: the old one's was its image's");
}

#[test]
fn a_replica_stands_for_its_service_where_only_the_whole_makes_sense() {
    let set = Set::of(Platform::GroupBuying).image("group-buying/order-service:3", "sha256:3");
    let second = set.replicas.iter().find(|r| r.name.ends_with("order-service-2")).unwrap().id.clone();
    let target = [Target::Replica(second)];
    assert_eq!(set.plan(deploy(":3"), &target).unwrap().expects.len(), 3);
    assert_eq!(set.plan(Change::Recreate, &target).unwrap().expects.len(), 1);
    let job = set.replicas.iter().find(|r| r.role == Role::Job).unwrap().id.clone();
    let said = set.plan(deploy(":3"), &[Target::Replica(job)]).unwrap_err().to_string();
    assert!(said.contains("only a one-off job"), "{said}");
}
