//! A deploy on the stage, told step by step as a job tells it.

use std::time::Duration;

use jiff::Timestamp;
use quarterdeck::console::{Effect, Msg};
use quarterdeck::engine::{Consent, Done, EngineError, TermSize};
use quarterdeck::fleet::HealthCheck;
use quarterdeck::journal::{NewOperation, OperationRecord, OperationState, Who};
use quarterdeck::operate::{Direction, JobId, Plan, Progress, Seen, StepOutcome, Work};

use super::Stage;

/// The job the stage was asked to run last.
pub fn asked(stage: &Stage) -> (JobId, Plan, Consent) {
    let run = stage.effects.iter().rev().find_map(|e| match e {
        Effect::Run(id, plan, consent) => Some((*id, (**plan).clone(), *consent)),
        _ => None,
    });
    run.unwrap_or_else(|| panic!("no job: {}", stage.screen()))
}

/// The next patch release of what a service runs, as its registry has it.
pub fn next(stage: &Stage, service: &str) -> String {
    let id = stage.service(service);
    let reference = stage.model.fleet.replicas_of(&id).next().unwrap().image.reference.to_string();
    let (name, tag) = reference.rsplit_once(':').unwrap();
    let (head, patch) = tag.rsplit_once('.').unwrap();
    format!("{name}:{head}.{}", patch.parse::<u32>().unwrap() + 1)
}

/// The next release of a service is being deployed.
pub fn deploying(size: TermSize, service: &str) -> (Stage, JobId, Plan) {
    let mut stage = Stage::new(size);
    let (id, plan) = deploy(&mut stage, service);
    (stage, id, plan)
}

/// Deploy the next release of a service.
pub fn deploy(stage: &mut Stage, service: &str) -> (JobId, Plan) {
    stage.at(service);
    let image = next(stage, service);
    stage.command(&format!("deploy {image}"));
    stage.keys("y");
    let (id, plan, _) = asked(stage);
    (id, plan)
}

pub fn began(job: JobId, plan: &Plan, number: u32, direction: Direction) -> Msg {
    let name = plan.steps[number as usize - 1].name.clone();
    Msg::Job(Progress::Began { job, number, direction, name })
}

pub fn ended(job: JobId, plan: &Plan, number: u32, result: Result<Done, EngineError>) -> Msg {
    let step = plan.steps[number as usize - 1].clone();
    let outcome = StepOutcome { number, direction: Direction::Forward, step, result };
    Msg::Job(Progress::Ended { job, outcome })
}

/// Carry it on to its first gate, which waits.
pub fn to_the_gate(stage: &mut Stage, job: JobId, plan: &Plan) -> u32 {
    let gate = plan.steps.iter().find(|s| matches!(s.work, Work::Gate(_))).unwrap();
    for number in 1..gate.number {
        stage.send(began(job, plan, number, Direction::Forward));
        stage.send(ended(job, plan, number, Ok(Done::Changed)));
    }
    stage.send(began(job, plan, gate.number, Direction::Forward));
    let seen = Seen {
        name: gate.name.clone(),
        state: Some(quarterdeck::fleet::State::Running),
        check: HealthCheck::Starting,
        output: "curl: (7) Failed to connect to localhost port 3004: Connection refused".into(),
        remaining: Duration::from_secs(42),
    };
    stage.send(Msg::Job(Progress::Waiting { job, number: gate.number, seen }));
    stage.settle();
    gate.number
}

/// What the journal has of an operation that began at that time and has not ended.
pub fn recorded(plan: &Plan, at: Timestamp) -> OperationRecord {
    OperationRecord {
        id: 12,
        begun: NewOperation {
            instance: "demo".into(),
            host: "demo".into(),
            endpoint: "demo".into(),
            services: plan.services.clone(),
            change: plan.intent.change.command().into(),
            sentence: plan.sentence(),
            images: Vec::new(),
            who: Who {
                user: "root".into(),
                sudo_user: Some("ada".into()),
                ssh_from: Some("10.0.0.17".into()),
                ..Who::default()
            },
            plan: serde_json::to_string(plan).unwrap(),
        },
        at,
        state: OperationState::Running,
        sentence: String::new(),
        took: None,
        ended: None,
        adoptions: Vec::new(),
        steps: Vec::new(),
        alive: false,
    }
}
