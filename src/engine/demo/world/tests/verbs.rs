//! Every verb, in every state.

use jiff::SignedDuration;

use super::{act, after, by_id, replica, start, world};
use crate::engine::demo::Platform;
use crate::engine::{Act, Done, EngineError};
use crate::fleet::{EventKind, Exit, Observation, State, Verb};

#[test]
fn every_verb_in_every_state_answers_as_an_engine_does() {
    // One service of group buying in each state a user can meet.
    for (service, state) in [
        ("auth-service", State::Running),
        ("office-service", State::Paused),
        ("payment-service", State::Restarting),
    ] {
        for verb in Verb::ALL {
            let mut world = world(Platform::GroupBuying);
            let mut now = start();
            let id = replica(&world, service).id;
            while by_id(&world, &id).unwrap().state != state {
                now += SignedDuration::from_millis(200);
                world.advance(now);
            }
            let result = act(&mut world, verb, &id, now);
            let left = by_id(&world, &id);
            let became = left.as_ref().map(|r| r.state);
            match (verb, state) {
                (Verb::Start, State::Paused)
                | (Verb::Pause | Verb::Kill, State::Restarting)
                | (Verb::Remove, _) => {
                    assert!(
                        matches!(result, Err(EngineError::Conflict { .. })),
                        "{verb} {state:?}: {result:?}"
                    );
                    assert_eq!(became, Some(state));
                }
                (Verb::Start, _)
                | (Verb::Pause, State::Paused)
                | (Verb::Unpause, State::Running | State::Restarting) => {
                    assert_eq!(result, Ok(Done::Unchanged));
                    assert_eq!(became, Some(state));
                }
                (Verb::Stop | Verb::Kill, _) => {
                    assert_eq!(result, Ok(Done::Changed), "{verb} {state:?}");
                    assert_eq!(became, Some(State::Exited), "{verb} {state:?}");
                    let code = left.unwrap().exit.unwrap().code;
                    match (verb, state) {
                        (Verb::Kill, _) | (_, State::Paused) => assert_eq!(code, 137),
                        (_, State::Running) => assert_eq!(code, 0),
                        _ => assert_eq!(code, 1),
                    }
                }
                (Verb::Restart, _) | (Verb::Unpause, State::Paused) => {
                    assert_eq!(result, Ok(Done::Changed));
                    assert_eq!(became, Some(State::Running));
                }
                (Verb::Pause, _) => {
                    assert_eq!(result, Ok(Done::Changed));
                    assert_eq!(became, Some(State::Paused));
                }
                (Verb::Unpause, _) => unreachable!("listed above"),
            }
        }
    }
}

#[test]
fn what_has_ended_can_be_started_and_removed_and_nothing_else() {
    for (verb, wanted) in [
        (Verb::Start, Some(State::Running)),
        (Verb::Restart, Some(State::Running)),
        (Verb::Stop, Some(State::Exited)),
        (Verb::Remove, None),
        (Verb::Kill, Some(State::Exited)),
        (Verb::Pause, Some(State::Exited)),
        (Verb::Unpause, Some(State::Exited)),
    ] {
        let mut world = world(Platform::GroupBuying);
        let id = replica(&world, "auth-service").id;
        assert_eq!(act(&mut world, Verb::Stop, &id, start()), Ok(Done::Changed));
        let result = act(&mut world, verb, &id, after(20));
        assert_eq!(by_id(&world, &id).map(|r| r.state), wanted, "{verb}");
        match verb {
            Verb::Stop | Verb::Kill | Verb::Unpause => assert_eq!(result, Ok(Done::Unchanged)),
            Verb::Start | Verb::Restart | Verb::Remove => assert_eq!(result, Ok(Done::Changed)),
            Verb::Pause => assert!(matches!(result, Err(EngineError::Conflict { .. }))),
        }
        if verb == Verb::Remove {
            let again = act(&mut world, Verb::Start, &id, after(30));
            assert!(matches!(again, Err(EngineError::Gone { .. })));
        }
    }
}

#[test]
fn a_forced_removal_kills_first_and_leaves_nothing() {
    let mut world = world(Platform::GroupBuying);
    let id = replica(&world, "auth-service").id;
    let step = Act { force: true, ..Act::new(Verb::Remove, id.clone()) };
    let performed = world.perform(&step.clone().into(), start());
    let told = world.advance(performed.ready);
    assert_eq!(performed.result, Ok(Done::Changed));
    assert!(told.iter().any(|o| matches!(o, Observation::Removed { id: gone, .. } if *gone == id)));
    assert_eq!(by_id(&world, &id), None);
    assert!(matches!(world.inspect(&id), Err(EngineError::Gone { .. })));
}

#[test]
fn a_stop_kills_when_its_grace_is_over() {
    let mut world = world(Platform::GroupBuying);
    let id = replica(&world, "auth-service").id;
    let step = Act { timeout: Some(0), ..Act::new(Verb::Stop, id.clone()) };
    let performed = world.perform(&step.clone().into(), start());
    world.advance(performed.ready);
    assert!(performed.ready < start() + SignedDuration::from_millis(200));
    assert_eq!(by_id(&world, &id).unwrap().exit, Some(Exit { code: 137, oom: false }));
}

#[test]
fn signals_end_it_only_when_they_would() {
    let mut world = world(Platform::GroupBuying);
    let id = replica(&world, "auth-service").id;
    let mut send = |signal: &str, at| {
        let step = Act { signal: Some(signal.to_owned()), ..Act::new(Verb::Kill, id.clone()) };
        let performed = world.perform(&step.clone().into(), at);
        let told = world.advance(performed.ready);
        (performed.result, told, by_id(&world, &id).unwrap())
    };
    let (result, told, replica) = send("SIGHUP", start());
    assert_eq!((result, replica.state), (Ok(Done::Changed), State::Running));
    assert!(
        told.iter().any(|o| matches!(o, Observation::Happened(e) if e.kind == EventKind::Killed("1".into())))
    );
    let (result, _, replica) = send("NOPE", after(1));
    assert!(matches!(result, Err(EngineError::Failed { status: 400, .. })));
    assert_eq!(replica.state, State::Running);
    let (result, _, replica) = send("TERM", after(2));
    assert_eq!((result, replica.state), (Ok(Done::Changed), State::Exited));
    assert_eq!(replica.exit.map(|e| e.code), Some(143));
}

#[test]
fn two_services_want_one_port() {
    let mut world = world(Platform::Storefront);
    let (web, order) = (replica(&world, "customer-web"), replica(&world, "order-service"));
    assert_eq!((web.state, order.state), (State::Running, State::Exited));
    let refused = act(&mut world, Verb::Start, &order.id, start());
    let Err(EngineError::Failed { status: 500, why }) = refused else { panic!("{refused:?}") };
    assert!(why.ends_with("Bind for 0.0.0.0:3001 failed: port is already allocated"), "{why}");
    assert_eq!(world.inspect(&order.id).unwrap().error, Some(why));

    act(&mut world, Verb::Stop, &web.id, after(1)).unwrap();
    assert_eq!(act(&mut world, Verb::Start, &order.id, after(10)), Ok(Done::Changed));
    assert_eq!(by_id(&world, &order.id).unwrap().state, State::Running);
    assert!(act(&mut world, Verb::Start, &web.id, after(20)).is_err());
}
