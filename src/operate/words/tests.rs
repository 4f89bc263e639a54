#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use super::plan::image_change;
use crate::engine::{Act, Done, EngineError, Step};
use crate::fleet::{EngineId, Image, ReplicaId, ServiceId, State, Verb};
use crate::operate::{
    Change, Direction, End, Gate, ImageChange, Intent, Outcome, Phase, PlannedStep, Pull, Rule, StepOutcome,
    Unit, Work,
};

fn service(name: &str) -> ServiceId {
    ServiceId { engine: EngineId::new("docker"), project: Some("shop".into()), name: name.into() }
}

fn unit(name: &str) -> Unit {
    Unit::Is(ReplicaId { engine: EngineId::new("docker"), id: name.into() })
}

fn image(tag: &str, id: &str) -> Image {
    Image { reference: format!("shop/api:{tag}").into(), id: format!("sha256:{id}").into() }
}

fn ended(name: &str, work: Work, direction: Direction, result: Result<Done, EngineError>) -> StepOutcome {
    let step = PlannedStep {
        number: 1,
        wave: 0,
        lane: 0,
        service: service(name.split('-').next().unwrap()),
        name: name.into(),
        state: State::Running,
        work,
        phase: Phase::Forward,
        note: String::new(),
    };
    StepOutcome { number: 1, direction, step, result }
}

fn did(name: &str, verb: Verb, result: Result<Done, EngineError>) -> StepOutcome {
    ended(name, Work::Step(Step::Act(Act::new(verb, unit(name)))), Direction::Forward, result)
}

fn waited(name: &str, result: Result<Done, EngineError>) -> StepOutcome {
    let gate = Gate { unit: Some(unit(name)), rule: Rule::Healthy, deadline: Duration::from_secs(30) };
    ended(name, Work::Gate(gate), Direction::Forward, result)
}

fn unwell(name: &str, why: &str) -> EngineError {
    EngineError::NotWell { what: name.into(), why: why.into() }
}

fn not_begun() -> EngineError {
    EngineError::NotBegun { why: "it was cancelled before".into() }
}

fn outcome(change: Change, end: End, steps: Vec<StepOutcome>) -> Outcome {
    let mut services: Vec<ServiceId> = Vec::new();
    for step in &steps {
        if !services.contains(&step.step.service) {
            services.push(step.step.service.clone());
        }
    }
    if services.is_empty() {
        services.push(service("api"));
    }
    Outcome {
        intent: Intent { change, targets: Vec::new() },
        services,
        end,
        steps,
        images: Vec::new(),
        advice: Vec::new(),
        operation: Some(7),
        took: Duration::from_millis(41_234),
    }
}

fn deployed(end: End, from: Image, to: Image, steps: Vec<StepOutcome>) -> Outcome {
    let change = Change::Deploy { image: None, pull: Pull::Missing };
    let images = vec![ImageChange { service: service("api"), from, to }];
    Outcome { images, ..outcome(change, end, steps) }
}

fn why(why: &str) -> String {
    why.into()
}

#[test]
fn images_are_told_by_what_differs() {
    let other = |reference: &str, id: &str| Image { reference: reference.into(), id: id.into() };
    for (from, to, words) in [
        (image("1.3.9", "a"), image("1.4.2", "b"), "1.3.9 → 1.4.2"),
        (
            image("latest", "aaaaaaaaaaaaaa"),
            image("latest", "bbbbbbbbbbbbbb"),
            "latest (aaaaaaaaaaaa → bbbbbbbbbbbb)",
        ),
        (image("latest", "a"), other("shop/api:latest", ""), "latest (a → what the registry has)"),
        (image("1", "a"), image("1", "a"), "1"),
        (image("1", "a"), other("shop/web:1", "b"), "shop/api:1 → shop/web:1"),
        (image("1", "a"), other("shop/web:2", "b"), "shop/api:1 → shop/web:2"),
        (other("sha256:0123456789abcdef", "x"), image("2", "b"), "0123456789ab → 2"),
    ] {
        assert_eq!(image_change(&from, &to), words);
    }
}

#[test]
fn what_was_done_is_told_with_what_changed() {
    let all = |verb| (1..=3).map(|n| did(&format!("api-{n}"), verb, Ok(Done::Changed))).collect::<Vec<_>>();
    let one = |verb| vec![did("api-1", verb, Ok(Done::Changed))];
    for (outcome, words) in [
        (
            deployed(End::Done, image("1.3.9", "a"), image("1.4.2", "b"), all(Verb::Start)),
            "deployed shop/api 1.3.9 → 1.4.2 (3 replicas) in 41.2 s",
        ),
        (
            deployed(End::Done, image("latest", "a"), image("latest", "b"), one(Verb::Start)),
            "deployed shop/api latest (a → b) in 41.2 s",
        ),
        (outcome(Change::Scale { to: 5 }, End::Done, all(Verb::Start)), "scaled shop/api to 5 in 41.2 s"),
        (outcome(Change::Recreate, End::Done, all(Verb::Start)), "recreated shop/api (3 replicas) in 41.2 s"),
        (
            outcome(Change::Limit { cpus: Some(1.5), memory: Some(0) }, End::Done, one(Verb::Start)),
            "limited shop/api to 1.5 cpus and unlimited memory in 41.2 s",
        ),
        (outcome(Change::Act(Verb::Restart), End::Done, one(Verb::Restart)), "restarted api-1 in 41.2 s"),
        (
            outcome(
                Change::Down,
                End::Done,
                vec![
                    did("api-1", Verb::Stop, Ok(Done::Changed)),
                    did("db-1", Verb::Stop, Ok(Done::Unchanged)),
                ],
            ),
            "brought down api and db (containers and volumes stay) in 41.2 s",
        ),
        (
            outcome(
                Change::Act(Verb::Stop),
                End::Done,
                vec![did("api-1", Verb::Stop, Ok(Done::Unchanged)), waited("api-1", Ok(Done::Changed))],
            ),
            "api-1: nothing to stop, it was so already",
        ),
    ] {
        assert_eq!(outcome.sentence(), words);
    }
    let pull = Work::Step(Step::Pull { reference: "shop/api:latest".into() });
    let pulled = ended("api-1", pull, Direction::Forward, Ok(Done::Pulled { id: "sha256:a".into() }));
    let newest = deployed(End::Done, image("latest", "a"), image("latest", "a"), vec![pulled]);
    assert_eq!(newest.sentence(), "shop/api: the registry has nothing newer");
}

#[test]
fn what_failed_is_told_with_what_is_left() {
    let failed = || {
        vec![
            did("api-1", Verb::Start, Ok(Done::Changed)),
            waited("api-2", Err(unwell("api-2", "exited with 1"))),
        ]
    };
    let cancelled =
        || vec![did("api-1", Verb::Start, Ok(Done::Changed)), did("api-2", Verb::Start, Err(not_begun()))];
    for (outcome, words) in [
        (
            deployed(
                End::Undone { why: why("api-2 exited with 1") },
                image("1.3.9", "a"),
                image("1.4.2", "b"),
                failed(),
            ),
            "deploy of shop/api failed and was undone: api-2 exited with 1; it runs 1.3.9 as before",
        ),
        (
            deployed(
                End::Undone { why: why("it was cancelled") },
                image("latest", "a"),
                image("latest", "b"),
                cancelled(),
            ),
            "deploy of shop/api was undone: it was cancelled; it runs latest (a) as before",
        ),
        (
            outcome(Change::Scale { to: 9 }, End::Undone { why: why("api-2 exited with 1") }, failed()),
            "scaling of shop/api failed and was undone: api-2 exited with 1; everything is as it was",
        ),
        (
            outcome(Change::Recreate, End::Interrupted { why: why("it was told to stop") }, failed()),
            "recreation of shop/api was left in the middle: it was told to stop; qd finish 7 or qd undo 7 ends it",
        ),
        (
            outcome(
                Change::Recreate,
                End::Refused { why: why("somebody is at it"), remedy: String::new() },
                Vec::new(),
            ),
            "recreation of shop/api refused: somebody is at it; nothing was done",
        ),
        (
            outcome(Change::Act(Verb::Restart), End::Failed { why: why("api-2 exited with 1") }, failed()),
            "restarted 1 of 2 replicas, 1 failed: api-2 exited with 1",
        ),
        (
            // What was not begun because of it did not fail.
            outcome(Change::Act(Verb::Restart), End::Failed { why: why("api-2 exited with 1") }, {
                let left = ["api-3", "api-4"].map(|name| did(name, Verb::Restart, Err(not_begun())));
                failed().into_iter().chain(left).collect()
            }),
            "restarted 1 of 4 replicas, 1 failed, 2 left as they were: api-2 exited with 1",
        ),
        (
            outcome(Change::Act(Verb::Restart), End::Failed { why: String::new() }, failed().split_off(1)),
            "restart failed: api-2 exited with 1",
        ),
        (
            outcome(Change::Up, End::Failed { why: String::new() }, failed()),
            "brought up 1 of 2 replicas, 1 failed: api-2 exited with 1",
        ),
        (
            outcome(
                Change::Recreate,
                End::Failed { why: why("api-2 exited with 1; and going back failed: no") },
                vec![ended(
                    "api-1",
                    Work::Step(Step::Act(Act::new(Verb::Start, unit("api-1")))),
                    Direction::Back,
                    Err(EngineError::Conflict { why: "no".into() }),
                )],
            ),
            "recreation of shop/api failed, and could not be undone: api-2 exited with 1; and going back failed: no",
        ),
    ] {
        assert_eq!(outcome.sentence(), words);
    }
}
