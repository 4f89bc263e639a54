//! Plain verbs: bounded, side by side, no gate, taken back only when cancelled.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Notes;
use super::plans::{begin, each, restart, run, to_end, yard};
use crate::engine::{Done, EngineError};
use crate::fleet::Verb;
use crate::journal::OperationState;
use crate::operate::testing::Fault;
use crate::operate::{Control, Direction, End, Phase, Progress, Rule};

fn conflict() -> EngineError {
    EngineError::Conflict { why: "no".into() }
}

#[tokio::test(start_paused = true)]
async fn lanes_go_side_by_side_and_not_too_many() {
    let (yard, replicas) = yard(20);
    let notes = Notes::default();
    let outcome = run(&yard, &notes, &each(Verb::Stop, &replicas, Phase::Forward)).await;
    assert!(outcome.ok(), "{outcome:?}");
    assert_eq!(yard.busiest(), 8);
    assert_eq!(outcome.steps.len(), 20);
    assert_eq!(notes.state(), OperationState::Done);
}

#[tokio::test(start_paused = true)]
async fn replicas_restart_one_after_the_other_each_behind_its_gate() {
    let (yard, replicas) = yard(3);
    let notes = Notes::default();
    let outcome = run(&yard, &notes, &restart(&replicas, &Rule::Healthy)).await;
    assert!(outcome.ok(), "{outcome:?}");
    assert_eq!(yard.busiest(), 1);
    assert!(outcome.took >= Duration::from_millis(900), "each took 300 ms to be healthy");
    assert_eq!(notes.steps(), ["1", "2", "3", "4", "5", "6"]);
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_fails_its_gate_leaves_the_next_replica_running() {
    let (yard, replicas) = yard(3);
    yard.life("v1", crate::operate::testing::Life::Sick(100));
    let notes = Notes::default();
    let outcome = run(&yard, &notes, &restart(&replicas, &Rule::Healthy)).await;
    let End::Failed { why } = &outcome.end else { panic!("{outcome:?}") };
    assert_eq!(why, "api-1 is unhealthy: no answer from port 80");
    let restarts = yard.asked().iter().filter(|s| s.starts_with("restart")).count();
    assert_eq!(restarts, 1, "the others are left alone");
    assert_eq!(
        outcome.steps.iter().filter(|s| matches!(s.result, Err(EngineError::NotBegun { .. }))).count(),
        4
    );
    assert_eq!(outcome.advice, ["api-1 is running, unhealthy"]);
    assert_eq!(notes.state(), OperationState::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_failed_stop_does_not_keep_the_others_and_takes_nothing_back() {
    let (yard, replicas) = yard(3);
    yard.fault(0, Fault::Refused(conflict()));
    let notes = Notes::default();
    let outcome = run(&yard, &notes, &each(Verb::Stop, &replicas, Phase::Forward)).await;
    assert!(matches!(outcome.end, End::Failed { .. }), "{outcome:?}");
    assert_eq!(outcome.failed().count(), 1);
    assert_eq!(
        yard.picture(),
        ["api-1 v1 running always", "api-2 v1 exited always", "api-3 v1 exited always"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_stop_is_taken_back() {
    let (yard, replicas) = yard(12);
    let before = yard.picture();
    yard.fault(3, Fault::Slow(Duration::from_secs(9)));
    let (notes, control) = (Notes::default(), Control::default());
    let mut told = begin(&yard, Some(&notes), &each(Verb::Stop, &replicas, Phase::Forward), &control);
    while let Some(progress) = told.recv().await {
        if matches!(progress, Progress::Ended { .. }) {
            control.cancel.cancel();
            break;
        }
    }
    let (rest, outcome) = to_end(told).await;
    assert_eq!(outcome.end, End::Undone { why: "it was cancelled".into() });
    assert!(rest.iter().any(|p| matches!(p, Progress::Undoing { .. })));
    assert_eq!(yard.picture(), before, "the slow one too: it was waited for, then started");
    assert_eq!(notes.state(), OperationState::Undone);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_restart_is_no_longer_waited_for_and_nothing_else_begins() {
    let (yard, replicas) = yard(3);
    yard.fault(1, Fault::Slow(Duration::from_secs(50)));
    let cancel = CancellationToken::new();
    let plan = restart(&replicas, &Rule::Healthy);
    let mut told = begin(&yard, None, &plan, &cancel.clone().into());
    while let Some(progress) = told.recv().await {
        if matches!(progress, Progress::Began { number: 3, .. }) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            cancel.cancel();
            break;
        }
    }
    let (rest, outcome) = to_end(told).await;
    assert!(!rest.iter().any(|p| matches!(p, Progress::Began { .. })), "nothing begins after a cancel");
    assert!(matches!(outcome.end, End::Failed { .. }), "{outcome:?}");
    let results: Vec<_> = outcome.steps.iter().map(|s| s.result.clone()).collect();
    assert_eq!(results[..2], [Ok(Done::Changed), Ok(Done::Unchanged)]);
    assert_eq!(results[2], Err(EngineError::Interrupted));
    assert!(matches!(results[3], Err(EngineError::NotBegun { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_hanging_engine_is_waited_for_only_so_long() {
    let (yard, replicas) = yard(1);
    yard.fault(0, Fault::Slow(Duration::from_hours(1)));
    let mut plan = each(Verb::Stop, &replicas, Phase::Forward);
    if let crate::operate::Work::Step(crate::engine::Step::Act(act)) = &mut plan.steps[0].work {
        act.timeout = Some(7);
    }
    let outcome = run(&yard, &Notes::default(), &plan).await;
    assert_eq!(outcome.took.as_secs(), 37);
    let error = outcome.steps[0].result.clone().unwrap_err();
    assert_eq!(error.to_string(), "yard did not answer within 37 s (stop; it may still happen)");
}

#[tokio::test(start_paused = true)]
async fn a_bug_in_an_engine_still_finishes_the_job() {
    let (yard, replicas) = yard(1);
    yard.fault(0, Fault::Panics);
    let outcome = run(&yard, &Notes::default(), &each(Verb::Stop, &replicas, Phase::Forward)).await;
    assert!(matches!(outcome.end, End::Failed { .. }), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_nobody_listens_to_is_carried_out() {
    let (yard, replicas) = yard(3);
    drop(begin(&yard, None, &each(Verb::Stop, &replicas, Phase::Forward), &Control::default()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        yard.picture(),
        ["api-1 v1 exited always", "api-2 v1 exited always", "api-3 v1 exited always"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_changed_since_it_was_planned_is_not_touched() {
    type Meddling<'a> = Option<&'a dyn Fn(&mut crate::operate::testing::Container)>;
    let renamed: Meddling = Some(&|c| c.name = "other".into());
    let stopped: Meddling = Some(&|c| c.state = crate::fleet::State::Exited);
    let replaced: Meddling = Some(&|c| c.image = crate::operate::testing::image("v9"));
    for (meddling, words) in [
        (renamed, "api-2 is not as it was when this was planned: it is called other now"),
        (stopped, "api-2 is not as it was when this was planned: it was running and is exited"),
        (replaced, "api-2 is not as it was when this was planned: it is made from another image"),
        (None, "api-2 is not as it was when this was planned: somebody removed it"),
    ] {
        let (yard, replicas) = yard(3);
        let notes = Notes::default();
        let plan = each(Verb::Stop, &replicas, Phase::Forward);
        yard.meddle(&replicas[1].0, meddling);
        let outcome = run(&yard, &notes, &plan).await;
        let End::Refused { why, .. } = &outcome.end else { panic!("{outcome:?}") };
        assert_eq!(why, words);
        assert!(yard.asked().is_empty());
        assert_eq!(notes.count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_plain_goes_without_a_journal_that_is_full_and_says_so() {
    let (yard, replicas) = yard(2);
    let notes = Notes::default();
    notes.room(Some(0));
    let outcome = run(&yard, &notes, &each(Verb::Stop, &replicas, Phase::Forward)).await;
    assert!(outcome.ok(), "{outcome:?}");
    assert_eq!(outcome.operation, None);
    assert_eq!(
        outcome.advice,
        ["the journal misses parts of this: the journal notes can't be written: the disk is full"]
    );
    let (yard, replicas) = self::yard(2);
    let rolling = restart(&replicas, &Rule::Healthy);
    let outcome = run(&yard, &notes, &rolling).await;
    let End::Refused { why, remedy } = outcome.end else { panic!("{outcome:?}") };
    assert!(why.contains("can't be written down") && remedy.contains("--no-journal"), "{why} {remedy}");
}

#[tokio::test(start_paused = true)]
async fn the_journal_hears_that_we_live() {
    let (yard, replicas) = yard(1);
    yard.fault(0, Fault::Slow(Duration::from_secs(23)));
    let notes = Notes::default();
    assert!(run(&yard, &notes, &each(Verb::Stop, &replicas, Phase::Forward)).await.ok());
    assert_eq!(notes.beats(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_somebody_elses_by_now_is_left_alone() {
    let (yard, replicas) = yard(2);
    let notes = Notes::default();
    let mut told = begin(&yard, Some(&notes), &restart(&replicas, &Rule::Healthy), &Control::default());
    while let Some(progress) = told.recv().await {
        if matches!(progress, Progress::Began { number: 2, direction: Direction::Forward, .. }) {
            notes.take_over();
            break;
        }
    }
    let (_, outcome) = to_end(told).await;
    let End::Interrupted { why } = outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!(why, "operation 1 was taken over by somebody else");
    assert_eq!(yard.asked().len(), 1);
}
