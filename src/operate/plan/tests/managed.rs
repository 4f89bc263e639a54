//! Services that their engine looks after.

use super::*;
use crate::engine::{Course, Managed, Step};
use crate::fleet::{Limits, SpecHash, State, Verb};
use crate::operate::{Rule, Work};

fn managed(set: &Set, name: &str) -> Managed {
    Managed {
        service: set.id(name),
        image: Image { reference: "group-buying/order-service:2.1.0".into(), id: "sha256:21".into() },
        previous: None,
        replicas: Some(3),
        wanted: 3,
        running: 3,
        leaving: 0,
        limits: Limits::default(),
        force: 4,
        rolls_back: true,
        start_first: false,
        host_ports: Vec::new(),
        health: None,
        gate: Vec::new(),
        spec: SpecHash(1),
        update: None,
    }
}

fn set(change: impl Fn(&mut Managed)) -> Set {
    let mut set = Set::of(Platform::GroupBuying).image("group-buying/order-service:2.2.0", "sha256:22");
    let mut it = managed(&set, "order-service");
    change(&mut it);
    set.survey.managed = vec![it];
    set
}

fn course(plan: &Plan) -> (Course, Course) {
    match &plan.steps[0].work {
        Work::Step(Step::Steer { from, to, .. }) => (from.clone(), to.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_step_and_a_gate_whatever_is_wanted() {
    let set = set(|_| {});
    for change in [
        deploy(":2.2.0"),
        rollback("group-buying/order-service:2.0.0", "sha256:20"),
        Change::Recreate,
        Change::Act(Verb::Restart),
        Change::Scale { to: 5 },
        Change::Limit { cpus: Some(1.0), memory: None },
    ] {
        let plan = set.one(change.clone(), "order-service").unwrap();
        assert_eq!(actions(&plan), ["update", "wait"], "{change}");
        let Work::Gate(gate) = &plan.steps[1].work else { panic!("{:?}", plan.steps[1]) };
        assert_eq!((&gate.unit, &gate.rule), (&None, &Rule::Converged));
    }
    let plan = set.one(deploy(":2.2.0"), "order-service").unwrap();
    let (from, to) = course(&plan);
    assert_eq!(&*from.image.unwrap().reference, "group-buying/order-service:2.1.0");
    let image = to.image.unwrap();
    assert_eq!((&*image.reference, &*image.id), ("group-buying/order-service:2.2.0", "sha256:22"));
    assert_eq!(plan.sentence(), "deploy group-buying/order-service 2.1.0 → 2.2.0");
    let plan = set.one(Change::Scale { to: 5 }, "order-service").unwrap();
    assert_eq!(plan.question(), "Scale order-service from 3 to 5?");
    let (from, to) = course(&set.one(Change::Recreate, "order-service").unwrap());
    assert_eq!((from.force, to.force), (Some(4), Some(5)));
}

#[test]
fn zero_is_possible_here_and_takes_the_typed_word_where_protected() {
    let mut set = set(|_| {});
    set.options.protection.typed = vec!["group-buying".into()];
    let plan = set.one(Change::Scale { to: 0 }, "order-service").unwrap();
    assert_eq!(plan.confirm, super::super::Confirm::Typed("order-service".into()));
    assert_eq!(
        set.one(Change::Scale { to: 2 }, "order-service").unwrap().confirm,
        super::super::Confirm::Yes
    );
}

#[test]
fn what_the_engine_does_by_itself_is_refused_with_what_to_do() {
    let set = set(|_| {});
    for (verb, remedy) in [
        (Verb::Start, "qd scale order-service N"),
        (Verb::Stop, "qd scale order-service 0"),
        (Verb::Kill, "qd restart order-service"),
        (Verb::Pause, "qd restart order-service"),
        (Verb::Remove, "docker service rm order-service"),
    ] {
        let said = set.refused(Change::Act(verb), "order-service");
        assert!(said.contains(remedy), "{said}");
    }
    let said = set.refused(Change::Scale { to: 3 }, "order-service");
    assert!(said.contains("should have 3 already"), "{said}");
}

#[test]
fn a_global_service_does_not_scale() {
    let set = set(|it| it.replicas = None);
    let said = set.refused(Change::Scale { to: 3 }, "order-service");
    assert!(said.contains("it is global: it has one replica on every node"), "{said}");
}

#[test]
fn the_same_image_is_nothing_unless_forced_or_unknown() {
    let same = || Change::Deploy { image: None, pull: Pull::Missing };
    let known = set(|_| {}).image("group-buying/order-service:2.1.0", "sha256:21");
    let said = known.refused(same(), "order-service");
    assert!(said.contains("runs 2.1.0 already"), "{said}");
    let unknown = set(|_| {}).no_image("group-buying/order-service:2.1.0");
    let (from, to) = course(&unknown.one(same(), "order-service").unwrap());
    assert_eq!((from.force, to.force), (Some(4), Some(5)), "the engine is made to look again");
}

#[test]
fn a_service_without_replicas_can_still_be_told() {
    let mut set = set(|it| it.replicas = Some(0));
    let id = set.id("order-service");
    // Its row is there for a job of it.
    let mut job = set.replicas.iter().find(|r| r.service == id).unwrap().clone();
    job.role = crate::fleet::Role::Job;
    job.state = State::Exited;
    set.replicas.retain(|r| r.service != id);
    set.replicas.push(job);
    set.tell();
    let plan = set.one(Change::Scale { to: 2 }, "order-service").unwrap();
    assert_eq!(plan.question(), "Scale order-service from 0 to 2?");
    assert_eq!(set.one(deploy(":2.2.0"), "order-service").unwrap().gaps, []);
}

#[test]
fn an_update_that_hangs_is_told() {
    use crate::fleet::{UpdateState, UpdateStatus};
    let set = set(|it| {
        it.update = Some(UpdateStatus {
            state: UpdateState::Paused,
            message: "task x failed".into(),
            ..UpdateStatus::default()
        });
    });
    let said = set.warnings(Change::Recreate, "order-service");
    assert_eq!(
        said,
        ["the last update of group-buying/order-service failed and waits for somebody: task x failed"]
    );
}
