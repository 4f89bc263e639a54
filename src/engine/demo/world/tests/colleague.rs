//! The first minute: a deploy that fails its gate and comes back, on every platform.

use jiff::SignedDuration;

use super::{after, by_id, perform, start, world};
use crate::engine::demo::{Platform, World};
use crate::engine::{Act, LogQuery};
use crate::fleet::{EventKind, HealthCheck, Observation, Replica, Role, State, Verb};

/// Her service on each platform.
fn hers(platform: Platform) -> &'static str {
    platform.deployed_badly().0
}

fn all(world: &World, service: &str) -> Vec<Replica> {
    world.replicas().into_iter().filter(|r| &*r.service.name == service && r.role != Role::Job).collect()
}

#[test]
fn a_colleagues_deploy_fails_and_comes_back() {
    for platform in Platform::ALL {
        let mut world = world(platform);
        let before = all(&world, hers(platform));
        let [old] = before.as_slice() else { panic!("one replica: {before:?}") };
        assert_eq!(old.state, State::Running);
        let mut told = world.advance(after(14));
        assert_eq!(all(&world, hers(platform)).len(), 1, "not yet");

        told.extend(world.advance(after(25)));
        let during = all(&world, hers(platform));
        assert_eq!(during.len(), 2, "{platform}: two while she is at it");
        let spare = during.iter().find(|r| r.role == Role::Spare).expect("one of them is parked");
        assert!(spare.name.contains(".qd-"), "{}", spare.name);
        let new = during.iter().find(|r| r.id != old.id).unwrap();
        assert_eq!((new.state, &new.service), (State::Running, &old.service));
        assert_ne!(new.check, HealthCheck::Healthy);
        let lines = world.logs(&new.id, &LogQuery::default()).unwrap();
        assert!(lines.iter().any(|l| l.text.contains("this release needs 42")), "{platform}: {lines:#?}");

        told.extend(world.advance(after(60)));
        let back = all(&world, hers(platform));
        let [now] = back.as_slice() else { panic!("{platform}: one again: {back:?}") };
        assert_eq!(
            (&now.id, &now.name, now.role, now.state),
            (&old.id, &old.name, Role::Replica, State::Running)
        );
        assert_eq!((&now.image, now.kept_up), (&old.image, old.kept_up));
        assert!(told.iter().any(|o| matches!(o, Observation::Removed { id, .. } if *id == new.id)));
        let well = told.iter().any(|o| {
            matches!(o, Observation::Happened(e)
                if e.replica == new.id && e.kind == EventKind::Health(HealthCheck::Healthy))
        });
        assert!(!well, "{platform}: it never got well");
    }
}

#[test]
fn where_nothing_is_in_the_way_there_is_no_gap() {
    let mut world = world(Platform::CloudPos);
    let old = all(&world, "auth-service").remove(0);
    for second in 0..60 {
        world.advance(after(second));
        let now = by_id(&world, &old.id).unwrap();
        assert_eq!((now.state, now.started, now.check), (State::Running, old.started, HealthCheck::Healthy));
    }
}

#[test]
fn whoever_comes_first_has_the_service_for_himself() {
    let mut world = world(Platform::GroupBuying);
    let old = all(&world, "wallet-service").remove(0);
    perform(&mut world, &Act::new(Verb::Restart, old.id.clone()).into(), after(5)).unwrap();
    for second in 0..60 {
        world.advance(after(second));
        assert_eq!(all(&world, "wallet-service").len(), 1);
    }
}

#[test]
fn what_she_works_on_may_be_taken_from_her() {
    for second in [16, 20, 36, 38] {
        let mut world = world(Platform::GroupBuying);
        world.advance(after(second));
        for replica in all(&world, "wallet-service") {
            let act = Act { force: true, ..Act::new(Verb::Remove, replica.id) };
            let now = world.now() + SignedDuration::from_millis(1);
            perform(&mut world, &act.into(), now).unwrap();
        }
        world.advance(start() + SignedDuration::from_secs(90));
        assert_eq!(all(&world, "wallet-service"), [], "after {second} s: nothing comes back by itself");
    }
}
