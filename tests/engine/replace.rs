//! What every engine promises of the steps of an operation: each can be asked for twice, tells what
//! stands in its way, and can be taken back.

use std::sync::Arc;

use quarterdeck::engine::{
    Act, Blueprint, Consent, Create, Done, EngineError, Order, Place, Query, Step, Survey,
};
use quarterdeck::fleet::{Image, Limits, Replica, ReplicaId, Role, Side, SpareName, State, Verb};

use crate::contract::{Subject, running};

const TOKEN: &str = "c0n7r";

fn go(subject: &Subject, of: &Replica, step: impl Into<Step>) -> Result<Done, EngineError> {
    let order = Order { service: of.service.clone(), step: step.into(), consent: Consent::Yes };
    subject.live.runtime.block_on(subject.live.engine.perform(order))
}

fn survey(subject: &Subject, query: &Query) -> Survey {
    subject.live.runtime.block_on(subject.live.engine.survey(query)).expect("it can be looked at")
}

fn blueprint(subject: &Subject, of: &Replica) -> Blueprint {
    let found = survey(subject, &Query { replicas: vec![of.id.clone()], ..Query::default() });
    found.replica(&of.id).expect("it is there").clone()
}

fn spare(of: &Replica, side: Side) -> Arc<str> {
    SpareName::of(&of.name, TOKEN, side).into()
}

fn create(like: &Replica) -> Step {
    Step::Create(Create {
        like: like.id.clone(),
        image: like.image.clone(),
        name: spare(like, Side::New),
        number: None,
        place: Place::Instead,
        limits: None,
    })
}

fn made(result: Result<Done, EngineError>) -> ReplicaId {
    match result {
        Ok(Done::Made(id)) => id,
        other => panic!("nothing was made: {other:?}"),
    }
}

fn is_changed(result: &Result<Done, EngineError>) -> bool {
    matches!(result, Err(EngineError::Changed { .. }))
}

pub(super) fn small_steps_are_safe_to_repeat_and_notice_others(subject: &Subject) {
    let replica = running(subject);
    let before = blueprint(subject, &replica);

    let policy = |from: &str, to: &str| Step::Policy {
        replica: replica.id.clone(),
        from: from.to_owned(),
        to: to.to_owned(),
    };
    let (has, gets) = (before.policy.as_str(), if before.policy == "no" { "always" } else { "no" });
    assert_eq!(go(subject, &replica, policy(has, gets)), Ok(Done::Changed));
    assert_eq!(go(subject, &replica, policy(has, gets)), Ok(Done::Unchanged));
    let late = go(subject, &replica, policy(has, "on-failure:3"));
    assert!(is_changed(&late), "somebody else was at it: {late:?}");
    assert_eq!(blueprint(subject, &replica).policy, gets);
    assert_eq!(go(subject, &replica, policy(gets, has)), Ok(Done::Changed));

    let wants = Limits { memory: Some(512 << 20), ..before.limits };
    let limit = |from, to| Step::Limit { replica: replica.id.clone(), from, to };
    assert_eq!(go(subject, &replica, limit(before.limits, wants)), Ok(Done::Changed));
    assert_eq!(go(subject, &replica, limit(before.limits, wants)), Ok(Done::Unchanged));
    let more = Limits { memory: Some(600 << 20), ..wants };
    let late = go(subject, &replica, limit(before.limits, more));
    assert!(is_changed(&late), "somebody else was at it: {late:?}");
    let away = go(subject, &replica, limit(wants, Limits { memory: None, ..wants }));
    assert!(matches!(away, Err(EngineError::Unsupported { .. })), "a limit can't be taken away: {away:?}");
    subject.live.replica(&subject.name, "limited", |r| r.limits.memory == wants.memory);

    let rename = |from: &Arc<str>, to: &Arc<str>| Step::Rename {
        replica: replica.id.clone(),
        from: from.clone(),
        to: to.clone(),
    };
    let (name, old) = (&replica.name, &spare(&replica, Side::Old));
    assert_eq!(go(subject, &replica, rename(name, old)), Ok(Done::Changed));
    assert_eq!(go(subject, &replica, rename(name, old)), Ok(Done::Unchanged));
    let late = go(subject, &replica, rename(name, &"elsewhere".into()));
    assert!(is_changed(&late), "somebody else renamed it: {late:?}");
    let parked = subject.live.replica(old, "parked", |r| r.role == Role::Spare);
    assert_eq!((parked.id, parked.service), (replica.id.clone(), replica.service.clone()));
    assert_eq!(go(subject, &replica, rename(old, name)), Ok(Done::Changed));
    subject.live.replica(name, "back", |r| r.role == Role::Replica && r.service == replica.service);
}

pub(super) fn what_is_made_is_like_the_other_one_and_discarded_by_name(subject: &Subject) {
    let replica = running(subject);
    let name = spare(&replica, Side::New);
    let id = made(go(subject, &replica, create(&replica)));
    assert_eq!(made(go(subject, &replica, create(&replica))), id, "twice is once");
    let new = subject.live.replica(&name, "made", |r| r.spec.is_some());
    assert_eq!((&new.id, new.state, new.role), (&id, State::Created, Role::Spare));
    assert_eq!((&new.service, &new.image, new.number), (&replica.service, &replica.image, replica.number));
    let (old, new) = (blueprint(subject, &replica), blueprint(subject, &new));
    assert_eq!((old.spec, old.limits, &old.policy), (new.spec, new.limits, &new.policy), "the same settings");
    assert_eq!((old.fixed_ports, old.mounts), (new.fixed_ports, new.mounts));

    let taken = Step::Rename { replica: id.clone(), from: name.clone(), to: replica.name.clone() };
    let refused = go(subject, &replica, taken);
    assert!(matches!(refused, Err(EngineError::Conflict { .. })), "the name is taken: {refused:?}");
    let discard = |name: &Arc<str>| Step::Discard { name: name.clone(), made: None };
    let refused = go(subject, &replica, discard(&replica.name));
    assert!(is_changed(&refused), "what has run is not thrown away: {refused:?}");
    assert_eq!(go(subject, &replica, discard(&name)), Ok(Done::Changed));
    assert_eq!(go(subject, &replica, discard(&name)), Ok(Done::Unchanged));
    subject.live.gone(&name);
    running(subject);
}

pub(super) fn images_are_known_by_id_and_reference_and_what_is_missing_says_so(subject: &Subject) {
    let replica = running(subject);
    let Image { reference, id } = &replica.image;
    let nowhere: Arc<str> = "qd-no-such-image:0".into();
    let query = Query { images: vec![reference.clone(), id.clone(), nowhere.clone()], ..Query::default() };
    let found = survey(subject, &query);
    let asked: Vec<&Arc<str>> = found.images.iter().map(|(asked, _)| asked).collect();
    assert_eq!(asked, [reference, id, &nowhere], "as asked, in that order");
    for asked in [reference, id] {
        assert_eq!(found.image(asked).map(|facts| &facts.id), Some(id), "{asked}");
    }
    assert_eq!(found.image(&nowhere), None);

    let odd = go(subject, &replica, Step::Pull { reference: "No Such Thing".into() });
    assert!(matches!(odd, Err(EngineError::NoImage { .. })), "{odd:?}");
    let Step::Create(like) = create(&replica) else { unreachable!() };
    let missing = Create { image: Image { reference: nowhere, id: "".into() }, ..like };
    let missing = go(subject, &replica, Step::Create(missing));
    assert!(matches!(missing, Err(EngineError::NoImage { .. })), "{missing:?}");
    subject.live.gone(&spare(&replica, Side::New));
}

pub(super) fn a_replica_is_replaced_and_the_replacement_taken_back(subject: &Subject) {
    let replica = running(subject);
    let before = blueprint(subject, &replica);
    let (name, new, old) = (replica.name.clone(), spare(&replica, Side::New), spare(&replica, Side::Old));
    let rename = |of: &ReplicaId, from: &Arc<str>, to: &Arc<str>| Step::Rename {
        replica: of.clone(),
        from: from.clone(),
        to: to.clone(),
    };
    let done = |step: Step| assert_eq!(go(subject, &replica, step.clone()), Ok(Done::Changed), "{step:?}");
    let successor = made(go(subject, &replica, create(&replica)));
    done(Act::new(Verb::Stop, replica.id.clone()).into());
    done(rename(&replica.id, &name, &old));
    done(rename(&successor, &new, &name));
    done(Act::new(Verb::Start, successor.clone()).into());
    let now = subject.live.replica(&name, "replaced", |r| r.id == successor && r.state == State::Running);
    assert_eq!((&now.service, now.role), (&replica.service, Role::Replica));
    subject.live.replica(&old, "set aside", |r| r.role == Role::Spare && r.state == State::Exited);

    done(Act { force: true, ..Act::new(Verb::Remove, successor.clone()) }.into());
    done(rename(&replica.id, &old, &name));
    done(Act::new(Verb::Start, replica.id.clone()).into());
    let back = subject.live.replica(&name, "back", |r| r.id == replica.id && r.state == State::Running);
    assert_eq!((back.role, &back.image), (Role::Replica, &replica.image));
    let after = blueprint(subject, &back);
    assert_eq!((after.spec, after.policy, after.mounts), (before.spec, before.policy, before.mounts));
    subject.live.gone(&old);
    let again = go(subject, &replica, Act { force: true, ..Act::new(Verb::Remove, successor) });
    assert!(matches!(again, Err(EngineError::Gone { .. })), "{again:?}");
}
