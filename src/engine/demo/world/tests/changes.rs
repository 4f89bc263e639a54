//! Images, and every step that changes a replica: done once, done twice, and refused.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{act, after, by_id, perform, replica, start, world};
use crate::engine::demo::{Platform, World};
use crate::engine::{Blueprint, Create, Done, EngineError, ImageFacts, LogQuery, Place, Query, Step};
use crate::fleet::{
    EventKind, HealthCheck, Image, Limits, Observation, Replica, ReplicaId, Role, State, Verb,
};

fn image(reference: &str) -> Image {
    Image { reference: reference.into(), id: "".into() }
}

fn like(of: &Replica, image: Image, name: &str) -> Create {
    let name = name.into();
    Create { like: of.id.clone(), image, name, number: None, place: Place::Instead, limits: None }
}

fn pull(world: &mut World, reference: &str, now: Timestamp) -> Result<Arc<str>, EngineError> {
    match perform(world, &Step::Pull { reference: reference.into() }, now)? {
        Done::Pulled { id } => Ok(id),
        other => panic!("{other:?}"),
    }
}

fn made(world: &mut World, create: Create, now: Timestamp) -> ReplicaId {
    match perform(world, &Step::Create(create), now).unwrap() {
        Done::Made(id) => id,
        other => panic!("{other:?}"),
    }
}

fn facts(world: &World, asked: &str) -> Option<ImageFacts> {
    let query = Query { images: vec![asked.into()], ..Query::default() };
    world.survey(&query).image(asked).cloned()
}

fn blueprint(world: &World, of: &Replica) -> Blueprint {
    let query = Query { replicas: vec![of.id.clone()], ..Query::default() };
    world.survey(&query).replica(&of.id).unwrap().clone()
}

/// Deploy by hand, with a gap: what becomes of the new one.
fn replaced(world: &mut World, service: &str, reference: &str, now: Timestamp) -> ReplicaId {
    let old = replica(world, service);
    pull(world, reference, now).unwrap();
    let create = like(&old, image(reference), &format!("{}.qd-k3x9f.new", old.name));
    let now = world.now();
    let new = made(world, create, now);
    let now = world.now();
    act(world, Verb::Stop, &old.id, now).unwrap();
    let now = world.now();
    act(world, Verb::Start, &new, now).unwrap();
    new
}

#[test]
fn a_pull_brings_what_the_registry_has_and_says_what_it_has_not() {
    let mut world = world(Platform::GroupBuying);
    let api = "group-buying/auth-service";
    assert!(facts(&world, &format!("{api}:3.0.1")).is_some(), "what runs is here");
    let next = format!("{api}:3.0.2");
    assert_eq!(facts(&world, &next), None);

    let asked = world.perform(&Step::Pull { reference: next.as_str().into() }, start());
    world.advance(asked.ready - SignedDuration::from_millis(1));
    assert_eq!(facts(&world, &next), None, "not here before it is here");
    world.advance(asked.ready);
    let here = facts(&world, &next).unwrap();
    assert_eq!(asked.result, Ok(Done::Pulled { id: here.id.clone() }));
    assert_eq!(here.tags, [Arc::from(next.as_str())]);
    assert_eq!(facts(&world, &here.id).unwrap(), here, "by its id as well");
    assert_eq!(pull(&mut world, &next, after(10)), Ok(here.id), "twice is once");

    let missing = pull(&mut world, &format!("{api}:9.9.9"), after(20)).unwrap_err();
    let words = missing.to_string();
    assert!(words.contains("manifest for group-buying/auth-service:9.9.9 not found"), "{words}");
    let remedy = missing.remedy();
    assert!(remedy.contains("3.0.2"), "it says what there is: {remedy}");
    for (reference, says) in [("no/such:1", "does not exist"), ("Bad Name:1", "no image reference")] {
        let words = pull(&mut world, reference, after(30)).unwrap_err().to_string();
        assert!(words.contains(says), "{words}");
    }
}

#[test]
fn a_moved_tag_leaves_the_old_image_here_without_a_name() {
    let mut world = world(Platform::RetailPos);
    let api = replica(&world, "pos-api");
    let before = facts(&world, "retail/pos-api:latest").unwrap();
    assert_eq!(before.id, api.image.id);
    let now = pull(&mut world, "retail/pos-api", start()).unwrap();
    assert_ne!(now, before.id, "the registry had a newer one");
    assert_eq!(facts(&world, "retail/pos-api:latest").unwrap().id, now);
    assert_eq!(facts(&world, &before.id).unwrap().tags, Vec::<Arc<str>>::new());

    // The id decides; the reference is what it is called only as long as it stands for it.
    let old = made(&mut world, like(&api, api.image.clone(), "old"), after(10));
    let old = by_id(&world, &old).unwrap();
    assert_eq!((&old.image.id, &old.image.reference), (&before.id, &before.id));
    let new = made(&mut world, like(&api, image("retail/pos-api:latest"), "new"), after(11));
    let new = by_id(&world, &new).unwrap();
    assert_eq!((&*new.image.reference, &new.image.id), ("retail/pos-api:latest", &now));
}

#[test]
fn a_created_replica_is_like_the_other_one_and_not_started() {
    let mut world = world(Platform::GroupBuying);
    let auth = replica(&world, "auth-service");
    let create = like(&auth, auth.image.clone(), "group-buying-auth-service-1.qd-k3x9f.new");
    let performed = world.perform(&Step::Create(create.clone()), start());
    let told = world.advance(performed.ready);
    let Ok(Done::Made(id)) = performed.result else { panic!("{performed:?}") };
    let new = by_id(&world, &id).unwrap();
    assert_eq!((new.state, new.role, new.number), (State::Created, Role::Spare, Some(1)));
    assert_eq!((&new.service, &new.image, new.limits), (&auth.service, &auth.image, auth.limits));
    assert_eq!((&new.ports, new.spec, new.kept_up), (&auth.ports, auth.spec, true));
    assert!(
        told.iter().any(
            |o| matches!(o, Observation::Happened(e) if e.replica == id && e.kind == EventKind::Created)
        )
    );
    let (old, new) = (blueprint(&world, &auth), blueprint(&world, &new));
    assert_eq!(
        (&old.mounts, &old.health, &old.gate, &old.policy),
        (&new.mounts, &new.health, &new.gate, &new.policy)
    );

    assert_eq!(
        perform(&mut world, &Step::Create(create.clone()), after(5)),
        Ok(Done::Made(id)),
        "that is it"
    );
    let other = Create { name: auth.name.clone(), limits: Some(Limits::default()), ..create.clone() };
    let refused = perform(&mut world, &Step::Create(other), after(6));
    assert!(
        matches!(&refused, Err(EngineError::Conflict { why }) if why.contains("already in use")),
        "{refused:?}"
    );
    let nowhere =
        Create { image: image("group-buying/auth-service:3.0.2"), name: "x".into(), ..create.clone() };
    let refused = perform(&mut world, &Step::Create(nowhere), after(7));
    assert!(
        matches!(&refused, Err(EngineError::NoImage { why, .. }) if why.contains("is not on this engine"))
    );
    let gone = Create { like: ReplicaId { id: "0".repeat(64).into(), ..auth.id.clone() }, ..create };
    assert!(matches!(perform(&mut world, &Step::Create(gone), after(8)), Err(EngineError::Gone { .. })));
}

#[test]
fn names_are_unique_and_renaming_twice_is_renaming_once() {
    let mut world = world(Platform::RetailPos);
    let web = replica(&world, "pos-web");
    let rename =
        |from: &str, to: &str| Step::Rename { replica: web.id.clone(), from: from.into(), to: to.into() };
    assert!(matches!(
        perform(&mut world, &rename("pos-web", "mongodb"), start()),
        Err(EngineError::Conflict { .. })
    ));
    let away = rename("pos-web", "pos-web.qd-k3x9f.old");
    assert_eq!(perform(&mut world, &away, start()), Ok(Done::Changed));
    let parked = by_id(&world, &web.id).unwrap();
    assert_eq!(
        (&*parked.name, parked.role, &parked.service),
        ("pos-web.qd-k3x9f.old", Role::Spare, &web.service)
    );
    assert_eq!(parked.state, State::Running, "nothing else changes");
    assert_eq!(perform(&mut world, &away, after(1)), Ok(Done::Unchanged));
    let late = perform(&mut world, &rename("pos-web", "web"), after(2));
    assert!(matches!(&late, Err(EngineError::Changed { why, .. }) if why.contains("qd-k3x9f")), "{late:?}");
    let told = world.perform(&rename("pos-web.qd-k3x9f.old", "till"), after(3));
    let told = world.advance(told.ready);
    assert!(told.iter().any(|o| matches!(o, Observation::Happened(e)
        if e.kind == EventKind::Renamed("pos-web.qd-k3x9f.old".into()))));
    assert_eq!(&*by_id(&world, &web.id).unwrap().service.name, "till", "a lone container is its own service");
}

#[test]
fn the_restart_policy_decides_what_follows_an_end() {
    let mut world = world(Platform::GroupBuying);
    let loops = replica(&world, "payment-service");
    let to =
        |from: &str, to: &str| Step::Policy { replica: loops.id.clone(), from: from.into(), to: to.into() };
    let odd = to("unless-stopped", "now and then");
    assert!(matches!(perform(&mut world, &odd, start()), Err(EngineError::Failed { .. })));
    let no = to("unless-stopped", "no");
    assert_eq!(perform(&mut world, &no, start()), Ok(Done::Changed));
    assert_eq!(perform(&mut world, &no, after(1)), Ok(Done::Unchanged));
    let late = to("unless-stopped", "always");
    assert!(matches!(perform(&mut world, &late, after(2)), Err(EngineError::Changed { .. })));
    world.advance(after(120));
    let left = by_id(&world, &loops.id).unwrap();
    assert_eq!((left.state, left.kept_up), (State::Exited, false), "it died once more, for good");
    assert_eq!(perform(&mut world, &to("no", "unless-stopped"), after(121)), Ok(Done::Changed));
    act(&mut world, Verb::Start, &loops.id, after(122)).unwrap();
    let before = by_id(&world, &loops.id).unwrap().restarts;
    world.advance(after(140));
    assert!(by_id(&world, &loops.id).unwrap().restarts > before);
}

#[test]
fn limits_change_while_it_runs_and_hold() {
    let mut world = world(Platform::GroupBuying);
    let auth = replica(&world, "auth-service");
    let mebibytes = |n: u64| Some(n * 1024 * 1024);
    let to = |cpus, memory| Step::Limit {
        replica: auth.id.clone(),
        from: auth.limits,
        to: Limits { cpus, memory, ..auth.limits },
    };
    assert_eq!(perform(&mut world, &to(Some(2.0), mebibytes(64)), start()), Ok(Done::Changed));
    assert_eq!(perform(&mut world, &to(Some(2.0), mebibytes(64)), after(1)), Ok(Done::Unchanged));
    let now = by_id(&world, &auth.id).unwrap();
    assert_eq!((now.limits.cpus, now.limits.memory), (Some(2.0), mebibytes(64)));
    assert_eq!((now.state, now.started), (auth.state, auth.started), "it was not touched otherwise");
    assert_ne!(now.spec, auth.spec);
    let told = world.advance(after(10));
    let memory = told.iter().find_map(|o| match o {
        Observation::Sampled { usages, .. } => usages.iter().find(|u| u.0 == auth.id)?.1.memory,
        _ => None,
    });
    assert!(memory < mebibytes(64), "{memory:?}");
    let late = perform(&mut world, &to(Some(3.0), mebibytes(64)), after(11));
    assert!(matches!(late, Err(EngineError::Changed { .. })), "somebody was at it: {late:?}");
    let on = |cpus, memory| Step::Limit {
        replica: auth.id.clone(),
        from: now.limits,
        to: Limits { cpus, memory, ..now.limits },
    };
    let (two, some) = (Some(2.0), mebibytes(64));
    for (cpus, memory) in [(Some(0.0), some), (Some(900.0), some), (two, Some(4_096))] {
        let refused = perform(&mut world, &on(cpus, memory), after(11));
        assert!(matches!(refused, Err(EngineError::Failed { status: 400, .. })), "{refused:?}");
    }
    let away = perform(&mut world, &on(None, some), after(11));
    assert!(matches!(away, Err(EngineError::Unsupported { .. })), "as Docker: {away:?}");
    let back = Step::Limit { replica: auth.id.clone(), from: now.limits, to: auth.limits };
    assert_eq!(perform(&mut world, &back, after(12)), Ok(Done::Changed));
    assert_eq!(by_id(&world, &auth.id).unwrap().spec, auth.spec, "the same settings, the same hash");
}

#[test]
fn discarding_takes_what_an_operation_left_and_nothing_else() {
    let mut world = world(Platform::GroupBuying);
    let auth = replica(&world, "auth-service");
    let discard = |name: &str| Step::Discard { name: name.into(), made: None };
    let refused = perform(&mut world, &discard(&auth.name), start());
    assert!(matches!(refused, Err(EngineError::Changed { .. })), "it has run: {refused:?}");

    let spare = "group-buying-auth-service-1.qd-k3x9f.new";
    let new = made(&mut world, like(&auth, auth.image.clone(), spare), after(1));
    act(&mut world, Verb::Stop, &auth.id, after(2)).unwrap();
    act(&mut world, Verb::Start, &new, after(5)).unwrap();
    assert_eq!(perform(&mut world, &discard(spare), after(8)), Ok(Done::Changed), "running or not");
    assert_eq!(by_id(&world, &new), None);
    assert_eq!(perform(&mut world, &discard(spare), after(9)), Ok(Done::Unchanged));
    let two = made(&mut world, like(&auth, auth.image.clone(), "group-buying-auth-service-2"), after(10));
    assert_eq!(perform(&mut world, &discard("group-buying-auth-service-2"), after(11)), Ok(Done::Changed));
    assert_eq!(by_id(&world, &two), None);
    let known = Step::Discard { name: auth.name.clone(), made: Some(auth.id.clone()) };
    assert_eq!(perform(&mut world, &known, after(12)), Ok(Done::Changed), "what is known to be it");
    assert_eq!(by_id(&world, &auth.id), None);
}

#[test]
fn releases_do_what_the_rule_says_and_say_why() {
    for (tag, well, says) in [
        ("3.0.2", true, "listening on port 3001"),
        ("3.1.0", false, "this release needs 42"),
        ("4.0.0", false, "Cannot find module"),
        ("3.0.3", false, "Cannot read properties of undefined"),
    ] {
        let mut world = world(Platform::GroupBuying);
        let new = replaced(&mut world, "auth-service", &format!("group-buying/auth-service:{tag}"), start());
        let mut was_well = false;
        for tenth in 0..400 {
            world.advance(after(tenth / 10) + SignedDuration::from_millis(tenth % 10 * 100));
            was_well |= by_id(&world, &new).unwrap().check == HealthCheck::Healthy;
        }
        let now = by_id(&world, &new).unwrap();
        assert_eq!(now.check == HealthCheck::Healthy && now.restarts == Some(0), well, "{tag}: {now:?}");
        assert_eq!(was_well, matches!(tag, "3.0.2" | "3.0.3"), "{tag}: 3.0.3 falls after it was well");
        let lines = world.logs(&new, &LogQuery::default()).unwrap();
        assert!(lines.iter().any(|l| l.text.contains(says)), "{tag}: {lines:#?}");
        assert!(lines.iter().any(|l| l.text.contains(&format!("auth-service@{tag}"))), "{tag}");
        if tag == "3.1.0" {
            let details = world.inspect(&new).unwrap();
            assert!(details.health_log.last().unwrap().output.contains("migration 0042"));
        }
    }
}

#[test]
fn an_earlier_release_ends_the_crash_loop() {
    let mut world = world(Platform::GroupBuying);
    let earlier = facts(&world, "group-buying/payment-service:1.3.9").expect("it ran before, so it is here");
    let loops = replica(&world, "payment-service");
    let to = Image { reference: "group-buying/payment-service:1.3.9".into(), id: earlier.id };
    let new = made(&mut world, like(&loops, to, "group-buying-payment-service-1.qd-k3x9f.new"), start());
    act(&mut world, Verb::Stop, &loops.id, after(1)).unwrap();
    act(&mut world, Verb::Start, &new, after(3)).unwrap();
    world.advance(after(60));
    let new = by_id(&world, &new).unwrap();
    assert_eq!((new.check, new.restarts), (HealthCheck::Healthy, Some(0)));
}

#[test]
fn replicas_beside_each_other_get_ports_of_their_own_where_the_engine_picks() {
    let mut world = world(Platform::GroupBuying);
    let order = replica(&world, "order-service");
    assert_eq!(blueprint(&world, &order).fixed_ports, [], "what is scaled has a range");
    let four = Create {
        number: Some(4),
        place: Place::Beside,
        ..like(&order, order.image.clone(), "group-buying-order-service-4")
    };
    let four = made(&mut world, four, start());
    act(&mut world, Verb::Start, &four, after(1)).unwrap();
    // A successor of the first runs beside it.
    let new = like(&order, order.image.clone(), "group-buying-order-service-1.qd-k3x9f.new");
    let new = made(&mut world, new, after(2));
    act(&mut world, Verb::Start, &new, after(3)).unwrap();
    world.advance(after(10));
    let mut held = std::collections::BTreeSet::new();
    for replica in world.replicas().iter().filter(|r| r.service == order.service && r.is_up()) {
        for port in replica.ports.iter().filter_map(|p| p.host) {
            assert!(held.insert(port), "{port:?} twice");
        }
    }
    assert_eq!(held.len(), 5);

    // Where the port is given by number, it can't.
    let auth = replica(&world, "auth-service");
    assert_eq!(blueprint(&world, &auth).fixed_ports.len(), 1);
    let new = like(&auth, auth.image.clone(), "group-buying-auth-service-1.qd-k3x9f.new");
    let new = made(&mut world, new, after(11));
    let refused = act(&mut world, Verb::Start, &new, after(12));
    assert!(
        matches!(&refused, Err(EngineError::Failed { why, .. }) if why.contains("port is already allocated"))
    );
}

#[test]
fn a_survey_tells_what_stands_in_the_way() {
    let world = super::world(Platform::GroupBuying);
    let found = blueprint(&world, &replica(&world, "payment-service"));
    assert_eq!((found.fixed_name, found.policy.as_str()), (false, "unless-stopped"));
    assert_eq!(found.fixed_ports.iter().filter_map(|p| p.host).map(|h| h.1).collect::<Vec<_>>(), [3005]);
    let ties = replica(&world, "payment-service").ties.unwrap();
    let mut hosts: Vec<&str> = ties.wants.iter().map(|want| &*want.host).collect();
    hosts.dedup();
    assert_eq!(hosts, ["10.0.3.7", "notification-service", "postgres", "redis"]);
    assert!(!format!("{ties:?}").contains("zhifu-4410"), "no secret: {ties:?}");
    assert_eq!(found.networks[0].name, "group-buying_default");
    assert!(found.health.is_some());
    assert_eq!(
        found.gate,
        [("deadline".to_owned(), "20s".to_owned()), ("settle".to_owned(), "3s".to_owned())]
    );
    let shown = format!("{found:?}");
    assert!(!shown.contains("zhifu-4410") && !shown.contains("pk_live"), "no secret: {shown}");

    let world = super::world(Platform::Payments);
    assert!(blueprint(&world, &replica(&world, "api")).fixed_name, "container_name");
    let world = super::world(Platform::RetailPos);
    let [backup, test] = ["mongo-backup-daily", "mongo-restore-test"]
        .map(|name| blueprint(&world, &replica(&world, name)).mounts[0].source.clone());
    assert_eq!(backup, test, "a volume two share");
    let gone = ReplicaId { id: "0".repeat(64).into(), ..replica(&world, "redis").id };
    let query = Query { replicas: vec![gone], images: vec!["no/such".into()], ..Query::default() };
    let survey = world.survey(&query);
    assert_eq!((survey.replicas.len(), survey.images), (0, vec![("no/such".into(), None)]));
}

#[test]
fn gates_are_short_enough_for_a_demo_and_long_enough_for_what_boots_slowly() {
    for platform in Platform::ALL {
        let world = super::world(platform);
        for replica in world.replicas().iter().filter(|r| r.role == Role::Replica) {
            let gate = blueprint(&world, replica).gate;
            let labels = world.inspect(&replica.id).unwrap().labels;
            for (key, value) in &gate {
                let seconds: u32 = value.strip_suffix('s').unwrap().parse().unwrap();
                assert!((2..=45).contains(&seconds), "{}: {key} {value}", replica.name);
                assert!(labels.contains(&(format!("quarterdeck.gate.{key}"), value.clone())));
            }
            assert!(!gate.is_empty());
        }
    }
}

#[test]
fn the_same_steps_lead_to_the_same_world() {
    let life = || {
        let mut world = world(Platform::GroupBuying);
        let new = replaced(&mut world, "auth-service", "group-buying/auth-service:3.0.3", after(2));
        let told = world.advance(after(90));
        let lines = world.logs(&new, &LogQuery::default()).unwrap();
        (new, told, world.replicas(), lines)
    };
    assert_eq!(life(), life());
}
