//! Services in the engine's own care: told what to be, they become it, or go back.

use super::{act, after, perform, start, world};
use crate::engine::demo::{Platform, World};
use crate::engine::{Course, Done, EngineError, Managed, Query, Step, UpdateState};
use crate::fleet::{Declared, Image, Observation, Replica, Role, ServiceId, State, Verb};

fn service(world: &World, name: &str) -> ServiceId {
    ServiceId { engine: world.engine().clone(), project: Some("cloudpos".into()), name: name.into() }
}

fn of(world: &World, name: &str) -> Managed {
    let id = service(world, name);
    let query = Query { services: vec![id.clone()], ..Query::default() };
    world.survey(&query).managed(&id).unwrap().clone()
}

fn running(world: &World, name: &str) -> Vec<Replica> {
    let here = |r: &Replica| &*r.service.name == name && r.role == Role::Replica && r.state == State::Running;
    world.replicas().into_iter().filter(here).collect()
}

fn steer(world: &World, name: &str, from: Course, to: Course) -> Step {
    Step::Steer { service: service(world, name), from, to }
}

fn image(tag: &str) -> Course {
    let reference = format!("cloudpos/transaction-service:{tag}").into();
    Course { image: Some(Image { reference, id: "".into() }), ..Course::default() }
}

fn replicas(n: u32) -> Course {
    Course { replicas: Some(n), ..Course::default() }
}

fn last_declared(told: &[Observation], name: &str) -> Option<Declared> {
    told.iter().rev().find_map(|o| match o {
        Observation::Declared { services, .. } => services.iter().find(|d| &*d.service.name == name).cloned(),
        _ => None,
    })
}

#[test]
fn it_is_scaled_up_and_down_and_to_nothing() {
    let mut world = world(Platform::CloudPos);
    let name = "transaction-service";
    assert_eq!(running(&world, name).len(), 3);
    let (mut now, mut have) = (0, 3);
    for want in [5, 2, 0, 1] {
        let step = steer(&world, name, replicas(have), replicas(want));
        assert_eq!(perform(&mut world, &step, after(now)), Ok(Done::Changed));
        assert_eq!(perform(&mut world, &step, after(now + 1)), Ok(Done::Unchanged), "twice is once");
        world.advance(after(now + 30));
        assert_eq!(running(&world, name).len(), want as usize);
        assert!(running(&world, name).iter().all(|r| r.number.unwrap() <= want));
        let managed = of(&world, name);
        assert_eq!((managed.replicas, managed.wanted, managed.running), (Some(want), want, want));
        (now, have) = (now + 30, want);
    }
    let other = steer(&world, name, replicas(4), replicas(6));
    assert!(matches!(perform(&mut world, &other, after(now)), Err(EngineError::Changed { .. })));
    let unknown = steer(&world, "auth-service", replicas(1), replicas(2));
    assert!(matches!(perform(&mut world, &unknown, after(now)), Err(EngineError::Gone { .. })));
}

#[test]
fn an_update_replaces_one_after_the_other_and_never_has_too_few() {
    let mut world = world(Platform::CloudPos);
    let name = "transaction-service";
    let step = steer(&world, name, image("1.12.1"), image("1.12.2"));
    let asked = world.perform(&step, start());
    let mut told = world.advance(asked.ready);
    assert_eq!(last_declared(&told, name).unwrap().update.unwrap().state, UpdateState::Updating);
    for tenth in 10..600 {
        told.extend(world.advance(start() + jiff::SignedDuration::from_millis(tenth * 100)));
        assert!((3..=4).contains(&running(&world, name).len()), "start first, one at a time");
    }
    let managed = of(&world, name);
    assert_eq!(managed.update.as_ref().unwrap().state, UpdateState::Completed);
    assert_eq!((managed.running, managed.image.tag()), (3, "1.12.2"));
    assert_eq!(managed.previous.unwrap().tag(), "1.12.1");
    assert!(running(&world, name).iter().all(|r| r.image.tag() == "1.12.2"));
    assert_eq!(last_declared(&told, name).unwrap().update, managed.update);
    let missing = steer(&world, name, image("1.12.2"), image("7.7.7"));
    let words = perform(&mut world, &missing, after(61)).unwrap_err().to_string();
    assert!(words.contains("manifest for cloudpos/transaction-service:7.7.7 not found"), "{words}");
}

#[test]
fn an_update_that_fails_goes_back_by_itself_and_names_the_task() {
    for tag in ["2.0.0", "1.13.0", "1.12.3"] {
        let mut world = world(Platform::CloudPos);
        let name = "transaction-service";
        let before: Vec<_> = running(&world, name).into_iter().map(|r| r.id).collect();
        let step = steer(&world, name, image("1.12.1"), image(tag));
        perform(&mut world, &step, start()).unwrap();
        for second in 1..90 {
            world.advance(after(second));
            assert!(running(&world, name).len() >= 3, "{tag}");
        }
        let managed = of(&world, name);
        let update = managed.update.unwrap();
        assert_eq!(update.state, UpdateState::RolledBack, "{tag}");
        assert!(update.message.contains("failure or early termination of task"), "{}", update.message);
        assert_eq!((managed.previous, managed.running, managed.image.tag()), (None, 3, "1.12.1"));
        let after: Vec<_> = running(&world, name).into_iter().map(|r| r.id).collect();
        assert_eq!(before, after, "{tag}: those that worked were never touched");
    }
}

#[test]
fn what_dies_is_made_anew_and_kept_for_the_record() {
    let mut world = world(Platform::CloudPos);
    let one = running(&world, "payment-service").remove(0);
    assert!(one.placed.is_some() && one.compose.is_none());
    act(&mut world, Verb::Kill, &one.id, start()).unwrap();
    world.advance(after(20));
    let again = running(&world, "payment-service");
    assert_eq!(again.len(), 1);
    assert_ne!(again[0].id, one.id);
    assert_eq!(again[0].number, one.number);
    let record = world.replicas().into_iter().find(|r| r.id == one.id).unwrap();
    assert_eq!((record.state, record.role), (State::Exited, Role::Spare));
    // A restart is an update that changes nothing else.
    let force = |n| Course { force: Some(n), ..Course::default() };
    let step = steer(&world, "payment-service", force(0), force(1));
    perform(&mut world, &step, after(21)).unwrap();
    world.advance(after(60));
    let anew = running(&world, "payment-service");
    assert_eq!(anew.len(), 1);
    assert_ne!(anew[0].id, again[0].id);
    assert_eq!(of(&world, "payment-service").update.unwrap().state, UpdateState::Completed);
}

#[test]
fn whoever_comes_is_told_what_they_should_be() {
    let world = super::world(Platform::CloudPos);
    let declared = last_declared(&world.past(), "transaction-service").unwrap();
    assert_eq!((declared.desired, declared.image.tag()), (3, "1.12.1"));
    assert!(last_declared(&world.present(), "payment-service").is_some());
    let none = super::world(Platform::GroupBuying);
    assert!(none.past().iter().all(|o| !matches!(o, Observation::Declared { .. })));
}
