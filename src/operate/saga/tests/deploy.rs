//! Replacing replicas: exactly the new ones, or exactly the old ones.

use std::time::Duration;

use super::Notes;
use super::plans::{Style, begin, deploy, resume, run, scale_down, scale_up, to_end, yard};
use crate::engine::{EngineError, Step};
use crate::fleet::ReplicaId;
use crate::journal::OperationState;
use crate::operate::testing::{Fault, Life, Yard, image, service};
use crate::operate::{
    Control, Direction, End, ImageChange, Outcome, Phase, Plan, PlannedStep, Progress, Resume, Rule, Work,
};

type Replicas = Vec<(ReplicaId, String)>;

const STYLES: [Style; 2] = [Style::Gap, Style::Overlap];

fn new(yard: &Yard, replicas: &Replicas) {
    let wanted: Vec<String> = replicas.iter().map(|(_, name)| format!("{name} v2 running always")).collect();
    assert_eq!(yard.picture(), wanted, "exactly the new replicas");
}

fn old(yard: &Yard, replicas: &Replicas) {
    let wanted: Vec<String> = replicas.iter().map(|(_, name)| format!("{name} v1 running always")).collect();
    assert_eq!(yard.picture(), wanted, "exactly the old replicas");
    for (id, name) in replicas {
        assert_eq!(yard.named(name).as_ref(), Some(id), "the very ones");
    }
}

fn undone(outcome: &Outcome) -> &str {
    let End::Undone { why } = &outcome.end else { panic!("{outcome:#?}") };
    why
}

fn failed_with_500() -> EngineError {
    EngineError::Failed { status: 500, why: "no space left on device".into() }
}

#[tokio::test(start_paused = true)]
async fn a_deploy_commits() {
    for style in STYLES {
        let (yard, replicas) = yard(3);
        let notes = Notes::default();
        let plan = deploy(&replicas, "v2", style, &Rule::Healthy);
        let outcome = run(&yard, &notes, &plan).await;
        assert!(outcome.ok(), "{style:?}: {outcome:#?}");
        new(&yard, &replicas);
        assert_eq!(notes.state(), OperationState::Done);
        assert_eq!(notes.steps().len(), plan.steps.len());
        assert!(outcome.advice.is_empty(), "{:?}", outcome.advice);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deploy_that_fails_its_gate_is_undone() {
    for style in STYLES {
        for (life, why) in [
            (Life::Sick(400), "api-1 is unhealthy: no answer from port 80"),
            (Life::Mute, "api-1 is not healthy after 30 s"),
            (Life::Exits(0, 1), "api-1 does not stay up: exited with 1"),
            // Well, and then not: while it settles.
            (Life::Dies(100, 1500), "api-1 does not stay up: exited with 7: ok"),
        ] {
            let (yard, replicas) = yard(2);
            yard.life("v2", life);
            let notes = Notes::default();
            let plan = deploy(&replicas, "v2", style, &Rule::Healthy);
            let outcome = run(&yard, &notes, &plan).await;
            assert_eq!(undone(&outcome), why, "{style:?}");
            old(&yard, &replicas);
            assert_eq!(notes.state(), OperationState::Undone);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deploy_that_fails_at_any_step_is_undone() {
    let mut cases = 0;
    for style in STYLES {
        let all = {
            let (_, replicas) = yard(2);
            deploy(&replicas, "v2", style, &Rule::Healthy).steps
        };
        let asked =
            all.iter().filter(|s| matches!(s.work, Work::Step(_)) && s.phase == Phase::Forward).count();
        for n in 0..asked {
            for fault in [
                Fault::Refused(failed_with_500()),
                Fault::Refused(EngineError::Conflict { why: "no".into() }),
                Fault::Refused(EngineError::Gone { what: "it".into() }),
                Fault::Panics,
            ] {
                let (yard, replicas) = yard(2);
                let plan = deploy(&replicas, "v2", style, &Rule::Healthy);
                yard.fault(n, fault.clone());
                let outcome = run(&yard, &Notes::default(), &plan).await;
                assert!(matches!(outcome.end, End::Undone { .. }), "{style:?} {n} {fault:?}: {outcome:#?}");
                old(&yard, &replicas);
                cases += 1;
            }
        }
    }
    println!("deploys failed at each step: {cases}");
    assert!(cases >= 80);
}

#[tokio::test(start_paused = true)]
async fn a_deploy_cancelled_at_any_step_is_undone_until_it_commits() {
    let mut cases = 0;
    for style in STYLES {
        let steps = deploy(&yard(2).1, "v2", style, &Rule::Healthy).steps;
        for step in &steps {
            let (yard, replicas) = yard(2);
            let plan = deploy(&replicas, "v2", style, &Rule::Healthy);
            let control = Control::default();
            let mut told = begin(&yard, Some(&Notes::default()), &plan, &control);
            while !matches!(told.recv().await, Some(Progress::Began { number, .. }) if number == step.number)
            {
            }
            control.cancel.cancel();
            let (_, outcome) = to_end(told).await;
            if step.phase == Phase::Commit {
                assert!(outcome.ok(), "{style:?} {}: {outcome:#?}", step.number);
                new(&yard, &replicas);
            } else {
                assert_eq!(undone(&outcome), "it was cancelled", "{style:?} {}", step.number);
                old(&yard, &replicas);
            }
            cases += 1;
        }
    }
    println!("deploys cancelled at each step: {cases}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_cut_is_asked_for_again() {
    for style in STYLES {
        let asked = 2 * 6 + 2;
        for n in 0..asked {
            let (yard, replicas) = yard(2);
            let plan = deploy(&replicas, "v2", style, &Rule::Healthy);
            yard.fault(n, Fault::Cut);
            let outcome = run(&yard, &Notes::default(), &plan).await;
            assert!(outcome.ok(), "{style:?} {n}: {outcome:#?}");
            new(&yard, &replicas);
            // What happened at an attempt whose answer was cut is taken back like the rest.
            let (yard, replicas) = self::yard(2);
            yard.life("v2", Life::Sick(50));
            let plan = deploy(&replicas, "v2", style, &Rule::Healthy);
            yard.fault(n, Fault::Cut);
            let outcome = run(&yard, &Notes::default(), &plan).await;
            undone(&outcome);
            old(&yard, &replicas);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_away_at_any_moment_is_waited_for() {
    let mut cases = 0;
    for style in STYLES {
        for at in (0..3000).step_by(37) {
            let (yard, replicas) = yard(2);
            let plan = deploy(&replicas, "v2", style, &Rule::Healthy);
            // From the first look on: before that, nothing would be begun.
            yard.away(Duration::from_millis(2 + at), Duration::from_millis(700));
            let outcome = run(&yard, &Notes::default(), &plan).await;
            assert!(outcome.ok(), "{style:?} away after {at} ms: {outcome:#?}");
            new(&yard, &replicas);
            cases += 1;
        }
    }
    println!("the engine away at {cases} moments");
}

#[tokio::test(start_paused = true)]
async fn somebody_else_at_it_in_the_middle_stops_it_and_it_goes_back() {
    for style in STYLES {
        let (yard, replicas) = yard(2);
        let plan = deploy(&replicas, "v2", style, &Rule::Healthy);
        let mut told = begin(&yard, Some(&Notes::default()), &plan, &Control::default());
        while !matches!(told.recv().await, Some(Progress::Began { number: 3, .. })) {}
        yard.meddle(&replicas[1].0, Some(&|c| c.name = "mine".into()));
        let (_, outcome) = to_end(told).await;
        let why = undone(&outcome);
        assert_eq!(why, "api-2 is not as it was when this was planned: it is called mine now");
        assert_eq!(yard.picture(), ["api-1 v1 running always", "mine v1 running always"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_fails_goes_on_with_the_rest_and_says_what_to_type() {
    let (yard, replicas) = yard(2);
    yard.life("v2", Life::Sick(50));
    yard.broken("rename api-1.qd-x7k2p.old api-1", failed_with_500());
    let notes = Notes::default();
    let plan = deploy(&replicas, "v2", Style::Gap, &Rule::Healthy);
    let outcome = run(&yard, &notes, &plan).await;
    let End::Failed { why } = &outcome.end else { panic!("{outcome:#?}") };
    assert_eq!(
        why,
        "api-1 is unhealthy: no answer from port 80; and going back failed: \
         api-1: the engine failed (500): no space left on device"
    );
    assert_eq!(
        yard.picture(),
        ["api-1.qd-x7k2p.old v1 running always", "api-2 v1 running always"],
        "all but the name is as it was"
    );
    assert_eq!(
        outcome.advice,
        [
            "api-1.qd-x7k2p.old is running, not healthy yet; to bring it back as it was: docker rename api-1.qd-x7k2p.old api-1"
        ]
    );
    assert_eq!(notes.state(), OperationState::Failed);
}

#[tokio::test(start_paused = true)]
async fn an_undo_is_looked_at_in_the_end() {
    let (yard, replicas) = yard(1);
    yard.life("v2", Life::Sick(50));
    let plan = deploy(&replicas, "v2", Style::Gap, &Rule::Healthy);
    let mut told = begin(&yard, Some(&Notes::default()), &plan, &Control::default());
    while !matches!(told.recv().await, Some(Progress::Undoing { .. })) {}
    // The old one does not get healthy again.
    yard.life("v1", Life::Sick(300));
    let (_, outcome) = to_end(told).await;
    let End::Failed { why } = &outcome.end else { panic!("{outcome:#?}") };
    assert!(why.ends_with("going back failed: api-1 is unhealthy: no answer from port 80"), "{why}");
    assert_eq!(outcome.advice, ["api-1 is running, unhealthy"]);
}

#[tokio::test(start_paused = true)]
async fn what_clearing_up_leaves_is_told_and_no_failure() {
    let (yard, replicas) = yard(2);
    yard.broken(&format!("remove {}", replicas[0].0.id), failed_with_500());
    let notes = Notes::default();
    let outcome = run(&yard, &notes, &deploy(&replicas, "v2", Style::Gap, &Rule::Healthy)).await;
    assert!(outcome.ok(), "{outcome:#?}");
    assert_eq!(
        outcome.advice,
        ["api-1.qd-x7k2p.old is left over (exited with 0): docker rm -f api-1.qd-x7k2p.old"]
    );
    let tries = yard.asked().iter().filter(|s| s.starts_with("remove")).count();
    assert_eq!(tries, 4, "the one three times, the other once");
    assert_eq!(notes.state(), OperationState::Done);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_meanwhile_is_not_ours_to_remove() {
    let (yard, replicas) = yard(1);
    let foreign = yard.running("other", "api-2", "v7");
    let outcome = run(&yard, &Notes::default(), &scale_up(&replicas, 2)).await;
    undone(&outcome);
    assert_eq!(yard.picture(), ["api-1 v1 running always", "api-2 v7 running always"]);
    assert_eq!(yard.named("api-2"), Some(foreign));
}

#[tokio::test(start_paused = true)]
async fn scaling_up_and_down_commits_or_is_undone() {
    let (yard, replicas) = yard(2);
    assert!(run(&yard, &Notes::default(), &scale_up(&replicas, 3)).await.ok());
    assert_eq!(yard.picture().len(), 5);

    let (yard, replicas) = self::yard(4);
    assert!(run(&yard, &Notes::default(), &scale_down(&replicas, 1)).await.ok());
    assert_eq!(yard.picture(), ["api-1 v1 running always"]);

    let (yard, replicas) = self::yard(2);
    yard.fault(4, Fault::Refused(failed_with_500()));
    undone(&run(&yard, &Notes::default(), &scale_up(&replicas, 3)).await);
    old(&yard, &replicas);

    let (yard, replicas) = self::yard(4);
    yard.fault(3, Fault::Refused(failed_with_500()));
    undone(&run(&yard, &Notes::default(), &scale_down(&replicas, 1)).await);
    old(&yard, &replicas);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_cannot_be_written_down_is_not_taken() {
    let writes = {
        let (_, replicas) = yard(1);
        2 * deploy(&replicas, "v2", Style::Gap, &Rule::Healthy).steps.len()
    };
    for room in 0..=writes {
        let (yard, replicas) = yard(1);
        let plan = deploy(&replicas, "v2", Style::Gap, &Rule::Healthy);
        let notes = Notes::default();
        notes.room(Some(room));
        let outcome = run(&yard, &notes, &plan).await;
        match &outcome.end {
            End::Refused { .. } => assert!(room < 2 && yard.asked().is_empty(), "{room}"),
            End::Undone { .. } => {
                old(&yard, &replicas);
                if notes.state().ended() {
                    continue;
                }
                // The journal knows nothing of the way back: it is advised once more, and harmless.
                let advised = |line: &String| line.ends_with("once it can be written: qd undo 1");
                assert!(outcome.advice.iter().any(advised), "{room}: {:?}", outcome.advice);
                notes.room(None);
                let how = if room % 2 == 0 { Resume::Undo } else { Resume::Finish };
                let outcome = resume(&yard, &notes, how).await;
                assert!(matches!(outcome.end, End::Undone { .. }), "{room}: {outcome:#?}");
                old(&yard, &replicas);
            }
            End::Interrupted { .. } => {
                // All is done but clearing up; with room on the disk again it can be finished.
                let parked = "api-1.qd-x7k2p.old v1 exited no".to_owned();
                assert!(yard.picture().contains(&parked), "{room}: {:?}", yard.picture());
                notes.room(None);
                assert!(resume(&yard, &notes, Resume::Finish).await.ok());
                new(&yard, &replicas);
            }
            End::Done => new(&yard, &replicas),
            End::Failed { .. } => panic!("{room}: {outcome:#?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_operation_ends_its_step_and_can_be_taken_up() {
    for number in 1..=8 {
        for how in [Resume::Finish, Resume::Undo] {
            let (yard, replicas) = yard(1);
            let plan = deploy(&replicas, "v2", Style::Gap, &Rule::Healthy);
            let (notes, control) = (Notes::default(), Control::default());
            let mut told = begin(&yard, Some(&notes), &plan, &control);
            while !matches!(told.recv().await, Some(Progress::Began { number: n, .. }) if n == number) {}
            control.abandon.cancel();
            control.cancel.cancel();
            let (rest, outcome) = to_end(told).await;
            assert!(!rest.iter().any(|p| matches!(p, Progress::Began { .. })), "nothing else begins");
            assert_eq!(outcome.end, End::Interrupted { why: "it was told to stop".into() }, "{number}");
            assert!(outcome.advice.contains(&"to go back: qd undo 1".to_owned()));
            assert!(!notes.state().ended());
            let outcome = resume(&yard, &notes, how).await;
            match how {
                Resume::Finish => {
                    assert!(outcome.ok(), "{number}: {outcome:#?}");
                    new(&yard, &replicas);
                }
                Resume::Undo => {
                    undone(&outcome);
                    old(&yard, &replicas);
                }
            }
        }
    }
}

fn pulled_first(mut plan: Plan, to: &str) -> Plan {
    for step in &mut plan.steps {
        step.number += 1;
        step.wave += 1;
        if let Work::Gate(gate) = &mut step.work
            && let Some(crate::operate::Unit::Made(n)) = &mut gate.unit
        {
            *n += 1;
        }
        if let Work::Step(work) = &mut step.work {
            let up = |unit| -> Result<_, std::convert::Infallible> {
                Ok(match unit {
                    crate::operate::Unit::Made(n) => crate::operate::Unit::Made(n + 1),
                    is @ crate::operate::Unit::Is(_) => is,
                })
            };
            *work = work.clone().named(up).unwrap();
            if let Step::Create(create) = work {
                create.image.id = "".into();
            }
        }
    }
    let pull = PlannedStep {
        number: 1,
        wave: 0,
        work: Work::Step(Step::Pull { reference: to.into() }),
        ..plan.steps[0].clone()
    };
    plan.steps.insert(0, pull);
    plan.images = vec![ImageChange {
        service: service("api"),
        from: image("v1"),
        to: crate::fleet::Image { reference: to.into(), id: "".into() },
    }];
    plan.only_newer = true;
    plan
}

#[tokio::test(start_paused = true)]
async fn a_registry_with_nothing_newer_ends_it_with_nothing_touched() {
    let (yard, replicas) = yard(1);
    let notes = Notes::default();
    let plan = pulled_first(deploy(&replicas, "v1", Style::Gap, &Rule::Healthy), "v1");
    let outcome = run(&yard, &notes, &plan).await;
    assert!(outcome.ok(), "{outcome:#?}");
    assert_eq!(yard.asked(), ["pull v1"]);
    old(&yard, &replicas);
    assert_eq!(notes.state(), OperationState::Done);

    let plan = pulled_first(deploy(&replicas, "v2", Style::Gap, &Rule::Healthy), "v2");
    let outcome = run(&yard, &Notes::default(), &plan).await;
    assert!(outcome.ok(), "{outcome:#?}");
    assert_eq!(outcome.images[0].to, image("v2"), "what was pulled is told");
    new(&yard, &replicas);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_not_there_ends_it_with_nothing_touched() {
    let (yard, replicas) = yard(1);
    yard.broken("pull", EngineError::Failed { status: 404, why: "manifest unknown".into() });
    let notes = Notes::default();
    let plan = pulled_first(deploy(&replicas, "v2", Style::Gap, &Rule::Healthy), "v2");
    let outcome = run(&yard, &notes, &plan).await;
    assert_eq!(undone(&outcome), "api-1: the engine failed (404): manifest unknown");
    old(&yard, &replicas);
    assert!(outcome.steps.iter().all(|s| s.direction == Direction::Forward), "there was nothing to undo");
}

#[tokio::test(start_paused = true)]
async fn fifty_replicas_go_one_after_the_other() {
    let (yard, replicas) = yard(50);
    let outcome =
        run(&yard, &Notes::default(), &deploy(&replicas, "v2", Style::Overlap, &Rule::Healthy)).await;
    assert!(outcome.ok(), "{:?}", outcome.end);
    assert_eq!(yard.picture().len(), 50);
    assert!(yard.picture().iter().all(|line| line.ends_with("v2 running always")));
}
