#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use super::{
    Bridge, Change, Confirm, Intent, JobId, Options, Outcome, Plan, Progress, Refusal, Target, Unit, Work,
    plan, run,
};
use crate::config::Protection;
use crate::engine::demo::{Platform, World};
use crate::engine::{Act, Consent, Engine, Step, Survey};
use crate::fleet::{EngineId, Fleet, Observation, Replica, ReplicaId, Role, ServiceId, State, Verb};
use crate::journal::Who;

fn start() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// The fleet of a demo platform at its start: real shapes, every state.
fn fleet(platform: Platform) -> Fleet {
    let world = World::new(platform, None, 7, start());
    let mut fleet = Fleet::new();
    fleet.apply(Observation::Engine(world.info()));
    fleet.apply(Observation::Synced {
        at: start(),
        engine: world.engine().clone(),
        replicas: world.replicas(),
    });
    fleet
}

/// Without gates: what the steps are, is looked at here.
fn ungated() -> Options {
    Options { wait: false, ..Options::default() }
}

fn verb_plan(verb: Verb, targets: &[Target], fleet: &Fleet, options: &Options) -> Result<Plan, Refusal> {
    let intent = Intent { change: Change::Act(verb), targets: targets.to_vec() };
    plan(&intent, fleet, &Survey::default(), options)
}

fn act(plan: &Plan, index: usize) -> Act<Unit> {
    match &plan.steps[index].work {
        Work::Step(Step::Act(act)) => act.clone(),
        other => panic!("{other:?}"),
    }
}

fn bridge(engine: Arc<dyn Engine>) -> Bridge {
    Bridge {
        engine,
        instance: "i".into(),
        host: "h".into(),
        journal: None,
        who: Who::default(),
        examiner: None,
    }
}

fn service(project: &str, name: &str) -> ServiceId {
    ServiceId { engine: EngineId::new("demo"), project: Some(project.into()), name: name.into() }
}

fn of(name: &str) -> Target {
    Target::Service(service("group-buying", name))
}

fn group_buying(verb: Verb, targets: &[Target]) -> Result<Plan, Refusal> {
    verb_plan(verb, targets, &fleet(Platform::GroupBuying), &ungated())
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|s| &*s.name).collect()
}

#[test]
fn a_service_stands_for_its_replicas() {
    let plan = group_buying(Verb::Restart, &[of("order-service")]).unwrap();
    assert_eq!(
        names(&plan),
        ["group-buying-order-service-1", "group-buying-order-service-2", "group-buying-order-service-3"]
    );
    assert!(plan.skipped.is_empty());
    assert_eq!(plan.confirm, Confirm::Yes);
    assert_eq!(plan.question(), "Restart order-service (3 replicas)?");
}

#[test]
fn a_replica_named_twice_is_one_step() {
    let plan = group_buying(Verb::Restart, &[of("order-service"), of("order-service")]).unwrap();
    assert_eq!(plan.steps.len(), 3);
    let id = plan.steps[0].replica().unwrap().clone();
    let again = group_buying(Verb::Restart, &[Target::Replica(id), of("order-service")]).unwrap();
    assert_eq!(again.steps.len(), 3);
}

#[test]
fn jobs_are_touched_only_when_named() {
    let fleet = fleet(Platform::GroupBuying);
    let stopped = verb_plan(Verb::Start, &[of("settlement-service")], &fleet, &ungated());
    assert_eq!(
        stopped.unwrap_err().to_string(),
        "nothing to start: group-buying-settlement-service-1 is already running"
    );
    let id = service("group-buying", "settlement-service");
    let job = fleet.replicas_of(&id).find(|r| r.role == Role::Job).unwrap();
    let plan = verb_plan(Verb::Remove, &[Target::Replica(job.id.clone())], &fleet, &ungated()).unwrap();
    assert_eq!(names(&plan), [&*job.name]);
}

#[test]
fn refusals_say_why_and_what_instead() {
    let words = |verb, targets: &[Target]| group_buying(verb, targets).unwrap_err().to_string();
    assert_eq!(words(Verb::Stop, &[]), "nothing to stop: nothing is chosen");
    assert_eq!(
        words(Verb::Start, &[of("order-service")]),
        "nothing to start: all 3 replicas are already running"
    );
    assert_eq!(
        words(Verb::Start, &[of("office-service")]),
        "nothing to start: group-buying-office-service-1 is paused: unpause it instead"
    );
    assert_eq!(
        words(Verb::Remove, &[of("auth-service")]),
        "nothing to remove: group-buying-auth-service-1 is running: stop it first, or force the removal"
    );
    assert_eq!(
        words(Verb::Start, &[of("auth-service"), of("office-service"), of("wallet-service")]),
        "nothing to start: 2 replicas are already running, 1 replica is paused: unpause it instead"
    );
    assert_eq!(words(Verb::Stop, &[of("nobody")]), "nothing to stop: group-buying/nobody is gone");
    assert_eq!(
        words(Verb::Stop, &[Target::Project(Some("moon".into()))]),
        "nothing to stop: project moon is gone"
    );
    let gone = ReplicaId { engine: EngineId::new("demo"), id: "feedfacecafe0000".into() };
    assert_eq!(
        words(Verb::Stop, &[Target::Replica(gone)]),
        "nothing to stop: container feedfacecafe is gone"
    );
}

#[test]
fn what_vanished_does_not_stop_the_rest() {
    let plan = group_buying(Verb::Stop, &[of("nobody"), of("auth-service")]).unwrap();
    assert_eq!(names(&plan), ["group-buying-auth-service-1"]);
}

#[test]
fn a_mixed_bag_does_what_it_can_and_lists_the_rest() {
    let plan = group_buying(Verb::Pause, &[of("auth-service"), of("office-service")]).unwrap();
    assert_eq!(names(&plan), ["group-buying-auth-service-1"]);
    let rows = plan.rows();
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].action, rows[0].state, rows[0].wave), ("pause", "running", 1));
    assert_eq!((rows[1].action, rows[1].note.as_str(), rows[1].wave), ("skip", "already paused", 0));
    assert_eq!(rows[1].service, "group-buying/office-service");
}

#[test]
fn a_project_is_stopped_from_the_top_and_started_from_the_bottom() {
    let mut fleet = fleet(Platform::GroupBuying);
    let project = [Target::Project(Some("group-buying".into()))];
    let stop = verb_plan(Verb::Stop, &project, &fleet, &ungated()).unwrap();
    let wave = |plan: &Plan, name: &str| {
        plan.steps.iter().find(|s| &*s.service.name == name).map(|s| s.wave).unwrap()
    };
    assert!(wave(&stop, "auth-service") < wave(&stop, "postgres"));
    assert!(stop.steps.is_sorted_by_key(|s| s.wave));

    let stopped: Vec<Replica> = {
        let world = World::new(Platform::GroupBuying, None, 7, start());
        let exited = |r: Replica| Replica { state: State::Exited, ..r };
        world.replicas().into_iter().map(exited).collect()
    };
    fleet.apply(Observation::Synced { at: start(), engine: EngineId::new("demo"), replicas: stopped });
    let plan = verb_plan(Verb::Start, &project, &fleet, &ungated()).unwrap();
    assert!(wave(&plan, "postgres") < wave(&plan, "auth-service"));
}

#[test]
fn a_cycle_of_dependencies_still_ends() {
    let mut replicas = World::new(Platform::Payments, None, 7, start()).replicas();
    for replica in &mut replicas {
        let compose = replica.compose.as_mut().map(Arc::make_mut).unwrap();
        compose.depends_on = vec!["api".into(), "postgres".into(), "redis".into(), "nginx".into()];
    }
    let mut fleet = Fleet::new();
    fleet.apply(Observation::Synced { at: start(), engine: EngineId::new("demo"), replicas });
    let project = [Target::Project(Some("payments".into()))];
    let plan = verb_plan(Verb::Stop, &project, &fleet, &ungated()).unwrap();
    assert_eq!(plan.steps.len(), 5);
}

#[test]
fn protected_things_are_ended_only_by_their_typed_name() {
    let fleet = fleet(Platform::GroupBuying);
    let typed = |globs: &[&str]| Protection {
        typed: globs.iter().map(ToString::to_string).collect(),
        ..Protection::default()
    };
    let options = Options { protection: typed(&["group-*"]), force: true, ..ungated() };
    let confirm = |verb, targets: &[Target]| verb_plan(verb, targets, &fleet, &options).unwrap().confirm;
    let word = |word: &str| Confirm::Typed(word.into());
    for verb in [Verb::Stop, Verb::Kill, Verb::Remove] {
        assert_eq!(confirm(verb, &[of("auth-service")]), word("auth-service"));
        assert_eq!(confirm(verb, &[of("auth-service"), of("wallet-service")]), word("group-buying"));
        assert_eq!(confirm(verb, &[Target::Project(Some("group-buying".into()))]), word("group-buying"));
    }
    assert_eq!(confirm(Verb::Restart, &[of("auth-service")]), Confirm::Yes);
    let one = Options { protection: typed(&["group-buying/postgres"]), ..ungated() };
    let confirm = |target| verb_plan(Verb::Stop, &[target], &fleet, &one).unwrap().confirm;
    assert_eq!(confirm(of("auth-service")), Confirm::Yes);
    assert_eq!(confirm(of("postgres")), word("postgres"));
}

#[test]
fn warnings_tell_who_depends_on_it_and_which_port_is_taken() {
    let fleet = fleet(Platform::Storefront);
    let warn = |verb, name: &str, options: &Options| {
        verb_plan(verb, &[Target::Service(service("storefront", name))], &fleet, options).unwrap().warnings
    };
    let plain = ungated();
    assert_eq!(warn(Verb::Stop, "kafka", &plain), ["notification-service depends on kafka"]);
    assert_eq!(
        warn(Verb::Stop, "postgres", &plain),
        ["inventory-service, payment-service and user-service depend on postgres"]
    );
    assert_eq!(
        warn(Verb::Start, "order-service", &plain),
        ["storefront-order-service-1 wants port 3001, which storefront-customer-web-1 holds"]
    );
    assert_eq!(warn(Verb::Stop, "mailhog", &plain), ["notification-service depends on mailhog"]);
    assert!(warn(Verb::Restart, "customer-web", &plain).is_empty());
    let force = Options { force: true, ..ungated() };
    assert_eq!(
        warn(Verb::Remove, "mailhog", &force),
        [
            "1 replica is still up and will be killed first, without grace",
            "notification-service depends on mailhog"
        ]
    );
    let hup = Options { signal: Some("SIGHUP".into()), ..ungated() };
    assert!(warn(Verb::Kill, "admin-web", &hup).is_empty());
}

#[test]
fn options_reach_only_the_steps_they_are_for() {
    let fleet = fleet(Platform::GroupBuying);
    let options = Options { timeout: Some(3), signal: Some("SIGINT".into()), force: true, ..ungated() };
    let step = |verb| act(&verb_plan(verb, &[of("auth-service")], &fleet, &options).unwrap(), 0);
    let (stop, kill, remove, pause) =
        (step(Verb::Stop), step(Verb::Kill), step(Verb::Remove), step(Verb::Pause));
    assert_eq!((stop.timeout, stop.signal, stop.force), (Some(3), None, false));
    assert_eq!((kill.timeout, kill.signal, kill.force), (None, Some("SIGINT".into()), false));
    assert_eq!((remove.timeout, remove.signal, remove.force), (None, None, true));
    assert_eq!(pause, Act::new(Verb::Pause, pause.replica.clone()));
}

/// Everything told until the channel closes; checks that it ends in the one `Finished`.
async fn to_end(mut told: UnboundedReceiver<Progress>) -> (Vec<Progress>, Outcome) {
    let mut all = Vec::new();
    while let Some(progress) = told.recv().await {
        assert_eq!(progress.job(), JobId(1));
        all.push(progress);
    }
    let finished = all.iter().filter(|p| matches!(p, Progress::Finished { .. })).count();
    assert_eq!(finished, 1, "exactly one Finished");
    let Some(Progress::Finished { outcome, .. }) = all.last() else { panic!("and it is the last") };
    let outcome = outcome.clone();
    (all, outcome)
}

#[tokio::test(start_paused = true)]
async fn on_the_demo_a_job_does_what_it_says() {
    use crate::engine::demo::{Demo, DemoOptions};
    let options = DemoOptions { platform: Platform::GroupBuying, services: None, seed: 7 };
    let demo = Arc::new(Demo::starting_at(options, start()));
    let plan = group_buying(Verb::Stop, &[of("order-service"), of("auth-service")]).unwrap();
    let ids: Vec<ReplicaId> = plan.steps.iter().map(|s| s.replica().unwrap().clone()).collect();
    let (_, outcome) =
        to_end(run(bridge(demo.clone()), JobId(1), plan, Consent::Yes, CancellationToken::new())).await;
    assert!(outcome.ok(), "{}", outcome.sentence());
    for id in ids {
        assert_eq!(demo.inspect(&id).await.unwrap().replica.state, State::Exited);
    }
}
