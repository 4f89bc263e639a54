//! Gates: what opens them, what fails them at once, and an engine that goes away meanwhile.

use std::time::Duration;

use super::Notes;
use super::plans::{Draft, begin, run, to_end, yard};
use crate::engine::{Act, Step};
use crate::fleet::{State, Verb};
use crate::operate::testing::Life;
use crate::operate::{Change, Control, End, Gate, Outcome, Phase, Progress, Rule, Unit, Work};

/// Start one replica that lives so, behind a gate.
async fn start(life: Life, policy: &'static str, rule: Rule, deadline: u64) -> (Outcome, Vec<Progress>) {
    let (yard, replicas) = yard(1);
    let (id, name) = replicas[0].clone();
    yard.life("v1", life);
    yard.meddle(&id, Some(&|c| (c.state, c.policy) = (State::Exited, policy.to_owned())));
    let mut draft = Draft::new(Change::Act(Verb::Start), "api");
    draft.about(&name, State::Exited);
    let is = Unit::Is(id);
    draft.commit(Work::Step(Step::Act(Act::new(Verb::Start, is.clone()))));
    let gate = Gate { unit: Some(is), rule, deadline: Duration::from_secs(deadline) };
    draft.commit(Work::Gate(gate));
    let (all, outcome) =
        to_end(begin(&yard, Some(&Notes::default()), &draft.plan, &Control::default())).await;
    (outcome, all)
}

async fn fails(life: Life, policy: &'static str, rule: Rule, words: &str, within: Duration) {
    let (outcome, _) = start(life, policy, rule.clone(), 30).await;
    let End::Failed { why } = &outcome.end else { panic!("{life:?} {rule:?}: {outcome:?}") };
    assert_eq!(why, words, "{life:?} {rule:?}");
    assert!(outcome.took < within, "{life:?} {rule:?} took {:?}", outcome.took);
    assert!(outcome.steps.iter().all(|s| s.direction == crate::operate::Direction::Forward));
}

async fn opens(life: Life, rule: Rule, from: Duration, within: Duration) {
    let (outcome, all) = start(life, "always", rule.clone(), 30).await;
    assert!(outcome.ok(), "{life:?} {rule:?}: {outcome:?}");
    assert!(outcome.took >= from && outcome.took < within, "{life:?} {rule:?} took {:?}", outcome.took);
    if from > Duration::ZERO {
        assert!(all.iter().any(|p| matches!(p, Progress::Waiting { number: 2, .. })));
    }
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[tokio::test(start_paused = true)]
async fn gates_open_soon_after_what_they_wait_for_is_true() {
    opens(Life::Healthy(1000), Rule::Healthy, ms(1000), ms(1100)).await;
    opens(Life::Healthy(0), Rule::Healthy, ms(0), ms(100)).await;
    opens(Life::Plain, Rule::Stays(ms(3000)), ms(3000), ms(3100)).await;
    opens(Life::Plain, Rule::Settles(ms(500)), ms(500), ms(600)).await;
    // It has to be well for so long, not only to run.
    opens(Life::Healthy(2000), Rule::Settles(ms(500)), ms(2500), ms(2650)).await;
    // Planned for a HEALTHCHECK that the image does not have: it has to stay for a while.
    opens(Life::Plain, Rule::Healthy, ms(5000), ms(5100)).await;
    // Planned for none, and there is one: it has to pass.
    opens(Life::Healthy(2000), Rule::Stays(ms(100)), ms(2000), ms(2100)).await;
}

#[tokio::test(start_paused = true)]
async fn what_dies_fails_its_gate_at_once() {
    fails(Life::Exits(100, 1), "no", Rule::Healthy, "api-1 exited with 1", ms(300)).await;
    fails(Life::Exits(100, 1), "no", Rule::Stays(ms(5000)), "api-1 exited with 1", ms(300)).await;
    let keeps = "api-1 does not stay up: exited with 2";
    fails(Life::Exits(100, 2), "always", Rule::Stays(ms(5000)), keeps, ms(300)).await;
    fails(Life::Dies(100, 700), "no", Rule::Settles(ms(2000)), "api-1 exited with 7: ok", ms(900)).await;
}

#[tokio::test(start_paused = true)]
async fn what_does_not_get_well_fails_with_what_its_check_said() {
    let sick = "api-1 is unhealthy: no answer from port 80";
    fails(Life::Sick(1500), "no", Rule::Healthy, sick, ms(1700)).await;
    fails(Life::Mute, "no", Rule::Healthy, "api-1 is not healthy after 30 s", ms(30_200)).await;
}

#[tokio::test(start_paused = true)]
async fn a_job_completes_with_zero_only() {
    let (done, _) = start(Life::Exits(400, 0), "no", Rule::Completes, 30).await;
    assert!(done.ok(), "{done:?}");
    fails(Life::Exits(400, 3), "no", Rule::Completes, "api-1 exited with 3", ms(600)).await;
    fails(Life::Plain, "no", Rule::Completes, "api-1 has not ended after 30 s", ms(30_200)).await;
}

#[tokio::test(start_paused = true)]
async fn a_quick_restart_between_two_looks_is_noticed() {
    let (yard, replicas) = yard(1);
    let (id, name) = replicas[0].clone();
    yard.life("v1", Life::Plain);
    let mut draft = Draft::new(Change::Act(Verb::Restart), "api");
    draft.about(&name, State::Running);
    let is = Unit::Is(id.clone());
    draft.commit(Work::Step(Step::Act(Act::new(Verb::Restart, is.clone()))));
    let gate = Gate { unit: Some(is), rule: Rule::Stays(ms(2000)), deadline: ms(9000) };
    draft.commit(Work::Gate(gate));
    let mut told = begin(&yard, None, &draft.plan, &Control::default());
    while !matches!(told.recv().await, Some(Progress::Waiting { .. })) {}
    yard.restart_unasked(&id);
    let (_, outcome) = to_end(told).await;
    assert_eq!(outcome.end, End::Failed { why: "api-1 died and was started again".into() });
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_goes_away_and_comes_back_is_waited_for() {
    for seconds in [3, 40] {
        let (yard, replicas) = yard(2);
        yard.life("v1", Life::Healthy(2000));
        // In the middle of the first gate.
        yard.away(ms(500), Duration::from_secs(seconds));
        let plan = super::plans::restart(&replicas, &Rule::Healthy);
        let outcome = run(&yard, &Notes::default(), &plan).await;
        assert!(outcome.ok(), "away for {seconds} s: {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_stays_away_leaves_it_in_the_middle() {
    let (yard, replicas) = yard(2);
    yard.life("v1", Life::Healthy(2000));
    yard.away(ms(500), Duration::from_hours(5));
    let plan = super::plans::restart(&replicas, &Rule::Healthy);
    let notes = Notes::default();
    let outcome = run(&yard, &notes, &plan).await;
    assert!(matches!(outcome.end, End::Interrupted { .. }), "{outcome:?}");
    assert!(outcome.took < Duration::from_secs(30 + 60 + 20), "{:?}", outcome.took);
    assert!(!notes.state().ended());
    assert!(outcome.advice.contains(&"to go on: qd finish 1".to_owned()), "{:?}", outcome.advice);
}

#[tokio::test(start_paused = true)]
async fn what_was_well_must_still_be_so_when_it_settles() {
    let (yard, replicas) = yard(1);
    let (id, name) = replicas[0].clone();
    let is = Unit::Is(id.clone());
    let mut draft = Draft::new(Change::Recreate, "api");
    draft.about(&name, State::Running).gate(&is, Rule::Healthy);
    draft.wave();
    draft.gate(&is, Rule::Settles(ms(5000)));
    let begun = begin(&yard, None, &draft.plan, &Control::default());
    tokio::time::sleep(ms(200)).await;
    yard.restart_unasked(&id);
    let (_, outcome) = to_end(begun).await;
    assert_eq!(outcome.end, End::Undone { why: "api-1 died and was started again: ok".into() });
    let phases: Vec<Phase> = outcome.steps.iter().map(|s| s.step.phase).collect();
    assert_eq!(phases, [Phase::Forward, Phase::Forward]);
}
